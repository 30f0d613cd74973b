"""From a recipe to its image: the one way in which images of codes are made, on the command line and off it."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from ganatomy.errors import CheckpointError, FingerprintError, GanatomyError, SettingError
from ganatomy.generators import load
from ganatomy.generators.base import Generator
from ganatomy.generators.batches import batches
from ganatomy.images import save_image, to_pil
from ganatomy.latents import Latents
from ganatomy.plots import enlargement, film, grid, slider_page
from ganatomy.plots.films import WRITERS
from ganatomy.progress import Advance, watched
from ganatomy.recipes.images import DrawnFaces, Plan, Walk, limit_images
from ganatomy.recipes.recipe import ModelReference, Recipe, to_json
from ganatomy.storage import save_latents

CODES = (".latents", ".safetensors")
FILMS = tuple(WRITERS)
PAGES = (".html",)
MOST_CODES = 2**29
"""Numbers of codes that are written at once: two gigabytes."""
LARGEST_SHEET = 170_000_000
"""Pixels. Larger images could be written, but Pillow takes them for an attack when they are opened."""


@watched("drawing")
def render(
    recipe: Recipe,
    *,
    generator: Generator | None = None,
    device: str | None = None,
    progress: Advance | None = None,
) -> Image.Image:
    """The image of a recipe: the same pixels each time on one machine, device and number of threads.

    Args:
        recipe: what the image is made from.
        generator: the recipe's model, where it is loaded already; by default it is loaded.
        device: where to load it, such as "cuda"; by default the processor.
        progress: called with the images that are made, and all.

    Returns:
        The image, as PIL.

    Raises:
        FingerprintError: when the model is not the one that the recipe was written for.
        GanatomyError: when the model cannot be loaded, or cannot do what the recipe needs.

    Example:
        >>> from ganatomy.generators.toy import ToyGenerator
        >>> from ganatomy.latents import Space
        >>> from ganatomy.recipes import Drawn, ModelReference, Recipe, Sheet
        >>> codes = Drawn(seeds=(7, 8), space=Space.Z)
        >>> recipe = Recipe(model=ModelReference(name="toy"), codes=codes, image=Sheet(columns=2), scale=1)
        >>> render(recipe, generator=ToyGenerator()).size
        (22, 12)
    """
    if isinstance(recipe.image, DrawnFaces):
        return _drawn_faces(recipe.image, recipe)
    generator = _generator(recipe, generator, device)
    limit_images(len(recipe.codes or ()))
    plan = plan_of(recipe, generator)
    cells = range(len(plan.shown)) if plan.cells is None else plan.cells
    if not cells:
        raise SettingError("there is no image to show; ask for at least one")
    columns = plan.columns if plan.columns is not None else math.ceil(math.sqrt(len(cells)))
    rows = math.ceil(len(cells) / max(columns, 1))
    _expect_room(generator.signature.size, recipe.scale, rows * columns)

    images = torch.stack([*_images(generator, plan.shown, recipe.batch_size, progress)])
    white = torch.ones_like(images[0])
    return grid(
        torch.stack([white if cell is None else images[cell] for cell in cells]),
        columns=columns,
        scale=recipe.scale,
        pixels=recipe.pixels,
        gap=2 if len(cells) > 1 else 0,
        labels=plan.labels,
        captions=plan.captions,
        row_labels=plan.row_labels,
        marked=plan.marked,
    )


@watched("drawing")
def render_to(
    recipe: Recipe,
    path: str | os.PathLike[str],
    *,
    generator: Generator | None = None,
    device: str | None = None,
    progress: Advance | None = None,
) -> Path:
    """Write what a recipe makes. Images and films carry the recipe, and `read_recipe` finds it in them.

    Args:
        recipe: what the file is made from.
        path: its ending chooses an image, a film, a page with a slider (.html), or the codes (.latents).
        generator: as in `render`, as are `device` and `progress`.

    Returns:
        The path.

    Raises:
        SettingError: for another ending, or a film of what does not move.
        OutputError: when it cannot be written.
        GanatomyError: as `render` does.

    Example::

        ganatomy.render_to(ganatomy.read_recipe("smiling.png"), "again.png")
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in CODES + FILMS + PAGES:
        written = to_json(recipe)
        image = render(recipe, generator=generator, device=device, progress=progress)
        return save_image(image, path, text=written)
    if isinstance(recipe.image, DrawnFaces):
        raise SettingError(f"drawn faces are an image, and {path.name!r} is none; name it .png")
    generator = _generator(recipe, generator, device)
    if ending in CODES:
        _expect_memory(recipe, generator)
        return save_latents(plan_of(recipe, generator).result, path)
    limit_images(len(recipe.codes or ()))
    plan = plan_of(recipe, generator)
    if not plan.frames:
        raise SettingError(
            f"this {recipe.image.kind} does not move, so {path.name!r} cannot show it; use .png"
        )
    _expect_room(generator.signature.size, recipe.scale, len(plan.frames[0]))
    if ending in PAGES:
        plan = replace(plan, frames=plan.frames[: len(plan.stations)])
        frames = _frames(generator, plan, recipe.batch_size, progress)
        return _page(recipe, plan, frames, path)
    frames = _frames(generator, plan, recipe.batch_size, progress)
    return film(
        frames,
        path,
        fps=recipe.fps,
        loop=plan.loop,
        scale=recipe.scale,
        pixels=recipe.pixels,
        text=to_json(recipe),
    )


