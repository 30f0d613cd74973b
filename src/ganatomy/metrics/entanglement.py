"""What each direction changes besides its target, measured in generated images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ganatomy.edits import move
from ganatomy.errors import ScoreError, SettingError, UnknownNameError
from ganatomy.generators.base import Generator
from ganatomy.latents import Direction, Directions, Latents
from ganatomy.metrics.base import MeasuredValue, Result
from ganatomy.metrics.calibration import Trials, find_strengths
from ganatomy.metrics.inputs import Measure, SharedInputs
from ganatomy.metrics.selectivity import Selectivity, selectivity
from ganatomy.perception.base import Scorer, position
from ganatomy.statistics.intervals import TAILS, Estimate, resampling

Hold = Literal["none", "all"] | Mapping[str, Iterable[str]]
NEAR = 0.2
"""A target whose mean change is within this share of the one asked for counts as reached."""


@dataclass(frozen=True, kw_only=True)
class Entanglement(Result):
    """Changes of all attributes in n images, edited along each of k directions by one calibrated step.

    Args:
        names: of the directions, each the attribute that it is meant to move. attributes: all that were scored.
        strengths: the step, a distance along each direction; below 0 where the attribute was taken away, because most
            images have it already.
        before: probabilities in the images as they were. changes: after less before, in each image.
        factors: what else was read in the images. factor_changes: mean change of each, turned as in `mean_change`, in
            standard deviations of the images as they were.
        seed: of the codes, and of the resampling.
    """

    names: tuple[str, ...]
    attributes: tuple[str, ...]
    strengths: Float[Tensor, " k"]
    before: Float[Tensor, "n a"]
    changes: Float[Tensor, "k n a"]
    target_change: float
    seed: int
    factors: tuple[str, ...] = ()
    factor_changes: Float[Tensor, "k f"] | None = None

    unit: ClassVar[str] = "selectivity"
    higher_is_better: ClassVar[bool | None] = True

    @property
    def figures(self) -> dict[str, MeasuredValue]:
        """Selectivity of each direction and their mean: change of the target over the mean change of another."""
        found = self.selectivity()
        return {
            name: MeasuredValue(estimate=value, unit=self.unit, higher_is_better=True)
            for name, value in {"mean": found.mean, **found.directions}.items()
        }

    @property
    def notes(self) -> tuple[str, ...]:
        text = (
            f"selectivity compares only for the same {len(self.attributes)} attributes and the same change of the "
            f"target ({self.target_change:g})"
        )
        return (text,)

    @property
    def targets(self) -> Int[Tensor, " k"]:
        """The column of each direction's attribute."""
        return torch.tensor([self.attributes.index(name) for name in self.names])

    @cached_property
    def mean_change(self) -> Float[Tensor, "k a"]:
        """Mean over images of the change; where a step took its attribute away, of the opposite step's."""
        return self._turned.mean(1)

    @cached_property
    def mean_abs_change(self) -> Float[Tensor, "k a"]:
        """Mean over images of the size of the change."""
        return self.changes.abs().mean(1)

    @property
    def reached(self) -> Bool[Tensor, " k"]:
        """Whether the mean change of the target is what was asked for; if not, no step within reach gave more."""
        change = self.mean_change.gather(1, self.targets[:, None])[:, 0]
        return (change / self.target_change - 1).abs() <= NEAR

    def select(self, attributes: Iterable[str]) -> Entanglement:
        """The same edits, judged by these attributes alone.

        Raises:
            UnknownNameError: for one that was not scored.
        """
        attributes = tuple(attributes)
        columns = [position(name, self.attributes) for name in attributes]
        return replace(
            self, attributes=attributes, before=self.before[:, columns], changes=self.changes[:, :, columns]
        )

    def intervals(self, *, absolute: bool = False) -> tuple[Float[Tensor, "k a"], Float[Tensor, "k a"]]:
        """Both ends of the 95 % interval of each mean change (of each mean |change|), by resampling images."""
        return _interval(self._resampled[int(absolute)])

    def selectivity(self, form: str = "mean_abs_all") -> Selectivity:
        """Selectivity of each direction and their mean, with intervals; `metrics.selectivity` names the forms."""
        values = selectivity(self.mean_change, self.mean_abs_change, self.targets, form=form)
        resampled = selectivity(*self._resampled, self.targets, form=form)
        low, high = _interval(resampled)
        mean_low, mean_high = _interval(resampled.mean(1))
        return Selectivity(
            form=form,
            mean=Estimate(value=float(values.mean()), low=float(mean_low), high=float(mean_high)),
            directions={
                name: Estimate(value=float(values[k]), low=float(low[k]), high=float(high[k]))
                for k, name in enumerate(self.names)
            },
        )

    def __str__(self) -> str:
        every, top, signed = (self.selectivity(form) for form in ("mean_abs_all", "top13", "signed"))
        low, high = (end.gather(1, self.targets[:, None])[:, 0] for end in self.intervals())
        change = self.mean_change.gather(1, self.targets[:, None])[:, 0]
        width = max(len(name) for name in (*self.names, "mean"))
        columns = ("target change", "mean_abs_all", "top13", "signed")
        lines = [" " * width + "".join(f"{column:>20}" for column in columns)]
        for k, name in enumerate(self.names):
            target = Estimate(value=float(change[k]), low=float(low[k]), high=float(high[k]))
            figures = (target, every.directions[name], top.directions[name], signed.directions[name])
            mark = "" if self.reached[k] else "  not reached"
            lines.append(f"{name:{width}}" + "".join(f"{figure!s:>20}" for figure in figures) + mark)
        figures = ("", every.mean, top.mean, signed.mean)
        lines.append(f"{'mean':{width}}" + "".join(f"{figure!s:>20}" for figure in figures))
        lines.append(f"selectivity over {len(self.before)} images, ± half a 95 % interval")
        return "\n".join(lines)

    @property
    def _turned(self) -> Float[Tensor, "k n a"]:
        return self.changes * self.strengths.sign()[:, None, None]

    @cached_property
    def _resampled(self) -> tuple[Float[Tensor, "b k a"], Float[Tensor, "b k a"]]:
        """Mean change and mean |change| of images drawn with replacement, the same images for all directions."""
        weights = resampling(len(self.before), seed=self.seed).to(self.changes)
        return (
            torch.einsum("bn,kna->bka", weights, self._turned),
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
    truth: Scorer | None = None,
    truncation_psi: float = 1.0,
    num_calibration: int = 32,
    batch_size: int = 64,
    progress: Callable[[int, int], None] | None = None,
) -> Entanglement:
    """Edit the same new images along each direction, score them again, and keep every change.

    The step of a direction is one distance for all images, chosen so that the mean probability of its attribute
    changes by `target_change`: so directions of any method are compared at the same effect. It adds the attribute where
    up to half of the images have it, and takes it away where more do.

    Args:
        n: images, each generated once for each direction. num_calibration: how many of them are looked at two or
            three times more for each direction, to find its step.
        seed: of the codes; give another one than that of the survey that the directions were found in.
        hold: "none"; "all" other directions of the set for each; or names to hold for each name.
        truth: reads continuous factors (as logits), to see what really moved.
        truncation_psi: as the codes of the survey were drawn.
        progress: called with the images done and expected.

    Raises:
        UnknownNameError: for a direction whose name is no attribute of the scorer, or an unknown name to hold.
        ScoreError: for a table of labels, which cannot see what an edit changed.
        SettingError: for a number outside its range, and for directions that cannot move while others are held.
        SpaceError, FingerprintError: when directions and generator do not go together.
    """
    _check(
        scorer,
        directions,
        n=n,
        target_change=target_change,
        num_calibration=num_calibration,
        batch_size=batch_size,
    )
    with torch.no_grad():
        latents = generator.sample(n, seed=seed, space=directions.space, truncation_psi=truncation_psi)
        latents, steps = unit_steps(latents, directions, hold)
        expected = n + len(directions) * (n + 3 * min(n, num_calibration))
        trials = Trials(
            generator,
            scorer,
            truth,
            latents,
            steps,
            batch_size=batch_size,
            expected=expected,
            progress=progress,
        )
        everyone = torch.arange(n)
        before = trials.before()
        targets = torch.tensor([scorer.names.index(d.name) for d in directions])
        strengths = find_strengths(
            trials,
            before.logits[:, targets],
            targets,
            slopes=torch.tensor([d.slope for d in directions]),
            sigmas=torch.tensor([d.sigma for d in directions]),
            target_change=target_change,
            num_calibration=min(n, num_calibration),
        )
        after = trials.after(torch.arange(len(directions)), everyone, strengths, truth=truth)
        trials.finish()
    factor_changes = None
    if truth is not None:
        spread = before.factors.std(0).clamp(min=1e-12)
        factor_changes = (after.factors - before.factors).mean(1) / spread * strengths.sign()[:, None]
    return Entanglement(
        names=tuple(directions.names),
        attributes=tuple(scorer.names),
        strengths=strengths,
        before=torch.sigmoid(before.logits),
        changes=torch.sigmoid(after.logits) - torch.sigmoid(before.logits),
        target_change=target_change,
        seed=seed,
        factors=() if truth is None else tuple(truth.names),
        factor_changes=factor_changes,
    )


