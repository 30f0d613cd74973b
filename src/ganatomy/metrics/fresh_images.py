"""Images that no method has learnt from: edited by every method, and read again after each edit."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Literal, NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ganatomy.arguments import instance, whole
from ganatomy.edits import move
from ganatomy.errors import SettingError
from ganatomy.generators.base import Generator
from ganatomy.generators.batches import batches, images_at_once
from ganatomy.generators.natural_codes import NaturalCodes, natural_codes
from ganatomy.latents import Direction, Directions, Latents, Space
from ganatomy.metrics.calibration import Trial, find_strengths
from ganatomy.perception.base import Scorer, position
from ganatomy.perception.judging import Judge
from ganatomy.progress import Advance
from ganatomy.workers.images import in_batches

Hold = Literal["none", "all"] | Mapping[str, Iterable[str]]


class Readings(NamedTuple):
    """What was read in n images, and the seconds that it took; readers that were not given have no columns."""

    logits: Float[Tensor, "n a"]
    judged: Float[Tensor, "n b"]
    factors: Float[Tensor, "n f"]
    identity: Float[Tensor, "n i"]
    appearance: Float[Tensor, "n p"]
    seconds: Float[Tensor, "n 1"]

    @property
    def num_images(self) -> int:
        return len(self.logits)

    @classmethod
    def cat(cls, parts: Iterable[Readings]) -> Readings:
        """Those of several batches as one."""
        return cls(*map(torch.cat, zip(*parts, strict=True)))

    @classmethod
    def stack(cls, parts: Iterable[Readings]) -> Readings:
        """Those of as many images each, along a new first axis."""
        return cls(*map(torch.stack, zip(*parts, strict=True)))

    def split(self, sizes: Sequence[int]) -> list[Readings]:
        """Those of the first so many images, of the next, and so on."""
        return [Readings(*columns) for columns in zip(*(column.split(sizes) for column in self), strict=True)]


@dataclass(frozen=True, kw_only=True, eq=False)
class Readers:
    """What reads the images before and after an edit.

    Args:
        scorer: attributes whose changes are measured.
        judge: a classifier that takes no part in finding or editing.
        factors: gives continuous factors, as logits.
        identity: from images to features whose direction an edit should keep.
        appearance: from images to features whose squared distance is perceptual.
        features: where these features are from.
    """

    scorer: Scorer
    judge: Judge | None = None
    factors: Scorer | None = None
    identity: Callable[[Tensor], Tensor] | None = None
    appearance: Callable[[Tensor], Tensor] | None = None
    features: str = ""

    def __post_init__(self) -> None:
        instance("scorer", self.scorer, Scorer, "ganatomy.scorer makes one of a name, a file or a function")
        if self.judge is not None:
            instance("judge", self.judge, Judge, "ganatomy.judge makes one of a name, a file or a function")
        for scorer in (self.scorer, self.judge, self.factors):
            if scorer is not None:
                scorer.require_images()

    @torch.no_grad()
    def read(self, generator: Generator, latents: Latents) -> Iterator[Readings]:
        """Everything that is read in the images of some codes, on the processor."""
        start, latents = time.perf_counter(), generator.place(latents)
        # Clipped, so that all readers are shown the same images and one network need not run twice.
        images = generator(latents).clamp(-1, 1)
        absent = images.new_zeros(len(images), 0)
        classified = (
            scorer.score(images, latents=latents).logits if scorer else absent
            for scorer in (self.scorer, self.judge, self.factors)
        )
        features = (embed(images) if embed else absent for embed in (self.identity, self.appearance))
        found = [column.float().cpu() for column in (*classified, *features)]
        seconds = torch.full((len(images), 1), (time.perf_counter() - start) / len(images))
        yield Readings(*found, seconds=seconds)


@dataclass(frozen=True, kw_only=True, eq=False)
class Edits:
    """The same n images edited for each of k attributes.

    Args:
        names: of the attributes.
        latents: the edited codes of each.
        strengths: the step, a distance along a direction, and +1 or -1 for edits that differ from image to image;
            below 0 where the attribute is taken away.
        seconds: that the edit of each took; None where it takes no longer than to generate and read its images.
        readings: of the first edited images of each, as many for all, where these have been read already.
    """

    names: tuple[str, ...]
    latents: tuple[Latents, ...]
    strengths: Float[Tensor, " k"]
    seconds: Float[Tensor, " k"] | None = None
    readings: tuple[Readings, ...] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class FreshImages:
    """Images of codes that no method has learnt from.

    Args:
        generator: makes the images.
        readers: read them.
        n: how many.
        seed: of their codes; another one than that of the survey that methods learn from.
        space: in which the unedited images are generated.
        truncation_psi: as the codes of the survey were drawn; codes in z have none.
        batch_size: images at a time; by default as many as suit their size and the device.
        model: directions of regression, which promise the effect of a step in their space along any direction, so that
            it is found in fewer trials; by default each direction promises by its own slope.

    Raises:
        SettingError: for numbers outside their range.
        ScoreError: for a reader that cannot score new images.
    """

    generator: Generator
    readers: Readers
    n: int
    seed: int
    space: Space
    truncation_psi: float = 1.0
    batch_size: int | None = None
    model: Directions | None = None
    _natural: dict[Space, NaturalCodes] = field(default_factory=dict, repr=False)
    _all: FreshImages | None = field(default=None, repr=False)
    """More images, of which these are the first."""

    def __post_init__(self) -> None:
        instance("generator", self.generator, Generator, "ganatomy.load opens one")
        for name in ("n", "seed"):
            whole(name, getattr(self, name))
        if self.n < 2:
            raise SettingError(f"cannot measure {self.n} images; give at least 2")
        images_at_once(self.generator, self.batch_size)

    def first(self, n: int) -> FreshImages:
        """The first of these images."""
        return replace(self, n=min(n, self.n), _all=self._all or self)

    @torch.no_grad()
    def codes(self, space: Space | None = None) -> Latents:
        """The codes of the images in a space, by default that of the unedited images."""
        space = self.space if space is None else space
        psi = 1.0 if space == Space.Z else self.truncation_psi
        return self.generator.sample(self.n, seed=self.seed, space=space, truncation_psi=psi)

    @cached_property
    def before(self) -> Readings:
        """What is read in the unedited images."""
        return (
            self.read([self.codes()])
            if self._all is None
            else self._all.before.split([self.n, self._all.n - self.n])[0]
        )

    def unusual(self, latents: Latents) -> Bool[Tensor, " n"]:
        """Whether codes lie beyond those that the generator draws; see `CodeLikelihood.unusual`."""
        if latents.space not in self._natural:
            self._natural[latents.space] = natural_codes(self.generator, latents.space)
        return self._natural[latents.space].likelihood(latents).unusual

    def read(self, parts: Iterable[Latents], *, advance: Advance | None = None) -> Readings:
        """Generate the images of these codes and read them.

        Args:
            parts: codes, joined in the result.
            advance: called with the images done and all of them.
        """
        work = partial(self.readers.read, self.generator)
        # Batches of equal size: the last one would else be small, and dear.
        most = images_at_once(self.generator, self.batch_size)
        sizes = ((part, math.ceil(len(part) / math.ceil(len(part) / most))) for part in parts)
        few = (few for part, size in sizes for few in batches(self.generator, part, size))
        rows = in_batches(work, few, progress=advance)
        return Readings.cat(rows)

    def read_on(
        self,
        parts: Iterable[Latents],
        seen: Iterable[Readings | None],
        *,
        advance: Advance | None = None,
    ) -> list[Readings]:
        """What is read in the images of each part, without making those again that were read before.

        Args:
            parts: codes.
            seen: what was read in the first images of each part.
            advance: called with the images done and all of them.
        """
        parts, seen = list(parts), list(seen)
        rest = [part[0 if own is None else own.num_images :] for part, own in zip(parts, seen, strict=True)]
        if not any(map(len, rest)):
            return [own for own in seen if own is not None]
        made = self.read([Latents.cat(rest)], advance=advance).split([len(part) for part in rest])
        return [own if new is None else Readings.cat([new, own]) for new, own in zip(seen, made, strict=True)]

    def along(
        self, directions: Directions, strengths: Float[Tensor, " k"], *, hold: Hold = "none"
    ) -> tuple[Latents, ...]:
        """The codes moved along each direction by its strength."""
        start, steps = unit_steps(self.codes(directions.space), directions, hold)
        return tuple(
            start.with_codes(start.codes + strength * step)
            for strength, step in zip(strengths.to(start.codes), steps, strict=True)
        )

    @torch.no_grad()
    def step(
        self, directions: Directions, change: float, *, hold: Hold = "none", advance: Advance | None = None
    ) -> Edits:
        """One step along each direction, which changes the mean probability of its attribute by `change`.

        Args:
            directions: each carries the name of the attribute that it is meant to change.
            change: of the mean probability, between 0 and 0.5.
            hold: what else each edit holds.
            advance: called with the trial images done and expected.

        Raises:
            UnknownNameError: for a direction whose name is no attribute of the scorer, or an unknown name to hold.
            SettingError: for no directions, another change, and directions that cannot move while others are held.
            SpaceError, FingerprintError: when directions and generator do not go together.
        """
        scorer = self.readers.scorer
        if not directions.items:
            raise SettingError("there are no directions to measure; find some first")
        if not 0 < change < 0.5:
            raise SettingError(
                f"target_change is {change:g}; a mean probability can always change by up to 0.5, no more"
            )
        columns = torch.tensor([position(name, scorer.names) for name in directions.names])
        start, steps = unit_steps(self.codes(directions.space), directions, hold)
        flat = start.codes.flatten(1)
        # Root mean square distance of codes from their mean: a step ends where codes end.
        radius = float((flat - flat.mean(0)).square().sum(1).mean().sqrt())
        seen: dict[tuple[int, float], Readings] = {}

        def attempt(trials: list[Trial]) -> list[Float[Tensor, " m"]]:
            moved = [start[:n].with_codes(start.codes[:n] + size * steps[k]) for k, size, n in trials]
            places = [(k, size) for k, size, _ in trials]
            seen.update(zip(places, self.read_on(moved, map(seen.get, places)), strict=True))
            if advance:
                done = sum(found.num_images for found in seen.values())
                advance(done, max(2 * self.n * len(directions), done + 1))
            return [seen[place].logits[:, columns[place[0]]] for place in places]

        strengths = find_strengths(
            attempt,
            self.before.logits[:, columns],
            slopes=self._promised(directions, steps),
            sigmas=torch.tensor([direction.sigma for direction in directions]),
            limits=radius / steps.flatten(1).norm(dim=1).cpu(),
            target_change=change,
        )
        if advance:
            advance(1, 1)
        return Edits(
            names=tuple(directions.names),
            latents=self.along(directions, torch.tensor(strengths), hold=hold),
            strengths=torch.tensor(strengths),
            readings=tuple(seen[place] for place in enumerate(strengths)),
        )

    def _promised(self, directions: Directions, steps: Float[Tensor, "k *shape"]) -> Float[Tensor, " k"]:
        """By how much each step should shift the logit of its attribute, by linear models of the logits."""
        models = {model.name: model for model in self.model or () if model.space == directions.space}
        promised = []
        for direction, step in zip(directions, steps.cpu(), strict=True):
            model = models.get(direction.name, direction)
            each = step.reshape(
                -1, *model.vector.shape
            )  # of every layer, where a hold has spread the step over them
            promised.append(model.slope * float((each.mean(0) * model.vector).sum()))
        return torch.tensor(promised)


def unit_steps(
    latents: Latents, directions: Directions, hold: Hold
) -> tuple[Latents, Float[Tensor, "k *shape"]]:
    """What strength 1 adds to a code, for each direction; and the codes, spread over layers where a direction needs it.

    Raises:
        UnknownNameError: for a direction to hold that does not exist.
        SettingError: for another word than "none" and "all", and for a direction that the held ones do not let move.
    """
    origin = latents[:1].with_codes(torch.zeros_like(latents.codes[:1]))
    moved = [
        move(origin, direction, 1.0, hold=_held(direction, directions, hold)) for direction in directions
    ]
    space = Space.W_PLUS if any(step.space == Space.W_PLUS for step in moved) else latents.space
    return latents.to(space), torch.cat([step.to(space).codes for step in moved])


def _held(direction: Direction, directions: Directions, hold: Hold) -> Sequence[Direction]:
    if hold == "none":
        return []
    if hold == "all":
        return [other for other in directions if other.name != direction.name]
    if isinstance(hold, str):
        raise SettingError(f"hold is {hold!r}; give 'none', 'all', or names to hold for each name")
    for name in hold:
        directions[name]
    return [directions[name] for name in hold.get(direction.name, ())]
