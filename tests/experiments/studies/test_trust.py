"""The study of trust, on a generator whose truth is known and scorers that are honest or can be fooled."""

from __future__ import annotations

import csv
import json
import math
import re
from pathlib import Path

import pytest
import torch

from ganatomy.errors import MissingFileError, ScoreError, SettingError, UnknownNameError
from ganatomy.experiments.base import Experiment
from ganatomy.experiments.studies.trust import (
    METHODS,
    TrustStudy,
    blind_sheet,
    compare_answers,
    figures,
    study_trust,
    trust_document,
)
from ganatomy.experiments.studies.trust.drawings import most_disputed
from ganatomy.experiments.studies.trust.sentences import NO_JUDGE, STUDENT, sentences
from ganatomy.generators.toy import ToyGenerator
from ganatomy.perception import FunctionScorer, Judge, TruthScorer, scorer
from ganatomy.report import write_document

FOOLED = "red"
GAIN = 8.0
"""Logits of the fooled attribute for a standard deviation of a pattern that has nothing to do with it."""


@pytest.fixture(scope="module")
def toy() -> ToyGenerator:
    return ToyGenerator(seed=0)


def oracle(toy: ToyGenerator, name: str = "an oracle") -> Judge:
    return Judge(FunctionScorer(toy.read, toy.attributes, output="logits", fingerprint=name))


def fooled(toy: ToyGenerator) -> FunctionScorer:
    """The exact scorer, but that one attribute is also read off a pattern that no attribute has to do with."""
    unrelated = torch.linalg.svd(toy.directions)[2][-1]
    pattern = unrelated @ toy.pixels / toy.pixels[0].square().sum()
    column = torch.tensor([GAIN if name == FOOLED else 0.0 for name in toy.attributes])

    def see(images: torch.Tensor) -> torch.Tensor:
        return toy.read(images) + (images.flatten(1) @ pattern)[:, None] * column

    return FunctionScorer(see, toy.attributes, output="logits", fingerprint="fooled")


def study(toy: ToyGenerator, own: object, *judges: Judge, **settings: object) -> TrustStudy:
    return study_trust(Experiment(toy, own), judges=judges, **{"n": 300, "images": 8, **settings})


@pytest.fixture(scope="module")
def honest(toy: ToyGenerator) -> TrustStudy:
    return study(toy, scorer(toy), oracle(toy))


@pytest.fixture(scope="module")
def deceived(toy: ToyGenerator) -> TrustStudy:
    return study(toy, fooled(toy), oracle(toy))


def test_an_honest_scorer_is_confirmed_by_the_truth(honest: TrustStudy) -> None:
    assert tuple(honest.methods) == METHODS
    for method in METHODS:
        own = figures(honest, method)
        assert own.reached.value > 0.9, method
        assert own.confirmed.value == 1
        assert own.confirmed.low < 1
        assert own.agreement.value == pytest.approx(1, abs=1e-3)
        assert own.natural_agreement.value == pytest.approx(1, abs=0.02)
        assert own.judged_selectivity.value == pytest.approx(own.selectivity.value, rel=0.01)


def test_a_direction_that_fools_the_scorer_is_not_confirmed(deceived: TrustStudy) -> None:
    for method in METHODS:
        by_name = {name: figures(deceived, method, attribute=name) for name in deceived.edited}
        planted = by_name.pop(FOOLED)
        assert planted.reached.value > 0.9, method
        assert planted.scorer_change.value > 0.5
        assert planted.agreement.value < 0.2
        assert planted.confirmed.value < 0.6
        for name, others in by_name.items():
            assert others.agreement.value == pytest.approx(1, abs=0.02), name
            assert others.confirmed.value == 1
    assert sentences(deceived)[4].startswith(f"Least agreement is on {FOOLED}")


def test_the_images_that_are_shown_are_those_that_fool_the_scorer(deceived: TrustStudy) -> None:
    shown = most_disputed(deceived, "guided-hold")[:3]
    assert {deceived.edited[k] for k, _ in shown} == {FOOLED}
    judge, scorer = (
        [float(deceived.target(reader, "guided-hold")[place]) for place in shown]
        for reader in (deceived.judges[0], deceived.scorer)
    )
    goal = float(deceived.goals[deceived.edited.index(FOOLED)])
    assert all(abs(value - goal) < 0.1 for value in scorer)
    assert all(abs(value - goal) > 0.4 for value in judge)


def test_only_images_on_the_other_side_of_one_half_are_edited(honest: TrustStudy) -> None:
    assert honest.num_edits == 32
    before, goals = honest.target(honest.scorer), honest.goals[:, None]
    assert bool(((before > 0.5) != (goals > 0.5)).all())
    assert set(honest.goals.mul(10).round().tolist()) <= {1, 9}
    assert honest.scorer.names == ("red", "round", "large", "bright")


