"""Checked reading of JSON that a stranger may have written: whatever is wrong is one error that names the field.

A reader is a function from a value and the field that it stands in to what it means. Nothing here runs, opens or loads
what a recipe names.
"""

from __future__ import annotations

import base64
import binascii
import difflib
import json
import math
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from ganatomy.errors import CheckpointError
from ganatomy.latents import Direction

MOST_BYTES = 32 * 2**20
"""A recipe that is longer is not read, and not written: it holds codes of thousands of images."""

MOST_LETTERS = 500
"""A name or a path that is longer is none."""

MOST_IMAGES = 10_000
"""A recipe that asks for more images is not drawn."""

LAST_SEED = 2**63 - 1

LARGEST = 1e9
"""Strengths and scales beyond it leave the numbers that an image can be made of."""

DTYPES = {"float16": "<f2", "float32": "<f4", "float64": "<f8"}
"""The kinds of numbers that tensors are written in, and what numpy calls them."""

T = TypeVar("T")
Reader = Callable[[Any, str], T]
REQUIRED: Any = object()


class Place(str):
    """Where a value stands: the dotted path of its field, with the directions that a name may stand for there."""

    __slots__ = ("directions",)
    directions: Mapping[str, Direction]

    @classmethod
    def of(cls, path: str, directions: Mapping[str, Direction] | None = None) -> Place:
        place = cls(path)
        place.directions = getattr(path, "directions", {}) if directions is None else directions
        return place

    def inside(self, name: str | int) -> Place:
        return Place.of(f"{self}.{name}" if self else str(name), self.directions)


class Fields:
    """The fields of one JSON object, each taken once; a field that is left over at the end does not exist."""

    def __init__(self, data: Any, where: str = "") -> None:
        if not isinstance(data, dict):
            raise wrong(where, data, "an object")
        self.data, self.where = data, Place.of(where)
        self._known: list[str] = []

    def take(self, name: str, read: Reader[T], default: T = REQUIRED) -> T:
        """The value of a field; null, like its absence, stands for the default.

        Raises:
            CheckpointError: when it is missing and has no default, or is not what it should be.
        """
        self._known.append(name)
        value = self.data.get(name)
        if value is not None:
            return read(value, self.place(name))
        if default is REQUIRED:
            raise CheckpointError(f"recipe field {self.place(name)!r} is missing")
        return default

    def place(self, name: str) -> Place:
        return self.where.inside(name)

    def end(self) -> None:
        """Refuse fields that do not exist: a slip of the keyboard must not pass for a setting.

        Raises:
            CheckpointError: naming the first of them and the closest field that exists.
        """
        for name in self.data:
            if name not in self._known:
                close = difflib.get_close_matches(name[:MOST_LETTERS], self._known, n=1)
                hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(self._known)}"
                raise CheckpointError(f"recipe field {self.place(name)[:80]!r} does not exist; {hint}")


def wrong(where: str, value: Any, expected: str) -> CheckpointError:
    """The error for a value that is not what was expected."""
    if isinstance(value, dict | list):
        shown = "an object" if isinstance(value, dict) else "a list"
    elif type(value) is int and abs(value) > LARGEST:
        shown = "a huge number"  # it may have thousands of digits
    else:
        shown = repr(value) if len(repr(value)) <= 80 else "a long text"
    subject = f"recipe field {where!r}" if where else "a recipe"
    return CheckpointError(f"{subject} is {shown}, not {expected}")


def parse(text: str | bytes) -> Any:
    """The value of a JSON text, within the limits of a recipe.

    Raises:
        CheckpointError: when it is no JSON, or is too long or nested too deeply.
    """
    if len(text) > MOST_BYTES:
        raise CheckpointError(
            f"a recipe of {len(text) / 2**20:.0f} MB is not read; they have at most {MOST_BYTES >> 20} MB"
        )
    try:
        return json.loads(text, parse_constant=_no_number)
    except RecursionError:
        raise CheckpointError("the recipe is nested too deeply to be one") from None
    except ValueError as error:  # also what is not UTF-8, and whole numbers of thousands of digits
        raise CheckpointError(f"the recipe is not JSON: {str(error).splitlines()[0][:200]}") from None


