"""InfoGAN's critic: it also reads from an image the code that made it.

Chen et al. 2016, "InfoGAN: Interpretable Representation Learning by Information Maximizing Generative Adversarial
Nets", section 6: the network Q shares all layers with the critic but the last ones.
"""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from ganatomy.critics.multiscale import MultiscaleCritic
from ganatomy.generators.ops import EqualLinear, lrelu

HIDDEN = 128
"""Features between the critic's own and the codes: appendix C."""


@dataclass(frozen=True, kw_only=True)
class ReadCodes:
    """What Q reads from images.

    Args:
        logits: of the categories.
        means: of the continuous codes, whose deviation is held at 1.
    """

    logits: Float[Tensor, "n k"]
    means: Float[Tensor, "n c"]


class InformedCritic(MultiscaleCritic):
    """Images to realness logits, and to the codes that made them.

    Args:
        widths: channels of each resolution, from 4 pixels up.
        channels: 1 or 3.
        categories: of the categorical code.
        codes: continuous ones.
        group: images whose deviation is compared.
    """

    def __init__(
        self, widths: tuple[int, ...], channels: int, *, categories: int, codes: int, group: int = 4
    ) -> None:
        super().__init__(widths, channels, group=group)
        self.settings = {
            "widths": widths,
            "channels": channels,
            "categories": categories,
            "codes": codes,
            "group": group,
        }
        self.categories = categories
        self.hidden = EqualLinear(widths[0], HIDDEN)
        self.codes = EqualLinear(HIDDEN, categories + codes)

    def tell(self, features: Float[Tensor, "n f"]) -> ReadCodes:
        """The codes, of what `read` returns."""
        x = self.codes(lrelu(self.hidden(features)))
        return ReadCodes(logits=x[:, : self.categories], means=x[:, self.categories :])
