"""Every generator that the contract holds for, small enough for a quick test."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

import ganatomy as ga
from ganatomy.generators.dcgan import DCGAN
from ganatomy.generators.progan import ProGAN, ProGANConfig
from ganatomy.generators.stylegan import StyleGAN, StyleGANConfig
from ganatomy.generators.stylegan2 import StyleGAN2, StyleGAN2Config
from ganatomy.generators.stylegan3 import StyleGAN3, StyleGAN3Config


class TinyModule(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Linear(6, 3 * 8 * 8)

    def forward(self, z: Tensor) -> Tensor:
        return self.dense(z).tanh().view(-1, 3, 8, 8)


def tiny_function(z: Tensor) -> Tensor:
    return (
        z[:, :1, None, None] * torch.linspace(-1, 1, 64, dtype=z.dtype, device=z.device).view(1, 1, 8, 8)
    ).sin()


def used_dcgan() -> DCGAN:
    """A DCGAN whose batch norms have seen images."""
    model = DCGAN.build(z_dim=6, widths=(8, 6), channels=1).train()
    with torch.no_grad():
        for seed in range(30):
            model(model.sample(32, seed=seed))
    return model.eval()


def tiny_stylegan2(num_classes: int = 0) -> StyleGAN2:
    config = StyleGAN2Config(
        widths=(8, 6), z_dim=6, w_dim=5, mapping_layers=2, num_classes=num_classes, channels=3
    )
    model = StyleGAN2(config)
    # A fresh network has no noise and a mean w of zero, and would hide mistakes in both.
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("noise_strength"):
                parameter.fill_(0.1)
        model.mapping.w_avg.normal_()
        for block in model.synthesis.blocks():
            block.torgb.weight.mul_(0.1)
    return model.eval()


def tiny_stylegan(num_classes: int = 0) -> StyleGAN:
    config = StyleGANConfig(
        widths=(8, 6), z_dim=6, w_dim=5, mapping_layers=2, mapping_dim=7, num_classes=num_classes
    )
    model = StyleGAN(config)
    with torch.no_grad():
        for name, tensor in (*model.named_parameters(), *model.named_buffers()):
            if name.endswith(("noise_weight", "const", "w_avg", "bias")):
                tensor.normal_(std=0.3)
    return model.eval()


def tiny_stylegan3(kernel: int = 3, num_classes: int = 0) -> StyleGAN3:
    """Configuration t with kernels of 3 pixels, r with kernels of 1."""
    config = StyleGAN3Config(
        resolution=16, widths=(8, 7, 6, 3), z_dim=6, w_dim=5, num_classes=num_classes, kernel=kernel,
        radial=kernel == 1, first_cutoff=1.0, first_stopband=1.9, margin=3, num_critical=1,
    )  # fmt: skip
    model = StyleGAN3(config)
    with torch.no_grad():
        for name, tensor in (*model.named_parameters(), *model.named_buffers()):
            if name.endswith(("w_avg", "input.affine.weight")) or re.search(r"L\d+_\d+_\d+\.bias$", name):
                tensor.normal_(std=0.3)
            elif name.endswith("magnitude_ema"):
                tensor.uniform_(0.5, 1.5)
    return model.eval()


MAKERS: dict[str, Callable[[], ga.Generator]] = {
    "toy with z": lambda: ga.ToyGenerator(z_dim=6),
    "toy with w and w+, uniform": lambda: ga.ToyGenerator(z_dim=6, w_dim=8, num_layers=3, prior="uniform"),
    "drawn": lambda: ga.DrawnGenerator(resolution=32),
    "drawn, folded": lambda: ga.DrawnGenerator(map="folded", resolution=32),
    "drawn, warped and independent": lambda: ga.DrawnGenerator(
        map="warped", population="independent", resolution=32
    ),
    "dcgan": used_dcgan,
    "stylegan2": tiny_stylegan2,
    "conditional stylegan2": lambda: tiny_stylegan2(num_classes=3),
    "stylegan3 t": tiny_stylegan3,
    "stylegan3 r": lambda: tiny_stylegan3(kernel=1),
    "conditional stylegan3": lambda: tiny_stylegan3(num_classes=3),
    "stylegan": tiny_stylegan,
    "conditional stylegan": lambda: tiny_stylegan(num_classes=3),
    "progan": lambda: ProGAN(ProGANConfig(widths=(8, 6), z_dim=6)).eval(),
    "conditional progan": lambda: ProGAN(ProGANConfig(widths=(8, 6), z_dim=6, num_classes=3)).eval(),
    "wrapped module": lambda: ga.wrap(TinyModule(), z_dim=6),
    "wrapped function": lambda: ga.wrap(tiny_function, z_dim=6, prior="uniform"),
    "wrapped module with a mapping": lambda: ga.wrap(TinyModule(), z_dim=4, mapping=nn.Linear(4, 6)),
}


@pytest.fixture(params=MAKERS, ids=str)
def generator(request: pytest.FixtureRequest) -> ga.Generator:
    torch.manual_seed(0)
    return MAKERS[request.param]()
