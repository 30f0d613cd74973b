"""Ends of sliders: that they show what the sliders are named after is measured, and decides which are folded away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from studio.studied import NAMES

from ganatomy.experiments.base import Experiment
from ganatomy.experiments.explore.panel import Panel
from ganatomy.experiments.explore.panel_file import load_panel, save_panel
from ganatomy.latents import Directions
from ganatomy.studio.bench import Bench
from ganatomy.studio.page import panel_data
from ganatomy.studio.tracks import right_at_ends


@pytest.fixture
def panel(measured: Bench) -> Panel:
    assert measured.panel is not None
    return measured.panel


def test_sliders_of_the_truth_go_the_right_way_to_their_ends(panel: Panel) -> None:
    assert panel.right_at_ends is not None
    assert panel.names == list(NAMES)
    assert panel.right_at_ends.min() > 0.95


def test_a_slider_of_the_opposite_is_found_and_folded_away(measured: Bench, panel: Panel) -> None:
    wrong = panel.directions["red"]
    turned = replace(wrong, vector=-wrong.vector)
    # With nothing held the slider is the direction itself.
    sliders = replace(panel, exclusive=True, directions=Directions([turned, *panel.directions[1:]]))
    shares = right_at_ends(sliders, Experiment(measured.generator, measured.scorer))
    assert shares[0] < 0.05
    assert shares[1:].min() > 0.95

    entries = {
        entry["name"]: entry
        for entry in panel_data(replace(panel, right_at_ends=shares), "toy")["directions"]
    }
    assert not entries["red"]["works"]
    assert entries["red"]["wrong_at_ends"] > 0.95
    assert entries["round"]["wrong_at_ends"] is None
    assert entries["round"]["works"]


def test_what_was_not_measured_stays_open(panel: Panel, tmp_path: Path) -> None:
    unknown = replace(panel, right_at_ends=torch.full((len(NAMES),), torch.nan))
    for one in (unknown, replace(panel, right_at_ends=None)):
        found = load_panel(save_panel(one, tmp_path / "panel.safetensors"))
        assert (found.right_at_ends is None) == (one.right_at_ends is None)
        assert all(entry["works"] for entry in panel_data(found, "toy")["directions"])
