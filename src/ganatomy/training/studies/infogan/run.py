"""The study itself."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from ganatomy.directions import regression, usable
from ganatomy.errors import SettingError
from ganatomy.generators.base import Generator
from ganatomy.generators.precision import quick_precision
from ganatomy.metrics.entanglement import Entanglement, entanglement
from ganatomy.perception.base import Scorer
from ganatomy.perception.judging import Judge
from ganatomy.progress import Clock, Progress
from ganatomy.surveys import survey
from ganatomy.training.families import family_settings, showing, widths
from ganatomy.training.images import TrainingImages, as_images
from ganatomy.training.records import Say
from ganatomy.training.settings import GanSettings
from ganatomy.training.studies.infogan.codes import edit_codes, read_purity, variety_within
from ganatomy.training.studies.infogan.result import InfoganPair, InfoganStudy
from ganatomy.training.studies.runs import agree_on, trained

SHOWN = 64
"""Images of a category, and real ones, whose variety is measured."""


@dataclass(frozen=True, kw_only=True)
class InfoganBudget:
    """What the study may spend.

    Args:
        images: shown to each GAN.
        seeds: pairs of GANs.
        width: channels at most, of both.
        categories: of InfoGAN's categorical code.
        codes: continuous ones.
        labels: generated images that are scored to find directions in the plain GAN.
        edited: images that each code and each direction is tried on, and images of each category.
        target_change: mean change of an attribute from which it counts as steered.
    """

    images: int = 60_000
    seeds: int = 3
    width: int = 64
    categories: int = 10
    codes: int = 2
    labels: int = 2_000
    edited: int = 200
    target_change: float = 0.25

    def __post_init__(self) -> None:
        if min(self.seeds, self.width, self.labels, self.edited) < 1 or not 0 < self.target_change < 1:
            raise SettingError(
                f"the study needs seeds, channels, labels and edited images, and a change between 0 and 1; got {self}"
            )


def study_infogan(
    images: TrainingImages,
    scorer: Scorer,
    folder: Path,
    *,
    judge: Judge | None = None,
    budget: InfoganBudget | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
    say: Say = lambda _: None,
) -> InfoganStudy:
    """Train InfoGANs and plain GANs, and compare what codes and what supervised directions can steer.

    Chen et al. 2016, "InfoGAN: Interpretable Representation Learning by Information Maximizing Generative Adversarial
    Nets", section 7. A study that was stopped goes on where it was.

    Args:
        images: to learn from.
        scorer: attribute classifier, by which codes are named and directions are found.
        folder: receives a folder for each GAN.
        judge: reads the same edits again.
        budget: of all of it.
        device: where to train.
        progress: called with the stage, what is done of it, and how much it is.
        say: called with one line where something should be known before the end.

    Returns:
        For each seed purity, edits by codes, edits by directions, and seconds.

    Raises:
        SettingError: for too few images, or of a size that no GAN is trained at.
        CheckpointError: when the folder holds a study with another budget.
        OutputError: when it cannot be written.

    Example::

        from ganatomy.training.sources import Framing, open_images

        digits = open_images(Path("t10k-images-idx3-ubyte.gz"), Framing(resolution=32))
        found = ga.study_infogan(digits, ga.scorer("digits"), Path("infogan/"), judge=ga.judge("digits"))
        ga.write_document(ga.document(found), "infogan/")
    """
    budget, clock = budget or InfoganBudget(), Clock(progress=progress)
    shared = {name: value for name, value in asdict(budget).items() if name not in {"seeds", "edited"}}
    agree_on(shared | {"data": images.description, "resolution": images.resolution}, folder)
    shown = as_images(images.read(np.arange(min(SHOWN, len(images)))), resolution=images.resolution)
    pairs = []
    for seed in range(budget.seeds):
        made, seconds = {}, {}
        for kind in ("infogan", "plain"):
            settings = replace(settings_of(kind, images, budget, device=device), seed=seed)
            with clock.stage(f"training {kind}, seed {seed}"):
                run = trained(
                    settings, images, folder / f"{kind}-seed{seed}", device=device, progress=progress, say=say
                )
            made[kind], seconds[kind] = run.generator, run.seconds
        with clock.stage("codes"):
            purity = read_purity(made["infogan"], judge or scorer, n=budget.edited)
            variety = variety_within(made["infogan"], shown, n=min(budget.edited, SHOWN))
            codes = edit_codes(
                made["infogan"],
                scorer,
                judge,
                continuous=budget.codes,
                n=budget.edited,
                target_change=budget.target_change,
            )
        started = time.perf_counter()
        with clock.stage("directions"):
            directions = edit_along(made["plain"], scorer, judge, budget)
        pairs.append(
            InfoganPair(
                seed=seed,
                infogan=made["infogan"],
                plain=made["plain"],
                purity=purity,
                variety=variety,
                codes=codes,
                directions=directions,
                seconds=seconds | {"finding": time.perf_counter() - started},
            )
        )
    return InfoganStudy(
        pairs=tuple(pairs),
        resolution=images.resolution,
        images=budget.images,
        data=images.description,
        attributes=tuple(scorer.names),
        num_labels=budget.labels,
        target_change=budget.target_change,
        reader=(judge or scorer).description,
        judged=judge is not None,
        seconds=clock.seconds,
    )


def settings_of(kind: str, images: TrainingImages, budget: InfoganBudget, *, device: str) -> GanSettings:
    """The settings of an InfoGAN, or of a plain GAN with the same networks."""
    family = family_settings("infogan", resolution=images.resolution, channels=images.channels)
    own = replace(
        family,
        widths=widths(
            images.resolution, most=budget.width, total=budget.width * 8, least=min(16, budget.width)
        ),
        categories=budget.categories,
        codes=budget.codes,
        precision=quick_precision(device),
    )
    return showing(own if kind == "infogan" else replace(own, architecture="dcgan-r1"), budget.images)


def edit_along(
    generator: Generator, scorer: Scorer, judge: Judge | None, budget: InfoganBudget
) -> Entanglement | None:
    """Directions by regression on scored images, tried on other ones; None where no attribute can be learnt."""
    seen = survey(generator, scorer, n=budget.labels, space="z", seed=0)
    names = usable(seen)
    if not names:
        return None
    return entanglement(
        generator,
        scorer,
        regression(seen, names),
        n=budget.edited,
        seed=1,
        target_change=budget.target_change,
        judge=judge,
    )
