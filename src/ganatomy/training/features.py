"""A second critic, which judges the features of a trained attribute network instead of the image.

Sauer et al. 2021, "Projected GANs Converge Faster": small critics on frozen features of several depths. On few images a
critic learns late what rare attributes look like, such as hats; the features of a network that was trained on
attributes hold them from the start.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from ganatomy.perception.network import AttributeNetwork, fold_norms

DEPTHS = 3
"""The last stages of the network are judged; the features of the first one are little more than edges."""


class FeatureCritic(nn.Module):
    """Images to one realness logit for each depth of frozen features.

    The network is given, and no part of the state: a checkpoint holds the heads alone.
    """

    def __init__(self, network: AttributeNetwork, *, width: int = 32) -> None:
        super().__init__()
        self._frozen = (fold_norms(network),)
        widths = network.config.widths[-DEPTHS:]
        self.heads = nn.ModuleList(
            nn.Sequential(
                spectral_norm(nn.Conv2d(channels, width, 1)),
                nn.LeakyReLU(0.2),
                spectral_norm(nn.Conv2d(width, width, 3, padding=1)),
                nn.LeakyReLU(0.2),
                spectral_norm(nn.Conv2d(width, 1, 1)),
            )
            for channels in widths
        )

    @property
    def resolution(self) -> int:
        """Of the images that the network was trained on."""
        return self._frozen[0].config.resolution

    def forward(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n depths"]:
        (network,) = self._frozen
        size = network.config.resolution
        if images.shape[-1] != size:
            images = F.interpolate(images, size=(size, size), mode="bilinear", align_corners=False)
        x, features = images.contiguous(memory_format=torch.channels_last), []
        for stage in network.stages:
            x = stage(x)
            features.append(x)
        logits = [
            head(x).mean(dim=(1, 2, 3))
            for head, x in zip(self.heads, features[-len(self.heads) :], strict=True)
        ]
        return torch.stack(logits, dim=1)
