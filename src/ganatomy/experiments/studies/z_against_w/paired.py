"""Which of two spaces is less entangled: a paired test on the same images, edited by the same change of the target.

The unwanted change of an edit is what it does to the scores of all other attributes; it grows with the edit, so spaces
are compared at an equal change of the attribute that is meant to move.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import SettingError
from ganatomy.metrics import EditedSet
from ganatomy.statistics.intervals import TAILS, Estimate, estimate, resampling

TARGET_CHANGE = 0.25
"""Mean change of its own attribute's probability at which edits are compared; less where a space does not get there."""
LEAST_SHARE = 0.4
"""An attribute that does not get this far towards the change, in both spaces, is not compared."""
NUM_FLIPS = 9999
"""Random ways to exchange the two spaces, image by image."""
SAME = 1e-5
"""Logarithms of ratios that differ by less than this are ties: rounding, not evidence."""
LEAST = 1e-6
"""An unwanted change below this is read as this, so that ratios exist."""
STATIONS = tuple(step / 5 for step in range(1, 6))
"""Shares of the compared change at which the curve of unwanted changes is read."""


@dataclass(frozen=True, kw_only=True)
class Side:
    """Edits of one attribute in z and in w, towards the side where most images can change.

    Args:
        added: whether edits add the attribute; else most images have it, and they take it away.
        strengths: from 0 outwards.
        wanted, unwanted: in z and in w, each image's change of the target, and mean |change| of the others.
            Of probabilities, or of logits in standard deviations of each attribute.
    """

    name: str
    added: bool
    strengths: tuple[float, ...]
    wanted: Float[Tensor, "2 n m"]
    unwanted: Float[Tensor, "2 n m"]

    def strengths_for(self, change: float) -> tuple[float, ...]:
        """The strengths that it takes to change the mean of the target so much in both spaces, and one more."""
        reached = (self.wanted.mean(1) >= change).all(0).nonzero()[:, 0]
        return self.strengths[: int(reached[0]) + 2] if len(reached) else self.strengths


@dataclass(frozen=True, kw_only=True)
class Unwanted:
    """What edits of one attribute do to the others, in z and in w, at the same change of the attribute itself.

    Args:
        added: whether edits add it. change: mean change of its own probability at which spaces are compared.
        z, w: mean |change| of each other attribute, over images. ratio: w over z.
    """

    name: str
    added: bool
    change: float
    z: Estimate
    w: Estimate
    ratio: Estimate


@dataclass(frozen=True, kw_only=True)
class Paired:
    """Unwanted changes in w against those in z; ratios have intervals over images and over surveys.

    Args:
        attributes: those that both spaces can move. left_out: the others, with how far both get.
        ratio: w over z, geometric mean over attributes; nan where there are none.
        target_change: that was asked for.
        p: chance of a ratio at least as far from 1 where the spaces are equivalent.
        errors: standard errors of log(ratio), from "images" and from "directions".
        curves: of each space, mean |change| of each other at several mean changes of the target.
    """

    attributes: tuple[Unwanted, ...]
    target_change: float
    left_out: dict[str, float]
    ratio: Estimate
    p: float
    errors: dict[str, float]
    curves: dict[str, list[tuple[float, Estimate]]]
    num_images: int

    @property
    def smallest_p(self) -> float:
        """What so few images can show at most: of all exchanges, two leave everything as it is or turn all of it."""
        return max(2.0 ** (1 - self.num_images), 1 / (NUM_FLIPS + 1))


def sides(z: EditedSet, w: EditedSet, *, spread: Float[Tensor, " a"] | None = None) -> list[Side]:
    """Each direction's edits of the same images in both spaces.

    Args:
        spread: standard deviations of logits, to count changes of logits in; by default probabilities are counted.

    Raises:
        SettingError: for sets of different images, attributes or strengths, or without the strength 0.
    """
    if (z.names, z.attributes, z.strengths, z.num_codes) != (w.names, w.attributes, w.strengths, w.num_codes):
        raise SettingError("edits in z and in w are of different images, attributes or strengths")
    if 0.0 not in z.strengths or len(z.attributes) < 2:
        raise SettingError(
            f"{len(z.attributes)} attributes at strengths {z.strengths}: unwanted changes need two attributes or more, "
            "and the strength 0 to start from"
        )
    strengths = torch.tensor(z.strengths)
    start = z.strengths.index(0.0)
    probabilities = torch.stack([z.probabilities, w.probabilities]).double()
    seen = probabilities if spread is None else torch.stack([z.logits, w.logits]).double() / spread
    changes = seen - seen[:, :, :, start, None]
    found = []
    for k, target in enumerate(z.targets.tolist()):
        added = float(probabilities[:, k, :, start, target].mean()) <= 0.5
        outwards = ((strengths >= 0) if added else (strengths <= 0)).nonzero()[:, 0]
        rows = outwards[strengths[outwards].abs().argsort()]
        change = changes[:, k][:, :, rows]
        others = [a for a in range(len(z.attributes)) if a != target]
        found.append(
            Side(
                name=z.names[k],
                added=added,
                strengths=tuple(strengths[rows].tolist()),
                wanted=change[..., target] * (1 if added else -1),
                unwanted=change[..., others].abs().mean(-1),
            )
        )
    return found


