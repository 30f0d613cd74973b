"""One file of each kind of generator that people have: `python benchmarks/kinds.py`.

Each is held against its own forward pass. Printed is what became of it: loaded exactly, loaded with guesses that are
said, asked for, or refused with the reason. Wrong images without a word fail.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[0] = str(ROOT / "tests")

import plain  # noqa: E402
import torch  # noqa: E402
from generators import test_guesses as guesses  # noqa: E402
from generators import test_unread as unread  # noqa: E402
from generators.checkpoints import nvidia_files  # noqa: E402
from generators.checkpoints import test_branches as branches  # noqa: E402
from generators.checkpoints import test_genforce as genforce  # noqa: E402
from generators.checkpoints import test_keras as keras  # noqa: E402
from generators.checkpoints import test_modules as modules  # noqa: E402
from generators.checkpoints import test_rosinality as rosinality  # noqa: E402
from generators.checkpoints import test_tfjs as tfjs  # noqa: E402
from generators.onnx_files import Net  # noqa: E402
from torch import Tensor, nn  # noqa: E402

import ganatomy as ga  # noqa: E402
from ganatomy.errors import GanatomyError  # noqa: E402
from ganatomy.generators.base import Generator  # noqa: E402
from ganatomy.generators.stylegan2 import StyleGAN2, StyleGAN2Config  # noqa: E402
from ganatomy.generators.stylegan3 import StyleGAN3, StyleGAN3Config  # noqa: E402
from ganatomy.latents import Latents, Space  # noqa: E402

CLOSE = 1e-4
PRIOR = "prior (`--prior`)"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A network, how it is saved, and how its images are made.

    Args:
        z_dim: length of z.
        batches: of training that its norms have seen.
        labels: whether it takes a class.
        output: behind the network's own forward.
        options: that are given to `load`.
        ending: of the file's name.
    """

    make: Callable[[], nn.Module]
    save: Callable[[nn.Module, Path], None] = lambda net, path: torch.save(net.state_dict(), path)
    z_dim: int = 20
    prior: str = "normal"
    batches: int = 60
    labels: bool = False
    output: Callable[[Tensor], Tensor] = torch.tanh
    options: dict[str, Any] = field(default_factory=dict)
    ending: str = "pt"

    def draw(self, n: int) -> tuple[Tensor, ...]:
        z = guesses.PRIORS[self.prior](n, self.z_dim)
        return (z, torch.randint(10, (n,))) if self.labels else (z,)


def same(images: Tensor) -> Tensor:
    return images


def conditional(**how: Any) -> Callable[[], nn.Module]:
    return lambda: guesses.Conditional(how.pop("body", guesses.plain_dense), **how)


def leaky(slope: float) -> Callable[[], nn.Module]:
    return lambda: guesses.dense(20, lambda: nn.LeakyReLU(slope))


class StyleGAN(nn.Module):
    """genforce's, of z."""

    def __init__(self, widths: list[int]) -> None:
        super().__init__()
        self.net = genforce.StyleGAN(widths)

    def forward(self, z: Tensor) -> Tensor:
        return self.net(self.net.map(z)[:, None].repeat(1, 2 * len(self.net.widths), 1))


def smooth(net: nn.Module, path: Path) -> None:
    torch.save({"generator_smooth": net.net.state_dict()}, path)


def encoder_in_front(net: nn.Module, path: Path) -> None:
    encoder = {"encoder.0.weight": torch.randn(8, 3, 4, 4), "encoder.1.weight": torch.randn(20, 8, 4, 4)}
    torch.save(encoder | {f"decoder.{name}": tensor for name, tensor in net.state_dict().items()}, path)


def negative_variances(net: nn.Module, path: Path) -> None:
    state = {k: -v if k.endswith("running_var") else v for k, v in net.state_dict().items()}
    torch.save(state, path)


