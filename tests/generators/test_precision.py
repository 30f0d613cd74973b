"""Images in lower precision: close to those in float32, of the same generator."""

from __future__ import annotations

import pytest
import torch

import ganatomy as ga


@pytest.mark.parametrize(("precision", "tolerance"), [("bfloat16", 2e-2), ("float16", 5e-3)])
def test_images_in_lower_precision_are_close(precision: str, tolerance: float) -> None:
    full, lower = ga.load("faces"), ga.load("faces", precision=precision)
    assert lower.fingerprint == full.fingerprint
    assert lower.dtype == torch.float32
    codes = full.sample(4, seed=1, space="w")
    images, expected = lower(codes), full(codes)
    assert images.dtype == torch.float32
    assert 0 < (images - expected).norm() / expected.norm() < tolerance


def test_gradients_flow_through_lower_precision() -> None:
    slopes = []
    for precision in ("float32", "bfloat16"):
        generator = ga.load("faces", precision=precision)
        latents = generator.sample(1, space="w")
        codes = latents.codes.clone().requires_grad_()
        generator(latents.with_codes(codes)).square().sum().backward()
        slopes.append(codes.grad)
    assert torch.nn.functional.cosine_similarity(*slopes).item() > 0.99


def test_a_precision_that_is_not_there_is_refused() -> None:
    with pytest.raises(ga.SettingError, match="bfloat16.*float32"):
        ga.load("digits", precision="bfloat16")
    with pytest.raises(ga.SettingError, match="float8.*float32, bfloat16, float16"):
        ga.load("faces", precision="float8")


def test_a_module_keeps_its_own_precision() -> None:
    with pytest.raises(ga.SettingError, match="of files"):
        ga.load(ga.load("digits"), precision="bfloat16")
