"""Tables II and III of Pham Van et al. for any attribute, one column for each method of finding directions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from ganatomy.errors import SettingError, UnknownNameError
from ganatomy.latents import Directions
from ganatomy.metrics.base import aligned
from ganatomy.metrics.entanglement import Entanglement
from ganatomy.metrics.selectivity import NUM_TOP

T = TypeVar("T")
NUM_COSINES = 18
"""Other attributes that Table III of the paper shows."""


@dataclass(frozen=True, kw_only=True)
class ChangeRow:
    """One attribute in Table II: its mean probability before, and for each method after, and the mean |change|."""

    attribute: str
    before: float
    after: tuple[float, ...]
    change: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class ChangeTable:
    """Changes of one edited attribute and of the others that changed most, the most changed first (Table II).

    Args:
        target: the attribute that was edited.
    """

    target: str
    methods: tuple[str, ...]
    rows: tuple[ChangeRow, ...]

    @property
    def selectivity(self) -> dict[str, float]:
        """For each method the change of the target over the mean change of the others shown.

        It is inf where none of these changes, nan where the target does not either.
        """
        target = next(row for row in self.rows if row.attribute == self.target)
        others = [row for row in self.rows if row is not target]
        means = (sum(row.change[m] for row in others) / len(others) for m in range(len(self.methods)))
        return {
            method: change / mean if mean else (math.inf if change else math.nan)
            for method, change, mean in zip(self.methods, target.change, means, strict=True)
        }

    def __str__(self) -> str:
        head = [
            "",
            "before",
            *(f"{what} {method}" for method in self.methods for what in ("after", "|change|")),
        ]
        body = [
            [row.attribute, f"{row.before:.3f}"]
            + [f"{x:.3f}" for m in range(len(self.methods)) for x in (row.after[m], row.change[m])]
            for row in self.rows
        ]
        return aligned([head, *body])


@dataclass(frozen=True, kw_only=True)
class CosineRow:
    """One attribute in Table III: for each method the cosine of its direction to the target's."""

    attribute: str
    cosines: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class CosineTable:
    """Cosines of the target's direction to others: alike first, then opposite, the largest first (Table III).

    Args:
        target: the attribute in question.
    """

    target: str
    methods: tuple[str, ...]
    rows: tuple[CosineRow, ...]

    @property
    def mean_abs(self) -> dict[str, float]:
        """For each method the mean |cosine| to the other attributes in the table."""
        others = [row for row in self.rows if row.attribute != self.target]
        return {
            method: sum(abs(row.cosines[m]) for row in others) / len(others)
            for m, method in enumerate(self.methods)
        }

    def __str__(self) -> str:
        body = [[row.attribute, *(f"{cosine:+.3f}" for cosine in row.cosines)] for row in self.rows]
        return aligned([["", *self.methods], *body])


def table_ii(
    results: Mapping[str, Entanglement], attribute: str, *, num_others: int = NUM_TOP
) -> ChangeTable:
    """Table II: an attribute is edited by each method; the others are those that change most by the first method.

    The paper shows one image; these are means over the images measured.

    Args:
        results: method to what its edits changed, of the same images.

    Raises:
        UnknownNameError: for a method that did not edit the attribute.
        SettingError: without results or others to show, and for results of different attributes or images.
    """
    first = _first(results, num_others)
    for result in results.values():
        if attribute not in result.names:
            raise UnknownNameError("direction", attribute, result.names)
        if not result.shares_images(first):
            raise SettingError(
                "these results are of different images or attributes; measure all with one seed and n"
            )
    places = {method: result.names.index(attribute) for method, result in results.items()}
    means = {method: result.changes[places[method]].mean(0) for method, result in results.items()}
    sizes = {method: result.mean_abs_change[places[method]] for method, result in results.items()}
    before = first.before.mean(0)

    order = next(iter(sizes.values())).argsort(descending=True).tolist()
    target = first.attributes.index(attribute)
    others = [column for column in order if column != target][:num_others]
    rows = [column for column in order if column == target or column in others]
    return ChangeTable(
        target=attribute,
        methods=tuple(results),
        rows=tuple(
            ChangeRow(
                attribute=first.attributes[column],
                before=float(before[column]),
                after=tuple(float(before[column] + means[method][column]) for method in results),
                change=tuple(float(sizes[method][column]) for method in results),
            )
            for column in rows
        ),
    )


def table_iii(
    found: Mapping[str, Directions], attribute: str, *, num_others: int = NUM_COSINES
) -> CosineTable:
    """Table III: cosines to one attribute's direction; the others are those most alike or opposite by the first method.

    Args:
        found: method to its directions.

    Raises:
        UnknownNameError: for a method without such a direction, or without one that the first method has.
        SettingError: without directions or others to show.
    """
    first = _first(found, num_others)
    cosines = {name: _cosines(found.values(), attribute, name) for name in first.names if name != attribute}
    strongest = sorted(cosines, key=lambda name: -abs(cosines[name][0]))[:num_others]
    alike = [name for name in strongest if cosines[name][0] >= 0]
    opposite = [name for name in strongest if cosines[name][0] < 0]
    target = CosineRow(attribute=attribute, cosines=_cosines(found.values(), attribute, attribute))
    rows = (CosineRow(attribute=name, cosines=cosines[name]) for name in alike + opposite)
    return CosineTable(target=attribute, methods=tuple(found), rows=(target, *rows))


def _cosines(found: Iterable[Directions], one: str, other: str) -> tuple[float, ...]:
    return tuple(
        float(directions[one].vector.flatten() @ directions[other].vector.flatten()) for directions in found
    )


def _first(by_method: Mapping[str, T], num_others: int) -> T:
    if not by_method or num_others < 1:
        raise SettingError(
            f"a table of {len(by_method)} methods and {num_others} other attributes is empty; give 1 or more"
        )
    return next(iter(by_method.values()))
