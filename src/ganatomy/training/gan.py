"""Train a generator: non-saturating loss, R1, averaged weights, style mixing, resolutions that grow, runs that resume.

Goodfellow et al. 2014 (the non-saturating loss), Mescheder et al. 2018 (R1, equation 9), Karras et al. 2018 (growing,
averaged weights), 2019 (mixing regularisation), 2020 (lazy regularisation, appendix B), Sauer et al. 2021 (a second
critic, on features).
"""

from __future__ import annotations

import copy
import os
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganatomy.critics.multiscale import MultiscaleCritic
from ganatomy.errors import CheckpointError, OutputError, SettingError
from ganatomy.generators.base import Generator
from ganatomy.generators.dcgan import DCGAN
from ganatomy.generators.stylegan2 import StyleGAN2, StyleGAN2Config
from ganatomy.images import Pixels, save_image
from ganatomy.latents import Latents, Space
from ganatomy.perception.network import AttributeNetwork
from ganatomy.plots import grid
from ganatomy.progress import Progress
from ganatomy.training.data import pick, torch_rng
from ganatomy.training.features import FeatureCritic


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A stretch of training at one resolution, measured in images shown to the critic."""

    resolution: int
    images: int
    batch: int = 16


@dataclass(frozen=True, kw_only=True)
class GanRecipe:
    """Everything that decides how a generator comes out, but for the images.

    Args:
        widths: channels of each resolution from 4 pixels up, for the generator and for its critic.
        learning_rate: of Adam with betas (0, 0.99), for both networks.
        r1_gamma: weight of the gradient penalty at the full resolution; at a smaller one by its share of pixels.
        r1_interval: steps between penalties, each weighted by the interval.
        mixing: share of images whose layers take two codes, from a random layer on.
        noise: "random" draws noise for every image, "none" leaves it out where the data have no stochastic detail.
        feature_weight: of the critic on frozen features beside the critic on images, where `train_gan` is given a
            network; it judges from a quarter of the network's own resolution on.
        ema_images: half-life of the averaged weights, in images; early on a tenth of the images seen so far.
        checkpoint_seconds: how much work a killed run may lose.
        sheet_images: images between two sample sheets.
    """

    architecture: Literal["stylegan2", "dcgan"]
    widths: tuple[int, ...]
    stages: tuple[Stage, ...]
    z_dim: int
    w_dim: int = 64
    mapping_layers: int = 4
    channels: int = 3
    learning_rate: float = 0.0025
    r1_gamma: float = 0.1
    r1_interval: int = 16
    mixing: float = 0.5
    noise: Literal["random", "none"] = "random"
    feature_weight: float = 0.0
    ema_images: int = 10_000
    checkpoint_seconds: float = 120.0
    sheet_images: int = 5_000
    seed: int = 0

    def __post_init__(self) -> None:
        sizes = [stage.resolution for stage in self.stages]
        full = 2 ** (len(self.widths) + 1)
        if not sizes or sorted(set(sizes)) != sizes or sizes[-1] != full:
            raise SettingError(
                f"stages must grow and end at {full} px, as {len(self.widths)} widths do; got {sizes}"
            )
        if self.architecture == "dcgan" and len(sizes) > 1:
            raise SettingError("a DCGAN cannot grow; give it one stage")

    @property
    def resolution(self) -> int:
        return self.stages[-1].resolution


@dataclass(kw_only=True)
class Run:
    """The moving parts of a training run: what a checkpoint holds."""

    recipe: GanRecipe
    stage: int
    images: int  # shown in this stage
    step: int  # taken in all stages
    generator: Generator
    average: Generator
    critic: MultiscaleCritic
    features: FeatureCritic | None = None
    optimizers: dict[str, torch.optim.Adam] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rate, lazy = self.recipe.learning_rate, self.recipe.r1_interval / (self.recipe.r1_interval + 1)
        if self.features is not None:
            self.optimizers["features"] = torch.optim.Adam(
                self.features.parameters(), lr=rate, betas=(0.0, 0.99)
            )
        self.optimizers |= {
            "generator": torch.optim.Adam(self.generator.parameters(), lr=rate, betas=(0.0, 0.99)),
            "critic": torch.optim.Adam(self.critic.parameters(), lr=rate * lazy, betas=(0.0, 0.99**lazy)),
        }


def train_gan(
    recipe: GanRecipe,
    pixels: Pixels,
    folder: str | os.PathLike[str],
    *,
    network: AttributeNetwork | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
) -> Generator:
    """Train by this recipe, or go on where the run in `folder` stopped; returns the generator of averaged weights.

    `network` is what the second critic sees with, where the recipe has one; do not judge the generator with it later.
    `folder` receives `checkpoint.pt`, sheets of samples, and `losses.csv` with the losses at each sheet.

    Raises:
        OutputError: when the folder cannot be written.
        CheckpointError: when it holds another recipe's run.
        SettingError: when the images are smaller than the recipe's resolution, or of other channels.
    """
    if pixels.shape[1] < recipe.resolution or pixels.shape[3] != recipe.channels:
        raise SettingError(
            f"the recipe wants images of {recipe.resolution} px and {recipe.channels} channels, "
            f"these have {pixels.shape[1]} px and {pixels.shape[3]}"
        )
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror}") from None
    checkpoint = folder / "checkpoint.pt"
    if (network is None) != (recipe.feature_weight == 0):
        raise SettingError(
            f"feature_weight={recipe.feature_weight} and network={network and 'given'} contradict each other"
        )
    run = (
        resume(recipe, checkpoint, device, network) if checkpoint.exists() else start(recipe, device, network)
    )
    done = sum(stage.images for stage in recipe.stages[: run.stage]) + run.images
    saved = time.monotonic()
    try:
        while True:
            stage = recipe.stages[run.stage]
            while run.images < stage.images:
                losses = train_step(run, stage, pixels, device)
                done += stage.batch
                if progress:
                    progress(
                        f"generator at {stage.resolution} px", min(run.images, stage.images), stage.images
                    )
                if done // recipe.sheet_images > (done - stage.batch) // recipe.sheet_images:
                    save_sheet(run, folder / f"samples-{done:08d}.png")
                    write_losses(losses, done, folder / "losses.csv")
                if time.monotonic() - saved > recipe.checkpoint_seconds:
                    save_checkpoint(run, checkpoint)
                    saved = time.monotonic()
            if run.stage + 1 == len(recipe.stages):
                break
            run = grow(run, device)
    finally:
        save_checkpoint(run, checkpoint)
    return finish(run)


def train_step(run: Run, stage: Stage, pixels: Pixels, device: str) -> dict[str, float]:
    """One step of the critic and one of the generator, on the same drawn images."""
    recipe = run.recipe
    torch_rng(recipe.seed, run.step)
    rows = np.random.default_rng((recipe.seed, 1, run.step)).integers(len(pixels), size=stage.batch)
    real = pick(pixels, rows, stage.resolution).to(device, memory_format=torch.channels_last)
    fake = draw(run.generator.train(), stage.batch, mixing=recipe.mixing, noise=recipe.noise)

    # Critics: real up, drawn down, and now and then flat around the real.
    critics: list[tuple[str, nn.Module, float]] = [("critic", run.critic, 1.0)]
    if run.features is not None and stage.resolution * 4 >= run.features.resolution:
        critics.append(("features", run.features, recipe.feature_weight))
    losses = {}
    for name, critic, _ in critics:
        critic.requires_grad_(True)
        penalize = critic is run.critic and run.step % recipe.r1_interval == 0
        real.requires_grad_(penalize)
        real_logits, fake_logits = critic(real), critic(fake.detach())
        loss = F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()
        losses[name] = loss.item()
        if penalize:
            (slope,) = torch.autograd.grad(real_logits.sum(), real, create_graph=True)
            gamma = recipe.r1_gamma * (stage.resolution / recipe.resolution) ** 2
            loss = loss + slope.square().sum(dim=(1, 2, 3)).mean() * (gamma / 2 * recipe.r1_interval)
        update(run.optimizers[name], loss)
        critic.requires_grad_(False)

    # Generator: drawn up.
    parts = [F.softplus(-critic(fake)).mean() * weight for _, critic, weight in critics]
    generator_loss = torch.stack(parts).sum()
    update(run.optimizers["generator"], generator_loss)

    # Average the weights; buffers are taken over.
    run.step += 1
    run.images += stage.batch
    half_life = min(recipe.ema_images, max(run.step * stage.batch / 10, stage.batch))
    follow(run.average, run.generator, 0.5 ** (stage.batch / half_life))
    return losses | {"generator": generator_loss.item()}


def draw(
    generator: Generator, n: int, *, mixing: float, noise: Literal["random", "none"] = "random"
) -> Tensor:
    """Images of fresh codes; in a StyleGAN2 some take a second code from a random layer on (mixing)."""
    signature = generator.signature

    def fresh() -> Latents:
        z = (
            torch.randn(n, signature.z_dim)
            if signature.prior == "normal"
            else torch.rand(n, signature.z_dim) * 2 - 1
        )
        return Latents(codes=z.to(generator.device), space=Space.Z, num_layers=signature.num_layers)

    if not isinstance(generator, StyleGAN2):
        return generator.synthesize(fresh())
    w = generator.map(fresh(), to="w+")
    codes = w.codes
    if mixing:
        other = generator.map(fresh(), to="w+").codes
        first = torch.randint(1, codes.shape[1], (n, 1), device=codes.device)
        first = torch.where(torch.rand(n, 1, device=codes.device) < mixing, first, codes.shape[1])
        codes = torch.where(
            (torch.arange(codes.shape[1], device=codes.device) < first)[..., None], codes, other
        )
    return generator.synthesize(w.with_codes(codes), noise=noise)


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


def build(recipe: GanRecipe, stage: int, device: str) -> tuple[Generator, MultiscaleCritic]:
    """Both networks of a stage, with fresh weights."""
    widths = recipe.widths[: recipe.stages[stage].resolution.bit_length() - 2]
    if recipe.architecture == "stylegan2":
        generator: Generator = StyleGAN2(
            StyleGAN2Config(
                widths=widths,
                z_dim=recipe.z_dim,
                w_dim=recipe.w_dim,
                mapping_layers=recipe.mapping_layers,
                channels=recipe.channels,
            )
        )
    else:
        generator = DCGAN.build(z_dim=recipe.z_dim, widths=widths, channels=recipe.channels)
    critic = MultiscaleCritic(widths, recipe.channels)
    fast = {"device": device, "memory_format": torch.channels_last}
    return generator.to(**fast), critic.to(**fast)


def start(recipe: GanRecipe, device: str, network: AttributeNetwork | None = None) -> Run:
    torch.manual_seed(recipe.seed)
    generator, critic = build(recipe, 0, device)
    average = copy.deepcopy(generator).requires_grad_(False)
    return Run(
        recipe=recipe, stage=0, images=0, step=0, generator=generator, average=average, critic=critic,
        features=FeatureCritic(network).to(device) if network else None,
    )  # fmt: skip


def grow(run: Run, device: str) -> Run:
    """The next stage: twice the resolution or more, drawing and judging at first exactly as before."""
    generator, critic = build(run.recipe, run.stage + 1, device)
    average = copy.deepcopy(generator).requires_grad_(False)
    for larger, smaller in ((generator, run.generator), (average, run.average)):
        larger.load_state_dict(smaller.state_dict(), strict=False)
        assert isinstance(larger, StyleGAN2)
        nn.init.zeros_(list(larger.synthesis.blocks())[-1].torgb.weight)
    critic.grow_from(run.critic)
    return Run(
        recipe=run.recipe, stage=run.stage + 1, images=0, step=run.step, generator=generator, average=average,
        critic=critic, features=run.features,
    )  # fmt: skip


def finish(run: Run) -> Generator:
    """The averaged generator, ready to use: mean w measured, batch statistics renewed, gradients off."""
    generator = copy.deepcopy(run.average).requires_grad_(False)
    torch_rng(run.recipe.seed, -1 % 2**31)
    with torch.no_grad():
        if isinstance(generator, StyleGAN2):
            w = generator.map(generator.sample(10_000, seed=run.recipe.seed), to="w").codes
            generator.mapping.w_avg.copy_(w.mean(dim=0))
        for module in generator.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.reset_running_stats()
                module.momentum = None  # a plain mean over what follows
        generator.train()
        for _ in range(32):
            draw(generator, 64, mixing=0.0)
    return generator.eval()


def save_sheet(run: Run, path: Path) -> None:
    """Sixty-four samples of the averaged weights, the same codes each time."""
    generator = run.average.eval()
    with torch.no_grad():
        images = generator(generator.sample(64, seed=run.recipe.seed))
    save_image(grid(images, columns=8), path)


def write_losses(losses: dict[str, float], images: int, path: Path) -> None:
    """Add a line for each network: images shown so far, and its loss in the last step."""
    lines = [] if path.exists() else ["images,network,loss"]
    lines += [f"{images},{network},{loss:.4f}" for network, loss in losses.items()]
    with path.open("a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def save_checkpoint(run: Run, path: Path) -> None:
    """Write the run whole or not at all."""
    state: dict[str, Any] = {
        "recipe": recipe_facts(run.recipe),
        "stage": run.stage,
        "images": run.images,
        "step": run.step,
        "generator": run.generator.state_dict(),
        "average": run.average.state_dict(),
        "critic": run.critic.state_dict(),
        "features": run.features and run.features.state_dict(),
        "optimizers": {name: optimizer.state_dict() for name, optimizer in run.optimizers.items()},
    }
    part = path.with_suffix(".part")
    try:
        torch.save(state, part)
        os.replace(part, path)
    except (OSError, RuntimeError) as error:
        part.unlink(missing_ok=True)
        raise OutputError(f"{path} cannot be written: {error}") from None


def resume(recipe: GanRecipe, path: Path, device: str, network: AttributeNetwork | None = None) -> Run:
    """The run of a checkpoint, which must be of this recipe.

    Raises:
        CheckpointError: when it is of another one, or not readable; both say what to do.
    """
    try:
        state = torch.load(path, map_location=device, weights_only=True)
        recorded = state["recipe"]
    except Exception as error:  # noqa: BLE001 (torch raises many kinds for a damaged file)
        raise CheckpointError(
            f"{path} is not a checkpoint of a training run ({error}); train into another folder"
        ) from None
    changed = [key for key, value in recipe_facts(recipe).items() if recorded.get(key) != value]
    if changed:
        raise CheckpointError(
            f"{path} is of another recipe ({', '.join(changed)} differ); train into another folder"
        )
    generator, critic = build(recipe, state["stage"], device)
    average = copy.deepcopy(generator).requires_grad_(False)
    run = Run(
        recipe=recipe, stage=state["stage"], images=state["images"], step=state["step"],
        generator=generator, average=average, critic=critic,
        features=FeatureCritic(network).to(device) if network else None,
    )  # fmt: skip
    for name in ("generator", "average", "critic", *(["features"] if network else [])):
        getattr(run, name).load_state_dict(state[name])
    for name, optimizer in run.optimizers.items():
        optimizer.load_state_dict(state["optimizers"][name])
    return run


def recipe_facts(recipe: GanRecipe) -> dict[str, Any]:
    """The recipe as plain values, without what may change between two sittings: pace of notes, and length of stages."""
    facts = asdict(replace(recipe, checkpoint_seconds=0.0, sheet_images=1))
    facts["stages"] = [[stage.resolution, stage.batch] for stage in recipe.stages]
    facts["widths"] = list(recipe.widths)
    return facts
