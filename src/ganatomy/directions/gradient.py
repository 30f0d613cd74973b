"""Directions from the gradients of the scores: their mean, their active subspace, and one for each image."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.directions.base import calibrate, in_evidence, jacobians_of
from ganatomy.directions.evidence import read
from ganatomy.errors import ScoreError, SettingError
from ganatomy.geometry import upright
from ganatomy.latents import Directions
from ganatomy.surveys import Jacobians, Survey

ROUNDING = 1e-9
"""A mean change below this share of the largest gradient is rounding, so it does not decide a sign."""


def gradient(survey: Survey, attributes: Iterable[str] | None = None, *, seed: int = 0) -> Directions:
    """The mean over images of the gradient of each attribute's logit with respect to the code.

    It describes how a step changes the images themselves; a regression describes how codes with and without the
    attribute differ. The slope is the mean change of the logit for a step of 1.

    Returns:
        One direction for each attribute.

    Raises:
        SettingError: for a survey without Jacobians.
        ScoreError: where all gradients are zero, and see `directions.evidence.read`.
        UnknownNameError: for an attribute that was not scored, or not differentiated.

    Example::

        found = ga.gradient(ga.differentiate(survey, generator, scorer, n=128))
    """
    evidence = read(survey, attributes, seed=seed)
    mean = in_evidence(evidence, _gradients(survey, evidence.names)).nanmean(0)
    return calibrate(evidence, mean, method="gradient", slopes=torch.linalg.vector_norm(mean, dim=1))


def active(
    survey: Survey, attributes: Iterable[str] | None = None, *, seed: int = 0, num_directions: int = 1
) -> Directions:
    """The directions along which each logit changes most, up or down: leading eigenvectors of `E[g gᵀ]`.

    The logit rises along each on average. The second and later directions of an attribute are named "Smiling 2" and so
    on; a slope near 0 means that the logit rises along it in some images and falls in others.

    Args:
        num_directions: for each attribute; see `active_subspace` for their shares of the squared gradient.

    Returns:
        `num_directions` directions for each attribute.

    Raises:
        SettingError: for a survey without Jacobians, or for more directions than they have.
        ScoreError, UnknownNameError: see `directions.evidence.read`.

    Example::

        found = ga.active(ga.differentiate(survey, generator, scorer), num_directions=2)
    """
    evidence = read(survey, attributes, seed=seed)
    gradients = in_evidence(evidence, _gradients(survey, evidence.names))
    known = [_known(rows) for rows in gradients.unbind(1)]
    most = min(gradients.shape[2], *map(len, known))
    if not 0 < num_directions <= most:
        raise SettingError(f"these gradients have 1 to {most} directions, not {num_directions}")
    vectors = torch.stack([_principal(rows)[0][:num_directions] for rows in known])
    slopes = torch.einsum("ad,akd->ak", gradients.nanmean(0), vectors)
    numbers = range(1, num_directions + 1)
    each = evidence.take(
        [f"{name} {k}" if k > 1 else name for name in evidence.names for k in numbers],
        [column for column in range(len(evidence.names)) for _ in numbers],
    )
    return calibrate(each, vectors.flatten(0, 1), method="active", slopes=slopes.flatten())


@dataclass(frozen=True, kw_only=True, eq=False)
class ActiveSubspace:
    """Orthonormal directions along which an attribute's logit changes, the strongest first.

    Args:
        shares: of the mean squared gradient, along each direction; they add up to 1.
        consistency: share of the mean squared gradient that is in the mean gradient, the most that one direction for
            all images can use; 1 where the logit is linear in the code.

    Example::

        found = ga.active_subspace(ga.differentiate(survey, generator, scorer, n=16), "Smiling")
        print(found.shares[0], found.consistency)
    """

    attribute: str
    vectors: Float[Tensor, "r *shape"]
    shares: Float[Tensor, " r"]
    consistency: float

    def needed(self, share: float = 0.9) -> int:
        """The number of directions that together have that share of the mean squared gradient."""
        return int((self.shares.cumsum(0) < share - 1e-9).sum()) + 1

    def __str__(self) -> str:
        return (
            f"{self.attribute}: 1 direction holds {float(self.shares[0]):.0%} of the squared gradient, "
            f"{self.needed()} hold 90 %; {self.consistency:.0%} is alike in all images"
        )


def active_subspace(survey: Survey, attribute: str) -> ActiveSubspace:
    """Eigenvectors of `E[g gᵀ]`, with g the gradient of an attribute's logit in an image (Constantine 2015, eq. 1.2).

    Args:
        survey: with Jacobians, see `differentiate`.

    Returns:
        The eigenvectors, their shares of the squared gradient, and how much is common to all images.

    Raises:
        SettingError: for a survey without Jacobians.
        UnknownNameError: for an attribute that they do not have.
        ScoreError: where all gradients are zero.

    Example::

        print(ga.active_subspace(ga.differentiate(survey, generator, scorer), "Smiling"))
    """
    gradients = _known(_gradients(survey, (attribute,))[:, 0].double())
    total = float(gradients.square().sum()) / len(gradients)
    if total == 0:
        raise ScoreError(f"the logit of {attribute!r} does not change with the code in any image")
    vectors, values = _principal(gradients)
    return ActiveSubspace(
        attribute=attribute,
        vectors=vectors.float().reshape(len(vectors), *survey.latents.codes.shape[1:]),
        shares=(values / values.sum()).float(),
        consistency=float(gradients.mean(0).square().sum()) / total,
    )


def local_directions(seen: Jacobians, attribute: str) -> Float[Tensor, "n *shape"]:
    """For each image the unit vector along which its own logit rises fastest; zeros where its gradient is zero, or
    was not computed.

    Args:
        seen: the gradients, see `jacobians` and `Survey.jacobians`.

    Returns:
        One vector for each image, in the shape of a code.

    Raises:
        UnknownNameError: for an attribute that the Jacobians do not have.

    Example::

        seen = ga.differentiate(survey, generator, scorer)
        vectors = ga.local_directions(seen.jacobians, "Smiling")
    """
    gradients = seen.select([attribute]).gradients[:, 0]
    rows = gradients.flatten(1)
    largest = rows.nan_to_num(0).abs().amax(1, keepdim=True)
    rows = rows / torch.where(largest > 0, largest, 1.0)
    return torch.nn.functional.normalize(rows.nan_to_num(0), dim=1).reshape(gradients.shape)


def _gradients(survey: Survey, names: tuple[str, ...]) -> Float[Tensor, "n a full"]:
    return jacobians_of(survey).select(names).gradients.flatten(2)


def _known(gradients: Float[Tensor, "n d"]) -> Float[Tensor, "m d"]:
    """The rows of the images in which a gradient was computed."""
    return gradients[~gradients.isnan().any(1)]


def _principal(gradients: Float[Tensor, "n d"]) -> tuple[Float[Tensor, "r d"], Float[Tensor, " r"]]:
    """Eigenvectors of the mean of `g gᵀ` as rows, along which the logit rises on average, and their eigenvalues."""
    _, widths, vectors = torch.linalg.svd(gradients, full_matrices=False)
    vectors = upright(vectors)
    rises = vectors @ gradients.mean(0)
    falls = rises < -ROUNDING * widths[0]
    return torch.where(falls[:, None], -vectors, vectors), widths.square() / len(gradients)
