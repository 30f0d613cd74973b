"""How long the methods take, and how much memory: `python benchmarks/directions.py [small | large]`.

`small` fits every method that learns from scores on 3,000 codes of 512 numbers with 40 attributes; `large` fits
`regression` and `centroid` on 500,000. Codes are normal, and logits are linear in them with noise. Seconds are
wall-clock and, beside them, of the processor, which other work on the machine does not lengthen.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time

import torch

from ganatomy.directions import METHODS
from ganatomy.latents import Latents, Space
from ganatomy.perception import Scores
from ganatomy.surveys import Survey

DIM, NUM_ATTRIBUTES = 512, 40
OTHERS = {"pca", "gradient", "active", "selective", "interfacegan"}
"""Methods that learn from codes alone, or from Jacobians, which need a generator; and one as slow as published."""

SIZES = {
    "small": (3_000, [name for name in METHODS if name not in OTHERS]),
    "large": (500_000, ["regression", "centroid"]),
}


def made_up_survey(n: int) -> Survey:
    """Codes of a normal prior, and logits that are linear in them, a third of their variance noise."""
    rng = torch.Generator().manual_seed(0)
    codes = torch.randn(n, DIM, generator=rng)
    gradients = torch.randn(DIM, NUM_ATTRIBUTES, generator=rng) * (8 / DIM) ** 0.5
    logits = codes @ gradients
    logits += 2 * torch.randn(n, NUM_ATTRIBUTES, generator=rng)
    logits += torch.randn(NUM_ATTRIBUTES, generator=rng)
    names = tuple(f"attribute {k}" for k in range(NUM_ATTRIBUTES))
    return Survey(latents=Latents(codes=codes, space=Space.Z), scores=Scores(names=names, logits=logits))


def peak_gigabytes() -> float:
    """The most memory that this process has held so far."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("size", nargs="?", choices=[*SIZES, "both"], default="both")
    chosen = parser.parse_args().size
    print(f"{torch.get_num_threads()} threads, {os.cpu_count()} cores")
    for size, (n, methods) in SIZES.items():
        if chosen not in (size, "both"):
            continue
        survey = made_up_survey(n)
        print(
            f"\n{n:,} codes x {DIM} x {NUM_ATTRIBUTES} attributes, {peak_gigabytes():.2f} GB with the survey"
        )
        walls, processors = 0.0, 0.0
        for method in methods:
            wall, processor = time.perf_counter(), time.process_time()
            found = METHODS[method](survey)
            wall, processor = time.perf_counter() - wall, time.process_time() - processor
            walls, processors = walls + wall, processors + processor
            auc = sum(d.auc for d in found) / len(found)
            print(f"{method:12}{wall:7.2f} s {processor:7.2f} s of processor   AUC {auc:.3f}")
        print(
            f"{'together':12}{walls:7.2f} s {processors:7.2f} s of processor   peak {peak_gigabytes():.2f} GB"
        )


if __name__ == "__main__":
    main()
