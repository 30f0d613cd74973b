"""The layout of a generator's own images: measured once, remembered, and none where they show no faces."""

from __future__ import annotations

import pytest
import torch
from photographs.files import celeba_points, finds

from ganatomy.generators.toy import ToyGenerator
from ganatomy.photographs import CELEBA, Photograph, model_layout
from ganatomy.photographs.model_layout import NUM_SAMPLES


def test_it_is_measured_once(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANATOMY_CACHE", str(tmp_path))
    toy = ToyGenerator(z_dim=6)
    seen = []

    def detector(photograph: Photograph):
        seen.append(photograph)
        return finds(celeba_points(photograph.size[0]))(photograph)

    reported = []
    first = model_layout(toy, detector, progress=lambda done, total: reported.append((done, total)))
    assert first is not None
    assert torch.allclose(first.points, CELEBA.points)
    assert reported[-1] == (NUM_SAMPLES, NUM_SAMPLES)
    assert len(seen) == NUM_SAMPLES
    again = model_layout(toy, detector)
    assert again is not None
    assert torch.allclose(again.points, first.points)
    assert len(seen) == NUM_SAMPLES


def test_images_without_faces_have_none_which_is_remembered(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANATOMY_CACHE", str(tmp_path))
    toy = ToyGenerator(z_dim=6)
    assert model_layout(toy, finds()) is None
    assert model_layout(toy, finds(celeba_points(64))) is None
