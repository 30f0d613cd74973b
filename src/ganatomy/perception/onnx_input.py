"""What an ONNX classifier wants its images to be: read from its metadata and shape, or given."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import CheckpointError, SettingError
from ganatomy.perception.base import fit_images
from ganatomy.reading import parse_json

COLOURS = ("RGB", "BGR", "grey")
LAYOUTS = ("NCHW", "NHWC")

SIZE_UNSTATED = 224
"""Height and width for models that take any size and do not say which they were trained on."""


@dataclass(frozen=True, kw_only=True)
class OnnxInput:
    """How a classifier wants its images: the pixel `p` in [0, 1] goes in as `(p - mean) / std`."""

    size: tuple[int, int]
    colour: str = "RGB"
    layout: str = "NCHW"
    mean: tuple[float, ...] = (0.5,)
    std: tuple[float, ...] = (0.5,)

    def __post_init__(self) -> None:
        choose("colour", self.colour, COLOURS)
        choose("layout", self.layout, LAYOUTS)
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) not in (1, self.channels):
                raise SettingError(
                    f"{name} {list(values)} has {len(values)} values for {self.channels} channels"
                )
        if 0 in self.std:
            raise SettingError(f"std {list(self.std)} divides by zero")

    @property
    def channels(self) -> int:
        return 1 if self.colour == "grey" else 3

    def arrange(self, images: Float[Tensor, "n c h w"]) -> Tensor:
        """Images in [-1, 1] as the classifier takes them, with gradients where images have them."""
        fitted = fit_images(images, size=self.size, channels=self.channels)
        if self.colour == "BGR":
            fitted = fitted.flip(1)
        mean, std = (torch.tensor(v, device=fitted.device).view(1, -1, 1, 1) for v in (self.mean, self.std))
        arranged = ((fitted + 1) / 2 - mean) / std
        return arranged if self.layout == "NCHW" else arranged.permute(0, 2, 3, 1)


def read_input(
    shape: Sequence[int | str | None],
    dtype: str,
    metadata: Mapping[str, str],
    given: Mapping[str, Any],
    *,
    path: Path,
) -> OnnxInput:
    """The input of a classifier: what is given, else what its metadata say, else what its shape shows.

    Args:
        shape: of the model's input.
        dtype: of the model's input.
        metadata: of the model.
        given: any of `colour`, `layout`, `size`, `value_range`, `mean`, `std`; the rest is left alone.
        path: of the file, for messages.

    Raises:
        SettingError: for values that do not fit the shape or each other.
        CheckpointError: for metadata that cannot be read.
    """
    stated = from_range(0, 255) if dtype == "uint8" else {}
    stated |= _stated_input(metadata, path)
    return _complete(stated | spelt_out(given), shape, path)


def spelt_out(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `OnnxInput` that are given, a range as mean and deviation."""
    known = {name: given[name] for name in ("colour", "layout", "size", "mean", "std") if name in given}
    if len(known.get("size", ())) == 1:
        known["size"] = known["size"] * 2
    return from_range(*given["value_range"]) | known if "value_range" in given else known


def unsaid(
    shape: Sequence[int | str | None], dtype: str, metadata: Mapping[str, str], given: Mapping[str, Any]
) -> frozenset[str]:
    """Which of "colour" and "values" neither the metadata nor the caller say, nor the kind of the input shows."""
    said = set(given) | set(_stated_input(metadata, Path()))
    missing = set()
    grey = 1 in (shape[1], shape[3]) and 3 not in (shape[1], shape[3])
    if not grey and "colour" not in said:
        missing.add("colour")
    if dtype != "uint8" and not said & {"mean", "std", "value_range"}:
        missing.add("values")
    return frozenset(missing)


def _stated_input(metadata: Mapping[str, str], path: Path) -> dict[str, Any]:
    """What the metadata says about the input; each part of the sentence may be missing."""
    sentence, found = metadata.get("input", ""), {}
    if colour := re.search(r"\b(rgb|bgr|gr[ea]y)(?:scale)?\b", sentence, re.IGNORECASE):
        found["colour"] = colour[1].upper() if colour[1].upper() in ("RGB", "BGR") else "grey"
    if layout := re.search(r"\b(NCHW|NHWC)\b", sentence):
        found["layout"] = layout[1]
    if size := re.search(r"\b(\d+) ?[x×] ?(\d+)\b", sentence):
        found["size"] = (int(size[1]), int(size[2]))
    number = r"(-?\d+(?:\.\d+)?)"
    if values := re.search(rf"\[ ?{number} ?, ?{number} ?\]", sentence):
        found |= from_range(float(values[1]), float(values[2]))
    for key in ("mean", "std"):
        if (numbers := json_list(metadata, key, path)) is not None:
            found[key] = tuple(float(v) for v in numbers)
    return found


def _complete(found: Mapping[str, Any], shape: Sequence[int | str | None], path: Path) -> OnnxInput:
    """Fill in what is not stated from the shape of the model's input, and check the rest against it."""
    axes = [axis if isinstance(axis, int) and axis > 0 else None for axis in shape]
    layout = found.get("layout") or ("NHWC" if axes[3] in (1, 3) and axes[1] not in (1, 3) else "NCHW")
    channels, height, width = (axes[1], *axes[2:]) if layout == "NCHW" else (axes[3], *axes[1:3])
    colour = found.get("colour") or ("grey" if channels == 1 else "RGB")
    size = found.get("size") or (height or SIZE_UNSTATED, width or SIZE_UNSTATED)
    result = OnnxInput(**{**found, "layout": layout, "colour": colour, "size": size})
    for name, fixed, value in [
        ("channels", channels, result.channels),
        ("height", height, size[0]),
        ("width", width, size[1]),
    ]:
        if fixed is not None and fixed != value:
            raise SettingError(
                f"{path} takes images of {name} {fixed}, not {value}; see its input of shape {list(shape)}"
            )
    return result


def from_range(black: float, white: float) -> dict[str, tuple[float, ...]]:
    if black == white:
        raise SettingError(f"the range [{black:g}, {white:g}] leaves nothing of an image")
    return {"mean": (-black / (white - black),), "std": (1 / (white - black),)}


def json_list(metadata: Mapping[str, str], key: str, path: Path) -> list[Any] | None:
    if key not in metadata:
        return None
    try:
        values = parse_json(metadata[key])
    except ValueError:
        values = None
    if not isinstance(values, list):
        raise CheckpointError(
            f"the metadata of {path} has {key} = {metadata[key]!r}, which is not a JSON list"
        )
    return values


def choose(what: str, value: Any, allowed: Sequence[Any]) -> Any:
    if value not in allowed:
        raise SettingError(
            f"{value!r} is not a known {what}; choose one of {', '.join(str(a) for a in allowed if a)}"
        )
    return value
