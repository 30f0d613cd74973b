"""Files that commands read: from what a person typed to the values of the library."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ganatomy.errors import FingerprintError, SettingError

if TYPE_CHECKING:
    from ganatomy.datasets.correlations import LabelCorrelations
    from ganatomy.datasets.labelled import Labelled
    from ganatomy.datasets.labels import LabelTable
    from ganatomy.datasets.references import Reference
    from ganatomy.generators.base import Generator
    from ganatomy.latents import Direction, Directions, Latents
    from ganatomy.perception.base import Scorer

DIRECTIONS_FILE = "directions.safetensors"
"""What a report's folder calls its directions, so that the folder can be given instead."""


Source = tuple[int, ...] | tuple[Path, ...]
"""Where codes come from: seeds, a file of latents, or photographs and folders of them."""


FOREIGN = (".npy", ".npz", ".pt", ".pth", ".pkl")
"""Endings of files of others that may hold directions or codes."""


def one_of(files: Sequence[Path] | None, seeds: tuple[int, ...]) -> Source:
    """The files or the seeds, whichever was given.

    Raises:
        SettingError: when neither is given, or both.
    """
    if bool(files) == bool(seeds):
        raise SettingError(
            "say which codes: either a file of latents or photographs, or --seed with numbers such as 7 or 3,5,9"
        )
    return seeds or tuple(files or ())


def named(source: Source) -> list[int | str]:
    """Seeds or paths, as JSON has them."""
    return [each if isinstance(each, int) else str(each) for each in source]


def open_correlations(path: Path | None, model: str) -> LabelCorrelations | None:
    """How attributes go together in the data: of a file, or of the population that a bundled model was drawn from."""
    from ganatomy.datasets.correlations import drawn_correlations, read_correlations

    if path is None:
        return drawn_correlations() if model in ("faces", "drawn") else None
    return read_correlations(path)


def open_label_table(model: str) -> LabelTable | None:
    """The labels of the population that a bundled model was drawn from; None for other models."""
    from ganatomy.datasets.populations import drawn_labels

    return drawn_labels() if model == "faces" else None


def open_reference(
    data: Path | None, model: str, generator: Generator, *, n: int, seed: int
) -> Reference | None:
    """Real images of a folder or of a file such as MNIST's, or n new ones of the bundled faces; None without any."""
    from ganatomy.datasets.references import drawn_reference, read_reference

    size, channels = generator.signature.size, generator.signature.channels
    if data is None:
        return drawn_reference(resolution=size[0], n=n) if model == "faces" else None
    return read_reference(data, resolution=size, channels=channels, seed=seed)


def open_labelled(
    data: Path | None, model: str, generator: Generator, scorer: Scorer, *, seed: int
) -> Labelled | None:
    """Labelled images of a folder or of two idx files, or drawn ones of the bundled faces; None without any."""
    from ganatomy.datasets.labelled import drawn_labelled, read_labelled

    size, channels = generator.signature.size, generator.signature.channels
    if data is None:
        return drawn_labelled(resolution=size[0]) if model == "faces" else None
    return read_labelled(data, scorer.names, resolution=size, channels=channels, seed=seed)


def held_directions(found: Directions, hold: Sequence[str], moved: Collection[str]) -> tuple[Direction, ...]:
    """The directions to hold: those that are named, or for "all" every one of the file that is not moved.

    Raises:
        UnknownNameError: for a name that the file does not have.
    """
    if tuple(hold) == ("all",) and "all" not in found.names:
        return tuple(direction for direction in found if direction.name not in moved)
    return tuple(found[name] for name in hold)


def plain_units(direction: Direction, given: str | None) -> str:
    """The unit of plain strengths: what was given, else steps for a direction from the studio, else sigma.

    >>> import torch
    >>> from ganatomy.latents import Direction, Space
    >>> plain_units(Direction(name="Smiling", vector=torch.ones(2), space=Space.W, step=2.3), None)
    'step'
    """
    return given or ("step" if math.isfinite(direction.step) else "sigma")


def open_latents(path: Path, generator: Generator) -> Latents:
    """The codes of a file; those of others, where their shape says which space they are of.

    Raises:
        MissingFileError, CheckpointError, SpaceError: for a file that holds none, or none of this generator.
    """
    from ganatomy.directions import import_latents
    from ganatomy.storage import load_latents

    foreign = path.suffix.lower() in FOREIGN and path.is_file()
    return import_latents(generator, path) if foreign else load_latents(path)


def open_directions(path: Path, generator: Generator, *, of_any_generator: bool = False) -> Directions:
    """The directions of a file, or of a folder that `explore` wrote, for use on this generator.

    Those of others are measured on it, where their shape says which space they are of; `ganatomy import` can be told.

    Raises:
        FingerprintError: when they were found on another one.
    """
    from ganatomy.storage import load_directions

    if path.suffix.lower() in FOREIGN and path.is_file():
        from ganatomy.directions import import_directions

        return import_directions(generator, path)
    found = load_directions(path / DIRECTIONS_FILE if path.is_dir() else path)
    if of_any_generator:
        return found.of_any_generator()
    for direction in found:
        if direction.fingerprint and direction.fingerprint != generator.fingerprint:
            raise FingerprintError(
                f"{path} was found on generator {direction.fingerprint[:12]}, "
                f"this one is {generator.fingerprint[:12]}; "
                "--of-any-generator applies it all the same"
            )
    return found
