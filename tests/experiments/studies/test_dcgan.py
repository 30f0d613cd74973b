"""DCGAN's study: known answers on generators whose semantics are known, and what its sentences admit."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from perception.test_words import Planted
from torch import Tensor

from ganatomy.datasets.references import Reference
from ganatomy.errors import ScoreError, SettingError, UnknownNameError
from ganatomy.experiments.base import Experiment
from ganatomy.experiments.documents import document
from ganatomy.experiments.studies.dcgan import DCGANStudy, study_dcgan
from ganatomy.experiments.studies.dcgan.arithmetic import LAST, ONE, SHORTENED, THREE
from ganatomy.experiments.studies.dcgan.concepts import exclusive, sums_of, turns_of
from ganatomy.experiments.studies.dcgan.sentences import sentences
from ganatomy.experiments.studies.dcgan.walks import find_copies, walk_between_points
from ganatomy.generators.base import Generator
from ganatomy.generators.dcgan import DCGAN
from ganatomy.generators.stylegan2 import StyleGAN2, StyleGAN2Config
from ganatomy.generators.toy import ToyGenerator
from ganatomy.perception import FunctionScorer, OracleScorer, TableScorer, words
from ganatomy.perception.base import Scorer, Scores
from ganatomy.perception.perceptual import perceptual_distance
from ganatomy.perception.quantities import QuantityScorer
from ganatomy.report import write_document
from ganatomy.report.writer import summary
from ganatomy.statistics.intervals import Estimate

ATTRIBUTES = ("red", "round", "large", "bright")


def studied(
    generator: Generator,
    scorer: Scorer | None = None,
    *,
    seed: int = 0,
    space: str | None = None,
    **settings: Any,
) -> DCGANStudy:
    """Two walks and quick maps."""
    experiment = Experiment(generator, scorer, seed=seed, space=space)
    return study_dcgan(experiment, walks=2, map_method="pca", **settings)


@pytest.fixture(scope="module")
def toy() -> ToyGenerator:
    return ToyGenerator(z_dim=24, attributes=ATTRIBUTES, cosine=0.0, slope=4.0)


@pytest.fixture(scope="module")
def found(toy: ToyGenerator) -> DCGANStudy:
    return studied(toy, OracleScorer(toy), n=600)


@pytest.fixture(scope="module")
def classes(toy: ToyGenerator) -> FunctionScorer:
    return FunctionScorer(toy.read, ["a", "b", "c", "d"], output="class logits")


class TestWalks:
    def test_a_linear_generator_has_no_sharp_transitions(self, found: DCGANStudy) -> None:
        assert found.walks.jumps.value == 0
        assert found.walks.jumps.high > 0.05  # 16 ways say no more than that they are rare
        assert found.walks.unevenness.value < 2
        assert found.walks.num_frames == 8 * 16 + 1

    def test_a_generator_that_knows_two_images_by_heart_has_nothing_but_them(self) -> None:
        class Jumping(ToyGenerator):
            def synthesize(self, latents: Any) -> Tensor:
                side = (latents.codes[:, :1] > 0).float() - 0.5
                return side[:, :, None, None].expand(-1, 3, 8, 8) + 1e-3 * super().synthesize(latents)

        walks = walk_between_points(Experiment(Jumping(), space="z"), perceptual_distance("pixels"), num=3)
        assert walks.jumps.value > 0.2
        assert walks.unevenness.value > 10
        assert (
            walks.largest_step.value > 1
        )  # of the distance of two random images: half of them are of one kind

    def test_points_lie_on_the_way_and_middles_between_them(self, found: DCGANStudy) -> None:
        points, halves = found.walks.points(), found.walks.points(between=1)
        assert (len(points), len(halves)) == (2 * 9, 2 * 17)
        assert torch.equal(points.codes[:9], halves.codes[:17:2])


class TestCopies:
    def test_copies_are_found_where_images_are_copied(self, toy: ToyGenerator, found: DCGANStudy) -> None:
        own = toy(found.walks.frames)
        others = toy(toy.sample(400, seed=77))

        def data(images: Tensor) -> Reference:
            names = tuple(str(row) for row in range(len(images)))
            return Reference(description=f"{len(images)} images", names=names, read=lambda rows: images[rows])

        from ganatomy.perception.features import features_of

        features = features_of("pixels")
        experiment = Experiment(toy)
        same = find_copies(experiment, found.walks, data(own), features, learnt=True)
        new = find_copies(experiment, found.walks, data(others), features)
        assert same.found.copies.value == 1
        assert new.found.copies.value < 0.2
        line = sentences(replace(found, copies=same))[1]
        assert line.startswith("Some images may be copies: 100")
        assert "; the model was trained on these" in line
        assert "unknown whether the model was trained on these" in sentences(replace(found, copies=new))[1]
        not_learnt = replace(new, learnt=False)
        assert "not trained on these" in sentences(replace(found, copies=not_learnt))[1]

    def test_without_data_transitions_are_called_a_hint(self, found: DCGANStudy) -> None:
        assert "only a hint" in sentences(found)[1]


class TestSums:
    def test_in_a_linear_generator_averaging_makes_sums_right(self, found: DCGANStudy) -> None:
        for sums in found.sums:
            three, one = sums.outcomes[THREE].wanted, sums.outcomes[ONE].wanted
            assert three is not None
            assert one is not None
            assert three.value > 0.85
            assert three.value >= one.value
            assert sums.random.wanted is not None
            assert sums.random.wanted.value == pytest.approx(0.25, abs=0.08)
            # The last concept lacks what is to be carried, so it cannot be right by itself.
            alone = sums.outcomes[LAST].wanted
            assert alone is not None
            assert alone.value < 0.1

    def test_sums_of_single_codes_are_longer_and_can_be_shortened(self, found: DCGANStudy) -> None:
        outcomes = found.sums[0].outcomes
        assert outcomes[ONE].length == pytest.approx(3**0.5, rel=0.15)
        assert outcomes[THREE].length == pytest.approx(1, rel=0.25)
        assert outcomes[SHORTENED].length == pytest.approx(1, rel=1e-4)

    def test_they_print_themselves(self, found: DCGANStudy) -> None:
        assert "with means of three exemplars" in str(found.sums[0])
        assert "higher is better" in str(found.sums[0])

    def test_the_exhibit_is_the_mean_of_three_each(self, found: DCGANStudy) -> None:
        exhibit = found.sums[0].exhibit
        assert (len(exhibit.exemplars), len(exhibit.means), len(exhibit.results)) == (9, 3, 9)
        means = exhibit.exemplars.codes.unflatten(0, (3, 3)).mean(1)
        torch.testing.assert_close(exhibit.means.codes, means)
        torch.testing.assert_close(exhibit.results.codes[0], means[0] - means[1] + means[2])
        noise = (exhibit.results.codes[1:] - exhibit.results.codes[0]).abs()
        assert 0.2 < float(noise.max()) <= 0.2501

    def test_exemplars_are_of_their_concepts(self, toy: ToyGenerator, found: DCGANStudy) -> None:
        exhibit = found.sums[0].exhibit
        scores = Scores(names=ATTRIBUTES, logits=toy.read(toy(exhibit.exemplars)))
        for k, concept in enumerate(exhibit.sum.concepts):
            assert concept.holds(scores[3 * k : 3 * k + 3]).all()

    def test_classes_make_sums_of_three_and_say_which_come_out(
        self, toy: ToyGenerator, classes: FunctionScorer
    ) -> None:
        seen = studied(toy, classes, n=400)
        assert seen.classes
        named, carried = seen.sums
        assert [family.family.name for family in seen.sums] == ["classes", "light"]
        roles = named.outcomes[THREE].roles
        assert sum(it.value for it in roles.values()) == pytest.approx(1)
        assert roles["subtracted"].value < named.random.roles["subtracted"].value
        assert roles["first"].value > named.random.roles["first"].value
        assert carried.outcomes[THREE].wanted is not None

    def test_attributes_can_be_chosen(self, toy: ToyGenerator) -> None:
        seen = studied(toy, OracleScorer(toy), n=200, attributes=["large", "red"])
        (sums,) = seen.sums
        assert sums.family.name == "large+red"
        wanted = sums.exhibit.sum.wanted
        assert wanted is not None
        assert wanted.sides[0] == ("large", True)
        assert [turned.family.name for turned in seen.turns] == ["light", "attribute"]
        assert seen.maps.color == "large"

    @pytest.mark.parametrize(
        ("chosen", "error"), [(["large"], SettingError), (["large", "lrge"], UnknownNameError)]
    )
    def test_attributes_that_make_no_sum_are_refused(
        self, toy: ToyGenerator, chosen: list[str], error: type[Exception]
    ) -> None:
        with pytest.raises(error):
            studied(toy, OracleScorer(toy), n=200, attributes=chosen)


class TestTurns:
    def test_in_a_linear_generator_every_turn_goes_the_right_way(self, found: DCGANStudy) -> None:
        for turned in found.turns:
            assert turned.chosen.right.value == 1
            assert turned.by_chance.right.value == pytest.approx(0.5, abs=0.2)
            assert turned.gain.low > 0.2
            means = [it.value for it in turned.chosen.scores]
            assert means == sorted(means)

    def test_without_a_scorer_only_what_can_be_measured_is_turned(self, toy: ToyGenerator) -> None:
        seen = studied(toy, n=120)
        assert seen.sums == ()
        assert [turned.family.name for turned in seen.turns] == ["light"]
        assert seen.maps.color is None
        lines = sentences(seen)
        assert "takes a scorer (--scorer)" in lines[2]
        assert "takes a discriminator (--critic)" in lines[4]


def test_classes_differ_from_attributes_by_their_probabilities(
    toy: ToyGenerator, classes: FunctionScorer
) -> None:
    images = toy(toy.sample(50))
    assert exclusive(classes.score(images), QuantityScorer(classes, []))
    assert not exclusive(OracleScorer(toy).score(images), QuantityScorer(OracleScorer(toy), []))


def test_attributes_in_words_make_sums_and_turns(toy: ToyGenerator) -> None:
    scorer = words(["red|blue", "green|blue"], model=Planted(), subject="")
    scorer = scorer.centred(scorer.score(toy(toy.sample(300, seed=9))))
    seen = studied(toy, scorer, n=300, attributes=["green", "red"])
    (sums,) = seen.sums
    assert str(sums.exhibit.sum).count("green") == 3
    assert sums.family.name == "green+red"
    assert [turned.family.title for turned in seen.turns] == ["dark to light", "not green to green"]
    assert seen.maps.color == "green"
    page = document(seen, Experiment(toy, scorer), model="toy")
    assert "words, by planted" in page.eyebrow


def test_a_table_of_labels_cannot_score_sums(toy: ToyGenerator, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("red\n" + "1\n" * 200)
    with pytest.raises(ScoreError, match="cannot score new images"):
        studied(toy, TableScorer(tmp_path / "labels.csv"), n=100)


def test_concepts_with_too_few_images_make_no_sums() -> None:
    logits = torch.full((100, 2), -3.0)
    logits[:50, 0] = 3.0  # the second attribute is never there
    scores = Scores(names=("a", "b"), logits=logits)
    scorer = QuantityScorer(FunctionScorer(lambda images: images, ["a", "b"]), [])
    assert sums_of(scores, scorer) == []
    assert [family.title for family in turns_of(scores, scorer)] == ["not a to a"]


def test_the_pair_with_the_most_clear_cases_comes_first_and_the_rarer_result_is_wanted() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = 4 * torch.randn(400, 4, generator=generator)
    logits[:, 3] = logits[:, 2]  # these two go together, so two of their combinations are empty
    logits[:, 1] -= 1.0
    scores = Scores(names=("a", "b", "c", "d"), logits=logits)
    scorer = QuantityScorer(FunctionScorer(lambda images: images, scores.names), [])
    first, *_ = sums_of(scores, scorer)
    assert set(first.name.split("+")) != {"c", "d"}
    (option,) = first.members
    wanted, other = option.wanted, option.first  # type: ignore[union-attr]
    assert int(wanted.holds(scores).sum()) <= int(other.holds(scores).sum())


class TestSentences:
    def test_there_are_five_and_each_names_a_figure(self, found: DCGANStudy) -> None:
        lines = sentences(found)
        assert len(lines) == 5
        assert all(any(letter.isdigit() for letter in line) or "--data" in line for line in lines)

    def test_they_say_when_walks_are_too_few(self, found: DCGANStudy) -> None:
        def line(low: float, high: float) -> str:
            jumps = Estimate(value=(low + high) / 2, low=low, high=high)
            return sentences(replace(found, walks=replace(found.walks, jumps=jumps)))[0]

        assert line(0.0, 0.05).startswith("Walks are smooth")
        assert line(0.2, 0.4).startswith("Walks are not smooth everywhere")
        assert "too few to tell" in line(0.02, 0.4)

    @pytest.mark.parametrize(
        ("three", "one", "said"),
        [(90, 40, "more often"), (40, 90, "less often"), (52, 50, "too few to tell")],
    )
    def test_they_say_whether_averaging_helps_and_when_sums_are_too_few(
        self, found: DCGANStudy, three: int, one: int, said: str
    ) -> None:
        from ganatomy.statistics.intervals import share_of

        first = found.sums[0]
        outcomes = {
            **first.outcomes,
            THREE: replace(first.outcomes[THREE], n=100, wanted=share_of(three, 100)),
            ONE: replace(first.outcomes[ONE], n=100, wanted=share_of(one, 100)),
        }
        assert said in sentences(replace(found, sums=(replace(first, outcomes=outcomes),)))[2]

    def test_they_say_when_turns_are_too_few(self, found: DCGANStudy) -> None:
        assert sentences(found)[3].startswith("Turn vectors go the right way")
        turned = found.turns[0]
        weak = replace(turned, chosen=turned.by_chance)
        assert "too few to tell" in sentences(replace(found, turns=(weak,)))[3]


class TestPage:
    def test_the_folder_holds_every_figure_and_the_map_that_zooms(
        self, toy: ToyGenerator, found: DCGANStudy, tmp_path: Path
    ) -> None:
        page = write_document(document(found, Experiment(toy, OracleScorer(toy)), model="toy"), tmp_path)
        text = page.read_text()
        numbers = json.loads((tmp_path / "summary.json").read_text())
        names = {path.stem for path in (tmp_path / "figures").iterdir()}
        assert {"walks", "speeds", "slow-and-fast", "map-codes", "map-features", "turn-light"} <= names
        assert "data-map" in text
        assert 'type="application/json"' in text
        assert numbers["walks"]["sharp_transitions"]["value"] == 0
        assert set(numbers["sums"]) == {sums.family.name for sums in found.sums}
        assert numbers["copies"] is None
        assert numbers["critic_accuracy"] is None
        assert "discriminator (--critic)" in text

    def test_a_page_without_a_scorer_says_what_it_lacks(self, toy: ToyGenerator, tmp_path: Path) -> None:
        seen = studied(toy, n=100)
        text = write_document(document(seen, Experiment(toy)), tmp_path).read_text()
        assert "takes a scorer (--scorer)" in text
        assert not list((tmp_path / "figures").glob("sum-*"))

    def test_the_same_seed_gives_the_same_figures(self, toy: ToyGenerator) -> None:
        def figures() -> dict[str, Any]:
            experiment = Experiment(toy, OracleScorer(toy), seed=3)
            seen = studied(toy, experiment.scorer, n=100, seed=3)
            found = summary(document(seen, experiment))
            found.pop("seconds")
            return found

        assert figures() == figures()


class TestSpaces:
    def test_w_can_be_studied_too(self) -> None:
        generator = StyleGAN2(StyleGAN2Config(widths=(8, 8, 8), z_dim=8, w_dim=8, mapping_layers=2)).eval()
        seen = studied(generator, n=80, space="w")
        assert seen.space == "w"
        assert seen.walks.method == "lerp"

    def test_small_budgets_are_refused(self, toy: ToyGenerator) -> None:
        with pytest.raises(SettingError, match="at least 60"):
            studied(toy, n=20)

    def test_labels_without_their_images_are_refused(self, toy: ToyGenerator) -> None:
        with pytest.raises(SettingError, match="give data as well"):
            studied(toy, n=100, labels=torch.zeros(5, dtype=torch.long))


def test_grey_images_have_a_slant_and_a_critic_is_tested(tmp_path: Path) -> None:
    from ganatomy.critics import MultiscaleCritic

    torch.manual_seed(0)
    generator = DCGAN.build(z_dim=8, widths=(8, 8, 8), channels=1).eval()
    for parameter in generator.parameters():
        parameter.data.mul_(8)

    def halves(images: Tensor) -> Tensor:
        means = images.mean((1, 3))
        half = means.shape[1] // 2
        return 40 * torch.stack([means[:, :half].mean(1), means[:, half:].mean(1), 0 * means[:, 0]], 1)

    scorer = FunctionScorer(halves, ["top", "bottom", "none"], output="class logits")
    critic = MultiscaleCritic((8, 8, 8, 8)[:3], 1).eval().requires_grad_(False)
    seen = studied(generator, scorer, n=100, critic=critic)
    assert seen.scorer.quantities[0].name == "slant"
    assert seen.critic_accuracy is not None
    assert not seen.critic_accuracy.real
    text = write_document(document(seen, Experiment(generator, scorer)), tmp_path).read_text()
    assert "not real ones" in text
    assert "untrained" in sentences(seen)[4]
