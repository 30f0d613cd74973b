"""`ganatomy edit --move NAME=x2` and its like: strengths that are looked for in each image."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import ganatomy as ga


def edit(run: Any, files: Any, out: Path, *arguments: object) -> Any:
    given = ["edit", files.style, "--directions", files.directions, "--scorer", files.scorer]
    return run(*given, *arguments, "-o", out)


def read(files: Any, latents: ga.Latents) -> torch.Tensor:
    with torch.no_grad():
        return ga.scorer(files.scorer)(ga.load(files.style)(latents)).probabilities


def test_each_image_is_moved_until_it_has_what_was_asked_for(run: Any, files: Any, tmp_path: Path) -> None:
    out = tmp_path / "more.latents"
    outcome = edit(run, files, out, "--seed", "0:6", "--move", "Smiling=+5%", "--json")
    data = json.loads(outcome.out)
    assert data["moves"] == {"Smiling": "+5%"}
    after = read(files, ga.load_latents(out))[:, 0]
    reached = [image["reached"]["Smiling"] for image in data["images"]]
    assert any(reached)
    for image, probability, there in zip(data["images"], after.tolist(), reached, strict=True):
        assert image["after"]["Smiling"] == pytest.approx(probability, abs=1e-5)
        asked = image["before"]["Smiling"] + 0.05
        assert image["goal"]["Smiling"] == pytest.approx(asked, abs=1e-5)
        assert not there or probability == pytest.approx(asked, abs=0.01)


def test_a_percentile_is_counted_among_generated_images(run: Any, files: Any, tmp_path: Path) -> None:
    out = tmp_path / "middle.latents"
    data = json.loads(edit(run, files, out, "--seed", "1,2", "--move", "Smiling=p50", "--json").out)
    codes = ga.load(files.style).sample(1000, seed=0, space="w")
    expected = torch.sigmoid(torch.logit(read(files, codes)[:, 0].double()).quantile(0.5))
    for image in data["images"]:
        assert image["goal"]["Smiling"] == pytest.approx(float(expected), abs=1e-3)


def test_what_is_held_stays_while_the_strength_is_solved(run: Any, files: Any, tmp_path: Path) -> None:
    out = tmp_path / "held.latents"
    outcome = edit(run, files, out, "--seed", "1,2", "--move", "Smiling=55%", "--hold", "Male")
    assert outcome.code == 0, outcome.err
    male = ga.load_directions(files.directions)["Male"]
    start = ga.Latents.cat(ga.load(files.style).sample(1, seed=seed, space="w") for seed in (1, 2))
    assert torch.allclose(male.logit(ga.load_latents(out)), male.logit(start), atol=1e-4)


def test_solved_strengths_are_in_the_recipe_and_draw_the_same_image(
    run: Any, files: Any, tmp_path: Path
) -> None:
    first, again = tmp_path / "first.png", tmp_path / "again.png"
    moves = ["--move", "Smiling=x1.1", "--move", "Male=-.5"]
    assert edit(run, files, first, "--seed", "3,4", *moves, "--layers", "0:3").code == 0
    assert run("render", first, "-o", again).code == 0
    assert np.array_equal(np.asarray(Image.open(first)), np.asarray(Image.open(again)))


def test_a_goal_out_of_reach_is_said_for_each_image_and_is_no_error(
    run: Any, files: Any, tmp_path: Path
) -> None:
    outcome = edit(run, files, tmp_path / "a.png", "--seed", "3,4", "--move", "Smiling=x10000000")
    assert outcome.code == 0, outcome.err
    assert "Smiling=x10000000: 0 of 2 reached" in outcome.out
    assert "  not reached, seed 3: Smiling " in outcome.out
    assert "  not reached, seed 4: Smiling " in outcome.out


def test_a_judge_reads_the_solved_edit_as_well(run: Any, files: Any, tmp_path: Path) -> None:
    judge = tmp_path / "judge.py"
    judge.write_text(
        "import torch\ndef see(images):\n    return torch.sigmoid(images.mean((1, 2, 3), keepdim=True)[:, 0, 0])\n"
        "see.names = ['Smiling']\n"
    )
    outcome = edit(
        run, files, tmp_path / "a.png", "--seed", 3, "--move", "Smiling=+2%", "--judge", f"{judge}:see"
    )
    judged, codes = outcome.out.splitlines()[-2:]
    assert judged.startswith("  judge Smiling ")
    assert judged.endswith("confirmed")
    assert codes.startswith("  code ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--move", "Smiling=+.3"],
            "write Smiling=.3 for the strength, Smiling=+30% for 30 percentage points",
        ),
        (["--move", "Smiling=x"], "is not a move"),
        (["--move", "Smiling=x0"], "give a number above 0"),
        (["--move", "Smiling=p101"], "is not a percentile"),
        (["--move", "Smiling=140%"], "a probability of 1.4"),
        (["--move", "Smiling=x2", "--units", "logit"], "is for plain strengths"),
        (["--move", "Smiling=x2", "--move", "Smiling=1"], "names Smiling twice"),
        (["--move", "Smile=x2"], "did you mean 'Smiling'"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    run: Any, files: Any, tmp_path: Path, arguments: list[str], message: str
) -> None:
    assert message in edit(run, files, tmp_path / "a.png", "--seed", 3, *arguments).complaint
