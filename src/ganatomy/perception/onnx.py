"""Any ONNX image classifier as a scorer.

What the classifier expects is read from its own metadata, as far as it is there, and can be given instead:

- `attributes`: names of the outputs, as a JSON list: `["Male", "Smiling"]`.
- `input`: a sentence such as `RGB NCHW float32 in [-1, 1], 112 x 112 (bicubic)`, in which colour (RGB, BGR or grey),
  layout (NCHW or NHWC), the values that black and white go in as, and height x width are looked for.
- `mean`, `std`: JSON lists, instead of the values of black and white: a pixel p in [0, 1] goes in as (p - mean) / std.
- `output`: `probabilities`, `logits` (a sigmoid for each) or `class logits` (one softmax over all).

Colour, layout and size that nobody states are read off the shape of the model's input; black and white are then -1
and 1 (0 and 255 where it takes bytes). An output that nobody describes is tried on random images: values that leave
[0, 1] are logits.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from ganatomy.errors import CheckpointError, MissingFileError, ScoreError, SettingError
from ganatomy.latents import Latents
from ganatomy.perception.base import (
    Scorer,
    check_names,
    class_log_odds,
    fingerprint_of,
    fit_images,
    logit,
    position,
)

COLOURS = ("RGB", "BGR", "grey")
LAYOUTS = ("NCHW", "NHWC")
OUTPUTS = ("probabilities", "logits", "class logits")

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
        _choose("colour", self.colour, COLOURS)
        _choose("layout", self.layout, LAYOUTS)
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

    def prepare(self, images: Float[Tensor, "n c h w"]) -> np.ndarray:
        """The same as an array of its own."""
        return np.ascontiguousarray(self.arrange(images).detach().cpu().numpy())


class OnnxScorer(Scorer):
    """Scores with an ONNX file through onnxruntime, on the CPU, with as many threads as torch has.

    Args:
        names: what the outputs are called; where the file says so itself, which of them to use, in this order.
        size: height and width (one number for a square). colour, layout: as in the table of this module.
        value_range: what black and white go in as, such as (0, 255); or mean and std of pixels in [0, 1].
        output: what comes out.

    Raises:
        MissingFileError: when there is no file. CheckpointError: when it is not an ONNX image classifier.
        SettingError: when something that it needs is neither in the file nor given.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        names: Iterable[str] | None = None,
        size: int | tuple[int, int] | None = None,
        colour: str | None = None,
        layout: str | None = None,
        value_range: tuple[float, float] | None = None,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        output: str | None = None,
    ) -> None:
        self.path = Path(path)
        self._session = _open(self.path)
        metadata: Mapping[str, str] = self._session.get_modelmeta().custom_metadata_map
        self._input_name, shape, self.dtype = _image_input(self._session, self.path)
        told = _from_range(0, 255) if self.dtype == "uint8" else {}
        told |= _stated_input(metadata, self.path)
        given = {"colour": colour, "layout": layout, "size": (size, size) if isinstance(size, int) else size}
        told |= {key: value for key, value in given.items() if value is not None}
        if value_range is not None:
            told |= _from_range(*value_range)
        told |= {key: tuple(map(float, v)) for key, v in (("mean", mean), ("std", std)) if v is not None}
        self.input = _complete(told, shape, self.path)
        self.fixed_batch = shape[0] if isinstance(shape[0], int) and shape[0] > 0 else None
        self._in_torch: Scorer | None = None
        self._output_name, outputs = self._probe()
        own = _json_list(metadata, "attributes", self.path)
        self.names, self._columns = _columns(names, own, outputs.shape[1], self.path)
        known = _choose("output", output or metadata.get("output"), (None, *OUTPUTS))
        self.output: str = known or ("probabilities" if _in_unit(outputs) else "logits")
        self.fingerprint = fingerprint_of(
            hashlib.sha256(self.path.read_bytes()).digest(), repr(self.input), self.output, *self.names
        )
        self.description = f"{self.path.name} (ONNX, {len(self.names)} attributes, {self.input.size[0]} px)"

    def _logits(self, images: Float[Tensor, "n c h w"], *, latents: Latents | None, start: int) -> Tensor:
        return self.to_logits(self.run(images))

    def run(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k"]:
        """The output that holds the scores, as onnxruntime gives it."""
        return torch.from_numpy(self._run(self.input.prepare(images), self._output_name))

    def to_logits(self, values: Float[Tensor, "n k"]) -> Float[Tensor, "n a"]:
        """Logits of the attributes from that output; raises ScoreError for probabilities that are none."""
        if self.output == "class logits":
            return class_log_odds(values)[:, self._columns]
        values = values[:, self._columns]
        if self.output == "logits":
            return values
        if not _in_unit(values):
            low, high = values.aminmax()
            raise ScoreError(
                f"{self.path.name} gave values in [{float(low):g}, {float(high):g}], which are not probabilities; "
                'say output="logits" or output="class logits"'
            )
        return logit(values)

    def differentiable(self) -> Scorer:
        """The same scorer in PyTorch; see `DifferentiableOnnxScorer`, which is made once and kept."""
        if self._in_torch is None:
            from ganatomy.perception.onnx_gradients import DifferentiableOnnxScorer

            self._in_torch = DifferentiableOnnxScorer(self)
        return self._in_torch

    @property
    def output_index(self) -> int:
        """Which of the model's outputs holds the scores."""
        return [meta.name for meta in self._session.get_outputs()].index(self._output_name)

    def noise(self) -> Float[Tensor, "n c h w"]:
        """Random images to try the model on."""
        count = self.fixed_batch or 8
        noise = torch.rand(count, self.input.channels, 4, 4, generator=torch.Generator().manual_seed(0))
        return nn.functional.interpolate(noise * 2 - 1, self.input.size, mode="bilinear")

    def _probe(self) -> tuple[str, Tensor]:
        """The output that holds the scores, and what it gives for a few random images."""
        noise = self.noise()
        count, images = len(noise), self.input.prepare(noise)
        results = self._call(None, images)
        for meta, result in zip(self._session.get_outputs(), results, strict=True):
            if _is_scores(result, count):
                return meta.name, torch.from_numpy(self._run(images, meta.name))
        shapes = ", ".join(str(list(np.shape(result))) for result in results)
        raise CheckpointError(
            f"{self.path} gives {shapes} for {count} images; a scorer gives [n, attributes], this is no classifier"
        )

    def _run(self, images: np.ndarray, output: str) -> np.ndarray:
        """One output as float32 `[n, ...]`, in pieces where the model takes a fixed number of images at a time."""
        step = self.fixed_batch or max(len(images), 1)
        rows = []
        for first in range(0, max(len(images), 1), step):
            piece = images[first : first + step]
            # The last piece is filled up with blanks, whose scores are dropped: some models take a fixed number only.
            blanks = np.zeros((step - len(piece), *images.shape[1:]), images.dtype)
            rows.append(
                self._call([output], np.concatenate([piece, blanks]))[0].reshape(step, -1)[: len(piece)]
            )
        return np.concatenate(rows).astype(np.float32)

    def _call(self, outputs: list[Any] | None, images: np.ndarray) -> list[Any]:
        try:
            rounded = np.rint(images) if self.dtype == "uint8" else images
            return self._session.run(outputs, {self._input_name: rounded.astype(self.dtype)})
        except Exception as error:  # noqa: BLE001 (onnxruntime has no public class for its errors)
            reason = str(error).splitlines()[0]
            raise CheckpointError(
                f"{self.path} does not take images of {self.input.size} px, give another size: {reason}"
            ) from None


def _open(path: Path) -> Any:
    import onnxruntime

    if not path.is_file():
        raise MissingFileError(f"{path} does not exist; give the file of an ONNX classifier")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001 (onnxruntime has no public class for its errors)
        raise CheckpointError(f"{path} cannot be read as ONNX: {str(error).splitlines()[0]}") from None


def _image_input(session: Any, path: Path) -> tuple[str, list[int | str | None], str]:
    inputs = session.get_inputs()
    shapes = ", ".join(f"{i.name} {i.shape}" for i in inputs)
    if len(inputs) != 1 or len(inputs[0].shape) != 4:
        raise CheckpointError(f"{path} takes {shapes}; a scorer takes one batch of images with four axes")
    dtypes = {"tensor(float)": "float32", "tensor(float16)": "float16", "tensor(double)": "float64"}
    dtypes["tensor(uint8)"] = "uint8"
    if inputs[0].type not in dtypes:
        raise CheckpointError(f"{path} takes {inputs[0].type}; a scorer takes images of floats or bytes")
    return inputs[0].name, inputs[0].shape, dtypes[inputs[0].type]


def _stated_input(metadata: Mapping[str, str], path: Path) -> dict[str, Any]:
    """What the metadata says about the input; each part of the sentence may be missing."""
    sentence, told = metadata.get("input", ""), {}
    if colour := re.search(r"\b(rgb|bgr|gr[ea]y)(?:scale)?\b", sentence, re.IGNORECASE):
        told["colour"] = colour[1].upper() if colour[1].upper() in ("RGB", "BGR") else "grey"
    if layout := re.search(r"\b(NCHW|NHWC)\b", sentence):
        told["layout"] = layout[1]
    if size := re.search(r"\b(\d+) ?[x×] ?(\d+)\b", sentence):
        told["size"] = (int(size[1]), int(size[2]))
    number = r"(-?\d+(?:\.\d+)?)"
    if values := re.search(rf"\[ ?{number} ?, ?{number} ?\]", sentence):
        told |= _from_range(float(values[1]), float(values[2]))
    for key in ("mean", "std"):
        if (numbers := _json_list(metadata, key, path)) is not None:
            told[key] = tuple(float(v) for v in numbers)
    return told


def _complete(told: Mapping[str, Any], shape: Sequence[int | str | None], path: Path) -> OnnxInput:
    """Fill in what nobody stated from the shape of the model's input, and hold the rest against it."""
    axes = [axis if isinstance(axis, int) and axis > 0 else None for axis in shape]
    layout = told.get("layout") or ("NHWC" if axes[3] in (1, 3) and axes[1] not in (1, 3) else "NCHW")
    channels, height, width = (axes[1], *axes[2:]) if layout == "NCHW" else (axes[3], *axes[1:3])
    colour = told.get("colour") or ("grey" if channels == 1 else "RGB")
    size = told.get("size") or (height or SIZE_UNSTATED, width or SIZE_UNSTATED)
    result = OnnxInput(**{**told, "layout": layout, "colour": colour, "size": size})
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


def _from_range(black: float, white: float) -> dict[str, tuple[float, ...]]:
    if black == white:
        raise SettingError(f"the range [{black:g}, {white:g}] leaves nothing of an image")
    return {"mean": (-black / (white - black),), "std": (1 / (white - black),)}


def _json_list(metadata: Mapping[str, str], key: str, path: Path) -> list[Any] | None:
    if key not in metadata:
        return None
    try:
        values = json.loads(metadata[key])
    except json.JSONDecodeError:
        values = None
    if not isinstance(values, list):
        raise CheckpointError(
            f"the metadata of {path} has {key} = {metadata[key]!r}, which is not a JSON list"
        )
    return values


def _columns(
    given: Iterable[str] | None, own: list[Any] | None, count: int, path: Path
) -> tuple[tuple[str, ...], list[int]]:
    """The names to use, and the columns of the output where they stand."""
    if own is None and given is None:
        raise SettingError(f"{path} does not name its {count} outputs; give names=[...], one for each")
    given = None if given is None else check_names(given)
    every = given or () if own is None else check_names(own)
    if len(every) != count:
        raise SettingError(f"{path} has {count} outputs, but {len(every)} names: {', '.join(every)}")
    chosen = given or every
    return chosen, [position(name, every) for name in chosen]


def _is_scores(result: Any, count: int) -> bool:
    """Whether an output has one row of floats for each image, whatever axes of length one stand around it."""
    is_rows = isinstance(result, np.ndarray) and result.dtype.kind == "f" and result.shape[:1] == (count,)
    return is_rows and max(result.shape[1:], default=1) == math.prod(result.shape[1:])


def _in_unit(values: Tensor) -> bool:
    # Softmax and sigmoid in single precision may leave [0, 1] by a rounding step.
    return not bool(((values < -1e-5) | (values > 1 + 1e-5)).any())


def _choose(what: str, value: Any, allowed: Sequence[Any]) -> Any:
    if value not in allowed:
        raise SettingError(
            f"{value!r} is not a known {what}; choose one of {', '.join(str(a) for a in allowed if a)}"
        )
    return value
