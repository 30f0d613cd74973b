"""Train a generator: steps, averaged weights, resolutions that grow, runs that resume, sheets of samples.

Karras et al. 2018, "Progressive Growing of GANs" (growing, averaged weights); 2020, "Analyzing and Improving the Image
Quality of StyleGAN", appendix B (lazy regularisation); Sauer et al. 2021, "Projected GANs Converge Faster" (a second
critic, on features). The losses stand in `losses`, and what an architecture does its own way in the module of its name.
"""

from __future__ import annotations

import copy
import os
import time
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from ganatomy.errors import OutputError, SettingError
from ganatomy.generators.base import Generator
from ganatomy.images import Pixels, save_image
from ganatomy.perception.network import AttributeNetwork
from ganatomy.plots import grid
from ganatomy.progress import Progress
from ganatomy.training import dcgan, stylegan2
from ganatomy.training.architecture import GanArchitecture
from ganatomy.training.checkpoints import load_state, save_state
from ganatomy.training.data import pick, torch_rng
from ganatomy.training.features import FeatureCritic
from ganatomy.training.losses import critic_loss, generator_loss, gradient_penalty
from ganatomy.training.settings import GanSettings, TrainingStage

ARCHITECTURES: dict[str, GanArchitecture] = {"stylegan2": stylegan2, "dcgan": dcgan}


def train_gan(
    settings: GanSettings,
    pixels: Pixels,
    folder: str | os.PathLike[str],
    *,
    network: AttributeNetwork | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
) -> Generator:
    """Train a generator, or go on where the run in `folder` stopped.

    Args:
        settings: how it is trained.
        pixels: the images.
        folder: receives `checkpoint.pt`, sheets of samples, and `losses.csv` with the losses at each sheet.
        network: whose features the second critic looks at, where the settings have one; it must not judge the
            generator later.
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
    if (network is None) != (settings.feature_weight == 0):
        raise SettingError(
            f"feature_weight={settings.feature_weight} and network={network and 'given'} contradict each other"
        )
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror}") from None
    torch.manual_seed(settings.seed)
    features = network and FeatureCritic(network).to(device)
    checkpoint = folder / "checkpoint.pt"
    begin = partial(GanRun.resume, checkpoint) if checkpoint.exists() else GanRun
    run = begin(settings, device=device, features=features)
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
        features: the critic on frozen features, where there is one.
    """

    def __init__(
        self,
        settings: GanSettings,
        index: int = 0,
        *,
        device: str = "cpu",
        features: FeatureCritic | None = None,
    ) -> None:
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
        self.features = features
        lazy = settings.r1_interval / (settings.r1_interval + 1)
        self.optimizers = {"generator": self._adam(self.generator), "critic": self._adam(self.critic, lazy)}
        self.networks = {"generator": self.generator, "average": self.average, "critic": self.critic}
        if features is not None:
            self.optimizers["features"] = self._adam(features)
            self.networks["features"] = features

    @classmethod
    def resume(
        cls,
        path: Path,
        settings: GanSettings,
        *,
        device: str = "cpu",
        features: FeatureCritic | None = None,
    ) -> Self:
        """The run of a checkpoint, which must have these settings.

        Raises:
            CheckpointError: when it has others, or is not readable; both say what to do.
        """
        state = load_state(settings.facts(), path, device=device)
        run = cls(settings, state["index"], device=device, features=features)
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
        run = GanRun(self.settings, self.index + 1, device=self.device, features=self.features)
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

    @property
    def critics(self) -> dict[str, tuple[nn.Module, float]]:
        """The critics of this stage, with their weights in the generator's loss."""
        found: dict[str, tuple[nn.Module, float]] = {"critic": (self.critic, 1.0)}
        if self.features is not None and self.stage.resolution * 4 >= self.features.resolution:
            found["features"] = self.features, self.settings.feature_weight
        return found

    def _adam(self, model: nn.Module, share: float = 1.0) -> torch.optim.Adam:
        """Adam of Karras et al. 2020, appendix B: steps that a lazy penalty adds are made up for by this share."""
        rate = self.settings.learning_rate * share
        return torch.optim.Adam(model.parameters(), lr=rate, betas=(0.0, 0.99**share))


def train_step(run: GanRun, pixels: Pixels) -> dict[str, float]:
    """One step of each critic and one of the generator, on the same drawn images; returns their losses."""
    settings, stage = run.settings, run.stage
    torch_rng(settings.seed, run.step)
    rows = np.random.default_rng((settings.seed, 1, run.step)).integers(len(pixels), size=stage.batch)
    real = pick(pixels, rows, stage.resolution).to(run.device, memory_format=torch.channels_last)
    fake = run.architecture.draw(run.generator.train(), stage.batch, settings)
    losses = {name: critic_step(run, name, real, fake.detach()) for name in run.critics}
    losses["generator"] = generator_step(run, fake)

    # Average the weights; buffers are taken over.
    run.step += 1
    run.images += stage.batch
    half_life = min(settings.ema_images, max(run.step * stage.batch / 10, stage.batch))
    follow(run.average, run.generator, 0.5 ** (stage.batch / half_life))
    return losses


def critic_step(run: GanRun, name: str, real: Tensor, fake: Tensor) -> float:
    """Real images up, generated ones down, and now and then flat around the real ones."""
    critic, settings = run.critics[name][0], run.settings
    critic.requires_grad_(True)
    penalised = critic is run.critic and run.step % settings.r1_interval == 0
    real.requires_grad_(penalised)
    real_logits = critic(real)
    loss = critic_loss(real_logits, critic(fake))
    value = loss.item()
    if penalised:
        gamma = settings.r1_gamma * (run.stage.resolution / settings.resolution) ** 2
        loss = loss + gradient_penalty(real_logits, real) * (gamma / 2 * settings.r1_interval)
    update(run.optimizers[name], loss)
    critic.requires_grad_(False)
    return value


def generator_step(run: GanRun, fake: Tensor) -> float:
    """Generated images up, by all critics of this stage."""
    loss = torch.stack(
        [generator_loss(critic(fake)) * weight for critic, weight in run.critics.values()]
    ).sum()
    update(run.optimizers["generator"], loss)
    return loss.item()


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


def write_losses(losses: dict[str, float], images: int, path: Path) -> None:
    """Add a line for each network: images shown so far, and its loss in the last step."""
    lines = [] if path.exists() else ["images,network,loss"]
    lines += [f"{images},{network},{loss:.4f}" for network, loss in losses.items()]
    with path.open("a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
