"""Synthesis as `torch.compile` takes it: one graph without a break, with the same images and gradients."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from ganatomy.generators.style_based import StyleBasedGenerator
from ganatomy.generators.stylegan import StyleGAN, StyleGANConfig
from ganatomy.generators.stylegan2 import StyleGAN2, StyleGAN2Config
from ganatomy.generators.stylegan3 import StyleGAN3, StyleGAN3Config

WIDTHS = (8, 8, 8)
LAYERS = (4,) * 4

MODELS = {
    "stylegan": lambda: StyleGAN(StyleGANConfig(widths=WIDTHS)),
    "stylegan2": lambda: StyleGAN2(StyleGAN2Config(widths=WIDTHS)),
    "stylegan2, residual": lambda: StyleGAN2(StyleGAN2Config(widths=WIDTHS, architecture="residual")),
    "stylegan3-t": lambda: StyleGAN3(StyleGAN3Config(resolution=16, widths=(*LAYERS, 3))),
    "stylegan3-r": lambda: StyleGAN3(
        StyleGAN3Config(resolution=16, widths=(*LAYERS, 3), radial=True, kernel=1)
    ),
}


def image_and_gradient(model: StyleBasedGenerator) -> tuple[torch.Tensor, torch.Tensor]:
    latents = model.sample(2, seed=0, space="w")
    codes = latents.codes.clone().requires_grad_()
    images = model(latents.with_codes(codes))
    (gradient,) = torch.autograd.grad(images.square().sum(), codes)
    return images.detach(), gradient


def check(model: StyleBasedGenerator) -> None:
    images, gradient = image_and_gradient(model)
    model.synthesis.compile(backend="eager", fullgraph=True)  # raises at a break
    with torch.no_grad():
        drawn = model(model.sample(2, seed=0, space="w"))
    compiled, compiled_gradient = image_and_gradient(model)
    assert torch.allclose(drawn, images, atol=1e-5)
    assert torch.allclose(compiled, images, atol=1e-5)
    assert torch.allclose(compiled_gradient, gradient, rtol=1e-4, atol=1e-5 * float(gradient.abs().max()))


@pytest.mark.slow
def test_synthesis_is_one_graph_with_and_without_gradients() -> None:
    # In a process of its own: the checks of types that tests put around every function break graphs.
    run = subprocess.run([sys.executable, __file__], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split("\n")[:-1] == list(MODELS)


if __name__ == "__main__":
    for name, build in MODELS.items():
        torch.manual_seed(0)
        torch.compiler.reset()
        check(build().eval().requires_grad_(False))
        sys.stdout.write(f"{name}\n")
