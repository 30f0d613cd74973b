"""The gradients of the scores of single images with respect to their codes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ganatomy.errors import CheckpointError, SettingError
from ganatomy.generators.base import Generator
from ganatomy.generators.batches import images_at_once
from ganatomy.latents import Latents
from ganatomy.perception.base import Scorer, position
from ganatomy.progress import Advance
from ganatomy.storage import load_tensors, parsing, save_tensors
from ganatomy.workers.executors import workers
from ganatomy.workers.images import read_images

FILE = "jacobians.safetensors"

FLAT = 0.01
"""A probability p changes by p (1 - p) times what its logit changes by. An attribute of which this factor is smaller is
decided in an image: of `faces` half of all pairs are, and they hold .0004 of the squared gradients of probabilities."""

FEWEST = 32
"""Images in which each attribute is differentiated in any case, those in which it is least decided."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Jacobians:
    """The derivatives of `a` logits with respect to the codes of `n` images.

    Args:
        logits: of the images themselves.
        gradients: of each logit, in each number of the code; nan where it was not computed, because the attribute is
            decided in the image (`FLAT`).
    """

    names: tuple[str, ...]
    logits: Float[Tensor, "n a"]
    gradients: Float[Tensor, "n a *shape"]

    def __len__(self) -> int:
        return len(self.logits)

    @property
    def probability_gradients(self) -> Float[Tensor, "n a *shape"]:
        """The gradients of the probabilities, `p (1 - p)` times those of the logits; 0 where these are unknown."""
        factor = slope_of_probability(self.logits)
        return self.gradients.nan_to_num(0) * factor.reshape(*factor.shape, *[1] * (self.gradients.ndim - 2))

    @property
    def known(self) -> Bool[Tensor, "n a"]:
        """Which gradients were computed."""
        return ~self.gradients.flatten(2)[:, :, 0].isnan()

    @property
    def mean_gradients(self) -> Float[Tensor, "a *shape"]:
        """The mean gradient of each logit, over the images in which it is known."""
        return self.gradients.nanmean(0)

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
    decided: bool = False,
    batch_size: int | None = None,
    progress: Advance | None = None,
) -> Jacobians:
    """The Jacobian of the scores of each of these codes: one backward pass for each attribute that is not decided.

    Args:
        latents: two codes or more.
        decided: also differentiate attributes in images where they are decided (`FLAT`).
        batch_size: images at a time; by default as many as suit their size and the device.
        progress: called with the number of codes done and of all.

    Raises:
        SettingError: for fewer than two codes, and where gradients do not flow through generator and scorer.
        SpaceError, FingerprintError: for codes of another space or generator.
    """
    if len(latents) < 2:
        raise SettingError(f"cannot differentiate {len(latents)} codes; give at least 2")
    n, num, size = len(latents), len(scorer.names), images_at_once(generator, batch_size)
    if decided or n <= FEWEST:
        order, counts, columns = torch.arange(n), torch.full((n,), num), torch.arange(num).expand(n, -1)
    else:
        [logits] = read_images(generator, latents, scorer, batch_size=size)
        order, counts, columns = _undecided(logits)
    # Images with as many columns go together, for a batch has as many backward passes as any of its images.
    parts = [(rows, columns[rows, : int(counts[rows].max())]) for rows in order.split(size)]
    logits = torch.empty(n, num)
    gradients = torch.full((n, num, *latents.codes.shape[1:]), torch.nan)
    done, work = 0, partial(_differentiated, generator, scorer)
    found = workers().map(work, [(latents[rows], some) for rows, some in parts])
    for (rows, some), (seen, computed) in zip(parts, found, strict=True):
        logits[rows], gradients[rows[:, None], some] = seen, computed
        done += len(rows)
        if progress:
            progress(done, n)
    return Jacobians(names=tuple(scorer.names), logits=logits, gradients=gradients)


def slope_of_probability(logits: Float[Tensor, "n a"]) -> Float[Tensor, "n a"]:
    """`p (1 - p)`, by which a probability changes when its logit changes by 1."""
    p = torch.sigmoid(logits)
    return p * (1 - p)


def _undecided(
    logits: Float[Tensor, "n a"],
) -> tuple[Int[Tensor, " n"], Int[Tensor, " n"], Int[Tensor, "n a"]]:
    """The images in the order of how many attributes to differentiate, how many these are, and all attributes of each
    image, the least decided first.
    """
    slopes = slope_of_probability(logits)
    fewest = slopes.topk(FEWEST, dim=0).indices
    counts = (slopes >= FLAT).scatter(0, fewest, True).sum(1).clamp(min=1)
    wanted = slopes.scatter_add(0, fewest, torch.ones_like(slopes))  # before all others of their image
    return counts.argsort(), counts, wanted.argsort(1, descending=True)


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


def _differentiated(
    generator: Generator, scorer: Scorer, task: tuple[Latents, Int[Tensor, "n m"]]
) -> list[tuple[Tensor, Tensor]]:
    """The logits of a batch and the gradients of some columns, on the processor."""
    latents, columns = task
    part = generator.place(latents)
    codes = part.codes.detach().clone().requires_grad_()
    seen = _logits(generator, scorer, part.with_codes(codes))
    if not seen.requires_grad:
        raise SettingError(
            f"gradients do not flow from {scorer.description} to codes; use a scorer and a generator in PyTorch"
        )
    return [(seen.detach().cpu(), column_gradients(seen, codes, columns).cpu())]


def column_gradients(
    values: Float[Tensor, "n a"], codes: Float[Tensor, "n *shape"], columns: Int[Tensor, "n m"]
) -> Float[Tensor, "n m *shape"]:
    """The gradients of some columns, which may be others in each image; the graph is used up."""
    # Images of a batch do not influence each other, so each may have a column of its own in one backward pass.
    asked = values.gather(1, columns.to(values.device))
    last = asked.shape[1] - 1
    found = [
        torch.autograd.grad(column.sum(), codes, retain_graph=k < last, materialize_grads=True)[0]
        for k, column in enumerate(asked.unbind(1))
    ]
    return torch.stack(found, dim=1)


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
