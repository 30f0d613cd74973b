"""What edits change, where the truth is known in closed form."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from ganatomy.directions import regression
from ganatomy.errors import FingerprintError, ScoreError, SettingError, UnknownNameError
from ganatomy.generators.toy import ToyGenerator
from ganatomy.latents import Direction, Directions, Latents
from ganatomy.metrics import Entanglement, FreshImages, Readers, entanglement, measure_steps
from ganatomy.metrics.calibration import ENOUGH, StepSearch, Trial, find_strengths, shift_for
from ganatomy.metrics.entanglement import FIRST_IMAGES
from ganatomy.perception import FunctionScorer, Judge, OracleScorer, TruthScorer
from ganatomy.perception.base import Scorer
from ganatomy.surveys import survey

MATRIX = [[1.0, 0.6, -0.4], [0.6, 1.0, 0.0], [-0.4, 0.0, 1.0]]
NAMES = ("red", "round", "large")


@pytest.fixture(scope="module", params=range(5), ids="toy {}".format)
def toy(request: pytest.FixtureRequest) -> ToyGenerator:
    return ToyGenerator(attributes=NAMES, cosine=MATRIX, intercepts=(0.0, 2.0, -1.0), seed=request.param)


@pytest.fixture(scope="module")
def oracle(toy: ToyGenerator) -> OracleScorer:
    return OracleScorer(toy)


@pytest.fixture(scope="module")
def measured(toy: ToyGenerator, oracle: OracleScorer) -> Entanglement:
    return entanglement(toy, oracle, toy.truth, n=300)


def fresh(toy: ToyGenerator, readers: Readers, *, n: int, model: Directions | None = None) -> FreshImages:
    return FreshImages(generator=toy, readers=readers, n=n, seed=1, space=toy.truth.space, model=model)


def closed_form(toy: ToyGenerator, strengths: Tensor, *, n: int, seed: int) -> Tensor:
    """The changes of the probabilities that these steps must make: logits move by slope * cosine * strength."""
    logits = toy.read(toy(toy.sample(n, seed=seed)))
    shifts = toy.slope * toy.truth.gram() * strengths[:, None]
    return torch.sigmoid(logits[None] + shifts[:, None]) - torch.sigmoid(logits)[None]


def test_changes_are_those_of_the_closed_form(toy: ToyGenerator, measured: Entanglement):
    expected = closed_form(toy, measured.strengths, n=300, seed=1)
    torch.testing.assert_close(measured.changes, expected, atol=1e-4, rtol=1e-3)
    turned = expected * measured.strengths.sign()[:, None, None]
    torch.testing.assert_close(measured.mean_change, turned.mean(1), atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(measured.mean_abs_change, expected.abs().mean(1), atol=1e-4, rtol=1e-3)


def test_every_target_changes_by_what_was_asked_for(toy: ToyGenerator, oracle: OracleScorer):
    for target_change in (0.1, 0.25, 0.4):
        result = entanglement(toy, oracle, toy.truth, n=200, target_change=target_change)
        torch.testing.assert_close(
            result.mean_change.diagonal(), torch.full((3,), target_change), atol=2e-3, rtol=0
        )
        assert result.reached.all()


def test_an_attribute_that_most_images_have_is_taken_away(measured: Entanglement):
    assert measured.before.mean(0)[1] > 0.5
    assert measured.strengths.sign().tolist() == [measured.strengths[0].sign(), -1, 1]
    assert (measured.changes[1, :, 1] < 0).all()
    assert (measured.mean_change.diagonal() > 0).all()


@pytest.mark.parametrize("batch_size", [7, 1000])
def test_the_batch_size_does_not_matter(
    toy: ToyGenerator, oracle: OracleScorer, measured: Entanglement, batch_size: int
):
    again = entanglement(toy, oracle, toy.truth, n=300, batch_size=batch_size)
    torch.testing.assert_close(again.strengths, measured.strengths, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(again.changes, measured.changes, atol=1e-4, rtol=1e-3)
    assert again.selectivity().mean.low == pytest.approx(measured.selectivity().mean.low, rel=1e-3)


@pytest.mark.parametrize("space", ["z", "w", "w+"])
def test_edits_are_measured_in_every_space(space: str):
    toy = ToyGenerator(z_dim=12, w_dim=12, num_layers=3, attributes=NAMES, cosine=MATRIX)
    result = entanglement(toy, OracleScorer(toy), toy.truth_in(space), n=100)
    assert result.reached.all()
    assert result.strengths.abs().min() > 0


def test_a_direction_for_some_layers_is_measured_in_w_plus():
    toy = ToyGenerator(z_dim=12, w_dim=12, num_layers=4, attributes=NAMES, cosine=MATRIX)
    half = Directions([replace(toy.truth["red"], layers=(0, 2)), toy.truth["round"]])
    result = entanglement(toy, OracleScorer(toy), half, n=100)
    whole = entanglement(toy, OracleScorer(toy), toy.truth.select(["red", "round"]), n=100)
    assert result.reached.all()
    assert (result.strengths / whole.strengths).tolist() == pytest.approx([2.0, 1.0], rel=0.05)


@pytest.mark.parametrize("hold", ["all", {"red": ["round", "large"], "round": ["red"]}], ids=["all", "some"])
def test_held_attributes_stay_where_they_were(
    toy: ToyGenerator, oracle: OracleScorer, hold: str | dict[str, list[str]]
):
    result = entanglement(toy, oracle, toy.truth, n=100, hold=hold)  # type: ignore[arg-type]
    assert result.mean_abs_change[0, 1:].max() < 1e-5
    assert result.mean_abs_change[1, 0] < 1e-5
    assert (result.mean_abs_change[2, :2].max() < 1e-5) == (hold == "all")
    torch.testing.assert_close(result.mean_change.diagonal(), torch.full((3,), 0.25), atol=2e-3, rtol=0)
    if hold == "all":
        assert result.selectivity().mean.low > 1e3


def test_intervals_cover_the_mean_over_many_images_as_often_as_they_say(
    toy: ToyGenerator, oracle: OracleScorer
):
    many = entanglement(toy, oracle, toy.truth, n=20_000, seed=99, batch_size=5000)
    moves = many.mean_change.abs() > 1e-3
    covered = []
    for seed in range(60):
        changes = closed_form(toy, many.strengths, n=60, seed=seed)
        few = replace(many, seed=seed, before=many.before[:60], changes=changes)
        low, high = few.intervals()
        covered.append(((low <= many.mean_change) & (many.mean_change <= high))[moves])
    assert 0.9 < torch.stack(covered).float().mean() < 0.98


def test_intervals_narrow_with_the_root_of_the_number_of_images(toy: ToyGenerator, oracle: OracleScorer):
    def width(n: int) -> float:
        low, high = entanglement(toy, oracle, toy.truth, n=n, batch_size=500).intervals()
        return float((high - low).mean())

    assert width(1600) == pytest.approx(width(100) / 4, rel=0.2)


def test_selectivity_is_that_of_the_mean_changes_and_lies_in_its_interval(measured: Entanglement):
    found = measured.selectivity()
    sizes = measured.mean_abs_change
    assert found.directions["red"].value == pytest.approx(float(0.25 / sizes[0, 1:].mean()), rel=0.01)
    assert found.mean.value == pytest.approx(sum(e.value for e in found.directions.values()) / 3)
    for form in ("mean_abs_all", "top13", "signed"):
        for estimate in (measured.selectivity(form).mean, *measured.selectivity(form).directions.values()):
            assert estimate.low < estimate.value < estimate.high
    low, high = measured.intervals(absolute=True)
    assert ((low < sizes) & (sizes < high)).all()


def test_the_table_names_every_direction_its_change_and_its_selectivity(measured: Entanglement):
    lines = str(measured).splitlines()
    assert [line.split()[0] for line in lines[1:5]] == ["red", "round", "large", "mean"]
    assert all("0.25 ±" in line for line in lines[1:4])
    assert str(measured.selectivity().mean) in lines[4]


def test_a_step_that_cannot_reach_the_target_is_the_best_there_is_and_is_marked(toy: ToyGenerator):
    def bounded(images: Tensor) -> Tensor:
        logits = toy.read(images)
        return torch.sigmoid(torch.cat([logits[:, :1].clamp(max=0.3), logits[:, 1:]], dim=1))

    result = entanglement(toy, FunctionScorer(bounded, NAMES), toy.truth, n=100)
    assert result.reached.tolist() == [False, True, True]
    assert 0.1 < result.mean_change[0, 0] < 0.2
    assert "not reached" in str(result).splitlines()[1]


def test_directions_without_scale_or_of_the_wrong_sign_are_calibrated_all_the_same(
    toy: ToyGenerator, oracle: OracleScorer
):
    red, round_, large = toy.truth
    vague = Directions(
        [
            replace(red, slope=float("nan")),
            replace(round_, slope=100.0),
            replace(large, slope=0.01, sigma=50.0),
        ]
    )
    assert entanglement(toy, oracle, vague, n=100).reached.all()
    backward = Directions([replace(red, vector=-red.vector)])
    assert not entanglement(toy, oracle, backward, n=100).reached.any()


class Factors(Scorer):
    """Reads the code behind a toy's image: two continuous factors."""

    names = ("first", "second")
    fingerprint = "factors"
    description = "factors"

    def __init__(self, toy: ToyGenerator) -> None:
        self.toy = toy

    def _logits(self, images: Tensor, *, latents: Latents | None, start: int) -> Tensor:
        assert latents is not None
        return latents.codes[:, :2] * torch.tensor([1.0, 10.0])


