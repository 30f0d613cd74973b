"""A linear generator whose semantics are known exactly: the test double for everything that reads a latent space."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import SettingError, SpaceError
from ganatomy.generators.base import Generator, Signature, parse_prior
from ganatomy.geometry import qr
from ganatomy.latents import Direction, Directions, Latents, Space

MAX_DIM = 4096


class ToyGenerator(Generator):
    """Images that are a linear function of the code, with attributes whose directions are known.

    A code c (z, or w = Az + b where `w_dim` is given; the mean over layers in w+) becomes the image cB, where B has
    orthogonal rows of one length; so the code can be read back from the image, and with it the exact logits
    `slope * <c - b, u_k> + intercept_k` (b is 0 where there is no w). Nothing is clipped; pixels stay within [-1, 1] up
    to eight standard deviations. A seed gives the same toy on every processor.

    Args:
        attributes: names of the attributes.
        cosine: between every two of the unit directions u_k; a whole Gram matrix of cosines is taken as well.
        w_dim: length of w; None makes a generator that has z only.
        num_layers: rows of w+; needs `w_dim`.
        slope: logits per unit distance along a direction.
        intercepts: the logit of each attribute in the mean image, by default 0: half of the images have it.
        channels: of images.
        prior: of z, "normal", "uniform" or "uniform01".
        seed: of A, B, b and the directions.

    Raises:
        SettingError: when no vectors of that length can have these cosines.

    Example::

        toy = ga.ToyGenerator(attributes=("red", "round"), seed=0)
        print(ga.regression(ga.survey(toy, ga.scorer(toy), n=200)).gram(), toy.truth.gram())
    """

    directions: Tensor
    intercepts: Tensor
    pixels: Tensor
    affine: Tensor
    w_avg: Tensor

    def __init__(
        self,
        *,
        z_dim: int = 16,
        attributes: Sequence[str] = ("red", "round", "large", "bright"),
        cosine: float | Sequence[Sequence[float]] = 0.5,
        w_dim: int | None = None,
        num_layers: int | None = None,
        slope: float = 2.0,
        intercepts: Sequence[float] | None = None,
        channels: int = 3,
        prior: str = "normal",
        seed: int = 0,
    ) -> None:
        if num_layers is not None and w_dim is None:
            raise SettingError(f"num_layers={num_layers} needs a w space; give w_dim as well")
        dim = w_dim or z_dim
        if not 0 < max(z_dim, dim) <= MAX_DIM or not 0 < channels <= MAX_DIM:
            raise SettingError(
                f"z_dim={z_dim}, w_dim={w_dim}, channels={channels} must be from 1 to {MAX_DIM} in a toy"
            )
        intercepts = [0.0] * len(attributes) if intercepts is None else list(intercepts)
        if len(intercepts) != len(attributes):
            raise SettingError(f"{len(attributes)} attributes need as many intercepts, got {len(intercepts)}")
        spaces = (Space.Z, Space.W, Space.W_PLUS)[: 1 + (w_dim is not None) + (num_layers is not None)]
        resolution = 8
        while channels * resolution**2 < dim:
            resolution *= 2
        super().__init__(
            Signature(
                architecture="Toy",
                z_dim=z_dim,
                w_dim=w_dim,
                num_layers=num_layers,
                resolution=resolution,
                channels=channels,
                prior=parse_prior(prior),
                spaces=spaces,
            )
        )
        self.attributes = tuple(attributes)
        self.slope = slope
        self._settings: dict[str, Any] = {
            "z_dim": z_dim,
            "attributes": list(attributes),
            "cosine": cosine,
            "w_dim": w_dim,
            "num_layers": num_layers,
            "slope": slope,
            "intercepts": intercepts,
            "channels": channels,
            "prior": prior,
            "seed": seed,
        }

        # Directions with the wanted cosines, in a random orthonormal frame.
        rng = np.random.default_rng(seed)
        frame = _orthonormal(rng.standard_normal((dim, dim)))
        directions = root_of_gram(cosine, len(attributes), dim) @ frame[: len(attributes)]

        # The map to w: every singular value between a half and two, so that w is neither isotropic nor degenerate. The
        # signs of its singular vectors cancel.
        affine = np.eye(z_dim)
        if w_dim is not None:
            left, _, right = np.linalg.svd(rng.standard_normal((w_dim, z_dim)), full_matrices=False)
            affine = left * np.geomspace(2.0, 0.5, left.shape[1]) @ right
        center = rng.standard_normal(dim) if w_dim is not None else np.zeros(dim)

        # The map to pixels, scaled to stay within [-1, 1].
        pixels = _orthonormal(rng.standard_normal((channels * resolution**2, dim))).T
        spread = np.sqrt(np.square(affine.T @ pixels).sum(0))
        pixels /= (np.abs(center @ pixels) + 8 * spread).max()
        for name, array in {
            "directions": directions,
            "intercepts": np.array(intercepts) - slope * directions @ center,
            "pixels": pixels,
            "affine": affine,
            "w_avg": center,
        }.items():
            self.register_buffer(name, torch.from_numpy(array).float())

    @property
    def settings(self) -> dict[str, Any]:
        return self._settings

    @classmethod
    def restore(cls, settings: Mapping[str, Any]) -> Self:
        """A toy of the settings that a file records."""
        return cls(**settings)

    def synthesize(self, latents: Latents) -> Float[Tensor, "n c h w"]:
        """The linear images of these codes."""
        codes = latents.codes
        if latents.space is Space.Z:
            codes = self._to_w(codes)
        elif latents.space is Space.W_PLUS:
            codes = codes.mean(dim=1)
        size = self.signature.resolution
        return (codes @ self.pixels).unflatten(1, (self.signature.channels, size, size))

    def map_codes(
        self, latents: Latents, to: Space, *, truncation_psi: float, truncation_cutoff: int | None
    ) -> Latents:
        codes, space = latents.codes, latents.space
        if space is Space.Z:
            codes, space = self._to_w(codes), Space.W
        if to is Space.W:
            if truncation_cutoff is not None:
                raise SettingError(
                    "truncating some layers needs codes for each layer; map to w+ instead of w"
                )
            return replace(latents, codes=self.w_avg.lerp(codes, truncation_psi), space=Space.W)
        layers = codes[:, None].expand(-1, self.signature.num_layers or 1, -1).clone()
        layers[:, :truncation_cutoff] = self.w_avg.lerp(layers[:, :truncation_cutoff], truncation_psi)
        return replace(latents, codes=layers, space=Space.W_PLUS)

    def read(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k"]:
        """The exact logits of these images, one column for each attribute.

        Raises:
            SettingError: for images of another size.
        """
        if images[0:1].numel() != self.pixels.shape[1] * len(images[0:1]):
            it = self.signature
            raise SettingError(
                f"the toy reads images of {it.channels} x {it.resolution} x {it.width}, not {list(images.shape)}"
            )
        pixels, directions = self.pixels.double(), self.directions.double()
        codes = images.double().flatten(1) @ pixels.T / pixels[0].square().sum()
        return (self.slope * codes @ directions.T + self.intercepts.double()).to(images.dtype)

    @property
    def truth(self) -> Directions:
        """The known directions in the space that the attributes are linear in: w where there is one, else z."""
        return self.truth_in("z" if self.signature.w_dim is None else "w")

    def truth_in(self, space: str) -> Directions:
        """The known directions in any space of this generator, with their exact scales.

        Raises:
            SpaceError: for a space that it does not have.
        """
        space = Space.parse(space)
        if space not in self.signature.spaces:
            raise SpaceError(f"this toy has no space {space}, only {', '.join(self.signature.spaces)}")
        layers = self.signature.num_layers or 1
        z_sigma = 1.0 if self.signature.prior == "normal" else 1 / math.sqrt(3)
        found = []
        for index, name in enumerate(self.attributes):
            unit, intercept, slope = self.directions[index], float(self.intercepts[index]), self.slope
            in_z = unit @ self.affine
            vector, sigma = unit, z_sigma * float(in_z.norm())
            if space is Space.Z:
                intercept += slope * float(unit @ self.w_avg)
                vector, slope, sigma = in_z, slope * float(in_z.norm()), z_sigma
            elif space is Space.W_PLUS:
                # The mean over layers is a unit vector of norm 1 / sqrt(layers), spread over them.
                vector, slope, sigma = (
                    unit.expand(layers, -1),
                    slope / math.sqrt(layers),
                    sigma * math.sqrt(layers),
                )
            found.append(
                Direction(
                    name=name,
                    vector=vector.clone(),
                    space=space,
                    intercept=intercept,
                    sigma=sigma,
                    slope=slope,
                    method="truth",
                    fingerprint=self.fingerprint,
                )
            )
        return Directions(found)

    def _to_w(self, z: Float[Tensor, "n z"]) -> Float[Tensor, "n d"]:
        return z @ self.affine.T + self.w_avg


def _orthonormal(matrix: np.ndarray) -> np.ndarray:
    """Orthonormal columns by Gram-Schmidt, which are the same on every processor."""
    return qr(torch.from_numpy(matrix))[0].numpy()


def root_of_gram(cosine: float | Sequence[Sequence[float]], k: int, dim: int) -> np.ndarray:
    """The symmetric square root of the matrix of cosines: rows of norm 1 with these products, `[k, k]`."""
    gram = np.array(cosine, dtype=np.float64)
    if gram.ndim == 0:
        gram = np.full((k, k), float(gram)) + (1 - float(gram)) * np.eye(k)
    fits = gram.shape == (k, k) and np.allclose(gram, gram.T) and np.allclose(np.diag(gram), 1)
    if not fits or k > dim:
        raise SettingError(
            f"{k} attributes in {dim} dimensions need a symmetric {k} x {k} matrix of cosines with ones "
            f"on its diagonal and at least {k} dimensions; got a shape of {list(gram.shape)}"
        )
    values, vectors = np.linalg.eigh(gram)
    if values.min() < -1e-9:
        raise SettingError(
            f"no {k} vectors have these cosines ({cosine}); make them smaller or less negative"
        )
    return vectors * np.sqrt(values.clip(0)) @ vectors.T
