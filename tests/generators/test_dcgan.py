"""The DCGAN family: what is read off a state dict must make the images that the original network makes."""

from __future__ import annotations

import functools
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import ganatomy as ga
from ganatomy.generators.dcgan import DCGAN
from ganatomy.latents import Latents, Space


class Reshape(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels

    def forward(self, x: Tensor) -> Tensor:
        size = round((x.shape[1] / self.channels) ** 0.5)
        return x.view(len(x), self.channels, size, size)


def classic(activation: nn.Module) -> nn.Sequential:
    """The paper's generator, 32 px."""
    layers: list[nn.Module] = [
        nn.ConvTranspose2d(12, 32, 4, 1, 0, bias=False),
        nn.BatchNorm2d(32),
        activation,
    ]
    for below, width in ((32, 16), (16, 8)):
        layers += [nn.ConvTranspose2d(below, width, 4, 2, 1, bias=False), nn.BatchNorm2d(width), activation]
    return nn.Sequential(*layers, nn.ConvTranspose2d(8, 3, 4, 2, 1, bias=False))


def five_by_five() -> nn.Sequential:
    """A dense layer, then 5 x 5 kernels with output padding."""
    return nn.Sequential(
        nn.Linear(12, 32 * 16), nn.BatchNorm1d(32 * 16), nn.ReLU(), Reshape(32),
        nn.ConvTranspose2d(32, 16, 5, 2, 2, 1), nn.BatchNorm2d(16), nn.ReLU(),
        nn.ConvTranspose2d(16, 8, 5, 2, 2, 1), nn.BatchNorm2d(8), nn.ReLU(),
        nn.ConvTranspose2d(8, 1, 5, 2, 2, 1),
    )  # fmt: skip


def upsampling() -> nn.Sequential:
    """A much copied tutorial: nearest up-sampling, norms of epsilon 0.8, no activation after the first layer."""
    return nn.Sequential(OrderedDict(
        l1=nn.Sequential(nn.Linear(12, 32 * 16)),
        reshape=Reshape(32),
        conv_blocks=nn.Sequential(
            nn.BatchNorm2d(32), nn.Upsample(scale_factor=2),
            nn.Conv2d(32, 32, 3, 1, 1), nn.BatchNorm2d(32, 0.8), nn.LeakyReLU(0.2), nn.Upsample(scale_factor=2),
            nn.Conv2d(32, 16, 3, 1, 1), nn.BatchNorm2d(16, 0.8), nn.LeakyReLU(0.2),
            nn.Conv2d(16, 1, 3, 1, 1),
        ),
    ))  # fmt: skip


def norms_behind_activations() -> nn.Sequential:
    """A habit of many: each norm sees what has been activated."""
    return nn.Sequential(
        nn.Linear(12, 32 * 16), nn.LeakyReLU(0.2), nn.BatchNorm1d(32 * 16), Reshape(32),
        nn.ConvTranspose2d(32, 16, 4, 2, 1), nn.LeakyReLU(0.2), nn.BatchNorm2d(16),
        nn.ConvTranspose2d(16, 8, 4, 2, 1), nn.LeakyReLU(0.2), nn.BatchNorm2d(8),
        nn.ConvTranspose2d(8, 3, 4, 2, 1),
    )  # fmt: skip


def unpadded() -> nn.Sequential:
    """A course's MNIST generator: 3, 6, 13, 28 px without padding."""
    return nn.Sequential(
        nn.ConvTranspose2d(12, 32, 3, 2), nn.BatchNorm2d(32), nn.ReLU(),
        nn.ConvTranspose2d(32, 16, 4, 1), nn.BatchNorm2d(16), nn.ReLU(),
        nn.ConvTranspose2d(16, 8, 3, 2), nn.BatchNorm2d(8), nn.ReLU(),
        nn.ConvTranspose2d(8, 1, 4, 2),
    )  # fmt: skip


def seven_fourteen() -> nn.Sequential:
    """28 px through 7 and 14, with square weights of even kernels."""
    return nn.Sequential(
        nn.Linear(12, 64), nn.BatchNorm1d(64), nn.ReLU(),
        nn.Linear(64, 16 * 49), nn.BatchNorm1d(16 * 49), nn.ReLU(), Reshape(16),
        nn.ConvTranspose2d(16, 16, 4, 2, 1), nn.BatchNorm2d(16), nn.ReLU(),
        nn.ConvTranspose2d(16, 1, 4, 2, 1),
    )  # fmt: skip


def dense_only() -> nn.Sequential:
    """The first GAN: dense layers alone."""
    return nn.Sequential(
        nn.Linear(12, 48), nn.BatchNorm1d(48), nn.ReLU(),
        nn.Linear(48, 96), nn.BatchNorm1d(96), nn.ReLU(),
        nn.Linear(96, 3 * 256), Reshape(3),
    )  # fmt: skip


NETWORKS = {
    "the paper's": lambda: classic(nn.ReLU()),
    "the paper's with leaky units": lambda: classic(nn.LeakyReLU(0.2)),
    "five by five": five_by_five,
    "up-sampling": upsampling,
    "norms behind activations": norms_behind_activations,
    "unpadded": unpadded,
    "seven, fourteen, twenty-eight": seven_fourteen,
    "dense only": dense_only,
}


@functools.cache
def trained(name: str, prior: str = "normal", seed: int = 0) -> nn.Sequential:
    """Weights and norms as after some training: scales that differ, statistics that have settled."""
    torch.manual_seed(seed)
    network = NETWORKS[name]()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0.0, 0.3)
    network.train()
    with torch.no_grad():
        for _ in range(100):
            z = torch.randn(32, 12) if prior == "normal" else torch.rand(32, 12) * 2 - 1
            run(network, z)
    return network.eval()


