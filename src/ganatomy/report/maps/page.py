"""The page of one map."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ganatomy.maps.faithfulness import told_by_neighbours
from ganatomy.maps.images import ImageMap
from ganatomy.report.elements import Number
from ganatomy.report.maps.embedded import ZoomableMap, zoomable_map
from ganatomy.report.pages import render, write_text
from ganatomy.statistics.formatting import percent


@dataclass(frozen=True, kw_only=True, eq=False)
class MapPage:
    """What the template shows."""

    images: ImageMap
    map: ZoomableMap
    model: str

    @property
    def title(self) -> str:
        return f"Map of {self.images.subject}"

    @property
    def eyebrow(self) -> str:
        return f"{self.model} · {len(self.images):,} images of seed {self.images.seed}"

    @cached_property
    def lead(self) -> str:
        """What the map tells, in one sentence or two."""
        faithful = self.images.faithful
        if (
            faithful.class_accuracy is None
            or faithful.class_accuracy_before is None
            or faithful.chance is None
        ):
            return f"Each point is an image. {self._neighbours_on(self.map.color)}"
        told, before = faithful.class_accuracy.value, faithful.class_accuracy_before
        if before.low <= faithful.chance:
            return (
                f"Classes are not told by neighbours here: the {faithful.neighbours} nearest have the class of a "
                f"image in {percent(before.value)} of all cases, and always naming the commonest class is right in "
                f"{percent(faithful.chance)}. Groups on the map are chance."
            )
        return (
            f"Most of the {faithful.neighbours} nearest neighbours on the map have the class of an image in "
            f"{percent(told)} of all cases, against {percent(before.value)} before it was laid flat, and "
            f"{percent(faithful.chance)} by always naming the commonest class."
        )

    def _neighbours_on(self, attribute: str | None) -> str:
        """Whether images with an attribute lie together."""
        if attribute is None or self.images.scores is None:
            return "Images near each other are alike."
        has = (self.images.scores.column(attribute) > 0).cpu().numpy()
        told = told_by_neighbours(self.images.map.xy.numpy(), has.astype(int), seed=self.images.seed)
        common = max(has.mean(), 1 - has.mean())
        if told.low <= common:
            return (
                f"{attribute} is not told by neighbours on this map: most of the 10 nearest agree with an image on it "
                f"in {percent(told.value)} of all cases, and always naming the commoner answer is right in "
                f"{percent(common)}."
            )
        return (
            f"Most of the 10 nearest neighbours on the map agree with an image on {attribute} in "
            f"{percent(told.value)} of all cases, against {percent(common)} by always naming the commoner answer."
        )

    @property
    def numbers(self) -> Sequence[Number]:
        faithful = self.images.faithful
        numbers = [
            Number(
                value=f"{faithful.trustworthiness:.2f}",
                label=f"trustworthiness: are the {faithful.neighbours} neighbours on the map real neighbours? "
                "1 is best, chance is 0.5",
            ),
            Number(
                value=f"{faithful.continuity:.2f}",
                label="continuity: are real neighbours near on the map? 1 is best, chance is 0.5",
            ),
        ]
        if faithful.class_accuracy is not None:
            numbers.append(
                Number(
                    value=percent(faithful.class_accuracy.value),
                    label=f"class told by neighbours, ± {100 * faithful.class_accuracy.error:.1f} (95 % interval)",
                )
            )
        return numbers

    @property
    def facts(self) -> Sequence[tuple[str, str]]:
        return (
            ("Mapped", self.images.subject),
            ("Method", self.images.map.description),
            (
                "Images",
                f"{len(self.images):,}, seed {self.images.seed}, codes drawn in {self.images.latents.space}",
            ),
        )


def write_map(
    images: ImageMap,
    path: str | os.PathLike[str],
    *,
    color: str | None = None,
    model: str = "a generator",
) -> Path:
    """Write a map as one HTML file that zooms and needs no network.

    Args:
        color: what points are coloured by first, "class" or an attribute. model: what the page calls the generator.

    Raises:
        UnknownNameError, SettingError: for a colour that this map does not have.
        OutputError: when the file cannot be written.
    """
    page = MapPage(images=images, map=zoomable_map(images, color=color), model=model)
    return write_text(Path(path), render("ganatomy.report.maps", page))
