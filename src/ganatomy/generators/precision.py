"""The precision that images are computed in; weights, codes and finished images keep theirs."""

from __future__ import annotations

from typing import Literal, TypeGuard, get_args

import torch

from ganatomy.errors import SettingError

Precision = Literal["float32", "bfloat16", "float16"]
DTYPES: dict[Precision, torch.dtype | None] = {
    "float32": None,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}
"""None is the precision of the weights."""


def parse_precision(name: str, known: tuple[Precision, ...] = get_args(Precision)) -> Precision:
    """The precision of that name; raises SettingError for any other word, or for one that is not among the known."""
    if not _is_precision(name) or name not in known:
        raise SettingError(f"precision {name!r} is not available here; choose one of {', '.join(known)}")
    return name


def _is_precision(name: str) -> TypeGuard[Precision]:
    return name in get_args(Precision)