def run(network: nn.Module, z: Tensor) -> Tensor:
    dense = isinstance(
        next(m for m in network.modules() if isinstance(m, nn.Linear | nn.ConvTranspose2d)), nn.Linear
    )
    return network(z if dense else z[:, :, None, None])


def images_of(model: DCGAN, z: Tensor) -> Tensor:
    return model(Latents(codes=z, space=Space.Z))


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("prior", ["normal", "uniform"])
def test_strides_activations_and_prior_are_read_off_the_norms(name: str, prior: str) -> None:
    network = trained(name, prior)
    model = DCGAN.from_state(network.state_dict())
    z = torch.randn(3, 12)
    torch.testing.assert_close(images_of(model, z), run(network, z).tanh(), atol=1e-5, rtol=1e-4)
    assert model.signature.prior == prior


@pytest.mark.parametrize("name", ["the paper's", "five by five", "seven, fourteen, twenty-eight"])
def test_without_norms_the_usual_reading_is_taken(name: str) -> None:
    network = NETWORKS[name]().eval()
    plain = nn.Sequential(*(m for m in network if not isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)))
    model = DCGAN.from_state(plain.state_dict())
    z = torch.randn(3, 12)
    torch.testing.assert_close(images_of(model, z), run(plain, z).tanh(), atol=1e-5, rtol=1e-4)
    assert model.signature.prior == "normal"


def test_names_may_be_anything_and_lose_their_order() -> None:
    network = trained("the paper's")
    state = {f"model.{key}": value for key, value in sorted(network.state_dict().items(), reverse=True)}
    model = DCGAN.from_state(state)
    z = torch.randn(2, 12)
    torch.testing.assert_close(images_of(model, z), run(network, z).tanh(), atol=1e-5, rtol=1e-4)


def test_settings_override_what_the_norms_say() -> None:
    state = trained("the paper's").state_dict()
    model = DCGAN.from_state(state, prior="uniform", hidden="leaky_relu", output="sigmoid")
    assert model.signature.prior == "uniform"
    assert {layer.activation for layer in model.config.layers[:-1]} == {"leaky_relu"}
    z = torch.randn(2, 12)
    raw = DCGAN.from_state(state, hidden="leaky_relu", output="none")
    torch.testing.assert_close(images_of(model, z), 2 * images_of(raw, z).sigmoid() - 1)


def test_other_activations_make_another_fingerprint() -> None:
    state = trained("the paper's").state_dict()
    prints = {DCGAN.from_state(state, output=output).fingerprint for output in ("tanh", "sigmoid", "none")}
    assert len(prints) == 3


def test_a_convolution_behind_transposed_ones_does_not_grow_the_image() -> None:
    bundled = ga.load("digits")
    assert DCGAN.from_state(bundled.state_dict()).signature.resolution == bundled.signature.resolution == 32


