from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

import ganatomy as ga
from ganatomy.errors import FingerprintError, ScoreError, SettingError, SpaceError, UnknownNameError
from ganatomy.generators.latent_distribution import latent_distribution
from ganatomy.generators.toy import ToyGenerator
from ganatomy.guidance import Guided, GuidedSettings, common_gradients, guided
from ganatomy.guidance.derivatives import Gradients
from ganatomy.guidance.search import SETTINGS, search
from ganatomy.latents import Latents
from ganatomy.perception import FunctionScorer, NetworkScorer, OracleScorer, TableScorer

NAMES = ("red", "round", "large", "bright")


@pytest.fixture(scope="module", params=range(5), ids="toy {}".format)
def toy(request: pytest.FixtureRequest) -> ToyGenerator:
    return ToyGenerator(z_dim=12, w_dim=10, num_layers=3, attributes=NAMES, cosine=0.5, seed=request.param)


def edit(toy: ToyGenerator, latents: Latents, to: dict, **settings) -> Guided:
    how = {name: settings.pop(name) for name in list(settings) if name in GuidedSettings.__dataclass_fields__}
    return guided(toy, OracleScorer(toy), latents, to, settings=GuidedSettings(**how), **settings)


def at_the_limit(toy: ToyGenerator, was: Latents, found: Guided) -> Tensor:
    """Which images went as far as an edit may go: they need not reach their goal."""
    where = latent_distribution(toy, was.space)
    ends = where.distance(found.latents) >= where.distance(was).clamp(min=where.bound) - 1e-3
    return ends | (found.distance >= SETTINGS.farthest - 1e-3)


def at_least(p: Tensor, goal: Tensor | float) -> Tensor:
    """A probability to reach, or that of an image that has passed it; one half lies on no side."""
    goal = torch.as_tensor(goal).expand(p.shape)
    passed = torch.where(goal > 0.5, torch.maximum(p, goal), torch.minimum(p, goal))
    return torch.where(goal == 0.5, goal, passed)


def probabilities(toy: ToyGenerator, latents: Latents) -> Tensor:
    return torch.sigmoid(toy.read(toy(latents)))


@pytest.mark.parametrize("space", ["z", "w", "w+"])
def test_the_wanted_probability_is_reached_and_what_is_held_stays(toy: ToyGenerator, space: str):
    was = toy.sample(6, seed=1, space=space)
    found = edit(toy, was, {"red": 0.8}, hold=("round", "large"))
    now, before = probabilities(toy, found.latents), probabilities(toy, was)
    reached = found.reached
    assert reached.equal((now[:, 0] - at_least(before[:, 0], 0.8)).abs() <= SETTINGS.close)
    assert (reached | at_the_limit(toy, was, found)).all()
    assert reached.sum() >= 5
    assert (now - before)[reached, 1:3].abs().max() <= SETTINGS.still
    assert torch.allclose(found.after.probabilities, now, atol=1e-5)
    assert torch.allclose(found.before.probabilities, before, atol=1e-5)
    assert found.latents.space == was.space
    assert found.derivatives == "gradients"


def test_what_is_held_exactly_stays_exactly_where_scores_are_linear(toy: ToyGenerator):
    was = toy.sample(6, seed=1, space="w")
    found = edit(toy, was, {"red": 1.0}, units="shift", hold="all", others=0, damping=1e-8)
    assert found.reached.all()
    assert found.held == NAMES[1:]
    unsure = (found.before.probabilities[:, 1:] - 0.5).abs() < 0.45  # those nearly sure are left out of steps
    assert unsure.any()
    assert found.drift[unsure].abs().max() < 1e-4
    # One logit is within one step, and the slopes of a linear scorer are right at once; who is there takes none.
    there = (found.goals[:, 0] - found.before.probabilities[:, 0]).abs() <= 0.02
    assert found.steps.tolist() == (~there).long().tolist()
    assert not there.all()


