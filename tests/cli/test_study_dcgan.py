from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganatomy.critics import MultiscaleCritic, save_critic

Run = Callable[..., Any]


@pytest.fixture
def arguments(files: Any) -> list[Any]:
    return ["study", "dcgan", files.stack, "-n", 80, "--walks", 2]


@pytest.fixture
def idx_file(tmp_path: Path) -> Path:
    """Forty random images of two classes, as MNIST's lie on disk."""
    rng = np.random.default_rng(0)
    kinds = np.arange(40, dtype=np.uint8) % 2
    images = rng.integers(0, 100, (40, 16, 16), dtype=np.uint8) + 100 * kinds[:, None, None]
    for name, array in (("images-idx3", images), ("labels-idx1", kinds)):
        head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
        (tmp_path / f"forty-{name}-ubyte.gz").write_bytes(gzip.compress(head + array.tobytes()))
    return tmp_path / "forty-images-idx3-ubyte.gz"


def test_the_study_prints_five_sentences_and_where_its_page_is(
    run: Run, arguments: list[Any], files: Any, tmp_path: Path
) -> None:
    out = tmp_path / "study"
    outcome = run(*arguments, "--scorer", files.scorer, "--attributes", "Smiling,Male", "-o", out)
    assert outcome.code == 0, outcome.err
    lines = outcome.out.splitlines()
    assert len(lines) == 6
    assert lines[-1] == str(out / "report.html")
    data = json.loads((out / "summary.json").read_text())
    assert data["sentences"] == lines[:5]
    assert (data["n"], data["walks"]["n"], data["space"]) == (80, 2, "z")
    assert "light" in data["turns"]


def test_without_a_scorer_it_does_what_needs_none_and_tests_a_critic_on_real_labels(
    run: Run, arguments: list[Any], idx_file: Path, tmp_path: Path
) -> None:
    critic = save_critic(MultiscaleCritic((8, 8, 8), 3), tmp_path / "critic.safetensors")
    out = tmp_path / "study"
    outcome = run(*arguments, "--data", idx_file, "--critic", critic, "--json", "-o", out)
    assert "sums are not scored" in outcome.err
    found = json.loads(outcome.out)
    assert found.pop("report") == str(out / "report.html")
    assert found == json.loads((out / "summary.json").read_text())
    assert found["sums"] == {}
    assert found["copies"]["learnt"] is None
    assert found["critic_accuracy"]["real"]
    # Light images and dark ones are separated by anything, if each has its own label.
    assert found["critic_accuracy"]["accuracy"]["pixels"]["value"] == 1


def test_labels_of_another_number_than_images_are_refused(
    run: Run, arguments: list[Any], idx_file: Path, tmp_path: Path
) -> None:
    few = tmp_path / "few.gz"
    few.write_bytes(gzip.compress(bytes([0, 0, 8, 1, 0, 0, 0, 3, 0, 1, 0])))
    complaint = run(*arguments, "--data", idx_file, "--labels", few, "-o", tmp_path / "out").complaint
    assert "[3] for 40 images" in complaint
    complaint = run(*arguments, "--labels", few, "-o", tmp_path / "out").complaint
    assert "give that with --data" in complaint
    assert not (tmp_path / "out").exists()
