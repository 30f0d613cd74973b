"""The main job on a generator whose truth is known: what is found, what is skipped, and how it goes on."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from ganatomy.errors import ScoreError, SettingError, UnknownNameError
from ganatomy.experiments.base import Experiment
from ganatomy.experiments.explore.exploration import BASE, HELD, WIDTH, Exploration
from ganatomy.experiments.explore.run import COMPARED, explore
from ganatomy.experiments.explore.sentences import lead, limits
from ganatomy.experiments.explore.tables import methods_table
from ganatomy.experiments.factors import FactorReader
from ganatomy.generators.toy import ToyGenerator
from ganatomy.metrics.entanglement import FIRST_IMAGES
from ganatomy.perception import FunctionScorer, Judge, OracleScorer, Scorer, scorer

NAMES = ("red", "round", "large", "bright")


def toy(**settings: object) -> ToyGenerator:
    return ToyGenerator(**{"attributes": NAMES, "cosine": 0.5, **settings})  # pyright: ignore[reportArgumentType]


def seen_by(generator: ToyGenerator, names: tuple[str, ...], columns: list[int]) -> Scorer:
    """A scorer that reads some of the toy's attributes, under names of its own, some of them perhaps twice."""

    def read(images: Tensor) -> Tensor:
        return generator.read(images)[:, columns]

    return FunctionScorer(read, names, output="logits", fingerprint=f"{names} of {columns}")


class Counted(OracleScorer):
    """An oracle that counts the images it is shown."""

    shown = 0

    def _logits(self, images: Tensor, **rest: object) -> Tensor:
        self.shown += len(images)
        return super()._logits(images, **rest)  # pyright: ignore[reportArgumentType]


@pytest.fixture(scope="module")
def found() -> Exploration:
    generator = toy(w_dim=16)
    return explore(Experiment(generator, scorer(generator)), n=600, measured=24)


def test_it_looks_in_w_where_there_is_one_and_else_in_z(found: Exploration) -> None:
    generator = toy()
    assert found.space == "w"
    assert (
        explore(Experiment(generator, scorer(generator)), n=200, measured=8, methods=["logistic"]).space
        == "z"
    )


def test_every_compared_method_is_found_and_measured_and_so_are_held_edits(found: Exploration) -> None:
    assert set(found.entanglement) == {*COMPARED, BASE, HELD}
    assert {method: directions.names for method, directions in found.directions.items()} == {
        method: list(NAMES) for method in [*COMPARED, BASE, HELD]
    }


def test_holding_the_others_moves_one_attribute_and_no_other(found: Exploration) -> None:
    held, alone = found.entanglement[HELD], found.entanglement[BASE]
    others = ~torch.eye(4, dtype=torch.bool)
    assert held.mean_change.diagonal() == pytest.approx([0.25] * 4, abs=0.03)
    assert held.mean_change[others].abs().max() < 0.005
    assert alone.mean_change[others].abs().min() > 0.05
    assert found.best in (HELD, "dual")
    assert {direction.method for direction in found.directions[HELD]} == {"selective"}
    assert found.step(HELD, "red") > found.step(BASE, "red") > 0


def test_where_no_gradients_flow_a_linear_model_holds() -> None:
    generator = toy()
    blind = FunctionScorer(lambda images: generator.read(images.detach()), NAMES, output="logits")
    found = explore(Experiment(generator, blind), n=600, measured=24, methods=["logistic"])
    others = ~torch.eye(4, dtype=torch.bool)
    assert {direction.method for direction in found.directions[HELD]} == {"held"}
    assert found.entanglement[HELD].mean_change[others].abs().max() < 0.005


def test_how_common_attributes_are_and_how_well_they_are_read(found: Exploration) -> None:
    assert found.attributes == NAMES
    assert all(0.03 <= share <= 0.97 for share in found.prevalence.values())
    assert all(0.9 < auc <= 1 for auc in found.auc.values())


def test_what_edits_change_is_measured_on_codes_that_no_method_saw(found: Exploration) -> None:
    assert {result.seed for result in found.entanglement.values()} == {1}
    assert found.measured == 24
    assert found.survey.seed == 0