class Keras(nn.Module):
    """Layers of Keras, run by NumPy."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.layers = keras.MODELS[name]().layers

    def forward(self, z: Tensor) -> Tensor:
        return torch.from_numpy(keras.run(self.layers, z.numpy()).transpose(0, 3, 1, 2)).float()


class Graph(nn.Module):
    """A generator that is saved as ONNX."""

    def __init__(self, **how: Any) -> None:
        super().__init__()
        self.net = Net(**{"z_dim": 20, "num_classes": 10} | how)

    def forward(self, *given: Tensor) -> Tensor:
        return self.net.forward(*given)


class Style(nn.Module):
    """A StyleGAN2 or StyleGAN3, as the papers write it."""

    def __init__(self, net: StyleGAN2 | StyleGAN3) -> None:
        super().__init__()
        self.net = net
        self.synthesize = plain.stylegan2 if isinstance(net, StyleGAN2) else plain.stylegan3

    def forward(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        labels = None if label is None else nn.functional.one_hot(label, 10).float()
        w = plain.mapped(self.net.state_dict(), z, labels)
        return self.synthesize(self.net, Latents(codes=w, space=Space.W))


def stylegan2(**sizes: Any) -> Style:
    given = {"widths": (6, 5, 4), "z_dim": 20, "w_dim": 12, "mapping_layers": 2}
    return Style(StyleGAN2(StyleGAN2Config(**given | sizes)))


def stylegan3(**sizes: Any) -> Style:
    given = {"resolution": 32, "widths": (6, 6, 5, 5, 4, 3), "z_dim": 20, "w_dim": 12, "mapping_layers": 2}
    return Style(StyleGAN3(StyleGAN3Config(**given | sizes)))


class Rosinality(nn.Module):
    """rosinality's StyleGAN2, of z."""

    def __init__(self) -> None:
        super().__init__()
        self.net = rosinality.Generator([8, 6, 5])

    def forward(self, z: Tensor) -> Tensor:
        return self.net(self.net.map(z)[:, None].repeat(1, 6, 1))


class Rectangle(nn.Module):
    """A stack from 4 x 6 pixels, which is saved whole."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(20, 192), nn.ReLU(), nn.Unflatten(1, (8, 4, 6)),
            nn.ConvTranspose2d(8, channels, 4, 2, 1), nn.Tanh(),
        )  # fmt: skip

    def forward(self, z: Tensor) -> Tensor:
        return self.net(z)


class Residual(nn.Module):
    """Layers of one width that are added to what they take, of names that do not say so."""

    def __init__(self) -> None:
        super().__init__()
        self.net = guesses.Residual()

    def forward(self, z: Tensor) -> Tensor:
        return self.net(z)


class InstanceNorms(nn.Module):
    """Norms that leave no weights."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(
            guesses.View(20, 1, 1), guesses.deconv(20, 8, 4, 1, 0), nn.ReLU(),
            guesses.deconv(8, 8), nn.InstanceNorm2d(8), nn.ReLU(), guesses.deconv(8, 3),
        )  # fmt: skip

    def forward(self, z: Tensor) -> Tensor:
        return self.net(z)


class OneHot(nn.Module):
    """A class one-hot behind z, into a network that is saved without what joins them."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(30, 64), nn.ReLU(), nn.Linear(64, 784), nn.Tanh(), guesses.View(1, 28, 28)
        )

    def forward(self, z: Tensor, label: Tensor) -> Tensor:
        return self.net(torch.cat([z, nn.functional.one_hot(label, 10)], 1))


def lightning(net: nn.Module, path: Path) -> None:
    state = {f"generator.{name}": tensor for name, tensor in net.state_dict().items()}
    beside = {
        "discriminator.0.weight": torch.randn(8, 1, 4, 4),
        "discriminator.1.weight": torch.randn(1, 8, 4, 4),
    }
    torch.save({"epoch": 1, "state_dict": state | beside, "optimizer_states": [{"state": {}}]}, path)


def averaged_inside(net: nn.Module, path: Path) -> None:
    """As ema_pytorch and torch's AveragedModel keep it."""
    state = {f"ema_model.module.{name}": tensor for name, tensor in net.state_dict().items()}
    online = {f"online_model.{name}": torch.zeros_like(tensor) for name, tensor in net.state_dict().items()}
    torch.save({"G_ema": online | state | {"initted": torch.tensor(True), "step": torch.tensor(3)}}, path)


def parallel(net: nn.Module, path: Path) -> None:
    torch.save(
        {"netG": {f"module.{name}": tensor for name, tensor in net.state_dict().items()}, "netD": {}}, path
    )


def sequence(net: nn.Module, path: Path) -> None:
    torch.save(nn.Sequential(*[*net.net][:-1], nn.Unflatten(1, (1, 28, 28))), path)


def nvidia(net: nn.Module, path: Path) -> None:
    sizes = net.net.config
    kwargs = {"z_dim": 20, "c_dim": sizes.num_classes, "w_dim": 12, "img_resolution": sizes.resolution}
    inside = nvidia_files.generator(net.net.state_dict(), kwargs | {"mapping_kwargs": {"num_layers": 2}})
    nvidia_files.write(path, {"G_ema": inside})


