"""The comparison: every contestant finds and edits with the same budget, and the same images judge them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.directions import regression
from ganatomy.errors import GanatomyError, ScoreError, SettingError, UnknownNameError
from ganatomy.experiments.compare import chance as nothing
from ganatomy.experiments.compare.chance import Chance
from ganatomy.experiments.compare.contestants import CONTESTANTS, GUIDED, GUIDED_HOLD
from ganatomy.experiments.compare.curves import (
    CHANGES,
    LEARNERS,
    TRADED,
    TRADED_ATTRIBUTES,
    TRADED_IMAGES,
    Learning,
    Trade,
    Trades,
    learning,
    trade,
)
from ganatomy.experiments.compare.features import NO_FEATURES, Eyes, Features, eyes_of
from ganatomy.experiments.compare.judge import Edits, Effects, Judge
from ganatomy.experiments.compare.material import Found, Material
from ganatomy.experiments.compare.truth import NO_TRUTH, Truth, truth_of
from ganatomy.experiments.transitional import left_out, part_of, with_gradients
from ganatomy.generators.base import Generator, Signature
from ganatomy.guidance.guided import NUM_OTHERS
from ganatomy.latents import Directions, Latents, Space
from ganatomy.perception.base import Scorer
from ganatomy.progress import Clock, Progress
from ganatomy.surveys import Survey, survey
from ganatomy.surveys.jacobians import jacobians

NUM_ATTRIBUTES = 8
"""Attributes that are compared when nobody chooses: enough to get in each other's way, few enough for minutes."""

BALANCED = (0.2, 0.8)
"""Shares of images between which an attribute is chosen first: rarer ones often cannot be moved far enough."""

DIFFERENTIATED = 64
"""Images whose gradients a finder may look at."""

FEWEST_CODES, FEWEST_IMAGES = 100, 4


@dataclass(frozen=True, kw_only=True, eq=False)
class Result:
    """What one contestant did.

    Args:
        found: its directions, None for guided edits. labels: images whose scores or marks it had to know first.
        along: where held-out codes lie along its directions.
        seconds: to find the directions of all attributes, survey and gradients of the scorer not counted.
        edited: codes of the images, attribute by attribute.
    """

    found: Directions | None
    labels: int
    along: Float[Tensor, "m k"] | None
    seconds: float
    edited: tuple[Latents, ...]
    effects: Effects


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """What every contestant found and changed, in the same images.

    Args:
        survey: codes with the scores of the attributes that are compared.
        latents: of the images as they were. results: method to what it did, in the order of `CONTESTANTS`.
        left_out: methods that cannot take part, and why. not_measured: the same of measures.
        truth: who reads the factors, where there are any. eyes: whose features tell identity and distance.
        trades, learning: the curves, for some methods. seconds: stage to what it took.
    """

    signature: Signature
    fingerprint: str
    scorer: str
    survey: Survey
    held: Survey
    latents: Latents
    images_seed: int
    target_change: float
    results: Mapping[str, Result]
    left_out: Mapping[str, str]
    not_measured: Mapping[str, str]
    truth: Truth | None
    eyes: Eyes
    slopes: str
    chance: Chance
    trades: Trades
    learning: Learning
    seconds: Mapping[str, float]

    @property
    def names(self) -> tuple[str, ...]:
        """The attributes that are compared."""
        return self.survey.names

    @property
    def num_images(self) -> int:
        return len(self.latents)

    def __str__(self) -> str:
        from ganatomy.experiments.compare.standing import Standing

        return str(Standing(comparison=self))


