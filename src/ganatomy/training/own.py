"""Train a family of GANs on a person's own images, in one call."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from ganatomy.datasets.files import Framing
from ganatomy.errors import CheckpointError, SettingError
from ganatomy.generators import save_generator
from ganatomy.generators.precision import quick_precision
from ganatomy.perception.features import features_of
from ganatomy.progress import Progress
from ganatomy.reading import parse_json
from ganatomy.training.checkpoints import write_facts
from ganatomy.training.families import family_settings
from ganatomy.training.loop import train_gan
from ganatomy.training.planning import TrainingBudget, plan_training
from ganatomy.training.ranks import launched
from ganatomy.training.records import Say
from ganatomy.training.settings import GanSettings, TrainingStage
from ganatomy.training.sources import open_images
from ganatomy.training.starting import Start, settings_from

SETTINGS = "settings.json"
"""Beside the checkpoint: what the run was started with."""
PLANNED = ("stages", "critic_images")
"""Of the settings, what the plan of the first start decided."""


def train_own(
    family: str,
    data: Path,
    folder: Path,
    *,
    framing: Framing,
    budget: TrainingBudget = TrainingBudget(),  # noqa: B008 (frozen)
    start: Start | None = None,
    seed: int = 0,
    device: str = "auto",
    progress: Progress | None = None,
    say: Say = lambda _: None,
) -> Path:
    """Train a generator on the images of a folder, a zip or an idx file; the same call again goes on.

    Args:
        family: one of `FAMILIES`.
        data: the images.
        folder: receives `generator.safetensors`, `checkpoint.pt`, `settings.json`, sheets of samples, and
            `progress.csv`.
        framing: how images become squares of one size, and what classes they have.
        budget: minutes to train for on this machine, or images to show, and the width of the model. A run that goes on
            keeps what was found to fit the minutes; images change its end.
        start: a generator of this family to start from, and its critic where that is known; the framing is of its
            resolution.
        seed: of the weights, the codes and the order of the images.
        device: where to train; "auto" takes a GPU where there is one.
        progress: called with the stage, what is done of it, and how much it is.
        say: called with one line for each thing that should be known: the plan first.

    Returns:
        The file of the generator.

    Raises:
        UnknownNameError, SettingError, MissingFileError, CheckpointError, OutputError: as `family_settings`,
            `open_images` and `train_gan` say.

    Example::

        train_own("stylegan2", Path("photos/"), Path("run/"), framing=Framing(resolution=64),
                  budget=TrainingBudget(minutes=600))
    """
    planned = family_settings(family, resolution=framing.resolution, width=budget.width)
    if start is not None and budget.width is not None:
        raise SettingError("a run that starts from a generator has its width; leave the width out")
    if start is not None:
        planned = settings_from(start, planned)
    with launched(device) as (ranks, own):
        quiet = say if ranks.writes else (lambda _: None)
        source = open_images(data, framing, progress=progress, say=quiet)
        fresh = replace(planned, seed=seed)
        if start is None:
            sizes = {"channels": source.channels, "num_classes": len(source.classes)}
            fresh = family_settings(family, resolution=framing.resolution, width=budget.width, **sizes)
            fresh = replace(fresh, seed=seed)
        if quick_precision(own) == "float32":
            fresh = replace(fresh, precision="float32")
        started = folder / SETTINGS
        if started.exists():
            settings = _go_on(started, fresh, source.description, images=budget.images)
            quiet(f"going on with the run in {folder}")
        else:
            plan = plan_training(fresh, source, budget, device=own, progress=progress)
            quiet(str(plan))
            settings = plan.settings
            ranks.wait()
            if ranks.writes:
                write_facts({"data": source.description} | asdict(settings), started)
        generator = train_gan(
            settings,
            source,
            folder,
            device=own,
            ranks=ranks,
            start=start,
            features=features_of("auto"),
            progress=progress,
            say=quiet,
        )
        card = {
            "name": f"{family} of {source.description}",
            "data": source.description,
            "images": sum(stage.images for stage in settings.stages),
            **({"start": settings.start} if settings.start else {}),
            **({"class_names": list(source.classes)} if source.classes else {}),
            "command": f"ganatomy train {family} {data} -o {folder} --resolution {framing.resolution}",
        }
        path = folder / "generator.safetensors"
        return save_generator(generator, path, card=card, bits=16) if ranks.writes else path


def _go_on(path: Path, fresh: GanSettings, data: str, *, images: int | None) -> GanSettings:
    """The settings that the run was started with.

    Raises:
        CheckpointError: when it was started with others than these, but for the images to show.
    """
    try:
        found: dict[str, Any] = parse_json(path.read_text(encoding="utf-8"))
        stages = tuple(TrainingStage(**stage) for stage in found["stages"])
        critic_images = int(found["critic_images"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise CheckpointError(f"{path} is damaged ({error}); train into another folder") from None
    wanted = json.loads(json.dumps({"data": data} | asdict(fresh)))
    changed = [name for name in wanted if name not in PLANNED and wanted[name] != found.get(name)]
    if changed:
        raise CheckpointError(
            f"{path.parent} holds a run with other settings ({', '.join(changed)} differ); give the same ones to go "
            "on, or train into another folder"
        )
    if images is not None:
        before = sum(stage.images for stage in stages[:-1])
        stages = (*stages[:-1], replace(stages[-1], images=max(images - before, stages[-1].batch)))
    return replace(fresh, stages=stages, critic_images=critic_images)
