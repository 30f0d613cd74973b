"""Tables of labels: what each image of a data set shows."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ganatomy.arguments import texts
from ganatomy.datasets.tables import read_table
from ganatomy.errors import CheckpointError, UnknownNameError


@dataclass(frozen=True, kw_only=True)
class LabelTable:
    """What images show.

    Args:
        names: of the attributes.
        files: names of the images.
        values: one row per image, one column per attribute, in [0, 1]; nan where there is no label.
        left_out: columns of the file that hold no labels.

    Example::

        labels = ga.read_labels("labels.csv")
        print(labels.names, labels.values.nanmean(0))
    """

    names: tuple[str, ...]
    files: tuple[str, ...]
    values: Float[Tensor, "n a"]
    left_out: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.files)

    @property
    def known(self) -> Bool[Tensor, "n a"]:
        """Which labels are there."""
        return ~self.values.isnan()

    def column(self, name: str) -> Float[Tensor, " n"]:
        """The values of one attribute.

        Raises:
            UnknownNameError: when the table has no such column.
        """
        if name not in self.names:
            raise UnknownNameError("attribute", name, self.names)
        return self.values[:, self.names.index(name)]


def read_labels(path: str | os.PathLike[str], *, names: Iterable[str] | None = None) -> LabelTable:
    """Read a table of labels whose first column holds the file names.

    Every way of writing that `datasets.tables.read_table` knows: CelebA's list, CSV with any separator and encoding,
    Parquet, or one of these in a `.zip`. Labels are 0 and 1, -1 and 1, yes and no, or probabilities; a blank cell is
    a missing label. Other columns of text are left out, and rows that name no image.

    Args:
        path: of the file.
        names: the columns to use; by default all that hold labels.

    Returns:
        The table.

    Raises:
        MissingFileError: when there is none.
        CheckpointError: when it is not such a table, naming the row that is wrong.
        UnknownNameError: for a name that is no column.

    Example::

        labels = ga.read_labels("list_attr_celeba.txt")
        print(labels.column("Smiling").nanmean())
    """
    table = read_table(path)
    first, *others = table.names
    chosen = (
        texts("names", names)
        if names is not None
        else tuple(name for name in others if not table.is_text(name))
    )
    if not chosen:
        raise CheckpointError(
            f"{path} cannot be read as a table of labels: it has no labels beside {first!r}; its first column names "
            "the images, each other one holds the labels of an attribute"
        )
    values = np.stack([table.labels(name) for name in chosen], axis=1).astype(np.float32)
    files = table.texts(first)
    kept = [row for row, file in enumerate(files) if file]
    return LabelTable(
        names=chosen,
        files=tuple(files[row] for row in kept),
        values=torch.from_numpy(values[kept]),
        left_out=tuple(name for name in others if name not in chosen),
    )
