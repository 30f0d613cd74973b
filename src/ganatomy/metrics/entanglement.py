"""What each edit changes besides its target, measured in generated images."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ganatomy.arguments import instance
from ganatomy.generators.base import Generator
from ganatomy.latents import Directions, Space
from ganatomy.metrics.base import MeasuredValue, Result
from ganatomy.metrics.fresh_images import Edits, FreshImages, Hold, Readers, Readings
from ganatomy.metrics.inputs import Measure, SharedInputs
from ganatomy.metrics.selectivity import Selectivity, selectivity
from ganatomy.perception.base import Scorer, position
from ganatomy.perception.judging import HALF, Judge
from ganatomy.progress import Advance, part_of
from ganatomy.statistics.intervals import Estimate, estimate, middle, resampling
from ganatomy.surveys import choose
from ganatomy.tabular import Frame

MOSTLY = 0.5
"""An edit ends at usual codes if no more than this share of them is unusual."""

DOUBTS = ("", "short", "unconfirmed", "unusual")
"""Why an edit cannot be trusted: it misses its goal, the judge does not confirm it, or it ends at unusual codes."""

FIRST_IMAGES = 16
"""Images that are edited before the width of an interval says whether more are needed; with fewer, a ratio of means is
biased by several percent."""

SAME = 1e-5
"""Probabilities that are read twice in one image differ by less."""

NEAR = 0.2
"""A target whose mean change misses the one asked for by no more than this share counts as reached."""


@dataclass(frozen=True, kw_only=True)
class Entanglement(Result, unit="selectivity", higher_is_better=True):
    """Changes of all attributes in n images, for each of k edits: what every experiment measures of edits.

    Args:
        names: of the attributes that are edited, one for each edit.
        attributes: all that were scored.
        strengths: the step, a distance along a direction, or +1 and -1 for edits that differ from image to image; below
            0 where the attribute was taken away, because most images have it already.
        before: probabilities in the unedited images.
        changes: of the probabilities, after less before, in each image.
        target_change: mean change of the target that was asked for.
        seed: of the codes, and of the resampling.
        factors: names of continuous factors that were read as well.
        factors_before: in the unedited images; None where none were read.
        factors_after: in the edited images.
        identity: cosine of features before and after, around their mean in the unedited images.
        perceptual: distance of the images before and after.
        seconds: to edit all images for each attribute.
        unusual: share of the edited codes that lie beyond 99.9 % of drawn codes; see `CodeLikelihood.unusual`.
        judged: the same edits read by a judge, a classifier that took no part, for the attributes that both know.
        reading: who read this: "scorer", "judge", or "smoothed reading" for a student, which confirms nothing.

    Example::

        changes = ga.entanglement(G, scorer, found.select(["Smiling", "Male"]), n=60, judge=judge)
        print(changes.selectivity().mean, changes.judged)
    """

    names: tuple[str, ...]
    attributes: tuple[str, ...]
    strengths: Float[Tensor, " k"]
    before: Float[Tensor, "n a"]
    changes: Float[Tensor, "k n a"]
    target_change: float
    seed: int
    factors: tuple[str, ...] = ()
    factors_before: Float[Tensor, "n f"] | None = None
    factors_after: Float[Tensor, "k n f"] | None = None
    identity: Float[Tensor, "k n"] | None = None
    perceptual: Float[Tensor, "k n"] | None = None
    seconds: Float[Tensor, " k"] | None = None
    unusual: Float[Tensor, " k"] | None = None
    judged: Entanglement | None = None
    reading: str = "scorer"

    @property
    def figures(self) -> dict[str, MeasuredValue]:
        """Selectivity: the change of the target over the mean change of another; means, a judge's too, and edits."""
        found = self.selectivity()
        judged = {} if self.judged is None else {"judged mean": self.judged.selectivity().mean}
        return {
            name: MeasuredValue(estimate=value, unit=self.unit, higher_is_better=True)
            for name, value in {"mean": found.mean, **judged, **found.directions}.items()
        }

    @property
    def notes(self) -> tuple[str, ...]:
        text = (
            f"selectivity compares only for the same {len(self.attributes)} attributes and the same change of the "
            f"target ({self.target_change:g})"
        )
        return (text,)

    @property
    def num_images(self) -> int:
        return len(self.before)

    @property
    def targets(self) -> Int[Tensor, " k"]:
        """The column of each edit's attribute."""
        return torch.tensor([self.attributes.index(name) for name in self.names])

    @property
    def signs(self) -> Float[Tensor, " k"]:
        """-1 where the edit takes its attribute away, else 1."""
        return torch.where(self.strengths < 0, -1.0, 1.0)

    @property
    def turned(self) -> Float[Tensor, "k n a"]:
        """Changes in each image; where an edit took its attribute away, those of the opposite edit."""
        return self.changes * self.signs[:, None, None]

    @cached_property
    def mean_change(self) -> Float[Tensor, "k a"]:
        """Mean over images of the change; where a step took its attribute away, of the opposite step's."""
        return self.turned.mean(1)

    @cached_property
    def mean_abs_change(self) -> Float[Tensor, "k a"]:
        """Mean over images of the size of the change."""
        return self.changes.abs().mean(1)

    @property
    def achieved(self) -> Float[Tensor, " k"]:
        """Mean change of each edit's own attribute."""
        return self.mean_change.gather(1, self.targets[:, None])[:, 0]

    @property
    def reached(self) -> Bool[Tensor, " k"]:
        """Whether the target changed as much as was asked for, or nearly so, or more; if not, no step gave more."""
        return self.achieved >= (1 - NEAR) * self.target_change

    @property
    def agreement(self) -> dict[str, float]:
        """By how much the judge sees each target change, as a share of the change that the scorer sees."""
        if self.judged is None:
            return {}
        own = dict(zip(self.names, self.achieved.tolist(), strict=True))
        judged = zip(self.judged.names, self.judged.achieved.tolist(), strict=True)
        return {name: seen / own[name] if own[name] else math.nan for name, seen in judged}

    @property
    def natural_agreement(self) -> dict[str, float]:
        """The same as it is between unedited images: what the judge sees where the scorer's reading differs as much.

        Reading by reading, pooled over attributes, the judge's probability is fitted as a rising function of the
        scorer's (isotonic regression), and read off at the probabilities before and after each edit.
        """
        from sklearn.isotonic import IsotonicRegression

        if self.judged is None:
            return {}
        columns = [self.attributes.index(name) for name in self.judged.attributes]
        natural = IsotonicRegression(out_of_bounds="clip").fit(
            self.before[:, columns].flatten().numpy(), self.judged.before.flatten().numpy()
        )
        found = {}
        for name, sign in zip(self.names, self.signs.tolist(), strict=True):
            k, column = self.names.index(name), self.attributes.index(name)
            was, after = self.before[:, column], self.before[:, column] + self.changes[k, :, column]
            expected = natural.predict(after.numpy()) - natural.predict(was.numpy())
            seen = float((after - was).mean()) * sign
            found[name] = float(expected.mean()) * sign / seen if seen else math.nan
        return {name: found[name] for name in self.judged.names}

    @cached_property
    def confirmed(self) -> tuple[str, ...]:
        """The edits that a judge confirms: it sees at least half of the change that was asked for, beyond chance."""
        if self.judged is None or self.judged.reading != "judge":
            return ()
        low, _ = self.judged.achieved_intervals()
        judged = zip(self.judged.names, self.judged.achieved.tolist(), low.tolist(), strict=True)
        return tuple(name for name, seen, least in judged if seen >= HALF * self.target_change and least > 0)

    @cached_property
    def doubts(self) -> tuple[str, ...]:
        """Why each edit cannot be trusted, one of `DOUBTS`: "" where it can."""
        confirmed, unusual = (
            self.confirmed,
            torch.zeros(len(self.names)) if self.unusual is None else self.unusual,
        )
        found = []
        for name, reached, share in zip(self.names, self.reached.tolist(), unusual.tolist(), strict=True):
            doubted = self.judged is not None and name not in confirmed
            reasons = (not reached, doubted, share > MOSTLY)
            found.append(next((doubt for doubt, is_so in zip(DOUBTS[1:], reasons, strict=True) if is_so), ""))
        return tuple(found)

    @property
    def movable(self) -> tuple[str, ...]:
        """The edits that reach their goal, that the judge confirms if there is one, and that end at usual codes."""
        return tuple(name for name, doubt in zip(self.names, self.doubts, strict=True) if not doubt)

    @property
    def factor_shifts(self) -> Float[Tensor, "k n f"] | None:
        """Change of each factor in each image, turned as in `mean_change`."""
        if self.factors_before is None or self.factors_after is None:
            return None
        return (self.factors_after - self.factors_before) * self.signs[:, None, None]

    @property
    def factor_changes(self) -> Float[Tensor, "k f"] | None:
        """Mean change of each factor, turned as in `mean_change`, in standard deviations of the unedited images."""
        if self.factor_shifts is None or self.factors_before is None:
            return None
        return self.factor_shifts.mean(1) / self.factors_before.std(0).clamp(min=1e-12)

    def select(self, attributes: Iterable[str]) -> Entanglement:
        """The same edits, measured by these attributes alone.

        Raises:
            UnknownNameError: for one that was not scored.
        """
        attributes = tuple(attributes)
        columns = [position(name, self.attributes) for name in attributes]
        judged = self.judged
        return replace(
            self,
            attributes=attributes,
            before=self.before[:, columns],
            changes=self.changes[:, :, columns],
            judged=judged and judged.select(name for name in attributes if name in judged.attributes),
        )

    def first(self, n: int) -> Entanglement:
        """The same edits, measured in the first `n` images alone."""
        return replace(
            self,
            before=self.before[:n],
            changes=self.changes[:, :n],
            factors_before=None if self.factors_before is None else self.factors_before[:n],
            factors_after=None if self.factors_after is None else self.factors_after[:, :n],
            identity=None if self.identity is None else self.identity[:, :n],
            perceptual=None if self.perceptual is None else self.perceptual[:, :n],
            judged=self.judged and self.judged.first(n),
        )

    def shares_images(self, other: Entanglement) -> bool:
        """Whether both were measured in the same images and attributes.

        Readings of the same images may differ in their last bit, by how many are read at once.
        """
        return (
            self.attributes == other.attributes
            and self.before.shape == other.before.shape
            and torch.allclose(self.before, other.before, rtol=0, atol=SAME)
        )

    def intervals(self, *, absolute: bool = False) -> tuple[Float[Tensor, "k a"], Float[Tensor, "k a"]]:
        """Both ends of the 95 % interval of each mean change (of each mean |change|), by resampling images."""
        return middle(self._resampled[int(absolute)])

    def achieved_intervals(self) -> tuple[Float[Tensor, " k"], Float[Tensor, " k"]]:
        """Both ends of the 95 % interval of each edit's mean change of its own attribute."""
        mean_changes, _ = self._resampled
        return middle(mean_changes[:, torch.arange(len(self.names)), self.targets])

    def selectivities(self, form: str = "mean_abs_all") -> Float[Tensor, " k"]:
        """Selectivity of each edit."""
        return selectivity(self.mean_change, self.mean_abs_change, self.targets, form=form)

    def selectivity(self, form: str = "mean_abs_all") -> Selectivity:
        """Selectivity of each edit and their mean, with intervals; `metrics.selectivity` names the forms."""
        values = self.selectivities(form)
        drawn = self.resampled_selectivities(form)
        return Selectivity(
            form=form,
            mean=estimate(values.mean(), drawn.mean(1)),
            directions={name: estimate(values[k], drawn[:, k]) for k, name in enumerate(self.names)},
        )

    def resampled_selectivities(self, form: str = "mean_abs_all") -> Float[Tensor, "b k"]:
        """Selectivity of each edit in images drawn with replacement: the same draws for all edits of these images."""
        return selectivity(*self._resampled, self.targets, form=form)

    def frame(self) -> Frame:
        """A row for each edit: how its own attribute changed, how clean it is, and whether its goal was reached."""
        (low, high), found = self.achieved_intervals(), self.selectivity()
        figures = [found.directions[name] for name in self.names]
        edits = "1 edit" if len(self.names) == 1 else f"{len(self.names)} edits"
        return Frame(
            title=f"{edits} in {self.num_images} images, selectivity {found.mean}",
            columns={
                "edit": self.names,
                "strength": self.strengths.tolist(),
                "target_change": self.achieved.tolist(),
                "target_change_low": low.tolist(),
                "target_change_high": high.tolist(),
                "selectivity": [it.value for it in figures],
                "selectivity_low": [it.low for it in figures],
                "selectivity_high": [it.high for it in figures],
                "reached": self.reached.tolist(),
            },
        )

    def __str__(self) -> str:
        every, top, signed = (self.selectivity(form) for form in ("mean_abs_all", "top13", "signed"))
        low, high = self.achieved_intervals()
        width = max(len(name) for name in (*self.names, "mean"))
        columns = ("target change", "mean_abs_all", "top13", "signed")
        lines = [" " * width + "".join(f"{column:>20}" for column in columns)]
        for k, name in enumerate(self.names):
            target = Estimate(value=float(self.achieved[k]), low=float(low[k]), high=float(high[k]))
            figures = (target, every.directions[name], top.directions[name], signed.directions[name])
            mark = "" if self.reached[k] else "  not reached"
            lines.append(f"{name:{width}}" + "".join(f"{figure!s:>20}" for figure in figures) + mark)
        figures = ("", every.mean, top.mean, signed.mean)
        lines.append(f"{'mean':{width}}" + "".join(f"{figure!s:>20}" for figure in figures))
        lines.append(
            f"selectivity by the {self.reading}, over {self.num_images} images, ± half a 95 % interval"
        )
        return "\n".join(lines if self.judged is None else [*lines, "", str(self.judged)])

    @cached_property
    def _resampled(self) -> tuple[Float[Tensor, "b k a"], Float[Tensor, "b k a"]]:
        """Mean change and mean |change| of images drawn with replacement, the same images for all edits."""
        weights = resampling(self.num_images, seed=self.seed).to(self.changes)
        return (
            torch.einsum("bn,kna->bka", weights, self.turned),
            torch.einsum("bn,kna->bka", weights, self.changes.abs()),
        )


