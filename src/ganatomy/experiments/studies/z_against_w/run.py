"""The same images edited in z and in w: 20 codes x 4 attributes x 13 strengths in each space."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.datasets.correlations import LabelCorrelations
from ganatomy.directions import METHODS, find, usable
from ganatomy.directions.evidence import HELD_OUT
from ganatomy.edits import walk
from ganatomy.errors import ScoreError, SettingError, UnknownNameError
from ganatomy.experiments.base import Experiment, on_workers
from ganatomy.experiments.studies.z_against_w.correlations import SpaceCorrelations, space_correlations
from ganatomy.experiments.studies.z_against_w.paired import (
    TARGET_CHANGE,
    PairedEdits,
    SpaceComparison,
    UnwantedChange,
    compare_spaces,
    paired_edits,
)
from ganatomy.generators.base import Generator, Signature
from ganatomy.generators.batches import draw_images
from ganatomy.images import shrunk
from ganatomy.latents import Directions, Latents
from ganatomy.metrics import EditedSet, Linearity, edited_set, linearity
from ganatomy.metrics.edited import STRENGTHS
from ganatomy.metrics.inputs import NUM_ATTRIBUTES, readable
from ganatomy.perception.base import Scorer
from ganatomy.perception.judging import Judge
from ganatomy.plots.grids import READABLE
from ganatomy.progress import Advance
from ganatomy.surveys import Survey

OF_THE_STUDY = ("Smiling", "Young", "Eyeglasses", "Male")
"""Smile, age, eyeglasses and gender, as CelebA calls them."""
SHOWN = 3
"""Images whose edits are on the sheets: the first ones, not chosen."""
REFITS = 10
SPREADS = 1.0
"""Change of an attribute's logit at which edits are compared by logits, in standard deviations of unedited images."""
LEAST_SPREAD = 1e-3
SUBSET = 0.9
"""Share of the survey in which directions are found again."""
INFLATION = (1 / (1 - HELD_OUT)) / (1 / ((1 - HELD_OUT) * SUBSET) - 1)
"""Variance of directions over that between those of random subsets, which share most codes (Shao and Wu 1989).

A method learns from 1 - HELD_OUT of what it is given: m of n codes vary by 1/m between surveys, 1/m - 1/n within one.
"""


@dataclass(frozen=True, kw_only=True, eq=False)
class JudgedSpaces:
    """The same edited images, read by a classifier that took no part.

    Args:
        judge: about it.
        attributes: that both classifiers read.
        unwanted: what edits of each attribute do to the others.
        comparison: of both spaces, where the judge's own reading of each attribute has changed by the target change;
            None without a w.
    """

    judge: str
    attributes: tuple[str, ...]
    unwanted: tuple[UnwantedChange, ...]
    comparison: SpaceComparison | None


@dataclass(frozen=True, kw_only=True, eq=False)
class ZAgainstW:
    """What was measured.

    Args:
        signature: of the generator.
        method: by which directions were found.
        spaces: z, and w where the generator has it; what is kept by space has these keys.
        survey: in z; the same images and scores are those of w.
        directions: of the edited attributes.
        edited: scores of the edited images.
        linearity: of scores along their own directions.
        correlations: between attributes of edited images.
        unwanted: what edits of each attribute do to the others; figures of w say nothing where there is no w.
        comparison: of both spaces by probabilities; None without a w.
        by_logits: the same by logits, which do not end at 0 and 1, in standard deviations of unedited images.
        by_judge: the same as a judge reads the images; None without one.
        images: of the first codes at every strength along every direction, in [-1, 1].
        refits: how often directions were found again.
        seconds: of each stage.
    """

    signature: Signature
    method: str
    spaces: tuple[str, ...]
    survey: Survey
    directions: Mapping[str, Directions]
    edited: Mapping[str, EditedSet]
    linearity: Mapping[str, Linearity]
    correlations: SpaceCorrelations
    unwanted: tuple[UnwantedChange, ...]
    comparison: SpaceComparison | None
    by_logits: SpaceComparison | None
    by_judge: JudgedSpaces | None
    images: Mapping[str, Float[Tensor, "k shown s c h w"]]
    refits: int
    seconds: Mapping[str, float]

    @property
    def attributes(self) -> tuple[str, ...]:
        """Those that are edited."""
        return tuple(self.directions["z"].names)

    @property
    def num_edited(self) -> int:
        """Edited images in each space."""
        k, n, s, _ = self.edited["z"].logits.shape
        return k * n * s