def test_codes_are_compared_with_those_that_the_generator_draws(honest: TrustStudy) -> None:
    own = figures(honest, "regression")
    assert honest.natural_distance == pytest.approx(math.sqrt(16), abs=0.2)
    assert own.distance.value == pytest.approx(honest.natural_distance, abs=0.6)
    assert 0 <= own.very_unlikely.value <= own.unlikely.value < 0.5
    assert own.seconds > 0


def test_figures_are_means_over_the_judges_whose_spread_is_shown(toy: ToyGenerator) -> None:
    opposite = Judge(FunctionScorer(lambda images: -toy.read(images), toy.attributes, output="logits"))
    found = study(toy, scorer(toy), oracle(toy), opposite, attributes=["red"], images=4)
    assert found.edited == ("red",)
    own = figures(found, "regression")
    apart = [figures(found, "regression", judges=[judge]) for judge in found.judges]
    assert [round(it.agreement.value) for it in apart] == [1, -1]
    assert own.agreement.value == pytest.approx(0, abs=1e-3)
    assert own.confirmed.value == pytest.approx(0.5)
    page = trust_document(found, Experiment(toy, scorer(toy)))
    assert [table.title for table in page.sections[0].tables] == ["All methods", "Each judge"]
    assert "of these 2 judges, which took no part, confirm 50" in page.sentences[0]


def test_without_a_judge_nothing_is_confirmed_and_the_page_says_so(toy: ToyGenerator, tmp_path: Path) -> None:
    found = study(toy, scorer(toy), images=4)
    own = figures(found, "guided-hold")
    assert sentences(found)[0] == NO_JUDGE
    assert math.isnan(own.confirmed.value)
    assert math.isnan(own.agreement.value)
    assert own.selectivity.value > 1
    document = trust_document(found, Experiment(toy, scorer(toy)))
    text = write_document(document, tmp_path).read_text()
    assert "could not be drawn" not in text
    assert "confirmed of reached" not in text
    assert {path.stem for path in (tmp_path / "figures").iterdir()} == {
        f"disputed-{method}" for method in METHODS
    }
    data = json.loads((tmp_path / "summary.json").read_text())
    assert data["methods"]["held"]["agreement"]["value"] is None
    assert data["edits"][0]["confirmed"] is None


def test_a_student_gives_a_smoothed_reading_and_confirms_nothing(toy: ToyGenerator) -> None:
    class Student(FunctionScorer):
        is_student = True

    student = Judge(Student(toy.read, toy.attributes, output="logits", fingerprint="a student"))
    found = study(toy, scorer(toy), student, images=4)
    assert (found.reading, sentences(found)[0]) == ("smoothed reading", STUDENT)
    own = figures(found, "regression")
    assert own.agreement.value == pytest.approx(1, abs=1e-3)
    assert math.isnan(own.confirmed.value)
    assert "smoothed reading" in str(found)
    with pytest.raises(SettingError, match="students confirm nothing"):
        study(toy, scorer(toy), student, oracle(toy))


class Opaque(FunctionScorer):
    """As a network of another library whose converter is not installed."""

    def differentiable(self) -> FunctionScorer:
        raise SettingError("gradients need a converter")


@pytest.mark.parametrize("kind", [FunctionScorer, Opaque], ids=["no gradient flows", "no converter is there"])
def test_without_gradients_guided_edits_go_along_directions(
    toy: ToyGenerator, kind: type[FunctionScorer]
) -> None:
    own = kind(lambda images: toy.read(images).detach(), toy.attributes, output="logits")
    found = study(toy, own, oracle(toy), images=4, num_attributes=2)
    assert set(found.left_out) == {"selective"}
    assert found.guided_by == "finite differences along regression"
    assert len(found.edited) == 2


def test_the_folder_has_the_page_the_figures_the_numbers_and_the_blind_sheet(
    toy: ToyGenerator, deceived: TrustStudy, tmp_path: Path
) -> None:
    document = trust_document(deceived, Experiment(toy, fooled(toy)), model="toy <1>", blind=12)
    assert len(document.sentences) == 5
    text = write_document(document, tmp_path).read_text()
    for words in ("toy &lt;1&gt;", "confirmed of reached", "natural agreement", "beyond 99.9"):
        assert words in text
    assert "could not be drawn" not in text
    assert "http" not in text
    assert {path.stem for path in (tmp_path / "figures").iterdir()} == {
        "agreement", "changes", *(f"disputed-{method}" for method in METHODS),
    }  # fmt: skip
    data = json.loads((tmp_path / "summary.json").read_text())
    assert list(data["methods"]) == list(METHODS)
    assert data["methods"]["held"]["attributes"][FOOLED]["agreement"]["value"] < 0.2
    assert len(data["edits"]) == len(METHODS) * deceived.num_edits
    assert (tmp_path / "blind.html").exists()


