"""Train a generator: steps, averaged weights, resolutions that grow, runs that resume, sheets of samples.

Karras et al. 2018, "Progressive Growing of GANs" (growing, averaged weights); 2020, "Analyzing and Improving the Image
Quality of StyleGAN", appendix B (lazy regularisation). The losses stand in `losses`, penalties in `regularisers`, and
what an architecture does its own way in the module of its name.
"""

from __future__ import annotations

import copy
import os
import time
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from ganatomy.errors import OutputError, SettingError
from ganatomy.generators.base import Generator
from ganatomy.generators.precision import DTYPES
from ganatomy.images import Pixels, save_image
from ganatomy.plots import grid
from ganatomy.progress import Progress
from ganatomy.training import dcgan, stylegan2
from ganatomy.training.architecture import GanArchitecture
from ganatomy.training.checkpoints import load_state, save_state
from ganatomy.training.data import pick, torch_rng
from ganatomy.training.losses import LOSSES
from ganatomy.training.regularisers import gradient_penalty
from ganatomy.training.settings import GanSettings, TrainingStage

ARCHITECTURES: dict[str, GanArchitecture] = {"stylegan2": stylegan2, "dcgan": dcgan}


def train_gan(
    settings: GanSettings,
    pixels: Pixels,
    folder: str | os.PathLike[str],
    *,
    device: str = "cpu",
    progress: Progress | None = None,
) -> Generator:
    """Train a generator, or go on where the run in `folder` stopped.

    Args:
        settings: how it is trained.
        pixels: the images.
        folder: receives `checkpoint.pt`, sheets of samples, and `losses.csv` with the losses at each sheet.
        device: where to train.
        progress: called with the stage, the images shown in it, and its images.

    Returns:
        The generator of averaged weights.

    Raises:
        OutputError: when the folder cannot be written.
        CheckpointError: when it holds a run with other settings.
        SettingError: when the images are smaller than the resolution of the settings, or of other channels.
    """
    if pixels.shape[1] < settings.resolution or pixels.shape[3] != settings.channels:
        raise SettingError(
            f"the settings need images of {settings.resolution} px and {settings.channels} channels, "
            f"these have {pixels.shape[1]} px and {pixels.shape[3]}"
        )
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror}") from None
    torch.manual_seed(settings.seed)
    checkpoint = folder / "checkpoint.pt"
    begin = partial(GanRun.resume, checkpoint) if checkpoint.exists() else GanRun
    run = begin(settings, device=device)
    saved = time.monotonic()
    try:
        for index in range(run.index, len(settings.stages)):
            if index > run.index:
                run = run.grown()
            while run.images < run.stage.images:
                losses = train_step(run, pixels)
                shown = min(run.images, run.stage.images)
                if progress:
                    progress(f"generator at {run.stage.resolution} px", shown, run.stage.images)
                if run.shown % settings.sheet_images < run.stage.batch:
                    save_sheet(run, folder / f"samples-{run.shown:08d}.png")
                    write_losses(losses, run.shown, folder / "losses.csv")
                if time.monotonic() - saved > settings.checkpoint_seconds:
                    run.save(checkpoint)
                    saved = time.monotonic()
    finally:
        run.save(checkpoint)
    return finish(run)


class GanRun:
    """A training run at one of its stages: networks with their optimizers, and how far it is.

    Args:
        settings: how the generator is trained.
        index: of the stage.
        device: where to train.
    """

    def __init__(self, settings: GanSettings, index: int = 0, *, device: str = "cpu") -> None:
        self.settings, self.index, self.device = settings, index, device
        self.images = 0  # shown in this stage
        self.step = 0  # taken in all stages
        self.architecture = ARCHITECTURES[settings.architecture]
        # A stage has random numbers of its own, so that a resumed run grows as an unbroken one would.
        torch_rng(settings.seed, 2**32 + index)
        generator, critic = self.architecture.build(settings, self.stage.resolution)
        fast = {"device": device, "memory_format": torch.channels_last}
        self.generator, self.critic = generator.to(**fast), critic.to(**fast)
        self.average = copy.deepcopy(self.generator).requires_grad_(False)
        if settings.precision in self.generator.precisions:
            self.generator.precision = settings.precision
        self.loss = LOSSES[settings.loss]
        lazy = settings.penalty_interval / (settings.penalty_interval + 1)
        self.optimizers = {"generator": self._adam(self.generator), "critic": self._adam(self.critic, lazy)}
        self.networks = {"generator": self.generator, "average": self.average, "critic": self.critic}

    @classmethod
    def resume(cls, path: Path, settings: GanSettings, *, device: str = "cpu") -> Self:
        """The run of a checkpoint, which must have these settings.

        Raises:
            CheckpointError: when it has others, or is not readable; both say what to do.
        """
        state = load_state(settings.facts(), path, device=device)
        run = cls(settings, state["index"], device=device)
        run.images, run.step = state["images"], state["step"]
        for kind in ("networks", "optimizers"):
            for name, part in getattr(run, kind).items():
                part.load_state_dict(state[kind][name])
        return run

    def save(self, path: Path) -> None:
        state: dict[str, Any] = {"index": self.index, "images": self.images, "step": self.step}
        for kind in ("networks", "optimizers"):
            state[kind] = {name: part.state_dict() for name, part in getattr(self, kind).items()}
        save_state(state, self.settings.facts(), path)

    def grown(self) -> GanRun:
        """The next stage: twice the resolution or more, drawing and judging at first exactly as before."""
        run = GanRun(self.settings, self.index + 1, device=self.device)
        for larger, smaller in ((run.generator, self.generator), (run.average, self.average)):
            run.architecture.grow(larger, smaller)
        run.critic.grow_from(self.critic)
        run.step = self.step
        return run

    @property
    def stage(self) -> TrainingStage:
        return self.settings.stages[self.index]

    @property
    def shown(self) -> int:
        """Images shown in all stages."""
        return sum(stage.images for stage in self.settings.stages[: self.index]) + self.images

    def lowered(self) -> torch.autocast:
        """The precision of a step: matrix products and convolutions are computed in it."""
        dtype = DTYPES[self.settings.precision]
        return torch.autocast(torch.device(self.device).type, dtype=dtype, enabled=dtype is not None)

    def _adam(self, model: nn.Module, share: float = 1.0) -> torch.optim.Adam:
        """Adam of Karras et al. 2020, appendix B: steps that a lazy penalty adds are made up for by this share."""
        rate = self.settings.learning_rate * share
        return torch.optim.Adam(model.parameters(), lr=rate, betas=(0.0, 0.99**share))


