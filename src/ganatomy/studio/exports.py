"""Files made from scenes, and scenes read back from such files."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import torch

from ganatomy.edits import held_step
from ganatomy.errors import CheckpointError, GanatomyError, SettingError
from ganatomy.images import read_text
from ganatomy.latents import Direction, Directions, Latents
from ganatomy.recipes import (
    CodePath,
    Given,
    Move,
    Recipe,
    Sheet,
    read_recipe,
    render_to,
    save_recipe,
    to_json,
)
from ganatomy.recipes.codes import Drawn, Sum
from ganatomy.recipes.fields import choice, flag, integer, number, text
from ganatomy.recipes.parts import Part
from ganatomy.storage import load_directions, load_latents, read_kind, save_directions
from ganatomy.studio.bench import AT_ONCE, Bench
from ganatomy.studio.photographs import is_photograph
from ganatomy.studio.queries import MOST_KEYS, Keys, Method
from ganatomy.studio.scenes import FURTHEST, MOST_CODES, Scene
from ganatomy.studio.turns import Pause

SAME = 1e-3
"""Codes that differ by no more, as a share of their length, are the same image."""

MOST_FRAMES = 600
LARGEST_SEED = 2**31 - 1
"""The largest that the page accepts."""

SUFFIXES = {
    "png": ".png",
    "recipe": ".recipe.json",
    "directions": ".directions",
    "latents": ".latents",
    "script": ".py",
    "mp4": ".mp4",
    "gif": ".gif",
}
MEDIA = {
    ".png": "image/png",
    ".json": "application/json",
    ".py": "text/x-python",
    ".mp4": "video/mp4",
    ".gif": "image/gif",
}
IMAGES = ("png", "recipe", "directions", "latents", "script")
CARRYING = ("png", "recipe", "script")
"""Files with the recipe in them."""
FILMS = ("mp4", "gif")

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
    """One file of a scene: the image, its recipe, directions, codes, or a script."""

    model: Annotated[str | None, text] = None
    what: Annotated[str, choice(IMAGES)]
    scene: Annotated[Scene, Scene.read]

    def write(self, bench: Bench, folder: Path, *, pause: Pause) -> Path:
        """Write the file into a folder.

        Raises:
            SettingError: for directions of an image that nothing was moved in, where none is taught or of a file.
        """
        scene = self.scene
        path = folder / f"{stem(bench, scene)}{SUFFIXES[self.what]}"
        recipe = carried_recipe(bench, scene, pause=pause, read=self.what in CARRYING)
        if self.what == "directions":
            found = {
                name: bench.taught(name, labels, pause=pause).direction
                for name, labels in scene.taught.items()
            }
            found |= scene.own
            found |= {move.direction.name: move.direction for move in recipe.edits if isinstance(move, Move)}
            if not found:
                raise SettingError("no slider has been moved, so there is no direction to export; move one")
            return save_directions(Directions(found.values()), path)
        if self.what == "script":
            return _write_script(bench, recipe, path)
        if self.what == "recipe":
            return save_recipe(recipe, path)
        with torch.no_grad():
            return render_to(recipe, path, generator=bench.generator)


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
            batch_size=AT_ONCE,
            scene={"keys": [key.to_data() for key in self.keys]},
        )
        path = folder / f"{_plain(bench.name)}-walk{SUFFIXES[self.what]}"
        return render_to(recipe, path, generator=bench.generator, progress=lambda *_: pause())


def restore(benches: Sequence[Bench], data: bytes) -> dict[str, Any]:
    """The content of a file that is dropped on the page: an image or film of ours, a recipe, codes, directions.

    The "kind" is "image" or "directions", with a "scene"; "walk", with scenes as its "keys"; or "photograph" for any
    other image, which is not read here.

    Raises:
        CheckpointError: for anything else. SettingError: for an image of a model that is not here.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dropped"
        path.write_bytes(data)
        try:
            if data[8:9] == b"{" and data[4:8] == b"\0\0\0\0":
                return _of_our_file(benches, path)
            recipe = read_recipe(path)
        except CheckpointError as error:
            if is_photograph(data) and not _carries_recipe(path):
                return {"kind": "photograph"}
            raise CheckpointError(str(error).replace(f"{path}", "the file")) from None
    return _of_recipe(benches, recipe)


def _carries_recipe(path: Path) -> bool:
    """Whether an image carries a recipe, be it damaged."""
    try:
        return (read_text(path) or "").lstrip().startswith("{")
    except CheckpointError:
        return False


def _of_recipe(benches: Sequence[Bench], recipe: Recipe) -> dict[str, Any]:
    if recipe.model is None or recipe.codes is None:
        raise SettingError("this recipe draws faces without a model, so there is nothing to edit")
    bench = _bench(benches, recipe.model.fingerprint, recipe.model.name)
    summed = sum(len(term.codes) for term in getattr(recipe.codes, "terms", ()))
    if max(len(recipe.codes), summed) > MOST_CODES:
        raise SettingError(f"this recipe draws more than {MOST_CODES} codes; the page opens one image")
    codes = _codes(bench, recipe)
    if isinstance(recipe.image, CodePath):
        return _walk(bench, recipe.image, _carried(bench, recipe, codes) or _given(codes))
    (scene,) = _carried(bench, recipe, codes[0]) or (_plain_scene(bench, recipe, codes[0]),)
    if isinstance(scene.codes, Drawn) and scene.codes.seeds[0] > LARGEST_SEED:
        scene = replace(scene, codes=Given(latents=scene.codes.draw(bench.generator)))
    read = [] if recipe.readings is None else recipe.readings.lines
    return {"model": bench.name, "kind": "image", "scene": scene.to_data(), "read": read}


