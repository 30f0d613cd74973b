"""Walks through nine random points: how evenly images change, where they jump, and whether they are copies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.datasets.references import Reference
from ganatomy.edits import path
from ganatomy.generators.base import Generator
from ganatomy.latents import Latents, Space
from ganatomy.metrics.base import read_images
from ganatomy.metrics.memorisation import Memorisation, nearest_training
from ganatomy.metrics.walks import WalkProfile, walk_profile
from ganatomy.perception.features import Features
from ganatomy.perception.perceptual import PerceptualDistance
from ganatomy.statistics.intervals import Estimate, mean_of, share_of

NUM_POINTS = 9
"""Random points of one walk, as in DCGAN's figure."""
FRAMES = 16
"""Frames from one point to the next."""
MOST_REAL = 10_000
"""Training images that copies are looked for among."""


@dataclass(frozen=True, kw_only=True)
class Walks:
    """Several walks through nine random points each.

    Args:
        frames: of all walks, one after the other. profiles: one for each walk.
        method: how points are joined, as in `edits.path`.
        unevenness: the largest speed over the mean speed, on average over walks.
        jumps: share of the ways from one point to the next that have a sharp transition.
        largest_step: of the largest step between two frames, its share of the distance of two random images, on
            average over walks.
        apart: the distance of two random images, in perceptual units.
    """

    frames: Latents
    profiles: tuple[WalkProfile, ...]
    method: str
    frames_between: int
    unevenness: Estimate
    jumps: Estimate
    largest_step: Estimate
    apart: float

    @property
    def num_frames(self) -> int:
        """Of one walk."""
        return len(self.frames) // len(self.profiles)

    def walk(self, row: int) -> Latents:
        """The frames of one walk."""
        return self.frames[row * self.num_frames : (row + 1) * self.num_frames]

    def points(self, row: int, *, between: int = 0) -> Latents:
        """The nine points of one walk, and evenly so many more on the way from each to the next."""
        step = self.frames_between // (between + 1)
        return self.walk(row)[torch.arange(0, self.num_frames, step)]

    @property
    def jumpiest(self) -> int:
        """The walk with the highest peak of speed."""
        return int(np.argmax([profile.unevenness for profile in self.profiles]))


def walk_between_points(
    generator: Generator,
    distance: PerceptualDistance,
    *,
    num: int = 8,
    frames: int = FRAMES,
    space: str = "z",
    seed: int = 0,
    truncation_psi: float = 1.0,
    batch_size: int = 32,
    progress: Callable[[int, int], None] | None = None,
) -> Walks:
    """Walk through nine random points, so many times, and measure the speed of the images.

    Args:
        frames: from one point to the next, an even number.
    """
    keys = generator.sample(num * NUM_POINTS, seed=seed, space=space, truncation_psi=truncation_psi)
    on_sphere = keys.space == Space.Z and generator.signature.prior == "normal"
    method = "slerp" if on_sphere else "lerp"
    num_ways = NUM_POINTS - 1
    per_walk = frames * num_ways + 1
    ways, profiles = [], []
    for row in range(num):
        way = path(keys[row * NUM_POINTS : (row + 1) * NUM_POINTS], per_walk, method=method)
        done = row * per_walk
        advance = None if progress is None else _from(progress, done, num * per_walk)
        profiles.append(walk_profile(generator, way, distance, batch_size=batch_size, progress=advance))
        ways.append(way)
    embedded = read_images(generator, keys, distance.embed, batch_size=min(batch_size, 8)).double()
    apart = float((embedded - embedded.roll(1, 0)).norm(dim=1).mean())
    largest = torch.tensor([float(p.speed.max()) / len(p.speed) / apart for p in profiles])
    return Walks(
        frames=Latents.cat(ways),
        profiles=tuple(profiles),
        method=method,
        frames_between=frames,
        unevenness=mean_of(torch.tensor([p.unevenness for p in profiles]), seed=seed),
        jumps=share_of(
            sum(len({step // frames for step in p.transitions}) for p in profiles), num * num_ways
        ),
        largest_step=mean_of(largest, seed=seed),
        apart=apart,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Copies:
    """Whether images of the walks are copies of real ones.

    Args:
        found: the nearest real image of each of these codes. real: the nearest ones, in the same order.
        data: what the real images are. learnt: whether the model was trained on these, None where nobody knows.
    """

    codes: Latents
    found: Memorisation
    real: Float[Tensor, "n c h w"]
    data: str
    learnt: bool | None


def look_for_copies(
    generator: Generator,
    walks: Walks,
    data: Reference,
    features: Features,
    *,
    learnt: bool | None = None,
    batch_size: int = 32,
    seed: int = 0,
) -> Copies:
    """The nearest real image of every point of the walks and of the middle between two.

    Frames that follow each other are nearly the same, so more of them would count the same image again.
    """
    codes = Latents.cat([walks.points(row, between=1) for row in range(len(walks.profiles))])
    num = min(len(data), MOST_REAL)
    some = replace(data, names=data.names[:num])
    found = nearest_training(generator, codes, some, features, batch_size=batch_size, seed=seed)
    return Copies(
        codes=codes,
        found=found,
        real=torch.cat([data.read(rows) for rows in found.nearest.split(batch_size)]),
        data=data.description if num == len(data) else f"{num:,} of {data.description}",
        learnt=learnt,
    )


def _from(progress: Callable[[int, int], None], start: int, total: int) -> Callable[[int, int], None]:
    return lambda done, _: progress(start + done, total)
