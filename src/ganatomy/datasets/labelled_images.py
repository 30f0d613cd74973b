"""Anyone's labelled images: folders and zips with a table of labels, CelebA's own layout, a folder for each class."""

from __future__ import annotations

import os
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from jaxtyping import Float, Int
from PIL import Image
from torch import Tensor

from ganatomy.datasets.derived import parse_derived
from ganatomy.datasets.faces import ATTRIBUTES, FACTORS, draw_faces, sample_faces
from ganatomy.datasets.files import Framing, ImageFiles, files_of, read_square
from ganatomy.datasets.tables import ColumnTable, read_table
from ganatomy.errors import CheckpointError, MissingFileError, ScoreError, SettingError, UnknownNameError
from ganatomy.images import DAMAGED, Pixels, from_uint8, to_uint8

TABLES = (
    *("labels.csv", "labels.tsv", "labels.txt", "labels.parquet", "list_attr_celeba.txt", "list_attr_celeba.csv"),
    *("metadata.csv", "attributes.csv"),
)  # fmt: skip
"""What the table of labels beside images may be called."""

PARTS_FILE, PEOPLE_FILE = "list_eval_partition.txt", "identity_CelebA.txt"
"""CelebA's own parts (0, 1, 2 for training, validation, test), and who is in each image."""

PARTS = ("train", "validation", "test")
PART_NAMES: Mapping[str, str] = {
    "train": "train",
    "training": "train",
    "0": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "1": "validation",
    "test": "test",
    "testing": "test",
    "2": "test",
}
"""What folders and tables call the parts of a data set."""

NAMED = 3
"""Files that a sentence names before it counts the rest."""

Rows = Int[np.ndarray, " _"]


@dataclass(frozen=True, kw_only=True)
class LabelChoice:
    """What is taken from a table of labels.

    Args:
        attributes: columns that are attributes; by default all that hold labels.
        factors: columns of continuous values, such as an age in years.
        derived: attributes that a column decides, such as "Young=age<35".
        people: column that says who is in an image.
        part: column that says which part an image belongs to: train, validation or test.
        unknown: number that stands for a label that is not known, such as -1 beside 0 and 1.

    Example::

        choice = ga.LabelChoice(attributes=("Smiling",), derived=("Young=age<35",), unknown=-1)
    """

    attributes: tuple[str, ...] = ()
    factors: tuple[str, ...] = ()
    derived: tuple[str, ...] = ()
    people: str | None = None
    part: str | None = None
    unknown: float | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelledImages:
    """Images with what is known of each.

    Args:
        description: one line for a person.
        names: of the attributes.
        labels: 0, 1 or how probable; those that are not a number are unknown.
        files: what each image is called.
        read: the bytes of these rows at a resolution.
        channels: 1 or 3.
        exclusive: whether every image has exactly one of the attributes, such as the class of its folder.
        factor_names: of the continuous values.
        factors: in their own units; those that are not a number are unknown.
        people: a number for each person.
        parts: one of `PARTS` for each image, where the data say so.
        notes: what a person should know of how they were read.

    Example::

        images = ga.drawn_images(100, seed=0)
        print(images.names, images.labels.mean(0))
    """

    description: str
    names: tuple[str, ...]
    labels: Float[Tensor, "n a"]
    files: Sequence[str]
    read: Callable[[Rows, int], Pixels]
    channels: int = 3
    exclusive: bool = False
    factor_names: tuple[str, ...] = ()
    factors: Float[Tensor, "n f"] | None = None
    people: Int[Tensor, " n"] | None = None
    parts: Sequence[str] | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    def images(self, rows: Rows, resolution: int) -> Float[Tensor, "m c r r"]:
        """The images of these rows in [-1, 1]."""
        return from_uint8(self.read(rows, resolution))

    def select(self, rows: Rows) -> LabelledImages:
        """These rows alone."""
        rows, read = np.asarray(rows), self.read
        which = torch.from_numpy(rows)
        return replace(
            self,
            labels=self.labels[which],
            files=[self.files[row] for row in rows],
            read=lambda own, resolution: read(rows[own], resolution),
            factors=None if self.factors is None else self.factors[which],
            people=None if self.people is None else self.people[which],
            parts=None if self.parts is None else [self.parts[row] for row in rows],
        )

    def choose(self, *, attributes: Iterable[str] = (), factors: Iterable[str] = ()) -> LabelledImages:
        """These attributes and factors alone; without names all attributes, and no factors.

        Raises:
            UnknownNameError: for one that there is none of.
        """
        chosen = {"attribute": (tuple(attributes) or self.names, self.names)}
        chosen["factor"] = (tuple(factors), self.factor_names)
        for kind, (wanted, known) in chosen.items():
            for name in wanted:
                if name not in known:
                    raise UnknownNameError(kind, name, known)
        names, own = chosen["attribute"][0], chosen["factor"][0]
        columns = [self.factor_names.index(name) for name in own]
        return replace(
            self,
            names=names,
            labels=self.labels[:, [self.names.index(name) for name in names]],
            factor_names=own,
            factors=self.factors[:, columns] if self.factors is not None and own else None,
        )

    def scored_by(self, names: Iterable[str]) -> LabelledImages:
        """The attributes that are also among these names, in their order.

        Raises:
            SettingError: when there is none.
        """
        names = tuple(names)
        shared = tuple(name for name in names if name in self.names)
        if not shared:
            raise SettingError(
                f"none of {_first(names)} has a label in {self.description} ({_first(self.names)}); give data whose "
                "labels have the classifier's names"
            )
        return replace(self, names=shared, labels=self.labels[:, [self.names.index(name) for name in shared]])