def entanglement(
    generator: Generator,
    scorer: Scorer,
    directions: Directions,
    *,
    n: int = 500,
    seed: int = 1,
    target_change: float = 0.25,
    hold: Hold = "none",
    judge: Judge | None = None,
    truncation_psi: float = 1.0,
    batch_size: int | None = None,
) -> Entanglement:
    """Edit the same new images along each direction, score them again, and keep every change.

    The step of a direction is one distance for all images, chosen so that the mean probability of its attribute
    changes by `target_change`: so directions of any method are compared at the same effect. It adds the attribute where
    up to half of the images have it, and takes it away where more do.

    To edit the same images by several methods, or to read more in them, call `measure_steps` with `FreshImages`.

    Args:
        generator: makes the images.
        scorer: attribute classifier; each direction carries the name of one of its attributes.
        directions: to edit along.
        n: images, each generated once for each direction; 32 of them two or three times more, to find its step.
        seed: of the codes; give another one than that of the survey that the directions were found in.
        target_change: mean change of each direction's own probability.
        hold: "none"; "all" other directions of the set for each; or names to hold for each name.
        judge: a second classifier, which reads the same images; see `Entanglement.judged`.
        truncation_psi: as the codes of the survey were drawn.
        batch_size: images that are made at a time; by default as many as suit their size and the device.

    Returns:
        Every change, with selectivities and their intervals.

    Raises:
        UnknownNameError: for a direction whose name is no attribute of the scorer, or an unknown name to hold.
        ScoreError: for a classifier that cannot score new images.
        SettingError: for a number outside its range, and for directions that cannot move while others are held.
        SpaceError, FingerprintError: when directions and generator do not go together.

    Example:
        >>> import ganatomy as ga
        >>> from ganatomy.perception import OracleScorer
        >>> toy = ga.ToyGenerator(seed=0)
        >>> found = ga.entanglement(toy, OracleScorer(toy), toy.truth, n=50)
        >>> found.reached.tolist()
        [True, True, True, True]
    """
    instance("directions", directions, Directions, "methods such as ganatomy.regression find them")
    images = FreshImages(
        generator=generator,
        readers=Readers(scorer=scorer, judge=judge),
        n=n,
        seed=seed,
        space=directions.space if directions.items else Space.Z,
        truncation_psi=truncation_psi,
        batch_size=batch_size,
    )
    return measure_steps(images, directions, target_change=target_change, hold=hold)