@on_workers
def study_z_against_w(
    experiment: Experiment,
    *,
    n: int = 3000,
    images: int = 20,
    attributes: Sequence[str] | None = None,
    method: str = "regression",
    strengths: Sequence[float] = STRENGTHS,
    data: LabelCorrelations | None = None,
    target_change: float = TARGET_CHANGE,
    refits: int = REFITS,
) -> ZAgainstW:
    """Edit the same images in z and in w, and compare what changes (Tronchon and Cadiou; see the seed study).

    Directions of both spaces are found in one survey: the same images with the same scores, whose codes are z in one
    and `map(z)` in the other. A strength is in standard deviations of codes along the direction ("sigma"): as far into
    the rare in z as in w, whatever the size of w; and were w a linear rewriting of z, it would move the score equally.

    Args:
        experiment: generator, scorer and judge; its space and truncation are not used, for z knows no truncation.
        n: codes of the survey.
        images: codes that are edited, which the survey does not have.
        attributes: to edit; by default the study's four where they are readable, and else those that are best.
        method: by which directions are found, of `directions.METHODS`.
        strengths: of the edits, 0 among them.
        data: correlations of the data's labels; without, those of the generator's own unedited images.
        target_change: mean change of its own score at which edits are compared.
        refits: how often directions are found again, to see how much of a difference is theirs; 0 leaves this out.

    Returns:
        Edits, directions and correlations in both spaces, and the test of one space against the other.

    Raises:
        UnknownNameError: for a method or attribute that does not exist.
        ScoreError: for a table of labels, where no attribute, or only one, can be read, and where the scorer shares
            fewer than two attributes with the labels of the data, or with the judge.
        SettingError: for a number outside its range.

    Example:
        ::

            experiment = ga.Experiment(ga.load("faces"), ga.scorer("faces"))
            found = ga.study_z_against_w(experiment, n=3000)
            print(found.comparison.ratio, found.comparison.p)
    """
    experiment = experiment.begin()
    generator, scorer, seed = experiment.generator, experiment.image_scorer, experiment.seed
    if method not in METHODS:
        raise UnknownNameError("method", method, METHODS)
    _check_names(scorer, experiment.judge, data, attributes)
    _check_numbers(refits=refits, target_change=target_change, strengths=strengths)
    spaces = tuple(space for space in ("z", "w") if space in generator.signature.spaces)
    seen, start = experiment.survey(n, space="z"), experiment.sample(images, space="z")
    surveys = {
        space: replace(seen.in_memory(), latents=_mapped(generator, seen.latents, space)) for space in spaces
    }
    codes = {space: _mapped(generator, start, space) for space in spaces}
    with experiment.stage("directions"):
        chosen = list(attributes or _default(surveys, experiment.judge, method=method, seed=seed))
        directions = {space: find(it, chosen, method=method, seed=seed) for space, it in surveys.items()}
    edited, shown = {}, {}
    for space, found in directions.items():
        with experiment.stage(f"editing in {space}") as advance:
            edited[space] = _edit(experiment, found, codes[space], strengths, advance)
            shown[space] = _images(experiment, codes[space][:SHOWN], found, strengths)
    comparison = by_logits = by_judge = None
    if len(spaces) == 2:
        comparison, by_logits, by_judge = _compare(
            experiment, surveys, codes, edited, method=method, refits=refits, target_change=target_change
        )
    return ZAgainstW(
        signature=generator.signature,
        method=method,
        spaces=spaces,
        survey=seen,
        directions=directions,
        edited=edited,
        linearity={space: linearity(it) for space, it in edited.items()},
        correlations=space_correlations(edited, seen, data),
        unwanted=_unwanted(comparison, edited["z"], target_change),
        comparison=comparison,
        by_logits=by_logits,
        by_judge=_judged(experiment.judge, by_judge, edited["z"].judged, target_change),
        images=shown,
        refits=refits,
        seconds=dict(experiment.clock.seconds),
    )


