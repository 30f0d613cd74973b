"""An ONNX file in onnxruntime: images in, the output that holds the scores out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from ganatomy.errors import CheckpointError, SettingError, UnknownNameError
from ganatomy.graphs.session import DTYPES, first_line, in_batches, open_session, run_within
from ganatomy.perception.onnx_input import OnnxInput, read_input, unsaid


class OnnxSession:
    """A classifier in onnxruntime, on the CPU, with as many threads as torch has.

    Args:
        path: of the file.
        given: what its input is like, where that is known; see `read_input`.

    Raises:
        MissingFileError: when there is no file.
        CheckpointError: when it is not an ONNX image classifier.
        SettingError: for an input that does not fit.
    """

    def __init__(self, path: Path, given: Mapping[str, Any]) -> None:
        self.path = path
        self._session = open_session(path)
        self.metadata: Mapping[str, str] = self._session.get_modelmeta().custom_metadata_map
        self._input_name, shape, self.dtype = _image_input(self._session, path)
        self.input: OnnxInput = read_input(shape, self.dtype, self.metadata, given, path=path)
        self.fixed_batch = shape[0] if isinstance(shape[0], int) and shape[0] > 0 else None
        self.unsaid = unsaid(shape, self.dtype, self.metadata, given)
        """What of colour and values neither metadata nor the caller say."""
        self.output_index, self.num_heads, self.sample = self._probe(given.get("head"))
        """Which output holds the scores, of how many that could, and what it gives for the images of `noise`."""
        self.head: str = self._session.get_outputs()[self.output_index].name

    def __call__(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k"]:
        """The output that holds the scores, for images in [-1, 1]."""
        return self._run(self.input.arrange(images), self.output_index)

    def noise(self) -> Float[Tensor, "n c h w"]:
        """Random images to try the model on."""
        count = self.fixed_batch or 8
        noise = torch.rand(count, self.input.channels, 4, 4, generator=torch.Generator().manual_seed(0))
        return nn.functional.interpolate(noise * 2 - 1, self.input.size, mode="bilinear")

    def _probe(self, head: str | None) -> tuple[int, int, Float[Tensor, "n k"]]:
        noise = self.noise()
        count, images = len(noise), self.input.arrange(noise)
        results = self._call(images.numpy())
        outputs = [output.name for output in self._session.get_outputs()]
        heads = [index for index, result in enumerate(results) if _is_scores(result, count)]
        if head is not None and head not in [outputs[index] for index in heads]:
            raise UnknownNameError(f"output of {self.path.name}", head, [outputs[index] for index in heads])
        if head is None and len(heads) > 1:
            known = ", ".join(f"{outputs[index]} {list(np.shape(results[index])[1:])}" for index in heads)
            raise SettingError(
                f"{self.path} has {len(heads)} outputs that could be the scores ({known}); say which, in Python with "
                f"head=\"{outputs[heads[0]]}\" or in a name with '{self.path.name}?head={outputs[heads[0]]}'"
            )
        if heads:
            index = heads[0] if head is None else outputs.index(head)
            return index, len(heads), self._run(images, index)
        shapes = ", ".join(str(list(np.shape(result))) for result in results)
        raise CheckpointError(
            f"{self.path} gives {shapes} for {count} images; a scorer gives [n, attributes], this is no classifier"
        )

    def _run(self, images: Tensor, output: int) -> Float[Tensor, "n k"]:
        pieces = in_batches(images.detach().cpu(), self.fixed_batch)
        rows = [
            self._call(piece.numpy())[output].reshape(len(piece), -1)[:count].astype(np.float32)
            for piece, count in pieces
        ]
        return torch.from_numpy(np.concatenate(rows))

    def _call(self, images: np.ndarray) -> list[Any]:
        try:
            rounded = np.rint(images) if self.dtype == "uint8" else images
            fitting = np.ascontiguousarray(rounded.astype(self.dtype))
            return run_within(self._session, None, {self._input_name: fitting})
        except CheckpointError as error:
            raise CheckpointError(f"{self.path} {error}") from None
        except Exception as error:  # noqa: BLE001 (onnxruntime has no public class for its errors)
            raise CheckpointError(
                f"{self.path} does not take images of {self.input.size} px, give another size: {first_line(error)}"
            ) from None


def _image_input(session: Any, path: Path) -> tuple[str, list[int | str | None], str]:
    inputs = session.get_inputs()
    shapes = ", ".join(f"{i.name} {i.shape}" for i in inputs)
    if len(inputs) != 1 or len(inputs[0].shape) != 4:
        raise CheckpointError(f"{path} takes {shapes}; a scorer takes one batch of images with four axes")
    dtype = DTYPES.get(inputs[0].type, "")
    if not dtype or dtype.startswith("int"):
        raise CheckpointError(f"{path} takes {inputs[0].type}; a scorer takes images of floats or bytes")
    return inputs[0].name, inputs[0].shape, dtype


def _is_scores(result: Any, count: int) -> bool:
    """Whether an output has one row of floats for each image, whatever axes of length one stand around it."""
    is_rows = isinstance(result, np.ndarray) and result.dtype.kind == "f" and result.shape[:1] == (count,)
    return is_rows and max(result.shape[1:], default=1) == math.prod(result.shape[1:])
