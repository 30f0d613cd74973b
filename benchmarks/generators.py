"""How good generators are: precision, recall and Fréchet distance against images that they never saw.

    python benchmarks/generators.py                                   # the bundled faces against newly drawn ones
    python benchmarks/generators.py faces run/generator.safetensors   # two of them, in one run
    python benchmarks/generators.py MODEL --data FOLDER --judge JUDGE # photographs; also a file of MNIST's
    python benchmarks/generators.py -n 500 --sheets sheets/           # a minute, with 64 samples of each as a picture

All are read by the same judge, a network that took part in no training; figures of other judges do not compare. Floor
and ceiling are what one half of the real images is to the other. Beside them: seconds of processor for an image, and
how many attributes the judge sees in 3 to 97 % of the images.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import torch

import ganatomy as ga
from ganatomy.datasets.references import Reference, drawn_reference, read_reference
from ganatomy.generators.base import Generator
from ganatomy.perception.judging import Judge
from ganatomy.workers import read_images

SHOWN = 64
RARE = 0.03


def real_features(real: Reference, features: ga.Features, n: int) -> torch.Tensor:
    """Features of the first n real images."""
    with torch.no_grad():
        return torch.cat([features(real.read(rows)) for rows in torch.arange(min(n, len(real))).split(64)])


def describe(
    name: str, generator: Generator, judge: Judge, features: ga.Features, real: torch.Tensor, *, seed: int
) -> None:
    """Print the figures of one generator, at as many images as there are real ones."""
    codes = generator.sample(len(real), seed=seed)

    def read(images: torch.Tensor) -> torch.Tensor:
        return torch.cat([features(images), judge.score(images).probabilities], dim=1)

    [rows] = read_images(generator, codes, read, batch_size=64)
    fake, seen = rows[:, : real.shape[1]], rows[:, real.shape[1] :]
    shares = (seen > 0.5).float().mean(0)
    usable = int(((shares >= RARE) & (shares <= 1 - RARE)).sum())
    start = time.process_time()
    with torch.no_grad():
        generator(codes[:SHOWN])
    seconds = (time.process_time() - start) / SHOWN
    print(f"{name}: {generator.signature.architecture}, {generator.signature.resolution} px")
    print(f"  {ga.precision_recall(fake, real, features=features.description, seed=seed)}")
    print(f"  {ga.frechet_distance(fake, real, features=features.description, seed=seed)}")
    print(f"  {1000 * seconds:.1f} ms an image; {usable} of {len(shares)} attributes in 3-97 %", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", default=["faces"])
    parser.add_argument("--data", help="real images: a folder or an idx file; drawn faces if none is given")
    parser.add_argument("--judge", default="faces", help="a network that took part in no training")
    parser.add_argument("-n", type=int, default=4000, help="images of each kind")
    parser.add_argument("--seed", type=int, default=0, help="of the codes")
    parser.add_argument("--sheets", type=Path, help="folder for 64 samples of each, and of the real images")
    asked = parser.parse_args()

    judge = ga.judge(asked.judge)
    features = ga.features_of("scorer", judge)
    models = {name: ga.load(name) for name in asked.models}
    sizes = {(own.signature.resolution, own.signature.channels) for own in models.values()}
    if len(sizes) > 1:
        parser.error(f"models of different sizes do not compare: {sizes}")
    resolution, channels = sizes.pop()
    real = (
        drawn_reference(resolution=resolution, n=asked.n)
        if asked.data is None
        else read_reference(asked.data, resolution=resolution, channels=channels)
    )
    print(f"against {real.description}, by {features.description}")
    rows = real_features(real, features, asked.n)
    if asked.sheets:
        asked.sheets.mkdir(parents=True, exist_ok=True)
    for k, (name, generator) in enumerate(models.items()):
        describe(name, generator, judge, features, rows, seed=asked.seed)
        if asked.sheets:
            with torch.no_grad():
                images = generator(generator.sample(SHOWN, seed=asked.seed))
            ga.grid(images, columns=8).save(asked.sheets / f"{k + 1}-{Path(name).stem}.png")
    if asked.sheets:
        ga.grid(real.read(torch.arange(min(SHOWN, len(real)))), columns=8).save(asked.sheets / "real.png")


if __name__ == "__main__":
    main()
