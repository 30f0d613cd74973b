"""What is told of a stack of layers that was read off names, shapes and batch norms: all that could be otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ganatomy.generators.base import PRIORS, Prior
from ganatomy.generators.checkpoints.fitting import (
    DROPPED,
    ORDERS,
    Ending,
    FittedStack,
    minds_epsilon,
    name_ending,
)
from ganatomy.generators.checkpoints.layouts import TORCH, LayerWeights, LayoutReading
from ganatomy.generators.checkpoints.statistics import CodeModel
from ganatomy.generators.class_inputs import Join
from ganatomy.generators.guesses import SURE, Guess
from ganatomy.generators.stacks import Activation, Layer

BADLY = 0.6
"""Mean misfit of the norms from which on they confirm nothing."""
LOOSELY = 0.2
"""Mean misfit from which on something else may lie between the layers; that of trained networks is up to 0.15."""
LESS_LOOSELY = 0.08
"""The same under unusual activations, which were chosen because they fit better."""
SLOPE = "slope below zero"
SLOPELESS = "slopes of less than about 0.05 cannot be told from relu, nor always gelu"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the user says of a stack; None for what is to be found out.

    Args:
        num_classes: 0 for a generator without classes.
        class_join: how the class enters the first layer.
    """

    prior: Prior | None = None
    hidden: Activation | None = None
    slope: float | None = None
    num_classes: int | None = None
    class_join: Join | None = None


def rival_of(fits: Sequence[FittedStack], key: Callable[[FittedStack], object]) -> FittedStack | None:
    """The best fit that differs in this from the best of all; None where none is left."""
    return next((way for way in fits if key(way) != key(fits[0])), None)


def margin_of(fits: Sequence[FittedStack], key: Callable[[FittedStack], object]) -> float:
    """How much worse that is; what was dropped on the way is far worse."""
    rival = rival_of(fits, key)
    return rival.cost - fits[0].cost if rival else DROPPED


def inferred(fits: Sequence[FittedStack], likely: Sequence[LayoutReading], wanted: Wanted) -> Iterator[Guess]:
    """What batch norms told, and how clearly, of all that was not given.

    Args:
        fits: the best first.
        likely: all readings that were tried.
    """
    best = fits[0]
    if wanted.prior is None:
        other = rival_of(fits, _prior)
        second = _prior(other) if other else next(prior for prior in PRIORS if prior != _prior(best))
        margin = margin_of(fits, _prior)
        yield _compared(best, "prior", _prior(best), option="prior", margin=margin, second=second)
    if wanted.hidden is None:
        hidden = _hidden(best)
        yield hidden
        if hidden.sure and any(layer.activation == "relu" for layer in best.layers[:-1]):
            yield Guess(what=SLOPE, chosen="0", option="hidden", second="0.01", note=SLOPELESS)
    elif wanted.hidden == "leaky_relu" and wanted.slope is None:
        yield _slope(best.layers[0].slope)
    yield from _norms(best)
    yield from _sizes(fits, likely)
    yield from _upsampling(fits)
    classes = best.codes.classes
    if classes and wanted.class_join is None and classes.join != "multiply":
        other = rival_of(fits, _classes)
        second = other.codes.classes.join if other and other.codes.classes else "no class"
        margin = margin_of(fits, _classes)
        yield _compared(best, PLACE, classes.join, option="class_join", margin=margin, second=second)


PLACE = "place of the class beside z"
UPSAMPLING = "up-sampling"
BETWEEN = "between the layers"
OTHER_UPSAMPLING = {"nearest": "bilinear", "bilinear": "nearest"}
EPSILON = "epsilon of the batch norms"


def _prior(way: FittedStack) -> str:
    return way.codes.prior


def _classes(way: FittedStack) -> object:
    return way.codes.classes


def _strides(way: FittedStack) -> object:
    return tuple(replace(layer, interpolation="nearest") for layer in way.reading.layers)


def _compared(
    best: FittedStack, what: str, chosen: str, *, margin: float, second: str, option: str | None = None
) -> Guess:
    doubt = _doubt(best)
    return Guess(
        what=what,
        chosen=chosen,
        option=option,
        second=second,
        margin=None if doubt else margin,
        note=doubt,
    )


def _doubt(best: FittedStack) -> str:
    return "" if best.misfit < BADLY else "the batch norms fit no reading well"


def _hidden(best: FittedStack) -> Guess:
    """The activations of the hidden layers, as far as a norm tells of them."""
    names = dict.fromkeys(name_ending(layer) for layer in best.layers[:-1])
    rival, doubt = best.rivals.get("hidden"), _doubt(best)
    return Guess(
        what="hidden activations",
        chosen=", ".join(names),
        option="hidden",
        second=rival.value if rival else None,
        margin=rival.margin if rival and not doubt else None,
        note=doubt,
    )


def _slope(slope: float) -> Guess:
    return Guess(what=SLOPE, chosen=f"{slope:g}", option="hidden", second="0.01")


def _norms(best: FittedStack) -> Iterator[Guess]:
    """The order of norms and activations, and the epsilon, where they are unusual or in doubt."""
    rival = best.rivals.get("order")
    behind = any(layer.activation_first for layer in best.layers)
    if rival and (behind or rival.margin < SURE):
        yield _compared(best, "order", ORDERS[behind], margin=rival.margin, second=rival.value)
    rival = best.rivals.get("eps")
    epsilons = list(dict.fromkeys(f"{layer.eps:g}" for layer in best.layers if layer.norm))
    if rival and (len(epsilons) > 1 or "0.8" in epsilons or rival.margin < SURE):
        yield _compared(
            best,
            EPSILON,
            " and ".join(epsilons),
            margin=rival.margin,
            second=rival.value,
        )