def averaged(net: nn.Module, path: Path) -> None:
    torch.save({"g_ema": net.net.state_dict(), "latent_avg": torch.randn(6)}, path)


def inside(net: nn.Module, path: Path) -> None:
    torch.save(net.net, path)


def weights_inside(net: nn.Module, path: Path) -> None:
    torch.save(net.net.state_dict(), path)


def named(names: dict[str, tuple[int, ...]]) -> Callable[[nn.Module, Path], None]:
    """Weights of these names and shapes, whatever the network."""
    return lambda _, path: torch.save({name: torch.ones(shape) for name, shape in names.items()}, path)


def text(content: bytes) -> Callable[[nn.Module, Path], None]:
    return lambda _, path: path.write_bytes(content) and None


def by_keras(write: Callable[..., Path]) -> Callable[[nn.Module, Path], None]:
    return lambda net, path: write(path, net.layers) and None


def onnx_kind(**how: Any) -> Kind:
    sigmoid = how.get("last") == "Sigmoid"
    return Kind(
        make=lambda: Graph(**how),
        save=lambda net, path: net.net.save(path) and None,
        ending="onnx",
        z_dim=how.get("z_dim", 20),
        batches=0,
        labels="classes" in how,
        output=(lambda x: 2 * x - 1) if sigmoid else same,
    )


def keras_kind(name: str, write: Callable[..., Path], ending: str) -> Kind:
    output = (lambda x: 2 * x - 1) if name == "64 px, kernels of four" else same
    return Kind(
        make=lambda: Keras(name), save=by_keras(write), ending=ending, z_dim=12, batches=0, output=output
    )


def nvidia_kind(make: Callable[[], nn.Module], **how: Any) -> Kind:
    return Kind(make=make, save=nvidia, ending="pkl", batches=0, output=same, **how)


