"""Solve the copula: latent correlations and cuts under which the labels have the wanted prevalence and correlation."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from ganatomy.datasets.faces.factors import ATTRIBUTES
from ganatomy.datasets.faces.population import population, settle, threshold_for

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


def both_above(h: Matrix, k: Matrix, rho: Matrix) -> Matrix:
    """P(x > h, y > k) of two standard normals of correlation rho, elementwise.

    Plackett's identity, d/d rho P = the bivariate density, integrated over rho = sin(theta) by Gauss-Legendre.
    """
    nodes, weights = np.polynomial.legendre.leggauss(24)
    angle = np.arcsin(rho)
    total = np.zeros_like(rho)
    for node, weight in zip(nodes, weights, strict=True):
        theta = angle * (node + 1) / 2
        total += weight * np.exp(-(h**2 + k**2 - 2 * h * k * np.sin(theta)) / (2 * np.cos(theta) ** 2))
    return ndtr(-h) * ndtr(-k) + total * angle / (4 * np.pi)


def tetrachoric(prevalence: Vector, correlation: Matrix) -> Matrix:
    """Correlations of normals whose cuts correlate as given, each pair by bisection, kept within +-0.98."""
    cut = threshold_for(prevalence)
    h, k = np.meshgrid(cut, cut, indexing="ij")
    spread = np.sqrt(prevalence * (1 - prevalence))
    wanted = np.outer(prevalence, prevalence) + correlation * np.outer(spread, spread)
    low, high = np.full_like(correlation, -0.98), np.full_like(correlation, 0.98)
    for _ in range(40):
        middle = (low + high) / 2
        below = both_above(h, k, middle) < wanted
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    solved = (low + high) / 2
    np.fill_diagonal(solved, 1.0)
    return solved


def nearest_correlation(matrix: Matrix, *, floor: float = 4e-3, rounds: int = 200) -> Matrix:
    """Nearest correlation matrix (Higham 2002, alternating projections with Dykstra's correction)."""
    current, correction = matrix.copy(), np.zeros_like(matrix)
    for _ in range(rounds):
        shifted = current - correction
        values, vectors = np.linalg.eigh(shifted)
        positive = (vectors * values.clip(min=floor)) @ vectors.T
        correction = positive - shifted
        current = positive.copy()
        np.fill_diagonal(current, 1.0)
    values, vectors = np.linalg.eigh(current)
    current = (vectors * values.clip(min=floor)) @ vectors.T
    scale = 1 / np.sqrt(np.diag(current))
    return current * np.outer(scale, scale)


def solve(
    prevalence: Vector, correlation: Matrix, *, rows: int = 200_000, rounds: int = 25, seed: int = 0
) -> tuple[Vector, Vector, Matrix]:
    """Cuts of the entangled and of the independent population, and the latent correlations of the former.

    Starts from the tetrachoric correlations and corrects them, and the cuts, by what the labels of a simulated
    population miss after exclusions, since those change both.
    """
    noise = np.random.default_rng(seed).standard_normal((rows, len(prevalence)))
    wanted = tetrachoric(prevalence, correlation)
    independent = _fit_cuts(noise, prevalence)
    aim, cuts = wanted.copy(), threshold_for(prevalence)
    best = (np.inf, cuts, wanted)
    for _ in range(rounds):
        solved = nearest_correlation(aim)
        latent = noise @ np.linalg.cholesky(solved).T
        cuts = _fit_cuts(latent, prevalence, start=cuts)
        missed = correlation - np.corrcoef(settle(latent - cuts), rowvar=False)
        error = float(np.sqrt((missed**2).mean()))
        if error < best[0]:
            best = (error, cuts, solved)
        aim = np.clip(solved + 0.7 * missed, -0.98, 0.98)
        np.fill_diagonal(aim, 1.0)
    _, cuts, solved = best
    return cuts, independent, solved


def _fit_cuts(latent: Matrix, prevalence: Vector, *, start: Vector | None = None, rounds: int = 8) -> Vector:
    cuts = threshold_for(prevalence) if start is None else start
    slope = np.exp(-(cuts**2) / 2) / np.sqrt(2 * np.pi)
    for _ in range(rounds):
        share = settle(latent - cuts).mean(axis=0)
        cuts = cuts + 0.8 * (share - prevalence) / slope
    return cuts


def write_copula(path: str | os.PathLike[str]) -> None:
    """Solve the shipped population again and write its cuts and latent correlations: how `copula.csv` was made."""
    shipped = population()
    cuts, independent, solved = solve(shipped.prevalence, shipped.target)
    with Path(path).open("w", encoding="utf-8", newline="") as lines:
        table = csv.writer(lines, lineterminator="\n")
        table.writerow(["attribute", "cut", "cut_independent", *ATTRIBUTES])
        for name, cut, free, row in zip(ATTRIBUTES, cuts, independent, solved, strict=True):
            table.writerow([name, f"{cut:.4f}", f"{free:.4f}", *(f"{value:.5f}" for value in row)])
