"""Which of the readings of a stack is taken, and what is told of those that were not.

Batch norms decide where they can; where they cannot, what is usual does, and it is said as a guess; where two readings
are as usual and draw different images, the user is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from torch import Tensor

from ganatomy.errors import CheckpointError
from ganatomy.generators.base import Prior
from ganatomy.generators.checkpoints.fitting import CHANGE, ODD, Ending, FittedStack, Rival, fit, name_ending
from ganatomy.generators.checkpoints.layouts import TORCH, Conventions, LayerWeights, LayoutReading
from ganatomy.generators.checkpoints.stack_guesses import (
    BADLY,
    LOOSELY,
    Wanted,
    assumed,
    between_layers,
    inferred,
    margin_of,
    unseen_epsilon,
)
from ganatomy.generators.checkpoints.statistics import CodeModel, is_trained
from ganatomy.generators.class_inputs import ClassInput, Join, likely_classes, may_be_conditional, one_hot
from ganatomy.generators.guesses import SURE, Guess
from ganatomy.generators.stacks import Activation, Layer

Hidden = Literal["relu", "leaky_relu", "none"]
USUAL: tuple[Hidden, ...] = get_args(Hidden)
"""Activations that are told apart."""
SMOOTH: tuple[Activation, ...] = ("elu", "selu", "silu", "gelu", "softplus", "tanh")
"""Those that are tried where none of the usual ones fits."""
LOOSE = 0.08
"""Mean misfit of the norms from which on another activation may fit better."""
HOPELESS = 0.68
"""Mean misfit from which on no activation is to blame."""
RARE_PRIOR: Mapping[Prior, float] = {"normal": 0.0, "uniform": 0.02, "uniform01": 0.05}
MOST_READINGS = 24
"""Readings that are held against the norms, the most usual ones."""
SLOPES = (0.1, 0.3)
"""Of leaky ReLUs, that are tried beside the usual one in the end."""
MOST_AGAIN = 4
"""Readings that are tried again with those."""
CONTRADICTED = 0.3
"""What statistics must speak by against what the user says, so that the rest is read by them."""
DOUBTFUL = 3.0
"""Readings of so much more cost than the usual one are tried."""
EMBEDDING = re.compile(r"(.*[._])?(\w*emb\w*|\w*label\w*|\w*class\w*)\.weight", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The layers of a stack, what flows into it, and what of both was guessed."""

    layers: tuple[Layer, ...]
    codes: CodeModel
    guesses: tuple[Guess, ...]


def take_embedding(state: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], Tensor | None]:
    """The weights without an embedding of classes, and that `[classes, d]`, where there is one by its name."""
    found = [
        name
        for name, tensor in state.items()
        if tensor.ndim == 2
        and EMBEDDING.fullmatch(name)
        and f"{name.removesuffix('weight')}bias" not in state
        and min(tensor.shape) > 0
    ]
    for name in found:
        _refuse_norm_of_classes(name, state)
    rest = {name: tensor for name, tensor in state.items() if name not in found}
    if len(found) > 1:
        raise CheckpointError(
            f"embeds classes in {len(found)} ways ({', '.join(found[:3])}), which is not read; "
            "ganatomy.wrap takes any module"
        )
    return rest, state[found[0]] if found else None


def _refuse_norm_of_classes(embedding: str, state: Mapping[str, Tensor]) -> None:
    """Raises CheckpointError where an embedding scales and shifts what a batch norm beside it gives."""
    module, _, _ = embedding.removesuffix(".weight").rpartition(".")
    beside = {name: tensor for name, tensor in state.items() if name.startswith(f"{module}.") and module}
    others = [name for name, tensor in beside.items() if tensor.ndim > 1 and not EMBEDDING.fullmatch(name)]
    if any(name.endswith("running_mean") for name in beside) and not others:
        raise CheckpointError(
            f"normalises by the class ({embedding!r} beside a batch norm), which no architecture here computes"
        )