def _page(recipe: Recipe, plan: Plan, frames: Iterator[Float[Tensor, "c h w"]], path: Path) -> Path:
    """A page with a slider; it starts where the codes are as they were, or in its middle."""
    stations = [*plan.stations]
    start = stations.index("0") if "0" in stations else len(stations) // 2
    name = recipe.image.along.name if isinstance(recipe.image, Walk) else "Walk"
    return slider_page(
        (to_pil(frame) for frame in frames),
        path,
        captions=stations,
        title=name.replace("_", " "),
        start=start,
        text=to_json(recipe),
    )


def open_model(reference: ModelReference, *, device: str | None = None) -> Generator:
    """The model that a recipe names, read as it says.

    Raises:
        FingerprintError: when it is another one than the recipe was written for.
        MissingFileError, UnknownNameError, CheckpointError, DownloadError: when it cannot be read.
    """
    try:
        path = Path(reference.name)
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise CheckpointError(f"the recipe's model {reference.name!r} is neither a file nor a folder")
        settings = {name: value for name, value in vars(reference).items() if name != "fingerprint"}
        generator = load(settings.pop("name"), **settings, device=device)
    except OSError as error:
        if isinstance(error, GanatomyError):
            raise
        raise CheckpointError(
            f"the recipe's model {reference.name!r} cannot be read: {error.strerror or error}"
        ) from None
    _check(reference, generator)
    return generator


def _generator(recipe: Recipe, generator: Generator | None, device: str | None) -> Generator:
    assert recipe.model is not None
    if generator is None:
        return open_model(recipe.model, device=device)
    _check(recipe.model, generator)
    return generator


def _check(reference: ModelReference, generator: Generator) -> None:
    if reference.fingerprint not in (None, generator.fingerprint):
        raise FingerprintError(
            f"the recipe was written for generator {str(reference.fingerprint)[:12]}, {reference.name!r} is "
            f"{generator.fingerprint[:12]}; use recipe.of_any_generator(), or --model on the command line, "
            "to draw it all the same"
        )


@torch.no_grad()
def plan_of(recipe: Recipe, generator: Generator) -> Plan:
    """Which codes a recipe draws and where their images go, on its generator."""
    assert recipe.codes is not None
    assert not isinstance(recipe.image, DrawnFaces)
    now = was = recipe.codes.draw(generator)
    for edit in recipe.edits:
        now = edit.apply(now, generator)
    return recipe.image.plan(generator, recipe.codes, was, now)


def _drawn_faces(asked: DrawnFaces, recipe: Recipe) -> Image.Image:
    from ganatomy.datasets import draw_faces, sample_faces

    _expect_room((asked.resolution, asked.resolution), recipe.scale, asked.n)
    faces = sample_faces(asked.n, seed=asked.seed, entangled=not asked.independent)
    images = draw_faces(faces, resolution=asked.resolution)
    gap = 2 if asked.n > 1 else 0
    return grid(images, columns=asked.columns, scale=recipe.scale, pixels=recipe.pixels, gap=gap)


def _images(
    generator: Generator, codes: Latents, batch_size: int | None, progress: Advance | None
) -> Iterator[Float[Tensor, "c h w"]]:
    """One image for each code, made in batches and brought to the CPU."""
    done = 0
    for part in batches(generator, codes, batch_size):
        with torch.no_grad():
            made = generator(part).float().cpu()
        done += len(part)
        if progress:
            progress(done, len(codes))
        yield from made


def _frames(
    generator: Generator, plan: Plan, batch_size: int | None, progress: Advance | None
) -> Iterator[Float[Tensor, "c h w"]]:
    """One frame after another. An image is made when it is first needed, and kept only as long as it is."""
    order = list(dict.fromkeys(chain.from_iterable(plan.frames)))
    last = {cell: index for index, frame in enumerate(plan.frames) for cell in frame}
    coming = zip(order, _images(generator, plan.shown[order], batch_size, progress), strict=True)
    made: dict[int, Tensor] = {}
    for index, frame in enumerate(plan.frames):
        while any(cell not in made for cell in frame):
            made.update([next(coming)])
        yield torch.cat([made[cell] for cell in frame], dim=-1)
        for cell in {cell for cell in frame if last[cell] == index}:
            del made[cell]


def _expect_memory(recipe: Recipe, generator: Generator) -> None:
    """Refuse codes that would fill the memory, before they are drawn."""
    count, width = len(recipe.codes or ()), generator.signature.z_dim
    if count * width > MOST_CODES:
        raise SettingError(
            f"{count:,} codes of {width} numbers are too many for one file; ask for at most {MOST_CODES // width:,}"
        )


def _expect_room(size: tuple[int, int], scale: int | None, count: int) -> None:
    """Refuse a sheet that would not fit, before its images are made."""
    height, width = (side * (scale if scale is not None else enlargement(size)) for side in size)
    if count * height * width > LARGEST_SHEET:
        raise SettingError(
            f"{count} images of {width} x {height} px make a sheet of {count * height * width / 1e6:.0f} megapixels, "
            f"and {LARGEST_SHEET / 1e6:.0f} are the most; show fewer, or choose a smaller scale"
        )
