"""One model on its page: from scenes to recipes, codes, images and scores."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy import edits
from ganatomy.critics import Critic, Realness
from ganatomy.directions.few_labels import FewLabels, few_labels
from ganatomy.errors import SettingError, UnknownNameError
from ganatomy.experiments.base import Experiment
from ganatomy.experiments.explore.gallery import codes_of_seeds
from ganatomy.experiments.explore.panel import Panel
from ganatomy.generators.base import Generator
from ganatomy.generators.batches import batches, images_at_once
from ganatomy.generators.natural_codes import NaturalCodes, natural_codes
from ganatomy.guidance import common_gradients
from ganatomy.guidance.judged import scores_of
from ganatomy.inversion import Preparation, prepare_inversion
from ganatomy.latents import Direction, Latents, Space
from ganatomy.perception.base import Scorer
from ganatomy.perception.features import features_of
from ganatomy.perception.judging import Judge
from ganatomy.photographs import Detector, Layout, detector_at_hand, model_layout
from ganatomy.progress import Progress
from ganatomy.recipes import EditReadings, ModelReference, Move, Recipe, read_edit
from ganatomy.recipes.codes import Drawn
from ganatomy.studio.goals import Goals, Paused, goals_of, reach
from ganatomy.studio.page import starts
from ganatomy.studio.photographs import Photographs
from ganatomy.studio.preparing import shown_psi
from ganatomy.studio.scenes import Labels, Scene
from ganatomy.studio.turns import Pause

MOST_KEPT = 400
"""Directions in the cache, for a slider that moves needs the same one again."""

AT_ONCE = 8
"""Images between two pauses, at most: others wait no longer than these take."""

T = TypeVar("T")


def go_on() -> None:
    """A pause that gives no turn to others."""


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
    """One model of the studio with its classifier and its panel, used by any number of threads.

    Args:
        name: of the model on the page, which shows no folders.
        generator: makes the images.
        reference: the model's name in recipes.
        scorer: attribute classifier, if there is one.
        judge: takes no part, and says which directions move what they should.
        panel: None until the model has been measured.
        preparing: how far the measuring is.
        trust_folder: of a study of trust; by default one in the cache.
        detector: of faces in photographs; by default the one that was downloaded before, if any.
        critic: of the generator; where there is one, tracks end where images look less real to it than drawn ones.
    """

    name: str
    generator: Generator
    reference: ModelReference
    scorer: Scorer | None = None
    judge: Judge | None = None
    panel: Panel | None = None
    preparing: Preparing = field(default_factory=Preparing)
    trust_folder: Path | None = None
    detector: Detector | None = None
    critic: Critic | None = None

    def __post_init__(self) -> None:
        self.photographs = Photographs()
        self.closing = threading.Event()
        """Set when the studio ends: measuring stops."""
        self.realness: Realness | None = None
        """What the critic sees in drawn images, once it has seen them."""
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def space(self) -> Space:
        """The space that the page edits in."""
        return Experiment(self.generator).editing_space if self.panel is None else self.panel.space

    @property
    def truncation_psi(self) -> float:
        """The truncation that the page shows images with: the one that its panel was measured with."""
        return shown_psi(self.generator) if self.panel is None else self.panel.truncation_psi

    def data(self) -> dict[str, Any]:
        """What a page must know before anything is measured."""
        signature = self.generator.signature
        return {
            "name": self.name,
            "architecture": signature.architecture,
            "resolution": max(signature.size),
            "pixels": signature.pixels,
            "ratio": signature.width / signature.resolution,
            "channels": signature.channels,
            "spaces": [str(space) for space in signature.spaces],
            "space": str(self.space),
            "truncation_psi": self.truncation_psi,
            "num_layers": signature.num_layers,
            "num_classes": signature.num_classes,
            "has_critic": self.critic is not None,
            "start": None if self.panel is None else self.start_seed(self.panel),
            "class_names": list(signature.class_names),
            "label": self.generator.label,
            "ready": self.panel is not None,
            "preparing": None if self.panel is not None else self.preparing.data(),
        }

    def start_seed(self, panel: Panel) -> int:
        """The seed that the page opens with: of those that could be, the one in which a first step does most."""
        return self._keep(("start",), lambda: self._start_seed(panel))

    @property
    def at_once(self) -> int:
        """Images between two pauses."""
        return images_at_once(self.generator, most=AT_ONCE)

    @torch.no_grad()
    def _start_seed(self, panel: Panel) -> int:
        name, seeds = starts(panel)
        if not name or self.scorer is None:
            return seeds[0]
        before = self.of_seeds(seeds)
        after = edits.move(before, panel.move(name, panel.best_hold(name)), 1.0, units="step")
        was, now = (
            scores_of(self.generator, self.scorer, one, batch_size=self.at_once) for one in (before, after)
        )
        rise = now.select([name]).probabilities - was.select([name]).probabilities
        return seeds[int(rise[:, 0].argmax())]

    def recipe(self, scene: Scene, *, pause: Pause = go_on) -> Recipe:
        """The recipe of a scene, which the library and the command line draw too.

        Raises:
            UnknownNameError: for a direction or a hold that does not exist.
            SettingError: for a move that cannot be made.
        """
        return Recipe(model=self.reference, codes=scene.codes, edits=self.moves(scene, pause=pause))

    def moves(self, scene: Scene, *, pause: Pause = go_on) -> tuple[Move, ...]:
        """The moves that a scene makes from its code."""
        found = []
        for name, steps in scene.moves.items():
            if steps:
                direction = self.direction(name, scene, pause=pause)
                layers = self.layers_of(direction, scene)
                found.append(Move(direction=direction, strength=steps, units="step", layers=layers))
        return tuple(found)

    def layers_of(self, direction: Direction, scene: Scene) -> tuple[int, int] | None:
        """The layers that a scene moves along a direction; a guided edit, or one that names its own, has its own.

        Raises:
            SettingError: for layers of a model that has none.
        """
        if scene.layers is not None and self.generator.signature.num_layers is None:
            raise SettingError(f"{self.name} has no layers to choose from; leave out layers of the edit")
        return None if goals_of(direction) or direction.layers else scene.layers

    def direction(self, name: str, scene: Scene, *, pause: Pause = go_on) -> Direction:
        """The direction of one slider in a scene, with what the scene holds, and the length of one step.

        Raises:
            UnknownNameError: for a direction or a hold that does not exist.
            SettingError: for a move that cannot be made.
        """
        panel = self.panel
        hold = () if panel is None else self.held(scene, panel, name)
        if name in scene.own or name in scene.taught:
            if name in scene.own:
                free = scene.own[name]
            else:
                free = self.taught(name, scene.taught[name], pause=pause).direction
            if math.isfinite(free.step):  # it comes from a slider, and holds what it should
                return free
            if panel is None:
                return replace(free, step=free.sigma)
            return panel.move_along(free, hold, scene.firm)
        if panel is None:
            raise SettingError("the sliders of this model are still being measured; wait for them")
        if name not in panel.names:
            raise UnknownNameError("direction", name, [*panel.names, *scene.taught, *scene.own])
        return self._keep(("move", name, hold, scene.firm), lambda: panel.move(name, hold, scene.firm))

    def held(self, scene: Scene, panel: Panel, moved: str) -> tuple[str, ...]:
        """The attributes that a scene holds while one is moved, in the order of the panel."""
        if scene.hold == "all":
            hold = tuple(panel.names)
        else:
            hold = panel.best_hold(moved) if scene.hold == "best" else scene.hold
        hold = {*hold, *scene.firm}
        for name in hold.difference(panel.names):
            raise UnknownNameError("direction to hold", name, panel.names)
        return tuple(name for name in panel.names if name in hold)

    def taught(self, name: str, labels: Labels, *, num_next: int = 0, pause: Pause = go_on) -> FewLabels:
        """The direction learnt from labelled images, and how good it is; its rows are seeds.

        Raises:
            SettingError: for too few or too many labels, and for one image that is labelled twice.
        """
        return self._keep(
            ("taught", name, labels, num_next), lambda: self._teach(name, labels, num_next, pause=pause)
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
    def drawn_class(self, scene: Scene) -> int | None:
        """The class that the seed of a scene is drawn with; None for other codes, and models without classes."""
        if not (isinstance(scene.codes, Drawn) and self.generator.signature.num_classes):
            return None
        labels = replace(scene.codes, space=Space.Z, truncation_psi=1.0).draw(self.generator).labels
        return None if labels is None else int(labels[0].argmax())

    @torch.no_grad()
    def scores(self, images: Float[Tensor, "n c h w"], codes: Latents) -> dict[str, list[float]] | None:
        """The probability of every attribute in each image of these codes; None without a classifier."""
        if self.scorer is None:
            return None
        seen = self.scorer(images.to(self.generator.device), latents=codes).probabilities.cpu()
        return {
            name: [round(value, 4) for value in seen[:, column].tolist()]
            for column, name in enumerate(self.scorer.names)
        }

    def reading(self, scene: Scene, *, pause: Pause = go_on) -> EditReadings:
        """What the scorer and the judge read in the image of a scene, and how usual its code is."""
        edited = self.codes([scene], pause=pause)
        natural = self.natural(edited.space)
        pause()
        moved = [name for name, steps in scene.moves.items() if steps]
        goals = {a: to for name in moved if name in scene.own for a, to in goals_of(scene.own[name]).items()}
        return read_edit(
            self.generator,
            scene.codes.draw(self.generator),
            edited,
            [*dict.fromkeys((*moved, *goals))],
            goals={name: torch.tensor([to]) for name, to in goals.items()},
            scorer=self.scorer,
            judge=self.judge,
            natural=natural,
        )

    def reach(
        self,
        origin: Latents,
        to: Mapping[str, float],
        scene: Scene,
        *,
        begin: Latents | None = None,
        pause: Pause = go_on,
        watch: Callable[[int, int, Latents], None] = lambda *_: None,
    ) -> list[Direction | None]:
        """Guided edits of codes as directions; see `goals.reach`.

        Args:
            origin: codes.
            to: attribute to probability.
            scene: its padlocks are held; "best" holds all.
            begin: codes where the search begins.
            pause: called between images.
            watch: called after each round of the search.

        Raises:
            SettingError: for a model without a classifier, and as `goals.reach` says.
        """
        scorer = self.scorer
        if scorer is None:
            raise SettingError("no classifier scores the images of this model, so there is no goal to reach")

        def scored(names: Sequence[str]) -> tuple[str, ...]:
            return tuple(name for name in dict.fromkeys(names) if name in scorer.names)

        firm = scored(scene.firm)
        held = "all" if isinstance(scene.hold, str) else scored((*scene.hold, *firm))
        rows = [self.common(name, origin.space, pause=pause) for name in scorer.select(to).names]
        goals = Goals(to=to, hold=held, firm=firm, common=torch.cat(rows), begin=begin)
        return reach(self.generator, scorer, origin, goals, pause=pause, watch=watch)

    def common(self, name: str, space: Space, *, pause: Pause = go_on) -> Float[Tensor, "1 r"]:
        """The mean gradient of one attribute over other images, which every guided edit to it follows."""
        scorer = self.scorer
        assert scorer is not None
        return self._keep(
            ("common", name, space),
            lambda: common_gradients(self.generator, Paused(scorer.target(), pause), [name], space),
        )

    def natural(self, space: Space) -> NaturalCodes:
        """The codes with which those of scenes are compared."""
        return self._keep(("natural", space), lambda: natural_codes(self.generator, space))

    def find_detector(self) -> Detector | None:
        """The face detector; None where there is none on this machine, for the studio fetches nothing."""
        return self.detector or detector_at_hand()

    def layout(self, *, pause: Pause = go_on) -> Layout | None:
        """How faces lie in the images of this model; None where these show no faces, or there is no detector."""
        detector = self.find_detector()
        if detector is None:
            return None
        return self._keep(
            ("layout",), lambda: model_layout(self.generator, detector, progress=lambda *_: pause())
        )

    def preparation(self, progress: Progress) -> Preparation:
        """What makes inversions quick; learnt when it is first needed, which is a minute of work for a new model."""
        return self._keep(("preparation",), lambda: prepare_inversion(self.generator, progress=progress))

    @cached_property
    def candidates(self) -> Latents:
        """The codes of the gallery, whose images the page offers for labelling; rows are seeds."""
        assert self.panel is not None
        return self.of_seeds(range(len(self.panel.gallery)))

    def of_seeds(self, seeds: Iterable[int]) -> Latents:
        """The codes of these seeds, as the page shows them."""
        return codes_of_seeds(self.generator, seeds, space=self.space, truncation_psi=self.truncation_psi)

    def _teach(self, name: str, labels: Labels, num_next: int, *, pause: Pause) -> FewLabels:
        if self.panel is None:
            raise SettingError("this model is still being measured, which teaching needs; wait for it")
        codes, features = self.candidates, self.panel.gallery.features
        extra = [seed for seed in dict.fromkeys((*labels.yes, *labels.no)) if seed >= len(codes)]
        row = {seed: len(codes) + place for place, seed in enumerate(extra)}
        if extra:
            more = self.of_seeds(extra)
            codes = Latents.cat([codes, more])
            for few in batches(self.generator, more, self.at_once):
                if features is not None and self.scorer is not None:
                    see = features_of("scorer", self.scorer)
                    features = torch.cat([features, see(self.draw(few).to(self.generator.device)).cpu()])
                pause()
        yes, no = ([row.get(seed, seed) for seed in seeds] for seeds in (labels.yes, labels.no))
        return few_labels(codes, yes, no, features=features, name=name, num_next=num_next)

    def _keep(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of this key, made if it is not in the cache; the least recently used one is dropped."""
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
