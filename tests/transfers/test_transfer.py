from __future__ import annotations

import importlib.util
from dataclasses import replace

import pytest
import torch
from torch import Tensor

import ganatomy as ga
from ganatomy.errors import FingerprintError, ScoreError, SettingError, SpaceError, UnknownNameError
from ganatomy.generators.toy import ToyGenerator
from ganatomy.guidance.judged import scores_of
from ganatomy.latents import Directions, Latents
from ganatomy.perception import OracleScorer
from ganatomy.transfers import Pairs, Transferred, linear, transfer
from ganatomy.transfers.result import CLEAR, WITHIN, goal_logits

NAMES = ("red", "round", "large", "bright")


@pytest.fixture(scope="module", params=range(5), ids="toy {}".format)
def toy(request: pytest.FixtureRequest) -> ToyGenerator:
    return ToyGenerator(z_dim=12, w_dim=10, num_layers=3, attributes=NAMES, cosine=0.5, seed=request.param)


@pytest.fixture(scope="module")
def codes(toy: ToyGenerator) -> tuple[Latents, Latents]:
    """Targets and sources that are not at the rim of what is likely."""
    return tuple(toy.sample(8, seed=seed, space="w", truncation_psi=0.4) for seed in (1, 2))  # type: ignore[return-value]


def give(toy: ToyGenerator, codes: tuple[Latents, Latents], attributes, **settings) -> Transferred:
    return transfer(toy, OracleScorer(toy), *codes, attributes, **settings)


def logits(toy: ToyGenerator, latents: Latents) -> Tensor:
    return toy.read(toy(latents))


def pairs_of(toy: ToyGenerator, codes: tuple[Latents, Latents], attributes, held) -> Pairs:
    scorer = OracleScorer(toy)
    target, source = codes
    return Pairs(
        target=target,
        source=source,
        attributes=attributes,
        held=held,
        before=scores_of(toy, scorer, target, batch_size=8),
        given=scores_of(toy, scorer, source, batch_size=8),
    )


@pytest.mark.parametrize("space", ["z", "w", "w+"])
def test_the_gram_system_gives_the_sources_logits_up_to_what_is_clear_and_keeps_the_others(
    toy: ToyGenerator, space: str
):
    psi = {} if space == "z" else {"truncation_psi": 0.4}
    scale = 0.4 if space == "z" else 1.0
    codes = tuple(toy.sample(8, seed=seed, space=space, **psi) for seed in (1, 2))
    codes = tuple(part.with_codes(scale * part.codes) for part in codes)
    found = linear(toy, pairs_of(toy, codes, NAMES[:2], NAMES[2:]), toy.truth_in(space), slack=0.0)
    was, given, now = (logits(toy, part) for part in (*codes, found))
    assert (given - was).abs().max() > 0.5
    # A source beyond 99 % only says "surely", so that is as far as its target goes.
    assert torch.allclose(now[:, :2], goal_logits(was, given)[:, :2], atol=1e-4)
    assert torch.allclose(now[:, 2:], was[:, 2:], atol=1e-4)


def test_the_step_of_the_gram_system_is_the_shortest_in_deviations_of_codes(toy: ToyGenerator, codes):
    found = linear(toy, pairs_of(toy, codes, NAMES[:1], ()), toy.truth, slack=0.0)
    way = found.codes - codes[0].codes
    # The shortest way to a logit is along the covariance times its direction, where codes vary the most.
    drawn = toy.sample(4000, seed=9, space="w").codes
    along = torch.cov(drawn.T) @ toy.truth["red"].vector
    cosines = torch.nn.functional.cosine_similarity(way, along[None]).abs()
    assert cosines.min() > 0.98
    assert torch.nn.functional.cosine_similarity(way, toy.truth["red"].vector[None]).abs().max() < 0.97


def test_w_directions_move_w_plus_codes_in_all_layers(toy: ToyGenerator, codes):
    layered = tuple(part.to("w+") for part in codes)
    flat = give(toy, codes, "red", method="linear", directions=toy.truth)
    found = give(toy, layered, "red", method="linear", directions=toy.truth)
    assert found.latents.space == "w+"
    assert torch.allclose(found.latents.codes, flat.latents.codes[:, None].expand(-1, 3, -1), atol=1e-5)


@pytest.mark.parametrize("method", ["linear", "guided"])
def test_every_method_gives_the_sources_probabilities(toy: ToyGenerator, codes, method: str):
    settings = {"directions": toy.truth} if method == "linear" else {}
    found = give(toy, codes, ["red", "large"], method=method, **settings)
    was, given, now = (torch.sigmoid(logits(toy, part)) for part in (*codes, found.latents))
    assert found.attributes == ("red", "large")
    assert found.held == ("round", "bright")
    assert found.method == method
    assert torch.allclose(found.wanted, given[:, [0, 2]], atol=1e-5)
    assert torch.allclose(found.before.probabilities, was, atol=1e-5)
    assert torch.allclose(found.after.probabilities, now, atol=1e-4)
    assert torch.equal(found.reached, (now - given)[:, [0, 2]].abs().amax(1) <= WITHIN)
    assert found.reached.all()
    assert (now - was)[:, [1, 3]].abs().max() < 0.05
    assert torch.allclose(found.drift, (now - was)[:, [1, 3]], atol=1e-4)
    assert str(found).startswith("8 of 8 reached: red")
    assert str(found).endswith(f"(means, by {method})")


def test_what_is_not_held_follows(toy: ToyGenerator, codes):
    free = give(toy, codes, "red", method="linear", directions=toy.truth, hold=())
    assert free.held == ()
    assert free.drift.shape == (8, 0)
    assert free.changes[:, 1:].abs().mean() > 0.03
    some = give(toy, codes, "red", method="linear", directions=toy.truth, hold=["round"])
    assert some.changes[:, 1].abs().mean() < 0.2 * free.changes[:, 1].abs().mean()


