"""Directions from the gradients of the scorer itself: their mean, their active subspace, and one for each image."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.directions.base import Evidence, calibrate, read
from ganatomy.errors import ScoreError, SettingError
from ganatomy.latents import Directions
from ganatomy.surveys import Jacobians, Survey


def gradient(survey: Survey, attributes: Iterable[str] | None = None, *, seed: int = 0) -> Directions:
    """The mean over images of the gradient of each attribute's logit with respect to the code.

    It says what a step does to the images themselves, where a regression says how codes with and without the
    attribute differ. The slope is the mean change of the logit for a step of 1.

    Raises:
        SettingError: for a survey without Jacobians. ScoreError: where all gradients are zero.
        ScoreError, UnknownNameError: see `directions.base.read`.
    """
    evidence = read(survey, attributes, seed=seed)
    mean = _gradients(survey, evidence).mean(0)
    return calibrate(evidence, mean, method="gradient", slopes=torch.linalg.vector_norm(mean, dim=1))


def active(
    survey: Survey, attributes: Iterable[str] | None = None, *, seed: int = 0, num_directions: int = 1
) -> Directions:
    """The directions that each logit answers to most, up or down: leading eigenvectors of `E[g gᵀ]`.

    Each points where the logit rises on average. The second and later ones of an attribute are named "Smiling 2" and
    so on; a slope near 0 means that the logit rises along it in some images and falls in others.

    Args:
        num_directions: for each attribute; see `active_subspace` for how much of the gradient they hold.

    Raises:
        SettingError: for a survey without Jacobians, or more directions than it has of them.
        ScoreError, UnknownNameError: see `directions.base.read`.
    """
    evidence = read(survey, attributes, seed=seed)
    gradients = _gradients(survey, evidence)
    most = min(len(gradients), gradients.shape[2])
    if not 0 < num_directions <= most:
        raise SettingError(f"these gradients have 1 to {most} directions, not {num_directions}")
    vectors = torch.stack([_principal(g)[0][:num_directions] for g in gradients.unbind(1)])
    slopes = torch.einsum("ad,akd->ak", gradients.mean(0), vectors)
    columns = torch.arange(len(evidence.names)).repeat_interleave(num_directions)
    each = replace(
        evidence,
        names=tuple(
            f"{name} {k}" if k > 1 else name for name in evidence.names for k in range(1, num_directions + 1)
        ),
        logits=evidence.logits[:, columns],
        held_labels=evidence.held_labels[:, columns],
    )
    return calibrate(each, vectors.flatten(0, 1), method="active", slopes=slopes.flatten())


@dataclass(frozen=True, kw_only=True, eq=False)
class ActiveSubspace:
    """Orthonormal directions of the code that an attribute's logit answers to, the strongest first.

    Args:
        shares: of the mean squared gradient, along each direction; they add up to 1.
        consistency: share of the mean squared gradient that is in the mean gradient, which is all that one direction
            for all images can use: 1 where the logit is linear in the code.
    """

    attribute: str
    vectors: Float[Tensor, "r *shape"]
    shares: Float[Tensor, " r"]
    consistency: float

    def needed(self, share: float = 0.9) -> int:
        """How many directions hold that share of the mean squared gradient."""
        return int((self.shares.cumsum(0) < share - 1e-9).sum()) + 1

    def __str__(self) -> str:
        return (
            f"{self.attribute}: 1 direction holds {float(self.shares[0]):.0%} of the squared gradient, "
            f"{self.needed()} hold 90 %; {self.consistency:.0%} is alike in all images"
        )


def active_subspace(survey: Survey, attribute: str) -> ActiveSubspace:
    """Eigenvectors of `E[g gᵀ]`, with g the gradient of an attribute's logit in an image (Constantine 2015, eq. 1.2).

    Raises:
        SettingError: for a survey without Jacobians. UnknownNameError: for an attribute that they do not have.
        ScoreError: where all gradients are zero.
    """
    slopes = _of(survey).select([attribute]).slopes[:, 0].double()
    gradients = slopes.flatten(1)
    total = float(gradients.square().sum()) / len(gradients)
    if total == 0:
        raise ScoreError(f"the logit of {attribute!r} does not change with the code in any image")
    vectors, values = _principal(gradients)
    return ActiveSubspace(
        attribute=attribute,
        vectors=vectors.float().reshape(len(vectors), *slopes.shape[1:]),
        shares=(values / values.sum()).float(),
        consistency=float(gradients.mean(0).square().sum()) / total,
    )


def local_directions(seen: Jacobians, attribute: str) -> Float[Tensor, "n *shape"]:
    """For each image the unit vector along which its own logit rises fastest; zeros where it does not change at all.

    Raises:
        UnknownNameError: for an attribute that the Jacobians do not have.
    """
    slopes = seen.select([attribute]).slopes[:, 0]
    rows = slopes.flatten(1)
    largest = rows.abs().amax(1, keepdim=True)
    rows = rows / torch.where(largest > 0, largest, 1.0)
    return torch.nn.functional.normalize(rows, dim=1).reshape(slopes.shape)


def _of(survey: Survey) -> Jacobians:
    if survey.jacobians is None:
        raise SettingError(
            "this survey does not say how its scores answer to codes; add that with "
            "ganatomy.differentiate(survey, generator, scorer)"
        )
    return survey.jacobians


def _gradients(survey: Survey, evidence: Evidence) -> Float[Tensor, "n a d"]:
    """The gradients of the evidence's attributes in its coordinates, in float64."""
    slopes = _of(survey).select(evidence.names).slopes.flatten(2).double()
    return slopes if evidence.basis is None else slopes @ evidence.basis.double()


def _principal(gradients: Float[Tensor, "n d"]) -> tuple[Float[Tensor, "r d"], Float[Tensor, " r"]]:
    """Eigenvectors of the mean of `g gᵀ` as rows, uphill on average, and their eigenvalues."""
    _, widths, vectors = torch.linalg.svd(gradients, full_matrices=False)
    rises = vectors @ gradients.mean(0)
    return vectors * torch.where(rises < 0, -1.0, 1.0)[:, None], widths.square() / len(gradients)