def test_sizes_that_nothing_tells_apart_are_asked_for() -> None:
    """Convolutions whose names tell nothing, without norms: each may or may not follow an up-sampling."""
    shapes = {"a.weight": (32 * 64, 12), "b.weight": (32, 32, 3, 3), "c.weight": (3, 32, 3, 3)}
    state = {name: torch.randn(shape) for name, shape in shapes.items()}
    with pytest.raises(ga.CheckpointError, match=r"8 or 16 or 32 px alike; say which with resolution=8"):
        DCGAN.from_state(state)
    assert DCGAN.from_state(state, resolution=32).signature.resolution == 32
    # Norms tell about the layers before them, not about those behind the last.
    norms = {
        "running_mean": torch.rand(32),
        "running_var": torch.rand(32) + 1,
        "weight": torch.ones(32),
        "bias": torch.ones(32),
    }
    normed = {"a.weight": state["a.weight"]} | {f"n.{key}": value for key, value in norms.items()}
    with pytest.raises(ga.CheckpointError, match="px alike.*say which with resolution="):
        DCGAN.from_state(normed | {name: state[name] for name in ("b.weight", "c.weight")})
    with pytest.raises(ga.CheckpointError, match="do not chain into a square image of 24 px"):
        DCGAN.from_state(state, resolution=24)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (
            {"a.weight": (64, 12), "b.weight": (48, 60)},
            "2 layers of weights do not chain into a square image",
        ),
        ({"a.weight": (12, 8, 4, 4), "n.weight": (8,), "n.bias": (8,)}, "'n' .* is no dense layer"),
        ({"n.running_mean": (8,), "n.running_var": (8,)}, "does not follow a dense layer"),
        ({"a.weight": (12, 8, 4, 4), "b.weight": (8, 5, 4, 4)}, "do not chain into a square image"),
        ({}, "0 layers"),
    ],
    ids=["broken chain", "instance norm", "norm first", "five channels", "nothing"],
)
def test_weights_that_are_no_stack_are_refused(shapes: dict[str, tuple[int, ...]], message: str) -> None:
    state = {name: torch.randn(shape) for name, shape in shapes.items()}
    assert not DCGAN.matches(state)
    with pytest.raises(ga.CheckpointError, match=message):
        DCGAN.from_state(state)


def test_a_deep_stack_of_square_weights_ends_in_a_moment() -> None:
    state = {f"{i}.weight": torch.zeros(3, 3, 3, 3) for i in range(300)}
    assert not DCGAN.matches(state)


def test_a_fresh_dcgan_has_the_size_that_its_widths_say() -> None:
    model = DCGAN.build(z_dim=64, widths=(256, 128, 64, 32), channels=1)
    assert (model.signature.resolution, model.signature.channels) == (32, 1)
    assert 0.9e6 < sum(p.numel() for p in model.parameters()) < 1.1e6
    with pytest.raises(ga.SettingError, match="at least one channel"):
        DCGAN.build(z_dim=64, widths=())


def test_training_mode_uses_the_batch_and_eval_mode_what_was_seen() -> None:
    model = DCGAN.build(z_dim=6, widths=(8, 4), channels=1)
    z = model.sample(8).codes
    assert not torch.allclose(images_of(model.train(), z), images_of(model.eval(), z))
    images_of(model.train(), z).mean().backward()
    assert all(p.grad is not None for p in model.parameters())


def test_the_real_face_generator_is_read_as_it_was_trained(shared: Path) -> None:
    model = ga.load(shared / "models/celeba32-dcgan-generator.pt")
    assert (model.signature.z_dim, model.signature.resolution, model.signature.channels) == (100, 32, 3)
    assert model.signature.prior == "uniform"
    assert isinstance(model, DCGAN)
    # Its first layer has no activation: under any other reading the second norm sees a quarter of its variance.
    activations = [layer.activation for layer in model.config.layers]
    assert activations == ["none", "leaky_relu", "leaky_relu", "leaky_relu", "none"]
    faces = model(model.sample(64))
    # Faces are alike: the mean face explains much, and what is left and right of the middle is the same.
    assert faces.std() > 0.35
    mean = faces.mean(0)
    assert torch.corrcoef(torch.stack([mean.flatten(), mean.flip(2).flatten()]))[0, 1] > 0.9


def test_the_real_digit_generator_makes_digits(shared: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    model = ga.load(shared / "models/mnist28-wgangp-generator.pt")
    assert (model.signature.z_dim, model.signature.resolution, model.signature.channels) == (64, 28, 1)
    assert model.signature.prior == "normal"
    session = onnxruntime.InferenceSession(shared / "models/mnist-digits.onnx")
    images = model(model.sample(200)).numpy()
    (scores,) = session.run(None, {session.get_inputs()[0].name: images})[:1]
    assert scores.max(1).mean() > 0.8, "the scorer is sure of what it sees"
    assert len(set(scores.argmax(1))) == 10
