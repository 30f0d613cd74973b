"""The paired test of z against w: its level where they are equivalent, and its power where w is cleaner."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from experiments.studies.twisted import Twisted

from ganatomy.directions import find
from ganatomy.errors import SettingError
from ganatomy.experiments.base import Experiment
from ganatomy.experiments.studies.z_against_w import study_z_against_w
from ganatomy.experiments.studies.z_against_w.paired import (
    SpaceComparison,
    at_change,
    compare_spaces,
    paired_edits,
)
from ganatomy.experiments.studies.z_against_w.run import INFLATION, refitted_edits
from ganatomy.experiments.studies.z_against_w.sentences import Verdict, verdict
from ganatomy.generators.toy import ToyGenerator
from ganatomy.geometry import qr
from ganatomy.latents import Directions, Space
from ganatomy.metrics import EditedSet, edited_set
from ganatomy.metrics.edited import STRENGTHS
from ganatomy.perception import OracleScorer
from ganatomy.statistics.intervals import Estimate
from ganatomy.surveys import survey


def edited(
    probabilities: np.ndarray, *, space: Space = Space.Z, strengths: tuple[float, ...] = STRENGTHS
) -> EditedSet:
    """One direction of the first attribute, with these probabilities `[codes, strengths, attributes]`."""
    return EditedSet(
        names=("Smiling",),
        attributes=("Smiling", "Male", "Young")[: probabilities.shape[-1]],
        strengths=strengths,
        units="sigma",
        space=space,
        logits=torch.logit(torch.from_numpy(probabilities)).float()[None],
        seed=0,
    )


def straight(wanted: float, unwanted: float | np.ndarray, *, n: int = 20) -> np.ndarray:
    """Images whose target moves by `wanted` per strength, and whose other moves by `unwanted`."""
    x = np.array(STRENGTHS)
    target = np.tile(0.4 + wanted * x, (n, 1))
    other = 0.5 + np.broadcast_to(unwanted, (n,))[:, None] * x
    return np.stack([target, other], -1)


def compare(z: np.ndarray, w: np.ndarray) -> SpaceComparison:
    return compare_spaces(paired_edits(edited(z), edited(w, space=Space.W)))


def rejected(found: list[SpaceComparison]) -> float:
    return sum(it.p < 0.05 for it in found) / len(found)


def test_unwanted_changes_are_read_at_the_same_wanted_change() -> None:
    # w needs twice the strength and then changes the other by the same as z: neither is cleaner.
    found = compare(straight(0.2, 0.04), straight(0.1, 0.02))
    (smiling,) = found.attributes
    assert smiling.added
    assert smiling.change == pytest.approx(0.25)
    assert smiling.z.value == pytest.approx(0.05, abs=1e-5)
    assert smiling.w.value == pytest.approx(0.05, abs=1e-5)
    assert found.ratio.value == pytest.approx(1, abs=1e-4)
    assert [(round(x, 2), round(y.value, 3)) for x, y in found.curves["w"]][::2] == [
        (0.05, 0.01),
        (0.15, 0.03),
        (0.25, 0.05),
    ]


def test_a_ratio_that_all_images_share_has_the_smallest_p() -> None:
    found = compare(straight(0.1, 0.04), straight(0.1, 0.02))
    assert found.ratio.value == pytest.approx(0.5, abs=1e-3)
    assert found.p == pytest.approx(1e-4, abs=1e-4)
    assert verdict(found) is Verdict.LESS
    assert verdict(compare(straight(0.1, 0.02), straight(0.1, 0.04))) is Verdict.MORE


def test_the_same_images_in_both_are_ties_and_no_evidence() -> None:
    rng = np.random.default_rng(0)
    z = straight(0.1, rng.uniform(0.01, 0.05, 20))
    found = compare(z, z + 1e-9 * rng.standard_normal(z.shape))
    assert found.p == 1
    assert verdict(found) is Verdict.ALIKE


def test_few_images_are_too_few_whatever_they_show() -> None:
    found = compare(straight(0.1, 0.04, n=5), straight(0.1, 0.01, n=5))
    assert found.smallest_p > 0.05
    assert verdict(found) is Verdict.UNCLEAR


def test_what_both_lack_the_strength_for_is_compared_where_they_get_to_or_left_out() -> None:
    (reached,) = compare(straight(0.1, 0.02), straight(0.05, 0.02)).attributes
    assert reached.change == pytest.approx(0.15)
    found = compare(straight(0.1, 0.02), straight(0.01, 0.02))
    assert found.attributes == ()
    assert found.left_out == {"Smiling": pytest.approx(0.03)}
    assert verdict(found) is Verdict.UNMOVED


def test_most_images_have_it_so_it_is_taken_away() -> None:
    up = straight(0.1, 0.02)
    up[..., 0] += 0.25
    (smiling,) = compare(up, up).attributes
    assert not smiling.added


def test_logits_are_counted_in_their_own_standard_deviations() -> None:
    sets = edited(straight(0.1, 0.04)), edited(straight(0.1, 0.02), space=Space.W)
    (plain,) = paired_edits(*sets, spread=torch.ones(2))
    (scaled,) = paired_edits(*sets, spread=torch.tensor([2.0, 4.0]))
    assert torch.allclose(scaled.wanted, plain.wanted / 2)
    assert torch.allclose(scaled.unwanted, plain.unwanted / 4)


def test_a_curve_is_read_where_the_other_first_gets_there() -> None:
    wanted = torch.tensor([[0.0, 0.4, 0.1, 0.4], [0.0, -0.1, 0.1, 0.3]])
    unwanted = torch.tensor([[0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 2.0, 3.0]])
    assert at_change(wanted, unwanted, torch.tensor([0.2, 0.2])).tolist() == pytest.approx([0.5, 2.5])


def test_sets_that_do_not_belong_together_are_refused() -> None:
    z = edited(straight(0.1, 0.02))
    with pytest.raises(SettingError, match="different images"):
        paired_edits(z, edited(straight(0.1, 0.02, n=19)))
    with pytest.raises(SettingError, match="two attributes"):
        paired_edits(*[edited(straight(0.1, 0.02)[..., :1])] * 2)
    ends = edited(straight(0.1, 0.02)[:, ::12], strengths=(-3.0, 3.0))
    with pytest.raises(SettingError, match="strength 0"):
        paired_edits(ends, ends)


@pytest.fixture(scope="module")
def twisted() -> Twisted:
    return Twisted()


def test_the_twisted_generator_is_the_same_from_both_paired_edits(twisted: Twisted) -> None:
    z = twisted.sample(2000, seed=3)
    w = twisted.map(z, to="w")
    assert torch.allclose(twisted.turned(w.codes), z.codes, atol=1e-5)
    assert torch.allclose(twisted(z), twisted(w), atol=1e-5)
    assert torch.allclose(w.codes.std(0), torch.ones(16), atol=0.1)
    assert not torch.allclose(w.codes, z.codes, atol=0.5)


@pytest.mark.slow
def test_equivalent_spaces_are_rejected_as_often_as_p_says(
    twisted: Twisted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Along known directions, in 200 draws of 20 images: from 1 to 10 % at a level of 5 %."""
    monkeypatch.setattr("ganatomy.experiments.studies.z_against_w.paired.NUM_FLIPS", 499)
    scorer = OracleScorer(twisted)
    in_z = find(survey(twisted, scorer, n=20_000, seed=99, batch_size=4096))
    in_w = Directions(replace(direction, space=Space.W) for direction in in_z)
    z = twisted.sample(200 * 20, seed=1000)
    w = twisted.map(z, to="w")
    every = (
        edited_set(twisted, scorer, in_z, codes=z, batch_size=4096),
        edited_set(twisted, scorer, in_w, codes=w, batch_size=4096),
    )
    rows = torch.arange(len(z)).split(20)
    drawn = ([replace(it, logits=it.logits[:, some]) for it in every] for some in rows)
    found = [compare_spaces(paired_edits(*pair)) for pair in drawn]
    assert 0.01 <= rejected(found) <= 0.10
    logs = torch.tensor([math.log(it.ratio.value) for it in found])
    assert abs(float(logs.mean())) < 3 * float(logs.std()) / len(logs) ** 0.5


