"""Public functions called with one argument of a wrong kind. A script, for tests check annotations and people do not.

    python benchmarks/wrong_types.py --runs 5000

Prints each call that ends in anything but a result or an error of ganatomy, and exits with 1 where there is one.
"""

from __future__ import annotations

import argparse
import inspect
import random
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

import ganatomy as ga
from ganatomy.errors import GanatomyError
from ganatomy.perception import OracleScorer

WRONG: list[Any] = [
    None, True, 0, -1, 3, 2.5, float("nan"), float("inf"), 10**30, "", "a", "red", "faces", b"red", "\x1b[2J", [],
    [1, 2], ["red"], ["a", "a"], (), (4, 4), {}, {"red": 0.9}, {"red": "x"}, {1: 2}, set(), range(3), object(), len,
    str, lambda x: x, Path("nowhere"), np.zeros(3), np.zeros((2, 8)), np.array(["a"]), np.float64(2), np.int64(2),
    torch.zeros(()), torch.zeros(2, 8), torch.full((2, 8), torch.nan), torch.zeros(0, 8), torch.zeros(2, 3, 4, 4),
    torch.zeros(2, dtype=torch.int64), torch.zeros(2, 8, dtype=torch.complex64), iter([1]), 1j, slice(3), ...,
]  # fmt: skip

ALLOWED = (GanatomyError, IndexError)
"""Rows and positions that do not exist are IndexErrors, as Python's protocol of sequences demands."""


def calls(folder: Path) -> dict[str, tuple[Callable[..., Any], dict[str, Any]]]:
    """Public functions and arguments with which they work."""
    toy = ga.ToyGenerator(z_dim=8, attributes=("red", "round"), seed=0)
    scorer, z = OracleScorer(toy), toy.sample(2, seed=1)
    red, both = toy.truth["red"], toy.truth
    seen = ga.survey(toy, scorer, n=60)
    linear = torch.nn.Sequential(torch.nn.Linear(4, 48), torch.nn.Tanh(), torch.nn.Unflatten(1, (3, 4, 4)))
    other = ga.judge(lambda images: toy.read(images).sigmoid(), names=toy.attributes)
    images = toy(z)
    return {
        "Latents": (ga.Latents, {"codes": torch.zeros(2, 8), "space": "z", "labels": None}),
        "Latents[]": (lambda rows: z[rows], {"rows": 0}),
        "Latents.to": (z.to, {"space": "z"}),
        "Directions": (ga.Directions, {"items": list(both)}),
        "Directions[]": (lambda key: both[key], {"key": "red"}),
        "sample": (toy.sample, {"n": 2, "seed": 1, "start": 0, "space": "z", "truncation_psi": 1.0}),
        "G": (toy, {"latents": z}),
        "map": (toy.map, {"latents": z, "to": "z"}),
        "move": (ga.move, {"latents": z, "direction": red, "strength": 1.0, "units": "sigma", "hold": [both["round"]]}),
        "walk": (ga.walk, {"latents": z, "direction": red, "strengths": [1.0, 2.0], "units": "sigma", "hold": ()}),
        "grid": (ga.grid, {"images": images, "columns": 1, "scale": 1, "gap": 1, "labels": None}),
        "wrap": (ga.wrap, {"model": linear, "z_dim": 4, "prior": "normal", "value_range": None}),
        "load": (ga.load, {"model": toy, "prior": None, "output": None, "resolution": None}),
        "scorer": (
            ga.scorer,
            {"spec": lambda x: x.mean((1, 2, 3)), "names": ["A"], "size": None, "colour": None, "value_range": None,
             "mean": None, "output": "logits"},
        ),
        "judge": (ga.judge, {"spec": lambda x: x.mean((1, 2, 3)).sigmoid(), "names": ["A"]}),
        "score": (scorer.score, {"images": images, "latents": z, "start": 0}),
        "survey": (ga.survey, {"generator": toy, "scorer": scorer, "n": 3, "space": "z", "seed": 0, "batch_size": 2}),
        "regression": (ga.regression, {"survey": seen, "attributes": ["red"], "seed": 0}),
        "centroids": (ga.centroids, {"survey": seen, "attributes": ["red"], "seed": 0}),
        "guided": (
            ga.guided,
            {"generator": toy, "scorer": scorer, "latents": z, "to": {"red": 0.9}, "hold": ["round"]},
        ),
        "entanglement": (
            ga.entanglement,
            {"generator": toy, "scorer": scorer, "directions": both, "n": 4, "seed": 0, "judge": other},
        ),
        "save_latents": (ga.save_latents, {"latents": z, "path": folder / "z.latents"}),
        "load_latents": (ga.load_latents, {"path": ga.save_latents(z, folder / "in.latents")}),
        "save_directions": (ga.save_directions, {"directions": both, "path": folder / "d.directions"}),
        "load_directions": (ga.load_directions, {"path": ga.save_directions(both, folder / "in.directions")}),
        "load_survey": (ga.load_survey, {"folder": folder}),
        "read_labels": (ga.read_labels, {"path": folder / "labels.csv", "names": None}),
    }  # fmt: skip


def wrong_calls(runs: int, seed: int = 0) -> list[str]:
    """Those of this many calls that ended in something else, each in a line."""
    chance, failures = random.Random(seed), {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "labels.csv").write_text("file,A\na.png,1\n")
        known = calls(folder)
        for _ in range(runs):
            title = chance.choice(sorted(known))
            function, right = known[title]
            argument, wrong = chance.choice(sorted(right)), chance.choice(WRONG)
            if (
                title in ("save_latents", "save_directions")
                and argument == "path"
                and isinstance(wrong, str | Path)
            ):
                continue
            given = {**right, argument: wrong}
            first = next(iter(inspect.signature(function).parameters.values()))
            alone = first.kind is not inspect.Parameter.KEYWORD_ONLY and first.name in given
            leading = (given.pop(first.name),) if alone else ()
            try:
                function(*leading, **given)
            except ALLOWED:
                continue
            except Exception as error:  # noqa: BLE001 (whatever it is, it is what is looked for)
                place = traceback.extract_tb(error.__traceback__)[-1]
                failures[title, argument, place.filename, place.lineno] = (
                    f"{title}({argument}={wrong!r:.40}): {type(error).__name__}: {error!s:.80} "
                    f"({Path(place.filename).name}:{place.lineno})"
                )
    return list(failures.values())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    found = wrong_calls(options.runs, options.seed)
    print("\n".join([*found, f"{options.runs} calls, {len(found)} places that fail"]))
    sys.exit(bool(found))
