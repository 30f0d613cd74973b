"""Train an encoder of images, by the images that its codes make.

Richardson et al. 2021 (pSp), Tov et al. 2021 (e4e), Alaluf et al. 2021 (ReStyle).
"""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import SettingError
from ganatomy.generators.base import Generator
from ganatomy.inversion.encoder import PASSES, WIDTH, EncoderNetwork
from ganatomy.inversion.prepare import EDITABILITY, prepare
from ganatomy.inversion.prior import Prior
from ganatomy.inversion.problem import weights_fixed
from ganatomy.progress import Progress, watched
from ganatomy.training.checkpoints import load_state, save_state

CHECKPOINT = "checkpoint.pt"
OWN_SEED = 0xE9C0


@dataclass(frozen=True, kw_only=True)
class EncoderSettings:
    """How an encoder is trained.

    Args:
        steps: of training.
        batch: images in a step; with given images half of them are those, else all are the generator's own.
        passes: corrections of each image.
        width: channels of the first layer of the network.
        learning_rate: at the top of the cycle.
        editability: weight of the prior, as the dial of `invert`.
        codes: weight of the mean squared error of coordinates, for own images, whose codes are known.
        space: of the codes; by default the first of w+, w and z that the generator has.
        checkpoint_seconds: how much work a killed run may lose.
        seed: of weights and images.

    Example::

        settings = ga.EncoderSettings(steps=20_000, width=48)
    """

    steps: int = 4_000
    batch: int = 8
    passes: int = PASSES
    width: int = WIDTH
    learning_rate: float = 1e-3
    editability: float = EDITABILITY
    codes: float = 0.01
    space: str | None = None
    checkpoint_seconds: float = 60.0
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.steps, self.batch, self.passes, self.width) < 1 or not self.learning_rate > 0:
            raise SettingError(
                f"cannot train in {self.steps} steps of {self.batch} images, {self.passes} passes and width "
                f"{self.width} at learning rate {self.learning_rate:g}; give 1 or more, and a rate above 0"
            )


@watched()
def train_encoder(
    generator: Generator,
    settings: EncoderSettings | None = None,
    *,
    images: Float[Tensor, "m c h w"] | None = None,
    folder: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> EncoderNetwork:
    """Train an encoder for a generator, or go on where the run in `folder` stopped.

    Each step goes down the loss of the images after every pass (pixels, and the perceptual distance of the generator's
    bundled scorer), the prior of codes, and for own images the error of the codes.

    Args:
        generator: whose codes it finds.
        settings: how it is trained; by default those of `EncoderSettings()`.
        images: of the training domain, of the generator's size; without, it learns from the generator's own alone.
        folder: receives `checkpoint.pt`, from which a killed run goes on.
        progress: called with the stage and how far it is.

    Returns:
        The network, for `invert(..., method=network)`.

    Raises:
        SettingError: for a generator without gradients, and images of another size.
        CheckpointError: when the folder holds a run with other settings.
        OutputError: when the folder cannot be written.

    Example::

        network = ga.train_encoder(ga.load("faces"), images=photographs, folder="encoder-run")
    """
    from ganatomy.inversion.invert import check_images

    settings = settings or EncoderSettings()
    images = None if images is None else check_images(generator, images)
    run = EncoderRun(generator, settings, images, progress)
    facts = asdict(replace(settings, checkpoint_seconds=0.0)) | {"generator": generator.fingerprint}
    checkpoint = None if folder is None else Path(folder) / CHECKPOINT
    if checkpoint is not None and checkpoint.exists():
        run.resume(load_state(facts, checkpoint))
    saved = time.monotonic()
    try:
        with weights_fixed(generator):
            while run.step < settings.steps:
                run.train_step()
                if progress:
                    progress("encoder", run.step, settings.steps)
                if checkpoint is not None and time.monotonic() - saved > settings.checkpoint_seconds:
                    save_state(run.state(), facts, checkpoint)
                    saved = time.monotonic()
    finally:
        if checkpoint is not None:
            save_state(run.state(), facts, checkpoint)
    return run.network.eval().requires_grad_(False)


class EncoderRun:
    """The moving parts of a training run: what a checkpoint holds."""

    def __init__(
        self,
        generator: Generator,
        settings: EncoderSettings,
        images: Tensor | None,
        progress: Progress | None = None,
    ) -> None:
        self.generator, self.settings, self.images = generator, settings, images
        self.preparation = prepare(generator, space=settings.space, progress=progress)
        self.prior = Prior.of(settings.editability, self.preparation.variance)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            network = EncoderNetwork.untrained(generator, self.preparation, width=settings.width)
        self.network = network.to(self.preparation.coordinates.mean).train()
        self.optimizer = torch.optim.AdamW(self.network.parameters(), lr=settings.learning_rate)
        self.cycle = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, max_lr=settings.learning_rate, total_steps=settings.steps + 1, pct_start=0.1
        )
        self.step = 0

    def train_step(self) -> None:
        settings, preparation = self.settings, self.preparation
        coordinates, likeness = preparation.coordinates, preparation.likeness
        given = self._given()
        num_own = settings.batch - len(given)
        u = coordinates.drawn(
            self.generator, num_own, seed=OWN_SEED + settings.seed, start=self.step * settings.batch
        )
        with torch.no_grad():
            own = self._images(u.expand(-1, coordinates.shape[0], -1)).clamp(-1, 1)
            targets = torch.cat([own, given])
            aim = likeness(targets)
            found = preparation.start(targets)
            images = self._images(found)
        self.optimizer.zero_grad()
        for _ in range(settings.passes):  # each by itself: to the pass before no gradients flow
            with torch.enable_grad():
                found = found.detach() + self.network(targets, images.detach().clamp(-1, 1))
                images = self._images(found)
                apart = (likeness(images) - aim).square().sum(1)
                loss = (apart + self.prior(found)).mean() / preparation.variance
                if num_own:
                    loss = loss + settings.codes * (found[:num_own] - u).square().mean()
                loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.cycle.step()
        self.step += 1

    def state(self) -> dict[str, object]:
        return {
            "step": self.step,
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "cycle": self.cycle.state_dict(),
        }

    def resume(self, state: dict[str, object]) -> None:
        for name in ("network", "optimizer", "cycle"):
            getattr(self, name).load_state_dict(state[name])
        self.step = int(state["step"])  # pyright: ignore[reportArgumentType]

    def _images(self, coordinates: Float[Tensor, "n rows r"]) -> Float[Tensor, "n c h w"]:
        return self.generator(self.preparation.coordinates.latents(coordinates))

    def _given(self) -> Float[Tensor, "m c h w"]:
        """Some of the given images, another half of a batch in each step."""
        if self.images is None:
            signature = self.generator.signature
            side = signature.resolution
            return self.preparation.coordinates.mean.new_zeros(0, signature.channels, side, side)
        random = torch.Generator().manual_seed(self.settings.seed * 1_000_003 + self.step)
        chosen = torch.randint(len(self.images), ((self.settings.batch + 1) // 2,), generator=random)
        return self.images[chosen.to(self.images.device)]