def text(value: Any, where: str) -> str:
    """A name: short, and without letters that would move a terminal's cursor."""
    # Paths may hold spaces of any kind, which Python does not count among the printable.
    if (
        not isinstance(value, str)
        or not 0 < len(value) <= MOST_LETTERS
        or not all(letter.isprintable() or unicodedata.category(letter) == "Zs" for letter in value)
    ):
        raise wrong(where, value, f"a text of 1 to {MOST_LETTERS} printable letters")
    return value


def choice(names: Iterable[str]) -> Reader[str]:
    names = tuple(names)

    def read(value: Any, where: str) -> str:
        if value not in names:
            raise wrong(where, value, f"one of {', '.join(names)}")
        return value

    return read


def integer(least: int, most: int) -> Reader[int]:
    def read(value: Any, where: str) -> int:
        if type(value) is not int or not least <= value <= most:
            raise wrong(where, value, f"a whole number from {least} to {most}")
        return value

    return read


def number(least: float = -LARGEST, most: float = LARGEST) -> Reader[float]:
    def read(value: Any, where: str) -> float:
        if type(value) not in (int, float) or not least <= value <= most:
            raise wrong(where, value, f"a number from {least:g} to {most:g}")
        return value

    return read


def any_number(value: Any, where: str) -> float:
    """A number, or one of the texts that stand for those that JSON lacks."""
    if value in ("nan", "inf", "-inf"):
        return float(value)
    return number()(value, where)


def flag(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise wrong(where, value, "true or false")
    return value


def as_it_is(value: Any, where: str) -> dict[str, Any]:
    """An object that is passed on unchecked."""
    return Fields(value, where).data


def several(read: Reader[T], *, least: int = 0, most: int = MOST_IMAGES) -> Reader[tuple[T, ...]]:
    def read_all(value: Any, where: str) -> tuple[T, ...]:
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise wrong(where, value, f"a list of {least} to {most}")
        return tuple(read(item, Place.of(where).inside(index)) for index, item in enumerate(value))

    return read_all


def layer_range(value: Any, where: str) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2:
        raise wrong(where, value, "two whole numbers, the first layer and the end, which is not included")
    first, last = several(integer(0, MOST_LETTERS))(value, where)
    return first, last


def tensor(value: Any, where: str) -> Tensor:
    """Numbers that `write_tensor` wrote, each of them finite."""
    fields = Fields(value, where)
    dtype = np.dtype(DTYPES[fields.take("dtype", choice(DTYPES))])
    shape = fields.take("shape", several(integer(1, MOST_BYTES), least=1, most=3))
    encoded = fields.take("base64", lambda value, _: value)
    fields.end()
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise CheckpointError(f"recipe field {fields.place('base64')!r} is not base64") from None
    if len(raw) != math.prod(shape) * dtype.itemsize:
        raise CheckpointError(
            f"recipe field {where!r} has {len(raw)} bytes, not the {math.prod(shape) * dtype.itemsize} of its shape"
        )
    array = np.frombuffer(raw, dtype).astype(dtype.newbyteorder("="), copy=True).reshape(shape)
    if not np.isfinite(array).all():
        raise CheckpointError(f"recipe field {where!r} holds numbers that are not finite")
    return torch.from_numpy(array)


def write_tensor(values: Tensor) -> dict[str, Any]:
    """Every bit of a tensor as JSON; the numbers lie in base64, four letters for three bytes."""
    values = values.detach().cpu()
    if str(values.dtype).removeprefix("torch.") not in DTYPES:
        values = values.float()  # bfloat16, which float32 holds exactly
    dtype = str(values.dtype).removeprefix("torch.")
    raw = values.contiguous().numpy().astype(DTYPES[dtype], copy=False).tobytes()
    return {"dtype": dtype, "shape": list(values.shape), "base64": base64.b64encode(raw).decode()}


def write_number(value: float) -> float | str:
    return float(value) if math.isfinite(value) else str(float(value))


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")
