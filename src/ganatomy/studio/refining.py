"""Refining an edit: the same goals by guided edits, with what they change beside what the sliders change."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

import torch

from ganatomy.errors import SettingError
from ganatomy.guidance.judged import scores_of
from ganatomy.latents import Direction, Latents
from ganatomy.recipes.fields import number, several
from ganatomy.recipes.parts import write_direction
from ganatomy.studio.bench import Bench, joined
from ganatomy.studio.goals import goals_of
from ganatomy.studio.queries import Answer, Emit, Query, made, sheet_answer, small
from ganatomy.studio.ranges import ends_of
from ganatomy.studio.scenes import Scene, named
from ganatomy.studio.turns import Pause

MOST_FACES = 16
COLUMNS = 4
BETWEEN_IMAGES = 0.6
"""Seconds between two images of codes that come."""
TRIED = 0.5
"""Steps of a slider between images that are tried before a search."""
SIDE = 160
"""Pixels of an image that is shown on the way."""


@dataclass(frozen=True, kw_only=True)
class RefineQuery(Query):
    """Guided edits of one or several images to goals, with the padlocks of each scene.

    The answers are how far the search is, images of the best codes so far, and at last one direction for each image,
    with what edit and sliders change, as read by the judge where there is one.

    Args:
        scenes: as the sliders show them.
        to: probabilities to reach, by attribute; moves along these attributes are replaced.
    """

    scenes: Annotated[tuple[Scene, ...], several(Scene.read, least=1, most=MOST_FACES)]
    to: Annotated[Mapping[str, float], named(number(0.01, 0.99))]

    def answer(self, bench: Bench, emit: Emit, pause: Pause) -> None:
        if not self.to:
            raise SettingError("move a slider first, so that there is something to refine")
        bases = [without_goals(scene, self.to) for scene in self.scenes]
        origin, sliders = (bench.codes(scenes, pause=pause) for scenes in (bases, self.scenes))
        begin = joined(
            [begin_of(bench, *both, self.to, pause) for both in zip(self.scenes, bases, strict=True)]
        )
        shown = time.monotonic()

        def watch(done: int, total: int, latents: Latents) -> None:
            nonlocal shown
            emit(Answer(facts={"kind": "progress", "done": done, "total": total}))
            if time.monotonic() - shown > BETWEEN_IMAGES:
                emit(_images(bench, latents, pause))
                shown = time.monotonic()

        emit(Answer(facts={"kind": "progress", "done": 0, "total": 1}))
        found = bench.reach(
            origin,
            self.to,
            self.scenes[0],
            begin=begin if begin.space == origin.space else None,
            pause=pause,
            watch=watch,
        )
        refined = [
            base if direction is None else with_direction(base, direction)
            for base, direction in zip(bases, found, strict=True)
        ]
        codes = bench.codes(refined, pause=pause)
        emit(_images(bench, codes, pause))
        emit(
            Answer(
                facts={
                    "kind": "refined",
                    "name": next((one.name for one in found if one is not None), ""),
                    "directions": [one and write_direction(one) for one in found],
                    **_compared(bench, (origin, sliders, codes), tuple(self.to)),
                }
            )
        )


def begin_of(bench: Bench, scene: Scene, base: Scene, to: Mapping[str, float], pause: Pause) -> Latents:
    """Where a search begins: at the edit of the sliders, or else where the goal's own slider comes nearest to it."""
    name, goal = next(iter(to.items()))
    if bench.panel is None or name not in bench.panel.names or scene.moves != base.moves:
        return bench.codes([scene], pause=pause)
    first, _, _, last = ends_of(bench, base, name, pause=pause)
    places = torch.arange(first, last + TRIED / 2, TRIED).clamp(max=last).tolist()
    scenes = [base, *(replace(base, moves={**base.moves, name: place}) for place in places)]
    codes = bench.codes(scenes, pause=pause)
    seen = [bench.scores(images, few) or {} for few, images in made(bench, codes, pause)]
    apart = [abs(score - goal) for scores in seen for score in scores[name]]
    return codes[apart.index(min(apart))]


def without_goals(scene: Scene, names: Mapping[str, float]) -> Scene:
    """A scene without the moves along these attributes, and without earlier guided edits to them."""

    def is_about(name: str) -> bool:
        return name in names or (name in scene.own and bool(goals_of(scene.own[name]).keys() & names.keys()))

    return replace(scene, moves={name: steps for name, steps in scene.moves.items() if not is_about(name)})


def with_direction(scene: Scene, direction: Direction) -> Scene:
    """A scene moved by one step along a direction of its own."""
    return replace(
        scene,
        moves={**scene.moves, direction.name: 1.0},
        own={**scene.own, direction.name: direction},
    )


def _compared(bench: Bench, codes: Sequence[Latents], names: tuple[str, ...]) -> dict[str, Any]:
    """What a judge, or else the scorer, reads: the attributes, and the mean size of the changes of all others."""
    reader = bench.judge if bench.judge is not None and set(names) <= set(bench.judge.names) else bench.scorer
    assert reader is not None
    before, *after = (
        scores_of(bench.generator, reader, one, batch_size=bench.at_once).probabilities for one in codes
    )
    own = [list(reader.names).index(name) for name in names]
    others = [k for k in range(len(reader.names)) if k not in own]
    return {
        "reader": "judge" if reader is bench.judge else "classifier",
        **{
            what: {
                "own": {name: round(float(seen[:, k].mean()), 4) for name, k in zip(names, own, strict=True)},
                "others": round(float((seen - before)[:, others].abs().mean()), 4) if others else 0.0,
            }
            for what, seen in zip(("slider", "refined"), after, strict=True)
        },
        "before": {name: round(float(before[:, k].mean()), 4) for name, k in zip(names, own, strict=True)},
    }


def _images(bench: Bench, latents: Latents, pause: Pause) -> Answer:
    side = min(SIDE, *bench.generator.signature.size)
    cells = [small(image, side) for _, images in made(bench, latents, pause) for image in images]
    return sheet_answer(cells, columns=COLUMNS)
