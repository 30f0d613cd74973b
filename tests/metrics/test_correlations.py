"""Correlations of edited images against numpy; the data's own; and covariance as directions predict it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ganatomy.datasets.correlations import correlate, drawn_correlations, read_correlations
from ganatomy.directions import find
from ganatomy.errors import CheckpointError, MissingFileError, ScoreError, SettingError, UnknownNameError
from ganatomy.generators.toy import ToyGenerator
from ganatomy.latents import Space
from ganatomy.metrics import EditedSet, correlations, covariance
from ganatomy.perception import OracleScorer
from ganatomy.surveys import survey


def edited(names: tuple[str, ...], logits: torch.Tensor) -> EditedSet:
    return EditedSet(
        names=names[:1],
        attributes=names,
        strengths=tuple(range(logits.shape[2])),
        units="sigma",
        space=Space.W,
        logits=logits,
        seed=0,
    )


@pytest.fixture
def noise() -> EditedSet:
    return edited(("a", "b", "c"), torch.randn(2, 8, 5, 3, generator=torch.Generator().manual_seed(0)))


def matrix_file(folder: Path, text: str) -> Path:
    path = folder / "matrix.csv"
    path.write_text(text)
    return path


MATRIX = "attribute,prevalence,c,a,b\nc,0.1,1,.3,0\na,0.2,.3,1,-.5\nb,0.5,0,-.5,1\n"


def test_they_are_numpys_over_all_images(noise: EditedSet) -> None:
    found = correlations(noise)
    expected = np.corrcoef(noise.probabilities.reshape(-1, 3).numpy().T)
    assert np.allclose(found.matrix.numpy(), expected, atol=1e-5)
    off = np.abs(expected[np.triu_indices(3, 1)])
    assert found.strength.value == pytest.approx(off.mean(), abs=1e-5)
    assert found.strength.low <= found.strength.high
    assert found.difference is None
    assert [abs(value) for *_, value in found.largest] == sorted(off.tolist(), reverse=True) or np.allclose(
        sorted(off, reverse=True), [abs(value) for *_, value in found.largest], atol=1e-5
    )


def test_those_of_the_data_are_taken_away_and_the_rest_is_cubed(noise: EditedSet, tmp_path: Path) -> None:
    data = read_correlations(matrix_file(tmp_path, MATRIX))
    assert data.names == ("c", "a", "b")
    found = correlations(noise, data)
    assert found.cubed is not None
    wanted = torch.tensor([[1, -0.5, 0.3], [-0.5, 1, 0], [0.3, 0, 1]])
    torch.testing.assert_close(found.cubed, (found.matrix - wanted) ** 3)
    pairs = ~torch.eye(3, dtype=torch.bool)
    assert found.excess is not None
    assert found.excess.value == pytest.approx(float((found.matrix - wanted)[pairs].abs().mean()), abs=1e-6)
    assert list(found.figures) == ["difference from the data", "correlation"]
    assert "matrix.csv" in str(found)


def test_attributes_that_never_change_or_have_no_label_are_left_out(tmp_path: Path) -> None:
    logits = torch.randn(1, 6, 5, 4, generator=torch.Generator().manual_seed(1))
    logits[..., 1] = -8
    known = correlations(
        edited(("a", "b", "c", "other"), logits), read_correlations(matrix_file(tmp_path, MATRIX))
    )
    assert known.attributes == ("a", "c")
    with pytest.raises(ScoreError, match="1 of 2 attributes change"):
        correlations(edited(("a", "b"), logits[..., :2]))


def test_images_of_one_code_are_no_more_evidence_than_the_code() -> None:
    few = torch.randn(1, 10, 4, 2, generator=torch.Generator().manual_seed(2))
    repeated = correlations(edited(("a", "b"), few.repeat(1, 1, 20, 1))).strength
    once = correlations(edited(("a", "b"), few)).strength
    assert repeated.error == pytest.approx(once.error, rel=1e-3)


def test_a_matrix_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="no.csv"):
        read_correlations(tmp_path / "no.csv")
    for text, complaint in (
        ("attribute,a,b\na,1,.5\nb,.4,1\n", "symmetric"),
        ("attribute,a\na,1\nb,1\n", "column for each row"),
        ("attribute,a,b\na,1,2\nb,2,1\n", "from -1 to 1"),
    ):
        with pytest.raises(CheckpointError, match=complaint):
            read_correlations(matrix_file(tmp_path, text))


def test_labels_of_drawn_faces_go_together_as_they_should() -> None:
    data = drawn_correlations(4000)
    assert float(data.select(["Male", "Wearing_Lipstick"])[0, 1]) < -0.5
    with pytest.raises(UnknownNameError, match="'Mal'; did you mean 'Male'"):
        data.select(["Mal"])


def test_a_constant_column_correlates_with_nothing() -> None:
    values = torch.tensor([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]])
    assert correlate(values)[0, 0] == 1
    assert bool(correlate(values)[0, 1].isnan())


@pytest.mark.slow
def test_celebas_matrix_is_that_of_its_labels(shared: Path) -> None:
    written = read_correlations(shared / "data" / "celeba-correlations.csv")
    computed = read_correlations(shared / "data" / "list_attr_celeba.zip")
    assert torch.allclose(written.matrix, computed.select(written.names), atol=6e-4)


@pytest.mark.parametrize(("prior", "variance"), [("normal", 1.0), ("uniform", 1 / 3)])
def test_directions_of_a_linear_generator_predict_the_covariance(prior: str, variance: float) -> None:
    toy = ToyGenerator(cosine=0.4, slope=3.0, prior=prior)
    found = covariance(survey(toy, OracleScorer(toy), n=6000), toy.truth)
    expected = variance * 9 * (0.4 + 0.6 * torch.eye(4))
    assert torch.allclose(found.measured, expected, atol=0.35 * variance)
    assert torch.allclose(found.isotropic, expected / variance, atol=1e-4)
    assert found.error.value < 1e-4
    # A prior of variance 1/3 makes the published form three times too large.
    assert found.isotropic_error.value == pytest.approx(1 / variance - 1, abs=0.1)


def test_directions_that_were_found_predict_it_in_w_where_the_published_form_does_not() -> None:
    toy = ToyGenerator(w_dim=16, slope=2.0)
    seen = survey(toy, OracleScorer(toy), n=1500, space="w")
    found = covariance(seen, find(seen))
    assert found.error.value < 0.02
    assert found.isotropic_error.value > 0.2
    assert str(found).startswith("covariance of 4 scores in w: ")


def test_directions_without_a_slope_or_alone_are_refused() -> None:
    toy = ToyGenerator()
    seen = survey(toy, OracleScorer(toy), n=200)
    with pytest.raises(SettingError, match="needs two"):
        covariance(seen, toy.truth[:1])
    with pytest.raises(UnknownNameError, match="attribute"):
        covariance(seen, find(seen, method="pca"))
