"""Who is drawn: a Gaussian copula whose binary attributes correlate as CelebA's labels do, or not at all."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from ganatomy.datasets.faces.factors import (
    ATTRIBUTES,
    FACTOR_INDEX,
    FACTORS,
    MARGIN,
    READINGS,
    THRESHOLD,
    Faces,
)
from ganatomy.errors import SettingError

BLOCK = 256
"""Rows that share one random generator: row i of a seed is the same however many rows are asked for."""

EXCLUSIONS: tuple[tuple[str, str], ...] = (
    ("Wearing_Hat", "Bald"),
    ("Wearing_Hat", "Receding_Hairline"),
    ("Bald", "Receding_Hairline"),
    ("Bald", "Bangs"),
    ("Bald", "Straight_Hair"),
    ("Bald", "Wavy_Hair"),
    ("Receding_Hairline", "Bangs"),
    ("Straight_Hair", "Wavy_Hair"),
    ("Gray_Hair", "Blond_Hair"),
    ("Gray_Hair", "Black_Hair"),
    ("Gray_Hair", "Brown_Hair"),
    ("Blond_Hair", "Black_Hair"),
    ("Blond_Hair", "Brown_Hair"),
    ("Black_Hair", "Brown_Hair"),
    ("No_Beard", "Goatee"),
    ("No_Beard", "Mustache"),
    ("No_Beard", "Sideburns"),
)
"""What cannot be seen together: the first of a pair, where both are drawn, takes the second away."""

HAIR_LENGTH_GIVEN_MALE = -0.85
"""Correlation of the normals behind `hair_length` and Male, in the entangled population."""


@dataclass(frozen=True, kw_only=True)
class Population:
    """The shipped figures: prevalences, label correlations, and the copula solved for them."""

    celeba: NDArray[np.float64]
    """Prevalence of each attribute in CelebA."""
    prevalence: NDArray[np.float64]
    """Prevalence in the drawn population: rare attributes are raised, since a small GAN drops rare modes."""
    target: NDArray[np.float64]
    """Correlations of CelebA's labels, [a, a]."""
    thresholds: dict[bool, NDArray[np.float64]]
    """Where the normals are cut, for the entangled (True) and the independent population."""
    root: NDArray[np.float64]
    """Lower root of the correlation matrix of the normals, [a, a]."""


def read_table(name: str) -> tuple[list[str], list[str], NDArray[np.float64]]:
    """Columns, row names and numbers of one of the tables of this package."""
    text = (files("ganatomy.datasets.faces") / name).read_text(encoding="utf-8")
    head, *rows = csv.reader(text.splitlines())
    return head[1:], [row[0] for row in rows], np.array([[float(cell) for cell in row[1:]] for row in rows])


@cache
def population() -> Population:
    """The population that the package ships (`population.csv` and the copula solved from it, `copula.csv`)."""
    _, names, wanted = read_table("population.csv")
    _, _, solved = read_table("copula.csv")
    assert tuple(names) == ATTRIBUTES, "population.csv and the table of attributes name different ones"
    return Population(
        celeba=wanted[:, 0],
        prevalence=wanted[:, 1],
        target=wanted[:, 2:],
        thresholds={True: solved[:, 0], False: solved[:, 1]},
        root=np.linalg.cholesky(solved[:, 2:]).astype(np.float64),
    )


def settle(exceedance: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Attributes of rows of normals (minus their thresholds), after what excludes each other was sorted out."""
    present = exceedance > 0
    for first, second in EXCLUSIONS:
        present[:, ATTRIBUTES.index(second)] &= ~present[:, ATTRIBUTES.index(first)]
    return present


def sample_faces(n: int, *, seed: int, entangled: bool = True, start: int = 0) -> Faces:
    """Rows `start` to `start + n` of the people that a seed draws.

    With `entangled`, labels correlate as CelebA's do; without, the marginals are the same and every correlation
    is off but those of attributes that exclude each other (a bald head has no bangs): the truth of an intervention.

    Raises:
        SettingError: when `n`, `seed` or `start` is negative.
    """
    if n < 0 or seed < 0 or start < 0:
        raise SettingError(f"n, seed and start are counted from 0 up, not n={n}, seed={seed}, start={start}")
    first, last = start // BLOCK, -(-(start + n) // BLOCK)
    blocks = [_draw_block(seed, block, entangled) for block in range(first, last)]
    rows = np.concatenate(blocks) if blocks else np.empty((0, len(FACTORS)), dtype=np.float32)
    offset = start - first * BLOCK
    return Faces(factors=torch.from_numpy(rows[offset : offset + n].copy()))


def _draw_block(seed: int, block: int, entangled: bool) -> NDArray[np.float32]:
    shipped = population()
    normals = np.random.default_rng((seed, block)).standard_normal((BLOCK, len(FACTORS)))
    num_attributes = len(ATTRIBUTES)
    latent, rest = normals[:, :num_attributes], normals[:, num_attributes:]
    if entangled:
        latent = latent @ shipped.root.T
        length, rho = FACTOR_INDEX["hair_length"] - num_attributes, HAIR_LENGTH_GIVEN_MALE
        rest[:, length] = rho * latent[:, ATTRIBUTES.index("Male")] + np.sqrt(1 - rho**2) * rest[:, length]
    thresholds = shipped.thresholds[entangled]
    present = settle(latent - thresholds)

    # Where the row stands within its half, as a quantile, so that the strength of an attribute follows the copula.
    quantile, absent_share = ndtr(latent), ndtr(thresholds)
    above = (quantile - absent_share) / (1 - absent_share)
    below = np.where(latent > thresholds, quantile, quantile / absent_share)
    width = THRESHOLD - MARGIN
    strength = np.where(present, 1 - width + width * above, width * below)
    inverted = np.array([reading.inverted for reading in READINGS])
    strength = np.where(inverted, 1 - strength, strength)

    low = np.array([factor.low for factor in FACTORS[num_attributes:]])
    high = np.array([factor.high for factor in FACTORS[num_attributes:]])
    return np.concatenate([strength, low + (high - low) * ndtr(rest)], axis=1).astype(np.float32)


def threshold_for(prevalence: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where a standard normal is cut so that this share lies above."""
    return ndtri(1 - prevalence)
