"""The whole study on one model: walks, copies, sums, turns, maps, critic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from jaxtyping import Int
from torch import Tensor

from ganatomy.critics import Critic
from ganatomy.datasets.references import Reference
from ganatomy.errors import SettingError
from ganatomy.experiments.base import Experiment, on_workers
from ganatomy.experiments.studies.dcgan.arithmetic import Sums, Turned, add_up, turn_samples
from ganatomy.experiments.studies.dcgan.concepts import exclusive, main_attribute, sums_of, turns_of
from ganatomy.experiments.studies.dcgan.maps import CriticAccuracy, TwoMaps, draw_maps, read_critic
from ganatomy.experiments.studies.dcgan.walks import Copies, Walks, find_copies, walk_between_points
from ganatomy.latents import Space
from ganatomy.perception.features import features_of
from ganatomy.perception.perceptual import perceptual_distance
from ganatomy.perception.quantities import QuantityScorer, with_quantities
from ganatomy.surveys import Survey, survey

FEWEST = 60
"""Codes without which no concept has exemplars."""
FEWEST_DRAWS = 10


@dataclass(frozen=True, kw_only=True, eq=False)
class DCGANStudy:
    """What was measured.

    Args:
        scorer: attributes and quantities that were measured in images.
        critic: one line about it, None without one.
        survey: the codes that exemplars are from, scored.
        draws: sums and turns of each kind.
        walks: between random points.
        copies: None where no real images were given.
        sums: one for each kind that there are exemplars for.
        turns: likewise.
        maps: by codes and by features.
        critic_accuracy: classes read off the critic; None without a critic, or without classes.
        seconds: of each stage.
    """

    scorer: QuantityScorer
    critic: str | None
    survey: Survey
    draws: int
    walks: Walks
    copies: Copies | None
    sums: tuple[Sums, ...]
    turns: tuple[Turned, ...]
    maps: TwoMaps
    critic_accuracy: CriticAccuracy | None
    seconds: dict[str, float]

    @property
    def space(self) -> Space:
        return self.survey.space

    @property
    def classes(self) -> bool:
        """Whether the scorer's attributes exclude each other."""
        return exclusive(self.survey.scores, self.scorer)


@on_workers
def study_dcgan(
    experiment: Experiment,
    *,
    n: int = 2000,
    walks: int = 8,
    attributes: Sequence[str] | None = None,
    data: Reference | None = None,
    labels: Int[Tensor, " m"] | None = None,
    learnt: bool | None = None,
    critic: Critic | None = None,
    perceptual: str = "auto",
    map_method: str = "tsne",
) -> DCGANStudy:
    """Walk, add, turn and map in the latent space of a generator, as DCGAN did (Radford et al. 2016), and measure it.

    Args:
        experiment: generator and scorer; without a scorer there are no sums, and only turns of quantities that can be
            measured in any image. Its space is z as published, unless it names another.
        n: codes that exemplars are chosen from; one sum and one turn of each kind is drawn for ten of them.
        walks: through nine random points each.
        attributes: for sums and turns; by default those with the most clear cases. For classes three, in the order
            `first - less + second`; else the one to carry over, and the one whose other side it is carried to.
        data: real images to search for copies.
        labels: their classes.
        learnt: whether the model was trained on `data`; None where it is unknown.
        critic: the discriminator; classes are read off its features, those of `data` where labels are given.
        perceptual: how steps of walks are measured, as in `perceptual_distance`.
        map_method: how maps are drawn, as in `maps.embed`.

    Returns:
        Walks, copies, sums, turns, maps and the critic's accuracy.

    Raises:
        SettingError: for numbers outside their range, and codes without a class for a conditional generator.
        UnknownNameError: for an attribute that the scorer does not have.
        ScoreError: for a table of labels.

    Example:
        ::

            experiment = ga.Experiment(ga.load("digits"), ga.scorer("digits"))
            found = ga.study_dcgan(experiment, n=2000, critic=ga.critic("digits"))
            ga.write_document(ga.document(found, experiment, model="digits"), "digits-dcgan")
    """
    experiment = experiment.begin("z")
    generator, space = experiment.generator, experiment.editing_space
    if labels is not None and data is None:
        raise SettingError("labels need the images that they are of; give data as well")
    if n < FEWEST or walks < 2:
        raise SettingError(f"{n} codes and {walks} walks are too few; give at least {FEWEST} and 2")
    if generator.signature.num_classes and space == Space.Z:
        raise SettingError(
            "sums of codes in z have no class, which this conditional generator needs; take space w"
        )
    measured = with_quantities(experiment.scorer, channels=generator.signature.channels)
    with experiment.stage("walks") as advance:
        distance = perceptual_distance(perceptual, experiment.scorer)
        walked = walk_between_points(experiment, distance, num=walks, advance=advance)
    copies = None
    if data is not None:
        with experiment.stage("copies"):
            copies = find_copies(
                experiment, walked, data, features_of("auto", experiment.scorer), learnt=learnt
            )
    with experiment.stage("survey") as advance:
        seen = survey(
            generator,
            measured,
            n=n,
            space=space,
            seed=experiment.seed + 1,
            batch_size=experiment.batch_size,
            truncation_psi=experiment.truncation_psi,
            progress=advance,
        )
        scores, scorer = measured.centred(seen.scores)
        seen = replace(seen.in_memory(), scores=scores, scorer=scorer.fingerprint)
    draws, sums, turns = max(FEWEST_DRAWS, n // 10), [], []
    for family in sums_of(seen.scores, scorer, attributes):
        with experiment.stage(f"sums: {family.title}") as advance:
            sums.append(add_up(experiment, scorer, seen, family, n=draws, advance=advance))
    for family in turns_of(seen.scores, scorer, attributes):
        with experiment.stage(f"turns: {family.title}") as advance:
            turns.append(turn_samples(experiment, scorer, seen, family, n=draws, advance=advance))
    color = main_attribute(seen.scores, scorer, attributes)
    with experiment.stage("maps") as advance:
        maps = draw_maps(experiment, critic, n=n, color=color, method=map_method, advance=advance)
    accuracy = None
    if critic is not None:
        with experiment.stage("critic") as advance:
            accuracy = read_critic(experiment, critic, seen, color, data=data, labels=labels, advance=advance)
    return DCGANStudy(
        scorer=scorer,
        critic=None if critic is None else critic.description,
        survey=seen,
        draws=draws,
        walks=walked,
        copies=copies,
        sums=tuple(sums),
        turns=tuple(turns),
        maps=maps,
        critic_accuracy=accuracy,
        seconds=dict(experiment.clock.seconds),
    )