def test_the_step_is_the_smallest_in_deviations_of_codes(toy: ToyGenerator):
    was = toy.sample(8, seed=2, space="z")
    found = edit(toy, was, {"red": 1.0}, units="shift", others=0)
    # In z codes vary alike in all directions, so the shortest way is along the attribute itself. An image that is red
    # for sure is left as it is.
    moved = found.steps > 0
    assert moved.sum() >= 4
    way = (found.latents.codes - was.codes)[moved]
    along = torch.nn.functional.cosine_similarity(way, toy.truth_in("z")["red"].vector[None])
    assert along.min() > 0.99
    other = edit(toy, was, {"red": 1.0}, units="shift", hold=("round",), others=0)
    # To hold another attribute exactly makes the step longer by 1 over the sine of the angle between both. Where the
    # other attribute is nearly sure it changes little, and is held less.
    longer = (1 - toy.truth_in("z").gram()[0, 1].square()).rsqrt()
    unsure = moved & ((other.before.probabilities[:, 1] - 0.5).abs() < 0.4)
    assert unsure.any()
    ratios = (other.distance / found.distance)[unsure]
    torch.testing.assert_close(ratios, longer.expand_as(ratios), rtol=0.05, atol=0)


def test_several_targets_are_reached_at_once(toy: ToyGenerator):
    was = toy.sample(5, seed=3, space="w")
    found = edit(toy, was, {"red": 0.7, "round": 0.3}, hold=("large",))
    wanted = at_least(probabilities(toy, was)[:, :2], torch.tensor([0.7, 0.3]))
    missed = (probabilities(toy, found.latents)[:, :2] - wanted).abs().amax(1)
    assert found.reached.equal(missed <= SETTINGS.close)
    assert (found.reached | at_the_limit(toy, was, found)).all()
    assert found.reached.sum() >= 4


@pytest.mark.parametrize(
    ("value", "units", "wanted"),
    [
        (0.4, "probability", lambda p: at_least(p, 0.4)),
        (-1.0, "logit", lambda p: torch.full_like(p, 0.26894)),
        ("+0.2", "probability", lambda p: (p + 0.2).clamp(max=0.99)),
        (-0.2, "change", lambda p: (p - 0.2).clamp(min=0.01)),
        (0.5, "shift", lambda p: torch.sigmoid(torch.logit(p) + 0.5)),
        (
            torch.tensor([0.2, 0.3, 0.4, 0.5]),
            "probability",
            lambda p: at_least(p, torch.tensor([0.2, 0.3, 0.4, 0.5])),
        ),
    ],
)
def test_goals_are_probabilities_logits_or_changes(toy: ToyGenerator, value, units: str, wanted):
    was = toy.sample(4, seed=4, space="w")
    p = probabilities(toy, was)[:, 0]
    inside = (p > 0.01) & (p < 0.99)
    found = edit(toy, was, {"red": value}, units=units)
    assert inside.any()
    assert torch.allclose(found.goals[inside, 0], wanted(p)[inside], atol=1e-3)
    assert found.reached.all()


def test_a_goal_beyond_likely_codes_is_flagged_and_not_sought_for_ever(toy: ToyGenerator):
    was = toy.sample(3, seed=5, space="w")
    found = edit(toy, was, {"red": 40.0}, units="logit", hold="all", max_steps=50)
    assert torch.sigmoid(torch.tensor(40.0)) == 1
    far = latent_distribution(toy, "w")
    assert (far.distance(found.latents) <= far.bound + 1e-3).all()
    narrow = latent_distribution(toy, "w", quantile=0.3)
    stuck = edit(
        toy,
        was,
        {"red": 0.9999, "round": 0.0001},
        hold=("large", "bright"),
        distribution=narrow,
        units="probability",
    )
    assert not stuck.reached.all()
    assert (stuck.steps <= 12).all()
    limit = narrow.distance(was).clamp(min=narrow.bound)
    assert (narrow.distance(stuck.latents) <= limit + 1e-3).all()


def test_a_target_that_is_the_same_as_a_held_one_is_not_forced(toy: ToyGenerator):
    twins = FunctionScorer(
        lambda images: torch.sigmoid(toy.read(images)[:, [0, 0, 1]]), ["a", "same", "other"]
    )
    found = guided(toy, twins, toy.sample(3, seed=1, space="w"), {"a": 1.5}, units="shift", hold=("same",))
    assert torch.isfinite(found.latents.codes).all()
    assert found.distance.max() < 20


