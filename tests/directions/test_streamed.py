"""Directions of surveys that are read piece by piece."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ganatomy.directions import METHODS, evidence, find, logistic, pca, svm
from ganatomy.directions.evidence import Matrices, Streamed, read
from ganatomy.errors import ScoreError
from ganatomy.generators.toy import ToyGenerator
from ganatomy.latents import Latents, Space
from ganatomy.metrics import covariance
from ganatomy.perception import OracleScorer, Scores
from ganatomy.statistics.intervals import jackknife
from ganatomy.surveys import Survey, differentiate, load_survey, save_survey, settings, survey

STREAMED = sorted(set(METHODS) - {"logistic"})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A survey of five files, with gradients."""
    folder = tmp_path_factory.mktemp("streamed") / "s"
    toy = ToyGenerator(z_dim=8, w_dim=8, num_layers=3, attributes=("red", "round", "big"), cosine=0.3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "MOST_BLOCKS", 1)
        seen = survey(toy, OracleScorer(toy), n=2300, space="w", folder=folder)
        differentiate(seen, toy, OracleScorer(toy), n=8, folder=folder)
    return folder


@pytest.fixture(autouse=True)
def small_files(monkeypatch) -> None:
    monkeypatch.setattr(settings, "MOST_BLOCKS", 1)


@pytest.fixture
def whole(folder: Path) -> Survey:
    return load_survey(folder).in_memory()


@pytest.fixture
def streaming(monkeypatch) -> None:
    monkeypatch.setattr(evidence, "IN_MEMORY", 0)


def stream(monkeypatch, method: str, seen: Survey, **options):
    """What a method finds piece by piece."""
    with monkeypatch.context() as patch:
        patch.setattr(evidence, "IN_MEMORY", 0)
        return METHODS[method](seen, **options)


def close(a, b, *, atol: float = 1e-6) -> None:
    assert a.names == b.names
    torch.testing.assert_close(a.matrix, b.matrix, atol=atol, rtol=0)
    for one, other in zip(a, b, strict=True):
        for figure in ("sigma", "slope", "intercept", "auc"):
            assert getattr(one, figure) == pytest.approx(
                getattr(other, figure), rel=1e-5, abs=1e-5, nan_ok=True
            )


def options_of(method: str) -> dict[str, int]:
    return {"num_components": 3} if method == "pca" else {}


@pytest.mark.parametrize("method", STREAMED)
def test_every_method_finds_piece_by_piece_what_it_finds_in_memory(
    monkeypatch, folder: Path, whole: Survey, method: str
):
    found = stream(monkeypatch, method, load_survey(folder), seed=3, **options_of(method))
    # The plane of a support vector machine is found by steps that stop near the minimum.
    atol = 1e-3 if method in {"svm", "interfacegan"} else 1e-5 if method == "penalty" else 1e-6
    close(found, METHODS[method](whole, seed=3, **options_of(method)), atol=atol)


def test_logistic_learns_from_both_ends_of_what_is_too_large(monkeypatch, folder: Path, whole: Survey):
    found = stream(monkeypatch, "logistic", load_survey(folder))
    close(found, stream(monkeypatch, "logistic", whole))
    assert (found.matrix * logistic(whole).matrix).sum(1).min() > 0.9


def test_no_method_reads_all_codes_at_once(monkeypatch, streaming, folder: Path):
    for method in METHODS:
        seen = load_survey(folder)
        METHODS[method](seen, **options_of(method))
        assert not {"latents", "scores"} & set(vars(seen)), method


def test_attributes_split_and_order_are_those_in_memory(monkeypatch, folder: Path, whole: Survey):
    found = stream(monkeypatch, "regression", load_survey(folder), attributes=["big", "red"], seed=5)
    close(found, find(whole, ["big", "red"], seed=5))


def test_rows_without_a_label_are_left_out(monkeypatch, whole: Survey):
    logits = whole.scores.logits.clone()
    logits[::7, 1] = torch.nan
    seen = replace(whole, scores=Scores(names=whole.names, logits=logits))
    close(stream(monkeypatch, "regression", seen), find(seen))


def test_hard_labels_have_the_slope_of_the_logistic_curve(monkeypatch, folder: Path, whole: Survey):
    logits = whole.scores.logits.clone()
    logits[:, 0] = torch.where(logits[:, 0] > 0, 12.0, -12.0)
    seen = replace(whole, scores=Scores(names=whole.names, logits=logits))
    found = stream(monkeypatch, "centroid", seen)
    close(found, find(seen, method="centroid"))
    assert found["red"].slope < found["round"].slope * 10


def test_attributes_with_large_ends_take_several_passes(monkeypatch, folder: Path, whole: Survey):
    monkeypatch.setattr(sys.modules["ganatomy.directions.svm"], "GATHERED", 1)
    close(stream(monkeypatch, "svm", load_survey(folder)), svm(whole), atol=1e-3)


def test_small_surveys_are_matrices_and_large_ones_are_not(monkeypatch, folder: Path):
    assert isinstance(read(load_survey(folder)), Matrices)
    monkeypatch.setattr(evidence, "IN_MEMORY", 2300 * 8 - 1)
    assert isinstance(read(load_survey(folder)), Streamed)


def test_codes_longer_than_their_number_stay_in_memory(streaming, tmp_path):
    codes = torch.randn(30, 40, generator=torch.Generator().manual_seed(0))
    made = Survey(
        latents=Latents(codes=codes, space=Space.Z), scores=Scores(names=("red",), logits=codes[:, :1])
    )
    save_survey(made, tmp_path)
    assert isinstance(read(load_survey(tmp_path)), Matrices)


@pytest.mark.parametrize(
    ("value", "said"), [(torch.inf, "row 1500 of the survey scores inf for 'round'"), (-9.0, "0 of the 1610")]
)
def test_bad_scores_are_refused_as_in_memory(streaming, whole: Survey, value: float, said: str):
    logits = whole.scores.logits.clone()
    logits[1500 if value > 0 else slice(None), 1] = value
    with pytest.raises(ScoreError, match=said):
        find(replace(whole, scores=Scores(names=whole.names, logits=logits)), ["round"])


def test_the_covariance_of_scores_is_measured_piece_by_piece(folder: Path, whole: Survey):
    seen, found = load_survey(folder), METHODS["centroid"](whole)  # of which none predicts exactly
    streamed = covariance(seen, found)
    assert not {"latents", "scores"} & vars(seen).keys()
    logits = whole.scores.select(found.names).logits.double()
    slopes = torch.tensor([direction.slope for direction in found])
    along = whole.latents.codes.double() @ found.matrix.double().T * slopes
    torch.testing.assert_close(streamed.measured, torch.cov(logits.T).float())
    torch.testing.assert_close(streamed.predicted, torch.cov(along.T).float())

    def error(rows: torch.Tensor) -> torch.Tensor:
        measured = torch.cov(logits[rows].T)
        return ((torch.cov(along[rows].T) - measured).norm() / measured.norm())[None]

    [expected] = jackknife(error, len(whole), seed=whole.seed)
    assert expected.value > 0.001
    for figure in ("value", "low", "high"):
        assert getattr(streamed.error, figure) == pytest.approx(getattr(expected, figure), rel=1e-5)


def test_components_are_those_in_memory(folder: Path, whole: Survey):
    seen = load_survey(folder)
    close(pca(seen, num_components=8), pca(whole, num_components=8))
    assert "latents" not in vars(seen)
