"""Files made from scenes."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import torch

from ganatomy.errors import SettingError
from ganatomy.latents import Directions
from ganatomy.recipes import CodePath, Given, Move, Recipe, Sheet, render_to, save_recipe, to_json
from ganatomy.recipes.codes import Drawn, Sum
from ganatomy.recipes.fields import choice, flag, integer, number, several, text
from ganatomy.recipes.parts import Part
from ganatomy.storage import atomic_write, save_directions
from ganatomy.studio.bench import Bench, joined
from ganatomy.studio.queries import Keys, Method
from ganatomy.studio.scenes import Scene
from ganatomy.studio.turns import Pause

MOST_FRAMES = 600
SHARED_FRAMES = 33
"""Images of a page with a slider."""
MOST_FACES = 12
SCALES = (1, 2, 4)

SUFFIXES = {
    "png": ".png",
    "pair": "-before-after.png",
    "page": ".html",
    "recipe": ".recipe.json",
    "directions": ".directions",
    "latents": ".latents",
    "script": ".py",
    "mp4": ".mp4",
    "gif": ".gif",
    "sheet": "-faces.png",
    "zip": "-faces.zip",
}
MEDIA = {
    ".png": "image/png",
    ".html": "text/html",
    ".json": "application/json",
    ".py": "text/x-python",
    ".mp4": "video/mp4",
    ".gif": "image/gif",
    ".zip": "application/zip",
}
IMAGES = ("png", "pair", "page", "recipe", "directions", "latents", "script")
CARRYING = ("png", "pair", "recipe", "script")
"""Files with the recipe in them."""
FILMS = ("mp4", "gif")
FACES = ("sheet", "zip")

SCRIPT = '''"""{what}

