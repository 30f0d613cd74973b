"""Every mistake that a person can make costs one clear line and exit code 2."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import ganatomy as ga
from ganatomy.cli import console
from ganatomy.generators.stylegan2 import StyleGAN2, StyleGAN2Config

Run = Callable[..., Any]


class Hostile:
    """Unpickling this would write a file."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.write_text, (self.trace, "run")


def test_a_missing_model(run: Run, tmp_path: Path) -> None:
    assert "nowhere.pt" in run("info", tmp_path / "nowhere.pt").complaint


@pytest.mark.parametrize("command", ["explore", "compare"])
def test_a_missing_model_is_said_before_a_scorer_that_is_not_given(
    run: Run, tmp_path: Path, command: str
) -> None:
    complaint = run(command, tmp_path / "no.pt", "-o", tmp_path / "out").complaint
    assert "does not exist" in complaint
    assert "scorer" not in complaint
    assert not (tmp_path / "out").exists()


def test_a_misspelt_bundled_model(run: Run) -> None:
    assert "did you mean 'faces'" in run("info", "facse").complaint


def test_a_published_model_without_a_network(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from ganatomy.zoo.published import PUBLISHED

    monkeypatch.setenv("GANATOMY_CACHE", str(tmp_path))
    for name, model in PUBLISHED.items():
        monkeypatch.setitem(PUBLISHED, name, replace(model, url="http://127.0.0.1:1/model.pkl"))
    outcome = run("info", "stylegan2-ada-ffhq")
    assert outcome.code == 2
    notice, complaint = outcome.err.splitlines()
    assert "Nvidia Source Code License" in notice
    assert "check the network" in complaint


def test_a_repository_without_a_network(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANATOMY_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:1")
    assert "hf://org/name is not in the cache" in run("info", "org/name").complaint


def test_truncated_weights(run: Run, files: Any, tmp_path: Path) -> None:
    whole = Path(files.style).read_bytes()
    (tmp_path / "half.pt").write_bytes(whole[: len(whole) // 2])
    assert "half.pt" in run("info", tmp_path / "half.pt").complaint


def test_a_pickle_with_code_in_it_runs_nothing(run: Run, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    with (tmp_path / "hostile.pt").open("wb") as file:
        pickle.dump({"weight": Hostile(trace)}, file)
    torch.save({"weight": Hostile(trace)}, tmp_path / "hostile-zip.pt")
    assert "hostile.pt" in run("info", tmp_path / "hostile.pt").complaint
    assert "hostile-zip.pt" in run("info", tmp_path / "hostile-zip.pt").complaint
    assert not trace.exists()


def test_weights_of_a_classifier(run: Run, tmp_path: Path) -> None:
    torch.save(nn.Sequential(nn.Conv2d(3, 8, 3), nn.Linear(8, 10)).state_dict(), tmp_path / "classifier.pt")
    assert "classifier.pt" in run("info", tmp_path / "classifier.pt").complaint


def test_a_wrong_prior(run: Run, files: Any) -> None:
    line = run("info", files.stack, "--prior", "gaussian").complaint
    assert all(word in line for word in ("gaussian", "--prior", "normal", "uniform"))


def test_a_wrong_output(run: Run, files: Any) -> None:
    assert "relu" in run("info", files.stack, "--output", "relu").complaint


def test_a_device_that_is_not_there(run: Run, files: Any) -> None:
    assert "cuda:99" in run("info", files.stack, "--device", "cuda:99").complaint
    assert "abacus" in run("info", files.stack, "--device", "abacus").complaint


def test_an_attribute_that_does_not_exist(run: Run, files: Any, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    along = f"{files.directions}:Smilling"
    assert (
        "did you mean 'Smiling'"
        in run("walk", files.style, "--seed", 1, "--along", along, "-o", out).complaint
    )
    chosen = ["--attributes", "Mael", "-o", tmp_path / "d"]
    assert "did you mean 'Male'" in run("directions", files.survey, *chosen).complaint
    scored = ["--scorer", files.scorer, "--attributes", "Smilling", "-o", tmp_path / "s"]
    assert "Smilling" in run("survey", files.style, *scored).complaint


def test_a_method_that_does_not_exist(run: Run, files: Any, tmp_path: Path) -> None:
    line = run("directions", files.survey, "--method", "regresion", "-o", tmp_path / "d").complaint
    assert "did you mean 'regression'" in line


def test_an_attribute_of_one_class(run: Run, files: Any, tmp_path: Path) -> None:
    scorer = files.scorer.replace(":see", ":see_nothing")
    survey = tmp_path / "s"
    assert run("survey", files.style, "--scorer", scorer, "-n", 40, "-o", survey).code == 0
    line = run("directions", survey, "--attributes", "Smiling", "-o", tmp_path / "d").complaint
    assert "images to learn from have 'Smiling'" in line


def test_scores_that_are_not_numbers(run: Run, files: Any, tmp_path: Path) -> None:
    scorer = files.scorer.replace(":see", ":break_down")
    line = run("survey", files.style, "--scorer", scorer, "-n", 40, "-o", tmp_path / "s").complaint
    assert "nan for 'Smiling' in row 0" in line


def test_a_model_without_a_scorer(run: Run, files: Any, tmp_path: Path) -> None:
    assert "--scorer" in run("survey", files.style, "-o", tmp_path / "s").complaint


def test_a_scorer_that_is_not_there(run: Run, files: Any, tmp_path: Path) -> None:
    line = run("survey", files.style, "--scorer", tmp_path / "no.onnx", "-o", tmp_path / "s").complaint
    assert "no.onnx" in line


def test_a_direction_of_z_on_codes_in_w(run: Run, files: Any, tmp_path: Path) -> None:
    G = ga.load(files.style)
    direction = ga.Direction(
        name="Smiling", vector=torch.ones(8), space=ga.Space.Z, fingerprint=G.fingerprint
    )
    ga.save_directions(ga.Directions([direction]), tmp_path / "z.directions")
    codes = ga.save_latents(G.sample(2, seed=1, space="w"), tmp_path / "w.latents")
    arguments = ["--directions", tmp_path / "z.directions", "--move", "Smiling=1", "-o", tmp_path / "out.png"]
    line = run("edit", files.style, codes, *arguments).complaint
    assert "w codes cannot be mapped back to z" in line


def test_a_direction_of_another_model(run: Run, files: Any, tmp_path: Path) -> None:
    torch.manual_seed(1)
    other = StyleGAN2(StyleGAN2Config(widths=(8, 8, 8), z_dim=8, w_dim=8, mapping_layers=2))
    torch.save(other.state_dict(), tmp_path / "other.pt")
    arguments = [
        "--seed",
        1,
        "--directions",
        files.directions,
        "--move",
        "Smiling=1",
        "-o",
        tmp_path / "out.png",
    ]
    line = run("edit", tmp_path / "other.pt", *arguments).complaint
    assert "was found on generator" in line
    assert "--of-any-generator" in line
    assert run("edit", tmp_path / "other.pt", *arguments, "--of-any-generator").code == 0


def test_codes_of_another_model(run: Run, files: Any, tmp_path: Path) -> None:
    codes = ga.save_latents(ga.load(files.stack).sample(2), tmp_path / "z.latents")
    arguments = ["--directions", files.directions, "--move", "Smiling=1", "-o", tmp_path / "out.png"]
    assert "these codes are of generator" in run("edit", files.style, codes, *arguments).complaint


def test_a_file_of_another_kind(run: Run, files: Any, tmp_path: Path) -> None:
    arguments = ["--directions", files.directions, "--move", "Smiling=1", "-o", tmp_path / "out.png"]
    assert "directions" in run("edit", files.style, files.directions, *arguments).complaint


@pytest.mark.parametrize(
    "name", ["sample", "survey", "explore", "walk", "edit", "arithmetic", "mix", "export", "dataset"]
)
def test_a_place_that_cannot_be_written_is_refused_before_the_work(
    run: Run, files: Any, folder_below_a_file: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = {
        "sample": ["a.png"],
        "survey": ["", "--scorer", files.scorer],
        "explore": ["", "--scorer", files.scorer],
        "walk": ["a.gif", "--seed", 1, "--along", f"{files.directions}:Smiling"],
        "edit": ["a.png", "--seed", 1, "--directions", files.directions, "--move", "Smiling=1"],
        "arithmetic": ["a.png", "--plus", 1],
        "mix": ["a.png", "--rows", 1, "--columns", 2, "--layers", "0:2"],
        "export": ["a.safetensors"],
        "dataset": ["a.png"],
    }
    file, *rest = arguments[name]
    monkeypatch.setattr("ganatomy.generators.load", lambda *_, **__: pytest.fail("the model was read first"))
    model = "faces" if name == "dataset" else files.style
    line = run(name, model, *rest, "-o", folder_below_a_file / file).complaint
    assert f"{folder_below_a_file} cannot be written" in line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["smaple"], "did you mean"),
        (["sample"], "requires an argument"),
        (["sample", "STYLE", "-n", "many", "-o", "a.png"], "many"),
        (["sample", "STYLE", "-n", "-3", "-o", "a.png"], "-3"),
        (["sample", "STYLE", "-o", "a.xyz"], "'a.xyz' does not end in .png"),
        (["sample", "STYLE", "--sede", "3", "-o", "a.png"], "--sede"),
        (["sample", "STYLE", "--space", "v", "-o", "a.png"], "v"),
        (["sample", "STACK", "--space", "w", "-o", "a.png"], "has no space w"),
        (["sample", "STACK", "--truncation-psi", "0.7", "-o", "a.png"], "--truncation-psi 0.7"),
        (["sample", "STYLE", "--batch-size", "0", "-o", "a.png"], "--batch-size: 0 is out of range"),
        (["sample", "STYLE", "--seed", "-1", "-o", "a.png"], "-1' is not a seed"),
        (["walk", "STYLE", "--seed", "x", "-o", "a.png"], "'x' is not a seed"),
        (["walk", "STYLE", "--along", "D:Smiling", "-o", "a.png"], "say which codes"),
        (["walk", "STYLE", "--seed", "1", "--along", "Smiling", "-o", "a.png"], "FILE:NAME"),
        (["walk", "STYLE", "--seed", "1,2", "--hold", "Male", "-o", "a.png"], "--along"),
        (["walk", "STYLE", "--seed", "1", "-o", "a.png"], "two key codes"),
        (["walk", "STYLE", "--seed", "1,2", "--steps", "1", "-o", "a.png"], "at least 2"),
        (["walk", "STYLE", "--seed", "1,2", "--fps", "0", "-o", "a.gif"], "fps"),
        (
            ["edit", "STYLE", "--seed", "1", "--directions", "D", "--move", "Smiling", "-o", "a.png"],
            "NAME=STRENGTH",
        ),
        (
            ["edit", "STYLE", "--seed", "1", "--directions", "none", "--move", "Smiling=1", "-o", "a.png"],
            "none",
        ),
        (["edit", "STYLE", "--seed", "1", "-o", "a.png"], "give one kind of edit"),
        (
            [
                "edit",
                "STYLE",
                "--seed",
                "1",
                "--to",
                "A=.5",
                "--move",
                "A=1",
                "--directions",
                "D",
                "-o",
                "a.png",
            ],
            "give one kind of edit",
        ),
        (["edit", "STYLE", "--seed", "1", "--move", "Smiling=1", "-o", "a.png"], "--move needs --directions"),
        (["edit", "STYLE", "--seed", "1", "--to", "Smiling", "-o", "a.png"], "NAME=PROBABILITY"),
        (["edit", "STYLE", "--seed", "1", "--to", "Smiling=.9", "-o", "a.png"], "--scorer"),
        (["edit", "faces", "--seed", "1", "--to", "Smiling=9", "-o", "a.png"], "probability of 9"),
        (["edit", "faces", "--seed", "1", "--to", "Smilng=.9", "-o", "a.png"], "did you mean 'Smiling'"),
        (
            ["edit", "faces", "--seed", "1", "--to", "Male=.9", "--hold", "Male", "-o", "a.png"],
            "cannot change and stay",
        ),
        (["arithmetic", "STYLE", "--minus", "1", "-o", "a.png"], "plus"),
        (["mix", "STYLE", "--rows", "1", "--columns", "2", "--layers", "4:2", "-o", "a.png"], "FIRST:END"),
        (["mix", "STYLE", "--rows", "1", "--columns", "2", "--layers", "0:99", "-o", "a.png"], "0:99"),
        (["mix", "STACK", "--rows", "1", "--columns", "2", "--layers", "0:2", "-o", "a.png"], "w+"),
        (["dataset", "faces", "-n", "0", "-o", "a.png"], "-n: 0 is out of range"),
        (["dataset", "bedrooms", "-o", "a.png"], "bedrooms"),
        (["directions", "none", "-o", "a"], "none"),
        (
            ["export", "STYLE", "-o", "a.pt"],
            "'a.pt' does not end in .safetensors",
        ),
        (["export", "nothing", "-o", "a"], "there is no model 'nothing'"),
        (["info", "hf://faces"], "write hf://org/name"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_slip_of_the_keyboard(
    run: Run, files: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    names = {
        "STYLE": files.style,
        "STACK": files.stack,
        "D": files.directions,
        "D:Smiling": f"{files.directions}:Smiling",
    }
    assert words in run(*(names.get(argument, argument) for argument in arguments)).complaint


def test_another_survey_in_the_same_folder(run: Run, files: Any, tmp_path: Path) -> None:
    arguments = ["survey", files.style, "--scorer", files.scorer, "-n", 10, "-o", tmp_path / "s"]
    assert run(*arguments, "--seed", 1).code == 0
    assert "seed" in run(*arguments, "--seed", 2).complaint


def test_the_complaint_is_red_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "20")
    console.complain("a message that is longer than the terminal is wide\nand has two lines")
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert "\x1b[1;31m" in line


def test_numbers_that_json_cannot_say_become_null(capsys: pytest.CaptureFixture[str]) -> None:
    console.answer("", {"auc": float("nan"), "list": [1.5, float("inf")]}, as_json=True)
    assert json.loads(capsys.readouterr().out) == {"auc": None, "list": [1.5, None]}


def test_a_mistake_of_ours_keeps_its_traceback(run: Run, files: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("ganatomy.generators.load", broken)
    with pytest.raises(ZeroDivisionError):
        run("info", files.style)


@pytest.mark.slow
def test_ctrl_c_costs_one_line_and_the_survey_goes_on_where_it_was(
    run: Run, files: Any, tmp_path: Path
) -> None:
    survey = tmp_path / "s"
    arguments = ["survey", files.style, "--scorer", files.scorer, "-o", str(survey), "--json"]
    command = [sys.executable, "-m", "ganatomy", *arguments, "-n", "1000000"]
    # A job in the background of a shell ignores Ctrl-C and hands that down; here the child shall listen.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    signal.signal(signal.SIGINT, before)
    with process:
        deadline = time.monotonic() + 300
        while not list(survey.glob("*.parquet")) and time.monotonic() < deadline:
            time.sleep(0.1)
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=300)
    assert process.returncode == 130
    assert out == ""
    assert err.count("\n") == 1
    assert len(ga.load_survey(survey)) > 0
