"""Conditional directions, against the published ones and by what they owe."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ganatomy.directions import condition
from ganatomy.errors import SettingError, SpaceError
from ganatomy.latents import Direction, Space


def direction(name: str, *vector: float, space: Space = Space.Z, slope: float = 1.0) -> Direction:
    return Direction(
        name=name, vector=torch.tensor(vector, dtype=torch.float64), space=space, slope=slope, auc=0.9
    )


def test_interfacegan_s_conditional_boundaries_are_reproduced(shared: Path):
    folder = shared / "reference" / "interfacegan-boundaries"

    def boundary(name: str) -> Direction:
        vector = torch.from_numpy(np.load(folder / f"{name}_boundary.npy"))[0].double()
        return Direction(name=name, vector=vector, space=Space.Z)

    published = sorted(path.name.removesuffix("_boundary.npy") for path in folder.glob("*_c_*.npy"))
    assert len(published) == 13
    for name in published:
        model, target = name.split("_c_")[0].rsplit("_", 1)
        others = [boundary(f"{model}_{other}") for other in name.split("_c_")[1].split("_")]
        found = condition(boundary(f"{model}_{target}"), others)
        assert (found.vector - boundary(name).vector).abs().max() < 1e-12, name


def test_a_conditional_direction_is_orthogonal_to_the_others_and_its_slope_is_what_is_left():
    glasses = direction("glasses", 3.0, 4.0, 0.0, slope=2.0)
    found = condition(glasses, [direction("age", 0.0, 1.0, 0.0), direction("again", 0.0, 2.0, 0.0)])
    torch.testing.assert_close(found.vector, torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64))
    assert found.slope == pytest.approx(2.0 * 0.6)
    assert np.isnan(found.auc)
    assert found.method == "given, conditioned on age, again"
    assert found.name == "glasses"


def test_nothing_to_condition_on_changes_nothing():
    glasses = direction("glasses", 3.0, 4.0)
    assert condition(glasses, []) is glasses


def test_a_direction_made_of_the_others_is_refused():
    with pytest.raises(SettingError, match="nothing of 'sum' is left without a, b"):
        condition(
            direction("sum", 1.0, 1.0, 0.0), [direction("a", 1.0, 0.0, 0.0), direction("b", 0.0, 1.0, 0.0)]
        )


def test_directions_of_different_spaces_are_refused():
    with pytest.raises(SpaceError, match="'a' in z"):
        condition(direction("a", 1.0, 0.0), [direction("b", 0.0, 1.0, space=Space.W)])
