"""`ganatomy align`, from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from photographs.files import gradient, utkface
from PIL import Image

import ganatomy as ga


@pytest.fixture
def detector(shared: Path) -> Path:
    return shared / "models" / "yunet-n-dynamic.onnx"


def test_squares_of_a_folder_need_no_detector(run: Any, tmp_path: Path) -> None:
    for name in ("a/one.png", "b/one.png", "two.jpg"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        gradient().save(tmp_path / "in" / name)
    (tmp_path / "in" / "three.png").write_bytes(b"broken")
    found = run(
        "align", tmp_path / "in", "--layout", "crop", "--resolution", 20, "-o", tmp_path / "out", "--json"
    )
    table = json.loads(found.out)
    assert [crop["file"] for crop in table["crops"]] == ["one.png", "one 2.png", "two.png"]
    assert "three.png is no image that can be read" in table["skipped"][0]["why"]
    assert "left out" in found.err
    written = json.loads((tmp_path / "out" / "crops.json").read_text())
    assert written["crops"] == table["crops"]
    assert written["crops"][0]["quad"] == [[10, 0], [10, 40], [50, 40], [50, 0]]
    assert np.asarray(Image.open(tmp_path / "out" / "one.png")).shape == (20, 20, 3)


def test_grey_crops_for_a_model_of_one_channel(run: Any, tmp_path: Path) -> None:
    gradient().save(tmp_path / "me.png")
    out = run(
        "align", tmp_path / "me.png", "--layout", "crop", "--grey", "--resolution", 8, "-o", tmp_path / "out"
    )
    assert "1 crops of 8 px" in out.out
    with Image.open(tmp_path / "out" / "me.png") as image:
        assert image.mode == "L"


def test_faces_are_laid_out_as_those_of_a_folder(
    run: Any, tmp_path: Path, shared: Path, detector: Path
) -> None:
    (tmp_path / "aligned").mkdir()
    for number, image in enumerate(utkface(shared, *range(5))):
        image.save(tmp_path / "aligned" / f"{number}.png")
    left, right = utkface(shared, 300, 305)
    canvas = Image.new("RGB", (500, 300), (120, 110, 100))
    canvas.paste(left.resize((200, 200)), (20, 60))
    canvas.paste(right, (330, 90))
    canvas.save(tmp_path / "two.png")
    like = ["--like", tmp_path / "aligned", "--detector", detector, "--resolution", 64]
    found = run("align", tmp_path / "two.png", *like, "--faces", "all", "-o", tmp_path / "out", "--json")
    crops = json.loads(found.out)["crops"]
    assert [crop["file"] for crop in crops] == ["two-0.png", "two-1.png"]
    layout = ga.load_layout(tmp_path / "out" / "layout.json")
    for crop in crops:
        # The whole of each photograph comes back: those of the folder are aligned in the same way.
        assert layout.error(torch.tensor(crop["points"], dtype=torch.float64)) < 0.1
    assert abs(crops[0]["quad"][0][0] - 20) < 40
    again = ["--layout", tmp_path / "out" / "layout.json", "--detector", detector, "--resolution", 64]
    run("align", tmp_path / "two.png", *again, "--faces", 1, "-o", tmp_path / "again")
    one, two = (np.asarray(Image.open(tmp_path / name)) for name in ("out/two-1.png", "again/two.png"))
    assert np.array_equal(one, two)


def test_a_face_that_does_not_fit_is_said(run: Any, tmp_path: Path, shared: Path, detector: Path) -> None:
    utkface(shared, 300)[0].save(tmp_path / "me.png")
    told = run("align", tmp_path / "me.png", "--detector", detector, "-o", tmp_path / "out").err
    assert "me.png: the crop is only" in told or "outside of the photograph" in told


def test_what_is_refused(run: Any, tmp_path: Path, detector: Path) -> None:
    Image.new("RGB", (40, 40)).save(tmp_path / "dark.png")
    photo, out = tmp_path / "dark.png", tmp_path / "out"
    assert "no face was found" in run("align", photo, "-o", out, "--detector", detector).complaint
    assert "there is no layout" in run("align", photo, "-o", out, "--layout", "fhq").complaint
    assert "leave one out" in run("align", photo, "-o", out, "--layout", "crop", "--like", "faces").complaint
    assert "is out of range; give 1 to" in run("align", photo, "-o", out, "--resolution", 0).complaint
    assert "does not exist" in run("align", tmp_path / "gone.jpg", "-o", out, "--layout", "crop").complaint
    assert (
        "is not YuNet"
        in run("align", photo, "-o", out, "--detector", detector.parent / "mnist-digits.onnx").complaint
    )


def test_without_a_network_the_detector_is_asked_for(run: Any, tmp_path: Path, monkeypatch: Any) -> None:
    from ganatomy.photographs import detectors

    monkeypatch.setattr(detectors, "YUNET_URL", "http://127.0.0.1:1/yunet.onnx")
    gradient().save(tmp_path / "me.png")
    refused = run("align", tmp_path / "me.png", "-o", tmp_path / "out")
    assert refused.code == 2
    assert "cannot be downloaded" in refused.err
    assert '--detector FILE); the layout "crop" needs no detector' in refused.err
