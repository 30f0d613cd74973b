"""Moves along directions: plain strengths, and strengths that are looked for in each image until the scorer agrees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ganatomy.cli.console import progress, remark
from ganatomy.cli.readings import each_image, rows
from ganatomy.errors import SettingError

if TYPE_CHECKING:
    from torch import Tensor

    from ganatomy.cli.parsing import Amount
    from ganatomy.generators.base import Generator
    from ganatomy.guidance.strength import Strengths
    from ganatomy.latents import Direction, Directions, Latents, Space
    from ganatomy.perception.base import Scorer, Scores
    from ganatomy.recipes.moves import Move

FAR, FARTHEST = 6.0, 100.0
"""Steps in standard deviations of codes that are warned of, and that are refused."""
NUM_POPULATION, POPULATION_SEED = 1000, 0
"""Images that a percentile is counted in: the same for every command."""
MOST_LINES = 8
"""Images that are named in text; --json has all."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Moved:
    """Moves of a recipe, and what the scorer read where strengths were looked for.

    Args:
        edits: in the order in which they were asked for.
        latents: after all of them.
        solved: name to the strengths that were found, for moves that have a goal.
        after: their probabilities after all moves.
        reached: whether these are what was asked for.
    """

    edits: tuple[Move, ...]
    latents: Latents
    solved: Mapping[str, Strengths]
    after: Tensor
    reached: Tensor

    def images(self) -> list[dict[str, Any]]:
        """What was read in each image, as JSON."""
        if not self.solved:
            return []
        names, found = tuple(self.solved), list(self.solved.values())
        columns = {
            "before": rows(names, _columns(it.before for it in found)),
            "goal": rows(names, _columns(it.goals for it in found)),
            "after": rows(names, self.after),
            "sigmas": rows(names, _columns(it.sigmas for it in found)),
            "reached": rows(names, self.reached),
        }
        return each_image(columns)

    def asked(self) -> tuple[dict[str, Tensor], Tensor | None]:
        """The probabilities that were asked for, or the farthest that an edit leads to; and which images reach all."""
        from ganatomy.guidance.goals import FARTHEST

        goals = {name: found.goals.clamp(1 - FARTHEST, FARTHEST) for name, found in self.solved.items()}
        return goals, self.reached.all(1) if goals else None

    def lines(self, amounts: Mapping[str, Amount], images: Sequence[str]) -> list[str]:
        """A line for each goal with the means, and one for each image that does not reach it."""
        lines = []
        for column, (name, found) in enumerate(self.solved.items()):
            after, reached = self.after[:, column], self.reached[:, column]
            least, most = float(found.sigmas.min()), float(found.sigmas.max())
            lines.append(
                f"  {name}={amounts[name].text}: {int(reached.sum())} of {len(reached)} reached; mean probability "
                f"{found.before.mean():.2g} to {after.mean():.2g}, by {least:+.2f} to {most:+.2f} sigma"
            )
            missed = (~reached).nonzero()[:, 0].tolist()
            for row in missed[:MOST_LINES]:
                was, now, asked = (float(it[row]) for it in (found.before, after, found.goals))
                lines.append(
                    f"  not reached, {images[row]}: {name} {was:.2g} to {now:.2g}, asked for {asked:.2g}"
                )
            if len(missed) > MOST_LINES:
                lines.append(f"  and {len(missed) - MOST_LINES} more images (--json names all)")
        return lines


def check_strength(direction: Direction, strength: float, units: str) -> None:
    """Warn of steps that lead where no code is drawn, and refuse nonsense.

    Raises:
        SettingError: for more than `FARTHEST` standard deviations.
    """
    if units == "step":  # those of a slider
        return
    steps = strength / (direction.slope if units == "logit" else 1) if units != "sigma" else strength
    sigmas = abs(steps if units == "sigma" else steps / direction.sigma)
    if not sigmas > FAR:  # also where the direction has no scale
        return
    what = f"{direction.name}={strength:g}" + ("" if units == "sigma" else f" {units}, {sigmas:.0f} sigma,")
    if sigmas > FARTHEST:
        raise SettingError(
            f"{what} is beyond any code: {FARTHEST:g} sigma are the most, and of drawn codes hardly one is beyond 4"
        )
    remark(
        f"{what} is far from all drawn codes, of which hardly one is beyond 4 sigma; images there may be anything"
    )


def solve(
    generator: Generator,
    scorer: Scorer | None,
    latents: Latents,
    directions: Directions,
    amounts: Mapping[str, Amount],
    *,
    move: Move,
    units: Mapping[str, str],
    population: Scores | None,
    batch_size: int | None,
) -> Moved:
    """Make moves one after the other; those with a goal go as far as each image needs, as the ones before left it.

    Args:
        scorer: None where no move has a goal.
        directions: of these names.
        amounts: name to how far.
        move: what is held, and layers; its direction, strength and unit are replaced.
        units: name to the unit of a plain strength.
        population: scores that percentiles are counted in.
        batch_size: images at a time; None for as many as suit their size and the device.

    Raises:
        UnknownNameError: for a direction that does not exist, or whose name the scorer does not know.
        SettingError: for a goal out of range.
    """
    import torch

    from ganatomy.guidance.judged import scores_of
    from ganatomy.guidance.strength import reaches, strengths

    edits: list[Move] = []
    solved: dict[str, Strengths] = {}
    for name, amount in amounts.items():
        edit = replace(move, direction=directions[name], strength=amount.value, units=units[name])
        if amount.units is None:
            check_strength(edit.direction, amount.value, edit.units)
        else:
            assert scorer is not None
            solved[name] = strengths(
                generator,
                scorer,
                latents,
                _inside(edit),
                amount.value,
                units=amount.units,
                hold=edit.hold,
                reference=population,
                batch_size=batch_size,
            )
            edit = replace(edit, strength=tuple(solved[name].sigmas.double().tolist()), units="sigma")
        edits.append(edit)
        latents = edit.apply(latents, generator)
    after = torch.zeros(len(latents), 0)
    if scorer is not None and solved:
        with torch.no_grad():
            after = scores_of(generator, scorer.select(solved), latents, batch_size=batch_size).probabilities
    reached = [reaches(after[:, k], it.goals) for k, it in enumerate(solved.values())]
    return Moved(
        edits=tuple(edits),
        latents=latents,
        solved=solved,
        after=after,
        reached=_columns(reached) if solved else after.bool(),
    )


def population(
    generator: Generator, scorer: Scorer, *, space: Space, truncation_psi: float, batch_size: int | None
) -> Scores:
    """Scores of images that the generator draws, always the same ones."""
    from ganatomy.surveys import survey

    with progress("population") as advance:
        return survey(
            generator,
            scorer,
            n=NUM_POPULATION,
            space=space,
            seed=POPULATION_SEED,
            batch_size=batch_size,
            truncation_psi=truncation_psi,
            progress=advance,
        ).scores


def _inside(move: Move) -> Direction:
    """The direction whose steps are those of the move: in its layers, as long as its part there."""
    direction = move.direction
    if move.layers is None:
        return direction
    share = float(direction.vector[slice(*move.layers)].norm()) if direction.vector.ndim > 1 else 1.0
    return replace(direction, layers=move.layers, sigma=direction.sigma * share)


def _columns(values: Iterator[Tensor] | Sequence[Tensor]) -> Tensor:
    import torch

    return torch.stack(list(values), dim=1)