def compare_spaces(
    edits: Sequence[Side],
    *,
    again: Iterable[Sequence[Side]] = (),
    inflation: float = 1.0,
    target_change: float = TARGET_CHANGE,
    seed: int = 0,
) -> Paired:
    """Compare the unwanted changes of the same images' edits in z and in w.

    Where the spaces are equivalent, an image's edits in z could as well have been those in w: exchanging the two of
    any images gives data that are as likely. So p is the share of random exchanges, image by image, with a ratio
    as far from 1 as the one that was found, everything else done alike (a sign-flip test, exact for any number of
    images). Directions are estimates too, and their error is the same in all images: it is added to each exchange
    as a Student t of as many degrees of freedom as it was estimated with, and to the intervals.

    Args:
        again: the same images edited along directions that were found again, as in `edits`.
        inflation: variance of directions as they are, over that between those found again.
        target_change: at which edits are compared, or what both spaces reach.
    """
    n = edits[0].wanted.shape[1]
    once, draws = torch.full((1, n), 1 / n, dtype=torch.float64), resampling(n, seed=seed)
    found, drawn = ([_read(side, w, w, target_change) for side in edits] for w in (once, draws))
    least = LEAST_SHARE * target_change
    compared = [k for k, reading in enumerate(found) if float(reading.change) >= least]
    left_out = {side.name: float(found[k].change) for k, side in enumerate(edits) if k not in compared}
    if not compared:
        return Paired(
            attributes=(),
            target_change=target_change,
            left_out=left_out,
            ratio=Estimate(value=math.nan, low=math.nan, high=math.nan),
            p=1.0,
            errors={},
            curves={},
            num_images=n,
        )
    observed = _mean_log_ratio(found, least)
    spread = _mean_log_ratio([drawn[k] for k in compared], least)

    # How far ratios lie from each other whose directions were found again, of all attributes and of each.
    repeats = [[_read(side, once, once, target_change) for side in others] for others in again]
    error = _error(
        [_mean_log_ratio([readings[k] for k in compared], least) for readings in repeats], inflation
    )
    rng, freedom = np.random.default_rng(seed), max(len(repeats) - 1, 1)

    flips = torch.from_numpy(rng.integers(0, 2, (NUM_FLIPS, n))).double()
    exchanged = _mean_log_ratio([_exchange(side, flips, target_change) for side in edits], least)
    noise = torch.from_numpy(rng.standard_t(freedom, NUM_FLIPS)) * error
    extreme = (exchanged + noise).abs() >= observed.abs() - SAME

    def unwanted(k: int) -> Unwanted:
        side, reading, resampled = edits[k], found[k], drawn[k]
        error = _error([readings[k].log_ratio for readings in repeats], inflation)
        return Unwanted(
            name=side.name,
            added=side.added,
            change=float(reading.change),
            z=estimate(reading.z, resampled.z),
            w=estimate(reading.w, resampled.w),
            ratio=_ratio(reading.log_ratio, resampled.log_ratio, n=n, error=error, freedom=freedom),
        )

    return Paired(
        attributes=tuple(unwanted(k) for k in compared),
        target_change=target_change,
        left_out=left_out,
        ratio=_ratio(observed, spread, n=n, error=error, freedom=freedom),
        p=(int(extreme.sum()) + 1) / (NUM_FLIPS + 1),
        errors={"images": float(spread.std()), "directions": error},
        curves=_curves([edits[k] for k in compared], once, draws, target_change),
        num_images=n,
    )


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Of one attribute, in each of b draws: the change of the target, and the unwanted ones at it."""

    change: Float[Tensor, " b"]
    z: Float[Tensor, " b"]
    w: Float[Tensor, " b"]

    @property
    def log_ratio(self) -> Float[Tensor, " b"]:
        return (self.w / self.z).log()


def _read(side: Side, as_z: Float[Tensor, "b n"], as_w: Float[Tensor, "b n"], goal: float) -> Reading:
    """Under weights of images."""
    wanted, unwanted = (
        [weights @ rows for weights, rows in zip((as_z, as_w), both, strict=True)]
        for both in (side.wanted, side.unwanted)
    )
    return _at_equal_change(wanted, unwanted, goal)


def _exchange(side: Side, flips: Float[Tensor, "b n"], goal: float) -> Reading:
    """After z and w were exchanged in the images whose flip is 1."""

    def exchanged(rows: Tensor) -> list[Tensor]:
        moved = flips @ (rows[1] - rows[0]) / rows.shape[1]
        return [rows[0].mean(0) + moved, rows[1].mean(0) - moved]

    return _at_equal_change(exchanged(side.wanted), exchanged(side.unwanted), goal)


def _at_equal_change(wanted: Sequence[Tensor], unwanted: Sequence[Tensor], goal: float) -> Reading:
    change = torch.minimum(wanted[0].amax(1), wanted[1].amax(1)).clamp(max=goal)
    z, w = (at_change(t, c, change).clamp(min=LEAST) for t, c in zip(wanted, unwanted, strict=True))
    return Reading(change=change, z=z, w=w)


def at_change(
    wanted: Float[Tensor, "b m"], unwanted: Float[Tensor, "b m"], change: Float[Tensor, " b"]
) -> Float[Tensor, " b"]:
    """The second curve where the first one first reaches a height, by straight lines between strengths.

    >>> at_change(torch.tensor([[0.0, 0.2, 0.4]]), torch.tensor([[0.0, 0.1, 0.5]]), torch.tensor([0.3]))
    tensor([0.3000])
    """
    above = wanted[:, 1:] >= change[:, None] - 1e-12
    above[:, -1] |= ~above.any(1)
    end = above.int().argmax(1, keepdim=True) + 1
    t0, t1, c0, c1 = (rows.gather(1, at)[:, 0] for rows in (wanted, unwanted) for at in (end - 1, end))
    share = ((change - t0) / (t1 - t0).clamp(min=1e-12)).clamp(0, 1)
    return c0 + share * (c1 - c0)


def _mean_log_ratio(readings: Sequence[Reading], least: float) -> Float[Tensor, " b"]:
    """The mean over attributes of log(w / z); an attribute that does not move is left out."""
    ratios = torch.stack([reading.log_ratio for reading in readings])
    moves = torch.stack([reading.change for reading in readings]) >= least
    return (ratios * moves).sum(0) / moves.sum(0).clamp(min=1)


def _error(repeated: Sequence[Tensor], inflation: float) -> float:
    return math.sqrt(inflation * float(torch.cat(list(repeated)).var())) if len(repeated) > 1 else 0.0


def _curves(
    edits: Sequence[Side], once: Tensor, draws: Tensor, goal: float
) -> dict[str, list[tuple[float, Estimate]]]:
    """Mean unwanted change over attributes at shares of what all attributes reach in both spaces."""
    goal = min(float(_read(side, once, once, goal).change) for side in edits)
    points: dict[str, list[tuple[float, Estimate]]] = {"z": [], "w": []}
    for share in STATIONS:
        readings = [[_read(side, rows, rows, share * goal) for side in edits] for rows in (once, draws)]
        for space, values in points.items():
            value, drawn = (torch.stack([getattr(r, space) for r in of]).mean(0) for of in readings)
            values.append((share * goal, estimate(value, drawn)))
    return points


def _ratio(value: Tensor, drawn: Float[Tensor, " b"], *, n: int, error: float, freedom: int) -> Estimate:
    """A ratio from its logarithm, with the interval of a Student t for both sources of error (Welch, Satterthwaite)."""
    from scipy import stats  # half a second, which every command would pay for

    over_images = float(drawn.var()) * n / (n - 1)
    total = over_images + error**2
    degrees = total**2 / (over_images**2 / (n - 1) + error**4 / freedom) if total else 1.0
    half = float(stats.t.ppf(TAILS[1], degrees)) * math.sqrt(total)
    return Estimate(
        value=math.exp(float(value)), low=math.exp(float(value) - half), high=math.exp(float(value) + half)
    )
