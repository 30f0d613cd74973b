"""How to use the directions of a report: lines to copy that work as they stand."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from ganatomy.latents import Space
from ganatomy.recipes.recipe import LOADING

DIRECTIONS_FILE = "directions.safetensors"
HELD_FILE = "held.safetensors"


def commands(folder: Path, *, model: str, attribute: str, opened_with: Mapping[str, object]) -> str:
    """Two commands that move an attribute of a bundled model or a file.

    Args:
        folder: of the report.
        model: as the command line knows it.
        attribute: to move.
        opened_with: the options that the model and the scorer were opened with, such as `{"prior": "uniform"}`.
    """
    options = [
        f"--{name.replace('_', '-')} {shlex.quote(str(opened_with[name]))}"
        for name in LOADING
        if name in opened_with
    ]
    model = " ".join([shlex.quote(model), *options])
    directions, along = str(folder / HELD_FILE), f"{folder / HELD_FILE}:{attribute}"
    return (
        f"ganatomy edit {model} --seed 1,2,3,4 --directions {shlex.quote(directions)} \\\n"
        f"    --move {shlex.quote(f'{attribute}=2')} --before -o edited.png\n"
        f"ganatomy walk {model} --seed 1,2,3,4 --along {shlex.quote(along)} \\\n"
        "    --from -3 --to 3 -o walk.gif"
    )


def script(
    folder: Path, *, model: str | None, attribute: str, space: Space, opened_with: Mapping[str, object]
) -> str:
    """The same in Python; a model without a name is the reader's own.

    Args:
        folder: of the report.
        model: as `ga.load` knows it, None for one that only exists in the reader's Python.
        attribute: to move.
        space: of the codes.
        opened_with: as in `commands`.
    """
    options = "".join(f", {name}={opened_with[name]!r}" for name in LOADING if name in opened_with)
    load = "...  # the generator that was explored" if model is None else f"ga.load({model!r}{options})"
    return (
        "import ganatomy as ga\n\n"
        f"G = {load}\n"
        f"found = ga.load_directions({str(folder / HELD_FILE)!r})\n"
        f"codes = G.sample(4, seed=1, space={space.value!r})\n"
        f'edited = ga.move(codes, found[{attribute!r}], 2.0, units="sigma")\n'
        'ga.grid(G(edited)).save("edited.png")'
    )
