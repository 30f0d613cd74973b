"""Walks through nine random points: how evenly images change, where they jump, and whether they are copies."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.datasets.references import Reference
from ganatomy.edits import path
from ganatomy.experiments.base import Experiment
from ganatomy.generators.batches import images_at_once
from ganatomy.latents import Latents, Space
from ganatomy.metrics.memorisation import Memorisation, nearest_training
from ganatomy.metrics.walks import WalkProfile, walk_profile
from ganatomy.perception.features import Features
from ganatomy.perception.perceptual import AT_ONCE, PerceptualDistance
from ganatomy.progress import Advance, part_of
from ganatomy.statistics.intervals import Estimate, mean_of, share_of
from ganatomy.workers import read_images

NUM_POINTS = 9
"""Random points of one walk, as in DCGAN's figure."""
FRAMES = 16
"""Frames from one point to the next."""
MOST_REAL = 10_000
"""Real images that are searched for copies."""


@dataclass(frozen=True, kw_only=True)
class Walks:
    """Several walks through nine random points each.

    Args:
        frames: of all walks, one after the other.
        profiles: one for each walk.
        method: how points are joined, as in `edits.path`.
        frames_between: from one point to the next.
        unevenness: the largest speed over the mean speed, on average over walks.
        jumps: share of the segments between two points that have a sharp transition.
        largest_step: the largest step between two frames, as a share of the distance of two random images, on average
            over walks.
    """

    frames: Latents
    profiles: tuple[WalkProfile, ...]
    method: str
    frames_between: int
    unevenness: Estimate
    jumps: Estimate
    largest_step: Estimate

    @property
    def num_frames(self) -> int:
        """Of one walk."""
        return len(self.frames) // len(self.profiles)

    def walk(self, row: int) -> Latents:
        """The frames of one walk."""
        return self.frames[row * self.num_frames : (row + 1) * self.num_frames]

    def points(self, *, between: int = 0) -> Latents:
        """The nine points of every walk, and evenly so many more between two of them."""
        places = torch.arange(0, self.num_frames, self.frames_between // (between + 1))
        return Latents.cat(self.walk(row)[places] for row in range(len(self.profiles)))


def walk_between_points(
    experiment: Experiment,
    distance: PerceptualDistance,
    *,
    num: int = 8,
    frames: int = FRAMES,
    advance: Advance | None = None,
) -> Walks:
    """Walk through nine random points, so many times, and measure the speed of the images.

    Args:
        frames: from one point to the next, an even number.
    """
    generator, batch_size = experiment.generator, experiment.batch_size
    keys = generator.sample(
        num * NUM_POINTS,
        seed=experiment.seed,
        space=experiment.editing_space,
        truncation_psi=experiment.truncation_psi,
    )
    on_sphere = keys.space == Space.Z and generator.signature.prior == "normal"
    method = "slerp" if on_sphere else "lerp"
    segments = NUM_POINTS - 1
    walks = [
        path(keys[row * NUM_POINTS : (row + 1) * NUM_POINTS], frames * segments + 1, method=method)
        for row in range(num)
    ]
    profiles = [
        walk_profile(generator, walk, distance, batch_size=batch_size, progress=part_of(advance, row, num))
        for row, walk in enumerate(walks)
    ]
    [embedded] = read_images(
        generator, keys, distance.embed, batch_size=images_at_once(generator, most=AT_ONCE)
    )
    embedded = embedded.double()
    apart = float((embedded - embedded.roll(1, 0)).norm(dim=1).mean())
    largest = torch.tensor([float(it.speed.max()) / len(it.speed) / apart for it in profiles])
    jumps = sum(len({step // frames for step in it.transitions}) for it in profiles)
    return Walks(
        frames=Latents.cat(walks),
        profiles=tuple(profiles),
        method=method,
        frames_between=frames,
        unevenness=mean_of(torch.tensor([it.unevenness for it in profiles]), seed=experiment.seed),
        jumps=share_of(jumps, num * segments),
        largest_step=mean_of(largest, seed=experiment.seed),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Copies:
    """Whether images of the walks are copies of real ones.

    Args:
        codes: of these images.
        found: the nearest real image of each.
        real: the nearest real images, in the same order.
        data: what the real images are.
        learnt: whether the model was trained on these; None where it is unknown.
    """

    codes: Latents
    found: Memorisation
    real: Float[Tensor, "n c h w"]
    data: str
    learnt: bool | None

    @property
    def share(self) -> Estimate:
        """Share of the images that are as near to a real one as copies are."""
        n = len(self.found.nearest)
        return share_of(round(self.found.copies.value * n), n)


def find_copies(
    experiment: Experiment, walks: Walks, data: Reference, features: Features, *, learnt: bool | None = None
) -> Copies:
    """The nearest real image of every point of the walks and of the middle between two.

    Frames that follow each other are nearly the same, so more of them would count the same image again.
    """
    codes, batch_size = walks.points(between=1), experiment.batch_size
    size = images_at_once(experiment.generator, batch_size)
    num = min(len(data), MOST_REAL)
    some = replace(data, names=data.names[:num])
    found = nearest_training(
        experiment.generator, codes, some, features, batch_size=batch_size, seed=experiment.seed
    )
    return Copies(
        codes=codes,
        found=found,
        real=torch.cat([data.read(rows) for rows in found.nearest.split(size)]),
        data=data.description if num == len(data) else f"{num:,} of {data.description}",
        learnt=learnt,
    )
