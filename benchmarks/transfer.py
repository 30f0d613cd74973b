"""How near each method of transfer brings a target to its source, and what else it changes.

    python benchmarks/transfer.py                                     # four attributes of the bundled faces
    python benchmarks/transfer.py --network smile-run/transfer.safetensors --attributes Smiling
    python benchmarks/transfer.py MODEL.pt --scorer SCORER.onnx --attributes Smiling,Male,Young

All methods see the same pairs of new codes, all other attributes held. Printed are the share of pairs within .1 of the
source's probability, the mean |change| of the other attributes' probabilities, both with 95 % intervals (bootstrap over
pairs), and seconds for a pair. Directions are found in a survey, and a network is trained where none is given, both on
other codes; what they took is printed too.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import numpy as np
import torch

import ganatomy as ga
from ganatomy.transfers import METHODS, Transferred

FEW = "Smiling,Male,Young,Eyeglasses"
NUM_RESAMPLES = 2000


def interval(values: torch.Tensor) -> str:
    """Mean of `[attributes, pairs]` and its 95 % interval over pairs."""
    rng = np.random.default_rng(0)
    pairs = values.double().mean(0).numpy()
    means = pairs[rng.integers(len(pairs), size=(NUM_RESAMPLES, len(pairs)))].mean(1)
    low, high = np.quantile(means, [0.025, 0.975])
    return f"{pairs.mean():.3f} ({low:.3f} to {high:.3f})"


def show(method: str, results: list[Transferred], seconds: float) -> None:
    reached = torch.stack([result.reached.float() for result in results])
    missing = torch.stack([result.missing.abs().amax(1) for result in results])
    drift = torch.stack([result.drift.abs().mean(1) for result in results])
    each = seconds / len(results) / len(results[0])
    print(
        f"{method:8} within .1: {interval(reached)}  apart {float(missing.mean()):.3f}  "
        f"others {interval(drift)}  {each:.2f} s a pair"
    )
    for row, result in enumerate(results):
        print(
            f"    {result.attributes[0]:16} {float(reached[row].mean()):.2f}  "
            f"apart {float(missing[row].mean()):.3f}  others {float(drift[row].mean()):.4f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", nargs="?", default="faces")
    parser.add_argument("--scorer")
    parser.add_argument("--attributes", default=FEW)
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--network", type=Path, help="a trained one; by default it is trained here")
    parser.add_argument("--steps", type=int, default=ga.TransferSettings().steps)
    parser.add_argument(
        "--codes", type=int, default=2000, help="of the survey, and of the pool of the network"
    )
    parser.add_argument("-n", type=int, default=40, help="pairs")
    parser.add_argument("--seed", type=int, default=11)
    asked = parser.parse_args()

    generator, scorer = ga.load(asked.model), ga.scorer(asked.scorer or asked.model)
    space = "w" if "w" in generator.signature.spaces else "z"
    source, target = (generator.sample(asked.n, seed=asked.seed + k, space=space) for k in range(2))
    attributes = [name for name in asked.attributes.split(",") if name in scorer.names]
    print(
        f"{Path(asked.model).name}: {', '.join(attributes)}; {asked.n} pairs, {len(scorer.names) - 1} others held, "
        f"{torch.get_num_threads()} threads, {os.cpu_count()} cores"
    )
    for method in asked.methods.split(","):
        settings = {}
        start = time.perf_counter()
        if method == "linear":
            survey = ga.survey(generator, scorer, n=asked.codes, space=space, seed=0)
            settings["directions"] = ga.regression(survey)
            print(f"survey and directions: {time.perf_counter() - start:.0f} s")
        elif method == "network":
            if asked.network is None:
                lesson = ga.TransferSettings(
                    attributes=tuple(attributes), steps=asked.steps, pool=asked.codes
                )
                settings["network"] = ga.train_transfer(generator, scorer, lesson)
                print(f"training: {time.perf_counter() - start:.0f} s")
            else:
                settings["network"] = ga.TransferNetwork.load(asked.network)
        start = time.perf_counter()
        results = [
            ga.transfer(generator, scorer, target, source, name, method=method, **settings)
            for name in attributes
        ]
        show(method, results, time.perf_counter() - start)


if __name__ == "__main__":
    main()