def open_labelled(
    path: str | os.PathLike[str],
    *,
    choice: LabelChoice | None = None,
    crop: str = "center",
    channels: int = 3,
    table: str | os.PathLike[str] | None = None,
) -> LabelledImages:
    """The labelled images of a folder or a zip.

    ```
    photos/labels.csv  photos/a.jpg ...                       # a table whose first column names the images
    celeba/list_attr_celeba.txt  celeba/img_align_celeba/...  # with CelebA's own parts and identities
    animals/cat/1.jpg  animals/dog/2.jpg ...                  # a folder for each class
    animals/train/cat/...  animals/test/cat/...               # the same in parts
    photos.zip                                                # any of these in an archive
    ```

    Args:
        path: of the folder or the zip.
        choice: what is taken from the table; by default all columns that hold labels.
        crop: how images become squares, as in `Framing`.
        channels: 1 or 3.
        table: of labels, where it does not lie beside the images.

    Raises:
        MissingFileError: when there is no such place, or there are no images, or no labels of any of them.
        CheckpointError: for a damaged table or archive, or an image that it names twice.
        SettingError, UnknownNameError: for a choice that does not fit.

    Example::

        images = ga.open_labelled("celeba/", choice=ga.LabelChoice(attributes=("Smiling", "Male")))
    """
    path = Path(path)
    if not path.exists():
        raise MissingFileError(f"{path} does not exist; give a folder or a zip of labelled images")
    if path.is_file() and not zipfile.is_zipfile(path):
        raise CheckpointError(f"{path} is neither a folder nor a zip; give one that holds images and labels")
    files = files_of(path)
    found = Path(table) if table is not None else _table_beside(path)
    choice = choice or LabelChoice()
    framing = Framing(resolution=8, crop=crop)
    if found is None:
        return _of_classes(files, framing, channels, choice)
    inside = None if table is not None or path.is_dir() else str(found)
    rows = read_table(path if inside else (found if table is not None else path / found), inside=inside)
    return _of_table(files, rows, choice, framing, channels)


def drawn_images(n: int, *, seed: int, entangled: bool = True) -> LabelledImages:
    """Drawn faces with their exact labels and factors, drawn when they are read.

    Example:
        >>> faces = drawn_images(4, seed=0)
        >>> faces.read(np.array([0, 3]), 32).shape
        (2, 32, 32, 3)
    """
    faces = sample_faces(n, seed=seed, entangled=entangled)
    return LabelledImages(
        description=f"{n:,} drawn faces",
        names=tuple(ATTRIBUTES),
        labels=faces.labels.float(),
        files=[f"face {row}" for row in range(n)],
        read=lambda rows, resolution: to_uint8(
            draw_faces(faces[torch.from_numpy(np.asarray(rows))], resolution=resolution)
        ),
        factor_names=tuple(factor.name for factor in FACTORS),
        factors=faces.factors,
    )


