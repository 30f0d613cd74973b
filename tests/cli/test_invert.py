"""`ganatomy invert`, from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import ganatomy as ga
from ganatomy.images import save_image, to_pil
from ganatomy.inversion.prepare import PreparationSize


@pytest.fixture(autouse=True)
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Preparations that take little."""
    monkeypatch.setattr(PreparationSize, "of", lambda _: PreparationSize(images=96, products=32, own=8))


@pytest.fixture
def photographs(files: Any, tmp_path: Path) -> Path:
    """Two images of the generator, one of them wide, and a file that is no image."""
    folder = tmp_path / "photographs"
    generator = ga.load(files.style)
    for name, image in zip("ab", generator(generator.sample(2, seed=4)).detach(), strict=True):
        save_image(to_pil(image), folder / f"{name}.png")
    size = generator.signature.resolution
    wide = Image.new("RGB", (3 * size, size))
    wide.paste(Image.open(folder / "a.png"), (size, 0))
    wide.save(folder / "wide.png")
    (folder / "zz.png").write_bytes(b"no image")
    return folder


def test_a_folder_becomes_latents_a_sheet_and_a_row_for_each_photograph(
    run: Any, files: Any, photographs: Path, tmp_path: Path
) -> None:
    outcome = run(
        "invert",
        files.style,
        photographs,
        "--align",
        "crop",
        "-o",
        tmp_path / "me.latents",
        "--budget",
        "quick",
        "--json",
    )
    assert "zz.png is no image" in outcome.err
    data = json.loads(outcome.out)
    assert [Path(image["file"]).name for image in data["images"]] == ["a.png", "b.png", "wide.png"]
    assert data["method"] == "fast"
    assert data["space"] == "w+"
    assert data["images"][0]["psnr"] == pytest.approx(data["images"][2]["psnr"], abs=0.01)
    latents = ga.load_latents(tmp_path / "me.latents")
    assert len(latents) == 3
    assert latents.fingerprint == ga.load(files.style).fingerprint
    with Image.open(tmp_path / "me.png") as sheet:
        assert sheet.width > sheet.height
    edited = run("edit", files.style, tmp_path / "me.latents", "--directions", files.directions, "--move",
                 "Smiling=1", "-o", tmp_path / "edited.png")  # fmt: skip
    assert edited.code == 0


def test_a_model_with_z_alone_is_inverted_in_z(
    run: Any, files: Any, photographs: Path, tmp_path: Path
) -> None:
    out = tmp_path / "me.latents"
    outcome = run(
        "invert",
        files.stack,
        photographs / "a.png",
        "--align",
        "crop",
        "-o",
        out,
        "--method",
        "projector",
        "--budget",
        "quick",
    )
    assert "1 image by projector: PSNR" in outcome.out
    assert ga.load_latents(out).space == "z"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["missing.jpg", "--align", "crop", "-o", "me.latents"], "missing.jpg does not exist"),
        (["{folder}/zz.png", "--align", "crop", "-o", "me.latents"], "zz.png is no image"),
        (["{folder}/a.png", "-o", "me.jpg"], "does not end in .latents"),
        (["{folder}/a.png", "-o", "me.latents", "--align", "diagonal"], "diagonal"),
        (
            ["{folder}/a.png", "--align", "crop", "-o", "me.latents", "--editability", "2"],
            "editability is from 0",
        ),
    ],
)
def test_what_cannot_be_inverted_is_one_line(
    run: Any, files: Any, photographs: Path, tmp_path: Path, arguments: list[str], complaint: str
) -> None:
    texts = [text.replace("{folder}", str(photographs)) for text in arguments]
    texts = [str(tmp_path / text) if text.startswith("me.") else text for text in texts]
    assert complaint in run("invert", files.style, *texts).complaint


def test_an_encoder_is_trained_and_used(run: Any, files: Any, photographs: Path, tmp_path: Path) -> None:
    out, folder = tmp_path / "me.latents", tmp_path / "run"
    (photographs / "zz.png").unlink()
    outcome = run("train", "encoder", files.style, photographs, "--steps", 2, "--width", 4, "-o", folder)
    assert "held-out images: " in outcome.out
    found = run(
        "invert",
        files.style,
        photographs / "a.png",
        "--align",
        "crop",
        "--encoder",
        folder,
        "-o",
        out,
        "--json",
    )
    assert json.loads(found.out)["method"] == "encoder"
    assert len(ga.load_latents(out)) == 1
    refused = run("invert", files.style, photographs / "a.png", "--method", "encoder", "-o", out)
    assert "--method encoder needs --encoder" in refused.complaint
