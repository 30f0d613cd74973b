"""Two attributes of one image at once: a grid along both, each with the other held, and what is read in its cells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from ganatomy.edits import walk
from ganatomy.errors import SettingError
from ganatomy.generators.base import Generator
from ganatomy.latents import Direction, Latents
from ganatomy.perception.base import Scorer
from ganatomy.perception.features import Features, features_of
from ganatomy.perception.identity import IMAGES_SEED, NUM_IMAGES
from ganatomy.perception.judging import Judge, confirmed
from ganatomy.statistics.formatting import number
from ganatomy.workers import read_images

NOTICEABLE = 0.1
"""Change of a probability from which it counts whether the judge confirms it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PairGrid:
    """One image moved along one direction from column to column, and along another from row to row.

    Args:
        along: attribute that changes from column to column.
        across: attribute that changes from row to row.
        latents: of all cells, row by row.
        scorer: probabilities of both attributes in each cell, along first.
        judge: the same by the judge, None without one.
        identity: how much each cell keeps of the identity of the image itself: 1 for all, 0 where it is as far as an
            unrelated image.
        identity_by: what it is measured by.
        disagrees: whether the judge does not confirm a change that the scorer reads.
    """

    along: str
    across: str
    latents: Latents
    scorer: Float[Tensor, "r c 2"]
    judge: Float[Tensor, "r c 2"] | None
    identity: Float[Tensor, "r c"]
    identity_by: str
    disagrees: Bool[Tensor, "r c"]

    @property
    def lines(self) -> tuple[str, ...]:
        """What changes along rows and columns, how much identity is kept, and where the judge disagrees."""
        count, cells = int(self.disagrees.sum()), self.disagrees.numel()
        judged = "" if self.judge is None else f"; the judge disagrees in {count} of {cells} cells"
        mean, least = (number(float(value)) for value in (self.identity.mean(), self.identity.min()))
        return (
            f"from column to column {self._ranges(self.along, self.across, axis=1)}",
            f"from row to row {self._ranges(self.across, self.along, axis=0)}",
            f"identity kept {mean} on average, {least} at least, by {self.identity_by}{judged}",
        )

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def _ranges(self, moved: str, held: str, *, axis: int) -> str:
        """How far both probabilities range along one axis, as a mean over the other one."""
        readers = {"scorer": self.scorer, "judge": self.judge}
        columns = [0, 1] if axis == 1 else [1, 0]
        said = []
        for name, seen in readers.items():
            if seen is not None:
                ranges = (seen.amax(axis) - seen.amin(axis)).mean(0)[columns].tolist()
                said.append(f"{number(ranges[0])} and {number(ranges[1])} by the {name}")
        return f"{moved} and {held}, which is held, range over {', '.join(said)}"


@torch.no_grad()
def pair_grid(
    generator: Generator,
    scorer: Scorer,
    latents: Latents,
    directions: tuple[Direction, Direction],
    strengths: Sequence[float],
    *,
    hold: Iterable[Direction] = (),
    units: str = "sigma",
    judge: Judge | None = None,
    features: Features | None = None,
    batch_size: int | None = None,
) -> PairGrid:
    """Move one image along two attributes, each with the other held, and read every cell.

    Args:
        generator: of the images.
        scorer: attribute classifier.
        latents: one code.
        directions: of the attribute that changes from column to column, and of the one from row to row.
        strengths: of both.
        hold: further directions whose linear scores stay.
        units: of the strengths, as in `edits.move`.
        judge: a classifier that took no part.
        features: that identity is measured by; by default those of the judge's network, which took no part either, else
            what `features_of` finds.
        batch_size: images at a time; by default as many as suit their size and the device.

    Returns:
        The codes and readings of all cells.

    Raises:
        SettingError: for several codes, twice the same attribute, and a judge that is the scorer.
        UnknownNameError: for an attribute that is not scored.
        SpaceError, FingerprintError: when codes, directions and generator do not go together.

    Example:
        >>> import ganatomy as ga
        >>> from ganatomy.perception import OracleScorer
        >>> toy = ga.ToyGenerator(seed=0)
        >>> truth, z = toy.truth_in("z"), toy.sample(1, seed=1)
        >>> found = ga.pair_grid(toy, OracleScorer(toy), z, (truth["red"], truth["round"]), [-1, 0, 1])
        >>> found.scorer.shape, round(float(found.identity[1, 1]), 6)
        (torch.Size([3, 3, 2]), 1.0)
    """
    names = [direction.name for direction in directions]
    if len(latents) != 1 or names[0] == names[1]:
        raise SettingError(
            f"a grid of {names[0]} and {names[1]} from {len(latents)} codes; give one code and two attributes"
        )
    readers: list[Scorer] = [scorer.select(names)]
    if judge is not None:
        judge.require_independent(scorer)
        readers.append(judge.select(names))
    features = features or features_of("auto" if judge is None else "scorer", judge or scorer)
    cells = crossed(latents, directions, strengths, hold=hold, units=units)
    seen, rows = _read(generator, readers, features, Latents.cat([latents, cells]), batch_size)
    unrelated = generator.sample(NUM_IMAGES, seed=IMAGES_SEED, space=latents.space)
    _, others = _read(generator, [], features, unrelated, batch_size)
    shape = (len(strengths), len(strengths))
    first, *rest = (one.unflatten(0, shape) for one in (reading[1:] for reading in seen))
    disagrees = torch.zeros(shape, dtype=torch.bool)
    if rest:
        was, judge_was = (reading[0].expand(*shape, 2) for reading in seen)
        yes = confirmed(was, first, judge_was, rest[0]) | ((first - was).abs() < NOTICEABLE)
        disagrees = ~yes.all(2)
    return PairGrid(
        along=names[0],
        across=names[1],
        latents=cells,
        scorer=first,
        judge=rest[0] if rest else None,
        identity=_kept(rows, others).unflatten(0, shape),
        identity_by=features.description,
        disagrees=disagrees,
    )


def crossed(
    latents: Latents,
    directions: tuple[Direction, Direction],
    strengths: Sequence[float],
    *,
    hold: Iterable[Direction],
    units: str,
) -> Latents:
    """The codes of a grid: along the second direction from row to row, along the first from column to column."""
    along, across = directions
    held = tuple(hold)
    starts = walk(latents, across, strengths, units=units, hold=(*held, along))
    return walk(starts, along, strengths, units=units, hold=(*held, across))


def _read(
    generator: Generator,
    readers: Sequence[Scorer],
    features: Features,
    latents: Latents,
    batch_size: int | None,
) -> tuple[list[Float[Tensor, "n a"]], Float[Tensor, "n f"]]:
    """The probabilities that each reader gives to the same images, and their features."""
    *logits, rows = read_images(generator, latents, *readers, features, batch_size=batch_size)
    return [torch.sigmoid(seen) for seen in logits], rows


def _kept(rows: Float[Tensor, "m f"], others: Float[Tensor, "k f"]) -> Float[Tensor, " n"]:
    """`(cos(first, row) - cos(unrelated)) / (1 - cos(unrelated))` of every row but the first (`identity_kept`)."""
    unit, apart = F.normalize(rows.double()), F.normalize(others.double())
    chance = (apart * apart.roll(1, 0)).sum(1).mean()
    return (((unit[1:] @ unit[0]) - chance) / (1 - chance)).float()
