"""What files of others leave out: it is inferred where norms tell, else assumed and said, or asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import ganatomy as ga
from ganatomy.generators.checkpoints.fitting import FEWEST_READINGS, _within_reach
from ganatomy.generators.checkpoints.layouts import read_layout
from ganatomy.generators.guesses import Guess, summary
from ganatomy.latents import Latents, Space

Draw = Callable[[int, int], Tensor]
PRIORS: dict[str, Draw] = {
    "normal": torch.randn,
    "uniform": lambda *shape: 2 * torch.rand(*shape) - 1,
    "uniform01": torch.rand,
}


class View(nn.Module):
    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        return x.view(len(x), *self.shape)


def deconv(i: int, o: int, kernel: int = 4, stride: int = 2, padding: int = 1) -> nn.Module:
    return nn.ConvTranspose2d(i, o, kernel, stride, padding)


def dcgan(z_dim: int, activation: Callable[[], nn.Module] = nn.ReLU) -> nn.Sequential:
    """32 px, grey."""
    return nn.Sequential(
        View(z_dim, 1, 1),
        deconv(z_dim, 64, 4, 1, 0), nn.BatchNorm2d(64), activation(),
        deconv(64, 32), nn.BatchNorm2d(32), activation(),
        deconv(32, 16), nn.BatchNorm2d(16), activation(), deconv(16, 1),
    )  # fmt: skip


def from_seven(z_dim: int) -> nn.Sequential:
    """28 px by a kernel of 7; read as 32 px by others."""
    return nn.Sequential(
        View(z_dim, 1, 1),
        deconv(z_dim, 32, 7, 1, 0), nn.BatchNorm2d(32), nn.ReLU(),
        deconv(32, 16), nn.BatchNorm2d(16), nn.ReLU(), deconv(16, 1),
    )  # fmt: skip


def unpadded(z_dim: int) -> nn.Sequential:
    """28 px without padding; the kernels also fit 16 px."""
    return nn.Sequential(
        View(z_dim, 1, 1),
        deconv(z_dim, 32, 3, 2, 0), nn.BatchNorm2d(32), nn.ReLU(),
        deconv(32, 16, 4, 1, 0), nn.BatchNorm2d(16), nn.ReLU(),
        deconv(16, 16, 3, 2, 0), nn.BatchNorm2d(16), nn.ReLU(), deconv(16, 1, 4, 2, 0),
    )  # fmt: skip


def up_sampled(z_dim: int) -> nn.Sequential:
    """32 px by bilinear up-sampling; nearest pixels have other variances."""

    def up() -> nn.Module:
        return nn.Upsample(scale_factor=2, mode="bilinear")

    return nn.Sequential(
        nn.Linear(z_dim, 16 * 64), View(16, 8, 8), nn.BatchNorm2d(16), nn.ReLU(),
        up(), nn.Conv2d(16, 16, 3, 1, 1), nn.BatchNorm2d(16), nn.ReLU(), up(), nn.Conv2d(16, 1, 3, 1, 1),
    )  # fmt: skip


def cut_out(z_dim: int) -> nn.Sequential:
    """28 px, cut out of 32 by the padding of a last kernel of one pixel."""
    return nn.Sequential(
        View(z_dim, 1, 1),
        deconv(z_dim, 16, 4, 1, 0), nn.BatchNorm2d(16), nn.ReLU(),
        deconv(16, 16), nn.BatchNorm2d(16), nn.ReLU(), deconv(16, 16), nn.BatchNorm2d(16), nn.ReLU(),
        deconv(16, 8), nn.BatchNorm2d(8), nn.ReLU(), deconv(8, 1, 1, 1, 2),
    )  # fmt: skip


def from_square(z_dim: int) -> nn.Sequential:
    """28 px; its first weights are square, so they could be of a convolution that sees one pixel."""
    return nn.Sequential(
        View(z_dim, 1, 1),
        deconv(z_dim, z_dim, 3, 2, 0), nn.BatchNorm2d(z_dim), nn.ReLU(),
        deconv(z_dim, 16, 4, 1, 0), nn.BatchNorm2d(16), nn.ReLU(),
        deconv(16, 8, 3, 2, 0), nn.BatchNorm2d(8), nn.ReLU(), deconv(8, 1, 4, 2, 0),
    )  # fmt: skip


def dense_before_norms(z_dim: int) -> nn.Sequential:
    """The first norm comes behind a layer without one, so prior and first activation show together."""
    return nn.Sequential(
        nn.Linear(z_dim, 64), nn.ReLU(), nn.Linear(64, 32 * 49), nn.BatchNorm1d(32 * 49), nn.ReLU(),
        View(32, 7, 7), deconv(32, 16), nn.BatchNorm2d(16), nn.ReLU(), deconv(16, 1),
    )  # fmt: skip


def dense(z_dim: int, activation: Callable[[], nn.Module]) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(z_dim, 32),
        activation(),
        nn.Linear(32, 64),
        activation(),
        nn.Linear(64, 784),
        View(1, 28, 28),
    )


@torch.no_grad()
def settle(net: nn.Module, inputs: Callable[[int], tuple[Tensor, ...]], batches: int) -> nn.Module:
    """The network as after so many batches of training."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0.0, 0.3)
    net.train()
    for _ in range(batches):
        net(*inputs(64))
    return net.eval()


