"""The way of each picture to its goals: step, look, keep the step or take half of it, and end at the best place seen."""

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

STILL = 0.1
"""Held probabilities whose changes have a root sum of squares below this are not worth another step."""

FAINT = 0.02
"""A held attribute whose probability changes by less than this for a logit is left out of a step."""

LEAST_WEIGHT = 0.02
"""Attributes that are nearly sure in a picture count as if their probability still changed so much for a logit."""

CAP = 3.0
"""Logits that one step moves a target by."""

FAR = 6.0
"""Logits from the goal beyond which what is held gives way from the start, to be mended when the goal is reached."""

FARTHEST = 4.0
"""Standard deviations of codes that the whole way may be long: farther, little of the picture is left."""

RADIUS = 1.5
"""Standard deviations of codes that one step may be long."""

EXCESS = 0.3
"""By how much one step may add to the drift of held probabilities, beyond half of what it was."""

BACK = 0.5
"""Logits that a step may take a target back by: scores are rough, and a way that ends at each bump ends at once."""

GAINS = (0.2, 3.0)
"""How many times less or more than in other pictures a target may answer in this one."""

HALVINGS = 2
"""Times that a step is halved before what is held gives way."""

LOOSER = 3.0
"""By how much drift may grow more, and damping by its square, each time that what is held gives way."""

TIMES_LOOSER = 1
"""Times that what is held gives way before a picture is left where it is best."""

REFRESH = 3
"""Steps after which slopes of held values are found anew; between, each step corrects them (Broyden 1965)."""


