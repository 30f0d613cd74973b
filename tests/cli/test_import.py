"""Directions and codes of others: brought in by `ganatomy import`, or taken as they are."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import ganatomy as ga
from ganatomy.recipes import Given


@pytest.fixture
def codes(files: Any, tmp_path: Path) -> Path:
    """Codes in w+ as others write them: `[n, layers, d]`."""
    G = ga.load(files.style)
    w = G.sample(2, seed=4, space="w").codes
    path = tmp_path / "theirs.npy"
    np.save(path, w[:, None].repeat(1, G.signature.num_layers, 1).numpy())
    return path


def test_codes_come_in_where_the_ending_says_so(run: Any, files: Any, codes: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine.latents"
    outcome = run("import", codes, "--model", files.style, "-o", out)
    assert outcome.code == 0, outcome.err
    found = ga.load_latents(out)
    assert (str(found.space), len(found)) == ("w+", 2)
    torch.testing.assert_close(found.codes, torch.from_numpy(np.load(codes)))


def test_commands_take_codes_of_others_as_they_are(run: Any, files: Any, codes: Path, tmp_path: Path) -> None:
    out = tmp_path / "edited.png"
    name = ga.load_directions(files.directions).names[0]
    move = ["--directions", files.directions, "--move", f"{name}=1", "--scorer", files.scorer]
    outcome = run("edit", files.style, codes, *move, "-o", out)
    assert outcome.code == 0, outcome.err
    assert "2 edited" in outcome.out
    taken = ga.read_recipe(out).codes
    assert isinstance(taken, Given)
    torch.testing.assert_close(taken.latents.codes, torch.from_numpy(np.load(codes)))


def test_what_does_not_fit_is_said(run: Any, files: Any, tmp_path: Path) -> None:
    G = ga.load(files.style)
    np.save(tmp_path / "wide.npy", np.zeros((1, 18, 512), dtype=np.float32))
    rest = ["--to", "Smiling=.9", "--scorer", files.scorer, "-o", tmp_path / "x.png"]
    refused = run("edit", files.style, tmp_path / "wide.npy", *rest)
    assert "no vectors of this generator" in refused.complaint
    np.save(tmp_path / "bare.npy", np.zeros((1, G.signature.z_dim), dtype=np.float32))
    refused = run("edit", files.style, tmp_path / "bare.npy", *rest)
    assert "which fits z and w; say which with space=, or `ganatomy import --space`" in refused.complaint
