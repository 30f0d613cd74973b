"""genforce's files, newer and older, against networks in their layout that compute with plain operations."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import ganatomy as ga
from ganatomy.generators.checkpoints import read_checkpoint
from ganatomy.latents import Latents, Space

EXACT = {"rtol": 1e-6, "atol": 1e-6}
"""In double precision, which leaves only the rounding of the weights that a translation scales."""


def norm_pixels(x: Tensor) -> Tensor:
    return x / torch.sqrt(x.pow(2).mean(dim=1, keepdim=True) + 1e-8)


def smear(kernel: Tensor) -> Tensor:
    """A 3x3 kernel as the sum of its four shifts in 4x4, which is how upsampling is fused into it."""
    wide = kernel.new_zeros(*kernel.shape[:2], 4, 4)
    for row in (0, 1):
        for column in (0, 1):
            wide[:, :, row : row + 3, column : column + 3] += kernel
    return wide


class Conv(nn.Module):
    """A convolution of genforce, transposed where it is fused with upsampling; then PGGAN stores `[in, out, k, k]`."""

    def __init__(
        self, i: int, o: int, k: int = 3, *, fused: bool = False, gain: float = math.sqrt(2)
    ) -> None:
        super().__init__()
        exchanged = fused and not isinstance(self, Layer)
        self.weight = nn.Parameter(torch.randn(i, o, k, k) if exchanged else torch.randn(o, i, k, k))
        self.bias = nn.Parameter(torch.randn(o))
        self.fused, self.scale, self.pad = fused, gain / math.sqrt(i * k * k), {1: 0, 3: 1, 4: 3}[k]

    def convolve(self, x: Tensor, *, up: bool) -> Tensor:
        if up and self.fused:
            weight = self.weight.transpose(0, 1) if isinstance(self, Layer) else self.weight
            return F.conv_transpose2d(x, smear(weight * self.scale), stride=2, padding=1)
        x = F.interpolate(x, scale_factor=2, mode="nearest") if up else x
        return F.conv2d(x, self.weight * self.scale, padding=self.pad)


class PGGAN(nn.Module):
    """genforce's Progressive GAN: the norm stands before each convolution."""

    def __init__(self, widths: list[int], *, z_dim: int = 6, fused: bool = False) -> None:
        super().__init__()
        self.widths = widths
        self.register_buffer("lod", torch.zeros(()))
        for block, width in enumerate(widths):
            first = Conv(widths[block - 1], width, fused=fused) if block else Conv(z_dim, width, 4)
            self.add_module(f"layer{2 * block}", first)
            self.add_module(f"layer{2 * block + 1}", Conv(width, width))
            self.add_module(f"output{block}", Conv(width, 3, 1, gain=1.0))

    def forward(self, z: Tensor) -> Tensor:
        x = norm_pixels(z)[:, :, None, None]
        for layer in range(2 * len(self.widths)):
            conv = getattr(self, f"layer{layer}")
            x = conv.convolve(norm_pixels(x), up=layer > 0 and layer % 2 == 0)
            x = F.leaky_relu(x + conv.bias[:, None, None], 0.2)
        output = getattr(self, f"output{len(self.widths) - 1}")
        return output.convolve(norm_pixels(x), up=False) + output.bias[:, None, None]


class Dense(nn.Module):
    def __init__(self, i: int, o: int, *, gain: float, lr: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(o, i) / lr)
        self.bias = nn.Parameter(torch.randn(o))
        self.scale, self.lr = gain / math.sqrt(i) * lr, lr

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight * self.scale, self.bias * self.lr)


class Noise(nn.Module):
    def __init__(self, resolution: int, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(channels))
        self.register_buffer("noise", torch.randn(1, 1, resolution, resolution))


class Blur(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        taps = torch.tensor([1.0, 2.0, 1.0])
        self.register_buffer("kernel", (torch.outer(taps, taps) / 16).expand(channels, 1, 3, 3).clone())

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.kernel, padding=1, groups=x.shape[1])


