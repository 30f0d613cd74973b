"""Which of two spaces is less entangled: a paired test on the same images, edited by the same change of the target.

The unwanted change of an edit is what it does to the scores of all other attributes; it grows with the edit, so spaces
are compared at an equal change of the attribute that is meant to move.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import SettingError
from ganatomy.metrics import EditedSet
from ganatomy.statistics import tests
from ganatomy.statistics.intervals import UNMEASURED, Estimate, estimate, ratio_of, resampling
from ganatomy.statistics.tests import exceedance, exchanged_means, random_swaps

TARGET_CHANGE = 0.25
"""Mean change of its own attribute's probability at which edits are compared; less where a space does not get there."""
LEAST_SHARE = 0.4
"""An attribute that does not get this far towards the change, in both spaces, is not compared."""
NUM_FLIPS = 9999
"""Random exchanges of the two spaces, image by image."""
SAME = 1e-5
"""Logarithms of ratios that differ by less than this are ties: rounding, not evidence."""
LEAST = 1e-6
"""An unwanted change below this is read as this, so that ratios exist."""
STATIONS = tuple(step / 5 for step in range(1, 6))
"""Shares of the compared change at which the curve of unwanted changes is read."""


@dataclass(frozen=True, kw_only=True)
class PairedEdits:
    """Edits of one attribute in z and in w, in the direction in which most images can change.

    Args:
        name: of the attribute.
        added: whether edits add the attribute; else most images have it, and edits remove it.
        strengths: from 0 outwards.
        wanted: change of the target in each image, in z and in w; of probabilities, or of logits in standard
            deviations of each attribute.
        unwanted: mean |change| of the other attributes, likewise.
    """

    name: str
    added: bool
    strengths: tuple[float, ...]
    wanted: Float[Tensor, "2 n m"]
    unwanted: Float[Tensor, "2 n m"]

    @property
    def changes(self) -> Float[Tensor, "2 n 2 m"]:
        """Wanted and unwanted changes side by side, in z and in w."""
        return torch.stack([self.wanted, self.unwanted], dim=2)

    def strengths_for(self, change: float) -> tuple[float, ...]:
        """The strengths that it takes to change the mean of the target so much in both spaces, and one more."""
        reached = (self.wanted.mean(1) >= change).all(0).nonzero()[:, 0]
        return self.strengths[: int(reached[0]) + 2] if len(reached) else self.strengths


@dataclass(frozen=True, kw_only=True)
class UnwantedChange:
    """What edits of one attribute do to the others, in z and in w, at the same change of the attribute itself.

    Args:
        name: of the edited attribute.
        added: whether edits add it.
        change: mean change of its own probability at which spaces are compared.
        z: mean |change| of each other attribute, over images.
        w: the same in w.
        ratio: w over z.
    """

    name: str
    added: bool
    change: float
    z: Estimate
    w: Estimate
    ratio: Estimate


@dataclass(frozen=True, kw_only=True)
class SpaceComparison:
    """Unwanted changes in w against those in z; ratios have intervals over images and over surveys.

    Args:
        target_change: that was asked for.
        num_images: that were edited in both spaces.
        left_out: attributes that a space cannot move far enough, with how far both move them.
        attributes: the others.
        ratio: w over z, geometric mean over attributes; nan where there are none.
        p: chance of a ratio at least as far from 1 where the spaces are equivalent.
        errors: standard errors of log(ratio), from "images" and from "directions".
        curves: of each space, mean |change| of each other attribute at several mean changes of the target.
    """

    target_change: float
    num_images: int
    left_out: Mapping[str, float]
    attributes: tuple[UnwantedChange, ...] = ()
    ratio: Estimate = UNMEASURED
    p: float = 1.0
    errors: Mapping[str, float] = field(default_factory=dict)
    curves: Mapping[str, list[tuple[float, Estimate]]] = field(default_factory=dict)

    @property
    def smallest_p(self) -> float:
        """The smallest p that so few images can give."""
        return tests.smallest_p(self.num_images, num=NUM_FLIPS)


