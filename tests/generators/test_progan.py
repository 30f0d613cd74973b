"""Progressive GAN against the plain formulas of its paper."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from ganatomy.errors import CheckpointError, SettingError
from ganatomy.generators.progan import ProGAN, ProGANConfig
from ganatomy.latents import Latents, Space


def random_progan(**sizes) -> ProGAN:
    model = ProGAN(ProGANConfig(**sizes))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                parameter.normal_()
    return model.eval().requires_grad_(False)


def plain_progan(state: dict[str, Tensor], codes: Tensor) -> Tensor:
    """Table 2 and section 4, one layer after the other: every layer ends with a pixel norm, the image does not."""

    def norm(x: Tensor) -> Tensor:
        return x / torch.sqrt(x.pow(2).mean(1, keepdim=True) + 1e-8)

    dense = state["b4.conv0.weight"]
    x = norm(codes)
    x = torch.stack(
        [x @ dense[:, :, row, column].T for row in range(4) for column in range(4)], dim=-1
    ).reshape(len(x), -1, 4, 4)
    x = x * (math.sqrt(2) / 4 / math.sqrt(dense.shape[1])) + state["b4.conv0.bias"].reshape(1, -1, 1, 1)
    resolution, layer = 4, 0
    while f"b{resolution}.conv1.weight" in state:
        for layer in (0, 1):
            if (resolution, layer) != (4, 0):
                weight = state[f"b{resolution}.conv{layer}.weight"]
                x = F.interpolate(x, scale_factor=2) if layer == 0 else x
                x = F.conv2d(x, weight * math.sqrt(2 / (weight.shape[1] * 9)), padding=1)
                x = x + state[f"b{resolution}.conv{layer}.bias"].reshape(1, -1, 1, 1)
            x = norm(F.leaky_relu(x, 0.2))
        resolution *= 2
    image = state["torgb.weight"] / math.sqrt(x.shape[1])
    return F.conv2d(x, image, state["torgb.bias"])


@pytest.mark.parametrize("widths", [(6,), (7, 6, 5), (5, 4, 4, 3, 3)], ids=["4 px", "16 px", "64 px"])
def test_images_are_the_paper_s(widths: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    model = random_progan(widths=widths, z_dim=6, channels=1).double()
    codes = torch.randn(3, 6).double()
    ours = model(Latents(codes=codes, space=Space.Z))
    torch.testing.assert_close(ours, plain_progan(model.state_dict(), codes))


def test_a_label_stands_beside_the_code_and_is_normalised_with_it() -> None:
    torch.manual_seed(0)
    model = random_progan(widths=(6, 5), z_dim=4, num_classes=3)
    latents = model.sample(2, label=1)
    codes = torch.cat([latents.codes, torch.tensor([[0.0, 1.0, 0.0]] * 2)], dim=1)
    torch.testing.assert_close(model(latents), plain_progan(model.state_dict(), codes))
    assert not torch.allclose(model(latents), model(model.sample(2, label=2)))
    with pytest.raises(SettingError, match="3 classes; its codes need labels"):
        model(Latents(codes=latents.codes, space=Space.Z))


def test_the_sizes_are_read_off_the_weights() -> None:
    model = random_progan(widths=(6, 5, 4), z_dim=7, channels=1)
    assert ProGAN.read_config(model.state_dict(), {}) == model.config
    again = ProGAN.from_state(model.state_dict())
    assert again.fingerprint == model.fingerprint
    assert again.signature == model.signature
    labelled = ProGAN.from_state(model.state_dict(), settings={"label_size": 2})
    assert (labelled.signature.z_dim, labelled.signature.num_classes) == (5, 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("b8.conv0.bias"), r"b8\.conv0\.bias"),
        (lambda s: s.update({"b8.conv2.weight": torch.zeros(1)}), r"b8\.conv2\.weight"),
        (lambda s: s.update({"b32.conv1.weight": s["b8.conv1.weight"]}), r"\[4, 8, 32\]"),
        (lambda s: s.update({"b4.conv0.weight": torch.zeros(())}), "do not fit"),
        (lambda s: s.update({"b8.conv1.weight": torch.zeros(0, 5, 3, 3)}), "at least one channel"),
        (lambda s: s.update({"b8.conv1.weight": torch.zeros(1).expand(2**40, 5, 3, 3)}), "do not fit"),
    ],
    ids=[
        "missing",
        "left over",
        "a resolution skipped",
        "no shape",
        "no channels",
        "claims more than there is",
    ],
)
def test_weights_that_do_not_fit_are_refused_with_the_reason(change, message: str) -> None:
    state = random_progan(widths=(6, 5), z_dim=4).state_dict()
    change(state)
    with pytest.raises(CheckpointError, match=message):
        ProGAN.from_state(state)


def test_settings_out_of_range_are_refused() -> None:
    state = random_progan(widths=(6, 5), z_dim=4).state_dict()
    with pytest.raises(SettingError, match="normal prior"):
        ProGAN.from_state(state, prior="uniform")
    with pytest.raises(CheckpointError, match="a label of 4 numbers leaves 0 for z"):
        ProGAN.from_state(state, settings={"label_size": 4})
    with pytest.raises(SettingError, match="at least one channel"):
        ProGANConfig(widths=())
