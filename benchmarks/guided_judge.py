"""Train a second reader of drawn faces: it judges guided edits, which are made with the bundled scorer's gradients.

    python benchmarks/guided_judge.py judge.safetensors            # about ten minutes on one core

It has another architecture and another seed than the bundled scorer, learns from other faces, half of them from the
independent population, and under twice as strong augmentation: it shares no weakness that an edit could use.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from ganatomy.datasets import ATTRIBUTES, FACTORS, sample_faces
from ganatomy.perception.network import AttributeConfig
from ganatomy.training.pictures import drawn_faces
from ganatomy.training.scorers import ScorerRecipe, train_scorer

SEED = 2077
FACES = 12_000
"""Drawn of each population."""


def recipe(images: int) -> ScorerRecipe:
    network = AttributeConfig(
        attributes=ATTRIBUTES,
        factors=tuple(factor.name for factor in FACTORS),
        widths=(12, 32, 64, 96, 128),
        blocks=(1, 1, 1, 0, 0),
        hidden_dim=160,
    )
    return ScorerRecipe(network=network, images=images, strength=2.0, held_out=1_500, seed=SEED)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--images", type=int, default=120_000, help="pictures shown, repeats counted")
    asked = parser.parse_args()

    start = time.perf_counter()
    pictures, faces = [], []
    with tempfile.TemporaryDirectory() as folder:
        for entangled in (True, False):
            pictures.append(
                np.array(drawn_faces(Path(folder), FACES, resolution=64, seed=SEED, entangled=entangled))
            )
            faces.append(sample_faces(FACES, seed=SEED, entangled=entangled))
    mixed = np.random.default_rng(SEED).permutation(2 * FACES)
    print(f"{2 * FACES} faces drawn in {time.perf_counter() - start:.0f} s")

    def report(stage: str, done: int, total: int) -> None:
        if done % 200 == 0 or done == total:
            print(f"{stage} {done}/{total}, {time.perf_counter() - start:.0f} s", flush=True)

    network, account = train_scorer(
        recipe(asked.images),
        np.concatenate(pictures)[mixed],
        torch.cat([f.labels for f in faces])[mixed],
        torch.cat([f.factors for f in faces])[mixed],
        progress=report,
    )
    network.save(asked.out)
    print(account)


if __name__ == "__main__":
    main()
