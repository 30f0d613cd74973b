"""Two processes that train together are one that trains on twice as much."""

import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ganatomy.training.images import Batches, array_images
from ganatomy.training.ranks import Ranks, launched
from ganatomy.training.run import GanRun
from ganatomy.training.settings import GanSettings, TrainingStage
from ganatomy.training.steps import train_step

SETTINGS = GanSettings(
    architecture="stylegan2",
    widths=(8, 8, 8),
    stages=(TrainingStage(resolution=16, images=160, batch=16),),
    z_dim=6,
    w_dim=6,
    mapping_layers=2,
    loss="relativistic",
    r1_gamma=1.0,
    r2_gamma=1.0,
    penalty_interval=4,
    noise="none",
)


def train(ranks: Ranks) -> GanRun:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 16, 16, 3), dtype=np.uint8)
    run = GanRun(SETTINGS, ranks=ranks)
    with Batches(array_images(pixels), seed=0, batch=16, resolution=16, ranks=ranks) as batches:
        while not run.finished:
            train_step(run, batches(run.step))
    return run


def weights(run: GanRun) -> dict[str, torch.Tensor]:
    return {f"{n}.{k}": t for n, network in run.networks.items() for k, t in network.state_dict().items()}


@pytest.mark.slow
def test_two_ranks_equal_one_of_twice_the_batch_after_ten_steps(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "OMP_NUM_THREADS": "1",
    }
    started = [
        subprocess.Popen(
            [sys.executable, __file__, str(tmp_path)], env=environment | {"RANK": rank, "LOCAL_RANK": rank}
        )
        for rank in ("0", "1")
    ]
    try:
        assert [process.wait(timeout=300) for process in started] == [0, 0]
    finally:
        for process in started:
            process.kill()
    one = weights(train(Ranks()))
    ranks = [torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1)]
    for name, weight in one.items():
        torch.testing.assert_close(
            ranks[0][name], weight, rtol=0, atol=1e-5, msg=lambda m, n=name: f"{n}: {m}"
        )
        assert torch.equal(ranks[0][name], ranks[1][name]), name


def test_a_process_that_was_not_launched_is_alone() -> None:
    with launched() as (ranks, device):
        assert (ranks, device) == (Ranks(), "cpu")


def test_one_rank_averages_nothing() -> None:
    tensor = torch.ones(3)
    Ranks().average([tensor])
    assert torch.equal(tensor, torch.ones(3))


if __name__ == "__main__":
    torch.set_num_threads(1)
    with launched() as (own, _):
        torch.save(weights(train(replace(own))), Path(sys.argv[1]) / f"{own.index}.pt")
