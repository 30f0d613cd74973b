"""How clean the studio's edits are, and whether its sliders do what they are named after.

    python benchmarks/sliders.py refine    # refined edits of 14 images beside sliders and the command line's
    python benchmarks/sliders.py ends      # every slider at both ends of its track, at 12 seeds, by the judge
    python benchmarks/sliders.py firm      # what moved most is held before all others, by the judge

Times are of the processor and of this machine's clock; the first refined edit to an attribute also computes what all
others of it share, and is left out of the median.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

import ganatomy as ga
from ganatomy.experiments.explore.panel_file import load_panel
from ganatomy.guidance.judged import scores_of
from ganatomy.latents import Latents
from ganatomy.recipes import ModelReference
from ganatomy.statistics.intervals import mean_of
from ganatomy.studio.bench import Bench
from ganatomy.studio.page import RIGHT, panel_data
from ganatomy.studio.ranges import ends_of
from ganatomy.studio.refining import with_direction, without_goals
from ganatomy.studio.scenes import Scene
from ganatomy.studio.tracks import ROOM
from ganatomy.zoo import MODELS

LEAST_REACHED = 0.5
"""Score that the slider must lead to on its track, for an image that is compared."""


def open_bench(model: str) -> Bench:
    """A bundled model with what the studio knows of it."""
    generator = ga.load(model)
    return Bench(
        name=model,
        generator=generator,
        reference=ModelReference(name=model, fingerprint=generator.fingerprint),
        scorer=ga.scorer(model),
        judge=ga.judge(model),
        panel=load_panel(MODELS[model].panel),
    )


def scene_of(bench: Bench, seed: int, **fields: object) -> Scene:
    codes = {"seeds": [seed], "space": str(bench.space), "truncation_psi": bench.truncation_psi}
    return Scene.read({"codes": codes, **fields}, "")


@dataclass(kw_only=True)
class Changes:
    """What one way of editing did: the own score, and the mean size of the changes of the others, by two readers."""

    own: list[float]
    others: list[float]
    judged: list[float]
    seconds: list[float]

    def __str__(self) -> str:
        own, others, judged = (sum(values) / len(values) for values in (self.own, self.others, self.judged))
        worst = max(self.others)
        median = sorted(self.seconds)[len(self.seconds) // 2]
        read = f"{others:.3f} (worst image {worst:.3f}; by the judge {judged:.3f})"
        return f"own score {own:.2f}, others changed by {read}, median {median:.2f} s"


def refine(model: str, name: str, count: int) -> None:
    """Sliders moved until the score is high, and the same scores by refined edits and by the command line's."""
    bench = open_bench(model)
    assert bench.scorer is not None
    column = bench.scorer.names.index(name)
    low = [
        seed
        for seed, score in enumerate(bench.panel.gallery.probabilities[:, column].tolist())
        if score < 0.5
    ]
    names = ("slider", "refined", "firm", "command")
    ways = {what: Changes(own=[], others=[], judged=[], seconds=[]) for what in names}
    most: list[tuple[float, float]] = []
    bench.common(name, bench.space)
    for seed in low:
        before = scene_of(bench, seed, hold="all")
        origin = bench.codes([before])
        slider, goal = highest(bench, before, name)
        if goal < LEAST_REACHED:  # no slider leads there
            continue
        note(bench, ways["slider"], name, (origin, bench.codes([slider])), 0.0)
        codes = refined(bench, ways["refined"], name, goal, slider)
        worst = most_changed(bench, name, origin, codes)
        firmly = refined(bench, ways["firm"], name, goal, replace(slider, firm=(worst,)))
        most.append(tuple(change_of(bench, worst, origin, after) for after in (codes, firmly)))
        start = time.process_time()
        found = ga.guided(bench.generator, bench.scorer, origin, {name: goal}, hold="all")
        note(bench, ways["command"], name, (origin, found.latents), time.process_time() - start)
        print(f"seed {seed}, to {goal:.2f}", flush=True)
        if len(ways["slider"].own) == count:
            break
    for what, changes in ways.items():
        print(f"{what:8} {changes}")
    first, second = (sum(sizes) / len(sizes) for sizes in zip(*most, strict=True))
    print(
        f"firm: what changed most otherwise, by the judge: {first:.3f}, held before all others {second:.3f}"
    )


def refined(bench: Bench, changes: Changes, name: str, goal: float, slider: Scene) -> Latents:
    """The codes of a refined edit, which begins at the slider's; what it did is noted."""
    base = without_goals(slider, {name: goal})
    (origin, begin), start = (bench.codes([scene]) for scene in (base, slider)), time.process_time()
    (direction,) = bench.reach(origin, {name: goal}, base, begin=begin)
    done = time.process_time() - start
    codes = bench.codes([base if direction is None else with_direction(base, direction)])
    note(bench, changes, name, (origin, codes), done)
    return codes


def most_changed(bench: Bench, name: str, before: Latents, after: Latents) -> str:
    """The other attribute that the scorer saw change most, among those that the judge knows."""
    others = [other for other in bench.judge.names if other != name and other in bench.scorer.names]
    was, now = (read(bench, bench.scorer, codes)[0] for codes in (before, after))
    return max(others, key=lambda other: float((now - was)[bench.scorer.names.index(other)].abs()))


def change_of(bench: Bench, name: str, before: Latents, after: Latents) -> float:
    """How much an attribute changed, by the judge."""
    was, now = (
        read(bench, bench.judge, codes)[0, bench.judge.names.index(name)] for codes in (before, after)
    )
    return float((now - was).abs())


