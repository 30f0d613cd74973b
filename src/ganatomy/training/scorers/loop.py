"""Train an attribute network: phases of one cycle each, a table of epochs, runs that resume."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch

from ganatomy.errors import OutputError, ScoreError
from ganatomy.perception.attribute_model import AttributeModel
from ganatomy.progress import Progress
from ganatomy.training.checkpoints import load_state, save_state
from ganatomy.training.images import Ahead
from ganatomy.training.interrupts import heard_between_steps
from ganatomy.training.records import Say
from ganatomy.training.scorers.data import TrainingRows
from ganatomy.training.scorers.epochs import HEAD, Epoch, decisions, write_epochs
from ganatomy.training.scorers.evaluation import fit_temperature
from ganatomy.training.scorers.run import ScorerRun
from ganatomy.training.scorers.settings import ScorerSettings


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainedScorer:
    """An attribute network that is ready to read, and how it came about."""

    network: AttributeModel
    epochs: tuple[Epoch, ...]


@dataclass(kw_only=True)
class Notes:
    """The table of a run, and where it is kept.

    Args:
        folder: receives the table of epochs and checkpoints; None keeps neither.
        stem: how the files of this network begin.
        say: told the lines of the table.
    """

    folder: Path | None
    stem: str
    say: Say = lambda _: None
    epochs: list[Epoch] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    @property
    def checkpoint(self) -> Path | None:
        return None if self.folder is None else self.folder / f"{self.stem}-checkpoint.pt"

    def add(self, epoch: Epoch) -> None:
        if not self.epochs:
            self.say(HEAD)
        self.epochs.append(epoch)
        self.say(str(epoch))
        if self.folder is not None:
            write_epochs(self.epochs, self.folder / f"{self.stem}-epochs.csv")


def train_network(
    settings: ScorerSettings,
    data: TrainingRows,
    *,
    folder: Path | None = None,
    stem: str = "scorer",
    device: str = "cpu",
    progress: Progress | None = None,
    say: Say = lambda _: None,
) -> TrainedScorer:
    """Train an attribute network, or go on where the run in `folder` stopped: the same weights as of an unbroken run.

    Args:
        settings: how it is trained.
        data: what it learns from, and what is held out.
        folder: receives the checkpoint and the table of epochs; without, a run cannot be gone on with.
        stem: how their names begin, also what the progress is called.
        device: where to train.
        progress: called with the stage, images shown in it, and its images.
        say: called with one line where something should be known before the end.

    Returns:
        The network, calibrated on the rows that were held out, and the table of epochs.

    Raises:
        SettingError: when data and settings do not go together.
        ScoreError: when an attribute has one class only, and when the loss is not a number.
        CheckpointError: when the folder holds a run with other settings.
        OutputError: when the folder cannot be written.
    """
    data.require(settings)
    settings.augmentation.require()
    notes = Notes(folder=folder, stem=stem, say=say)
    facts = {**settings.facts(), "data": data.fingerprint()}
    run = ScorerRun(settings, data, device=device)
    if notes.checkpoint is not None and notes.checkpoint.exists():
        state = load_state(facts, notes.checkpoint, device=device)
        run.resume(state)
        notes.epochs += [Epoch(**row) for row in state["epochs"]]
        notes.began -= state["seconds"]

    def save() -> None:
        if notes.checkpoint is not None:
            kept = {"epochs": [asdict(epoch) for epoch in notes.epochs]}
            save_state(
                run.state() | kept | {"seconds": time.monotonic() - notes.began}, facts, notes.checkpoint
            )

    with heard_between_steps() as between:
        try:
            _take_steps(run, notes, between=between, save=save, progress=progress)
        finally:
            # A step that was broken off is taken again from the last checkpoint.
            if run.whole:
                save()
    return TrainedScorer(network=_finish(run), epochs=tuple(notes.epochs))


def _take_steps(
    run: ScorerRun,
    notes: Notes,
    *,
    between: Callable[[], None],
    save: Callable[[], None],
    progress: Progress | None,
) -> None:
    saved = time.monotonic()
    while not run.finished:
        phase = run.phase
        stage = f"{notes.stem} at {phase.resolution} px" + (", heads only" if phase.frozen else "")
        with Ahead(lambda step: _read(run, step)) as reader:
            while not run.over:
                between()
                rows, pixels = reader(run.step)
                run.whole = False
                run.train_step(rows, pixels)
                if run.epoch_over:
                    _validate(run, notes)
                run.whole = True
                if progress:
                    shown = phase.images if run.over else min(run.step * run.batch, phase.images)
                    progress(stage, shown, phase.images)
                if time.monotonic() - saved > run.settings.checkpoint_seconds:
                    try:
                        save()
                    except OutputError as error:
                        notes.say(f"{error}; training goes on, and tries again")
                    saved = time.monotonic()
        run.leave()


def _read(run: ScorerRun, step: int) -> tuple:
    """Rows of a step of this phase, and their pixels."""
    rows = run.rows(run.index, step)
    return rows, run.data.read(rows, run.phase.resolution)


def _validate(run: ScorerRun, notes: Notes) -> None:
    """A line of the table, and whether the phase goes on."""
    rows = run.data.validated
    reading = run.predict(rows, resolution=run.phase.resolution)
    labels = run.data.labels[rows]
    at = type(reading)(*(part.to(run.device) for part in reading))
    loss = float(run.loss(at, rows))
    mean = float(run.loss_sum / max(run.loss_count, 1))
    if not (math.isfinite(loss) and math.isfinite(mean)):
        raise ScoreError(
            f"after {run.steps * run.batch:,} images the loss is not a number; train with a smaller learning rate, or "
            "in float32"
        )
    logits = reading.attributes
    if run.settings.network.activation == "softmax":
        logits = run.network.calibrated(logits.to(run.device)).cpu()
    notes.add(
        Epoch(
            epoch=len(notes.epochs) + 1,
            images=run.steps * run.batch,
            resolution=run.phase.resolution,
            train_loss=mean,
            valid_loss=loss,
            **decisions(logits, labels),
            seconds=time.monotonic() - notes.began,
        )
    )
    run.loss_sum, run.loss_count = torch.zeros((), dtype=torch.float64), 0
    run.keep_best(loss)


@torch.no_grad()
def _finish(run: ScorerRun) -> AttributeModel:
    """The network, calibrated: what weights of rare classes added is taken away, and temperatures are fitted."""
    network, config = run.network, run.settings.network
    network.eval().requires_grad_(False)
    if run.weights is not None:
        # Odds learnt with positives weighed w times are w times too large.
        network.attributes.bias -= run.weights.log()
    rows = run.data.validated
    logits = run.predict(rows, resolution=config.resolution, exact=True).attributes
    network.temperature.copy_(fit_temperature(config, logits, run.data.labels[rows]))
    return network
