"""A recipe: everything that one image was made from, as a value, as JSON, and in the files that carry it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, Any, Self

from ganatomy._version import __version__
from ganatomy.arguments import a_file
from ganatomy.errors import CheckpointError, MissingFileError, SettingError
from ganatomy.generators.base import PRIORS, Generator
from ganatomy.generators.class_inputs import JOINS
from ganatomy.generators.onnx_form import RANGES
from ganatomy.generators.precision import DTYPES
from ganatomy.images import read_text
from ganatomy.latents import Direction, Latents
from ganatomy.plots.films import read_film_text
from ganatomy.plots.slider_pages import read_page_text
from ganatomy.recipes.codes import Codes, Given, read_codes
from ganatomy.recipes.fields import (
    MOST_BYTES,
    Fields,
    Place,
    as_it_is,
    choice,
    flag,
    integer,
    number,
    parse,
    several,
    text,
)
from ganatomy.recipes.images import DrawnFaces, Image, Sheet, Walk, read_image
from ganatomy.recipes.moves import MOST_MOVES, Edit, read_edit
from ganatomy.recipes.parts import MOST_DIRECTIONS, DirectionTable, Part, read_direction
from ganatomy.recipes.readings import EditReadings
from ganatomy.writing import atomic_write

FORMAT = 1
PAGE_HEAD = b"<!doctype html>"
SHOWN = ("image.columns", "image.before", "scale", "pixels", "fps", "batch_size", "scene")
"""Fields that change how images are shown, and not what is read in them."""


@dataclass(frozen=True, kw_only=True)
class ModelReference(Part):
    """A model by what `ganatomy.load` takes, and its fingerprint, which tells whether it is the same.

    Args:
        name: a bundled or published name, a path, or a repository of Hugging Face.
    """

    name: Annotated[str, text]
    fingerprint: Annotated[str | None, text] = None
    prior: Annotated[str | None, choice(PRIORS)] = None
    output: Annotated[str | None, choice(tuple(RANGES))] = None
    hidden: Annotated[str | None, text] = None
    resolution: Annotated[int | None, integer(1, 2**16)] = None
    num_classes: Annotated[int | None, integer(0, 2**16)] = None
    class_join: Annotated[str | None, choice(JOINS)] = None
    network: Annotated[str | None, text] = None
    precision: Annotated[str, choice(DTYPES)] = "float32"

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


LOADING = tuple(field.name for field in fields(ModelReference) if field.name not in ("name", "fingerprint"))
"""The options of `ganatomy.load` that a recipe records, which commands have too."""


@dataclass(frozen=True, kw_only=True)
class Recipe(Part):
    """What one image was made from: a model, codes, what was done to them, and how they are shown.

    Args:
        model: None where the image needs no model.
        codes: None where the image needs no model.
        edits: done to all codes, one after another.
        image: how the codes are shown.
        scale: whole number by which each image is enlarged; by default until it is readable.
        pixels: enlarge by whole pixels; by default smoothly.
        fps: frames per second, where the image is written as a film.
        batch_size: images made at a time, on which the last bits of an image depend; by default as many as suit their
            size and the device.
        readings: what classifiers read in the images of the edits; no image depends on it.
        scene: how the studio showed the image, as its page has it; no image depends on it.

    Raises:
        SettingError: where model, codes or image do not go together.

    Example:
        >>> from ganatomy.latents import Space
        >>> from ganatomy.recipes import Drawn
        >>> recipe = Recipe(model=ModelReference(name="faces"), codes=Drawn(seeds=(7,), space=Space.W))
        >>> from_json(to_json(recipe)) == recipe
        True
    """

    model: Annotated[ModelReference | None, ModelReference.read] = None
    codes: Annotated[Codes | None, read_codes] = None
    edits: Annotated[tuple[Edit, ...], several(read_edit, most=MOST_MOVES)] = ()
    image: Annotated[Image, read_image] = field(default_factory=Sheet)
    scale: Annotated[int | None, integer(1, 64)] = None
    pixels: Annotated[bool, flag] = False
    fps: Annotated[float, number(0.001, 1000)] = 25.0
    batch_size: Annotated[int | None, integer(1, 4096)] = None
    readings: Annotated[EditReadings | None, EditReadings.read] = None
    scene: Annotated[Mapping[str, Any] | None, as_it_is] = None

    def __post_init__(self) -> None:
        alone = isinstance(self.image, DrawnFaces)
        if alone and (self.model is not None or self.codes is not None or self.edits):
            raise SettingError(
                "drawn faces are made by no model; a recipe of them has no model, codes or edits"
            )
        if not alone and (self.model is None or self.codes is None):
            lacking = "model" if self.model is None else "codes"
            raise SettingError(f"a recipe of a {self.image.kind} needs a model and codes; give its {lacking}")

    @classmethod
    def of(cls, generator: Generator, latents: Latents, *, columns: int | None = None) -> Self:
        """The recipe of a sheet of these codes, which `render_to` writes with the image.

        Args:
            generator: that was loaded from a file.
            latents: codes of the images.
            columns: images in a row; by default a square sheet.

        Raises:
            SettingError: for a generator that came from no file.

        Example:
            >>> import ganatomy as ga
            >>> digits = ga.load("digits")
            >>> recipe = ga.Recipe.of(digits, digits.sample(4, seed=7))
            >>> path = ga.render_to(recipe, getfixture("tmp_path") / "four.png")
            >>> len(ga.read_recipe(path).codes)
            4
        """
        return cls(
            model=ModelReference.of(generator), codes=Given(latents=latents), image=Sheet(columns=columns)
        )

    def of_any_generator(self) -> Self:
        """The same recipe, no longer tied to the generator that it was written for."""
        return replace(super().of_any_generator(), scene=None).unread()

    def unread(self) -> Self:
        """The same recipe without what classifiers read: other codes and other edits were not read."""
        image = replace(self.image, reading=None) if isinstance(self.image, Walk) else self.image
        return replace(self, image=image, readings=None)

    def with_value(self, place: str, value: Any) -> Recipe:
        """The same recipe with another value in one field of its JSON, such as `edits.0.strength`.

        Raises:
            SettingError: for a field that leads nowhere.
            CheckpointError: for a value that the field cannot have.
        """
        data = json.loads(to_json(self))
        inside: Any = data
        *steps, last = place.split(".")
        for step in steps:
            inside = inside[_key(inside, step, place)]
        inside[last if isinstance(inside, dict) else _key(inside, last, place)] = value
        changed = from_json(json.dumps(data))
        return changed if place in SHOWN else changed.unread()


def to_json(recipe: Recipe) -> str:
    """A recipe as JSON of ASCII letters, without the fields that are null.

    Raises:
        SettingError: when it would be too long to be read again, or holds a number that is not finite.
    """
    table = DirectionTable()
    data = {
        "format": FORMAT,
        "made_by": f"ganatomy {__version__}",
        **recipe.to_data(table),
        "directions": table.to_data(),
    }
    try:
        written = json.dumps(_without_nulls(data), indent=1, allow_nan=False)
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
    fields.where = Place.of("", fields.take("directions", _read_directions, {}))
    try:
        recipe = Recipe.take(fields)
    except SettingError as error:
        raise CheckpointError(str(error)) from None
    fields.end()
    return recipe


def read_recipe(path: str | os.PathLike[str]) -> Recipe:
    """The recipe in a file of JSON, or in an image, a film or a page with a slider that ganatomy wrote.

    Args:
        path: the file; its content decides what it is, not its ending.

    Returns:
        The recipe. Nothing that it names is opened.

    Raises:
        MissingFileError: when there is no such file.
        CheckpointError: when it holds none, or one that is damaged; the message names the field.

    Example::

        wider = ganatomy.read_recipe("smiling.png").with_value("edits.0.strength", 3)
    """
    path = Path(path)
    try:
        with a_file(path, "an image, a film or a recipe").open("rb") as file:
            head = file.read(64)
            # A huge file is not read to find out that it is no recipe.
            is_text = head.lstrip()[:1] in (b"{", b"[") or head.startswith(PAGE_HEAD)
            written = head + file.read(MOST_BYTES) if is_text else None
    except FileNotFoundError:
        raise MissingFileError(f"{path} does not exist") from None
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}") from None
    if written is not None and head.startswith(PAGE_HEAD):
        written = read_page_text(written.decode("utf-8", "replace")) or ""
    if written is None:
        found = read_film_text(path) if head[4:8] == b"ftyp" else read_text(path)
        if found is None or not found.lstrip().startswith("{"):  # a comment of another program is none
            raise CheckpointError(
                f"{path} carries no recipe; images that ganatomy wrote do, unless another program saved them again"
            )
        written = found
    try:
        return from_json(written)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None


def save_recipe(recipe: Recipe, path: str | os.PathLike[str]) -> Path:
    """Write a recipe as JSON, whole or not at all.

    Args:
        recipe: what is written.
        path: where.

    Returns:
        The path.

    Raises:
        OutputError: when the file cannot be written.
        SettingError: as `to_json` does.

    Example::

        ganatomy.save_recipe(ganatomy.read_recipe("smiling.png"), "smiling.json")
    """
    written = to_json(recipe)
    with atomic_write(path) as part:
        part.write_text(written + "\n", encoding="utf-8")
    return Path(path)


def _read_directions(value: Any, where: str) -> dict[str, Direction]:
    fields = Fields(value, where)
    several(text, most=MOST_DIRECTIONS)(list(fields.data), where)
    return {name: fields.take(name, read_direction) for name in fields.data}


def _key(inside: Any, step: str, place: str) -> str | int:
    """What a step of a place is called in JSON: a name, or the row of a list."""
    if isinstance(inside, dict) and step in inside:
        return step
    if isinstance(inside, list) and step in map(str, range(len(inside))):
        return int(step)
    raise SettingError(f"the recipe has no field {place!r}: no {step!r} is there")


def _without_nulls(value: Any) -> Any:
    """The same without fields that are null."""
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value