def compare(
    generator: Generator,
    scorer: Scorer,
    *,
    n: int = 1500,
    images: int = 36,
    attributes: Iterable[str] | None = None,
    methods: Sequence[str] | None = None,
    space: str | None = None,
    seed: int = 0,
    target_change: float = 0.25,
    truth: Truth | None = None,
    identity: Features | None = None,
    truncation_psi: float = 1.0,
    batch_size: int = 32,
    progress: Progress | None = None,
) -> Comparison:
    """Let every way of finding directions and of editing with them work on the same survey and the same images.

    Every edit changes the mean probability of its attribute by `target_change`; what else changes is what is compared.
    Methods that do not apply to a generator or a scorer are left out, with the reason.

    Args:
        n: codes that finders learn from and are judged by. images: that are edited; no method has seen them.
        attributes: to move and to leave alone; by default `NUM_ATTRIBUTES`, from common to rare.
        methods: names of `CONTESTANTS`; by default all.
        space: of the codes, by default w where the generator has it, else z.
        truth: what is really in an image; by default found for networks that were trained on drawn faces.
        identity: from images to features that an edit should keep; by default those of the scorer, where it has some.
        progress: told which stage goes on and how far it is.

    Raises:
        UnknownNameError: for a method or an attribute that does not exist.
        ScoreError: for fewer than two attributes, a table of labels, and scores that are not numbers.
        SettingError: for numbers outside their range, and where no method applies.
    """
    asked = _check(scorer, methods, n=n, images=images, target_change=target_change)
    space = space or (Space.W if Space.W in generator.signature.spaces else Space.Z)
    report = progress or (lambda *_: None)
    clock = Clock()

    with clock.stage("survey"):
        seen = survey(
            generator,
            scorer,
            n=n,
            space=space,
            seed=seed,
            batch_size=batch_size,
            truncation_psi=truncation_psi,
            progress=lambda done, total: report("survey", done, total),
        )
        chosen = scorer.select(attributes).names if attributes is not None else _spread(seen)
        if len(chosen) < 2:
            raise ScoreError(
                f"there is {', '.join(chosen) or 'no attribute'} to compare; what an edit does to others needs two"
            )
        used = scorer.select(chosen)
        truth = truth or truth_of(scorer)
        eyes = eyes_of(scorer, identity)
    material = Material(
        generator=generator,
        scorer=used,
        survey=replace(seen, scores=seen.scores.select(chosen), scorer=used.fingerprint),
        seed=seed,
        truncation_psi=truncation_psi,
        batch_size=batch_size,
    )

    with clock.stage("gradients"):
        eye = with_gradients(generator, used, seen.latents)
        if eye is not None:
            known = jacobians(
                generator,
                eye,
                material.train.latents[:DIFFERENTIATED],
                progress=lambda done, total: report("gradients", done, total),
            )
            material = replace(material, survey=replace(material.survey, jacobians=known))

    with clock.stage("finding"):
        found, seconds, left = _find(material, asked, lambda done, total: report("finding", done, total))
        fallback = None if eye else regression(material.survey, chosen, seed=seed)

    judge = Judge(
        generator=generator,
        scorer=used,
        eye=eye,
        truth=truth,
        eyes=eyes,
        n=images,
        seed=seed + 1,
        space=material.survey.latents.space,
        truncation_psi=truncation_psi,
        batch_size=batch_size,
        without_gradients=fallback,
    )
    with clock.stage("editing"):
        results: dict[str, Result] = {}
        for index, (name, what) in enumerate(found.items()):
            edits = _edit(
                judge, name, what, target_change, progress=part_of(report, "editing", index, len(found))
            )
            labels = what.labels if what else (len(material.train) if fallback else NUM_OTHERS)
            results[name] = Result(
                found=what.directions if what else None,
                labels=labels,
                along=_along(material, what.directions) if what else None,
                seconds=seconds[name],
                edited=edits.latents,
                effects=judge.effects(edits),
            )
        report("editing", 1, 1)

    with clock.stage("target change"):
        trades = _trade(
            judge, found, results, target_change, lambda done, total: report("target change", done, total)
        )
    few = judge.first(nothing.IMAGES)
    with clock.stage("labels"):
        learnt = {}
        learners = [name for name in LEARNERS if name in found]
        for index, name in enumerate(learners):
            learnt[name] = learning(material, name, judge=few if index == 0 else None, change=target_change)
            report("labels", index + 1, len(learners))
    with clock.stage("chance"):
        drawn = nothing.selectivities_of_nothing(
            material, few, target_change, progress=lambda done, total: report("chance", done, total)
        )
        by_chance = nothing.chance(
            material,
            drawn,
            {
                name: nothing.own_selectivity(result.effects.changes[:, : few.n])
                for name, result in results.items()
            },
            {name: result.along for name, result in results.items() if result.along is not None},
            num_images=few.n,
        )

    not_measured = {} if truth else {"truth selectivity": NO_TRUTH}
    if eyes.identity is None:
        not_measured["identity"] = NO_FEATURES
    if eyes.look is None:
        not_measured["perceptual distance"] = NO_FEATURES
    return Comparison(
        signature=generator.signature,
        fingerprint=generator.fingerprint,
        scorer=scorer.description,
        survey=material.survey,
        held=material.held,
        latents=judge.codes(judge.space),
        images_seed=judge.seed,
        target_change=target_change,
        results=results,
        left_out=left,
        not_measured=not_measured,
        truth=truth,
        eyes=eyes,
        slopes="gradients" if eye else "finite differences along the directions of regression",
        chance=by_chance,
        trades=trades,
        learning=learnt,
        seconds=clock.seconds,
    )


