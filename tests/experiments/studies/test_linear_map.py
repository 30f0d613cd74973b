"""The study of a linear map with and without a penalty, on a generator whose truth is known."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ganatomy.datasets.labelled import Labelled
from ganatomy.errors import ScoreError, SettingError, UnknownNameError
from ganatomy.experiments.base import Experiment
from ganatomy.experiments.compare.contestants import NO_GRADIENTS
from ganatomy.experiments.documents import document
from ganatomy.experiments.studies.linear_map import METHODS, LinearMapStudy, study_linear_map
from ganatomy.experiments.studies.linear_map.result import GUIDED, PENALISED, PLAIN
from ganatomy.experiments.studies.linear_map.sentences import sentences
from ganatomy.experiments.studies.linear_map.tables import table_of_changes, table_of_cosines, table_of_one
from ganatomy.generators.toy import ToyGenerator
from ganatomy.metrics import Entanglement, mean_abs_cosine
from ganatomy.perception import FunctionScorer, Judge, TruthScorer, scorer
from ganatomy.report import write_document
from ganatomy.statistics.intervals import Estimate


@pytest.fixture(scope="module")
def toy() -> ToyGenerator:
    return ToyGenerator(z_dim=12, cosine=0.6)


def experiment(toy: ToyGenerator) -> Experiment:
    return Experiment(toy, scorer(toy))


def labelled(toy: ToyGenerator) -> Labelled:
    with torch.no_grad():
        images = toy(toy.sample(50, seed=9))
    return Labelled(
        description="50 toys",
        names=("red", "round", "bright"),
        labels=toy.read(images)[:, [0, 1, 3]] > 0,
        read=lambda rows: images[rows],
    )


@pytest.fixture(scope="module")
def found(toy: ToyGenerator) -> LinearMapStudy:
    return study_linear_map(experiment(toy), n=500, images=20, path=(0.01, 1.0, 4.0), labelled=labelled(toy))


def test_every_method_edits_the_same_images_by_the_same_change(found: LinearMapStudy) -> None:
    assert found.comparison.methods == METHODS
    assert found.comparison.left_out == {}
    for name, changes in found.changes.items():
        assert changes.before.equal(found.changes[PLAIN].before)
        assert changes.achieved.tolist() == pytest.approx([0.25] * 4, abs=0.03), name
        assert found.comparison.reached(name) == list(found.comparison.edited)


def test_the_directions_of_each_method_are_what_is_known_of_them(found: LinearMapStudy) -> None:
    assert found.cosine[PLAIN] == pytest.approx(0.6, abs=0.03)
    assert found.cosine[PENALISED] < 0.01
    assert found.cosine["lowdin"] < 1e-5
    assert set(found.directions) == set(METHODS) - {GUIDED}


def test_holding_exactly_is_most_selective_in_a_linear_generator_and_the_penalty_helps(
    found: LinearMapStudy,
) -> None:
    # In a linear generator the dual basis changes nothing else, and orthogonal directions change less than plain ones.
    assert found.comparison.ranking[0] == "dual"
    assert found.verdict.significant
    assert found.verdict.difference.low > 0
    first = sentences(found)[0]
    assert first.startswith("The penalty helps here: with it (λ = 2)")
    assert "p < 0.001, 20 images" in first


def test_the_path_begins_without_penalty_and_ends_with_orthogonal_rows_of_length_1(
    found: LinearMapStudy,
) -> None:
    assert [(fit.penalty, fit.form) for fit in found.path] == [
        (0.0, "identity"), (0.01, "identity"), (1.0, "identity"), (4.0, "identity"),
        (0.01, "cosines"), (1.0, "cosines"), (4.0, "cosines"),
    ]  # fmt: skip
    plain, last = found.path[0], found.path[3]
    assert plain.cosine == pytest.approx(mean_abs_cosine(found.directions[PLAIN]))
    # Least squares has the least error on the codes that it was fitted to. On others a weak penalty may do as well or
    # better, a strong one for rows of length 1 may not.
    assert plain.error.value < last.error.value
    assert (last.cosine, last.norm) == pytest.approx((0, 1), abs=0.02)
    assert found.path[-1].cosine == pytest.approx(0, abs=0.02)
    assert found.path[-1].norm < 0.9
    assert plain.selectivity.value < last.selectivity.value


def test_the_scorer_is_tested_where_there_are_labels(found: LinearMapStudy) -> None:
    assert found.recognition is not None
    assert found.recognition.names == ("red", "round", "bright")
    assert found.recognition.accuracy.value == 1
    assert "right in 100.0\xa0% of its answers about 50 toys" in sentences(found)[4]


def test_the_tables_are_of_the_attribute_that_is_shown(found: LinearMapStudy) -> None:
    assert found.shown == max(
        found.comparison.attributes, key=lambda name: mean_abs_cosine(found.directions[PLAIN], name)
    )
    assert found.comparison.edited[0] == found.shown
    many, one = table_of_changes(found), table_of_one(found)
    assert many.methods == one.methods == METHODS
    own = next(row for row in one.rows if row.attribute == found.shown)
    assert own.change[0] == pytest.approx(0.25, abs=0.05)
    assert table_of_cosines(found).mean_abs[PLAIN] == pytest.approx(0.6, abs=0.06)


def test_the_folder_has_the_page_the_figures_and_the_numbers(
    toy: ToyGenerator, found: LinearMapStudy, tmp_path: Path
) -> None:
    page = write_document(document(found, experiment(toy), model="toy <1>"), tmp_path).read_text()
    for text in (
        "toy &lt;1&gt;",
        "Table I",
        "Table II",
        "Table III",
        "The path of λ",
        "Figure 3",
        "3.69",
        "0.069",
    ):
        assert text in page
    assert {path.stem for path in (tmp_path / "figures").iterdir()} == {
        "league", "figure-3", "figure-3-attributes", "walk", "changes", "cosines",
        "path-selectivity", "path-cosine", "path-error", "path-auc",
    }  # fmt: skip
    data = json.loads((tmp_path / "summary.json").read_text())
    assert data["verdict"]["significant"] is True
    assert list(data["methods"]) == list(METHODS)
    assert data["table_iii"]["mean_abs"]["lowdin"] < 1e-5
    assert len(data["path"]) == 7
    assert data["paper"]["selectivity"] == {"linear": 0.55, "penalty": 3.69}


def with_changes(found: LinearMapStudy, changes: dict[str, Entanglement]) -> LinearMapStudy:
    results = {
        name: replace(result, changes=changes.get(name, result.changes))
        for name, result in found.comparison.results.items()
    }
    return replace(found, comparison=replace(found.comparison, results=results))


def test_a_difference_that_is_not_significant_is_not_claimed(found: LinearMapStudy) -> None:
    # The same method twice, but for noise in the second.
    plain = found.changes[PLAIN]
    noise = 0.02 * torch.randn(plain.changes.shape, generator=torch.Generator().manual_seed(0))
    few = with_changes(found, {PENALISED: replace(plain, changes=plain.changes + noise)})
    first = sentences(few)[0]
    assert first.startswith("The penalty makes no significant difference in 20 images")
    assert "it would take about" in first


def test_a_penalty_that_harms_is_said_to_harm(found: LinearMapStudy) -> None:
    swapped = with_changes(found, {PLAIN: found.changes[PENALISED], PENALISED: found.changes[PLAIN]})
    assert sentences(swapped)[0].startswith("The penalty harms here")


def test_figures_that_are_not_above_0_cost_no_more_than_their_chart(
    toy: ToyGenerator, found: LinearMapStudy, tmp_path: Path
) -> None:
    # Edits that change nothing at all have no selectivity, and an error of 0 has no place on a logarithmic axis.
    still = {name: replace(it, changes=torch.zeros_like(it.changes)) for name, it in found.changes.items()}
    nothing = Estimate(value=0.0, low=0.0, high=0.0)
    path = tuple(replace(fit, error=nothing, changes=still[PLAIN]) for fit in found.path)
    empty = document(replace(with_changes(found, still), path=path), experiment(toy))
    page = write_document(empty, tmp_path / "nothing").read_text()
    assert page.count("could not be drawn") == 3
    assert {path.stem for path in (tmp_path / "nothing" / "figures").iterdir()} == {
        "figure-3", "figure-3-attributes", "walk", "changes", "cosines", "path-cosine", "path-auc"
    }  # fmt: skip
    assert json.loads((tmp_path / "nothing" / "summary.json").read_text())["ranking"]
    some = replace(found, path=(found.path[0], replace(found.path[1], error=nothing), *found.path[2:]))
    page = write_document(document(some, experiment(toy)), tmp_path / "some").read_text()
    assert "could not be drawn" not in page
    assert "Not shown: 1 points that are not above 0." in page


def test_a_judge_reads_the_same_edits(toy: ToyGenerator) -> None:
    other = FunctionScorer(toy.read, toy.attributes, output="logits", fingerprint="another")
    judged = Experiment(toy, scorer(toy), judge=Judge(other))
    study = study_linear_map(judged, n=200, images=6, path=(1.0,))
    compared = study.comparison
    assert compared.value(PLAIN, "scorer_selectivity") == pytest.approx(compared.value(PLAIN), rel=1e-3)
    assert len(sentences(study)) == 6
    assert sentences(study)[4].startswith(
        "The scorer (exact oracle (4 attributes)) ranks the methods as the judge"
    )
    assert "by the scorer" in document(study, judged).sections[0].tables[0].headings


def test_without_gradients_and_labels_the_study_goes_on_and_says_so(toy: ToyGenerator) -> None:
    def blind(images: torch.Tensor) -> torch.Tensor:
        return toy.read(images).detach()

    setting = Experiment(toy, FunctionScorer(blind, toy.attributes, output="logits"))
    study = study_linear_map(setting, n=200, images=6, path=(1.0,), shown="large")
    assert set(study.comparison.left_out) == {"selective", GUIDED}
    assert (study.shown, study.comparison.edited[0]) == ("large", "large")
    written = sentences(study)
    assert len(written) == 5
    assert "no images with labels were given" in written[4]
    assert written[4].startswith("This model has no w, so all is in z")
    page = document(study, setting)
    assert {cell.text for row in page.sections[-1].tables[0].rows for cell in row.cells} == {NO_GRADIENTS}
    assert not [
        heading for table in page.sections[0].tables for heading in table.headings if "judge" in heading
    ]


def test_a_space_that_is_chosen_is_used() -> None:
    toy = ToyGenerator(z_dim=8, w_dim=8, cosine=0.3)
    study = study_linear_map(Experiment(toy, scorer(toy), space="w"), n=200, images=4, path=(1.0,))
    assert study.comparison.space == "w"
    assert sentences(study)[4].startswith("All is in w;")


def test_z_is_the_space_of_the_paper_where_none_is_chosen() -> None:
    toy = ToyGenerator(z_dim=8, w_dim=8, cosine=0.3)
    study = study_linear_map(Experiment(toy, scorer(toy)), n=200, images=4, path=(1.0,))
    assert sentences(study)[4].startswith("All is in z, as in the paper;")


def test_classes_that_exclude_each_other_are_noticed(toy: ToyGenerator) -> None:
    def classes(images: torch.Tensor) -> torch.Tensor:
        return torch.softmax(toy.read(images), dim=1)

    setting = Experiment(toy, FunctionScorer(classes, toy.attributes))
    study = study_linear_map(setting, n=300, images=6, path=(1.0,))
    assert study.exclusive
    assert "no edit has a selectivity above 3" in document(study, setting).sections[0].paragraphs[0]


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"images": 2}, SettingError, "cannot compare on 500 codes, 2 images"),
        ({"target_change": 0.7}, SettingError, "a target change of 0.7"),
        ({"penalty": 0.0}, SettingError, "give weights above 0"),
        ({"path": ()}, SettingError, "give weights above 0"),
        ({"shown": "rond"}, UnknownNameError, "did you mean 'round'"),
    ],
)
def test_what_cannot_be_studied_is_refused(
    toy: ToyGenerator, settings: dict, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        study_linear_map(experiment(toy), **{"n": 500, **settings})


def test_a_table_of_labels_cannot_score_edits(toy: ToyGenerator) -> None:
    with pytest.raises(ScoreError, match="cannot score new images"):
        study_linear_map(Experiment(toy, TruthScorer(torch.eye(4).bool(), toy.attributes)))
