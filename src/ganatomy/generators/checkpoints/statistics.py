"""What the batch norms of a generator tell about it: strides, activations and the prior leave their trace in them.

A batch norm records the mean and the variance of what it saw in training. Under the right reading of the weights it
sees the same again; under a wrong one it does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import CheckpointError
from ganatomy.generators.base import Prior, draw_rows
from ganatomy.generators.checkpoints.layouts import Block, Reading
from ganatomy.generators.stacks import ACTIVATIONS, Activation, Layer, StackLayer

EPSILONS = (1e-5, 0.8)
"""Batch norm's default, and what a much copied tutorial passes in the place of a momentum."""
EPSILON_COST = 0.05
MARGIN = 0.2
BUDGET = 2**29
"""Multiplications that one pass of the codes may cost; it sets how many codes there are."""


def read_prior(first: Block) -> Prior | None:
    """The prior that the first batch norm saw: the variance behind it is that of z times the squared weights.

    U(-1, 1) has a variance of a third, N(0, 1) of one. None where there is no norm, or it fits neither.
    """
    if not is_trained(first):
        return None
    weight = first.weight.double()
    power = weight.square().sum(1) if weight.ndim == 2 else weight.square().sum(0).flatten(1)
    power = power.reshape(first.norm_dim, -1).mean(1)
    ratio = float((first.norm["running_var"].double() / power.clamp_min(1e-12)).median())
    if 0.8 < ratio < 1.25:
        return "normal"
    return "uniform" if 0.8 / 3 < ratio < 1.25 / 3 else None


def choose(
    blocks: Sequence[Block], found: Sequence[Reading], *, prior: Prior, hidden: Activation | None
) -> tuple[Layer, ...]:
    """The reading that agrees best with the running statistics of the batch norms, with its activations.

    Raises:
        CheckpointError: when there are none, and readings of different sizes are as likely.
    """
    likely = [reading for reading in found if reading.cost <= found[0].cost + 3]
    if any(is_trained(block) for block in blocks[1:]):
        return fit(blocks, likely, prior=prior, activations=(hidden,) if hidden else ACTIVATIONS)
    sizes = sorted({reading.resolution for reading in likely if reading.cost == likely[0].cost})
    if len(sizes) > 1:
        either = " or ".join(map(str, sizes))
        raise CheckpointError(
            f"the weights fit pictures of {either} px alike; say which with resolution={sizes[0]}"
        )
    layers = likely[0].layers
    return (*(replace(layer, activation=hidden or "relu") for layer in layers[:-1]), layers[-1])


@dataclass(frozen=True, kw_only=True)
class Trail:
    """The first layers of a reading: how badly they fit so far, and the ways in which the last of them may end."""

    layers: tuple[Layer, ...] = ()
    misfit: float = 0.0
    ends: tuple[tuple[Layer | None, Tensor], ...]


@torch.no_grad()
def fit(
    blocks: Sequence[Block], found: Sequence[Reading], *, prior: Prior, activations: Sequence[Activation]
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
                longer[way] = _step(trails[way[:-1]], way[-1], block, activations)
        best = min(trail.misfit for trail in longer.values())
        trails = {way: trail for way, trail in longer.items() if trail.misfit < best + MARGIN}

    def badness(reading: Reading) -> float:
        return trails[reading.layers[: len(verified)]].misfit + 0.02 * reading.cost

    chosen = min((reading for reading in found if reading.layers[: len(verified)] in trails), key=badness)
    layers = list(trails[chosen.layers[: len(verified)]].layers)
    if len(verified) < len(blocks):
        # No norm checks the layer before the picture; it is taken to end as the one before it does.
        end = chosen.layers[-2]
        before = layers[-1] if layers else replace(end, activation=activations[0])
        layers.append(replace(end, activation=before.activation, eps=before.eps if end.norm else EPSILONS[0]))
    return (*layers, chosen.layers[-1])


def _step(trail: Trail, layer: Layer, block: Block, activations: Sequence[Activation]) -> Trail:
    """One layer more: choose how the one before ended, by what this one's norm sees."""
    module = fill(StackLayer(layer), block)
    if is_trained(block):
        trials = [(end, module.project(x)) for end, x in trail.ends]
        costs = [misfit(seen, block) + EPSILON_COST * _is_unusual(end) for end, seen in trials]
    else:
        end, x = trail.ends[0]
        trials, costs = [(end, module.project(x))], [0.0]
    best = costs.index(min(costs))
    before, seen = trials[best]

    # Every way to end this layer.
    ends = []
    for eps in EPSILONS if _minds_epsilon(block) else EPSILONS[:1]:
        if module.norm:
            module.norm.eps = eps
        for activation in activations:
            module.layer = replace(layer, activation=activation, eps=eps)
            ends.append((module.layer, module.finish(seen)))
    done = trail.layers if before is None else (*trail.layers, before)
    return Trail(layers=done, misfit=trail.misfit + costs[best], ends=tuple(ends))


def _is_unusual(end: Layer | None) -> bool:
    return end is not None and end.eps != EPSILONS[0]


def _minds_epsilon(block: Block) -> bool:
    """Whether a large epsilon would change what the norm gives."""
    return bool(block.norm) and float(block.norm["running_var"].median()) < 8


def _affordable(blocks: Sequence[Block], reading: Reading) -> int:
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


def misfit(seen: Float[Tensor, "n c s s"], block: Block) -> float:
    """How far mean and variance of each channel are from those recorded: |log ratio| and squared distance."""
    mean, variance = block.norm["running_mean"], block.norm["running_var"].clamp_min(1e-12)
    ratio = (seen.var((0, 2, 3)).clamp_min(1e-12) / variance).log().abs()
    return float((ratio + (seen.mean((0, 2, 3)) - mean).square() / variance).mean())


def fill(layer: StackLayer, block: Block) -> StackLayer:
    """Put the weights of a file into a layer, ready for use."""
    weights = {"weights.weight": block.weight, "weights.bias": block.bias}
    norm = {f"norm.{leaf}": tensor for leaf, tensor in block.norm.items()}
    layer.load_state_dict({k: v for k, v in (weights | norm).items() if v is not None}, strict=False)
    return layer.eval()


def is_trained(block: Block) -> bool:
    """Whether the batch norm has seen anything: a fresh one holds zeros and ones."""
    return bool(block.norm) and not bool((block.norm["running_var"] == 1).all())
