"""The runs of a study: each in a folder of its own, trained once, and gone on with where it was stopped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganatomy.errors import CheckpointError
from ganatomy.generators import load, save_generator
from ganatomy.generators.base import Generator
from ganatomy.progress import Progress
from ganatomy.reading import parse_json
from ganatomy.training.checkpoints import write_facts
from ganatomy.training.images import TrainingImages
from ganatomy.training.loop import train_gan
from ganatomy.training.records import Say, read_table
from ganatomy.training.settings import GanSettings

GENERATOR, BUDGET = "generator.safetensors", "budget.json"


@dataclass(frozen=True, kw_only=True, eq=False)
class FinishedRun:
    """A run that has come to its end.

    Args:
        generator: that came out.
        seconds: that it took, over all its parts.
    """

    generator: Generator
    seconds: float


def agree_on(budget: Mapping[str, Any], folder: Path) -> None:
    """Note down what all runs of a study share, or see that it is the same as before.

    Raises:
        CheckpointError: when the folder holds a study with another budget.
    """
    path, wanted = folder / BUDGET, json.loads(json.dumps(budget))
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_facts(wanted, path)
        return
    try:
        found = parse_json(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CheckpointError(f"{path} is damaged ({error}); take another folder") from None
    changed = [name for name in wanted if wanted[name] != found.get(name)]
    if changed:
        raise CheckpointError(
            f"{folder} holds a study with another budget ({', '.join(changed)} differ); give the same one to go on, or "
            "take another folder"
        )


def trained(
    settings: GanSettings,
    images: TrainingImages,
    folder: Path,
    *,
    device: str = "cpu",
    progress: Progress | None = None,
    say: Say = lambda _: None,
) -> FinishedRun:
    """The run of this folder: read where it is finished, else trained to its end.

    Args:
        settings: how it is trained.
        images: that it learns from.
        folder: receives the generator, and what `train_gan` writes.
        device: where to train.
        progress: called with the stage, what is done of it, and how much it is.
        say: called with one line where something should be known before the end.
    """
    path = folder / GENERATOR
    if not path.exists():
        made = train_gan(settings, images, folder, device=device, progress=progress, say=say)
        save_generator(made.to("cpu"), path)
    rows = read_table(folder)
    return FinishedRun(generator=load(path), seconds=rows[-1]["seconds"] if rows else 0.0)