def test_one_source_serves_all_targets_and_one_target_takes_from_all_sources(toy: ToyGenerator, codes):
    target, source = codes
    one = give(toy, (target, source[2]), "red", method="linear", directions=toy.truth)
    assert torch.allclose(one.wanted, one.wanted[:1].expand(8, -1), atol=1e-6)
    other = give(toy, (target[3], source), "red", method="linear", directions=toy.truth)
    assert len(other) == 8
    assert torch.allclose(other.before.logits, other.before.logits[:1].expand(8, -1), atol=1e-5)


def test_a_sure_source_is_not_followed_beyond_what_is_clear():
    own = torch.tensor([[0.0], [-8.0], [8.0], [9.0], [-9.0]])
    given = torch.tensor([[20.0], [-20.0], [3.0], [-20.0], [1.0]])
    assert goal_logits(own, given)[:, 0].tolist() == pytest.approx([CLEAR, -8.0, 3.0, -CLEAR, 1.0])


def test_guided_transfer_without_gradients_stays_in_the_span_of_directions(toy: ToyGenerator, codes):
    found = give(toy, codes, "red", directions=toy.truth)
    way = (found.latents.codes - codes[0].codes).double()
    basis = torch.linalg.qr(toy.truth.matrix.double().T)[0]
    assert (way - way @ basis @ basis.T).norm() < 1e-3 * way.norm()
    assert found.reached.all()


def test_what_does_not_go_together_is_refused(toy: ToyGenerator, codes):
    target, source = codes
    truth = toy.truth
    flat = Directions(replace(direction, slope=float("nan")) for direction in truth)
    doubled = Directions([truth["red"], *(replace(truth["red"], name=name) for name in NAMES[1:])])
    half = Directions(replace(direction, layers=(0, 1)) for direction in truth)
    cases = [
        (SettingError, "3 targets and 2 sources do not make pairs", (target[:3], source[:2]), "red", {}),
        (SettingError, "0 targets", (target[:0], source[:1]), "red", {}),
        (SettingError, "there is no attribute to transfer", codes, [], {}),
        (UnknownNameError, "did you mean 'round'", codes, "rond", {}),
        (UnknownNameError, "did you mean 'linear'", codes, "red", {"method": "linar"}),
        (SettingError, "needs directions", codes, "red", {"method": "linear"}),
        (SettingError, "cannot change and stay", codes, "red", {"hold": ["red"]}),
        (SettingError, "has slope nan", codes, "red", {"method": "linear", "directions": flat}),
        (SettingError, "moves some layers only", codes, "red", {"method": "linear", "directions": half}),
        (UnknownNameError, "'red'", codes, "red", {"method": "linear", "directions": truth.without("red")}),
        (SpaceError, "lives in z", codes, "red", {"method": "linear", "directions": toy.truth_in("z")}),
    ]
    for error, message, pair, attributes, settings in cases:
        with pytest.raises(error, match=message):
            give(toy, pair, attributes, **settings)
    with pytest.raises(SettingError, match="is a combination of those held"):
        linear(toy, pairs_of(toy, codes, ("red",), NAMES[1:]), doubled, slack=0.0)
    with pytest.raises(SettingError, match="slack is -1"):
        linear(toy, pairs_of(toy, codes, ("red",), NAMES[1:]), truth, slack=-1.0)
    other = Directions(replace(direction, fingerprint="0" * 64) for direction in truth)
    with pytest.raises(FingerprintError):
        give(toy, codes, "red", method="linear", directions=other)


def test_a_table_of_labels_cannot_see_what_was_transferred(toy: ToyGenerator, codes, tmp_path):
    (tmp_path / "labels.csv").write_text("red\n" + "0.5\n" * 8)
    with pytest.raises(ScoreError, match="cannot score new images"):
        transfer(toy, ga.scorer(tmp_path / "labels.csv"), *codes, "red")


def test_more_attributes_than_axes_are_held_as_well_as_can_be():
    toy = ToyGenerator(z_dim=3, attributes=NAMES[:3], cosine=0.2)
    codes = tuple(toy.sample(4, seed=seed) for seed in (1, 2))
    found = give(toy, codes, "red", method="linear", directions=toy.truth)
    assert torch.isfinite(found.latents.codes).all()


@pytest.mark.slow
def test_a_smile_goes_from_face_to_face():
    generator, scorer = ga.load("faces"), ga.scorer("faces")
    target, source = (generator.sample(6, seed=seed, space="w") for seed in (12, 11))
    found = transfer(generator, scorer, target, source, "Smiling")
    apart = found.wanted - found.before.select(("Smiling",)).probabilities
    assert apart.abs().mean() > 0.2
    assert found.missing.abs().mean() < 0.4 * apart.abs().mean()
    assert found.drift.abs().mean() < 0.1


@pytest.mark.slow
def test_a_smile_goes_from_face_to_face_of_the_real_generator(shared):
    if importlib.util.find_spec("onnx2torch") is None:
        pytest.skip("gradients through ONNX need the extra `gradients`")
    generator = ga.load(shared / "models" / "celeba32-dcgan-generator.pt")
    scorer = ga.scorer(shared / "models" / "face-attributes.onnx")
    target, source = (generator.sample(6, seed=seed) for seed in (12, 11))
    found = transfer(generator, scorer, target, source, "Smiling")
    assert found.reached.float().mean() >= 0.8
    assert found.drift.abs().mean() < 0.05
    assert found.latents.codes.abs().max() <= 1  # the prior is uniform
