"""The whole journey on one model: walks, copies, sums, turns, map, critic."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from jaxtyping import Int
from torch import Tensor

from ganatomy.critics import Critic
from ganatomy.datasets.references import Reference
from ganatomy.errors import SettingError
from ganatomy.experiments.studies.dcgan.concepts import main_attribute, sums_of, turns_of
from ganatomy.experiments.studies.dcgan.landscape import (
    Landscape,
    Reading,
    lay_out,
    read_generated,
    read_real,
)
from ganatomy.experiments.studies.dcgan.sight import Sight, centred, exclusive, sight_of
from ganatomy.experiments.studies.dcgan.sums import Sums, add_up
from ganatomy.experiments.studies.dcgan.turns import Turned, turn_samples
from ganatomy.experiments.studies.dcgan.walks import Copies, Walks, look_for_copies, walk_between_points
from ganatomy.generators.base import Generator, Signature
from ganatomy.latents import Space
from ganatomy.perception.base import Scorer
from ganatomy.perception.features import features_of
from ganatomy.perception.perceptual import perceptual_distance
from ganatomy.surveys import Survey, survey

FEWEST = 60
"""Codes without which no concept has exemplars."""
FEWEST_DRAWS = 10


@dataclass(frozen=True, kw_only=True, eq=False)
class DcganStudy:
    """What was found on the way.

    Args:
        scorer, critic: one line about each, None without one. classes: whether its attributes exclude each other.
        survey: the codes that exemplars are from, scored. draws: sums and turns of each kind.
        copies: None where no real images were given.
        sums, turns: one for each kind that there are exemplars for.
        reading: classes told by the critic; None without a critic, or where nobody names classes.
        seconds: stage to what it took.
    """

    signature: Signature
    fingerprint: str
    scorer: str | None
    critic: str | None
    sight: Sight
    classes: bool
    survey: Survey
    seed: int
    draws: int
    walks: Walks
    copies: Copies | None
    sums: tuple[Sums, ...]
    turns: tuple[Turned, ...]
    landscape: Landscape
    reading: Reading | None
    seconds: dict[str, float]

    @property
    def space(self) -> Space:
        return self.survey.latents.space


def journey(
    generator: Generator,
    scorer: Scorer | None = None,
    *,
    n: int = 2000,
    walks: int = 8,
    attributes: Sequence[str] | None = None,
    data: Reference | None = None,
    labels: Int[Tensor, " m"] | None = None,
    learnt: bool | None = None,
    critic: Critic | None = None,
    space: str = "z",
    seed: int = 0,
    truncation_psi: float = 1.0,
    perceptual: str = "auto",
    map_method: str = "tsne",
    batch_size: int = 32,
    progress: Callable[[str, int, int], None] | None = None,
) -> DcganStudy:
    """Walk, add, turn and map in the latent space of a generator, as DCGAN did (Radford et al. 2016), and measure it.

    Args:
        scorer: sees attributes; without one there are no sums, and only turns of what can be measured in any image.
        n: codes that exemplars are chosen from; one sum and one turn of each kind is drawn for ten of them.
        walks: through nine random points each.
        attributes: for sums and turns; by default those with the most clear cases. For classes three, in the order
            `first - less + second`; else the one to carry over, and the one whose other side it is carried to.
        data: real images to look for copies among. labels: their classes.
        learnt: whether the model was trained on `data`; None where nobody knows.
        critic: the discriminator; classes are read off its features, those of `data` where labels are given.
        space: z as published, or w.
        perceptual: by what steps of walks are measured, as in `perceptual_distance`.
        map_method: how maps are drawn, as in `maps.embed`.
        progress: told the stage, how much of it is done, and of how much.

    Raises:
        SettingError: for numbers outside their range, and codes that say no class to a conditional generator.
        UnknownNameError: for an attribute that the scorer does not have. ScoreError: for a table of labels.
    """
    if labels is not None and data is None:
        raise SettingError("labels need the images that they are of; give data as well")
    if n < FEWEST or walks < 2 or batch_size < 1:
        raise SettingError(
            f"{n} codes, {walks} walks and batches of {batch_size} tell nothing; give at least {FEWEST}, 2 and 1"
        )
    space = Space.parse(space)
    if generator.signature.num_classes and space == Space.Z:
        raise SettingError(
            "sums of codes in z have no class, which this conditional generator needs; take space w"
        )
    clock = _Clock(seconds={}, progress=progress)
    with clock.stage("walking") as advance:
        walked = walk_between_points(
            generator,
            perceptual_distance(perceptual, scorer),
            num=walks,
            space=space,
            seed=seed,
            truncation_psi=truncation_psi,
            batch_size=batch_size,
            progress=advance,
        )
    copies = None
    if data is not None:
        with clock.stage("looking for copies"):
            copies = look_for_copies(
                generator,
                walked,
                data,
                features_of("auto", scorer),
                learnt=learnt,
                batch_size=batch_size,
                seed=seed,
            )
    with clock.stage("looking at images") as advance:
        raw = sight_of(scorer, generator.signature)
        surveyed, sight = centred(
            survey(
                generator,
                raw,
                n=n,
                space=space,
                seed=seed + 1,
                batch_size=batch_size,
                truncation_psi=truncation_psi,
                progress=advance,
            ),
            raw,
        )
    draws = max(FEWEST_DRAWS, n // 10)
    sums = []
    for family in sums_of(surveyed.scores, sight, attributes):
        with clock.stage(f"adding {family.title}") as advance:
            sums.append(
                add_up(
                    generator,
                    sight,
                    surveyed,
                    family,
                    n=draws,
                    seed=seed,
                    batch_size=batch_size,
                    progress=advance,
                )
            )
    turns = []
    for family in turns_of(surveyed.scores, sight, attributes):
        with clock.stage(f"turning {family.title}") as advance:
            turns.append(
                turn_samples(
                    generator,
                    sight,
                    surveyed,
                    family,
                    n=draws,
                    seed=seed,
                    truncation_psi=truncation_psi,
                    batch_size=batch_size,
                    progress=advance,
                )
            )
    color = main_attribute(surveyed.scores, sight, attributes)
    with clock.stage("drawing maps") as advance:
        landscape = lay_out(
            generator,
            scorer,
            critic,
            n=n,
            space=space,
            color=color,
            method=map_method,
            seed=seed,
            truncation_psi=truncation_psi,
            batch_size=batch_size,
            progress=advance,
        )
    reading = None
    if critic is not None and (labels is not None or color is not None):
        with clock.stage("reading the critic") as advance:
            if data is not None and labels is not None:
                reading = read_real(critic, scorer, data, labels, seed=seed)
            elif scorer is not None and color is not None:
                reading = read_generated(
                    generator,
                    critic,
                    scorer,
                    surveyed,
                    color,
                    seed=seed,
                    batch_size=batch_size,
                    progress=advance,
                )
    return DcganStudy(
        signature=generator.signature,
        fingerprint=generator.fingerprint,
        scorer=None if scorer is None else scorer.description,
        critic=None if critic is None else critic.description,
        sight=sight,
        classes=exclusive(surveyed.scores, sight),
        survey=surveyed,
        seed=seed,
        draws=draws,
        walks=walked,
        copies=copies,
        sums=tuple(sums),
        turns=tuple(turns),
        landscape=landscape,
        reading=reading,
        seconds=clock.seconds,
    )


@dataclass(frozen=True, kw_only=True)
class _Clock:
    """What each stage takes, and how far it is."""

    seconds: dict[str, float]
    progress: Callable[[str, int, int], None] | None

    @contextmanager
    def stage(self, name: str) -> Iterator[Callable[[int, int], None] | None]:
        started, report = time.perf_counter(), self.progress
        yield None if report is None else lambda done, total: report(name, done, total)
        self.seconds[name] = time.perf_counter() - started
