"""Where training images come from: one array of bytes `[n, height, width, channels]`, drawn, or read from disk."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn import functional as F

from ganatomy.datasets import draw_faces, sample_faces
from ganatomy.errors import CheckpointError, MissingFileError
from ganatomy.images import from_uint8, read_image, to_uint8

Progress = Callable[[str, int, int], None]
"""Told by long work how far it is: (stage, done, total)."""
Pixels = UInt8[np.ndarray, "n h w c"]
IMAGE_ENDINGS = {".png", ".jpg", ".jpeg", ".webp", ".bmp"}


def drawn_faces(
    folder: Path,
    n: int,
    *,
    resolution: int,
    seed: int,
    entangled: bool = True,
    progress: Progress | None = None,
) -> Pixels:
    """Draw n faces into `folder` and map them from there; a second call with the same numbers draws nothing."""
    kind = "entangled" if entangled else "independent"
    path = folder / f"faces-{kind}-{resolution}px-{n}-seed{seed}.npy"
    if not path.exists():
        part = path.with_suffix(".part")
        array = np.lib.format.open_memmap(
            part, mode="w+", dtype=np.uint8, shape=(n, resolution, resolution, 3)
        )
        for start in range(0, n, 512):
            count = min(512, n - start)
            faces = sample_faces(count, seed=seed, start=start, entangled=entangled)
            array[start : start + count] = to_uint8(draw_faces(faces, resolution=resolution))
            if progress:
                progress(f"drawing faces ({kind})", start + count, n)
        array.flush()
        os.replace(part, path)
    return np.load(path, mmap_mode="r")


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


def idx_images(path: Path, *, resolution: int) -> Pixels:
    """Grey images of an idx file, with a dark border added to bring them to `resolution`."""
    digits = read_idx(path)
    if digits.ndim != 3 or max(digits.shape[1:]) > resolution:
        raise CheckpointError(
            f"{path} holds an array of shape {list(digits.shape)}, not images of at most {resolution} px"
        )
    pad = [(resolution - size) // 2 for size in digits.shape[1:]]
    rest = [resolution - size - p for size, p in zip(digits.shape[1:], pad, strict=True)]
    return np.pad(digits, ((0, 0), (pad[0], rest[0]), (pad[1], rest[1])))[..., None]


def folder_images(folder: Path, *, resolution: int, channels: int) -> Pixels:
    """All images of a folder, each resized to a square.

    Raises:
        MissingFileError: when the folder holds none.
    """
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in IMAGE_ENDINGS)
    if not paths:
        raise MissingFileError(f"{folder} holds no images ({', '.join(sorted(IMAGE_ENDINGS))})")
    return np.concatenate([to_uint8(read_image(p, channels=channels, size=resolution)) for p in paths])


def pick(pixels: Pixels, rows: np.ndarray, resolution: int) -> Float[Tensor, "rows c r r"]:
    """These rows as images, averaged down to `resolution`."""
    images = from_uint8(pixels[np.sort(rows)])
    factor = images.shape[-1] // resolution
    return F.avg_pool2d(images, factor) if factor > 1 else images


def torch_rng(seed: int, step: int) -> None:
    """Start torch's generator anew for this step, so that a resumed run draws what an unbroken one would."""
    torch.manual_seed(int(np.random.default_rng((seed, step)).integers(2**62)))
