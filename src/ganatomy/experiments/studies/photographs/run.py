"""The study itself."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.directions import regression
from ganatomy.edits import move
from ganatomy.errors import SettingError, UnknownNameError
from ganatomy.experiments.base import Experiment, on_workers
from ganatomy.experiments.studies.photographs.result import GENERATED, Group, PhotographStudy
from ganatomy.generators.batches import draw_images, images_at_once
from ganatomy.inversion import Inversion, invert, prepare_inversion
from ganatomy.latents import Direction, Latents
from ganatomy.perception.base import Scorer, Scores
from ganatomy.surveys import Survey

OWN = "own samples"
"""The group of generated images that are inverted."""

FEWEST = 4
"""Images of a group."""

USUAL = "Smiling"
"""The attribute of the literature."""


@torch.no_grad()
@on_workers
def study_photographs(
    experiment: Experiment,
    photographs: Mapping[str, Float[Tensor, "_ c h w"]],
    *,
    attribute: str | None = None,
    n: int = 3000,
    images: int = 32,
    step: float = 2.5,
    editability: float | None = None,
    budget: str = "balanced",
) -> PhotographStudy:
    """Invert groups of images, and edit them, beside images that the generator makes.

    Args:
        experiment: generator, scorer that the direction is found with, and judge that reads the images where there is
            one; else the scorer does.
        photographs: images of the generator's size by the name of their group, such as "other photographs".
        attribute: to move; by default Smiling where it has a direction, else the first that has one.
        n: codes that the direction is learnt from.
        images: generated images, and own samples that are inverted.
        step: of the edit, in standard deviations of codes, away from what the image shows.
        editability: of the inversions, as in `invert`.
        budget: of the inversions.

    Returns:
        All groups with their readings.

    Raises:
        UnknownNameError: for an attribute that is not scored.
        SettingError: for groups of fewer than four images, and images of another size.

    Example::

        experiment = ga.Experiment(ga.load("faces"), ga.scorer("faces"), judge=ga.judge("faces"))
        found = ga.study_photographs(experiment, {"drawn faces": images})
        ga.write_document(ga.document(found, experiment, model="faces"), "photographs")
    """
    scorer = experiment.image_scorer
    reader: Scorer = experiment.judge or scorer
    if attribute is not None:
        attribute = reader.select(scorer.select([attribute]).names).names[0]
    for name, given in {OWN: torch.empty(images, 1), **photographs}.items():
        if len(given) < FEWEST:
            raise SettingError(
                f"{name}: {len(given)} images are too few to tell anything; give {FEWEST} or more"
            )
    experiment = experiment.begin()
    generator = experiment.generator
    with experiment.stage("preparation"):
        prepared = prepare_inversion(
            generator, space=None if experiment.space is None else experiment.editing_space
        )
    found = _direction(experiment.survey(n), attribute, reader)
    drawn = experiment.sample(images)
    own = draw_images(generator, experiment.sample(images, offset=2), batch_size=experiment.batch_size)
    groups = [_group(experiment, reader, found, GENERATED, drawn, step=step)]
    for name, given in {OWN: own.clamp(-1, 1), **photographs}.items():
        with experiment.stage(f"inverting {name}") as advance:
            inversion = invert(
                generator,
                given,
                preparation=prepared,
                editability=editability,
                budget=budget,
                progress=advance,
            )
        groups.append(_group(experiment, reader, found, name, inversion, step=step))
    return PhotographStudy(
        signature=generator.signature,
        groups=tuple(groups),
        attribute=found.name,
        step=step,
        editability=_editability(groups),
        reader=reader.description,
        judged=experiment.judge is not None,
        num_codes=n,
        seconds=dict(experiment.clock.seconds),
    )


def _direction(survey: Survey, attribute: str | None, reader: Scorer) -> Direction:
    """The direction of an attribute, by default of `USUAL`, else of the first that the reader knows too.

    Raises:
        ScoreError: for one that too few images have, or lack.
    """
    if attribute is not None:
        return regression(survey, [attribute])[0]
    found = regression(survey)
    shared = [name for name in found.names if name in reader.names]
    if not shared:
        raise UnknownNameError("attribute of the judge", found.names[0], reader.names)
    return found[USUAL if USUAL in shared else shared[0]]


def _editability(groups: list[Group]) -> float:
    return next(group.inversion.editability for group in groups if group.inversion is not None)


def _group(
    experiment: Experiment,
    reader: Scorer,
    direction: Direction,
    name: str,
    codes: Latents | Inversion,
    *,
    step: float,
) -> Group:
    """Edit and read the images of these codes."""
    inversion = codes if isinstance(codes, Inversion) else None
    latents = codes.latents if isinstance(codes, Inversion) else codes
    size = images_at_once(experiment.generator, experiment.batch_size)
    made = draw_images(experiment.generator, latents, batch_size=size).clamp(-1, 1)
    before = _read(reader, made, size)
    target = list(before.names).index(direction.name)
    upwards = before.logits[:, target] < 0
    strengths = torch.where(upwards, step, -step)
    edited = Latents.cat(
        move(latents[k], direction, float(strengths[k]), units="sigma") for k in range(len(latents))
    )
    images = draw_images(experiment.generator, edited, batch_size=size).clamp(-1, 1)
    given = made if inversion is None else inversion.targets
    return Group(
        name=name,
        images=given,
        made=made,
        edited=images,
        inversion=inversion,
        given=before if inversion is None else _read(reader, given, size),
        before=before,
        after=_read(reader, images, size),
        upwards=upwards,
        target=target,
    )


def _read(reader: Scorer, images: Float[Tensor, "n c h w"], batch_size: int) -> Scores:
    return Scores.cat(reader(part) for part in images.split(batch_size))
