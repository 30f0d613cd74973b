"""StyleGAN against the plain formulas of its paper."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from ganatomy.errors import CheckpointError, SettingError
from ganatomy.generators.stylegan import StyleGAN, StyleGANConfig
from ganatomy.latents import Latents, Space


def random_stylegan(**sizes) -> StyleGAN:
    """A StyleGAN in which nothing is zero that could hide a mistake."""
    sizes = {"widths": (6, 5, 4), "z_dim": 6, "w_dim": 5, "mapping_layers": 3, "mapping_dim": 7} | sizes
    model = StyleGAN(StyleGANConfig(**sizes))
    with torch.no_grad():
        for name, tensor in (*model.named_parameters(), *model.named_buffers()):
            if name.endswith(("bias", "noise_weight", "const", "w_avg")):
                tensor.normal_()
    return model.eval().requires_grad_(False)


def plain_mapping(state: dict[str, Tensor], z: Tensor) -> Tensor:
    x = z / torch.sqrt(z.pow(2).mean(1, keepdim=True) + 1e-8)
    layer = 0
    while f"mapping.fc{layer}.weight" in state:
        weight, bias = state[f"mapping.fc{layer}.weight"], state[f"mapping.fc{layer}.bias"]
        x = x @ weight.T * 0.01 / math.sqrt(weight.shape[1]) + 0.01 * bias
        x = math.sqrt(2) * torch.where(x > 0, x, 0.2 * x)
        layer += 1
    return x


def plain_synthesis(state: dict[str, Tensor], w: Tensor, noise: bool = True) -> Tensor:
    """Figure 1b, one layer after the other, for every code on its own."""
    taps = torch.tensor([1.0, 2.0, 1.0], dtype=w.dtype)
    images = []
    for code in w:
        x, row, resolution = state["synthesis.b4.const"][None], 0, 4
        while f"synthesis.b{resolution}.layer0.bias" in state:
            for layer in ("layer0", "layer1"):
                of = {
                    k.removeprefix(f"synthesis.b{resolution}.{layer}."): v
                    for k, v in state.items()
                    if k.startswith(f"synthesis.b{resolution}.{layer}.")
                }
                if "conv.weight" in of:
                    weight = of["conv.weight"]
                    x = F.interpolate(x, scale_factor=2) if layer == "layer0" else x
                    x = F.conv2d(x, weight * math.sqrt(2 / weight[0].numel()), padding=1)
                if layer == "layer0" and resolution > 4:
                    blur = (torch.outer(taps, taps) / 16).expand(x.shape[1], 1, 3, 3)
                    x = F.conv2d(x, blur, padding=1, groups=x.shape[1])
                if noise:
                    x = x + of["noise_weight"].reshape(1, -1, 1, 1) * of["noise_const"]
                x = F.leaky_relu(x + of["bias"].reshape(1, -1, 1, 1), 0.2)
                x = F.instance_norm(x, eps=1e-8)
                style = of["affine.weight"] @ code[row] / math.sqrt(len(code[row])) + of["affine.bias"]
                scale, shift = style.reshape(2, 1, -1, 1, 1)
                x = x * (scale + 1) + shift
                row += 1
            resolution *= 2
        image = state["synthesis.torgb.weight"]
        images.append(F.conv2d(x, image / math.sqrt(x.shape[1]), state["synthesis.torgb.bias"]))
    return torch.cat(images)


@pytest.mark.parametrize("noise", ["const", "none"])
@pytest.mark.parametrize("widths", [(5,), (6, 5, 4), (5, 4, 4, 3, 3)], ids=["4 px", "16 px", "64 px"])
def test_images_are_the_paper_s(widths: tuple[int, ...], noise: str) -> None:
    torch.manual_seed(0)
    model = random_stylegan(widths=widths).double()
    w = torch.randn(3, model.config.num_layers, 5).double()
    ours = model.synthesize(Latents(codes=w, space=Space.W_PLUS), noise=noise)
    torch.testing.assert_close(ours, plain_synthesis(model.state_dict(), w, noise=noise == "const"))


def test_codes_are_normalised_and_mapped() -> None:
    torch.manual_seed(0)
    model = random_stylegan().double()
    z = torch.randn(4, 6).double()
    w = model.map(Latents(codes=z, space=Space.Z)).codes
    torch.testing.assert_close(w, plain_mapping(model.state_dict(), z))


def test_a_label_is_embedded_beside_the_code_and_normalised_with_it() -> None:
    torch.manual_seed(0)
    model = random_stylegan(num_classes=3)
    z = model.sample(2, label=1)
    embedding = model.state_dict()["mapping.label_weight"][1].expand(2, -1)
    expected = plain_mapping(model.state_dict(), torch.cat([z.codes, embedding], dim=1))
    torch.testing.assert_close(model.map(z).codes, expected)


def test_truncation_pulls_the_first_layers_towards_the_mean() -> None:
    model = random_stylegan()
    z = model.sample(2)
    w, mean = model.map(z).codes, model.mapping.w_avg
    cut = model.map(z, to="w+", truncation_psi=0.7, truncation_cutoff=4).codes
    torch.testing.assert_close(cut[:, 3], mean + 0.7 * (w - mean))
    torch.testing.assert_close(cut[:, 4], w)


def test_mixed_styles_make_the_image_of_neither_code() -> None:
    model = random_stylegan().double()
    first, second = model.sample(2, space="w+").codes
    mixed = torch.cat([first[:2], second[2:]])[None]
    image = model(Latents(codes=mixed, space=Space.W_PLUS))
    torch.testing.assert_close(image, plain_synthesis(model.state_dict(), mixed))


def test_random_noise_differs_between_images_and_calls() -> None:
    model = random_stylegan(widths=(6,))
    w = Latents(codes=torch.ones(2, 2, 5), space=Space.W_PLUS)
    first, second = model.synthesize(w, noise="random")
    assert not torch.allclose(first, second)
    assert not torch.allclose(first, model.synthesize(w, noise="random")[0])
    torch.testing.assert_close(*model.synthesize(w, noise="const"))


def test_styles_are_what_the_layers_use() -> None:
    model = random_stylegan()
    assert model.style_widths == [12, 12, 10, 10, 8, 8]
    w = model.sample(2, space="w")
    torch.testing.assert_close(model(model.map(w, to="s")), model(w))


@pytest.mark.parametrize("num_classes", [0, 3])
def test_the_sizes_are_read_off_the_weights(num_classes: int) -> None:
    model = random_stylegan(num_classes=num_classes, channels=1)
    assert StyleGAN.read_config(model.state_dict(), {}) == model.config
    again = StyleGAN.from_state(model.state_dict())
    assert again.fingerprint == model.fingerprint
    assert again.signature == model.signature


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("synthesis.b8.layer0.conv.weight"), r"b8\.layer0\.conv\.weight"),
        (lambda s: s.update({"synthesis.extra": torch.zeros(1)}), r"synthesis\.extra"),
        (lambda s: s.update({"synthesis.b64.layer1.bias": torch.zeros(4)}), r"\[4, 8, 16, 64\]"),
        (lambda s: s.update({"mapping.w_avg": torch.zeros(())}), "do not fit"),
        (lambda s: s.update({f"synthesis.b{2**k}.layer1.bias": torch.zeros(1) for k in range(5, 40)}), "do not fit"),
    ],
    ids=["missing", "left over", "a resolution skipped", "no shape", "claims a huge resolution"],
)  # fmt: skip
def test_weights_that_do_not_fit_are_refused_with_the_reason(change, message: str) -> None:
    state = random_stylegan().state_dict()
    change(state)
    with pytest.raises(CheckpointError, match=message):
        StyleGAN.from_state(state)


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(SettingError, match="normal prior"):
        StyleGAN.from_state(random_stylegan().state_dict(), prior="uniform")
    with pytest.raises(SettingError, match="at least one channel"):
        StyleGANConfig(widths=(4, 0))
