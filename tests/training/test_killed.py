"""A run that is killed again and again, at random moments, is the run that was not."""

import random
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from training.kills import in_processes, killed_after

from ganatomy.training.images import array_images
from ganatomy.training.loop import train_gan
from ganatomy.training.settings import GanSettings, TrainingStage

KILLS = 20
SETTINGS = GanSettings(
    architecture="stylegan2",
    widths=(8, 8, 8),
    stages=(
        # So many that kills reach the second stage, and do not end the run.
        TrainingStage(resolution=8, images=240, batch=8),
        TrainingStage(resolution=16, images=320, batch=8),
    ),
    z_dim=6,
    w_dim=6,
    mapping_layers=2,
    sheet_images=160,
    penalty_interval=2,
    settling=0.5,
    checkpoint_seconds=0.0,
)


def train_in(folder: Path, steps: int = 0, delay: float = 0.0) -> None:
    """Train, or be killed this many seconds after so many steps, in the middle of whatever is done then."""
    torch.set_num_threads(1)

    pixels = np.random.default_rng(0).integers(0, 256, (64, 16, 16, 3), dtype=np.uint8)
    train_gan(SETTINGS, array_images(pixels), folder, progress=killed_after(steps, delay))


def tensors_of(folder: Path) -> list[torch.Tensor]:
    state = torch.load(folder / "checkpoint.pt", weights_only=True)
    networks = [t for network in state["networks"].values() for t in network.values()]
    moments = [t for own in state["optimizers"].values() for s in own["state"].values() for t in s.values()]
    return networks + moments


@pytest.mark.slow
def test_twenty_kills_change_nothing_bit_for_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(0)
    run = in_processes(train_in, tmp_path, monkeypatch, preload="ganatomy.training.loop")
    assert run("unbroken") == 0
    for _ in range(KILLS):
        assert run("killed", rng.randint(1, 4), rng.uniform(0.0, 0.01)) == -signal.SIGKILL
    assert run("killed") == 0
    for one, other in zip(tensors_of(tmp_path / "killed"), tensors_of(tmp_path / "unbroken"), strict=True):
        assert torch.equal(one, other)
    tables = [(tmp_path / name / "progress.csv").read_text().splitlines() for name in ("killed", "unbroken")]
    rows = [[line.rpartition(",")[0] for line in table] for table in tables]
    assert rows[0] == rows[1]
