"""What studies learn from: a person's own images, or drawn faces."""

from __future__ import annotations

from pathlib import Path

from ganatomy.datasets.files import Framing
from ganatomy.datasets.references import NEW_PEOPLE
from ganatomy.progress import Progress
from ganatomy.training.data import drawn_faces
from ganatomy.training.images import FEWEST_IMAGES, TrainingImages, array_images, split_off
from ganatomy.training.records import Say
from ganatomy.training.sources import open_images

DRAWN = "drawn"
"""What is given instead of a folder for drawn faces."""
NUM_DRAWN = 10_000


def images_and_real(
    data: Path,
    framing: Framing,
    folder: Path,
    *,
    held_out: int,
    most: int = NUM_DRAWN,
    progress: Progress | None = None,
    say: Say = lambda _: None,
) -> tuple[TrainingImages, TrainingImages]:
    """Images to learn from, and other ones to compare with.

    Args:
        data: a folder, a zip or an idx file; "drawn" draws faces.
        framing: how images become squares of one size.
        folder: receives drawn faces.
        held_out: images to compare with.
        most: drawn faces to learn from.
        progress: called with the stage, what is done of it, and how much it is.
        say: called with one line for each thing that should be known.

    Raises:
        MissingFileError, SettingError, CheckpointError: as `open_images` and `split_off` say.
    """
    if str(data) != DRAWN:
        images = open_images(data, framing, progress=progress, say=say)
        return split_off(images, min(held_out, len(images) // 5))
    images = drawn_images(folder, most, framing, progress=progress)
    return images, drawn_images(folder, held_out, framing, seed=NEW_PEOPLE, progress=progress)


def drawn_images(
    folder: Path, count: int, framing: Framing, *, seed: int = 0, progress: Progress | None = None
) -> TrainingImages:
    """So many drawn faces, but no more than `NUM_DRAWN`, kept in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    count = min(max(count, FEWEST_IMAGES), NUM_DRAWN)
    pixels = drawn_faces(folder, count, resolution=framing.resolution, seed=seed, progress=progress)
    return array_images(pixels, description="drawn faces")
