"""What guided edits change beside their target, next to linear ones at the same effect.

    python benchmarks/guided.py                                    # a dozen attributes of the bundled faces
    python benchmarks/guided.py --attributes all -n 40
    python benchmarks/guided.py MODEL.pt --prior uniform --scorer SCORER.onnx

Directions are found in 3,000 codes, and every way edits the same new pictures: linear ones by the one step that changes
the mean probability of their attribute by .25, guided ones by the one shift of every picture's own logit that does.
Selectivity is `mean_abs_all`: the change of the target over the mean |change| of all others, with 95 % intervals.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import torch

import ganatomy as ga
from ganatomy.generators.base import Generator, batches
from ganatomy.guidance import Likely, likely
from ganatomy.metrics.calibration import shift_for
from ganatomy.perception import FactorScorer, NetworkScorer, Scorer

DOZEN = (
    "Smiling Male Young Eyeglasses Wavy_Hair Blond_Hair Bangs Heavy_Makeup Mouth_Slightly_Open Big_Nose "
    "Wearing_Earrings Pale_Skin"
)
LINEAR = ("regression", "lowdin", "selective")
CHANGE = 0.25


def edit_guided(
    generator: Generator,
    scorer: Scorer,
    names: list[str],
    *,
    n: int,
    seed: int,
    space: str,
    where: Likely,
    truth: Scorer | None,
) -> tuple[ga.Entanglement, float]:
    """What guided edits that hold all others change, in the form of `entanglement`, and their share that got there."""
    latents = generator.sample(n, seed=seed, space=space)
    with torch.no_grad():
        before = torch.cat([scorer(generator(part)).logits for part in batches(latents, 64)])
        factors = _read(generator, truth, latents)
    changes, signs, moved, reached = [], [], [], []
    for name in names:
        own = before[:, [scorer.names.index(name)]]
        sign = -1.0 if torch.sigmoid(own).mean() > 0.5 else 1.0
        shift = float(shift_for(own, torch.tensor([sign * CHANGE])))
        found = ga.guided(generator, scorer, latents, {name: shift}, units="shift", hold="all", where=where)
        changes.append(found.changes)
        signs.append(sign)
        reached.append(float(found.reached.float().mean()))
        spread = factors.std(0) if truth is not None else factors[0]
        moved.append((_read(generator, truth, found.latents) - factors).mean(0) / spread * sign)
        own_change = float(found.changes[:, scorer.names.index(name)].mean())
        print(
            f"  {name:22} {own_change:+.3f}  others {float(found.drift.abs().mean()):.4f}  "
            f"reached {reached[-1]:.0%}  {float(found.distance.mean()):.2f} sigma"
        )
    result = ga.Entanglement(
        names=tuple(names),
        attributes=tuple(scorer.names),
        strengths=torch.tensor(signs),
        before=torch.sigmoid(before),
        changes=torch.stack(changes),
        target_change=CHANGE,
        seed=seed,
        factors=() if truth is None else tuple(truth.names),
        factor_changes=None if truth is None else torch.stack(moved),
    )
    return result, sum(reached) / len(reached)


def _read(generator: Generator, truth: Scorer | None, latents: ga.Latents) -> torch.Tensor:
    if truth is None:
        return torch.zeros(len(latents), 0)
    with torch.no_grad():
        return torch.cat([truth(generator(part)).logits for part in batches(latents, 64)])


def show(name: str, result: ga.Entanglement) -> float:
    every = result.selectivity().mean
    targets = result.mean_change.gather(1, result.targets[:, None])
    line = f"{name:12} selectivity {every.value:6.2f} ({every.low:.2f} to {every.high:.2f})"
    line += f"  mean target change {float(targets.abs().mean()):.3f}"
    line += f"  reached {int(result.reached.sum())} of {len(result.names)}"
    if result.factor_changes is not None:
        sizes = result.factor_changes.abs().sort(dim=1, descending=True).values
        line += (
            f"  factors: first {float(sizes[:, 0].mean()):.2f} sd, others {float(sizes[:, 1:].mean()):.3f} sd"
        )
    print(line)
    return every.value


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", nargs="?", default="faces")
    parser.add_argument("--scorer")
    parser.add_argument("--prior")
    parser.add_argument(
        "--attributes", default=None, help="names, or all; a dozen of the bundled faces by default"
    )
    parser.add_argument("-n", type=int, default=40)
    parser.add_argument("--codes", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()

    generator = ga.load(asked.model, prior=asked.prior) if asked.prior else ga.load(asked.model)
    scorer = ga.scorer(asked.scorer or asked.model).differentiable()
    truth = FactorScorer(scorer) if isinstance(scorer, NetworkScorer) and scorer.network.factors else None
    space = "w" if "w" in generator.signature.spaces else "z"
    print(f"{Path(asked.model).name}, {torch.get_num_threads()} threads, {os.cpu_count()} cores")
    survey = ga.survey(generator, scorer, n=asked.codes, space=space, seed=0)
    used = [name for name, share in survey.prevalence.items() if 0.03 <= share <= 0.97]
    chosen = asked.attributes.split(",") if asked.attributes else DOZEN.split()
    names = used if asked.attributes == "all" else [name for name in chosen if name in used] or used
    start = time.perf_counter()
    survey = ga.differentiate(survey, generator, scorer, n=64, attributes=used)
    print(
        f"{len(used)} attributes, {len(names)} edited; Jacobians of 64 pictures {time.perf_counter() - start:.0f} s"
    )

    eye, figures = scorer.select(used), {}
    for method in LINEAR:
        found = ga.find(survey, used, method=method, seed=0).select(names)
        result = ga.entanglement(
            generator, eye, found, n=asked.n, seed=asked.seed, target_change=CHANGE, truth=truth
        )
        figures[method] = show(method, result)
    where = likely(generator, space)
    start = time.perf_counter()
    result, reached = edit_guided(
        generator, eye, names, n=asked.n, seed=asked.seed, space=space, where=where, truth=truth
    )
    seconds = time.perf_counter() - start
    figures["guided"] = show("guided", result)
    without = max(figures["regression"], figures["lowdin"])
    print(
        f"guided: {figures['guided'] / without:.1f} x the best linear without holds, "
        f"{figures['guided'] / figures['selective']:.1f} x linear with holds; {reached:.0%} of pictures reached; "
        f"{seconds / len(names) / asked.n * 16:.1f} s for 16 pictures"
    )
    wall, processor = time.perf_counter(), time.process_time()
    latents = generator.sample(16, seed=asked.seed, space=space)
    one = ga.guided(generator, scorer, latents, {names[0]: "+0.25"}, hold="all")
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print(
        f"16 pictures, {names[0]} +0.25, all others held: {wall:.1f} s, {processor:.1f} s of processor; {one}"
    )


if __name__ == "__main__":
    main()