def test_the_blind_sheet_says_nothing_about_its_images(
    toy: ToyGenerator, deceived: TrustStudy, tmp_path: Path
) -> None:
    sheet = blind_sheet(deceived, toy, n=13)
    assert len(sheet.questions) == 12
    assert sorted(one["made"] for one in sheet.key).count("unedited") == 4
    text = sheet.write_page(tmp_path / "blind.html").read_text()
    assert "http" not in text
    shown = json.loads(re.findall(r'<script type="application/json">(.*?)</script>', text, re.DOTALL)[0])
    assert [sorted(one) for one in shown] == 12 * [["id", "question", "src"]]
    assert {one["question"] for one in shown} == {f"{name}?" for name in deceived.edited}
    with pytest.raises(SettingError, match="ask for at least 3"):
        blind_sheet(deceived, toy, n=2)


def answered(path: Path, rows: list[tuple[object, str]]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("id", "answer"), *rows])
    return path


def test_a_person_who_sees_the_truth_agrees_with_the_judge_and_not_with_the_fooled_scorer(
    toy: ToyGenerator, deceived: TrustStudy, tmp_path: Path
) -> None:
    sheet = blind_sheet(deceived, toy, n=72)
    key = sheet.write_key(tmp_path / "blind-key.json")
    truth = [(one["id"], "yes" if one["judges"][0] > 0.5 else "no") for one in sheet.key]
    found = compare_answers(answered(tmp_path / "answers.csv", truth), key)
    assert next(one.made for one in found) == "unedited"
    assert sum(one.num_images for one in found) == 72
    for one in found:
        assert one.judges is not None
        assert one.judges.value == 1
        assert one.scorer.value < 1
    assert "as the judge in 100" in str(found[0])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "no question is answered"),
        ([(99, "yes")], "image 99 is not on this sheet"),
        ([(1, "yes"), (2, "perhaps")], "line 3 of .* is not an answer"),
        ([("one", "yes")], "line 2 of .* is not an answer"),
    ],
)
def test_answers_that_do_not_belong_to_the_sheet_are_refused(
    toy: ToyGenerator, deceived: TrustStudy, tmp_path: Path, rows: list, message: str
) -> None:
    key = blind_sheet(deceived, toy, n=6).write_key(tmp_path / "blind-key.json")
    with pytest.raises(SettingError, match=message):
        compare_answers(answered(tmp_path / "answers.csv", rows), key)
    with pytest.raises(MissingFileError, match="with --blind"):
        compare_answers(tmp_path / "answers.csv", tmp_path / "none.json")
    with pytest.raises(MissingFileError, match="the blind sheet saved"):
        compare_answers(tmp_path / "none.csv", key)
    (tmp_path / "broken.json").write_text("[]")
    with pytest.raises(SettingError, match="is no key"):
        compare_answers(tmp_path / "answers.csv", tmp_path / "broken.json")


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        (
            {"images": 2},
            SettingError,
            "2 images of each attribute are too few for this study; give at least 4",
        ),
        ({"n": 20}, SettingError, "20 codes are too few for this study; give at least 100"),
        ({"to": 0.4}, SettingError, "a goal of 0.4 is no probability between 0.5 and 1"),
        ({"attributes": ["rond"]}, UnknownNameError, "did you mean 'round'"),
    ],
)
def test_what_cannot_be_studied_is_refused(
    toy: ToyGenerator, settings: dict, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        study(toy, scorer(toy), oracle(toy), **settings)


def test_a_judge_that_took_part_or_knows_nothing_of_it_is_refused(toy: ToyGenerator) -> None:
    with pytest.raises(SettingError, match="took part itself"):
        study(toy, scorer(toy), Judge(scorer(toy)))
    stranger = Judge(FunctionScorer(lambda images: images.mean((1, 2, 3)) / 2 + 0.5, ["Loud"]))
    with pytest.raises(UnknownNameError, match="attribute of the judges"):
        study(toy, scorer(toy), stranger)
    with pytest.raises(UnknownNameError, match="no attribute 'large'"):
        study(toy, scorer(toy), Judge(oracle(toy).select(["red", "round"])), attributes=["large"])
    with pytest.raises(ScoreError, match="cannot score new images"):
        study(toy, TruthScorer(torch.eye(4).bool(), toy.attributes))


def test_attributes_that_hardly_any_image_has_are_not_edited_unless_they_are_named() -> None:
    rare = ToyGenerator(seed=0, intercepts=(-4.3, 0.0, 0.0, 0.0))
    judge = Judge(oracle(rare).select(["red"]))
    with pytest.raises(ScoreError, match=r"the judges score \(red\) none occurs"):
        study(rare, scorer(rare), judge)
    found = study(rare, scorer(rare), images=4, attributes=["red"])
    assert found.edited == ("red",)
    assert set(found.scorer.names) == set(rare.attributes)
