"""Learn about a generator what makes inversions quick, or read what was learnt before."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import OutputError, SettingError
from ganatomy.generators.base import Generator
from ganatomy.generators.batches import draw_images, images_at_once
from ganatomy.generators.natural_codes import natural_codes
from ganatomy.inversion import fast
from ganatomy.inversion.coordinates import Coordinates, coordinates_of
from ganatomy.inversion.likeness import Likeness, default_perceptual
from ganatomy.inversion.metric import measure_metric
from ganatomy.inversion.preparation import (
    Preparation,
    at_places,
    image_qualities,
    load_preparation,
    preparation_key,
)
from ganatomy.inversion.problem import Problem, weights_fixed
from ganatomy.inversion.ridge import RidgeEncoder, encoder_features, fit_ridge
from ganatomy.latents import Space
from ganatomy.perception.perceptual import PerceptualDistance
from ganatomy.progress import Advance, Clock, Progress
from ganatomy.zoo import MODELS
from ganatomy.zoo.downloads import cache_folder

RANK = 256
"""Eigenvectors of the metric that are kept."""

AT_ONCE, TARGETS_AT_ONCE = 32, 8
"""Images that are made, or inverted, together, at most."""

NUM_SPREAD = 512
"""Images that the variance is taken from."""

EDITABILITY = 0.6
"""The dial of inversions unless another is given."""

SEED, OWN_SEED = 0x1A7E, 0x1A7F


@dataclass(frozen=True, kw_only=True)
class PreparationSize:
    """How much is drawn: less from generators of large images, each of which takes longer.

    Args:
        images: that the encoder learns from.
        products: random products with the Jacobian that the metric is the mean of.
        own: images that are inverted, for others to be compared with.
    """

    images: int
    products: int
    own: int

    @classmethod
    def of(cls, resolution: int) -> PreparationSize:
        """The size that keeps preparation within some minutes on two cores."""
        if resolution <= 64:
            return cls(images=3000, products=1280, own=32)
        if resolution <= 128:
            return cls(images=1600, products=640, own=16)
        if resolution <= 256:
            return cls(images=640, products=256, own=8)
        return cls(images=320, products=128, own=4)


def prepare(
    generator: Generator,
    *,
    space: Space | str | None = None,
    perceptual: PerceptualDistance | str | None = "auto",
    held_out: Float[Tensor, "m c h w"] | None = None,
    path: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Preparation:
    """Learn once what makes inversions of a generator quick, or read it where it was learnt before.

    Learnt are a ridge encoder from images to codes, the mean Gauss-Newton metric of the loss, distances of codes, and
    the errors of inverted images of the generator. It takes less than a minute at 64 px. The file lies in the cache,
    under the generator's fingerprint; that of bundled models comes with the package.

    Args:
        generator: to invert images with.
        space: of the codes that will be found: w+, w or z; by default the first of these that the generator has.
        perceptual: distance that the loss contains beside pixels; "auto" is that of the scorer that is bundled with the
            generator, None is none.
        held_out: images of the training domain that were not trained on; later images are compared with their errors.
        path: of the file, instead of the cache and what comes with the package.
        progress: called with the stage and how far it is.

    Returns:
        The preparation.

    Raises:
        SpaceError: for a space that the generator does not have.
        SettingError: for codes in z of a conditional generator whose class is not chosen, and a generator without
            gradients.
        OutputError: where `path` cannot be written.

    Example:
        >>> import ganatomy as ga
        >>> ga.prepare_inversion(ga.ToyGenerator(z_dim=6), path=getfixture("tmp_path") / "toy").encoder.explained > 0.99
        True
    """
    coordinates = coordinates_of(generator, space)
    likeness = Likeness(perceptual=find_perceptual(generator, perceptual))
    file = Path(path) if path else cached_at(coordinates, likeness)
    bundled = () if path else tuple(model.inversion for model in MODELS.values())
    found = None
    for candidate in (file, *bundled):
        found = found or load_preparation(candidate, generator, coordinates, likeness)
    if found is not None and held_out is None:
        return found
    found = found or _learn(generator, coordinates, likeness, Clock(progress=progress))
    if held_out is not None:
        errors = _errors(generator, found, held_out.to(coordinates.mean), None)
        found = replace(found, held_out_errors=errors)
    try:
        found.save(file)
    except OutputError:
        if path:  # a cache that cannot be written is no reason to stop
            raise
        return found
    # As it is read, rounded, so that the first inversion is the same as all later ones.
    return load_preparation(file, generator, coordinates, likeness) or found


def find_perceptual(
    generator: Generator, perceptual: PerceptualDistance | str | None
) -> PerceptualDistance | None:
    """The distance itself, or for "auto" that of the bundled scorer; raises SettingError for another word."""
    if not isinstance(perceptual, str):
        return perceptual
    if perceptual != "auto":
        raise SettingError(
            f"perceptual={perceptual!r} is not a distance; give ga.perceptual_distance(...), None or 'auto'"
        )
    return default_perceptual(generator)


def cached_at(coordinates: Coordinates, likeness: Likeness) -> Path:
    """Where the cache keeps the preparation of these."""
    return cache_folder() / "inversion" / f"{preparation_key(coordinates, likeness)[:32]}.safetensors"


@torch.no_grad()
def _learn(generator: Generator, coordinates: Coordinates, likeness: Likeness, clock: Clock) -> Preparation:
    size = PreparationSize.of(max(generator.signature.size))
    with weights_fixed(generator):
        with clock.stage("encoder") as advance:
            sample = _sample(generator, coordinates, likeness, size.images, advance)
        with clock.stage("metric") as advance:
            metric = measure_metric(
                generator, coordinates, likeness, products=size.products, rank=RANK, progress=advance
            )
    found = Preparation(
        coordinates=coordinates,
        likeness=likeness,
        encoder=sample.encoder,
        metric=metric,
        natural=natural_codes(generator, coordinates.space),
        variance=sample.variance,
        pixel_variance=sample.pixel_variance,
        qualities=sample.qualities,
        own_errors=torch.empty(0),
        held_out_errors=torch.empty(0),
    )
    with clock.stage("usual errors") as advance:
        u = coordinates.drawn(generator, size.own, seed=OWN_SEED).expand(-1, coordinates.shape[0], -1)
        own = draw_images(generator, coordinates.latents(u)).to(generator.device).clamp(-1, 1)
        return replace(found, own_errors=_errors(generator, found, own, advance))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Sample:
    """What is learnt from images of the generator."""

    encoder: RidgeEncoder
    variance: float
    pixel_variance: Float[Tensor, "a b"]
    qualities: Float[Tensor, "3 m"]


def _sample(
    generator: Generator, coordinates: Coordinates, likeness: Likeness, n: int, advance: Advance
) -> _Sample:
    features, u, qualities = [], [], []
    loss_spread, pixel_spread = _Spread(), _Spread()
    at_once = images_at_once(generator, most=AT_ONCE)
    for first in range(0, n, at_once):
        part = coordinates.drawn(generator, min(at_once, n - first), seed=SEED, start=first)
        images = generator(coordinates.latents(part.expand(-1, coordinates.shape[0], -1))).clamp(-1, 1)
        features.append(encoder_features(images, likeness).cpu())
        u.append(part[:, 0].cpu())
        qualities.append(image_qualities(images).cpu())
        if first < NUM_SPREAD:
            loss_spread.add(likeness(images))
            pixel_spread.add(images)
        advance(min(first + at_once, n), n)
    fitted = fit_ridge(torch.cat(features), torch.cat(u))
    like = coordinates.mean
    return _Sample(
        encoder=replace(fitted, weight=fitted.weight.to(like), bias=fitted.bias.to(like)),
        variance=float(loss_spread.variance.sum()),
        pixel_variance=at_places(pixel_spread.variance.mean(0, keepdim=True))[0].float(),
        qualities=torch.cat(qualities).T.sort(dim=1).values.float(),
    )


class _Spread:
    """Mean squared distance of each number of vectors from its mean, without keeping them."""

    def __init__(self) -> None:
        self.count, self.total, self.squares = 0, torch.zeros(()), torch.zeros(())

    def add(self, vectors: Float[Tensor, "n *f"]) -> None:
        vectors = vectors.cpu().double()
        self.count += len(vectors)
        self.total = self.total + vectors.sum(0)
        self.squares = self.squares + vectors.square().sum(0)

    @property
    def variance(self) -> Float[Tensor, " *f"]:
        return (self.squares / self.count - (self.total / self.count).square()).clamp(min=1e-12)


def _errors(
    generator: Generator,
    preparation: Preparation,
    images: Float[Tensor, "n c h w"],
    advance: Advance | None,
) -> Float[Tensor, " n"]:
    """Mean squared errors of images that are inverted with the quick budget, ascending."""
    found = []
    with weights_fixed(generator):
        for targets in images.split(images_at_once(generator, most=TARGETS_AT_ONCE)):
            problem = Problem(
                generator=generator,
                targets=targets,
                preparation=preparation,
                editability=EDITABILITY,
                evaluations=fast.BUDGETS["quick"],
            )
            with torch.no_grad():
                made = generator(fast.fast(problem).latents).clamp(-1, 1)
            found.append((made - targets).square().flatten(1).mean(1).cpu())
            if advance:
                advance(sum(map(len, found)), len(images))
    return torch.cat(found).sort().values.float()
