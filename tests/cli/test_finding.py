"""`ganatomy directions MODEL`: the methods that look at a model, from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

import ganatomy as ga


def test_sefa_is_that_of_the_library(run: Any, files: Any, tmp_path: Path) -> None:
    out = tmp_path / "sefa.directions"
    arguments = ["--method", "sefa", "--layers", "0:3", "--components", 4, "-o", out, "--json"]
    data = json.loads(run("directions", files.style, *arguments).out)
    expected = ga.sefa(ga.load(files.style), layers=(0, 3), num_components=4)
    found = ga.load_directions(out)
    assert torch.allclose(found.matrix, expected.matrix)
    assert found[0].layers == (0, 3)
    assert data["space"] == "w"
    assert [d["value"] for d in data["directions"].values()] == pytest.approx(list(expected.values))


def test_ganspace_is_that_of_the_library(run: Any, files: Any, tmp_path: Path) -> None:
    out = tmp_path / "ganspace.directions"
    arguments = ["--method", "ganspace", "--layer", "layers.0", "-n", 200, "--components", 2, "--seed", 3]
    outcome = run("directions", files.stack, *arguments, "-o", out)
    assert outcome.code == 0, outcome.err
    assert "share of the variance of layers.0" in outcome.out
    expected = ga.ganspace(ga.load(files.stack), layer="layers.0", n=200, num_components=2, seed=3)
    assert torch.allclose(ga.load_directions(out).matrix, expected.matrix, atol=1e-4)


def test_stylespace_finds_local_channels_and_a_walk_goes_along_one(
    run: Any, files: Any, tmp_path: Path
) -> None:
    out, image = tmp_path / "local.directions", tmp_path / "walk.png"
    arguments = ["--method", "stylespace", "-n", 2, "--components", 1, "-o", out]
    assert run("directions", files.style, *arguments).code == 0
    name = ga.load_directions(out).names[0]
    assert name.startswith("row 1 column 1 s ")
    along = ["--along", f"{out}:{name}", "--space", "s", "--steps", 3, "-o", image]
    assert run("walk", files.style, "--seed", 1, *along).code == 0


def test_stylespace_finds_channels_of_attributes(run: Any, files: Any, tmp_path: Path) -> None:
    out = tmp_path / "channels.directions"
    arguments = ["--method", "stylespace", "--attributes", "Smiling", "--scorer", files.scorer]
    outcome = run("directions", files.style, *arguments, "-n", 100, "--components", 2, "-o", out)
    assert outcome.code == 0, outcome.err
    assert all(name.startswith("Smiling ") for name in ga.load_directions(out).names)


def test_directions_are_told_by_what_they_change(run: Any, files: Any, tmp_path: Path) -> None:
    arguments = ["--method", "sefa", "--components", 2, "--name-by", files.scorer]
    outcome = run("directions", files.style, *arguments, "-o", tmp_path / "d")
    assert outcome.code == 0, outcome.err
    assert "mean change of probability" in outcome.out
    data = json.loads(run("directions", files.style, *arguments, "-o", tmp_path / "d", "--json").out)
    named = ga.name_directions(
        ga.load(files.style),
        ga.scorer(files.scorer),
        ga.load_directions(tmp_path / "d"),
        batch_size=32,
    )
    for name, moved in named.moved.items():
        assert list(data["directions"][name]["moves"]) == list(moved)
        for attribute, change in moved.items():
            assert data["directions"][name]["moves"][attribute]["value"] == pytest.approx(
                change.value, abs=1e-4
            )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["SURVEY", "--method", "sefa"], "is a survey; sefa works on the model itself"),
        (["STYLE"], "is a model; regression learns from scores: run `ganatomy survey"),
        (["faces"], "faces is a model"),
        (["none"], "none is no folder with a survey"),
        (["none", "--method", "sefa"], "none"),
        (["STYLE", "--method", "seffa"], "did you mean 'sefa'"),
        (
            ["STYLE", "--method", "sefa", "--layer", "b8"],
            "--layer does not go with --method sefa, only with ganspace",
        ),
        (["SURVEY", "--layers", "0:2"], "--layers does not go with --method regression, only with sefa"),
        (["STYLE", "--method", "sefa", "--attributes", "Smiling"], "only with stylespace"),
        (["STYLE", "--method", "ganspace", "-n", "1"], "of 1 codes"),
        (["STYLE", "--method", "ganspace", "--layer", "b8.conv7"], "did you mean 'b8.conv"),
        (["STYLE", "--method", "sefa", "--components", "0"], "not 0"),
        (["STYLE", "--method", "sefa", "--layers", "0:99"], "not 0:99"),
        (["STACK", "--method", "stylespace"], "has no space s"),
        (["STYLE", "--method", "stylespace", "--attributes", "Smiling"], "has no scorer of its own"),
        (["SURVEY", "--name-by", "faces"], "--name-by"),
    ],
)
def test_what_does_not_go_together_is_refused_in_one_line(
    run: Any, files: Any, tmp_path: Path, arguments: list[str], message: str
) -> None:
    places = {"SURVEY": files.survey, "STYLE": files.style, "STACK": files.stack}
    line = run("directions", *(places.get(a, a) for a in arguments), "-o", tmp_path / "d").complaint
    assert message in line
