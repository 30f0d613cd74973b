from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import ganatomy as ga

Run = Callable[..., Any]


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


@pytest.fixture
def latents(files: Any, tmp_path: Path) -> Path:
    return ga.save_latents(ga.load(files.style).sample(2, seed=5, space="w"), tmp_path / "my.latents")


def test_info_says_what_a_style_generator_is(run: Run, files: Any) -> None:
    outcome = run("info", files.style)
    assert outcome.code == 0
    assert outcome.out.startswith("StyleGAN2 · 16 px · z 8 · w 8 x 6 layers · spaces z w w+ s · ")
    assert f"sha256 {ga.load(files.style).fingerprint[:12]}" in outcome.out
    assert outcome.err == ""


def test_info_gives_the_same_as_json(run: Run, files: Any) -> None:
    data = json.loads(run("info", files.stack, "--prior", "uniform", "--json").out)
    assert data["z_dim"] == 12
    assert data["prior"] == "uniform"
    assert data["spaces"] == ["z"]
    assert data["w_dim"] is None
    assert data["parameters"] == sum(p.numel() for p in ga.load(files.stack).parameters())
    assert data["fingerprint"] == ga.load(files.stack, prior="uniform").fingerprint


def test_info_says_everything_that_json_has(run: Run, files: Any) -> None:
    data = json.loads(run("info", files.style, "--json").out)
    assert data["format"] == "PyTorch"
    assert data["size"] == Path(files.style).stat().st_size
    assert data["source"] == "file"
    assert data["licence"] is None
    assert data["flops"] > 0
    assert data["settings"]["mapping_layers"] == 2
    assert data["notes"] == [
        "its mean w is all zeros, so truncation_psi draws towards zero and not towards a mean image"
    ]
    lines = run("info", files.style).out.splitlines()
    assert lines[1].endswith("licence unknown")
    assert lines[-2] == f"note: {data['notes'][0]}"
    assert lines[-1].startswith("16 images")


