"""The model, the classifiers and the sampling that commands share: each option works in every command that has it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import ganatomy as ga
from ganatomy.cli import COMMANDS, build
from ganatomy.cli.subject import Study, Subject
from ganatomy.errors import SettingError
from ganatomy.generators.stylegan2 import StyleGAN2, StyleGAN2Config
from ganatomy.perception import TextScorer

Run = Callable[..., Any]
WORDS = ("smiling", "wearing glasses|without glasses")
NAMES = ["smiling", "wearing glasses"]


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A generator of three classes."""
    torch.manual_seed(0)
    config = StyleGAN2Config(widths=(8, 8), z_dim=8, w_dim=8, mapping_layers=2, num_classes=3)
    path = tmp_path_factory.mktemp("classes") / "classes.pt"
    torch.save(StyleGAN2(config).state_dict(), path)
    return str(path)


def options(*command: str) -> set[str]:
    found = build()
    for name in command:
        found = found[name]
    arguments = (argument for argument in found.assemble_argument_collection() if argument.parse)
    return {name for argument in arguments for name in argument.names}


@pytest.mark.parametrize("name", [command.__name__.rstrip("_") for command in COMMANDS])
def test_a_command_that_scores_images_has_all_options_of_them(name: str) -> None:
    found = options(name)
    if "--scorer" in found and name != "push":  # which sends it, and scores nothing
        assert {"--device", "--batch-size", "--precision"} <= found
        assert "--label" in found or name == "studio", "the studio's page itself chooses classes"
    if "--judge" in found:
        assert "--scorer" in found


@pytest.mark.parametrize("study", ["linear-map", "z-against-w", "dcgan"])
def test_studies_have_them_too(study: str) -> None:
    found = options("study", study)
    assert {"--scorer", "--attributes", "--label", "--device", "--seed"} <= found
    assert ("--judge" in found) == (study != "dcgan"), "an option that would change nothing"


@pytest.mark.parametrize(
    "arguments",
    [
        ["measure", "MODEL", "cosines", "-n", 200],
        ["map", "MODEL", "--method", "pca", "-n", 20, "-o", "map.html"],
        ["map", "MODEL", "--method", "pca", "-n", 20, "--color", WORDS[1], "-o", "map.html"],
        pytest.param(
            ["compare", "MODEL", "--methods", "centroid", "-n", 100, "--images", 4, "-o", "out"],
            marks=pytest.mark.slow,
        ),
        pytest.param(
            ["study", "dcgan", "MODEL", "-n", 60, "--walks", 2, "-o", "out"], marks=pytest.mark.slow
        ),
        pytest.param(
            ["study", "z-against-w", "MODEL", "-n", 100, "--images", 4, "--refits", 0, "-o", "out"],
            marks=pytest.mark.slow,
        ),
    ],
    ids=lambda arguments: " ".join(map(str, arguments)),
)
def test_attributes_in_words(
    run: Run,
    files: Any,
    my_words: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[Any],
) -> None:
    monkeypatch.chdir(tmp_path)
    model = [files.style if argument == "MODEL" else argument for argument in arguments]
    chosen = [] if "--color" in arguments else ["--attributes", *WORDS]
    outcome = run(*model, "--scorer", my_words, *chosen, "--json")
    assert outcome.code == 0, outcome.err
    assert any(f'"{name}"' in outcome.out for name in NAMES)
    assert WORDS[1] not in outcome.out


def test_the_text_image_model_is_on_the_device(tiny: str, files: Any) -> None:
    found = Subject(model=files.style, scorer=tiny, judge=tiny, device="meta")
    judge = found.open_judge(None, WORDS)
    assert judge is not None
    for scorer in (found.open_scorer(WORDS), judge.scorer):
        assert isinstance(scorer, TextScorer)
        assert {parameter.device.type for parameter in scorer.model.network.parameters()} == {"meta"}


def test_chosen_attributes_are_called_as_the_scorer_calls_them(files: Any, tiny: str) -> None:
    subject = Study(model=files.style, scorer=tiny, attributes=WORDS, seed=4, truncation_psi=0.5)
    experiment = subject.experiment()
    assert list(experiment.image_scorer.names) == NAMES
    assert subject.chosen(experiment.scorer) == tuple(NAMES)
    assert (experiment.seed, experiment.truncation_psi, experiment.space) == (4, 0.5, None)
    assert Study(model=files.style, scorer=tiny).chosen(experiment.scorer) is None


def test_one_class_of_a_conditional_model_is_surveyed(
    run: Run, files: Any, classes: str, tmp_path: Path
) -> None:
    arguments = ["survey", classes, "--scorer", files.scorer, "--space", "z", "-n", 20, "-o", tmp_path / "s"]
    assert run(*arguments, "--label", 2).code == 0
    labels = ga.load_survey(tmp_path / "s").latents.labels
    assert labels is not None
    assert labels.argmax(1).tolist() == [2] * 20
    assert "label 2, not 1" in run(*arguments, "--label", 1).complaint
    assert "classes 0 to 2" in run(*arguments, "--label", 7).complaint
    assert "not conditional" in run("sample", files.style, "--label", 1, "-o", tmp_path / "a.png").complaint