def test_truth_says_by_how_many_deviations_each_factor_moved(toy: ToyGenerator, oracle: OracleScorer):
    result = measure_steps(fresh(toy, Readers(scorer=oracle, factors=Factors(toy)), n=400), toy.truth)
    assert result.factors == ("first", "second")
    assert result.factor_changes is not None
    expected = result.strengths.abs()[:, None] * toy.truth.matrix[:, :2]
    torch.testing.assert_close(result.factor_changes, expected, atol=0.02, rtol=0.15)


def test_progress_grows_to_its_end_and_no_image_is_made_in_vain(toy: ToyGenerator, oracle: OracleScorer):
    seen: list[tuple[int, int]] = []
    made: list[Tensor] = []
    readers = Readers(scorer=oracle, appearance=lambda images: (made.append(images), images.flatten(1))[1])
    images = replace(fresh(toy, readers, n=64), batch_size=16)
    measure_steps(images, toy.truth, advance=lambda *x: seen.append(x))
    shares = [done / total for done, total in seen]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    every = torch.cat(made).flatten(1)
    assert len(every.unique(dim=0)) == len(every)
    # The slopes of the toy are right, so no step needs a second try.
    assert len(every) == 64 + 3 * 64
    assert max(map(len, made)) <= 16


class TestTheWidthThatIsEnough:
    """Images are added until the interval of the mean selectivity is narrow enough."""

    def test_a_wide_one_needs_the_first_images_only(self, toy: ToyGenerator, oracle: OracleScorer):
        images = fresh(toy, Readers(scorer=oracle), n=400)
        found = measure_steps(images, toy.truth, width=10.0)
        assert found.num_images == FIRST_IMAGES
        alone = measure_steps(images.first(FIRST_IMAGES), toy.truth)
        assert found.strengths.equal(alone.strengths)
        assert found.changes.equal(alone.changes)

    def test_one_that_cannot_be_reached_needs_all(self, toy: ToyGenerator, oracle: OracleScorer):
        found = measure_steps(fresh(toy, Readers(scorer=oracle), n=30), toy.truth, width=1e-6)
        assert found.num_images == 30
        expected = closed_form(toy, found.strengths, n=30, seed=1)
        torch.testing.assert_close(found.changes, expected, atol=1e-4, rtol=1e-3)

    def test_it_is_reached_and_half_as_many_images_would_not_do(
        self, toy: ToyGenerator, oracle: OracleScorer
    ):
        found = measure_steps(fresh(toy, Readers(scorer=oracle), n=2000), toy.truth, width=0.1)
        assert FIRST_IMAGES < found.num_images < 2000
        for n, enough in ((found.num_images, True), (found.num_images // 2, False)):
            mean = found.first(n).selectivity().mean
            assert (mean.error <= 0.1 * mean.value) == enough

    def test_the_judge_decides_where_there_is_one(self, toy: ToyGenerator, oracle: OracleScorer):
        judge = FunctionScorer(toy.read, NAMES, output="logits")
        images = fresh(toy, Readers(scorer=oracle, judge=Judge(judge)), n=500)
        found = measure_steps(images, toy.truth, width=0.12)
        assert found.judged is not None
        assert found.judged.selectivity().mean.error <= 0.12 * found.judged.selectivity().mean.value
        assert found.judged.num_images == found.num_images


class TestTheJudge:
    def test_it_reads_the_attributes_that_both_know_in_the_same_images(
        self, toy: ToyGenerator, oracle: OracleScorer
    ):
        judge = FunctionScorer(lambda images: toy.read(images)[:, [2, 0]], ("large", "red"), output="logits")
        found = entanglement(toy, oracle, toy.truth, n=60, judge=Judge(judge))
        assert found.judged is not None
        assert (found.judged.names, found.judged.attributes) == (("red", "large"), ("red", "large"))
        torch.testing.assert_close(found.judged.changes, found.changes[[0, 2]][..., [0, 2]])
        torch.testing.assert_close(found.judged.before, found.before[:, [0, 2]])
        two = found.select(["round", "red"]).judged
        assert two is not None
        assert two.attributes == ("red",)

    def test_it_can_disagree_with_the_scorer(self, toy: ToyGenerator):
        # This scorer is blind to what else changes.
        fooled = FunctionScorer(
            lambda images: toy.read(images)[:, :2] * torch.tensor([1.0, 0.0]),
            ("red", "round"),
            output="logits",
        )
        found = entanglement(
            toy, fooled, Directions([toy.truth["red"]]), n=60, judge=Judge(OracleScorer(toy))
        )
        assert found.judged is not None
        assert found.selectivity().mean.value == float("inf")
        assert found.judged.selectivity().mean.high < 100

    def test_a_judge_that_shares_fewer_than_two_attributes_says_nothing(
        self, toy: ToyGenerator, oracle: OracleScorer
    ):
        stranger = FunctionScorer(lambda images: toy.read(images)[:, :1], ("red",), output="logits")
        assert entanglement(toy, oracle, toy.truth, n=20, judge=Judge(stranger)).judged is None

    def test_a_judge_that_cannot_score_new_images_is_refused(self, toy: ToyGenerator, oracle: OracleScorer):
        with pytest.raises(ScoreError, match="cannot score new images"):
            entanglement(toy, oracle, toy.truth, n=4, judge=Judge(TruthScorer(torch.ones(9, 3) > 0, NAMES)))


def test_identity_and_appearance_are_read_beside_the_scores(toy: ToyGenerator, oracle: OracleScorer):
    readers = Readers(
        scorer=oracle, identity=lambda images: images.flatten(1), appearance=lambda images: images.flatten(1)
    )
    images = fresh(toy, readers, n=30)
    found = measure_steps(images, toy.truth)
    unedited = toy(images.codes()).flatten(1)
    edited = toy(images.along(toy.truth, found.strengths)[1]).flatten(1)
    mean = unedited.mean(0)
    assert found.identity is not None
    assert found.perceptual is not None
    torch.testing.assert_close(found.identity[1], torch.cosine_similarity(edited - mean, unedited - mean))
    torch.testing.assert_close(found.perceptual[1], (edited - unedited).square().sum(1))
    assert found.seconds is not None
    assert (found.seconds > 0).all()


class TestRefusals:
    def test_a_direction_that_is_no_attribute(self, toy: ToyGenerator, oracle: OracleScorer):
        stray = Directions([replace(toy.truth["red"], name="rounded")])
        with pytest.raises(UnknownNameError, match="attribute 'rounded'; did you mean 'round'"):
            entanglement(toy, oracle, stray, n=4)

    def test_a_table_of_labels(self, toy: ToyGenerator):
        with pytest.raises(ScoreError, match="cannot score new images"):
            entanglement(toy, TruthScorer(torch.ones(9, 3) > 0, NAMES), toy.truth, n=4)

    def test_a_direction_of_another_generator(self, oracle: OracleScorer, toy: ToyGenerator):
        other = ToyGenerator(attributes=NAMES, cosine=MATRIX, seed=5)
        with pytest.raises(FingerprintError, match="was found on generator"):
            entanglement(toy, oracle, other.truth, n=4)

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"n": 1}, "cannot measure 1 images"),
            ({"batch_size": 0}, "batch_size 0 is out of range"),
            ({"target_change": 0.5}, "target_change is 0.5"),
            ({"target_change": 0.0}, "target_change is 0"),
        ],
    )
    def test_numbers_out_of_range(
        self, toy: ToyGenerator, oracle: OracleScorer, settings: dict[str, float], message: str
    ):
        with pytest.raises(SettingError, match=message):
            entanglement(toy, oracle, toy.truth, **settings)  # type: ignore[arg-type]

    def test_names_to_hold_that_do_not_exist(self, toy: ToyGenerator, oracle: OracleScorer):
        with pytest.raises(UnknownNameError, match="direction 'larger'"):
            entanglement(toy, oracle, toy.truth, n=4, hold={"red": ["larger"]})
        with pytest.raises(UnknownNameError, match="direction 'rad'"):
            entanglement(toy, oracle, toy.truth, n=4, hold={"rad": ["red"]})

    def test_batches_of_nothing(self, toy: ToyGenerator, oracle: OracleScorer):
        with pytest.raises(SettingError, match="batch_size 0 is out of range"):
            replace(fresh(toy, Readers(scorer=oracle), n=9), batch_size=0)

    def test_an_empty_set(self, toy: ToyGenerator, oracle: OracleScorer):
        with pytest.raises(SettingError, match="no directions to measure"):
            entanglement(toy, oracle, Directions(()), n=4)