def measure_steps(
    images: FreshImages,
    directions: Directions,
    *,
    target_change: float = 0.25,
    hold: Hold = "none",
    width: float = 0.0,
    advance: Advance | None = None,
) -> Entanglement:
    """One step along each direction in fresh images; see `entanglement`, which says what is refused.

    Images are edited until the mean selectivity is known well enough. The rule is on the width of its interval as a
    share of it, never on its value or on who wins, so it favours no method.

    Args:
        images: to edit.
        directions: to edit along.
        target_change: mean change of each direction's own probability.
        hold: "none"; "all" other directions of the set for each; or names to hold for each name.
        width: half the interval, by the judge where there is one, as a share of the mean selectivity, at which the
            first images are enough; 0 edits all.
        advance: called with how much is done, and all.
    """
    few = images.first(FIRST_IMAGES) if width else images
    edits = few.step(directions, target_change, hold=hold, advance=part_of(advance, 0, 2))
    while True:
        found = measure_edits(few, edits, target_change)
        mean = (found.judged or found).selectivity().mean
        if few.n == images.n or mean.error <= width * mean.value:
            break
        few = images.first(few.n + few.n // 2)
        latents = few.along(directions, edits.strengths, hold=hold)
        edits = replace(edits, latents=latents, readings=tuple(few.read_on(latents, edits.readings or ())))
    if advance:
        advance(1, 1)
    return found


def measure_edits(
    images: FreshImages, edits: Edits, target_change: float, *, advance: Advance | None = None
) -> Entanglement:
    """What these edits of fresh images changed, read by all readers of the images.

    Args:
        images: as they were.
        edits: of them.
        target_change: that was asked for.
        advance: called with how much is done, and all.
    """
    readers, before = images.readers, images.before
    seen = edits.readings or [None] * len(edits.names)
    after = Readings.stack(images.read_on(edits.latents, seen, advance=advance))
    mean = before.identity.mean(0)
    result = Entanglement(
        names=edits.names,
        attributes=tuple(readers.scorer.names),
        strengths=edits.strengths,
        before=torch.sigmoid(before.logits),
        changes=torch.sigmoid(after.logits) - torch.sigmoid(before.logits),
        target_change=target_change,
        seed=images.seed,
        factors=tuple(readers.factors.names) if readers.factors else (),
        factors_before=before.factors if readers.factors else None,
        factors_after=after.factors if readers.factors else None,
        identity=torch.cosine_similarity(after.identity - mean, (before.identity - mean)[None], dim=-1)
        if readers.identity
        else None,
        perceptual=(after.appearance - before.appearance).square().sum(-1) if readers.appearance else None,
        seconds=after.seconds.sum((1, 2)) if edits.seconds is None else edits.seconds,
        unusual=torch.stack([images.unusual(latents).float().mean() for latents in edits.latents]),
    )
    return replace(result, judged=_judged(result, readers.judge, before.judged, after.judged))


def _judged(
    result: Entanglement,
    judge: Judge | None,
    before: Float[Tensor, "n b"],
    after: Float[Tensor, "k n b"],
) -> Entanglement | None:
    """The judge's reading of the attributes that it shares with the scorer; None where there are not two of them."""
    common = [name for name in result.attributes if judge is not None and name in judge.names]
    edits = [k for k, name in enumerate(result.names) if name in common]
    if judge is None or len(common) < 2 or not edits:
        return None
    columns = [judge.names.index(name) for name in common]
    was, now = torch.sigmoid(before[:, columns]), torch.sigmoid(after[edits][..., columns])
    return Entanglement(
        names=tuple(result.names[k] for k in edits),
        attributes=tuple(common),
        strengths=result.strengths[edits],
        before=was,
        changes=now - was,
        target_change=result.target_change,
        seed=result.seed,
        reading=judge.reading,
    )


def measure(inputs: SharedInputs) -> dict[str, Entanglement]:
    """In z and in w, along the directions of the same few attributes."""
    experiment, found = inputs.experiment, {}
    for space in inputs.spaces:
        directions = inputs.directions(space).select(inputs.edited_attributes)
        images = FreshImages(
            generator=experiment.generator,
            readers=Readers(scorer=inputs.scorer, judge=experiment.judge),
            n=max(20, inputs.n // (len(inputs.spaces) * (len(directions) + 2))),
            seed=experiment.seed + 5,
            space=directions.space,
            truncation_psi=experiment.psi(space),
            batch_size=experiment.batch_size,
        )
        with experiment.stage(f"editing in {space}") as advance:
            changes = measure_steps(images, directions, advance=advance)
        found[space] = changes.select(choose(inputs.survey(space), directions.names).measured)
    return found


ENTANGLEMENT = Measure(
    "what else changes when one attribute is edited", Entanglement, measure, needs=("scorer",)
)
