"""Features of a critic, as one vector for each image.

Radford et al. 2015, section 5.1: the features of all layers, max-pooled to 4 x 4, flattened and side by side.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ganatomy.critics.base import Critic
from ganatomy.errors import SettingError
from ganatomy.perception.features import Features

GRID = 4


@torch.no_grad()
def discriminator_features(
    critic: Critic, images: Float[Tensor, "n c h w"], *, batch_size: int = 64
) -> Float[Tensor, "n d"]:
    """The features of all layers of a discriminator, max-pooled to 4 x 4; 16 numbers for each channel.

    Images of another size or colour are brought to what it was trained on. A layer smaller than 4 x 4 repeats its
    pixels, one whose size 4 does not divide is pooled by overlapping patches.

    Args:
        images: in [-1, 1].

    Raises:
        SettingError: for no images.

    Example::

        digits = ga.load("digits")
        rows = ga.discriminator_features(ga.critic("digits"), digits(digits.sample(8, seed=0)))
    """
    if not len(images):
        raise SettingError("there are no images; give at least one")
    critic = critic.eval()
    device = next(critic.parameters()).device
    return torch.cat(
        [
            torch.cat(
                [pooled(layer) for layer in critic.layers(critic.fitted(part.to(device).float()))], dim=1
            )
            for part in images.split(batch_size)
        ]
    )


def pooled(layer: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d"]:
    """One layer max-pooled to 4 x 4 and flattened."""
    return F.adaptive_max_pool2d(layer, GRID).flatten(1)


def critic_features(critic: Critic) -> Features:
    """The same as `Features`, which maps and distances between sets of images take.

    Example::

        features = ga.critic_features(ga.critic("digits"))
        found = ga.map_images(ga.load("digits"), of=features, n=500)
    """
    return Features(
        name="critic",
        description=critic.description,
        extract=lambda images: discriminator_features(critic, images),
    )
