"""The study of z and w: what it measures, what it says, and the page; with a w, without one, and with few images."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import ganatomy as ga
from ganatomy.datasets.correlations import LabelCorrelations, correlate
from ganatomy.errors import ScoreError, SettingError, UnknownNameError
from ganatomy.experiments.base import Experiment
from ganatomy.experiments.documents import document
from ganatomy.experiments.studies.z_against_w import ZAgainstW, study_z_against_w
from ganatomy.experiments.studies.z_against_w.correlations import own_correlations, space_correlations
from ganatomy.experiments.studies.z_against_w.sentences import Verdict, sentences, verdict
from ganatomy.generators.toy import ToyGenerator
from ganatomy.latents import Latents
from ganatomy.metrics.edited import STRENGTHS
from ganatomy.perception import FunctionScorer, Judge, OracleScorer, TableScorer
from ganatomy.plots.matrices import by_likeness, halves_chart
from ganatomy.plots.responses import responses_chart
from ganatomy.progress import Progress
from ganatomy.report import Drawing, write_document
from ganatomy.report.writer import summary


def of(generator: ToyGenerator) -> Experiment:
    return Experiment(generator, OracleScorer(generator), seed=1)


def studied(generator: ToyGenerator, *, progress: Progress | None = None, **settings: object) -> ZAgainstW:
    experiment = replace(of(generator), progress=progress)
    few = {"n": 300, "images": 8, "refits": 2, **settings}
    return study_z_against_w(experiment, **few)  # pyright: ignore[reportArgumentType]


@pytest.fixture(scope="module")
def toy() -> ToyGenerator:
    return ToyGenerator(w_dim=16, attributes=("red", "round", "large", "bright", "soft"), cosine=0.0)


@pytest.fixture(scope="module")
def found(toy: ToyGenerator) -> ZAgainstW:
    return studied(toy)


@pytest.fixture(scope="module")
def alone() -> ZAgainstW:
    return studied(ToyGenerator())


def test_the_same_images_start_both_spaces(found: ZAgainstW, toy: ToyGenerator) -> None:
    assert found.spaces == ("z", "w")
    assert found.num_edited == 4 * 8 * 13
    start = STRENGTHS.index(0.0)
    z, w = (found.edited[space].logits[:, :, start] for space in found.spaces)
    assert torch.allclose(z, w, atol=1e-4)
    seen = OracleScorer(toy).score(toy(toy.sample(8, seed=2))).logits
    assert torch.allclose(z[0], seen, atol=1e-4)


def test_both_spaces_learn_from_one_survey(found: ZAgainstW, toy: ToyGenerator) -> None:
    mapped = toy.map(found.survey.latents, to="w")
    again = ga.regression(replace(found.survey, latents=mapped), found.attributes, seed=1)
    assert torch.allclose(again.matrix, found.directions["w"].matrix, atol=1e-5)
    assert {direction.space for direction in found.directions["z"]} == {"z"}


def test_a_strength_moves_the_score_equally_where_w_rewrites_z_linearly(found: ZAgainstW) -> None:
    for name in found.attributes:
        per_sigma = [
            found.directions[space][name].slope * found.directions[space][name].sigma for space in ("z", "w")
        ]
        assert per_sigma[0] == pytest.approx(per_sigma[1], rel=0.05)


def test_images_of_the_sheets_are_those_of_the_edits(found: ZAgainstW, toy: ToyGenerator) -> None:
    images = found.images["w"]
    assert images.shape[:3] == (4, 3, 13)
    scored = OracleScorer(toy).score(images.flatten(0, 2)).logits.unflatten(0, (4, 3, 13))
    assert torch.allclose(scored, found.edited["w"].logits[:, :3], atol=1e-3)


def test_it_says_five_sentences_with_figures(found: ZAgainstW) -> None:
    lines = sentences(found)
    assert len(lines) == 5
    assert verdict(found.comparison) is Verdict.LESS
    assert lines[0].startswith("w is less entangled than z: where edits change their own attribute by 0.25")
    assert "8 images" in lines[0]
    assert lines[1].startswith("By attribute: w is cleaner for ")
    assert "no labels of the data were given" in lines[2]
    assert lines[3].startswith("Largest unexpected correlation in w: ")
    assert "in z and" in lines[4]


def test_too_few_images_are_said_to_be_too_few(toy: ToyGenerator) -> None:
    lines = sentences(studied(toy, images=3, refits=0))
    assert lines[0].startswith("Too few images to tell whether w is less entangled than z")
    assert "3 images" in lines[0]


def test_without_w_the_half_of_z_is_studied(alone: ZAgainstW) -> None:
    assert alone.spaces == ("z",)
    assert alone.comparison is None
    page = document(alone, of(ToyGenerator()), model="toy")
    assert page.sentences[0].startswith("This model has no w (Toy takes z alone)")
    assert page.sentences[1].startswith("In z, an edit that changes ")
    assert [section.title for section in page.sections][1] == "There is no w to compare with"
    drawn = [drawing for section in page.sections for draw in section.draw for drawing in listed(draw())]
    assert {drawing.name for drawing in drawn} == {
        "images-z", "correlations", "expected", "difference", "lines-z",
    }  # fmt: skip
    data = summary(page)
    assert data["verdict"] == "There is no w"
    assert data["entanglement"] is None
    assert set(data["unwanted"]) == set(alone.attributes)
    assert all(set(it) == {"added", "change", "z"} for it in data["unwanted"].values())


def listed(drawn: object) -> list[Drawing]:
    return [drawn] if isinstance(drawn, Drawing) else list(drawn or ())  # pyright: ignore[reportArgumentType, reportCallIssue]


def test_the_folder_holds_all_figures_of_the_study(
    toy: ToyGenerator, found: ZAgainstW, tmp_path: Path
) -> None:
    page = write_document(document(found, of(toy), model="toy"), tmp_path)
    drawn = {path.stem for path in (tmp_path / "figures").iterdir()}
    assert drawn == {
        "images-z", "images-w", "unwanted", "correlations", "expected", "difference", "lines-z", "lines-w",
    }  # fmt: skip
    text = page.read_text()
    for heading in (
        "Is w less entangled than z?",
        "Correlations beyond those of the data",
        "Linearity of scores",
    ):
        assert heading in text
    numbers = json.loads((tmp_path / "summary.json").read_text())
    assert numbers["edited_images"] == 416
    assert numbers["entanglement"]["ratio"]["value"] < 1
    assert numbers["correlations"]["own"]
    assert len(numbers["sentences"]) == 5


def test_labels_of_the_data_are_the_reference_where_they_are_given(
    toy: ToyGenerator, found: ZAgainstW
) -> None:
    known = LabelCorrelations(description="labels of toys", names=toy.attributes[:4], matrix=torch.eye(4))
    it = space_correlations(found.edited, found.survey, known)
    assert not it.own
    assert it.attributes == toy.attributes[:4]
    differences = it.spaces["z"].difference
    assert differences is not None
    assert torch.allclose(differences + torch.eye(4), it.spaces["z"].matrix, atol=1e-6)
    assert "in the data" in sentences(replace(found, correlations=it))[2]


def test_the_gap_between_spaces_is_that_of_their_differences(found: ZAgainstW) -> None:
    it = found.correlations
    assert it.gap is not None
    z, w = (it.spaces[space].excess for space in ("z", "w"))
    assert z is not None
    assert w is not None
    assert it.gap.value == pytest.approx(w.value - z.value, abs=1e-4)
    assert it.gap.low < it.gap.value < it.gap.high


def test_the_model_itself_is_the_reference_otherwise(found: ZAgainstW) -> None:
    own = own_correlations(found.survey)
    assert torch.allclose(own.matrix, correlate(found.survey.scores.probabilities))
    assert "300 unedited images of the model itself" in own.description


def test_attributes_of_the_study_are_taken_where_they_are_there() -> None:
    names = ("Bald", "Male", "Young", "Blond_Hair", "Smiling", "Chubby")
    rare = [0.0, 0.0, 0.0, 0.0, 0.0, -6.0]
    chosen = studied(ToyGenerator(attributes=names, cosine=0.1, intercepts=rare), refits=0).attributes
    assert chosen[:3] == ("Smiling", "Young", "Male")
    assert chosen[3] in ("Bald", "Blond_Hair")


def test_attributes_can_be_chosen(toy: ToyGenerator) -> None:
    assert studied(toy, attributes=["soft"], refits=0).attributes == ("soft",)
    page = document(studied(toy, attributes=["soft", "red"], refits=0), of(toy), model="toy")
    assert list(page.data["attributes"]) == ["soft", "red"]


def test_what_cannot_be_studied_is_refused_at_once(toy: ToyGenerator, tmp_path: Path) -> None:
    calls = []
    experiment = Experiment(toy, OracleScorer(toy), progress=lambda *a: calls.append(a))

    def study(**settings: object) -> None:
        study_z_against_w(experiment, n=50, **settings)  # pyright: ignore[reportArgumentType]

    with pytest.raises(UnknownNameError, match="did you mean 'regression'"):
        study(method="regresion")
    with pytest.raises(UnknownNameError, match="attribute"):
        study(attributes=["blue"])
    with pytest.raises(SettingError, match="0, or 2 or more"):
        study(refits=1)
    with pytest.raises(SettingError, match="target_change"):
        study(target_change=0.5)
    with pytest.raises(SettingError, match="lack 0"):
        study(strengths=[1, 2, 3])
    with pytest.raises(ScoreError, match="need two attributes"):
        study_z_against_w(replace(experiment, scorer=OracleScorer(toy).select(["red"])))
    (tmp_path / "labels.csv").write_text("file,red,round\n" + "a.png,0,1\n" * 30)
    with pytest.raises(ScoreError, match="cannot score new images"):
        study_z_against_w(replace(experiment, scorer=TableScorer(tmp_path / "labels.csv")))
    assert not calls


def test_scores_that_never_change_leave_no_attribute(toy: ToyGenerator) -> None:
    still = ToyGenerator(w_dim=16, intercepts=[-60.0] * 4)
    with pytest.raises(ScoreError, match="survey more codes"):
        studied(still)


def test_labels_that_share_fewer_than_two_names_with_the_scorer_are_refused_before_any_work(
    toy: ToyGenerator,
) -> None:
    calls: list[tuple[str, int, int]] = []
    experiment = Experiment(toy, OracleScorer(toy), progress=lambda *step: calls.append(step))
    known = LabelCorrelations(description="labels.csv", names=("red", "Bald"), matrix=torch.eye(2))
    with pytest.raises(ScoreError, match=r"labels\.csv both name, not red: the scorer names red, round"):
        study_z_against_w(experiment, n=300, data=known)
    with pytest.raises(ScoreError, match="both name, not red"):
        ga.measure(experiment, ["correlations"], n=200, correlations=known)
    assert not calls


def judge_of(toy: ToyGenerator, names: Sequence[str], *, columns: Sequence[int]) -> FunctionScorer:
    """A classifier of its own, which is less sure than the oracle."""

    def read(images: torch.Tensor) -> torch.Tensor:
        return 0.8 * toy.read(images)[:, list(columns)]

    return FunctionScorer(read, list(names), output="logits")


def test_a_judge_reads_the_same_edits_and_gives_a_verdict_of_its_own(
    toy: ToyGenerator, found: ZAgainstW
) -> None:
    judge = judge_of(toy, toy.attributes[:3], columns=range(3))
    experiment = replace(of(toy), judge=Judge(judge))
    judged = study_z_against_w(experiment, n=300, images=8, refits=2, attributes=found.attributes)
    assert judged.by_judge is not None
    assert judged.by_judge.attributes == toy.attributes[:3]
    own = judged.edited["w"].judged
    assert own is not None
    assert own.names == tuple(name for name in found.attributes if name in toy.attributes[:3])
    assert torch.allclose(own.logits[0, :, :, 0], 0.8 * judged.edited["w"].logits[0, :, :, 0], atol=1e-4)
    assert torch.equal(judged.edited["w"].logits, found.edited["w"].logits)
    assert judged.comparison is not None
    assert judged.comparison.p == found.comparison.p  # pyright: ignore[reportOptionalMemberAccess]
    lines = sentences(judged)
    assert len(lines) == 6
    assert lines[1].startswith(f"The judge, {judge.description}, took no part; it reads the same images")
    assert "the same verdict" in lines[1]
    page = document(judged, experiment, model="toy")
    (section,) = (section for section in page.sections if section.name == "verdict")
    assert "By the judge the ratio is 0." in section.paragraphs[-1]
    assert summary(page)["by_judge"]["comparison"]["ratio"]["value"] < 1


def test_a_judge_turns_no_edit_round() -> None:
    """A judge by which most images have an attribute still reads the edits that add it."""
    toy = ToyGenerator(w_dim=16, cosine=0.0)
    judge = FunctionScorer(lambda images: toy.read(images) + 3, toy.attributes, output="logits")
    experiment = replace(of(toy), judge=Judge(judge))
    judged = study_z_against_w(experiment, n=200, images=6, refits=2, target_change=0.02)
    assert judged.by_judge is not None
    assert {it.name: it.added for it in judged.by_judge.unwanted}.items() <= {
        it.name: it.added for it in judged.unwanted
    }.items()


def test_without_w_the_judge_reads_z_alone() -> None:
    toy = ToyGenerator()
    experiment = replace(of(toy), judge=Judge(judge_of(toy, toy.attributes, columns=range(4))))
    alone = study_z_against_w(experiment, n=200, images=6)
    assert alone.by_judge is not None
    assert alone.by_judge.comparison is None
    assert "changes each other attribute by" in sentences(alone)[1]


def test_a_judge_of_other_attributes_is_refused_before_any_work(toy: ToyGenerator) -> None:
    calls: list[tuple[str, int, int]] = []
    experiment = replace(of(toy), progress=lambda *step: calls.append(step))
    stranger = judge_of(toy, ["red", "blue"], columns=[0, 1])
    with pytest.raises(ScoreError, match="reads red of the scorer's attributes; it needs two"):
        study_z_against_w(replace(experiment, judge=Judge(stranger)))
    familiar = judge_of(toy, ["red", "round"], columns=[0, 1])
    with pytest.raises(ScoreError, match=r"one of them to edit \(soft\)"):
        study_z_against_w(replace(experiment, judge=Judge(familiar)), attributes=["soft"])
    assert not calls


def test_attributes_that_the_judge_reads_are_edited_by_default(toy: ToyGenerator) -> None:
    judge = judge_of(toy, ["soft", "round"], columns=[4, 1])
    judged = study_z_against_w(replace(of(toy), judge=Judge(judge)), n=200, images=6, refits=0)
    assert set(judged.attributes) == {"soft", "round"}


def test_progress_is_reported_for_every_stage(toy: ToyGenerator) -> None:
    stages: dict[str, tuple[int, int]] = {}
    studied(toy, progress=lambda stage, done, total: stages.update({stage: (done, total)}))
    assert list(stages) == ["survey", "editing in z", "editing in w", "refits"]
    assert all(done == total for done, total in stages.values())


def test_large_images_are_made_small_for_the_sheets() -> None:
    large = Large(w_dim=16)
    found = studied(large, refits=0)
    assert found.images["z"].shape[-2:] == (128, 128)


class Large(ToyGenerator):
    """Its images are 256 pixels wide."""

    def synthesize(self, latents: Latents) -> torch.Tensor:
        return super().synthesize(latents).repeat_interleave(32, 2).repeat_interleave(32, 3)

    def read(self, images: torch.Tensor) -> torch.Tensor:
        return super().read(images[..., ::32, ::32])


def test_likeness_puts_correlated_names_side_by_side() -> None:
    block = np.kron(np.eye(2), np.full((2, 2), 0.9))
    mixed = block[np.ix_([0, 2, 1, 3], [0, 2, 1, 3])]
    order = by_likeness(mixed)
    assert {frozenset(order[:2]), frozenset(order[2:])} == {frozenset({0, 2}), frozenset({1, 3})}
    assert by_likeness(np.eye(2)) == [0, 1]


def test_halves_stand_on_their_sides() -> None:
    below, above = np.full((3, 3), -0.5), np.full((3, 3), 0.25)
    chart = halves_chart(
        below, above, names=["a", "b", "c"], labels=("z", "w"), title="", unit="", shade=lambda v: v**3
    )
    (image,) = chart.axes[0].images
    drawn = np.ma.filled(image.get_array(), np.nan)
    assert drawn[2, 0] == pytest.approx(-0.125)
    assert drawn[0, 2] == pytest.approx(0.25**3)
    assert np.isnan(np.diag(drawn)).all()
    assert [text.get_text() for text in chart.axes[0].texts][:2] == ["+0.25", "+0.25"]
    with pytest.raises(SettingError, match="3 names"):
        halves_chart(np.eye(2), np.eye(2), names=["a", "b", "c"], labels=("", ""), title="", unit="")


def test_lines_have_a_panel_for_each_attribute(found: ZAgainstW) -> None:
    chart = responses_chart(found.linearity["w"], title="Lines")
    shown = [axes.get_title(loc="left") for axes in chart.axes if axes.get_visible()]
    assert [title.partition(",")[0] for title in shown] == list(found.attributes)
    assert all("R²" in title for title in shown)
