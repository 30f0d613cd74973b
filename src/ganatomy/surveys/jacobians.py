"""How the scores of single images answer to their codes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from jaxtyping import Float
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from ganatomy.errors import CheckpointError, SettingError
from ganatomy.generators.base import Generator, batches
from ganatomy.latents import Latents
from ganatomy.perception.base import Scorer, position
from ganatomy.storage import written_whole

FILE = "jacobians.safetensors"


@dataclass(frozen=True, kw_only=True, eq=False)
class Jacobians:
    """The derivatives of `a` logits with respect to the codes of `n` images.

    Args:
        logits: of the images themselves. slopes: logits per unit distance along each number of the code.
    """

    names: tuple[str, ...]
    logits: Float[Tensor, "n a"]
    slopes: Float[Tensor, "n a *shape"]

    def __len__(self) -> int:
        return len(self.logits)

    @property
    def probability_slopes(self) -> Float[Tensor, "n a *shape"]:
        """Probability per unit distance, `p (1 - p)` times the slope of the logit."""
        p = torch.sigmoid(self.logits)
        return self.slopes * (p * (1 - p)).reshape(*p.shape, *[1] * (self.slopes.ndim - 2))

    def select(self, names: Iterable[str]) -> Jacobians:
        """These attributes, in this order; raises UnknownNameError for one that is not there."""
        names = tuple(names)
        columns = [position(name, self.names) for name in names]
        return replace(self, names=names, logits=self.logits[:, columns], slopes=self.slopes[:, columns])


def jacobians(
    generator: Generator,
    scorer: Scorer,
    latents: Latents,
    *,
    batch_size: int = 16,
    progress: Callable[[int, int], None] | None = None,
) -> Jacobians:
    """The Jacobian of the scores of each of these codes: one backward pass for each attribute.

    Args:
        progress: called with the codes done and all of them.

    Raises:
        SettingError: for fewer than two codes, and where gradients do not flow through generator and scorer.
        SpaceError, FingerprintError: for codes of another space or generator.
    """
    if len(latents) < 2 or batch_size < 1:
        raise SettingError(
            f"cannot differentiate {len(latents)} codes in batches of {batch_size}; give 2 and 1 or more"
        )
    logits, slopes = [], []
    for part in batches(latents, batch_size):
        codes = part.codes.detach().clone().requires_grad_()
        seen = _logits(generator, scorer, part.with_codes(codes))
        if not seen.requires_grad:
            raise SettingError(
                f"gradients do not flow from {scorer.description} to codes; use a scorer and a generator in PyTorch"
            )
        # Images of a batch do not know of each other, so the gradient of a sum is the gradient of each.
        columns = [
            torch.autograd.grad(column.sum(), codes, retain_graph=True, materialize_grads=True)[0]
            for column in seen.unbind(1)
        ]
        logits.append(seen.detach())
        slopes.append(torch.stack(columns, dim=1))
        if progress:
            progress(sum(map(len, logits)), len(latents))
    return Jacobians(
        names=tuple(scorer.names), logits=torch.cat(logits).cpu(), slopes=torch.cat(slopes).cpu()
    )


def gradients_flow(generator: Generator, scorer: Scorer, latents: Latents) -> bool:
    """Whether the scores of images are known to depend on their codes, judged by the first of these."""
    codes = latents[:1].codes.detach().clone().requires_grad_()
    return scorer.num_rows is None and _logits(generator, scorer, latents[:1].with_codes(codes)).requires_grad


@torch.enable_grad()
def _logits(generator: Generator, scorer: Scorer, latents: Latents) -> Float[Tensor, "n a"]:
    return scorer(generator(latents), latents=latents).logits


def write_jacobians(seen: Jacobians, folder: Path) -> None:
    """Keep Jacobians in the folder of their survey; raises OutputError when it cannot be written."""
    tensors = {"logits": seen.logits.contiguous(), "slopes": seen.slopes.contiguous()}
    with written_whole(folder / FILE) as part:
        part.write_bytes(save(tensors, {"names": json.dumps(seen.names)}))


def read_jacobians(folder: Path) -> Jacobians | None:
    """The Jacobians in the folder of a survey, if there are any; raises CheckpointError when they are damaged."""
    path = folder / FILE
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            names = json.loads(file.metadata()["names"])
            return Jacobians(
                names=tuple(names), logits=file.get_tensor("logits"), slopes=file.get_tensor("slopes")
            )
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path} is damaged ({error}); remove it, and differentiate again") from None
