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
from ganatomy.generators.checkpoints.fitting import CHANGE, Ending, FittedStack, fit
from ganatomy.generators.checkpoints.layouts import TORCH, Conventions, LayerWeights, LayoutReading
from ganatomy.generators.checkpoints.stack_guesses import (
    BADLY,
    Wanted,
    assumed,
    inferred,
    margin_of,
    unseen_epsilon,
)
from ganatomy.generators.checkpoints.statistics import CodeModel, is_trained
from ganatomy.generators.class_inputs import ClassInput, Join, likely_classes, one_hot
from ganatomy.generators.guesses import SURE, Guess
from ganatomy.generators.stacks import Activation, Layer

Hidden = Literal["relu", "leaky_relu", "none"]
USUAL: tuple[Hidden, ...] = get_args(Hidden)
"""Activations that are told apart."""
SMOOTH: tuple[Activation, ...] = ("elu", "selu", "silu", "gelu", "softplus", "tanh")
"""Those that are tried where none of the usual ones fits."""
LOOSE = 0.08
"""Mean misfit of the norms from which on another activation may fit better."""
RARE_PRIOR: Mapping[Prior, float] = {"normal": 0.0, "uniform": 0.02, "uniform01": 0.05}
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
    likely = [reading for reading in found if reading.cost <= found[0].cost + DOUBTFUL]
    codes = list(code_models(found[0].layers[0].in_channels, wanted, embedding=embedding))
    endings = _endings(wanted, conventions)
    epsilons = conventions.epsilons
    if any(map(is_trained, blocks)):
        fits = fit(blocks, likely, codes=codes, endings=endings, epsilons=epsilons)
        if not wanted.hidden and _is_odd(fits[0]):
            endings += [Ending(activation=activation, slope=endings[0].slope) for activation in SMOOTH]
            left = [reading for reading in likely if any(way.reading is reading for way in fits)]
            flowing = [code for code in codes if any(way.codes is code[0] for way in fits)]
            fits = fit(blocks, left, codes=flowing, endings=endings, epsilons=epsilons)
        _refuse_ties([way.reading for way in fits if way.cost == fits[0].cost])
        choice = Choice(
            layers=fits[0].layers,
            codes=fits[0].codes,
            guesses=(*inferred(fits, likely, wanted), *unseen_epsilon(fits[0], blocks, epsilons)),
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
        guesses=tuple(
            assumed(likely, usual, codes[0][0], wanted, normed=any(block.norm for block in blocks))
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
    """Whether the norms fit loosely, or speak for a network without activations."""
    return best.misfit > LOOSE or all(layer.activation == "none" for layer in best.layers[:-1])


def _slope(wanted: Wanted, conventions: Conventions) -> float:
    return conventions.slopes[0] if wanted.slope is None else wanted.slope


def _refuse_ties(readings: Sequence[LayoutReading]) -> None:
    """Raises CheckpointError for readings that are as good and draw images of different sizes."""
    sizes = sorted({reading.resolution for reading in readings})
    if len(sizes) > 1:
        either = " or ".join(map(str, sizes))
        raise CheckpointError(
            f"the weights fit images of {either} px alike; say which with resolution={sizes[0]}"
        )


def _ask_for_classes(fits: Sequence[FittedStack], codes: Sequence[tuple[CodeModel, float]]) -> None:
    """Raises CheckpointError where a first layer may take a class, and statistics do not say whether it does."""
    if len({model.classes is None for model, _ in codes}) < 2:
        return
    if fits and fits[0].misfit < BADLY and margin_of(fits, lambda way: way.codes.classes is None) >= SURE:
        return
    classes = next(model.classes for model, _ in codes if model.classes)
    raise CheckpointError(
        f"may be conditional: z and one of {classes.num_classes} classes would go into its first layer, and so would a "
        f"longer z; say which with num_classes={classes.num_classes} or num_classes=0"
    )
