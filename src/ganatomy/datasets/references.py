"""Real images to hold generated ones against, read in batches."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from ganatomy.datasets.faces import draw_faces, sample_faces
from ganatomy.datasets.files import files_of
from ganatomy.datasets.idx import idx_images, read_idx
from ganatomy.errors import SettingError
from ganatomy.images import from_uint8, image_in

NEW_PEOPLE = 20_000_003
"""Seed of drawn faces that no bundled model has seen."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Reference:
    """Real images.

    Args:
        names: one for each, such as its file.
        read: the images of these rows, in [-1, 1].

    Example::

        real = ga.drawn_reference(resolution=64, n=100)
        images = real.read(torch.arange(8))
    """

    description: str
    names: tuple[str, ...]
    read: Callable[[Tensor], Tensor]

    def __len__(self) -> int:
        return len(self.names)


def read_reference(
    path: str | os.PathLike[str], *, resolution: int | tuple[int, int], channels: int, seed: int = 0
) -> Reference:
    """The images of a folder, a zip, or an idx file as MNIST's, in an order that `seed` draws.

    Raises:
        MissingFileError, CheckpointError: when they cannot be read.
    """
    path = Path(path)
    if not path.is_file() or zipfile.is_zipfile(path):
        return folder_reference(path, resolution=resolution, channels=channels, seed=seed)
    pixels = idx_images(path, resolution=resolution, channels=channels)
    return array_reference(pixels, description=path.name, seed=seed)


def read_classes(path: Path, reference: Reference) -> Int[Tensor, " n"]:
    """The classes in an idx file of labels, in the order of the images of `read_reference`.

    Raises:
        SettingError: for another number of labels than of images.
        MissingFileError, CheckpointError: when they cannot be read.
    """
    found = read_idx(path)
    if found.shape != (len(reference),):
        raise SettingError(
            f"{path} holds labels of shape {list(found.shape)} for {len(reference)} images; give one for each"
        )
    # Images of a file are named by their place in it.
    return torch.from_numpy(found.astype(np.int64))[[int(name) for name in reference.names]]


def folder_reference(
    folder: str | os.PathLike[str], *, resolution: int | tuple[int, int], channels: int, seed: int = 0
) -> Reference:
    """The images of a folder and those below it, or of a zip, each resized to a square, in an order that `seed` draws.

    Raises:
        MissingFileError: when there are none. CheckpointError: for a file that is no zip, and of `read`, for a damaged
            image.

    Example::

        real = ga.folder_reference("photographs/", resolution=64, channels=3)
        print(ga.measure(experiment, ["frechet"], data=real))
    """
    files = files_of(Path(folder))
    # Folders are sorted by class or by person, and the first of them would not stand for all.
    names = tuple(files.names[row] for row in np.random.default_rng(seed).permutation(len(files.names)))

    def image(name: str) -> Float[Tensor, "1 c h w"]:
        with closing(files.open(name)) as file:
            return image_in(file.read(), str(files.where / name), channels=channels, size=resolution)

    return Reference(
        description=f"{len(names)} images of {folder}",
        names=names,
        read=lambda rows: torch.cat([image(names[row]) for row in rows.tolist()]),
    )


def array_reference(pixels: UInt8[np.ndarray, "n h w c"], *, description: str, seed: int = 0) -> Reference:
    """Images of an array of bytes, which may lie on disk, in an order that `seed` draws."""
    rows = np.random.default_rng(seed).permutation(len(pixels))
    return Reference(
        description=f"{len(rows)} images of {description}",
        names=tuple(str(row) for row in rows),
        read=lambda which: from_uint8(np.ascontiguousarray(pixels[rows[which.numpy()]])),
    )


def drawn_reference(*, resolution: int, n: int, seed: int = NEW_PEOPLE) -> Reference:
    """Drawn faces of the population that the bundled generator learnt, but new ones.

    Example::

        real = ga.drawn_reference(resolution=64, n=1000)
        print(ga.measure(experiment, ["frechet"], data=real))
    """

    def read(rows: Int[Tensor, " m"]) -> Float[Tensor, "m 3 h w"]:
        first, last = int(rows.min()), int(rows.max())
        faces = sample_faces(last + 1 - first, seed=seed, start=first)
        return draw_faces(faces, resolution=resolution)[rows - first]

    return Reference(
        description=f"{n} newly drawn faces", names=tuple(f"face {row}" for row in range(n)), read=read
    )
