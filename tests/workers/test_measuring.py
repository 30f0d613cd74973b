"""Experiments whose images others make and read: the same figures, whoever works and whoever dies."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from workers.deadly import Other

import ganatomy as ga
from ganatomy.cli import main
from ganatomy.errors import ScoreError
from ganatomy.experiments.base import Experiment
from ganatomy.perception import OracleScorer
from ganatomy.workers import LocalProcesses, Workers, work_on, workers

TIMES = {"seconds", "stages", "report"}
"""Fields that no two runs share."""


STUDIES = [
    ["bias", "digits", "--attributes", "1,7", "-n", "100", "--images", "10", "--refits", "0"],
    ["dcgan", "digits", "-n", "80", "--walks", "2"],
    ["linear-map", "digits", "-n", "100", "--images", "6"],
    ["photographs", "digits", "--attribute", "1", "-n", "100", "--images", "4", "--budget", "quick"],
    ["trust", "digits", "--attributes", "1", "-n", "100", "--images", "4"],
    ["z-against-w", "digits", "--attributes", "1,7", "-n", "100", "--images", "4", "--refits", "0"],
]


@pytest.fixture(scope="module")
def two() -> Iterator[Workers]:
    """Two processes that live as long as the tests of this module."""
    with LocalProcesses(["cpu", "cpu"]).open() as opened:
        yield opened


@pytest.fixture
def experiment(tmp_path: Path) -> Experiment:
    toy = ga.ToyGenerator(z_dim=8, w_dim=6, num_layers=3, seed=0)
    return Experiment(toy, OracleScorer(toy), judge=ga.Judge(Other(toy, tmp_path)), batch_size=16)


def figures(found: object, path: str = "") -> dict[str, Any]:
    """All numbers and texts of a result, by where they stand."""
    if is_dataclass(found):
        parts = {f".{it.name}": getattr(found, it.name, None) for it in fields(found) if it.name not in TIMES}
    elif isinstance(found, Mapping):
        parts = {f"[{key}]": value for key, value in found.items()}
    elif isinstance(found, tuple | list):
        parts = {f"[{place}]": value for place, value in enumerate(found)}
    else:
        return {path: found} if isinstance(found, Tensor | int | float | str | None) else {}
    return {name: value for key, part in parts.items() for name, value in figures(part, path + key).items()}


def untimed(said: Any) -> Any:
    """What a command printed, without how long it took and where."""
    if isinstance(said, dict):
        return {key: untimed(value) for key, value in said.items() if key not in TIMES}
    return [untimed(value) for value in said] if isinstance(said, list) else said


def assert_same(found: object, expected: object) -> None:
    one, other = figures(found), figures(expected)
    assert one.keys() == other.keys()
    assert len(one) >= 20
    for name, value in one.items():
        if isinstance(value, Tensor | float):
            torch.testing.assert_close(value, other[name], rtol=0, atol=0, equal_nan=True, msg=name)
        else:
            assert value == other[name], name


@pytest.mark.slow
class TestExperiments:
    """One thread each, so results are equal to the bit."""

    def test_explore(self, experiment: Experiment, two: Workers):
        settings: dict[str, Any] = {"n": 200, "methods": ["linear"], "measured": 20}
        assert_same(
            ga.explore(replace(experiment, executor=two), **settings), ga.explore(experiment, **settings)
        )

    def test_compare(self, experiment: Experiment, two: Workers):
        methods = ["regression", "sefa", "selective", "guided-hold"]
        settings: dict[str, Any] = {"n": 200, "images": 8, "methods": methods}
        assert_same(
            ga.compare(replace(experiment, executor=two), **settings), ga.compare(experiment, **settings)
        )

    def test_measure(self, experiment: Experiment, two: Workers):
        found = ga.measure(replace(experiment, executor=two), n=200)
        assert not found.failed
        assert_same(dict(found.results), dict(ga.measure(experiment, n=200).results))

    def test_functions_outside_of_experiments(self, experiment: Experiment, two: Workers):
        toy, oracle = experiment.generator, experiment.image_scorer
        assert isinstance(toy, ga.ToyGenerator)
        expected = ga.entanglement(toy, oracle, toy.truth, n=40)
        with work_on(two):
            assert workers() is two
            assert_same(ga.entanglement(toy, oracle, toy.truth, n=40), expected)
        assert workers() is not two

    def test_the_bundled_faces(self, two: Workers):
        faces, seen, judge = ga.load("faces"), ga.scorer("faces"), ga.judge("faces")
        few = ga.regression(ga.survey(faces, seen, n=300, space="w")).select(["Smiling", "Male"])
        expected = ga.entanglement(faces, seen, few, n=12, judge=judge, batch_size=6)
        with work_on(two):
            found = ga.entanglement(faces, seen, few, n=12, judge=judge, batch_size=6)
        assert_same(found, expected)

    def test_a_process_that_dies_while_it_measures_is_replaced(
        self, experiment: Experiment, two: Workers, tmp_path: Path
    ):
        toy, oracle = experiment.generator, experiment.image_scorer
        assert isinstance(toy, ga.ToyGenerator)
        expected = ga.entanglement(toy, oracle, toy.truth, n=40, judge=experiment.judge, batch_size=8)
        (tmp_path / "kill").touch()
        with work_on(two):
            found = ga.entanglement(toy, oracle, toy.truth, n=40, judge=experiment.judge, batch_size=8)
        assert not (tmp_path / "kill").exists()
        assert_same(found, expected)

    def test_an_error_of_the_code_is_raised_as_it_is_and_others_can_work_on(
        self, experiment: Experiment, two: Workers, tmp_path: Path
    ):
        (tmp_path / "fail").touch()
        with pytest.raises(ScoreError, match="this eye is closed") as caught:
            ga.explore(replace(experiment, executor=two), n=200, methods=["linear"], measured=20)
        assert "deadly.py" in caught.value.__notes__[0]
        (tmp_path / "fail").unlink()
        assert ga.measure(replace(experiment, executor=two), ["entanglement"], n=200).results

    @pytest.mark.parametrize("options", STUDIES, ids=" ".join)
    def test_studies_on_the_command_line(
        self, options: list[str], two: Workers, tmp_path: Path, monkeypatch, capsys
    ):
        jobs: list[object] = []

        class Counted(Workers):
            def map(self, work: Any, tasks: Any) -> Any:
                jobs.append(work)
                return two.map(work, tasks)

        monkeypatch.setattr("ganatomy.workers.LocalProcesses", lambda _: Counted())
        said = []
        for who in ([], ["--workers", "2"]):
            out = tmp_path / f"study-{len(said)}"
            assert main(["study", *options, "--json", *who, "-o", str(out)]) == 0
            said.append(untimed(json.loads(capsys.readouterr().out)))
            assert bool(jobs) == bool(who)
        assert said[0] == said[1]

    def test_the_command_line(self, capsys):
        said = []
        for options in ([], ["--workers", "2"]):
            measures = ["linearity", "path-length", "walks", "identity"]
            assert main(["measure", "digits", *measures, "-n", "200", "--json", *options]) == 0
            said.append(untimed(json.loads(capsys.readouterr().out)))
        assert said[0] == said[1]
