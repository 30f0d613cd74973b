"""Photographs where codes are given: `edit`, `walk`, `transfer`, `mix` and `arithmetic`, from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import ganatomy as ga
from ganatomy.images import to_pil
from ganatomy.inversion.prepare import PreparationSize
from ganatomy.photographs import CELEBA, Face
from ganatomy.recipes import Given

CROP = ("--align", "crop", "--budget", "quick")


@pytest.fixture(autouse=True)
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Preparations that take little."""
    monkeypatch.setattr(PreparationSize, "of", lambda _: PreparationSize(images=96, products=32, own=8))


@pytest.fixture
def me(files: Any, tmp_path: Path) -> Path:
    """A wide photograph whose middle is an image of the generator."""
    generator = ga.load(files.style)
    face = to_pil(generator(generator.sample(1, seed=4)).detach()[0]).resize((64, 64))
    photograph = Image.new("RGB", (100, 64), (40, 80, 120))
    photograph.paste(face, (18, 0))
    photograph.save(tmp_path / "me.png")
    return tmp_path / "me.png"


def smile(files: Any, *more: object) -> list[object]:
    return ["--directions", files.directions, "--move", "Smiling=2", *CROP, *more]


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"), dtype=int)


def test_an_edit_inverts_a_photograph_once(
    run: Any, files: Any, me: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    first = run("edit", files.style, me, *smile(files), "-o", tmp_path / "a.png", "--json")
    assert f"{me}: inverted, PSNR" in first.err
    (told,) = json.loads(first.out)["photographs"]
    assert told["quads"] == [[[18, 0], [18, 64], [82, 64], [82, 0]]]

    def never(*args: object, **settings: object) -> None:
        raise AssertionError

    monkeypatch.setattr("ganatomy.inversion.invert", never)
    again = run("edit", files.style, me, *smile(files), "-o", tmp_path / "b.png", "--json")
    assert json.loads(again.out)["photographs"] == [told]
    assert np.array_equal(pixels(tmp_path / "a.png"), pixels(tmp_path / "b.png"))


def test_a_recipe_holds_the_codes_and_the_hash_of_the_photograph(
    run: Any, files: Any, me: Path, tmp_path: Path
) -> None:
    run("edit", files.style, me, *smile(files), "-o", tmp_path / "a.png")
    codes = ga.read_recipe(tmp_path / "a.png").codes
    assert isinstance(codes, Given)
    assert codes.photographs == (ga.open_photograph(me).sha256,)
    run("render", tmp_path / "a.png", "-o", tmp_path / "again.png")
    assert np.array_equal(pixels(tmp_path / "a.png"), pixels(tmp_path / "again.png"))


def test_an_image_that_carries_its_recipe_gives_its_exact_codes(run: Any, files: Any, tmp_path: Path) -> None:
    run(
        "edit",
        files.style,
        "--seed",
        7,
        "--directions",
        files.directions,
        "--move",
        "Male=1",
        "-o",
        tmp_path / "a.png",
    )
    found = run("edit", files.style, tmp_path / "a.png", *smile(files), "-o", tmp_path / "b.latents")
    assert "carries its recipe" in found.err
    generator, directions = ga.load(files.style), ga.load_directions(files.directions)
    expected = ga.move(generator.sample(1, seed=7, space="w"), directions["Male"], 1.0, units="sigma")
    expected = ga.move(expected, directions["Smiling"], 2.0, units="sigma")
    found = ga.load_latents(tmp_path / "b.latents")
    assert float((found.codes - expected.codes).abs().max()) < 1e-4


def test_the_whole_photograph_is_written_and_changes_in_the_crop_alone(
    run: Any, files: Any, me: Path, tmp_path: Path
) -> None:
    run("edit", files.style, me, *smile(files, "--paste"), "-o", tmp_path / "out.png")
    was, now = pixels(me), pixels(tmp_path / "out.png")
    assert was.shape == now.shape
    assert np.array_equal(was[:, :18], now[:, :18])
    assert np.array_equal(was[:, 82:], now[:, 82:])
    assert (was != now).any()


def test_a_folder_of_photographs_becomes_a_folder(run: Any, files: Any, me: Path, tmp_path: Path) -> None:
    folder = tmp_path / "holiday"
    for name in ("a/me.png", "b/me.png"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_bytes(me.read_bytes())
    (folder / "broken.png").write_bytes(b"none")
    found = run("edit", files.style, folder, *smile(files, "--paste"), "-o", tmp_path / "out")
    assert "left out" in found.err
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"me.png", "me 2.png"}
    refused = run("edit", files.style, folder, *smile(files, "--paste"), "-o", tmp_path / "out.png")
    assert refused.code == 2
    assert "2 photographs do not fit into out.png" in refused.err


@pytest.mark.parametrize("ending", [".png", ".gif"], ids=["a strip", "a film"])
def test_a_photograph_walks(run: Any, files: Any, me: Path, tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"walk{ending}"
    along = ["--along", f"{files.directions}:Smiling", "--steps", 3, *CROP]
    run("walk", files.style, me, *along, "--paste", "-o", out)
    with Image.open(out) as image:
        if ending == ".gif":
            assert (image.size, image.n_frames) == ((100, 64), 4)
        else:
            assert image.width > 300


def test_a_walk_leads_from_one_photograph_to_another(run: Any, files: Any, me: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.png"
    Image.open(me).transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(other)
    run("walk", files.style, me, other, *CROP, "-o", tmp_path / "walk.png")
    codes = ga.read_recipe(tmp_path / "walk.png").codes
    assert codes is not None
    assert len(codes) == 2


def test_transfer_between_two_photographs(run: Any, files: Any, me: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.png"
    Image.open(me).transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(other)
    pair = ["--from", other, "--to", me, "--attributes", "Smiling", "--scorer", files.scorer, *CROP]
    run("transfer", files.style, *pair, "--directions", files.directions, "-o", tmp_path / "sheet.png")
    recipe = ga.read_recipe(tmp_path / "sheet.png")
    assert isinstance(recipe.codes, Given)
    assert recipe.codes.photographs == (ga.open_photograph(me).sha256,)
    pasted = run(
        "transfer",
        files.style,
        *pair,
        "--directions",
        files.directions,
        "--paste",
        "-o",
        tmp_path / "me2.png",
    )
    assert pasted.code == 0
    assert pixels(tmp_path / "me2.png").shape == pixels(me).shape


def test_photographs_and_seeds_stand_beside_each_other(
    run: Any, files: Any, me: Path, tmp_path: Path
) -> None:
    found = run(
        "mix",
        files.style,
        "--rows",
        f"{me}",
        "--columns",
        "4,5",
        "--layers",
        "0:1",
        *CROP,
        "-o",
        tmp_path / "m.png",
    )
    assert "1 x 2 codes" in found.out
    told = run(
        "arithmetic",
        files.style,
        "--plus",
        me,
        "--minus",
        "3",
        "--plus",
        "1,2",
        *CROP,
        "-o",
        tmp_path / "s.png",
    )
    assert "in w+" in told.out


def test_faces_are_laid_out_as_in_the_models_own_images(
    run: Any, files: Any, me: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    """A detector that finds each face in the middle, as large as the image is high."""

    def detect(photograph: Any) -> list[Face]:
        width, height = photograph.size
        points = CELEBA.points * height
        points[:, 0] += (width - height) / 2
        return [Face(box=(0, 0, width, height), score=0.9, points=points)]

    monkeypatch.setattr("ganatomy.photographs.face_detector", lambda detector: detect)
    monkeypatch.setenv("GANATOMY_CACHE", str(tmp_path / "cache"))
    auto = [each for each in smile(files) if each not in ("--align", "crop")]
    found = json.loads(run("edit", files.style, me, *auto, "-o", tmp_path / "a.png", "--json").out)
    np.testing.assert_allclose(
        found["photographs"][0]["quads"], [[[18, 0], [18, 64], [82, 64], [82, 0]]], atol=1e-6
    )
    assert len(list((tmp_path / "cache" / "layouts").glob("*.json"))) == 1


def test_without_a_detector_the_middle_is_taken_and_that_is_said(
    run: Any, files: Any, me: Path, tmp_path: Path
) -> None:
    auto = [each for each in smile(files) if each not in ("--align", "crop")]
    found = run("edit", files.style, me, *auto, "-o", tmp_path / "a.png")
    assert found.code == 0
    assert "the middle of the photograph is taken" in found.err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--seed", "7", "--paste"], "--paste puts faces back into photographs"),
        (["{me}", "--seed", "7"], "say which codes"),
        (["{me}", "me.latents"], "me.latents holds latents, and others do not"),
        (["gone.jpg"], "gone.jpg does not exist"),
        (["{me}", "--budget", "endless"], "no budget 'endless'"),
        (["{me}", "--align", "diagonal"], 'no layout "diagonal"'),
        (["{me}", "--paste", "-o", "me.latents"], "does not end in .png"),
    ],
)
def test_what_is_refused(
    run: Any, files: Any, me: Path, tmp_path: Path, arguments: list[str], complaint: str
) -> None:
    given = [each.format(me=me) for each in arguments]
    out = [] if "-o" in given else ["-o", tmp_path / "out.png"]
    options = ["--directions", files.directions, "--move", "Smiling=2"]
    crop = [] if "--align" in given else ["--align", "crop"]
    assert complaint in run("edit", files.style, *given, *options, *crop, *out).complaint