def _walk(bench: Bench, path: CodePath, keys: Sequence[Scene]) -> dict[str, Any]:
    if not 2 <= len(keys) <= MOST_KEYS:
        raise SettingError(f"this walk has {len(keys)} key images; the page shows 2 to {MOST_KEYS}")
    return {
        "model": bench.name,
        "kind": "walk",
        "keys": [key.to_data() for key in keys],
        "method": path.method,
        "frames": path.frames,
        "closed": path.closed,
    }


def _carried(bench: Bench, recipe: Recipe, codes: Latents) -> tuple[Scene, ...] | None:
    """The scenes that the recipe carries, if they still make the same codes."""
    scene = recipe.scene or {}
    try:
        scenes = tuple(Scene.read(dict(one), "scene") for one in scene.get("keys", [scene])[:MOST_CODES])
        found = bench.codes(scenes)
    except (GanatomyError, TypeError, ValueError):
        return None
    return scenes if alike(found, codes) else None


def _given(codes: Latents) -> tuple[Scene, ...]:
    return tuple(Scene(codes=Given(latents=codes[k])) for k in range(len(codes)))


def _plain_scene(bench: Bench, recipe: Recipe, codes: Latents) -> Scene:
    """The moves of a recipe as directions by value; the codes alone where that is impossible."""
    assert recipe.codes is not None
    (fallen,) = _given(codes)
    moves = [edit for edit in recipe.edits if isinstance(edit, Move)]
    if len(recipe.codes) != 1 or len(moves) != len(recipe.edits) or len({move.layers for move in moves}) > 1:
        return fallen
    known = () if bench.panel is None else bench.panel.names
    own: dict[str, Direction] = {}
    steps: dict[str, float] = {}
    for move in moves:
        if (
            isinstance(move.strength, tuple)
            or move.units == "logit"
            or not 0 < move.direction.sigma < math.inf
        ):
            return fallen
        vector = held_step(move.direction, move.hold, layers=move.layers)
        direction = replace(move.direction, vector=vector)
        distance = move.strength * (move.direction.sigma if move.units == "sigma" else 1.0)
        name = direction.name if direction.name not in known else f"{direction.name} (from the file)"
        own[name] = direction
        steps[name] = distance * float(vector.norm()) / direction.sigma
    layers = moves[0].layers if moves else None
    if any(abs(step) > FURTHEST for step in steps.values()):
        return fallen
    scene = Scene(codes=recipe.codes, moves=steps, own=own, layers=layers, hold=())
    return scene if alike(bench.codes([scene]), codes) else fallen


def _of_our_file(benches: Sequence[Bench], path: Path) -> dict[str, Any]:
    """Directions become sliders of their own; codes become the image."""
    if read_kind(path) == "directions":
        found = [direction for direction in load_directions(path) if 0 < direction.sigma < math.inf]
        if not found:
            raise CheckpointError("the file holds no direction along which codes are known to spread")
        bench = _bench(benches, found[0].fingerprint, "another model")
        space, psi = bench.space, bench.truncation_psi
        known = () if bench.panel is None else bench.panel.names
        own = {
            direction.name if direction.name not in known else f"{direction.name} (from the file)": direction
            for direction in found
        }
        scene = Scene(codes=Drawn(seeds=(0,), space=space, truncation_psi=psi), own=own)
        return {"model": bench.name, "kind": "directions", "scene": scene.to_data()}
    latents = load_latents(path)
    if not len(latents):
        raise CheckpointError("the file holds no codes")
    bench = _bench(benches, latents.fingerprint, "another model")
    scene = Scene(codes=Given(latents=latents[0]))
    return {"model": bench.name, "kind": "image", "scene": scene.to_data()}


def _bench(benches: Sequence[Bench], fingerprint: str | None, name: str) -> Bench:
    for bench in benches:
        if fingerprint in (None, bench.generator.fingerprint):
            return bench
    raise SettingError(
        f"this file belongs to another model ({name}); start the studio with that one to open it"
    )


def _codes(bench: Bench, recipe: Recipe) -> Latents:
    """The codes that a recipe ends with."""
    assert recipe.codes is not None
    with torch.no_grad():
        now = recipe.codes.draw(bench.generator)
        for edit in recipe.edits:
            now = edit.apply(now, bench.generator)
    return now


def alike(a: Latents, b: Latents) -> bool:
    """Whether two codes are of the same image."""
    if a.space != b.space:
        a, b = a.to("w+"), b.to("w+")
    if a.codes.shape != b.codes.shape:
        return False
    return float((a.codes - b.codes).norm()) <= SAME * max(float(b.codes.norm()), 1e-9)


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
