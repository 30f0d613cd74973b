"""Files that are dropped on the page, read back as scenes."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Container, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from ganatomy.edits import held_step
from ganatomy.errors import CheckpointError, GanatomyError, SettingError
from ganatomy.images import read_text
from ganatomy.latents import Direction, Latents
from ganatomy.recipes import CodePath, Given, Move, Recipe, read_recipe
from ganatomy.recipes.codes import Drawn
from ganatomy.storage import load_directions, load_latents, read_kind
from ganatomy.studio.bench import Bench
from ganatomy.studio.photographs import is_photograph
from ganatomy.studio.queries import MOST_KEYS
from ganatomy.studio.scenes import FURTHEST, MOST_CODES, Scene

SAME = 1e-3
"""Codes that differ by no more, as a share of their length, are the same image."""

LARGEST_SEED = 2**31 - 1
"""The largest that the page accepts."""


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
        unit = unit_of(move.direction)
        if isinstance(move.strength, tuple) or move.units == "logit" or not 0 < unit < math.inf:
            return fallen
        vector = held_step(move.direction, move.hold, layers=move.layers)
        held = tuple(other.name for other in move.hold)
        # What the move holds is in the vector, so the slider holds nothing besides.
        direction = replace(move.direction, vector=vector, step=unit, held=(*move.direction.held, *held))
        distance = move.strength * {"sigma": move.direction.sigma, "step": unit}.get(move.units, 1.0)
        name = _free_name(direction.name, {*known, *own})
        own[name] = direction
        steps[name] = distance * float(vector.norm()) / unit
    layers = moves[0].layers if moves else None
    if any(abs(step) > FURTHEST for step in steps.values()):
        return fallen
    scene = Scene(codes=recipe.codes, moves=steps, own=own, layers=layers, hold=())
    return scene if alike(bench.codes([scene]), codes) else fallen


def _of_our_file(benches: Sequence[Bench], path: Path) -> dict[str, Any]:
    """Directions become sliders of their own; codes become the image."""
    if read_kind(path) == "directions":
        found = [direction for direction in load_directions(path) if 0 < unit_of(direction) < math.inf]
        if not found:
            raise CheckpointError("the file holds no direction along which codes are known to spread")
        bench = _bench(benches, found[0].fingerprint, "another model")
        space, psi = bench.space, bench.truncation_psi
        known = () if bench.panel is None else bench.panel.names
        own = {_free_name(direction.name, known): direction for direction in found}
        scene = Scene(codes=Drawn(seeds=(0,), space=space, truncation_psi=psi), own=own)
        return {"model": bench.name, "kind": "directions", "scene": scene.to_data()}
    latents = load_latents(path)
    if not len(latents):
        raise CheckpointError("the file holds no codes")
    bench = _bench(benches, latents.fingerprint, "another model")
    scene = Scene(codes=Given(latents=latents[0]))
    return {"model": bench.name, "kind": "image", "scene": scene.to_data()}


def unit_of(direction: Direction) -> float:
    """The distance of one step of a direction's slider: its own step, or one standard deviation of codes."""
    return direction.step if math.isfinite(direction.step) else direction.sigma


def _free_name(name: str, taken: Container[str]) -> str:
    """The name of a slider, or another one where a slider is called so already."""
    return _free_name(f"{name} (from the file)", taken) if name in taken else name


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
