"""One step: the critic learns to tell real images from generated ones, then the generator to be taken for real.

Nothing here waits for the device: losses stay tensors.
"""

from __future__ import annotations

from contextlib import nullcontext

import torch
from torch import Tensor, nn

from ganatomy.training.data import torch_rng
from ganatomy.training.ranks import Ranks
from ganatomy.training.regularisers import gradient_penalty
from ganatomy.training.run import GanRun
from ganatomy.training.schedules import kept_share, penalty_weight


def train_step(run: GanRun, real: Tensor) -> dict[str, Tensor]:
    """One step of the critic and one of the generator, on the same images; returns their losses.

    Args:
        real: this rank's part of the batch, images in [-1, 1].
    """
    settings, stage = run.settings, run.stage
    run.whole = False
    torch_rng(settings.seed, run.step)
    # An architecture with a precision of its own keeps its codes and styles exact.
    with nullcontext() if run.generator.precision == settings.precision else run.lowered():
        fake = run.architecture.draw(run.generator, stage.batch, settings, part=run.ranks.part(stage.batch))
    fake = fake.float()  # penalties are computed in float32
    losses = {"critic": critic_step(run, real, fake.detach()), "generator": generator_step(run, real, fake)}
    run.step += 1
    run.images += stage.batch
    follow(run.average, run.generator, keep=kept_share(settings, stage, run.step))
    run.whole = True
    return losses


def critic_step(run: GanRun, real: Tensor, fake: Tensor) -> Tensor:
    """Real images up, generated ones down, and now and then flat around both."""
    critic, settings = run.critic.requires_grad_(True), run.settings
    penalised = run.step % settings.penalty_interval == 0
    real.requires_grad_(penalised and settings.r1_gamma > 0)
    fake.requires_grad_(penalised and settings.r2_gamma > 0)

    # Squared gradients are too small for half precision.
    with nullcontext() if penalised else run.lowered():
        real_logits, fake_logits = critic(real).float(), critic(fake).float()
    total = loss = run.loss.critic(real_logits, fake_logits)
    for images, logits, gamma in (
        (real, real_logits, settings.r1_gamma),
        (fake, fake_logits, settings.r2_gamma),
    ):
        if images.requires_grad:
            weight = gamma * penalty_weight(settings, run.stage)
            total = total + gradient_penalty(logits, images) * weight
    update(run.optimizers["critic"], total, run.ranks)
    critic.requires_grad_(False)
    return loss.detach()


def generator_step(run: GanRun, real: Tensor, fake: Tensor) -> Tensor:
    """Generated images up; where the loss is relative, above the real ones."""
    with run.lowered():
        fake_logits = run.critic(fake).float()
        with torch.no_grad():
            real_logits = run.critic(real).float() if run.loss.relative else fake_logits.detach()
    loss = run.loss.generator(real_logits, fake_logits)
    update(run.optimizers["generator"], loss, run.ranks)
    return loss.detach()


def update(optimizer: torch.optim.Optimizer, loss: Tensor, ranks: Ranks) -> None:
    """One step down the loss, by the mean gradient of all ranks."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    parameters = (parameter for group in optimizer.param_groups for parameter in group["params"])
    ranks.average([parameter.grad for parameter in parameters if parameter.grad is not None])
    optimizer.step()


@torch.no_grad()
def follow(average: nn.Module, model: nn.Module, *, keep: float) -> None:
    """Move averaged weights towards the current ones, all at once; buffers are copied."""
    mine, theirs = tuple(average.parameters()), tuple(model.parameters())
    torch._foreach_lerp_(mine, theirs, 1 - keep)  # pyright: ignore[reportPrivateImportUsage]  (torch has no other)
    for kept, new in zip(average.buffers(), model.buffers(), strict=True):
        kept.copy_(new)
