"""The study itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import SettingError, UnknownNameError
from ganatomy.generators.base import Generator
from ganatomy.generators.precision import quick_precision
from ganatomy.metrics.frechet import frechet_distance, gaussian_distance
from ganatomy.perception.features import Features
from ganatomy.progress import Clock, Progress
from ganatomy.training.families import family_settings, showing, stepping
from ganatomy.training.images import TrainingImages, as_images
from ganatomy.training.records import Say
from ganatomy.training.settings import CONFIGURATIONS, GanSettings
from ganatomy.training.studies.ablation.result import AblationStudy, Trained
from ganatomy.training.studies.runs import agree_on, trained
from ganatomy.workers import read_images

FEWEST_COMPARED = 40
"""Real images, and generated ones, below which a distance means nothing."""


@dataclass(frozen=True, kw_only=True)
class AblationBudget:
    """What every run of the study may spend.

    Args:
        images: shown to each.
        seeds: runs of each configuration.
        width: channels at most.
        samples: generated images that are compared with real ones.
        configurations: of A to F, in this order.
    """

    images: int = 10_000
    seeds: int = 3
    width: int = 64
    samples: int = 2_000
    configurations: Sequence[str] = CONFIGURATIONS

    def __post_init__(self) -> None:
        for name in self.configurations:
            if name not in CONFIGURATIONS:
                raise UnknownNameError("configuration", name, CONFIGURATIONS)
        if self.seeds < 1 or self.width < 1 or self.samples < FEWEST_COMPARED or not self.configurations:
            raise SettingError(
                f"the study needs one seed, one channel, one configuration and {FEWEST_COMPARED} samples at least; got "
                f"{self.seeds}, {self.width}, {len(self.configurations)} and {self.samples}"
            )


def study_ablation(
    images: TrainingImages,
    real: TrainingImages,
    features: Features,
    folder: Path,
    *,
    budget: AblationBudget | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
    say: Say = lambda _: None,
) -> AblationStudy:
    """Train StyleGAN's configurations A to F with one budget and several seeds, and compare their distances.

    Karras et al. 2019, "A Style-Based Generator Architecture for Generative Adversarial Networks", table 1. A study
    that was stopped goes on where it was.

    Args:
        images: to learn from.
        real: other ones, to compare with.
        features: of a network that takes no part in the training.
        folder: receives a folder for each run.
        budget: of each run.
        device: where to train.
        progress: called with the stage, what is done of it, and how much it is.
        say: called with one line where something should be known before the end.

    Returns:
        All runs with their distances, the means, and the verdict.

    Raises:
        SettingError: for too few images, or of a size that no GAN is trained at.
        CheckpointError: when the folder holds a study with another budget.
        OutputError: when it cannot be written.

    Example::

        from ganatomy.training.images import split_off
        from ganatomy.training.sources import Framing, open_images

        photos = open_images(Path("photos/"), Framing(resolution=32))
        images, real = split_off(photos, 2_000)
        found = ga.study_ablation(images, real, ga.features_of("inception"), Path("ablation/"))
        ga.write_document(ga.document(found), "ablation/")
    """
    budget, clock = budget or AblationBudget(), Clock(progress=progress)
    if len(real) < FEWEST_COMPARED:
        raise SettingError(
            f"{len(real)} real images are too few to compare with; give {FEWEST_COMPARED} or more"
        )
    shared = asdict(budget) | {"resolution": images.resolution, "channels": images.channels}
    agree_on(shared | {"data": images.description, "configurations": list(CONFIGURATIONS)}, folder)
    with clock.stage("reading real images"):
        theirs = real_features(real, features)
    found: dict[tuple[str, int], Trained] = {}
    for seed in range(budget.seeds):
        for name in budget.configurations:
            settings = replace(configured(name, images, budget, device=device), seed=seed)
            label = f"{name}, seed {seed}"
            with clock.stage("training"):
                run = trained(
                    settings,
                    images,
                    folder / f"{name}-seed{seed}",
                    device=device,
                    progress=_labelled(progress, label),
                    say=say,
                )
            with clock.stage("measuring"):
                ours = generated_features(run.generator, features, budget.samples)
                distance = frechet_distance(ours, theirs, features=features.description)
            found[name, seed] = Trained(
                configuration=name,
                seed=seed,
                distance=distance,
                seconds=run.seconds,
                generator=run.generator,
            )
    halves = torch.arange(len(theirs)) % 2 == 0
    return AblationStudy(
        runs=tuple(found[name, seed] for name in budget.configurations for seed in range(budget.seeds)),
        resolution=images.resolution,
        images=budget.images,
        data=images.description,
        features=features.description,
        floor=float(gaussian_distance(theirs[halves].double(), theirs[~halves].double())),
        seconds=clock.seconds,
    )


def configured(name: str, images: TrainingImages, budget: AblationBudget, *, device: str) -> GanSettings:
    """The settings of a configuration with the study's budget: narrower than the family's."""
    family = family_settings(
        f"stylegan:{name}", resolution=images.resolution, channels=images.channels, width=budget.width
    )
    own = replace(
        family,
        z_dim=budget.width,
        w_dim=budget.width,
        num_classes=len(images.classes),
        precision=quick_precision(device),
    )
    return showing(stepping(own, budget.images), budget.images)


@torch.no_grad()
def real_features(real: TrainingImages, features: Features) -> Float[Tensor, "n f"]:
    """Features of all these images."""
    parts = torch.arange(len(real)).split(64)
    return torch.cat(
        [features(as_images(real.read(rows.numpy()), resolution=real.resolution)) for rows in parts]
    )


def generated_features(generator: Generator, features: Features, n: int) -> Float[Tensor, "n f"]:
    """Features of n samples, the same codes for every generator of a space."""
    [rows] = read_images(generator, generator.sample(n, seed=1), features, batch_size=64)
    return rows


def _labelled(progress: Progress | None, label: str) -> Progress | None:
    if progress is None:
        return None
    return lambda stage, done, total: progress(f"{label}: {stage}", done, total)
