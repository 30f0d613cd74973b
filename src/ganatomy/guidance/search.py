"""The search of guided edits: propose a step, look at its image, keep the step or halve it, end at the best place seen.

`start` gives a state, `step` the next one, `done` says when to stop, `finish` gives the best places; `search` runs all.
Everything is in u, the coordinates in which codes have unit covariance (`LatentDistribution`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ganatomy.generators.latent_distribution import LatentDistribution
from ganatomy.guidance.derivatives import Derivatives, Watch
from ganatomy.guidance.steps import smallest_step
from ganatomy.latents import Latents


@dataclass(frozen=True, kw_only=True)
class SearchSettings:
    """The numbers of the search, found on the bundled faces and on a face GAN of others."""

    close: float = 0.02
    """A target within this probability of its goal is reached."""
    still: float = 0.05
    """Held probabilities whose changes have a root sum of squares below this need no further step."""
    faint: float = 0.02
    """A held attribute whose probability changes by less than this per logit is left out of a step."""
    least_weight: float = 0.02
    """Least change of probability per logit that a held attribute counts with, if it is not left out."""
    cap: float = 3.0
    """Logits that one step moves a target by, at most."""
    near: float = 1.5
    """Logits from the goal within which a target's gradient in the image itself counts as well.

    Farther off, that gradient says little about where a step ends, and following it exploits the classifier: the score
    changes and the image does not. The mean gradient over other images changes what all of them have in common.
    """
    far: float = 6.0
    """Logits from the goal beyond which held values are relaxed from the start, to be restored when it is reached."""
    farthest: float = 4.0
    """Standard deviations of codes that an edit may be long, unless it begins farther out."""
    radius: float = 1.5
    """Standard deviations of codes that one step may be long."""
    excess: float = 0.3
    """How much one step may add to the drift of held probabilities, beyond half of what it was."""
    setback: float = 0.5
    """Logits that a step may take a target back by: scores are rough, and no search would pass a bump otherwise."""
    gains: tuple[float, float] = (0.2, 3.0)
    """Range of a target's response in this image, as a multiple of the mean gradient over other images."""
    better: float = 0.9
    """A step that brings the miss down to this share is kept, whatever else it does."""
    goal_weight: float = 3.0
    """Worth of a probability short of its goal, in drift."""
    halfway_weight: float = 0.5
    """Worth of the whole distance to the goal in logits, in drift."""
    least_promise: float = 0.1
    """Minimum predicted logit change for updating the gain."""
    halvings: int = 2
    """Times that a step is halved before held values are relaxed."""
    looser: float = 3.0
    """Factor by which drift may grow, and damping by its square, each time that held values are relaxed."""
    relaxations: int = 2
    """Times that held values are relaxed before the search of an image ends."""
    rounds_per_step: int = 2
    """Rounds for each step that may be taken: half of them may be in vain."""
    closing_rounds: int = 6
    """Bisections at the end, between the best places below and above a goal."""
    refresh: int = 4
    """Rounds after which gradients may be computed anew; between, each image corrects them (Broyden 1965)."""
    surprise: float = 0.1
    """Probability by which steps must have missed what the gradient of a held value promised, to compute it anew.

    That spares a quarter of all gradients; what the judge reads stays the same (`ganatomy study trust faces`).
    """


SETTINGS = SearchSettings()


