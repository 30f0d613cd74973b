"""One step: the critic learns to tell real images from generated ones, then the generator to be taken for real.

Nothing here waits for the device: losses stay tensors.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from ganatomy.critics.base import Critic
from ganatomy.critics.informed import InformedCritic
from ganatomy.latents import Latents
from ganatomy.training.data import torch_rng
from ganatomy.training.fading import Fading
from ganatomy.training.losses import code_loss
from ganatomy.training.ranks import Ranks
from ganatomy.training.regularisers import between, gradient_penalty, path_lengths, slope_penalty
from ganatomy.training.run import GanRun
from ganatomy.training.schedules import fade_share, kept_share, penalty_weight, settled_share

PATH_SHRINK = 2
"""By which the batch is smaller for path lengths, whose second gradients are dear: appendix B of Karras et al. 2020."""


@dataclass(frozen=True, kw_only=True, eq=False)
class StepImages:
    """This rank's part of the images of a step.

    Args:
        real: images in [-1, 1].
        fake: generated ones.
        classes: one-hot, of the real image and the generated one in each row.
        latents: that the generated ones were drawn from.
    """

    real: Float[Tensor, "n c h w"]
    fake: Float[Tensor, "n c h w"]
    classes: Float[Tensor, "n classes"] | None = None
    latents: Latents | None = None


def train_step(run: GanRun, real: Tensor, labels: Int[Tensor, " n"] | None = None) -> dict[str, Tensor]:
    """One step of the critic and one of the generator, on the same images; returns their losses.

    While the critic must catch up, the generator stays as it is, and has no loss.

    Args:
        real: this rank's part of the batch, images in [-1, 1].
        labels: the class of each, where the generator has classes; generated images are of the same ones.
    """
    settings, stage = run.settings, run.stage
    run.whole = False
    torch_rng(settings.seed, run.step)
    fade_in(run)
    settle(run)
    classes = None if labels is None else F.one_hot(labels, settings.num_classes).float()
    latents, fake = drawn(run, stage.batch, classes)
    # Penalties are computed in float32.
    shown = StepImages(real=real, fake=fake.float(), classes=classes, latents=latents)
    losses = {"critic": critic_step(run, shown)}
    if run.images >= settings.critic_images:
        losses["generator"] = generator_step(run, shown)
    run.step += 1
    run.images += stage.batch
    if "generator" in losses:
        follow(run.average, run.generator, keep=kept_share(settings, stage, run.step))
    run.whole = True
    return losses


def drawn(run: GanRun, n: int, classes: Float[Tensor, "m classes"] | None) -> tuple[Latents, Tensor]:
    """Fresh codes and their images, for this rank's part of n."""
    # An architecture with a precision of its own keeps its codes and styles exact.
    with nullcontext() if run.generator.precision == run.settings.precision else run.lowered():
        latents = run.architecture.codes(
            run.generator, n, run.settings, part=run.ranks.part(n), labels=classes
        )
        return latents, run.architecture.draw(run.generator, latents, run.settings)


def critic_step(run: GanRun, shown: StepImages) -> Tensor:
    """Real images up, generated ones down, and now and then flat around both."""
    critic, settings, stage = run.critic.requires_grad_(True), run.settings, run.stage
    due = run.step % settings.penalty_interval == 0
    real, fake = augmented(run, shown.real), augmented(run, shown.fake.detach())
    real.requires_grad_(due and settings.r1_gamma > 0)
    fake.requires_grad_(due and settings.r2_gamma > 0)
    exact = real.requires_grad or fake.requires_grad or settings.interpolation_gamma > 0

    # Squared gradients are too small for half precision.
    with nullcontext() if exact else run.lowered():
        real_logits = logits_of(critic, real, shown.classes)
        fake_logits, information = read_fake(run, fake, shown)
    total = loss = run.loss.critic(real_logits, fake_logits)
    for images, logits, gamma in (
        (real, real_logits, settings.r1_gamma),
        (fake, fake_logits, settings.r2_gamma),
    ):
        if images.requires_grad:
            weight = gamma * penalty_weight(settings, stage) * settled_share(settings, run.shown)
            total = total + gradient_penalty(logits, images) * weight
    if settings.interpolation_gamma:
        mixed = between(real.detach(), fake.detach(), stage.batch, part=run.ranks.part(stage.batch))
        penalty = slope_penalty(logits_of(critic, mixed, shown.classes), mixed)
        total = total + settings.interpolation_gamma * penalty
    if settings.drift:
        total = total + settings.drift * real_logits.square().mean()
    if information is not None:
        total = total + settings.information * information
    update(run.optimizers["critic"], total, run.ranks)
    if run.augment is not None:
        run.augment.adapt(real_logits.detach(), run.step, stage.batch, run.ranks)
    critic.requires_grad_(False)
    return loss.detach()


