"""Commands with attributes in words, on a tiny random text-image model."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from perception import tiny_clip

import ganatomy as ga
from ganatomy.perception import clip

Run = Callable[..., Any]
SMILING, GLASSES = "smiling", "wearing glasses|without glasses"


def test_a_survey_looks_for_words(run: Run, files: Any, tiny: str, tmp_path: Path) -> None:
    arguments = ("--scorer", tiny, "-n", 20, "-o", tmp_path / "my.survey", "--json")
    first = run("survey", files.style, "--attributes", SMILING, GLASSES, *arguments)
    assert list(json.loads(first.out)["prevalence"]) == ["smiling", "wearing glasses"]
    again = run("survey", files.style, "--attributes", f"{SMILING},{GLASSES}", *arguments)
    assert again.out == first.out
    other = run("survey", files.style, "--attributes", SMILING, "wearing glasses", *arguments)
    assert "scorer" in other.complaint


def test_words_are_centred_on_a_model(run: Run, files: Any, tiny: str, tmp_path: Path) -> None:
    out = tmp_path / "my.words"
    arguments = (files.style, "--attributes", SMILING, GLASSES, "--scorer", tiny, "-n", 30, "-o", out)
    told = json.loads(run("words", *arguments, "--json").out)["attributes"]
    assert list(told) == ["smiling", "wearing glasses"]
    eye, G = ga.scorer(out), ga.load(files.style)
    assert eye.centre == tuple(round(row["mean"], 4) for row in told.values())
    assert float(ga.survey(G, eye, n=30, space="w").scores.logits.mean(0).abs().max()) < 1e-3
    assert "before centring" in run("words", *arguments).out
    church = run("words", *arguments, "--subject", "a church")
    assert church.code == 0
    assert "a photo of a church smiling" in out.read_text()


def test_words_find_directions_and_guide_edits(
    run: Run, files: Any, tiny: str, my_words: Path, tmp_path: Path
) -> None:
    survey, found = tmp_path / "my.survey", tmp_path / "my.directions"
    assert run("survey", files.style, "--scorer", my_words, "-n", 60, "-o", survey).code == 0
    assert run("directions", survey, "-o", found).code == 0
    assert ga.load_directions(found).names == ["smiling", "wearing glasses"]
    outcome = run(
        "edit", files.style, "--seed", 3, "--scorer", my_words, "--to", "smiling=+0.01", "--hold", "all",
        "--json", "-o", tmp_path / "file.png",
    )  # fmt: skip
    assert json.loads(outcome.out)["hold"] == ["wearing glasses"]
    outcome = run(
        "edit", files.style, "--seed", 3, "--scorer", tiny, "--to", "smiling|serious=+0.01", "--hold", "old|young",
        "--json", "-o", tmp_path / "words.png",
    )  # fmt: skip
    told = json.loads(outcome.out)
    assert (told["hold"], list(told["images"][0]["goal"])) == (["old"], ["smiling"])
    assert run("render", tmp_path / "words.png", "-o", tmp_path / "again.png").code == 0


def test_channels_and_names_come_from_words(
    run: Run, files: Any, tiny: str, my_words: Path, tmp_path: Path
) -> None:
    outcome = run(
        "directions", files.style, "--method", "stylespace", "--scorer", tiny, "--attributes", GLASSES,
        "-n", 60, "--components", 2, "--name-by", my_words, "-o", tmp_path / "s.directions",
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    assert all(
        name.startswith("wearing glasses ") for name in ga.load_directions(tmp_path / "s.directions").names
    )


@pytest.mark.slow
def test_words_are_explored(run: Run, files: Any, my_words: Path, tmp_path: Path) -> None:
    outcome = run(
        "explore", files.style, "--scorer", my_words, "-n", 150, "--json", "-o", tmp_path / "report"
    )
    assert outcome.code == 0, outcome.err
    told = json.loads(outcome.out)
    assert list(told["attributes"]) == ["smiling", "wearing glasses"]
    assert told["held_by"] == "selective"
    page = (tmp_path / "report" / "report.html").read_text()
    assert "words, by clip:tiny" in page
    assert str(my_words.parent) not in page


def test_words_that_fit_all_images_are_said_to_need_a_centre(
    run: Run, files: Any, tiny: str, tmp_path: Path
) -> None:
    said = ("--attributes", SMILING, GLASSES, "-n", 40, "-o", tmp_path / "report")
    complaint = run("explore", files.style, "--scorer", tiny, *said).complaint
    assert "0 of 2 attributes occur" in complaint
    assert "`ganatomy words` centres them" in complaint


def test_a_model_without_a_scorer_looks_for_words_by_itself(
    run: Run, files: Any, tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip, "DEFAULT", tiny)
    outcome = run("survey", files.style, "--attributes", SMILING, "-n", 10, "-o", tmp_path / "my.survey")
    assert outcome.code == 0, outcome.err
    assert "clip scores smiling in words" in outcome.err
    assert "--attributes" in run("survey", files.style, "-n", 10, "-o", tmp_path / "x").complaint


def test_without_the_extra_one_line_names_it(
    run: Run, files: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "open_clip", None)
    for scorer in (["--scorer", "clip:ViT-B-32/openai"], []):
        for command in (["survey"], ["explore"], ["edit", "--seed", 1, "--to", "smiling=0.9"]):
            words = [] if command[0] == "edit" else ["--attributes", "smiling"]
            out = tmp_path / ("x.png" if command[0] == "edit" else "x")
            outcome = run(command[0], files.style, *command[1:], *scorer, *words, "-o", out)
            assert "pip install 'ganatomy[words]'" in outcome.complaint


@pytest.mark.parametrize(
    ("scorer", "attributes", "message"),
    [
        ("clip:ViT-B-23/openai", ["smiling"], "did you mean 'ViT-B-32'"),
        ("clip:ViT-B-32/opena", ["smiling"], "did you mean 'openai'"),
        ("clip:./nowhere", ["smiling"], "nowhere is no folder"),
        ("clip", [], "none are given"),
        ("clip", [""], "none are given"),
        ("clip", ["|serious"], "not an attribute in words"),
        ("clip", ["smiling", "smiling"], "share the name 'smiling'"),
        ("clip", ["smiling", "smiling|serious"], "share the name 'smiling'"),
        ("nowhere.words", [], "nowhere.words is no file"),
    ],
)
def test_a_wrong_word_costs_one_line(
    run: Run, files: Any, tmp_path: Path, scorer: str, attributes: list[str], message: str
) -> None:
    tiny_clip.open_clip()  # without it there is another line, which the test before sees
    said = ["--attributes", *attributes] if attributes else []
    outcome = run("survey", files.style, "--scorer", scorer, *said, "-o", tmp_path / "my.survey")
    assert message in outcome.complaint


def test_what_words_cannot_do_is_refused(run: Run, files: Any, my_words: Path, tmp_path: Path) -> None:
    out = ("-o", tmp_path / "x.words")
    said = ("--attributes", "smiling")
    assert "does not score words" in run("words", files.style, *said, "--scorer", "faces", *out).complaint
    assert ".words" in run("words", files.style, *said, "-o", tmp_path / "x.json").complaint
    assert "no words" in run("words", files.style, "--attributes", "", *out).complaint
    assert "attributes" in run("words", files.style, *out).complaint
    assert "has no opposite" in run("words", files.style, *said, "--subject", "", *out).complaint
    unknown = ("--scorer", my_words, "--attributes", "smilling", "-o", tmp_path / "s")
    assert "did you mean 'smiling'" in run("survey", files.style, *unknown).complaint


def test_help_does_not_pay_for_the_library() -> None:
    code = (
        "import atexit, sys; atexit.register(lambda: print([n for n in ('torch', 'open_clip') if n in sys.modules]))\n"
        "from ganatomy.cli import main; main(['words', '--help'])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "[]"


def test_the_bias_of_words_is_explained_by_labels_of_the_same_names(
    run: Any, files: Any, tiny: str, tmp_path: Path
) -> None:
    table = tmp_path / "labels.csv"
    table.write_text("file,Smiling,Hat\n" + "".join(f"{k}.png,{k % 2},{k % 3 // 2}\n" for k in range(60)))
    words = ["--change", "smiling", "--watch", "a person with a hat|a person", "--data", table]
    outcome = run(
        "study", "bias", files.style, "--scorer", tiny, *words, "-n", 60, "--images", 10, "--refits", 0,
        "-o", tmp_path / "bias",
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    assert "The data have no label of a person with a hat" in outcome.out