def paired_edits(
    z: EditedSet,
    w: EditedSet,
    *,
    spread: Float[Tensor, " a"] | None = None,
    added: Mapping[str, bool] | None = None,
) -> list[PairedEdits]:
    """Each direction's edits of the same images in both spaces.

    Args:
        z: edits in z.
        w: edits in w.
        spread: standard deviations of logits, to count changes of logits in; by default probabilities are counted.
        added: whether edits add an attribute, by its name; by default where up to half of the unedited images have it.

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
        name = z.names[k]
        adds = float(probabilities[:, k, :, start, target].mean()) <= 0.5 if added is None else added[name]
        outwards = ((strengths >= 0) if adds else (strengths <= 0)).nonzero()[:, 0]
        rows = outwards[strengths[outwards].abs().argsort()]
        change = changes[:, k][:, :, rows]
        others = [a for a in range(len(z.attributes)) if a != target]
        found.append(
            PairedEdits(
                name=name,
                added=adds,
                strengths=tuple(strengths[rows].tolist()),
                wanted=change[..., target] * (1 if adds else -1),
                unwanted=change[..., others].abs().mean(-1),
            )
        )
    return found


def compare_spaces(
    edits: Sequence[PairedEdits],
    *,
    again: Iterable[Sequence[PairedEdits]] = (),
    inflation: float = 1.0,
    target_change: float = TARGET_CHANGE,
    seed: int = 0,
) -> SpaceComparison:
    """Compare the unwanted changes of the same images' edits in z and in w.

    Where the spaces are equivalent, an image's edits in z could as well have been those in w: exchanging the two of
    any images gives data that are as likely. So p is the share of random exchanges, image by image, with a ratio
    as far from 1 as the one that was found, everything else done alike (a sign-flip test, exact for any number of
    images). Directions are estimates too, and their error is the same in all images: it is added to each exchange
    as a Student t of as many degrees of freedom as it was estimated with, and to the intervals.

    Args:
        edits: of each attribute.
        again: the same images edited along directions that were found again, as in `edits`.
        inflation: variance of directions as they are, over that between those found again.
        target_change: at which edits are compared, or what both spaces reach.
        seed: of resampling and exchanges.
    """
    n, least = edits[0].wanted.shape[1], LEAST_SHARE * target_change
    once, draws = torch.full((1, n), 1 / n, dtype=torch.float64), resampling(n, seed=seed)
    reached = [float(change) for change in _weighted(edits, once, target_change).change]
    left_out = {edit.name: change for edit, change in zip(edits, reached, strict=True) if change < least}
    compared = [edit for edit in edits if edit.name not in left_out]
    if not compared:
        return SpaceComparison(target_change=target_change, num_images=n, left_out=left_out)
    found, drawn = (_weighted(compared, weights, target_change) for weights in (once, draws))
    observed, spread = found.mean_log_ratio(least), drawn.mean_log_ratio(least)

    # How far ratios lie from each other whose directions were found again, of all attributes and of each.
    repeats = [
        _weighted([edit for edit in others if edit.name not in left_out], once, target_change)
        for others in again
    ]
    error = _error([it.mean_log_ratio(least) for it in repeats], inflation)
    errors = [_error([it.log_ratio[k] for it in repeats], inflation) for k in range(len(compared))]
    freedom = max(len(repeats) - 1, 1)

    swaps = random_swaps(n, seed=seed, num=NUM_FLIPS)
    exchanged = _at_equal_change(
        [exchanged_means(edit.changes[0], edit.changes[1], swaps) for edit in edits], target_change
    ).mean_log_ratio(least)
    noise = torch.from_numpy(np.random.default_rng((seed, 1)).standard_t(freedom, NUM_FLIPS)) * error
    return SpaceComparison(
        target_change=target_change,
        num_images=n,
        left_out=left_out,
        attributes=tuple(
            UnwantedChange(
                name=edit.name,
                added=edit.added,
                change=float(found.change[k]),
                z=estimate(found.z[k], drawn.z[k]),
                w=estimate(found.w[k], drawn.w[k]),
                ratio=ratio_of(found.log_ratio[k], drawn.log_ratio[k], n=n, error=errors[k], freedom=freedom),
            )
            for k, edit in enumerate(compared)
        ),
        ratio=ratio_of(observed, spread, n=n, error=error, freedom=freedom),
        p=exceedance(float(observed.abs()) - SAME, (exchanged + noise).abs()),
        errors={"images": float(spread.std()), "directions": error},
        curves=_curves(compared, once, draws, float(found.change.min())),
    )


@dataclass(frozen=True, kw_only=True)
class AtEqualChange:
    """Of k attributes, in each of b draws: the change that both spaces reach, and the unwanted changes there."""

    change: Float[Tensor, "k b"]
    z: Float[Tensor, "k b"]
    w: Float[Tensor, "k b"]

    @property
    def log_ratio(self) -> Float[Tensor, "k b"]:
        return (self.w / self.z).log()

    def mean_log_ratio(self, least: float) -> Float[Tensor, " b"]:
        """The mean over attributes of log(w / z); an attribute that changes by less than this is left out."""
        moves = self.change >= least
        return (self.log_ratio * moves).sum(0) / moves.sum(0).clamp(min=1)


def _weighted(edits: Sequence[PairedEdits], weights: Float[Tensor, "b n"], goal: float) -> AtEqualChange:
    """Under weights of images."""
    means = [torch.einsum("bn,snkm->sbkm", weights, edit.changes).unbind() for edit in edits]
    return _at_equal_change(means, goal)


def _at_equal_change(means: Iterable[Sequence[Tensor]], goal: float) -> AtEqualChange:
    """From the mean wanted and unwanted changes `[b, 2, m]` in z and in w, of each attribute."""
    rows = []
    for z, w in means:
        change = torch.minimum(z[:, 0].amax(1), w[:, 0].amax(1)).clamp(max=goal)
        rows.append([change, *(at_change(it[:, 0], it[:, 1], change).clamp(min=LEAST) for it in (z, w))])
    change, z, w = (torch.stack(column) for column in zip(*rows, strict=True))
    return AtEqualChange(change=change, z=z, w=w)


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


def _error(repeated: Sequence[Tensor], inflation: float) -> float:
    return math.sqrt(inflation * float(torch.cat(list(repeated)).var())) if len(repeated) > 1 else 0.0


def _curves(
    edits: Sequence[PairedEdits], once: Tensor, draws: Tensor, goal: float
) -> dict[str, list[tuple[float, Estimate]]]:
    """Mean unwanted change over attributes at shares of the change that all of them reach in both spaces."""
    curves: dict[str, list[tuple[float, Estimate]]] = {"z": [], "w": []}
    for share in STATIONS:
        found, drawn = (_weighted(edits, weights, share * goal) for weights in (once, draws))
        curves["z"].append((share * goal, estimate(found.z.mean(0), drawn.z.mean(0))))
        curves["w"].append((share * goal, estimate(found.w.mean(0), drawn.w.mean(0))))
    return curves
