from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

Run = Callable[..., Any]


def test_a_map_is_drawn_as_a_chart(run: Run, files: Any, tmp_path: Path) -> None:
    out = tmp_path / "map.png"
    outcome = run("map", files.style, "--scorer", files.scorer, "--color", "Male", "-n", 40, "-o", out)
    assert outcome.code == 0, outcome.err
    lines = outcome.out.splitlines()
    assert lines[0].startswith(f"{out}: 40 images by codes in w; t-SNE")
    assert lines[1].startswith("trustworthiness 0.")
    assert lines[2].startswith("note: Near points are alike.")
    with Image.open(out) as image:
        assert image.format == "PNG"


@pytest.mark.parametrize("of", ["codes", "images", "features"])
def test_a_map_that_zooms_is_one_file(run: Run, files: Any, tmp_path: Path, of: str) -> None:
    out = tmp_path / "map.html"
    arguments = ("--scorer", files.scorer, "--of", of, "--method", "pca", "--space", "z", "-n", 40)
    data = json.loads(run("map", files.style, *arguments, "-o", out, "--json").out)
    assert (data["of"], data["method"], data["space"], data["color"]) == (of, "pca", "z", "Smiling")
    assert 0 <= data["faithful"]["trustworthiness"] <= 1
    assert "<canvas" in out.read_text()


def test_a_map_of_what_a_critic_sees(run: Run, tmp_path: Path) -> None:
    arguments = ("--of", "critic", "--method", "pca", "-n", 64, "-o", tmp_path / "map.html", "--json")
    data = json.loads(run("map", "digits", *arguments).out)
    assert data["subject"] == "features of a critic of 32 px"
    assert sum(data["classes"].values()) == 64
    assert data["faithful"]["class_accuracy"]["value"] <= 1


def test_a_model_without_a_scorer_has_a_map_without_colours(run: Run, files: Any, tmp_path: Path) -> None:
    data = json.loads(
        run("map", files.stack, "-n", 20, "--method", "pca", "-o", tmp_path / "m.png", "--json").out
    )
    assert data["color"] is None


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--color", "class"), "do not exclude each other"),
        (("--color", "Smilin"), "did you mean"),
        (("--of", "critic"), "does not exist|no discriminator|holds|ends in"),
        (("-n", "3"), "3 images make no map"),
    ],
    ids=["no classes", "misspelt", "no critic", "too few"],
)
def test_what_cannot_be_mapped_is_refused_in_one_line(
    run: Run, files: Any, tmp_path: Path, arguments: tuple[str, ...], reason: str
) -> None:
    count = () if "-n" in arguments else ("-n", "20")
    outcome = run("map", files.style, "--scorer", files.scorer, *count, "-o", tmp_path / "m.png", *arguments)
    assert re.search(reason, outcome.complaint)


def test_another_ending_is_refused_before_any_work(run: Run, tmp_path: Path) -> None:
    assert "does not end in .html or .png" in run("map", "digits", "-o", tmp_path / "map.pdf").complaint