@pytest.mark.slow
def test_the_error_of_directions_is_counted(twisted: Twisted, monkeypatch: pytest.MonkeyPatch) -> None:
    """Directions of a small survey favour one space by chance, in all images: errors over images alone are too small.

    The spaces are equivalent, so the true log ratio is 0, and its root mean square over surveys is the true error.
    """
    monkeypatch.setattr("ganatomy.experiments.studies.z_against_w.paired.NUM_FLIPS", 499)
    counted, blind = zip(*(compared(twisted, seed=2 * seed) for seed in range(16)), strict=True)

    def typical(values: list[float]) -> float:
        return float(np.sqrt(np.mean(np.square(values))))

    true = typical([math.log(it.ratio.value) for it in counted])
    over_images = typical([it.errors["images"] for it in counted])
    both = typical([math.hypot(*it.errors.values()) for it in counted])
    assert over_images < 0.75 * true
    assert 0.7 * true < both < 1.5 * true
    assert rejected(list(counted)) < rejected(list(blind))


def compared(generator: Twisted, *, seed: int) -> tuple[SpaceComparison, SpaceComparison]:
    """40 images edited along directions of 100 codes; with the error of directions, and without."""
    scorer = OracleScorer(generator)
    experiment = Experiment(generator, scorer, seed=seed, batch_size=4096)
    seen, start = experiment.survey(100, space="z"), experiment.sample(40, space="z")
    surveys = {"z": seen, "w": replace(seen, latents=generator.map(seen.latents, to="w"))}
    codes = {"z": start, "w": generator.map(start, to="w")}
    edits = paired_edits(
        *(
            edited_set(generator, scorer, find(of, seed=seed), codes=codes[space], batch_size=4096)
            for space, of in surveys.items()
        )
    )
    reach = {edit.name: edit.strengths_for(0.25) for edit in edits}
    refits = refitted_edits(
        experiment, surveys, codes, reach, method="regression", num=4, advance=lambda *_: None
    )
    again = [[paired_edits(*pair)[0] for pair in pairs] for pairs in refits]
    return compare_spaces(edits, again=again, inflation=INFLATION), compare_spaces(edits)


