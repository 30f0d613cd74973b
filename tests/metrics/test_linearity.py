"""Lines with a known R², against scipy, and where curves saturate."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from ganatomy.errors import ScoreError, SettingError, UnknownNameError
from ganatomy.generators.toy import ToyGenerator
from ganatomy.latents import Space
from ganatomy.metrics import EditedSet, edited_set, linearity
from ganatomy.metrics.edited import STRENGTHS
from ganatomy.metrics.linearity import fit_line, saturation
from ganatomy.perception import OracleScorer, TableScorer


def edited(probabilities: np.ndarray) -> EditedSet:
    """One direction, whose attribute has these probabilities `[codes, strengths]`."""
    logits = torch.logit(torch.from_numpy(probabilities)).float()[None, ..., None]
    return EditedSet(
        names=("Smiling",),
        attributes=("Smiling",),
        strengths=STRENGTHS,
        units="sigma",
        space=Space.Z,
        logits=logits,
        seed=0,
    )


def test_a_planted_line_has_its_slope_and_its_r2() -> None:
    x = np.array(STRENGTHS)
    # Waves that are orthogonal to the line, so that R² is known: var(line) / (var(line) + var(wave)).
    wave = np.where(np.arange(13) % 2, 0.03, -0.03)
    wave -= np.polyval(np.polyfit(x, wave, 1), x)
    mean = 0.5 + 0.1 * x + wave
    faces = np.linspace(-0.05, 0.05, 11)[:, None]
    found = linearity(edited(mean + faces)).lines["Smiling"]
    expected = np.var(0.1 * x) / (np.var(0.1 * x) + np.var(wave))
    assert found.r2.value == pytest.approx(expected, abs=1e-5)
    assert found.slope.value == pytest.approx(0.1, abs=1e-5)
    assert found.intercept.value == pytest.approx(0.5, abs=1e-5)
    assert found.deviation.tolist() == pytest.approx([np.std(faces, ddof=1)] * 13, abs=1e-5)


def test_it_agrees_with_scipy() -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.uniform(0.1, 0.9, (20, 13))
    truth = stats.linregress(STRENGTHS, probabilities.mean(0))
    found = linearity(edited(probabilities)).lines["Smiling"]
    assert found.slope.value == pytest.approx(truth.slope, abs=1e-6)
    assert found.r2.value == pytest.approx(truth.rvalue**2, abs=1e-5)
    assert found.r2.low <= found.r2.value <= found.r2.high


def test_a_sigmoid_saturates_where_it_is_flat_and_a_line_does_not() -> None:
    x = torch.tensor(STRENGTHS)
    low, high = saturation(x, torch.sigmoid(4 * x))
    assert (low, high) == (-1.0, 1.0)
    assert saturation(x, 0.1 * x) == (None, None)
    assert saturation(x, torch.zeros(13)) == (None, None)
    glasses = torch.cat([torch.zeros(6), torch.linspace(0, 1, 7)])
    assert saturation(x, glasses) == (0.0, None)


def test_a_score_that_does_not_move_has_no_r2_and_is_named() -> None:
    still = linearity(edited(np.full((4, 13), 0.3) + 1e-6 * np.arange(13)))
    assert np.isnan(still.lines["Smiling"].r2.value)
    assert still.notes == ("in z the score of Smiling does not move in these 4 codes",)
    assert "unmoved" in str(still)


def test_a_constant_score_has_no_r2() -> None:
    _, _, r2 = fit_line(torch.arange(5.0), torch.ones(5))
    assert bool(r2.isnan())


def test_logits_of_a_linear_generator_are_on_a_line() -> None:
    toy = ToyGenerator(slope=2.0)
    found = linearity(edited_set(toy, OracleScorer(toy), toy.truth, codes=6), scale="logit")
    assert found.r2.value == pytest.approx(1, abs=1e-6)
    assert found.lines["red"].slope.value == pytest.approx(2.0, abs=1e-4)
    assert found.lines["red"].saturates == (None, None)
    bent = linearity(edited_set(toy, OracleScorer(toy), toy.truth, codes=6))
    assert 0.85 < bent.r2.value < 0.999
    text = str(bent)
    assert text.startswith("linearity in z: R² ")
    assert "13 strengths from -3 to 3 sigma, 6 codes; higher is better" in text.splitlines()[0]


def test_the_edited_set_is_of_the_same_codes_for_each_direction() -> None:
    toy = ToyGenerator(cosine=0.5, slope=2.0)
    found = edited_set(toy, OracleScorer(toy), toy.truth, codes=3, strengths=(-1, 0, 1), batch_size=5)
    start = OracleScorer(toy).score(toy(toy.sample(3, seed=1))).logits
    torch.testing.assert_close(found.logits[:, :, 1], start.expand(4, 3, 4), atol=1e-4, rtol=0)
    step = found.logits[0, :, 2] - found.logits[0, :, 1]
    torch.testing.assert_close(step, torch.tensor([2.0, 1, 1, 1]).expand(3, 4), atol=1e-4, rtol=0)


def test_what_cannot_be_measured_is_refused(tmp_path) -> None:
    toy = ToyGenerator()
    with pytest.raises(UnknownNameError, match="scale 'logits'; did you mean 'logit'"):
        linearity(edited(np.full((3, 13), 0.5)), scale="logits")
    with pytest.raises(SettingError, match="at 2 strengths"):
        edited_set(toy, OracleScorer(toy), toy.truth, strengths=(0, 1))
    with pytest.raises(UnknownNameError, match="attribute 'red'"):
        edited_set(toy, OracleScorer(toy).select(["round"]), toy.truth)
    (tmp_path / "labels.csv").write_text("file,red,round,large,bright\n" + "a.png,0,1,0,1\n" * 30)
    with pytest.raises(ScoreError, match="cannot score new images"):
        edited_set(toy, TableScorer(tmp_path / "labels.csv"), toy.truth)
