"""Guided edits: codes optimised towards target probabilities, with other attributes held.

The search follows the *target*, by default the ensemble that goes with the scorer. The *scorer* says whether an edit
has reached its goal. The *judge* takes no part: `confirm` shows it the edited images afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ganatomy.arguments import instance
from ganatomy.errors import SettingError
from ganatomy.generators.base import Generator
from ganatomy.generators.batches import batches, images_at_once
from ganatomy.generators.latent_distribution import LatentDistribution, latent_distribution
from ganatomy.guidance.derivatives import Derivatives, Differences, Gradients, Watch, gradients_reach
from ganatomy.guidance.goals import Values, goals, held_names, passed, to_reach
from ganatomy.guidance.judged import JudgedEdit, judge_edit, scores_of
from ganatomy.guidance.search import SearchState, SearchTask, search
from ganatomy.latents import Directions, Latents, Space
from ganatomy.perception.base import Scorer, Scores, position
from ganatomy.perception.identity import IMAGES_SEED, NUM_IMAGES, Features, Identity, coarse
from ganatomy.perception.judging import NEAR, Judge
from ganatomy.progress import Advance, watched
from ganatomy.tabular import Frame, Tabular

OTHERS = 0.5
"""Weight of attributes that were not named, and of the coarse image, as a share of held ones."""

DAMPING = 3e-3
"""Squared changes of held probabilities that are worth a squared standard deviation of the edit."""

NUM_COARSE = 8
"""Random projections that the coarse image is watched by."""

BEYOND = 1.4
"""Multiple of the logit of a goal that the search aims at."""

NUM_OTHERS = 128
"""Other images over which the gradients of targets are averaged."""

SEED = 0x0711E2


@dataclass(frozen=True, kw_only=True, eq=False)
class Guided(Tabular):
    """Edited codes, and what the edit did to the image of each.

    Args:
        origin: codes before the edit.
        latents: edited codes.
        targets: names of the attributes that were to move.
        held: names of the attributes that were held.
        goals: probability that each target was to reach; its own, where an image had passed the goal already.
        before: scores of all attributes before the edit.
        after: scores of all attributes after it.
        steps: taken for each image.
        distance: from the code as it was, in standard deviations of codes.
        derivatives: what steps were computed from: "gradients", or "finite differences along 5 directions".
        took_part: the scorer, and the classifier that the search followed.
        judged: what a judge reads in the same images; None until `confirm`.

    Example::

        edited = ga.guided(G, scorer, w, {"Smiling": 0.9}, hold=["Male"])
        print(edited.reached, edited.drift)
    """

    origin: Latents
    latents: Latents
    targets: tuple[str, ...]
    held: tuple[str, ...]
    goals: Float[Tensor, "n t"]
    before: Scores
    after: Scores
    steps: Int[Tensor, " n"]
    distance: Float[Tensor, " n"]
    derivatives: str
    took_part: tuple[Scorer, ...]
    judged: JudgedEdit | None = None

    def __len__(self) -> int:
        return len(self.latents)

    @property
    def reached(self) -> Bool[Tensor, " n"]:
        """Whether the scorer reads every target at its goal, to within `NEAR`, or beyond it."""
        was, now = (seen.select(self.targets).probabilities for seen in (self.before, self.after))
        return ((self.goals - now) * torch.where(self.goals >= was, 1.0, -1.0) <= NEAR).all(1)

    @property
    def confirmed(self) -> Bool[Tensor, " n"]:
        """Whether the goal is reached, and the judge confirms it; nothing is confirmed without a judge."""
        if self.judged is None:
            return torch.zeros_like(self.reached)
        return self.reached & self.judged.confirmed

    @property
    def changes(self) -> Float[Tensor, "n a"]:
        """Probabilities after less before, of all attributes."""
        return self.after.probabilities - self.before.probabilities

    @property
    def drift(self) -> Float[Tensor, "n h"]:
        """Probabilities after less before, of the held attributes."""
        return self.changes[:, [self.before.names.index(name) for name in self.held]]

    def frame(self) -> Frame:
        """A row for each image: what the scorer reads of each target, how far held ones drifted, and the distance."""
        was, now = (seen.select(self.targets).probabilities for seen in (self.before, self.after))
        read = {
            f"{name} {when}": seen[:, k].tolist()
            for k, name in enumerate(self.targets)
            for when, seen in (("before", was), ("after", now))
        }
        judged = {} if self.judged is None else {"confirmed": self.confirmed.tolist()}
        return Frame(
            title=str(self),
            columns={
                **read,
                **({"held changed by": self.drift.abs().mean(1).tolist()} if self.held else {}),
                "distance": self.distance.tolist(),
                "reached": self.reached.tolist(),
                **judged,
            },
        )

    def __str__(self) -> str:
        was, now = (seen.select(self.targets).probabilities.mean(0) for seen in (self.before, self.after))
        moved = ", ".join(
            f"{name} {a:.2f} to {b:.2f}" for name, a, b in zip(self.targets, was, now, strict=True)
        )
        kept = f"; held ones changed by {float(self.drift.abs().mean()):.3f}" if self.held else ""
        text = (
            f"{int(self.reached.sum())} of {len(self)} reached: {moved}{kept} (means, by {self.derivatives})"
        )
        return text if self.judged is None else f"{text}; {self.judged}"


@dataclass(frozen=True, kw_only=True, eq=False)
class GuidedSettings:
    """What guided edits follow, how they hold, and how far they go.

    Args:
        target: classifier that the search follows; by default what goes with the scorer (`Scorer.target`).
        beyond: probabilities to reach are sought at this multiple of their logit, so that others, which agree with the
            target on average only, read the goal as well. By default `BEYOND` where the target is another classifier
            than the scorer, else 1.
        identity: from images to features `[n, f]` that must stay as well, such as those of a face recogniser.
        layers: half-open range of layers to move; codes in w become w+.
        distribution: of codes; by default fitted to codes that the generator draws.
        others: weight of attributes that were not named, and of the coarse image (light, colours), beside held ones;
            0 leaves them free.
        counts: how many times as much as others the squared change of a held attribute counts, by name.
        damping: larger values give shorter steps and let held probabilities give way.
        max_steps: steps for each image.
        common: mean gradients of the targets over other images, where they are known (`common_gradients`).
        begin: codes where the search begins, one for each, such as those of a move along a direction; they may lie
            farther out than edits go otherwise. By default it begins at the codes themselves.
        watch: called after each round with the rounds so far, the most there can be, and the best codes so far.

    Example::

        edited = ga.guided(G, scorer, w, {"Smiling": 0.9}, settings=ga.GuidedSettings(max_steps=6))
    """

    target: Scorer | None = None
    beyond: float | None = None
    identity: Features | None = None
    layers: tuple[int, int] | None = None
    distribution: LatentDistribution | None = None
    others: float = OTHERS
    counts: Mapping[str, float] = field(default_factory=dict)
    damping: float = DAMPING
    max_steps: int = 12
    common: Float[Tensor, "t r"] | None = None
    begin: Latents | None = None
    watch: Callable[[int, int, Latents], None] | None = None


SETTINGS = GuidedSettings()


@watched("editing")
@torch.no_grad()
def guided(
    generator: Generator,
    scorer: Scorer,
    latents: Latents,
    to: Values,
    *,
    hold: Iterable[str] | str = (),
    units: str = "probability",
    directions: Directions | None = None,
    settings: GuidedSettings = SETTINGS,
    batch_size: int | None = None,
    progress: Advance | None = None,
) -> Guided:
    """Optimise codes until the classifier reaches the target probabilities, with other attributes held.

    The search follows the classifier's target (`GuidedSettings.target`), and the classifier says what was reached. Show
    the result to a judge with `confirm`.

    Each step is towards the smallest edit, in standard deviations of codes, that moves a target by at most
    `SearchSettings.cap` logits and leaves held probabilities where they were to first order, their drift so far taken
    back: `smallest_step`. Targets follow their mean gradient over `NUM_OTHERS` images, because following the gradient
    in one image mostly exploits the classifier. When the next image shows that the target did not follow, or that held
    ones drifted, the step is halved. Codes stay within the latent distribution. Images do not influence each other.

    Args:
        generator: of the images.
        scorer: attribute classifier.
        latents: codes to edit.
        to: attribute to value, in `units`. A value is a number, a tensor with one for each image, or a text such as
            "+0.25", which is a change. A probability is one to reach: an image that has passed it stays as it is.
        hold: attributes whose probabilities must stay, or "all" others.
        units: "probability", "logit", "change" (of the image's own probability) or "shift" (of its own logit).
        directions: edit in their span only. They are needed where gradients do not flow through scorer and generator;
            derivatives are then finite differences along them, and the result says so.
        settings: how guided edits hold, and how far they go.
        batch_size: images that are edited at a time; by default as many as suit their size and the device.
        progress: called with the images that are finished, and all of them.

    Returns:
        The edited codes, with the scores before and after.

    Raises:
        UnknownNameError: for an attribute that is not scored, and for other units.
        SettingError: for values out of range, for an attribute that is both target and held, and where gradients do
            not flow and there are no directions.
        ScoreError: for a table of labels, and for scores that are not numbers.
        SpaceError, FingerprintError: for codes or directions of another space or generator.

    Example:
        >>> import ganatomy as ga
        >>> from ganatomy.perception import OracleScorer
        >>> toy = ga.ToyGenerator(z_dim=12, cosine=0.5)
        >>> found = ga.guided(toy, OracleScorer(toy), toy.sample(4, seed=1), {"red": "+0.2"}, hold=["round"])
        >>> found.targets, found.held
        (('red',), ('round',))
    """
    instance("generator", generator, Generator, "ganatomy.load opens one")
    _check(latents, scorer, settings)
    size = images_at_once(generator, batch_size)
    latents = latents if settings.layers is None else latents.to("w+")
    distribution = settings.distribution or latent_distribution(generator, latents.space)
    distribution.check(latents)
    targets = scorer.select(to).names if isinstance(to, Mapping) and to else ()
    held = held_names(scorer.names, targets, hold)
    followed = (settings.target or scorer.target()).select(scorer.names)
    if directions is None:
        followed = followed.differentiable()
    beyond = settings.beyond or (1.0 if followed.sources == scorer.sources else BEYOND)
    whole = _task(
        generator, followed, latents, to, units=units, held=held, directions=directions,
        settings=replace(settings, distribution=distribution, beyond=beyond), batch_size=batch_size,
    )  # fmt: skip
    found: list[tuple[SearchTask, SearchState]] = []
    for first in range(0, len(latents), size):
        rows = slice(first, first + size)
        task = replace(
            whole,
            latents=latents[rows],
            initial=whole.initial[rows],
            goals=whole.goals[rows],
            begin=None if whole.begin is None else whole.begin[rows],
        )
        found.append((task, search(task, watch=settings.watch)))
        if progress:
            progress(min(first + size, len(latents)), len(latents))
    offsets = [task.reachable.moved(task.latents, state.offset) for task, state in found]
    edited = latents.with_codes(Latents.cat(offsets).codes)
    before, after = (
        scores_of(generator, scorer, codes, batch_size=batch_size) for codes in (latents, edited)
    )
    return Guided(
        origin=latents,
        latents=edited,
        targets=targets,
        held=held,
        goals=torch.sigmoid(_goals(before, to, units)).float(),
        before=before,
        after=after,
        steps=torch.cat([state.steps for _, state in found]),
        distance=torch.cat([state.offset.norm(dim=1) for _, state in found]).float(),
        derivatives=whole.derivatives.description,
        took_part=(scorer, followed),
    )


def confirm(generator: Generator, judge: Judge, edit: Guided, *, batch_size: int | None = None) -> Guided:
    """Show a judge the images of a guided edit, which it took no part in.

    Args:
        generator: of the images.
        judge: the classifier that judges.
        edit: the guided edit.
        batch_size: images at a time; by default as many as suit their size and the device.

    Returns:
        The edit with the judge's readings; see `Guided.confirmed`.

    Raises:
        SettingError: when the judge took part in the edit.
        UnknownNameError: when it scores none of the targets.

    Example:
        >>> import ganatomy as ga
        >>> from ganatomy.perception import OracleScorer
        >>> toy = ga.ToyGenerator(z_dim=12, cosine=0.5)
        >>> found = ga.guided(toy, OracleScorer(toy), toy.sample(1, seed=1), {"red": 0.9})
        >>> another = ga.judge(lambda images: toy.read(images).sigmoid(), names=toy.attributes)
        >>> str(ga.confirm(toy, another, found).judged.verdict)
        'confirmed'
    """
    judge.require_independent(*edit.took_part)
    judged = judge_edit(
        generator,
        judge,
        edit.origin,
        edit.latents,
        before=edit.before,
        goals=edit.goals,
        targets=edit.targets,
        batch_size=batch_size,
    )
    return replace(edit, judged=judged)


@torch.no_grad()
def common_gradients(
    generator: Generator, scorer: Scorer, names: Iterable[str], space: str, *, batch_size: int | None = None
) -> Float[Tensor, "t r"]:
    """Mean gradients of attributes over other images, which guided edits follow; they are the same for all images.

    Args:
        generator: of the images.
        scorer: attribute classifier; the gradients are those of its target.
        names: attributes.
        space: of the codes that are to be edited.
        batch_size: images at a time; by default as many as suit their size and the device.

    Returns:
        One row for each name, in the coordinates in which codes have unit covariance, for `GuidedSettings.common`.

    Raises:
        UnknownNameError: for an attribute that is not scored. ScoreError: where no gradients flow.

    Example:
        >>> import ganatomy as ga
        >>> from ganatomy.perception import OracleScorer
        >>> toy = ga.ToyGenerator(z_dim=12)
        >>> common_gradients(toy, OracleScorer(toy), ["red"], "z").shape
        torch.Size([1, 12])
    """
    followed = scorer.target().select(scorer.names).differentiable()
    distribution = latent_distribution(generator, space)
    derivatives = Gradients(watch=_watch(generator, followed), distribution=distribution)
    return _elsewhere(generator, derivatives, _columns(followed, names), distribution.space, batch_size)


def _columns(scorer: Scorer, names: Iterable[str]) -> Int[Tensor, " t"]:
    return torch.tensor([scorer.names.index(name) for name in scorer.select(names).names])


def _elsewhere(
    generator: Generator,
    derivatives: Derivatives,
    columns: Int[Tensor, " t"],
    space: Space,
    batch_size: int | None,
) -> Float[Tensor, "t r"]:
    """Mean gradients of these columns over images that are not edited."""
    others = generator.sample(NUM_OTHERS, seed=SEED, space=space)
    gradients = [
        derivatives(part, columns.expand(len(part), -1))[1] for part in batches(generator, others, batch_size)
    ]
    return torch.cat(gradients).mean(0)


def _task(
    generator: Generator,
    scorer: Scorer,
    latents: Latents,
    to: Values,
    *,
    units: str,
    held: tuple[str, ...],
    directions: Directions | None,
    settings: GuidedSettings,
    batch_size: int | None,
) -> SearchTask:
    """What is asked of all images."""
    names, distribution = tuple(scorer.names), settings.distribution
    assert distribution is not None
    reachable = distribution
    if settings.layers is not None:
        reachable = distribution.in_layers(settings.layers, latents.num_layers or 0)
    guarded, spared = _features(generator, latents, settings)
    watch = _watch(generator, scorer, *guarded, *spared)
    initial = torch.cat([watch(part).cpu().double() for part in batches(generator, latents, batch_size)])
    seen = Scores(names=names, logits=initial[:, : len(names)])
    wanted, own = goals(seen, to, units=units), seen.select(to).logits.double()
    aims = wanted * torch.where(to_reach(to, units), settings.beyond or 1.0, 1.0)
    if directions is None and not gradients_reach(_watch(generator, scorer), latents):
        raise SettingError(
            "gradients do not flow from these scores to codes; give directions to edit along, or use another scorer"
        )
    derivatives = _derivatives(watch, latents, reachable, directions)
    columns = _columns(scorer, to)
    num_guarded = len(names) + sum(kept.size for kept in guarded)
    width = num_guarded + sum(kept.size for kept in spared)
    worth = torch.full((width,), settings.others, dtype=torch.float64)
    for name in held:
        worth[names.index(name)] = math.sqrt(settings.counts.get(name, 1))
    worth[len(names) : num_guarded] = 1
    worth[columns] = 0
    common = settings.common
    return SearchTask(
        latents=latents,
        initial=initial,
        watch=watch,
        derivatives=derivatives,
        distribution=distribution,
        reachable=reachable,
        targets=columns,
        worth=worth,
        num_attributes=len(names),
        num_guarded=num_guarded,
        goals=torch.where(passed(own, wanted, to, units), own, aims),
        common=_elsewhere(generator, derivatives, columns, latents.space, batch_size)
        if common is None
        else common,
        damping=settings.damping,
        max_steps=settings.max_steps,
        begin=_begin(latents, settings.begin, distribution),
    )


def _begin(
    latents: Latents, begin: Latents | None, distribution: LatentDistribution
) -> Float[Tensor, "n r"] | None:
    """Where the search begins, from the codes."""
    if begin is None:
        return None
    if begin.codes.shape != latents.codes.shape or begin.space != latents.space:
        raise SettingError(
            f"{len(latents)} codes in {latents.space} cannot be edited from {len(begin)} in {begin.space}; give one "
            "for each, in the same space"
        )
    return distribution.coordinates(begin) - distribution.coordinates(latents)


def _goals(before: Scores, to: Values, units: str) -> Float[Tensor, "n t"]:
    """The logit that each image is to have: its own where it has passed the goal already."""
    wanted, own = goals(before, to, units=units), before.select(to).logits.double()
    return torch.where(passed(own, wanted, to, units), own, wanted)


def _features(
    generator: Generator, latents: Latents, settings: GuidedSettings
) -> tuple[list[Identity], list[Identity]]:
    """Features that must stay, and those that stay where they can."""
    others = generator.sample(NUM_IMAGES, seed=IMAGES_SEED, space=latents.space)
    images = torch.cat([generator(part) for part in batches(generator, others)])
    guarded = [] if settings.identity is None else [Identity.of(settings.identity, images)]
    spared = [Identity.of(coarse, images, num_projections=NUM_COARSE)] if settings.others else []
    return guarded, spared


def _watch(generator: Generator, scorer: Scorer, *kept: Identity) -> Watch:
    def watch(latents: Latents) -> Tensor:
        images = generator(latents)
        logits = scorer.score(images, latents=latents).logits
        return torch.cat([logits, *(features(images).to(logits) for features in kept)], dim=1)

    return watch


def _derivatives(
    watch: Watch, latents: Latents, reachable: LatentDistribution, directions: Directions | None
) -> Derivatives:
    if directions is None:
        return Gradients(watch=watch, distribution=reachable)
    for direction in directions:
        direction.check(latents)
    return Differences(watch=watch, distribution=reachable, basis=reachable.along(directions))


def _check(latents: Latents, scorer: Scorer, settings: GuidedSettings) -> None:
    instance("latents", latents, Latents, 'write ganatomy.Latents(codes=tensor, space="z")')
    instance("scorer", scorer, Scorer, "ganatomy.scorer makes one of a name, a file or a function")
    scorer.require_images()
    if not len(latents):
        raise SettingError("there are no codes to edit; give one or more")
    if not bool(torch.isfinite(latents.codes).all()):
        raise SettingError("these codes hold values that are not numbers; edit codes of a generator")
    if not settings.damping > 0 or settings.max_steps < 1:
        raise SettingError(
            f"cannot edit with damping {settings.damping:g} and {settings.max_steps} steps; "
            "give a damping above 0, and at least one step"
        )
    for name, count in settings.counts.items():
        position(name, scorer.names)
        if not 0 < count < math.inf:
            raise SettingError(f"{name!r} cannot count {count:g} times; give a number above 0")