class Search:
    """Where each picture of a batch has got to, in u, the coordinates in which codes have unit covariance.

    Watched are `num_attributes` logits, then features that are to stay, up to `num_guarded`, then features that steps
    should leave alone where they can but may not stop at; features are in units that count like probabilities. Pictures do not know of each other; those that are finished are not looked at again.

    Args:
        targets: columns of attributes. goals: logits of the targets.
        worth: how much each watched value is held, 1 for what was named, 0 for targets.
        common: slopes of the targets, as they are in other pictures.
        where: codes are likely. reachable: the same, for the layers that may move.
        way: what was added to each code. values: what was seen in its picture. steps: how many were taken.
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
        self.damping = torch.full((len(latents),), damping, dtype=torch.float64)
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
        far = (self.goals - self.values[:, targets]).abs().amax(1) > FAR
        self.looser = far.long()
        self.age = torch.zeros(n, dtype=torch.long)

    @property
    def moved(self) -> Latents:
        """The codes where they are now."""
        return self.reachable.moved(self.latents, self.way)

    @property
    def reached(self) -> Bool[Tensor, " n"]:
        return self._gap(self.values) <= CLOSE

    def run(self, max_steps: int) -> None:
        """Take steps until each picture is where it should be, can get no further, or has taken `max_steps`."""
        best_way, best_values = self.way.clone(), self.values.clone()
        best_steps, best = self.steps.clone(), self._merit(self.values)
        active = ~(self.reached & (self._drift(self.values) <= STILL))
        stale = active.clone()
        while active.any():
            if (stale & active).any():
                self._differentiate((stale & active).nonzero()[:, 0])
                stale[:] = False
            rows = active.nonzero()[:, 0]
            steps = self._propose(rows)
            way, values = self._try(rows, steps)
            good = self._good(rows, values)
            self._learn(rows, way - self.way[rows], values - self.values[rows])
            kept = rows[good]
            self.way[kept], self.values[kept] = way[good], values[good]
            self.steps[kept] += 1
            self.age[kept] += 1
            stale[kept] = self.age[kept] >= REFRESH
            self.sizes[rows] = (self.sizes[rows] * torch.where(good, 2.0, 0.5)).clamp(max=1)
            merit = self._merit(values, rows)
            better = merit < best[rows]
            at = rows[better]
            best[at], best_way[at], best_values[at] = merit[better], way[better], values[better]
            best_steps[at] = self.steps[at]
            near = self._gap(values, rows) <= CLOSE
            finished = near & (self._drift(values, rows) <= STILL)
            # Near the goal what is held is mended, with all that may be gained from slopes that are true to it.
            stuck = self.sizes[rows] < 0.5**HALVINGS
            there = self._gap(best_values[rows], rows) <= CLOSE
            given_up = stuck & (there | (self.looser[rows] >= TIMES_LOOSER))
            self.looser[rows[stuck]] += 1
            self.sizes[rows[stuck]] = 1.0
            arrives = good & near & (self.looser[rows] > 0)
            self.looser[rows[arrives]] = 0
            stale[rows[arrives]] = True
            active[rows] = ~(finished | given_up | (self.steps[rows] >= max_steps))
        self.way, self.values, self.steps = best_way, best_values, best_steps

    def _merit(self, values, rows=slice(None)):
        left = (values[:, self.targets] - self.goals[rows]).abs().amax(1)
        whole = (self.start[rows][:, self.targets] - self.goals[rows]).abs().amax(1).clamp(min=1.0)
        gap = (self._gap(values, rows) - CLOSE).clamp(min=0)
        return 3 * gap + 0.5 * (left / whole) * (gap > 0) + self._drift(values, rows)

    def _differentiate(self, rows: Int[Tensor, " m"]) -> None:
        """Find the slopes of all that a step could change by much, each picture its own."""
        weights = self._weights(rows)
        counts = (weights > 0).sum(1)
        most = int(counts.max()) if weights.shape[1] else 0
        self.age[rows] = 0
        self.known[rows] = 0
        if not most:
            return
        columns = self.kept[weights.argsort(dim=1, descending=True, stable=True)[:, :most]]
        values, slopes = self.slopes(self._at(rows, self.way[rows]), columns)
        self.values[rows] = values
        self.known[rows[:, None], columns] = slopes

    def _learn(self, rows, steps, changes) -> None:
        """Correct the slopes of held values by what a step has done, and how much the targets answer in this picture."""
        length = steps.square().sum(1).clamp(min=1e-12)
        missed = changes - (self.known[rows] @ steps[..., None])[..., 0]
        seen = (self.known[rows] != 0).any(2)
        self.known[rows] += (missed * seen)[..., None] * (steps / length[:, None])[:, None]
        promised = steps @ self.common.T
        ratio = changes[:, self.targets] / torch.where(promised.abs() < 0.1, torch.inf, promised)
        ratio = torch.where(promised.abs() < 0.1, self.gains[rows], ratio).clamp(*GAINS)
        self.gains[rows] = (self.gains[rows] * ratio).sqrt()

    def _propose(self, rows: Int[Tensor, " m"]) -> Float[Tensor, "m r"]:
        """The next step of these pictures."""
        values, known, sizes = self.values[rows], self.known[rows], self.sizes[rows]
        wanted = (self.goals[rows] - values[:, self.targets]).clamp(-CAP, CAP)
        weights = self._weights(rows)
        way = self.way[rows]
        targets = self.gains[rows][..., None] * self.common
        held = weights[..., None] * known[:, self.kept]
        drift = weights * (values - self.start[rows])[:, self.kept]
        # What is to be small is the whole way from the picture as it was, not its last step.
        ways = smallest_step(
            targets,
            wanted + (targets @ way[..., None])[..., 0],
            held,
            drift - (held @ way[..., None])[..., 0],
            damping=self.damping[rows] * LOOSER ** (2.0 * self.looser[rows]),
        )
        steps = ways - way
        return steps * (RADIUS * sizes / steps.norm(dim=1).clamp(min=1e-12)).clamp(max=1)[:, None]

    def _try(
        self, rows: Int[Tensor, " m"], steps: Float[Tensor, "m r"]
    ) -> tuple[Float[Tensor, "m r"], Float[Tensor, "m a"]]:
        """The way that these steps lead, kept where codes are likely, and what is seen at its end."""
        origin, way = self.origin[rows], self.way[rows] + steps
        ends = origin + way * (FARTHEST / way.norm(dim=1).clamp(min=FARTHEST))[:, None]
        way = ends * (self.limits[rows] / ends.norm(dim=1).clamp(min=1e-12)).clamp(max=1)[:, None] - origin
        latents = self._at(rows, way)
        if self.where.box is not None:
            way = self.where.coordinates(latents) - origin
        return way, self.watch(latents).cpu().double()

    def _good(self, rows: Int[Tensor, " m"], values: Float[Tensor, "m a"]) -> Bool[Tensor, " m"]:
        old, goals = self.values[rows], self.goals[rows]
        was, now = ((seen[:, self.targets] - goals).abs().sum(1) for seen in (old, values))
        drift, drifts = self._drift(old, rows), self._drift(values, rows)
        follows = (now <= was + BACK) & (drifts <= 0.5 * drift + EXCESS * LOOSER ** self.looser[rows])
        return follows | (self._merit(values, rows) <= 0.9 * self._merit(old, rows))

    def _weights(self, rows: Int[Tensor, " m"]) -> Float[Tensor, "m k"]:
        """How much of a probability a logit of each held value is worth; 0 for what changes too little.

        For attributes it is the slope of the sigmoid or of its chord from where the picture started, whichever is more.
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
        """How far the farthest target of each picture is from its goal, in probability."""
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
