"""What components of a million codes cost, ours and scikit-learn's: `python benchmarks/components.py [--n N]`.

Codes of 512 numbers are drawn in blocks, in both runs the same, and never held together. Each way runs in a process of
its own; its peak of memory holds the libraries too, and drawing codes is not counted as time. Seconds are wall-clock
and, beside them, of the processor, which other work on the machine does not lengthen. SeFa is timed on 18 layers of
512 styles, ours and by `numpy.linalg.eig`, which peers call.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection

import numpy as np
import torch

from ganatomy.directions import sefa
from ganatomy.directions.principal import principal
from ganatomy.directions.sefa import first_weights
from ganatomy.generators.stylegan2 import StyleGAN2, StyleGAN2Config
from ganatomy.geometry import qr

DIM, BLOCK, NUM_COMPONENTS = 512, 2048, 80


@dataclass(frozen=True)
class Clock:
    """Seconds on the wall, and of the processor."""

    wall: float
    processor: float

    @staticmethod
    def now() -> Clock:
        return Clock(time.perf_counter(), time.process_time())

    def __add__(self, other: Clock) -> Clock:
        return Clock(self.wall + other.wall, self.processor + other.processor)

    def __sub__(self, other: Clock) -> Clock:
        return Clock(self.wall - other.wall, self.processor - other.processor)

    def __str__(self) -> str:
        return f"{self.wall:.2f} s ({self.processor:.2f} s)"


class Codes:
    """Blocks of codes whose deviations fall from 4 to a quarter along the axes of a random frame."""

    def __init__(self, n: int) -> None:
        self.n, self.spent = n, Clock(0.0, 0.0)
        rng = torch.Generator().manual_seed(0)
        frame = qr(torch.randn(DIM, DIM, generator=rng))[0]
        self.mixing = frame * torch.logspace(2, -2, DIM, base=2) @ frame.T

    def __iter__(self) -> Iterator[torch.Tensor]:
        rng = torch.Generator().manual_seed(1)
        for start in range(0, self.n, BLOCK):
            begun = Clock.now()
            block = torch.randn(min(BLOCK, self.n - start), DIM, generator=rng) @ self.mixing
            self.spent += Clock.now() - begun
            yield block


@dataclass(frozen=True, kw_only=True)
class Cost:
    spent: Clock
    gigabytes: float
    variances: np.ndarray
    axes: np.ndarray


def peak_gigabytes() -> float:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


def streaming(n: int) -> Cost:
    codes = Codes(n)
    begun = Clock.now()
    found = principal(((block, block[:, :0]) for block in codes), num_axes=NUM_COMPONENTS)
    spent = Clock.now() - begun - codes.spent
    return Cost(
        spent=spent,
        gigabytes=peak_gigabytes(),
        variances=found.variances.numpy(),
        axes=found.axes.T.numpy(),
    )


def incremental(n: int) -> Cost:
    """As GANSpace's code does it: batches of max(batch, 2000, 3 x components) rows."""
    from sklearn.decomposition import IncrementalPCA

    codes, model = Codes(n), IncrementalPCA(NUM_COMPONENTS)
    begun = Clock.now()
    for block in codes:
        if len(block) >= NUM_COMPONENTS:
            model.partial_fit(block.numpy())
    spent = Clock.now() - begun - codes.spent
    return Cost(
        spent=spent,
        gigabytes=peak_gigabytes(),
        variances=model.explained_variance_,
        axes=model.components_,
    )


WAYS = {"streaming": streaming, "incremental": incremental}


def run(way: str, n: int, answer: Connection) -> None:
    answer.send(WAYS[way](n))


def apart(way: str, n: int) -> Cost:
    """What it costs in a process of its own."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=run, args=(way, n, there))
    process.start()
    cost = here.recv()
    process.join()
    return cost


def row(what: str, asked: str, measured: str) -> None:
    print(f"{what:58}{asked:>16}{measured:>32}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--n", type=int, default=1_000_000)
    n = parser.parse_args().n
    print(f"{torch.get_num_threads()} threads, {n:,} codes x {DIM}, {NUM_COMPONENTS} components")
    row("", "asked", "measured (of the processor)")
    ours = apart("streaming", n)
    row("ganatomy, streamed in float64", "10 s, 0.6 GB", f"{ours.spent}, {ours.gigabytes:.2f} GB")
    theirs = apart("incremental", n)
    row("scikit-learn, IncrementalPCA", "", f"{theirs.spent}, {theirs.gigabytes:.2f} GB")
    truth = np.logspace(2, -2, DIM, base=2)[:NUM_COMPONENTS]
    for name, cost in (("ganatomy", ours), ("scikit-learn", theirs)):
        error = np.abs(np.sqrt(cost.variances) / truth - 1).max()
        row(f"largest error of a deviation, {name}", "", f"{100 * error:.2f} %")
    row(
        "least |cosine| of the first ten axes of both",
        "",
        f"{np.abs((ours.axes * theirs.axes).sum(1))[:10].min():.4f}",
    )

    torch.manual_seed(0)
    generator = StyleGAN2(StyleGAN2Config(widths=(512,) * 9, z_dim=512, w_dim=512)).eval()
    begun = Clock.now()
    generator.fingerprint  # noqa: B018 (computed once for each generator, whatever is done with it)
    fingerprint = Clock.now() - begun
    times = []
    for _ in range(3):
        begun = Clock.now()
        found = sefa(generator)
        times.append(Clock.now() - begun)
    row(
        "SeFa, 18 layers x 512, with sigma of the directions",
        "0.3 s",
        str(min(times, key=lambda spent: spent.processor)),
    )
    weights = first_weights(generator).double().numpy()
    begun = Clock.now()
    weights = weights / np.linalg.norm(weights, axis=1, keepdims=True)
    values, vectors = np.linalg.eig(weights.T @ weights)
    row("the same weights by numpy.linalg.eig", "", str(Clock.now() - begun))
    best = vectors[:, values.argmax()]
    row("|cosine| of both first directions", "", f"{abs(float(found[0].vector.numpy() @ best)):.4f}")
    row("(the fingerprint of such a generator, once)", "", str(fingerprint))


if __name__ == "__main__":
    main()
