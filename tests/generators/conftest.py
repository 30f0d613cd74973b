"""Every generator that the contract holds for, small enough for a quick test."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

import ganatomy as ga
from ganatomy.generators.dcgan import DCGAN
from ganatomy.generators.stylegan2 import StyleGAN2, StyleGAN2Config


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
    """A DCGAN whose batch norms have seen pictures."""
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


MAKERS: dict[str, Callable[[], ga.Generator]] = {
    "toy with z": lambda: ga.ToyGenerator(z_dim=6),
    "toy with w and w+, uniform": lambda: ga.ToyGenerator(z_dim=6, w_dim=8, num_layers=3, prior="uniform"),
    "dcgan": used_dcgan,
    "stylegan2": tiny_stylegan2,
    "conditional stylegan2": lambda: tiny_stylegan2(num_classes=3),
    "wrapped module": lambda: ga.wrap(TinyModule(), z_dim=6),
    "wrapped function": lambda: ga.wrap(tiny_function, z_dim=6, prior="uniform"),
    "wrapped module with a mapping": lambda: ga.wrap(TinyModule(), z_dim=4, mapping=nn.Linear(4, 6)),
}


@pytest.fixture(params=MAKERS, ids=str)
def generator(request: pytest.FixtureRequest) -> ga.Generator:
    torch.manual_seed(0)
    return MAKERS[request.param]()