def highest(bench: Bench, before: Scene, name: str) -> tuple[Scene, float]:
    """The slider where the score is highest on its track, up to .9, and that score."""
    _, _, _, last = ends_of(bench, before, name, pause=lambda: None)
    steps = torch.arange(0.25, last + 1e-6, 0.25).tolist() or [last]
    scenes = [replace(before, moves={name: step}) for step in steps]
    scores = bench.scores(bench.draw(bench.codes(scenes)), bench.codes(scenes))
    assert scores is not None
    reached = [min(score, 0.9) for score in scores[name]]
    best = reached.index(max(reached))
    return scenes[best], min(0.98, max(0.02, scores[name][best]))


def note(bench: Bench, changes: Changes, name: str, both: tuple[Latents, Latents], seconds: float) -> None:
    """Read the images before and after by the scorer and by the judge."""
    for reader, sizes in ((bench.scorer, changes.others), (bench.judge, changes.judged)):
        before, after = (read(bench, reader, codes)[0] for codes in both)
        rest = torch.arange(len(after)) != reader.names.index(name)
        sizes.append(float((after - before)[rest].abs().mean()))
        if reader is bench.scorer:
            changes.own.append(float(after[reader.names.index(name)]))
    changes.seconds.append(seconds)


def read(bench: Bench, reader: ga.Scorer, codes: Latents) -> Float[Tensor, "n a"]:
    return scores_of(bench.generator, reader, codes, batch_size=8).probabilities


def ends(model: str, count: int, sheet: Path | None) -> None:
    """Every slider at both ends of its track, from the same images."""
    bench = open_bench(model)
    assert bench.judge is not None
    assert bench.panel is not None
    works = {entry["name"]: entry["works"] for entry in panel_data(bench.panel, model)["directions"]}
    starts = [scene_of(bench, seed, hold="best") for seed in range(count)]
    before = read(bench, bench.judge, bench.codes(starts))
    shown, failed = [], []
    for name, is_open in works.items():
        if name not in bench.judge.names:
            continue
        column = bench.judge.names.index(name)
        both = [ends_of(bench, start, name, pause=lambda: None) for start in starts]
        moved = bench.codes(
            [
                replace(start, moves={name: end[side]})
                for side in (0, 3)
                for start, end in zip(starts, both, strict=True)
            ]
        )
        after = read(bench, bench.judge, moved)[:, column].reshape(2, count)
        change = torch.stack([before[:, column] - after[0], after[1] - before[:, column]])
        # Where an image has it fully, or not at all, that way leads nowhere.
        room = torch.stack([before[:, column], 1 - before[:, column]]) > ROOM
        right = float((change > 0)[room].float().mean())
        print(
            f"{name:22} {'works' if is_open else 'folded away':12} the right way in {100 * right:3.0f} % of "
            f"{int(room.sum())}, mean change {float(change[room].mean()):+.2f}"
        )
        if is_open and right < RIGHT:
            failed.append(name)
        shown.append(moved[torch.tensor([0, 1, 2, count, count + 1, count + 2])])
    print(f"{sum(works.values())} of {len(works)} work; of these fail: {', '.join(failed) or 'none'}")
    if sheet is not None:
        images = torch.cat([bench.draw(codes) for codes in shown])
        ga.grid(images, columns=6, row_labels=[*works][: len(shown)]).save(sheet)


def firm(model: str, count: int) -> None:
    """One step of each slider with all others held, and with the one that moved most held before them.

    Which one moved most is what the scorer reads in the first half of the images; the judge reads the second half.
    """
    bench = open_bench(model)
    assert bench.judge is not None
    assert bench.panel is not None
    assert bench.scorer is not None
    both = [name for name in bench.panel.names if name in bench.judge.names]
    starts = [scene_of(bench, seed, hold="all") for seed in range(2 * count)]
    first, second = starts[:count], starts[count:]
    kept: list[tuple[float, float, float]] = []
    for name in both:

        def sizes(reader: ga.Scorer, scenes: list[Scene], name: str = name, **fields: object) -> Tensor:
            moved = [replace(one, moves={name: 1.0}, **fields) for one in scenes]
            before, after = (read(bench, reader, bench.codes(part)) for part in (scenes, moved))
            return (after - before).abs().mean(0)

        by_scorer = sizes(bench.scorer, first)
        others = [other for other in both if other != name]
        worst = max(others, key=lambda other: float(by_scorer[bench.scorer.names.index(other)]))
        held, firmly = sizes(bench.judge, second), sizes(bench.judge, second, firm=(worst,))
        rest = [bench.judge.names.index(other) for other in others if other != worst]
        shares = [
            float(firmly[columns].mean() / held[columns].mean())
            for columns in ([bench.judge.names.index(worst)], [bench.judge.names.index(name)], rest)
        ]
        print(
            f"{name:22} holds {worst:22} changes {shares[0]:.2f} of before, own {shares[1]:.2f}, others {shares[2]:.2f}"
        )
        kept.append((shares[0], shares[1], shares[2]))
    for what, column in zip(
        ("the one held firmly", "the own score", "all others"), zip(*kept, strict=True), strict=True
    ):
        print(f"{what}: {mean_of(torch.tensor(column))} of what it is with all held alike")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("refine", "ends", "firm"))
    parser.add_argument("--model", default="faces")
    parser.add_argument("--attribute", default="Smiling")
    parser.add_argument("--seeds", type=int, default=None)
    parser.add_argument("--sheet", type=Path, default=None, help="write the images at the ends to this file")
    given = parser.parse_args()
    if given.what == "refine":
        refine(given.model, given.attribute, given.seeds or 14)
    elif given.what == "firm":
        firm(given.model, given.seeds or 12)
    else:
        ends(given.model, given.seeds or 12, given.sheet)


if __name__ == "__main__":
    main()
