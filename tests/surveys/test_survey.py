"""A survey in memory, and its subsets."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ganatomy.errors import ScoreError, SettingError, SpaceError, UnknownNameError
from ganatomy.generators.toy import ToyGenerator
from ganatomy.latents import Latents, Space
from ganatomy.perception import FunctionScorer, OracleScorer, Scores, TruthScorer
from ganatomy.surveys import Survey, survey


@pytest.fixture(scope="module")
def toy() -> ToyGenerator:
    return ToyGenerator(z_dim=8, w_dim=6, num_layers=3, attributes=("red", "round"))


def of_logits(*logits: float) -> Survey:
    """A survey of one attribute with these logits; each code is its own row number."""
    codes = torch.arange(float(len(logits)))[:, None]
    return Survey(
        latents=Latents(codes=codes, space=Space.Z),
        scores=Scores(names=("red",), logits=torch.tensor(logits, dtype=torch.float32)[:, None]),
        seed=5,
    )


class TestMaking:
    def test_codes_are_the_sample_of_the_seed_and_scores_what_the_scorer_sees(self, toy: ToyGenerator):
        found = survey(toy, OracleScorer(toy), n=70, space="w", seed=3)
        expected = toy.sample(70, seed=3, space="w")
        torch.testing.assert_close(found.latents.codes, expected.codes)
        assert (found.latents.space, found.latents.num_layers) == (Space.W, 3)
        assert (found.generator, found.seed, found.names) == (toy.fingerprint, 3, ("red", "round"))
        logits = torch.stack([d.logit(expected) for d in toy.truth], dim=1)
        torch.testing.assert_close(found.scores.logits, logits, atol=1e-3, rtol=1e-4)

    @pytest.mark.parametrize("space", ["z", "w", "w+"])
    def test_rows_are_the_same_whatever_the_batch_size_and_n(self, toy: ToyGenerator, space: str):
        long = survey(toy, OracleScorer(toy), n=600, space=space, batch_size=64)
        for n, batch_size in [(600, 7), (520, 600), (1, 1)]:
            other = survey(toy, OracleScorer(toy), n=n, space=space, batch_size=batch_size)
            assert torch.equal(other.latents.codes, long.latents.codes[:n])
            torch.testing.assert_close(other.scores.logits, long.scores.logits[:n], atol=1e-5, rtol=1e-5)

    def test_truncation_brings_codes_to_the_mean(self, toy: ToyGenerator):
        found = survey(toy, OracleScorer(toy), n=10, space="w", truncation_psi=0.0)
        assert found.truncation_psi == 0
        assert found.latents.codes.std(0).max() < 1e-6

    def test_progress_counts_rows_up_to_n(self, toy: ToyGenerator):
        seen: list[tuple[int, int]] = []
        survey(toy, OracleScorer(toy), n=600, batch_size=250, progress=lambda *row: seen.append(row))
        assert seen == [(250, 600), (500, 600), (512, 600), (600, 600)]

    def test_scorers_get_the_codes_and_the_row_of_each_batch(self, toy: ToyGenerator):
        labels = torch.rand(600, 1, generator=torch.Generator().manual_seed(0)) > 0.5
        found = survey(toy, TruthScorer(labels, ["red"]), n=600, batch_size=100)
        assert torch.equal(found.scores.logits > 0, labels)

    def test_a_table_that_is_too_short_is_refused_before_anything_is_made(self, toy: ToyGenerator):
        with pytest.raises(ScoreError, match="at most 3"):
            survey(toy, TruthScorer(torch.ones(3, 1, dtype=torch.bool), ["red"]), n=4)

    def test_scores_that_are_not_numbers_stop_it_with_the_row(self, toy: ToyGenerator):
        def broken(images: Tensor) -> Tensor:
            return torch.full((len(images), 1), torch.nan if len(images) == 8 else 0.0)

        with pytest.raises(ScoreError, match="'red' in row 64"):
            survey(toy, FunctionScorer(broken, ["red"], output="logits"), n=72)

    @pytest.mark.parametrize(
        ("settings", "error", "match"),
        [
            ({"n": 0}, SettingError, "n 0 is out of range; give 1 or more"),
            ({"n": 1, "batch_size": 0}, SettingError, "batch_size 0 is out of range; give 1 or more"),
            ({"n": 1, "space": "s"}, SpaceError, "no space s"),
            ({"n": 1, "space": "v"}, SpaceError, "'v' is not a space"),
            ({"n": 1, "seed": -1}, SettingError, "seed -1 is out of range; give 0 or more"),
            ({"n": 1, "truncation_psi": 0.5}, SettingError, "no effect on codes in z"),
        ],
        ids=["no codes", "no batch", "no such space", "no space at all", "negative seed", "truncation in z"],
    )
    def test_bad_settings(self, toy: ToyGenerator, settings: dict, error: type[Exception], match: str):
        with pytest.raises(error, match=match):
            survey(toy, OracleScorer(toy), **settings)

    def test_as_many_scores_as_codes_are_needed(self):
        with pytest.raises(SettingError, match="2 codes"):
            Survey(
                latents=Latents(codes=torch.zeros(2, 3), space=Space.Z),
                scores=Scores(names=("red",), logits=torch.zeros(3, 1)),
            )


class TestSubsets:
    def test_rows_keep_their_index_in_the_sample(self):
        part = of_logits(1, -1, 2, -2)[torch.tensor([3, 1])]
        assert part.sample_rows.tolist() == [3, 1]
        assert part[0].sample_rows.tolist() == [3]
        assert part.scores.column("red").tolist() == [-2, -1]
        assert part.seed == 5

    def test_labels_are_probabilities_above_one_half(self):
        assert of_logits(0.1, -0.1, 3.0, 0.0).labels("red").tolist() == [True, False, True, False]

    def test_prevalence(self):
        assert of_logits(1, -1, -1, -1).prevalence == {"red": 0.25}

    @pytest.mark.parametrize(("logits", "counts"), [((1, 1), "2 of 2"), ((-1, -1, -1), "0 of 3")])
    @pytest.mark.parametrize(
        "ask",
        [lambda s: s.labels("red"), lambda s: s.balanced("red"), lambda s: s.confident("red")],
        ids=["labels", "balanced", "confident"],
    )
    def test_an_attribute_of_one_class_is_refused_with_the_counts(self, ask, logits, counts: str):
        with pytest.raises(ScoreError, match=f"{counts} images have 'red'"):
            ask(of_logits(*logits))

    def test_an_unknown_attribute_gets_did_you_mean(self):
        with pytest.raises(UnknownNameError, match="did you mean 'red'"):
            of_logits(1, -1).labels("rad")

    def test_balanced_takes_all_of_the_rarer_class(self):
        part = of_logits(*[1.0] * 3, *[-1.0] * 20).balanced("red")
        assert part.sample_rows[:3].tolist() == [0, 1, 2]
        assert int(part.labels("red").sum()) == 3
        assert len(part) == 6

    def test_balanced_of_a_given_size_is_a_choice_of_the_seed(self):
        whole = of_logits(*[1.0] * 20, *[-1.0] * 20)
        a, b, c = (whole.balanced("red", 10, seed=seed).sample_rows for seed in (0, 0, 1))
        assert torch.equal(a, b)
        assert not torch.equal(a, c)
        assert len(set(a.tolist())) == 10

    @pytest.mark.parametrize("n", [8, 1])
    def test_balanced_refuses_what_it_cannot_give(self, n: int):
        with pytest.raises(ScoreError, match="ask for 2 to 6"):
            of_logits(*[1.0] * 3, *[-1.0] * 20).balanced("red", n)

    def test_confident_takes_both_ends(self):
        part = of_logits(0.5, 9, -0.5, -9, 8, -8, 1, -1, 2, -2).confident("red", 0.2)
        assert part.sample_rows.tolist() == [1, 3, 4, 5]

    def test_confident_never_reaches_into_the_other_class(self):
        part = of_logits(3, -1, -2, -3, -4, -5).confident("red", 0.5)
        assert part.sample_rows.tolist() == [0, 3, 4, 5]

    def test_confident_of_equal_scores_does_not_take_a_row_twice(self):
        part = of_logits(*[1.0] * 5, *[-1.0] * 5).confident("red", 0.5)
        assert part.sample_rows.tolist() == list(range(10))

    @pytest.mark.parametrize("fraction", [0, -1, 0.6])
    def test_confident_needs_a_fraction(self, fraction: float):
        with pytest.raises(SettingError, match="fraction"):
            of_logits(1, -1).confident("red", float(fraction))

    def test_split_parts_the_rows_by_the_seed(self):
        whole = of_logits(*range(100))
        train, test = whole.split(0.3, seed=1)
        assert (len(train), len(test)) == (70, 30)
        assert sorted([*train.sample_rows.tolist(), *test.sample_rows.tolist()]) == list(range(100))
        assert torch.equal(train.latents.codes[:, 0], train.scores.column("red"))
        assert torch.equal(whole.split(0.3, seed=1)[1].sample_rows, test.sample_rows)
        assert not torch.equal(whole.split(0.3, seed=2)[1].sample_rows, test.sample_rows)

    @pytest.mark.parametrize("held_out", [0.0, 1.0, 0.01, -0.5])
    def test_split_refuses_an_empty_side(self, held_out: float):
        with pytest.raises(SettingError, match="one side empty"):
            of_logits(1, 2, 3).split(held_out)
