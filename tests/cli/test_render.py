"""Every image that a command writes can be drawn again from itself, to the last bit."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import ganatomy as ga
from ganatomy.generators.stylegan2 import StyleGAN2, StyleGAN2Config

Run = Callable[..., Any]

IMAGES = {
    "samples in a sheet": ["sample", "STYLE", "-n", 5, "--seed", 3, "--columns", 3],
    "samples of a DCGAN with a given prior": ["sample", "STACK", "-n", 3, "--prior", "uniform"],
    "samples in batches": ["sample", "STYLE", "-n", 5, "--batch-size", 2, "--truncation-psi", 0.5],
    "a walk with held scores": ["walk", "STYLE", "--seed", "7,8", "--along", "D:Smiling", "--hold", "Male"],
    "a walk in some layers": ["walk", "STYLE", "--seed", 7, "--along", "D:Smiling", "--layers", "0:2"],
    "a grid of two directions": [
        "walk", "STYLE", "--seed", 7, "--along", "D:Smiling", "--across", "D:Male", "--steps", 3,
    ],
    "a grid of two directions, read by a classifier": [
        "walk", "STYLE", "--seed", 7, "--along", "D:Smiling", "--across", "D:Male", "--steps", 3, "--scorer", "SCORER",
    ],
    "a turn": ["walk", "STACK", "--seed", "1,2", "--plus", "3,5", "--minus", "4", "--steps", 3],
    "a way between codes": ["walk", "STACK", "--seed", "1,2", "--steps", 3, "--method", "lerp"],
    "an edit": ["edit", "STYLE", "--seed", 7, "--directions", "D", "--move", "Smiling=2"],
    "edits before and after, of codes in a file": [
        "edit", "STYLE", "CODES", "--directions", "D", "--move", "Smiling=2", "--move", "Male=-1", "--before",
    ],
    "a guided edit, before and after": [
        "edit", "STYLE", "--seed", "7,8", "--to", "Smiling=0.6", "--scorer", "SCORER", "--before",
    ],
    "a sum with neighbours": ["arithmetic", "STACK", "--plus", "3,5", "--minus", 2, "--neighbours", 3],
    "a table of styles": ["mix", "STYLE", "--rows", "1,2", "--columns", "3,4,5", "--layers", "0:2"],
    "drawn faces": ["dataset", "faces", "-n", 3, "--resolution", 32, "--independent"],
}  # fmt: skip

FILMS = {
    "a walk there and back": ["walk", "STYLE", "--seed", "7,8", "--along", "D:Smiling", "--steps", 3],
    "a closed way": ["walk", "STACK", "--seed", "1,2,3", "--steps", 6, "--method", "spline"],
    "an open way": ["walk", "STACK", "--seed", "1,2", "--steps", 4, "--no-loop"],
}


@pytest.fixture
def asked(files: Any, tmp_path: Path) -> Callable[[list[Any]], list[Any]]:
    codes = ga.save_latents(ga.load(files.style).sample(2, seed=5), tmp_path / "z.latents")
    names = {
        "STYLE": files.style,
        "STACK": files.stack,
        "D": files.directions,
        "SCORER": files.scorer,
        "D:Smiling": f"{files.directions}:Smiling",
        "D:Male": f"{files.directions}:Male",
        "CODES": codes,
    }
    return lambda arguments: [names.get(argument, argument) for argument in arguments]


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.mark.parametrize("arguments", IMAGES.values(), ids=IMAGES)
def test_a_image_is_drawn_again_to_the_last_bit(
    run: Run, asked: Any, tmp_path: Path, arguments: list[Any]
) -> None:
    out, again = tmp_path / "out.png", tmp_path / "again.png"
    assert run(*asked(arguments), "-o", out).code == 0
    (tmp_path / "z.latents").unlink()  # an image needs nothing but the model
    assert run("render", out, "-o", again).code == 0
    assert np.array_equal(pixels(out), pixels(again))
    assert out.read_bytes() == again.read_bytes(), "the new image carries the same recipe"


@pytest.mark.parametrize("ending", ["gif", "mp4"])
@pytest.mark.parametrize("arguments", FILMS.values(), ids=FILMS)
def test_a_film_is_drawn_again_to_the_last_bit(
    run: Run, asked: Any, tmp_path: Path, arguments: list[Any], ending: str
) -> None:
    out, again = tmp_path / f"out.{ending}", tmp_path / f"again.{ending}"
    assert run(*asked(arguments), "-o", out).code == 0
    assert run("render", out, "-o", again).code == 0
    assert out.read_bytes() == again.read_bytes()


@pytest.mark.parametrize("ending", ["jpg", "webp"])
def test_other_images_carry_their_recipe_too(run: Run, files: Any, tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"out.{ending}"
    assert run("sample", files.style, "-n", 2, "-o", out).code == 0
    assert run("render", out, "-o", tmp_path / f"again.{ending}").code == 0
    assert out.read_bytes() == (tmp_path / f"again.{ending}").read_bytes()


def test_an_edited_strength_gives_what_the_command_gives_with_it(
    run: Run, files: Any, tmp_path: Path
) -> None:
    edit = ["edit", files.style, "--seed", "7,8", "--directions", files.directions, "--hold", "Male"]
    two, three, changed = (tmp_path / name for name in ("two.png", "three.png", "changed.png"))
    assert run(*edit, "--move", "Smiling=2", "-o", two).code == 0
    assert run(*edit, "--move", "Smiling=3", "-o", three).code == 0
    assert run("render", two, "--set", "edits.0.strength=3", "-o", changed).code == 0
    assert np.array_equal(pixels(three), pixels(changed))
    assert not np.array_equal(pixels(two), pixels(changed))


def test_the_recipe_is_shown_and_a_file_of_it_is_drawn(
    run: Run, files: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert (
        run("walk", files.style, "--seed", "7", "--along", f"{files.directions}:Smiling", "-o", "a.png").code
        == 0
    )
    shown = run("render", "a.png", "--show").out
    data = json.loads(shown)
    assert data["codes"]["seeds"] == [7]
    assert data["image"]["along"]["strengths"] == [-3, -2, -1, 0, 1, 2, 3]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png"], "showing draws nothing"
    Path("mine.json").write_text(shown)
    outcome = run("render", "mine.json")
    assert outcome.out.startswith("mine-again.png: walk, drawn again from mine.json")
    assert np.array_equal(pixels(Path("a.png")), pixels(Path("mine-again.png")))


def test_a_recipe_makes_codes_and_films_of_the_same_walk(run: Run, files: Any, tmp_path: Path) -> None:
    strip = tmp_path / "strip.png"
    along = ["--along", f"{files.directions}:Smiling", "--steps", 3]
    assert run("walk", files.style, "--seed", 7, *along, "-o", strip).code == 0
    assert run("render", strip, "-o", tmp_path / "w.latents").code == 0
    smiling = ga.load_directions(files.directions)["Smiling"]
    expected = ga.walk(ga.load(files.style).sample(1, seed=7, space="w"), smiling, [-3, 0, 3])
    assert torch.equal(ga.load_latents(tmp_path / "w.latents").codes, expected.codes)
    assert run("render", strip, "-o", tmp_path / "film.gif").code == 0
    with Image.open(tmp_path / "film.gif") as film:
        assert getattr(film, "n_frames", 1) == 4


def test_another_model_is_refused_until_it_is_asked_for(run: Run, files: Any, tmp_path: Path) -> None:
    torch.manual_seed(1)
    other = StyleGAN2(StyleGAN2Config(widths=(8, 8, 8), z_dim=8, w_dim=8, mapping_layers=2))
    ga.save_generator(other, tmp_path / "other.safetensors")
    edited, on_other = tmp_path / "edited.png", tmp_path / "other.png"
    edit = ["--seed", 7, "--directions", files.directions, "--move", "Smiling=2"]
    assert run("edit", files.style, *edit, "-o", edited).code == 0
    name = json.dumps(str(tmp_path / "other.safetensors"))
    line = run("render", edited, "--set", f"model.name={name}", "-o", on_other).complaint
    assert "was written for generator" in line
    assert "--model" in line
    assert run("render", edited, "--model", tmp_path / "other.safetensors", "-o", on_other).code == 0
    direct = tmp_path / "direct.png"
    arguments = ["edit", tmp_path / "other.safetensors", *edit, "--of-any-generator", "-o", direct]
    assert run(*arguments).code == 0
    assert np.array_equal(pixels(on_other), pixels(direct))
    recipe = ga.read_recipe(on_other)
    assert recipe.model is not None
    assert recipe.model.fingerprint == other.fingerprint


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["none.png"], "none.png does not exist"),
        (["plain.png"], "plain.png carries no recipe"),
        (["notes.txt"], "notes.txt is no image"),
        (["broken.json"], "the recipe is not JSON"),
        (["a.png", "--set", "edits.0.strenght=3"], "recipe has no field 'edits.0.strenght'"),
        (["a.png", "--set", "codes.sed=3"], "'codes.sed' does not exist; did you mean 'seeds'?"),
        (["a.png", "--set", "codes.n=lots"], "'codes.n' is 'lots', not a whole number"),
        (["a.png", "--set", "codes"], "FIELD=VALUE"),
        (["a.png", "--set", "model.name=digitz"], "there is no model 'digitz'"),
        (["a.png", "-o", "a.mp4"], "this sheet does not move"),
        (["a.png", "-o", "a.txt"], "'a.txt' does not end in .png"),
        (["drawn.png", "--model", "faces"], "made by no model"),
        (["drawn.png", "-o", "drawn.gif"], "drawn faces are an image"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_drawn_is_one_line(
    run: Run, files: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("sample", files.style, "-n", 1, "-o", "a.png").code == 0
    assert run("dataset", "faces", "-n", 1, "--resolution", 32, "-o", "drawn.png").code == 0
    Image.new("RGB", (4, 4)).save("plain.png")
    Path("notes.txt").write_text("no recipe")
    Path("broken.json").write_text('{"format": 1,')
    assert words in run("render", *arguments).complaint


def test_a_model_that_moved_away_is_named(run: Run, files: Any, tmp_path: Path) -> None:
    model = Path(files.style)
    assert run("sample", model, "-n", 1, "-o", tmp_path / "a.png").code == 0
    recipe = ga.read_recipe(tmp_path / "a.png")
    assert recipe.model is not None
    moved = replace(recipe, model=replace(recipe.model, name=str(tmp_path / "gone.pt")))
    ga.save_recipe(moved, tmp_path / "moved.json")
    assert (
        "gone.pt does not exist" in run("render", tmp_path / "moved.json", "-o", tmp_path / "b.png").complaint
    )
    again = ["--model", model, "-o", tmp_path / "b.png"]
    assert run("render", tmp_path / "moved.json", *again).code == 0
    assert np.array_equal(pixels(tmp_path / "a.png"), pixels(tmp_path / "b.png"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--plus", "1"], "give --plus and --minus"),
        (["--plus", "1", "--minus", "2", "--along", "D:Smiling"], "leave one out"),
        (["--across", "D:Male"], "--along"),
        (["--along", "D:Smiling", "--loop"], "--loop is for walks from code to code"),
        (["--plus", "1", "--minus", "1"], "have the same mean"),
    ],
    ids=["half a turn", "two ways", "across without along", "a loop along a direction", "a turn to nowhere"],
)
def test_a_walk_that_goes_two_ways_is_refused(
    run: Run, files: Any, asked: Any, tmp_path: Path, arguments: list[str], words: str
) -> None:
    line = run("walk", files.style, "--seed", 7, *asked(arguments), "-o", tmp_path / "a.png").complaint
    assert words in line


def test_a_grid_says_what_was_read_in_it_and_leaves_that_out_when_it_is_changed(
    run: Run, files: Any, tmp_path: Path
) -> None:
    out, again, other = (tmp_path / name for name in ("grid.png", "again.png", "other.png"))
    ways = ["--along", f"{files.directions}:Smiling", "--across", f"{files.directions}:Male"]
    made = run("walk", files.style, "--seed", 7, *ways, "--steps", 3, "--scorer", files.scorer, "-o", out)
    assert made.code == 0, made.err
    lines = made.out.splitlines()[1:]
    assert lines[0].startswith("  from column to column Smiling and Male, which is held, range over ")
    assert run("render", out, "-o", again).out.splitlines()[1:] == lines
    changed = run("render", out, "--set", "codes.seeds.0=8", "-o", other)
    assert len(changed.out.splitlines()) == 1
    recipe = ga.read_recipe(out)
    assert recipe.image.along.hold[0].name == "Male"
    assert recipe.image.across.hold[0].name == "Smiling"


def test_what_was_read_of_an_edit_is_shown_when_it_is_drawn_again(
    run: Run, files: Any, tmp_path: Path
) -> None:
    out, again = tmp_path / "edited.png", tmp_path / "again.png"
    made = run(
        "edit", files.style, "--seed", 7, "--to", "Smiling=+.1", "--scorer", files.scorer, "--judge", "none", "-o", out
    )  # fmt: skip
    assert made.code == 0, made.err
    lines = run("render", out, "-o", again).out.splitlines()
    assert lines[0].endswith("; when it was made:")
    assert lines[1].startswith("  scorer Smiling ")
    assert lines[2] == made.out.splitlines()[-1]
