"""What a step along a direction promises and what it gives, as the scorer reads the images, and as a judge does.

    python benchmarks/strengths.py                 # six attributes of the bundled faces, and their judge
    python benchmarks/strengths.py MODEL.pkl --scorer SCORER.onnx --attributes Smiling,Male

Directions are found by regression in 3,000 codes; every step is made in the same new images. `units="logit"` is the
promise of a linear model, the same for all images: +1 sigma promises `slope * sigma` logits. A solved step
(`ga.strengths`) is read in each image: twice the probability, in the images where twice is at most .9 and once at least
.05.
"""

from __future__ import annotations

import argparse

import torch
from torch import Tensor

import ganatomy as ga
from ganatomy.generators.base import Generator
from ganatomy.generators.batches import batches

CHOSEN = "Smiling,Male,Young,Wavy_Hair,Heavy_Makeup,Bangs"
LEAST, MOST = 0.05, 0.45


def read(generator: Generator, scorer: ga.Scorer, latents: ga.Latents, name: str) -> Tensor:
    """Logits of one attribute."""
    with torch.no_grad():
        parts = [scorer.select([name])(generator(part)).logits[:, 0] for part in batches(generator, latents)]
    return torch.cat(parts).double()


def line(
    generator: Generator,
    scorer: ga.Scorer,
    judge: ga.Scorer | None,
    codes: ga.Latents,
    direction: ga.Direction,
) -> str:
    """One attribute: logits promised and given by +1 sigma, then twice the probability."""
    name = direction.name
    step = ga.move(codes, direction, 1.0, units="sigma")
    was = read(generator, scorer, codes, name)
    given = read(generator, scorer, step, name) - was
    cells = [f"{direction.slope * direction.sigma:+.2f}", f"{given.mean():+.2f}", f"{given.std():.2f}"]
    p = torch.sigmoid(was)
    rows = ((p >= LEAST) & (p <= MOST)).nonzero()[:, 0]
    if len(rows) < 2:
        return row(name, *cells, f"{len(rows)}", "-", "-", "-")
    twice = ga.strengths(generator, scorer, codes[rows], direction, 2.0, units="times")
    factor = (twice.after[twice.reached] / twice.before[twice.reached]).mean()
    cells += [f"{len(rows)}", f"{100 * twice.reached.double().mean():.0f} %", f"{factor:.2f}"]
    cells.append("-")
    if judge is not None and name in judge.names:
        kept = rows[twice.reached]
        before, after = (
            torch.sigmoid(read(generator, judge, latents, name)).mean()
            for latents in (codes[kept], twice.latents[twice.reached])
        )
        cells[-1] = f"{after / before:.2f}"
    return row(name, *cells)


def row(*cells: str) -> str:
    """Cells below each other."""
    return f"{cells[0]:16}" + "".join(f"{cell:>14}" for cell in cells[1:])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", nargs="?", default="faces")
    parser.add_argument("--scorer")
    parser.add_argument("--judge")
    parser.add_argument("--attributes", default=CHOSEN)
    parser.add_argument("--codes", type=int, default=3000)
    parser.add_argument("--images", type=int, default=200)
    given = parser.parse_args()
    generator, scorer = ga.load(given.model), ga.scorer(given.scorer or given.model)
    spec = given.judge or ("faces" if given.model == "faces" else None)
    judge = None if spec is None else ga.judge(spec)
    space = "w" if ga.Space.W in generator.signature.spaces else "z"
    survey = ga.survey(generator, scorer, n=given.codes, space=space, seed=0)
    found = ga.regression(survey, given.attributes.split(","))
    codes = generator.sample(given.images, seed=1, space=space)
    print(
        f"{given.images} images; logits of +1 sigma, then twice the probability where it is {LEAST} to {MOST}"
    )
    print(row("", "promised", "given", "sd of given", "images", "reached", "factor", "judge's"))
    for direction in found:
        print(line(generator, scorer, judge, codes, direction), flush=True)


if __name__ == "__main__":
    main()
