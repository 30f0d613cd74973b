"""Directions from a few images that a person labelled."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from ganatomy.cli import parsing
from ganatomy.cli.console import answer
from ganatomy.cli.parameters import options, parsed
from ganatomy.errors import MissingFileError

Rows = Annotated[
    tuple[int, ...], parsed(parsing.seed_list, "ROWS", "Rows of the survey, from 0, such as 3,5,9 or 0:8.")
]


@options
class LabelOptions:
    """Labels of some rows of a survey, given by a person instead of a scorer."""

    yes: Rows = ()
    no: Rows = ()
    name: str | None = None
    """Name of the labelled attribute; by default "labelled"."""


LABELS = LabelOptions()


def find_by_labels(source: str, out: Path, labels: LabelOptions, *, seed: int, json: bool) -> None:
    """Write the direction from the rows labelled no to those labelled yes, with its held-out accuracy."""
    from ganatomy.directions import few_labels
    from ganatomy.latents import Directions
    from ganatomy.storage import save_directions
    from ganatomy.surveys import load_survey

    if not Path(source).is_dir():
        raise MissingFileError(
            f"{source} is no folder with a survey, whose rows could be labelled; `ganatomy survey` makes one"
        )
    found = few_labels(load_survey(source), labels.yes, labels.no, name=labels.name or "labelled", seed=seed)
    save_directions(Directions([found.direction]), out)
    data = {
        "out": str(out),
        "method": found.direction.method,
        "space": found.direction.space.value,
        "name": found.direction.name,
        "yes": found.num_yes,
        "no": found.num_no,
        "accuracy": found.accuracy.data(),
        "auc": found.auc.data(),
        "goal": found.goal,
        "needed": found.needed,
        "at_least": found.at_least,
        "next_rows": list(found.next_rows),
    }
    answer(f"{out}: {found}", data, as_json=json)
