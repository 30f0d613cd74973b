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


SLIPS = """
import numpy as np, torch
import ganatomy as ga

def refused(call):
    try:
        return f"accepted: {call()}"
    except ga.SettingError as error:
        return str(error)

toy = ga.ToyGenerator(z_dim=16)
z, red, slips = toy.sample(1, seed=1), toy.truth[0], torch.randn(2, 16)
print(toy(ga.Latents(codes=np.zeros((2, 16)), space="z")).shape == (2, 3, 8, 8))
print(ga.grid([torch.zeros(3, 8, 8)] * 2).size == (262, 132))
print(np.asarray(toy.sample(2)).shape == (2, 16))
print(len(ga.walk(z, red, 3)) == 1)
print(refused(lambda: toy(slips)))
print(refused(lambda: ga.move(slips, red, 1.0)))
print(refused(lambda: toy.sample(1, seed="a")))
print(refused(lambda: ga.wrap(lambda codes: codes, z_dim=(4, 4))))
for device in ("cuda:77", "gpu", "abacus"):
    print(refused(lambda: ga.load("digits", device=device)))
"""


def test_the_slips_of_newcomers_work_or_say_what_to_write() -> None:
    # A process of its own, for here annotations are checked, which nothing does for users.
    done = subprocess.run([sys.executable, "-c", SLIPS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    *works, tensor_in, moved, seed, size, cuda, gpu, abacus = done.stdout.splitlines()
    assert works == ["True"] * 4
    for line in (tensor_in, moved):
        assert 'write ganatomy.Latents(codes=tensor, space="z")' in line
    assert seed == "seed is 'a', not a whole number"
    assert size == "z_dim is (4, 4), not a whole number"
    assert "device cuda:77 cannot be used" in cuda
    assert "a GPU is called cuda or mps" in gpu
    assert "devices are cpu, cuda, cuda:1 and mps" in abacus