def choose(
    blocks: Sequence[LayerWeights],
    found: Sequence[LayoutReading],
    wanted: Wanted,
    *,
    embedding: Tensor | None = None,
    conventions: Conventions = TORCH,
) -> Choice:
    """The reading that agrees best with the running statistics of the batch norms, with its activations.

    Raises:
        CheckpointError: when readings that draw different images are as likely.
    """
    likely = [reading for reading in found if reading.cost <= found[0].cost + DOUBTFUL][:MOST_READINGS]
    codes = list(code_models(found[0].layers[0].in_channels, wanted, embedding=embedding))
    endings = _endings(wanted, conventions)
    epsilons = conventions.epsilons
    if any(map(is_trained, blocks)):
        fits = fit(blocks, likely, codes=codes, endings=endings, epsilons=epsilons)
        if not wanted.hidden and _is_odd(fits[0]):
            endings += [Ending(activation=activation, slope=endings[0].slope) for activation in SMOOTH]
            left = list({id(way.reading): way.reading for way in fits}.values())[:MOST_AGAIN]
            flowing = [code for code in codes if any(way.codes is code[0] for way in fits)]
            fits = fit(blocks, left, codes=flowing, endings=endings, epsilons=epsilons)
        if any(_may_have_slope(layer, wanted) for layer in fits[0].layers[:-1]):
            flowing = [code for code in codes if code[0] is fits[0].codes]
            fits = [_with_slope(fits[0], blocks, flowing, endings, epsilons), *fits[1:]]
        _refuse_ties([way.reading for way in fits if way.cost == fits[0].cost], misfit=fits[0].misfit)
        choice = Choice(
            layers=fits[0].layers,
            codes=fits[0].codes,
            guesses=(
                *inferred(fits, likely, wanted),
                *unseen_epsilon(fits[0], blocks, epsilons),
                *between_layers(blocks, fits[0].layers, fits[0].misfit, usual=_is_usual(fits[0])),
            ),
        )
        _ask_for_classes(fits, codes)
        return choice
    _refuse_ties([reading for reading in likely if reading.cost == likely[0].cost])
    _ask_for_classes([], codes)
    dense = all(block.weight.ndim == 2 and not block.norm for block in blocks)
    usual = (
        endings[0]
        if wanted.hidden or not dense
        else Ending(activation="leaky_relu", slope=_slope(wanted, conventions))
    )
    layers = likely[0].layers
    return Choice(
        layers=(
            *(usual.of(replace(layer, eps=epsilons[0])) for layer in layers[:-1]),
            replace(layers[-1], eps=epsilons[0]),
        ),
        codes=codes[0][0],
        guesses=(
            *assumed(likely, usual, codes[0][0], wanted, normed=any(block.norm for block in blocks)),
            *between_layers(blocks, layers),
        ),
    )


def code_models(
    width: int, wanted: Wanted, *, embedding: Tensor | None = None
) -> Iterator[tuple[CodeModel, float]]:
    """What may flow into a first layer that takes so many numbers, with what is unusual about it; the usual one first.

    Raises:
        CheckpointError: when no such input can have the classes that are wanted.
    """
    priors: dict[Prior, float] = {wanted.prior: 0.0} if wanted.prior else {}
    for prior, rarity in RARE_PRIOR.items():
        priors.setdefault(prior, rarity + (CONTRADICTED if wanted.prior else 0.0))
    inputs = list(_class_inputs(width, wanted, embedding))
    if not inputs:
        count = (
            wanted.num_classes if embedding is None else f"an embedding of {embedding.shape[1]} numbers for"
        )
        raise CheckpointError(
            f"has a first layer that takes {width} numbers, into which z and {count} classes do not go"
        )
    for classes, table, extra in inputs:
        for prior, cost in priors.items():
            yield CodeModel(prior=prior, classes=classes, table=table), cost + extra


def _class_inputs(
    width: int, wanted: Wanted, embedding: Tensor | None
) -> Iterator[tuple[ClassInput | None, Tensor | None, float]]:
    joins: tuple[Join, ...] = (wanted.class_join,) if wanted.class_join else ("last", "first")
    if embedding is not None:
        if wanted.num_classes not in (None, len(embedding)):
            raise CheckpointError(
                f"embeds {len(embedding)} classes, not {wanted.num_classes}; leave out num_classes"
            )
        table = embedding[:, :, None, None]
        if embedding.shape[1] == width and wanted.class_join in (None, "multiply"):
            yield _classes(table, "multiply"), table, 0.0
        elif embedding.shape[1] < width:
            # The most copied script with an embedding puts it first.
            for join in joins if wanted.class_join else ("first", "last"):
                yield _classes(table, join), table, 0.0
        return
    if wanted.num_classes:
        if wanted.num_classes < width and wanted.class_join != "multiply":
            table = one_hot(wanted.num_classes)
            for join in joins:
                yield _classes(table, join), table, 0.0
        return
    yield None, None, 0.0
    if wanted.num_classes is None and (number := likely_classes(width)):
        table = one_hot(number)
        for join in joins:
            yield _classes(table, join), table, CHANGE


