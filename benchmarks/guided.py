"""How long guided edits take, and what they cost beside following the scorer alone.

    python benchmarks/guided.py                                    # sixteen images of the bundled faces
    python benchmarks/guided.py MODEL.pt --prior uniform --scorer SCORER.onnx

What they change, and whether a judge sees it, is measured by `ganatomy study trust`.
"""

from __future__ import annotations

import argparse
import time

import torch

import ganatomy as ga


def timed(
    generator: ga.Generator,
    scorer: ga.Scorer,
    latents: ga.Latents,
    to: dict[str, float],
    settings: ga.GuidedSettings,
) -> tuple[ga.Guided, float, float]:
    """A guided edit with all others held: the edit, and its seconds on the wall and of processor."""
    wall, processor = time.perf_counter(), time.process_time()
    found = ga.guided(generator, scorer, latents, to, hold="all", settings=settings)
    return found, time.perf_counter() - wall, time.process_time() - processor


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", nargs="?", default="faces")
    parser.add_argument("--scorer")
    parser.add_argument("--prior")
    parser.add_argument("--attribute", default="Smiling")
    parser.add_argument("-n", type=int, default=16, help="images")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()

    torch.set_num_threads(1)
    generator = ga.load(asked.model, prior=asked.prior) if asked.prior else ga.load(asked.model)
    scorer = ga.scorer(asked.scorer or asked.model)
    space = "w" if "w" in generator.signature.spaces else "z"
    latents = generator.sample(asked.n, seed=asked.seed, space=space)
    goal = {asked.attribute: 0.9}
    alone, _, alone_processor = timed(generator, scorer, latents, goal, ga.GuidedSettings(target=scorer))
    print(f"following the scorer alone: {alone_processor:.1f} s of processor; {alone}")
    found, wall, processor = timed(generator, scorer, latents, goal, ga.GuidedSettings())
    print(f"default: {processor:.1f} s of processor, {wall:.1f} s; {found}")
    print(f"the default takes {processor / alone_processor:.2f} times as long")


if __name__ == "__main__":
    main()