@dataclass(frozen=True)
class Case:
    make: Callable[[int], nn.Module]
    prior: str = "normal"
    batches: int = 100


INFERRED = {
    "three batches": Case(dcgan, batches=3),
    "twenty batches, uniform": Case(dcgan, "uniform", 20),
    "leaky after forty batches": Case(lambda z: dcgan(z, lambda: nn.LeakyReLU(0.2)), batches=40),
    "28 px from a kernel of 7": Case(from_seven, batches=30),
    "28 px without padding": Case(unpadded, batches=60),
    "a dense layer before the norms, uniform": Case(dense_before_norms, "uniform"),
    "uniform in (0, 1)": Case(dcgan, "uniform01"),
    "square first weights": Case(from_square),
    "28 px cut out by padding": Case(cut_out),
    "bilinear up-sampling": Case(up_sampled),
    "slope of 0.3": Case(lambda z: dcgan(z, lambda: nn.LeakyReLU(0.3))),
    "ELU": Case(lambda z: dcgan(z, nn.ELU)),
    "SiLU": Case(lambda z: dcgan(z, nn.SiLU)),
    "Softplus": Case(lambda z: dcgan(z, nn.Softplus)),
    "Tanh": Case(lambda z: dcgan(z, nn.Tanh)),
}


@torch.no_grad()
@pytest.mark.parametrize("case", INFERRED.values(), ids=INFERRED)
def test_norms_tell_strides_activations_and_prior(case: Case, tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = settle(case.make(20), lambda n: (PRIORS[case.prior](n, 20),), case.batches)
    torch.save(net.state_dict(), tmp_path / "net.pt")
    found = ga.load(tmp_path / "net.pt")
    z = PRIORS[case.prior](4, 20)
    images = found(Latents(codes=z, space=Space.Z))
    torch.testing.assert_close(images, net(z).tanh(), atol=1e-4, rtol=1e-4)
    assert found.signature.prior == case.prior
    told = {guess.what: guess for guess in found.guesses}
    assert told["prior"].margin is not None
    assert told["output activation"].margin is None


class Residual(nn.Module):
    """Layers of one width, with the input of each pair added to its output."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(20, 8 * 64)
        self.norms = nn.ModuleList(nn.BatchNorm2d(8) for _ in range(4))
        self.layers = nn.ModuleList(nn.Conv2d(8, 8, 3, 1, 1) for _ in range(4))
        self.last = nn.Conv2d(8, 1, 3, 1, 1)

    def forward(self, z: Tensor) -> Tensor:
        x = self.first(z).view(-1, 8, 8, 8)
        for pair in (0, 2):
            x = nn.functional.interpolate(x, scale_factor=2)
            for index in (pair, pair + 1):
                seen = x if index == pair else seen
                seen = self.norms[index](self.layers[index](seen.relu()))
            x = x + seen
        return self.last(x.relu())


@torch.no_grad()
def test_norms_that_fit_no_chain_of_layers_are_doubted(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = settle(Residual(), lambda n: (torch.randn(n, 20),), 40)
    torch.save(net.state_dict(), tmp_path / "net.pt")
    told = {guess.what: guess for guess in ga.load(tmp_path / "net.pt", resolution=32).guesses}
    assert not told["between the layers"].sure
    assert "norms fit by" in told["between the layers"].note


@pytest.mark.parametrize("name", ["up1.shortcut", "rb2.conv_1", "up.2.skip_conv", "downsample", "res1"])
def test_what_is_called_a_branch_is_no_layer(name: str, tmp_path: Path) -> None:
    state = {"fc.weight": torch.ones(8 * 16, 20), f"{name}.weight": torch.ones(8, 8, 3, 3)}
    torch.save(state | {"out.weight": torch.ones(8, 3, 4, 4)}, tmp_path / "net.pt")
    with pytest.raises(ga.CheckpointError, match=f"has '{name}', which is called like a branch"):
        ga.load(tmp_path / "net.pt")


def test_modules_without_weights_that_may_be_norms_are_said(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = nn.Sequential(
        deconv(20, 8, 4, 1, 0), nn.ReLU(), deconv(8, 8), nn.InstanceNorm2d(8), nn.ReLU(), deconv(8, 1)
    )
    net.append(nn.Tanh())
    torch.save(net.state_dict(), tmp_path / "net.pt")
    told = {guess.what: guess for guess in ga.load(tmp_path / "net.pt", resolution=16).guesses}
    assert told["between the layers"].note == "2 modules before '5' have no weights"


def test_readings_are_tried_within_a_budget() -> None:
    state = {f"{index}.weight": torch.ones(8, 8, 3, 3) for index in range(1, 12)}
    blocks, found = read_layout(
        {"0.weight": torch.ones(8 * 16, 20), **state, "12.weight": torch.ones(1, 8, 3, 3)}
    )
    kept = _within_reach(blocks, found, 64)
    assert kept[:FEWEST_READINGS] == found[:FEWEST_READINGS]
    assert FEWEST_READINGS < len(kept) < len(found)


@torch.no_grad()
def test_slopes_that_norms_hardly_tell_are_doubted(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = settle(dcgan(20, lambda: nn.LeakyReLU(0.1)), lambda n: (torch.randn(n, 20),), 60)
    torch.save(net.state_dict(), tmp_path / "net.pt")
    told = {guess.what: guess for guess in ga.load(tmp_path / "net.pt").guesses}
    assert not told["hidden activations"].sure
    assert told["hidden activations"].option == "hidden"


SAID = {
    "slope of 0.01": (
        lambda: nn.LeakyReLU(0.01),
        torch.tanh,
        {"hidden": "leaky_relu:0.01", "output": "tanh"},
    ),
    "slope of 0.1, sigmoid": (
        lambda: nn.LeakyReLU(0.1),
        lambda x: 2 * x.sigmoid() - 1,
        {"hidden": "leaky_relu:0.1", "output": "sigmoid"},
    ),
    "relu without output": (nn.ReLU, lambda x: x, {"hidden": "relu", "output": "none"}),
}


@torch.no_grad()
@pytest.mark.parametrize("case", SAID.values(), ids=SAID)
def test_what_no_norm_tells_is_said_and_can_be_given(case, tmp_path: Path) -> None:
    torch.manual_seed(0)
    activation, output, options = case
    net = dense(20, activation)
    torch.save(net.state_dict(), tmp_path / "net.pt")
    assumed = {guess.what: guess.option for guess in ga.load(tmp_path / "net.pt").guesses}
    assert assumed == {"prior": "prior", "hidden activations": "hidden", "output activation": "output"}
    found, z = ga.load(tmp_path / "net.pt", prior="uniform01", **options), torch.rand(4, 20)
    torch.testing.assert_close(found(Latents(codes=z, space=Space.Z)), output(net(z)), atol=1e-5, rtol=1e-4)
    assert found.guesses == ()
    assert found.sample(500).codes.aminmax().min >= 0


def test_sizes_that_are_cropped_by_hand_can_be_asked_for(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = nn.Sequential(
        View(20, 1, 1),
        deconv(20, 8, 4, 1, 0),
        deconv(8, 8, 3, 2, 1),
        deconv(8, 8, 5, 2, 1),
        deconv(8, 1, 3, 2, 1),
    )
    z = torch.randn(2, 20)
    assert net(z).shape[-1] == 29
    torch.save(net.state_dict(), tmp_path / "net.pt")
    assert "resolution" in {guess.what for guess in ga.load(tmp_path / "net.pt").guesses}
    assert ga.load(tmp_path / "net.pt", resolution=28).signature.resolution == 28


def test_guesses_say_how_sure_they_are() -> None:
    doubtful = Guess(what="prior", chosen="normal", option="prior", second="uniform", margin=0.05)
    sure = Guess(what="resolution", chosen="28", option="resolution", second="32", margin=0.5)
    assert str(doubtful) == (
        "prior normal is inferred from batch norms; uniform fits 0.05 worse, so it is doubtful; --prior changes it"
    )
    assert str(sure).endswith("32 fits 0.50 worse; --resolution changes it")
    assert summary([doubtful, sure]) == "guessed: prior normal (--prior)"
    assert summary([sure]) is None
    assert Guess.from_data(doubtful.to_data()) == doubtful


# Classes.


class Conditional(nn.Module):
    """A generator that takes its class beside z, by an embedding or one-hot, before or behind it, or multiplied."""

    def __init__(self, body: Callable[[int], nn.Module], *, embed: int = 0, join: str = "last") -> None:
        super().__init__()
        if embed:
            self.label_emb = nn.Embedding(10, embed)
        self.embed, self.join = embed, join
        self.model = body(20 if join == "multiply" else 20 + (embed or 10))

    def forward(self, z: Tensor, label: Tensor) -> Tensor:
        row = self.label_emb(label) if self.embed else nn.functional.one_hot(label, 10).float()
        if self.join == "multiply":
            return self.model(z * row)
        return self.model(torch.cat([row, z] if self.join == "first" else [z, row], dim=1))


def plain_dense(width: int) -> nn.Module:
    return dense(width, lambda: nn.LeakyReLU(0.2))


def draw(n: int) -> tuple[Tensor, Tensor]:
    return torch.randn(n, 20), torch.randint(10, (n,))


CONDITIONAL: dict[str, tuple[Callable[[], nn.Module], dict[str, object]]] = {
    "embedding before z": (lambda: Conditional(plain_dense, embed=10, join="first"), {}),
    "embedding behind z": (lambda: Conditional(plain_dense, embed=10), {"class_join": "last"}),
    "embedding times z": (lambda: Conditional(dense_before_norms, embed=20, join="multiply"), {}),
    "embedding into a convolution, by its norms": (lambda: Conditional(dcgan, embed=20), {}),
    "one-hot, asked for": (lambda: Conditional(plain_dense), {"num_classes": 10}),
    "one-hot before z, by its norms": (lambda: Conditional(dcgan, join="first"), {"num_classes": 10}),
}


@torch.no_grad()
@pytest.mark.parametrize("case", CONDITIONAL.values(), ids=CONDITIONAL)
def test_conditional_stacks_make_the_images_of_each_class(case, tmp_path: Path) -> None:
    torch.manual_seed(0)
    make, options = case
    net = settle(make(), draw, 100)
    torch.save(net.state_dict(), tmp_path / "net.pt")
    found = ga.load(tmp_path / "net.pt", **options)
    assert (found.signature.num_classes, found.signature.z_dim) == (10, 20)
    for label in (0, 7):
        codes = found.of_class(label).sample(3)
        expected = net(codes.codes, torch.full((3,), label)).tanh()
        torch.testing.assert_close(found(codes), expected, atol=1e-4, rtol=1e-4)
    again = ga.load(ga.export(found, tmp_path / "again.safetensors").path)
    assert again.fingerprint == found.fingerprint
    torch.testing.assert_close(again(codes), found(codes))


@torch.no_grad()
def test_an_epsilon_that_no_norm_shows_is_said(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Linear(20, 64), nn.BatchNorm1d(64, 0.8), nn.ReLU(), nn.Linear(64, 784), View(1, 28, 28)
    )
    net = settle(net, lambda n: (torch.randn(n, 20),), 40)
    torch.save(net.state_dict(), tmp_path / "net.pt")
    found = {guess.what: guess for guess in ga.load(tmp_path / "net.pt").guesses}
    assert not found["epsilon of the batch norms"].sure
    assert found["epsilon of the batch norms"].second == "0.8"


@torch.no_grad()
def test_norms_by_class_are_not_taken_for_classes_beside_z(tmp_path: Path) -> None:
    torch.manual_seed(0)
    state = dcgan(64).state_dict()
    # As many factors and shifts as z has numbers, so an embedding that multiplies z would fit.
    for leaf in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
        tensor = state.pop(f"5.{leaf}")
        if leaf.startswith("running"):
            state[f"norm.bn.{leaf}"] = tensor
    state["norm.embed.weight"] = torch.randn(10, 64)
    torch.save(state, tmp_path / "net.pt")
    with pytest.raises(ga.CheckpointError, match="normalises by the class \\('norm.embed.weight'"):
        ga.load(tmp_path / "net.pt")


@pytest.mark.parametrize(("width", "classes"), [(110, 10), (74, 10), (66, 2), (140, 40)])
def test_classes_that_may_be_there_are_asked_for(width: int, classes: int, tmp_path: Path) -> None:
    torch.manual_seed(0)
    torch.save(plain_dense(width).state_dict(), tmp_path / "net.pt")
    with pytest.raises(
        ga.CheckpointError, match=f"may be conditional.*num_classes={classes} or num_classes=0"
    ):
        ga.load(tmp_path / "net.pt")
    assert ga.load(tmp_path / "net.pt", num_classes=0).signature.z_dim == width
    assert ga.load(tmp_path / "net.pt", num_classes=classes).signature.z_dim == width - classes
    with pytest.raises(
        ga.CheckpointError, match=f"takes {width} numbers, into which z and 200 classes do not go"
    ):
        ga.load(tmp_path / "net.pt", num_classes=200)


def test_norms_that_saw_a_long_z_need_not_be_asked(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = settle(dcgan(42), lambda n: (torch.randn(n, 42),), 100)
    torch.save(net.state_dict(), tmp_path / "net.pt")
    assert ga.load(tmp_path / "net.pt").signature.z_dim == 42


# Refusals.


def damaged(net: nn.Module) -> Iterator[tuple[str, dict[str, Tensor]]]:
    state = dict(net.state_dict())
    name = next(name for name in state if name.endswith("running_var"))
    yield "negative variances", state | {name: -state[name]}
    encoder = {"encoder.0.weight": torch.randn(8, 3, 4, 4), "encoder.1.weight": torch.randn(20, 8, 4, 4)}
    yield "a network from images to images", encoder | {f"decoder.{k}": v for k, v in state.items()}


@pytest.mark.parametrize("which", [0, 1], ids=["negative variances", "an encoder in front"])
def test_what_is_no_generator_is_refused(which: int, tmp_path: Path) -> None:
    words, state = list(damaged(dcgan(20)))[which]
    torch.save(state, tmp_path / "net.pt")
    with pytest.raises(ga.CheckpointError, match=words):
        ga.load(tmp_path / "net.pt")
    if which:
        assert ga.load(tmp_path / "net.pt", network="decoder").signature.resolution == 32
