"""Correlations between attributes of edited images, beyond those of the data.

Figures 6 and 7 of Tronchon and Cadiou: attributes that go together in images edited along four directions, and not in
the data, are entangled; the difference is cubed, so that only large ones show.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.datasets.correlations import LabelCorrelations
from ganatomy.errors import ScoreError
from ganatomy.latents import Space
from ganatomy.metrics.base import MeasuredValue, Result, aligned
from ganatomy.metrics.edited import EditedSet
from ganatomy.metrics.inputs import Measure, SharedInputs
from ganatomy.statistics.intervals import Estimate, jackknife

CONSTANT = 1e-4
"""A probability that deviates by less than this in all edited images correlates with nothing."""
SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Correlations(Result, unit="mean |correlation|", higher_is_better=False):
    """Correlations between the scores of edited images.

    Args:
        attributes: that change in the edited images, and have labels in the data if there are data.
        matrix: correlations over all edited images.
        strength: mean |correlation| over all pairs.
        data: correlations of the labels of the data.
        excess: mean |difference from the data|.
    """

    attributes: tuple[str, ...]
    matrix: Float[Tensor, "a a"]
    strength: Estimate
    data: Float[Tensor, "a a"] | None
    excess: Estimate | None
    described: str
    space: Space
    num_codes: int
    num_images: int

    @property
    def difference(self) -> Float[Tensor, "a a"] | None:
        """Correlations of edited images less those of the data."""
        return None if self.data is None else self.matrix - self.data

    @property
    def cubed(self) -> Float[Tensor, "a a"] | None:
        """The difference to the power of 3, as the study shows it."""
        return None if self.difference is None else self.difference**3

    @property
    def largest(self) -> list[tuple[str, str, float]]:
        """Pairs of attributes by their difference from the data (or their correlation), the largest first."""
        matrix = self.matrix if self.difference is None else self.difference
        first, second = torch.triu_indices(len(matrix), len(matrix), 1)
        values = matrix[first, second]
        order = values.abs().argsort(descending=True).tolist()
        return [(self.attributes[first[i]], self.attributes[second[i]], float(values[i])) for i in order]

    @property
    def figures(self) -> dict[str, MeasuredValue]:
        if self.excess is None:
            return self._figures(correlation=self.strength)
        return self._figures(difference_from_the_data=self.excess, correlation=self.strength)

    @property
    def notes(self) -> tuple[str, ...]:
        if self.data is None:
            return ("correlations are not compared with those of the data, some of which are wanted",)
        return (f"wanted correlations are those of {self.described}",)

    def __str__(self) -> str:
        less = "" if self.excess is None else f", {self.excess} beyond {self.described}"
        rows = [[f"  {a} - {b}", f"{value:+.2f}"] for a, b, value in self.largest[:SHOWN]]
        return (
            f"correlations in {self.space}: mean |correlation| {self.strength}{less} "
            f"({len(self.attributes)} attributes, {self.num_codes} codes, {self.num_images} images); "
            f"{self.verdict}\n" + aligned(rows)
        )


def correlations(edited: EditedSet, data: LabelCorrelations | None = None) -> Correlations:
    """Correlate the probabilities of all attributes over all edited images; subtract the correlations of the data.

    Intervals are from leaving out codes with all their images, for images of one walk are not independent. (Codes
    drawn twice would increase every mean size.)

    Args:
        data: correlations of the labels of real images; attributes without labels there are left out.

    Returns:
        Correlations, and their difference from the data.

    Raises:
        ScoreError: when fewer than two attributes are left.

    Example::

        edited = ga.edited_set(G, scorer, found)
        print(ga.correlations(edited))
    """
    if data is not None:
        data.shared(edited.attributes)
    scores = edited.probabilities.double().movedim(1, 0).flatten(1, 2)
    known = [data is None or name in data.names for name in edited.attributes]
    kept = (scores.flatten(0, 1).std(0) > CONSTANT) & torch.tensor(known)
    names = tuple(name for name, keep in zip(edited.attributes, kept.tolist(), strict=True) if keep)
    if len(names) < 2:
        raise ScoreError(
            f"{len(names)} of {len(edited.attributes)} attributes change in the edited images"
            + ("" if data is None else f" and have labels in {data.description}")
            + "; correlations need two"
        )
    scores = scores[:, :, kept]
    # Sums of each code, so that any set of codes costs no more than a sum.
    centred = scores - scores.mean((0, 1))
    first = centred.sum(1)
    second = torch.einsum("nma,nmb->nab", centred, centred)
    pairs = ~torch.eye(len(names), dtype=torch.bool)
    wanted = torch.zeros_like(second[0]) if data is None else data.select(names).double().nan_to_num()

    def sizes(rows: Tensor) -> Tensor:
        matrix = _correlated(first[rows].sum(0), second[rows].sum(0), len(rows) * scores.shape[1])
        return torch.stack([matrix[pairs].abs().mean(), (matrix - wanted)[pairs].abs().mean()])

    strength, excess = jackknife(sizes, len(scores), seed=edited.seed)
    return Correlations(
        attributes=names,
        matrix=_correlated(first.sum(0), second.sum(0), scores.shape[0] * scores.shape[1]).float(),
        strength=strength,
        data=None if data is None else wanted.float(),
        excess=None if data is None else excess,
        described="" if data is None else data.description,
        space=edited.space,
        num_codes=edited.num_codes,
        num_images=scores.shape[0] * scores.shape[1],
    )


def _correlated(
    first: Float[Tensor, " a"], second: Float[Tensor, "a a"], num_rows: int
) -> Float[Tensor, "a a"]:
    """Correlations from the sums of n rows and of their products."""
    mean = first / num_rows
    covariance = second / num_rows - mean * mean[:, None]
    deviation = covariance.diagonal().clamp(min=1e-24).sqrt()
    return (covariance / deviation / deviation[:, None]).clamp(-1, 1)


def measure(inputs: SharedInputs) -> dict[str, Correlations]:
    """In z and in w, of the same attributes and codes."""
    return {space: correlations(inputs.edited(space), inputs.correlations) for space in inputs.spaces}


CORRELATIONS = Measure(
    "correlations of edited images beyond the data's",
    Correlations,
    measure,
    needs=("scorer",),
)
