"""Synthesis stays on its device: no number is read back from it, and none is brought to it.

On a GPU each of these would wait for all work before, and CUDA graphs refuse them; here torch's operators tell.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from tests.generators.conftest import MAKERS
from torch.utils._python_dispatch import TorchDispatchMode

READ_BACK = {"aten::_local_scalar_dense", "aten::nonzero", "aten::is_nonzero"}
BROUGHT = {"aten::lift_fresh"}
"""What `torch.tensor` of numbers in Python does."""
STYLE_BASED = [name for name in MAKERS if "stylegan" in name or "progan" in name]


class Watch(TorchDispatchMode):
    """Names every operator that is called."""

    def __init__(self) -> None:
        super().__init__()
        self.called: set[str] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.called.add(func.name().partition(".")[0])
        return func(*args, **(kwargs or {}))


def test_the_watch_sees_both_ways() -> None:
    with Watch() as watch:
        torch.ones(2).sum().item()
        torch.tensor([1.0, 2.0])
    assert watch.called & READ_BACK
    assert watch.called & BROUGHT


@pytest.mark.parametrize("name", STYLE_BASED)
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_synthesis_reads_nothing_back_and_brings_nothing(name: str, precision: str) -> None:
    torch.manual_seed(0)
    generator = MAKERS[name]()
    if precision not in generator.precisions:
        pytest.skip(f"{name} has no {precision}")
    generator.precision = precision
    space = "w" if "w" in generator.signature.spaces else "z"
    latents = generator.sample(3, seed=0, space=space)
    with torch.no_grad():
        generator.synthesize(latents)  # what is prepared once
        with Watch() as watch:
            generator.synthesize(latents)
    assert not watch.called & (READ_BACK | BROUGHT)