def _check(
    scorer: Scorer, methods: Sequence[str] | None, *, n: int, images: int, target_change: float
) -> list[str]:
    """The methods that are asked for, in the order of the table."""
    for method in methods or ():
        if method not in CONTESTANTS:
            raise UnknownNameError("method", method, CONTESTANTS)
    if scorer.num_rows is not None:
        raise ScoreError(
            f"{scorer.description} cannot score edited images; compare with a scorer that looks at them"
        )
    if n < FEWEST_CODES or images < FEWEST_IMAGES or not 0 < target_change < 0.5:
        raise SettingError(
            f"cannot compare on {n} codes, {images} images and a target change of {target_change:g}; give "
            f"{FEWEST_CODES} and {FEWEST_IMAGES} or more, and a change between 0 and 0.5"
        )
    return [name for name in CONTESTANTS if methods is None or name in methods]


def _spread(seen: Survey) -> tuple[str, ...]:
    """A few attributes from common to rare, in the scorer's order."""
    skipped = left_out(seen, None)
    usable = [name for name in seen.names if name not in skipped]
    balanced = [name for name in usable if BALANCED[0] <= seen.prevalence[name] <= BALANCED[1]]
    pool = balanced if len(balanced) >= NUM_ATTRIBUTES else usable
    order = sorted(pool, key=lambda name: abs(seen.prevalence[name] - 0.5))
    places = np.linspace(0, len(order) - 1, min(NUM_ATTRIBUTES, len(order))).round().astype(int)
    chosen = {order[place] for place in places}
    return tuple(name for name in seen.names if name in chosen)


def _find(
    material: Material, methods: Iterable[str], advance: Callable[[int, int], None]
) -> tuple[dict[str, Found | None], dict[str, float], dict[str, str]]:
    """What each method found (None for guided edits), its seconds, and why others cannot take part."""
    methods = list(methods)
    found: dict[str, Found | None] = {}
    seconds: dict[str, float] = {}
    left: dict[str, str] = {}
    for done, name in enumerate(methods):
        advance(done, len(methods))
        start = time.perf_counter()
        find = CONTESTANTS[name].find
        try:
            found[name] = find(material) if find else None
        except GanatomyError as error:
            left[name] = str(error)
        seconds[name] = time.perf_counter() - start if find else 0.0
    advance(len(methods), len(methods))
    if not found:
        reasons = "; ".join(f"{name}: {why}" for name, why in left.items())
        raise SettingError(f"no method applies here: {reasons}")
    return found, seconds, left


def _edit(
    judge: Judge,
    method: str,
    what: Found | None,
    change: float,
    *,
    names: tuple[str, ...] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Edits:
    if what is not None:
        directions = what.directions if names is None else what.directions.select(names)
        return judge.step(directions, change, progress=progress)
    way = CONTESTANTS[method].way
    assert way in (GUIDED, GUIDED_HOLD)
    return judge.lead(change, hold=way == GUIDED_HOLD, names=names, progress=progress)


def _trade(
    judge: Judge,
    found: Mapping[str, Found | None],
    results: Mapping[str, Result],
    change: float,
    advance: Callable[[int, int], None],
) -> dict[str, tuple[Trade, ...]]:
    """Some methods at several target changes, on the first attributes and images."""
    few = judge.first(TRADED_IMAGES)
    names = judge.names[:TRADED_ATTRIBUTES]
    targets = range(len(names))
    methods = [name for name in TRADED if name in found]
    asked = sorted({*CHANGES, change})
    curves: dict[str, tuple[Trade, ...]] = {}
    for index, method in enumerate(methods):
        points = []
        for goal in asked:
            if goal == change:
                effects = results[method].effects.subset(slice(len(names)), slice(few.n))
            else:
                effects = few.effects(_edit(few, method, found[method], goal, names=names))
            points.append(trade(effects, targets, goal, seed=judge.seed))
        curves[method] = tuple(points)
        advance(index + 1, len(methods))
    return curves


@torch.no_grad()
def _along(material: Material, directions: Directions) -> Float[Tensor, "m k"]:
    """Where held-out codes lie along directions, in the space of these."""
    held = material.held.latents
    if directions.space != held.space:
        held = material.generator.map(held, to=directions.space)
    return held.codes.detach().cpu().flatten(1) @ directions.matrix.T
