"""The reading of a stack of layers that agrees best with what its batch norms recorded.

Codes are sent through all readings side by side. At each norm it shows how well a way into it fits: the prior and the
class inputs, strides and paddings, and how the layer before ended. What one norm says is held against what is usual:
one activation and one kind of norm throughout a network. So the search is that for the cheapest path (Viterbi), over
the ways in which a layer may end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import torch
from torch import Tensor

from ganatomy.generators.checkpoints.layouts import LayerWeights, LayoutReading
from ganatomy.generators.checkpoints.statistics import CodeModel, fill, is_trained, misfit
from ganatomy.generators.stacks import Activation, Layer, StackLayer, activate

ODD = 0.05
"""What an epsilon other than the default, or a norm behind the activation, must improve the fit by."""
CHANGE = 0.15
"""The same for a layer that ends in another way than the one before it."""
RARITY: Mapping[Activation, float] = {"relu": 0.0, "leaky_relu": 0.02, "none": 0.1}
RARE = 0.15
"""The same for activations; for those that are not listed, the last."""
UNUSUAL = 0.1
"""The same for each unit of a reading's cost."""
DROPPED = 0.35
"""What fits so much worse than the best is dropped."""
MOST_ENDS = 12
MOST_TRAILS = 24
"""Ways into a layer that are followed, of all codes and readings; the best, where norms tell, else the most usual."""
ORDERS = ("norm, then activation", "activation, then norm")
BUDGET = 2**27
"""Multiplications that one pass of the codes may cost; it sets how many codes there are."""
FEWEST_CODES = 32
MOST_WORK = 2**29
"""Multiplications that one pass through all readings may cost; the least usual readings are left out beyond it."""
FEWEST_READINGS = 6
"""Readings that are tried whatever they cost."""


@dataclass(frozen=True, kw_only=True)
class Ending:
    """The activation that a layer may end with."""

    activation: Activation
    slope: float

    def of(self, layer: Layer, *, first: bool = False) -> Layer:
        """The layer with this activation, `first` before its norm."""
        return replace(layer, activation=self.activation, slope=self.slope, activation_first=first)


class Rival(NamedTuple):
    """What fits next best, and how much worse."""

    margin: float
    value: str


@dataclass(frozen=True, kw_only=True, eq=False)
class End:
    """The first layers with their endings, what they give, and what speaks against them.

    Args:
        misfit: of the norms so far, in all.
        cost: the misfit, and what is unusual.
        rivals: for each property of the endings ("hidden", "eps", "order"), the value that is hardest to rule out.
    """

    layers: tuple[Layer, ...] = ()
    x: Tensor
    misfit: float = 0.0
    cost: float = 0.0
    rivals: Mapping[str, Rival] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedStack:
    """One way to read the whole stack, and how well it fits.

    Args:
        misfit: mean over the norms that saw something.
    """

    codes: CodeModel
    reading: LayoutReading
    layers: tuple[Layer, ...]
    cost: float
    misfit: float
    rivals: Mapping[str, Rival]


@torch.no_grad()
def fit(
    blocks: Sequence[LayerWeights],
    found: Sequence[LayoutReading],
    *,
    codes: Sequence[tuple[CodeModel, float]],
    endings: Sequence[Ending],
    epsilons: Sequence[float],
) -> list[FittedStack]:
    """All readings that are not far worse than the best, from the best on; each with its best endings.

    Args:
        codes: what may flow in, with what is unusual about it.
    """
    channels, n = found[0].layers[0].in_channels, _affordable(blocks, found)
    found = _within_reach(blocks, found, n)
    verified = [block for index, block in enumerate(blocks) if index < len(blocks) - 1 or is_trained(block)]
    trails: dict[tuple[int, tuple[Layer, ...]], list[End]] = {
        (number, ()): [End(x=model.draw(n, channels), cost=extra)]
        for number, (model, extra) in enumerate(codes)
    }
    for index, block in enumerate(verified):
        longer: dict[tuple[int, tuple[Layer, ...]], list[End]] = {}
        for way in dict.fromkeys(reading.layers[: index + 1] for reading in found):
            for number in range(len(codes)):
                before = trails.get((number, way[:-1]))
                if before:
                    longer[number, way] = list(_step(before, way[-1], block, endings, epsilons))
        costs = {key: min(end.cost for end in ends) for key, ends in longer.items()}
        left = sorted(longer, key=lambda key: costs[key])[:MOST_TRAILS]
        trails = {key: longer[key] for key in left if costs[key] < costs[left[0]] + DROPPED}
    return sorted(_whole(trails, found, codes, blocks), key=lambda way: way.cost)


