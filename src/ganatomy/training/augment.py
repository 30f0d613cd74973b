"""Adaptive discriminator augmentation: what the critic sees is changed at random, so often that it does not overfit.

Karras et al. 2020, "Training Generative Adversarial Networks with Limited Data": the pipeline of appendix B (pixel
blitting, geometric and colour transformations, as the paper recommends) and the controller of section 3. It is
differentiable, and made of torch's own operations.
"""

from __future__ import annotations

import math
from functools import cache

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from ganatomy.training.ranks import Ranks

SYM6 = (
    0.015404109327027373, 0.0034907120842174702, -0.11799011114819057, -0.048311742585633, 0.4910559419267466,
    0.787641141030194, 0.3379294217276218, -0.07263752278646252, -0.021060292512300564, 0.04472490177066578,
    0.0017677118642428036, -0.007800708325034148,
)  # fmt: skip
"""Low-pass filter of the wavelet of Daubechies with least asymmetry: twice as fine and back is the identity."""
LAG = (len(SYM6) - 1) / 2 - sum(place * tap for place, tap in enumerate(SYM6)) / sum(SYM6)
"""How far the filter's centre lies before the middle of its taps, in fine pixels."""
MARGIN = 6
"""Pixels around an image that the filter reaches."""
SCALE, TURN, SHIFT, WHOLE_SHIFT = 0.2, math.pi, 0.125, 0.125
"""Geometric strengths of appendix B: of a logarithm to the base 2, radians, and shares of the width."""
BRIGHTNESS, CONTRAST, HUE, SATURATION = 0.2, 0.5, math.pi, 1.0
"""Strengths of colour changes, likewise."""
INTERVAL = 4
"""Steps between two adjustments of the probability."""


class AdaptiveAugmentation(nn.Module):
    """Changes images with a probability that follows how well the critic knows its training images.

    Args:
        target: mean sign of the critic's logits of real images that the probability is adapted to (r_t of the paper).
        images: in which the probability goes from 0 to 1 at most.
    """

    probability: Float[Tensor, ""]
    signs: Float[Tensor, ""]

    def __init__(self, target: float, images: int) -> None:
        super().__init__()
        self.target, self.images = target, images
        self.register_buffer("probability", torch.zeros(()))
        self.register_buffer("signs", torch.zeros(()))

    def forward(self, images: Float[Tensor, "m c r r"], n: int, part: slice) -> Float[Tensor, "m c r r"]:
        """The images, changed at random; those for which nothing is drawn stay exactly as they are.

        Args:
            n: images of the whole batch, for which random numbers are drawn.
            part: of it, which these images are.
        """
        geometry = geometric(n, self.probability, pixels=images.shape[-1])[part]
        colour = colours(n, self.probability)[part]
        still = torch.eye(3, device=images.device)
        images = torch.where(changed(geometry, still), resampled(images, geometry), images)
        kept = torch.eye(4, device=images.device)
        return torch.where(changed(colour, kept), recoloured(images, colour), images)

    @torch.no_grad()
    def adapt(self, logits: Float[Tensor, " m"], step: int, batch: int, ranks: Ranks) -> None:
        """Take note of the logits of real images, and now and then move the probability.

        Args:
            logits: of this rank's part of the batch.
            step: number of the step.
            batch: images of a step.
            ranks: that all take the same probability.
        """
        mean = logits.sign().mean()[None]
        ranks.average([mean])
        self.signs += mean[0] / INTERVAL
        if step % INTERVAL != INTERVAL - 1:
            return
        self.probability += (self.signs - self.target).sign() * (batch * INTERVAL / self.images)
        self.probability.clamp_(0, 1)
        self.signs.zero_()


def changed(matrices: Float[Tensor, "n k k"], identity: Float[Tensor, "k k"]) -> Bool[Tensor, "n 1 1 1"]:
    """Which matrices are not the identity."""
    return (matrices != identity).any(dim=2).any(dim=1)[:, None, None, None]


def geometric(n: int, probability: Float[Tensor, ""], *, pixels: int) -> Float[Tensor, "n 3 3"]:
    """From where in [-1, 1]² each pixel of a changed image is taken: appendix B, "pixel blitting" and "geometric".

    Args:
        n: images.
        probability: of each change.
        pixels: a side, for shifts by whole ones.
    """
    device = probability.device

    def drawn(value: Tensor, share: Tensor = probability, *, still: float = 0.0) -> Tensor:
        return torch.where(torch.rand(n, device=device) < share, value, still)

    def uniform(columns: int = 1) -> Tensor:
        return torch.rand(n, columns, device=device).squeeze(1) * 2 - 1

    # Turning twice, each so often that at least one turn happens with the probability.
    turning = 1 - (1 - probability).sqrt()
    mirror = drawn((uniform() < 0).float() * -2 + 1, still=1.0)
    quarter = drawn((uniform() * 2 + 2).floor().clamp(max=3) * (math.pi / 2))
    whole = (uniform(2) * WHOLE_SHIFT * pixels).round() / pixels
    whole = whole * drawn(torch.ones(n, device=device))[:, None]
    scale = drawn(torch.exp2(torch.randn(n, device=device) * SCALE), still=1.0)
    before = drawn(uniform() * TURN, turning)
    stretch = drawn(torch.exp2(torch.randn(n, device=device) * SCALE), still=1.0)
    after = drawn(uniform() * TURN, turning)
    shift = torch.randn(n, 2, device=device) * SHIFT
    shift = shift * drawn(torch.ones(n, device=device))[:, None]

    one = torch.ones(n, device=device)
    steps = (
        scaling(mirror, one),
        turn(quarter),
        translation(whole * 2),
        scaling(1 / scale, 1 / scale),
        turn(before),
        scaling(1 / stretch, stretch),
        turn(after),
        translation(shift * 2),
    )
    return product(steps)


