"""What every measure promises, over the whole table."""

from __future__ import annotations

import dataclasses
import math

import pytest

from ganatomy.datasets.references import Reference
from ganatomy.errors import SettingError, SpaceError, UnknownNameError
from ganatomy.experiments.base import Experiment
from ganatomy.experiments.measure import FEWEST, Measurements, measure, missing
from ganatomy.generators.toy import ToyGenerator
from ganatomy.metrics import MEASURES, Result
from ganatomy.metrics.base import BETTER
from ganatomy.perception import OracleScorer
from ganatomy.statistics.intervals import rounded

RUN = [name for name, it in MEASURES.items() if "pairs" not in it.needs]


@pytest.fixture(scope="module", params=range(5), ids="toy {}".format)
def toy(request: pytest.FixtureRequest) -> ToyGenerator:
    return ToyGenerator(w_dim=12, cosine=0.3, slope=2.0, seed=request.param)


@pytest.fixture(scope="module")
def real(toy: ToyGenerator) -> Reference:
    images = toy(toy.sample(FEWEST, seed=99))
    return Reference(
        description="new images of the toy",
        names=tuple(f"{row}.png" for row in range(FEWEST)),
        read=lambda rows: images[rows],
    )


@pytest.fixture(scope="module")
def measured(toy: ToyGenerator, real: Reference) -> Measurements:
    experiment = Experiment(toy, OracleScorer(toy))
    return measure(experiment, data=real, n=FEWEST, perceptual="scorer", features="scorer")


@pytest.mark.parametrize("name", RUN)
def test_every_measure_gives_figures_with_units_and_a_direction(measured: Measurements, name: str) -> None:
    assert measured.failed == {}
    results = measured.results[name]
    assert results
    for result in results.values():
        assert isinstance(result, Result)
        assert type(result) is MEASURES[name].result
        assert result.higher_is_better in BETTER
        main = next(iter(result.figures.values()))
        assert (main.unit, main.higher_is_better) == (result.unit, result.higher_is_better)
        for figure in result.figures.values():
            it = figure.estimate
            assert math.isfinite(it.value)
            assert math.isnan(it.low) or it.low - 1e-9 <= it.value <= it.high + 1e-9, (name, figure)


@pytest.mark.parametrize("name", RUN)
def test_every_result_prints_its_figure_and_which_way_is_better(measured: Measurements, name: str) -> None:
    for result in measured.results[name].values():
        text = str(result)
        if name != "entanglement":  # a table of its own, older than the others
            assert BETTER[result.higher_is_better] in text
        value = next(iter(result.figures.values())).estimate.value
        assert rounded(value, 3) in text or f"{value:.3f}" in text
        assert not any(line != line.rstrip() for line in text.splitlines())


@pytest.mark.parametrize("name", MEASURES)
def test_every_result_is_a_frozen_dataclass_with_keywords_only(name: str) -> None:
    kind = MEASURES[name].result
    assert dataclasses.is_dataclass(kind)
    assert kind.__dataclass_params__.frozen
    assert all(field.kw_only for field in dataclasses.fields(kind))
    assert MEASURES[name].summary[0].islower()


def test_the_same_seed_measures_the_same(toy: ToyGenerator, real: Reference, measured: Measurements) -> None:
    experiment = Experiment(toy, OracleScorer(toy))
    again = measure(experiment, ["kid", "linearity"], data=real, n=FEWEST, features="scorer")
    for name in ("kid", "linearity"):
        ours, theirs = (m.data()["measures"][name] for m in (measured, again))
        assert ours == theirs