@pytest.mark.parametrize("command", ["measure", "map"])
def test_one_class_is_all_that_an_experiment_draws(
    run: Run, files: Any, classes: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    drawn: set[int] = set()
    map_codes = StyleGAN2.map_codes

    def watched(self: StyleGAN2, latents: ga.Latents, to: ga.Space, **settings: Any) -> ga.Latents:
        if latents.labels is not None:
            drawn.update(latents.labels.argmax(1).tolist())
        return map_codes(self, latents, to, **settings)

    monkeypatch.setattr(StyleGAN2, "map_codes", watched)
    rest = {
        "measure": ["cosines", "-n", 200],
        "map": ["-n", 20, "--of", "images", "-o", tmp_path / "map.html"],
    }
    outcome = run(command, classes, *rest[command], "--label", 1, "--scorer", files.scorer)
    assert outcome.code == 0, outcome.err
    assert drawn == {1}


@pytest.mark.parametrize("how", ["to a target", "along a direction", "transfer"])
def test_a_judge_scores_the_images_before_and_after(
    run: Run, files: Any, other_scorer: str, tmp_path: Path, how: str
) -> None:
    out = tmp_path / "edited.latents"
    arguments = {
        "to a target": ["edit", files.style, "--seed", "7,8", "--to", "Smiling=+0.1", "--scorer", files.scorer],
        "along a direction": [
            "edit", files.style, "--seed", "7,8", "--directions", files.directions, "--move", "Smiling=2",
        ],
        "transfer": [
            "transfer", files.style, "--from", "3", "--to", "7,8", "--attributes", "Smiling", "--scorer", files.scorer,
        ],
    }  # fmt: skip
    told = json.loads(run(*arguments[how], "--judge", other_scorer, "-o", out, "--json").out)["readings"]
    generator, judge = ga.load(files.style), ga.scorer(other_scorer)
    before = ga.Latents.cat(generator.sample(1, seed=seed, space="w") for seed in (7, 8))
    for when, latents in (("before", before), ("after", ga.load_latents(out))):
        read = judge(generator(latents)).select(["Smiling"]).probabilities[:, 0].tolist()
        assert [image[f"judge_{when}"]["Smiling"] for image in told["images"]] == pytest.approx(
            read, abs=1e-4
        )
    assert told["judge"] == judge.description
    judged, codes = run(*arguments[how], "--judge", other_scorer, "-o", out).out.splitlines()[-2:]
    assert judged.startswith("  judge Smiling ")
    if how != "along a direction":  # without a scorer nothing says what there is to confirm
        confirmed = [image["confirmed"] for image in told["images"]]
        assert f"{sum(confirmed)} of 2 confirmed" in judged
    assert codes.startswith("  codes")


def test_a_judge_in_words_knows_moved_and_held_attributes(
    run: Run, files: Any, tiny: str, tmp_path: Path
) -> None:
    moved = ["--directions", files.directions, "--move", "Smiling=2", "--hold", "Male", "--judge", tiny]
    outcome = run("edit", files.style, "--seed", 7, *moved, "-o", tmp_path / "a.png", "--json")
    assert outcome.code == 0, outcome.err
    (image,) = json.loads(outcome.out)["readings"]["images"]
    assert list(image["judge_before"]) == ["Smiling"]


def test_a_judge_that_is_no_judge_is_refused(run: Run, files: Any, tmp_path: Path) -> None:
    edit = ["edit", files.style, "--seed", 7, "--to", "Smiling=+.1", "--scorer", files.scorer]
    out = ("-o", tmp_path / "a.png")
    assert "took part itself" in run(*edit, "--judge", files.scorer, *out).complaint
    (tmp_path / "labels.csv").write_text("file,Smiling\na.png,1\nb.png,0\n")
    assert "cannot score new images" in run(*edit, "--judge", tmp_path / "labels.csv", *out).complaint
    blind = files.scorer.replace(":see", ":see_nothing")
    male = ["edit", files.style, "--seed", 7, "--to", "Male=+.1", "--scorer", files.scorer]
    assert "attribute of the judge" in run(*male, "--judge", blind, *out).complaint


def test_a_scorer_is_found_only_where_there_is_one(files: Any) -> None:
    assert Subject(model=files.style).find_scorer() is None
    assert Subject(model="digits").find_scorer() is not None
    with pytest.raises(SettingError, match="has no scorer of its own"):
        Subject(model=files.style).open_scorer()


def test_guided_edits_follow_the_classifiers_of_target_which_may_not_judge(
    run: Run, files: Any, other_scorer: str, tmp_path: Path
) -> None:
    edit = ["edit", files.style, "--seed", 7, "--to", "Smiling=+.1", "--scorer", files.scorer]
    outcome = run(*edit, "--target", other_scorer, "-o", tmp_path / "a.png")
    assert outcome.code == 0, outcome.err
    refused = run(*edit, "--target", other_scorer, "--judge", other_scorer, "-o", tmp_path / "b.png")
    assert "took part itself" in refused.complaint
    twice = run(*edit, "--target", files.scorer, "-o", tmp_path / "b.png")
    assert "follow" in twice.complaint
    assert "already" in twice.complaint


@pytest.mark.parametrize(("quick", "precision"), [(True, "bfloat16"), (False, "float32")])
def test_auto_is_the_quick_precision_of_the_machine_and_recipes_name_it(
    quick: bool, precision: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganatomy.generators.precision.bfloat16_units", lambda: quick)
    out = tmp_path / "one.png"
    run("sample", "faces", "--seed", 0, "--precision", "auto", "--device", "cpu", "-o", out)
    assert ga.read_recipe(out).model.precision == precision