def test_images_do_not_know_what_is_edited_beside_them(toy: ToyGenerator):
    was = toy.sample(5, seed=6, space="w")
    settings = {"to": {"red": 0.9}, "hold": "all"}
    whole = edit(toy, was, **settings)
    assert torch.equal(whole.latents.codes, edit(toy, was, **settings).latents.codes)
    in_twos = edit(toy, was, batch_size=2, **settings)
    assert torch.allclose(in_twos.latents.codes, whole.latents.codes, atol=1e-3)
    backwards = edit(toy, was[[4, 3, 2, 1, 0]], **settings)
    assert torch.allclose(backwards.latents.codes.flip(0), whole.latents.codes, atol=1e-3)
    alone = edit(toy, was[2], **settings)
    assert torch.allclose(alone.latents.codes[0], whole.latents.codes[2], atol=1e-3)


def test_what_is_already_there_is_left_as_it_is(toy: ToyGenerator):
    was = toy.sample(4, seed=7, space="w")
    found = edit(toy, was, {"red": probabilities(toy, was)[:, 0]}, hold="all")
    assert found.steps.tolist() == [0] * 4
    assert torch.equal(found.latents.codes, was.codes)


def test_what_counts_more_stays_better(toy: ToyGenerator):
    was = toy.sample(8, seed=1, space="w")
    alike, first = (
        edit(toy, was, {"red": "+0.2"}, hold=("round", "large"), damping=0.3, counts=counts)
        .drift.abs()
        .mean(0)
        for counts in ({}, {"round": 100.0})
    )
    assert first[0] < 0.5 * alike[0]


def test_gradients_that_foretell_steps_are_not_computed_again(toy: ToyGenerator, monkeypatch):
    real, asked = Gradients.__call__, []

    def counted(self: Gradients, latents: Latents, columns: Tensor) -> tuple[Tensor, Tensor]:
        asked.append(columns.shape[1])
        return real(self, latents, columns)

    def run(surprise: float) -> tuple[Guided, list[int]]:
        settings = replace(SETTINGS, surprise=surprise, refresh=1)
        monkeypatch.setattr(
            sys.modules["ganatomy.guidance.guided"],
            "search",
            lambda task, watch: search(replace(task, settings=settings), watch=watch),
        )
        asked.clear()
        found = edit(toy, was, {"red": 0.9}, hold=("round", "large"), common=common)
        return found, list(asked)

    was = toy.sample(4, seed=1, space="w")
    common = common_gradients(toy, OracleScorer(toy), ["red"], "w")
    monkeypatch.setattr(Gradients, "__call__", counted)
    always, usual, once = (run(surprise) for surprise in (0.0, SETTINGS.surprise, 1e9))
    assert once[1][0] == usual[1][0] == always[1][0] > 1, "at first none are known"
    assert max(once[1][1:]) < once[1][0], "later the target, and what could not change before"
    assert sum(once[1]) <= sum(usual[1]) < sum(always[1])
    for found, _ in (always, usual):
        assert (found.reached | at_the_limit(toy, was, found)).all()
        assert found.drift[found.reached].abs().max() <= 2 * SETTINGS.still


def test_a_search_begins_where_it_is_told_to(toy: ToyGenerator):
    was = toy.sample(6, seed=1, space="w")
    found = edit(toy, was, {"red": 0.8}, hold="all")
    again = edit(toy, was, {"red": 0.8}, hold="all", begin=found.latents)
    there = found.reached & (found.drift.square().sum(1).sqrt() <= SETTINGS.still)
    assert there.sum() >= 4
    assert again.steps[there].tolist() == [0] * int(there.sum())
    assert torch.allclose(again.latents.codes[there], found.latents.codes[there], atol=1e-4)
    # It may begin farther out than an edit goes otherwise, and still stays within likely codes.
    far = ga.move(was, toy.truth["red"], 40.0)
    where = latent_distribution(toy, "w")
    ends = edit(toy, was, {"red": 0.98}, begin=far, max_steps=1)
    assert (where.distance(ends.latents) <= where.distance(was).clamp(min=where.bound) + 1e-3).all()


