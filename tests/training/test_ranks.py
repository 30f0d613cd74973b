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

PLAIN = GanSettings(
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
SETTINGS = {
    "relativistic": PLAIN,
    "wasserstein": replace(
        PLAIN,
        architecture="progan",
        loss="wasserstein",
        interpolation_gamma=10.0,
        drift=0.001,
        r1_gamma=0.0,
        r2_gamma=0.0,
    ),
    "hinge, told the classes": replace(PLAIN, loss="hinge", r2_gamma=0.0, num_classes=3),
    "path lengths and augmentation": replace(
        PLAIN,
        loss="non-saturating",
        r2_gamma=0.0,
        critic="residual",
        path_weight=2.0,
        path_interval=2,
        ada_target=-2.0,
        ada_images=256,
    ),
}
"""Everything that draws or averages something of its own. All but InfoGAN, whose batch norms are each rank's own."""


def train(ranks: Ranks, settings: GanSettings) -> GanRun:
    rng = np.random.default_rng(0)
    images = array_images(rng.integers(0, 256, (64, 16, 16, 3), dtype=np.uint8))
    if settings.num_classes:
        images = replace(images, labels=rng.integers(settings.num_classes, size=64))
    run = GanRun(settings, ranks=ranks)
    with Batches(images, seed=0, batch=16, resolution=16, ranks=ranks) as batches:
        while not run.finished:
            train_step(run, batches(run.step), batches.labels(run.step))
    return run


def train_all(ranks: Ranks) -> dict[str, torch.Tensor]:
    return {
        f"{name}: {key}": tensor
        for name, settings in SETTINGS.items()
        for key, tensor in weights(train(ranks, settings)).items()
    }


def weights(run: GanRun) -> dict[str, torch.Tensor]:
    return {f"{n}.{k}": t for n, network in run.networks.items() for k, t in network.state_dict().items()}


def tolerance(name: str) -> float:
    """Adam without momentum takes whole steps of gradients that are rounding alone; WGAN-GP has such."""
    return 1e-5 if name.startswith("relativistic") else 1e-4


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
    one = train_all(Ranks())
    assert one["path lengths and augmentation: augment.probability"] > 0
    ranks = [torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1)]
    for name, weight in one.items():
        torch.testing.assert_close(
            ranks[0][name], weight, rtol=0, atol=tolerance(name), msg=lambda m, n=name: f"{n}: {m}"
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
        torch.save(train_all(own), Path(sys.argv[1]) / f"{own.index}.pt")