def _whole(
    trails: Mapping[tuple[int, tuple[Layer, ...]], list[End]],
    found: Sequence[LayoutReading],
    codes: Sequence[tuple[CodeModel, float]],
    blocks: Sequence[LayerWeights],
) -> Iterator[FittedStack]:
    """The readings of the whole stack that the trails lead to."""
    norms = sum(map(is_trained, blocks))
    for reading in found:
        for number, (model, _) in enumerate(codes):
            length = len(next(iter(trails))[1])
            ends = trails.get((number, reading.layers[:length]))
            if not ends:
                continue
            end = min(ends, key=lambda end: end.cost)
            yield FittedStack(
                codes=model,
                reading=reading,
                layers=(*end.layers[: len(blocks) - 1], reading.layers[-1]),
                cost=end.cost + UNUSUAL * reading.cost,
                misfit=end.misfit / norms,
                rivals=end.rivals,
            )


class _Trial(NamedTuple):
    """An end before a layer, with what the layer's weights make of it."""

    end: End
    seen: Tensor
    inside: Ending | None
    misfit: float
    cost: float


def _step(
    before: Sequence[End],
    layer: Layer,
    block: LayerWeights,
    endings: Sequence[Ending],
    epsilons: Sequence[float],
) -> Iterator[End]:
    """Every way to end one layer more, each behind the end before it that goes with it best."""
    module = fill(StackLayer(layer), block)
    if module.norm:
        # As in training: each norm takes the statistics of what it sees.
        module.norm.running_mean = module.norm.running_var = None
    trials = [trial for end in before for trial in _trials(end, module, block, endings)]
    minded = epsilons if minds_epsilon(block, max(epsilons)) else epsilons[:1]
    made: list[End] = []
    for ending in endings:
        for first in sorted({trial.inside is not None for trial in trials}):
            # The odd epsilon comes from a script that has its norms before the activations.
            for eps in epsilons[:1] if first else minded:
                ended = ending.of(replace(layer, eps=eps if layer.norm else epsilons[0]), first=first)
                fitting = [trial for trial in trials if trial.inside == (ending if first else None)]
                if fitting:
                    made.append(_continue(fitting, trials, ended, module, odd=ODD * (eps != epsilons[0])))
    yield from sorted(made, key=lambda end: end.cost)[:MOST_ENDS]


def _trials(end: End, module: StackLayer, block: LayerWeights, endings: Sequence[Ending]) -> Iterator[_Trial]:
    seen = module.project(end.x)
    if not is_trained(block):
        yield _Trial(end, seen, None, 0.0, end.cost)
        return
    plain = misfit(seen, block)
    yield _Trial(end, seen, None, plain, end.cost + plain)
    for ending in endings:
        if ending.activation != "none":
            inside = misfit(activate(seen, ending.of(module.layer)), block)
            yield _Trial(end, seen, ending, inside, end.cost + inside + ODD)


