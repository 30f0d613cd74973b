"""Images of the seeds 0, 1, 2 and so on, by which people name images: their scores, and a map of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.experiments.base import Experiment
from ganatomy.generators.base import Generator
from ganatomy.latents import Latents, Space
from ganatomy.maps import embed
from ganatomy.perception.features import features_of
from ganatomy.progress import Advance
from ganatomy.workers import read_images

NUM_SEEDS = 1200


@dataclass(frozen=True, kw_only=True, eq=False)
class Gallery:
    """The images of the seeds from 0 on.

    Args:
        xy: where each lies on a map of their codes, within -1 and 1.
        about: how the map was made, and how to read it.
        probabilities: of each attribute of the classifier; no columns without a classifier.
        features: of each image, from the classifier's network; None without a classifier.
    """

    xy: Float[Tensor, "m 2"]
    about: str
    probabilities: Float[Tensor, "m a"]
    features: Float[Tensor, "m f"] | None = None

    def __len__(self) -> int:
        return len(self.xy)


@torch.no_grad()
def gallery(experiment: Experiment, *, n: int, truncation_psi: float, progress: Advance) -> Gallery:
    """Draw the images of the first `n` seeds, score them, and place their codes on a map.

    Args:
        experiment: its generator, scorer, space and batch size; without a scorer no image is drawn.
        n: number of seeds.
        truncation_psi: of the codes.
        progress: called with the seeds done and `n`.
    """
    codes = codes_of_seeds(
        experiment.generator, range(n), space=experiment.editing_space, truncation_psi=truncation_psi
    )
    progress(0, n)
    probabilities, features = torch.zeros(n, 0), None
    if experiment.scorer is not None:
        probabilities, features = _seen(experiment, codes, progress)
    placed = embed(codes.codes)
    return Gallery(
        xy=placed.xy / placed.xy.abs().max(),
        about=f"{placed.description}. {' '.join(placed.notes)}",
        probabilities=probabilities,
        features=features,
    )


def _seen(
    experiment: Experiment, codes: Latents, progress: Advance
) -> tuple[Float[Tensor, "m a"], Float[Tensor, "m f"]]:
    """Probabilities of attributes, and features, of the images of codes."""
    scorer = experiment.image_scorer
    logits, features = read_images(
        experiment.generator,
        codes,
        scorer,
        features_of("scorer", scorer),
        batch_size=experiment.batch_size,
        progress=progress,
    )
    return torch.sigmoid(logits), features


@torch.no_grad()
def codes_of_seeds(
    generator: Generator, seeds: Iterable[int], *, space: Space | str, truncation_psi: float
) -> Latents:
    """The first code of each seed, mapped together."""
    z = Latents.cat(generator.sample(1, seed=seed) for seed in seeds)
    return generator.map(z, to=str(space), truncation_psi=truncation_psi)
