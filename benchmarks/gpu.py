"""What a GPU gains, in under 90 seconds: synthesis, an exploration, and training.

    python benchmarks/gpu.py                 # everything
    python benchmarks/gpu.py --only explore train --device cpu -n 200 --images 256    # the same code without a GPU

Synthesis is StyleGAN2 of channel base 32768: by the papers' plain formulation in float32, and ours in float16, also as
one CUDA graph, and compiled (`G.synthesis.compile()`) as one; `python benchmarks/synthesis.py --device cuda` has more.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import synthesis
import torch

from ganatomy.training.bundled import TRAININGS
from ganatomy.training.data import drawn_faces
from ganatomy.training.images import array_images
from ganatomy.training.loop import train_gan

PARTS = ("synthesis", "explore", "train")
BATCH = 64


def draw(options: argparse.Namespace) -> None:
    """Images a second, plain and ours."""
    clock = synthesis.Clock(options.device)
    for resolution, batch in ((256, 8), (1024, 8), (256, 1)):
        # Compiling takes 20 seconds each time.
        settings = argparse.Namespace(compile=batch > 1, precisions=["float16"], repeats=5)
        case = synthesis.Case(model="stylegan2", resolution=resolution, base=32768, batch=batch)
        plain = None
        for line in synthesis.on_gpu(case, settings, clock):
            plain = plain or line["images_per_second"]
            print(f"{synthesis.row(line)}  {line['images_per_second'] / plain:5.1f} x", flush=True)


def explore(options: argparse.Namespace) -> None:
    """Seconds of the main job, all of it, by the clock."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable, "-m", "ganatomy", "explore", "faces", "-n", str(options.n),
            "--device", options.device, "-o", folder,
        ]  # fmt: skip
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        print(f"explore faces -n {options.n}: {time.perf_counter() - start:.1f} s", flush=True)


def train(options: argparse.Namespace) -> None:
    """Steps a second of the bundled faces at 64 px, batch 64, without what a run does at its start and end."""
    gan = TRAININGS["faces"].gan
    stage = replace(gan.stages[-1], images=options.images, batch=BATCH)
    settings = replace(gan, stages=(stage,))
    ticks: list[tuple[int, float]] = []

    def tick(_: str, done: int, __: int) -> None:
        ticks.append((done, time.perf_counter()))

    with tempfile.TemporaryDirectory() as folder:
        images = array_images(drawn_faces(Path(folder), 1_000, resolution=64, seed=0))
        train_gan(settings, images, Path(folder) / "run", device=options.device, progress=tick)
    (first, start), (last, end) = ticks[len(ticks) // 4], ticks[-1]
    print(
        f"training at 64 px, batch {BATCH}: {(last - first) / BATCH / (end - start):.1f} steps/s", flush=True
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="*", choices=PARTS, default=PARTS)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("-n", type=int, default=3000, help="codes that are explored")
    parser.add_argument("--images", type=int, default=64 * 400, help="shown in training")
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        parser.error("there is no GPU here; --only explore train --device cpu tries what needs none")
    start = time.perf_counter()
    for part, call in zip(PARTS, (draw, explore, train), strict=True):
        if part in options.only:
            call(options)
    print(f"all of it: {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
