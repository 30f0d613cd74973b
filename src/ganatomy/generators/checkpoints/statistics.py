"""What the batch norms of a generator tell about it: strides, activations and the prior leave their trace in them.

A batch norm records the mean and the variance of what it saw in training. Under the right reading of the weights it
sees the same again; under a wrong one it does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ganatomy.errors import CheckpointError
from ganatomy.generators.base import PRIORS, Prior, draw_rows
from ganatomy.generators.checkpoints.layouts import TORCH, Conventions, LayerWeights, LayoutReading
from ganatomy.generators.stacks import LEAK, Activation, Layer, StackLayer, activate

USUAL: tuple[Activation, ...] = ("relu", "leaky_relu", "none")
"""Activations that are told apart."""
ODD_COST = 0.05
"""What an epsilon other than the default, or a norm behind the activation, must improve the fit by."""
MARGIN = 0.2
PRIOR_CODES = 512
PRIOR_MISFIT = 0.3
"""The worst fit of the first norm that still tells the prior; the other one is off by log 3."""
BUDGET = 2**29
"""Multiplications that one pass of the codes may cost; it sets how many codes there are."""


@torch.no_grad()
def read_prior(first: LayerWeights) -> Prior | None:
    """The prior under which the first batch norm sees what it recorded, straight behind the weights or activated.

    U(-1, 1) has a variance of a third, N(0, 1) of one. None where there is no norm, or it fits neither.
    """
    if not is_trained(first):
        return None
    weight = first.weight.T if first.weight.ndim == 2 else first.weight.flatten(1)
    misfits: dict[Prior, float] = {}
    for prior in PRIORS:
        sums = representative_codes(PRIOR_CODES, len(weight), prior) @ weight
        if first.bias is not None:
            sums = sums + first.bias.repeat_interleave(sums.shape[1] // len(first.bias))
        sums = sums.reshape(len(sums), first.norm_dim, -1, 1)
        misfits[prior] = min(
            misfit(F.leaky_relu(sums, slope), first) + ODD_COST * (slope < 1)
            for slope in (1.0, 0.3, LEAK, 0.0)
        )
    best = min(misfits, key=lambda prior: misfits[prior])
    return best if misfits[best] < PRIOR_MISFIT else None


def choose(
    blocks: Sequence[LayerWeights],
    found: Sequence[LayoutReading],
    *,
    prior: Prior,
    hidden: Activation | None,
    conventions: Conventions = TORCH,
) -> tuple[Layer, ...]:
    """The reading that agrees best with the running statistics of the batch norms, with its activations.

    Raises:
        CheckpointError: when readings of different sizes are as likely.
    """
    likely = [reading for reading in found if reading.cost <= found[0].cost + 3]
    activations = (hidden,) if hidden else USUAL
    endings = [
        Ending(activation=activation, slope=slope)
        for activation in activations
        for slope in (conventions.slopes if activation == "leaky_relu" else conventions.slopes[:1])
    ]
    if any(is_trained(block) for block in blocks[1:]):
        return fit(blocks, likely, prior=prior, endings=endings, epsilons=conventions.epsilons)
    _refuse_ties(reading.resolution for reading in likely if reading.cost == likely[0].cost)
    layers = likely[0].layers
    eps = conventions.epsilons[0]
    return (*(endings[0].of(replace(layer, eps=eps)) for layer in layers[:-1]), replace(layers[-1], eps=eps))


def _refuse_ties(resolutions: Iterable[int]) -> None:
    """Raises CheckpointError for readings that are as good and draw images of different sizes."""
    sizes = sorted(set(resolutions))
    if len(sizes) > 1:
        either = " or ".join(map(str, sizes))
        raise CheckpointError(
            f"the weights fit images of {either} px alike; say which with resolution={sizes[0]}"
        )


@dataclass(frozen=True, kw_only=True)
class Ending:
    """The activation that a layer may end with."""

    activation: Activation
    slope: float

    def of(self, layer: Layer, *, first: bool = False) -> Layer:
        """The layer with this activation, `first` before its norm."""
        return replace(layer, activation=self.activation, slope=self.slope, activation_first=first)


@dataclass(frozen=True, kw_only=True)
class Trail:
    """The first layers of a reading: how badly they fit so far, and the ways in which the last of them may end."""

    layers: tuple[Layer, ...] = ()
    misfit: float = 0.0
    ends: tuple[tuple[Layer | None, Tensor], ...]


@torch.no_grad()
def fit(
    blocks: Sequence[LayerWeights],
    found: Sequence[LayoutReading],
    *,
    prior: Prior,
    endings: Sequence[Ending],
    epsilons: Sequence[float],
) -> tuple[Layer, ...]:
    """Send codes through all readings side by side; at each norm, what fits far worse than the best is dropped.

    A layer ends with the activation under which the next norm sees what it recorded.
    """
    codes = representative_codes(_affordable(blocks, found[0]), found[0].layers[0].in_channels, prior)
    trails: dict[tuple[Layer, ...], Trail] = {(): Trail(ends=((None, codes[:, :, None, None]),))}
    verified = [block for index, block in enumerate(blocks) if index < len(blocks) - 1 or is_trained(block)]
    for index, block in enumerate(verified):
        longer = {}
        for way in dict.fromkeys(reading.layers[: index + 1] for reading in found):
            if way[:-1] in trails:
                longer[way] = _step(trails[way[:-1]], way[-1], block, endings, epsilons)
        best = min(trail.misfit for trail in longer.values())
        trails = {way: trail for way, trail in longer.items() if trail.misfit < best + MARGIN}

    def badness(reading: LayoutReading) -> float:
        return trails[reading.layers[: len(verified)]].misfit + 0.02 * reading.cost

    left = [reading for reading in found if reading.layers[: len(verified)] in trails]
    chosen = min(left, key=badness)
    _refuse_ties(reading.resolution for reading in left if badness(reading) == badness(chosen))
    trail = trails[chosen.layers[: len(verified)]]
    layers = list(trail.layers)
    if len(verified) < len(blocks):
        layers.append(_unverified_end(trail, chosen.layers[-2], endings[0], epsilons[0]))
    return (*layers, chosen.layers[-1])


def _unverified_end(trail: Trail, layer: Layer, usual: Ending, eps: float) -> Layer:
    """How the layer before the image ends, which no norm checks: it is taken to end as the one before it does."""
    end = trail.ends[0][0]
    if end is not None and end.activation_first:
        return end
    if not trail.layers:
        return usual.of(replace(layer, eps=eps))
    before = trail.layers[-1]
    ending = Ending(activation=before.activation, slope=before.slope)
    return ending.of(replace(layer, eps=before.eps if layer.norm else eps))


def _step(
    trail: Trail, layer: Layer, block: LayerWeights, endings: Sequence[Ending], epsilons: Sequence[float]
) -> Trail:
    """One layer more: choose how the one before ended, by what this one's norm sees."""
    module = fill(StackLayer(layer), block)
    trials: list[tuple[float, Layer | None, Tensor, Ending | None]] = []
    for end, x in trail.ends if is_trained(block) else trail.ends[:1]:
        seen = module.project(x)
        if not is_trained(block):
            trials.append((0.0, end, seen, None))
            continue
        odd = ODD_COST * (end is not None and end.eps != epsilons[0])
        trials.append((misfit(seen, block) + odd, end, seen, None))
        for ending in endings:
            if ending.activation != "none":
                activated = activate(seen, ending.of(layer))
                trials.append((misfit(activated, block) + odd + ODD_COST, end, seen, ending))
    cost, before, seen, inside = min(trials, key=lambda trial: trial[0])

    # Every way to end this layer.
    ends = []
    for eps in epsilons if _minds_epsilon(block, max(epsilons)) else epsilons[:1]:
        if module.norm:
            module.norm.eps = eps
        for ending in (inside,) if inside else endings:
            module.layer = ending.of(replace(layer, eps=eps), first=inside is not None)
            ends.append((module.layer, module.finish(seen)))
    done = trail.layers if before is None else (*trail.layers, before)
    return Trail(layers=done, misfit=trail.misfit + cost, ends=tuple(ends))


