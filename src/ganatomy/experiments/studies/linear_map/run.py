"""The study: one survey, one linear map, and the same images edited with the penalty, without it, and by our ways."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ganatomy.datasets.labelled import Labelled
from ganatomy.edits import walk
from ganatomy.errors import ScoreError, SettingError, UnknownNameError
from ganatomy.experiments.compare.features import Eyes
from ganatomy.experiments.compare.judge import Judge
from ganatomy.experiments.studies.linear_map.penalties import PATH, follow
from ganatomy.experiments.studies.linear_map.result import STATIONS, LinearMapStudy
from ganatomy.experiments.studies.linear_map.ways import (
    GUIDED,
    NO_GRADIENTS,
    PENALISED,
    PLAIN,
    Edited,
    find_ways,
    in_order,
    lead,
    step,
)
from ganatomy.experiments.transitional import DIFFERENTIATED, left_out, part_of, with_gradients
from ganatomy.generators.base import Generator
from ganatomy.latents import Directions
from ganatomy.metrics import Entanglement, mean_abs_cosine
from ganatomy.metrics.inputs import readable
from ganatomy.metrics.recognition import recognition
from ganatomy.perception.base import Scorer
from ganatomy.plots import draw_images as images_of
from ganatomy.progress import Clock, Progress
from ganatomy.surveys import differentiate, survey

NUM_EDITED = 6
"""Attributes that are edited; the map is of all, and all others count as changed."""
OF_THE_PAPER = "Young"
"""The attribute of its tables."""
SHOWN = 6
"""Images in a row of Figure 3: the first ones, not chosen."""
FEWEST_CODES, FEWEST_IMAGES = 100, 4


def study_linear_map(
    generator: Generator,
    scorer: Scorer,
    *,
    n: int = 3000,
    images: int = 40,
    attributes: Iterable[str] | None = None,
    shown: str | None = None,
    penalty: float = 2.0,
    path: Sequence[float] = PATH,
    space: str = "z",
    seed: int = 0,
    target_change: float = 0.25,
    labelled: Labelled | None = None,
    truncation_psi: float = 1.0,
    batch_size: int = 32,
    progress: Progress | None = None,
) -> LinearMapStudy:
    """Redo "Interpreting the Latent Space of GANs using Supervised Learning" (Pham Van et al.) on any model.

    A linear map from codes to scores, with the paper's penalty and without, and our answers to the same question. Every
    way edits the same new images, by steps that change the mean probability of an attribute by `target_change`.

    Args:
        n: codes of the survey. images: new ones that every way edits.
        attributes: of the map; by default all that between 3 and 97 % of the images have.
        shown: the attribute of the tables and images; by default the paper's, "Young", or else the one whose
            direction is most like the others', where a penalty has most to do.
        penalty: λ. path: other weights of the penalty to follow.
        space: of the codes; the paper has z.
        labelled: images with exact labels, to test the scorer on.
        progress: told which stage goes on and how far it is.

    Raises:
        UnknownNameError: for an attribute that is not scored, or not in the map.
        ScoreError: for fewer than two attributes, a table of labels, and scores that are not numbers.
        SettingError, SpaceError: for numbers outside their range, and a space that the generator does not have.
    """
    _check(scorer, n=n, images=images, penalty=penalty, path=path, target_change=target_change)
    report = progress or (lambda *_: None)
    clock = Clock()

    with clock.stage("survey"):
        seen = survey(
            generator,
            scorer,
            n=n,
            space=space,
            seed=seed,
            truncation_psi=truncation_psi,
            batch_size=batch_size,
            progress=part_of(report, "survey", 0, 1),
        )
        chosen = None if attributes is None else scorer.select(attributes).names
        skipped = left_out(seen, chosen)
        names = tuple(name for name in seen.names if name not in skipped)
        if len(names) < 2:
            raise ScoreError(
                f"there is {', '.join(names)} alone; what an edit does to others needs two attributes"
            )
        if shown is not None and shown not in names:
            raise UnknownNameError("attribute of the map", shown, names)

    eye = with_gradients(generator, scorer, seen.latents)
    if eye is not None:
        with clock.stage("gradients"):
            seen = differentiate(
                seen,
                generator,
                eye,
                n=min(n, DIFFERENTIATED),
                attributes=names,
                progress=part_of(report, "gradients", 0, 1),
            )

    with clock.stage("directions"):
        found, left = find_ways(
            seen, names, penalty=penalty, seed=seed, progress=part_of(report, "directions", 0, 1)
        )
    shown = shown or _most_alike(found[PLAIN])
    edited = _edited(found[PLAIN], seen.prevalence, shown)
    judge = Judge(
        generator=generator,
        scorer=scorer.select(names),
        eye=None if eye is None else eye.select(names),
        truth=None,
        eyes=Eyes(identity=None, look=None, description=""),
        n=images,
        seed=seed + 1,
        space=seen.latents.space,
        truncation_psi=truncation_psi,
        batch_size=batch_size,
    )

    with clock.stage("editing"):
        results: dict[str, Edited] = {}
        for index, (way, directions) in enumerate(found.items()):
            advance = part_of(report, "editing", index, len(found))
            results[way] = step(judge, directions, edited, shown, target_change, progress=advance)
    if judge.eye is None:
        left[GUIDED] = NO_GRADIENTS
    else:
        with clock.stage("guided edits"):
            advance = part_of(report, "guided edits", 0, 1)
            results[GUIDED] = lead(judge, edited, shown, target_change, progress=advance)
    results = in_order(results)

    with clock.stage("path of λ"):
        fits = follow(
            seen,
            names,
            edited,
            judge,
            path=path,
            change=target_change,
            seed=seed,
            progress=part_of(report, "path of λ", 0, 1),
        )

    known, why = None, "no images with labels were given"
    if labelled is not None:
        with clock.stage("scorer"):
            known = recognition(
                scorer, labelled, seed=seed, batch_size=batch_size, progress=part_of(report, "scorer", 0, 1)
            )

    with clock.stage("images"):
        start = judge.codes(judge.space)
        one = _typical(results[PLAIN].changes, shown)
        rows = {"as drawn": start} | {way: result.codes for way, result in results.items()}
        shots = {
            name: images_of(generator, codes[:SHOWN], batch_size=batch_size) for name, codes in rows.items()
        }
        walks = {
            way: images_of(
                generator,
                walk(
                    start[one],
                    found[way][shown],
                    [station * float(results[way].changes.strengths[0]) for station in STATIONS],
                    units="distance",
                ),
                batch_size=batch_size,
            )
            for way in (PLAIN, PENALISED)
        }
    return LinearMapStudy(
        signature=generator.signature,
        fingerprint=generator.fingerprint,
        scorer=scorer.description,
        survey=replace(seen, scores=seen.scores.select(names), jacobians=None),
        skipped=skipped,
        shown=shown,
        edited=edited,
        penalty=penalty,
        seed=seed,
        target_change=target_change,
        directions=found,
        changes={way: result.changes for way, result in results.items()},
        left_out=left,
        path=fits,
        recognition=known,
        unlabelled="" if known else why,
        images=shots,
        walks=walks,
        one=one,
        seconds=clock.seconds,
    )


def _check(
    scorer: Scorer, *, n: int, images: int, penalty: float, path: Sequence[float], target_change: float
) -> None:
    if scorer.num_rows is not None:
        raise ScoreError(f"{scorer.description} cannot score edited images; give a scorer that looks at them")
    if n < FEWEST_CODES or images < FEWEST_IMAGES or not 0 < target_change < 0.5:
        raise SettingError(
            f"cannot compare on {n} codes, {images} images and a target change of {target_change:g}; give "
            f"{FEWEST_CODES} and {FEWEST_IMAGES} or more, and a change between 0 and 0.5"
        )
    if not penalty > 0 or not all(0 < weight < math.inf for weight in path) or not path:
        raise SettingError(
            f"the penalty is {penalty:g}, its path {list(path)}; give weights above 0 (the map without is there "
            "as well)"
        )


def _most_alike(plain: Directions) -> str:
    """The paper's attribute, or else the one whose direction is most like the others'."""
    if OF_THE_PAPER in plain.names:
        return OF_THE_PAPER
    return max(plain.names, key=lambda name: mean_abs_cosine(plain, name))


def _edited(plain: Directions, prevalence: Mapping[str, float], shown: str) -> tuple[str, ...]:
    """The attribute that is shown, and those that codes tell best of those that many images have and many lack."""
    others = [name for name in readable(plain, prevalence) if name != shown]
    return (shown, *others[: NUM_EDITED - 1])


def _typical(changes: Entanglement, shown: str) -> int:
    """The image in which an attribute changed nearest to what was asked for on average."""
    column = changes.attributes.index(shown)
    own = changes.changes[0, :, column] * changes.strengths[0].sign()
    return int((own - changes.target_change).abs().argmin())
