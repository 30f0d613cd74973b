"""The path of λ: what the penalty does to the fit, to the directions and to edits as its weight grows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch

from ganatomy.directions.base import HELD_OUT, calibrate, read
from ganatomy.directions.linear_map import FORMS, fit_map
from ganatomy.experiments.compare.judge import Judge
from ganatomy.latents import Directions
from ganatomy.metrics import Entanglement, entanglement, mean_abs_cosine
from ganatomy.statistics.intervals import Estimate, mean_of
from ganatomy.surveys import Survey

PATH = (0.001, 0.01, 0.1, 0.5, 2.0, 10.0)
"""Weights of the penalty; the paper has 2, and says that others do as well."""
NUM_IMAGES, NUM_EDITED = 24, 4
"""Images, and attributes, that are edited at each point: there are many."""


@dataclass(frozen=True, kw_only=True)
class Fit:
    """One point of the path.

    Args:
        penalty: λ. form: of the penalty, as in `directions.linear_map`; without one both forms are the same.
        error: mean squared error of the predicted probabilities, on held-out codes.
        norm: mean length of the rows of W. cosine: mean |cosine| of the directions. auc: held-out, mean.
        changes: what edits along the first directions did.
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
    seen: Survey,
    names: Sequence[str],
    edited: Sequence[str],
    judge: Judge,
    *,
    path: Sequence[float],
    change: float,
    seed: int,
    progress: Callable[[int, int], None],
) -> tuple[Fit, ...]:
    """The fit without penalty, then those of each form with it, from the smallest λ to the largest."""
    evidence = read(seen, names, seed=seed)
    truth = seen.split(HELD_OUT, seed=seed)[1].scores.select(names).probabilities.cpu()
    few = replace(judge, n=min(judge.n, NUM_IMAGES))
    points = [(0.0, FORMS[0]), *((penalty, form) for form in FORMS for penalty in sorted(path) if penalty)]
    fits = []
    for penalty, form in points:
        progress(len(fits), len(points))
        fitted = fit_map(evidence, penalty=penalty, form=form)
        found: Directions = calibrate(evidence, fitted.weights, method="penalty" if penalty else "linear")
        errors = (fitted(evidence.held_codes) - truth).square().mean(1)
        fits.append(
            Fit(
                penalty=penalty,
                form=form,
                error=mean_of(errors, seed=seed),
                norm=float(torch.linalg.vector_norm(fitted.weights, dim=1).mean()),
                cosine=mean_abs_cosine(found),
                auc=sum(direction.auc for direction in found) / len(found),
                changes=entanglement(
                    few.generator,
                    few.scorer,
                    found.select(edited[:NUM_EDITED]),
                    n=few.n,
                    seed=few.seed,
                    target_change=change,
                    num_calibration=few.n,
                    truncation_psi=few.truncation_psi,
                    batch_size=few.batch_size,
                ),
            )
        )
    progress(len(points), len(points))
    return tuple(fits)
