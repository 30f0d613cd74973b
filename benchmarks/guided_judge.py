"""Train a second reader of images: it judges guided edits, which are made with the gradients of the first.

    python benchmarks/guided_judge.py judge.safetensors                       # of drawn faces; ten minutes on one core
    python benchmarks/guided_judge.py judge.safetensors --model MODEL.pt --prior uniform --scorer SCORER.onnx

For drawn faces it learns from exact labels, with another architecture and another seed than the bundled scorer, from
other faces, half of them of the independent population. For any other generator it learns from what the scorer says of
generated images. Either way under twice the augmentation: it shares none of the weaknesses that an edit could use.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import ganatomy as ga
from ganatomy.datasets import ATTRIBUTES, FACTORS, sample_faces
from ganatomy.generators.base import batches
from ganatomy.images import Pixels, to_uint8
from ganatomy.perception.network import AttributeConfig
from ganatomy.training.data import drawn_faces
from ganatomy.training.scorers import ScorerSettings, train_scorer

SEED = 2077
IMAGES = 24_000


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """Images, and what is to be seen in them."""

    config: AttributeConfig
    pixels: Pixels
    labels: Tensor
    factors: Tensor | None = None


def draw() -> Lesson:
    """Faces of both populations, mixed."""
    pixels, faces = [], []
    with tempfile.TemporaryDirectory() as folder:
        for entangled in (True, False):
            half = drawn_faces(Path(folder), IMAGES // 2, resolution=64, seed=SEED, entangled=entangled)
            pixels.append(np.array(half))
            faces.append(sample_faces(IMAGES // 2, seed=SEED, entangled=entangled))
    mixed = np.random.default_rng(SEED).permutation(IMAGES)
    config = AttributeConfig(
        attributes=ATTRIBUTES,
        factors=tuple(factor.name for factor in FACTORS),
        widths=(12, 32, 64, 96, 128),
        blocks=(1, 1, 1, 0, 0),
        hidden_dim=160,
    )
    return Lesson(
        config=config,
        pixels=np.concatenate(pixels)[mixed],
        labels=torch.cat([f.labels for f in faces])[mixed],
        factors=torch.cat([f.factors for f in faces])[mixed],
    )


@torch.no_grad()
def generate(model: str, scorer: str, prior: str | None) -> Lesson:
    """Images of a generator, and what a scorer makes of them."""
    generator = ga.load(model, prior=prior) if prior else ga.load(model)
    eye, pixels, labels = ga.scorer(scorer), [], []
    for part in batches(generator.sample(IMAGES, seed=SEED), 256):
        images = generator(part).clamp(-1, 1)
        pixels.append(to_uint8(images))
        labels.append(eye(images).logits > 0)
    stacked = np.concatenate(pixels)
    config = AttributeConfig(
        attributes=tuple(eye.names),
        channels=stacked.shape[3],
        resolution=stacked.shape[1],
        widths=(24, 48, 96),
        blocks=(1, 1, 0),
    )
    return Lesson(config=config, pixels=stacked, labels=torch.cat(labels))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--images", type=int, default=120_000, help="images shown, repeats counted")
    parser.add_argument("--model")
    parser.add_argument("--prior")
    parser.add_argument("--scorer")
    asked = parser.parse_args()

    start = time.perf_counter()
    lesson = generate(asked.model, asked.scorer, asked.prior) if asked.model else draw()
    print(f"{IMAGES} images in {time.perf_counter() - start:.0f} s", flush=True)

    def report(stage: str, done: int, total: int) -> None:
        if done % 200 == 0 or done == total:
            print(f"{stage} {done}/{total}, {time.perf_counter() - start:.0f} s", flush=True)

    settings = ScorerSettings(
        network=lesson.config, images=asked.images, strength=2.0, held_out=1_500, seed=SEED
    )
    network, evaluation = train_scorer(
        settings, lesson.pixels, lesson.labels, lesson.factors, progress=report
    )
    network.save(asked.out)
    print(evaluation)


if __name__ == "__main__":
    main()
