"""What a classifier of others expects and gives, as a person says it: in Python, in a name, or in a file beside it."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from ganatomy.errors import CheckpointError, SettingError
from ganatomy.perception.base import Scores
from ganatomy.reading import parse_json

OUTPUTS = ("probabilities", "logits", "class logits")

NUMBERS = {"size": int, "value_range": float, "mean": float, "std": float}
"""Fields that are one number or more."""

SURE = 0.999
"""Probabilities beyond this or its opposite are saturated."""
FEWEST = 8
"""Images that doubts are founded on."""
FLAT = 1e-3
"""A standard deviation of logits below this is constant."""


@dataclass(frozen=True, kw_only=True)
class Convention:
    """What a classifier expects and gives; None is not said.

    Args:
        size: height and width of its images (one number for a square).
        colour: "RGB", "BGR" or "grey".
        layout: "NCHW" or "NHWC".
        value_range: what black and white go in as, such as (0, 255).
        mean: of pixels in [0, 1], instead of `value_range`; with `std`, a pixel p goes in as (p - mean) / std.
        std: of pixels in [0, 1].
        output: "probabilities", "logits" (a sigmoid for each) or "class logits" (one softmax over all).
        head: which output holds the scores, by its name, where there are several.
    """

    size: int | Sequence[int] | None = None
    colour: str | None = None
    layout: str | None = None
    value_range: Sequence[float] | None = None
    mean: float | Sequence[float] | None = None
    std: float | Sequence[float] | None = None
    output: str | None = None
    head: str | None = None

    def __post_init__(self) -> None:
        for name, kind in NUMBERS.items():
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, _numbers(name, value, kind))
        if self.value_range is not None and len(self.value_range) != 2:
            raise SettingError(
                f"value_range is what black and white go in as, such as 0 and 255, not {self.value_range}"
            )
        for name in ("colour", "layout", "output", "head"):
            if not isinstance(getattr(self, name), str | None):
                raise SettingError(f"{name} is {getattr(self, name)!r:.60}, which is no text")
        if self.output is not None and self.output not in OUTPUTS:
            raise SettingError(f"{self.output!r} is not a known output; choose one of {', '.join(OUTPUTS)}")

    @property
    def said(self) -> dict[str, Any]:
        """The fields that are said."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def over(self, other: Convention) -> Convention:
        """This one, with what the other says where this one does not; mean and value_range exclude each other."""
        found = other.said | self.said
        if self.mean is not None and self.value_range is None:
            found.pop("value_range", None)
        if self.value_range is not None and self.mean is None:
            found = {key: value for key, value in found.items() if key not in ("mean", "std")}
        return Convention(**found)


SILENT = Convention()
"""Nothing is said."""


def split_spec(spec: str) -> tuple[str, tuple[str, ...] | None, Convention]:
    """The name of a scorer, the names of its outputs and its convention, from one text as the command line has it.

    A `:` or `&` within a name is written as in an address, `%3A` or `%26`.

    >>> split_spec("age.onnx?colour=BGR&value_range=0:255&names=Old:Young")
    ('age.onnx', ('Old', 'Young'), Convention(size=None, colour='BGR', layout=None, value_range=(0.0, 255.0), ...))

    Raises:
        SettingError: for fields that do not exist or hold something else.
    """
    name, mark, query = spec.partition("?")
    if not mark or os.path.exists(spec):  # noqa: PTH110 (bears names that are too long)
        return spec, None, SILENT
    parts = [part.partition("=") for part in query.split("&") if part]
    values = {key: [unquote(each) for each in value.split(":")] for key, _, value in parts}
    names = values.pop("names", None)
    said = {key: value if key in NUMBERS else ":".join(value) for key, value in values.items()}
    return name, None if names is None else tuple(names), _checked(said, spec)


def beside(path: Path) -> tuple[tuple[str, ...] | None, Convention]:
    """What a JSON file beside a classifier says, called like it: `age.json` beside `age.onnx`; nothing without one.

    It holds one object with fields of `Convention`, and `names` of the outputs.

    Raises:
        CheckpointError: for another kind of file.
    """
    file = path.with_suffix(".json")
    if not os.path.isfile(file):  # noqa: PTH113
        return None, SILENT
    try:
        found = parse_json(file.read_text(encoding="utf-8-sig"))
        names = found.pop("names", None)
        if names is not None and not (isinstance(names, list) and all(isinstance(n, str) for n in names)):
            raise SettingError("its names are no list of texts")
        return None if names is None else tuple(names), _checked(found, str(file))
    except (OSError, ValueError, AttributeError, TypeError, RecursionError) as error:
        raise CheckpointError(
            f"{file} lies beside {path.name} and does not say how it takes images: {error}"
        ) from None


def doubts(scores: Scores) -> tuple[str, ...]:
    """What in the scores of different images looks as if the classifier took them for something else.

    Args:
        scores: of eight images or more.

    Returns:
        A sentence for each doubt; none where the scores look right.

    Example:
        >>> import torch
        >>> doubts(Scores(names=("Bright",), logits=torch.full((8, 1), 9.0)))
        ('it gives the same answer for all 8 images (Bright)',)
    """
    logits, n = scores.logits.double(), len(scores)
    if n < FEWEST:
        return ()
    limit = math.log(SURE / (1 - SURE))
    spread = logits.std(0)
    same = [name for name, value in zip(scores.names, spread.tolist(), strict=True) if value < FLAT]
    one_sided = ((logits > limit).all(0) | (logits < -limit).all(0)) & (spread >= FLAT)
    sure = [name for name, value in zip(scores.names, one_sided.tolist(), strict=True) if value]
    found = []
    if same:
        found.append(f"it gives the same answer for all {n} images ({', '.join(same[:4])})")
    # One class that no image shows is no doubt, all of them are.
    if sure and len(sure) + len(same) == len(scores.names):
        found.append(f"it is more than {SURE:.1%} sure of all {n} images ({', '.join(sure[:4])})")
    return tuple(found)


def _checked(found: dict[str, Any], where: str) -> Convention:
    known = [it.name for it in fields(Convention)]
    for key, value in found.items():
        if key not in known:
            raise SettingError(f"{where} says {key!r}; say {', '.join(known)} or names")
        if key not in NUMBERS and not isinstance(value, str):
            raise SettingError(f"{where} says {key} = {value!r}, which is no text")
    numbers = {key: _numbers(key, found[key], kind) for key, kind in NUMBERS.items() if key in found}
    return replace(SILENT, **{**found, **numbers})


def _numbers(name: str, value: Any, kind: type[int | float]) -> tuple[Any, ...]:
    values = value if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
    try:
        numbers = tuple(kind(each) for each in values)
    except (TypeError, ValueError, OverflowError):
        numbers = ()
    if not numbers or not all(map(math.isfinite, numbers)):
        raise SettingError(f"{name} is {value!r}, not a number or several, such as 0:255")
    if name == "size" and (len(numbers) > 2 or min(numbers) < 1):
        raise SettingError(f"size is {value!r}, not a height and width in pixels, such as 112")
    return numbers
