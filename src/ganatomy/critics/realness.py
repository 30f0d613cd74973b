"""How real images look to a critic, beside the images that a generator draws."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.critics.base import Critic
from ganatomy.generators.base import Generator
from ganatomy.generators.batches import batches
from ganatomy.progress import Advance

NUM_DRAWN = 1024
SEED = 0x0DD7
"""Of the drawn images."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Realness:
    """A critic, and its logits of drawn images.

    Args:
        critic: of the generator.
        drawn: its logits of images that the generator draws, ascending.
    """

    critic: Critic
    drawn: Float[Tensor, " m"]

    @torch.no_grad()
    def percentiles(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, " n"]:
        """Percentage of drawn images that look more real to the critic than each of these."""
        logits = alone(self.critic, images)
        above = len(self.drawn) - torch.searchsorted(self.drawn, logits, right=True)
        return (100 * above / len(self.drawn)).float()


@torch.no_grad()
def realness(
    generator: Generator,
    critic: Critic,
    *,
    n: int = NUM_DRAWN,
    batch_size: int | None = None,
    progress: Advance | None = None,
) -> Realness:
    """Draw the images with which edited ones are compared.

    Args:
        generator: of the images.
        critic: of the generator.
        n: images to draw.
        batch_size: images drawn at a time; by default as many as suit their size and the device.
        progress: called with the images so far and `n`.

    Example:
        >>> import ganatomy as ga
        >>> from ganatomy.critics import realness
        >>> digits = ga.load("digits")
        >>> seen = realness(digits, ga.critic("digits"), n=64)
        >>> noise = torch.rand(2, 1, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
        >>> seen.percentiles(noise)
        tensor([100., 100.])
    """
    logits: list[Tensor] = []
    for few in batches(generator, generator.sample(n, seed=SEED), batch_size):
        if progress:
            progress(sum(map(len, logits)), n)
        logits.append(alone(critic, generator(few)))
    return Realness(critic=critic, drawn=torch.cat(logits).sort().values)


def alone(critic: Critic, images: Float[Tensor, "n c h w"]) -> Float[Tensor, " n"]:
    """The critic's logit of each image, on the processor."""
    device = next(critic.parameters()).device
    return critic.alone(critic.fitted(images.to(device).float())).cpu()
