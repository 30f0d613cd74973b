"""Before the start: how large a model is, how fast this machine trains it, and what to expect when."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import torch
from torch import nn

from ganatomy.progress import Progress
from ganatomy.training.families import showing, stepping
from ganatomy.training.images import Batches, TrainingImages
from ganatomy.training.run import GanRun
from ganatomy.training.settings import GanSettings
from ganatomy.training.steps import train_step

ENOUGH = 2.0
"""Seconds of steps in which the speed of a stage is measured, after a first step."""
EXPECTED = ((20_000, "shapes and colours"), (100_000, "the kind of thing"), (400_000, "images that convince"))
"""What a person can see after so many images: of StyleGAN2 on photographs of faces at 64 px."""
A_MILLION = 1_000_000
"""Images that are shown where nothing is said."""
OVERHEAD = 1.1
"""What penalties, sheets, comparisons and checkpoints add."""


@dataclass(frozen=True, kw_only=True)
class TrainingBudget:
    """How long to train, and how large a model: a million images where nothing is said, the family's own width.

    Args:
        minutes: on this machine.
        images: to show, where no minutes are given.
        width: channels of the widest layer; half of them train up to four times as fast.
    """

    minutes: float | None = None
    images: int | None = None
    width: int | None = None


@dataclass(frozen=True, kw_only=True)
class TrainingPlan:
    """How a generator is trained, and how long that takes here.

    Args:
        parameters: of the generator and of its critic.
        rates: images a second, in each stage.
        available: images to learn from.
    """

    settings: GanSettings
    parameters: tuple[int, int]
    rates: tuple[float, ...]
    available: int

    @property
    def images(self) -> int:
        return sum(stage.images for stage in self.settings.stages)

    @property
    def seconds(self) -> float:
        return self.seconds_until(self.images)

    def seconds_until(self, images: int) -> float:
        """How long until so many images have been shown."""
        seconds, left = 0.0, images
        for stage, rate in zip(self.settings.stages, self.rates, strict=True):
            now = left if stage is self.settings.stages[-1] else min(left, stage.images)
            seconds, left = seconds + OVERHEAD * now / rate, left - now
        return seconds

    def images_in(self, minutes: float) -> int:
        """How many images fit into this time, at the shares of its stages."""
        return int(self.images * 60 * minutes / self.seconds)

    def __str__(self) -> str:
        generator, critic = (f"{count / 1e6:.1f}" for count in self.parameters)
        expected = ", ".join(
            f"{what} after {images:,} ({span(self.seconds_until(images))})"
            for images, what in EXPECTED
            if images <= self.images
        )
        alone = self.settings.critic_images
        if alone:
            prospect = f"a new critic of the generator is shown the first {alone:,} alone"
        elif self.settings.start:
            prospect = "generator and critic go on from a run that has ended"
        elif expected:
            prospect = f"expect {expected}"
        else:
            prospect = f"too few for shapes, which take some {EXPECTED[0][0]:,}"
        return (
            f"{self.settings.architecture} of {self.settings.resolution} px, {generator} million parameters (its "
            f"critic {critic}); this machine trains on {self.rates[-1]:.3g} images a second, so {self.images:,} "
            f"images take {span(self.seconds)} in steps of {self.settings.stages[-1].batch}, and show each of "
            f"{self.available:,} about {self.images / self.available:.1f} times; {prospect}"
        )


def plan_training(
    settings: GanSettings,
    images: TrainingImages,
    budget: TrainingBudget,
    *,
    device: str = "cpu",
    progress: Progress | None = None,
) -> TrainingPlan:
    """Measure the speed of this machine, and fit the images to show to the time; weights and files stay as they are.

    Args:
        budget: minutes or images.
        progress: called with the stage, what is done of it, and how much it is.
    """
    if budget.minutes is None:
        shown = budget.images or A_MILLION
        return _timed(showing(stepping(settings, shown), shown), images, device=device, progress=progress)
    plan = _timed(showing(settings, A_MILLION), images, device=device, progress=progress)
    fewer = stepping(settings, plan.images_in(budget.minutes))
    if fewer != settings:  # smaller batches take longer, so fewer images fit
        plan = _timed(showing(fewer, A_MILLION), images, device=device, progress=progress)
    return replace(plan, settings=showing(fewer, plan.images_in(budget.minutes)))


def _timed(
    settings: GanSettings, images: TrainingImages, *, device: str, progress: Progress | None
) -> TrainingPlan:
    """The plan of these settings, with the speed of each stage measured."""
    rates: list[float] = []
    for index in range(len(settings.stages)):
        if progress:
            progress("measuring the speed", index, len(settings.stages))
        rates.append(rate_of(settings, index, images, device=device))
    run = GanRun(settings, len(settings.stages) - 1, device="cpu")
    return TrainingPlan(
        settings=settings,
        parameters=(parameters_of(run.generator), parameters_of(run.critic)),
        rates=tuple(rates),
        available=len(images),
    )


def rate_of(settings: GanSettings, index: int, images: TrainingImages, *, device: str) -> float:
    """Images a second of a stage between two penalties, of a run that is thrown away."""
    run = GanRun(settings, index, device=device)
    stage = run.stage
    with Batches(
        images, seed=settings.seed, batch=stage.batch, resolution=stage.resolution, device=device
    ) as batches:
        run.step, run.images = 1, settings.critic_images  # without a penalty, and with both networks
        train_step(run, batches(run.step), batches.labels(run.step))  # the first one prepares what others use
        _finish(device)
        started, steps = time.perf_counter(), 0
        while steps < settings.penalty_interval - 1 and (time.perf_counter() - started < ENOUGH or not steps):
            train_step(run, batches(run.step), batches.labels(run.step))
            _finish(device)
            steps += 1
    return steps * stage.batch / (time.perf_counter() - started)


def parameters_of(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def span(seconds: float) -> str:
    """A time for a person.

    Example:
        >>> span(40), span(1500), span(9000), span(200_000)
        ('40 s', '25 min', '2.5 h', '2.3 days')
    """
    for unit, length in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length or (unit == "min" and seconds >= length):
            return f"{seconds / length:.2g} {unit}"
    return f"{seconds:.0f} s"


def _finish(device: str) -> None:
    """Wait for what the device still computes."""
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(device)
