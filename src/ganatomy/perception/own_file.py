"""Functions in a file of the user's own, which need not be installed anywhere."""

from __future__ import annotations

import sys
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from torch import Tensor

from ganatomy.errors import CheckpointError, MissingFileError, UnknownNameError
from ganatomy.perception.base import fingerprint_of


class OwnFile(ModuleType):
    """A file of Python that has run in this process, under a name that no other file and no other version of it has."""

    def __init__(self, path: str, source: bytes) -> None:
        super().__init__(f"ganatomy_user_{fingerprint_of(path, source)[:12]}")
        self.__file__, self.__source__ = path, source

    @classmethod
    def run(cls, path: str, source: bytes) -> OwnFile:
        """Run the file. What it raises is raised."""
        module = cls(path, source)
        sys.modules[module.__name__] = module
        try:
            exec(compile(source, path, "exec"), vars(module))  # noqa: S102 (the user's own code, who asks for it)
        except BaseException:
            del sys.modules[module.__name__]
            raise
        return module


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
    try:
        module = OwnFile.run(str(path.resolve()), path.read_bytes())
    except Exception as error:
        raise CheckpointError(f"{path} does not run: {type(error).__name__}: {error}") from error
    function = getattr(module, name, None)
    if not callable(function):
        known = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        raise UnknownNameError(f"function in {path.name}", name, known)
    return function


def reduce_with_file(thing: object) -> tuple[Callable[..., Any], tuple[str, bytes, str]] | None:
    """How to pickle a function or a class of such a file for another process: with the file; None for all else."""
    if not isinstance(thing, type | FunctionType) or "<" in thing.__qualname__:
        return None
    module = sys.modules.get(thing.__module__)
    if not isinstance(module, OwnFile):
        return None
    return _member, (str(module.__file__), module.__source__, thing.__qualname__)


def _member(path: str, source: bytes, name: str) -> Any:
    module = sys.modules.get(OwnFile(path, source).__name__) or OwnFile.run(path, source)
    return attrgetter(name)(module)