KINDS: dict[str, Kind] = {
    **{
        f"DCGAN, norms: {name}": Kind(make=lambda c=case: c.make(20), prior=case.prior, batches=case.batches)
        for name, case in guesses.INFERRED.items()
    },
    "MLP, LeakyReLU 0.2": Kind(make=leaky(0.2)),
    "MLP, LeakyReLU 0.01": Kind(make=leaky(0.01)),
    "MLP, LeakyReLU 0.01, said": Kind(make=leaky(0.01), options={"hidden": "leaky_relu:0.01"}),
    "MLP, ReLU": Kind(make=lambda: guesses.dense(20, nn.ReLU)),
    "MLP, sigmoid": Kind(make=leaky(0.2), output=lambda x: 2 * x.sigmoid() - 1),
    "MLP, sigmoid, said": Kind(
        make=leaky(0.2), output=lambda x: 2 * x.sigmoid() - 1, options={"output": "sigmoid"}
    ),
    "MLP, no output activation": Kind(make=leaky(0.2), output=same),
    "conditional, one-hot": Kind(make=lambda: guesses.Conditional(guesses.plain_dense), labels=True),
    "conditional, one-hot, said": Kind(
        make=lambda: guesses.Conditional(guesses.plain_dense), labels=True, options={"num_classes": 10}
    ),
    "conditional, embedding first": Kind(make=conditional(embed=10, join="first"), labels=True),
    "conditional, embedding last": Kind(make=conditional(embed=10), labels=True),
    "conditional, embedding times z": Kind(make=conditional(embed=20, join="multiply"), labels=True),
    "conditional, embedding into DCGAN": Kind(make=conditional(embed=20, body=guesses.dcgan), labels=True),
    "conditional, two first layers": Kind(make=branches.TwoBranches, labels=True, output=same),
    "genforce StyleGAN, 128 px": Kind(
        make=lambda: StyleGAN([5, 5, 5, 4, 4, 3]), save=smooth, z_dim=6, batches=0, output=same
    ),
    "whole module, Sequential": Kind(make=modules.sequential, save=modules.zipped, z_dim=12, output=same),
    "whole module, old": Kind(make=modules.sequential, save=modules.before_1_6, z_dim=12, output=same),
    "whole module, own class": Kind(make=modules.Declared, save=modules.zipped, z_dim=12, output=same),
    "whole module, one activation": Kind(make=modules.Reused, save=modules.zipped, z_dim=12, output=same),
    "TorchScript, traced": Kind(make=modules.Scripted, save=modules.traced, z_dim=12, output=same),
    "whole module, class one-hot": Kind(make=OneHot, save=sequence, labels=True, batches=0, output=same),
    "whole module, class one-hot, said": Kind(
        make=OneHot, save=sequence, labels=True, batches=0, output=same, options={"num_classes": 10}
    ),
    "whole module, instance norm": Kind(make=modules.Hidden, save=modules.zipped, z_dim=12, batches=0),
    "DCGAN, Lightning": Kind(make=lambda: guesses.dcgan(20), save=lightning),
    "DCGAN, averaged weights inside": Kind(make=lambda: guesses.dcgan(20), save=averaged_inside),
    "DCGAN, DataParallel": Kind(make=lambda: guesses.dcgan(20), save=parallel),
    "DCGAN, instance norms without weights": Kind(
        make=InstanceNorms, save=weights_inside, batches=0, options={"resolution": 16}
    ),
    "residual, one width": Kind(make=Residual, save=weights_inside, batches=40, options={"resolution": 32}),
    "whole module, 8 x 12 px": Kind(make=lambda: Rectangle(3), save=inside, batches=0, output=same),
    "whole module, RGB with alpha": Kind(make=lambda: Rectangle(4), save=inside, batches=0, output=same),
    "NVIDIA StyleGAN2": nvidia_kind(stylegan2),
    "NVIDIA StyleGAN2, conditional": nvidia_kind(lambda: stylegan2(num_classes=10), labels=True),
    "NVIDIA StyleGAN2, layer_features": nvidia_kind(lambda: stylegan2(mapping_dim=16)),
    "NVIDIA StyleGAN2, embed_features": nvidia_kind(
        lambda: stylegan2(embed_dim=7, num_classes=10), labels=True
    ),
    "NVIDIA StyleGAN3": nvidia_kind(stylegan3),
    "NVIDIA StyleGAN3, layer_features": nvidia_kind(lambda: stylegan3(mapping_dim=16)),
    "StyleGAN2, RGB with alpha": Kind(
        make=lambda: stylegan2(channels=4), save=weights_inside, batches=0, output=same
    ),
    "StyleGAN2, constant of 4 x 6": Kind(
        make=lambda: stylegan2(start=(4, 6)), save=weights_inside, batches=0, output=same
    ),
    "rosinality StyleGAN2": Kind(make=Rosinality, save=averaged, z_dim=6, batches=0, output=same),
    "genforce Progressive GAN": Kind(make=lambda: genforce.PGGAN([6, 6, 5]), z_dim=6, batches=0, output=same),
    "Keras HDF5": keras_kind("up-sampling and convolutions", keras.write_model, "h5"),
    "Keras HDF5, sigmoid": keras_kind("64 px, kernels of four", keras.write_model, "h5"),
    "Keras archive": keras_kind("TensorFlow's tutorial", keras.write_archive, "keras"),
    "TensorFlow.js layers model": keras_kind("TensorFlow's tutorial", tfjs.write, "json"),
    "ONNX": onnx_kind(),
    "ONNX, codes as pixels": onnx_kind(spatial=True),
    "ONNX, channels last": onnx_kind(layout="NHWC"),
    "ONNX, RGB with alpha": onnx_kind(channels=4),
    "ONNX, sigmoid": onnx_kind(last="Sigmoid"),
    "ONNX, no output activation": onnx_kind(last=None),
    "ONNX, class as a number": onnx_kind(classes="index"),
    "ONNX, class one-hot": onnx_kind(classes="one-hot"),
    "ONNX, class one-hot in the codes": onnx_kind(z_dim=110),
    "SavedModel": Kind(make=nn.Identity, save=text(b"\x08\x01"), ending="pb", batches=0),
    "TensorFlow.js graph model": Kind(
        make=nn.Identity, save=text(b'{"format": "graph-model"}'), ending="json", batches=0
    ),
    "lucidrains StyleGAN2": Kind(make=nn.Identity, save=named(unread.LUCIDRAINS), batches=0),
    "BigGAN": Kind(make=nn.Identity, save=named(unread.BIGGAN), batches=0),
    "BigGAN-deep": Kind(make=nn.Identity, save=named(unread.BIGGAN_DEEP), batches=0),
    "SNGAN": Kind(make=nn.Identity, save=named(unread.SNGAN), batches=0),
    "an encoder in front": Kind(make=lambda: guesses.dcgan(20), save=encoder_in_front),
    "negative variances": Kind(make=lambda: guesses.dcgan(20), save=negative_variances),
}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a file.

    Args:
        word: exact, guessed, asked, refused or WRONG.
        how: the error of the images and what was said, or the message.
        said: doubtful guesses with their options, or options that are asked for.
    """

    word: str
    how: str
    said: str = ""

    @property
    def support(self) -> str:
        """For a table: what happens. Images of a given z do not depend on the prior."""
        if self.word == "exact" or (self.word == "guessed, right" and self.said == PRIOR):
            return "exact"
        return "read, guesses said" if self.word.startswith("guessed") else self.word

    @property
    def reason(self) -> str:
        """The first clause of a refusal."""
        message = self.how.rpartition("): ")[2] if "architecture (" in self.how else self.how
        return re.split(r"; |, so |, whose |: ", message)[0]


@torch.no_grad()
def write(kind: Kind, path: Path) -> nn.Module:
    """Save one file of a kind, and give the network in it."""
    torch.manual_seed(0)
    net = kind.make()
    net = guesses.settle(net, kind.draw, kind.batches) if kind.batches else net.eval()
    kind.save(net, path)
    return net


@torch.no_grad()
def outcome(kind: Kind, folder: Path) -> Outcome:
    """Save one file of a kind, read it, and hold its images against the network's own."""
    path = folder / f"net.{kind.ending}"
    net = write(kind, path)
    try:
        found = ga.load(path, **kind.options)
    except GanatomyError as error:
        message = str(error).removeprefix(f"{path} ")
        options = re.findall(r"(\w+)=", message.partition("say which with")[2])
        asked = ", ".join(f"`--{option.replace('_', '-')}`" for option in dict.fromkeys(options))
        return Outcome(word="asked" if asked else "refused", how=message, said=asked)
    finally:
        path.unlink()
    return compare(kind, net, found)


