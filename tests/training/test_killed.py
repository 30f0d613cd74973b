"""A run that is killed again and again, at random moments, is the run that was not."""

import multiprocessing
import random
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from ganatomy.training.images import array_images
from ganatomy.training.loop import train_gan
from ganatomy.training.settings import GanSettings, TrainingStage

KILLS = 20
SETTINGS = GanSettings(
    architecture="stylegan2",
    widths=(8, 8, 8),
    stages=(
        TrainingStage(resolution=8, images=800, batch=8),
        TrainingStage(resolution=16, images=800, batch=8),
    ),
    z_dim=6,
    w_dim=6,
    mapping_layers=2,
    sheet_images=400,
    penalty_interval=2,
    checkpoint_seconds=0.0,
)


def train_in(folder: Path) -> None:
    torch.set_num_threads(1)
    pixels = np.random.default_rng(0).integers(0, 256, (64, 16, 16, 3), dtype=np.uint8)
    train_gan(SETTINGS, array_images(pixels), folder)


def tensors_of(folder: Path) -> list[torch.Tensor]:
    state = torch.load(folder / "checkpoint.pt", weights_only=True)
    networks = [t for network in state["networks"].values() for t in network.values()]
    moments = [t for own in state["optimizers"].values() for s in own["state"].values() for t in s.values()]
    return networks + moments


@pytest.mark.slow
def test_twenty_kills_change_nothing_bit_for_bit(tmp_path: Path) -> None:
    # A server that has imported everything starts each run in a moment.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["ganatomy.training.loop"])
    rng, killed = random.Random(0), 0

    def start(name: str) -> multiprocessing.process.BaseProcess:
        process = context.Process(target=train_in, args=(tmp_path / name,))
        process.start()
        return process

    unbroken = start("unbroken")
    unbroken.join()
    assert unbroken.exitcode == 0
    seconds = (tmp_path / "unbroken" / "checkpoint.pt").stat().st_mtime
    seconds -= min(path.stat().st_mtime for path in (tmp_path / "unbroken").glob("samples-*"))
    while killed < KILLS:
        process = start("killed")
        while process.is_alive() and not (tmp_path / "killed" / "checkpoint.pt").exists():
            time.sleep(0.01)
        time.sleep(rng.uniform(0.0, 1.5 * seconds / KILLS))
        assert process.is_alive(), f"it ended before it was killed the {killed + 1}th time"
        process.kill()
        process.join()
        killed += 1
    last = start("killed")
    last.join()
    assert last.exitcode == 0
    for one, other in zip(tensors_of(tmp_path / "killed"), tensors_of(tmp_path / "unbroken"), strict=True):
        assert torch.equal(one, other)
    tables = [(tmp_path / name / "progress.csv").read_text().splitlines() for name in ("killed", "unbroken")]
    rows = [[line.rpartition(",")[0] for line in table] for table in tables]
    assert rows[0] == rows[1]
