"""What people give to functions, turned into what is computed with, or refused in one sentence."""

from __future__ import annotations

import errno
import numbers
import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from ganatomy.errors import CheckpointError, MissingFileError, SettingError

T = TypeVar("T")

LARGEST = 2**63 - 1


def whole(name: str, value: Any, *, least: int = 0, most: int = LARGEST) -> int:
    """A whole number of Python, NumPy or torch.

    >>> whole("seed", np.int64(3))
    3

    Raises:
        SettingError: for anything else, also 2.5 and True, and out of range.
    """
    if isinstance(value, np.ndarray | Tensor) and value.ndim == 0:
        value = value.item()
    if not isinstance(value, numbers.Integral) or isinstance(value, bool):
        raise SettingError(f"{name} is {value!r:.60}, not a whole number")
    number = int(value)
    if not least <= number <= most:
        bounds = f"{least} or more" if most == LARGEST and number < least else f"{least} to {most}"
        raise SettingError(f"{name} {number} is out of range; give {bounds}")
    return number


def a_path(value: Any) -> Path:
    """A path.

    Raises:
        SettingError: for what is neither text nor a path.
    """
    if not isinstance(value, str | os.PathLike):
        raise SettingError(f"a path is text, not {type(value).__name__}")
    return Path(value)


def a_file(value: Any, what: str = "a file") -> Path:
    """The path of a file that can be read: no folder, and no pipe, which would be waited for.

    Raises:
        SettingError: for what is no path.
        MissingFileError: when there is nothing of this name. CheckpointError: for anything but a file.
    """
    path = a_path(value)
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno not in (
            errno.ENOENT,
            errno.ENOTDIR,
            errno.ENAMETOOLONG,
        ):
            raise CheckpointError(f"{path} cannot be read: {error.strerror}; give {what}") from None
        raise MissingFileError(f"{str(path)[:300]} does not exist; give {what}") from None
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "a pipe, socket or device"
        raise CheckpointError(f"{path} is {kind}; give {what}")
    return path


def tensor(name: str, value: Any) -> Tensor:
    """Numbers as a tensor: of torch as they are, of NumPy or lists copied; a list of tensors is stacked.

    >>> tensor("images", [np.zeros((3, 2, 2)), torch.ones(3, 2, 2)]).shape
    torch.Size([2, 3, 2, 2])

    Raises:
        SettingError: for anything that is not numbers of one shape.
    """
    if isinstance(value, Tensor):
        return value
    try:
        if isinstance(value, list | tuple) and not value:
            return torch.zeros(0)
        if isinstance(value, Sequence) and not isinstance(value, str):
            found = torch.stack([tensor(name, each) for each in value])
        else:
            found = torch.tensor(value if isinstance(value, np.ndarray | numbers.Real) else None)
    except (TypeError, ValueError, RuntimeError):
        raise SettingError(
            f"{name} are numbers of one shape in a tensor, array or list, not {type(value).__name__}"
        ) from None
    return found.float() if found.dtype == torch.float64 else found


def not_finite(rows: Tensor) -> list[int]:
    """The rows that hold anything but finite numbers.

    >>> not_finite(torch.tensor([[0.0, 1.0], [0.0, float("nan")], [float("inf"), 0.0]]))
    [1, 2]
    """
    return (~rows.isfinite().flatten(1).all(1)).nonzero()[:, 0].tolist()


def texts(name: str, value: Any) -> tuple[str, ...]:
    """Names: a text is one, anything else is gone through.

    >>> texts("names", "Smiling"), texts("names", ["Smiling", "Male"])
    (('Smiling',), ('Smiling', 'Male'))

    Raises:
        SettingError: for what holds anything but texts.
    """
    if isinstance(value, str):
        return (value,)
    found = (
        tuple(value) if isinstance(value, Iterable) and not isinstance(value, bytes | Tensor) else (value,)
    )
    for each in found:
        if not isinstance(each, str):
            raise SettingError(f"{name} are texts, such as ['Smiling', 'Male'], not {type(each).__name__}")
    return tuple(str(each) for each in found)


def one_of(name: str, value: Any, known: Iterable[str]) -> str:
    """One of the words that are known.

    Raises:
        SettingError: for anything else, with all of them.
    """
    known = tuple(known)
    if not isinstance(value, str) or value not in known:
        raise SettingError(f"{name}={value!r:.60} is not known; choose one of {', '.join(known)}")
    return value


def instance(name: str, value: Any, kind: type[T], advice: str) -> T:
    """A value of one of our classes.

    Raises:
        SettingError: for any other, with advice where such a value comes from.
    """
    if not isinstance(value, kind):
        raise SettingError(f"{name} is {type(value).__name__}, not {kind.__name__}; {advice}")
    return value