def train_step(run: GanRun, pixels: Pixels) -> dict[str, Tensor]:
    """One step of the critic and one of the generator, on the same images; returns their losses."""
    settings, stage = run.settings, run.stage
    torch_rng(settings.seed, run.step)
    rows = np.random.default_rng((settings.seed, 1, run.step)).integers(len(pixels), size=stage.batch)
    real = pick(pixels, rows, stage.resolution).to(run.device, memory_format=torch.channels_last)
    # An architecture with a precision of its own keeps its codes and styles exact.
    with nullcontext() if run.generator.precision == settings.precision else run.lowered():
        fake = run.architecture.draw(run.generator.train(), stage.batch, settings)
    losses = {"critic": critic_step(run, real, fake.detach()), "generator": generator_step(run, real, fake)}

    # Average the weights; buffers are taken over.
    run.step += 1
    run.images += stage.batch
    half_life = min(settings.ema_images, max(run.step * stage.batch / 10, stage.batch))
    follow(run.average, run.generator, 0.5 ** (stage.batch / half_life))
    return losses


def critic_step(run: GanRun, real: Tensor, fake: Tensor) -> Tensor:
    """Real images up, generated ones down, and now and then flat around both."""
    critic, settings = run.critic.requires_grad_(True), run.settings
    penalised = run.step % settings.penalty_interval == 0
    real.requires_grad_(penalised and settings.r1_gamma > 0)
    fake.requires_grad_(penalised and settings.r2_gamma > 0)

    # Squared gradients are too small for half precision.
    with nullcontext() if penalised else run.lowered():
        logits = {"real": critic(real).float(), "fake": critic(fake).float()}
    loss = run.loss.critic(logits["real"], logits["fake"])
    total = loss
    share = (run.stage.resolution / settings.resolution) ** 2 * settings.penalty_interval / 2
    for images, gamma, own in (
        (real, settings.r1_gamma, logits["real"]),
        (fake, settings.r2_gamma, logits["fake"]),
    ):
        if images.requires_grad:
            total = total + gradient_penalty(own, images) * (gamma * share)
    update(run.optimizers["critic"], total)
    critic.requires_grad_(False)
    return loss.detach()


def generator_step(run: GanRun, real: Tensor, fake: Tensor) -> Tensor:
    """Generated images up; where the loss is relative, above the real ones."""
    with run.lowered():
        fake_logits = run.critic(fake).float()
        with torch.no_grad():
            real_logits = run.critic(real).float() if run.loss.relative else fake_logits.detach()
    loss = run.loss.generator(real_logits, fake_logits)
    update(run.optimizers["generator"], loss)
    return loss.detach()


def update(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


@torch.no_grad()
def follow(average: nn.Module, model: nn.Module, keep: float) -> None:
    """Move averaged weights towards the current ones; buffers are copied."""
    for mine, theirs in zip(average.parameters(), model.parameters(), strict=True):
        mine.lerp_(theirs, 1 - keep)
    for mine, theirs in zip(average.buffers(), model.buffers(), strict=True):
        mine.copy_(theirs)


@torch.no_grad()
def finish(run: GanRun) -> Generator:
    """The averaged generator, ready to use, gradients off."""
    generator = copy.deepcopy(run.average).requires_grad_(False)
    torch_rng(run.settings.seed, 2**31 - 1)
    run.architecture.finish(generator, run.settings)
    return generator.eval()


@torch.no_grad()
def save_sheet(run: GanRun, path: Path) -> None:
    """Sixty-four samples of the averaged weights, the same codes each time."""
    generator = run.average.eval()
    save_image(grid(generator(generator.sample(64, seed=run.settings.seed)), columns=8), path)


def write_losses(losses: dict[str, Tensor], images: int, path: Path) -> None:
    """Add a line for each network: images shown so far, and its loss in the last step."""
    lines = [] if path.exists() else ["images,network,loss"]
    lines += [f"{images},{network},{loss.item():.4f}" for network, loss in losses.items()]
    with path.open("a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