def test_methods_of_which_the_mean_is_shown_are_measured_until_it_is_known_well_enough() -> None:
    generator = toy()
    found = explore(Experiment(generator, scorer(generator)), n=200, methods=["logistic"])
    results, most = found.entanglement, found.measured
    assert results[BASE].num_images == results[HELD].num_images == most
    fewer = results["logistic"].num_images
    assert FIRST_IMAGES <= fewer < most
    assert results["logistic"].before.equal(results[HELD].before[:fewer])
    mean = results["logistic"].selectivity().mean
    assert mean.error <= WIDTH * mean.value
    assert f"on the first {fewer} or more, until half the interval" in limits(found)[0]
    table = methods_table(found)
    column = table.headings.index("images")
    assert {row.name: row.cells[column].text for row in table.rows} == {
        "logistic": str(fewer),
        BASE: str(most),
        HELD: str(most),
    }


def test_where_the_number_of_images_is_given_all_methods_have_as_many(found: Exploration) -> None:
    assert {result.num_images for result in found.entanglement.values()} == {24}
    assert "the same ones for every method. Intervals" in limits(found)[0]


def test_the_same_seed_finds_the_same() -> None:
    generator = toy()
    settings = {"n": 200, "measured": 8, "methods": ["logistic"]}
    first, again = (explore(Experiment(generator, scorer(generator), seed=3), **settings) for _ in range(2))
    assert first.directions[BASE].matrix.equal(again.directions[BASE].matrix)
    assert first.entanglement[HELD].changes.equal(again.entanglement[HELD].changes)


def test_attributes_that_nearly_all_or_hardly_any_images_have_are_skipped_and_the_reason_is_given() -> None:
    generator = toy(intercepts=[0.0, 0.0, 9.0, -9.0])
    found = explore(Experiment(generator, scorer(generator)), n=400, measured=8, methods=["logistic"])
    assert found.attributes == ("red", "round")
    assert "too many images" in found.skipped["large"]
    assert "too few images" in found.skipped["bright"]
    assert set(found.prevalence) == set(NAMES)


def test_attributes_that_fewer_than_ten_images_have_are_left_out_and_named_in_the_lead() -> None:
    generator = toy(attributes=("1", "2", "3", "4"), intercepts=[0.0, 0.0, 0.0, -3.0], cosine=0.0)
    n = 100
    present = explored_counts(generator, n)["4"]
    assert 3 <= present < 10, "common enough, but too few to measure"
    found = explore(Experiment(generator, scorer(generator)), n=n, measured=8, methods=["logistic"])
    assert found.attributes == ("1", "2", "3")
    assert found.skipped == {"4": f"too few images to measure ({present} of {n})"}
    text = lead(found)
    assert text.endswith(
        f"Left out, which a larger survey (-n) can mend: “4”: too few images to measure ({present} of {n})."
    )
    assert re.search(r"moving “\d” alone by 0.25 changes “\d” by", text)


def explored_counts(generator: ToyGenerator, n: int) -> dict[str, int]:
    seen = Experiment(generator, scorer(generator)).survey(n)
    return dict(zip(seen.names, seen.counts[0], strict=True))


def test_attributes_that_are_asked_for_by_name_are_used_however_rare_they_are() -> None:
    generator = toy(intercepts=[0.0, 0.0, 0.0, -4.5])
    found = explore(
        Experiment(generator, scorer(generator)),
        n=600,
        measured=8,
        methods=["logistic"],
        attributes=["bright", "red"],
    )
    assert found.prevalence["bright"] < 0.03
    assert set(found.attributes) == {"bright", "red"}
    assert found.skipped == {}
    assert found.entanglement[HELD].attributes == NAMES


def test_two_names_for_one_attribute_do_not_block_each_other() -> None:
    generator = toy()
    twice = seen_by(generator, ("red", "round", "crimson"), [0, 1, 0])
    found = explore(Experiment(generator, twice), n=300, measured=8, methods=["logistic"])
    held = found.entanglement[HELD]
    assert bool(held.reached.all())
    assert held.mean_change[0, 2] == pytest.approx(float(held.mean_change[0, 0]), abs=1e-3)


def test_more_attributes_than_a_code_has_room_for_can_be_held() -> None:
    names = tuple(f"attribute {k}" for k in range(8))
    generator = toy(z_dim=8, attributes=names, cosine=0.2)
    found = explore(Experiment(generator, scorer(generator)), n=400, measured=8, methods=["logistic"])
    assert all(math.isfinite(estimate) for estimate in found.entanglement[HELD].strengths.tolist())


def test_factors_say_what_really_moved() -> None:
    generator = toy()
    redness = FactorReader(scorer=seen_by(generator, ("redness",), [0]))
    found = explore(
        Experiment(generator, scorer(generator)), n=300, measured=16, methods=["logistic"], factors=redness
    )
    moved = found.entanglement[HELD].factor_changes
    assert moved is not None
    assert moved.shape == (4, 1)
    assert moved[0, 0] > 0.3
    assert moved[1:, 0].abs().max() < 0.05