def compare(kind: Kind, net: nn.Module, found: Generator) -> Outcome:
    """Whether the images of a generator are the network's, or else were said to be guessed."""
    z, *label = kind.draw(4)
    labels = nn.functional.one_hot(label[0], 10).float() if label else None
    if (found.signature.num_classes > 0) != kind.labels or found.signature.z_dim != kind.z_dim:
        read = f"read as z {found.signature.z_dim}, {found.signature.num_classes} classes"
        return Outcome(word="WRONG", how=read)
    images, expected = found(Latents(codes=z, space=Space.Z, labels=labels)), kind.output(net(z, *label))
    doubtful = [guess for guess in found.guesses if not guess.sure]
    told = ", ".join(guess.what for guess in doubtful)
    said = ", ".join(
        guess.what + (f" (`--{guess.option.replace('_', '-')}`)" if guess.option else "")
        for guess in doubtful
    )
    if images.shape != expected.shape:
        return Outcome(
            word="guessed, wrong" if told else "WRONG", how=f"{list(images.shape)}, said: {told}", said=said
        )
    error = float((images - expected).abs().max() / expected.abs().max().clamp_min(1))
    right = error < CLOSE
    word = ("guessed, right" if right else "guessed, wrong") if told else "exact" if right else "WRONG"
    return Outcome(word=word, how=f"error {error:.1g}, said: {told or 'nothing'}", said=said)


def table(outcomes: Mapping[str, Outcome]) -> str:
    """The table of docs/kinds.md."""
    rows = ["| kind | support | what is said or asked |", "|---|---|---|"]
    for name, found in outcomes.items():
        said = found.said or (found.reason if found.word == "refused" else "")
        rows.append(f"| {name} | {found.support} | {said.replace('|', '/')} |")
    return "\n".join(rows) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="kinds whose names contain these words")
    parser.add_argument("--table", action="store_true", help="print the table of docs/kinds.md alone")
    options = parser.parse_args()
    kinds = {name: kind for name, kind in KINDS.items() if options.only in name}
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    found: dict[str, Outcome] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, kind in kinds.items():
            begin = time.process_time()
            found[name] = it = outcome(kind, Path(folder))
            seconds = time.process_time() - begin
            if not options.table:
                print(f"{name:48}{it.word:16}{seconds:5.1f} s  {it.how[:150]}", flush=True)
    counts = Counter(it.word for it in found.values())
    if options.table:
        print(table(found), end="")
    else:
        print(", ".join(f"{count} {word}" for word, count in counts.most_common()))
        print(f"{len(kinds)} kinds: {counts['WRONG']} wrong without a word")
    return int(counts["WRONG"] > 0)


if __name__ == "__main__":
    sys.exit(main())
