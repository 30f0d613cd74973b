"""Train a generator: stages that grow, runs that resume, notes on the way.

Karras et al. 2018, "Progressive Growing of GANs" (growing, averaged weights); 2020, "Analyzing and Improving the Image
Quality of StyleGAN", appendix B (lazy regularisation). One step is in `steps`, what a checkpoint holds in `run`, and
what an architecture does its own way in the module of its name.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from ganatomy.errors import OutputError, SettingError
from ganatomy.generators import load
from ganatomy.generators.base import Generator
from ganatomy.perception.features import Features
from ganatomy.progress import Progress
from ganatomy.training.images import FEWEST_IMAGES, Batches, TrainingImages
from ganatomy.training.interrupts import heard_between_steps
from ganatomy.training.ranks import Ranks
from ganatomy.training.records import Records, Say, require_finite
from ganatomy.training.run import GanRun, finish
from ganatomy.training.settings import GanSettings
from ganatomy.training.starting import Start
from ganatomy.training.steps import train_step


def train_gan(
    settings: GanSettings,
    images: TrainingImages,
    folder: str | os.PathLike[str],
    *,
    device: str = "cpu",
    ranks: Ranks | None = None,
    start: Start | None = None,
    features: Features | None = None,
    progress: Progress | None = None,
    say: Say = lambda _: None,
) -> Generator:
    """Train a generator, or go on where the run in `folder` stopped: the same weights as of an unbroken run.

    Args:
        settings: how it is trained.
        images: that it learns from.
        folder: receives `checkpoint.pt`, sheets of samples, `progress.csv` (losses, variety of samples, distance, by
            images shown) and the best generator.
        device: where to train.
        ranks: the processes that train together, by default this one alone.
        start: a generator to start from, which `starting.settings_from` has fitted the settings to.
        features: of a network that takes no part, by which the best generator is told.
        progress: called with the stage, the images shown in it, and its images.
        say: called with one line where something should be known before the end, such as a sign of collapse.

    Returns:
        The generator of averaged weights: the best by the distance of features, where these are given, else the last.

    Raises:
        OutputError: when the folder cannot be written.
        CheckpointError: when it holds a run with other settings.
        SettingError: for too few images, or of another size than the settings, and when a loss is not a number.
    """
    require_fitting(settings, images)
    folder, ranks = Path(folder), ranks or Ranks()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror}") from None
    records = Records(folder=folder, images=images, features=features, say=say)
    checkpoint = folder / "checkpoint.pt"
    run = begin(settings, checkpoint, start=start, device=device, ranks=ranks)
    records.go_on(run.shown)
    run = train_stages(run, records, checkpoint, progress=progress)
    ranks.wait()
    return load(records.best) if features is not None and records.best.exists() else finish(run)


def require_fitting(settings: GanSettings, images: TrainingImages) -> None:
    """Raises SettingError for images that these settings cannot learn from."""
    if images.resolution < settings.resolution or images.channels != settings.channels:
        raise SettingError(
            f"the settings need images of {settings.resolution} px and {settings.channels} channels, "
            f"these have {images.resolution} px and {images.channels}"
        )
    if images.resolution % settings.resolution:
        raise SettingError(
            f"images of {images.resolution} px cannot be averaged down to {settings.resolution}; resize them first"
        )
    if len(images.classes) != settings.num_classes:
        raise SettingError(
            f"the settings are for {settings.num_classes} classes, the images have {len(images.classes)}"
        )
    if len(images) < FEWEST_IMAGES:
        raise SettingError(
            f"{len(images)} images are too few to learn from; give at least {FEWEST_IMAGES}, better some thousands"
        )


def begin(
    settings: GanSettings, checkpoint: Path, *, start: Start | None, device: str, ranks: Ranks
) -> GanRun:
    """A new run, or that of the checkpoint."""
    ranks.wait()
    if checkpoint.exists():
        return GanRun.resume(checkpoint, settings, device=device, ranks=ranks)
    run = GanRun(settings, device=device, ranks=ranks)
    if start is not None:
        run.start_from(start.generator, start.networks)
    return run


def train_stages(run: GanRun, records: Records, checkpoint: Path, *, progress: Progress | None) -> GanRun:
    """Take the steps that are left of all stages."""
    with heard_between_steps() as between:
        try:
            while True:
                train_stage(run, records, checkpoint, between=between, progress=progress)
                if run.last:
                    break
                run = run.grown()
        finally:
            # A step that was broken off is taken again from the last checkpoint.
            if run.whole:
                save(run, checkpoint)
    return run


def train_stage(
    run: GanRun,
    records: Records,
    checkpoint: Path,
    *,
    between: Callable[[], None],
    progress: Progress | None,
) -> None:
    """Take the steps that are left of a stage."""
    settings, stage = run.settings, run.stage
    saved = time.monotonic()
    with Batches(
        records.images,
        seed=settings.seed,
        batch=stage.batch,
        resolution=stage.resolution,
        device=run.device,
        ranks=run.ranks,
    ) as batches:
        while not run.finished:
            between()
            run.losses = train_step(run, batches(run.step), batches.labels(run.step))
            if progress:
                shown = min(run.images, stage.images)
                progress(f"generator at {stage.resolution} px", shown, stage.images)
            over = run.finished and run.last
            if run.ranks.writes and (over or run.passed(settings.sheet_images)):
                records.note(run, compare=over or run.passed(settings.snapshot_images))
            if time.monotonic() - saved > settings.checkpoint_seconds:
                try:
                    save(run, checkpoint)
                except OutputError as error:
                    records.say(f"{error}; training goes on, and tries again")
                saved = time.monotonic()


def save(run: GanRun, checkpoint: Path) -> None:
    """Write a checkpoint whose losses are numbers, by one of the ranks.

    Raises:
        SettingError: when they are none. OutputError: when it cannot be written.
    """
    require_finite(run)
    if run.ranks.writes:
        run.save(checkpoint)
