"""A panel against the truth of the toy, on the page, and as a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from studio.studied import NAMES, toy_bench

import ganatomy as ga
from ganatomy.errors import CheckpointError, ScoreError, UnknownNameError
from ganatomy.experiments.explore.panel import Panel
from ganatomy.experiments.explore.panel_file import load_panel, save_panel
from ganatomy.perception.table import TableScorer
from ganatomy.recipes import ModelReference
from ganatomy.studio.bench import Bench
from ganatomy.studio.page import panel_data
from ganatomy.studio.preparing import prepare
from ganatomy.studio.run import kept_panel, panel_file


@pytest.fixture
def panel(measured: Bench) -> Panel:
    assert measured.panel is not None
    return measured.panel


def test_directions_are_those_of_the_truth(measured: Bench, panel: Panel) -> None:
    truth = measured.generator.truth_in("w")
    for name in NAMES:
        direction = panel.move(name, [])
        assert abs(float(direction.vector @ truth[name].vector)) > 0.97
        assert direction.step > 0


def test_a_held_attribute_stays_and_the_step_changes_its_own_as_far_as_any(
    measured: Bench, panel: Panel
) -> None:
    generator, scorer = measured.generator, measured.scorer
    assert scorer is not None
    codes = generator.sample(200, seed=900, space="w", truncation_psi=0.7)
    before = scorer(generator(codes)).probabilities
    # An attribute that most images have is measured by taking it away.
    sign = -1 if float((before[:, 0] > 0.5).float().mean()) > 0.5 else 1

    def changes(hold: list[str]) -> tuple[float, dict[str, float]]:
        """Mean change of the own attribute, and mean absolute change of each other one."""
        direction = panel.move("red", hold)
        change = sign * (
            scorer(generator(ga.move(codes, direction, sign, units="step"))).probabilities - before
        )
        return float(change[:, 0].mean()), dict(
            zip(NAMES[1:], change[:, 1:].abs().mean(0).tolist(), strict=True)
        )

    own, free = changes([])
    assert own == pytest.approx(panel.target_change, abs=0.03)
    assert min(free.values()) > 0.02
    for hold in (["round"], ["round", "large", "bright"]):
        own, sizes = changes(hold)
        # With some held, the step follows from its rate, for it was not measured.
        assert own == pytest.approx(panel.target_change, abs=0.03 if len(hold) == 3 else 0.06)
        for name in hold:
            assert sizes[name] < 0.005, (name, hold)


def test_what_is_moved_is_not_held(panel: Panel) -> None:
    assert torch.equal(panel.move("red", ["red", "round"]).vector, panel.move("red", ["round"]).vector)
    with pytest.raises(UnknownNameError, match="did you mean 'red'"):
        panel.move("redd", [])


def test_the_page_gets_the_most_selective_first_and_all_that_was_measured(panel: Panel) -> None:
    data = panel_data(panel, "toy")
    lows = [entry["measured"][entry["best"]]["low"] for entry in data["directions"] if not entry["doubt"]]
    assert lows == sorted(lows, reverse=True)
    assert {entry["name"] for entry in data["directions"]} == set(NAMES)
    assert len(data["changes"]["held"]) == len(data["changes"]["alone"]) == len(NAMES)
    first = NAMES.index(data["directions"][0]["name"])
    assert data["changes"]["alone"][0][first] == pytest.approx(0.25, abs=0.06)
    margins = data["margins"]["alone"]
    assert all(
        0 < margins[row][NAMES.index(entry["name"])] < 0.2 for row, entry in enumerate(data["directions"])
    )
    assert len(data["map"]["x"]) == len(data["map"]["y"]) == len(data["map"]["scores"]["red"]) == 240


def test_a_panel_comes_back_from_its_file(panel: Panel, tmp_path: Path) -> None:
    again = load_panel(save_panel(panel, tmp_path / "toy.panel"))
    ours, theirs = panel_data(panel, "toy"), panel_data(again, "toy")
    assert ours["directions"] == theirs["directions"]
    assert torch.allclose(
        torch.tensor(ours["margins"]["held"]), torch.tensor(theirs["margins"]["held"]), atol=2e-3
    )
    for key in ("attributes", "exclusive", "notes", "space"):
        assert ours[key] == theirs[key]
    assert (again.fingerprint, again.scorer_fingerprint) == (panel.fingerprint, panel.scorer_fingerprint)
    a, b = panel.move("red", ["round"]), again.move("red", ["round"])
    # Gradients are stored in 8 bits.
    assert float((a.vector * b.vector).sum()) > 0.9999
    assert a.step == pytest.approx(b.step, rel=1e-2)
    assert a.held == b.held == ("round",)


@pytest.mark.parametrize("size", [0, 10, 200, 2000])
def test_a_file_that_was_cut_short_is_one_clear_error(panel: Panel, tmp_path: Path, size: int) -> None:
    path = save_panel(panel, tmp_path / "toy.panel")
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(CheckpointError, match=r"toy\.panel"):
        load_panel(path)


def test_without_a_scorer_directions_are_components_and_nothing_is_claimed() -> None:
    bench = toy_bench()
    panel = prepare(bench.generator, None, num_seeds=20)
    data = panel_data(panel, "toy")
    assert data["scorer"] is None
    assert data["attributes"] == []
    assert data["changes"] is None
    assert all(entry["measured"] is None for entry in data["directions"])
    assert "--scorer" in data["notes"][0]
    direction = panel.move(panel.names[0], [])
    assert direction.step == pytest.approx(direction.sigma)


def test_a_table_of_labels_cannot_measure(measured: Bench, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("red,round\n1,0\n0,1\n")
    with pytest.raises(ScoreError, match="cannot score new images"):
        prepare(measured.generator, TableScorer(tmp_path / "labels.csv"))


def test_a_panel_is_used_only_where_both_its_model_and_its_scorer_fit(
    measured: Bench, panel: Panel, tmp_path: Path
) -> None:
    path = save_panel(panel, tmp_path / "toy.panel")
    assert kept_panel(measured, path) is not None
    assert kept_panel(replace(measured, scorer=ga.scorer("digits")), path) is None
    assert kept_panel(replace(measured, scorer=None), path) is None
    assert kept_panel(replace(measured, generator=ga.load("digits")), path) is None


@pytest.mark.parametrize("name", ["faces", "digits"])
def test_the_bundled_panels_belong_to_the_bundled_models(name: str, tmp_path: Path) -> None:
    generator, scorer = ga.load(name), ga.scorer(name)
    bench = Bench(
        name=name,
        generator=generator,
        reference=ModelReference(name=name, fingerprint=generator.fingerprint),
        scorer=scorer,
    )
    panel = kept_panel(bench, tmp_path / "none.panel")
    assert panel is not None
    # Not for another scorer, even of the same attributes.
    other = replace(bench, scorer=scorer.select(scorer.names[::-1]))
    assert kept_panel(other, tmp_path / "none.panel") is None
    assert panel_file(other) != panel_file(bench)
    assert panel.attributes == tuple(scorer.names)
    assert panel.exclusive == (name == "digits")
    for direction in panel.names:  # also those of which the scorer is nearly always sure
        assert panel.move(direction, panel.names).step > 0
        assert panel.move(direction, panel.names[:2]).step > 0
    assert len(panel.gallery) == 1200
