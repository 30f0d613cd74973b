"""How attributes of real images go together: what a generator may have learnt, and no fault of its space."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.datasets.faces import ATTRIBUTES, sample_faces
from ganatomy.datasets.labels import read_labels
from ganatomy.errors import CheckpointError, MissingFileError, ScoreError, UnknownNameError

NUM_PEOPLE = 20_000
"""Drawn faces whose labels are correlated; a correlation is then known to some .007."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelCorrelations:
    """Correlations between the labels of a data set."""

    description: str
    names: tuple[str, ...]
    matrix: Float[Tensor, "a a"]

    def shared(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of these attributes that have labels.

        Raises:
            ScoreError: when there are not two, for correlations are of pairs.

        Example:
            >>> known = LabelCorrelations(description="labels.csv", names=("a", "b"), matrix=torch.eye(2))
            >>> known.shared(["b", "c", "a"])
            ('b', 'a')
        """
        names = tuple(names)
        found = tuple(name for name in names if name in self.names)
        if len(found) < 2:
            raise ScoreError(
                f"correlations need two attributes that the scorer and {self.description} both name, not "
                f"{', '.join(found) or 'none'}: the scorer names {_first(names)}, the other {_first(self.names)}"
            )
        return found

    def select(self, names: Iterable[str]) -> Float[Tensor, "k k"]:
        """The matrix of these attributes, in this order.

        Raises:
            UnknownNameError: for one that the data set has no label of.
        """
        names = list(names)
        for name in names:
            if name not in self.names:
                raise UnknownNameError("attribute", name, self.names)
        rows = [self.names.index(name) for name in names]
        return self.matrix[rows][:, rows]


def read_correlations(path: str | os.PathLike[str]) -> LabelCorrelations:
    """A matrix of correlations, or the correlations of a table of labels.

    A CSV whose first column is called `attribute` is a matrix: a row and a column for each attribute; columns that no
    row is called by, such as `prevalence`, are left out. Everything else is read as `read_labels` reads it.

    Raises:
        MissingFileError: when there is no file. CheckpointError: when it is neither.

    Example::

        reference = ga.read_correlations("list_attr_celeba.csv")
    """
    path = Path(path)
    if not path.is_file():
        raise MissingFileError(f"{path} does not exist; give a CSV of correlations or a table of labels")
    if path.suffix.lower() == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
        if rows and rows[0] and rows[0][0] == "attribute":
            return _matrix(path, rows)
    labels = read_labels(path)
    return LabelCorrelations(
        description=f"labels of {path.name}", names=labels.names, matrix=correlate(labels.values)
    )


def drawn_correlations(n: int = NUM_PEOPLE, *, seed: int = 0) -> LabelCorrelations:
    """The correlations of the population that the bundled faces were drawn from.

    Example::

        reference = ga.drawn_correlations()
        ga.study_z_against_w(experiment, data=reference)
    """
    labels = sample_faces(n, seed=seed).labels.float()
    return LabelCorrelations(
        description=f"labels of {n} drawn faces", names=tuple(ATTRIBUTES), matrix=correlate(labels)
    )


def correlate(values: Float[Tensor, "n a"]) -> Float[Tensor, "a a"]:
    """Pearson correlations between columns, of the rows that have values of both; nan for a column that never changes.

    >>> correlate(torch.tensor([[1.0, 1, 1], [0, 0, 1], [1, torch.nan, 1]]))[0].tolist()
    [1.0, 1.0, nan]
    """
    known = (~values.isnan()).double()
    values = values.double()
    values = (values - values.nanmean(0)).nan_to_num()  # of any zero point; this one keeps the digits
    n, sums, squares = known.T @ known, values.T @ known, values.square().T @ known
    covariance = values.T @ values - sums * sums.T / n
    variance = squares - sums.square() / n
    variance = torch.where(variance <= 1e-24 * n, torch.nan, variance)
    return (covariance / (variance * variance.T).sqrt()).clamp(-1, 1).float()


def _first(names: Sequence[str], most: int = 6) -> str:
    return ", ".join([*names[:most], *(["..."] if len(names) > most else [])])


def _matrix(path: Path, rows: list[list[str]]) -> LabelCorrelations:
    head, names = rows[0], tuple(row[0] for row in rows[1:] if row)
    try:
        columns = [head.index(name) for name in names]
        values = [[float(row[column]) for column in columns] for row in rows[1:] if row]
    except (ValueError, IndexError) as error:
        raise CheckpointError(
            f"{path} is no matrix of correlations: {error}; it needs a column for each row"
        ) from None
    matrix = torch.tensor(values)
    if not names or not torch.allclose(matrix, matrix.T, atol=1e-3) or bool((matrix.abs() > 1.001).any()):
        raise CheckpointError(
            f"{path} is no matrix of correlations: it must be symmetric, with values from -1 to 1"
        )
    return LabelCorrelations(description=path.name, names=names, matrix=matrix)
