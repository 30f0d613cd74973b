"""The moving parts of the training of an attribute network: what a checkpoint holds, and one step.

Pham Van et al. 2020 (two poolings, one cycle, lower rates for earlier layers, no crop); Smith 2018 (one cycle); Howard
and Gugger 2020 (the head first, larger images later).
"""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ganatomy.errors import SettingError
from ganatomy.generators.precision import DTYPES
from ganatomy.images import Pixels
from ganatomy.perception.attribute_model import Heads
from ganatomy.perception.backbones import BackboneNetwork, read_backbone
from ganatomy.perception.networks import build_network
from ganatomy.training.data import torch_rng
from ganatomy.training.images import as_images
from ganatomy.training.scorers.data import Rows, TrainingRows, normalised
from ganatomy.training.scorers.losses import attribute_loss, positive_weights
from ganatomy.training.scorers.rates import parameter_groups
from ganatomy.training.scorers.settings import ScorerPhase, ScorerSettings

AT_ONCE = 64
"""Images that are read at once where nothing is learnt."""


class ScorerRun:
    """A training run; every step depends on the settings, the data and its number alone.

    Args:
        settings: how the network is trained.
        data: what it learns from.
        device: where.
    """

    def __init__(self, settings: ScorerSettings, data: TrainingRows, *, device: str = "cpu") -> None:
        self.settings, self.data, self.device = settings, data, device
        torch_rng(settings.seed, 0)
        network = build_network(settings.network)
        if settings.weights:
            if not isinstance(network, BackboneNetwork):
                raise SettingError(
                    "the small network starts from nothing; name a --backbone for these weights"
                )
            read_backbone(network, settings.weights)
        self.network = network.to(device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.factors = data.factors
        if data.factors is not None:
            self.factors, mean, std = normalised(data.factors, data.learnt)
            network.factor_mean.copy_(mean)
            network.factor_std.copy_(std)
        self.weights = (
            positive_weights(settings.network, data.labels[data.learnt]).to(device)
            if settings.balanced
            else None
        )
        self.batch = min(settings.batch, len(data.learnt))
        self.steps = 0
        """Taken in all phases."""
        self.whole = True
        """Not within a step."""
        self.begin(0)

    def begin(self, index: int) -> None:
        """Enter a phase, with a cycle of its own."""
        self.index, self.step = index, 0
        self.loss_sum, self.loss_count = torch.zeros((), dtype=torch.float64), 0
        self.best: dict[str, Tensor] | None = None
        self.best_loss, self.waited, self.stopped = math.inf, 0, False
        if index >= len(self.settings.phases):
            return
        settings, phase = self.settings, self.phase
        self.network.trunk.requires_grad_(not phase.frozen)
        groups = parameter_groups(
            self.network,
            rate=settings.learning_rate,
            layer_decay=settings.layer_decay,
            weight_decay=settings.weight_decay,
            frozen=phase.frozen,
        )
        self.optimizer = torch.optim.AdamW(groups, lr=settings.learning_rate)
        self.cycle = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, max_lr=[group["lr"] for group in groups], total_steps=self.phase_steps + 1
        )

    @property
    def phase(self) -> ScorerPhase:
        return self.settings.phases[self.index]

    @property
    def finished(self) -> bool:
        """Whether all phases are over."""
        return self.index >= len(self.settings.phases)

    @property
    def phase_steps(self) -> int:
        return max(1, self.phase.images // self.batch)

    @property
    def epoch_steps(self) -> int:
        """Steps in which every image is shown once, but for a few that fill no batch."""
        return max(1, len(self.data.learnt) // self.batch)

    @property
    def over(self) -> bool:
        """Whether this phase is."""
        return self.stopped or self.step >= self.phase_steps

    @property
    def epoch_over(self) -> bool:
        """Whether the last step ended a pass over the images, or the phase."""
        return self.step % self.epoch_steps == 0 or self.step >= self.phase_steps

    def rows(self, index: int, step: int) -> Rows:
        """Rows of a step of a phase: each pass is in an order of its own."""
        epoch, place = divmod(step, self.epoch_steps)
        order = np.random.default_rng((self.settings.seed, index, epoch)).permutation(len(self.data.learnt))
        return np.sort(self.data.learnt[order[place * self.batch : (place + 1) * self.batch]])

    def train_step(self, rows: Rows, pixels: Pixels) -> None:
        """One step on these images, down the loss of their labels and factors."""
        settings, network = self.settings, self.network
        torch_rng(settings.seed, self.steps + 1)
        images = as_images(pixels, resolution=self.phase.resolution, device=self.device)
        images = settings.augmentation(images)
        network.train()
        if self.phase.frozen:
            network.trunk.eval()
        with torch.enable_grad():
            with self.lowered():
                reading = network(images)
            loss = self.loss(reading, rows)
            if settings.factor_weight and self.factors is not None:
                loss = loss + settings.factor_weight * self._factor_loss(reading, rows)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
        self.optimizer.step()
        self.cycle.step()
        self.loss_sum += loss.detach().double().cpu()
        self.loss_count += 1
        self.step += 1
        self.steps += 1

    def loss(self, reading: Heads, rows: Rows) -> Tensor:
        """The loss of the attributes."""
        settings, labels = self.settings, self.data.labels[rows].to(self.device)
        return attribute_loss(
            settings.network,
            reading.attributes.float(),
            labels,
            weights=self.weights,
            focal=settings.loss == "focal",
        )

    def _factor_loss(self, reading: Heads, rows: Rows) -> Tensor:
        assert self.factors is not None
        truth = self.factors[rows].to(self.device)
        known = ~truth.isnan()
        if not bool(known.any()):
            return reading.factors.sum() * 0
        return F.mse_loss(reading.factors.float()[known], truth[known])

    def lowered(self) -> torch.autocast:
        """The precision of a step."""
        dtype = DTYPES[self.settings.precision]
        return torch.autocast(torch.device(self.device).type, dtype=dtype, enabled=dtype is not None)

    @torch.no_grad()
    def predict(self, rows: Rows, *, resolution: int, exact: bool = False) -> Heads:
        """What the network reads in these rows now, on the CPU.

        Args:
            rows: of the data.
            resolution: of the images.
            exact: in single precision, as the network is used.
        """
        self.network.eval()
        parts = []
        for first in range(0, len(rows), AT_ONCE):
            pixels = self.data.read(rows[first : first + AT_ONCE], resolution)
            images = as_images(pixels, resolution=resolution, device=self.device)
            if exact:
                reading = self.network(images)
            else:
                with self.lowered():
                    reading = self.network(images)
            parts.append(Heads(*(part.float().cpu() for part in reading)))
        return Heads(*(torch.cat(part) for part in zip(*parts, strict=True)))

    def keep_best(self, loss: float) -> None:
        """Remember the weights with the least validation loss; end the phase when it has not fallen for long."""
        if not self.settings.patience:
            return
        if loss < self.best_loss:
            self.best_loss, self.waited = loss, 0
            self.best = copy.deepcopy(self.network.state_dict())
        else:
            self.waited += 1
            self.stopped = self.waited >= self.settings.patience

    def leave(self) -> None:
        """End the phase with its best weights, and enter the next one."""
        if self.best is not None:
            self.network.load_state_dict(self.best)
        self.begin(self.index + 1)

    def state(self) -> dict[str, Any]:
        """All that a run needs to go on as if it had not been stopped."""
        names = ("index", "step", "steps", "loss_sum", "loss_count", "best", "best_loss", "waited", "stopped")
        parts = {} if self.finished else {
            "optimizer": self.optimizer.state_dict(), "cycle": self.cycle.state_dict()
        }  # fmt: skip
        return {name: getattr(self, name) for name in names} | {"network": self.network.state_dict()} | parts

    def resume(self, state: dict[str, Any]) -> None:
        """Go on where a run of the same settings and data stopped."""
        self.begin(state["index"])
        for name in ("step", "steps", "loss_sum", "loss_count", "best", "best_loss", "waited", "stopped"):
            setattr(self, name, state[name])
        self.network.load_state_dict(state["network"])
        if not self.finished:
            self.optimizer.load_state_dict(state["optimizer"])
            self.cycle.load_state_dict(state["cycle"])
