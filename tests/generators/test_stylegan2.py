"""StyleGAN2 against numbers that its authors' code computed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from ganatomy.errors import CheckpointError, SettingError
from ganatomy.generators.stylegan2 import StyleGAN2, StyleGAN2Config
from ganatomy.latents import Latents, Space

EXACT = {"rtol": 0, "atol": 1e-4}


class Golden:
    """The published network and everything that was computed with it."""

    def __init__(self, path: Path) -> None:
        self.data = np.load(path)
        self.state = {k.removeprefix("state/"): self[k] for k in self.data.files if k.startswith("state/")}
        self.model = StyleGAN2.from_state(self.state)

    def __getitem__(self, name: str) -> Tensor:
        return torch.from_numpy(self.data[name])

    def latents(self, name: str, space: Space, rows: int | None = None) -> Latents:
        return Latents(codes=self[name][:rows], space=space, num_layers=self.model.config.num_layers)


@pytest.fixture(scope="module")
def golden(shared: Path) -> Golden:
    return Golden(shared / "reference/stylegan2-ada-32.npz")


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("w", {}),
        ("w_psi07", {"truncation_psi": 0.7}),
        ("w_psi05_cut4", {"truncation_psi": 0.5, "truncation_cutoff": 4}),
    ],
)
def test_z_maps_to_the_published_w(golden: Golden, name: str, settings: dict) -> None:
    w = golden.model.map(golden.latents("z", Space.Z), to="w+", **settings)
    torch.testing.assert_close(w.codes, golden[name], **EXACT)


def test_w_maps_to_the_published_styles_of_every_layer(golden: Golden) -> None:
    styles = golden.model.map(golden.latents("w", Space.W_PLUS), to="s").codes
    published = torch.cat([golden[k] for k in golden.data.files if k.startswith("style/")], dim=1)
    torch.testing.assert_close(styles, published, **EXACT)


@pytest.mark.parametrize(
    ("codes", "images", "noise"),
    [
        ("w", "images_const", "const"),
        ("w_psi07", "images_psi07_const", "const"),
        ("w", "images_none", "none"),
        ("w_mixed", "images_mixed_const", "const"),
    ],
)
def test_images_are_the_published_ones(golden: Golden, codes: str, images: str, noise: str) -> None:
    latents = golden.latents(codes, Space.W_PLUS, rows=len(golden[images]))
    torch.testing.assert_close(golden.model.synthesize(latents, noise=noise), golden[images], **EXACT)


def test_every_space_leads_to_the_same_image(golden: Golden) -> None:
    z = golden.latents("z", Space.Z, rows=2)
    images = [golden.model(golden.model.map(z, to=space)) for space in ("z", "w", "w+", "s")]
    for image in images[1:]:
        torch.testing.assert_close(image, images[0])


@pytest.mark.parametrize("architecture", ["skip", "residual", "original"])
@pytest.mark.parametrize("num_classes", [0, 3])
def test_the_sizes_are_read_off_the_weights(architecture: str, num_classes: int) -> None:
    sizes = {"widths": (6, 5, 4), "z_dim": 7, "w_dim": 6, "mapping_layers": 3, "channels": 1}
    config = StyleGAN2Config(**sizes, num_classes=num_classes, architecture=architecture)
    model = StyleGAN2(config).eval()
    assert StyleGAN2.read_config(model.state_dict(), {}) == config
    again = StyleGAN2.from_state(model.state_dict())
    codes = model.sample(2, seed=0)
    assert again.fingerprint == model.fingerprint
    torch.testing.assert_close(again(codes), model(codes))
    assert again(codes).shape == (2, 1, 16, 16)


def test_classes_change_the_image_and_must_exist() -> None:
    model = StyleGAN2(StyleGAN2Config(widths=(6, 5), z_dim=4, w_dim=4, num_classes=3)).eval()
    first, second = (model(model.sample(1, seed=0, label=label)) for label in (0, 1))
    assert not torch.allclose(first, second)
    with pytest.raises(SettingError, match="classes 0 to 2"):
        model.sample(1, label=3)


def test_a_view_of_one_class_draws_that_class_with_the_same_weights() -> None:
    model = StyleGAN2(StyleGAN2Config(widths=(6, 5), z_dim=4, w_dim=4, num_classes=3)).eval()
    view = model.of_class(2)
    assert torch.equal(view.sample(5, space="w").codes, model.sample(5, space="w", label=2).codes)
    assert torch.equal(view.sample(5, label=1).codes, model.sample(5, label=1).codes)
    assert view.fingerprint == model.fingerprint
    assert model.label is None
    with pytest.raises(SettingError, match="classes 0 to 2"):
        model.of_class(3)
    with pytest.raises(SettingError, match="not conditional"):
        StyleGAN2(StyleGAN2Config(widths=(6, 5), z_dim=4, w_dim=4)).of_class(0)


def test_clamped_activations_are_bounded() -> None:
    free = StyleGAN2(StyleGAN2Config(widths=(6, 5), z_dim=4, w_dim=4)).eval()
    bound = StyleGAN2.from_state(free.state_dict(), settings={"conv_clamp": 0.1})
    w = Latents(codes=torch.randn(4, 4), space=Space.W, num_layers=4)
    assert free(w).abs().max() > 0.2
    assert bound(w).abs().max() <= 0.2  # an image is the sum of two that are bounded by 0.1


def test_weights_that_do_not_fit_are_refused_with_the_reason() -> None:
    state = StyleGAN2(StyleGAN2Config(widths=(6, 5), z_dim=4, w_dim=4)).state_dict()
    del state["synthesis.b8.conv0.bias"]
    with pytest.raises(CheckpointError, match=r"synthesis\.b8\.conv0\.bias"):
        StyleGAN2.from_state(state)


def test_a_uniform_prior_is_refused() -> None:
    with pytest.raises(SettingError, match="normal prior"):
        StyleGAN2.from_state(
            StyleGAN2(StyleGAN2Config(widths=(6,), z_dim=4, w_dim=4)).state_dict(), prior="uniform"
        )
