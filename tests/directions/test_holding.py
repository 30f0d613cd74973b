"""Holding any attributes at once, against the methods that hold all others, and against the truth of the toy."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

import ganatomy as ga
from ganatomy.directions.holding import Holding, holding
from ganatomy.errors import SettingError, UnknownNameError
from ganatomy.generators.toy import ToyGenerator
from ganatomy.perception.oracle import OracleScorer


@pytest.fixture(scope="module", params=range(5), ids="toy {}".format)
def seen(request: pytest.FixtureRequest) -> ga.Survey:
    toy = ToyGenerator(z_dim=8, seed=request.param)
    found = ga.survey(toy, OracleScorer(toy), n=400, seed=0)
    return ga.differentiate(found, toy, OracleScorer(toy), n=32)


@pytest.fixture(scope="module")
def held(seen: ga.Survey) -> Holding:
    return holding(seen)


def test_with_all_others_held_the_step_is_that_of_selective(seen: ga.Survey, held: Holding) -> None:
    directions = ga.selective(seen)
    for direction in directions:
        step = held.step(direction.name, [n for n in held.names if n != direction.name])
        assert torch.allclose(step.vector, direction.vector, atol=1e-5)


def test_what_is_held_stays_and_what_is_not_may_move(seen: ga.Survey, held: Holding) -> None:
    assert seen.jacobians is not None
    moved, first, second = held.names[:3]
    gradients = seen.jacobians.select(held.names).probability_gradients.flatten(2)

    def change(hold: list[str], of: str) -> float:
        step = held.step(moved, hold).vector
        along = gradients @ step
        return float(
            along[:, held.names.index(of)].abs().mean() / along[:, held.names.index(moved)].abs().mean()
        )

    assert change([first], first) < 0.1 * max(change([], first), 0.05)
    assert change([first], second) == pytest.approx(change([], second), abs=0.5)
    assert change([first, second], second) < 0.1 * max(change([first], second), 0.05)


def test_what_is_held_firmly_changes_less(seen: ga.Survey, held: Holding) -> None:
    """A term that counts more in a sum of squares is smaller in its minimum; what is not held cannot be firm."""
    assert seen.jacobians is not None
    moved, *others = held.names
    gradients = seen.jacobians.select(held.names).probability_gradients.flatten(2)

    def change(of: str, firm: list[str], hold: list[str] = others) -> float:
        step = held.step(moved, hold, firm)
        along = gradients @ (step.vector / step.rate)
        return float(along[:, held.names.index(of)].square().mean())

    for other in others:
        assert change(other, [other]) <= change(other, []) * (1 + 1e-4)
        assert change(other, [other], []) == pytest.approx(change(other, [], []))
    assert sum(change(one, [one]) for one in others) < 0.9 * sum(change(one, []) for one in others)


def test_the_rate_is_what_one_unit_changes(seen: ga.Survey, held: Holding) -> None:
    assert seen.jacobians is not None
    name = held.names[0]
    step = held.step(name, held.names[1:2])
    gradients = seen.jacobians.select([name]).probability_gradients.flatten(2)[:, 0]
    assert step.rate == pytest.approx(float((gradients @ step.vector).mean()), rel=1e-4)
    assert float(step.vector.norm()) == pytest.approx(1, abs=1e-5)


def test_a_function_learnt_from_labels_can_be_followed_as_well(seen: ga.Survey, held: Holding) -> None:
    """A function that mixes two attributes, such as few labels give: the second is held, the first changes."""
    wanted, other = held.names[:2]
    found = ga.regression(seen)
    mixed = found[wanted].vector + found[other].vector
    mixed = mixed / mixed.norm()
    step = held.toward(mixed, [other])
    assert float(step.vector.norm()) == pytest.approx(1, abs=1e-5)
    assert step.rate == pytest.approx(float(step.vector @ mixed), rel=1e-4)
    assert seen.jacobians is not None
    gradients = seen.jacobians.select(held.names).probability_gradients.flatten(2)

    def changes(along: torch.Tensor) -> tuple[float, float]:
        both = (gradients @ along).abs().mean(0)
        return float(both[0]), float(both[1])

    free, bent = changes(mixed), changes(step.vector)
    assert bent[1] < 0.3 * free[1]
    assert bent[0] > 0.5 * free[0]
    with pytest.raises(SettingError, match="codes do not vary"):
        held.toward(torch.zeros_like(mixed), [other])


def test_without_gradients_it_is_near_to_held() -> None:
    toy = ToyGenerator(z_dim=8, seed=3)
    seen = ga.survey(toy, OracleScorer(toy), n=400, seed=0)
    found = holding(seen)
    for direction in ga.held(seen):
        step = found.step(direction.name, [n for n in found.names if n != direction.name])
        assert float((step.vector * direction.vector).sum()) > 0.999


def test_more_codes_than_evidence_is_no_matter() -> None:
    toy = ToyGenerator(z_dim=40, seed=3)
    seen = ga.differentiate(ga.survey(toy, OracleScorer(toy), n=48, seed=0), toy, OracleScorer(toy), n=16)
    found = holding(seen)
    directions = ga.selective(seen)
    step = found.step(found.names[0], found.names[1:])
    assert torch.allclose(step.vector, directions[0].vector, atol=1e-4)


def test_what_cannot_be_is_refused(held: Holding) -> None:
    with pytest.raises(SettingError, match="cannot be held while it is moved"):
        held.step(held.names[0], held.names)
    with pytest.raises(UnknownNameError, match="nobody"):
        held.step("nobody", [])


def test_an_attribute_without_gradients_is_refused(held: Holding) -> None:
    flat = replace(held, gradients=torch.zeros_like(held.gradients))
    with pytest.raises(SettingError, match="the mean gradient of"):
        flat.step(held.names[0], held.names[1:])
    sure = held.gradients.clone()
    sure[:, 1:] = 0
    assert float(
        replace(held, gradients=sure).step(held.names[0], held.names[1:]).vector.norm()
    ) == pytest.approx(1)
