"""The path of λ: what the penalty does to the fit, to the directions and to edits as its weight grows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from ganatomy.directions.base import calibrate
from ganatomy.directions.evidence import read
from ganatomy.directions.linear_map import FORMS, fit_map
from ganatomy.experiments.compare.budget import Budget
from ganatomy.metrics import Entanglement, FreshImages, mean_abs_cosine, measure_steps
from ganatomy.progress import Advance
from ganatomy.statistics.intervals import Estimate, mean_of

PATH = (0.001, 0.01, 0.1, 0.5, 2.0, 10.0)
"""Weights of the penalty; the paper has 2, and says that others do as well."""
NUM_IMAGES, NUM_EDITED = 24, 4
"""Images, and attributes, that are edited at each point: there are many."""
FIGURES = ("penalty", "form", "error", "norm", "cosine", "auc", "selectivity")
"""What programs are given of a `Fit`."""


@dataclass(frozen=True, kw_only=True)
class Fit:
    """One point of the path.

    Args:
        penalty: λ.
        form: of the penalty, as in `directions.linear_map`; without penalty both forms are the same.
        error: mean squared error of the predicted probabilities, on held-out codes.
        norm: mean length of the rows of W.
        cosine: mean |cosine| of the directions.
        auc: held-out, mean of the attributes that some held-out images have and some lack.
        changes: what edits along the first directions changed.
    """

    penalty: float
    form: str
    error: Estimate
    norm: float
    cosine: float
    auc: float
    changes: Entanglement

    @property
    def selectivity(self) -> Estimate:
        return self.changes.selectivity().mean


def follow(
    budget: Budget,
    images: FreshImages,
    edited: Sequence[str],
    *,
    path: Sequence[float],
    change: float,
    advance: Advance,
) -> tuple[Fit, ...]:
    """The fit without penalty, then those of each form with it, from the smallest λ to the largest."""
    evidence = read(budget.survey, budget.names, seed=budget.seed)
    held_codes = torch.cat([piece.held_codes for piece in evidence.pieces()])
    truth = budget.held.scores.probabilities.cpu()
    few = images.first(NUM_IMAGES)
    points = [(0.0, FORMS[0]), *((penalty, form) for form in FORMS for penalty in sorted(path))]
    fits = []
    for penalty, form in points:
        advance(len(fits), len(points))
        fitted = fit_map(evidence, penalty=penalty, form=form)
        found = calibrate(evidence, fitted.weights, method="penalty" if penalty else "linear")
        errors = (fitted(held_codes) - truth).square().mean(1)
        fits.append(
            Fit(
                penalty=penalty,
                form=form,
                error=mean_of(errors, seed=budget.seed),
                norm=float(torch.linalg.vector_norm(fitted.weights, dim=1).mean()),
                cosine=mean_abs_cosine(found),
                # Of an attribute that all held-out codes have, or none, there is no AUC.
                auc=float(torch.tensor([direction.auc for direction in found]).nanmean()),
                changes=measure_steps(few, found.select(edited[:NUM_EDITED]), target_change=change),
            )
        )
    advance(len(points), len(points))
    return tuple(fits)