@dataclass(frozen=True, eq=False, kw_only=True)
class SearchTask:
    """What is asked of a batch of n images; images do not influence each other.

    Watched are `num_attributes` logits, then features that must stay, up to `num_guarded`, then features that steps
    leave alone where they can; features are in units that count like probabilities.

    Targets are moved along their mean gradients over other images, and held values are kept by the gradients of the
    image itself. Gradients of a network in one image are mostly of short range: a target that follows its own ends
    where the network errs, before the image shows what was asked for; a held value that follows its own stays.

    Args:
        latents: codes to edit.
        initial: watched values of their images.
        watch: from latents to all watched values.
        derivatives: of the watched values with respect to u.
        distribution: of codes.
        reachable: the same, for the layers that may move.
        targets: columns of the watched values.
        worth: how much each watched value is held; 1 for what was named, 0 for targets.
        num_attributes: logits among the watched values.
        num_guarded: logits and features that must stay.
        goals: logits of the targets.
        common: mean gradients of the targets over other images.
        damping: larger values give shorter steps and let held values give way.
        max_steps: steps that an image may take.
        begin: of the search, in u from the codes; by default at the codes themselves.
        settings: of the search.
    """

    latents: Latents
    initial: Float[Tensor, "n a"]
    watch: Watch
    derivatives: Derivatives
    distribution: LatentDistribution
    reachable: LatentDistribution
    targets: Int[Tensor, " t"]
    worth: Float[Tensor, " a"]
    num_attributes: int
    num_guarded: int
    goals: Float[Tensor, "n t"]
    common: Float[Tensor, "t r"]
    damping: float
    max_steps: int
    begin: Float[Tensor, "n r"] | None = None
    settings: SearchSettings = SETTINGS

    @cached_property
    def held(self) -> Int[Tensor, " k"]:
        """Columns that are held."""
        return self.worth.nonzero()[:, 0]

    @cached_property
    def origin(self) -> Float[Tensor, "n r"]:
        """The u of the codes as they were."""
        return self.distribution.coordinates(self.latents)

    @cached_property
    def limits(self) -> Float[Tensor, " n"]:
        """Lengths of u that an edit may not pass: the bound, or where the code was."""
        return self.origin.norm(dim=1).clamp(min=self.distribution.bound)

    @cached_property
    def farthest(self) -> Float[Tensor, " n"]:
        """Lengths of edits: the bound, or where the search begins."""
        begun = torch.zeros(len(self.origin)) if self.begin is None else self.begin.norm(dim=1)
        return begun.to(self.origin).clamp(min=self.settings.farthest)

    def at(self, rows: Int[Tensor, " m"], offset: Float[Tensor, "m r"]) -> Latents:
        """The codes of these rows, moved by an offset in u."""
        return self.reachable.moved(self.latents[rows], offset)

    def look(
        self, rows: Int[Tensor, " m"], offset: Float[Tensor, "m r"]
    ) -> tuple[Float[Tensor, "m r"], Float[Tensor, "m a"]]:
        """The offset, kept within the limits, and the values watched there."""
        origin = self.origin[rows]
        farthest = self.farthest[rows]
        ends = origin + offset * (farthest / torch.maximum(offset.norm(dim=1), farthest))[:, None]
        offset = ends * (self.limits[rows] / ends.norm(dim=1).clamp(min=1e-12)).clamp(max=1)[:, None] - origin
        latents = self.at(rows, offset)
        if self.distribution.box is not None:
            offset = self.distribution.coordinates(latents) - origin
        return offset, self.watch(latents).cpu().double()

    def gap(self, values: Float[Tensor, "m a"], rows: Int[Tensor, " m"]) -> Float[Tensor, " m"]:
        """Probability by which the farthest target of each image misses its goal."""
        apart = torch.sigmoid(values[:, self.targets]) - torch.sigmoid(self.goals[rows])
        return apart.abs().amax(1)

    def drift(self, values: Float[Tensor, "m a"], rows: Int[Tensor, " m"]) -> Float[Tensor, " m"]:
        """Root of the sum of squared changes of all that is held, in probability."""
        initial = self.initial[rows]
        held = self.held[self.held < self.num_attributes]
        drift = self.worth[held] * (torch.sigmoid(values[:, held]) - torch.sigmoid(initial[:, held]))
        apart = (values - initial)[:, self.num_attributes : self.num_guarded]
        return (drift.square().sum(1) + apart.square().sum(1)).sqrt()

    def miss(self, values: Float[Tensor, "m a"], rows: Int[Tensor, " m"]) -> Float[Tensor, " m"]:
        """How far images are from what was asked for: the goal first, then what is held."""
        settings = self.settings
        left, whole = (
            (seen[:, self.targets] - self.goals[rows]).abs().amax(1) for seen in (values, self.initial[rows])
        )
        gap = (self.gap(values, rows) - settings.close).clamp(min=0)
        # Probabilities near 0 and 1 do not tell half of the distance from nothing; logits do.
        share = (left / whole.clamp(min=1.0)) * (gap > 0)
        return settings.goal_weight * gap + settings.halfway_weight * share + self.drift(values, rows)

    def weights(self, values: Float[Tensor, "m a"], rows: Int[Tensor, " m"]) -> Float[Tensor, "m k"]:
        """Change of probability per logit of each held value; 0 for what changes too little.

        For attributes it is the derivative of the sigmoid or of its chord from the initial value, whichever is larger.
        """
        attributes = self.held[self.held < self.num_attributes]
        now, initial = values[:, attributes], self.initial[rows][:, attributes]
        p, p0 = torch.sigmoid(now), torch.sigmoid(initial)
        apart = (now - initial).abs() > 1e-3
        chord = torch.where(apart, (p - p0) / torch.where(apart, now - initial, 1.0), 0.0)
        rate = torch.maximum(p * (1 - p), chord)
        weights = values.new_ones(len(rows), len(self.held))
        weights[:, : len(attributes)] = torch.where(
            rate < self.settings.faint, 0.0, rate.clamp(min=self.settings.least_weight)
        )
        return weights * self.worth[self.held]


