"""The guides: every command and every block of Python in them is run, in their order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from generators.checkpoints import nvidia_files, test_genforce, test_keras, test_rosinality
from pages import run_page
from safetensors.torch import save_file
from torch import Tensor, nn

import ganatomy as ga
from ganatomy.generators.stylegan2 import StyleGAN2, StyleGAN2Config
from ganatomy.zoo import hub
from ganatomy.zoo.published import PUBLISHED


def weights(num_classes: int = 0) -> dict[str, Tensor]:
    config = StyleGAN2Config(widths=(8, 6), z_dim=6, w_dim=5, mapping_layers=2, num_classes=num_classes)
    return {name: tensor.detach().clone() for name, tensor in StyleGAN2(config).state_dict().items()}


def nvidia(path: Path, num_classes: int = 0) -> None:
    arguments = {"z_dim": 6, "c_dim": num_classes, "w_dim": 5, "img_resolution": 8, "img_channels": 3}
    network = nvidia_files.generator(weights(num_classes), arguments)
    nvidia_files.write(path, nvidia_files.snapshot(network))


def rosinality(path: Path) -> None:
    state = test_rosinality.Generator([6, 5]).state_dict()
    torch.save({"g_ema": state, "latent_avg": torch.randn(6)}, path)


def genforce(path: Path) -> None:
    torch.save({"generator_smooth": test_genforce.StyleGAN([6, 6, 5]).state_dict()}, path)


def stack() -> dict[str, Tensor]:
    """A DCGAN of 16 px that saw no data: nothing in it tells its strides."""
    layers = [
        nn.ConvTranspose2d(12, 8, 4),
        nn.ReLU(),
        nn.ConvTranspose2d(8, 6, 4, 2, 1),
        nn.ReLU(),
        nn.ConvTranspose2d(6, 3, 4, 2, 1),
    ]
    return nn.Sequential(*layers).state_dict()


def lightning(path: Path) -> None:
    state = {f"generator.{name}": tensor for name, tensor in stack().items()}
    state["discriminator.0.weight"] = torch.randn(8, 3, 4, 4)
    torch.save({"state_dict": state, "epoch": 99, "pytorch-lightning_version": "2.0.0"}, path)


FILES: dict[str, Callable[[Path], Any]] = {
    "network-snapshot.pkl": nvidia,
    "conditional.pkl": lambda path: nvidia(path, num_classes=3),
    "550000.pt": rosinality,
    "stylegan_ffhq.pth": genforce,
    "generator.pt": lambda path: torch.save(stack(), path),
    "generator.safetensors": lambda path: save_file(stack(), path),
    "epoch=99.ckpt": lightning,
    "generator.h5": lambda path: test_keras.write_model(path, test_keras.tensorflow_tutorial().layers),
    "generator.keras": lambda path: test_keras.write_archive(path, test_keras.tensorflow_tutorial().layers),
    "generator.npz": lambda path: np.savez(path, **{name: t.numpy() for name, t in stack().items()}),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files that the page names, a published model that lies here, and a repository that does."""
    torch.manual_seed(0)
    for name, write in FILES.items():
        write(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GANATOMY_CACHE", str(tmp_path / "cache"))
    published = tmp_path / "network-snapshot.pkl"
    model = replace(PUBLISHED["stylegan2-ada-ffhq"], url=published.as_uri())
    monkeypatch.setitem(PUBLISHED, "stylegan2-ada-ffhq", model)
    monkeypatch.setattr(
        hub,
        "fetch",
        lambda reference: hub.HubFile(path=published, reference=reference, commit="0", licence="mit"),
    )
    return tmp_path


def test_the_guide_to_generators_runs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told, _ = run_page("bring-your-own-generator.md", capsys)
    assert "samples.png is a PNG image, not a file of weights" in told
    assert {"samples.png", "class-2.png", "mine.png", "mine.safetensors", "again.safetensors"} <= {
        path.name for path in folder.iterdir()
    }
    assert "Nvidia Source Code License (non-commercial)" in told


def test_every_file_of_the_guide_is_what_it_is_said_to_be(folder: Path) -> None:
    expected = {
        "network-snapshot.pkl": ("StyleGAN2", "NVIDIA"),
        "550000.pt": ("StyleGAN2", "rosinality"),
        "stylegan_ffhq.pth": ("StyleGAN", "genforce"),
        "generator.pt": ("DCGAN", "PyTorch"),
        "generator.h5": ("DCGAN", "Keras"),
        "generator.keras": ("DCGAN", "Keras"),
    }
    for name, (architecture, form) in expected.items():
        generator = ga.load(name, resolution=16) if name == "generator.pt" else ga.load(name)
        assert generator.signature.architecture == architecture, name
        assert generator.origin is not None
        assert form in generator.origin.format, name


@pytest.mark.slow
def test_the_guide_to_finding_directions_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    told, _ = run_page("finding-directions.md", capsys)
    assert "share of the squared change of styles" in told
    assert "mouth s " in told
    assert "mean change of probability by 2 sigma along each direction, over 24 images" in told
    assert {
        "sefa.directions",
        "ganspace.directions",
        "glasses.directions",
        "named.directions",
        "sefa.png",
    } <= {path.name for path in tmp_path.iterdir()}


@pytest.mark.slow
def test_the_guide_to_edits_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    told, _ = run_page("edits.md", capsys)
    assert "smiling.png: 2 edited, 2 of 2 reached: Smiling" in told
    assert '"held_drift"' in told
    assert "Smiling" in told.splitlines()[-2]
    assert {"smiling.png", "older.latents", "smiles.png"} <= {path.name for path in tmp_path.iterdir()}
