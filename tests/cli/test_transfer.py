"""`ganatomy transfer` and `ganatomy train transfer`, from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

import ganatomy as ga
from ganatomy.recipes import Drawn, Given, Reached, Transfer


@pytest.fixture(scope="module")
def network(files: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from ganatomy.cli import main

    folder = tmp_path_factory.mktemp("network")
    quick = ["--attributes", "Smiling", "--steps", "3", "--pool", "32", "--space", "w"]
    assert main(["train", "transfer", files.style, "--scorer", files.scorer, *quick, "-o", str(folder)]) == 0
    return folder


def arguments(files: Any, out: Path, *more: object, source: str = "3", target: str = "7,8") -> list[object]:
    pair = ["--from", source, "--to", target, "--attributes", "Smiling", "--scorer", files.scorer]
    return ["transfer", files.style, *pair, *more, "-o", out]


def test_the_result_is_that_of_the_library_and_the_image_shows_three_columns(
    run: Any, files: Any, tmp_path: Path
) -> None:
    out = tmp_path / "smile.png"
    data = json.loads(run(*arguments(files, out, "--json")).out)
    generator, scorer = ga.load(files.style), ga.scorer(files.scorer)
    target = ga.Latents.cat(generator.sample(1, seed=seed, space="w") for seed in (7, 8))
    found = ga.transfer(generator, scorer, target, generator.sample(1, seed=3, space="w"), "Smiling")
    assert data["method"] == "guided"
    assert data["hold"] == ["Male"]
    assert [image["after"]["Smiling"] for image in data["images"]] == pytest.approx(
        found.after.column("Smiling").sigmoid().tolist(), abs=1e-4
    )
    assert [image["reached"] for image in data["images"]] == found.reached.tolist()
    assert set(data["images"][0]["held_drift"]) == {"Male"}

    # The sheet has a row for each target; the recipe draws it again, bit for bit.
    recipe = ga.read_recipe(out)
    assert isinstance(recipe.image, Transfer)
    assert isinstance(recipe.edits[0], Reached)
    assert torch.allclose(recipe.edits[0].latents.codes, found.latents.codes, atol=1e-5)
    with Image.open(out) as sheet:
        assert sheet.height > 2 * ((sheet.width - 2) // 3 - 2)
        assert np.array_equal(np.asarray(ga.render(recipe)), np.asarray(sheet))


def test_codes_can_be_written_and_given_by_files(run: Any, files: Any, tmp_path: Path) -> None:
    assert run("sample", files.style, "-n", 2, "--space", "w", "-o", tmp_path / "two.latents").code == 0
    out = tmp_path / "new.latents"
    outcome = run(*arguments(files, out, source=str(tmp_path / "two.latents"), target="7"))
    assert outcome.code == 0, outcome.err
    found = ga.load_latents(out)
    assert len(found) == 2
    assert found.space == "w"


def test_one_target_takes_from_all_sources_and_is_drawn_with_each(
    run: Any, files: Any, tmp_path: Path
) -> None:
    out = tmp_path / "three.png"
    assert run(*arguments(files, out, source="1,2,3", target="7")).code == 0
    recipe = ga.read_recipe(out)
    assert isinstance(recipe.codes, Drawn)
    assert recipe.codes.seeds == (7, 7, 7)
    assert isinstance(recipe.image, Transfer)
    assert len(recipe.image.source) == 3
    ga.save_latents(ga.load(files.style).sample(1, seed=7, space="w"), tmp_path / "one.latents")
    assert run(*arguments(files, out, source="1,2", target=str(tmp_path / "one.latents"))).code == 0
    assert isinstance(ga.read_recipe(out).codes, Given)


def test_directions_alone_mean_the_closed_form(run: Any, files: Any, tmp_path: Path) -> None:
    out = tmp_path / "linear.latents"
    data = json.loads(run(*arguments(files, out, "--directions", files.directions, "--json")).out)
    assert data["method"] == "linear"
    generator, scorer = ga.load(files.style), ga.scorer(files.scorer)
    target = ga.Latents.cat(generator.sample(1, seed=seed, space="w") for seed in (7, 8))
    found = ga.transfer(
        generator, scorer, target, generator.sample(1, seed=3, space="w"), "Smiling",
        method="linear", directions=ga.load_directions(files.directions),
    )  # fmt: skip
    assert torch.allclose(ga.load_latents(out).codes, found.latents.codes, atol=1e-4)


def test_a_trained_network_transfers_in_one_pass(run: Any, files: Any, network: Path, tmp_path: Path) -> None:
    out = tmp_path / "network.png"
    data = json.loads(run(*arguments(files, out, "--transfer-network", network, "--json")).out)
    assert data["method"] == "network"
    assert len(data["images"]) == 2
    loaded = ga.TransferNetwork.load(network / "transfer.safetensors")
    assert loaded.config.attributes == ("Smiling",)
    assert loaded.config.generator == ga.load(files.style).fingerprint
    again = run(*arguments(files, out, "--transfer-network", network / "transfer.safetensors"))
    assert again.code == 0, again.err
    assert "by network" in again.out


def test_a_finished_run_is_not_trained_again(run: Any, files: Any, network: Path) -> None:
    quick = ["--attributes", "Smiling", "--steps", 3, "--pool", 32, "--space", "w", "--scorer", files.scorer]
    before = load_file(network / "transfer.safetensors")
    outcome = run("train", "transfer", files.style, *quick, "-o", network, "--json")
    assert outcome.code == 0, outcome.err
    told = json.loads(outcome.out)["attributes"]["Smiling"]
    assert set(told) == {"reached", "missing", "drift"}
    after = load_file(network / "transfer.safetensors")
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    line = run("train", "transfer", files.style, *quick, "--seed", 5, "-o", network).complaint
    assert "other settings (seed differ)" in line


def test_help_of_training_has_an_example(run: Any) -> None:
    outcome = run("train", "transfer", "--help")
    assert outcome.code == 0
    assert "ganatomy train transfer faces --attributes Smiling" in outcome.out


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--method", "linear"], "--method linear needs --directions"),
        (["--method", "network"], "--method network needs --transfer-network"),
        (
            ["--method", "linear", "--directions", "D", "--transfer-network", "x"],
            "does not go with --method linear",
        ),
        (["--method", "network", "--directions", "D", "--transfer-network", "x"], "--directions does not go"),
        (["--transfer-network", "none.safetensors"], "none.safetensors does not exist"),
        (["--transfer-network", "D"], "holds directions, not transfer network"),
        (["--attributes", "Smilling"], "did you mean 'Smiling'"),
        (["--hold", "Smiling"], "cannot change and stay"),
        (["--from", "x"], "is not a seed"),
        (["--from", "1,2,3"], "2 targets and 3 sources do not make pairs"),
        (["--to", "none.latents"], "none.latents does not exist"),
    ],
)
def test_what_does_not_go_together_is_refused_in_one_line(
    run: Any, files: Any, tmp_path: Path, more: list[str], message: str
) -> None:
    said = [files.directions if word == "D" else word for word in more]
    base = {"--from": "3", "--to": "7,8", "--attributes": "Smiling"}
    base.update({said[0]: said[1]} if said[0] in base else {})
    rest = [] if said[0] in base else said
    flat = [word for pair in base.items() for word in pair]
    line = run(
        "transfer", files.style, "--scorer", files.scorer, *flat, *rest, "-o", tmp_path / "x.png"
    ).complaint
    assert message in line