@dataclass(frozen=True, kw_only=True, eq=False)
class SearchState:
    """Where each image is; never changed, `step` makes the next one.

    Args:
        offset: added to each code, in u.
        values: watched there.
        steps: taken so far.
        jacobian: derivatives of the watched values that steps need; 0 where unknown.
        gains: response of each target, as a multiple of its mean gradient over other images.
        scale: share of the proposed step that is tried next.
        relaxed: how often held values were relaxed.
        active: images that still move.
        stale: images whose derivatives are of another place.
        surprises: by how much steps missed what each derivative promised, summed up since it was computed; infinite
            where it is unknown.
        rounds: so far.
        best: miss, offset, values and steps of the best place of each image.
        sides: miss and offset of the best places below and above the goals.
    """

    offset: Float[Tensor, "n r"]
    values: Float[Tensor, "n a"]
    steps: Int[Tensor, " n"]
    jacobian: Float[Tensor, "n a r"]
    gains: Float[Tensor, "n t"]
    scale: Float[Tensor, " n"]
    relaxed: Int[Tensor, " n"]
    active: Bool[Tensor, " n"]
    stale: Bool[Tensor, " n"]
    surprises: Float[Tensor, "n a"]
    rounds: int
    best: tuple[Tensor, Tensor, Tensor, Tensor]
    sides: tuple[Float[Tensor, "2 n"], Float[Tensor, "2 n r"]]


def search(task: SearchTask, *, watch: Callable[[int, int, Latents], None] | None = None) -> SearchState:
    """Move each image until it is where it should be, can get no further, or has taken all its steps.

    Args:
        task: what is asked.
        watch: called after each round with the rounds so far, the most there can be, and the best codes so far.
    """
    state = start(task)
    while not done(task, state):
        state = step(task, state)
        if watch is not None:
            best = task.reachable.moved(task.latents, state.best[1])
            watch(state.rounds, task.settings.rounds_per_step * task.max_steps, best)
    return finish(task, state)


def start(task: SearchTask) -> SearchState:
    """The images as they were, or where the search is to begin."""
    values, offset = task.initial, torch.zeros_like(task.origin)
    n, width = values.shape
    everyone = torch.arange(n)
    if task.begin is not None:
        offset, values = task.look(everyone, task.begin)
    steps = torch.zeros(n, dtype=torch.long)
    miss = torch.full((n,), torch.inf, dtype=torch.float64)
    settled = _settled(task, values, everyone)
    state = SearchState(
        offset=offset,
        values=values,
        steps=steps,
        jacobian=torch.zeros(n, width, offset.shape[1], dtype=torch.float64),
        gains=torch.ones(n, len(task.targets), dtype=torch.float64),
        scale=torch.ones(n, dtype=torch.float64),
        relaxed=((task.goals - values[:, task.targets]).abs().amax(1) > task.settings.far).long(),
        active=~settled,
        stale=~settled,
        surprises=torch.full((n, width), torch.inf, dtype=torch.float64),
        rounds=0,
        best=(miss, offset, values, steps),
        sides=(miss.repeat(2, 1), offset.repeat(2, 1, 1)),
    )
    return _remember(task, state, everyone, offset, values)


def done(task: SearchTask, state: SearchState) -> bool:
    """Whether no image moves any more."""
    return not bool(state.active.any()) or state.rounds >= task.settings.rounds_per_step * task.max_steps


