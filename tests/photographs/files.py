"""Photographs that the tests make, and detectors that need no network."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ganatomy.photographs import CELEBA, Face, Photograph

FACE = torch.tensor([[40, 40], [60, 40], [50, 50], [42, 60], [58, 60]], dtype=torch.float64)
"""Five points of a face that is about 40 pixels wide."""


def gradient(width: int = 60, height: int = 40) -> Image.Image:
    """Red grows to the right, green downwards."""
    across, down = np.meshgrid(np.arange(width) * 4, np.arange(height) * 4)
    return Image.fromarray(np.stack([across, down, np.full_like(across, 90)], axis=-1).astype(np.uint8))


def finds(*faces: torch.Tensor) -> Callable[[Photograph], Sequence[Face]]:
    """A detector that finds faces at these points in every photograph."""

    def detect(photograph: Photograph) -> list[Face]:
        found = []
        for points in faces:
            (left, top), (right, bottom) = points.amin(0).tolist(), points.amax(0).tolist()
            found.append(Face(box=(left - 10, top - 10, right + 10, bottom + 10), score=0.9, points=points))
        return found

    return detect


def celeba_points(side: float) -> torch.Tensor:
    """The points of a face that fills an image as CelebA's do."""
    return CELEBA.points * side


def huge_png(side: int) -> bytes:
    """The beginning of a PNG of that size, with hardly any data."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(bytes(100))), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def utkface(shared: Path, *numbers: int) -> list[Image.Image]:
    """Photographs of adults, aligned, 128 px."""
    with zipfile.ZipFile(shared / "data" / "utkface-adults-128.zip") as archive:
        found = []
        for number in numbers:
            with archive.open(f"{number:05d}.webp") as file:
                found.append(Image.open(file).convert("RGB"))
        return found
