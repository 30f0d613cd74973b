"""Refined edits, and the ends of sliders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from starlette.testclient import TestClient, WebSocketTestSession
from studio.studied import NAMES, ask, connected, refined, scene
from torch import Tensor, nn

import ganatomy as ga
from ganatomy.critics import Critic, Realness
from ganatomy.directions.holding import FIRM
from ganatomy.generators.natural_codes import UNUSUAL
from ganatomy.generators.toy import ToyGenerator
from ganatomy.guidance import GuidedSettings, guided
from ganatomy.recipes.parts import read_direction
from ganatomy.studio.bench import Bench
from ganatomy.studio.goals import FAR_DAMPING, Goals
from ganatomy.studio.page import LIMIT, panel_data, starts
from ganatomy.studio.ranges import LOOKED_AT
from ganatomy.studio.scenes import Scene
from ganatomy.studio.server import Studio, application


@pytest.fixture
def socket(measured: Bench) -> Iterator[WebSocketTestSession]:
    with (
        TestClient(application(Studio([measured])), base_url="http://localhost") as client,
        connected(client) as found,
    ):
        yield found


def test_a_refined_edit_reaches_the_score_and_changes_less(
    socket: WebSocketTestSession, measured: Bench
) -> None:
    edit = scene(3, moves={"red": -1.5}, hold=[])
    found = refined(socket, [edit], {"red": 0.2})
    last = found[-1][0]
    assert last["name"] == "red to 0.20"
    assert last["refined"]["own"]["red"] == pytest.approx(0.2, abs=0.05)
    assert last["refined"]["others"] < last["slider"]["others"]
    assert found[-2][0]["kind"] == "sheet", "the image comes before the figures"
    (direction,) = last["directions"]
    own = scene(3, moves={last["name"]: 1.0}, own={last["name"]: direction})
    (_, scores) = ask(socket, {"kind": "image", "scene": own, "scores": True}, answers=2)
    assert scores[0]["scores"]["red"] == pytest.approx(0.2, abs=0.05)
    # It is the edit of the library.
    origin = measured.generator.sample(1, seed=3, space="w", truncation_psi=0.7)
    assert measured.scorer is not None
    settings = GuidedSettings(begin=measured.codes([Scene.read(edit, "")]), damping=FAR_DAMPING, beyond=1.0)
    expected = guided(measured.generator, measured.scorer, origin, {"red": 0.2}, settings=settings)
    moved = ga.move(origin, read_direction(direction, ""), 1, units="step")
    assert float((moved.codes - expected.latents.codes).norm()) < 1e-4 * float(expected.latents.codes.norm())


def test_a_sheet_of_images_is_refined_together(socket: WebSocketTestSession) -> None:
    scenes = [scene(seed, moves={"red": 1.0}) for seed in range(4)]
    last = refined(socket, scenes, {"red": 0.9})[-1][0]
    assert len(last["directions"]) == 4
    assert last["refined"]["own"]["red"] == pytest.approx(0.9, abs=0.06)


def test_what_is_refined_replaces_its_sliders_and_keeps_the_others(socket: WebSocketTestSession) -> None:
    assert "move a slider first" in refined(socket, [scene(3)], {})[-1][0]["error"]
    assert "nothing" in refined(socket, [scene(3)], {"nothing": 0.5})[-1][0]["error"]


def test_a_track_ends_where_codes_get_rare(socket: WebSocketTestSession, measured: Bench) -> None:
    ((found, _),) = ask(socket, {"kind": "ranges", "scene": scene(3, moves={"round": 1.0})}, slot="ranges")
    assert set(found["ranges"]) == set(NAMES)
    for name, (first, rare_low, rare_high, last) in found["ranges"].items():
        assert -LIMIT <= first <= rare_low < 0 < rare_high <= last <= LIMIT
        if last < LIMIT:
            edit = Scene.read(scene(3, moves={"round": 1.0, name: last}), "")
            end = measured.codes([edit])
            beyond = measured.codes([replace(edit, moves={**edit.moves, name: last + 0.1})])
            natural = measured.natural(end.space)
            percentiles = [
                max(float(seen.percentile), float(seen.nearest_percentile))
                for seen in map(natural.likelihood, (end, beyond))
            ]
            assert percentiles[0] <= UNUSUAL < percentiles[1] or last == pytest.approx(0.5)


class DislikesRed(Critic):
    """To which an image looks less real the redder it is."""

    resolution, channels = 16, 3

    def __init__(self, toy: ToyGenerator) -> None:
        super().__init__()
        self.toy, self.weight = toy, nn.Parameter(torch.ones(1))

    def layers(self, images: Tensor) -> list[Tensor]:
        return [images]

    def fitted(self, images: Tensor) -> Tensor:
        return images

    def forward(self, images: Tensor) -> Tensor:
        return -self.toy.read(images)[:, NAMES.index("red")]


def test_a_track_ends_where_images_look_unreal_to_the_critic(measured: Bench) -> None:
    assert isinstance(measured.generator, ToyGenerator)
    critic = DislikesRed(measured.generator)
    bench = replace(measured, critic=critic)
    typical = bench.generator.sample(400, seed=1, space="w", truncation_psi=0.4)
    bench.realness = Realness(critic=critic, drawn=critic(bench.draw(typical)).detach().sort().values)
    assert bench.data()["has_critic"]
    with (
        TestClient(application(Studio([bench])), base_url="http://localhost") as client,
        connected(client) as socket,
    ):
        start = scene(3, hold=[])
        by_codes, by_images = (
            facts["ranges"]["red"]
            for facts, _ in ask(socket, {"kind": "ranges", "scene": start}, slot="ranges", answers=2)
        )
    assert by_images[:2] == by_codes[:2], "less red is no less real"
    assert by_images[3] < by_codes[3]
    assert by_images[2] <= by_images[3]
    end, beyond = (
        bench.codes([Scene.read({**start, "moves": {"red": by_images[3] + more}}, "")])
        for more in (0, LOOKED_AT)
    )
    seen = [float(bench.realness.percentiles(bench.draw(codes))) for codes in (end, beyond)]
    assert seen[0] <= UNUSUAL < seen[1]


def test_what_helps_is_held_by_default(measured: Bench) -> None:
    panel = measured.panel
    assert panel is not None
    edit = Scene.read(scene(3, moves={"red": 1.0}, hold="best"), "")
    direction = measured.direction("red", edit)
    data = {entry["name"]: entry for entry in panel_data(panel, "toy")["directions"]}
    assert direction.held == (panel.best_hold("red") if data["red"]["best"] == "held" else ())
    assert data["red"]["measured"]["held"]["value"] > data["red"]["measured"]["alone"]["value"]
    # Where the evidence says otherwise, nothing is held.
    assert panel.alone is not None
    worse = replace(
        panel, held=panel.alone, alone=replace(panel.alone, selectivity=panel.alone.selectivity * 2)
    )
    assert worse.best_hold("red") == ()


def test_the_page_opens_with_an_image_in_which_the_first_slider_shows(measured: Bench) -> None:
    panel = measured.panel
    assert panel is not None
    name, seeds = starts(panel)
    assert name == panel.names[panel.order[0]]

    def after_a_step(seed: int) -> tuple[float, float]:
        scenes = [Scene.read(scene(seed, moves=moves, hold="best"), "") for moves in ({}, {name: 1.0})]
        found = measured.codes(scenes)
        scores = measured.scores(measured.draw(found), found)
        assert scores is not None
        return scores[name][0], scores[name][1]

    was, now = after_a_step(measured.start_seed(panel))
    assert 0.01 < was < 0.6
    assert now - was == pytest.approx(max(b - a for a, b in map(after_a_step, seeds)), abs=1e-3)
    assert now - was > 0.2


def test_the_page_does_not_open_with_an_image_unlike_all_others(measured: Bench) -> None:
    panel = measured.panel
    assert panel is not None
    _, (best, *_) = starts(replace(panel, gallery=replace(panel.gallery, features=None)))
    features = torch.randn(len(panel.gallery), 9, generator=torch.Generator().manual_seed(0))
    features[best] += 50
    assert best not in starts(replace(panel, gallery=replace(panel.gallery, features=features)))[1]


def test_a_score_is_reached_without_a_slider(socket: WebSocketTestSession) -> None:
    last = refined(socket, [scene(3, hold="all")], {"red": 0.6})[-1][0]
    assert last["before"]["red"] < 0.5
    assert last["refined"]["own"]["red"] == pytest.approx(0.6, abs=0.05)


def test_a_firm_padlock_is_held_before_the_others_in_refined_edits(measured: Bench) -> None:
    target = measured.scorer
    assert target is not None
    goals = Goals(to={"red": 0.9}, hold="all", firm=("round",), common=torch.zeros(1, 8))
    assert goals.settings(target, lambda *_: None).counts == {"round": FIRM}
