"""Labelled images that Hugging Face's `datasets` has written or knows, where that library is installed."""

from __future__ import annotations

import importlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps

from ganatomy.datasets.files import Framing
from ganatomy.datasets.labelled_images import PART_NAMES, LabelledImages, Rows
from ganatomy.errors import CheckpointError, SettingError, UnknownNameError
from ganatomy.images import DAMAGED, Pixels

MARKS = ("dataset_dict.json", "dataset_info.json")
"""What lies in a folder that `save_to_disk` wrote."""


def is_saved(path: Path) -> bool:
    """Whether a folder is a data set that `datasets` wrote by `save_to_disk`."""
    return any((path / mark).is_file() for mark in MARKS)


def open_saved(
    path: Path, *, attributes: Sequence[str] = (), crop: str = "center", channels: int = 3
) -> LabelledImages:
    """The labelled images of a folder that `datasets` wrote.

    Its column of images is found by its kind. A column of class labels becomes classes that exclude each other; columns
    of numbers or truth values are attributes.

    Args:
        path: of the folder.
        attributes: columns that are attributes; by default all of numbers or truth values.
        crop: how images become squares, as in `Framing`.
        channels: 1 or 3.

    Raises:
        SettingError: when `datasets` is not installed, or nothing in the folder is a label.
        CheckpointError: when it cannot be read, or holds no images.
        UnknownNameError: for a column that it does not have.
    """
    try:
        datasets = importlib.import_module("datasets")  # whoever has such folders has it
    except ImportError:
        raise SettingError(
            f"{path} was written by Hugging Face's datasets; pip install datasets, or export its images"
        ) from None
    try:
        found = datasets.load_from_disk(str(path))
    except Exception as error:  # noqa: BLE001 (a library for files by anyone)
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise CheckpointError(f"{path} cannot be read by datasets: {reason}") from None
    splits: Mapping[str, Any] = dict(found) if isinstance(found, Mapping) else {"train": found}
    first = next(iter(splits.values()))
    column = next((name for name, kind in first.features.items() if type(kind).__name__ == "Image"), None)
    if column is None:
        raise CheckpointError(f"{path} has no column of images, only {', '.join(first.features)}")
    places = [(part, row) for part, rows in splits.items() for row in range(len(rows))]
    encoded = {part: rows.cast_column(column, datasets.Image(decode=False)) for part, rows in splits.items()}
    names, labels, exclusive = _labels(path, splits, first.features, column, attributes)

    def read(rows: Rows, resolution: int) -> Pixels:
        framing = Framing(resolution=resolution, crop=crop)
        return np.stack([_square(encoded, column, places[int(row)], framing, channels) for row in rows])

    return LabelledImages(
        description=f"{len(places):,} images of {path.name}",
        names=names,
        labels=labels,
        files=[f"{part} {row}" for part, row in places],
        read=read,
        channels=channels,
        exclusive=exclusive,
        parts=[PART_NAMES.get(part.lower(), "train") for part, _ in places] if len(splits) > 1 else None,
    )


def _square(
    encoded: Mapping[str, Any], column: str, place: tuple[str, int], framing: Framing, channels: int
) -> np.ndarray:
    part, row = place
    cell = encoded[part][row][column]
    try:
        source = io.BytesIO(cell["bytes"]) if cell.get("bytes") else cell["path"]
        with Image.open(source) as image:
            return framing.frame(ImageOps.exif_transpose(image), channels, source=image.format)
    except (*DAMAGED, Image.DecompressionBombError) as error:
        raise CheckpointError(
            f"image {row} of the part {part} cannot be read ({error}); leave it out"
        ) from None


def _labels(
    path: Path, splits: Mapping[str, Any], features: Mapping[str, Any], image: str, wanted: Sequence[str]
) -> tuple[tuple[str, ...], torch.Tensor, bool]:
    """Names and labels, and whether they exclude each other."""
    for name in wanted:
        if name not in features:
            raise UnknownNameError(f"column in {path.name}", name, list(features))
    classes = [name for name, kind in features.items() if type(kind).__name__ == "ClassLabel"]
    if classes and not wanted:
        names = tuple(features[classes[0]].names)
        chosen = np.concatenate([np.asarray(rows[classes[0]]) for rows in splits.values()])
        return names, torch.from_numpy((chosen[:, None] == np.arange(len(names))).astype(np.float32)), True
    columns = tuple(wanted) or tuple(
        name for name, kind in features.items() if name != image and _is_label(getattr(kind, "dtype", ""))
    )
    if not columns:
        raise SettingError(f"{path} has no labels beside its images, only {', '.join(features)}")
    values = [[_number(cell) for rows in splits.values() for cell in rows[name]] for name in columns]
    labels = np.array(values, dtype=np.float32).T
    labels = np.where(np.isin(labels, (-1, 1)).all(0), (labels + 1) / 2, labels)
    if np.nanmin(labels) < 0 or np.nanmax(labels) > 1:
        raise SettingError(
            f"the columns {', '.join(columns)} of {path} hold more than 0 and 1; name the attributes among them"
        )
    return columns, torch.from_numpy(labels.astype(np.float32)), False


def _is_label(dtype: str) -> bool:
    return dtype == "bool" or dtype.startswith(("int", "uint", "float"))


def _number(cell: object) -> float:
    return float("nan") if cell is None else float(cell)  # pyright: ignore[reportArgumentType]
