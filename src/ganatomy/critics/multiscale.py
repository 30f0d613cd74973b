"""The critic of this project's own recipes: residual-free blocks that also see the image at every scale.

Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", figure 7 (input skips). Every scale reads
the image for itself, so a critic of small images stays valid inside one of larger images: that is what lets a training
run grow.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from ganatomy.critics.base import Critic
from ganatomy.critics.equalised import Down, EqualConv, EqualisedCritic


class MultiscaleCritic(EqualisedCritic):
    """Images to realness logits, at every scale anew."""

    def add_blocks(self, widths: tuple[int, ...], channels: int) -> None:
        for i, resolution in enumerate(self.resolutions):
            self.add_module(f"from_rgb{resolution}", EqualConv(channels, widths[i], 1))
            if i:
                self.add_module(f"down{resolution}", Down(widths[i], widths[i - 1]))

    def seen(self, images: Tensor) -> list[Tensor]:
        x = getattr(self, f"from_rgb{self.resolutions[-1]}")(images)
        seen = []
        for resolution in reversed(self.resolutions[1:]):
            x = getattr(self, f"down{resolution}")(x)
            images = F.avg_pool2d(images, 2)
            x = x + getattr(self, f"from_rgb{resolution // 2}")(images)
            seen.append(x)
        return seen or [x]

    def grow_from(self, smaller: Critic) -> None:
        """The new branch starts at zero; the old one still reads the halved image by its own `from_rgb`."""
        self.load_state_dict(smaller.state_dict(), strict=False)
        branch: Down = getattr(self, f"down{self.resolutions[-1]}")
        nn.init.zeros_(branch.conv1.weight)
