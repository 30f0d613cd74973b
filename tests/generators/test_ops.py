"""The quick operations against the plain ones, in double precision: values, gradients, and gradients of gradients."""

from __future__ import annotations

import copy
from dataclasses import replace

import plain
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.autograd import forward_ad
from torch.nn import functional as F

from ganatomy.generators import conv3x3, kernels
from ganatomy.generators.kernels import FrozenKernel, KernelModule, WinogradConv
from ganatomy.generators.modulation import Finish, styled_conv2d
from ganatomy.generators.stylegan2 import StyleGAN2, StyleGAN2Config
from ganatomy.generators.stylegan3 import StyleGAN3, StyleGAN3Config
from ganatomy.generators.upsampling import compose, conv_upsample_2x, transpose_by_products, upsample_2x

quickly = settings(max_examples=25, deadline=None)
small = st.integers(1, 5)


def numbers(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def plain_layer(
    x: Tensor, weight: Tensor, styles: Tensor, finish: Finish, *, upsample: bool = False
) -> Tensor:
    y = plain.modulated_conv2d(x, weight, styles, upsample=upsample)
    if finish.noise is not None:
        y = y + finish.noise[:, None]
    return plain.activated(y, finish.bias, gain=finish.gain, clamp=finish.clamp)


@quickly
@given(n=small, i=small, o=small, rows=small, columns=small)
def test_a_quarter_of_the_multiplications_gives_the_same_convolution(
    n: int, i: int, o: int, rows: int, columns: int
) -> None:
    x, weight = numbers(n, i, 4 * rows, 4 * columns), numbers(o, i, 3, 3, seed=1)
    torch.testing.assert_close(
        WinogradConv.apply(x, FrozenKernel(weight)), F.conv2d(x, weight, padding=1), atol=1e-10, rtol=0
    )


def test_its_rounding_error_is_about_that_of_a_direct_convolution() -> None:
    x, weight = numbers(1, 256, 32, 32), numbers(128, 256, 3, 3, seed=1)
    exact = F.conv2d(x, weight, padding=1)

    def error(y: Tensor) -> float:
        return float((y - exact).norm() / exact.norm())

    ours = error(WinogradConv.apply(x.float(), FrozenKernel(weight.float())))
    direct = error(F.conv2d(x.float(), weight.float(), padding=1))
    assert ours < 3e-6
    assert ours < 20 * direct, "how exact a direct one is, the processor decides"


@quickly
@given(n=small, i=small, o=small, height=small, width=small)
def test_a_transposed_convolution_is_products_added_up(
    n: int, i: int, o: int, height: int, width: int
) -> None:
    x, weight = numbers(n, i, height, width), numbers(o, i, 3, 3, seed=1)
    torch.testing.assert_close(
        transpose_by_products(x, weight), F.conv_transpose2d(x, weight.transpose(0, 1), stride=2)
    )


@quickly
@given(n=small, channels=small, height=small, width=small)
def test_upsampling_is_zeros_and_the_filter(n: int, channels: int, height: int, width: int) -> None:
    x = numbers(n, channels, height, width)
    torch.testing.assert_close(upsample_2x(x), plain.upsampled(x))


@quickly
@given(n=small, i=small, o=small, height=small, width=small)
def test_a_margin_takes_the_place_of_padding(n: int, i: int, o: int, height: int, width: int) -> None:
    x, weight = numbers(n, i, height, width), numbers(o, i, 3, 3, seed=1)
    margin = conv_upsample_2x(F.pad(x, (1, 1, 1, 1)), weight, padding=0)
    torch.testing.assert_close(margin, conv_upsample_2x(x, weight))


@quickly
@given(n=small, i=small, o=small, height=small, width=small, margin=st.booleans())
def test_kernel_and_filter_may_be_one_kernel(
    n: int, i: int, o: int, height: int, width: int, margin: bool
) -> None:
    x, weight = numbers(n, i, height, width), numbers(o, i, 3, 3, seed=1)
    padded = F.pad(x, (1, 1, 1, 1)) if margin else x
    one = conv_upsample_2x(padded, weight, padding=1 - margin, composed=compose(weight))
    torch.testing.assert_close(one, conv_upsample_2x(x, weight))


@quickly
@given(
    n=small,
    i=small,
    o=small,
    size=st.tuples(st.integers(1, 9), small),
    upsample=st.booleans(),
    noise=st.sampled_from(["none", "shared", "each"]),
    clamp=st.sampled_from([None, 0.5]),
    gain=st.sampled_from([1.0, 2**0.5]),
    shared_input=st.booleans(),
    strip=st.sampled_from([1, 40, 2**20]),
)
def test_a_styled_convolution_is_the_papers(
    n: int, i: int, o: int, size: tuple[int, int], upsample: bool, noise: str, clamp: float | None, gain: float,
    shared_input: bool, strip: int,
) -> None:  # fmt: skip
    x, weight, styles = (
        numbers(1 if shared_input else n, i, *size),
        numbers(o, i, 3, 3, seed=1),
        numbers(n, i, seed=2),
    )
    rate = 2 if upsample else 1
    maps = numbers({"none": 0, "shared": 1, "each": n}[noise], rate * size[0], rate * size[1], seed=3)
    finish = Finish(bias=numbers(o, seed=4), noise=maps if len(maps) else None, gain=gain, clamp=clamp)
    expected = plain_layer(x, weight, styles, finish, upsample=upsample)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernels, "STRIP", strip)
        for frozen in (None, FrozenKernel(weight)):
            ours = styled_conv2d(x, weight, styles, finish, upsample=upsample, frozen=frozen)
            torch.testing.assert_close(ours, expected)


