"""The critic of Progressive GAN and of the first StyleGAN: a plain stack whose new layers fade in.

Karras et al. 2018, "Progressive Growing of GANs for Improved Quality, Stability, and Variation", figure 2 and table 2;
with smoothed downsampling Karras et al. 2019, "A Style-Based Generator Architecture", configuration B.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ganatomy.critics.base import Critic
from ganatomy.critics.equalised import Down, EqualConv, EqualisedCritic


class ProgressiveCritic(EqualisedCritic):
    """Images to realness logits; the image is read at the last resolution, and while that fades in also at half of it.

    Attributes:
        fade: how far the last resolution has come in; at 0 the critic is that of images half the size, at 1 on its own.
    """

    fade: float = 1.0
    blur: bool = False

    def add_blocks(self, widths: tuple[int, ...], channels: int) -> None:
        for i, resolution in enumerate(self.resolutions):
            self.add_module(f"from_image{resolution}", EqualConv(channels, widths[i], 1))
            if i:
                self.add_module(f"down{resolution}", Down(widths[i], widths[i - 1], blur=self.blur))

    def seen(self, images: Tensor) -> list[Tensor]:
        x = getattr(self, f"from_image{self.resolutions[-1]}")(images)
        seen = []
        for resolution in reversed(self.resolutions[1:]):
            x = getattr(self, f"down{resolution}")(x)
            if not seen and self.fade < 1:
                below = getattr(self, f"from_image{resolution // 2}")(F.avg_pool2d(images, 2))
                x = torch.lerp(below, x, self.fade)
            seen.append(x)
        return seen or [x]

    def grow_from(self, smaller: Critic) -> None:
        self.load_state_dict(smaller.state_dict(), strict=False)


class BlurredProgressiveCritic(ProgressiveCritic):
    """The same, with pixels smoothed before they are halved."""

    blur = True
