"""Whole photographs with edited faces: one image, a folder of them, a strip or a film."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ganatomy.cli.codes import Inputs, Inverted, Inverting
from ganatomy.cli.console import progress
from ganatomy.cli.outputs import FILMS, write
from ganatomy.errors import SettingError

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

    from ganatomy.generators.base import Generator
    from ganatomy.latents import Latents
    from ganatomy.recipes import Recipe

FILM_SIDE, STRIP_SIDE = 1280, 384
"""Pixels that the longer side of a photograph has at most, in films and in strips."""


def write_or_paste(
    recipe: Recipe, out: Path, photographs: Inverting, inputs: Inputs, *, generator: Generator
) -> None:
    """Write what a recipe makes: for --paste into the photographs that its codes were found for."""
    if photographs.paste:
        write_pasted(recipe, out, inputs.inverted, generator=generator)
    else:
        write(recipe, out, generator=generator)


def write_pasted(recipe: Recipe, out: Path, inverted: Sequence[Inverted], *, generator: Generator) -> None:
    """Write what a recipe makes of photographs into these, with the recipe in the files and with progress.

    Args:
        recipe: whose codes are those of the photographs, in their order.
        out: a file; for several photographs a folder.
        inverted: the photographs.
        generator: of the recipe.

    Raises:
        SettingError: for a file where a folder is needed, and for walks of more than one face.
        OutputError: when it cannot be written.
    """
    from ganatomy.recipes.rendering import plan_of

    if recipe.image.kind in ("walk", "path"):
        _write_walk(recipe, out, inverted, generator)
    else:
        _write_photographs(recipe, out, inverted, generator, plan_of(recipe, generator).result)


def _write_photographs(
    recipe: Recipe, out: Path, inverted: Sequence[Inverted], generator: Generator, latents: Latents
) -> None:
    from ganatomy.images import save_image
    from ganatomy.recipes import to_json

    if len(inverted) > 1 and out.suffix:
        raise SettingError(
            f"{len(inverted)} photographs do not fit into {out.name}; name a folder, without an ending"
        )
    if len(latents) != sum(len(each.crops) for each in inverted):
        raise SettingError(
            f"--paste puts one face in the place of one; {len(latents)} do not go into the places of the photographs"
        )
    first, names = 0, [f"{Path(each.photograph.name).stem}.png" for each in inverted]
    with progress("pasting") as advance:
        for row, each in enumerate(inverted):
            now = latents[first : first + len(each.crops)]
            first += len(each.crops)
            again = names[:row].count(names[row])
            name = f"{Path(names[row]).stem} {again + 1}.png" if again else names[row]
            image = next(_pasted(each, [now], generator))
            save_image(image, out if out.suffix else out / name, text=to_json(recipe))
            advance(row + 1, len(inverted))


def _write_walk(recipe: Recipe, out: Path, inverted: Sequence[Inverted], generator: Generator) -> None:
    """A strip or a film of one photograph whose face walks."""
    from ganatomy.images import from_pil, save_image, shrunk
    from ganatomy.plots import film, grid
    from ganatomy.recipes import to_json
    from ganatomy.recipes.rendering import plan_of

    plan = plan_of(recipe, generator)
    if len(inverted) != 1 or len(inverted[0].crops) != 1:
        raise SettingError(
            "--paste walks with one face of one photograph; give one, and leave out --faces all"
        )
    moving = out.suffix.lower() in FILMS
    cells = [cell for frame in plan.frames for cell in frame] if moving else range(len(plan.shown))
    order = list(dict.fromkeys(cells))  # a film that goes there and back shows most of them twice
    made: dict[int, Tensor] = {}
    with progress("pasting") as advance:
        pasted = _pasted(inverted[0], (plan.shown[[cell]] for cell in order), generator)
        for done, (cell, image) in enumerate(zip(order, pasted, strict=True), 1):
            made[cell] = shrunk(from_pil(image), FILM_SIDE if moving else STRIP_SIDE)[0]
            advance(done, len(order))
    if moving:
        film(
            (made[cell] for cell in cells), out, fps=recipe.fps, loop=plan.loop, scale=1, text=to_json(recipe)
        )
        return
    import torch

    images = torch.stack([made[cell] for cell in cells])
    sheet = grid(images, columns=plan.columns, scale=1, captions=plan.captions, row_labels=plan.row_labels)
    save_image(sheet, out, text=to_json(recipe))


def _pasted(each: Inverted, versions: Iterable[Latents], generator: Generator) -> Iterator[Image]:
    """The photograph with each version of its codes."""
    import torch

    from ganatomy.photographs import paste

    with torch.no_grad():
        before = generator(each.latents).clamp(-1, 1)
        for latents in versions:
            yield paste(each.photograph, each.crops, generator(latents).clamp(-1, 1), reconstructed=before)