class Layer(Conv):
    """A layer of genforce's StyleGAN, whose kernels are all `[out, in, 3, 3]`; the first has a constant instead."""

    def __init__(self, i: int, o: int, w_dim: int, resolution: int, *, index: int, fused: bool) -> None:
        super().__init__(i, o, fused=fused)
        self.apply_noise = Noise(resolution, o)
        self.style = Dense(w_dim, 2 * o, gain=1.0)
        self.up = index > 0 and index % 2 == 0
        if index == 0:
            del self.weight
            self.const = nn.Parameter(torch.randn(1, o, 4, 4))
        elif self.up:
            self.blur = Blur(o)

    def forward(self, x: Tensor | None, w: Tensor, *, noise: bool) -> Tensor:
        if x is None:
            x = self.const.repeat(len(w), 1, 1, 1)
        else:
            x = self.convolve(x, up=self.up)
            x = self.blur(x) if self.up else x
        if noise:
            x = x + self.apply_noise.noise * self.apply_noise.weight[:, None, None]
        x = F.leaky_relu(x + self.bias[:, None, None], 0.2)
        x = x - x.mean((2, 3), keepdim=True)
        x = x / torch.sqrt(x.pow(2).mean((2, 3), keepdim=True) + 1e-8)
        scale, shift = self.style(w).view(len(w), 2, -1, 1, 1).unbind(1)
        return x * (scale + 1) + shift