def test_a_linear_toy_has_the_values_that_it_must_have(measured: Measurements) -> None:
    covariance = measured.results["covariance"]["w"].figures["error"].estimate.value
    assert covariance < 0.02
    lengths = measured.results["path-length"]
    assert lengths["w full"].figures["path length"].estimate.value == pytest.approx(
        lengths["w end"].figures["path length"].estimate.value, rel=0.5
    )
    # Images of the same toy: no distance beyond chance, and all of them look real.
    kid = measured.results["kid"][""].figures["distance"].estimate
    assert kid.low < 0 < kid.high
    assert measured.results["precision-recall"][""].figures["precision"].estimate.value > 0.6
    assert measured.results["walks"]["w"].figures["unevenness"].estimate.value == pytest.approx(1, abs=1e-3)


def test_each_result_is_a_line_and_each_note_stands_once(measured: Measurements) -> None:
    lines = str(measured).splitlines()
    results = [line for line in lines if not line.startswith("note: ")]
    assert len(results) == sum(len(found) for found in measured.results.values())
    assert all("better" in line for line in results)
    assert len(set(measured.notes)) == len(measured.notes) == len(lines) - len(results)
    assert any(line.startswith("path-length w full") for line in results)


def test_json_has_every_figure_with_its_unit(measured: Measurements) -> None:
    figures = measured.data()["measures"]["precision-recall"]["all"]["figures"]
    assert list(figures) == ["precision", "recall", "of two real halves"]
    assert figures["recall"]["unit"] == "of 1"
    assert figures["recall"]["higher_is_better"] is True


def test_what_is_missing_is_said_before_anything_is_made(toy: ToyGenerator) -> None:
    lacking = missing(scorer=None, data=None)
    assert lacking["path-length"] == []
    assert lacking["frechet"] == ["real images"]
    assert lacking["dci"] == ["an attribute classifier for new images"]

    def never(*_: object) -> None:
        raise AssertionError

    with pytest.raises(SettingError, match="frechet needs real images; give that, or leave frechet out"):
        measure(Experiment(toy, progress=never), ["path-length", "frechet"])
    with pytest.raises(SettingError, match="reconstruction needs images with their targets"):
        measure(Experiment(toy), ["reconstruction"])
    with pytest.raises(UnknownNameError, match="'path-lenght'; did you mean 'path-length'"):
        measure(Experiment(toy), ["path-lenght"])
    with pytest.raises(SettingError, match="10 images are too few"):
        measure(Experiment(toy), n=10)
    with pytest.raises(SpaceError, match="measures are of z and w"):
        measure(Experiment(toy, space="w+"))
    with pytest.raises(UnknownNameError, match="attribute 'rad'"):
        measure(Experiment(toy, OracleScorer(toy)), ["cosines"], attributes=["rad"])


def test_one_measure_that_fails_does_not_take_the_others_with_it() -> None:
    always = ToyGenerator(intercepts=[0, 0, 50, 0])
    experiment = Experiment(always, OracleScorer(always))
    found = measure(experiment, ["cosines", "walks"], attributes=["red", "large"], n=FEWEST)
    assert list(found.results) == ["walks"]
    assert "large" in found.failed["cosines"]
    assert found.seconds["walks"] > 0


def test_without_scorer_and_data_what_needs_neither_is_measured() -> None:
    found = measure(Experiment(ToyGenerator()), n=FEWEST, perceptual="pixels")
    assert list(found.results) == ["path-length", "walks"]
    assert found.perceptual == "mean squared error of pixels"


def test_the_space_of_the_experiment_is_measured_alone(toy: ToyGenerator) -> None:
    found = measure(Experiment(toy, OracleScorer(toy), space="z"), ["cosines", "linearity"], n=FEWEST)
    assert {tuple(results) for results in found.results.values()} == {("z",)}


def test_progress_names_the_stages(toy: ToyGenerator) -> None:
    stages: dict[str, int] = {}

    def progress(stage: str, done: int, total: int) -> None:
        stages[stage] = done
        assert 0 <= done <= total

    measure(Experiment(toy, OracleScorer(toy), progress=progress), ["linearity"], n=FEWEST)
    assert list(stages) == ["survey in z", "survey in w", "editing in z", "editing in w"]
