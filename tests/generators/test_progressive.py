"""The layers of Progressive GAN and StyleGAN against their plain formulas."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from ganatomy.generators.progressive import SMALL, EqualConv2d, blur_3, upsample_conv2d


@pytest.mark.parametrize("size", [5, SMALL + 1], ids=["small", "large"])
def test_upsampling_repeats_pixels_before_the_convolution(size: int) -> None:
    torch.manual_seed(0)
    x, weight, bias = torch.randn(2, 3, size, size), torch.randn(4, 3, 3, 3), torch.randn(4)
    x, weight, bias = x.double(), weight.double(), bias.double()
    plain = F.conv2d(F.interpolate(x, scale_factor=2, mode="nearest"), weight, bias, padding=1)
    torch.testing.assert_close(upsample_conv2d(x, weight, bias), plain)


def test_the_blur_is_a_binomial_of_three_taps_with_zeros_around() -> None:
    x = torch.randn(2, 3, 6, 7).double()
    taps = torch.tensor([1.0, 2.0, 1.0]).double()
    kernel = (torch.outer(taps, taps) / 16).expand(3, 1, 3, 3)
    torch.testing.assert_close(blur_3(x), F.conv2d(x, kernel, padding=1, groups=3))


def test_weights_are_scaled_to_keep_the_variance() -> None:
    torch.manual_seed(0)
    x = torch.randn(8, 64, 16, 16)
    for gain in (1.0, 2.0):
        layer = EqualConv2d(64, 256, bias=False, gain=gain).requires_grad_(False)
        assert float(layer(x)[..., 1:-1, 1:-1].std()) == pytest.approx(gain, rel=0.03)
