"""What people give to functions: it works, or one of our errors says what to give."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import ganatomy as ga
from ganatomy.arguments import tensor, whole
from ganatomy.errors import SettingError

ROOT = Path(__file__).parents[1]
RUNS = int(os.environ.get("GANATOMY_FUZZ_RUNS", "100"))
"""Random calls of functions and commands; 5000 takes minutes."""


@pytest.mark.slow
def test_wrong_types_get_our_errors_only() -> None:
    """In a process of its own, for here annotations are checked before our functions are."""
    command = [
        sys.executable,
        "-W",
        "ignore",
        str(ROOT / "benchmarks" / "wrong_types.py"),
        "--runs",
        str(10 * RUNS),
    ]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize("value", [3, np.int64(3), np.array(3), torch.tensor(3)])
def test_whole_numbers_of_every_library(value: object) -> None:
    assert whole("n", value) == 3


@pytest.mark.parametrize("value", ["3", 2.5, 3.0, True, None, [3], -1, 2**63])
def test_what_is_no_whole_number_is_refused(value: object) -> None:
    with pytest.raises(SettingError, match="n (is|-1|9)"):
        whole("n", value)


@pytest.mark.parametrize("value", ["a", None, {}, [1, [2]], [np.zeros(2), np.zeros(3)], 1j, np.array(["a"])])
def test_what_is_no_tensor_is_refused(value: object) -> None:
    with pytest.raises(SettingError, match="images are numbers"):
        tensor("images", value)


def test_codes_are_arrays_too() -> None:
    codes = np.arange(6, dtype=np.float32).reshape(2, 3)
    latents = ga.Latents(codes=tensor("codes", codes), space=ga.Space.Z)
    assert np.array_equal(np.asarray(latents), codes)


def test_images_that_are_no_numbers_are_counted() -> None:
    images = torch.zeros(3, 3, 4, 4)
    images[1, 0, 0, 0] = torch.nan
    with pytest.raises(SettingError, match="1 of 3 images are not finite numbers, the first in row 1"):
        ga.grid(images)