def _unwanted(
    comparison: SpaceComparison | None, z: EditedSet, target_change: float
) -> tuple[UnwantedChange, ...]:
    """Those of the comparison; of z alone where there is no w."""
    found = comparison or compare_spaces(paired_edits(z, z), target_change=target_change, seed=z.seed)
    return found.attributes


def _judged(
    judge: Judge | None, comparison: SpaceComparison | None, z: EditedSet | None, target_change: float
) -> JudgedSpaces | None:
    if judge is None or z is None:
        return None
    return JudgedSpaces(
        judge=judge.description,
        attributes=z.attributes,
        unwanted=_unwanted(comparison, z, target_change),
        comparison=comparison,
    )


def _compare(
    experiment: Experiment,
    surveys: Mapping[str, Survey],
    codes: Mapping[str, Latents],
    edited: Mapping[str, EditedSet],
    *,
    method: str,
    refits: int,
    target_change: float,
) -> tuple[SpaceComparison, SpaceComparison, SpaceComparison | None]:
    """Both spaces by probabilities, by logits, and as the judge reads them, with the error of directions."""
    spread = surveys["z"].scores.logits.cpu().double().std(0).clamp(min=LEAST_SPREAD)
    edits = paired_edits(edited["z"], edited["w"])
    in_logits = paired_edits(edited["z"], edited["w"], spread=spread)
    added = {edit.name: edit.added for edit in edits}
    by_judge = _paired_by_judge(edited["z"], edited["w"], added)
    reach = {
        edit.name: max(
            edit.strengths_for(target_change),
            other.strengths_for(SPREADS),
            *(it.strengths_for(target_change) for it in by_judge if it.name == edit.name),
            key=len,
        )
        for edit, other in zip(edits, in_logits, strict=True)
    }
    with experiment.stage("refits") as advance:
        again = list(
            refitted_edits(experiment, surveys, codes, reach, method=method, num=refits, advance=advance)
        )

    def compared(
        edits: Sequence[PairedEdits], again: Iterable[Sequence[PairedEdits]], change: float
    ) -> SpaceComparison:
        return compare_spaces(
            edits, again=again, inflation=INFLATION, target_change=change, seed=experiment.seed
        )

    def refits_in(unit: Tensor | None) -> list[list[PairedEdits]]:
        return [[paired_edits(*pair, spread=unit)[0] for pair in pairs] for pairs in again]

    judged = [[edit for pair in pairs for edit in _paired_by_judge(*pair, added)] for pairs in again]
    return (
        compared(edits, refits_in(None), target_change),
        compared(in_logits, refits_in(spread), SPREADS),
        compared(by_judge, judged, target_change) if by_judge else None,
    )


def _paired_by_judge(z: EditedSet, w: EditedSet, added: Mapping[str, bool]) -> list[PairedEdits]:
    """The edits as the judge reads them, in the direction in which the scorer has them; none without a judge."""
    return [] if z.judged is None or w.judged is None else paired_edits(z.judged, w.judged, added=added)


def refitted_edits(
    experiment: Experiment,
    surveys: Mapping[str, Survey],
    codes: Mapping[str, Latents],
    reach: Mapping[str, Sequence[float]],
    *,
    method: str,
    num: int,
    advance: Advance,
) -> Iterator[list[tuple[EditedSet, EditedSet]]]:
    """Edits in z and in w of each attribute, along directions of each of several random parts of the survey.

    Args:
        reach: the strengths that it takes to compare edits of each attribute.
        num: of parts.
    """
    n, rng = len(surveys["z"]), np.random.default_rng(experiment.seed)
    for done in range(num):
        rows = torch.from_numpy(np.sort(rng.permutation(n)[: round(SUBSET * n)]))
        seed = experiment.seed + 1 + done
        found = [find(surveys[space][rows], list(reach), method=method, seed=seed) for space in ("z", "w")]
        pairs = []
        for index, (name, strengths) in enumerate(reach.items()):
            z, w = (_edit(experiment, of.select([name]), codes[of.space], strengths) for of in found)
            pairs.append((z, w))
            advance(done * len(reach) + index + 1, num * len(reach))
        yield pairs


