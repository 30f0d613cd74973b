"""What every critic is: images to one logit, by layers that can be looked into."""

from __future__ import annotations

from abc import ABC, abstractmethod

from jaxtyping import Float
from torch import Tensor, nn

from ganatomy.perception.base import fit_images


class Critic(nn.Module, ABC):
    """A discriminator: how real an image looks, larger is realer.

    Args:
        resolution: height and width of the images that it was trained on.
        channels: 1 (grey) or 3 (RGB).
        description: one line for a person.

    Example::

        judged = ga.critic("digits")
        print(judged.description, judged.resolution)
    """

    resolution: int
    channels: int
    description: str = "a critic"

    @abstractmethod
    def layers(self, images: Float[Tensor, "n c h w"]) -> list[Tensor]:
        """Features of each layer, the first layer first, each `[n, channels, height, width]` after its activation."""

    def alone(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, " n"]:
        """The logit of each image, whatever other images are in the batch."""
        return self(images)

    def fitted(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k r r"]:
        """Images at the size and with the channels that it was trained on."""
        return fit_images(images, size=(self.resolution, self.resolution), channels=self.channels)
