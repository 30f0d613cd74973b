"""Images to learn from, read as they are needed, and the batch of each step."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Generic, Self, TypeVar

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from ganatomy.errors import SettingError
from ganatomy.images import Pixels
from ganatomy.training.ranks import Ranks

T = TypeVar("T")

FEWEST_IMAGES = 16
"""Images without which there is nothing to learn from."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingImages:
    """Square images of one size.

    Args:
        description: one line for a person.
        count: of the images.
        resolution: pixels a side.
        channels: 1 or 3.
        read: the bytes of these rows.
        mirrored: whether a random half of those shown is mirrored left to right.
        labels: the class of each, where they have classes.
        classes: names of these.
    """

    description: str
    count: int
    resolution: int
    channels: int
    read: Callable[[Int[np.ndarray, " n"]], Pixels]
    mirrored: bool = False
    labels: Int[np.ndarray, " n"] | None = None
    classes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return self.count


def array_images(pixels: Pixels, *, description: str = "images", mirrored: bool = False) -> TrainingImages:
    """Images of an array of bytes, which may lie on disk.

    Raises:
        SettingError: for images that are not square.
    """
    count, height, width, channels = pixels.shape
    if height != width:
        raise SettingError(f"images of {width} x {height} pixels are not square; crop them first")
    return TrainingImages(
        description=description,
        count=count,
        resolution=height,
        channels=channels,
        read=lambda rows: np.ascontiguousarray(pixels[rows]),
        mirrored=mirrored,
    )


def split_off(images: TrainingImages, n: int, *, seed: int = 0) -> tuple[TrainingImages, TrainingImages]:
    """All images but n, and n that are drawn by the seed and that nothing learns from.

    Raises:
        SettingError: where too few are left.
    """
    if len(images) - n < FEWEST_IMAGES or n < FEWEST_IMAGES:
        raise SettingError(
            f"{len(images)} images cannot be split into {n} to compare with and the rest to learn from; give more"
        )
    order = np.random.default_rng((seed, 2)).permutation(len(images))

    def part(rows: Int[np.ndarray, " n"]) -> TrainingImages:
        return replace(
            images,
            count=len(rows),
            read=lambda which: images.read(rows[which]),
            labels=None if images.labels is None else images.labels[rows],
        )

    return part(order[n:]), part(order[:n])


class Ahead(Generic[T]):
    """Reads what a step needs, and while the step is computed what the next one will.

    Args:
        read: what a step of this number needs.
    """

    def __init__(self, read: Callable[[int], T]) -> None:
        self._read = read
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="images")
        self._next: tuple[int, Future[T]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._reader.shutdown(wait=True, cancel_futures=True)

    def __call__(self, step: int) -> T:
        kept, self._next = self._next, None
        found = kept[1].result() if kept and kept[0] == step else self._read(step)
        self._next = step + 1, self._reader.submit(self._read, step + 1)
        return found


class Batches:
    """The real images of each step; those of the next one are read while a step is computed.

    Which images a step shows depends on the seed and its number alone.

    Args:
        images: to choose from.
        seed: of the choice.
        batch: images a step, of all ranks together.
        resolution: to average images down to.
        device: to put them on.
        ranks: of which this process takes its part.
    """

    def __init__(
        self,
        images: TrainingImages,
        *,
        seed: int,
        batch: int,
        resolution: int,
        device: str = "cpu",
        ranks: Ranks | None = None,
    ) -> None:
        self.images, self.seed, self.batch = images, seed, batch
        self.resolution, self.device = resolution, device
        self.part = (ranks or Ranks()).part(batch)
        self._ahead = Ahead(self._read)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._ahead.__exit__(*error)

    def __call__(self, step: int) -> Float[Tensor, "n c r r"]:
        """The images of a step, in [-1, 1]."""
        return as_images(self._ahead(step), resolution=self.resolution, device=self.device)

    def labels(self, step: int) -> Int[Tensor, " n"] | None:
        """The classes of the images of a step, where they have any."""
        if self.images.labels is None:
            return None
        _, rows = self._rows(step)
        return torch.from_numpy(self.images.labels[rows[self.part]]).long().to(self.device)

    def _rows(self, step: int) -> tuple[np.random.Generator, Int[np.ndarray, " n"]]:
        """Which images a step shows, and the random numbers that are left for how."""
        rng = np.random.default_rng((self.seed, 1, step))
        return rng, np.sort(rng.integers(len(self.images), size=self.batch))

    def _read(self, step: int) -> Pixels:
        rng, rows = self._rows(step)
        pixels = self.images.read(rows[self.part])
        if self.images.mirrored:
            turned = (rng.random(self.batch) < 0.5)[self.part]
            pixels = np.where(turned[:, None, None, None], pixels[:, :, ::-1], pixels)
        return pixels


def as_images(pixels: Pixels, *, resolution: int, device: str = "cpu") -> Float[Tensor, "n c r r"]:
    """Bytes as images in [-1, 1], averaged down, channels last, on the device."""
    bytes_ = torch.from_numpy(np.ascontiguousarray(pixels))
    if torch.device(device).type == "cuda":
        bytes_ = bytes_.pin_memory()
    images = bytes_.to(device, non_blocking=True).permute(0, 3, 1, 2).float().div(127.5).sub(1)
    factor = images.shape[-1] // resolution
    return F.avg_pool2d(images, factor) if factor > 1 else images
