"""How many faces a second are drawn: `python benchmarks/drawn_faces.py [RESOLUTION]`."""

from __future__ import annotations

import argparse
import time

import torch

from ganatomy.datasets import draw_faces, sample_faces

COUNT = 2048


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("resolution", nargs="?", type=int, default=64, help="pixels a side")
    resolution = parser.parse_args().resolution
    faces = sample_faces(COUNT, seed=0)
    for threads in (1, 2):
        torch.set_num_threads(threads)
        draw_faces(faces[:128], resolution=resolution)
        start = time.perf_counter()
        draw_faces(faces, resolution=resolution)
        rate = COUNT / (time.perf_counter() - start)
        print(f"{resolution} px, {threads} thread{'s' * (threads > 1)}: {rate:.0f} faces a second")


if __name__ == "__main__":
    main()
