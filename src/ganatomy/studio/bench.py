"""One model on its page: from scenes to recipes, codes, images and scores."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.directions.few_labels import FewLabels, few_labels
from ganatomy.errors import SettingError, UnknownNameError
from ganatomy.generators.base import Generator, batches
from ganatomy.latents import Direction, Latents
from ganatomy.perception.base import Scorer
from ganatomy.recipes import ModelReference, Move, Recipe
from ganatomy.studio.panel import Panel
from ganatomy.studio.preparing import NUM_CANDIDATES, codes_of_seeds, looks_of, page_space, shown_psi
from ganatomy.studio.scenes import Marks, Scene
from ganatomy.studio.turns import Pause

MOST_KEPT = 100
"""Directions that are kept because they will be asked for again while a slider moves."""

AT_ONCE = 8
"""Images between two pauses: others wait no longer than these take."""

T = TypeVar("T")


def go_on() -> None:
    """The pause of work that nobody waits behind."""


@dataclass(frozen=True, kw_only=True)
class Preparing:
    """How far the panel is."""

    stage: str = "starting"
    done: int = 0
    total: int = 1
    failed: str = ""

    def data(self) -> dict[str, Any]:
        return {"stage": self.stage, "done": self.done, "total": self.total, "failed": self.failed or None}


@dataclass(eq=False)
class Bench:
    """A generator with what is known of it. It answers any number of threads; its panel comes when it is ready.

    Args:
        name: of the model on the page, where others must not learn of folders. reference: what recipes call the model.
    """

    name: str
    generator: Generator
    reference: ModelReference
    scorer: Scorer | None = None
    panel: Panel | None = None
    preparing: Preparing = field(default_factory=Preparing)

    def __post_init__(self) -> None:
        self.closing = threading.Event()
        """Set when the studio ends: long work that nobody waits for stops."""
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    def data(self) -> dict[str, Any]:
        """What a page must know before anything is measured."""
        signature = self.generator.signature
        return {
            "name": self.name,
            "architecture": signature.architecture,
            "resolution": signature.resolution,
            "channels": signature.channels,
            "spaces": [str(space) for space in signature.spaces],
            "space": str(page_space(self.generator)),
            "truncation_psi": shown_psi(self.generator),
            "num_layers": signature.num_layers,
            "num_classes": signature.num_classes,
            "usual": None if self.panel is None else self.panel.usual_way,
            "ready": self.panel is not None,
            "preparing": None if self.panel is not None else self.preparing.data(),
        }

    def recipe(self, scene: Scene, *, pause: Pause = go_on) -> Recipe:
        """The recipe of a scene, which the library and the command line draw too.

        Raises:
            UnknownNameError: for a direction or a hold that does not exist.
            SettingError: for a move that cannot be made.
        """
        return Recipe(model=self.reference, codes=scene.codes, edits=self.moves(scene, pause=pause))

    def moves(self, scene: Scene, *, pause: Pause = go_on) -> tuple[Move, ...]:
        """What is done to the code of a scene."""
        found = []
        for name, steps in scene.moves.items():
            if steps:
                direction, step = self.direction(name, scene, pause=pause)
                found.append(Move(direction=direction, strength=steps * step, layers=scene.layers))
        return tuple(found)

    def direction(self, name: str, scene: Scene, *, pause: Pause = go_on) -> tuple[Direction, float]:
        """What moves an attribute in a scene while others are held, and how far one step goes.

        Raises:
            UnknownNameError: for a direction or a hold that does not exist.
            SettingError: for a move that cannot be made.
        """
        panel = self.panel
        hold = () if panel is None else self.held(scene, panel)
        if name in scene.own or name in scene.taught:
            if name in scene.own:
                free = scene.own[name]
            else:
                free = self.taught(name, scene.taught[name], pause=pause).direction
            return (free, free.sigma) if panel is None else panel.move_along(free, hold)
        if panel is None:
            raise SettingError("the sliders of this model are still being measured; wait for them")
        if name not in panel.names:
            raise UnknownNameError("direction", name, [*panel.names, *scene.taught, *scene.own])
        return self._keep(("move", name, hold), lambda: panel.move(name, hold))

    def held(self, scene: Scene, panel: Panel) -> tuple[str, ...]:
        """The attributes that a scene holds, in the order of the panel."""
        if scene.hold == "all":
            return tuple(panel.names)
        for name in scene.hold:
            if name not in panel.names:
                raise UnknownNameError("direction to hold", name, panel.names)
        return tuple(name for name in panel.names if name in scene.hold)

    def taught(self, name: str, marks: Marks, *, num_next: int = 0, pause: Pause = go_on) -> FewLabels:
        """The direction that marked images say, with what is to be expected of it; its rows are seeds.

        Raises:
            SettingError: for too few or too many marks, and for one image that is marked twice.
        """
        return self._keep(
            ("taught", name, marks, num_next), lambda: self._teach(name, marks, num_next, pause=pause)
        )

    @torch.no_grad()
    def codes(self, scenes: Sequence[Scene], *, pause: Pause = go_on) -> Latents:
        """The moved codes of scenes, one row each."""
        rows = []
        for scene in scenes:
            latents = scene.codes.draw(self.generator)
            for move in self.moves(scene, pause=pause):
                latents = move.apply(latents, self.generator)
            rows.append(latents)
        return joined(rows)

    @torch.no_grad()
    def draw(self, latents: Latents) -> Float[Tensor, "n c h w"]:
        return self.generator(latents).float().cpu()

    @torch.no_grad()
    def scores(self, images: Float[Tensor, "n c h w"]) -> dict[str, list[float]] | None:
        """The probability of every attribute in each image; None where nobody looks."""
        if self.scorer is None:
            return None
        seen = self.scorer(images.to(self.generator.device)).probabilities.cpu()
        return {
            name: [round(value, 4) for value in seen[:, column].tolist()]
            for column, name in enumerate(self.scorer.names)
        }

    @cached_property
    def candidates(self) -> Latents:
        """The codes of the images that can be asked about, in the order of their seeds."""
        looks = None if self.panel is None else self.panel.looks
        return self.of_seeds(list(range(NUM_CANDIDATES if looks is None else len(looks))))

    def of_seeds(self, seeds: list[int]) -> Latents:
        """The codes that these seeds draw, not truncated."""
        return codes_of_seeds(self.generator, seeds, space=page_space(self.generator), truncation_psi=1.0)

    def _teach(self, name: str, marks: Marks, num_next: int, *, pause: Pause) -> FewLabels:
        if self.panel is None:
            raise SettingError("what tells marked images apart is still being measured; wait for it")
        codes, looks = self.candidates, self.panel.looks
        extra = [seed for seed in dict.fromkeys((*marks.yes, *marks.no)) if seed >= len(codes)]
        row = {seed: len(codes) + place for place, seed in enumerate(extra)}
        if extra:
            more = self.of_seeds(extra)
            codes = Latents.cat([codes, more])
            for few in batches(more, AT_ONCE):
                if looks is not None and self.scorer is not None:
                    looks = torch.cat([looks, looks_of(self.generator, self.scorer, few)])
                pause()
        yes, no = ([row.get(seed, seed) for seed in seeds] for seeds in (marks.yes, marks.no))
        return few_labels(codes, yes, no, features=looks, name=name, num_next=num_next)

    def _keep(self, key: Hashable, make: Callable[[], T]) -> T:
        """What was made for this key, or is made now; the least recently used goes."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return made


def joined(rows: Sequence[Latents]) -> Latents:
    """Rows as one batch; where some are in w+, those in w are spread over all layers."""
    spaces = {row.space for row in rows}
    if len(spaces) > 1:
        rows = [row.to("w+") for row in rows]
    return Latents.cat(rows)
