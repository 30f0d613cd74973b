"""What the study measured: for each pair, the change of B by each unit of A, and what correlations explain of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ganatomy.experiments.studies.bias.changes import Kind
from ganatomy.experiments.studies.bias.estimates import Explained
from ganatomy.generators.base import Signature
from ganatomy.latents import Latents
from ganatomy.statistics.formatting import signed
from ganatomy.statistics.intervals import Estimate
from ganatomy.statistics.tests import SIGNIFICANT

DATA, IMAGES = "data", "images"
"""The two references: labels of the data, and the generator's own unedited images."""
SCORER, JUDGE = "scorer", "judge"


@dataclass(frozen=True, kw_only=True)
class Link:
    """What moving A does to B, by one reader.

    Args:
        change: A.
        watch: B.
        kinds: of both.
        step: mean change of A, of B.
        moved: change of B for each unit of A.
        explained: reference to what it explains.
    """

    change: str
    watch: str
    kinds: tuple[Kind, Kind]
    step: tuple[float, float]
    moved: Estimate
    explained: Mapping[str, Explained]

    def data(self) -> dict[str, object]:
        """For JSON."""
        return {
            "change": self.change,
            "watch": self.watch,
            "units": {"change": self.kinds[0].unit, "watch": self.kinds[1].unit},
            "step": {"change": self.step[0], "watch": self.step[1]},
            "moved": self.moved.data(),
            "explained": {
                name: {
                    "correlation": it.correlation.value,
                    "change": it.change.data(),
                    "excess": it.excess.data(),
                    "p": it.p,
                    "p_of_all": it.p_of_all,
                }
                for name, it in self.explained.items()
            },
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class BiasStudy:
    """What was measured.

    Args:
        signature: of the generator.
        method: by which directions were found.
        readings: by the scorer, and by a judge where there is one: all pairs.
        readers: descriptions of these.
        references: descriptions of what correlations are from: the data's labels, generated images.
        left_out: what could not be changed or watched, and why.
        unlabelled: names that the data have no label of; generated images alone explain pairs of these.
        sigmas: the step of each A, in standard deviations of codes along its direction.
        shown: codes of some images before and after the step of each A.
        num_images: edited for each A.
        num_surveyed: images in which directions were found.
        refits: how often each direction was found again.
        seed: of the survey.
        seconds: of each stage.
    """

    signature: Signature
    method: str
    readings: Mapping[str, tuple[Link, ...]]
    readers: Mapping[str, str]
    references: Mapping[str, str]
    left_out: Mapping[str, str]
    unlabelled: tuple[str, ...]
    sigmas: Mapping[str, float]
    shown: Mapping[str, tuple[Latents, Latents]]
    num_images: int
    num_surveyed: int
    refits: int
    seed: int
    seconds: Mapping[str, float]

    @property
    def links(self) -> tuple[Link, ...]:
        """By the scorer."""
        return self.readings[SCORER]

    @property
    def reference(self) -> str:
        """What the excess is counted from: the data where they are known, else generated images."""
        known = DATA in self.references and any(
            math.isfinite(it.explained[DATA].excess.value) for it in self.links
        )
        return DATA if known else IMAGES

    @property
    def worst(self) -> Link:
        """The pair with the largest excess over the reference, of those with a significant one where there are some."""
        return self.ranked(SCORER)[0]

    def ranked(self, reader: str) -> list[Link]:
        """Pairs by the size of their excess, significant ones first; those without a reference last."""

        def size(link: Link) -> tuple[bool, float]:
            excess = abs(link.explained[self.reference].excess.value)
            return self.biased(link), excess if math.isfinite(excess) else -1.0

        return sorted(self.readings[reader], key=size, reverse=True)

    def link(self, change: str, watch: str, *, reader: str = SCORER) -> Link | None:
        """One pair by one reader, None where it was not read."""
        pairs = self.readings.get(reader, ())
        return next((it for it in pairs if (it.change, it.watch) == (change, watch)), None)

    def biased(self, link: Link) -> bool:
        """Whether the excess of a pair is more than chance, being one of all pairs."""
        return link.explained[self.reference].p_of_all < SIGNIFICANT

    def __str__(self) -> str:
        lines = [f"change of B for each unit of A ({len(self.links)} pairs, {self.num_images} images each)"]
        for link in self.ranked(SCORER)[:10]:
            it = link.explained[self.reference]
            lines.append(
                f"  {link.change} on {link.watch}: {signed(link.moved.value)}, {self.reference} explain "
                f"{signed(it.change.value)}, excess {signed(it.excess.value)} (p = {it.p_of_all:.4f})"
            )
        return "\n".join(lines)
