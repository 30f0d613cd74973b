"""Images with exact labels, to hold a scorer against."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Integer, UInt8
from torch import Tensor

from ganatomy.datasets.faces import ATTRIBUTES, draw_faces, sample_faces
from ganatomy.datasets.idx import idx_images, labels_beside, read_idx
from ganatomy.datasets.labels import read_labels
from ganatomy.datasets.references import NEW_PEOPLE
from ganatomy.errors import MissingFileError, SettingError
from ganatomy.images import from_uint8, read_image

NUM_LABELLED = 1000
"""Images that a scorer is tested on by default."""
TABLES = ("labels.csv", "labels.parquet", "labels.txt", "list_attr_celeba.txt", "list_attr_celeba.csv")
"""What the table of labels in a folder of images may be called."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Labelled:
    """Labelled images.

    Args:
        names: of the attributes.
        labels: whether each image has each.
        read: the images of these rows, in [-1, 1].
        known: which labels are there, by default all.
    """

    description: str
    names: tuple[str, ...]
    labels: Bool[Tensor, "n a"]
    read: Callable[[Tensor], Tensor]
    known: Bool[Tensor, "n a"] | None = None

    def __post_init__(self) -> None:
        if self.labels.shape[1] != len(self.names) or not len(self.labels):
            raise SettingError(
                f"{len(self.names)} names do not go with labels of shape {list(self.labels.shape)}; give one row for "
                "each image and one column for each name"
            )

    def __len__(self) -> int:
        return len(self.labels)


def drawn_labelled(*, resolution: int, n: int = NUM_LABELLED, seed: int = NEW_PEOPLE) -> Labelled:
    """Drawn faces of the population that the bundled models learnt, but new people."""
    faces = sample_faces(n, seed=seed)

    def read(rows: Int[Tensor, " m"]) -> Float[Tensor, "m 3 h w"]:
        return draw_faces(faces[rows], resolution=resolution)

    return Labelled(
        description=f"{n:,} newly drawn faces", names=tuple(ATTRIBUTES), labels=faces.labels, read=read
    )


def read_labelled(
    path: str | os.PathLike[str],
    names: Iterable[str],
    *,
    resolution: int | tuple[int, int],
    channels: int,
    seed: int = 0,
) -> Labelled:
    """Labelled images of a folder, or of an idx file as MNIST's with the file of labels beside it.

    Args:
        path: folder, or file of images.
        names: of the classes of an idx file.
        resolution: height and width.
        channels: 1 to 4.
        seed: of the images that are used.

    Raises:
        MissingFileError: without labels.
        SettingError, CheckpointError: as `class_labelled` and `folder_labelled` say.
    """
    path = Path(path)
    if not path.is_file():
        return folder_labelled(path, resolution=resolution, channels=channels, seed=seed)
    table = labels_beside(path)
    if table is None:
        raise MissingFileError(
            f"{path} has no labels beside it; name the images ...images-idx3... and the labels ...labels-idx1..., "
            "as MNIST's are"
        )
    pixels = idx_images(path, resolution=resolution, channels=channels)
    return class_labelled(pixels, read_idx(table), names, description=path.name, seed=seed)


def class_labelled(
    pixels: UInt8[np.ndarray, "n h w c"],
    classes: Integer[np.ndarray, " n"],
    names: Iterable[str],
    *,
    description: str,
    n: int = NUM_LABELLED,
    seed: int = 0,
) -> Labelled:
    """Images that each show one of the named classes, 0 for the first; n of them, drawn by `seed`.

    Raises:
        SettingError: for another number of classes than of images, or a class without a name.
    """
    names = tuple(names)
    if len(pixels) != len(classes) or not len(classes) or int(classes.max()) >= len(names):
        raise SettingError(
            f"{len(pixels)} images and {len(classes)} classes up to {classes.max(initial=0)} do not go with "
            f"{len(names)} names ({', '.join(names)}); give one class for each image, and one name for each class"
        )
    kept = np.sort(np.random.default_rng(seed).permutation(len(pixels))[:n])
    hot = torch.from_numpy(classes[kept].astype(np.int64))[:, None] == torch.arange(len(names))
    return Labelled(
        description=f"{len(kept):,} images of {description}",
        names=names,
        labels=hot,
        read=lambda rows: from_uint8(np.ascontiguousarray(pixels[kept[rows.numpy()]])),
    )


def folder_labelled(
    folder: str | os.PathLike[str],
    *,
    resolution: int | tuple[int, int],
    channels: int,
    n: int = NUM_LABELLED,
    seed: int = 0,
) -> Labelled:
    """Images of a folder with a table of labels in it (`TABLES`), such as `ganatomy dataset` writes.

    Raises:
        MissingFileError: without such a table, or an image that it names. CheckpointError: for another kind of file.
    """
    folder = Path(folder)
    found = [folder / name for name in TABLES if (folder / name).exists()]
    if not found:
        raise MissingFileError(f"{folder} holds no table of labels ({' or '.join(TABLES)})")
    table = read_labels(found[0])
    kept = np.sort(np.random.default_rng(seed).permutation(len(table))[:n])

    def read(rows: Int[Tensor, " m"]) -> Float[Tensor, "m c h w"]:
        paths = (folder / table.files[row] for row in kept[rows.numpy()])
        return torch.cat([read_image(path, channels=channels, size=resolution) for path in paths])

    return Labelled(
        description=f"{len(kept):,} images of {folder.name}",
        names=table.names,
        labels=table.values[torch.from_numpy(kept)] > 0.5,
        read=read,
        known=table.known[torch.from_numpy(kept)],
    )
