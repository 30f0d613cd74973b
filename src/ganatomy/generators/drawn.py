"""A generator whose truth is exact: codes become the factors that a portrait is drawn from, by a map that is known."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any, Self

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.datasets.faces import ATTRIBUTES, FACTOR_INDEX, FACTORS, draw_faces
from ganatomy.datasets.faces.canvas import FADE
from ganatomy.datasets.faces.copula import nearest_correlation, tetrachoric
from ganatomy.datasets.faces.factors import READINGS
from ganatomy.datasets.faces.population import HAIR_LENGTH_GIVEN_MALE, population, threshold_for
from ganatomy.errors import SettingError, SpaceError, UnknownNameError
from ganatomy.generators.base import Generator, Signature
from ganatomy.latents import Direction, Directions, Latents, Space

MAPS: Mapping[str, str] = {
    "linear": "w is a linear map of z, and logits are linear in w",
    "warped": "z is bent on the way to w; logits are linear in w",
    "folded": "as linear, but some attributes show at both ends of their axis of w, and not between",
}
"""What can stand between z and the factors; the population is the same in all."""
POPULATIONS: Mapping[str, str] = {
    "entangled": "attributes go together as in CelebA",
    "independent": "every factor is independent of all others",
}
SIZES = (32, 2048)
"""Pixels a side of the smallest and of the largest image."""

SLOPE = 6.0
"""Logits per unit of w; a unit is a standard deviation."""
BEND = 0.5
"""Of a warped map, in radians: the standard deviation of the angle by which a pair of numbers is turned."""
FOLDED = (
    "Bangs", "Big_Nose", "Eyeglasses", "Heavy_Makeup", "Male", "Mouth_Slightly_Open", "Smiling", "Wavy_Hair",
)  # fmt: skip
"""Attributes that a folded map shows at both ends of their axis."""
WHOLE = ("cheek_fullness", "face_ovalness", "masculinity")
"""Factors that change images all the way from 0 to 1; those of all other attributes do within `FADE`."""


class DrawnGenerator(Generator):
    """Drawn portraits as a generator with exact truth, for images, attributes and factors of every code, edited or not.

    z ~ N(0, I) becomes w = L t(z), where L Lᵀ is the correlation of the population and t keeps N(0, I): the identity,
    or for a warped map a rotation of pairs of numbers by an angle that depends on their length. So w ~ N(0, L Lᵀ) in
    every case. Each coordinate of w is one factor, in the order of `FACTORS`. An attribute has

        logit = SLOPE (w_k - cut),  folded: SLOPE (w_k² - cut²) / √2,

    with the cut that gives it the prevalence of the drawn population. Its factor is the sigmoid of the logit, on the
    range within which it changes images, so that gradients reach it everywhere; all other factors are uniform, the
    normal distribution function of w on their range. Nothing excludes anything: a bald head may wear bangs.

    Args:
        map: one of `MAPS`: "linear", "warped" or "folded".
        population: "entangled", whose attributes go together as in CelebA, or "independent".
        resolution: pixels a side; codes, fingerprint and truth are the same at all.

    Raises:
        UnknownNameError: for another map or population.
        SettingError: for a resolution outside 32 to 2,048.

    Example:
        >>> import ganatomy as ga
        >>> drawn = ga.DrawnGenerator(map="folded", resolution=32)
        >>> drawn(drawn.sample(2, seed=1)).shape
        torch.Size([2, 3, 32, 32])
    """

    root: Tensor
    cuts: Tensor
    folded: Tensor
    bend: Tensor
    low: Tensor
    high: Tensor
    attributes = ATTRIBUTES
    factors = tuple(factor.name for factor in FACTORS)

    def __init__(
        self,
        *,
        map: str = "linear",  # noqa: A002 (the word of the setting)
        population: str = "entangled",
        resolution: int = 64,
    ) -> None:
        for kind, word, known in (("map", map, MAPS), ("population", population, POPULATIONS)):
            if word not in known:
                raise UnknownNameError(kind, word, known)
        if not SIZES[0] <= resolution <= SIZES[1]:
            raise SettingError(
                f"drawn faces have {SIZES[0]} to {SIZES[1]} pixels a side, not {resolution}; choose another resolution"
            )
        dim = len(FACTORS)
        super().__init__(
            Signature(
                architecture="Drawn",
                z_dim=dim,
                w_dim=dim,
                resolution=resolution,
                channels=3,
                spaces=(Space.Z, Space.W),
            )
        )
        self._settings = {"map": map, "population": population, "resolution": resolution}
        folded = np.isin(ATTRIBUTES, FOLDED if map == "folded" else ())
        for name, array in {
            "root": _root() if population == "entangled" else np.eye(dim),
            "cuts": _cuts(folded),
            "folded": folded,
            "bend": np.array(BEND if map == "warped" else 0.0),
        }.items():
            self.register_buffer(name, torch.from_numpy(np.asarray(array)).float())
        for name, column in zip(("low", "high"), _ranges().T, strict=True):
            self.register_buffer(name, torch.from_numpy(column.copy()).float(), persistent=False)

    @property
    def settings(self) -> dict[str, Any]:
        return self._settings

    @classmethod
    def restore(cls, settings: Mapping[str, Any]) -> Self:
        """The generator of the settings that a file records."""
        return cls(**settings)

    @classmethod
    def parse(cls, text: str, *, resolution: int | None = None) -> Self:
        """The generator of settings in words, as they follow the name: `folded`, `independent` or both, with a comma.

        Raises:
            UnknownNameError: for a word that is neither a map nor a population.
            SettingError: for two maps or two populations.
        """
        settings: dict[str, Any] = {} if resolution is None else {"resolution": resolution}
        for word in filter(None, (part.strip() for part in text.split(","))):
            if word not in (*MAPS, *POPULATIONS):
                raise UnknownNameError("setting of drawn", word, (*MAPS, *POPULATIONS))
            name = "map" if word in MAPS else "population"
            if settings.setdefault(name, word) != word:
                raise SettingError(f"drawn has one {name}, not both {settings[name]} and {word}; name one")
        return cls(**settings)

    @property
    def _warped(self) -> bool:
        return self._settings["map"] == "warped"

    def map_codes(
        self, latents: Latents, to: Space, *, truncation_psi: float, truncation_cutoff: int | None
    ) -> Latents:
        if truncation_cutoff is not None:
            raise SettingError(
                "drawn faces have no layers that could be truncated apart; leave out truncation_cutoff"
            )
        return replace(latents, codes=truncation_psi * self._to_w(latents), space=Space.W)

    def synthesize(self, latents: Latents) -> Float[Tensor, "n 3 r r"]:
        """The portraits of these codes."""
        images = draw_faces(self.read_factors(latents), resolution=self.signature.resolution)
        return images.to(latents.codes.dtype)

    def read(self, latents: Latents) -> Float[Tensor, "n k"]:
        """The exact logits of these codes, in z or w, one column for each attribute; gradients flow.

        Raises:
            SpaceError, FingerprintError: for codes of another space or generator.
        """
        w = self._to_w(latents)[:, : len(ATTRIBUTES)]
        return SLOPE * torch.where(
            self.folded > 0, (w.square() - self.cuts.square()) / math.sqrt(2), w - self.cuts
        )

    def read_factors(self, latents: Latents) -> Float[Tensor, "n f"]:
        """The exact factors of these codes, in the order of `factors` and in the units of the renderer.

        Raises:
            SpaceError, FingerprintError: for codes of another space or generator.
        """
        w = replace(latents, codes=self._to_w(latents), space=Space.W)
        rest = torch.special.ndtr(w.codes[:, len(ATTRIBUTES) :])
        return self.low + (self.high - self.low) * torch.cat([torch.sigmoid(self.read(w)), rest], dim=1)

    def factor_scales(self) -> tuple[Float[Tensor, " f"], Float[Tensor, " f"]]:
        """Mean and standard deviation of each factor in the population, by integration over its normal density."""
        grid = torch.linspace(-8, 8, 4001, dtype=torch.float64, device=self.device)
        density = torch.exp(-grid.square() / 2) / math.sqrt(2 * math.pi) * (grid[1] - grid[0])
        codes = grid.to(self.dtype)[:, None].expand(-1, len(FACTORS))
        values = self.read_factors(Latents(codes=codes, space=Space.W)).double()
        mean = density @ values
        return mean, (density @ (values - mean).square()).sqrt()

    @property
    def truth(self) -> Directions:
        """The exact directions in w."""
        return self.truth_in("w")

    def truth_in(self, space: str) -> Directions:
        """The exact directions of all attributes whose logits are linear in a space, with their exact scales.

        Args:
            space: "w", or "z" for a map that is not warped.

        Raises:
            SpaceError: for a space that it does not have, and for z where the map is warped.
        """
        space = Space.parse(space)
        if space not in self.signature.spaces or (space is Space.Z and self._warped):
            raise SpaceError(f"no logit of {self._settings['map']} drawn faces is linear in {space}; take w")
        found = []
        for index, name in enumerate(ATTRIBUTES):
            if self.folded[index]:
                continue
            normal, cut = self.root[index], float(self.cuts[index])
            length = float(normal.norm())
            if space is Space.W:
                vector, slope, sigma = torch.eye(len(normal))[index], SLOPE, length
            else:
                vector, slope, sigma = normal.cpu() / length, SLOPE * length, 1.0
            found.append(
                Direction(
                    name=name,
                    vector=vector,
                    space=space,
                    intercept=-SLOPE * cut,
                    sigma=sigma,
                    slope=slope,
                    method="truth",
                    fingerprint=self.fingerprint,
                )
            )
        return Directions(found)

    def _to_w(self, latents: Latents) -> Float[Tensor, "n d"]:
        self._check(latents)
        if latents.space is Space.W:
            return latents.codes
        if latents.space is not Space.Z:
            raise SpaceError(f"drawn faces have no space {latents.space}, only z, w")
        codes = _twisted(latents.codes, self.bend) if self._warped else latents.codes
        return codes @ self.root.T


def _twisted(z: Float[Tensor, "n d"], bend: Tensor) -> Float[Tensor, "n d"]:
    """Each pair of numbers turned by an angle that depends on its length, twice, with other pairs the second time.

    A rotation keeps lengths, so its Jacobian has determinant 1 and N(0, I) stays N(0, I). Half the squared length is
    exponential with mean and standard deviation 1, so the angle has mean 0 and standard deviation `bend`.
    """
    for shift in (0, 1):
        x, y = z.roll(shift, dims=1).unflatten(1, (-1, 2)).unbind(2)
        angle = bend * ((x.square() + y.square()) / 2 - 1)
        cos, sin = torch.cos(angle), torch.sin(angle)
        z = torch.stack([x * cos - y * sin, x * sin + y * cos], dim=2).flatten(1).roll(-shift, dims=1)
    return z


def _ranges() -> np.ndarray:
    """Factors of the logits -infinity and +infinity; of those that are no attribute, their bounds; `[f, 2]`."""
    ends = {factor.name: (factor.low, factor.high) for factor in FACTORS}
    for reading in READINGS:
        absent, present = (0.0, 1.0) if reading.factor in WHOLE else FADE
        ends[reading.factor] = (present, absent) if reading.inverted else (absent, present)
    return np.array([ends[factor.name] for factor in FACTORS])


@cache
def _root() -> np.ndarray:
    """L of the entangled population, `[f, f]`; rounded, so that it is the same on every processor.

    `copula.csv` is solved for labels after exclusions; there are none here, so tetrachoric correlations serve.
    """
    shipped, count = population(), len(ATTRIBUTES)
    solved = nearest_correlation(tetrachoric(shipped.prevalence, shipped.target))
    root = np.eye(len(FACTORS))
    root[:count, :count] = np.linalg.cholesky(solved)
    length, rho = FACTOR_INDEX["hair_length"], HAIR_LENGTH_GIVEN_MALE
    root[length] = rho * root[ATTRIBUTES.index("Male")]
    root[length, length] = math.sqrt(1 - rho**2)
    return root.round(6)


def _cuts(folded: np.ndarray) -> np.ndarray:
    """Where an attribute begins along its axis; a folded one begins there on both sides."""
    prevalence = population().prevalence
    return threshold_for(np.where(folded, prevalence / 2, prevalence)).round(6)
