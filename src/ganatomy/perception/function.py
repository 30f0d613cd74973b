"""A user's own Python function as a scorer."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from ganatomy.errors import (
    GanatomyError,
    ScoreError,
    SettingError,
)
from ganatomy.latents import Latents
from ganatomy.perception.base import Scorer, check_names, class_log_odds, fingerprint_of, logit
from ganatomy.perception.convention import SILENT, Convention
from ganatomy.perception.onnx_input import OnnxInput, spelt_out
from ganatomy.perception.own_file import OwnFile


class FunctionScorer(Scorer):
    """Scores with any function of images that gives `[n, attributes]`, or `[n]` for a single attribute.

    Args:
        function: of images as RGB (grey ones of generators that make those) in [-1, 1], or as `convention` says.
        names: one for each column; may also be an attribute `names` of the function.
        output: "probabilities", "logits" (a sigmoid for each) or "class logits" (one softmax over all).
        convention: what the function expects its images to be; by default as generators give them.
        fingerprint: identifies this function; by default its source, and its weights where it is a module.
            Give one where the answer hangs on something else, such as a file that the function reads.

    Raises:
        SettingError: when there are no names, the output is of no known kind, or the convention does not fit itself.
    """

    def __init__(
        self,
        function: Callable[[Tensor], Any],
        names: Iterable[str] | None = None,
        *,
        output: str | None = None,
        convention: Convention = SILENT,
        fingerprint: str | None = None,
    ) -> None:
        if not callable(function):
            raise SettingError(
                f"{type(function).__name__} is no scorer; give a name, a file, a function of images or a network"
            )
        output = Convention(output=output).over(convention).output or "probabilities"
        names = names if names is not None else getattr(function, "names", None)
        title = getattr(function, "__qualname__", type(function).__qualname__)
        if names is None:
            raise SettingError(
                f"{title} does not name its outputs; name each, in Python with names=[...], behind the function with "
                f"{title}.names = [...], or on the command line with '...:{title}?names=A:B'"
            )
        self.function = function
        self.output = output
        self.input = _input(convention)
        said = () if self.input is None else (repr(self.input),)
        self.names = check_names(names)
        self.fingerprint = fingerprint or fingerprint_of(_identity(function), output, *said, *self.names)
        self.description = f"{title} (function, {len(self.names)} attributes)"

    def _logits(self, images: Float[Tensor, "n c h w"], *, latents: Latents | None, start: int) -> Tensor:
        values = self._values(images)
        if values.ndim == 1 and len(self.names) == 1:
            values = values[:, None]
        if self.output == "logits" or values.ndim != 2:
            return values
        if self.output == "class logits":
            return class_log_odds(values.float())
        if bool(((values < 0) | (values > 1)).any()):
            low, high = (float(v) for v in values.aminmax())
            raise ScoreError(
                f"{self.description} gave values in [{low:g}, {high:g}], which are not probabilities; "
                'say output="logits" if that is what they are'
            )
        return logit(values)

    def _values(self, images: Float[Tensor, "n c h w"]) -> Tensor:
        if self.input is not None:
            size = self.input.size if all(self.input.size) else (images.shape[2], images.shape[3])
            images = replace(self.input, size=size).arrange(images)
        try:
            found = self.function(images)
        except GanatomyError:
            raise
        except Exception as error:
            raise ScoreError(
                f"{self.description} fails on images of shape {list(images.shape)}: {type(error).__name__}: {error}"
            ) from error
        try:
            values = torch.as_tensor(found)
        except (TypeError, ValueError, RuntimeError):
            raise ScoreError(
                f"{self.description} gave {type(found).__name__}, not numbers; it must give a tensor or array of shape "
                f"[{len(images)}, {len(self.names)}]"
            ) from None
        if values.is_complex():
            raise ScoreError(f"{self.description} gave complex numbers; they must be real")
        return values


def _input(convention: Convention) -> OnnxInput | None:
    """What the images are turned into; None where nothing is said. A size of 0 is that of the images."""
    known = spelt_out(convention.said)
    return OnnxInput(**{"size": (0, 0), **known}) if known else None


def _identity(function: Callable[..., Any]) -> str:
    """A digest of what a function is: its weights, its file, or its code."""
    if isinstance(function, nn.Module):
        state = sorted(function.state_dict().items())
        weights = (np.ascontiguousarray(t.detach().cpu().float().numpy()).tobytes() for _, t in state)
        return fingerprint_of(repr(function), *(name for name, _ in state), *weights)
    target = function if inspect.isroutine(function) else type(function)
    module = sys.modules.get(getattr(target, "__module__", "") or "")
    if isinstance(module, OwnFile):
        return fingerprint_of(module.__source__, target.__qualname__)
    try:
        return fingerprint_of(inspect.getsource(target))
    except (OSError, TypeError):
        code = getattr(target, "__code__", None)
        return fingerprint_of(
            target.__qualname__, b"" if code is None else code.co_code + repr(code.co_consts).encode()
        )
