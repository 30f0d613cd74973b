r"""The league table judged by exact truth, and how far a judge and the scorer itself agree with it.

    python benchmarks/truth.py                     # over ten thousand codes, about an hour
    python benchmarks/truth.py drawn:warped --space z
    python benchmarks/truth.py -n 300 --images 4 --attributes Smiling,Young,Eyeglasses \
        --methods regression,held,guided-hold                      # a minute

The generator is `drawn`, which knows the attributes and factors of every code. Methods learn from the scorer, a network
that reads images, and guided edits follow it; then every edited code is read three times: by that scorer, by the judge,
and by the oracle. Directions of all usable attributes are found, and the change of all others counts, whether they
were edited or not. Selectivity: the change of the target's probability over the mean |change| of all others, each
measured by the same reader, with 95 % intervals over images.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch

import ganatomy as ga
from ganatomy.experiments.compare import CONTESTANTS
from ganatomy.experiments.compare.budget import Budget
from ganatomy.experiments.compare.comparison import rank_correlation
from ganatomy.experiments.compare.editing import Editor, find
from ganatomy.metrics.entanglement import Entanglement, measure_edits
from ganatomy.metrics.fresh_images import Edits, Readers
from ganatomy.progress import Clock
from ganatomy.statistics.formatting import with_interval
from ganatomy.surveys.chosen import choose

CHANGE = 0.25
CHOSEN = "Smiling,Male,Young,Wavy_Hair,Heavy_Makeup,Eyeglasses"


def edit_by_all(
    editor: Editor, budget: Budget, methods: Sequence[str], names: Sequence[str]
) -> dict[str, Edits]:
    """Every method's edits of the same images, each as long as the scorer wants it."""
    clock = Clock()
    with clock.stage("finding") as advance:
        found, left_out = find(budget, {name: CONTESTANTS[name] for name in methods}, advance=advance)
    for name, why in left_out.items():
        print(f"left out: {name} ({why})")
    edits = {}
    for name, own in found.items():
        start = time.process_time()
        edits[name] = editor.edit(CONTESTANTS[name], own.directions, CHANGE, names=names)[0]
        print(f"  {name:14} edited, {time.process_time() - start:.0f} s of processor", flush=True)
    return edits


def league(by: Mapping[str, Mapping[str, Entanglement]]) -> None:
    """Every method by every reader, in the order of truth."""
    order = sorted(by, key=lambda name: -by[name]["truth"].selectivity().mean.value)
    readers = list(by[order[0]])
    print("\nselectivity, and change of the target's probability, in the order of truth")
    print(f"{'':14}" + "".join(f"{f'by {reader}':>38}" for reader in readers))
    for name in order:
        cells = []
        for reader in readers:
            found = by[name][reader]
            moved = float(found.mean_change.gather(1, found.targets[:, None]).mean())
            cells.append(f"{with_interval(found.selectivity().mean)}, {moved:+.3f}")
        print(f"{name:14}" + "".join(f"{cell:>38}" for cell in cells))


def agreement(by: Mapping[str, Mapping[str, Entanglement]], reader: str) -> str:
    """Spearman's correlation of a reader's selectivities with the true ones."""
    each = {
        who: torch.cat([found[who].selectivities() for found in by.values()]).tolist()
        for who in ("truth", reader)
    }
    mean = {
        who: [float(found[who].selectivities().mean()) for found in by.values()] for who in ("truth", reader)
    }
    return (
        f"  {reader:7} {rank_correlation(mean['truth'], mean[reader]):+.2f} over {len(by)} methods, "
        f"{rank_correlation(each['truth'], each[reader]):+.2f} over {len(each['truth'])} methods x attributes"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", nargs="?", default="drawn")
    parser.add_argument("--scorer", default="faces", help="what methods learn from and guided edits follow")
    parser.add_argument(
        "--judge", default="faces", help="a judge of the same attributes, which takes no part"
    )
    parser.add_argument("--space", default="w")
    parser.add_argument("--attributes", default=CHOSEN)
    parser.add_argument("--methods", default=",".join(CONTESTANTS))
    parser.add_argument("-n", type=int, default=8000, help="codes that methods learn from")
    parser.add_argument("--images", type=int, default=24)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()

    generator, scorer = ga.load(asked.model), ga.scorer(asked.scorer)
    experiment = ga.Experiment(generator, scorer, space=asked.space, seed=asked.seed)
    seen = experiment.survey(asked.n)
    chosen = choose(seen)
    used, skipped = chosen.measured, chosen.skipped
    names = [name for name in asked.attributes.split(",") if name in used]
    print(
        f"{asked.model}: {len(seen):,} codes of {asked.space} read by {scorer.description}; "
        f"{len(used)} attributes, left out {', '.join(skipped) or 'none'}; edited in {asked.images} images: "
        f"{', '.join(names)}"
    )
    budget = Budget.of(experiment, seen, used)
    editor = Editor.of(budget, Readers(scorer=scorer.select(used)), n=asked.images)
    edits = edit_by_all(editor, budget, asked.methods.split(","), names)

    readers = {
        "truth": ga.scorer(generator).select(used),
        "scorer": scorer.select(used),
        "judge": ga.judge(asked.judge).select(used),
    }
    by: dict[str, dict[str, Entanglement]] = {name: {} for name in edits}
    for who, reader in readers.items():
        images = replace(editor.images, readers=Readers(scorer=reader))
        for name, own in edits.items():
            by[name][who] = measure_edits(images, own, CHANGE)
    league(by)
    print("\nrank correlation of selectivities with the true ones (Spearman)")
    for who in readers:
        if who != "truth" and len(by) > 1:
            print(agreement(by, who))
    edited = len(edits) * len(names) * asked.images
    total = len(seen) + asked.images + edited
    print(f"\n{total:,} codes: {len(seen):,} surveyed, {asked.images} fresh, {edited:,} edited")


if __name__ == "__main__":
    main()
