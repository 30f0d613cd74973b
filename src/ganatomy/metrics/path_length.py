"""Perceptual path length: how much images change when a code takes a small step on the way to another.

Karras et al. 2019, "A Style-Based Generator Architecture", section 4.1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ganatomy.errors import SettingError, SpaceError, UnknownNameError
from ganatomy.generators.base import Generator
from ganatomy.generators.batches import images_at_once
from ganatomy.geometry import lerp, slerp
from ganatomy.latents import Latents, Space
from ganatomy.metrics.base import MeasuredValue, Result
from ganatomy.metrics.inputs import Measure, SharedInputs
from ganatomy.perception.perceptual import PerceptualDistance
from ganatomy.progress import Advance, watched
from ganatomy.statistics.intervals import Estimate, mean_of
from ganatomy.workers import workers

EPSILON = 1e-4
"""The step ε of the paper, as a share of the path between two codes."""
SAMPLINGS = ("full", "end")
LARGEST = 256
"""Resolution that larger images are averaged down to, as LPIPS was trained on."""
FACE = (3 / 8, 7 / 8, 2 / 8, 6 / 8)
"""The part of an aligned face that the paper crops: top, bottom, left, right."""
OUTLIERS = 0.01
"""Share of pairs at each end that is left out."""


@dataclass(frozen=True, kw_only=True)
class PathLength(Result, unit="perceptual distance / ε²", higher_is_better=False):
    """Mean squared perceptual speed between random codes.

    Args:
        sampling: "full" for steps anywhere on the path, "end" for steps at its start.
        value: the mean over pairs without outliers.
        distances: of every pair, divided by ε².
        interpolation: "lerp", or "slerp" on the sphere.
    """

    space: Space
    sampling: str
    value: Estimate
    distances: Float[Tensor, " n"]
    interpolation: str
    distance: str
    seed: int

    @property
    def figures(self) -> dict[str, MeasuredValue]:
        return self._figures(path_length=self.value)

    @property
    def notes(self) -> tuple[str, ...]:
        return (f"path lengths compare only within one perceptual distance, here {self.distance}",)

    def __str__(self) -> str:
        return (
            f"path length in {self.space}, {self.sampling}: {self.value} {self.unit} ({self.distance}; "
            f"{len(self.distances)} pairs by {self.interpolation}); {self.verdict}"
        )


@watched("path length")
def path_length(
    generator: Generator,
    distance: PerceptualDistance,
    *,
    space: str = "w",
    sampling: str = "full",
    n: int = 500,
    crop: tuple[float, float, float, float] | None = None,
    seed: int = 0,
    truncation_psi: float = 1.0,
    batch_size: int | None = None,
    progress: Advance | None = None,
) -> PathLength:
    """`E[d(G(c(t)), G(c(t + ε))) / ε²]` over the ways c from one random code to another.

    In w the path is a straight line. In z it is a great circle: of the sphere of radius √d, where the codes of a normal
    prior lie, so a generator that does not normalise z gets such codes as it was trained on, and for one that does it
    makes no difference. The codes of a uniform prior lie in a cube, where the path is straight. A conditional generator
    keeps one class on the path. The 1 % of pairs at each end are left out.

    Args:
        space: "z" or "w".
        sampling: "full" for steps anywhere on the path, "end" for steps at its start.
        n: pairs; the paper takes 100,000, StyleGAN2 50,000.
        crop: top, bottom, left and right of the part to compare, as shares; `FACE` for aligned faces as published.

    Returns:
        The mean, and the distances of all pairs.

    Raises:
        SpaceError: for another space than z and w, or one that the generator lacks.
        UnknownNameError: for a sampling.
        SettingError: for numbers outside their range, and for images of half precision, whose rounding is larger
            than a step.

    Example:
        >>> import ganatomy as ga
        >>> found = ga.path_length(ga.ToyGenerator(seed=0), ga.perceptual_distance("pixels"), space="z", n=20)
        >>> found.value.value > 0
        True
    """
    where = Space.parse(space)
    if where not in (Space.Z, Space.W):
        raise SpaceError(f"path lengths are of z and w, not {where}")
    if sampling not in SAMPLINGS:
        raise UnknownNameError("sampling", sampling, SAMPLINGS)
    if n < 2:
        raise SettingError(f"cannot measure {n} pairs; give at least 2")
    if generator.precision != "float32":
        raise SettingError(
            f"a step of {EPSILON:g} is smaller than the rounding of {generator.precision}; load the model in float32"
        )
    with torch.no_grad():
        starts, ends = _pairs(generator, n, where, seed=seed, truncation_psi=truncation_psi)
        times = torch.rand(n, 1, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        times = (times * (sampling == "full")).to(starts.codes.device)
    straight = where is Space.W or generator.signature.prior != "normal"
    interpolate = lerp if straight else _on_sphere
    a, b = starts.codes.double(), ends.codes.double()
    before, after = (starts.with_codes(interpolate(a, b, time).float()) for time in (times, times + EPSILON))
    work = partial(_distances, generator, distance, crop)
    rows = torch.arange(n).split(images_at_once(generator, batch_size))
    steps = ((before[few], after[few]) for few in rows)
    distances, done = [], 0
    for few in workers().map(work, steps):
        distances.append(few.double() / EPSILON**2)
        done += len(few)
        if progress:
            progress(2 * done, 2 * n)
    every = torch.cat(distances)
    return PathLength(
        space=where,
        sampling=sampling,
        value=mean_of(within_outliers(every), seed=seed),
        distances=every.float(),
        interpolation="lerp" if straight else "slerp",
        distance=distance.description,
        seed=seed,
    )


@torch.no_grad()
def _distances(
    generator: Generator,
    distance: PerceptualDistance,
    crop: tuple[float, float, float, float] | None,
    step: tuple[Latents, Latents],
) -> Iterator[Float[Tensor, " b"]]:
    """How far the images of codes are apart before and after a step."""
    images = [_compared(generator(codes), crop) for codes in step]
    yield distance(*images).cpu()


def within_outliers(values: Float[Tensor, " n"]) -> Float[Tensor, " m"]:
    """The values from the 1st to the 99th percentile, both included.

    >>> within_outliers(torch.arange(201.0)).aminmax()
    torch.return_types.aminmax(
    min=tensor(2.),
    max=tensor(198.))
    """
    low = torch.quantile(values, OUTLIERS, interpolation="lower")
    high = torch.quantile(values, 1 - OUTLIERS, interpolation="higher")
    return values[(values >= low) & (values <= high)]


def _pairs(
    generator: Generator, n: int, space: Space, *, seed: int, truncation_psi: float
) -> tuple[Latents, Latents]:
    z = generator.sample(2 * n, seed=seed)
    if z.labels is not None:
        z = replace(z, labels=z.labels[::2].repeat_interleave(2, 0))
    codes = z if space is Space.Z else generator.map(z, to=space, truncation_psi=truncation_psi)
    return codes[::2], codes[1::2]


def _on_sphere(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    return slerp(F.normalize(a), F.normalize(b), t) * math.sqrt(a.shape[1])


def _compared(images: Tensor, crop: tuple[float, float, float, float] | None) -> Tensor:
    """The part of the images to compare, averaged down where it is large; not as bytes, which hide a small step."""
    if crop is not None:
        height, width = images.shape[2:]
        top, bottom, left, right = crop
        images = images[
            :, :, round(top * height) : round(bottom * height), round(left * width) : round(right * width)
        ]
    factor = images.shape[2] // LARGEST
    return F.avg_pool2d(images, factor) if factor > 1 else images


def measure(inputs: SharedInputs) -> dict[str, PathLength]:
    """Full and end, in z and in w, each with its share of the budget."""
    experiment, found = inputs.experiment, {}
    kinds = [(space, sampling) for space in inputs.spaces for sampling in SAMPLINGS]
    for space, sampling in kinds:
        with experiment.stage(f"stepping in {space}") as advance:
            found[f"{space} {sampling}"] = path_length(
                experiment.generator,
                inputs.perceptual,
                space=space,
                sampling=sampling,
                n=max(2, inputs.n // (2 * len(kinds))),
                seed=experiment.seed,
                truncation_psi=experiment.psi(space),
                batch_size=experiment.batch_size,
                progress=advance,
            )
    return found


PATH_LENGTH = Measure("how fast images change between random codes", PathLength, measure)
