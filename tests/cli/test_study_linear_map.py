from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Run = Callable[..., Any]


@pytest.fixture
def arguments(files: Any) -> list[Any]:
    return ["study", "linear-map", files.style, "--scorer", files.scorer, "-n", 120, "--images", 4]


@pytest.mark.slow
def test_the_study_gives_five_sentences_and_tests_the_scorer_on_labelled_images(
    run: Run, arguments: list[Any], tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    for kind, array in (
        ("images-idx3", rng.integers(0, 256, (6, 8, 8), dtype=np.uint8)),
        ("labels-idx1", np.array([0, 1, 0, 1, 1, 0], np.uint8)),
    ):
        head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
        (tmp_path / f"six-{kind}-ubyte.gz").write_bytes(gzip.compress(head + array.tobytes()))
    data = tmp_path / "six-images-idx3-ubyte.gz"
    outcome = run(*arguments, "--data", data, "--show", "Male", "--json", "-o", tmp_path / "out")
    assert outcome.code == 0, outcome.err
    found = json.loads(outcome.out)
    assert found.pop("report") == str(tmp_path / "out" / "report.html")
    assert found == json.loads((tmp_path / "out" / "summary.json").read_text())
    assert len(found["sentences"]) == 5
    assert "penalty" in found["sentences"][0]
    assert (found["n"], found["images"], found["space"]) == (120, 4, "z")
    assert list(found["attributes"]) == ["Smiling", "Male"]
    assert found["table_i"]["images"] == 6
    assert found["shown"] == "Male"


def test_images_without_labels_are_refused_before_anything_is_made(
    run: Run, arguments: list[Any], tmp_path: Path
) -> None:
    (tmp_path / "images.gz").write_bytes(b"")
    complaint = run(*arguments, "--data", tmp_path / "images.gz", "-o", tmp_path / "out").complaint
    assert "has no labels beside it" in complaint
    assert not (tmp_path / "out").exists()


def test_a_space_that_the_model_lacks_is_refused(run: Run, files: Any, tmp_path: Path) -> None:
    outcome = run(
        "study", "linear-map", files.stack, "--scorer", files.scorer, "--space", "w", "-o", tmp_path / "out"
    )
    assert "DCGAN" in outcome.complaint
