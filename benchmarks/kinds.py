"""One file of each kind of generator that people have: `python benchmarks/kinds.py`.

Each is held against its own forward pass. Printed is what became of it: loaded exactly, loaded with guesses that are
said, asked for, or refused with the reason. Wrong images without a word fail.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[0] = str(ROOT / "tests")

import torch  # noqa: E402
from generators import test_guesses as guesses  # noqa: E402
from generators.checkpoints import test_genforce as genforce  # noqa: E402
from generators.checkpoints import test_modules as modules  # noqa: E402
from torch import Tensor, nn  # noqa: E402

import ganatomy as ga  # noqa: E402
from ganatomy.errors import GanatomyError  # noqa: E402
from ganatomy.latents import Latents, Space  # noqa: E402

CLOSE = 1e-4


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A network, how it is saved, and how its images are made.

    Args:
        z_dim: length of z.
        batches: of training that its norms have seen.
        labels: whether it takes a class.
        output: behind the network's own forward.
        options: that are given to `load`.
    """

    make: Callable[[], nn.Module]
    save: Callable[[nn.Module, Path], None] = lambda net, path: torch.save(net.state_dict(), path)
    z_dim: int = 20
    prior: str = "normal"
    batches: int = 60
    labels: bool = False
    output: Callable[[Tensor], Tensor] = torch.tanh
    options: dict[str, Any] = field(default_factory=dict)

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
    "genforce StyleGAN, 128 px": Kind(
        make=lambda: StyleGAN([5, 5, 5, 4, 4, 3]), save=smooth, z_dim=6, batches=0, output=same
    ),
    "whole module, Sequential": Kind(make=modules.sequential, save=modules.zipped, z_dim=12, output=same),
    "whole module, old": Kind(make=modules.sequential, save=modules.before_1_6, z_dim=12, output=same),
    "whole module, own class": Kind(make=modules.Declared, save=modules.zipped, z_dim=12, output=same),
    "whole module, one activation": Kind(make=modules.Reused, save=modules.zipped, z_dim=12, output=same),
    "TorchScript, traced": Kind(make=modules.Scripted, save=modules.traced, z_dim=12, output=same),
    "an encoder in front": Kind(make=lambda: guesses.dcgan(20), save=encoder_in_front),
    "negative variances": Kind(make=lambda: guesses.dcgan(20), save=negative_variances),
}


@torch.no_grad()
def outcome(kind: Kind, path: Path) -> tuple[str, str]:
    """What became of a file, in a word, and how so."""
    torch.manual_seed(0)
    net = kind.make()
    net = guesses.settle(net, kind.draw, kind.batches) if kind.batches else net.eval()
    kind.save(net, path)
    try:
        found = ga.load(path, **kind.options)
    except GanatomyError as error:
        asks = "say which with" in str(error)
        return ("asked" if asks else "refused"), str(error).removeprefix(f"{path} ")
    z, *label = kind.draw(4)
    labels = nn.functional.one_hot(label[0], 10).float() if label else None
    if (found.signature.num_classes > 0) != kind.labels or found.signature.z_dim != kind.z_dim:
        return "WRONG", f"read as z {found.signature.z_dim}, {found.signature.num_classes} classes"
    images, expected = found(Latents(codes=z, space=Space.Z, labels=labels)), kind.output(net(z, *label))
    doubtful = ", ".join(guess.what for guess in found.guesses if not guess.sure)
    if images.shape != expected.shape:
        return ("guessed, wrong" if doubtful else "WRONG"), f"{list(images.shape)}, said: {doubtful}"
    error = float((images - expected).abs().max() / expected.abs().max().clamp_min(1))
    if error < CLOSE:
        return (
            "guessed, right" if doubtful else "exact"
        ), f"error {error:.0e}, said: {doubtful or 'nothing'}"
    return ("guessed, wrong" if doubtful else "WRONG"), f"error {error:.2g}, said: {doubtful or 'nothing'}"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="kinds whose names contain these words")
    only = parser.parse_args().only
    kinds = {name: kind for name, kind in KINDS.items() if only in name}
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for name, kind in kinds.items():
            begin = time.process_time()
            word, how = outcome(kind, Path(folder, "net.pt"))
            counts[word] += 1
            print(f"{name:48}{word:16}{time.process_time() - begin:5.1f} s  {how[:150]}", flush=True)
    print(", ".join(f"{count} {word}" for word, count in counts.most_common()))
    print(f"{len(kinds)} kinds: {counts['WRONG']} wrong without a word")
    return int(counts["WRONG"] > 0)


if __name__ == "__main__":
    sys.exit(main())
