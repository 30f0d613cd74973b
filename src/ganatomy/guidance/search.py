"""The way of each image to its goals: step, look, keep the step or take half, and end at the best place seen."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ganatomy.guidance.likely import Likely
from ganatomy.guidance.slopes import Look, Slopes
from ganatomy.guidance.steps import smallest_step
from ganatomy.latents import Latents

CLOSE = 0.02
"""A target this near to its probability is reached."""

STILL = 0.05
"""Held probabilities whose changes have a root sum of squares below this are not worth another step."""

FAINT = 0.02
"""A held attribute whose probability changes by less than this for a logit is left out of a step."""

LEAST_WEIGHT = 0.02
"""Attributes that are nearly sure in an image count as if their probability still changed so much for a logit."""

CAP = 3.0
"""Logits that one step moves a target by."""

NEAR = 1.5
"""Logits from the goal within which a target goes by its slope in the image itself as well.

Farther off, that slope says little of where a step leads, and much of what the scorer is blind to: it is the way to
fool it. The mean slope in other images is the way that changes what all of them have in common.
"""

FAR = 6.0
"""Logits from the goal beyond which what is held gives way from the start, to be mended when the goal is reached."""

FARTHEST = 4.0
"""Standard deviations of codes that the whole way may be long: farther, little of the image is left."""

RADIUS = 1.5
"""Standard deviations of codes that one step may be long."""

EXCESS = 0.3
"""By how much one step may add to the drift of held probabilities, beyond half of what it was."""

BACK = 0.5
"""Logits that a step may take a target back by: scores are rough, and a way that ends at each bump ends at once."""

GAINS = (0.2, 3.0)
"""How many times less or more than in other images a target may answer in this one."""

BETTER = 0.9
"""A step that makes up for what it spoils brings the whole miss down to this share."""

GOAL, HALFWAY = 3.0, 0.5
"""What a probability short of its goal, and the whole way in logits, are worth in drift."""

TOLD = 0.1
"""Logits that a step must promise for its outcome to say how much a target answers."""

HALVINGS = 2
"""Times that a step is halved before what is held gives way."""

LOOSER = 3.0
"""By how much drift may grow more, and damping by its square, each time that what is held gives way."""

TIMES_LOOSER = 2
"""Times that what is held gives way before an image is left where it is best."""

LOOKS = 2
"""Places that are looked at for each step that may be taken: half of them may be in vain."""

CLOSING = 6
"""Places that are looked at, at the end, between one below and one above a goal."""

REFRESH = 4
"""Looks after which slopes are found anew; between, each look corrects them (Broyden 1965)."""


class Search:
    """Where each image of a batch has got to, in u, the coordinates in which codes have unit covariance.

    Watched are `num_attributes` logits, then features that are to stay, up to `num_guarded`, then features that steps
    leave alone where they can; features are in units that count like probabilities. Images do not know of each other;
    those that are finished are not looked at again.

    Steps take targets along their mean slopes in other images, and around held values by the slopes of the image
    itself. Slopes of a network in one image are mostly of short range: a target that follows its own ends where the
    network errs, long before the image shows what was asked for; a held value that follows its own stays.

    Args:
        targets: columns of attributes. goals: logits of the targets.
        worth: how much each watched value is held, 1 for what was named, 0 for targets.
        common: slopes of the targets, as they are in other images.
        where: codes are likely. reachable: the same, for the layers that may move.
        way: what was added to each code. values: what was seen in its image. steps: how many were taken.
    """

    def __init__(
        self,
        latents: Latents,
        *,
        watch: Look,
        slopes: Slopes,
        where: Likely,
        reachable: Likely,
        targets: Int[Tensor, " t"],
        worth: Float[Tensor, " a"],
        num_attributes: int,
        num_guarded: int,
        goals: Float[Tensor, "n t"],
        damping: float,
        common: Float[Tensor, "t r"],
    ) -> None:
        self.latents, self.watch, self.slopes = latents, watch, slopes
        self.where, self.reachable = where, reachable
        self.targets, self.num_attributes, self.num_guarded = targets, num_attributes, num_guarded
        self.kept = worth.nonzero()[:, 0]
        self.worth = worth[self.kept]
        self.goals, self.common = goals, common
        self.damping = damping
        self.origin = where.coordinates(latents)
        self.limits = self.origin.norm(dim=1).clamp(min=where.bound)
        self.start = watch(latents).cpu().double()
        self.values = self.start.clone()
        n, width = self.values.shape
        self.way = torch.zeros_like(self.origin)
        self.steps = torch.zeros(n, dtype=torch.long)
        self.known = torch.zeros(n, width, self.origin.shape[1], dtype=torch.float64)
        self.gains = torch.ones(n, len(targets), dtype=torch.float64)
        self.sizes = torch.ones(n, dtype=torch.float64)
        self.best = torch.full((n,), torch.inf, dtype=torch.float64)
        self.best_way, self.best_values = self.way.clone(), self.values.clone()
        self.best_steps = self.steps.clone()
        self.side = self.best.repeat(2, 1)
        self.side_way = self.way.repeat(2, 1, 1)
        far = (self.goals - self.values[:, targets]).abs().amax(1) > FAR
        self.looser = far.long()

    @property
    def moved(self) -> Latents:
        """The codes where they are now."""
        return self.reachable.moved(self.latents, self.way)

    @property
    def reached(self) -> Bool[Tensor, " n"]:
        return self._gap(self.values) <= CLOSE

    def run(self, max_steps: int) -> None:
        """Take steps until each image is where it should be, can get no further, or has taken all, see `LOOKS`."""
        self._remember(torch.arange(len(self.way)), self.way, self.values)
        active = ~(self.reached & (self._drift(self.values) <= STILL))
        stale, rounds = active.clone(), 0
        while active.any() and rounds < LOOKS * max_steps:
            # All at once, for small batches are slow; and by the clock, for images must not know of each other.
            if rounds % REFRESH == 0 and (stale & active).any():
                self._differentiate((stale & active).nonzero()[:, 0])
                stale[active] = False
            rows, rounds = active.nonzero()[:, 0], rounds + 1
            way, values = self._try(rows, self._propose(rows))
            good = self._follows(rows, values)
            self._learn(rows, way - self.way[rows], values - self.values[rows])
            kept = rows[good]
            self.way[kept], self.values[kept] = way[good], values[good]
            self.steps[kept] += 1
            stale[kept] = True
            self.sizes[rows] = (self.sizes[rows] * torch.where(good, 2.0, 0.5)).clamp(max=1)

            self._remember(rows, way, values)
            there = self._gap(values, rows) <= CLOSE
            finished = there & (self._drift(values, rows) <= STILL)
            stuck = self.sizes[rows] < 0.5**HALVINGS
            was_there = self._gap(self.best_values[rows], rows) <= CLOSE
            given_up = stuck & (was_there | (self.looser[rows] >= TIMES_LOOSER))
            active[rows] = ~(finished | given_up | (self.steps[rows] >= max_steps))
            self.looser[rows[stuck]] += 1
            self.sizes[rows[stuck]] = 1.0

            # What gave way on the way is mended at its end.
            soon = (values[:, self.targets] - self.goals[rows]).abs().amax(1) < NEAR
            arrived = good & soon & (self.looser[rows] > 0)
            self.looser[rows[arrived]] = 0
        if len(self.targets) == 1:
            self._close_in()
        self.way, self.values, self.steps = self.best_way, self.best_values, self.best_steps

    def _remember(
        self, rows: Int[Tensor, " m"], way: Float[Tensor, "m r"], values: Float[Tensor, "m a"]
    ) -> None:
        """Keep the best places: scores are rough, and the last one is not always among them."""
        miss = self._miss(values, rows)
        better = miss < self.best[rows]
        at = rows[better]
        self.best[at], self.best_way[at] = miss[better], way[better]
        self.best_values[at], self.best_steps[at] = values[better], self.steps[at]
        above = (values[:, self.targets] > self.goals[rows]).all(1).long()
        better = miss < self.side[above, rows]
        at, above = rows[better], above[better]
        self.side[above, at], self.side_way[above, at] = miss[better], way[better]

    def _close_in(self) -> None:
        """Look between the best places below and above a goal that was passed by and not met."""
        missed = self._gap(self.best_values) > CLOSE
        rows = (missed & torch.isfinite(self.side).all(0)).nonzero()[:, 0]
        low, high = self.side_way[0, rows], self.side_way[1, rows]
        for _ in range(CLOSING):
            if not len(rows):
                break
            way, values = self._look(rows, (low + high) / 2)
            self._remember(rows, way, values)
            above = values[:, self.targets] > self.goals[rows]
            low, high = torch.where(above, low, way), torch.where(above, way, high)
            left = self._gap(values, rows) > CLOSE
            rows, low, high = rows[left], low[left], high[left]

    def _differentiate(self, rows: Int[Tensor, " m"]) -> None:
        """Find the slopes of targets and of all that a step could change by much, each image its own."""
        weights = self._weights(rows)
        most = int((weights > 0).sum(1).max())
        ranked = weights.argsort(dim=1, descending=True, stable=True)[:, :most]
        columns = torch.cat([self.targets.expand(len(rows), -1), self.kept[ranked]], dim=1)
        # A column that only others in the batch ask for stays unknown.
        asked = torch.cat(
            [torch.ones_like(columns[:, : len(self.targets)]), weights.gather(1, ranked) > 0], dim=1
        )
        values, slopes = self.slopes(self._at(rows, self.way[rows]), columns)
        self.values[rows] = values
        self.known[rows] = 0
        self.known[rows[:, None], columns] = slopes * asked[..., None]

    def _learn(
        self, rows: Int[Tensor, " m"], steps: Float[Tensor, "m r"], changes: Float[Tensor, "m a"]
    ) -> None:
        """Correct slopes by what a step has done, and by how much targets answer in this image."""
        known = self.known[rows]
        missed = (changes - (known @ steps[..., None])[..., 0]) * (known != 0).any(2)
        unit = steps / steps.square().sum(1, keepdim=True).clamp(min=1e-12)
        self.known[rows] = known + missed[..., None] * unit[:, None]
        promised, gains = steps @ self.common.T, self.gains[rows]
        told = promised.abs() > TOLD
        ratio = (changes[:, self.targets] / torch.where(told, promised, 1.0)).clamp(*GAINS)
        self.gains[rows] = torch.where(told, (gains * ratio).sqrt(), gains)

    def _propose(self, rows: Int[Tensor, " m"]) -> Float[Tensor, "m r"]:
        """The next step of these images."""
        values, known, sizes = self.values[rows], self.known[rows], self.sizes[rows]
        wanted = (self.goals[rows] - values[:, self.targets]).clamp(-CAP, CAP)
        weights = self._weights(rows)
        held = weights[..., None] * known[:, self.kept]
        drift = weights * (values - self.start[rows])[:, self.kept]
        common = self.gains[rows][..., None] * self.common
        near = (wanted.abs() < NEAR)[..., None]
        # Near the goal a target goes by both slopes, so that what one of them promises is not paid for by the other.
        targets = torch.cat([common, torch.where(near, known[:, self.targets], common)], dim=1)
        # On the way there, what is to be small is the whole way from the image as it was, not its last step.
        way = self.way[rows] * ~near.all(1)
        ways = smallest_step(
            targets,
            wanted.repeat(1, 2) + (targets @ way[..., None])[..., 0],
            held,
            drift - (held @ way[..., None])[..., 0],
            damping=self.damping * LOOSER ** (2.0 * self.looser[rows]),
        )
        steps = sizes[:, None] * (ways - way)
        return steps * (RADIUS / steps.norm(dim=1).clamp(min=RADIUS))[:, None]

    def _try(
        self, rows: Int[Tensor, " m"], steps: Float[Tensor, "m r"]
    ) -> tuple[Float[Tensor, "m r"], Float[Tensor, "m a"]]:
        """The way that these steps lead, and what is seen at its end."""
        return self._look(rows, self.way[rows] + steps)

    def _look(
        self, rows: Int[Tensor, " m"], way: Float[Tensor, "m r"]
    ) -> tuple[Float[Tensor, "m r"], Float[Tensor, "m a"]]:
        """What is seen at the end of a way, and the way itself, kept where codes are likely."""
        origin = self.origin[rows]
        ends = origin + way * (FARTHEST / way.norm(dim=1).clamp(min=FARTHEST))[:, None]
        way = ends * (self.limits[rows] / ends.norm(dim=1).clamp(min=1e-12)).clamp(max=1)[:, None] - origin
        latents = self._at(rows, way)
        if self.where.box is not None:
            way = self.where.coordinates(latents) - origin
        return way, self.watch(latents).cpu().double()

    def _follows(self, rows: Int[Tensor, " m"], values: Float[Tensor, "m a"]) -> Bool[Tensor, " m"]:
        """Whether the targets went where they should, and what is held gave way by no more than is allowed."""
        old, goals = self.values[rows], self.goals[rows]
        was, now = ((seen[:, self.targets] - goals).abs().sum(1) for seen in (old, values))
        drift, drifts = self._drift(old, rows), self._drift(values, rows)
        follows = (now <= was + BACK) & (drifts <= 0.5 * drift + EXCESS * LOOSER ** self.looser[rows])
        return follows | (self._miss(values, rows) <= BETTER * self._miss(old, rows))

    def _miss(
        self, values: Float[Tensor, "m a"], rows: Int[Tensor, " m"] | slice = slice(None)
    ) -> Float[Tensor, " m"]:
        """How far images are from what was asked for: the goal first, then what is held."""
        left, whole = (
            (seen[:, self.targets] - self.goals[rows]).abs().amax(1) for seen in (values, self.start[rows])
        )
        gap = (self._gap(values, rows) - CLOSE).clamp(min=0)
        # Probabilities near 0 and 1 do not tell half of the way from nothing; logits do.
        share = (left / whole.clamp(min=1.0)) * (gap > 0)
        return GOAL * gap + HALFWAY * share + self._drift(values, rows)

    def _weights(self, rows: Int[Tensor, " m"]) -> Float[Tensor, "m k"]:
        """How much of a probability a logit of each held value is worth; 0 for what changes too little.

        For attributes it is the slope of the sigmoid or of its chord from where the image started, whichever is more.
        """
        h = int((self.kept < self.num_attributes).sum())
        now, start = self.values[rows][:, self.kept[:h]], self.start[rows][:, self.kept[:h]]
        p, p0 = torch.sigmoid(now), torch.sigmoid(start)
        apart = (now - start).abs() > 1e-3
        chord = torch.where(apart, (p - p0) / torch.where(apart, now - start, 1.0), 0.0)
        slope = torch.maximum(p * (1 - p), chord)
        weights = self.values.new_ones(len(rows), len(self.kept))
        weights[:, :h] = torch.where(slope < FAINT, 0.0, slope.clamp(min=LEAST_WEIGHT))
        return weights * self.worth

    def _gap(self, values: Float[Tensor, "m a"], rows: Tensor | slice = slice(None)) -> Float[Tensor, " m"]:
        """How far the farthest target of each image is from its goal, in probability."""
        apart = torch.sigmoid(values[:, self.targets]) - torch.sigmoid(self.goals[rows])
        return apart.abs().amax(1)

    def _drift(self, values: Float[Tensor, "m a"], rows: Tensor | slice = slice(None)) -> Float[Tensor, " m"]:
        """Root of the sum of squared changes of all that is held, in probability."""
        start = self.start[rows]
        seen = self.kept < self.num_attributes
        held, features = self.kept[seen], slice(self.num_attributes, self.num_guarded)
        drift = self.worth[seen] * (torch.sigmoid(values[:, held]) - torch.sigmoid(start[:, held]))
        apart = (values - start)[:, features]
        return (drift.square().sum(1) + apart.square().sum(1)).sqrt()

    def _at(self, rows: Int[Tensor, " m"], way: Float[Tensor, "m r"]) -> Latents:
        return self.reachable.moved(self.latents[rows], way)
