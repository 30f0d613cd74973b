"""Critics: read off weights, and what their layers see."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import ganatomy as ga
from ganatomy.critics import (
    Critic,
    MultiscaleCritic,
    ResidualCritic,
    StridedCritic,
    realness,
    save_critic,
)
from ganatomy.critics.equalised import EqualisedCritic
from ganatomy.critics.features import pooled
from ganatomy.critics.realness import SEED
from ganatomy.generators import save_generator
from ganatomy.generators.toy import ToyGenerator
from ganatomy.zoo import MODELS, read_metadata


def dcgan(*, size: int = 4, dense: bool = False, channels: int = 3) -> nn.Sequential:
    """A discriminator as the paper has it, of 16 px."""
    padding = {3: 1, 4: 1, 5: 2}[size]
    head: list[nn.Module] = (
        [nn.Flatten(), nn.Linear(8 * 16, 1)] if dense else [nn.Conv2d(8, 1, 4, bias=False), nn.Flatten()]
    )
    network = nn.Sequential(
        nn.Conv2d(channels, 6, size, 2, padding),
        nn.LeakyReLU(0.2),
        nn.Conv2d(6, 8, size, 2, padding, bias=False),
        nn.BatchNorm2d(8),
        nn.LeakyReLU(0.2),
        *head,
    )
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.3)
    norm = network[3]
    assert isinstance(norm, nn.BatchNorm2d)
    norm.running_mean.uniform_(-1, 1)  # pyright: ignore[reportOptionalMemberAccess]
    norm.running_var.uniform_(0.5, 2)  # pyright: ignore[reportOptionalMemberAccess]
    return network.eval()


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("size", [3, 4, 5])
@pytest.mark.parametrize("dense", [False, True], ids=["ends in a convolution", "ends in a dense layer"])
def test_a_discriminator_is_read_off_its_weights(size: int, dense: bool, tmp_path: Path) -> None:
    network = dcgan(size=size, dense=dense)
    torch.save(network.state_dict(), tmp_path / "d.pt")
    critic = ga.critic(tmp_path / "d.pt")
    assert isinstance(critic, StridedCritic)
    assert (critic.resolution, critic.channels) == (16, 3)
    images = torch.rand(5, 3, 16, 16) * 2 - 1
    with torch.no_grad():
        assert torch.allclose(critic(images), network(images)[:, 0], atol=1e-5)
        assert torch.allclose(critic.layers(images)[1], network[:5](images), atol=1e-5)


@pytest.mark.parametrize("name", ["critic", "netD", "discriminator"])
def test_it_is_found_beside_the_generator(name: str, tmp_path: Path) -> None:
    network = dcgan()
    generator = nn.Sequential(
        nn.ConvTranspose2d(8, 4, 4), nn.ReLU(), nn.ConvTranspose2d(4, 3, 4, 2, 1), nn.Tanh()
    )
    torch.save({"netG": generator.state_dict(), name: network.state_dict()}, tmp_path / "both.pt")
    images = torch.rand(3, 3, 16, 16)
    with torch.no_grad():
        assert torch.allclose(ga.critic(tmp_path / "both.pt")(images), network(images)[:, 0], atol=1e-5)


def test_nothing_in_a_file_is_run(tmp_path: Path) -> None:
    class Hostile:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (tmp_path / "touched",)  # pyright: ignore[reportReturnType]

    torch.save({"critic": Hostile()}, tmp_path / "d.pt")
    with pytest.raises(ga.CheckpointError):
        ga.critic(tmp_path / "d.pt")
    assert not (tmp_path / "touched").exists()


def _state(*layers: nn.Module) -> dict[str, Tensor]:
    return nn.Sequential(*layers).state_dict()


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (_state(nn.Conv2d(3, 6, 4), nn.Linear(6, 10)), "ends in 10 numbers"),
        (_state(nn.Linear(6, 1)), "no convolutions"),
        (_state(nn.Conv2d(3, 6, 4), nn.Linear(96, 8), nn.Linear(8, 1)), "hidden dense layer"),
        (
            _state(nn.Conv2d(3, 6, 4), nn.Conv2d(5, 6, 4), nn.Linear(96, 1)),
            "5 channels after one that gives 6",
        ),
        (_state(nn.Conv2d(3, 6, 4), nn.LayerNorm([6, 8, 8]), nn.Linear(96, 1)), "no batch norm's"),
        (_state(nn.Conv2d(3, 6, 4), nn.GroupNorm(2, 6), nn.Linear(96, 1)), "no batch norm"),
        (_state(nn.Conv2d(3, 6, 4), nn.Linear(97, 1)), "do not fit 6 channels"),
        (_state(nn.Conv2d(7, 6, 4), nn.Linear(96, 1)), "images of 7 channels"),
    ],
    ids=[
        "classifier",
        "dense",
        "hidden dense",
        "not a stack",
        "layer norm",
        "group norm",
        "head",
        "channels",
    ],
)
def test_other_networks_are_refused(state: dict[str, Tensor], reason: str, tmp_path: Path) -> None:
    torch.save(state, tmp_path / "d.pt")
    with pytest.raises(ga.CheckpointError, match=reason):
        ga.critic(tmp_path / "d.pt")


def test_names_and_files_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ga.UnknownNameError, match="did you mean"):
        ga.critic("digit")
    with pytest.raises(ga.MissingFileError):
        ga.critic(tmp_path / "d.pt")
    with pytest.raises(ga.SettingError, match="faces comes without its critic; .*take digits"):
        ga.critic("faces")
    path = save_generator(ga.ToyGenerator(), tmp_path / "toy.safetensors")
    with pytest.raises(ga.CheckpointError, match="holds a generator, not a critic"):
        ga.critic(path)


def test_a_critic_of_ours_comes_back_from_its_file(tmp_path: Path) -> None:
    critic = MultiscaleCritic((8, 6, 4), 1)
    save_critic(critic, tmp_path / "c.safetensors", card={"name": "mine"})
    back = ga.critic(tmp_path / "c.safetensors")
    images = torch.rand(4, 1, 16, 16)
    with torch.no_grad():
        assert torch.allclose(back(images), critic(images), atol=1e-2)
    assert not any(parameter.requires_grad for parameter in back.parameters())


def test_the_bundled_critic_tells_digits_from_noise() -> None:
    critic, G = ga.critic("digits"), ga.load("digits")
    with torch.no_grad():
        digits = critic(G(G.sample(64, seed=1)))
        noise = critic(torch.rand(64, 1, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1)
    assert float(digits.mean()) > float(noise.mean())
    assert MODELS["digits"].critic.stat().st_size < 1.6e6
    assert "MNIST" in read_metadata(MODELS["digits"].critic)["card"]


def test_the_discriminator_of_the_real_face_gan_is_read(shared: Path) -> None:
    critic = ga.critic(shared / "models" / "celeba32-dcgan-discriminator.pt")
    assert critic.description == "a DCGAN discriminator of 32 px, 4 layers"
    assert ga.discriminator_features(critic, torch.zeros(2, 3, 32, 32)).shape == (
        2,
        16 * (32 + 64 + 128 + 256),
    )


def test_features_are_the_largest_of_each_patch_of_each_layer() -> None:
    # One layer that looks at every other pixel and doubles it: what it sees can be written down.
    weight = torch.zeros(1, 1, 4, 4)
    weight[0, 0, 1, 1] = 2
    critic = StridedCritic({"0.weight": weight, "2.weight": torch.zeros(1, 1, 8, 8)})
    images = torch.rand(1, 1, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    seen = F.leaky_relu(2 * images[:, :, ::2, ::2], 0.2)
    by_hand = torch.stack(
        [seen[0, 0, i : i + 2, j : j + 2].max() for i in (0, 2, 4, 6) for j in (0, 2, 4, 6)]
    )
    assert torch.allclose(ga.discriminator_features(critic, images), by_hand[None])


@pytest.mark.parametrize(("side", "patches"), [(8, 2), (4, 1), (7, 3), (2, 1), (5, 2)])
def test_layers_of_any_size_are_pooled_to_four_by_four(side: int, patches: int) -> None:
    layer = torch.arange(float(side * side)).reshape(1, 1, side, side)
    found = pooled(layer).reshape(4, 4)
    rows = [(i * side // 4, -(-(i + 1) * side // 4)) for i in range(4)]
    assert max(b - a for a, b in rows) == patches
    by_hand = [[float(layer[0, 0, a:b, c:d].max()) for c, d in rows] for a, b in rows]
    assert found.tolist() == by_hand


def test_what_is_seen_in_a_image_does_not_depend_on_the_others() -> None:
    critic = MultiscaleCritic((8, 6, 4), 3)
    images = torch.rand(10, 3, 16, 16)
    together = ga.discriminator_features(critic, images)
    apart = ga.discriminator_features(critic, images, batch_size=3)
    assert torch.allclose(together, apart, atol=1e-5)
    assert together.shape == (10, 16 * (6 + 8 + 8))


@pytest.mark.parametrize("network", [MultiscaleCritic, ResidualCritic])
def test_an_image_can_be_judged_alone(network: type[EqualisedCritic]) -> None:
    critic, images = network((8, 6, 4), 3), torch.rand(8, 3, 16, 16)
    one_by_one = torch.cat([critic(image) for image in images.split(1)])
    assert torch.allclose(critic.alone(images), one_by_one, atol=1e-5)
    assert not torch.allclose(critic(images), one_by_one, atol=1e-5)


def test_how_real_an_image_looks_is_its_place_among_drawn_ones() -> None:
    class Darkness(Critic):
        resolution, channels = 8, 3

        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(1))

        def layers(self, images: Tensor) -> list[Tensor]:
            return [images]

        def forward(self, images: Tensor) -> Tensor:
            return -images.mean((1, 2, 3))

    toy = ToyGenerator(seed=1)
    seen = realness(toy, Darkness(), n=200, batch_size=7)
    light = toy(toy.sample(200, seed=SEED)).mean((1, 2, 3))
    images = toy(toy.sample(20, seed=3))
    expected = [100 * float((light < own).float().mean()) for own in images.mean((1, 2, 3))]
    assert seen.percentiles(images).tolist() == pytest.approx(expected, abs=0.5)
    assert seen.percentiles(torch.stack([torch.ones(3, 8, 8), -torch.ones(3, 8, 8)])).tolist() == [100.0, 0.0]


def test_images_of_another_size_and_colour_are_fitted() -> None:
    critic = MultiscaleCritic((8, 6), 1)
    assert ga.discriminator_features(critic, torch.rand(2, 3, 20, 20)).shape == (2, 16 * 16)
    with pytest.raises(ga.SettingError, match="no image"):
        ga.discriminator_features(critic, torch.rand(0, 1, 8, 8))
    seen = ga.critic_features(critic)
    assert (seen.name, seen(torch.rand(2, 1, 8, 8)).shape) == ("critic", (2, 256))
