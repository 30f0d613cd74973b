"""A student learns what its scorer reads, and confirms nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import ganatomy as ga
from ganatomy.errors import ScoreError, SettingError
from ganatomy.perception import FunctionScorer, OracleScorer, TruthScorer
from ganatomy.perception.network import AttributeNetwork
from ganatomy.training import fit_temperatures, train_student


@pytest.fixture(scope="module")
def toy() -> ga.ToyGenerator:
    return ga.ToyGenerator(z_dim=8, attributes=("red", "round"), cosine=0.0)


@pytest.fixture(scope="module")
def student(toy: ga.ToyGenerator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    network, evaluation = train_student(toy, OracleScorer(toy), n=400, images=3_000, seed=1)
    assert min(evaluation.auc.values()) > 0.8
    return network.save(tmp_path_factory.mktemp("student") / "student.safetensors")


def test_a_student_says_in_its_file_whose_it_is(toy: ga.ToyGenerator, student: Path) -> None:
    assert AttributeNetwork.load(student).taught_by == OracleScorer(toy).fingerprint
    judge = ga.judge(student)
    assert judge.is_student
    assert judge.reading == "smoothed reading"
    assert judge.select(["round"]).is_student
    assert not ga.judge(OracleScorer(toy)).is_student


def test_a_student_confirms_nothing(toy: ga.ToyGenerator, student: Path) -> None:
    found = ga.guided(toy, OracleScorer(toy), toy.sample(4, seed=1), {"red": 0.9})
    assert found.reached.any()
    read = ga.confirm(toy, ga.judge(student), found)
    assert read.judged is not None
    assert not read.confirmed.any()
    assert str(read.judged).startswith("smoothed reading red ")
    assert str(read.judged).endswith("confirms nothing")


def test_what_cannot_teach_is_refused(toy: ga.ToyGenerator) -> None:
    with pytest.raises(ScoreError, match="cannot score new images"):
        train_student(toy, TruthScorer(torch.ones(9, 2) > 0, ("red", "round")))
    always = FunctionScorer(lambda images: images.mean((1, 2, 3)) * 0 + 9, ["red"], output="logits")
    with pytest.raises(ScoreError, match="one class only"):
        train_student(toy, always, n=40)
    with pytest.raises(SettingError):
        train_student(toy, OracleScorer(toy), n=1)


def test_temperatures_say_how_much_too_sure_a_scorer_is(toy: ga.ToyGenerator) -> None:
    sure = FunctionScorer(lambda images: 2.5 * toy.read(images), toy.attributes, output="logits")
    first, second = fit_temperatures(toy, [sure, OracleScorer(toy)], n=400)
    assert torch.allclose(first, torch.full((2,), 2.5), rtol=0.05)
    assert torch.allclose(second, torch.full((2,), 0.4), rtol=0.05)


def test_a_bundled_scorer_follows_its_companions() -> None:
    scorer = ga.scorer("faces")
    target = scorer.target()
    assert len(target.sources) == 3
    assert scorer.sources < target.sources
    assert scorer.select(["Male", "Young"]).target().names == ("Male", "Young")
    assert not target.sources & ga.judge("faces").sources


def test_edits_follow_the_classifiers_that_a_scorer_is_given(toy: ga.ToyGenerator) -> None:
    scorer = OracleScorer(toy)
    another = FunctionScorer(lambda images: toy.read(images) * 0.5, toy.attributes, output="logits")
    wanted = ga.following(scorer, [another])
    assert scorer.target() is scorer
    assert wanted.target().sources == scorer.sources | another.sources
    assert wanted.select(["red"]).target().names == ("red",)
    assert wanted.fingerprint == scorer.fingerprint
    assert ga.following(wanted, []).target().sources == scorer.sources
    found = ga.guided(toy, wanted, toy.sample(2, seed=1), {"red": "+0.2"})
    assert found.took_part[1].sources == wanted.target().sources
    with pytest.raises(SettingError, match="took part"):
        ga.confirm(toy, ga.judge(another), found)


def test_edits_cannot_follow_what_lacks_an_attribute_or_is_followed_already(toy: ga.ToyGenerator) -> None:
    scorer = OracleScorer(toy)
    with pytest.raises(SettingError, match="does not score"):
        ga.following(scorer, [scorer.select([toy.attributes[0]])])
    with pytest.raises(SettingError, match="already"):
        ga.following(scorer, [scorer])
