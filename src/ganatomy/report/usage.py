"""How to use the directions of a report: lines to copy that work as they stand."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ganatomy.latents import Space

DIRECTIONS_FILE = "directions.safetensors"


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What the lines need to know.

    Args:
        model: the bundled name or file that was explored, None for a model that only exists in the reader's Python.
        loaded_with: the options that it was loaded with, such as `{"prior": "uniform"}`.
        attribute: the one to move. hold: a few others to name on the command line.
        slack: how far held scores may give, where all others are held.
    """

    model: str | None
    folder: Path
    space: Space
    attribute: str
    hold: Sequence[str]
    slack: float
    loaded_with: Mapping[str, object] = field(default_factory=dict)

    @property
    def note(self) -> str:
        return (
            f"{DIRECTIONS_FILE} holds the directions of this page with their scales. Strengths count in "
            "standard deviations of codes along a direction (sigma); hold as many others as you like."
        )

    @property
    def shell(self) -> str:
        """Two commands; empty where there is no file to name."""
        if self.model is None:
            return ""
        options = "".join(
            f" --{name.replace('_', '-')} {shlex.quote(str(value))}"
            for name, value in self.loaded_with.items()
        )
        model = shlex.quote(self.model) + options
        directions = shlex.quote(str(self.folder / DIRECTIONS_FILE))
        along = shlex.quote(f"{self.folder / DIRECTIONS_FILE}:{self.attribute}")
        move = shlex.quote(f"{self.attribute}=2")
        hold = f" --hold {shlex.quote(','.join(self.hold))}" if self.hold else ""
        return (
            f"ganatomy edit {model} --seed 1,2,3,4 --directions {directions} \\\n"
            f"    --move {move}{hold} --before -o edited.png\n"
            f"ganatomy walk {model} --seed 1,2,3,4 --along {along} \\\n"
            f"   {hold} --from -3 --to 3 -o walk.gif"
        )

    @property
    def python(self) -> str:
        """A script."""
        options = "".join(f", {name}={value!r}" for name, value in self.loaded_with.items())
        load = (
            "G = ...  # the generator that was explored"
            if self.model is None
            else f"G = ga.load({self.model!r}{options})"
        )
        return (
            "import ganatomy as ga\n\n"
            f"{load}\n"
            f"found = ga.load_directions({str(self.folder / DIRECTIONS_FILE)!r})\n"
            f"codes = G.sample(4, seed=1, space={self.space.value!r})\n"
            f"others = found.without({self.attribute!r})\n"
            f"direction = found[{self.attribute!r}]\n"
            f'edited = ga.move(codes, direction, 2.0, units="sigma", hold=others, slack={self.slack:.3g})\n'
            'ga.grid(G(edited)).save("edited.png")'
        )
