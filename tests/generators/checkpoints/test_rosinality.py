"""rosinality's StyleGAN2 files against a network in their layout that computes with plain operations."""

from __future__ import annotations

import argparse
import math
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import ganatomy as ga
from ganatomy.generators.checkpoints import read_checkpoint
from ganatomy.latents import Latents, Space

EXACT = {"rtol": 1e-5, "atol": 1e-5}
TAPS = torch.tensor([1.0, 3.0, 3.0, 1.0])


def filtered(x: Tensor, kernel: Tensor, *, before: int, after: int) -> Tensor:
    """Every channel with zeros around it and the kernel, as a loop over its taps."""
    x = F.pad(x, (before, after, before, after))
    size = x.shape[-1] - 3
    out = torch.zeros(*x.shape[:2], size, size)
    for row in range(4):
        for column in range(4):
            out += kernel[row, column] * x[..., row : row + size, column : column + size]
    return out


class Filter(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("kernel", torch.outer(TAPS, TAPS) / 64 * 4)


class Dense(nn.Module):
    def __init__(self, i: int, o: int, *, lr: float = 1.0, around: float = 0.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(o, i) / lr)
        self.bias = nn.Parameter((torch.randn(o) * 0.3 + around) / lr)
        self.lr = lr

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight * self.lr / math.sqrt(self.weight.shape[1]), self.bias * self.lr)