def step(task: SearchTask, state: SearchState) -> SearchState:
    """Try one step in every active image, and keep it where it follows."""
    settings = task.settings
    # All at once, because small batches are slow; by the round, because images must not influence each other.
    if state.rounds % settings.refresh == 0 and bool((state.stale & state.active).any()):
        state = _differentiate(task, state)
    rows = state.active.nonzero()[:, 0]
    offset, values = task.look(rows, state.offset[rows] + _propose(task, state, rows))
    good = _follows(task, state, rows, values)
    state = _learn(task, state, rows, offset - state.offset[rows], values - state.values[rows])
    kept = rows[good]
    scale = (state.scale[rows] * torch.where(good, 2.0, 0.5)).clamp(max=1)
    state = replace(
        state,
        offset=_put(state.offset, kept, offset[good]),
        values=_put(state.values, kept, values[good]),
        steps=_put(state.steps, kept, state.steps[kept] + 1),
        stale=state.stale.index_fill(0, kept, value=True),
        scale=_put(state.scale, rows, scale),
        rounds=state.rounds + 1,
    )
    state = _remember(task, state, rows, offset, values)
    return _retire(task, state, rows, values, good)


def finish(task: SearchTask, state: SearchState) -> SearchState:
    """Every image at its best place, after a bisection where a single goal was passed and not met."""
    if len(task.targets) == 1:
        state = _close_in(task, state)
    _, offset, values, steps = state.best
    return replace(state, offset=offset, values=values, steps=steps)


def _settled(task: SearchTask, values: Float[Tensor, "m a"], rows: Int[Tensor, " m"]) -> Bool[Tensor, " m"]:
    there = task.gap(values, rows) <= task.settings.close
    return there & (task.drift(values, rows) <= task.settings.still)


def _propose(task: SearchTask, state: SearchState, rows: Int[Tensor, " m"]) -> Float[Tensor, "m r"]:
    """The next step of these images."""
    settings = task.settings
    values, jacobian = state.values[rows], state.jacobian[rows]
    wanted = (task.goals[rows] - values[:, task.targets]).clamp(-settings.cap, settings.cap)
    weights = task.weights(values, rows)
    held = weights[..., None] * jacobian[:, task.held]
    drift = weights * (values - task.initial[rows])[:, task.held]
    common = state.gains[rows][..., None] * task.common
    near = (wanted.abs() < settings.near)[..., None]
    # Near the goal a target follows both gradients, so that what one of them promises is not paid for by the other.
    targets = torch.cat([common, torch.where(near, jacobian[:, task.targets], common)], dim=1)
    # On the way there, what is to be small is the whole offset from the image as it was, not its last step.
    offset = state.offset[rows] * ~near.all(1)
    ends = smallest_step(
        targets,
        wanted.repeat(1, 2) + (targets @ offset[..., None])[..., 0],
        held,
        drift - (held @ offset[..., None])[..., 0],
        damping=task.damping * settings.looser ** (2.0 * state.relaxed[rows]),
    )
    steps = state.scale[rows, None] * (ends - offset)
    return steps * (settings.radius / steps.norm(dim=1).clamp(min=settings.radius))[:, None]


def _follows(
    task: SearchTask, state: SearchState, rows: Int[Tensor, " m"], values: Float[Tensor, "m a"]
) -> Bool[Tensor, " m"]:
    """Whether the targets went where they should, and what is held gave way by no more than is allowed."""
    settings = task.settings
    old, goals = state.values[rows], task.goals[rows]
    was, now = ((seen[:, task.targets] - goals).abs().sum(1) for seen in (old, values))
    allowed = 0.5 * task.drift(old, rows) + settings.excess * settings.looser ** state.relaxed[rows]
    follows = (now <= was + settings.setback) & (task.drift(values, rows) <= allowed)
    return follows | (task.miss(values, rows) <= settings.better * task.miss(old, rows))


def _differentiate(task: SearchTask, state: SearchState) -> SearchState:
    """For images that have moved, derivatives of targets, and of held values where they are unknown or were wrong."""
    rows = (state.stale & state.active).nonzero()[:, 0]
    weights = task.weights(state.values[rows], rows)
    surprises = torch.where(weights > 0, weights * state.surprises[rows][:, task.held], 0.0)
    wanted = surprises > task.settings.surprise
    ranked = surprises.argsort(dim=1, descending=True, stable=True)[:, : int(wanted.sum(1).max())]
    targets = task.targets.expand(len(rows), -1)
    columns = torch.cat([targets, task.held[ranked]], dim=1)
    values, gradients = task.derivatives(task.at(rows, state.offset[rows]), columns)
    # A column that only other images of the batch want stays as it was.
    own = torch.cat([torch.ones_like(targets, dtype=torch.bool), wanted.gather(1, ranked)], dim=1)
    image, k = own.nonzero().unbind(1)
    place = rows[image], columns[image, k]
    return replace(
        state,
        values=_put(state.values, rows, values),
        jacobian=state.jacobian.index_put(place, gradients[image, k]),
        surprises=state.surprises.index_put(place, state.surprises.new_zeros(())),
        stale=state.stale & ~state.active,
    )


