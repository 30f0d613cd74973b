"""Several processes that train one generator: each takes its part of every batch, and all take the same step."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor

from ganatomy.devices import usable_device
from ganatomy.errors import SettingError


@dataclass(frozen=True, kw_only=True)
class Ranks:
    """Which part of the work this process takes.

    Codes and images are drawn for the whole batch in every process, which then keeps its own rows: so many ranks
    compute what one would, up to rounding. Two things a rank draws or measures for itself: random noise maps, and the
    statistics of batch norms.

    Args:
        index: of this process, 0 for the one that writes files.
        count: of all of them.
    """

    index: int = 0
    count: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.index < self.count:
            raise SettingError(f"there is no rank {self.index} among {self.count}; ranks count from 0")

    @property
    def writes(self) -> bool:
        return self.index == 0

    def part(self, batch: int) -> slice:
        """The rows of a batch that are this process's own.

        Raises:
            SettingError: for a batch that so many ranks cannot share equally.

        Example:
            >>> Ranks(index=1, count=2).part(16)
            slice(8, 16, None)
        """
        if batch % self.count:
            raise SettingError(f"{self.count} ranks cannot share a batch of {batch}; make it a multiple")
        own = batch // self.count
        return slice(self.index * own, (self.index + 1) * own)

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Replace tensors by their mean over all ranks, in one exchange."""
        if self.count == 1:
            return
        flat = torch.cat([tensor.flatten() for tensor in tensors])
        dist.all_reduce(flat)
        flat /= self.count
        for tensor, own in zip(tensors, flat.split([t.numel() for t in tensors]), strict=True):
            tensor.copy_(own.view_as(tensor))

    def wait(self) -> None:
        """Until all ranks are here."""
        if self.count > 1:
            dist.barrier()


@contextmanager
def launched(device: str = "cpu") -> Iterator[tuple[Ranks, str]]:
    """The ranks that `torchrun` or `accelerate launch` started, with the device of this one; else one alone.

    Raises:
        SettingError: for a device that this machine lacks.
    """
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        yield Ranks(), usable_device(device)
        return
    kind = torch.device(device).type
    own = f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if kind == "cuda" else device
    dist.init_process_group("nccl" if kind == "cuda" else "gloo")
    try:
        yield Ranks(index=dist.get_rank(), count=count), usable_device(own)
    finally:
        dist.destroy_process_group()
