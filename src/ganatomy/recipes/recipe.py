"""A recipe: everything that one image was made from, as a value and as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from ganatomy.errors import CheckpointError, SettingError
from ganatomy.generators.base import PRIORS, Generator
from ganatomy.generators.dcgan import OUTPUTS
from ganatomy.generators.precision import DTYPES
from ganatomy.generators.stacks import ACTIVATIONS
from ganatomy.recipes.codes import Codes, read_codes
from ganatomy.recipes.fields import (
    MOST_BYTES,
    Fields,
    as_it_is,
    choice,
    integer,
    number,
    parse,
    several,
    text,
)
from ganatomy.recipes.images import DrawnFaces, Image, Sheet, read_image, write_image
from ganatomy.recipes.moves import MOST_MOVES, Edit, Table, read_edit, read_table
from ganatomy.storage import written_whole

FORMAT = 1
FASTEST = 1000.0
"""Frames per second."""
MOST_ENLARGED = 64
LARGEST_BATCH = 4096


@dataclass(frozen=True, kw_only=True)
class ModelReference:
    """A model by what `ganatomy.load` takes, and its fingerprint, which tells whether it is the same.

    Args:
        name: a bundled or published name, a path, or a repository of Hugging Face.
    """

    name: str
    fingerprint: str | None = None
    prior: str | None = None
    output: str | None = None
    hidden: str | None = None
    resolution: int | None = None
    network: str | None = None
    precision: str = "float32"

    def to_data(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "fingerprint": self.fingerprint,
            "prior": self.prior,
            "output": self.output,
            "hidden": self.hidden,
            "resolution": self.resolution,
            "network": self.network,
            "precision": self.precision,
        }

    @classmethod
    def of(cls, generator: Generator) -> Self:
        """What leads back to a generator that `load` read by its name alone.

        Raises:
            SettingError: for one that came from no file.
        """
        if generator.origin is None:
            raise SettingError(
                "this generator came from no file, so no recipe can name it; "
                "export it, and load it from its file"
            )
        return cls(
            name=generator.origin.source.name,
            fingerprint=generator.fingerprint,
            prior=generator.signature.prior if generator.origin.prior_given else None,
            precision=generator.precision,
        )

    @classmethod
    def read(cls, value: Any, where: str) -> Self:
        fields = Fields(value, where)
        found = cls(
            name=fields.take("name", text),
            fingerprint=fields.take("fingerprint", text, None),
            prior=fields.take("prior", choice(PRIORS), None),
            output=fields.take("output", choice(OUTPUTS), None),
            hidden=fields.take("hidden", choice(ACTIVATIONS), None),
            resolution=fields.take("resolution", integer(1, 2**16), None),
            network=fields.take("network", text, None),
            precision=fields.take("precision", choice(DTYPES), "float32"),
        )
        fields.end()
        return found


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What one image was made from: a model, codes, what was done to them, and how they are shown.

    Args:
        model, codes: None where the image needs no model.
        edits: done to all codes, one after another.
        scale: whole number by which each image is enlarged; by default until it is readable.
        fps: frames per second, where the image is written as a film.
        batch_size: images made at a time. It is written down because the last bits of an image depend on it.
        scene: how the studio showed the image, in its own words; no image depends on it.
    """

    model: ModelReference | None = None
    codes: Codes | None = None
    edits: tuple[Edit, ...] = ()
    image: Image = field(default_factory=Sheet)
    scale: int | None = None
    fps: float = 25.0
    batch_size: int = 32
    scene: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        alone = isinstance(self.image, DrawnFaces)
        if alone and (self.model is not None or self.codes is not None or self.edits):
            raise SettingError(
                "drawn faces are made by no model; a recipe of them has no model, codes or edits"
            )
        if not alone and (self.model is None or self.codes is None):
            lacking = "model" if self.model is None else "codes"
            raise SettingError(f"a recipe of a {self.image.kind} needs a model and codes; give its {lacking}")

    def of_any_generator(self) -> Self:
        """The same recipe, no longer tied to the generator that it was written for."""
        return replace(
            self,
            model=None if self.model is None else replace(self.model, fingerprint=None),
            codes=None if self.codes is None else self.codes.of_any_generator(),
            edits=tuple(edit.of_any_generator() for edit in self.edits),
            image=self.image.of_any_generator(),
            scene=None,
        )

    def with_value(self, place: str, value: Any) -> Recipe:
        """The same recipe with another value in one field of its JSON, such as `edits.0.strength`.

        Raises:
            SettingError: for a field that leads nowhere. CheckpointError: for a value that the field cannot have.
        """
        data = json.loads(to_json(self))
        inside: Any = data
        *way, last = place.split(".")
        for step in way:
            inside = _inside(inside, step, place)
        if isinstance(inside, dict):
            inside[last] = value
        else:
            _inside(inside, last, place)
            inside[int(last)] = value
        return from_json(json.dumps(data))


