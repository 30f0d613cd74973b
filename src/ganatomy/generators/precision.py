"""The precision that images are computed in; weights, codes and finished images keep theirs."""

from __future__ import annotations

from functools import cache
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


@cache
def matrix_units() -> bool:
    """Whether this processor has matrix units for bfloat16 (AMX)."""
    return torch.cpu._is_amx_tile_supported()  # noqa: SLF001 (torch has no other)


@cache
def bfloat16_units() -> bool:
    """Whether this processor multiplies in bfloat16, by matrices or by vectors (AVX512-BF16)."""
    return matrix_units() or torch.cpu._is_avx512_bf16_supported()  # noqa: SLF001 (torch has no other)


def quick_precision(
    device: str | torch.device, known: tuple[Precision, ...] = get_args(Precision)
) -> Precision:
    """Bfloat16 where convolutions are quicker in it: on GPUs that have it, and on processors with units for it.

    Args:
        device: that images are computed on.
        known: what the architecture can compute in.
    """
    kind = torch.device(device).type
    quick = torch.cuda.is_bf16_supported() if kind == "cuda" else kind == "cpu" and bfloat16_units()
    return "bfloat16" if quick and "bfloat16" in known else "float32"


def parse_precision(name: str, known: tuple[Precision, ...] = get_args(Precision)) -> Precision:
    """The precision of that name; raises SettingError for any other word, or for one that is not among the known."""
    if not _is_precision(name) or name not in known:
        raise SettingError(f"precision {name!r} is not available here; choose one of {', '.join(known)}")
    return name


def _is_precision(name: str) -> TypeGuard[Precision]:
    return name in get_args(Precision)