def _table_beside(path: Path) -> Path | None:
    """The table of labels in a folder or an archive, by its usual names."""
    if path.is_dir():
        return next((Path(name) for name in TABLES if (path / name).is_file()), None)
    with zipfile.ZipFile(path) as archive:
        inside = sorted(archive.namelist(), key=lambda name: (name.count("/"), name))
    return next((Path(name) for wanted in TABLES for name in inside if Path(name).name == wanted), None)


def _reader(
    files: ImageFiles, names: Sequence[str], framing: Framing, channels: int
) -> Callable[[Rows, int], Pixels]:
    def read(rows: Rows, resolution: int) -> Pixels:
        own = replace(framing, resolution=resolution)
        return np.stack([one(names[int(row)], own) for row in rows])

    def one(name: str, own: Framing) -> np.ndarray:
        try:
            return read_square(files, name, own, channels)
        except (*DAMAGED, zipfile.BadZipFile, Image.DecompressionBombError) as error:
            raise CheckpointError(
                f"{name} of {files.where} cannot be read as an image ({error}); remove it, or its row"
            ) from None

    return read


def _of_table(
    files: ImageFiles, table: ColumnTable, choice: LabelChoice, framing: Framing, channels: int
) -> LabelledImages:
    first, *others = table.names
    derived = [parse_derived(text) for text in choice.derived]
    special = {name for name in (choice.people, choice.part, *choice.factors) if name}
    special |= {one.column for one in derived}
    names = choice.attributes or tuple(
        name for name in others if name not in special and not table.is_text(name)
    )
    if not names and not derived:
        raise CheckpointError(
            f"{table.path} has no labels beside {first!r}; its first column names the images, each other one holds the "
            "labels of an attribute"
        )
    labelled = table.texts(first)
    twice = [name for name, count in Counter(labelled).items() if count > 1 and name]
    if twice:
        raise CheckpointError(f"{table.path} names {_first(twice)} more than once; give each image one row")
    places = _places(files.names)
    rows = [row for row, name in enumerate(labelled) if _key(name, places) is not None]
    if not rows:
        raise MissingFileError(
            f"none of the images that {table.path} names ({_first(labelled)}) is in {files.where} "
            f"({_first(files.names)}); its first column must hold file names"
        )
    chosen = [places[key] for row in rows if (key := _key(labelled[row], places)) is not None]
    kept = np.array(rows)
    columns = [table.labels(name, unknown=choice.unknown)[kept] for name in names] + [
        one.labels(table)[kept] for one in derived
    ]
    return LabelledImages(
        description=f"{len(rows):,} images of {files.where.name}",
        names=_unique((*names, *(one.name for one in derived))),
        labels=torch.from_numpy(np.stack(columns, axis=1).astype(np.float32)),
        files=chosen,
        read=_reader(files, chosen, framing, channels),
        channels=channels,
        factor_names=choice.factors,
        factors=_factors(table, choice.factors, kept),
        people=_people(files, table, choice.people, kept, chosen),
        parts=_parts(files, table, choice.part, kept, chosen),
        notes=_notes(files, labelled, rows, chosen),
    )


def _of_classes(files: ImageFiles, framing: Framing, channels: int, choice: LabelChoice) -> LabelledImages:
    """A folder for each class, perhaps in folders for the parts."""
    paths = [PurePosixPath(*Path(name).parts) for name in files.names]
    folders = [path.parts[:-1] for path in paths]
    if len(set(folders)) > 1:
        shared = sum(1 for _ in takewhile(lambda same: len(set(same)) == 1, zip(*folders, strict=False)))
        folders = [parts[shared:] for parts in folders]
    parts = None
    if folders and all(parts and parts[0].lower() in PART_NAMES for parts in folders):
        parts = [PART_NAMES[parts[0].lower()] for parts in folders]
        folders = [parts[1:] for parts in folders]
    classes = sorted({folder[0] for folder in folders if folder})
    if not all(folders) or len(classes) < 2:
        raise MissingFileError(
            f"{files.where} holds {len(paths):,} images without labels; put a table beside them (labels.csv, whose "
            "first column names the images), or give each class a folder, two or more"
        )
    if choice != LabelChoice():
        raise SettingError(
            f"{files.where} has a folder for each class ({_first(classes)}), and no columns to choose from"
        )
    labels = torch.tensor([[float(folder[0] == name) for name in classes] for folder in folders])
    return LabelledImages(
        description=f"{len(paths):,} images of {files.where.name}",
        names=tuple(classes),
        labels=labels,
        files=files.names,
        read=_reader(files, files.names, framing, channels),
        channels=channels,
        exclusive=True,
        parts=parts,
    )