def _upsampling(fits: Sequence[FittedStack]) -> Iterator[Guess]:
    """How images are up-sampled, where that is unusual or in doubt."""
    chosen = fits[0].reading.interpolation
    if chosen is None:
        return
    second = OTHER_UPSAMPLING[chosen]
    other = next((way for way in fits if way.reading.interpolation == second), None)
    margin = other.cost - fits[0].cost if other else DROPPED
    if chosen != "nearest" or margin < SURE:
        yield _compared(fits[0], UPSAMPLING, chosen, margin=margin, second=second)


def between_layers(
    blocks: Sequence[LayerWeights], layers: Sequence[Layer], misfit: float = 0.0, *, usual: bool = True
) -> Iterator[Guess]:
    """That something without weights may lie between the layers: norms fit loosely, or numbers of modules are left out.

    Args:
        misfit: mean of the norms.
        usual: whether activations are.
    """
    most = LOOSELY if usual else LESS_LOOSELY
    if misfit >= most:
        note = f"the batch norms fit by {misfit:.2f}; where a reading is right they fit by less than {most:g}"
        yield Guess(what=BETWEEN, chosen="nothing", second="dropout, branches or other norms", note=note)
        return
    for (before, layer), (block, following) in pairwise(zip(blocks, layers, strict=True)):
        known = 1 + (following.upsample > 1)
        images = layer.kind != "linear" and following.kind != "linear"
        if images and following.kernel == 1 and following is not layers[-1] and following.stride == 1:
            note = f"{block.name!r} has kernels of one pixel"
            yield Guess(what=BETWEEN, chosen="nothing", second="branches that are added", note=note)
            return
        unclear = not before.norm or following.kind == "conv"
        if images and unclear and block.gap is not None and block.gap > known:
            note = f"{block.gap} modules before {block.name!r} have no weights"
            second = "padding by pixels, or an instance norm"
            yield Guess(what=BETWEEN, chosen="nothing, or dropout", second=second, note=note)
            return


def unseen_epsilon(
    best: FittedStack, blocks: Sequence[LayerWeights], epsilons: Sequence[float]
) -> Iterator[Guess]:
    """The epsilon of norms with small variances, where no later norm shows it."""
    if "eps" not in best.rivals and any(minds_epsilon(block, max(epsilons)) for block in blocks):
        yield _assumed_epsilon(epsilons)


def _assumed_epsilon(epsilons: Sequence[float]) -> Guess:
    first, second = (f"{eps:g}" for eps in epsilons)
    return Guess(what=EPSILON, chosen=first, second=second)


def _sizes(fits: Sequence[FittedStack], likely: Sequence[LayoutReading]) -> Iterator[Guess]:
    best = fits[0].reading
    sizes = sorted({reading.resolution for reading in likely} - {best.resolution})
    if sizes:
        other = rival_of(fits, lambda way: way.reading.resolution)
        margin = margin_of(fits, lambda way: way.reading.resolution)
        second = str(other.reading.resolution if other else sizes[0])
        chosen = str(best.resolution)
        yield _compared(fits[0], "resolution", chosen, option="resolution", margin=margin, second=second)
    other = rival_of(fits, _strides)
    margin = margin_of(fits, _strides)
    if other and other.reading.resolution == best.resolution and margin < SURE:
        yield _compared(fits[0], "strides and paddings", "as fits best", margin=margin, second="another set")


def assumed(
    likely: Sequence[LayoutReading], usual: Ending, codes: CodeModel, wanted: Wanted, *, normed: bool
) -> Iterator[Guess]:
    """What was taken as usual because nothing tells, of all that was not given.

    Args:
        likely: readings that were possible, the one that was taken first.
        usual: how hidden layers were taken to end.
        normed: whether there are batch norms, though they saw nothing.
    """
    if wanted.prior is None:
        yield Guess(what="prior", chosen=codes.prior, option="prior", second="uniform")
    if wanted.hidden is None:
        second = "leaky_relu" if usual.activation == "relu" else "relu"
        yield Guess(what="hidden activations", chosen=name_ending(usual), option="hidden", second=second)
    elif wanted.hidden == "leaky_relu" and wanted.slope is None:
        yield _slope(usual.slope)
    if normed:
        yield _assumed_epsilon(TORCH.epsilons)
    first = likely[0]
    others = [reading for reading in likely if reading.resolution != first.resolution]
    # An output padding leaves no trace at all; other strides and paddings make unusual networks.
    if not any(layer.output_padding > 0 for layer in first.layers):
        others = [reading for reading in others if reading.cost < first.cost + 2]
    if others:
        sizes = " or ".join(map(str, sorted({reading.resolution for reading in others})[:4]))
        yield Guess(what="resolution", chosen=str(first.resolution), option="resolution", second=sizes)
    if first.interpolation:
        second = OTHER_UPSAMPLING[first.interpolation]
        yield Guess(what=UPSAMPLING, chosen=first.interpolation, second=second)
    if codes.classes and wanted.class_join is None and codes.classes.join != "multiply":
        second = "last" if codes.classes.join == "first" else "first"
        yield Guess(what=PLACE, chosen=codes.classes.join, option="class_join", second=second)
