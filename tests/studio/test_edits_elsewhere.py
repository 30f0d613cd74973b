"""A slider is the same edit wherever it goes: in a file, on the page again, and on the command line."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient
from studio.studied import NAMES, codes, scene
from studio.visiting import bench_of

import ganatomy as ga
from ganatomy.cli import main
from ganatomy.recipes import read_recipe
from ganatomy.studio.bench import Bench
from ganatomy.studio.server import Studio, application

NUM_EDITS = 20


@pytest.fixture
def client(measured: Bench) -> Iterator[TestClient]:
    with TestClient(application(Studio([measured])), base_url="http://localhost") as found:
        yield found


def exported(client: TestClient, what: str, of: dict[str, Any], **fields: Any) -> bytes:
    response = client.post("/api/export", json={"what": what, "scene": of, **fields})
    assert response.status_code == 200, response.text
    return response.content


def pixels(image: bytes | Path) -> np.ndarray:
    with Image.open(io.BytesIO(image) if isinstance(image, bytes) else image) as found:
        return np.asarray(found.convert("RGB")).astype(int)


def random_edit(chance: Random, names: tuple[str, ...]) -> dict[str, Any]:
    moved = chance.sample(names, k=chance.randint(1, min(3, len(names))))
    return {
        "codes": codes(chance.randrange(1000)),
        "moves": {name: round(chance.uniform(-2, 2), 2) or 0.5 for name in moved},
        "hold": chance.choice(["best", "all", [], [chance.choice(names)]]),
    }


def test_an_exported_slider_is_the_same_slider_on_the_page(client: TestClient) -> None:
    chance = Random(0)
    for _ in range(NUM_EDITS):
        edit = random_edit(chance, NAMES)
        file = exported(client, "directions", edit)
        own = client.post("/api/restore", content=file).json()["scene"]["own"]
        # Sliders of the same name get another one; their steps and what they hold are their own.
        again = {
            "codes": edit["codes"],
            "moves": {f"{name} (from the file)": steps for name, steps in edit["moves"].items()},
            "own": own,
            "hold": chance.choice(["best", "all", []]),
        }
        difference = np.abs(pixels(exported(client, "png", again)) - pixels(exported(client, "png", edit)))
        assert difference.max() <= 1, edit


@pytest.mark.slow
def test_an_exported_slider_is_the_same_edit_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digits = bench_of("digits", measured=True)
    chance = Random(1)
    path, out = tmp_path / "mine.directions", tmp_path / "again.png"
    with TestClient(application(Studio([digits])), base_url="http://localhost") as client:
        for _ in range(NUM_EDITS):
            edit = random_edit(chance, tuple(digits.panel.names)) if digits.panel else {}
            seed = edit["codes"]["seeds"][0]
            edit["codes"] = {"seeds": [seed], "space": "z"}
            path.write_bytes(exported(client, "directions", edit))
            moves = [f"--move={name}={steps:g}" for name, steps in edit["moves"].items()]
            words = ["edit", "digits", "--seed", str(seed), "--directions", str(path), *moves, "-o", str(out)]
            assert main(words) == 0, capsys.readouterr().err
            capsys.readouterr()
            difference = np.abs(pixels(out) - pixels(exported(client, "png", edit)))
            assert difference.max() <= 1, edit


def test_a_kept_direction_does_not_hold_its_own_attribute(measured: Bench) -> None:
    panel = measured.panel
    assert panel is not None
    kept = ga.regression(ga.survey(measured.generator, measured.scorer, n=200, space="w", seed=0))["red"]
    held = panel.move_along(kept, panel.names)
    assert held.held == tuple(name for name in panel.names if name != "red")
    assert float(held.vector @ kept.vector) > 0.3


def test_directions_keep_their_step_and_what_they_hold_in_files(measured: Bench, tmp_path: Path) -> None:
    assert measured.panel is not None
    direction = measured.panel.move("red", ["round", "large"])
    (again,) = ga.load_directions(ga.save_directions(ga.Directions([direction]), tmp_path / "one.directions"))
    assert (again.step, again.held, again.slope) == (direction.step, ("round", "large"), direction.slope)
    w = measured.generator.sample(1, seed=3, space="w")
    assert ga.move(w, again, 2, units="step").codes.equal(ga.move(w, again, 2 * again.step).codes)
    with pytest.raises(ga.errors.SettingError, match="cannot be moved by step"):
        ga.move(w, measured.panel.directions[0], 1, units="step")


def test_images_are_exported_larger_smoothly_or_by_whole_pixels(client: TestClient, measured: Bench) -> None:
    side = measured.generator.signature.resolution
    edit = scene(3, moves={"red": 1.0})
    own, twice, blocks = (
        pixels(exported(client, "png", edit, scale=scale, pixels=by_pixels))
        for scale, by_pixels in ((1, False), (2, False), (4, True))
    )
    assert (own.shape, twice.shape) == ((side, side, 3), (2 * side, 2 * side, 3))
    assert np.array_equal(blocks, own.repeat(4, 0).repeat(4, 1))
    assert client.post("/api/export", json={"what": "png", "scene": edit, "scale": 8}).status_code == 422


def test_both_images_are_exported_side_by_side(client: TestClient, measured: Bench) -> None:
    side = measured.generator.signature.resolution
    pair = pixels(exported(client, "pair", scene(3, moves={"red": 1.0}), scale=1))
    assert pair.shape[0] > 2 * side or pair.shape[1] > side
    refused = client.post("/api/export", json={"what": "pair", "scene": scene(3)})
    assert "no slider has been moved" in refused.json()["error"]


def test_a_page_with_a_slider_carries_its_frames_and_its_recipe(client: TestClient, tmp_path: Path) -> None:
    page = exported(client, "page", scene(3, moves={"red": 1.0}))
    text = page.decode()
    assert text.count("data:image/webp;base64,") == 33
    assert len(page) < 3_000_000
    assert "http" not in text.partition('id="recipe"')[0].replace("http-equiv", "")
    path = tmp_path / "edit.html"
    path.write_bytes(page)
    assert read_recipe(path).image.kind == "path"
    restored = client.post("/api/restore", content=page).json()
    assert [key["moves"] for key in restored["keys"]] == [{}, {"red": 1.0}]


def test_several_faces_are_one_sheet_or_a_zip(client: TestClient) -> None:
    import zipfile

    scenes = [scene(seed, moves={"red": 1.0}) for seed in (1, 2, 3)]
    sheet = client.post("/api/faces", json={"what": "sheet", "scenes": scenes})
    assert sheet.status_code == 200, sheet.text
    assert Image.open(io.BytesIO(sheet.content)).size[0] > Image.open(io.BytesIO(sheet.content)).size[1]
    archive = zipfile.ZipFile(
        io.BytesIO(client.post("/api/faces", json={"what": "zip", "scenes": scenes}).content)
    )
    assert archive.namelist() == [f"{k:02d}-toy-seed-{k}-red.png" for k in (1, 2, 3)]
    assert client.post("/api/faces", json={"what": "zip", "scenes": scenes * 5}).status_code == 422
