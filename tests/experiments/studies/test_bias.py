"""The study of bias on a generator whose entanglement is known: what was planted is found, and nothing else."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import ganatomy as ga
from ganatomy.errors import ScoreError, SettingError, UnknownNameError
from ganatomy.experiments.studies.bias import BiasStudy, study_bias
from ganatomy.perception import FunctionScorer, OracleScorer, TableScorer
from ganatomy.perception.judging import Judge
from ganatomy.statistics.latent import latent_correlation

NAMES = ("red", "round", "large")
GRAM = ((1.0, 0.5, 0.0), (0.5, 1.0, 0.0), (0.0, 0.0, 1.0))


def labels(correlations: Sequence[Sequence[float]], n: int = 20_000) -> ga.LabelTable:
    """Labels of a population whose normals correlate so, all of them cut at different places."""
    root = torch.linalg.cholesky(torch.tensor(correlations, dtype=torch.float64))
    rows = torch.randn(n, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64) @ root.T
    seen = (rows > torch.tensor([0.3, 0.0, -0.5])).float()
    return ga.LabelTable(names=NAMES, files=tuple(map(str, range(n))), values=seen)


@pytest.fixture(scope="module")
def toy() -> ga.ToyGenerator:
    return ga.ToyGenerator(attributes=NAMES, cosine=GRAM, seed=1)


@pytest.fixture(scope="module")
def experiment(toy: ga.ToyGenerator) -> ga.Experiment:
    return ga.Experiment(toy, OracleScorer(toy))


@pytest.fixture(scope="module")
def independent(experiment: ga.Experiment) -> BiasStudy:
    """The generator moves round by half of red; in the data they have nothing to do with each other."""
    return study_bias(experiment, n=1000, images=150, data=labels(torch.eye(3).tolist()))


def true_rate(toy: ga.ToyGenerator, found: BiasStudy, change: str, watch: str) -> float:
    """What the step along the known direction does, in many images."""
    start = toy.sample(20_000, seed=99)
    after = ga.move(start, toy.truth[change], found.sigmas[change], units="sigma")
    read = OracleScorer(toy)
    away = (read(toy(after)).probabilities - read(toy(start)).probabilities).mean(0)
    return float(away[NAMES.index(watch)] / away[NAMES.index(change)])


def test_a_planted_bias_is_found_with_its_size(toy: ga.ToyGenerator, independent: BiasStudy) -> None:
    for pair in (("red", "round"), ("round", "red")):
        link = independent.link(*pair)
        assert link is not None
        truth = true_rate(toy, independent, *pair)
        excess = link.explained["data"].excess
        assert excess.low < truth < excess.high
        assert excess.error < 0.15
        assert independent.biased(link)
    assert {independent.worst.change, independent.worst.watch} == {"red", "round"}


def test_a_bias_that_is_not_there_is_not_found(independent: BiasStudy) -> None:
    for pair in (("red", "large"), ("large", "red"), ("round", "large"), ("large", "round")):
        link = independent.link(*pair)
        assert link is not None
        assert abs(link.moved.value) < 0.05
        assert not independent.biased(link)


def test_what_the_data_correlate_by_is_explained(experiment: ga.Experiment) -> None:
    found = study_bias(experiment, ["red"], ["round"], n=1000, images=150, data=labels(GRAM))
    it = found.worst.explained["data"]
    assert it.correlation.value == pytest.approx(0.5, abs=0.04)
    assert it.change.value == pytest.approx(found.worst.moved.value, abs=0.1)
    assert it.excess.low - 0.03 < 0 < it.excess.high + 0.03
    # The generated images correlate likewise.
    assert it.correlation.value == pytest.approx(found.worst.explained["images"].correlation.value, abs=0.1)


def test_how_steep_scores_are_does_not_matter(toy: ga.ToyGenerator) -> None:
    def steep(images: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(toy.read(images) * torch.tensor([4.0, 0.5, 1.0]))

    experiment = ga.Experiment(toy, FunctionScorer(steep, NAMES))
    found = study_bias(experiment, ["red"], ["round"], n=1000, images=150, data=labels(GRAM))
    it = found.worst.explained["data"]
    assert found.worst.moved.value < 0.4  # half the change, read by a scorer that is less steep
    assert it.change.value == pytest.approx(found.worst.moved.value, abs=0.08)


def test_a_taught_direction_is_read_as_a_position(experiment: ga.Experiment, toy: ga.ToyGenerator) -> None:
    taught = ga.Directions([replace(toy.truth["red"], name="my red")])
    found = study_bias(experiment, watch=["round"], directions=taught, n=400, images=60)
    assert found.worst.step[0] == pytest.approx(1.0, abs=1e-4)
    assert found.worst.explained["images"].correlation.value == pytest.approx(0.5, abs=0.1)
    assert abs(found.worst.explained["images"].excess.value) < 0.05


def test_columns_of_a_table_can_be_changed(
    experiment: ga.Experiment, toy: ga.ToyGenerator, tmp_path: Path
) -> None:
    rows = (OracleScorer(toy)(toy(toy.sample(300, seed=0))).logits[:, :1] > 0).int().tolist()
    path = tmp_path / "labels.csv"
    path.write_text("\n".join(["is red", *(str(row[0]) for row in rows)]))
    found = study_bias(
        experiment, watch=["round", "large"], labels=TableScorer(path), n=400, images=60, refits=4
    )
    moved = {it.watch: it.moved for it in found.links}
    assert moved["round"].low > 0 > moved["large"].low
    assert found.links[0].change == "is red"


def test_a_judge_reads_the_same_edits(experiment: ga.Experiment, toy: ga.ToyGenerator) -> None:
    def other(images: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(toy.read(images)[:, :2] * 0.8)

    judged = replace(experiment, judge=Judge(FunctionScorer(other, ["red", "round"])))
    found = study_bias(judged, ["red"], n=400, images=60, refits=2)
    link = found.link("red", "round", reader="judge")
    assert link is not None
    assert link.moved.value == pytest.approx(0.5, abs=0.15)
    assert found.link("red", "large", reader="judge") is None


def test_what_no_step_moves_is_left_out(toy: ga.ToyGenerator) -> None:
    def stuck(images: torch.Tensor) -> torch.Tensor:
        seen = toy.read(images)
        return torch.sigmoid(torch.stack([seen[:, 0], 0.01 * seen[:, 1]], dim=1))

    experiment = ga.Experiment(toy, FunctionScorer(stuck, ["red", "stuck"]))
    found = study_bias(experiment, ["red", "stuck"], ["red", "stuck"], n=200, images=40, refits=0)
    assert [it.change for it in found.links] == ["red"]
    assert "so its effect on others cannot be told" in found.left_out["stuck"]
    with pytest.raises(ScoreError, match="no step of up to"):
        study_bias(experiment, ["stuck"], ["red"], n=200, images=40, refits=0)


def test_the_page_names_the_worst_and_the_table_has_every_pair(
    independent: BiasStudy, experiment: ga.Experiment, tmp_path: Path
) -> None:
    ga.write_document(ga.document(independent, experiment, model="toy"), tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert "In 2 of 6 pairs" in page
    data = json.loads((tmp_path / "summary.json").read_text())
    assert sorted(data["worst"]) == ["red", "round"]
    with (tmp_path / "bias.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {
        "bars.png",
        "matrix.png",
        "images.png",
    }


def test_one_pair_is_five_sentences_at_most(experiment: ga.Experiment) -> None:
    found = study_bias(experiment, ["red"], ["round"], n=200, images=40, refits=2)
    said = ga.document(found, experiment).sentences
    assert 2 <= len(said) <= 5
    assert said[0].startswith("Moving red by ")
    assert "explains" in said[1]


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"change": ["blue"]}, UnknownNameError, "blue"),
        ({"watch": ["blue"]}, UnknownNameError, "blue"),
        ({"change": ["red"], "watch": ["red"]}, SettingError, "changed and watched"),
        ({"n": 10}, SettingError, "too few"),
        ({"refits": 1}, SettingError, "0 or 2"),
    ],
)
def test_what_cannot_be_studied_is_refused(experiment, settings, error, message) -> None:
    with pytest.raises(error, match=message):
        study_bias(experiment, **settings)


def test_labels_that_know_none_of_the_names_are_refused_before_any_work(experiment: ga.Experiment) -> None:
    other = ga.LabelTable(names=("tall",), files=("a", "b"), values=torch.tensor([[0.0], [1.0]]))
    with pytest.raises(UnknownNameError, match="label of the data"):
        study_bias(experiment, ["red"], ["round"], data=other)


def test_long_hair_of_drawn_faces_goes_with_male_as_it_was_planted() -> None:
    table = ga.drawn_labels()
    male = table.column("Male").double().numpy()
    for name in ("Long_Hair", "hair_length"):
        found = latent_correlation(table.column(name).double().numpy(), male)
        assert found.value == pytest.approx(-0.85, abs=0.02)


def test_words_are_labels_of_the_data_whatever_their_letters(experiment: ga.Experiment) -> None:
    table = labels(torch.eye(3).tolist())
    named = replace(table, names=("RED", "Round", "tall"))
    settings = {"n": 400, "images": 60, "refits": 2}
    found = study_bias(experiment, ["red"], ["round"], data=named, **settings)
    same = study_bias(experiment, ["red"], ["round"], data=table, **settings)
    assert found.unlabelled == ()
    assert found.worst.explained == same.worst.explained


def test_what_celebas_list_lacks_is_explained_by_generated_images_and_said(shared: Path) -> None:
    toy = ga.ToyGenerator(attributes=("Smiling", "Male", "Long_Hair"), cosine=GRAM, seed=1)
    celeba = ga.read_labels(shared / "data" / "list_attr_celeba.zip")
    experiment = ga.Experiment(toy, OracleScorer(toy))
    settings = {"n": 400, "images": 60, "refits": 2}
    found = study_bias(experiment, ["Male"], ["Long_Hair"], data=celeba, **settings)
    assert (found.unlabelled, found.reference) == (("Long_Hair",), "images")
    assert "The data have no label of Long_Hair" in ga.document(found, experiment).sentences[-1]
    both = study_bias(experiment, ["Smiling"], ["Male", "Long_Hair"], data=celeba, **settings)
    link = both.link("Smiling", "Male")
    assert both.reference == "data"
    assert link is not None
    assert link.explained["data"].correlation.value == pytest.approx(-0.22, abs=0.03)
