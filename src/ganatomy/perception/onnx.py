"""Any ONNX image classifier as a scorer.

What the classifier expects is read from its own metadata, as far as it is there, and can be given instead:

- `attributes`: names of the outputs, as a JSON list: `["Male", "Smiling"]`.
- `input`: a sentence such as `RGB NCHW float32 in [-1, 1], 112 x 112 (bicubic)`, in which colour (RGB, BGR or grey),
  layout (NCHW or NHWC), the values that black and white go in as, and height x width are looked for.
- `mean`, `std`: JSON lists, instead of the values of black and white: a pixel p in [0, 1] goes in as (p - mean) / std.
- `output`: `probabilities`, `logits` (a sigmoid for each) or `class logits` (one softmax over all).

Colour, layout and size that are not stated are read off the shape of the model's input; black and white are then -1
and 1 (0 and 255 where it takes bytes). An output that is not described is tried on random images: values that leave
[0, 1] are logits.
"""

from __future__ import annotations

import copy
import hashlib
import os
from collections.abc import Callable, Collection, Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import ScoreError, SettingError
from ganatomy.latents import Latents
from ganatomy.perception.base import Scorer, check_names, class_log_odds, fingerprint_of, logit, position
from ganatomy.perception.convention import OUTPUTS, SILENT, Convention, beside
from ganatomy.perception.onnx_input import OnnxInput, choose, json_list
from ganatomy.perception.onnx_session import OnnxSession
from ganatomy.perception.onnx_torch import in_torch


class OnnxScorer(Scorer):
    """Scores with an ONNX file through onnxruntime; `differentiable` gives the same scorer through PyTorch.

    Args:
        path: of the file.
        names: of the outputs; where the file names them itself, which of them to use, in this order.
        convention: what it expects and gives, where its metadata and a JSON file beside it do not say so.

    Raises:
        MissingFileError: when there is no file.
        CheckpointError: when it is not an ONNX image classifier.
        SettingError: when something that it needs is neither in the file nor given, or two outputs could be the scores.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        names: Iterable[str] | None = None,
        convention: Convention = SILENT,
    ) -> None:
        self.path = Path(path)
        named, noted = beside(self.path)
        said = convention.over(noted)
        self.session = OnnxSession(self.path, said.said)
        self.network: Callable[[Tensor], Float[Tensor, "n k"]] = self.session
        metadata, outputs = self.session.metadata, self.session.sample
        own = json_list(metadata, "attributes", self.path) if named is None else list(named)
        self.names, self._columns = _columns(names, own, outputs.shape[1], self.path)
        known = choose("output", said.output or metadata.get("output"), (None, *OUTPUTS))
        self.output: str = known or ("probabilities" if _in_unit(outputs) else "logits")
        self.assumed = _assumed(self.session.input, self.output, self.session.unsaid, known)
        self.fingerprint = fingerprint_of(
            hashlib.sha256(self.path.read_bytes()).digest(),
            repr(self.input),
            self.output,
            *((self.session.head,) if self.session.num_heads > 1 else ()),
            *self.names,
        )
        self.description = f"{self.path.name} (ONNX, {len(self.names)} attributes, {self.input.size[0]} px)"

    def _logits(self, images: Float[Tensor, "n c h w"], *, latents: Latents | None, start: int) -> Tensor:
        values = self.network(images)
        if self.output == "class logits":
            return class_log_odds(values)[:, self._columns]
        values = values[:, self._columns]
        if self.output == "logits":
            return values
        if not _in_unit(values):
            low, high = values.aminmax()
            raise ScoreError(
                f"{self.path.name} gave values in [{float(low):g}, {float(high):g}], which are not probabilities; "
                "say that the output is logits or class logits"
            )
        return logit(values)

    def differentiable(self) -> OnnxScorer:
        """The same scorer, computed by PyTorch, so that gradients flow; made once and kept.

        Raises:
            SettingError: when onnx2torch is not installed, and for classifiers that take bytes.
            CheckpointError: for a network that cannot be converted, or is converted to other answers.
        """
        return self._in_torch if self.network is self.session else self

    @property
    def input(self) -> OnnxInput:
        """What the classifier wants its images to be."""
        return self.session.input

    @cached_property
    def _in_torch(self) -> OnnxScorer:
        twin = copy.copy(self)
        twin.network = in_torch(self.session)
        twin.description = f"{self.description}, in PyTorch"
        return twin


def _columns(
    given: Iterable[str] | None, own: list[Any] | None, count: int, path: Path
) -> tuple[tuple[str, ...], list[int]]:
    """The names to use, and the columns of the output where they stand."""
    if own is None and given is None:
        raise SettingError(
            f"{path} does not name its {count} outputs; name each, in Python with names=[...], in a name with "
            f"'{path.name}?names=A:B', or in {path.with_suffix('.json').name} beside it"
        )
    given = None if given is None else check_names(given)
    every = given or () if own is None else check_names(own)
    if len(every) != count:
        raise SettingError(f"{path} has {count} outputs, but {len(every)} names: {', '.join(every)}")
    chosen = given or every
    return chosen, [position(name, every) for name in chosen]


def _assumed(wanted: OnnxInput, output: str, unsaid: Collection[str], known: str | None) -> str:
    """What is neither said nor shown by the shape of the model, in words; "" where all is."""
    parts = []
    if "colour" in unsaid:
        parts.append(f"colours {wanted.colour}")
    if "values" in unsaid:
        black, white = (f"{float((value - wanted.mean[0]) / wanted.std[0]):g}" for value in (0, 1))
        parts.append(f"values in [{black}, {white}]")
    if known is None:
        parts.append(f"outputs are {output}")
    return ", ".join(parts)


def _in_unit(values: Tensor) -> bool:
    # Softmax and sigmoid in single precision may leave [0, 1] by a rounding step.
    return not bool(((values < -1e-5) | (values > 1 + 1e-5)).any())
