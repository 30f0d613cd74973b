"""Pivotal tuning: the weights change a little, so that the codes that were found give the photograph itself.

Roich et al. 2022, "Pivotal Tuning for Latent-based Editing of Real Images". What is learnt from one image alone spoils
edits, because nothing says what images around it should be. Here the tuned generator is held to what the generator
itself made around the pivot, where edits lead: along the directions that will be used, and towards codes that it draws.
"""

from __future__ import annotations

import copy
import time
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import FingerprintError, SettingError
from ganatomy.generators.base import Generator
from ganatomy.inversion.coordinates import Coordinates, coordinates_of
from ganatomy.inversion.fitted import FittedGenerator
from ganatomy.inversion.likeness import Likeness
from ganatomy.inversion.prepare import find_perceptual
from ganatomy.inversion.result import Inversion
from ganatomy.latents import Directions, Latents
from ganatomy.perception.perceptual import PerceptualDistance
from ganatomy.progress import Advance, watched

LEARNING_RATE = 1e-3

AT_ONCE = 4
"""Images of a step."""

REACH = (1.0, 3.0)
"""Length of the edits that are held, in standard deviations of codes."""

TOWARDS = 0.5
"""Share of held codes that lie between the pivot and a drawn code, where directions are given as well."""

SEED = 0x7E5


@watched("tuning")
def tune(
    generator: Generator,
    inversion: Inversion,
    *,
    directions: Directions | None = None,
    steps: int = 30,
    locality: float = 1.0,
    perceptual: PerceptualDistance | str | None = "auto",
    progress: Advance | None = None,
) -> FittedGenerator:
    """Tune a copy of the generator until it makes the photographs of an inversion, and keep its edits.

    Each step lowers `loss(G(w), photograph) + locality loss(G(v), G_before(v))`, where v is the code w after an edit:
    along one of the directions, or towards a code that the generator draws.

    Args:
        generator: that the inversion was made with.
        inversion: codes and photographs; several are tuned together.
        directions: that will be used afterwards; without, all are held a little.
        steps: of Adam.
        locality: weight of what must stay; 0 holds nothing, and edits then do less.
        perceptual: distance that the loss contains beside pixels, as in `invert`.
        progress: called with the steps so far, and all of them.

    Returns:
        The tuned generator, with the codes and their images.

    Raises:
        SettingError: for settings out of range, and a generator without weights.
        FingerprintError: for codes or directions of another generator.

    Example::

        tuned = ga.tune(generator, found, directions=directions)
        smiling = ga.move(tuned.latents, tuned.adopt(directions)["Smiling"], 2.0, units="sigma")
        ga.grid(tuned.generator(smiling)).save("smiling.png")
    """
    if steps < 1 or locality < 0:
        raise SettingError(f"steps={steps} and locality={locality:g} must be at least 1 and 0")
    latents = inversion.latents
    if latents.fingerprint != generator.fingerprint:
        raise FingerprintError("these codes were found with another generator; invert with the one to tune")
    for direction in directions or ():
        direction.check(latents)
    likeness = Likeness(perceptual=find_perceptual(generator, perceptual))
    started, tuned = time.perf_counter(), copy.deepcopy(generator)
    learning = [weight.requires_grad_() for name, weight in tuned.named_parameters() if "mapping" not in name]
    if not learning:
        raise SettingError(f"{generator.signature.architecture} has no weights to tune")
    around = Surroundings(generator, latents, directions)
    targets = likeness(inversion.targets).detach()
    optimiser = torch.optim.Adam(learning, lr=LEARNING_RATE)
    # Codes know which generator they are of; here they go to one whose weights are on their way.
    free = replace(latents, fingerprint=None)
    for step in range(steps):
        rows = [(step * AT_ONCE + k) % len(latents) for k in range(min(AT_ONCE, len(latents)))]
        with torch.no_grad():
            elsewhere = around.draw(rows, step)
            wanted = likeness(generator(elsewhere))
        with torch.enable_grad():
            both = Latents.cat([free[rows], replace(elsewhere, fingerprint=None)])
            made = likeness(tuned(both))
            apart = (made - torch.cat([targets[rows], wanted])).square().sum(1)
            loss = apart[: len(rows)].mean() + locality * apart[len(rows) :].mean()
            optimiser.zero_grad()
            loss.backward()
        optimiser.step()
        if progress:
            progress(step + 1, steps)
    for weight in learning:
        weight.requires_grad_(False)
    return FittedGenerator.of(tuned, inversion, seconds=time.perf_counter() - started)


class Surroundings:
    """Codes around those of an inversion, where edits lead."""

    def __init__(self, generator: Generator, latents: Latents, directions: Directions | None) -> None:
        self.generator, self.latents = generator, latents
        self.coordinates: Coordinates = coordinates_of(generator, latents.space)
        self.u = self.coordinates.of(latents)
        self.ways = None if directions is None else self._ways(directions)

    def draw(self, rows: list[int], step: int) -> Latents:
        """One code for each of these rows: along a direction, or towards a drawn code."""
        random = torch.Generator().manual_seed(SEED + step)
        u = self.u[rows]
        drawn = self.coordinates.drawn(self.generator, len(rows), seed=SEED, start=step * AT_ONCE).expand_as(
            u
        )
        way = (drawn - u) / (drawn - u).square().sum(2, keepdim=True).mean(1, keepdim=True).sqrt()
        if self.ways is not None:
            chosen = self.ways[torch.randint(len(self.ways), (len(rows),), generator=random)]
            sign = torch.randint(2, (len(rows), 1, 1), generator=random) * 2 - 1
            along = torch.rand(len(rows), 1, 1, generator=random) >= TOWARDS
            way = torch.where(along.to(way.device), (chosen * sign.to(chosen)), way)
        low, high = REACH
        length = low + (high - low) * torch.rand(len(rows), 1, 1, generator=random).to(u)
        return self.coordinates.latents(u + length * way)

    def _ways(self, directions: Directions) -> Float[Tensor, "k rows r"]:
        """Steps of one standard deviation along each direction, in coordinates."""
        origin = self.latents[0].codes
        shift: list[Any] = []
        for direction in directions:
            vector = direction.vector.to(origin) * direction.sigma
            moved = origin + (vector if vector.ndim == origin.ndim - 1 else vector[None])
            shift.append(self.coordinates.of(self.latents[0].with_codes(moved)) - self.u[:1])
        return torch.cat(shift)
