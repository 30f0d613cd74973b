"""What is learnt about a generator once, so that every inversion is quick; and the file that it lies in."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ganatomy.errors import MissingFileError
from ganatomy.generators.base import Generator
from ganatomy.generators.latent_distribution import latent_distribution
from ganatomy.generators.natural_codes import NUM_NEIGHBOURS, SEEDS, NaturalCodes
from ganatomy.inversion.coordinates import Coordinates
from ganatomy.inversion.likeness import Likeness
from ganatomy.inversion.metric import Metric
from ganatomy.inversion.ridge import RidgeEncoder, encoder_features
from ganatomy.latents import Space
from ganatomy.rounding import narrowed
from ganatomy.storage import load_tensors, parsing, save_tensors

KIND = "inversion"

VERSION = 2
"""Counts changes of what is prepared."""

PLACES = 64
"""Pixels a side, at most, at which errors of places are compared."""

QUALITIES = ("brightness", "contrast", "colour")
"""Rows of `image_qualities`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Preparation:
    """What `prepare` learnt about the images and codes of a generator in one space.

    Args:
        coordinates: that are optimised.
        likeness: the loss.
        encoder: ridge regression from images to codes.
        metric: of the loss.
        natural: codes with which those that are found are compared.
        variance: loss between an image of the generator and the mean of its images, on average.
        pixel_variance: mean squared difference of images of the generator from the mean of its images, in each place.
        qualities: brightness, contrast and colour of own images, ascending, one row each.
        own_errors: mean squared errors of own images that were inverted with the quick budget, ascending.
        held_out_errors: those of images of the training domain, ascending; empty where none were given.

    Example::

        prepared = ga.prepare_inversion(G)
        print(prepared.encoder.explained)
    """

    coordinates: Coordinates
    likeness: Likeness
    encoder: RidgeEncoder
    metric: Metric
    natural: NaturalCodes
    variance: float
    pixel_variance: Float[Tensor, "a b"]
    qualities: Float[Tensor, "3 m"]
    own_errors: Float[Tensor, " k"]
    held_out_errors: Float[Tensor, " h"]

    @property
    def space(self) -> Space:
        return self.coordinates.space

    @property
    def key(self) -> str:
        return preparation_key(self.coordinates, self.likeness)

    def start(self, targets: Float[Tensor, "n c h w"]) -> Float[Tensor, "n rows r"]:
        """Coordinates of images by the ridge encoder, no farther from the mean than codes that the generator draws."""
        u = self.encoder(encoder_features(targets, self.likeness))
        farthest = self.natural.distribution.bound
        u = u * (farthest / u.norm(dim=1, keepdim=True).clamp(min=1e-12)).clamp(max=1)
        return u[:, None].expand(-1, self.coordinates.shape[0], -1)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write it, most of it in 8 or 16 bits; raises OutputError when the file cannot be written."""
        tensors = {
            **narrowed({"encoder.weight": self.encoder.weight, "metric.basis": self.metric.basis}, 8),
            "encoder.bias": self.encoder.bias,
            "metric.values": self.metric.values,
            "distances": self.natural.distances.float(),
            "nearest": self.natural.nearest.float(),
            "qualities": self.qualities.half(),
            "pixel_variance": self.pixel_variance,
            "own_errors": self.own_errors,
            "held_out_errors": self.held_out_errors,
        }
        facts = {
            "key": self.key,
            "explained": self.encoder.explained,
            "variance": self.variance,
        }
        return save_tensors(KIND, tensors, facts, path)


def preparation_key(coordinates: Coordinates, likeness: Likeness) -> str:
    """What a preparation belongs to, as a hash."""
    of = (VERSION, coordinates.template.fingerprint, coordinates.space, likeness.description)
    if coordinates.template.labels is not None:
        of = (*of, coordinates.template.labels.argmax().item())
    return hashlib.sha256(" ".join(map(str, of)).encode()).hexdigest()


def load_preparation(
    path: str | os.PathLike[str], generator: Generator, coordinates: Coordinates, likeness: Likeness
) -> Preparation | None:
    """The preparation of this generator, space and loss in a file.

    Returns:
        None where there is no file, or it is of another generator, space or loss.

    Raises:
        CheckpointError: when it holds anything else.
    """
    try:
        tensors, facts = load_tensors(KIND, path)
    except MissingFileError:
        return None
    if facts.get("key") != preparation_key(coordinates, likeness):
        return None
    with parsing(path):
        like = coordinates.mean
        distribution = latent_distribution(generator, coordinates.space)
        neighbours = generator.sample(NUM_NEIGHBOURS, seed=SEEDS[1], space=coordinates.space)
        return Preparation(
            coordinates=coordinates,
            likeness=likeness,
            encoder=RidgeEncoder(
                weight=tensors["encoder.weight"].to(like),
                bias=tensors["encoder.bias"].to(like),
                explained=float(facts["explained"]),
            ),
            metric=Metric(
                basis=tensors["metric.basis"].to(like),
                values=tensors["metric.values"].to(like),
                rows=coordinates.shape[0],
            ),
            natural=NaturalCodes(
                distribution=distribution,
                neighbours=distribution.coordinates(neighbours),
                distances=tensors["distances"].double(),
                nearest=tensors["nearest"].double(),
            ),
            variance=float(facts["variance"]),
            pixel_variance=tensors["pixel_variance"].float(),
            qualities=tensors["qualities"].float(),
            own_errors=tensors["own_errors"].float(),
            held_out_errors=tensors["held_out_errors"].float(),
        )


def at_places(errors: Float[Tensor, "n h w"]) -> Float[Tensor, "n a b"]:
    """Means of errors in each place of an image, at most `PLACES` a side."""
    height, width = (min(side, PLACES) for side in errors.shape[1:])
    return F.adaptive_avg_pool2d(errors, (height, width))


def image_qualities(images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n 3"]:
    """Mean brightness, its standard deviation over pixels, and the mean distance of colours from grey."""
    grey = images.mean(1, keepdim=True)
    colour = (images - grey).abs().flatten(1).mean(1)
    return torch.stack([grey.flatten(1).mean(1), grey.flatten(1).std(1), colour], dim=1)
