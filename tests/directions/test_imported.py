"""Directions and codes of others: the vectors are theirs, their scale is measured on the model."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import ganatomy as ga
from ganatomy.cli import main
from ganatomy.latents import Space

Z, W, LAYERS = 6, 8, 3


@pytest.fixture
def toy() -> ga.ToyGenerator:
    return ga.ToyGenerator(z_dim=Z, w_dim=W, num_layers=LAYERS)


def vectors(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def numpy(array: np.ndarray, path: Path) -> None:
    np.save(path, array)


def tensor(array: np.ndarray, path: Path) -> None:
    torch.save(torch.from_numpy(array), path)


def ganspace(array: np.ndarray, path: Path) -> None:
    np.savez(path, lat_comp=array[:, None], lat_mean=array[:1], act_comp=array, var_ratio=np.ones(len(array)))


def sefa(array: np.ndarray, path: Path) -> None:
    torch.save({"ckpt": "550000.pt", "eigvec": torch.from_numpy(array).T.contiguous()}, path)


DIRECTIONS: dict[str, tuple[Callable, tuple[int, ...], str, str, int]] = {
    "a boundary of InterFaceGAN": (numpy, (1, W), "npy", "w", 1),
    "a vector": (tensor, (Z,), "pt", "z", 1),
    "components of GANSpace": (ganspace, (4, W), "npz", "w", 4),
    "factors of SeFa": (sefa, (W, W), "pt", "w", W),
    "one direction for all layers": (numpy, (LAYERS, W), "npy", "w+", 1),
    "several for all layers": (tensor, (2, LAYERS, W), "pt", "w+", 2),
}


@pytest.mark.parametrize("case", DIRECTIONS.values(), ids=DIRECTIONS)
def test_directions_come_in_with_their_spread(case, toy: ga.ToyGenerator, tmp_path: Path) -> None:
    write, shape, ending, space, count = case
    given = vectors(*shape)
    write(given, tmp_path / f"smile.{ending}")
    found = ga.import_directions(toy, tmp_path / f"smile.{ending}", space=space)
    assert (len(found), found.space) == (count, space)
    assert found.names[0] == ("smile" if count == 1 else "smile-1")
    rows = torch.from_numpy(given).reshape(count, -1)
    unit = rows / rows.norm(dim=1, keepdim=True)
    torch.testing.assert_close(found.matrix, unit)
    codes = toy.sample(4000, seed=9, space=space).codes.flatten(1)
    torch.testing.assert_close(
        torch.tensor([direction.sigma for direction in found]), (codes @ unit.T).std(0), rtol=0.1, atol=0
    )
    assert {direction.fingerprint for direction in found} == {toy.fingerprint}


def test_the_slope_is_that_of_the_attribute(toy: ga.ToyGenerator, tmp_path: Path) -> None:
    true = toy.sample(1, space="w")
    axis = vectors(W)
    np.save(tmp_path / "a.npy", axis)
    unit = torch.from_numpy(axis / np.linalg.norm(axis))

    codes = toy.sample(500, seed=1, space="w")
    images = toy(codes)
    weights = torch.linalg.lstsq(images.flatten(1), codes.codes @ unit * 3 + 1).solution

    def bright(images: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(images.flatten(1) @ weights)[:, None]

    scorer = ga.scorer(bright, names=["Bright"])
    found = ga.import_directions(toy, tmp_path / "a.npy", space="w", name="Bright", scorer=scorer)
    survey = ga.survey(toy, scorer, n=500, space="w", seed=1)
    along = survey.latents.codes @ unit
    expected = np.polyfit(along.numpy(), survey.scores.logits[:, 0].numpy(), 1)
    assert found["Bright"].slope == pytest.approx(expected[0], rel=0.02)
    assert found["Bright"].intercept == pytest.approx(expected[1], abs=0.05)
    assert true.space is Space.W


def test_codes_come_in(toy: ga.ToyGenerator, tmp_path: Path) -> None:
    np.savez(tmp_path / "projected_w.npz", w=vectors(1, LAYERS, W))
    found = ga.import_latents(toy, tmp_path / "projected_w.npz")
    assert (found.space, found.codes.shape) == (Space.W_PLUS, (1, LAYERS, W))
    assert toy(found).shape[0] == 1
    torch.save(
        {"me.png": {"img": None, "latent": torch.from_numpy(vectors(W)), "noise": []}}, tmp_path / "me.pt"
    )
    assert ga.import_latents(toy, tmp_path / "me.pt").space is Space.W


@pytest.mark.parametrize(
    ("shape", "space", "message"),
    [
        ((LAYERS, W), None, "which fits w and w\\+; say which with space="),
        ((1, 9), None, r"no vectors of this generator; it has z \[6\], w \[8\], w\+ \[3x8\]"),
        ((18, W), "w+", r"no vectors of w\+"),
        ((18, W), None, "18 vectors of w, or one of w\\+ of a model with 18 layers, where this one has 3"),
    ],
    ids=["ambiguous", "another length", "layers of another model", "maybe layers of another model"],
)
def test_shapes_that_do_not_fit_are_refused(shape, space, message, toy, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", vectors(*shape))
    with pytest.raises(ga.SpaceError, match=message):
        ga.import_directions(toy, tmp_path / "a.npy", space=space)
    with pytest.raises(ga.SpaceError, match=message):
        ga.import_latents(toy, tmp_path / "a.npy", space=space)


def test_files_that_hold_something_else_are_refused(toy, tmp_path: Path) -> None:
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ga.CheckpointError, match="holds objects"):
        ga.import_directions(toy, tmp_path / "objects.npy")
    np.savez(tmp_path / "w.npz", w=vectors(1, LAYERS, W))
    with pytest.raises(ga.CheckpointError, match="holds latent codes"):
        ga.import_directions(toy, tmp_path / "w.npz")
    (tmp_path / "text.npy").write_bytes(b"\x93NUMPY\x01\x00hello")
    with pytest.raises(ga.CheckpointError, match="cut off or damaged"):
        ga.import_directions(toy, tmp_path / "text.npy")
    with pytest.raises(ga.MissingFileError):
        ga.import_latents(toy, tmp_path / "missing.npz")


def test_codes_are_checked_against_the_model(toy) -> None:
    longer = ga.Latents(codes=torch.zeros(1, 18, W), space=Space.W_PLUS)
    with pytest.raises(ga.SpaceError, match="have 3 layers, these have 18"):
        toy(longer)


@pytest.mark.slow
def test_an_array_has_no_space_so_a_generator_refuses_it() -> None:
    """In a process of its own, for here the types of arguments are checked before."""
    command = [
        sys.executable,
        "-c",
        "import numpy as np, ganatomy as ga; ga.ToyGenerator()(np.zeros((1, 8)))",
    ]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    assert "codes come as Latents, which know their space, not as ndarray" in told


def test_the_command_line_imports_and_takes_them_in_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(tmp_path / "Smiling.npy", vectors(1, 64))
    out = tmp_path / "smile.directions"
    model = ["--model", "digits"]
    assert main(["import", str(tmp_path / "Smiling.npy"), *model, "-o", str(out)]) == 0
    assert "Smiling: sigma 0.9" in capsys.readouterr().out.replace("sigma 1", "sigma 0.9")
    walk = ["walk", "digits", "--seed", "1", "--from", "-1", "--to", "1", "-o", str(tmp_path / "walk.png")]
    assert main([*walk, "--along", f"{out}:Smiling"]) == 0
    assert main([*walk, "--along", f"{tmp_path / 'Smiling.npy'}:Smiling"]) == 0
