"""How far sliders go: to where codes stop being likely, or images look unreal to a critic, from the code at hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import torch

from ganatomy.critics import Realness
from ganatomy.errors import GanatomyError
from ganatomy.generators.natural_codes import UNUSUAL
from ganatomy.latents import Latents
from ganatomy.recipes import Move
from ganatomy.studio.bench import Bench
from ganatomy.studio.queries import Answer, Emit, Query, made
from ganatomy.studio.scenes import Scene
from ganatomy.studio.tracks import GRID, RARE, last_within, track
from ganatomy.studio.turns import Pause

LOOKED_AT = 0.5
"""Steps between the images of a track that a critic sees."""


@dataclass(frozen=True, kw_only=True)
class RangesQuery(Query):
    """The ends of each slider: [first, rare from, rare from, last] in steps, by name.

    They come at once, from codes; where there is a critic they come again, from images.
    """

    scene: Annotated[Scene, Scene.read]

    def answer(self, bench: Bench, emit: Emit, pause: Pause) -> None:
        names = [*(bench.panel.names if bench.panel else ()), *self.scene.own, *self.scene.taught]
        found, now = {}, bench.codes([self.scene], pause=pause)
        for name in names:
            try:
                base = None if self.scene.moves.get(name) else now
                found[name] = ends_of(bench, self.scene, name, pause=pause, base=base)
            except GanatomyError:
                continue  # a slider that cannot be moved says so when it is
            pause()
        emit(Answer(facts={"kind": "ranges", "ranges": found}))
        if bench.realness is not None:
            for name, ends in found.items():
                found[name] = real_ends(bench, self.scene, name, ends, bench.realness, pause=pause)
            emit(Answer(facts={"kind": "ranges", "ranges": found}))


@torch.no_grad()
def ends_of(
    bench: Bench, scene: Scene, name: str, *, pause: Pause, base: Latents | None = None
) -> list[float]:
    """The track of a slider in a scene, as `tracks.track` finds it from codes.

    Args:
        bench: the model.
        scene: all other sliders stay where they are in it.
        name: of a slider.
        pause: called between pieces of work.
        base: the code without the moves of this slider, where it is known.
    """
    if base is None:
        others = {other: steps for other, steps in scene.moves.items() if other != name}
        base = bench.codes([replace(scene, moves=others)], pause=pause)
    direction = bench.direction(name, scene, pause=pause)
    move = Move(direction=direction, strength=1.0, units="step", layers=bench.layers_of(direction, scene))
    moved = move.apply(base, bench.generator)
    natural = bench.natural(moved.space)
    start, after = (natural.distribution.coordinates(one)[0] for one in (base.to(moved.space), moved))
    return list(track(natural, start, after - start))


def real_ends(
    bench: Bench, scene: Scene, name: str, ends: Sequence[float], realness: Realness, *, pause: Pause
) -> list[float]:
    """The ends of a track, or where its images look less real before them, to the same percentiles.

    Args:
        bench: the model.
        scene: all other sliders stay where they are in it.
        name: of a slider.
        ends: as `ends_of` gives them.
        realness: of the model's critic.
        pause: called between images.
    """
    first, rare_low, rare_high, last = ends
    found = []
    for side, rare, unusual in ((-1, -rare_low, -first), (1, rare_high, last)):
        steps = torch.cat([torch.arange(0, unusual - GRID / 2, LOOKED_AT), torch.tensor([unusual])])
        scenes = [replace(scene, moves={**scene.moves, name: side * step}) for step in steps.tolist()]
        images = made(bench, bench.codes(scenes, pause=pause), pause)
        seen = torch.cat([realness.percentiles(some) for _, some in images])
        found.append(
            [min(end, last_within(steps, seen, bound)) for end, bound in ((rare, RARE), (unusual, UNUSUAL))]
        )
    (rare_low, first), (rare_high, last) = found
    return [round(end, 3) for end in (-first, -rare_low, rare_high, last)]