def _places(names: Iterable[str]) -> dict[str, str]:
    """Image files by their path, their name and their stem; names that two files share are left out."""
    places: dict[str, str] = {}
    every = list(names)
    for short in (lambda path: path.stem, lambda path: path.name):
        shorts = [short(PurePosixPath(*Path(name).parts)) for name in every]
        counts = Counter(shorts)
        places |= {own: name for own, name in zip(shorts, every, strict=True) if counts[own] == 1}
    return places | {str(PurePosixPath(*Path(name).parts)): name for name in every}


def _key(name: str, places: Mapping[str, str]) -> str | None:
    """Under which of its names an image of the table is known."""
    path = PurePosixPath(name.replace("\\", "/").removeprefix("./"))
    return next((key for key in (str(path), path.name, path.stem) if name and key in places), None)


def _factors(table: ColumnTable, names: Sequence[str], kept: Rows) -> Float[Tensor, "n f"] | None:
    if not names:
        return None
    values = np.stack([table.numbers(name)[kept] for name in names], axis=1)
    if np.isnan(values).all(0).any():
        raise ScoreError(
            f"{table.path} has no value of {_first(names)} for any image; name columns of numbers"
        )
    return torch.from_numpy(values.astype(np.float32))


def _people(
    files: ImageFiles, table: ColumnTable, column: str | None, kept: Rows, chosen: Sequence[str]
) -> Int[Tensor, " n"] | None:
    """A number for each person, by a column or by CelebA's list; an image without a name is of a person of its own."""
    if column is not None:
        texts = table.texts(column)
        who = [texts[row] for row in kept]
    elif (listed := _pairs(files, PEOPLE_FILE)) is not None:
        who = [listed.get(Path(name).name, "") for name in chosen]
    else:
        return None
    who = [name or f"image {row}" for row, name in enumerate(who)]
    return torch.from_numpy(np.unique(who, return_inverse=True)[1].astype(np.int64))


def _parts(
    files: ImageFiles, table: ColumnTable, column: str | None, kept: Rows, chosen: Sequence[str]
) -> Sequence[str] | None:
    if column is not None:
        texts = table.texts(column)
        said = [texts[row] for row in kept]
    elif (listed := _pairs(files, PARTS_FILE)) is not None:
        said = [listed.get(Path(name).name, "train") for name in chosen]
    else:
        return None
    wrong = [text for text in said if text.lower() not in PART_NAMES]
    if wrong:
        raise UnknownNameError("part of a data set", wrong[0], PARTS)
    return [PART_NAMES[text.lower()] for text in said]


def _pairs(files: ImageFiles, name: str) -> dict[str, str] | None:
    """A list of CelebA's with a file and a number in each line, beside the images; None where there is none."""
    if files.where.is_dir():
        path = files.where / name
        text = path.read_text(encoding="utf-8") if path.is_file() else None
    else:
        with zipfile.ZipFile(files.where) as archive:
            inside = next((one for one in archive.namelist() if Path(one).name == name), None)
            text = None if inside is None else archive.read(inside).decode("utf-8")
    if text is None:
        return None
    cells = [line.split() for line in text.splitlines() if line.strip()]
    return {row[0]: row[1] for row in cells if len(row) == 2}


def _notes(
    files: ImageFiles, labelled: Sequence[str], rows: Sequence[int], chosen: Sequence[str]
) -> tuple[str, ...]:
    """What does not fit together, in sentences."""
    notes = []
    with_images = set(rows)
    absent = [name for row, name in enumerate(labelled) if row not in with_images and name]
    if absent:
        notes.append(f"{len(absent):,} rows name images that are not there, left out: {_first(absent)}")
    without = sorted(set(files.names) - set(chosen))
    if without:
        notes.append(f"{len(without):,} images have no labels, left out: {_first(without)}")
    return tuple(notes)


def _unique(names: tuple[str, ...]) -> tuple[str, ...]:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise SettingError(f"two attributes share the name {twice[0]!r}; names must be unique")
    return names


def _first(names: Sequence[str]) -> str:
    rest = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {rest:,} more" if rest > 0 else "")