def colours(n: int, probability: Float[Tensor, ""]) -> Float[Tensor, "n 4 4"]:
    """What each image's colours are multiplied by, as matrices of (red, green, blue, 1): appendix B, "color"."""
    device = probability.device

    def drawn(value: Tensor, *, still: float = 0.0) -> Tensor:
        return torch.where(torch.rand(n, device=device) < probability, value, still)[:, None, None]

    brightness = drawn(torch.randn(n, device=device) * BRIGHTNESS)
    contrast = drawn(torch.exp2(torch.randn(n, device=device) * CONTRAST), still=1.0)
    flip = drawn((torch.rand(n, device=device) < 0.5).float())
    hue = drawn((torch.rand(n, device=device) * 2 - 1) * HUE)
    saturation = drawn(torch.exp2(torch.randn(n, device=device) * SATURATION), still=1.0)

    # Grey is the axis (1, 1, 1); what is at right angles to it is colour.
    eye = torch.eye(4, device=device)
    solid = torch.diag(torch.tensor([1.0, 1.0, 1.0, 0.0], device=device))
    grey = torch.zeros(4, 4, device=device)
    grey[:3, :3] = 1 / 3
    colour = solid - grey
    across = torch.zeros(4, 4, device=device)
    for row, column in ((0, 2), (1, 0), (2, 1)):
        across[row, column], across[column, row] = 1 / math.sqrt(3), -1 / math.sqrt(3)
    lift = torch.zeros(4, 4, device=device)
    lift[:3, 3] = 1
    return product(
        (
            eye + colour * (saturation - 1),
            eye + colour * (hue.cos() - 1) + across * hue.sin(),
            eye - 2 * grey * flip,
            eye + solid * (contrast - 1),
            eye + lift * brightness,
        )
    )


def resampled(images: Float[Tensor, "n c r r"], geometry: Float[Tensor, "n 3 3"]) -> Float[Tensor, "n c r r"]:
    """Images with each pixel taken from where the matrices say; the border reflects.

    They are made twice as fine by an orthogonal filter, taken bilinearly, and made coarse by the same filter, so that
    a change blurs little.
    """
    r = images.shape[-1]
    padded = F.pad(images, (MARGIN,) * 4, mode="reflect")
    wide = 1 + 2 * MARGIN / r
    fine = finer(padded)
    # In the frame of the padded image all coordinates are smaller, and so are the shifts; and the filter, which is not
    # quite symmetric, has moved everything a little.
    turned, moved = geometry[:, :2, :2], LAG / (r + 2 * MARGIN)
    shifts = geometry[:, :2, 2:] / wide + (turned.sum(dim=2, keepdim=True) - 1) * moved
    matrices = torch.cat([turned, shifts], dim=2)
    grid = F.affine_grid(matrices, list(fine.shape), align_corners=False)
    taken = F.grid_sample(fine, grid.to(fine.dtype), padding_mode="reflection", align_corners=False)
    return coarser(taken)[..., MARGIN:-MARGIN, MARGIN:-MARGIN]


def recoloured(images: Float[Tensor, "n c h w"], colour: Float[Tensor, "n 4 4"]) -> Float[Tensor, "n c h w"]:
    """Images with the colours that the matrices give; grey images take the mean of what they do to grey."""
    if images.shape[1] == 1:
        rows = colour[:, :3].mean(dim=1)
        return images * rows[:, :3].sum(dim=1)[:, None, None, None] + rows[:, 3, None, None, None]
    turned = torch.einsum("nij,njhw->nihw", colour[:, :3, :3], images)
    return turned + colour[:, :3, 3, None, None]


def finer(x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c 2*h 2*w"]:
    """Twice as many pixels a side."""
    channels = x.shape[1]
    kernel = square(channels, x.device) * 2
    return F.conv_transpose2d(x, kernel, stride=2, padding=MARGIN - 1, groups=channels)


def coarser(x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h_2 w_2"]:
    """Half as many pixels a side; it takes back `finer`."""
    channels = x.shape[1]
    return F.conv2d(x, square(channels, x.device) / 2, stride=2, padding=MARGIN - 1, groups=channels)


@cache
def square(channels: int, device: torch.device) -> Float[Tensor, "c 1 12 12"]:
    """The filter in both directions, for each channel."""
    taps = torch.tensor(SYM6, device=device)
    return (taps[:, None] * taps).expand(channels, 1, -1, -1).contiguous()


def product(matrices: tuple[Tensor, ...]) -> Tensor:
    """The matrices multiplied in their order."""
    found = matrices[0]
    for matrix in matrices[1:]:
        found = found @ matrix
    return found


def scaling(x: Float[Tensor, " n"], y: Float[Tensor, " n"]) -> Float[Tensor, "n 3 3"]:
    return torch.diag_embed(torch.stack([x, y, torch.ones_like(x)], dim=1))


def turn(angle: Float[Tensor, " n"]) -> Float[Tensor, "n 3 3"]:
    cosine, sine, zero, one = angle.cos(), angle.sin(), torch.zeros_like(angle), torch.ones_like(angle)
    rows = ((cosine, -sine, zero), (sine, cosine, zero), (zero, zero, one))
    return torch.stack([torch.stack(row, dim=1) for row in rows], dim=1)


def translation(offset: Float[Tensor, "n 2"]) -> Float[Tensor, "n 3 3"]:
    matrix = torch.eye(3, device=offset.device).repeat(len(offset), 1, 1)
    matrix[:, :2, 2] = offset
    return matrix
