"""The way of each picture to its goals: step, look, and keep the step or take half of it."""

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

FAINT = 0.005
"""A held attribute whose probability changes by less than this for a logit is left out of a step."""

LEAST_WEIGHT = 0.01
"""Attributes that are nearly sure in a picture count as if their probability still changed so much for a logit."""

CAP = 2.0
"""Logits that one step moves a target by."""

RADIUS = 1.5
"""Standard deviations of codes that one step may be long."""

EXCESS = 0.3
"""By how much one step may add to the drift of held probabilities, beyond half of what it was."""

PROGRESS = 0.25
"""A step must do at least this share of what it promised."""

BETTER = 0.8
"""What a step is to mend must come down to this share of what it was."""

HALVINGS = 3
"""Times that a step is halved before what is held gives way."""

LOOSER = 10.0
"""By how much damping grows, and its square root by which drift may, each time that what is held gives way."""

TIMES_LOOSER = 3
"""Times that what is held gives way before a picture is left as it is."""


class Search:
    """Where each picture of a batch has got to, in u, the coordinates in which codes have unit covariance.

    Watched are `a` logits of attributes, and after them features that are to stay as they are, in units that count
    like probabilities. Pictures do not know of each other; those that are finished are not looked at again.

    Args:
        targets, held: columns of attributes. goals: logits of the targets.
        common: slopes of the targets in other pictures, for those whose own lead nowhere: a scorer that is sure of a
            picture may answer to everything but what it was trained for.
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
        held: Int[Tensor, " h"],
        num_attributes: int,
        goals: Float[Tensor, "n t"],
        damping: float,
        common: Float[Tensor, "t r"],
    ) -> None:
        self.latents, self.watch, self.slopes = latents, watch, slopes
        self.where, self.reachable = where, reachable
        self.targets, self.held, self.num_attributes = targets, held, num_attributes
        self.goals, self.common = goals, common
        self.damping = torch.full((len(latents),), damping, dtype=torch.float64)
        self.looser = torch.zeros(len(latents), dtype=torch.long)
        self.origin = where.coordinates(latents)
        self.limits = self.origin.norm(dim=1).clamp(min=where.bound)
        self.start = watch(latents).cpu().double()
        self.values = self.start.clone()
        n, width = self.values.shape
        self.way = torch.zeros_like(self.origin)
        self.steps = torch.zeros(n, dtype=torch.long)
        self.kept = torch.cat([held, torch.arange(num_attributes, width)])
        self.known = torch.zeros(n, width, self.origin.shape[1], dtype=torch.float64)
        self.sizes = torch.ones(n, dtype=torch.float64)

    @property
    def moved(self) -> Latents:
        """The codes where they are now."""
        return self.reachable.moved(self.latents, self.way)

    @property
    def reached(self) -> Bool[Tensor, " n"]:
        return self._gap(self.values) <= CLOSE

    def run(self, max_steps: int) -> None:
        """Take steps until each picture is where it should be, can get no further, or has taken `max_steps`."""
        active = ~(self.reached & (self._drift(self.values) <= STILL))
        stale = active.clone()
        while active.any():
            if (stale & active).any():
                self._differentiate((stale & active).nonzero()[:, 0])
                stale[:] = False
            rows = active.nonzero()[:, 0]
            steps, promised = self._propose(rows)
            way, values = self._try(rows, steps)
            good = self._better(rows, values, promised)
            arrived = self.reached[rows]
            kept = rows[good]
            self.way[kept], self.values[kept] = way[good], values[good]
            self.steps[kept] += 1
            stale[kept] = True
            self.sizes[rows] = (self.sizes[rows] * torch.where(good, 2.0, 0.5)).clamp(max=1)
            stuck = ~arrived & (self.sizes[rows] < 0.5**HALVINGS)
            given_up = (arrived & ~good) | (stuck & (self.looser[rows] == TIMES_LOOSER))
            self._loosen(rows[stuck])
            finished = self.reached[rows] & (self._drift(self.values)[rows] <= STILL)
            active[rows] = ~(given_up | finished | (self.steps[rows] >= max_steps))

    def _loosen(self, rows: Int[Tensor, " m"]) -> None:
        """Let what these pictures hold give way, and go where the targets lie in others: their own way ends here."""
        self.looser[rows] += 1
        self.damping[rows] *= LOOSER
        self.sizes[rows] = 1
        self.known[rows[:, None], self.targets] = self.common

    def _differentiate(self, rows: Int[Tensor, " m"]) -> None:
        """Find the slopes of targets and of all that a step could change by much, each picture its own."""
        weights = self._weights(rows)
        counts = (weights > 0).sum(1)
        most = int(counts.max()) if weights.shape[1] else 0
        order = self.kept[weights.argsort(dim=1, descending=True, stable=True)[:, :most]]
        columns = torch.cat([self.targets.expand(len(rows), -1), order], dim=1)
        values, slopes = self.slopes(self._at(rows, self.way[rows]), columns)
        self.values[rows] = values
        self.known[rows] = 0
        self.known[rows[:, None], columns] = slopes
        lost = rows[self.looser[rows] > 0]
        self.known[lost[:, None], self.targets] = (self.known[lost[:, None], self.targets] + self.common) / 2

    def _propose(self, rows: Int[Tensor, " m"]) -> tuple[Float[Tensor, "m r"], Float[Tensor, " m"]]:
        """The next step of these pictures, and by how many logits it should bring their targets nearer."""
        values, known, sizes = self.values[rows], self.known[rows], self.sizes[rows]
        wanted = (self.goals[rows] - values[:, self.targets]).clamp(-CAP, CAP)
        weights = self._weights(rows)
        steps = smallest_step(
            known[:, self.targets],
            wanted,
            weights[..., None] * known[:, self.kept],
            weights * (values - self.start[rows])[:, self.kept],
            damping=self.damping[rows],
        )
        sizes = sizes * (RADIUS / steps.norm(dim=1).clamp(min=RADIUS))
        return sizes[:, None] * steps, sizes * wanted.abs().sum(1)

    def _try(
        self, rows: Int[Tensor, " m"], steps: Float[Tensor, "m r"]
    ) -> tuple[Float[Tensor, "m r"], Float[Tensor, "m a"]]:
        """The way that these steps lead, kept where codes are likely, and what is seen at its end."""
        origin = self.origin[rows]
        ends = origin + self.way[rows] + steps
        way = ends * (self.limits[rows] / ends.norm(dim=1).clamp(min=1e-12)).clamp(max=1)[:, None] - origin
        latents = self._at(rows, way)
        if self.where.box is not None:
            way = self.where.coordinates(latents) - origin
        return way, self.watch(latents).cpu().double()

    def _better(
        self, rows: Int[Tensor, " m"], values: Float[Tensor, "m a"], promised: Float[Tensor, " m"]
    ) -> Bool[Tensor, " m"]:
        old, goals = self.values[rows], self.goals[rows]
        was, now = ((seen[:, self.targets] - goals).abs().sum(1) for seen in (old, values))
        gap, drift = self._gap(old, rows), self._drift(old, rows)
        gaps, drifts = self._gap(values, rows), self._drift(values, rows)
        allowed = EXCESS * LOOSER ** (self.looser[rows] / 2)
        follows = ((was - now >= PROGRESS * promised) | (gaps <= CLOSE)) & (drifts <= 1.5 * drift + allowed)
        # Near the goal a step may give a little of the way back for what it mends.
        mends = gaps + drifts <= BETTER * (gap + drift)
        return torch.where(gap <= CLOSE, (gaps <= CLOSE) & (drifts <= BETTER * drift), follows | mends)

    def _weights(self, rows: Int[Tensor, " m"]) -> Float[Tensor, "m k"]:
        """How much of a probability a logit of each held value is worth; 0 for what changes too little.

        For attributes it is the slope of the sigmoid or of its chord from where the picture started, whichever is more.
        """
        h = len(self.held)
        now, start = self.values[rows][:, self.held], self.start[rows][:, self.held]
        p, p0 = torch.sigmoid(now), torch.sigmoid(start)
        apart = (now - start).abs() > 1e-3
        chord = torch.where(apart, (p - p0) / torch.where(apart, now - start, 1.0), 0.0)
        slope = torch.maximum(p * (1 - p), chord)
        weights = self.values.new_ones(len(rows), len(self.kept))
        weights[:, :h] = torch.where(slope < FAINT, 0.0, slope.clamp(min=LEAST_WEIGHT))
        return weights

    def _gap(self, values: Float[Tensor, "m a"], rows: Tensor | slice = slice(None)) -> Float[Tensor, " m"]:
        """How far the farthest target of each picture is from its goal, in probability."""
        apart = torch.sigmoid(values[:, self.targets]) - torch.sigmoid(self.goals[rows])
        return apart.abs().amax(1)

    def _drift(self, values: Float[Tensor, "m a"], rows: Tensor | slice = slice(None)) -> Float[Tensor, " m"]:
        """Root of the sum of squared changes of all that is held, in probability."""
        start = self.start[rows]
        held = torch.sigmoid(values[:, self.held]) - torch.sigmoid(start[:, self.held])
        features = (values - start)[:, self.num_attributes :]
        return (held.square().sum(1) + features.square().sum(1)).sqrt()

    def _at(self, rows: Int[Tensor, " m"], way: Float[Tensor, "m r"]) -> Latents:
        return self.reachable.moved(self.latents[rows], way)