class StyleGAN(nn.Module):
    """genforce's StyleGAN, with its three parts."""

    def __init__(
        self, widths: list[int], *, z_dim: int = 6, w_dim: int = 5, fused_from: int = 128, labels: int = 0
    ) -> None:
        super().__init__()
        self.widths = widths
        self.mapping, self.truncation, self.synthesis = nn.Module(), nn.Module(), nn.Module()
        if labels:
            self.mapping.label_weight = nn.Parameter(torch.randn(labels, z_dim))
        dims = [2 * z_dim if labels else z_dim, 7, 7, w_dim]
        for index in range(3):
            dense = Dense(dims[index], dims[index + 1], gain=math.sqrt(2), lr=0.01)
            dense.bias.data *= 30
            self.mapping.add_module(f"dense{index}", dense)
        self.truncation.register_buffer("w_avg", torch.randn(w_dim))
        self.synthesis.register_buffer("lod", torch.zeros(()))
        for block, width in enumerate(widths):
            resolution = 2 ** (block + 2)
            for index in (2 * block, 2 * block + 1):
                below = widths[block - 1] if index % 2 == 0 and block else width
                fused = index > 0 and index % 2 == 0 and resolution >= fused_from
                layer = Layer(below, width, w_dim, resolution, index=index, fused=fused)
                self.synthesis.add_module(f"layer{index}", layer)
            self.synthesis.add_module(f"output{block}", Conv(width, 3, 1, gain=1.0))

    def map(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        w = norm_pixels(z if label is None else torch.cat([z, label @ self.mapping.label_weight], dim=1))
        for dense in (self.mapping.dense0, self.mapping.dense1, self.mapping.dense2):
            w = F.leaky_relu(dense(w), 0.2)
        return w

    def forward(self, wp: Tensor, *, noise: bool = True) -> Tensor:
        x = None
        for index in range(2 * len(self.widths)):
            x = getattr(self.synthesis, f"layer{index}")(x, wp[:, index], noise=noise)
        output = getattr(self.synthesis, f"output{len(self.widths) - 1}")
        return output.convolve(x, up=False) + output.bias[:, None, None]


def older(state: dict[str, Tensor], fused: set[int], *, dense: str = "fc") -> dict[str, Tensor]:
    """The names of InterFaceGAN's time; fused kernels are `[height, width, in, out]` and keep the bare name."""
    style = any(name.startswith("synthesis.") for name in state)
    renamed = {}
    for name, tensor in state.items():
        old = name
        if m := re.match(r"(?:synthesis\.)?layer(\d+)\.weight$", name):
            if int(m[1]) in fused:
                tensor = tensor.permute(2, 3, 1, 0) if style else tensor.permute(2, 3, 0, 1)
            else:
                old = name.replace(".weight", ".conv.weight")
        elif re.match(r"(synthesis\.)?output\d+\.weight$", name):
            old = name.replace(".weight", ".conv.weight")
        elif not style:
            old = name.replace(".bias", ".wscale.bias")
        elif name.startswith("mapping.dense"):
            old = name.replace(".weight", f".{dense}.weight").replace(".bias", ".wscale.bias")
        elif ".style." in name:
            old = name.replace(".weight", f".{dense}.weight").replace(".bias", ".wscale.bias")
            old = old.replace(".style.", ".epilogue.style_mod.dense.")
        elif ".apply_noise." in name:
            old = name.replace(".apply_noise.", ".epilogue.apply_noise.")
        elif re.match(r"synthesis\.layer\d+\.bias$", name):
            old = name.replace(".bias", ".epilogue.bias")
        elif name.endswith(".const"):
            old = name.replace(".const", ".first_layer")
        renamed[old] = tensor
    return renamed


NESTINGS = {
    "plain": lambda state: state,
    "zoo": lambda state: {
        "generator": {name: torch.zeros_like(tensor) for name, tensor in state.items()},
        "discriminator": {"input0.weight": torch.zeros(4, 3, 1, 1), "lod": torch.zeros(())},
        "generator_smooth": state,
    },
    "training": lambda state: {
        "models": {
            "discriminator": {"input0.weight": torch.zeros(4, 3, 1, 1)},
            "generator": {name: torch.zeros_like(tensor) for name, tensor in state.items()},
            "generator_smooth": {f"module.{name}": tensor for name, tensor in state.items()},
        },
        "optimizers": {"generator": {"state": {}, "param_groups": []}},
        "running_metadata": {"iter": 3},
    },
}


@torch.no_grad()
def compare_progan(net: PGGAN, state: dict[str, Tensor], path: Path) -> None:
    torch.save(state, path)
    found, net = ga.load(path).double(), net.double()
    z = torch.randn(3, 6).double()
    torch.testing.assert_close(found(Latents(codes=z, space=Space.Z)), net(z), **EXACT)
    assert found.signature.architecture == "ProGAN"


@pytest.mark.parametrize("nest", NESTINGS.values(), ids=NESTINGS)
@pytest.mark.parametrize("fused", [False, True], ids=["separate", "fused"])
def test_progressive_gans_make_their_images(fused: bool, nest, tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = PGGAN([6, 6, 5, 4, 3], fused=fused)
    compare_progan(net, nest(net.state_dict()), tmp_path / "net.pth")


@pytest.mark.parametrize("fused", [False, True], ids=["separate", "fused"])
def test_older_progressive_gans_make_their_images(fused: bool, tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = PGGAN([4, 4, 4], fused=fused)  # shapes do not tell, but names do
    state = older(net.state_dict(), {2, 4} if fused else set())
    assert "layer0.wscale.bias" in state
    del state["lod"]
    for leaf in ("conv.weight", "wscale.bias"):
        state[f"output_16x16.{leaf}"] = state.pop(f"output2.{leaf}")
    compare_progan(net, state, tmp_path / "net.pth")


@torch.no_grad()
def compare_stylegan(net: StyleGAN, state: dict[str, Tensor], path: Path) -> None:
    torch.save(state, path)
    found, net = ga.load(path).double(), net.double()
    z = Latents(codes=torch.randn(3, 6).double(), space=Space.Z)
    w = net.map(z.codes)
    torch.testing.assert_close(found.map(z).codes, w, **EXACT)

    rows = 2 * len(net.widths)
    wp = w[:, None].repeat(1, rows, 1)
    mean = net.truncation.w_avg
    wp[:, :4] = mean + (wp[:, :4] - mean) * 0.7
    truncated = found.map(z, to="w+", truncation_psi=0.7, truncation_cutoff=4)
    torch.testing.assert_close(truncated.codes, wp, **EXACT)
    torch.testing.assert_close(found(truncated), net(wp), **EXACT)

    styles = torch.cat([getattr(net.synthesis, f"layer{i}").style(wp[:, i]) for i in range(rows)], dim=1)
    torch.testing.assert_close(found.map(truncated, to="s").codes, styles, **EXACT)

    mixed = Latents(codes=torch.randn(2, rows, 5).double(), space=Space.W_PLUS)
    torch.testing.assert_close(found(mixed), net(mixed.codes), **EXACT)
    quiet = net(mixed.codes, noise=False)
    torch.testing.assert_close(found.synthesize(mixed, noise="none"), quiet, **EXACT)


@pytest.mark.parametrize("nest", NESTINGS.values(), ids=NESTINGS)
def test_stylegans_make_their_images(nest, tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = StyleGAN([6, 6, 5])
    compare_stylegan(net, nest(net.state_dict()), tmp_path / "net.pth")


@pytest.mark.parametrize(
    ("widths", "fused_from", "names"),
    [
        ([5, 5, 5, 4, 4, 4], 128, "newer"),
        ([5, 5, 5, 4, 4, 3], 128, "newer"),
        ([5, 5, 4], 8, "older"),
        ([4, 4, 4, 4, 3, 3], 8, "older"),
        ([5, 5, 5, 4, 4, 3], 128, "older"),
        ([4, 4, 4, 4, 4, 3], 999, "older"),
    ],
    ids=[
        "square kernels",
        "published",
        "older, all",
        "older, square kernels",
        "older, published",
        "older, none",
    ],
)
def test_fused_upsampling_is_recognised(
    widths: list[int], fused_from: int, names: str, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    net = StyleGAN(widths, fused_from=fused_from)
    fused = {2 * i for i in range(1, len(widths)) if 2 ** (i + 2) >= fused_from}
    state = net.state_dict() if names == "newer" else older(net.state_dict(), fused)
    compare_stylegan(net, state, tmp_path / "net.pth")
    told = [guess.what for guess in ga.load(tmp_path / "net.pth").guesses]
    assert ("upsampling" in told) == (names == "newer")


@pytest.mark.parametrize("dense", ["fc", "linear"])
def test_older_stylegans_make_their_images(dense: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = StyleGAN([6, 5, 4])
    state = older(net.state_dict(), set(), dense=dense)
    assert f"synthesis.layer0.epilogue.style_mod.dense.{dense}.weight" in state
    assert "mapping.dense0.wscale.bias" in state
    compare_stylegan(net, state, tmp_path / "net.pth")


@torch.no_grad()
def test_labels_are_embedded_as_there(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = StyleGAN([4, 4], labels=3)
    torch.save(net.state_dict(), tmp_path / "net.pth")
    found = ga.load(tmp_path / "net.pth")
    z = found.sample(2, label=2)
    torch.testing.assert_close(found.map(z).codes, net.map(z.codes, z.labels))


@torch.no_grad()
def test_a_missing_mean_is_computed_and_noted(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = StyleGAN([4, 4])
    state = {k: v for k, v in net.state_dict().items() if k != "truncation.w_avg"}
    torch.save(state, tmp_path / "net.pth")
    mean = ga.load(tmp_path / "net.pth").mapping.w_avg
    torch.testing.assert_close(mean, net.map(torch.randn(20_000, 6)).mean(0), atol=0.02, rtol=0)
    found = read_checkpoint(tmp_path / "net.pth")
    assert "no mean w" in found.notes[0]
    assert found.format == "PyTorch, genforce's StyleGAN"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("synthesis.layer3.apply_noise.noise"), r"no 'synthesis\.layer3\.apply_noise\.noise'"),
        (lambda s: s.update({"synthesis.attention.weight": torch.zeros(3)}), r"1 more.*'synthesis\.attention\.weight'"),
        (lambda s: s["synthesis.lod"].fill_(1.5), r"still grew \('synthesis\.lod' is 1\.5"),
        (lambda s: s.update({"truncation.w_avg": torch.randn(20)}), "a mean w of its own for each of 4 layers"),
        (lambda s: s.update({"truncation.w_avg": torch.randn(9)}), r"mean w is \[9\], and its w has 5"),
        (lambda s: s.update({"synthesis.layer0.const": torch.zeros(())}), "weights of other shapes"),
        (lambda s: s.update({"synthesis.layer3.apply_noise.weight": torch.zeros(64)}), "noise_weight"),
    ],
    ids=["missing", "left over", "growing", "means", "length of the mean", "shape", "noise of another kind"],
)  # fmt: skip
def test_files_that_are_not_whole_or_not_as_published_are_refused(
    change, message: str, tmp_path: Path
) -> None:
    state = StyleGAN([4, 4]).state_dict()
    change(state)
    torch.save(state, tmp_path / "net.pth")
    with pytest.raises(ga.CheckpointError, match=message) as refusal:
        ga.load(tmp_path / "net.pth")
    assert "net.pth" in str(refusal.value)


def test_a_growing_progressive_gan_is_refused(tmp_path: Path) -> None:
    state = PGGAN([4, 4]).state_dict() | {"lod": torch.tensor(1.0)}
    torch.save(state, tmp_path / "net.pth")
    with pytest.raises(ga.CheckpointError, match="'lod' is 1, not 0"):
        ga.load(tmp_path / "net.pth")