def _minds_epsilon(block: LayerWeights, eps: float) -> bool:
    """Whether the largest epsilon would change what the norm gives."""
    return bool(block.norm) and float(block.norm["running_var"].median()) < 10 * eps


def _affordable(blocks: Sequence[LayerWeights], reading: LayoutReading) -> int:
    """How many codes the budget pays for, given what one costs under this reading."""
    cost, size = 0, 1
    for block, layer in zip(blocks, reading.layers, strict=True):
        cost += block.weight.numel() * (1 if layer.kind == "linear" else size * layer.upsample) ** 2
        size = layer.size_after(size)
    return min(256, max(48, BUDGET // cost))


def representative_codes(n: int, z_dim: int, prior: Prior) -> Float[Tensor, "m z"]:
    """Codes that have exactly the mean and the variances of the prior, and no correlations where n is large enough.

    So a few of them show the moments that training saw in thousands.
    """
    half = torch.from_numpy(draw_rows(n // 2, z_dim, seed=0, prior=prior)).double()
    if len(half) > z_dim:
        half = torch.linalg.solve_triangular(
            torch.linalg.cholesky(half.T @ half / len(half)).T, half, upper=True, left=False
        )
    half = half / half.square().mean(0).sqrt() * (3**-0.5 if prior == "uniform" else 1.0)
    return torch.cat([half, -half]).float()


def misfit(seen: Float[Tensor, "n c s t"], block: LayerWeights) -> float:
    """How far mean and variance of each channel are from those recorded: |log ratio| and squared distance."""
    mean, variance = block.norm["running_mean"], block.norm["running_var"].clamp_min(1e-12)
    ratio = (seen.var((0, 2, 3)).clamp_min(1e-12) / variance).log().abs()
    return float((ratio + (seen.mean((0, 2, 3)) - mean).square() / variance).mean())


def fill(layer: StackLayer, block: LayerWeights) -> StackLayer:
    """Put the weights of a file into a layer, ready for use."""
    weights = {"weights.weight": block.weight, "weights.bias": block.bias}
    norm = {f"norm.{leaf}": tensor for leaf, tensor in block.norm.items()}
    layer.load_state_dict({k: v for k, v in (weights | norm).items() if v is not None}, strict=False)
    return layer.eval()


def is_trained(block: LayerWeights) -> bool:
    """Whether the batch norm has seen anything: a fresh one holds zeros and ones."""
    return bool(block.norm) and not bool((block.norm["running_var"] == 1).all())
