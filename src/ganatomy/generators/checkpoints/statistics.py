"""What the batch norms of a generator recorded in training, and how well what a reading of the weights gives agrees.

A batch norm records the mean and the variance of what it saw. Under the right reading of the weights it sees the same
again; under a wrong one it does not. Strides, activations, the prior and class inputs leave their trace so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.generators.base import PRIORS, UNIFORM, Prior, draw_rows
from ganatomy.generators.checkpoints.layouts import LayerWeights
from ganatomy.generators.class_inputs import ClassInput
from ganatomy.generators.guesses import Guess
from ganatomy.generators.stacks import StackLayer, activate

MOMENTUM = 0.1
"""Share of each batch in the running statistics, torch's default."""
PRIOR_MISFIT = 0.5
"""The worst fit of a norm that still tells the prior."""
WORST = 3.0
"""The most that one channel may count for: a channel that died says no more by being far off."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CodeModel:
    """What flows into the first layer: z from a prior, and classes where the generator takes them with it.

    Args:
        table: a row for each class, of the shape that `classes` says.
    """

    prior: Prior
    classes: ClassInput | None = None
    table: Float[Tensor, "classes d t t"] | None = None

    def draw(self, n: int, channels: int) -> Float[Tensor, "m c 1 1"]:
        """About n inputs with the moments that training saw."""
        beside = self.classes.added if self.classes else 0
        codes = representative_codes(n, channels - beside, self.prior)[:, :, None, None]
        if self.classes is None or self.table is None:
            return codes
        drawn = (
            torch.randperm(len(codes), generator=torch.Generator().manual_seed(0)) % self.classes.num_classes
        )
        labels = torch.nn.functional.one_hot(drawn, self.classes.num_classes).float()
        return self.classes.combine(codes, labels, self.table)


def representative_codes(n: int, z_dim: int, prior: Prior) -> Float[Tensor, "m z"]:
    """Codes that have exactly the mean and the variances of the prior, and no correlations where n is large enough.

    So a few of them show the moments that training saw in thousands.
    """
    symmetric: Prior = "normal" if prior == "normal" else "uniform"
    half = torch.from_numpy(draw_rows(n // 2, z_dim, seed=0, prior=symmetric)).double()
    if len(half) > z_dim:
        half = torch.linalg.solve_triangular(
            torch.linalg.cholesky(half.T @ half / len(half)).T, half, upper=True, left=False
        )
    half = half / half.square().mean(0).sqrt()
    if prior == "normal":
        return torch.cat([half, -half]).float()
    low, high = UNIFORM[prior]
    half = half * (high - low) / 12**0.5
    return (torch.cat([half, -half]) + (low + high) / 2).float()


def misfit(seen: Float[Tensor, "n c s t"], block: LayerWeights) -> float:
    """How far mean and variance of each channel are from those recorded: |log ratio| and squared distance.

    A norm starts from mean 0 and variance 1; the share that is left of these after few batches is taken off.
    """
    kept = (1 - MOMENTUM) ** block.batches if block.batches else 0.0
    mean = block.norm["running_mean"] / (1 - kept)
    variance = ((block.norm["running_var"] - kept) / (1 - kept)).clamp_min(1e-12)
    ratio = (seen.var((0, 2, 3)).clamp_min(1e-12) / variance).log().abs()
    shift = (seen.mean((0, 2, 3)) - mean).square() / variance
    return float((ratio + shift).clamp_max(WORST).mean())


def infer_prior(layers: Sequence[StackLayer], classes: ClassInput | None, table: Tensor | None) -> Guess:
    """The prior under which the first batch norm of a known stack sees what it recorded; normal where there is none."""
    misfits: dict[str, float] = {}
    for layer in layers:
        layer.eval()  # a norm that learns would take these codes for its own
    for prior in PRIORS:
        beside = classes if classes and classes.at == 0 else None
        model = CodeModel(prior=prior, classes=beside, table=None if beside is None else table)
        found = _first_misfit(model.draw(256, layers[0].layer.in_channels), layers, classes, table)
        if found is not None:
            misfits[prior] = found
    if not misfits:
        return Guess(what="prior", chosen="normal", option="prior", second="uniform")
    best, second = sorted(misfits, key=lambda prior: misfits[prior])[:2]
    if misfits[best] > PRIOR_MISFIT:
        note = "the batch norms fit no prior well"
        return Guess(what="prior", chosen="normal", option="prior", second="uniform", note=note)
    return Guess(
        what="prior", chosen=best, option="prior", second=second, margin=misfits[second] - misfits[best]
    )


@torch.no_grad()
def _first_misfit(
    x: Tensor, layers: Sequence[StackLayer], classes: ClassInput | None, table: Tensor | None
) -> float | None:
    for index, module in enumerate(layers):
        if classes and table is not None and classes.at == index > 0:
            labels = torch.eye(len(table))[torch.arange(len(x)) % len(table)]
            x = classes.combine(x, labels, table)
        seen = module.project(x)
        if module.norm is not None:
            norm = dict(module.norm.named_buffers())
            # Keras does not count batches.
            batches = int(norm.pop("num_batches_tracked")) or None
            block = LayerWeights(name="", weight=x, bias=None, norm=norm, batches=batches)
            if is_trained(block):
                return misfit(activate(seen, module.layer) if module.layer.activation_first else seen, block)
        x = module.finish(seen)
    return None


def fill(layer: StackLayer, block: LayerWeights) -> StackLayer:
    """Put the weights of a file into a layer, ready for use."""
    weights = {"weights.weight": block.weight, "weights.bias": block.bias}
    norm = {f"norm.{leaf}": tensor for leaf, tensor in block.norm.items()}
    layer.load_state_dict({k: v for k, v in (weights | norm).items() if v is not None}, strict=False)
    return layer.eval()


def is_trained(block: LayerWeights) -> bool:
    """Whether the batch norm has seen anything: a fresh one holds zeros and ones."""
    return bool(block.norm) and block.batches != 0 and not bool((block.norm["running_var"] == 1).all())
