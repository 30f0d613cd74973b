"""The linear map from codes to scores of Pham Van et al.: in closed form, or with their penalty by gradient descent."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.directions.base import Evidence, calibrate, read
from ganatomy.directions.moments import moments
from ganatomy.directions.threads import threads_for
from ganatomy.errors import SettingError, UnknownNameError
from ganatomy.latents import Directions
from ganatomy.surveys import Survey

FORMS = ("identity", "cosines")
TINY = 1e-12


def linear_map(
    survey: Survey,
    attributes: Iterable[str] | None = None,
    *,
    seed: int = 0,
    penalty: float = 0.0,
    form: str = "identity",
    num_steps: int = 1000,
    learning_rate: float = 0.03,
) -> Directions:
    """Rows of W in `y = z Wᵀ + b`, with y the probabilities ("Interpreting the Latent Space of GANs using Supervised
    Learning", eqs. 1 and 4): the least `J = MSE + penalty * ‖W Wᵀ - I‖` (Frobenius; one row of W for each attribute).

    The paper uses penalties 2 and 0. Its step is w_i; here, as everywhere, the step is the unit vector. Without the
    penalty the minimum is that of least squares, to which 2,000 steps of Adam converge. With it, J is minimised by Adam
    on the whole survey, in the principal axes of the codes, which do not change J; the learning rate falls to 0.

    Args:
        seed: of the split, and of the initial weights (uniform, as those of `torch.nn.Linear`).
        penalty: weight of the norm.
        form: "identity" is the paper's. "cosines" is the norm of the off-diagonal part of the matrix of cosines, which
            does not constrain the lengths of the rows.
        num_steps: of Adam, with the penalty.
        learning_rate: of Adam, with the penalty.

    Returns:
        One direction for each attribute.

    Raises:
        SettingError: for a negative penalty, fewer than one step, a learning rate that is not above 0.
        UnknownNameError: for another form, and see `directions.base.read`.
        ScoreError: see `directions.base.read`.

    Example::

        found = ga.linear_map(survey, penalty=2.0)
    """
    evidence = read(survey, attributes, seed=seed)
    fitted = fit_map(evidence, penalty=penalty, form=form, num_steps=num_steps, learning_rate=learning_rate)
    return calibrate(evidence, fitted.weights, method="penalty" if penalty else "linear")


@dataclass(frozen=True, kw_only=True)
class FittedMap:
    """W and b of `y = z Wᵀ + b`, from `Evidence.codes` to probabilities; rows are not normalised."""

    weights: Float[Tensor, "a d"]
    bias: Float[Tensor, " a"]

    def __call__(self, codes: Float[Tensor, "n d"]) -> Float[Tensor, "n a"]:
        return codes @ self.weights.T + self.bias


def fit_map(
    evidence: Evidence,
    *,
    penalty: float = 0.0,
    form: str = "identity",
    num_steps: int = 1000,
    learning_rate: float = 0.03,
) -> FittedMap:
    """The map itself, of which `linear_map` keeps the directions; settings and errors are the same."""
    if not penalty >= 0:
        raise SettingError(f"penalty is {penalty}; it must be 0 or more (the paper has 0 and 2)")
    if form not in FORMS:
        raise UnknownNameError("form of the penalty", form, FORMS)
    if num_steps < 1 or not learning_rate > 0:
        raise SettingError(
            f"{num_steps} steps at learning rate {learning_rate} fit nothing; both must be above 0"
        )
    probabilities = torch.sigmoid(evidence.logits)
    if not penalty:
        seen = moments(evidence.codes, probabilities)
        weights = seen.least_squares()
        bias = seen.mean_scores - weights @ seen.mean_codes
        return FittedMap(weights=weights.float(), bias=bias.float())
    task = regression_task(evidence.codes, probabilities)
    gradient = gradient_of_loss(task, penalty=penalty, form=form)
    with threads_for(task.cross.numel()):
        start = initial(task, seed=evidence.seed)
        found = adam(gradient, start, num_steps=num_steps, learning_rate=learning_rate)
    return FittedMap(weights=found[:, :-1] @ task.axes.T, bias=found[:, -1])


@dataclass(frozen=True, kw_only=True)
class RegressionTask:
    """The moments that the squared error of a linear map depends on, in the principal axes of the codes (`axes`)."""

    axes: Float[Tensor, "d r"]
    variances: Float[Tensor, " r"]
    mean_codes: Float[Tensor, " r"]
    cross: Float[Tensor, "a r"]
    mean_scores: Float[Tensor, " a"]


def regression_task(codes: Float[Tensor, "n d"], scores: Float[Tensor, "n a"]) -> RegressionTask:
    """The second moments of codes and scores, in the principal axes of the codes."""
    seen = moments(codes, scores)
    axes = seen.spectrum.axes
    return RegressionTask(
        axes=axes.float(),
        variances=seen.spectrum.variances.float(),
        mean_codes=(seen.mean_codes @ axes).float(),
        cross=(seen.cross.T @ axes).float(),
        mean_scores=seen.mean_scores.float(),
    )


def gradient_of_loss(
    task: RegressionTask, *, penalty: float, form: str = "identity"
) -> Callable[[Tensor], Tensor]:
    """The gradient of J as a function of `[W | b]`, from the second moments of all codes and scores.

    With S the (diagonal) covariance of codes, D that of scores and codes, and `r = W mean(z) + b - mean(y)`, the error
    is `tr(W S Wᵀ) - 2 tr(W Dᵀ) + tr(Cov(y)) + |r|²` over the number of scores, so its gradient in W is twice
    `W S - D + r mean(z)ᵀ`, and a step costs the same for 3,000 codes and for a million.
    """
    num_scores = len(task.cross)
    identity = torch.eye(num_scores)

    def gradient(parameters: Tensor) -> Tensor:
        weights, bias = parameters[:, :-1], parameters[:, -1]
        rest = weights @ task.mean_codes + bias - task.mean_scores
        downhill = (weights * task.variances - task.cross).addr_(rest, task.mean_codes).mul_(2 / num_scores)
        if penalty and form == "identity":
            excess = weights @ weights.T - identity
            downhill.addmm_(excess, weights, alpha=2 * penalty / max(float(excess.norm()), TINY))
        elif penalty:
            norms = torch.linalg.vector_norm(weights, dim=1, keepdim=True)
            rows = weights / norms
            excess = rows @ rows.T * (1 - identity)
            pull = excess @ rows * (2 * penalty / max(float(excess.norm()), TINY))
            downhill += (pull - (pull * rows).sum(1, keepdim=True) * rows) / norms
        return torch.cat([downhill, rest[:, None] * (2 / num_scores)], dim=1)

    return gradient


def initial(task: RegressionTask, *, seed: int) -> Float[Tensor, "a _"]:
    """Initial weights, and in the last column the bias: uniform within ± 1 / sqrt(r)."""
    num_attributes, dim = task.cross.shape
    start = np.random.default_rng(seed).uniform(-1, 1, (num_attributes, dim + 1)) / dim**0.5
    return torch.from_numpy(start).float()


def adam(
    gradient_at: Callable[[Tensor], Tensor],
    parameters: Float[Tensor, "*shape"],
    *,
    num_steps: int,
    learning_rate: float,
    betas: tuple[float, float] = (0.9, 0.999),
    epsilon: float = 1e-8,
) -> Float[Tensor, "*shape"]:
    """The parameters after Adam (Kingma and Ba 2015), whose learning rate falls to 0 along a cosine.

    `torch.optim.Adam` takes the same steps (a test compares them), but its first step imports PyTorch's compiler, which
    takes longer than all the steps here.
    """
    parameters = parameters.clone()
    mean, square = torch.zeros_like(parameters), torch.zeros_like(parameters)
    for step in range(num_steps):
        gradient = gradient_at(parameters)
        mean.lerp_(gradient, 1 - betas[0])
        square.lerp_(gradient.square(), 1 - betas[1])
        size = (square / (1 - betas[1] ** (step + 1))).sqrt_().add_(epsilon)
        rate = learning_rate * (1 + math.cos(math.pi * step / num_steps)) / 2
        parameters.addcdiv_(mean, size, value=-rate / (1 - betas[0] ** (step + 1)))
    return parameters