def test_stages_are_reported_by_name_and_never_go_back(found: Exploration) -> None:
    generator, told = toy(), []
    experiment = Experiment(
        generator,
        scorer(generator),
        progress=lambda stage, done, total: told.append((stage, done, total)),
    )
    explore(
        experiment,
        n=200,
        measured=8,
        methods=["logistic"],
    )
    stages = list(dict.fromkeys(stage for stage, _, _ in told))
    assert (
        stages
        == ["survey", "gradients", "directions", "factors", "measuring", "gallery"]
        == list(found.seconds)
    )
    for stage in stages:
        shares = [done / total for name, done, total in told if name == stage]
        assert shares == sorted(shares)
        assert shares[-1] == 1


def test_an_exploration_that_was_stopped_does_not_survey_again(tmp_path: Path) -> None:
    generator = toy()
    sees = Counted(generator)

    def stop(stage: str, done: int, total: int) -> None:
        if stage == "measuring":
            raise KeyboardInterrupt

    settings = {"n": 300, "measured": 8, "methods": ["logistic"], "folder": tmp_path / "survey"}
    with pytest.raises(KeyboardInterrupt):
        explore(Experiment(generator, sees, progress=stop), **settings)
    surveyed, told = sees.shown, Counter[str]()
    assert surveyed >= 300
    explore(Experiment(generator, sees, progress=lambda stage, *_: told.update([stage])), **settings)
    whole = Counted(generator)
    explore(Experiment(generator, whole), **{**settings, "folder": None})
    assert sees.shown - surveyed == whole.shown - 300
    assert told["survey"] == 1


def refused(error: type[Exception], match: str, job: Callable[[], object]) -> None:
    with pytest.raises(error, match=match):
        job()


def test_what_cannot_be_explored_is_refused_before_any_image_is_made(tmp_path: Path) -> None:
    generator = toy()
    sees = Counted(generator)
    table = tmp_path / "labels.csv"
    table.write_text("red,round\n" + "1,0\n0,1\n" * 10)
    refused(
        UnknownNameError,
        "did you mean 'logistic'",
        lambda: explore(Experiment(generator, sees), methods=["logistics"]),
    )
    refused(
        UnknownNameError,
        "did you mean 'round'",
        lambda: explore(Experiment(generator, sees), attributes=["rounds"]),
    )
    refused(
        ScoreError, "cannot score new images", lambda: explore(Experiment(generator, scorer(table)), n=20)
    )
    assert sees.shown == 0


def test_a_judge_of_quite_other_attributes_is_refused_before_anything_starts() -> None:
    generator = toy()
    sees, other = Counted(generator), seen_by(generator, ("1", "2"), [0, 1])
    refused(
        SettingError,
        "shares no attribute with the scorer: the judge knows “1” and “2”, the scorer red, round, large and bright",
        lambda: explore(Experiment(generator, sees, judge=Judge(other)), n=20),
    )
    assert sees.shown == 0


def test_fewer_than_two_usable_attributes_are_refused_with_their_shares() -> None:
    generator = toy(intercepts=[0.0, 9.0, 9.0, -9.0])
    refused(
        ScoreError,
        "only 1 of 4 attributes occur in .*round 100\xa0%.*two are needed",
        lambda: explore(Experiment(generator, scorer(generator)), n=200),
    )


def test_a_direction_that_fools_the_scorer_is_not_confirmed() -> None:
    generator = toy(attributes=("red", "round", "large", "hidden"), cosine=0.0)
    judge = Judge(seen_by(generator, ("red", "round", "large"), [0, 1, 2]))
    errs = seen_by(generator, ("red", "round", "large"), [3, 1, 2])
    found = explore(Experiment(generator, errs, judge=judge), n=300, methods=["regression"], measured=40)
    assert found.reached(HELD) == ["red", "round", "large"]
    assert found.movable == ("round", "large")
    assert found.cleanest is not None
    assert found.cleanest[0] in found.movable
    assert found.by_selectivity[-1] == "red"
    text = lead(found)
    assert "Of 3 attributes, 2 can be moved" in text
    assert "By the scorer alone it would be 3." in text
    assert "Not confirmed: red." in " ".join(limits(found))
    agreement = found.entanglement[HELD].agreement
    assert abs(agreement["red"]) < 0.25
    assert agreement["round"] > 0.75