def unit_steps(
    latents: Latents, directions: Directions, hold: Hold
) -> tuple[Latents, Float[Tensor, "k *shape"]]:
    """What strength 1 adds to a code, for each direction; and the codes, spread over layers where a direction needs it.

    Raises:
        UnknownNameError: for a direction to hold that does not exist.
        SettingError: for another word than "none" and "all", and for a direction that the held ones do not let move.
    """
    origin = latents[:1].with_codes(torch.zeros_like(latents.codes[:1]))
    moved = [
        move(origin, direction, 1.0, hold=_held(direction, directions, hold)) for direction in directions
    ]
    space = "w+" if any(step.space == "w+" for step in moved) else latents.space
    return latents.to(space), torch.cat([step.to(space).codes for step in moved])


def _held(direction: Direction, directions: Directions, hold: Hold) -> list[Direction]:
    if hold == "none":
        return []
    if hold == "all":
        return [other for other in directions if other.name != direction.name]
    if isinstance(hold, str):
        raise SettingError(
            f"{hold!r} is not a way to hold; give 'none', 'all', or names to hold for each name"
        )
    for name in hold:
        directions[name]
    return [directions[name] for name in hold.get(direction.name, ())]


def _check(
    scorer: Scorer,
    directions: Directions,
    *,
    n: int,
    target_change: float,
    num_calibration: int,
    batch_size: int,
) -> None:
    if not directions.items:
        raise SettingError("there are no directions to measure; find some first")
    if min(n, num_calibration) < 2 or batch_size < 1:
        raise SettingError(
            f"cannot measure {n} images, {num_calibration} of them first, in batches of {batch_size}; "
            "give at least 2, 2 and 1"
        )
    if not 0 < target_change < 0.5:
        raise SettingError(
            f"target_change is {target_change:g}; a mean probability can always change by up to 0.5, no more"
        )
    for name in directions.names:
        if name not in scorer.names:
            raise UnknownNameError("attribute", name, scorer.names)
    if scorer.num_rows is not None:
        raise ScoreError(
            f"{scorer.description} cannot score edited images; measure with a scorer that looks at them"
        )


def _interval(
    resampled: Float[Tensor, "b *shape"],
) -> tuple[Float[Tensor, "*shape"], Float[Tensor, "*shape"]]:
    ends = torch.tensor(TAILS, dtype=resampled.dtype)
    low, high = torch.quantile(resampled, ends, dim=0)
    return low, high


def measure(inputs: SharedInputs) -> dict[str, Entanglement]:
    """In z and in w, along the directions of the same few attributes."""
    experiment, found = inputs.experiment, {}
    for space in inputs.spaces:
        directions = inputs.directions(space).select(inputs.edited_attributes)
        with experiment.stage(f"editing in {space}") as advance:
            found[space] = entanglement(
                experiment.generator,
                inputs.scorer,
                directions,
                n=max(20, inputs.n // (len(inputs.spaces) * (len(directions) + 2))),
                seed=experiment.seed + 5,
                truncation_psi=experiment.psi(space),
                batch_size=experiment.batch_size,
                progress=advance,
            )
    return found


ENTANGLEMENT = Measure(
    "what else changes when one attribute is edited", Entanglement, measure, needs=("scorer",)
)
