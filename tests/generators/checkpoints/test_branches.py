"""Conditional DCGANs that read code and class by two first layers, and join what these give."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import ganatomy as ga


class TwoBranches(nn.Module):
    """Code and class go through first layers of their own, whose outputs are joined: of many scripts."""

    def __init__(self, first: type[nn.Module] = nn.ConvTranspose2d) -> None:
        super().__init__()
        if first is nn.ConvTranspose2d:
            self.deconv1_1, self.deconv1_1_bn = nn.ConvTranspose2d(20, 16, 4, 1, 0), nn.BatchNorm2d(16)
            self.deconv1_2, self.deconv1_2_bn = nn.ConvTranspose2d(10, 12, 4, 1, 0), nn.BatchNorm2d(12)
            self.deconv2, self.deconv2_bn = nn.ConvTranspose2d(28, 16, 4, 2, 1), nn.BatchNorm2d(16)
            self.deconv3 = nn.ConvTranspose2d(16, 1, 4, 2, 1)
            self.kind = "deconv"
        else:
            self.fc1_1, self.fc1_1_bn = nn.Linear(20, 24), nn.BatchNorm1d(24)
            self.fc1_2, self.fc1_2_bn = nn.Linear(10, 24), nn.BatchNorm1d(24)
            self.fc2, self.fc2_bn = nn.Linear(48, 64), nn.BatchNorm1d(64)
            self.fc3 = nn.Linear(64, 256)
            self.kind = "fc"

    def hidden(self, number: str, x: Tensor) -> Tensor:
        layer, norm = (getattr(self, f"{self.kind}{number}{part}") for part in ("", "_bn"))
        return torch.relu(norm(layer(x)))

    def forward(self, z: Tensor, label: Tensor) -> Tensor:
        classes = nn.functional.one_hot(label, 10).float()
        if self.kind == "deconv":
            z, classes = z[..., None, None], classes[..., None, None]
        x = torch.cat([self.hidden("1_1", z), self.hidden("1_2", classes)], 1)
        return torch.tanh(getattr(self, f"{self.kind}3")(self.hidden("2", x))).reshape(len(z), 1, 16, 16)


@pytest.mark.parametrize("first", [nn.ConvTranspose2d, nn.Linear], ids=["convolutions", "dense layers"])
def test_both_branches_are_one_layer_of_code_and_class(first: type[nn.Module], tmp_path: Path) -> None:
    torch.manual_seed(1)
    module = TwoBranches(first)
    rng = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for _ in range(150):
            label = torch.randint(10, (64,), generator=rng)
            module.train()(torch.randn(64, 20, generator=rng), label)
    torch.save(module.eval().state_dict(), tmp_path / "generator.pt")
    generator = ga.load(tmp_path / "generator.pt")
    assert (generator.signature.z_dim, generator.signature.num_classes) == (20, 10)
    assert "one-hot, of 10 classes" in [guess.chosen for guess in generator.guesses]
    codes = generator.sample(6, seed=0)
    assert codes.labels is not None
    torch.testing.assert_close(
        generator(codes), module(codes.codes, codes.labels.argmax(1)), atol=1e-5, rtol=0.0
    )


def test_layers_that_follow_each_other_are_no_branches(tmp_path: Path) -> None:
    torch.manual_seed(0)
    layers = {
        "deconv1_1": nn.ConvTranspose2d(20, 16, 4, 2, 1),
        "deconv1_2": nn.ConvTranspose2d(16, 8, 4, 2, 1),
        "deconv2": nn.ConvTranspose2d(8, 3, 4, 2, 1),
    }
    torch.save(nn.ModuleDict(layers).state_dict(), tmp_path / "generator.pt")
    generator = ga.load(tmp_path / "generator.pt")
    assert (generator.signature.z_dim, generator.signature.num_classes) == (20, 0)
