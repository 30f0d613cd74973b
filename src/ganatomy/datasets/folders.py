"""Folders of images with their table of labels."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from ganatomy.datasets.faces import ATTRIBUTES, FACTORS, draw_faces, sample_faces
from ganatomy.errors import MissingFileError, OutputError, SettingError
from ganatomy.images import Pixels, read_image, save_image, to_pil, to_uint8
from ganatomy.writing import atomic_write

BATCH = 256
ENDINGS = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".pgm", ".ppm", ".tif", ".tiff"}


def image_files(folder: str | os.PathLike[str]) -> list[Path]:
    """The images of a folder and those below it, sorted.

    Raises:
        MissingFileError: when the folder holds none.
    """
    paths = sorted(path for path in Path(folder).rglob("*") if path.suffix.lower() in ENDINGS)
    if not paths:
        raise MissingFileError(f"{folder} holds no images ({', '.join(sorted(ENDINGS))})")
    return paths


def folder_images(
    folder: str | os.PathLike[str], *, resolution: int | tuple[int, int], channels: int
) -> Pixels:
    """All images of a folder, each resized to a square.

    Raises:
        MissingFileError: when the folder holds none.
    """
    paths = image_files(folder)
    return np.concatenate([to_uint8(read_image(path, channels=channels, size=resolution)) for path in paths])


def write_faces(
    folder: str | os.PathLike[str],
    n: int,
    *,
    seed: int,
    resolution: int = 64,
    entangled: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write `n` drawn faces as PNG files, with `labels.csv` (0 or 1 per attribute) and `factors.csv` beside them.

    A second run with the same arguments leaves the same folder; the tables come last, and whole, so a folder that
    has them is complete. `progress` is called with the images written, and all of them.

    Raises:
        OutputError: when the folder cannot be written, or holds images of another run that this one would leave.
    """
    if n < 1:
        raise SettingError(f"{n} faces cannot be written; ask for 1 or more")
    folder = Path(folder)
    names = [f"{index:06d}.png" for index in range(n)]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        strangers = sorted({path.name for path in folder.glob("*.png")} - set(names))
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror or error}; choose another") from None
    if strangers:
        raise OutputError(
            f"{folder} already holds images, {strangers[0]} for one, that have no row among these {n} faces; "
            "choose an empty folder"
        )
    for table in ("labels.csv", "factors.csv"):
        _discard(folder / table)

    faces = sample_faces(n, seed=seed, entangled=entangled)
    for first in range(0, n, BATCH):
        images = draw_faces(faces[first : first + BATCH], resolution=resolution)
        for name, image in zip(names[first : first + BATCH], images, strict=True):
            save_image(to_pil(image), folder / name)
        if progress is not None:
            progress(min(first + BATCH, n), n)

    factors = ([f"{value:.6g}" for value in row] for row in faces.factors.tolist())
    labels = ([str(int(value)) for value in row] for row in faces.labels.tolist())
    _write_table(folder / "factors.csv", [factor.name for factor in FACTORS], names, factors)
    _write_table(folder / "labels.csv", ATTRIBUTES, names, labels)
    return folder


def _discard(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{path} cannot be replaced: {error.strerror or error}") from None


def _write_table(path: Path, columns: Iterable[str], names: list[str], rows: Iterable[list[str]]) -> None:
    with atomic_write(path) as part, part.open("w", encoding="utf-8", newline="") as lines:
        table = csv.writer(lines, lineterminator="\n")
        table.writerow(["file", *columns])
        table.writerows([name, *row] for name, row in zip(names, rows, strict=True))
