"""Drawn faces as one array of bytes, and the random numbers of one step."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch

from ganatomy.datasets import draw_faces, sample_faces
from ganatomy.images import Pixels, to_uint8
from ganatomy.progress import Progress


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


def torch_rng(seed: int, step: int) -> None:
    """Start torch's generator anew for this step, so that a resumed run draws what an unbroken one would."""
    torch.manual_seed(int(np.random.default_rng((seed, step)).integers(2**62)))
