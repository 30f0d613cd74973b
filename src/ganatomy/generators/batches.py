"""How many images are made at a time, where nobody says it."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.arguments import whole
from ganatomy.generators.base import Generator
from ganatomy.latents import Latents

PIXELS = 2**17
"""Of the images that a processor makes at a time: 32 images of 64 px, 2 of 256 px. In batches of 32 an image of 64 px
takes half of the time that it takes alone; from 256 px on it takes the same, and only memory grows."""

BYTES_PER_PIXEL = 2**14
"""Of the free memory of a GPU for each pixel that it makes at a time. With gradients a StyleGAN2 takes 2.2 kB."""

MOST, MOST_ON_GPU = 64, 256
"""Images at a time, however small they are."""


def images_at_once(generator: Generator, batch_size: int | None = None, *, most: int | None = None) -> int:
    """The images to make at a time: as many as were asked for, else as many as suit their size and the device.

    Args:
        most: where nobody says how many.

    Raises:
        SettingError: for a batch size that is no whole number above 0.

    >>> from ganatomy.generators.toy import ToyGenerator
    >>> images_at_once(ToyGenerator()), images_at_once(ToyGenerator(), 5)
    (64, 5)
    """
    if batch_size is not None:
        return whole("batch_size", batch_size, least=1)
    pixels, usual = PIXELS, MOST
    if generator.device.type == "cuda":
        pixels, usual = torch.cuda.mem_get_info(generator.device)[0] // BYTES_PER_PIXEL, MOST_ON_GPU
    height, width = generator.signature.size
    return max(1, min(most or usual, pixels // (height * width)))


def batches(generator: Generator, latents: Latents, batch_size: int | None = None) -> Iterator[Latents]:
    """The codes in pieces of at most `images_at_once` rows."""
    size = images_at_once(generator, batch_size)
    for first in range(0, len(latents), size):
        yield latents[first : first + size]


@torch.no_grad()
def draw_images(
    generator: Generator, latents: Latents, *, batch_size: int | None = None
) -> Float[Tensor, "n c h w"]:
    """The images of any number of codes, made in batches and brought to the CPU."""
    return torch.cat([generator(part).float().cpu() for part in batches(generator, latents, batch_size)])
