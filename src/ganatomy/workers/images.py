"""Images of codes, and what is read in them: the work of every measure and experiment."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

import torch
from torch import Tensor

from ganatomy.generators.base import Generator
from ganatomy.generators.batches import batches
from ganatomy.latents import Latents
from ganatomy.perception.base import Scorer
from ganatomy.progress import Advance
from ganatomy.workers.executors import Work, workers

R = TypeVar("R")

Reader = Scorer | Callable[[Tensor], Tensor]
"""What reads images: a scorer, whose logits are wanted, or a function from images in [-1, 1] to rows."""


def read_images(
    generator: Generator,
    latents: Latents,
    *readers: Reader,
    batch_size: int | None = None,
    progress: Advance | None = None,
) -> list[Tensor]:
    """What each reader reads in the images of these codes, batch by batch, on the processor.

    Workers are sent the readers, which are then no lambdas and no functions within others.

    Args:
        generator: makes the images.
        latents: in any of its spaces.
        readers: all read the same images.
        batch_size: images at a time; by default as many as suit their size and the device.
        progress: called with the images done and all of them.
    """
    found = in_batches(
        partial(_read, generator, readers), batches(generator, latents, batch_size), progress=progress
    )
    return [torch.cat(column) for column in zip(*found, strict=True)]


def in_batches(
    work: Work[Latents, R], parts: Iterable[Latents], *, progress: Advance | None = None
) -> list[R]:
    """The results of work on batches of codes, one for each, by whoever works here.

    Args:
        work: may be sent to workers.
        parts: the batches.
        progress: called with the codes done and all of them.
    """
    parts = list(parts)
    found, done, total = [], 0, sum(map(len, parts))
    for part, result in zip(parts, workers().map(work, parts), strict=True):
        found.append(result)
        done += len(part)
        if progress:
            progress(done, total)
    return found


@torch.no_grad()
def _read(generator: Generator, readers: Iterable[Reader], latents: Latents) -> list[list[Tensor]]:
    latents = generator.place(latents)
    # Clipped, so that all readers are shown the same images and one network need not run twice.
    images = generator(latents).clamp(-1, 1)
    return [
        [
            (
                reader.score(images, latents=latents).logits if isinstance(reader, Scorer) else reader(images)
            ).cpu()
            for reader in readers
        ]
    ]
