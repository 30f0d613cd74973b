"""Memorisation: whether generated images are nearer to training images than these are to each other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ganatomy.datasets.references import Reference
from ganatomy.generators.base import Generator
from ganatomy.generators.batches import images_at_once
from ganatomy.latents import Latents
from ganatomy.metrics.base import MeasuredValue, aligned
from ganatomy.metrics.inputs import Measure, SharedInputs
from ganatomy.metrics.samples import SampleComparison, checked
from ganatomy.perception.features import Features
from ganatomy.statistics.intervals import Estimate, estimate, resampling
from ganatomy.workers import read_images

NEAR = 0.01
"""Share of training images that are as near to their neighbour as an image must be to count as a copy."""
SHOWN = 3
MOST_REAL = 20_000
"""Training images among which `measure` searches for copies."""
NUM_DRAWS = 400
BLOCK = 512
"""Images whose distances are computed at once."""


@dataclass(frozen=True, kw_only=True)
class Memorisation(SampleComparison, unit=f"share of images; {NEAR:g} is chance", higher_is_better=False):
    """The nearest training image of every generated one.

    Args:
        nearest: its row.
        distances: to it, in feature units.
        names: of the training images.
        copies: share of generated images nearer to a training image than 99 % of these are to each other.
        ratio: median distance of generated to training images, over that of training images to each other.
    """

    nearest: Int[Tensor, " n"]
    distances: Float[Tensor, " n"]
    names: tuple[str, ...]
    copies: Estimate
    ratio: Estimate

    @property
    def closest(self) -> list[tuple[int, str, float]]:
        """Row, training image and distance of generated images, the nearest first."""
        order = self.distances.argsort().tolist()
        return [(row, self.names[int(self.nearest[row])], float(self.distances[row])) for row in order]

    @property
    def figures(self) -> dict[str, MeasuredValue]:
        return self._figures(copies=self.copies) | {
            "distance to training images": MeasuredValue(self.ratio, "times that among them", None)
        }

    @property
    def notes(self) -> tuple[str, ...]:
        return (
            *super().notes,
            f"copies are searched for among {self.num_real} images; give all that the model was trained on",
        )

    def __str__(self) -> str:
        rows = [[f"  image {row}", name, f"{far:.3g}"] for row, name, far in self.closest[:SHOWN]]
        return (
            f"memorisation: {self.copies} of {self.num_fake} images are as near to a training image as the "
            f"nearest {NEAR:.0%} of these are to each other, {self.ratio} times as far as they in the median "
            f"({self.features}); {self.verdict}\n" + aligned(rows)
        )


def memorisation(
    fake: Float[Tensor, "n f"],
    real: Float[Tensor, "m g"],
    *,
    names: tuple[str, ...] | None = None,
    features: str = "given features",
    seed: int = 0,
) -> Memorisation:
    """Find the nearest training image of every generated one; compare distances with those among training images.

    Intervals are from resampling generated images; training images are taken as they are.

    Args:
        fake: features of generated images, such as the frames of a walk.
        real: features of training images.
        names: of the training images; by default their rows.
        features: where they are from; distances of different features do not compare.

    Returns:
        The nearest training images, and the share of copies.

    Raises:
        SettingError: for features of other shapes, or that are not finite, and for fewer than 20 of either.

    Example:
        >>> real = torch.arange(40.0)[:, None] ** 1.5
        >>> memorisation(real[:20], real).copies.value
        1.0
    """
    fake, real = checked(fake, real)
    among, _ = _nearest(real, real, itself=True)
    distances, nearest = _nearest(fake, real, itself=False)
    near = torch.quantile(among, NEAR)
    draws = resampling(len(fake), seed=seed, num=NUM_DRAWS)
    copied = (distances <= near).double()
    ordered, order = distances.sort()
    # The weighted median of each draw: where its weights, in the order of distance, pass one half.
    places = (draws[:, order].cumsum(1) < 0.5).sum(1).clamp(max=len(fake) - 1)
    typical = among.median()
    return Memorisation(
        nearest=nearest,
        distances=distances.float(),
        names=names or tuple(str(row) for row in range(len(real))),
        copies=estimate(copied.mean(), draws @ copied),
        ratio=estimate(distances.median() / typical, ordered[places] / typical),
        num_fake=len(fake),
        num_real=len(real),
        features=features,
    )


def nearest_training(
    generator: Generator,
    frames: Latents,
    training: Reference,
    features: Features,
    *,
    batch_size: int | None = None,
    seed: int = 0,
) -> Memorisation:
    """The training image that is nearest to each frame of a walk, and whether that is nearer than chance.

    Returns:
        The nearest training images, and the share of copies.

    Raises:
        SettingError: for fewer than 20 frames or training images.

    Example::

        frames = ga.path(G.sample(2, seed=7), 48)
        photos = ga.folder_reference("photos/", resolution=64, channels=3)
        print(ga.nearest_training(G, frames, photos, ga.features_of("pixels")))
    """
    parts = torch.arange(len(training)).split(images_at_once(generator, batch_size))
    with torch.no_grad():
        real = torch.cat([features(training.read(rows)).cpu() for rows in parts])
    [fake] = read_images(generator, frames, features, batch_size=batch_size)
    return memorisation(
        fake,
        real,
        names=training.names,
        features=features.description,
        seed=seed,
    )


def _nearest(
    rows: Float[Tensor, "n f"], among: Float[Tensor, "m f"], *, itself: bool
) -> tuple[Float[Tensor, " n"], Int[Tensor, " n"]]:
    """Distance and row of the nearest neighbour, block by block; `itself` when both are the same images."""
    found = []
    for part in torch.arange(len(rows)).split(BLOCK):
        block = torch.cdist(rows[part], among, compute_mode="donot_use_mm_for_euclid_dist")
        if itself:
            block[torch.arange(len(part)), part] = torch.inf
        found.append(block.min(1))
    return torch.cat([nearest.values for nearest in found]), torch.cat([nearest.indices for nearest in found])


def measure(inputs: SharedInputs) -> dict[str, Memorisation]:
    """Of n generated images among the real ones, `MOST_REAL` at most."""
    names = inputs.real.names[:MOST_REAL]
    return {"": inputs.compared(partial(memorisation, names=names), most_real=MOST_REAL)}


MEMORISATION = Measure("whether images are copies of training images", Memorisation, measure, needs=("data",))
