"""Damaged files of every format are read or refused; `benchmarks/hostile_files.py` tries many more."""

from __future__ import annotations

import random
import warnings
from pathlib import Path

import pytest
from generators.checkpoints.mutations import SAMPLES, mutate

import ganatomy as ga
from ganatomy.errors import GanatomyError

NUM_TRIED = 80


@pytest.fixture(params=SAMPLES)
def sample(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    write, ending = SAMPLES[request.param]
    path = tmp_path / f"model.{ending}"
    write(path)
    return path


def test_samples_are_valid(sample: Path) -> None:
    G = ga.load(sample)
    assert G(G.sample(1)).isfinite().all()


def test_damaged_files_are_read_or_refused(sample: Path) -> None:
    valid, refused = sample.read_bytes(), 0
    for seed in range(NUM_TRIED):
        sample.write_bytes(mutate(valid, random.Random(seed)))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                ga.load(sample)
        except GanatomyError:
            refused += 1
    assert 0.3 * NUM_TRIED < refused < NUM_TRIED
