"""Maps of points whose neighbours are known."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import ganatomy as ga
from ganatomy.geometry import qr
from ganatomy.maps import METHODS, embed, faithfulness
from ganatomy.maps.classes import class_centres, classes_of
from ganatomy.perception.base import Scores

NEIGHBOURHOODS = ["tsne", "pca"]


@pytest.fixture(scope="module")
def groups() -> tuple[Tensor, Tensor]:
    """Three tight groups of forty points in 60 dimensions, far from each other."""
    draw = torch.Generator().manual_seed(0)
    centres = 20 * torch.randn(3, 60, generator=draw)
    kinds = torch.arange(3).repeat(40)
    return centres[kinds] + torch.randn(120, 60, generator=draw), kinds


@pytest.mark.parametrize("method", NEIGHBOURHOODS)
def test_groups_that_are_far_apart_stay_apart(groups: tuple[Tensor, Tensor], method: str) -> None:
    points, kinds = groups
    found = embed(points, method=method)
    assert found.xy.shape == (120, 2)
    told = faithfulness(points, found.xy, classes=kinds)
    assert told.class_accuracy is not None
    assert told.class_accuracy.value == 1.0
    assert told.chance == pytest.approx(1 / 3)
    assert found.method == method
    assert found.description
    assert found.notes


@pytest.mark.parametrize("method", NEIGHBOURHOODS)
def test_a_seed_draws_the_same_map_to_the_last_bit(groups: tuple[Tensor, Tensor], method: str) -> None:
    points, _ = groups
    assert torch.equal(embed(points, method=method, seed=3).xy, embed(points, method=method, seed=3).xy)


def test_pca_keeps_distances_in_a_plane_and_says_what_it_holds() -> None:
    draw = torch.Generator().manual_seed(1)
    plane = torch.randn(50, 2, generator=draw) * torch.tensor([3.0, 1.0])
    turned = plane @ qr(torch.randn(7, 2, generator=draw))[0].T
    found = embed(turned, method="pca")
    assert torch.allclose(torch.pdist(found.xy), torch.pdist(plane), atol=1e-4)
    assert float(found.xy.var(0)[0]) > float(found.xy.var(0)[1])
    assert "hold 100 % of the variance" in found.notes[0]
    told = faithfulness(turned, found.xy)
    assert (told.trustworthiness, told.continuity) == (1.0, 1.0)
    assert told.class_accuracy is None


def test_points_on_one_line_have_a_map() -> None:
    found = embed(torch.linspace(0, 1, 20)[:, None].expand(-1, 5), method="pca")
    assert float(found.xy[:, 1].abs().max()) < 1e-6
    assert embed(torch.linspace(0, 1, 20)[:, None].expand(-1, 5)).xy.isfinite().all()


def test_a_map_by_chance_is_not_trusted(groups: tuple[Tensor, Tensor]) -> None:
    points, kinds = groups
    chance = torch.randn(120, 2, generator=torch.Generator().manual_seed(2))
    told = faithfulness(points, chance, classes=kinds)
    assert 0.35 < told.trustworthiness < 0.65
    assert 0.35 < told.continuity < 0.65
    assert told.class_accuracy is not None
    assert told.class_accuracy_before is not None
    assert told.class_accuracy.value < 0.5
    assert told.class_accuracy_before.value == 1.0


def test_trustworthiness_sees_what_was_laid_on_top_and_continuity_what_was_torn() -> None:
    # A ring cut open and laid flat tears neighbours apart, and brings no strangers together.
    angle = torch.linspace(0, 2 * torch.pi, 101)[:-1]
    ring = torch.stack([angle.cos(), angle.sin()], 1)
    flat = faithfulness(ring, torch.stack([angle, 0 * angle], 1), neighbours=6)
    assert flat.trustworthiness > flat.continuity
    # Seen from the side, front and back lie on top of each other.
    side = faithfulness(ring, torch.stack([angle.cos(), 0 * angle], 1), neighbours=6)
    assert side.trustworthiness < side.continuity


def test_umap_is_an_extra(groups: tuple[Tensor, Tensor], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(ga.SettingError, match=r"pip install 'ganatomy\[umap\]'.*, or take tsne"):
        embed(groups[0], method="umap")


def test_umap_is_given_the_seed_and_one_thread(
    groups: tuple[Tensor, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[str, Any] = {}

    class Recorder:
        def __init__(self, **settings: Any) -> None:
            told.update(settings)

        def fit_transform(self, points: np.ndarray) -> np.ndarray:
            told["shape"] = points.shape
            return points[:, :2]

    umap = ModuleType("umap")
    umap.UMAP = Recorder  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setitem(sys.modules, "umap", umap)
    found = embed(groups[0], method="umap", seed=5)
    assert (told["random_state"], told["n_jobs"], told["shape"]) == (5, 1, (120, 50))
    assert found.description.startswith("UMAP, 15 neighbours")


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        (torch.zeros(7, 3), "7 points make no map"),
        (torch.zeros(20, 3), "all 20 points are the same"),
        (torch.full((20, 3), torch.nan), "not finite"),
    ],
    ids=["too few", "all the same", "not numbers"],
)
def test_what_has_no_map_is_refused(points: Tensor, reason: str) -> None:
    with pytest.raises(ga.SettingError, match=reason):
        embed(points)


def test_another_method_is_refused() -> None:
    with pytest.raises(ga.UnknownNameError, match="did you mean"):
        embed(torch.randn(20, 3), method="tnse")
    assert set(METHODS) == {"tsne", "umap", "pca"}


def test_attributes_exclude_each_other_where_probabilities_add_up_to_one() -> None:
    three = torch.randn(30, 3, generator=torch.Generator().manual_seed(0)).softmax(1)
    found = classes_of(Scores(names=("a", "b", "c"), logits=torch.logit(three)))
    assert found is not None
    assert torch.equal(found.index, three.argmax(1))
    assert sum(found.counts) == 30
    free = torch.sigmoid(torch.randn(30, 3, generator=torch.Generator().manual_seed(0)))
    assert classes_of(Scores(names=("a", "b", "c"), logits=torch.logit(free))) is None
    assert classes_of(Scores(names=("a",), logits=torch.full((30, 1), 30.0))) is None


def test_a_class_in_two_groups_has_its_centre_in_one_of_them() -> None:
    draw = torch.Generator().manual_seed(0)
    left, right, middle = (
        torch.randn(30, 2, generator=draw) * 0.1 + torch.tensor([x, 0.0]) for x in (-5, 5, 0)
    )
    xy = torch.cat([left, right, middle])
    centres = class_centres(xy, torch.tensor([0] * 60 + [1] * 30), 3)
    assert centres[0] is not None
    assert centres[1] is not None
    assert abs(abs(float(xy[centres[0].row, 0])) - 5) < 0.5
    assert abs(float(xy[centres[1].row, 0])) < 0.5
    assert centres[0].share == centres[1].share == 1.0
    assert centres[2] is None