class ModulatedConv(nn.Module):
    def __init__(
        self, i: int, o: int, k: int, w_dim: int, *, up: bool = False, demodulate: bool = True
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(1, o, i, k, k))
        self.modulation = Dense(w_dim, i, around=1.0)
        self.demodulate, self.up = demodulate, up
        if up:
            self.blur = Filter()

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        styles = self.modulation(w)
        images = []
        for image, style in zip(x, styles, strict=True):
            kernel = self.weight[0] / math.sqrt(self.weight[0, 0].numel()) * style[None, :, None, None]
            if self.demodulate:
                kernel = kernel / torch.sqrt(kernel.pow(2).sum((1, 2, 3), keepdim=True) + 1e-8)
            if self.up:
                wide = F.conv_transpose2d(image[None], kernel.transpose(0, 1), stride=2)
                images.append(filtered(wide, self.blur.kernel, before=1, after=1))
            else:
                images.append(F.conv2d(image[None], kernel, padding=kernel.shape[-1] // 2))
        return torch.cat(images)


class StyledConv(nn.Module):
    def __init__(self, i: int, o: int, w_dim: int, *, up: bool = False) -> None:
        super().__init__()
        self.conv = ModulatedConv(i, o, 3, w_dim, up=up)
        self.noise, self.activate = nn.Module(), nn.Module()
        self.noise.weight = nn.Parameter(torch.randn(1))
        self.activate.bias = nn.Parameter(torch.randn(o))

    def forward(self, x: Tensor, w: Tensor, noise: Tensor) -> Tensor:
        x = self.conv(x, w) + self.noise.weight * noise
        return F.leaky_relu(x + self.activate.bias[:, None, None], 0.2) * math.sqrt(2)


class ToRGB(nn.Module):
    def __init__(self, i: int, w_dim: int, *, up: bool) -> None:
        super().__init__()
        if up:
            self.upsample = Filter()
        self.conv = ModulatedConv(i, 3, 1, w_dim, demodulate=False)
        self.bias = nn.Parameter(torch.randn(1, 3, 1, 1))

    def forward(self, x: Tensor, w: Tensor, skip: Tensor | None) -> Tensor:
        x = self.conv(x, w) + self.bias
        if skip is None:
            return x
        sparse = torch.zeros(*skip.shape[:2], 2 * skip.shape[2], 2 * skip.shape[3])
        sparse[..., ::2, ::2] = skip
        return x + filtered(sparse, self.upsample.kernel, before=2, after=1)


class Generator(nn.Module):
    """rosinality's generator: `style`, `input`, `conv1`, `to_rgb1`, `convs`, `to_rgbs` and `noises`."""

    def __init__(self, widths: list[int], *, w_dim: int = 6, depth: int = 3, mapping_dim: int = 6) -> None:
        super().__init__()
        dense = [Dense(i, o, lr=0.01) for i, o in pairwise([w_dim, *[mapping_dim] * (depth - 1), w_dim])]
        self.style = nn.Sequential(nn.Identity(), *dense)
        self.input = nn.Module()
        self.input.input = nn.Parameter(torch.randn(1, widths[0], 4, 4))
        self.conv1 = StyledConv(widths[0], widths[0], w_dim)
        self.to_rgb1 = ToRGB(widths[0], w_dim, up=False)
        self.convs, self.to_rgbs, self.noises = nn.ModuleList(), nn.ModuleList(), nn.Module()
        for below, width in pairwise(widths):
            self.convs.extend([StyledConv(below, width, w_dim, up=True), StyledConv(width, width, w_dim)])
            self.to_rgbs.append(ToRGB(width, w_dim, up=True))
        for index in range(2 * len(widths) - 1):
            size = 2 ** ((index + 5) // 2)
            self.noises.register_buffer(f"noise_{index}", torch.randn(1, 1, size, size))

    def map(self, z: Tensor) -> Tensor:
        x = z / torch.sqrt(z.pow(2).mean(1, keepdim=True) + 1e-8)
        for dense in list(self.style)[1:]:
            x = F.leaky_relu(dense(x), 0.2) * math.sqrt(2)
        return x

    def forward(self, wp: Tensor, *, noise: float = 1.0) -> Tensor:
        maps = [noise * getattr(self.noises, f"noise_{i}") for i in range(len(self.convs) + 1)]
        x = self.input.input.repeat(len(wp), 1, 1, 1)
        x = self.conv1(x, wp[:, 0], maps[0])
        skip = self.to_rgb1(x, wp[:, 1], None)
        for block, to_rgb in enumerate(self.to_rgbs):
            row = 2 * block + 1
            x = self.convs[row - 1](x, wp[:, row], maps[row])
            x = self.convs[row](x, wp[:, row + 1], maps[row + 1])
            skip = to_rgb(x, wp[:, row + 2], skip)
        return skip


NESTINGS = {
    "converted": lambda state, mean: {"g_ema": state, "latent_avg": mean},
    "trained": lambda state, mean: {
        "g": {name: torch.zeros_like(tensor) for name, tensor in state.items()},
        "d": {"convs.0.0.weight": torch.zeros(4, 3, 1, 1)},
        "g_ema": state,
        "g_optim": {"state": {0: {"step": 3, "exp_avg": torch.zeros(2)}}, "param_groups": [{"lr": 0.002}]},
        "ada_aug_p": 0.1,
        "latent_avg": mean[None],
    },
    "parallel": lambda state, mean: {
        "g_ema": {f"module.{name}": tensor for name, tensor in state.items()}, "latent_avg": mean,
    },
    "one dictionary": lambda state, mean: {**state, "latent_avg": mean},
}  # fmt: skip


@torch.no_grad()
@pytest.mark.parametrize("nest", NESTINGS.values(), ids=NESTINGS)
def test_files_make_their_images(nest, tmp_path: Path) -> None:
    torch.manual_seed(0)
    net, mean = Generator([8, 6, 5, 4]), torch.randn(6)
    torch.save(nest(net.state_dict(), mean), tmp_path / "net.pt")
    found = ga.load(tmp_path / "net.pt")
    assert found.signature.architecture == "StyleGAN2"
    assert (found.signature.resolution, found.signature.num_layers) == (32, 8)

    z = Latents(codes=torch.randn(3, 6), space=Space.Z)
    w = net.map(z.codes)
    torch.testing.assert_close(found.map(z).codes, w, **EXACT)
    truncated = found.map(z, to="w+", truncation_psi=0.5)
    wp = (mean + 0.5 * (w - mean))[:, None].repeat(1, 8, 1)
    torch.testing.assert_close(truncated.codes, wp, **EXACT)
    torch.testing.assert_close(found(truncated), net(wp), **EXACT)

    mixed = Latents(codes=torch.randn(2, 8, 6), space=Space.W_PLUS)
    torch.testing.assert_close(found(mixed), net(mixed.codes), **EXACT)
    torch.testing.assert_close(found.synthesize(mixed, noise="none"), net(mixed.codes, noise=0), **EXACT)


@torch.no_grad()
def test_channels_that_styles_nearly_switch_off_are_exact_too(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = Generator([6, 5])
    for module in net.modules():
        if isinstance(module, ModulatedConv) and module.demodulate:
            module.modulation.weight.mul_(1e-4)
            module.modulation.bias.mul_(1e-4)  # the normalisation then meets its epsilon
    torch.save({"g_ema": net.state_dict(), "latent_avg": torch.zeros(6)}, tmp_path / "net.pt")
    w = Latents(codes=torch.randn(2, 4, 6), space=Space.W_PLUS)
    torch.testing.assert_close(ga.load(tmp_path / "net.pt")(w), net(w.codes), **EXACT)


@torch.no_grad()
def test_a_missing_mean_is_computed_and_missing_noise_is_none(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = Generator([6, 5])
    state = {name: tensor for name, tensor in net.state_dict().items() if not name.startswith("noises.")}
    torch.save({"g_ema": state}, tmp_path / "net.pt")
    found = ga.load(tmp_path / "net.pt")
    torch.testing.assert_close(
        found.mapping.w_avg, net.map(torch.randn(20_000, 6)).mean(0), atol=0.05, rtol=0
    )
    w = Latents(codes=torch.randn(2, 4, 6), space=Space.W_PLUS)
    torch.testing.assert_close(found(w), net(w.codes, noise=0), **EXACT)
    notes = read_checkpoint(tmp_path / "net.pt").notes
    assert "no mean w" in notes[0]
    assert "no noise" in notes[1]


def test_the_network_that_was_not_averaged_can_be_asked_for(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net, averaged = Generator([6, 5]), Generator([6, 5])
    content = {"g": net.state_dict(), "g_ema": averaged.state_dict(), "latent_avg": torch.ones(6)}
    torch.save(content, tmp_path / "net.pt")
    found = ga.load(tmp_path / "net.pt", network="g")
    assert torch.equal(found.mapping.w_avg, torch.ones(6))
    assert torch.equal(found.mapping.fc0.weight, net.style[1].weight)


def odd_filter(state: dict[str, Tensor]) -> None:
    state["convs.0.conv.blur.kernel"] = torch.full((4, 4), 0.25)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("convs.1.activate.bias"), r"no 'convs\.1\.activate\.bias'"),
        (lambda s: s.update({"to_rgbs.0.iwt.ll": torch.zeros(2, 2)}), r"1 more.*'to_rgbs\.0\.iwt\.ll'"),
        (odd_filter, r"resampling filter 'convs\.0\.conv\.blur\.kernel' other than"),
        (lambda s: s.update({"conv1.noise.weight": torch.zeros(2)}), "weights of other shapes"),
        (lambda s: s.update({"conv1.conv.modulation.bias": torch.zeros(2)}), "do not fit"),
    ],
    ids=["missing", "left over", "filter", "shape", "size"],
)
def test_files_that_are_not_whole_or_not_as_published_are_refused(
    change, message: str, tmp_path: Path
) -> None:
    state = Generator([6, 5]).state_dict()
    change(state)
    torch.save({"g_ema": state, "latent_avg": torch.zeros(6)}, tmp_path / "net.pt")
    with pytest.raises(ga.CheckpointError, match=message) as refusal:
        ga.load(tmp_path / "net.pt")
    assert "net.pt" in str(refusal.value)


def test_the_arguments_of_a_training_run_do_not_stand_in_the_way(tmp_path: Path) -> None:
    net = Generator([6, 5])
    content = {"g_ema": net.state_dict(), "args": argparse.Namespace(size=8, lr=0.002)}
    torch.save(content, tmp_path / "net.pt")
    assert ga.load(tmp_path / "net.pt").signature.resolution == 8
