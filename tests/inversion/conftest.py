"""Toys to invert images with, and a cache that no test leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import ganatomy as ga
from ganatomy.inversion.prepare import PreparationSize

TOYS: dict[str, Callable[[], ga.Generator]] = {
    "z, normal": lambda: ga.ToyGenerator(z_dim=6),
    "z, uniform": lambda: ga.ToyGenerator(z_dim=6, prior="uniform", channels=1),
    "w": lambda: ga.ToyGenerator(z_dim=6, w_dim=8),
    "w+": lambda: ga.ToyGenerator(z_dim=6, w_dim=8, num_layers=3),
}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and preparations that take little."""
    monkeypatch.setenv("GANATOMY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(PreparationSize, "of", lambda _: PreparationSize(images=128, products=64, own=8))
    return tmp_path / "cache"


@pytest.fixture(params=TOYS, ids=str)
def toy(request: pytest.FixtureRequest) -> ga.Generator:
    return TOYS[request.param]()
