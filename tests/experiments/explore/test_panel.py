"""The control panel of an exploration: the figures of its report, for every attribute, and as a file beside it."""

from __future__ import annotations

import pytest
import torch
from experiments.explore.reported import Reported

import ganatomy as ga
from ganatomy.experiments.explore.panel import Panel
from ganatomy.experiments.explore.panel_file import PANEL_FILE, load_panel
from ganatomy.experiments.explore.run import BASE, HELD


@pytest.fixture(scope="module")
def panel(reported: Reported) -> Panel:
    return Panel.of(reported.exploration)


@pytest.mark.parametrize("method", [BASE, HELD])
def test_sliders_have_the_figures_of_the_report(reported: Reported, panel: Panel, method: str) -> None:
    found = reported.exploration
    sliders = {BASE: panel.alone, HELD: panel.held}[method]
    assert sliders is not None
    figures = (
        found.entanglement[method].selectivity().directions | found.read(method).selectivity().directions
    )
    for k, name in enumerate(panel.names):
        assert float(sliders.steps[k]) == pytest.approx(found.step(method, name))
        expected = figures[name]
        assert sliders.selectivity_of(k).data() == pytest.approx(expected.data(), rel=1e-5, nan_ok=True)


def test_changes_of_attributes_without_a_slider_are_kept(reported: Reported, panel: Panel) -> None:
    found = reported.exploration
    assert panel.attributes == found.survey.names == (*found.attributes, "rare")
    assert panel.alone is not None
    assert torch.allclose(panel.alone.changes[:, :3], found.entanglement[BASE].mean_change)
    assert torch.equal(panel.alone.changes[:, 3:], found.skipped_changes[BASE])
    assert any("rare (too few images" in note for note in panel.notes)


def test_the_folder_of_the_report_has_the_panel(reported: Reported, panel: Panel) -> None:
    again = load_panel(reported.folder / PANEL_FILE)
    assert again.names == panel.names
    assert again.order == panel.order
    ours, theirs = (one.move("Young", ["red"]) for one in (panel, again))
    # The file has gradients in 8 bits.
    assert torch.cosine_similarity(ours.vector, theirs.vector, dim=0) > 0.9999
    assert ours.step == pytest.approx(theirs.step, rel=1e-2)


@pytest.mark.parametrize("psi", [1.0, 0.5])
def test_the_gallery_shows_each_seed_as_it_is_drawn(psi: float) -> None:
    toy = ga.ToyGenerator(w_dim=16, seed=0)
    experiment = ga.Experiment(toy, ga.scorer(toy))
    found = ga.explore(experiment, n=200, methods=(), measured=8, measured_psi=psi)
    panel = Panel.of(found)
    assert panel.truncation_psi == psi
    codes = toy.sample(1, seed=7, space="w", truncation_psi=psi)
    expected = experiment.image_scorer(toy(codes)).probabilities[0]
    assert torch.allclose(panel.gallery.probabilities[7], expected, atol=1e-5)
    assert panel.gallery.features is not None
    assert len(panel.gallery) == len(panel.gallery.features) == 200
    assert panel.gallery.xy.abs().max() == 1


@pytest.mark.parametrize("space", ["z", "w+"])
def test_a_panel_edits_in_the_space_of_its_exploration(space: str) -> None:
    toy = ga.ToyGenerator(w_dim=8, num_layers=3, seed=0)
    found = ga.explore(ga.Experiment(toy, ga.scorer(toy), space=space), n=200, methods=(), measured=8)
    direction = Panel.of(found).move("red", hold=["round", "large"])
    codes = toy.sample(2, seed=1, space=space)
    assert direction.space == space
    assert not torch.equal(ga.move(codes, direction, 1, units="step").codes, codes.codes)