def _classes(table: Tensor, join: Join) -> ClassInput:
    return ClassInput(num_classes=len(table), channels=table.shape[1], join=join)


def _endings(wanted: Wanted, conventions: Conventions) -> list[Ending]:
    activations: tuple[Activation, ...] = (wanted.hidden,) if wanted.hidden else USUAL
    slopes = conventions.slopes if wanted.slope is None else (wanted.slope,)
    return [
        Ending(activation=activation, slope=slope)
        for activation in activations
        for slope in (slopes if activation == "leaky_relu" else slopes[:1])
    ]


def _is_odd(best: FittedStack) -> bool:
    """Whether the norms fit loosely, as under other activations, or speak for a network without any."""
    return LOOSE < best.misfit < HOPELESS or all(layer.activation == "none" for layer in best.layers[:-1])


def _is_usual(best: FittedStack) -> bool:
    return all(layer.activation not in SMOOTH for layer in best.layers)


def _may_have_slope(layer: Layer, wanted: Wanted) -> bool:
    return layer.activation in ("relu", "leaky_relu") and wanted.slope is None and wanted.hidden != "relu"


def _with_slope(
    best: FittedStack,
    blocks: Sequence[LayerWeights],
    codes: Sequence[tuple[CodeModel, float]],
    endings: Sequence[Ending],
    epsilons: Sequence[float],
) -> FittedStack:
    """The best fit with another slope below zero where that fits better, or as its rival."""
    others = [Ending(activation="leaky_relu", slope=slope) for slope in SLOPES]
    usual = [ending for ending in endings if ending.activation in USUAL]
    seen = [eps for eps in epsilons if any(layer.norm and layer.eps == eps for layer in best.layers)]
    sloped = fit(blocks, [best.reading], codes=codes, endings=[*usual, *others], epsilons=seen)[0]
    worse = sloped.cost + ODD - best.cost
    if worse < 0 or sloped.layers == best.layers:
        return replace(
            best, layers=sloped.layers, misfit=sloped.misfit, rivals={**best.rivals, **sloped.rivals}
        )
    names = dict.fromkeys(map(name_ending, sloped.layers[:-1]))
    return replace(best, rivals={**best.rivals, "hidden": Rival(worse, ", ".join(names))})


def _slope(wanted: Wanted, conventions: Conventions) -> float:
    return conventions.slopes[0] if wanted.slope is None else wanted.slope


def _refuse_ties(readings: Sequence[LayoutReading], *, misfit: float = 0.0) -> None:
    """Raises CheckpointError for readings that are as good and draw images of different sizes.

    Args:
        misfit: of their norms; where it is large the network may be no chain of layers at all.
    """
    sizes = sorted({reading.resolution for reading in readings})
    if len(sizes) > 1:
        either = " or ".join(map(str, sizes))
        if misfit > LOOSELY:
            raise CheckpointError(
                f"fits images of {either} px alike, and its batch norms fit none well ({misfit:.2f}), so it may have "
                f"branches, which are not read; if it has none, say which with resolution={sizes[0]}"
            )
        raise CheckpointError(
            f"the weights fit images of {either} px alike; say which with resolution={sizes[0]}"
        )


def _ask_for_classes(fits: Sequence[FittedStack], codes: Sequence[tuple[CodeModel, float]]) -> None:
    """Raises CheckpointError where a first layer may take a class, and statistics do not say whether it does."""
    if len({model.classes is None for model, _ in codes}) < 2:
        return
    if fits and fits[0].misfit < BADLY and margin_of(fits, lambda way: way.codes.classes is None) >= SURE:
        return
    raise CheckpointError(
        may_be_conditional(next(model.classes.num_classes for model, _ in codes if model.classes))
    )
