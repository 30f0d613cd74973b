"""The profile of a walk: how fast its images change, and where they jump.

Radford et al. 2016 walk between random codes: sharp transitions suggest that images are memorised.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.edits import path
from ganatomy.errors import SettingError
from ganatomy.generators.base import Generator
from ganatomy.generators.batches import images_at_once
from ganatomy.latents import Latents
from ganatomy.metrics.base import MeasuredValue, Result, certain
from ganatomy.metrics.inputs import Measure, SharedInputs
from ganatomy.perception.perceptual import AT_ONCE, PerceptualDistance
from ganatomy.progress import Advance, watched
from ganatomy.statistics.intervals import Estimate, mean_of
from ganatomy.workers.images import in_batches

SHARP = 3.0
"""A transition is sharp where the speed peaks above so many times the median speed of the walk."""
PART = 1 / 8
"""Length of the flattest and the steepest part, as a share of the walk."""
FRAMES = 48
"""Of one walk that `measure` takes."""
MOST_WALKS = 12


@dataclass(frozen=True, kw_only=True)
class WalkProfile(Result, unit="times the mean speed", higher_is_better=False):
    """Perceptual speed along one walk of f frames.

    Args:
        speed: between frame i and frame i + 1, in perceptual units per walk, whatever the number of frames.
        length: of the whole walk, in the same units.
        transitions: steps at which the speed peaks sharply; step i leads from frame i to frame i + 1.
        flattest: first and last frame of the part of the walk where images change least.
        steepest: first and last frame of the part where they change most.
    """

    speed: Float[Tensor, " steps"]
    length: float
    transitions: tuple[int, ...]
    flattest: tuple[int, int]
    steepest: tuple[int, int]
    distance: str

    @property
    def unevenness(self) -> float:
        """The largest speed over the mean speed; 1 for a walk of constant speed, nan where nothing changes."""
        return float(self.speed.max()) / self.length if self.length else math.nan

    @property
    def figures(self) -> dict[str, MeasuredValue]:
        return _figures(*map(certain, (self.unevenness, len(self.transitions), self.length)))

    @property
    def notes(self) -> tuple[str, ...]:
        return (f"speeds are of {self.distance}",)

    def __str__(self) -> str:
        where = ", ".join(f"{step}-{step + 1}" for step in self.transitions)
        sharp = f"sharp transitions between frames {where}" if where else "no sharp transition"
        return (
            f"walk of {len(self.speed) + 1} frames: up to {self.unevenness:.2f} {self.unit}, {sharp}; flattest in "
            f"frames {self.flattest[0]}-{self.flattest[1]}, steepest in {self.steepest[0]}-{self.steepest[1]} "
            f"({self.distance})"
        )


@dataclass(frozen=True, kw_only=True)
class WalkProfiles(Result, unit=WalkProfile.unit, higher_is_better=WalkProfile.higher_is_better):
    """Several walks and their means."""

    walks: tuple[WalkProfile, ...]
    unevenness: Estimate
    transitions: Estimate
    length: Estimate

    @property
    def figures(self) -> dict[str, MeasuredValue]:
        return _figures(self.unevenness, self.transitions, self.length)

    @property
    def notes(self) -> tuple[str, ...]:
        return self.walks[0].notes

    def __str__(self) -> str:
        return (
            f"{len(self.walks)} walks of {len(self.walks[0].speed) + 1} frames: up to {self.unevenness} {self.unit}, "
            f"{self.transitions} sharp transitions a walk ({self.walks[0].distance}); {self.verdict}"
        )


@watched("walking")
def walk_profile(
    generator: Generator,
    frames: Latents,
    distance: PerceptualDistance,
    *,
    sharp: float = SHARP,
    part: float = PART,
    batch_size: int | None = None,
    progress: Advance | None = None,
) -> WalkProfile:
    """Generate the frames of a walk and measure `√d(frame, next frame)`, divided by the share of the walk between them.

    Args:
        frames: codes in their order, evenly spaced, such as `edits.path` or `edits.walk` give.
        sharp: how many times the median speed a peak must reach to count as a transition.
        part: length of the flattest and the steepest part, as a share of the walk.

    Returns:
        The speed, its peaks, and the flattest and steepest part.

    Raises:
        SettingError: for fewer than five frames, and for numbers outside their range.

    Example:
        >>> import ganatomy as ga
        >>> toy = ga.ToyGenerator(seed=0)
        >>> frames = ga.path(toy.sample(2, seed=7), 9)
        >>> ga.walk_profile(toy, frames, ga.perceptual_distance("pixels")).transitions
        ()
    """
    if len(frames) < 5 or sharp <= 1 or not 0 < part < 1:
        raise SettingError(
            f"a walk of {len(frames)} frames has no profile with sharp={sharp:g} and part={part:g}; "
            "give 5 frames or more, sharp above 1 and part in (0, 1)"
        )
    size = images_at_once(generator, batch_size)
    # Each batch begins with the last frame of the one before, so that workers need not know of each other.
    parts = (frames[first : first + size + 1] for first in range(0, len(frames) - 1, size))
    steps = in_batches(partial(_steps, generator, distance), parts, progress=progress)
    return profile(torch.cat(steps), distance.description, sharp=sharp, part=part)


@torch.no_grad()
def _steps(
    generator: Generator, distance: PerceptualDistance, frames: Latents
) -> list[Float[Tensor, " steps"]]:
    """The distances of consecutive frames."""
    steps, last = [], None
    for images in generator(frames).clamp(-1, 1).split(AT_ONCE):
        embedded = distance.embed(images)
        every = embedded if last is None else torch.cat([last, embedded])
        steps.append(every.diff(dim=0).norm(dim=1).double().cpu())
        last = embedded[-1:]
    return [torch.cat(steps)]


def profile(
    steps: Float[Tensor, " steps"], description: str, *, sharp: float = SHARP, part: float = PART
) -> WalkProfile:
    """The profile of a walk with steps of these lengths."""
    speed = steps.double() * len(steps)
    window = max(1, round(part * len(steps)))
    parts = speed.unfold(0, window, 1).mean(1)
    flattest, steepest = int(parts.argmin()), int(parts.argmax())
    return WalkProfile(
        speed=speed.float(),
        length=float(steps.sum()),
        transitions=_peaks(speed.numpy(), sharp),
        flattest=(flattest, flattest + window),
        steepest=(steepest, steepest + window),
        distance=description,
    )


def _figures(unevenness: Estimate, transitions: Estimate, length: Estimate) -> dict[str, MeasuredValue]:
    return {
        "unevenness": MeasuredValue(unevenness, WalkProfile.unit, WalkProfile.higher_is_better),
        "sharp transitions": MeasuredValue(transitions, "a walk", False),
        "length": MeasuredValue(length, "perceptual units", None),
    }


def _peaks(speed: np.ndarray, sharp: float) -> tuple[int, ...]:
    """Where the speed is highest within each stretch that lies above the threshold."""
    above = speed > sharp * max(float(np.median(speed)), 1e-3 * float(speed.mean()))
    edges = np.flatnonzero(np.diff(np.concatenate([[False], above, [False]]).astype(int)))
    return tuple(int(first + speed[first:end].argmax()) for first, end in edges.reshape(-1, 2))


def measure(inputs: SharedInputs) -> dict[str, WalkProfiles]:
    """Of walks between random codes: straight in w and in a uniform z, on the sphere in a normal z."""
    experiment, found = inputs.experiment, {}
    for space in inputs.spaces:
        num = max(2, min(MOST_WALKS, inputs.n // (FRAMES * len(inputs.spaces))))
        keys = experiment.sample(num + 1, space=space, offset=4)
        on_sphere = space == "z" and experiment.generator.signature.prior == "normal"
        walks = []
        for k in range(num):
            frames = path(keys[[k, k + 1]], FRAMES, method="slerp" if on_sphere else "lerp")
            with experiment.stage(f"walk {k + 1} of {num} in {space}") as advance:
                walks.append(
                    walk_profile(
                        experiment.generator,
                        frames,
                        inputs.perceptual,
                        batch_size=experiment.batch_size,
                        progress=advance,
                    )
                )
        figures = torch.tensor([[w.unevenness, len(w.transitions), w.length] for w in walks]).double()
        unevenness, transitions, length = (mean_of(column, seed=experiment.seed) for column in figures.T)
        found[space] = WalkProfiles(
            walks=tuple(walks), unevenness=unevenness, transitions=transitions, length=length
        )
    return found


WALKS = Measure("how evenly images change on a walk, and where they jump", WalkProfiles, measure)