def test_only_the_layers_that_are_named_move(toy: ToyGenerator):
    was = toy.sample(3, seed=8, space="w")
    found = edit(toy, was, {"red": 1.0}, units="shift", layers=(1, 2))
    moved = (found.latents.codes - was.to("w+").codes).abs().amax((0, 2))
    assert found.reached.all()
    assert moved[1] > 0.01
    assert moved[[0, 2]].max() == 0


def test_features_of_identity_stay_where_they_are(toy: ToyGenerator):
    was = toy.sample(6, seed=9, space="w")

    def features(images: Tensor) -> Tensor:
        return toy.read(images)[:, 1:3]

    free = edit(toy, was, {"red": 1.0}, units="shift", others=0)
    held = edit(toy, was, {"red": 1.0}, units="shift", others=0, identity=features, damping=1e-5)
    drift = [(features(toy(f.latents)) - features(toy(was))).abs().mean() for f in (free, held)]
    assert held.reached.all()
    assert drift[1] < 0.1 * drift[0]


def test_without_gradients_it_goes_along_directions_and_says_so(toy: ToyGenerator):
    def see(images: Tensor) -> Tensor:
        return torch.sigmoid(toy.read(images.detach()))

    blind = FunctionScorer(see, NAMES)
    was = toy.sample(4, seed=10, space="w")
    with pytest.raises(SettingError, match="give directions"):
        guided(toy, blind, was, {"red": 0.8})
    found = guided(toy, blind, was, {"red": 0.8}, hold=("round",), directions=toy.truth)
    assert found.derivatives == "finite differences along 4 directions"
    assert "finite differences" in str(found)
    assert found.reached.all()
    assert found.drift.abs().max() < 0.05
    way = (found.latents.codes - was.codes).double()
    span = torch.linalg.qr(toy.truth.matrix.double().T)[0]
    assert (way - way @ span @ span.T).abs().max() < 1e-5


def test_a_uniform_prior_is_not_left():
    toy = ToyGenerator(z_dim=6, attributes=("red",), cosine=0, prior="uniform")
    found = guided(toy, OracleScorer(toy), toy.sample(4, seed=1), {"red": 4.0}, units="logit")
    assert found.latents.codes.abs().max() <= 1


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"to": {"rde": 0.5}}, UnknownNameError, "did you mean 'red'"),
        ({"to": {}}, SettingError, "no target"),
        ({"to": {"red": 1.0}}, SettingError, "probability of 1"),
        ({"to": {"red": 0.0}}, SettingError, "probability of 0"),
        ({"to": {"red": float("nan")}}, SettingError, "finite number"),
        ({"to": {"red": "much"}}, SettingError, "'much' is no value"),
        ({"to": {"red": "+1.5"}}, SettingError, "cannot change by 1.5"),
        ({"to": {"red": torch.tensor([0.1, 0.2, 0.3])}}, SettingError, "do not go with 2 images"),
        ({"to": {"red": 0.5}, "hold": ("red",)}, SettingError, "cannot change and stay"),
        ({"to": {"red": 0.5}, "hold": ("blue",)}, UnknownNameError, "blue"),
        ({"to": {"red": 0.5}, "units": "sigma"}, UnknownNameError, "unit of a target"),
        ({"to": {"red": 0.5}, "damping": 0.0}, SettingError, "damping 0"),
        ({"to": {"red": 0.5}, "max_steps": 0}, SettingError, "0 steps"),
        ({"to": {"red": 0.5}, "layers": (2, 9)}, SettingError, "layers 2:9 do not exist"),
        ({"to": {"red": 0.5}, "counts": {"rond": 2.0}}, UnknownNameError, "did you mean 'round'"),
        ({"to": {"red": 0.5}, "counts": {"round": 0.0}}, SettingError, "cannot count 0 times"),
        ({"to": {"red": 0.5}, "begin": "z"}, SettingError, "2 codes in w cannot be edited from 3 in z"),
    ],
)
def test_what_cannot_be_done_is_refused(toy: ToyGenerator, settings: dict, error: type, message: str):
    if "begin" in settings:
        settings = {**settings, "begin": toy.sample(3, seed=1, space=settings["begin"])}
    with pytest.raises(error, match=message):
        edit(toy, toy.sample(2, seed=1, space="w"), **settings)


