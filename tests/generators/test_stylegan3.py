"""StyleGAN3 against numbers that its authors' code computed, the plain formulas of the paper, and its own promises."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import plain_stylegan3
import pytest
import torch
from scipy.ndimage import map_coordinates
from torch import Tensor

from ganatomy.errors import CheckpointError, SettingError
from ganatomy.generators import conv3x3
from ganatomy.generators.alias_free import Band, design_lowpass, separable_terms
from ganatomy.generators.stylegan3 import StyleGAN3, StyleGAN3Config
from ganatomy.latents import Latents, Space

EXACT = {"rtol": 0, "atol": 1e-5}


class Golden:
    """The published network and everything that was computed with it."""

    def __init__(self, path: Path) -> None:
        self.data = np.load(path)
        self.state = {k.removeprefix("state/"): self[k] for k in self.data.files if k.startswith("state/")}
        self.settings = json.loads(str(self.data["init_kwargs"]))
        self.model = StyleGAN3.from_state(self.state, settings=self.settings)

    def __getitem__(self, name: str) -> Tensor:
        return torch.from_numpy(self.data[name])

    def latents(self, name: str, rows: int | None = None) -> Latents:
        return Latents(codes=self[name][:rows], space=Space.W_PLUS, num_layers=self.model.config.num_layers)


@pytest.fixture(scope="module")
def golden(shared: Path) -> Golden:
    return Golden(shared / "reference/stylegan3-t-64-conditional.npz")


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("w", {}),
        ("w_psi07", {"truncation_psi": 0.7}),
        ("w_psi05_cut4", {"truncation_psi": 0.5, "truncation_cutoff": 4}),
    ],
)
def test_z_maps_to_the_published_w(golden: Golden, name: str, settings: dict) -> None:
    z = Latents(codes=golden["z"], space=Space.Z, num_layers=16, labels=golden["c"])
    torch.testing.assert_close(golden.model.map(z, to="w+", **settings).codes, golden[name], **EXACT)


def test_w_maps_to_the_published_styles_of_the_input_and_every_layer(golden: Golden) -> None:
    styles = golden.model.map(golden.latents("w"), to="s").codes
    published = torch.cat([golden[k] for k in golden.data.files if k.startswith("style/")], dim=1)
    torch.testing.assert_close(styles, published, **EXACT)


@pytest.mark.parametrize(
    ("codes", "images"),
    [
        ("w", "images_const"),
        ("w_psi07", "images_psi07_const"),
        ("w", "images_none"),
        ("w_mixed", "images_mixed_const"),
    ],
)
def test_images_are_the_published_ones(golden: Golden, codes: str, images: str) -> None:
    latents = golden.latents(codes, rows=len(golden[images]))
    torch.testing.assert_close(golden.model.synthesize(latents), golden[images], **EXACT)


def test_designed_filters_are_the_published_ones(golden: Golden) -> None:
    fresh = StyleGAN3(StyleGAN3.read_config(golden.state, golden.settings)).state_dict()
    filters = [name for name in golden.state if name.endswith("_filter")]
    assert len(filters) == 28
    for name in filters:
        torch.testing.assert_close(fresh[name], golden.state[name], rtol=0, atol=1e-7)


def test_mapping_layers_in_the_settings_are_not_taken_for_those_of_synthesis(golden: Golden) -> None:
    assert StyleGAN3.read_config(golden.state, golden.settings | {"num_layers": 2}) == golden.model.config


def randomised(config: StyleGAN3Config) -> StyleGAN3:
    """A network in which everything that a fresh one leaves at 0 or 1 has another value."""
    torch.manual_seed(0)
    model = StyleGAN3(config).eval().requires_grad_(False)
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        learnt_late = re.search(r"w_avg$|input\.affine\.weight$|L\d+_\d+_\d+\.bias$", name)
        if learnt_late:
            tensor.normal_(std=0.3)
        elif name.endswith("magnitude_ema"):
            tensor.uniform_(0.5, 1.5)
    return model


TINY: dict[str, Any] = {
    "resolution": 16, "widths": (7, 6, 5, 4, 3), "z_dim": 6, "w_dim": 5, "first_cutoff": 1.0,
    "first_stopband": 1.9, "margin": 2,
}  # fmt: skip
CASES: dict[str, dict[str, Any]] = {
    "t": {},
    "r": {"kernel": 1, "radial": True},
    "r with more critical layers": {"kernel": 1, "radial": True, "num_critical": 3},
    "clamped": {"clamp": 0.5},
    "without clamp": {"clamp": None},
    "no upsampling before activations": {"lrelu_upsampling": 1},
    "four times upsampling": {"lrelu_upsampling": 4, "filter_size": 3},
    "odd filters, radial": {"filter_size": 3, "radial": True, "lrelu_upsampling": 3, "margin": 5},
    "kernels of five": {"kernel": 5},
    "kernels of even size": {"kernel": 2},
}
WIDE = StyleGAN3Config(**{**TINY, "widths": (128, 128, 128, 1), "num_critical": 1})


@pytest.mark.parametrize("case", CASES)
def test_images_are_those_of_the_plain_formulas(case: str) -> None:
    model = randomised(StyleGAN3Config(**{**TINY, **CASES[case]})).double()
    w = model.sample(2, seed=1, space="w+")
    plain = plain_stylegan3.synthesize(model, w)
    assert plain.std() > 1e-3
    torch.testing.assert_close(model(w), plain, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("case", ["t", "r", "clamped"])
@pytest.mark.parametrize("learning", [False, True], ids=["fixed weights", "learning weights"])
def test_gradients_are_those_of_the_plain_formulas(case: str, learning: bool) -> None:
    model = randomised(StyleGAN3Config(**{**TINY, **CASES[case]})).double().requires_grad_(learning)
    w = model.sample(2, seed=1, space="w+")
    codes = w.codes.detach().clone().requires_grad_()
    wanted = [codes, *(model.synthesis.parameters() if learning else ())]
    ours, plain = (
        torch.autograd.grad(synthesize(replace(w, codes=codes, fingerprint=None)).square().sum(), wanted)
        for synthesize in (model.synthesize, lambda latents: plain_stylegan3.synthesize(model, latents))
    )
    for a, b in zip(ours, plain, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-7 * float(b.abs().max()))


def test_wide_layers_in_tiles_give_the_same_images_and_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    model = randomised(WIDE).double()
    w = replace(model.sample(2, seed=1, space="w+"), fingerprint=None)
    results = []
    for pays in (conv3x3.pays, lambda *_: False):
        monkeypatch.setattr(conv3x3, "pays", pays)
        codes = w.codes.detach().clone().requires_grad_()
        tracked = model.synthesize(replace(w, codes=codes))
        results.append((model.synthesize(w), tracked, *torch.autograd.grad(tracked.square().sum(), codes)))
    for tiles, direct in zip(*results, strict=True):
        torch.testing.assert_close(tiles, direct, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("radial", [False, True])
def test_low_pass_filters_keep_what_lies_below_and_stop_what_lies_above(radial: bool) -> None:
    taps = design_lowpass(48, cutoff=8, width=8, sampling_rate=64, radial=radial)
    assert taps is not None
    square = taps if radial else taps[:, None] * taps
    response = torch.fft.fft2(square.double(), s=(256, 256)).abs()
    frequency = torch.fft.fftfreq(256).abs() * 64
    x, y = frequency[:, None], frequency[None]
    reach = (x**2 + y**2).sqrt() if radial else torch.maximum(x, y).expand(256, 256)
    assert (response[reach < 4] - 1).abs().max() < 0.02
    assert response[reach > 12].max() < 0.02
    assert design_lowpass(1, cutoff=8, width=8, sampling_rate=64) is None


def test_a_radial_filter_treats_all_directions_alike() -> None:
    taps = design_lowpass(48, cutoff=8, width=8, sampling_rate=64, radial=True)
    plain = design_lowpass(48, cutoff=8, width=8, sampling_rate=64)
    assert taps is not None
    assert plain is not None

    def spread(square: Tensor) -> float:
        """How much the response at the cutoff differs between the axis and the diagonal."""
        angle = torch.tensor([0.0, math.pi / 4])
        position = (torch.arange(48) - 23.5) / 64
        phase = (
            8
            * 2
            * math.pi
            * (angle.cos()[:, None, None] * position[:, None] + angle.sin()[:, None, None] * position)
        )
        response = (phase.cos() * square).sum(dim=(1, 2))
        return float((response[0] - response[1]).abs())

    assert spread(taps) < 0.01
    assert spread(plain[:, None] * plain) > 0.1


def test_few_separable_terms_make_a_radial_filter() -> None:
    taps = design_lowpass(12, cutoff=8, width=6, sampling_rate=64, radial=True)
    assert taps is not None
    terms = separable_terms(taps)
    assert len(terms) <= 5
    torch.testing.assert_close(sum(torch.outer(a, b) for a, b in terms), taps.flip(0, 1), rtol=0, atol=1e-7)


@pytest.mark.parametrize(("up", "down", "offset"), [(2, 1, 9), (1, 2, 0), (4, 1, -7), (3, 1, 1), (1, 1, 0)])
def test_the_blocks_of_a_band_are_the_whole_matrix(up: int, down: int, offset: int) -> None:
    band = Band(in_size=50, out_size=41, num_taps=7, up=up, down=down, offset=offset)
    taps = torch.randn(7).double()
    x = torch.randn(3, 50, 50).double()

    def dense(band: Band, taps: Tensor) -> Tensor:
        o, i = torch.arange(band.out_size)[:, None], torch.arange(band.in_size)
        tap = band.offset + band.up * i - band.down * o
        return torch.where((tap >= 0) & (tap < 7), taps[tap.clamp(0, 6)], 0.0)

    m, wanted = dense(band, taps), slice(band.wanted().start, band.wanted().stop)
    cropped = band.cropped()
    matrix = cropped.matrix(taps)
    fine = cropped.rows(cropped.columns(cropped.pad(x[:, wanted, wanted]), matrix), matrix)
    ours = fine[:41, :, :41].transpose(0, 1)
    torch.testing.assert_close(ours, m @ x @ m.T)
    torch.testing.assert_close(dense(band.transposed(), taps.flip(0)), m.T)
    torch.testing.assert_close(dense(cropped, taps), m[:, wanted])
    assert not m[:, : wanted.start].any()
    assert not m[:, wanted.stop :].any()


def psnr(a: Tensor, b: Tensor) -> float:
    """Of the error, against the spread of the image."""
    return float(10 * torch.log10((b.max() - b.min()) ** 2 / (a - b).square().mean()))


def moving(*, kernel: int, radial: bool) -> StyleGAN3:
    config = StyleGAN3Config(
        resolution=64, widths=(24,) * 8 + (3,), z_dim=6, w_dim=5, kernel=kernel, radial=radial, margin=10
    )
    return randomised(config)


def with_transform(model: StyleGAN3, *, angle: float = 0.0, x: float = 0.0, y: float = 0.0) -> Tensor:
    """An image whose waves are sampled at turned and moved points."""
    cos, sin = math.cos(angle), math.sin(angle)
    model.synthesis.input.transform.copy_(torch.tensor([[cos, -sin, x], [sin, cos, y], [0, 0, 1]]))
    # The mean w, whose own transform is the same for all images.
    return model(Latents(codes=torch.zeros(1, 5), space=Space.W, num_layers=10))


@pytest.mark.parametrize(("kernel", "radial"), [(3, False), (1, True)], ids=["t", "r"])
def test_moving_the_waves_moves_the_image(kernel: int, radial: bool) -> None:
    model = moving(kernel=kernel, radial=radial)
    still = with_transform(model)
    moved = with_transform(model, x=5 / 64, y=-3 / 64)
    # Points that lie further right show what was there: the image moves left and down.
    assert psnr(moved[..., 3:, :-5], still[..., :-3, 5:]) > 65
    assert psnr(moved, still) < 30


def turned(image: Tensor, angle: float) -> Tensor:
    """An image sampled at turned points by splines."""
    size = image.shape[-1]
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    points = np.stack([math.sin(angle) * x + math.cos(angle) * y, math.cos(angle) * x - math.sin(angle) * y])
    return torch.stack(
        [torch.from_numpy(map_coordinates(c.numpy(), points + (size - 1) / 2, order=5)) for c in image[0]]
    )[None]


def rotation_psnr(model: StyleGAN3) -> float:
    disc = torch.from_numpy(np.hypot(*(np.mgrid[:64, :64] - 31.5)) < 26)
    angle = math.pi / 5
    found, expected = with_transform(model, angle=angle), turned(with_transform(model), angle)
    return psnr(found[..., disc], expected[..., disc])


def test_turning_the_waves_turns_the_image_of_r_and_not_of_t() -> None:
    assert rotation_psnr(moving(kernel=1, radial=True)) > 60
    assert rotation_psnr(moving(kernel=3, radial=False)) < 30


def test_w_turns_and_moves_the_waves_as_the_transform_does() -> None:
    model = moving(kernel=1, radial=True)
    waves = model.synthesis.input
    turn = math.pi / 3
    by_style = waves(torch.tensor([[2 * math.cos(turn), 2 * math.sin(turn), 0.2, -0.4]]))
    # The style turns and moves the image, so it looks up points turned and moved the other way.
    cos, sin = math.cos(turn), math.sin(turn)
    move = torch.tensor([[cos, -sin], [sin, cos]]) @ torch.tensor([-0.1, 0.2])
    waves.transform.copy_(torch.tensor([[cos, -sin, float(move[0])], [sin, cos, float(move[1])], [0, 0, 1]]))
    torch.testing.assert_close(waves(torch.tensor([[1.0, 0.0, 0.0, 0.0]])), by_style, atol=1e-4, rtol=0)


@pytest.mark.parametrize("num_classes", [0, 3])
@pytest.mark.parametrize(("kernel", "radial"), [(3, False), (1, True)], ids=["t", "r"])
def test_the_sizes_are_read_off_the_weights_and_the_settings(
    num_classes: int, kernel: int, radial: bool
) -> None:
    config = StyleGAN3Config(**TINY, num_classes=num_classes, kernel=kernel, radial=radial, clamp=None)
    model = randomised(config)
    settings = {"first_cutoff": 1.0, "first_stopband": 1.9, "margin_size": 2, "conv_clamp": None}
    again = StyleGAN3.from_state(model.state_dict(), settings=settings)
    assert again.config == config
    codes = model.sample(2, seed=0)
    assert again.fingerprint == model.fingerprint
    torch.testing.assert_close(again(codes), model(codes))
    assert again(codes).shape == (2, 3, 16, 16)


def test_weights_of_another_design_need_their_settings() -> None:
    state = randomised(StyleGAN3Config(**{**TINY, "margin": 10, "first_cutoff": 1.2})).state_dict()
    with pytest.raises(CheckpointError, match="first_cutoff=1"):
        StyleGAN3.from_state(state, settings={"first_cutoff": 1.0, "first_stopband": 1.9})


def test_weights_that_do_not_fit_are_refused_with_the_reason() -> None:
    model = randomised(StyleGAN3Config(**TINY))
    settings = {"first_cutoff": 1.0, "first_stopband": 1.9, "margin_size": 2}
    name = model.synthesis.layer_names[2]
    state = model.state_dict()
    del state[f"synthesis.{name}.bias"]
    with pytest.raises(CheckpointError, match=rf"synthesis\.{name}\.bias"):
        StyleGAN3.from_state(state, settings=settings)
    with pytest.raises(CheckpointError, match="margin"):
        StyleGAN3.from_state(model.state_dict(), settings=settings | {"margin_size": "wide"})


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(SettingError, match="resolution=70000"):
        StyleGAN3Config(resolution=70_000, widths=(4, 4, 3))
    with pytest.raises(SettingError, match="stopband lies above"):
        StyleGAN3Config(resolution=16, widths=(4, 4, 3), num_critical=1, first_cutoff=5.0)
    with pytest.raises(SettingError, match="normal prior"):
        StyleGAN3.from_state({}, prior="uniform")