def test_models_lists_names_with_their_licences(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ganatomy.zoo.published import PUBLISHED
    from ganatomy.zoo.sources import cached_file

    monkeypatch.setenv("GANATOMY_CACHE", str(tmp_path))
    there = cached_file(PUBLISHED["stylegan2-ada-ffhq"])
    there.parent.mkdir(parents=True)
    there.write_bytes(bytes(3_000_000))
    rows = {row["name"]: row for row in json.loads(run("models", "--json").out)["models"]}
    assert [*rows][:2] == ["faces", "digits"]
    assert set(PUBLISHED) < set(rows)
    for row in rows.values():
        assert row["licence"]
        assert row["resolution"]
    assert rows["stylegan2-ada-ffhq"]["downloaded"]
    assert not rows["stylegan2-ada-metfaces"]["downloaded"]
    told = run("models").out
    assert [name for name in rows if f"  {name} " not in told] == []
    assert "Nvidia Source Code License (non-commercial)" in told
    assert told.count("[3 MB here]") == 1


def test_export_writes_the_model_that_it_was_given(run: Run, files: Any, tmp_path: Path) -> None:
    out = tmp_path / "new" / "style.safetensors"
    data = json.loads(run("export", files.style, "-o", out, "--licence", "MIT", "--json").out)
    assert data["fingerprint"] == ga.load(out).fingerprint == ga.load(files.style).fingerprint
    assert data["card"]["licence"] == "MIT"
    assert run("info", out).out.splitlines()[1].endswith("licence MIT")


def test_export_in_half_precision_is_half_the_size(run: Run, files: Any, tmp_path: Path) -> None:
    sizes = []
    for bits in (32, 16):
        outcome = run("export", "faces", "-o", tmp_path / f"folder{bits}", "--bits", bits)
        assert outcome.code == 0
        assert "licence Apache-2.0" in outcome.out
        sizes.append((tmp_path / f"folder{bits}" / "model.safetensors").stat().st_size)
    assert sizes[1] < 0.6 * sizes[0]
    assert run("info", tmp_path / "folder32").code == 0


def test_sample_draws_a_sheet(run: Run, files: Any, tmp_path: Path) -> None:
    out = tmp_path / "new" / "samples.png"
    outcome = run("sample", files.stack, "-n", 6, "--columns", 3, "--scale", 1, "-o", out)
    assert outcome.code == 0
    assert str(out) in outcome.out
    width, height = size_of(out)
    assert (width - 2) / 3 == (height - 2) / 2 == 18


def test_sample_writes_the_codes_that_the_library_draws(run: Run, files: Any, tmp_path: Path) -> None:
    out = tmp_path / "codes.latents"
    assert (
        run(
            "sample", files.style, "-n", 3, "--seed", 4, "--space", "w", "--truncation-psi", 0.5, "-o", out
        ).code
        == 0
    )
    expected = ga.load(files.style).sample(3, seed=4, space="w", truncation_psi=0.5)
    assert torch.equal(ga.load_latents(out).codes, expected.codes)


def test_sample_draws_one_image_of_each_of_several_seeds(run: Run, files: Any, tmp_path: Path) -> None:
    out = tmp_path / "three.latents"
    outcome = run("sample", files.style, "--seed", "4:7", "--space", "w", "-o", out, "--json")
    assert json.loads(outcome.out)["seeds"] == [4, 5, 6]
    model = ga.load(files.style)
    drawn = ga.Latents.cat(model.sample(1, seed=seed, space="w") for seed in (4, 5, 6))
    assert torch.equal(ga.load_latents(out).codes, drawn.codes)


def test_rows_of_numbered_sheets_and_of_files_go_on_alone(run: Run, files: Any, tmp_path: Path) -> None:
    sheet, codes = tmp_path / "sheet.png", tmp_path / "codes.latents"
    drawn = ["sample", files.style, "-n", 4, "--seed", 7, "--space", "w"]
    plain = tmp_path / "plain.png"
    for out, more in ((sheet, ["--numbers"]), (plain, []), (codes, [])):
        assert run(*drawn, *more, "-o", out).code == 0
    assert size_of(sheet)[1] > size_of(plain)[1]
    model = ga.load(files.style)
    expected = model.sample(4, seed=7, space="w")[[3, 1]]
    for source in (sheet, codes):
        out = tmp_path / f"{source.stem}-rows.latents"
        moved = [
            "edit",
            files.style,
            source,
            "--row",
            "3,1",
            "--directions",
            files.directions,
            "--move",
            "Smiling=0",
        ]
        assert run(*moved, "-o", out).code == 0
        assert torch.equal(ga.load_latents(out).codes, expected.codes)
    for given, words in (
        ([codes, "--row", 4], "--row 4 is none of .*codes.latents, whose rows go from 0 to 3"),
        (["--seed", 3, "--row", 1], "of seeds, name the seed"),
    ):
        outcome = run(
            "edit", files.style, *given, "--directions", files.directions, "--move", "Smiling=0", "-o", out
        )
        assert outcome.code == 2
        assert re.search(words, " ".join(outcome.err.split()))


def test_survey_prints_one_json_object_and_goes_on_where_it_was(run: Run, files: Any, tmp_path: Path) -> None:
    arguments = [
        "survey",
        files.style,
        "--scorer",
        files.scorer,
        "--space",
        "z",
        "-o",
        tmp_path / "s",
        "--json",
    ]
    assert json.loads(run(*arguments, "-n", 20).out)["n"] == 20
    data = json.loads(run(*arguments, "-n", 30).out)
    assert data["n"] == 30
    assert set(data["prevalence"]) == {"Smiling", "Male"}
    assert len(ga.load_survey(tmp_path / "s")) == 30


@pytest.mark.parametrize("method", ["regression", "dual", "centroid"])
def test_directions_are_those_of_the_library(run: Run, files: Any, tmp_path: Path, method: str) -> None:
    out = tmp_path / "found.directions"
    data = json.loads(run("directions", files.survey, "--method", method, "-o", out, "--json").out)
    expected = ga.find(ga.load_survey(files.survey), method=method)
    assert torch.allclose(ga.load_directions(out).matrix, expected.matrix)
    assert data["directions"]["Smiling"]["auc"] == pytest.approx(expected["Smiling"].auc)


def test_directions_of_chosen_attributes_keep_their_order(run: Run, files: Any, tmp_path: Path) -> None:
    out = tmp_path / "found.directions"
    assert run("directions", files.survey, "--attributes", "Male,Smiling", "-o", out).code == 0
    assert ga.load_directions(out).names == ["Male", "Smiling"]


def test_walk_draws_one_strip_for_each_seed(run: Run, files: Any, tmp_path: Path) -> None:
    out = tmp_path / "strip.png"
    along = f"{files.directions}:Smiling"
    outcome = run(
        "walk", files.style, "--seed", "7,8", "--along", along, "--steps", 5, "--scale", 1, "-o", out
    )
    assert outcome.code == 0
    width, height = size_of(out)
    assert width == 2 + 5 * 18
    assert 2 + 2 * 18 <= height < 2 + 2 * 18 + 30


@pytest.mark.parametrize("ending", ["gif", "mp4"])
def test_walk_makes_a_film_that_goes_there_and_back(
    run: Run, files: Any, tmp_path: Path, ending: str
) -> None:
    import av

    out = tmp_path / f"film.{ending}"
    arguments = ["--seed", "7,8", "--along", f"{files.directions}:Smiling", "--hold", "Male", "--steps", 5]
    assert run("walk", files.style, *arguments, "-o", out).code == 0
    with av.open(str(out)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(frames) == 8
    assert frames[0].shape[1] == 2 * frames[0].shape[0]
    assert np.abs(frames[1].astype(float) - frames[7]).mean() < 5
    assert not np.array_equal(frames[0], frames[4])


def test_walk_goes_between_codes_without_a_direction(run: Run, files: Any, tmp_path: Path) -> None:
    data = json.loads(run("walk", files.stack, "--seed", "1,2", "-o", tmp_path / "between.png", "--json").out)
    assert data["along"] is None
    assert data["images"] == 7


def test_edit_moves_codes_as_the_library_does(run: Run, files: Any, latents: Path, tmp_path: Path) -> None:
    out = tmp_path / "edited.latents"
    moves = ["--move", "Smiling=2", "--move", "Male=-1", "--units", "distance"]
    assert run("edit", files.style, latents, "--directions", files.directions, *moves, "-o", out).code == 0
    found = ga.load_directions(files.directions)
    expected = ga.move(ga.move(ga.load_latents(latents), found["Smiling"], 2.0), found["Male"], -1.0)
    assert torch.allclose(ga.load_latents(out).codes, expected.codes)


def test_all_other_directions_of_the_file_can_be_held(
    run: Run, files: Any, latents: Path, tmp_path: Path
) -> None:
    """Two ways to say the same: there are two directions, so all others are the other one."""
    found = {}
    for held in ("all", "Male"):
        out = tmp_path / f"{held}.latents"
        start = ["edit", files.style, latents, "--directions", files.directions, "--move", "Smiling=2"]
        outcome = run(*start, "--hold", held, "--json", "-o", out)
        assert json.loads(outcome.out)["hold"] == ["Male"], outcome.err
        found[held] = ga.load_latents(out).codes
    assert torch.equal(found["all"], found["Male"])
    walked = {}
    for held in ("all", "Male"):
        out = tmp_path / f"walk-{held}.png"
        route = ["walk", files.style, "--seed", 1, "--along", f"{files.directions}:Smiling", "--steps", 2]
        assert run(*route, "--hold", held, "-o", out).code == 0
        walked[held] = out.read_bytes()
    assert walked["all"] == walked["Male"]


def test_edit_holds_what_must_stay(run: Run, files: Any, latents: Path, tmp_path: Path) -> None:
    out = tmp_path / "edited.latents"
    arguments = ["--directions", files.directions, "--move", "Smiling=2", "--hold", "Male", "-o", out]
    assert run("edit", files.style, latents, *arguments).code == 0
    male = ga.load_directions(files.directions)["Male"]
    before, after = ga.load_latents(latents), ga.load_latents(out)
    assert torch.allclose(male.logit(before), male.logit(after), atol=1e-4)
    assert not torch.allclose(before.codes, after.codes)


def test_edit_moves_only_the_layers_that_are_named(
    run: Run, files: Any, latents: Path, tmp_path: Path
) -> None:
    out = tmp_path / "edited.latents"
    arguments = ["--directions", files.directions, "--move", "Smiling=2", "--layers", "0:2", "-o", out]
    assert run("edit", files.style, latents, *arguments).code == 0
    change = ga.load_latents(out).codes - ga.load_latents(latents).to("w+").codes
    assert [bool(layer.any()) for layer in change.unbind(1)] == [True, True, False, False, False, False]


def test_edit_shows_a_image_before_and_after(run: Run, files: Any, tmp_path: Path) -> None:
    arguments = ["--seed", "7,8,9", "--directions", files.directions, "--move", "Smiling=2", "--scale", 1]
    assert run("edit", files.style, *arguments, "--before", "-o", tmp_path / "both.png").code == 0
    assert size_of(tmp_path / "both.png") == (2 + 3 * 18, 2 + 2 * 18)


def test_edit_goes_on_until_the_scorer_sees_what_is_wanted(run: Run, files: Any, tmp_path: Path) -> None:
    out = tmp_path / "edited.latents"
    arguments = ["--seed", "7,8", "--to", "Smiling=+0.1", "--hold", "Male", "--scorer", files.scorer]
    told = json.loads(run("edit", files.style, *arguments, "-o", out, "--json").out)
    generator = ga.load(files.style)
    seen = ga.scorer(files.scorer)(generator(ga.load_latents(out))).probabilities
    was = ga.scorer(files.scorer)(
        generator(ga.Latents.cat(generator.sample(1, seed=s, space="w") for s in (7, 8)))
    )
    assert told["derivatives"] == "gradients"
    assert told["hold"] == ["Male"]
    for row, image in enumerate(told["images"]):
        assert image["before"]["Smiling"] == pytest.approx(float(was.probabilities[row, 0]), abs=1e-4)
        assert image["after"]["Smiling"] == pytest.approx(float(seen[row, 0]), abs=1e-4)
        assert image["goal"]["Smiling"] == pytest.approx(image["before"]["Smiling"] + 0.1, abs=0.01)
        assert image["reached"] == (abs(image["after"]["Smiling"] - image["goal"]["Smiling"]) <= 0.02)
        drift = float(seen[row, 1] - was.probabilities[row, 1])
        assert image["held_drift"] == {"Male": pytest.approx(drift, abs=1e-4)}
    assert any(image["reached"] for image in told["images"])


def test_edit_to_a_goal_can_keep_to_directions(run: Run, files: Any, tmp_path: Path) -> None:
    out = tmp_path / "edited.png"
    arguments = ["--to", "Smiling=+0.1", "--scorer", files.scorer, "--directions", files.directions]
    told = json.loads(run("edit", files.style, "--seed", 7, *arguments, "-o", out, "--json").out)
    assert told["derivatives"].startswith("finite differences along")


def test_one_edited_image_is_just_that_image(run: Run, files: Any, tmp_path: Path) -> None:
    arguments = ["--seed", 7, "--directions", files.directions, "--move", "Smiling=2", "--scale", 1]
    assert run("edit", files.style, *arguments, "-o", tmp_path / "one.png").code == 0
    assert size_of(tmp_path / "one.png") == (16, 16)


def test_arithmetic_keeps_the_order_of_its_terms(run: Run, files: Any, tmp_path: Path) -> None:
    arguments = ["--plus", "3,5", "--minus", 2, "--plus", "1,6", "-o", tmp_path / "sum.png", "--json"]
    data = json.loads(run("arithmetic", files.stack, *arguments).out)
    assert data["terms"] == [
        {"sign": "+", "codes": [3, 5]},
        {"sign": "-", "codes": [2]},
        {"sign": "+", "codes": [1, 6]},
    ]


def test_arithmetic_adds_and_subtracts_means(run: Run, files: Any, tmp_path: Path) -> None:
    out = tmp_path / "sum.latents"
    assert run("arithmetic", files.stack, "--minus", "2", "--plus", "3,5", "-o", out).code == 0
    draw = ga.load(files.stack).sample
    expected = (draw(1, seed=3).codes + draw(1, seed=5).codes) / 2 - draw(1, seed=2).codes
    assert torch.allclose(ga.load_latents(out).codes, expected, atol=1e-6)


def test_arithmetic_shows_neighbours_of_the_sum(run: Run, files: Any, tmp_path: Path) -> None:
    arguments = ["--plus", "3", "--minus", "2", "--neighbours", 3, "-o", tmp_path / "sum.png"]
    assert run("arithmetic", files.stack, *arguments, "--scale", 4).code == 0
    width, height = size_of(tmp_path / "sum.png")
    assert width == 2 + 3 * 66
    assert height > 2 * 64


def test_mix_takes_layers_of_the_columns(run: Run, files: Any, tmp_path: Path) -> None:
    seeds = ["--rows", "1,2", "--columns", "3,4,5", "--layers", "0:2"]
    assert run("mix", files.style, *seeds, "-o", tmp_path / "mix.latents").code == 0
    draw = ga.load(files.style).sample
    expected = torch.cat(
        [draw(1, seed=5, space="w+").codes[:, :2], draw(1, seed=2, space="w+").codes[:, 2:]], 1
    )
    assert torch.equal(ga.load_latents(tmp_path / "mix.latents").codes[-1:], expected)
    assert run("mix", files.style, *seeds, "--scale", 1, "-o", tmp_path / "mix.png").code == 0
    assert size_of(tmp_path / "mix.png") == (2 + 4 * 18, 2 + 3 * 18)


def test_dataset_draws_a_sheet(run: Run, tmp_path: Path) -> None:
    arguments = ["-n", 4, "--resolution", 32, "--scale", 1, "-o", tmp_path / "sheet.png"]
    assert run("dataset", "faces", *arguments).code == 0
    assert size_of(tmp_path / "sheet.png") == (2 + 2 * 34, 2 + 2 * 34)


def test_dataset_writes_images_with_their_labels(run: Run, tmp_path: Path) -> None:
    from ganatomy.datasets.faces import ATTRIBUTES, FACTORS, sample_faces

    arguments = ["-n", 5, "--seed", 3, "--resolution", 32, "--independent", "-o", tmp_path / "drawn"]
    assert run("dataset", "faces", *arguments).code == 0
    with (tmp_path / "drawn" / "labels.csv").open() as file:
        rows = list(csv.DictReader(file))
    expected = sample_faces(5, seed=3, entangled=False)
    assert [int(rows[2][name]) for name in ATTRIBUTES] == expected.labels[2].int().tolist()
    assert size_of(tmp_path / "drawn" / rows[4]["file"]) == (32, 32)
    with (tmp_path / "drawn" / "factors.csv").open() as file:
        factors = list(csv.DictReader(file))
    values = [float(factors[1][factor.name]) for factor in FACTORS]
    assert values == pytest.approx(expected.factors[1].tolist(), abs=1e-5)


@pytest.mark.slow
def test_explore_writes_a_report_and_goes_on_where_it_was(run: Run, files: Any, tmp_path: Path) -> None:
    out = tmp_path / "report"
    arguments = ["explore", files.style, "--scorer", files.scorer, "-n", 300, "-o", out]
    outcome = run(*arguments, "--json")
    assert outcome.code == 0
    data = json.loads(outcome.out)
    assert data["report"] == str(out / "report.html")
    assert (data["n"], data["space"], data["seed"]) == (300, "w", 0)
    assert set(data["attributes"]) == {"Smiling", "Male"}
    assert {"linear", "penalty", "lowdin", "dual", "svm", "logistic", "centroid", "held"} <= set(
        data["methods"]
    )
    assert len(ga.load_survey(out / "survey")) == 300

    walked = ["--seed", 1, "--along", f"{out}:Smiling", "-o", tmp_path / "walk.png"]
    assert run("walk", files.style, *walked).code == 0, "the folder of a report stands for its directions"
    assert run(*arguments).out.endswith(f"\n{out / 'report.html'}\n")


def test_measure_writes_its_figures(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "figures.csv"
    run("measure", "digits", "path-length", "-n", 200, "-o", out)
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {"measure", "of", "figure", "value", "low", "high", "unit", "better"} == set(rows[0])
