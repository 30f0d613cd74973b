"""What all experiments start from: clocks of their own, the space they work in, and the attributes they use."""

from __future__ import annotations

import pytest
import torch

from ganatomy.errors import ScoreError, SettingError, SpaceError, UnknownNameError
from ganatomy.experiments.base import Experiment
from ganatomy.experiments.compare import Comparison, compare
from ganatomy.experiments.explore import explore
from ganatomy.experiments.explore.exploration import HELD
from ganatomy.generators.toy import ToyGenerator
from ganatomy.latents import Space
from ganatomy.perception import OracleScorer
from ganatomy.surveys import choose


def toy_experiment(*, intercepts: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0), **settings: object) -> Experiment:
    generator = ToyGenerator(w_dim=16, intercepts=intercepts)
    return Experiment(generator, OracleScorer(generator), **settings)  # pyright: ignore[reportArgumentType]


def test_an_experiment_that_begins_has_a_clock_of_its_own_and_keeps_everything_else() -> None:
    given = toy_experiment(seed=3, batch_size=7, truncation_psi=0.5)
    with given.stage("survey"):
        pass
    begun = given.begin()
    assert begun.clock.seconds == {}
    assert list(given.clock.seconds) == ["survey"]
    assert (begun.generator, begun.scorer) == (given.generator, given.scorer)
    assert (begun.seed, begun.batch_size, begun.truncation_psi, begun.space) == (3, 7, 0.5, None)


def test_progress_is_reported_by_the_experiment_that_begins() -> None:
    reported: list[tuple[str, int, int]] = []
    given = toy_experiment(progress=lambda *step: reported.append(step))
    with given.begin().stage("survey") as advance:
        advance(1, 2)
    assert reported == [("survey", 1, 2)]


def test_the_space_that_an_experiment_names_comes_before_the_one_it_would_begin_in() -> None:
    assert toy_experiment().begin("z").space is Space.Z
    assert toy_experiment(space="w").begin("z").space is Space.W
    assert toy_experiment().begin().editing_space is Space.W
    with pytest.raises(SpaceError, match="v"):
        toy_experiment().begin("v")


def test_comparing_leaves_the_clock_of_the_given_experiment_alone() -> None:
    given = toy_experiment()
    found = compare(given, n=120, images=4, methods=["regression", "centroid"])
    assert given.clock.seconds == {}
    assert {"survey", "finding", "editing"} <= set(found.seconds)


def test_exploring_twice_adds_no_seconds_up(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(10_000))
    monkeypatch.setattr("ganatomy.progress.time.perf_counter", lambda: float(next(ticks)))
    given = toy_experiment()
    first, again = (explore(given, n=200, methods=["regression"], measured=8) for _ in range(2))
    assert first.seconds == again.seconds
    assert given.clock.seconds == {}


def test_a_batch_needs_an_image() -> None:
    with pytest.raises(SettingError, match="batch_size 0 is out of range"):
        toy_experiment(batch_size=0)


def test_codes_to_measure_on_are_not_those_of_the_survey() -> None:
    experiment = toy_experiment()
    seen = experiment.survey(20)
    assert not torch.isclose(seen.latents.codes, experiment.sample(20).codes).all(1).any()
    assert experiment.sample(20, offset=0).codes == pytest.approx(seen.latents.codes)


def test_codes_in_z_are_not_truncated() -> None:
    experiment = toy_experiment(truncation_psi=0.5)
    assert (experiment.psi("z"), experiment.psi("w")) == (1.0, 0.5)


def test_attributes_that_too_few_or_too_many_images_have_are_left_out_with_their_shares() -> None:
    seen = toy_experiment(intercepts=(0.0, 0.0, 9.0, -9.0)).survey(200)
    found = choose(seen)
    assert found.edited == found.measured == ("red", "round")
    assert "too many images have it" in found.skipped["large"]
    assert "too few images have it" in found.skipped["bright"]


def test_attributes_that_are_named_are_edited_however_rare_they_are_and_all_others_are_measured() -> None:
    seen = toy_experiment(intercepts=(0.0, 0.0, 9.0, -9.0)).survey(200)
    found = choose(seen, ["bright", "red"])
    assert found.edited == ("red", "bright")
    assert found.measured == ("red", "round", "bright")
    assert set(found.skipped) == {"large"}
    with pytest.raises(UnknownNameError, match="reed"):
        choose(seen, ["reed", "red"])


def test_one_attribute_alone_has_no_side_effects_to_measure() -> None:
    seen = toy_experiment(intercepts=(0.0, 9.0, 9.0, -9.0)).survey(200)
    for wanted in (None, ["red"]):
        with pytest.raises(ScoreError, match="only 1 of 4 attributes occur"):
            choose(seen, wanted)


@pytest.fixture(scope="module")
def whole() -> Comparison:
    return compare(toy_experiment(), n=200, images=6, methods=["regression", "dual", "guided-hold"])


def test_naming_the_edited_attributes_changes_no_figure_of_their_edits(whole: Comparison) -> None:
    """What is not edited is measured and held all the same, so fewer edits are not cleaner ones."""
    named = compare(
        toy_experiment(),
        n=200,
        images=6,
        methods=["regression", "dual", "guided-hold"],
        attributes=["round", "red"],
    )
    assert named.edited == ("red", "round")
    assert named.attributes == whole.attributes == ("red", "round", "large", "bright")
    for method in named.methods:
        few, all_of = (found.results[method].changes for found in (named, whole))
        assert few.attributes == all_of.attributes
        assert few.changes == pytest.approx(all_of.changes[:2], abs=1e-4), method


def test_one_attribute_can_be_edited_alone() -> None:
    found = compare(toy_experiment(), n=120, images=4, methods=["regression"], attributes=["round"])
    assert found.edited == ("round",)
    assert len(found.attributes) == 4


def test_an_exploration_of_named_attributes_measures_and_holds_all() -> None:
    few, every = (
        explore(toy_experiment(), n=200, methods=["lowdin"], measured=8, attributes=names)
        for names in (["bright", "red"], None)
    )
    assert few.attributes == ("red", "bright")
    for method in ("lowdin", HELD):
        assert few.entanglement[method].attributes == every.attributes
        assert few.directions[method].matrix.equal(every.directions[method].matrix[[0, 3]])
        assert few.entanglement[method].changes == pytest.approx(
            every.entanglement[method].changes[[0, 3]], abs=1e-4
        )
