"""The gradients of the scores of single images with respect to their codes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import CheckpointError, SettingError
from ganatomy.generators.base import Generator
from ganatomy.generators.batches import batches
from ganatomy.latents import Latents
from ganatomy.perception.base import Scorer, position
from ganatomy.progress import Advance
from ganatomy.storage import load_tensors, parsing, save_tensors
from ganatomy.workers.images import in_batches

FILE = "jacobians.safetensors"


@dataclass(frozen=True, kw_only=True, eq=False)
class Jacobians:
    """The derivatives of `a` logits with respect to the codes of `n` images.

    Args:
        logits: of the images themselves.
        gradients: of each logit, in each number of the code.
    """

    names: tuple[str, ...]
    logits: Float[Tensor, "n a"]
    gradients: Float[Tensor, "n a *shape"]

    def __len__(self) -> int:
        return len(self.logits)

    @property
    def probability_gradients(self) -> Float[Tensor, "n a *shape"]:
        """The gradients of the probabilities, `p (1 - p)` times those of the logits."""
        p = torch.sigmoid(self.logits)
        return self.gradients * (p * (1 - p)).reshape(*p.shape, *[1] * (self.gradients.ndim - 2))

    def select(self, names: Iterable[str]) -> Jacobians:
        """These attributes, in this order; raises UnknownNameError for one that is not there."""
        names = tuple(names)
        columns = [position(name, self.names) for name in names]
        return replace(
            self, names=names, logits=self.logits[:, columns], gradients=self.gradients[:, columns]
        )


def jacobians(
    generator: Generator,
    scorer: Scorer,
    latents: Latents,
    *,
    batch_size: int | None = None,
    progress: Advance | None = None,
) -> Jacobians:
    """The Jacobian of the scores of each of these codes: one backward pass for each attribute.

    Args:
        latents: two codes or more.
        progress: called with the number of codes done and of all.

    Raises:
        SettingError: for fewer than two codes, and where gradients do not flow through generator and scorer.
        SpaceError, FingerprintError: for codes of another space or generator.
    """
    if len(latents) < 2:
        raise SettingError(f"cannot differentiate {len(latents)} codes; give at least 2")
    work = partial(_differentiated, generator, scorer)
    found = in_batches(work, batches(generator, latents, batch_size), progress=progress)
    logits, gradients = (torch.cat(column) for column in zip(*found, strict=True))
    return Jacobians(names=tuple(scorer.names), logits=logits, gradients=gradients)


def gradients_flow(generator: Generator, scorer: Scorer, latents: Latents) -> bool:
    """Whether gradients flow from the scores of images to their codes, tested on the first code."""
    codes = latents[:1].codes.detach().clone().requires_grad_()
    try:
        return (
            scorer.num_rows is None
            and _logits(generator, scorer, latents[:1].with_codes(codes)).requires_grad
        )
    except (SettingError, CheckpointError):  # a graph that PyTorch does not run
        return False


def _differentiated(generator: Generator, scorer: Scorer, part: Latents) -> list[tuple[Tensor, Tensor]]:
    """The logits of a batch and their gradients, on the processor."""
    part = generator.place(part)
    codes = part.codes.detach().clone().requires_grad_()
    seen = _logits(generator, scorer, part.with_codes(codes))
    if not seen.requires_grad:
        raise SettingError(
            f"gradients do not flow from {scorer.description} to codes; use a scorer and a generator in PyTorch"
        )
    # Images of a batch do not depend on each other, so the gradient of a sum is the gradient of each.
    columns = [
        torch.autograd.grad(column.sum(), codes, retain_graph=True, materialize_grads=True)[0]
        for column in seen.unbind(1)
    ]
    return [(seen.detach().cpu(), torch.stack(columns, dim=1).cpu())]


@torch.enable_grad()
def _logits(generator: Generator, scorer: Scorer, latents: Latents) -> Float[Tensor, "n a"]:
    return scorer(generator(latents), latents=latents).logits


def write_jacobians(seen: Jacobians, folder: Path) -> None:
    """Write Jacobians into the folder of their survey; raises OutputError when it cannot be written."""
    tensors = {"logits": seen.logits, "gradients": seen.gradients}
    save_tensors("jacobians", tensors, {"names": seen.names}, folder / FILE)


def read_jacobians(folder: Path) -> Jacobians | None:
    """The Jacobians in the folder of a survey, None without; raises CheckpointError when they are damaged."""
    path = folder / FILE
    if not path.exists():
        return None
    tensors, facts = load_tensors("jacobians", path)
    with parsing(path):
        return Jacobians(
            names=tuple(facts["names"]), logits=tensors["logits"], gradients=tensors["gradients"]
        )