def test_codes_that_cannot_be_edited_are_refused(toy: ToyGenerator, tmp_path: Path):
    was = toy.sample(2, seed=1, space="w")
    broken = was.with_codes(was.codes * torch.nan)
    with pytest.raises(SettingError, match="not numbers"):
        edit(toy, broken, {"red": 0.5})
    with pytest.raises(SettingError, match="no codes"):
        edit(toy, was[[]], {"red": 0.5})
    with pytest.raises(FingerprintError):
        edit(ToyGenerator(z_dim=12, w_dim=10, num_layers=3, seed=9), was, {"red": 0.5})
    with pytest.raises(SpaceError):
        edit(toy, was, {"red": 0.5}, distribution=latent_distribution(toy, "z"))
    with pytest.raises(SpaceError):
        edit(toy, was, {"red": 0.5}, directions=toy.truth_in("z"))
    (tmp_path / "labels.csv").write_text("red\n1\n0\n")
    with pytest.raises(ScoreError, match="cannot score new images"):
        guided(toy, TableScorer(tmp_path / "labels.csv"), was, {"red": 0.5})


def test_likely_codes_have_unit_covariance(toy: ToyGenerator):
    where = latent_distribution(toy, "w")
    u = where.coordinates(toy.sample(4000, seed=3, space="w"))
    assert torch.allclose(torch.cov(u.T), torch.eye(10, dtype=torch.float64), atol=0.15)
    codes = toy.sample(5, seed=3, space="w+")
    spread = latent_distribution(toy, "w+")
    assert torch.allclose(
        spread.coordinates(codes), where.coordinates(toy.sample(5, seed=3, space="w")), atol=1e-4
    )
    step = torch.randn(5, 10, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    moved = spread.coordinates(spread.moved(codes, step)) - spread.coordinates(codes)
    assert torch.allclose(moved, step, atol=1e-4)


def test_fewer_codes_than_numbers_tell_as_much_as_they_can():
    toy = ToyGenerator(z_dim=40, attributes=("red",), cosine=0)
    where = latent_distribution(toy, "z", n=20)
    assert where.factor.shape == (40, 19)
    assert torch.allclose(where.inverse @ where.factor, torch.eye(19, dtype=torch.float64), atol=1e-8)


@pytest.mark.slow
def test_a_smile_on_the_bundled_faces_changes_little_else():
    generator, scorer = ga.load("faces"), ga.scorer("faces")
    assert isinstance(scorer, NetworkScorer)
    was, smiling = generator.sample(12, seed=1, space="w"), scorer.names.index("Smiling")
    was = was[scorer.score(generator(was)).probabilities[:, smiling] < 0.6][:4]  # the others have no room
    common = common_gradients(generator, scorer, ["Smiling"], "w")

    def edited(hold: str | tuple[()] = (), **settings) -> Guided:
        how = GuidedSettings(common=common, **settings)
        return ga.guided(generator, scorer, was, {"Smiling": "+0.25"}, hold=hold, settings=how)

    found = edited(hold="all")
    # How many get there is a matter of the model: some end where codes become unlikely.
    assert found.reached.any()
    own, others = found.changes[:, smiling], found.drift.abs().mean()
    assert own.min() > 0
    assert own[found.reached].min() > 0.2
    assert own.mean() > 4 * others
    assert found.distance.max() <= SETTINGS.farthest + 1e-3
    kept, free = edited(identity=scorer.features), edited()
    before = scorer.features(generator(was))
    apart = [(scorer.features(generator(f.latents)) - before).norm(dim=1).mean() for f in (kept, free)]
    assert apart[0] < apart[1]