@pytest.mark.parametrize("upsample", [False, True])
@pytest.mark.parametrize(("strip", "pixels"), [(2**13, 0), (2**20, 0), (2**13, 1024**2)])
def test_wide_layers_are_the_papers_too(
    upsample: bool, strip: int, pixels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    width, size = (256, 8) if upsample else (128, 32)  # so that each takes its quick way
    monkeypatch.setattr(kernels, "STRIP", strip)
    x, weight, styles = (
        numbers(2, width, size, size),
        numbers(width, width, 3, 3, seed=1),
        numbers(2, width, seed=2),
    )
    finish = Finish(bias=numbers(width, seed=3))
    expected = plain_layer(x, weight, styles, finish, upsample=upsample)
    frozen = FrozenKernel(weight, pixels=pixels)
    ours = styled_conv2d(x, weight, styles, finish, upsample=upsample, frozen=frozen)
    torch.testing.assert_close(ours, expected)


@pytest.mark.filterwarnings(
    "ignore:.*torch.jit.script:DeprecationWarning"
)  # torch's own, on the first tangent
@pytest.mark.parametrize("upsample", [False, True])
@pytest.mark.parametrize("clamp", [None, 0.5])
@pytest.mark.parametrize("strip", [1, 2**20])
@pytest.mark.parametrize("maps", [1, 2])
def test_gradients_of_a_styled_convolution_can_be_differentiated(
    upsample: bool, clamp: float | None, strip: int, maps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = 8 if upsample else 4
    monkeypatch.setattr(kernels, "STRIP", strip)

    def layer(x: Tensor, weight: Tensor, styles: Tensor, bias: Tensor, noise: Tensor) -> Tensor:
        finish = Finish(bias=bias, noise=noise, clamp=clamp)
        return styled_conv2d(x, weight, styles, finish, upsample=upsample)

    shapes = [(2, 2, 4, 4), (2, 2, 3, 3), (2, 2), (2,), (maps, size, size)]
    inputs = [numbers(*shape, seed=seed).requires_grad_() for seed, shape in enumerate(shapes)]
    assert torch.autograd.gradcheck(layer, inputs, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(layer, inputs)
    codes_alone = [tensor.detach().requires_grad_(tensor is inputs[2]) for tensor in inputs]
    assert torch.autograd.gradcheck(layer, codes_alone)


def test_gradients_by_strips_are_those_of_the_plain_layer() -> None:
    x, weight, styles = numbers(3, 5, 16, 16), numbers(6, 5, 3, 3, seed=1), numbers(3, 5, seed=2)
    finish = Finish(bias=numbers(6, seed=3), noise=numbers(1, 16, 16, seed=4), clamp=0.8)
    aim = numbers(3, 6, 16, 16, seed=5)

    def gradients(layer: Callable[..., Tensor]) -> tuple[Tensor, ...]:
        inputs = x.clone().requires_grad_(), styles.clone().requires_grad_()
        made = layer(inputs[0], weight, inputs[1], finish, upsample=False)
        return torch.autograd.grad((made * aim).sum(), inputs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernels, "STRIP", 4 * 6 * 16)
        ours = gradients(styled_conv2d)
    torch.testing.assert_close(ours, gradients(plain_layer))


@pytest.mark.filterwarnings(
    "ignore:.*torch.jit.script:DeprecationWarning"
)  # torch's own, on the first tangent
def test_gradients_of_the_quick_convolution_can_be_differentiated() -> None:
    x, kernel = numbers(1, 2, 4, 4).requires_grad_(), FrozenKernel(numbers(3, 2, 3, 3, seed=1))
    assert torch.autograd.gradcheck(lambda x: WinogradConv.apply(x, kernel), x)
    assert torch.autograd.gradgradcheck(lambda x: WinogradConv.apply(x, kernel), x)
    with forward_ad.dual_level():
        tangent = forward_ad.unpack_dual(
            WinogradConv.apply(forward_ad.make_dual(x, torch.ones_like(x)), kernel)
        )[1]
    torch.testing.assert_close(tangent, F.conv2d(torch.ones_like(x), kernel.weight, padding=1))


@pytest.mark.parametrize("architecture", ["skip", "residual", "original"])
def test_a_whole_network_draws_and_learns_as_the_plain_one(architecture: str) -> None:
    model = noisy(StyleGAN2Config(widths=(8, 128, 128, 128), w_dim=8, z_dim=8, architecture=architecture))
    w = model.sample(3, space="w+")
    expected = plain.stylegan2(model, w)
    assert relative_error(model.synthesize(w), expected) < 1e-5

    model.double()
    slopes = []
    for draw in (model.synthesize, lambda latents: plain.stylegan2(model, latents)):
        codes = w.codes.double().requires_grad_()
        images = draw(w.with_codes(codes))
        assert relative_error(images, expected) < 1e-5
        (slope,) = torch.autograd.grad(images.square().sum(), codes)
        slopes.append(slope)
    torch.testing.assert_close(*slopes)


@pytest.mark.parametrize("settings", [{}, {"kernel": 1, "radial": True}], ids=["t", "r"])
def test_stylegan3_draws_as_the_plain_one(settings: dict) -> None:
    torch.manual_seed(0)
    config = StyleGAN3Config(resolution=32, widths=(128, 128, 16, 8, 8, 3), z_dim=8, w_dim=8, **settings)
    model = StyleGAN3(config).eval().requires_grad_(False)
    w = model.sample(2, space="w+")
    assert relative_error(model.synthesize(w), plain.stylegan3(model, w)) < 1e-5


def test_a_prepared_kernel_never_outlives_its_weight() -> None:
    model = noisy(StyleGAN2Config(widths=(8, 8, 128, 128), w_dim=8, z_dim=8))
    w = replace(model.sample(1, space="w+"), fingerprint=None)
    other = noisy(model.config, seed=1)
    changes = [
        lambda: model.synthesis.b32.conv1.weight.mul_(0.5),
        lambda: model.half().float(),
        lambda: model.load_state_dict(other.state_dict()),
        lambda: setattr(model.synthesis.b32.conv1.weight, "data", torch.ones(128, 128, 3, 3)),
        lambda: model.load_state_dict(noisy(model.config, seed=2).state_dict(), assign=True),
    ]
    for change in changes:
        model.synthesize(w)
        change()
        assert relative_error(model.synthesize(w), plain.stylegan2(model, w)) < 1e-5


def test_a_weight_that_learns_is_not_prepared_and_a_copy_prepares_its_own() -> None:
    module = KernelModule()
    module.weight = torch.nn.Parameter(numbers(2, 2, 3, 3))
    assert module.frozen_kernel() is None
    module.requires_grad_(False)
    kernel = module.frozen_kernel()
    assert kernel is module.frozen_kernel()
    assert copy.deepcopy(module).frozen_kernel() is not kernel


def test_a_kernel_at_all_points_is_kept_only_where_it_is_small() -> None:
    weight = numbers(128, 128, 3, 3)
    assert not isinstance(FrozenKernel(weight, pixels=64**2).points, list)
    kept = FrozenKernel(weight, pixels=128**2)
    assert kept.points is kept.points
    assert kept.adjoint.points is kept.adjoint.points


def test_pays_only_where_it_was_measured_to() -> None:
    wide, narrow = torch.empty(128, 128, 3, 3), torch.empty(128, 64, 3, 3)
    assert conv3x3.pays(wide, 32, 32)
    assert not conv3x3.pays(wide, 16, 16)
    assert not conv3x3.pays(wide, 34, 34)
    assert not conv3x3.pays(narrow, 32, 32)
    assert not conv3x3.pays(wide.bfloat16(), 32, 32)


def noisy(config: StyleGAN2Config, seed: int = 0) -> StyleGAN2:
    """A fresh network whose noise has a strength."""
    torch.manual_seed(seed)
    model = StyleGAN2(config).eval().requires_grad_(False)
    for name, parameter in model.named_parameters():
        if name.endswith("noise_strength"):
            parameter.fill_(0.1)
    return model


def relative_error(a: Tensor, b: Tensor) -> float:
    return float((a - b).detach().norm() / b.detach().norm())