def _continue(
    fitting: Sequence[_Trial], trials: Sequence[_Trial], ended: Layer, module: StackLayer, *, odd: float
) -> End:
    """The layer with this ending, behind the trial that goes with it best; the others are its rivals."""
    best, *others = sorted(fitting, key=lambda trial: trial.cost + _change(trial.end, ended))
    cost = best.cost + _change(best.end, ended)
    rivals = dict(best.end.rivals)
    for other in others:
        worse = other.cost + _change(other.end, ended) - cost
        for name, value, rival in _properties(best.end, other.end):
            if value != rival and worse < rivals.get(name, Rival(float("inf"), "")).margin:
                rivals[name] = Rival(worse, rival)
    if best.inside is not None:
        # Its activation stands before the norm, which sees that now; of other layers the next norm tells.
        rivals |= _inside_rivals(best, trials, rivals)
    if module.norm:
        module.norm.eps = ended.eps
    module.layer = ended
    return End(
        layers=(*best.end.layers, ended),
        x=module.finish(best.seen),
        misfit=best.end.misfit + best.misfit,
        cost=cost if best.end.layers else cost + odd + RARITY.get(ended.activation, RARE),
        rivals=rivals,
    )


def _inside_rivals(best: _Trial, trials: Sequence[_Trial], rivals: Mapping[str, Rival]) -> dict[str, Rival]:
    found: dict[str, Rival] = {}
    for other in trials:
        if other.end is not best.end or other.inside == best.inside:
            continue
        name = "order" if other.inside is None else "hidden"
        value = ORDERS[0] if other.inside is None else name_ending(other.inside)
        known = [where[name].margin for where in (rivals, found) if name in where]
        if other.cost - best.cost < min(known, default=float("inf")):
            found[name] = Rival(other.cost - best.cost, value)
    return found


def _properties(mine: End, other: End) -> Iterator[tuple[str, str, str]]:
    """What differs between the endings of the last layers, in words."""
    if mine.layers and other.layers:
        a, b = mine.layers[-1], other.layers[-1]
        yield "hidden", name_ending(a), name_ending(b)
        yield "eps", f"{a.eps:g}", f"{b.eps:g}"
        yield "order", ORDERS[a.activation_first], ORDERS[b.activation_first]


def name_ending(ending: Layer | Ending) -> str:
    """The activation in words, with its slope where it has one."""
    return f"leaky_relu {ending.slope:g}" if ending.activation == "leaky_relu" else ending.activation


def _change(end: End, ended: Layer) -> float:
    """What is unusual about a layer that ends so behind those."""
    if not end.layers:
        return 0.0
    last = end.layers[-1]
    cost = CHANGE * ((last.activation, last.slope) != (ended.activation, ended.slope))
    normed = next((layer for layer in reversed(end.layers) if layer.norm), None)
    if ended.norm and normed:
        cost += CHANGE * (normed.activation_first != ended.activation_first) + CHANGE * (
            normed.eps != ended.eps
        )
    return cost


def minds_epsilon(block: LayerWeights, eps: float) -> bool:
    """Whether the largest epsilon would change what the norm gives."""
    return bool(block.norm) and float(block.norm["running_var"].median()) < 10 * eps


def _affordable(blocks: Sequence[LayerWeights], found: Sequence[LayoutReading]) -> int:
    """How many codes the budget pays for, given what one costs under the reading of the largest images."""
    cost = max(sum(_costs(blocks, reading)) for reading in found)
    return min(256, max(FEWEST_CODES, BUDGET // cost))


def _within_reach(
    blocks: Sequence[LayerWeights], found: Sequence[LayoutReading], n: int
) -> list[LayoutReading]:
    """The readings that are worth their work: the first few, and those after them for which the budget lasts."""
    kept: list[LayoutReading] = []
    passed: set[tuple[Layer, ...]] = set()
    work = 0
    for reading in found:
        ways = [reading.layers[: index + 1] for index in range(len(blocks))]
        costs = dict(zip(ways, _costs(blocks, reading), strict=True))
        added = n * sum(cost for way, cost in costs.items() if way not in passed)
        if len(kept) < FEWEST_READINGS or work + added <= MOST_WORK:
            kept.append(reading)
            passed.update(ways)
            work += added
    return kept


def _costs(blocks: Sequence[LayerWeights], reading: LayoutReading) -> Iterator[int]:
    """Multiplications of each layer for one code."""
    size = 1
    for block, layer in zip(blocks, reading.layers, strict=True):
        yield block.weight.numel() * (1 if layer.kind == "linear" else size * layer.upsample) ** 2
        size = layer.size_after(size)
