"""MNIST's idx format."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from ganatomy.errors import CheckpointError, MissingFileError
from ganatomy.images import Pixels, sides

MOST_BYTES = 2**30
"""Of all images of a file; the largest known set, EMNIST, has 640 million. What is packed may claim anything."""
MOST_RATIO = 1032
"""Bytes that one byte of a gzipped file can stand for."""


def read_idx(path: Path) -> UInt8[np.ndarray, "*shape"]:
    """Read MNIST's idx format, gzipped or plain: two zeros, type 8, number of axes, their sizes, bytes.

    Raises:
        MissingFileError, CheckpointError: when there is no such file, or it is of another format.
    """
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == b"\x1f\x8b"
        with gzip.open(path) if zipped else path.open("rb") as file:
            head = file.read(4)
            if len(head) < 4 or head[:3] != b"\x00\x00\x08" or not head[3]:
                raise CheckpointError(f"{path} is not an idx file of bytes, as MNIST's are")
            sizes = file.read(4 * head[3])
            shape = [int.from_bytes(sizes[at : at + 4], "big") for at in range(0, len(sizes), 4)]
            promised = math.prod(shape)
            if len(sizes) != 4 * head[3] or promised > min(MOST_BYTES, MOST_RATIO * path.stat().st_size):
                raise CheckpointError(f"{path} promises {promised:,} bytes, which it cannot hold")
            pixels = np.frombuffer(file.read(promised + 1), np.uint8)
    except FileNotFoundError:
        raise MissingFileError(f"{path} does not exist") from None
    except (OSError, EOFError, zlib.error) as error:
        raise CheckpointError(f"{path} cannot be unpacked: {error}") from None
    if pixels.size != promised:
        raise CheckpointError(f"{path} promises {promised:,} bytes and holds others; it may be cut off")
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
