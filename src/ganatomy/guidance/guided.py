"""Edits that are led by the images themselves: towards a score, past what must stay, where codes are likely."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ganatomy.errors import SettingError
from ganatomy.generators.base import Generator, batches
from ganatomy.guidance.goals import Values, goals, held_names, refuse_tables
from ganatomy.guidance.identity import Features, Identity, coarse
from ganatomy.guidance.likely import Likely, likely
from ganatomy.guidance.search import Search
from ganatomy.guidance.slopes import Differences, Gradients, Look, Slopes, gradients_reach
from ganatomy.latents import Directions, Latents
from ganatomy.perception.base import Scorer, Scores

OTHERS = 0.5
"""How much attributes that nobody named, and the coarse image, are held, as a share of what is named."""

DAMPING = 3e-3
"""Squared changes of held probabilities that are worth a squared standard deviation of the way."""

NUM_COARSE = 8
"""Numbers that the coarse image is watched by."""

NUM_OTHERS = 128
"""Other images that say which way a target lies."""

SEED = 0x0711E2


@dataclass(frozen=True, kw_only=True, eq=False)
class Guided:
    """Edited codes, and what the edit did to the image of each.

    Args:
        targets, held: names of attributes. goals: probability that each target was to reach.
        before, after: scores of all attributes.
        reached: every target is within `search.CLOSE` of its goal. steps: how many were taken.
        distance: from the code as it was, in standard deviations of codes.
        slopes: where the slopes of scores came from: "gradients", or "finite differences along 5 directions".
    """

    latents: Latents
    targets: tuple[str, ...]
    held: tuple[str, ...]
    goals: Float[Tensor, "n t"]
    before: Scores
    after: Scores
    reached: Bool[Tensor, " n"]
    steps: Int[Tensor, " n"]
    distance: Float[Tensor, " n"]
    slopes: str

    def __len__(self) -> int:
        return len(self.latents)

    @property
    def changes(self) -> Float[Tensor, "n a"]:
        """Probabilities after less before, of all attributes."""
        return self.after.probabilities - self.before.probabilities

    @property
    def drift(self) -> Float[Tensor, "n h"]:
        """Probabilities after less before, of the held attributes."""
        return self.changes[:, [self.before.names.index(name) for name in self.held]]

    def __str__(self) -> str:
        was, now = (seen.select(self.targets).probabilities.mean(0) for seen in (self.before, self.after))
        moved = ", ".join(
            f"{name} {a:.2f} to {b:.2f}" for name, a, b in zip(self.targets, was, now, strict=True)
        )
        kept = f"; held ones changed by {float(self.drift.abs().mean()):.3f}" if self.held else ""
        return f"{int(self.reached.sum())} of {len(self)} reached: {moved}{kept} (means, by {self.slopes})"


@torch.no_grad()
def guided(
    generator: Generator,
    scorer: Scorer,
    latents: Latents,
    to: Values,
    *,
    hold: Iterable[str] | str = (),
    units: str = "probability",
    identity: Features | None = None,
    directions: Directions | None = None,
    layers: tuple[int, int] | None = None,
    where: Likely | None = None,
    others: float = OTHERS,
    damping: float = DAMPING,
    max_steps: int = 12,
    batch_size: int = 16,
    progress: Callable[[int, int], None] | None = None,
) -> Guided:
    """Codes moved until the scorer sees the wanted probabilities in their images, while held scores stay.

    Each step leads to the smallest way, in standard deviations of codes, that moves a target by at most `search.CAP`
    logits and leaves held probabilities where they were to first order, their drift so far taken back:
    `smallest_step`. Targets go along their mean slope in `NUM_OTHERS` images: following the slope in one image
    mostly fools the scorer. When the next image says that the target did not follow, or that held ones drifted,
    the step is halved. Codes stay where codes are likely. Every image goes its own way, whatever is edited beside it.

    Args:
        to: attribute to value, in `units`: "probability", "logit", "change" (of the image's own probability) or
            "shift" (of its own logit). A value is a number, a tensor with one for each image, or a text such as
            "+0.25", which is a change.
        hold: attributes whose probabilities must stay, or "all" others.
        identity: from images to features `[n, f]` that must stay as well, such as those of a face recogniser.
        directions: edit in their span only. They are needed where gradients do not flow through scorer and generator;
            slopes are then finite differences along them, and the result says so.
        layers: half-open range of layers to move; codes in w become w+.
        where: codes are likely; by default measured on codes that the generator draws, see `likely.likely`.
        others: how much of the hold attributes get that nobody named, and the coarse image (light, colours); 0
            leaves them free.
        damping: the larger, the shorter the step and the more held probabilities give way.
        progress: called with the images that are finished, and all of them.

    Raises:
        UnknownNameError: for an attribute that is not scored, and for other units.
        SettingError: for values out of range, for an attribute that is both target and held, and where gradients do
            not flow and there are no directions.
        ScoreError: for a table of labels, and for scores that are not numbers.
        SpaceError, FingerprintError: for codes or directions of another space or generator.
    """
    _check(latents, scorer, damping=damping, max_steps=max_steps, batch_size=batch_size)
    names = tuple(scorer.names)
    targets = scorer.select(to).names if to else ()
    held = held_names(names, targets, hold)
    latents = latents if layers is None else latents.to("w+")
    where = where or likely(generator, latents.space)
    where.check(latents)
    reachable = where if layers is None else where.in_layers(layers, latents.num_layers or 0)

    if directions is None:
        scorer = scorer.differentiable()
    look = _look(generator, scorer)
    before = Scores(
        names=names, logits=torch.cat([look(part).cpu() for part in batches(latents, batch_size)])
    )
    wanted = goals(before, to, units=units)
    guarded = [] if identity is None else [Identity.of(identity, generator, latents.space)]
    spared = [Identity.of(coarse, generator, latents.space, num_projections=NUM_COARSE)] if others else []
    watch = _look(generator, scorer, *guarded, *spared)
    if directions is None and not gradients_reach(look, latents):
        raise SettingError(
            "gradients do not flow from these scores to codes; give directions to edit along, or use another scorer"
        )
    slopes = _slopes(watch, latents, reachable, directions)

    columns = torch.tensor([names.index(name) for name in targets])
    num_guarded = len(names) + sum(kept.size for kept in guarded)
    worth = torch.full((num_guarded + sum(kept.size for kept in spared),), others, dtype=torch.float64)
    worth[[names.index(name) for name in held]] = 1
    worth[len(names) : num_guarded] = 1
    worth[columns] = 0
    elsewhere = generator.sample(NUM_OTHERS, seed=SEED, space=latents.space)
    common = torch.cat(
        [slopes(part, columns.expand(len(part), -1))[1] for part in batches(elsewhere, batch_size)]
    ).mean(0)
    searches: list[Search] = []
    for first in range(0, len(latents), batch_size):
        search = Search(
            latents[first : first + batch_size],
            watch=watch,
            slopes=slopes,
            where=where,
            reachable=reachable,
            targets=columns,
            worth=worth,
            num_attributes=len(names),
            num_guarded=num_guarded,
            goals=wanted[first : first + batch_size],
            damping=damping,
            common=common,
        )
        search.run(max_steps)
        searches.append(search)
        if progress:
            progress(sum(len(done.latents) for done in searches), len(latents))
    moved = torch.cat([search.moved.codes for search in searches])
    after = torch.cat([search.values[:, : len(names)] for search in searches])
    return Guided(
        latents=latents.with_codes(moved),
        targets=targets,
        held=held,
        goals=torch.sigmoid(wanted).float(),
        before=before,
        after=Scores(names=names, logits=after.float()),
        reached=torch.cat([search.reached for search in searches]),
        steps=torch.cat([search.steps for search in searches]),
        distance=torch.cat([search.way.norm(dim=1) for search in searches]).float(),
        slopes=slopes.description,
    )


def _look(generator: Generator, scorer: Scorer, *kept: Identity) -> Look:
    def look(latents: Latents) -> Tensor:
        images = generator(latents)
        logits = scorer.score(images, latents=latents).logits
        return torch.cat([logits, *(features(images).to(logits) for features in kept)], dim=1)

    return look


def _slopes(watch: Look, latents: Latents, reachable: Likely, directions: Directions | None) -> Slopes:
    if directions is None:
        return Gradients(look=watch, likely=reachable)
    for direction in directions:
        direction.check(latents)
    return Differences(look=watch, likely=reachable, basis=reachable.along(directions))


def _check(latents: Latents, scorer: Scorer, *, damping: float, max_steps: int, batch_size: int) -> None:
    refuse_tables(scorer.num_rows, scorer.description)
    if not len(latents):
        raise SettingError("there are no codes to edit; give one or more")
    if not bool(torch.isfinite(latents.codes).all()):
        raise SettingError("these codes hold values that are not numbers; edit codes of a generator")
    if not damping > 0 or min(max_steps, batch_size) < 1:
        raise SettingError(
            f"cannot edit with damping {damping:g}, {max_steps} steps and batches of {batch_size}; "
            "give more than 0, and 1 or more"
        )