Written by the studio of ganatomy {version}. It draws the image from its recipe, and once more step by step.
"""

import ganatomy as ga
from ganatomy.recipes import from_json

recipe = from_json(r"""{recipe}""")
ga.render(recipe).save("image.png")

generator = ga.load("{model}"{options})
latents = recipe.codes.draw(generator)
for move in recipe.edits:
    latents = ga.move(latents, move.direction, move.strength, units=move.units, layers=move.layers)
ga.grid(generator(latents), gap=0).save("step-by-step.png")
'''


@dataclass(frozen=True, kw_only=True)
class ExportRequest(Part):
    """One file of a scene.

    Args:
        model: by default the first one.
        what: the image, both images side by side, a page with a slider, the recipe, directions, codes, or a script.
        scene: that it is made from.
        scale: whole number by which images are enlarged; by default until they are readable.
        pixels: enlarge by whole pixels, not smoothly.
    """

    model: Annotated[str | None, text] = None
    what: Annotated[str, choice(IMAGES)]
    scene: Annotated[Scene, Scene.read]
    scale: Annotated[int | None, integer(1, max(SCALES))] = None
    pixels: Annotated[bool, flag] = False

    def write(self, bench: Bench, folder: Path, *, pause: Pause) -> Path:
        """Write the file into a folder.

        Raises:
            SettingError: for directions, both images or a page of an image that nothing was moved in; directions that
                were taught or opened can be written all the same.
        """
        scene = self.scene
        path = folder / f"{stem(bench, scene)}{SUFFIXES[self.what]}"
        if self.what == "directions":
            return save_directions(exported_directions(bench, scene, pause=pause), path)
        if self.what == "page":
            return _write_page(bench, scene, path, pause=pause)
        recipe = carried_recipe(bench, scene, pause=pause, read=self.what in CARRYING)
        if self.what == "script":
            return _write_script(bench, recipe, path)
        if self.what == "recipe":
            return save_recipe(recipe, path)
        if self.what == "pair" and not recipe.edits:
            raise SettingError("no slider has been moved, so there is no image before and after; move one")
        recipe = replace(
            recipe,
            image=Sheet(before=self.what == "pair", columns=None),
            scale=self.scale,
            pixels=self.pixels,
        )
        with torch.no_grad():
            return render_to(recipe, path, generator=bench.generator)


def exported_directions(bench: Bench, scene: Scene, *, pause: Pause) -> Directions:
    """Sliders that were moved, and all that were taught or opened, as directions that are the same sliders elsewhere.

    Each keeps its step, what it holds, and its layers.

    Raises:
        SettingError: where there is none.
    """
    found = {}
    moved = [name for name, steps in scene.moves.items() if steps]
    for name in dict.fromkeys((*moved, *scene.taught, *scene.own)):
        direction = bench.direction(name, scene, pause=pause)
        layers = direction.layers or bench.layers_of(direction, scene)
        free = direction.name if direction.name not in found else name
        found[free] = replace(direction, name=free, layers=layers)
    if not found:
        raise SettingError("no slider has been moved, so there is no direction to export; move one")
    return Directions(found.values())


def carried_recipe(bench: Bench, scene: Scene, *, pause: Pause, read: bool = True) -> Recipe:
    """The recipe that a file of a scene carries: with the scene and, where it is read, what was read in its image."""
    recipe = replace(bench.recipe(scene, pause=pause), image=Sheet(), scene=scene.to_data())
    if not read or not recipe.edits:
        return recipe
    return replace(recipe, readings=bench.reading(scene, pause=pause))


@dataclass(frozen=True, kw_only=True)
class FilmRequest(Part):
    """A film from key image to key image."""

    model: Annotated[str | None, text] = None
    what: Annotated[str, choice(FILMS)]
    keys: Keys
    method: Method = "lerp"
    frames: Annotated[int, integer(2, MOST_FRAMES)] = 48
    fps: Annotated[float, number(1, 60)] = 24.0
    closed: Annotated[bool, flag] = False

    def write(self, bench: Bench, folder: Path, *, pause: Pause) -> Path:
        """Write the film into a folder."""
        recipe = Recipe(
            model=bench.reference,
            codes=Given(latents=bench.codes(self.keys, pause=pause)),
            image=CodePath(frames=self.frames, method=self.method, closed=self.closed),
            fps=self.fps,
            batch_size=bench.at_once,
            scene={"keys": [key.to_data() for key in self.keys]},
        )
        path = folder / f"{_plain(bench.name)}-walk{SUFFIXES[self.what]}"
        return render_to(recipe, path, generator=bench.generator, progress=lambda *_: pause())


@dataclass(frozen=True, kw_only=True)
class FacesRequest(Part):
    """Several faces with the same edit, as one sheet of both images of each, or as files in a zip.

    Args:
        model: by default the first one.
        what: "sheet" or "zip".
        scenes: one for each face.
    """

    model: Annotated[str | None, text] = None
    what: Annotated[str, choice(FACES)]
    scenes: Annotated[tuple[Scene, ...], several(Scene.read, least=1, most=MOST_FACES)]

    def write(self, bench: Bench, folder: Path, *, pause: Pause) -> Path:
        """Write the file into a folder."""
        path = folder / f"{_plain(bench.name)}{SUFFIXES[self.what]}"
        if self.what == "zip":
            return self._write_zip(bench, path, pause=pause)
        before = bench.codes([replace(scene, moves={}) for scene in self.scenes], pause=pause)
        after = bench.codes(self.scenes, pause=pause)
        both = joined([before, after])
        recipe = Recipe(
            model=bench.reference,
            codes=Given(latents=both),
            image=Sheet(columns=len(self.scenes)),
            batch_size=bench.at_once,
        )
        return render_to(recipe, path, generator=bench.generator, progress=lambda *_: pause())

    def _write_zip(self, bench: Bench, path: Path, *, pause: Pause) -> Path:
        with atomic_write(path) as part, zipfile.ZipFile(part, "w") as archive:  # PNGs are compressed already
            for number, scene in enumerate(self.scenes, start=1):
                recipe = carried_recipe(bench, scene, pause=pause, read=False)
                with torch.no_grad():
                    file = render_to(
                        recipe,
                        path.parent / f"{number:02d}-{stem(bench, scene)}.png",
                        generator=bench.generator,
                    )
                archive.write(file, file.name)
                pause()
        return path


def _write_page(bench: Bench, scene: Scene, path: Path, *, pause: Pause) -> Path:
    """A page whose slider goes from the image before to the image now."""
    before = replace(scene, moves={})
    if not any(scene.moves.values()):
        raise SettingError("no slider has been moved, so a page with a slider would show one image; move one")
    recipe = Recipe(
        model=bench.reference,
        codes=Given(latents=bench.codes([before, scene], pause=pause)),
        image=CodePath(frames=SHARED_FRAMES, method="lerp"),
        batch_size=bench.at_once,
        scene={"keys": [before.to_data(), scene.to_data()]},
    )
    return render_to(recipe, path, generator=bench.generator, progress=lambda *_: pause())


def _write_script(bench: Bench, recipe: Recipe, path: Path) -> Path:
    from ganatomy import __version__

    reference = bench.reference
    options = {
        name: value
        for name, value in json.loads(to_json(recipe))["model"].items()
        if name not in ("name", "fingerprint") and (name, value) != ("precision", "float32")
    }
    text = SCRIPT.format(
        what=_sentence(bench, recipe),
        version=__version__,
        recipe=to_json(recipe),
        model=reference.name.replace("\\", "\\\\").replace('"', '\\"'),
        options="".join(f", {name}={value!r}" for name, value in options.items()),
    )
    path.write_text(text, encoding="utf-8")
    return path


def _sentence(bench: Bench, recipe: Recipe) -> str:
    """One line about the image, without what would end a docstring."""
    moved = ", ".join(f"{move.direction.name}" for move in recipe.edits if isinstance(move, Move))
    assert recipe.codes is not None
    titles = {Drawn: f"seed {recipe.codes.title}", Sum: f"the sum {recipe.codes.title}"}
    start = titles.get(type(recipe.codes), "codes of its own")
    sentence = f"An image of {bench.name} from {start}{f', moved along {moved}' if moved else ''}."
    return sentence.replace("\\", "/").replace('"', "'")


def stem(bench: Bench, scene: Scene) -> str:
    """A name for the file: the model, the seed and the first moves."""
    start = f"seed-{scene.codes.seeds[0]}" if isinstance(scene.codes, Drawn) else "codes"
    moved = [name for name, steps in scene.moves.items() if steps][:3]
    return "-".join(_plain(part) for part in (bench.name, start, *moved))


def _plain(name: str) -> str:
    """A name as part of a file's name."""
    kept = "".join(letter if letter.isalnum() else "-" for letter in Path(name).stem)
    return kept.strip("-")[:40] or "image"