def generator_step(run: GanRun, shown: StepImages) -> Tensor:
    """Generated images up; where the loss is relative, above the real ones."""
    settings = run.settings
    with run.lowered():
        fake_logits, information = read_fake(run, augmented(run, shown.fake), shown)
        with torch.no_grad():
            relative = run.loss.relative
            real_logits = (
                logits_of(run.critic, augmented(run, shown.real), shown.classes)
                if relative
                else fake_logits.detach()
            )
    total = loss = run.loss.generator(real_logits, fake_logits)
    if information is not None:
        total = total + settings.information * information
    if settings.path_weight and run.step % settings.path_interval == 0:
        total = total + path_penalty(run, shown.classes) * settings.path_weight * settings.path_interval
    update(run.optimizers["generator"], total, run.ranks)
    return loss.detach()


def augmented(run: GanRun, images: Tensor) -> Tensor:
    """The images as the critic may see them."""
    if run.augment is None:
        return images
    return run.augment(images, run.stage.batch, run.ranks.part(run.stage.batch))


def logits_of(critic: Critic, images: Tensor, classes: Tensor | None) -> Float[Tensor, " n"]:
    """What the critic says of images, and of their classes where there are any."""
    return (critic(images) if classes is None else critic(images, classes)).float()


def read_fake(run: GanRun, fake: Tensor, shown: StepImages) -> tuple[Float[Tensor, " n"], Tensor | None]:
    """The logits of generated images, and how badly they tell their codes where the critic reads these."""
    if not isinstance(run.critic, InformedCritic) or shown.latents is None:
        return logits_of(run.critic, fake, shown.classes), None
    features = run.critic.read(fake)
    return run.critic.judge(features).float(), code_loss(run.critic.tell(features), shown.latents)


def path_penalty(run: GanRun, classes: Tensor | None) -> Float[Tensor, ""]:
    """Path length regularisation of fresh images, in float32."""
    n = run.stage.batch // PATH_SHRINK
    part, penalty = run.ranks.part(n), run.path_lengths
    assert penalty is not None
    precision, run.generator.precision = run.generator.precision, "float32"
    own = None if classes is None else classes[: part.stop - part.start]
    latents = run.architecture.codes(run.generator, n, run.settings, part=part, labels=own)
    images = run.architecture.draw(run.generator, latents, run.settings)
    run.generator.precision = precision
    directions = torch.randn(n, *images.shape[1:], device=images.device)[part]
    lengths = path_lengths(images, latents.codes, directions)
    mean = lengths.detach().mean()[None]
    run.ranks.average([mean])
    penalty.follow(mean[0])
    return penalty(lengths)


def fade_in(run: GanRun) -> None:
    """Let the last resolution come in as far as the images of the stage say."""
    share = fade_share(run.settings, run.index, run.images)
    for network in run.networks.values():
        if isinstance(network, Fading):
            network.fade = share


def settle(run: GanRun) -> None:
    """Let both networks learn as fast as is right for the images shown so far."""
    share = settled_share(run.settings, run.shown)
    for name, optimizer in run.optimizers.items():
        for group in optimizer.param_groups:
            group["lr"] = run.rates[name] * share


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
