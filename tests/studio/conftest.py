"""A studio to test: the toy with its truth, measured once, and its application."""

from __future__ import annotations

import pytest
import torch
from studio.studied import toy_bench

from ganatomy.studio.bench import Bench
from ganatomy.studio.preparing import prepare


@pytest.fixture(scope="session")
def measured() -> Bench:
    """The toy on its bench, with a panel."""
    torch.set_num_threads(1)
    bench = toy_bench()
    bench.panel = prepare(bench.generator, bench.scorer, n=240, measured=120)
    return bench
