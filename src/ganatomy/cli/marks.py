"""Directions from a few images that a person marked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from ganatomy.cli import parsing
from ganatomy.cli.console import answer
from ganatomy.cli.parameters import parsed
from ganatomy.errors import MissingFileError

Rows = Annotated[
    tuple[int, ...],
    parsed(parsing.seed_list, "ROWS", "Rows of the survey, from 0, such as 3,5,9 or 0:8."),
]


@dataclass(frozen=True, kw_only=True)
class MarkOptions:
    """What a person says of some rows of a survey, instead of a scorer."""

    yes: Rows = ()
    no: Rows = ()
    name: str | None = None
    """What the marked images have; by default "marked"."""


MARKS = MarkOptions()


def find_by_marks(source: str, out: Path, marks: MarkOptions, *, seed: int, json: bool) -> None:
    """Write the direction from the rows marked no to those marked yes, and say how far it can be trusted."""
    from ganatomy.directions import few_labels
    from ganatomy.latents import Directions
    from ganatomy.storage import save_directions
    from ganatomy.surveys import load_survey

    if not Path(source).is_dir():
        raise MissingFileError(
            f"{source} is no folder with a survey, whose rows could be marked; `ganatomy survey` makes one"
        )
    found = few_labels(load_survey(source), marks.yes, marks.no, name=marks.name or "marked", seed=seed)
    save_directions(Directions([found.direction]), out)
    figures = {
        name: {"value": figure.value, "low": figure.low, "high": figure.high}
        for name, figure in (("accuracy", found.accuracy), ("auc", found.auc))
    }
    data = {
        "out": str(out),
        "method": found.direction.method,
        "space": found.direction.space.value,
        "name": found.direction.name,
        "yes": found.num_yes,
        "no": found.num_no,
        **figures,
        "goal": found.goal,
        "needed": found.needed,
        "at_least": found.at_least,
        "next_rows": list(found.next_rows),
    }
    answer(f"{out}: {found}", data, as_json=json)
