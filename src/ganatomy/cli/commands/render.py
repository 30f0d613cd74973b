"""`ganatomy render`: an image drawn again from the recipe that it carries."""

from __future__ import annotations

import json as json_format
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ganatomy.cli import parsing
from ganatomy.cli.console import answer
from ganatomy.cli.outputs import CODES, FILMS, IMAGES, expect_file, write
from ganatomy.cli.parameters import Device, Json, out_path, switch
from ganatomy.cli.readings import with_lines
from ganatomy.devices import usable_device
from ganatomy.errors import SettingError

if TYPE_CHECKING:
    from ganatomy.recipes import Recipe


def render(
    source: Annotated[Path, Parameter(help="An image or a film that ganatomy wrote, or a recipe as JSON.")],
    /,
    *,
    out: Annotated[
        Path | None,
        out_path(
            "File to write; its ending chooses an image, a film or latents (.latents). By default a file in this "
            "folder, with -again in its name."
        ),
    ] = None,
    show: Annotated[bool, switch("Print the recipe as JSON; draw nothing without -o.")] = False,
    changes: Annotated[list[str] | None, Parameter(name="--set", metavar="FIELD=VALUE", negative=())] = None,
    model: str | None = None,
    device: Device = "auto",
    json: Json = False,
) -> None:
    r"""Draw an image again from the recipe that it carries, or from a changed one.

    On the same machine the pixels are the same to the last bit.

    Args:
        changes: Change a field of the recipe first, such as edits.0.strength=3; give it again for the next.
        model: Draw with another model than the recipe's, even if it has other weights.

    Example:
        ganatomy render edited.png -o again.png
        ganatomy render edited.png --set edits.0.strength=3 -o more.png
        ganatomy render edited.png --show
    """
    from ganatomy.recipes import read_recipe, to_json
    from ganatomy.recipes.rendering import open_model

    settings = [parsing.field_and_value(text) for text in changes or ()]
    if out is not None:
        expect_file(out, IMAGES + FILMS + CODES)
    recipe = read_recipe(source)
    for field, value in settings:
        recipe = recipe.with_value(field, value)
    if model is not None:
        if recipe.model is None:
            raise SettingError(f"{source} was made by no model; leave out --model")
        named = replace(recipe.model, name=model, fingerprint=None)
        recipe = replace(recipe.of_any_generator(), model=named)
    if show:
        answer(to_json(recipe), json_format.loads(to_json(recipe)), as_json=json)
        if out is None:
            return
    out = expect_file(out or Path(f"{source.stem}-again{_image_ending(source)}"))
    generator = None if recipe.model is None else open_model(recipe.model, device=usable_device(device))
    if model is not None and recipe.model is not None and generator is not None:
        # The new image names the model that drew it.
        recipe = replace(recipe, model=replace(recipe.model, fingerprint=generator.fingerprint))
    write(recipe, out, generator=generator)
    if not show:
        data = {"out": str(out), "source": str(source), "recipe": json_format.loads(to_json(recipe))}
        done = f"{out}: {recipe.image.kind}, drawn again from {source}"
        lines = _read(recipe)
        answer(with_lines(f"{done}; when it was made:", lines) if lines else done, data, as_json=json)


def _read(recipe: Recipe) -> Sequence[str]:
    """What classifiers read in the images, if the recipe says it."""
    from ganatomy.recipes import Walk

    if isinstance(recipe.image, Walk) and recipe.image.reading is not None:
        return recipe.image.reading.lines
    return () if recipe.readings is None else recipe.readings.lines


def _image_ending(source: Path) -> str:
    """The ending of an image like this one; a recipe alone becomes a PNG."""
    return source.suffix if source.suffix.lower() in IMAGES + FILMS else ".png"