def to_json(recipe: Recipe) -> str:
    """A recipe as JSON of ASCII letters, without the fields that say nothing.

    Raises:
        SettingError: when it would be too long to be read again, or holds a number that is not finite.
    """
    from ganatomy import __version__

    table = Table()
    data = {
        "format": FORMAT,
        "made_by": f"ganatomy {__version__}",
        "model": None if recipe.model is None else recipe.model.to_data(),
        "codes": None if recipe.codes is None else recipe.codes.to_data(),
        "edits": [edit.to_data(table) for edit in recipe.edits],
        "image": write_image(recipe.image, table),
        "scale": recipe.scale,
        "fps": float(recipe.fps),
        "batch_size": recipe.batch_size,
        "scene": None if recipe.scene is None else dict(recipe.scene),
        "directions": table.to_data(),
    }
    try:
        written = json.dumps(_telling(data), indent=1, allow_nan=False)
    except ValueError:
        raise SettingError("a recipe holds only finite numbers, and one of this image's is not") from None
    if len(written) > MOST_BYTES:
        raise SettingError(
            f"the recipe of this image would take {len(written) / 2**20:.0f} MB, "
            f"and {MOST_BYTES >> 20} are the most; show fewer codes, or draw them by their seeds"
        )
    return written


def from_json(written: str | bytes) -> Recipe:
    """The recipe of a JSON text, which may come from anywhere: nothing that it names is opened.

    Raises:
        CheckpointError: when it is no recipe; the message names the field.
    """
    fields = Fields(parse(written))
    version = fields.take("format", integer(1, 10**9))
    if version > FORMAT:
        raise CheckpointError(
            f"the recipe has format {version}, this ganatomy reads formats up to {FORMAT}; install a newer one"
        )
    fields.take("made_by", text, None)
    table = fields.take("directions", read_table, Table())
    parts: Mapping[str, Any] = {
        "model": fields.take("model", ModelReference.read, None),
        "codes": fields.take("codes", read_codes, None),
        "edits": fields.take(
            "edits", several(lambda value, where: read_edit(value, where, table), most=MOST_MOVES), ()
        ),
        "image": fields.take("image", lambda value, where: read_image(value, where, table), Sheet()),
        "scale": fields.take("scale", integer(1, MOST_ENLARGED), None),
        "fps": fields.take("fps", number(0.001, FASTEST), 25.0),
        "batch_size": fields.take("batch_size", integer(1, LARGEST_BATCH), 32),
        "scene": fields.take("scene", as_it_is, None),
    }
    fields.end()
    try:
        return Recipe(**parts)
    except SettingError as error:
        raise CheckpointError(str(error)) from None


def save_recipe(recipe: Recipe, path: str | os.PathLike[str]) -> Path:
    """Write a recipe as JSON, whole or not at all.

    Raises:
        OutputError: when the file cannot be written.
    """
    written = to_json(recipe)
    with written_whole(path) as part:
        part.write_text(written + "\n", encoding="utf-8")
    return Path(path)


def _inside(value: Any, step: str, place: str) -> Any:
    """One step further into JSON, towards a place that is told where there is no way."""
    if isinstance(value, dict) and step in value:
        return value[step]
    if isinstance(value, list) and step.isdecimal() and len(step) < 9 and int(step) < len(value):
        return value[int(step)]
    raise SettingError(f"the recipe has no field {place!r}: no {step!r} is there")


def _telling(value: Any) -> Any:
    """The same without fields that are null."""
    if isinstance(value, dict):
        return {name: _telling(item) for name, item in value.items() if item is not None}
    return [_telling(item) for item in value] if isinstance(value, list) else value
