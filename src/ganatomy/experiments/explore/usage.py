"""How to use the directions of a report: lines to copy that work as they stand."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ganatomy.latents import Space

DIRECTIONS_FILE = "directions.safetensors"
HELD_FILE = "held.safetensors"
LOADING = ("prior", "output", "hidden", "resolution", "network", "precision")
"""The options of `ganatomy.load`, which commands have too."""


def loading_options(options: Mapping[str, object]) -> dict[str, object]:
    """Those of the options that load a model."""
    return {name: value for name, value in options.items() if name in LOADING}


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What the lines need to know.

    Args:
        model: the bundled name or file that was explored, None for a model that only exists in the reader's Python.
        space: of the codes.
        attribute: the one to move.
        loaded_with: the options that the model was loaded with, such as `{"prior": "uniform"}`.
    """

    model: str | None
    space: Space
    attribute: str
    loaded_with: Mapping[str, object] = field(default_factory=dict)

    @property
    def note(self) -> str:
        return (
            f"{HELD_FILE} has the directions that keep all other attributes fixed, {DIRECTIONS_FILE} those of each "
            "attribute alone. Strengths are standard deviations of codes along a direction (sigma)."
        )

    def shell(self, folder: Path) -> str:
        """Two commands for the directions in a folder; empty for a model that has no name to load it by."""
        if self.model is None:
            return ""
        options = "".join(
            f" --{name.replace('_', '-')} {shlex.quote(str(value))}"
            for name, value in self.loaded_with.items()
        )
        model = shlex.quote(self.model) + options
        directions = shlex.quote(str(folder / HELD_FILE))
        along = shlex.quote(f"{folder / HELD_FILE}:{self.attribute}")
        move = shlex.quote(f"{self.attribute}=2")
        return (
            f"ganatomy edit {model} --seed 1,2,3,4 --directions {directions} \\\n"
            f"    --move {move} --before -o edited.png\n"
            f"ganatomy walk {model} --seed 1,2,3,4 --along {along} \\\n"
            "    --from -3 --to 3 -o walk.gif"
        )

    def python(self, folder: Path) -> str:
        """A script for the directions in a folder."""
        options = "".join(f", {name}={value!r}" for name, value in self.loaded_with.items())
        load = (
            "G = ...  # the generator that was explored"
            if self.model is None
            else f"G = ga.load({self.model!r}{options})"
        )
        return (
            "import ganatomy as ga\n\n"
            f"{load}\n"
            f"found = ga.load_directions({str(folder / HELD_FILE)!r})\n"
            f"codes = G.sample(4, seed=1, space={self.space.value!r})\n"
            f'edited = ga.move(codes, found[{self.attribute!r}], 2.0, units="sigma")\n'
            'ga.grid(G(edited)).save("edited.png")'
        )
