"""What the study found, seed by seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ganatomy.generators.base import Generator
from ganatomy.metrics.entanglement import Entanglement
from ganatomy.statistics.formatting import percent_with_interval
from ganatomy.statistics.intervals import Estimate
from ganatomy.training.studies.infogan.codes import CodeEdits, Purity


@dataclass(frozen=True, kw_only=True, eq=False)
class InfoganPair:
    """An InfoGAN, and a plain GAN of the same networks, images and seed.

    Args:
        seed: of both.
        infogan: the generator whose classes are the categories.
        plain: the other one.
        purity: of the categories; None where attributes do not exclude each other.
        variety: how far images of one category lie apart, as a share of how far real images do.
        codes: what InfoGAN's codes change.
        directions: what directions of the plain GAN change; None where too few images have and lack any attribute.
        seconds: of training by "infogan" and "plain", and of "finding" the directions.
    """

    seed: int
    infogan: Generator
    plain: Generator
    purity: Purity | None
    variety: float
    codes: CodeEdits
    directions: Entanglement | None
    seconds: Mapping[str, float]

    @property
    def steered(self) -> dict[str, tuple[str, ...]]:
        """The attributes that can be steered, by the kind of GAN."""
        return {
            "codes": self.codes.movable,
            "directions": () if self.directions is None else self.directions.movable,
        }

    @property
    def selectivity(self) -> dict[str, Estimate | None]:
        """Mean selectivity of what can be steered, by the kind of GAN."""
        edits = {"codes": self.codes.edits, "directions": self.directions}
        return {kind: _selectivity(found, self.steered[kind]) for kind, found in edits.items()}


@dataclass(frozen=True, kw_only=True, eq=False)
class InfoganStudy:
    """All pairs.

    Args:
        pairs: one for each seed.
        resolution: of the images.
        images: shown to each GAN.
        data: what they learnt from, in words.
        attributes: that were read.
        num_labels: generated images that were scored to find directions.
        target_change: mean change from which an attribute counts as steered.
        reader: what read the images.
        judged: whether that took no part in finding directions.
        seconds: of each stage.
    """

    pairs: tuple[InfoganPair, ...]
    resolution: int
    images: int
    data: str
    attributes: tuple[str, ...]
    num_labels: int
    target_change: float
    reader: str
    judged: bool
    seconds: Mapping[str, float]

    def __str__(self) -> str:
        lines = []
        for pair in self.pairs:
            counts = {kind: len(names) for kind, names in pair.steered.items()}
            purity = "" if pair.purity is None else f"purity {percent_with_interval(pair.purity.value)}, "
            lines.append(
                f"seed {pair.seed}: {purity}codes steer {counts['codes']} and directions {counts['directions']} of "
                f"{len(self.attributes)} attributes"
            )
        return "\n".join(lines)


def _selectivity(edits: Entanglement | None, names: tuple[str, ...]) -> Estimate | None:
    if edits is None or not names:
        return None
    found = edits.selectivity().directions
    values = [found[name] for name in names]
    n = len(values)
    # Of means over the same images; the interval is the mean of theirs, which is on the wide side.
    return Estimate(
        value=sum(it.value for it in values) / n,
        low=sum(it.low for it in values) / n,
        high=sum(it.high for it in values) / n,
    )
