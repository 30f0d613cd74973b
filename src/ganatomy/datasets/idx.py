"""MNIST's idx format."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from ganatomy.errors import CheckpointError, MissingFileError
from ganatomy.images import Pixels, sides


def read_idx(path: Path) -> UInt8[np.ndarray, "*shape"]:
    """Read MNIST's idx format, gzipped or plain: two zeros, type 8, number of axes, their sizes, bytes.

    Raises:
        MissingFileError, CheckpointError: when there is no such file, or it is of another format.
    """
    try:
        data = path.read_bytes()
        data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except FileNotFoundError:
        raise MissingFileError(f"{path} does not exist") from None
    except (OSError, EOFError) as error:
        raise CheckpointError(f"{path} cannot be unpacked: {error}") from None
    if len(data) < 4 or data[:3] != b"\x00\x00\x08" or not data[3]:
        raise CheckpointError(f"{path} is not an idx file of bytes, as MNIST's are")
    shape = np.frombuffer(data, ">i4", count=data[3], offset=4)
    pixels = np.frombuffer(data, np.uint8, offset=4 + 4 * data[3])
    if pixels.size != shape.prod():
        raise CheckpointError(
            f"{path} promises {shape.prod()} bytes and holds {pixels.size}; it may be cut off"
        )
    return pixels.reshape(shape)


def labels_beside(images: Path) -> Path | None:
    """The file of labels beside a file of images, both named as MNIST's are; None where there is none."""
    path = images.with_name(images.name.replace("images-idx3", "labels-idx1"))
    return path if path != images and path.is_file() else None


def idx_images(path: Path, *, resolution: int | tuple[int, int], channels: int = 1) -> Pixels:
    """Grey images of an idx file, with a dark border that brings them to `resolution`; opaque where there is alpha."""
    digits, wanted = read_idx(path), sides(resolution)
    if digits.ndim != 3 or any(has > room for has, room in zip(digits.shape[1:], wanted, strict=True)):
        raise CheckpointError(
            f"{path} holds an array of shape {list(digits.shape)}, not images of at most {resolution} px"
        )
    added = [room - has for room, has in zip(wanted, digits.shape[1:], strict=True)]
    grey = np.pad(digits, ((0, 0), *((more // 2, more - more // 2) for more in added)))[..., None]
    colours = grey.repeat(channels - (channels in (2, 4)), axis=3)
    return colours if channels in (1, 3) else np.concatenate([colours, np.full_like(grey, 255)], axis=3)
