"""Weights in fewer bits: 16 as half precision, 8 or less as whole numbers with one scale for each row.

A tensor that is stored as whole numbers k has its scales s beside it, under its name and `:scale`: row i of it is
s[i] k[i]. Scales have few digits, so that these products are exact and a second rounding changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ganatomy.errors import CheckpointError, SettingError

SCALE = ":scale"
"""What ends the name of the scales of a tensor."""

LEAST_NUMBERS = 1 << 14
"""Smaller matrices keep 16 bits: they weigh little, and each number of theirs matters more."""

DIGITS = 1 << 12
"""Values that the leading digits of a scale can have."""

BITS = (32, 16, 8, 7, 6, 5, 4)


def narrowed(tensors: Mapping[str, Tensor], bits: int, *, least: int = LEAST_NUMBERS) -> dict[str, Tensor]:
    """Tensors as they are stored in so many bits; vectors and whole numbers are kept, and what 16 bits cannot hold.

    Args:
        tensors: by name.
        bits: 32, 16, or 8 to 4 for matrices of at least so many numbers, whose smaller ones then have 16.
        least: how many numbers those matrices have.

    Returns:
        The tensors to store, with scales beside those of 8 bits or less.

    Raises:
        SettingError: for another number of bits.

    Example:
        >>> stored = narrowed({"weight": torch.tensor([[1.0, -0.5, 0.26], [0.0, 0.0, 0.0]])}, 8, least=1)
        >>> stored["weight"].tolist(), stored["weight"].dtype
        ([[127, -63, 33], [0, 0, 0]], torch.int8)
        >>> widened(stored)["weight"][0]
        tensor([ 1.0004, -0.4963,  0.2600])
    """
    if bits not in BITS:
        raise SettingError(f"weights are stored in {', '.join(map(str, BITS))} bits, not in {bits!r:.40}")
    stored: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        tensor = tensor.detach().cpu().contiguous()
        matrix = tensor.is_floating_point() and tensor.ndim > 1
        if matrix and bits <= 8 and tensor.numel() >= least and bool(tensor.isfinite().all()):
            stored |= _whole_numbers(name, tensor.float(), levels=2 ** (bits - 1) - 1)
        elif matrix and bits < 32:
            stored[name] = halved(tensor.float())
        else:
            stored[name] = tensor.float() if tensor.is_floating_point() else tensor
    return stored


def widened(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors out of a file, those of 8 bits or less as float32.

    Raises:
        CheckpointError: for whole numbers and scales that do not fit together.
    """
    found: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        scale = tensors.get(name + SCALE)
        if scale is None:
            if not (name.endswith(SCALE) and name.removesuffix(SCALE) in tensors):
                found[name] = tensor
        elif (
            tensor.dtype != torch.int8
            or scale.dtype != torch.float32
            or scale.shape != (tensor.shape or (1,))[:1]
        ):
            raise CheckpointError(
                f"{name} is {tensor.dtype} of shape {list(tensor.shape)} with scales {scale.dtype} of shape "
                f"{list(scale.shape)}; int8 with a float32 for each row are expected"
            )
        else:
            found[name] = tensor.float() * scale.view(-1, *[1] * (tensor.ndim - 1))
    return found


def halved(tensor: Tensor) -> Tensor:
    """Half precision, but for what it cannot hold: whole numbers, and values beyond 65504."""
    half = tensor.half()
    return half if tensor.is_floating_point() and bool(torch.isfinite(half).all()) else tensor


def _whole_numbers(name: str, tensor: Tensor, *, levels: int) -> dict[str, Tensor]:
    """Whole numbers from -levels to levels, and the scale of each row: the least that reaches its largest number."""
    mantissa, exponent = torch.frexp(tensor.abs().flatten(1).amax(1) / levels)
    scale = torch.ldexp((mantissa * DIGITS).ceil() / DIGITS, exponent)
    divisor = torch.where(scale > 0, scale, 1.0).view(-1, *[1] * (tensor.ndim - 1))
    numbers = (tensor / divisor).round().clamp(-levels, levels).to(torch.int8)
    return {name: numbers, name + SCALE: scale}
