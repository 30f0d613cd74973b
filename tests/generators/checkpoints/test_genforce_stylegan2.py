"""genforce's StyleGAN2 files against a network in their layout that computes with plain operations."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import ganatomy as ga
from ganatomy.latents import Latents, Space

EXACT = {"rtol": 1e-5, "atol": 1e-5}
TAPS = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 4


def enlarged(x: Tensor) -> Tensor:
    """Zeros between pixels, then the filter of sum 4."""
    sparse = torch.zeros(*x.shape[:2], 2 * x.shape[2], 2 * x.shape[3])
    sparse[..., ::2, ::2] = x
    kernel = torch.outer(TAPS, TAPS).expand(x.shape[1], 1, 4, 4)
    return F.conv2d(F.pad(sparse, (2, 1, 2, 1)), kernel, groups=x.shape[1])


class Dense(nn.Module):
    def __init__(self, i: int, o: int, *, lr: float = 1.0, added: float = 0.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(o, i) / lr)
        self.bias = nn.Parameter(torch.randn(o) * 0.3 / lr)
        self.lr, self.added = lr, added

    def forward(self, x: Tensor) -> Tensor:
        scale = self.lr / math.sqrt(self.weight.shape[1])
        return F.linear(x, self.weight * scale, self.bias * self.lr + self.added)


class Layer(nn.Module):
    """A modulated convolution; it holds its noise, and adds 1 to the bias of its style."""

    def __init__(
        self, i: int, o: int, w_dim: int, *, k: int = 3, resolution: int = 0, up: bool = False
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(o, i, k, k))
        self.bias = nn.Parameter(torch.randn(o))
        self.style = Dense(w_dim, i, added=1.0)
        self.up = up
        if resolution:
            self.register_buffer("noise", torch.randn(1, 1, resolution, resolution))
            self.noise_strength = nn.Parameter(torch.randn(()))
        if up:
            self.filter = nn.Module()
            self.filter.register_buffer("kernel", torch.outer(TAPS, TAPS).expand(o, 1, 4, 4).clone())

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        images = []
        for image, style in zip(x, self.style(w), strict=True):
            kernel = self.weight / math.sqrt(self.weight[0].numel()) * style[None, :, None, None]
            if self.weight.shape[-1] == 1:
                images.append(F.conv2d(image[None], kernel))
                continue
            kernel = kernel / torch.sqrt(kernel.pow(2).sum((1, 2, 3), keepdim=True) + 1e-8)
            if self.up:
                # The kernel is stored for a convolution; a transposed one takes it turned around.
                wide = F.conv_transpose2d(image[None], kernel.flip(2, 3).transpose(0, 1), stride=2)
                images.append(F.conv2d(wide, self.filter.kernel, padding=1, groups=wide.shape[1]))
            else:
                images.append(F.conv2d(image[None], kernel, padding=1))
        x = torch.cat(images)
        if self.weight.shape[-1] == 1:
            return x + self.bias[:, None, None]
        x = x + self.noise * self.noise_strength
        return F.leaky_relu(x + self.bias[:, None, None], 0.2) * math.sqrt(2)


class Generator(nn.Module):
    def __init__(self, widths: list[int], *, residual: bool, w_dim: int = 5, mapping_dim: int = 5) -> None:
        super().__init__()
        self.widths, self.residual = widths, residual
        self.mapping, self.truncation, self.synthesis = nn.Module(), nn.Module(), nn.Module()
        self.mapping.dense0 = Dense(6, mapping_dim, lr=0.01)
        self.mapping.dense1 = Dense(mapping_dim, w_dim, lr=0.01)
        self.truncation.register_buffer("w_avg", torch.randn(w_dim))
        parts = self.synthesis
        parts.early_layer = nn.Module()
        parts.early_layer.const = nn.Parameter(torch.randn(1, widths[0], 4, 4))
        for block, width in enumerate(widths):
            resolution, below = 2 ** (block + 2), widths[block - 1]
            if block:
                parts.add_module(
                    f"layer{2 * block - 1}", Layer(below, width, w_dim, resolution=resolution, up=True)
                )
                if residual:
                    skip = nn.Module()
                    skip.weight = nn.Parameter(torch.randn(width, below, 1, 1))
                    parts.add_module(f"residual{block}", skip)
            parts.add_module(f"layer{2 * block}", Layer(width, width, w_dim, resolution=resolution))
            if not residual or block == len(widths) - 1:
                parts.add_module(f"output{block}", Layer(width, 3, w_dim, k=1))

    def map(self, z: Tensor) -> Tensor:
        x = z / torch.sqrt(z.pow(2).mean(1, keepdim=True) + 1e-8)
        for dense in (self.mapping.dense0, self.mapping.dense1):
            x = F.leaky_relu(dense(x), 0.2) * math.sqrt(2)
        return x

    def forward(self, wp: Tensor) -> Tensor:
        x, image = self.synthesis.early_layer.const.repeat(len(wp), 1, 1, 1), None
        for block in range(len(self.widths)):
            branch = None
            if block:
                if self.residual:
                    weight = getattr(self.synthesis, f"residual{block}").weight
                    branch = enlarged(F.conv2d(x, weight / math.sqrt(weight.shape[1])))
                x = getattr(self.synthesis, f"layer{2 * block - 1}")(x, wp[:, 2 * block - 1])
            x = getattr(self.synthesis, f"layer{2 * block}")(x, wp[:, 2 * block])
            if branch is not None:
                x = (x + branch) / math.sqrt(2)
            image = None if image is None else enlarged(image)
            if hasattr(self.synthesis, f"output{block}"):
                rgb = getattr(self.synthesis, f"output{block}")(x, wp[:, 2 * block + 1])
                image = rgb if image is None else image + rgb
        assert image is not None
        return image


@torch.no_grad()
@pytest.mark.parametrize("residual", [False, True], ids=["skip", "residual"])
def test_files_make_their_images(residual: bool, tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = Generator([7, 6, 5], residual=residual)
    torch.save({"generator": {}, "generator_smooth": net.state_dict()}, tmp_path / "net.pth")
    found = ga.load(tmp_path / "net.pth")
    assert found.signature.architecture == "StyleGAN2"
    z = Latents(codes=torch.randn(3, 6), space=Space.Z)
    torch.testing.assert_close(found.map(z).codes, net.map(z.codes), **EXACT)
    assert torch.equal(found.mapping.w_avg, net.truncation.w_avg)
    mixed = Latents(codes=torch.randn(2, 6, 5), space=Space.W_PLUS)
    torch.testing.assert_close(found(mixed), net(mixed.codes), **EXACT)


def test_conditional_files_are_refused(tmp_path: Path) -> None:
    state = Generator([7, 6], residual=False).state_dict() | {"mapping.label_weight": torch.zeros(3, 6)}
    torch.save(state, tmp_path / "net.pth")
    with pytest.raises(ga.CheckpointError, match="1 more weights.*'mapping.label_weight'"):
        ga.load(tmp_path / "net.pth")