def _learn(
    task: SearchTask,
    state: SearchState,
    rows: Int[Tensor, " m"],
    steps: Float[Tensor, "m r"],
    changes: Float[Tensor, "m a"],
) -> SearchState:
    """Correct derivatives by what a step has done, and gains by how much targets responded in this image."""
    settings = task.settings
    jacobian = state.jacobian[rows]
    missed = (changes - (jacobian @ steps[..., None])[..., 0]) * (jacobian != 0).any(2)
    unit = steps / steps.square().sum(1, keepdim=True).clamp(min=1e-12)
    promised, gains = steps @ task.common.T, state.gains[rows]
    telling = promised.abs() > settings.least_promise
    ratio = (changes[:, task.targets] / torch.where(telling, promised, 1.0)).clamp(*settings.gains)
    return replace(
        state,
        jacobian=_put(state.jacobian, rows, jacobian + missed[..., None] * unit[:, None]),
        surprises=_put(state.surprises, rows, state.surprises[rows] + missed.abs()),
        gains=_put(state.gains, rows, torch.where(telling, (gains * ratio).sqrt(), gains)),
    )


def _remember(
    task: SearchTask,
    state: SearchState,
    rows: Int[Tensor, " m"],
    offset: Float[Tensor, "m r"],
    values: Float[Tensor, "m a"],
) -> SearchState:
    """Keep the best places: scores are rough, and the last place is not always among them."""
    miss = task.miss(values, rows)
    better = miss < state.best[0][rows]
    at = rows[better]
    found = (miss[better], offset[better], values[better], state.steps[at])
    best = tuple(_put(old, at, new) for old, new in zip(state.best, found, strict=True))
    above = (values[:, task.targets] > task.goals[rows]).all(1).long()
    better = miss < state.sides[0][above, rows]
    place = (above[better], rows[better])
    sides = (
        state.sides[0].index_put(place, miss[better]),
        state.sides[1].index_put(place, offset[better]),
    )
    return replace(state, best=best, sides=sides)


def _retire(
    task: SearchTask,
    state: SearchState,
    rows: Int[Tensor, " m"],
    values: Float[Tensor, "m a"],
    good: Bool[Tensor, " m"],
) -> SearchState:
    """End the search of images that are finished or stuck, and relax or restore what is held in the others."""
    settings = task.settings
    stuck = state.scale[rows] < 0.5**settings.halvings
    was_there = task.gap(state.best[2][rows], rows) <= settings.close
    given_up = stuck & (was_there | (state.relaxed[rows] >= settings.relaxations))
    ended = _settled(task, values, rows) | given_up | (state.steps[rows] >= task.max_steps)
    relaxed = _put(state.relaxed, rows[stuck], state.relaxed[rows[stuck]] + 1)
    # What gave way far from the goal is restored when the goal is near.
    near = (values[:, task.targets] - task.goals[rows]).abs().amax(1) < settings.near
    arrived = good & near & (relaxed[rows] > 0)
    return replace(
        state,
        active=_put(state.active, rows, ~ended),
        relaxed=relaxed.index_fill(0, rows[arrived], 0),
        scale=state.scale.index_fill(0, rows[stuck], 1.0),
    )


def _close_in(task: SearchTask, state: SearchState) -> SearchState:
    """Bisect between the best places below and above a goal that was passed and not met."""
    everyone = torch.arange(len(state.values))
    misses, offsets = state.sides
    missed = task.gap(state.best[2], everyone) > task.settings.close
    rows = (missed & torch.isfinite(misses).all(0)).nonzero()[:, 0]
    low, high = offsets[0, rows], offsets[1, rows]
    for _ in range(task.settings.closing_rounds):
        if not len(rows):
            break
        offset, values = task.look(rows, (low + high) / 2)
        state = _remember(task, state, rows, offset, values)
        above = values[:, task.targets] > task.goals[rows]
        low, high = torch.where(above, low, offset), torch.where(above, offset, high)
        left = task.gap(values, rows) > task.settings.close
        rows, low, high = rows[left], low[left], high[left]
    return state


def _put(old: Tensor, rows: Int[Tensor, " m"], new: Tensor) -> Tensor:
    """A copy of `old` with these rows replaced."""
    return old.index_put((rows,), new)
