"""A user's own Python function as a scorer."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from ganatomy.errors import CheckpointError, MissingFileError, ScoreError, SettingError, UnknownNameError
from ganatomy.latents import Latents
from ganatomy.perception.base import Scorer, check_names, class_log_odds, fingerprint_of, logit

OUTPUTS = ("probabilities", "logits", "class logits")


class FunctionScorer(Scorer):
    """Scores with any function of images in [-1, 1] that gives `[n, attributes]`, or `[n]` for a single attribute.

    Args:
        names: one for each column; may also be an attribute `names` of the function.
        output: "probabilities", "logits" (a sigmoid for each) or "class logits" (one softmax over all).
        fingerprint: identifies this function; by default its source, and its weights where it is a module.
            Give one where the answer hangs on something else, such as a file that the function reads.

    Raises:
        SettingError: when there are no names, or the output is of no known kind.
    """

    def __init__(
        self,
        function: Callable[[Tensor], Any],
        names: Iterable[str] | None = None,
        *,
        output: str = "probabilities",
        fingerprint: str | None = None,
    ) -> None:
        if output not in OUTPUTS:
            raise SettingError(f"{output!r} is not a known output; choose one of {', '.join(OUTPUTS)}")
        names = names if names is not None else getattr(function, "names", None)
        title = getattr(function, "__qualname__", type(function).__qualname__)
        if names is None:
            raise SettingError(f"{title} does not say what its columns are; give names=[...], one for each")
        self.function = function
        self.output = output
        self.names = check_names(names)
        self.fingerprint = fingerprint or fingerprint_of(_identity(function), output, *self.names)
        self.description = f"{title} (function, {len(self.names)} attributes)"

    def _logits(self, images: Float[Tensor, "n c h w"], *, latents: Latents | None, start: int) -> Tensor:
        values = torch.as_tensor(self.function(images))
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


def load_function(spec: str) -> Callable[[Tensor], Any]:
    """The function that `path/to/file.py:name` points at. This runs the file, which is the user's own code.

    Raises:
        MissingFileError: when there is no such file. UnknownNameError: when it has no such function.
        CheckpointError: when the file fails to run.
    """
    file, _, name = spec.rpartition(":")
    path = Path(file)
    if not path.is_file():
        raise MissingFileError(f"{path} does not exist; a function is given as file.py:name")
    title = f"ganatomy_user_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]}"
    module_spec = importlib.util.spec_from_file_location(title, path)
    assert module_spec is not None
    assert module_spec.loader is not None
    module = importlib.util.module_from_spec(module_spec)
    sys.modules[title] = module
    try:
        module_spec.loader.exec_module(module)
    except Exception as error:
        raise CheckpointError(f"{path} does not run: {type(error).__name__}: {error}") from error
    function = getattr(module, name, None)
    if not callable(function):
        known = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        raise UnknownNameError(f"function in {path.name}", name, known)
    return function


def _identity(function: Callable[..., Any]) -> str:
    """A digest of what a function is: its weights, its file, or its code."""
    if isinstance(function, nn.Module):
        state = sorted(function.state_dict().items())
        weights = (np.ascontiguousarray(t.detach().cpu().float().numpy()).tobytes() for _, t in state)
        return fingerprint_of(repr(function), *(name for name, _ in state), *weights)
    target = function if inspect.isroutine(function) else type(function)
    module = sys.modules.get(getattr(target, "__module__", "") or "")
    if module is not None and module.__name__.startswith("ganatomy_user_") and module.__file__:
        return fingerprint_of(Path(module.__file__).read_bytes(), target.__qualname__)
    try:
        return fingerprint_of(inspect.getsource(target))
    except (OSError, TypeError):
        code = getattr(target, "__code__", None)
        return fingerprint_of(
            target.__qualname__, b"" if code is None else code.co_code + repr(code.co_consts).encode()
        )