def _edit(
    experiment: Experiment,
    directions: Directions,
    codes: Latents,
    strengths: Sequence[float],
    advance: Advance | None = None,
) -> EditedSet:
    return edited_set(
        experiment.generator,
        experiment.image_scorer,
        directions,
        strengths=strengths,
        codes=codes,
        judge=experiment.judge,
        seed=experiment.seed + 1,
        batch_size=experiment.batch_size,
        progress=advance,
    )


def _default(surveys: Mapping[str, Survey], judge: Judge | None, *, method: str, seed: int) -> list[str]:
    """The study's four as far as both sides of them occur, made up to four by those that are best read.

    Of attributes that the judge reads as well, where there is one.
    """
    seen = surveys["z"]
    enough = [name for name in usable(seen) if judge is None or name in judge.names]
    if not enough:
        raise ScoreError(
            f"no attribute is there in some and missing in others of {len(seen)} images; survey more codes, or choose "
            "attributes"
        )
    chosen = [name for name in OF_THE_STUDY if name in enough]
    if len(chosen) < NUM_ATTRIBUTES:
        every = [find(it, enough, method=method, seed=seed) for it in surveys.values()]
        chosen += [name for name in readable(every[-1], seen.prevalence) if name not in chosen]
    return chosen[:NUM_ATTRIBUTES]


@torch.no_grad()
def _mapped(generator: Generator, latents: Latents, space: str) -> Latents:
    """The codes of the same images in another space."""
    moved = replace(latents, codes=latents.codes.to(generator.device, generator.dtype))
    mapped = generator.map(moved, to=space)
    return replace(mapped, codes=mapped.codes.to(latents.codes.device, latents.codes.dtype))


def _images(
    experiment: Experiment, latents: Latents, directions: Directions, strengths: Sequence[float]
) -> Float[Tensor, "k shown s c h w"]:
    """The images of these codes along each direction, no larger than a person needs."""
    moved = Latents.cat(walk(latents, direction, strengths) for direction in directions)
    images = draw_images(experiment.generator, moved, batch_size=experiment.batch_size).clamp(-1, 1)
    return shrunk(images, READABLE).unflatten(0, (len(directions), len(latents), len(strengths)))


def _check_names(
    scorer: Scorer, judge: Judge | None, data: LabelCorrelations | None, attributes: Sequence[str] | None
) -> None:
    """Refuse names that do not exist, and fewer than two that the scorer shares with the data and with the judge."""
    if len(scorer.names) < 2:
        raise ScoreError(
            f"{scorer.description} scores {', '.join(scorer.names)} only; unwanted changes need two attributes"
        )
    wanted = scorer.select(attributes).names if attributes is not None else scorer.names
    if data is not None:
        data.shared(scorer.names)
    if judge is None:
        return
    common = [name for name in scorer.names if name in judge.names]
    if len(common) < 2 or not set(common) & set(wanted):
        raise ScoreError(
            f"the judge ({judge.description}) reads {', '.join(common) or 'none'} of the scorer's attributes; it needs "
            f"two, one of them to edit ({', '.join(wanted)})"
        )


def _check_numbers(*, refits: int, target_change: float, strengths: Sequence[float]) -> None:
    if not 0 < target_change < 0.5:
        raise SettingError(
            f"target_change is {target_change:g}; a mean probability can always change by up to 0.5, no more"
        )
    if refits < 0 or refits == 1:
        raise SettingError(
            f"directions cannot be found again {refits} times to see how they vary; give 0, or 2 or more"
        )
    if 0.0 not in [float(strength) for strength in strengths]:
        raise SettingError(f"strengths {list(strengths)} lack 0, the images as they are")
