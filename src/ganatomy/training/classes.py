"""The class of each image: from the folder that it lies in, a table of labels, or an idx file of labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

import numpy as np
from jaxtyping import Int

from ganatomy.datasets.idx import labels_beside, read_idx
from ganatomy.datasets.labelled import TABLES
from ganatomy.datasets.labels import LabelTable, read_labels
from ganatomy.errors import MissingFileError, SettingError

FOLDERS, LABELS = "folders", "labels"
"""What may be asked for instead of columns: the folders that images lie in, and all that the labels say."""
MOST_CLASSES = 100
RARE = 16
"""Images below which a class is named as a small one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ImageClasses:
    """The classes of images.

    Args:
        names: of the classes.
        labels: the class of each image, counted from 0.
    """

    names: tuple[str, ...]
    labels: Int[np.ndarray, " n"]

    def __post_init__(self) -> None:
        count = len(self.names)
        if not 2 <= count <= MOST_CLASSES:
            raise SettingError(
                f"the labels give {count} {'class' if count == 1 else 'classes'} ({', '.join(self.names[:3])}...); "
                f"choose columns that give 2 to {MOST_CLASSES}, or leave the classes out"
            )

    @property
    def rare(self) -> list[str]:
        """Classes with few images, each with their number."""
        counts = np.bincount(self.labels, minlength=len(self.names))
        return [f"{name} ({count})" for name, count in zip(self.names, counts, strict=True) if count < RARE]


def image_classes(path: Path, files: Sequence[str], wanted: str) -> ImageClasses:
    """The class of each image of a folder or zip.

    Args:
        path: the folder or zip.
        files: names of the images in it.
        wanted: "folders", "labels", or columns of the table of labels, separated by commas. Each combination of
            columns that occurs is a class.

    Raises:
        MissingFileError: without a table. UnknownNameError: for a column that it lacks.
        SettingError: for images without a row, and for one class or too many.
    """
    if wanted == FOLDERS:
        return of_names([PurePath(name).parent.name or path.stem for name in files])
    columns = None if wanted == LABELS else [name.strip() for name in wanted.split(",")]
    table = read_labels(_table_of(path), names=columns)
    rows = _rows_of(table, files, path)
    unknown = (~table.known[rows]).any(dim=1).nonzero()[:, 0].tolist()
    if unknown:
        raise SettingError(
            f"{len(unknown):,} images have no label in {', '.join(table.names)}, {files[unknown[0]]} for one; leave "
            "them out, or choose other columns"
        )
    return of_combinations(table.values.numpy()[rows] > 0.5, table.names)


def idx_classes(path: Path, wanted: str) -> ImageClasses:
    """The classes in the file of labels beside an idx file of images.

    Raises:
        MissingFileError: without one. SettingError: where something else is asked for.
    """
    if wanted != LABELS:
        raise SettingError(f"{path.name} has no {wanted!r}; the classes of an idx file are its labels")
    table = labels_beside(path)
    if table is None:
        raise MissingFileError(f"{path} has no file of labels beside it, named as MNIST's are")
    return of_names([str(label) for label in read_idx(table).tolist()])


def of_names(names: Sequence[str]) -> ImageClasses:
    """Classes by their names, in alphabetical order; numbers by their size.

    Example:
        >>> of_names(["10", "9", "10"]).names
        ('9', '10')
    """
    known = sorted(set(names), key=lambda name: (int(name) if name.isdecimal() else 0, name))
    return ImageClasses(names=tuple(known), labels=np.array([known.index(name) for name in names]))


def of_combinations(values: np.ndarray, names: Sequence[str]) -> ImageClasses:
    """A class for each combination of attributes that occurs, by the names of those that it has.

    Example:
        >>> of_combinations(np.array([[True, False], [True, True], [False, False]]), ["Male", "Young"]).names
        ('Male + Young', 'Male', 'neither')
    """
    found, labels = np.unique(values, axis=0, return_inverse=True)
    nothing = f"no {names[0]}" if len(names) == 1 else "neither" if len(names) == 2 else "none of them"
    texts = [
        " + ".join(name for name, has in zip(names, row, strict=True) if has) or nothing for row in found
    ]
    # Rows that have the first attributes come last; in the order of the columns they come first.
    return ImageClasses(names=tuple(reversed(texts)), labels=len(found) - 1 - labels.reshape(-1))


def _table_of(path: Path) -> Path:
    if path.is_file():
        return path  # a zip, with the table among its images
    found = [path / name for name in TABLES if (path / name).exists()]
    if not found:
        raise MissingFileError(f"{path} holds no table of labels ({' or '.join(TABLES)})")
    return found[0]


def _rows_of(table: LabelTable, files: Sequence[str], path: Path) -> list[int]:
    """The row of each image: by its path, or by its name alone, as in CelebA's own layout."""
    places = {name: row for row, name in enumerate(table.files)}
    rows = [places.get(PurePath(name).as_posix(), places.get(PurePath(name).name)) for name in files]
    missing = [name for name, row in zip(files, rows, strict=True) if row is None]
    if missing:
        raise SettingError(
            f"{len(missing):,} images of {path} have no row in its table of labels, {missing[0]} for one"
        )
    return [row for row in rows if row is not None]
