"""Numbers and names beyond all sense: refused in one line before the model is read, or before its codes are drawn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ganatomy.generators.base import Generator

Run = Callable[..., Any]

WITHOUT_THE_MODEL = {
    "more images than there are seeds": ("sample STYLE -n 1000000000000 -o a.png", "give 1 to 10,000,000"),
    "part of an image": ("sample STYLE -n 2.5 -o a.png", "'2.5' is not a whole number"),
    "a hundred thousand million seeds": (
        "walk STYLE --seed 0:100000000000 -o a.png",
        "names more than 10,000 seeds",
    ),
    "a million million edits": (
        "edit STYLE --seed 0:1000000000000 --to Smiling=.9 -o a.png",
        "more than 10,000 seeds",
    ),
    "images without size": ("sample STYLE --scale 0 -o a.png", "--scale: 0 is out of range; give 1 to 64"),
    "images as large as houses": ("sample STYLE --scale 1000000 -o a.png", "give 1 to 64"),
    "a walk of years": ("walk STYLE --seed 1,2 --steps 1000000000 -o a.gif", "--steps: 1000000000 is out of"),
    "a map of a city": ("map STYLE -n 10000000 -o a.png", "-n: 10000000 is out of range; give 2 to 100,000"),
    "an exploration of years": ("explore STYLE -n 1000000000000 -o a", "give 1 to 10,000,000"),
    "measures of years": ("measure STYLE linearity -n 10000000", "-n: 10000000 is out of range"),
    "a batch that fills the memory": ("sample STYLE --batch-size 1000000 -o a.png", "give 1 to 4,096"),
    "neighbours of a town": (
        "arithmetic STYLE --plus 1 --neighbours 1000000000 -o a.png",
        "--neighbours: 1000000000 is out of range",
    ),
    "faces of a wall": ("dataset faces --resolution 100000 -o a", "--resolution: 100000 is out of range"),
    "a sheet of one row": ("sample STYLE --columns 1000000000 -o a.png", "--columns: 1000000000 is out of"),
    "a name of 300 letters": (f"sample STYLE -o {'a' * 300}.png", "a name of 304 bytes; 230 are the most"),
    "a folder of 300 letters": (f"sample STYLE -o {'é' * 300}/a.png", "a name of 600 bytes"),
    "a survey of 300 letters": (f"survey STYLE -n 3 -o {'a' * 300}", "a name of 300 bytes"),
}


@pytest.mark.parametrize("case", WITHOUT_THE_MODEL)
def test_what_no_machine_could_do_is_refused_before_any_work(
    run: Run, files: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ganatomy.generators.load", lambda *_, **__: pytest.fail("the model was read first"))
    line, words = WITHOUT_THE_MODEL[case]
    assert words in run(*line.replace("STYLE", files.style).split()).complaint
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("out", "n", "words"),
    [
        ("a.png", 10_000_000, "10000000 images are too many for one recipe; ask for at most 10000"),
        ("a.latents", 10_000_000, "10,000,000 codes of 64 numbers are too many"),
    ],
)
def test_ten_million_images_are_refused_before_a_code_is_drawn(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str, n: int, words: str
) -> None:
    monkeypatch.setattr(Generator, "sample", lambda *_, **__: pytest.fail("codes were drawn first"))
    assert words in run("sample", "digits", "-n", n, "-o", tmp_path / out).complaint


def test_images_are_enlarged_by_whole_pixels_as_asked(run: Run, files: Any, tmp_path: Path) -> None:
    import numpy as np
    from PIL import Image

    def drawn(*options: object) -> np.ndarray:
        out = tmp_path / "a.png"
        assert run("sample", files.style, "-n", 1, *options, "-o", out).code == 0
        return np.asarray(Image.open(out))

    own = drawn("--scale", 1)
    blocks, smooth = drawn("--scale", 4, "--pixels"), drawn("--scale", 4)
    assert np.array_equal(blocks, own.repeat(4, 0).repeat(4, 1))
    assert not np.array_equal(blocks, smooth)


def test_sigterm_leaves_nothing_half_written_and_a_word(
    run: Run, files: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os
    import signal

    from PIL import Image

    def stopped_half_way(image: Image.Image, path: Path, *_: object, **__: object) -> None:
        Path(path).write_bytes(b"half")
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(Image.Image, "save", stopped_half_way)
    before = signal.getsignal(signal.SIGTERM)
    done = run("sample", files.style, "-n", 2, "-o", tmp_path / "a.png")
    assert (done.code, done.out) == (130, "")
    assert "stopped; the same command starts again" in done.err
    assert not [*tmp_path.iterdir()]
    assert signal.getsignal(signal.SIGTERM) is before
