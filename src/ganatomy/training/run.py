"""The moving parts of a training run: networks with their optimizers, and what a checkpoint holds."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn

from ganatomy.generators.base import Generator
from ganatomy.generators.precision import DTYPES
from ganatomy.training import dcgan, dcgan_r1, infogan, progan, stylegan, stylegan2
from ganatomy.training.architecture import GanArchitecture
from ganatomy.training.augment import AdaptiveAugmentation
from ganatomy.training.checkpoints import load_state, save_state
from ganatomy.training.data import torch_rng
from ganatomy.training.losses import LOSSES
from ganatomy.training.ranks import Ranks
from ganatomy.training.regularisers import PathLengthPenalty
from ganatomy.training.settings import GanSettings, TrainingStage

ARCHITECTURES: dict[str, GanArchitecture] = {
    "stylegan2": stylegan2,
    "stylegan": stylegan,
    "progan": progan,
    "dcgan": dcgan,
    "dcgan-r1": dcgan_r1,
    "infogan": infogan,
}


class GanRun:
    """A training run at one of its stages.

    Args:
        settings: how the generator is trained.
        index: of the stage.
        device: where to train.
        ranks: the processes that train together.
    """

    def __init__(
        self, settings: GanSettings, index: int = 0, *, device: str = "cpu", ranks: Ranks | None = None
    ) -> None:
        self.settings, self.index, self.device = settings, index, device
        self.ranks = ranks or Ranks()
        self.images = 0  # shown in this stage
        self.step = 0  # taken in all stages
        self.losses: dict[str, Tensor] = {}  # of the last step
        self.whole = True  # not within a step
        self.architecture = ARCHITECTURES[settings.architecture]
        self.loss = LOSSES[settings.loss]
        # A stage has random numbers of its own, so that a resumed run grows as an unbroken one would.
        torch_rng(settings.seed, 2**32 + index)
        generator, critic = self.architecture.build(settings, self.stage.resolution)
        fast = {"device": device, "memory_format": torch.channels_last}
        self.generator, self.critic = generator.to(**fast).train(), critic.to(**fast)
        self.average = copy.deepcopy(self.generator).eval().requires_grad_(False)
        if settings.precision in self.generator.precisions:
            self.generator.precision = settings.precision
        penalised = settings.penalty_interval > 1 and (settings.r1_gamma > 0 or settings.r2_gamma > 0)
        lazy = settings.penalty_interval / (settings.penalty_interval + 1) if penalised else 1.0
        often = settings.path_interval / (settings.path_interval + 1) if settings.path_weight else 1.0
        self.optimizers = {
            "generator": self._adam(self.generator, often),
            "critic": self._adam(self.critic, lazy),
        }
        self.rates = {name: own.param_groups[0]["lr"] for name, own in self.optimizers.items()}
        self.networks: dict[str, nn.Module] = {
            "generator": self.generator,
            "average": self.average,
            "critic": self.critic,
        }
        # What else changes from step to step; it stays as it is where a run grows.
        self.augment = self.path_lengths = None
        if settings.ada_target is not None:
            self.augment = AdaptiveAugmentation(settings.ada_target, settings.ada_images).to(device)
            self.networks["augment"] = self.augment
        if settings.path_weight:
            self.path_lengths = PathLengthPenalty().to(device)
            self.networks["path_lengths"] = self.path_lengths

    def start_from(self, generator: Generator, networks: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Take the weights of a generator, or those of its run where they are known."""
        for name in ("generator", "average"):
            # A network that fades in has a layer more, which nothing is drawn by once it has come.
            self.networks[name].load_state_dict(networks.get(name) or generator.state_dict(), strict=False)
        if "critic" in networks:
            self.critic.load_state_dict(networks["critic"])

    @classmethod
    def resume(
        cls, path: Path, settings: GanSettings, *, device: str = "cpu", ranks: Ranks | None = None
    ) -> Self:
        """The run of a checkpoint, which must have these settings.

        Raises:
            CheckpointError: when it has others, or is not readable; both say what to do.
        """
        state = load_state(settings.facts(), path, device=device)
        run = cls(settings, state["index"], device=device, ranks=ranks)
        run.images, run.step = state["images"], state["step"]
        for kind in ("networks", "optimizers"):
            for name, part in getattr(run, kind).items():
                part.load_state_dict(state[kind][name])
        return run

    def save(self, path: Path) -> None:
        """Write a checkpoint; only whole steps may be saved.

        Raises:
            OutputError: when it cannot be written; one that was there is kept.
        """
        state: dict[str, Any] = {"index": self.index, "images": self.images, "step": self.step}
        for kind in ("networks", "optimizers"):
            state[kind] = {name: part.state_dict() for name, part in getattr(self, kind).items()}
        save_state(state, self.settings.facts(), path)

    def grown(self) -> GanRun:
        """The next stage: twice the resolution or more, drawing and judging at first exactly as before."""
        run = GanRun(self.settings, self.index + 1, device=self.device, ranks=self.ranks)
        for larger, smaller in ((run.generator, self.generator), (run.average, self.average)):
            run.architecture.grow(larger, smaller)
        run.architecture.grow_critic(run.critic, self.critic)
        for name in run.networks.keys() - {"generator", "average", "critic"}:
            run.networks[name].load_state_dict(self.networks[name].state_dict())
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
    def finished(self) -> bool:
        """Whether this stage has shown all its images."""
        return self.images >= self.stage.images

    @property
    def last(self) -> bool:
        """Whether this is the last stage."""
        return self.index == len(self.settings.stages) - 1

    def passed(self, interval: int) -> bool:
        """Whether the last step passed a multiple of so many images."""
        return self.shown % interval < self.stage.batch

    def lowered(self) -> torch.autocast:
        """The precision of a step: matrix products and convolutions are computed in it."""
        dtype = DTYPES[self.settings.precision]
        return torch.autocast(torch.device(self.device).type, dtype=dtype, enabled=dtype is not None)

    def _adam(self, model: nn.Module, share: float = 1.0) -> torch.optim.Adam:
        """Adam of Karras et al. 2020, appendix B: steps that a lazy penalty adds are made up for by this share."""
        first, second = self.settings.betas
        return torch.optim.Adam(
            model.parameters(),
            lr=self.settings.learning_rate * share,
            betas=(first**share, second**share),
            fused=torch.device(self.device).type in {"cpu", "cuda"},
        )


@torch.no_grad()
def finish(run: GanRun) -> Generator:
    """The averaged generator, ready to use, gradients off."""
    generator = copy.deepcopy(run.average).requires_grad_(False)
    torch_rng(run.settings.seed, 2**31 - 1)
    return run.architecture.finish(generator, run.settings).requires_grad_(False).eval()