class TestTrials:
    """How many images it takes to find the steps."""

    @staticmethod
    def trials(images: FreshImages, directions: Directions) -> int:
        """Images that the search for the steps was given, until it ended."""
        done: list[int] = []
        images.step(directions, 0.25, advance=lambda n, total: done.append(n))
        return max(done)

    def test_a_model_of_the_logits_saves_those_that_a_wrong_slope_costs(
        self, toy: ToyGenerator, oracle: OracleScorer
    ):
        readers, model = Readers(scorer=oracle), regression(survey(toy, oracle, n=400))
        confounded = Directions(replace(direction, slope=30 * direction.slope) for direction in model)
        with_model = self.trials(fresh(toy, readers, n=24, model=model), confounded)
        assert with_model < self.trials(fresh(toy, readers, n=24), confounded)
        assert with_model == self.trials(fresh(toy, readers, n=24), model)


class TestSearch:
    def test_a_shift_is_read_back_from_the_change_that_it_makes(self):
        logits = torch.randn(50, 3, generator=torch.Generator().manual_seed(0)) * 3
        shifts = torch.tensor([0.5, -2.0, 4.0])
        change = (torch.sigmoid(logits + shifts) - torch.sigmoid(logits)).mean(0)
        torch.testing.assert_close(shift_for(logits, change), shifts, atol=1e-3, rtol=1e-3)

    def test_what_the_first_images_leave_open_is_mended_in_all(self):
        logits = torch.randn(60, 1, generator=torch.Generator().manual_seed(0))
        gain = torch.ones(60)
        gain[:10] = 2.0
        tried: list[Trial] = []

        def attempt(trials: list[Trial]) -> list[Tensor]:
            tried.extend(trials)
            return [logits[:n, k] + size * gain[:n] for k, size, n in trials]

        ones = torch.ones(1)
        (strength,) = find_strengths(
            attempt, logits, slopes=ones, sigmas=ones, limits=50 * ones, target_change=0.25
        )
        change = (torch.sigmoid(logits[:, 0] + strength * gain) - torch.sigmoid(logits[:, 0])).mean()
        assert float(change.abs()) == pytest.approx(0.25, rel=ENOUGH)
        assert Trial(0, strength, 60) in tried
        assert [trial.num_images for trial in tried] == [10, 10, 60, 60]

    @pytest.mark.parametrize(
        "response", [lambda s: 3 * s, lambda s: s**2, lambda s: s**0.5, lambda s: max(0.0, s - 1)]
    )
    def test_any_rising_response_is_found_in_a_few_rounds(self, response):
        search = StepSearch(size=0.5, needed=1.0, limit=100.0)
        for _ in range(6):
            if not search.over:
                shift = response(search.size)
                search.observe(shift, off=abs(shift - 1), near=0.1)
        assert search.over
        assert response(search.found) == pytest.approx(1.0, rel=0.1)

    def test_where_no_step_is_enough_the_limit_is_the_last_to_be_tried(self):
        search = StepSearch(size=0.5, needed=5.0, limit=2.0)
        for _ in range(6):
            if not search.over:
                search.observe(search.size, off=abs(search.size / 5 - 1), near=0.1)
        assert search.over
        assert search.found == 2.0


def test_directions_keep_their_order(toy: ToyGenerator, oracle: OracleScorer):
    backwards = Directions(list(toy.truth)[::-1])
    result = entanglement(toy, oracle, backwards, n=50)
    assert result.names == ("large", "round", "red")
    assert result.targets.tolist() == [2, 1, 0]
    assert isinstance(backwards[0], Direction)
