"""What classifiers read in edited images, and how usual the codes are, in the same words everywhere.

The command line prints these lines after an edit, the image carries them in its recipe, and `ganatomy render` and the
studio show them again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ganatomy.generators.base import Generator
from ganatomy.generators.natural_codes import UNUSUAL, NaturalCodes, natural_codes
from ganatomy.guidance.judged import scores_of, verdict, which
from ganatomy.latents import Latents
from ganatomy.perception.base import Scorer, Scores
from ganatomy.perception.judging import NEAR, Judge, confirmed
from ganatomy.recipes.fields import Fields, choice, flag, number, several, text
from ganatomy.recipes.parts import Part
from ganatomy.statistics.formatting import PER_CENT

READINGS = ("judge", "smoothed reading")
DIGITS = 4


def _by_name(value: Any, where: str) -> dict[str, float]:
    fields = Fields(value, where)
    several(text)(list(fields.data), where)
    return {name: fields.take(name, number()) for name in fields.data}


Probabilities = Annotated[Mapping[str, float], _by_name]
Yes = Annotated[bool | None, flag]


@dataclass(frozen=True, kw_only=True)
class ImageReading(Part):
    """What was read in one image; probabilities by the names of attributes.

    Args:
        before: by the scorer, before the edit.
        after: by the scorer, after it.
        goal: that the edit asked for.
        reached: whether the scorer reads every goal as reached; None for an edit without goals.
        judge_before: by the judge, before the edit.
        judge_after: by the judge, after it.
        confirmed: whether the judge confirms the goals, or without goals what the scorer reads; None where it cannot.
        percentile: percentage of drawn codes that are more usual: the larger one of `CodeLikelihood`.
    """

    before: Probabilities = field(default_factory=dict)
    after: Probabilities = field(default_factory=dict)
    goal: Probabilities = field(default_factory=dict)
    reached: Yes = None
    judge_before: Probabilities = field(default_factory=dict)
    judge_after: Probabilities = field(default_factory=dict)
    confirmed: Yes = None
    percentile: Annotated[float, number(0, 100)]

    @property
    def unusual(self) -> bool:
        """Whether the code lies beyond `UNUSUAL` per cent of drawn codes."""
        return self.percentile > UNUSUAL


@dataclass(frozen=True, kw_only=True)
class EditReadings(Part):
    """What a scorer and a judge read in the images of an edit.

    Args:
        scorer: a line about the scorer; None where there is none.
        judge: a line about the judge; None where there is none.
        reading: what the judge's numbers are called.
        images: one for each code.

    Example:
        >>> image = ImageReading(
        ...     before={"Smiling": 0.01}, after={"Smiling": 0.89}, goal={"Smiling": 0.9}, reached=True,
        ...     judge_before={"Smiling": 0.11}, judge_after={"Smiling": 0.43}, confirmed=False, percentile=73.0,
        ... )
        >>> for line in EditReadings(scorer="mine", judge="another", images=(image,)).lines:
        ...     print(line)
        scorer Smiling 0.01 to 0.89: reached
        judge Smiling 0.11 to 0.43: not confirmed
        code at percentile 73 of drawn codes
    """

    scorer: Annotated[str | None, text] = None
    judge: Annotated[str | None, text] = None
    reading: Annotated[str, choice(READINGS)] = READINGS[0]
    images: Annotated[tuple[ImageReading, ...], several(ImageReading.read, least=1)]

    @property
    def lines(self) -> list[str]:
        """What was read, in a line for the scorer, one for the judge and one for the codes."""
        return [*self.scorer_lines, *self.judge_lines, self.codes_line]

    @property
    def scorer_lines(self) -> list[str]:
        """What the scorer read, and which goals it reads as reached; none without a scorer."""
        moved = self._moved("before", "after")
        reached = [image.reached for image in self.images]
        if not moved:
            return []
        if None in reached:
            return [f"scorer {moved}"]
        return [f"scorer {moved}: {verdict(list(map(bool, reached)), 'reached')}"]

    @property
    def judge_lines(self) -> list[str]:
        """What the judge read, and what it confirms; none without a judge."""
        moved = self._moved("judge_before", "judge_after")
        yes = [image.confirmed for image in self.images]
        if not moved:
            return []
        if self.reading != READINGS[0]:
            return [f"{self.reading} {moved}: confirms nothing"]
        said = "" if None in yes else f": {verdict(list(map(bool, yes)), 'confirmed')}"
        return [f"{self.reading} {moved}{said}"]

    @property
    def codes_line(self) -> str:
        """How usual the codes are; unusual ones are named."""
        limit = f"{UNUSUAL:g}{PER_CENT} of drawn codes"
        rows = [row + 1 for row, image in enumerate(self.images) if image.unusual]
        if len(self.images) == 1:
            (image,) = self.images
            where = (
                f"beyond {limit}: unusual" if rows else f"at percentile {image.percentile:.0f} of drawn codes"
            )
            return f"code {where}"
        low, high = (pick(image.percentile for image in self.images) for pick in (min, max))
        if not rows:
            return f"codes at percentiles {low:.0f} to {high:.0f} of drawn codes"
        return f"codes: {len(rows)} of {len(self.images)} beyond {limit}, unusual: {which(rows)}"

    def _moved(self, before: str, after: str) -> str:
        """Mean probabilities before and after, attribute by attribute."""
        means = [
            {name: sum(getattr(image, when).get(name, 0.0) for image in self.images) / len(self.images)
             for name in getattr(self.images[0], when)}
            for when in (before, after)
        ]  # fmt: skip
        return ", ".join(
            f"{name} {was:.2f} to {means[1].get(name, was):.2f}" for name, was in means[0].items()
        )


@torch.no_grad()
def read_edit(
    generator: Generator,
    origin: Latents,
    edited: Latents,
    names: Sequence[str],
    *,
    scorer: Scorer | None,
    judge: Judge | None,
    goals: Mapping[str, Float[Tensor, " n"]] | None = None,
    reached: Bool[Tensor, " n"] | None = None,
    natural: NaturalCodes | None = None,
    batch_size: int | None = None,
) -> EditReadings:
    """Read the images of an edit with a scorer and a judge, and compare the codes with drawn ones.

    Args:
        generator: of the images.
        origin: codes before the edit.
        edited: codes after it.
        names: the attributes that were to change; those that a classifier does not score are left out there.
        scorer: attribute classifier.
        judge: a classifier that took no part in the edit.
        goals: probabilities that were to be reached, by attribute; without any, the judge confirms what the scorer
            reads, if that is more than `NEAR`.
        reached: whether the scorer reads them as reached; by default to within `NEAR`, or beyond.
        natural: codes that the generator draws in the space of the edit; by default they are drawn now.
        batch_size: images at a time; by default as many as suit their size and the device.

    Returns:
        What was read.

    Raises:
        SettingError: when the judge is the scorer.

    Example:
        >>> import ganatomy as ga
        >>> from ganatomy.perception import OracleScorer
        >>> toy = ga.ToyGenerator(seed=0)
        >>> another = ga.judge(lambda images: toy.read(images).sigmoid(), names=toy.attributes)
        >>> w = toy.sample(1, seed=1)
        >>> found = read_edit(toy, w, w, ["red"], scorer=OracleScorer(toy), judge=another)
        >>> found.images[0].before == found.images[0].judge_after
        True
    """
    if judge is not None:
        judge.require_independent(scorer)
    scored, judged = (
        [name for name in names if name in (one.names if one else ())] for one in (scorer, judge)
    )
    own = _before_and_after(generator, scorer, (origin, edited), scored, batch_size)
    theirs = _before_and_after(generator, judge, (origin, edited), judged, batch_size)
    asked = {name: values.cpu().float() for name, values in (goals or {}).items()}
    if reached is None and asked and set(asked) <= set(scored):
        was, now = (seen.select(asked).probabilities for seen in own)
        wanted = torch.stack([*asked.values()], dim=1)
        reached = (torch.where(wanted >= was, 1.0, -1.0) * (wanted - now) <= NEAR).all(1)
    yes = None
    if judge is not None and not judge.is_student and judged and set(judged) <= set(scored):
        was, now = (seen.select(judged).probabilities for seen in own)
        wanted = torch.stack([asked.get(name, now[:, k]) for k, name in enumerate(judged)], dim=1)
        # Without a goal, an edit that the scorer does not see has done nothing that could be confirmed.
        done = torch.tensor([name in asked for name in judged]) | ((now - was).abs() > NEAR)
        yes = (confirmed(was, wanted, *(seen.probabilities for seen in theirs)) & done).all(1)
    natural = natural or natural_codes(generator, edited.space)
    likelihood = natural.likelihood(edited)
    percentiles = torch.maximum(likelihood.percentile, likelihood.nearest_percentile)
    nothing: list[dict[str, float]] = [{}] * len(edited)
    columns = [
        *(map(_rows, own) if own else [nothing] * 2),
        *(map(_rows, theirs) if theirs else [nothing] * 2),
    ]
    images = [
        ImageReading(
            before=columns[0][row],
            after=columns[1][row],
            goal={name: round(float(values[row]), DIGITS) for name, values in asked.items()},
            reached=None if reached is None else bool(reached[row]),
            judge_before=columns[2][row],
            judge_after=columns[3][row],
            confirmed=None if yes is None else bool(yes[row]),
            percentile=round(float(percentiles[row]), DIGITS),
        )
        for row in range(len(edited))
    ]
    return EditReadings(
        scorer=scorer.description if scorer is not None and scored else None,
        judge=judge.description if judge is not None and judged else None,
        reading=READINGS[0] if judge is None else judge.reading,
        images=tuple(images),
    )


def _before_and_after(
    generator: Generator,
    reader: Scorer | None,
    codes: Sequence[Latents],
    names: Sequence[str],
    batch_size: int | None,
) -> list[Scores]:
    if reader is None or not names:
        return []
    chosen = reader.select(names)
    return [scores_of(generator, chosen, one, batch_size=batch_size) for one in codes]


def _rows(seen: Scores) -> list[dict[str, float]]:
    return [
        {name: round(value, DIGITS) for name, value in zip(seen.names, row, strict=True)}
        for row in seen.probabilities.tolist()
    ]