def test_a_map_that_mixes_attributes_makes_w_cleaner() -> None:
    """Attributes that are orthogonal in w are not in z, which the map stretches and turns: 20 images show it."""
    G = ToyGenerator(w_dim=16, cosine=0.0)
    found = study_z_against_w(Experiment(G, OracleScorer(G), seed=5), n=400, refits=4)
    assert found.comparison is not None
    assert verdict(found.comparison) is Verdict.LESS
    assert found.comparison.ratio.high < 0.2
    assert found.comparison.p < 0.01


def test_a_turned_z_is_as_entangled_as_z() -> None:
    G = ToyGenerator(w_dim=16, cosine=0.5)
    with torch.no_grad():
        G.affine.copy_(qr(torch.randn(16, 16, generator=torch.Generator().manual_seed(0)))[0])
    found = study_z_against_w(Experiment(G, OracleScorer(G), seed=5), n=400, refits=4)
    assert found.comparison is not None
    assert found.comparison.ratio.value == pytest.approx(1, abs=1e-3)
    assert verdict(found.comparison) is Verdict.ALIKE
    assert found.comparison.p > 0.5


def test_random_parts_of_a_survey_vary_as_surveys_do_after_inflation() -> None:
    """The mean of a part's learnt-from codes is a statistic whose variance over surveys is known: 1 / (0.7 n)."""
    rng = np.random.default_rng(0)
    n, estimates = 400, []
    for _ in range(300):
        values = rng.standard_normal(n)
        parts = [values[rng.permutation(n)[: round(0.9 * n)]] for _ in range(10)]
        learnt = [part[rng.permutation(len(part))[: round(0.7 * len(part))]].mean() for part in parts]
        estimates.append(INFLATION * np.var(learnt, ddof=1))
    assert np.mean(estimates) == pytest.approx(1 / (0.7 * n), rel=0.1)


def test_verdicts_need_test_and_interval() -> None:
    base = compare(straight(0.1, 0.04), straight(0.1, 0.02))
    wide = replace(base, ratio=Estimate(value=0.8, low=0.6, high=1.1))
    assert verdict(wide) is Verdict.UNCLEAR
    assert verdict(replace(base, p=0.2)) is Verdict.UNCLEAR
    assert verdict(replace(base, p=0.3, ratio=Estimate(value=1, low=0.95, high=1.05))) is Verdict.ALIKE
