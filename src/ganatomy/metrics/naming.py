"""The attributes that unnamed directions change, in generated images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import SettingError
from ganatomy.generators.base import Generator
from ganatomy.latents import Directions
from ganatomy.metrics.fresh_images import FreshImages, Readers
from ganatomy.perception.base import Scorer
from ganatomy.progress import Advance, watched
from ganatomy.statistics.intervals import Estimate, simultaneous_means

LEAST = 0.05
"""The smallest mean change of probability that a direction is named by."""
SHOWN = 3
"""Attributes of each direction that are printed."""
NOTHING = "no attribute of the scorer"


@dataclass(frozen=True, kw_only=True)
class Naming:
    """What each of k directions changes in n images, among the attributes of a scorer.

    Args:
        directions: as they were given.
        attributes: all that were scored.
        changes: half the difference of the probabilities after a step forwards and one backwards, in each image.
        strength: the step, in standard deviations of codes along the direction.
        seed: of the codes, and of the resampling.

    Example::

        named = ga.name_directions(G, scorer, ga.pca(survey, num_components=3), n=24)
        print(named)
    """

    directions: Directions
    attributes: tuple[str, ...]
    changes: Float[Tensor, "k n a"]
    strength: float
    seed: int

    @cached_property
    def moved(self) -> dict[str, dict[str, Estimate]]:
        """For each direction the mean changes of the attributes that it moves, the largest first.

        An attribute is moved if its mean probability changes by at least `LEAST`, with an interval that excludes 0.
        The intervals of all attributes of a direction hold at once.
        """
        found = {}
        for name, changes in zip(self.directions.names, self.changes, strict=True):
            means = dict(zip(self.attributes, simultaneous_means(changes, seed=self.seed), strict=True))
            largest = sorted(means, key=lambda attribute: -abs(means[attribute].value))
            found[name] = {
                attribute: means[attribute]
                for attribute in largest
                if means[attribute].excludes_zero and abs(means[attribute].value) >= LEAST
            }
        return found

    @property
    def renamed(self) -> Directions:
        """The directions, each named after the attribute that it moves most: "PC 1: Smiling +0.31 ± 0.04"."""
        return Directions(
            replace(d, name=f"{d.name}: {next(iter(_listed(self.moved[d.name])), NOTHING)}")
            for d in self.directions
        )

    def __str__(self) -> str:
        width = max(len(name) for name in self.directions.names)
        lines = [
            f"{name:{width}}  {', '.join(_listed(moved)[:SHOWN]) or NOTHING}"
            for name, moved in self.moved.items()
        ]
        step = f"{self.strength:g} sigma along each direction, over {self.changes.shape[1]} images"
        return "\n".join([*lines, f"mean change of probability by {step}, ± half a 95 % interval"])


@watched("naming")
def name_directions(
    generator: Generator,
    scorer: Scorer,
    directions: Directions,
    *,
    strength: float = 2.0,
    n: int = 48,
    seed: int = 1,
    truncation_psi: float = 1.0,
    batch_size: int | None = None,
    progress: Advance | None = None,
) -> Naming:
    """Move the same images both ways along each direction, and find the attributes that change most.

    Args:
        generator: makes the images.
        scorer: of the attributes.
        directions: of any method.
        strength: the step, in standard deviations of codes along the direction.
        n: images, each edited twice for each direction.
        seed: of their codes.
        truncation_psi: of their codes.
        batch_size: images at a time; by default as many as suit their size and the device.
        progress: called with the images done and all of them.

    Returns:
        The changes of all attributes; `renamed` has the directions with their new names.

    Raises:
        SettingError: without directions, and for numbers outside their range.
        ScoreError: for a table of labels, which cannot score new images.
        SpaceError, FingerprintError: when directions and generator do not go together.

    Example:
        >>> import ganatomy as ga
        >>> from ganatomy.perception import OracleScorer
        >>> toy = ga.ToyGenerator(seed=0, cosine=0.0)
        >>> found = ga.name_directions(toy, OracleScorer(toy), toy.truth)
        >>> [next(iter(moved)) for moved in found.moved.values()]
        ['red', 'round', 'large', 'bright']
    """
    if not directions.items:
        raise SettingError("there are no directions to name; find some first")
    if n < 2 or not 0 < strength < float("inf"):
        raise SettingError(
            f"cannot name directions by {n} images, {strength:g} sigma away; give at least 2, and a strength above 0"
        )
    images = FreshImages(
        generator=generator,
        readers=Readers(scorer=scorer),
        n=n,
        seed=seed,
        space=directions.space,
        truncation_psi=truncation_psi,
        batch_size=batch_size,
    )
    lengths = strength * torch.tensor([direction.sigma for direction in directions])
    codes = [*images.along(directions, lengths), *images.along(directions, -lengths)]
    logits = images.read(codes, advance=progress).logits.unflatten(0, (2, len(directions), n))
    forwards, backwards = torch.sigmoid(logits)
    return Naming(
        directions=directions,
        attributes=tuple(scorer.names),
        changes=(forwards - backwards) / 2,
        strength=strength,
        seed=seed,
    )


def _listed(moved: Mapping[str, Estimate]) -> list[str]:
    """Each attribute with its change."""
    return [f"{name} {change.value:+.2f} ± {change.error:.2f}" for name, change in moved.items()]
