"""`ganatomy train attributes` and `ganatomy study attributes`, from labelled images to a scorer and its page."""

import json
from pathlib import Path

import pytest
from PIL import Image

from ganatomy.cli import main

TINY = ["--stages", "16", "--epochs", "1", "--batch", "16", "--device", "cpu"]


def test_a_scorer_is_trained_studied_and_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "scorer"
    data = ["faces", "--drawn", "80", "--attributes", "Male,Smiling", "--factors", "yaw"]
    assert main(["train", "attributes", *data, "-o", str(out), *TINY, "--folds", "2", "--json"]) == 0
    told = capsys.readouterr()
    assert set(json.loads(told.out)["scorer"]["auc"]) == {"Male", "Smiling"}
    assert "F2 macro" in told.err
    files = {path.name for path in out.iterdir()}
    assert {
        "scorer.safetensors",
        "judge.safetensors",
        "report.html",
        "summary.json",
        "scorer-epochs.csv",
    } <= files
    epochs = json.loads((out / "summary.json").read_text())["epochs"]
    assert set(epochs) == {"scorer", "judge"}

    report = tmp_path / "report"
    assert main(["study", "attributes", str(out), *data, "-n", "40", "--no-saliency", "-o", str(report)]) == 0
    assert "of all decisions are right" in capsys.readouterr().out
    assert (report / "attributes.csv").exists()


def test_bad_data_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def refused(*arguments: str) -> str:
        assert main([*arguments]) == 2
        return capsys.readouterr().err

    for index in range(30):
        Image.new("RGB", (16, 16), (8 * index, 0, 0)).save(tmp_path / f"{index}.png")
    out = str(tmp_path / "out")
    assert "without labels" in refused("train", "attributes", str(tmp_path), "-o", out, *TINY)
    (tmp_path / "labels.csv").write_text("file,A\n" + "\n".join(f"{index}.png,1" for index in range(30)))
    assert "one class only" in refused("train", "attributes", str(tmp_path), "-o", out, *TINY)
    told = refused("train", "attributes", str(tmp_path), "-o", out, "--stages", "16,x")
    assert "no list of resolutions" in told
    told = refused("study", "attributes", "faces", str(tmp_path), "-o", out)
    assert "none of" in told
    assert "no part 'test'" in refused(
        "study", "attributes", "faces", str(tmp_path), "--only", "test", "-o", out
    )
