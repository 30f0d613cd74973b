"""A person's own images: a folder, a zip, an idx file or CelebA's own layout, read as they are needed."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from jaxtyping import Int, UInt8
from PIL import Image

from ganatomy.datasets.files import Framing, ImageFiles, files_of, read_square
from ganatomy.datasets.idx import idx_images
from ganatomy.errors import CheckpointError, MissingFileError, SettingError
from ganatomy.images import DAMAGED, Pixels
from ganatomy.progress import Progress
from ganatomy.training.classes import ImageClasses, idx_classes, image_classes
from ganatomy.training.images import FEWEST_IMAGES, TrainingImages, array_images
from ganatomy.training.records import Say

GREY = frozenset({"1", "L", "LA", "I", "I;16", "I;16B", "I;16L", "F"})
"""Modes of Pillow without colour."""
NAMED = 3
"""Files that a sentence names before it counts the rest."""


@dataclass(kw_only=True)
class Findings:
    """What was found in files before the first is shown."""

    good: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    small: list[str] = field(default_factory=list)
    transparent: int = 0
    colours: bool = False
    largest: int = 0

    def lines(self, resolution: int) -> Iterator[str]:
        """What a person should know of them, a line each."""
        if self.broken:
            yield f"{count(self.broken, 'broken file')} left out: {listed(self.broken)}"
        if self.small:
            yield f"{count(self.small, 'image')} smaller than {resolution} px, enlarged: {listed(self.small)}"
        if self.transparent:
            yield f"{self.transparent:,} images are partly transparent; they are laid on white"


def open_images(
    path: Path,
    framing: Framing,
    *,
    progress: Progress | None = None,
    say: Say = lambda _: None,
) -> TrainingImages:
    """The images of a folder (and those below it), of a zip, or of an idx file as MNIST's.

    The head of each file is read now, its pixels when they are shown. A file that turns out to be broken then is named
    once, and the next one is shown in its place.

    Args:
        path: of them.
        framing: how images become squares of one size, and what classes they have.
        progress: called with the stage, what is done of it, and how much it is.
        say: called with one line for each thing that should be known.

    Raises:
        MissingFileError: where there are no images. SettingError: for too few, or none as large as the resolution.
        CheckpointError: for another kind of file.
    """
    if not path.exists():
        raise MissingFileError(f"{path} does not exist")
    if path.is_file() and not zipfile.is_zipfile(path):
        pixels = idx_images(path, resolution=framing.resolution)
        plain = replace(array_images(pixels, description=path.name), mirrored=framing.mirrored)
        return plain if framing.classes is None else sorted_by(plain, idx_classes(path, framing.classes), say)
    files = files_of(path)
    found = inspect(files, framing, progress=progress)
    if len(found.good) < FEWEST_IMAGES:
        broken = f" ({len(found.broken)} more cannot be read: {listed(found.broken)})" if found.broken else ""
        raise SettingError(
            f"{path} holds {len(found.good)} images{broken}; give at least {FEWEST_IMAGES}, better some thousands"
        )
    if found.largest < framing.resolution:
        raise SettingError(
            f"no image of {path} has {framing.resolution} px a side, the largest {found.largest}; use a smaller "
            "--resolution"
        )
    for line in found.lines(framing.resolution):
        say(line)
    channels = framing.channels or (3 if found.colours else 1)
    images = TrainingImages(
        description=path.name,
        count=len(found.good),
        resolution=framing.resolution,
        channels=channels,
        read=Reader(files=files, names=found.good, framing=framing, channels=channels, say=say),
        mirrored=framing.mirrored,
    )
    if framing.classes is None:
        return images
    return sorted_by(images, image_classes(path, found.good, framing.classes), say)


def sorted_by(images: TrainingImages, found: ImageClasses, say: Say) -> TrainingImages:
    """The images with their classes; a line names those that have few."""
    if len(found.labels) != len(images):
        raise SettingError(
            f"{len(found.labels)} labels do not go with {len(images)} images; give one for each"
        )
    if found.rare:
        say(f"few images are of {listed(found.rare)}; a generator learns such classes badly")
    return replace(images, labels=found.labels, classes=found.names)


def inspect(files: ImageFiles, framing: Framing, *, progress: Progress | None = None) -> Findings:
    """Read the heads of all files."""
    found = Findings()
    for place, name in enumerate(files.names):
        try:
            with closing(files.open(name)) as file, Image.open(file) as image:
                side = framing.side(image.size)
                found.colours |= image.mode not in GREY
                found.transparent += image.has_transparency_data
        except (*DAMAGED, Image.DecompressionBombError):
            found.broken.append(name)
        else:
            found.good.append(name)
            found.largest = max(found.largest, side)
            if side < framing.resolution:
                found.small.append(name)
        if progress:
            progress("looking at images", place + 1, len(files.names))
    return found


@dataclass(kw_only=True, eq=False)
class Reader:
    """Reads rows of image files; of one that is broken the next one that is not."""

    files: ImageFiles
    names: Sequence[str]
    framing: Framing
    channels: int
    say: Say
    broken: set[str] = field(default_factory=set)

    def __call__(self, rows: Int[np.ndarray, " n"]) -> Pixels:
        return np.stack([self._read(int(row)) for row in rows])

    def _read(self, row: int) -> UInt8[np.ndarray, "h w c"]:
        for place in range(row, row + len(self.names)):
            name = self.names[place % len(self.names)]
            try:
                return read_square(self.files, name, self.framing, self.channels)
            except (*DAMAGED, zipfile.BadZipFile, Image.DecompressionBombError) as error:
                if name not in self.broken:
                    self.broken.add(name)
                    self.say(
                        f"{name} cannot be read ({error}) and is left out; {len(self.broken)} such files"
                    )
        raise CheckpointError(f"none of {len(self.names)} images of {self.files.where} can be read any more")


def listed(names: Sequence[str]) -> str:
    """The first names, and how many more.

    Example:
        >>> listed(["a", "b", "c", "d", "e"])
        'a, b, c and 2 more'
    """
    rest = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {rest} more" if rest > 0 else "")


def count(things: Sequence[str], kind: str) -> str:
    """How many there are, as the subject of a sentence.

    Example:
        >>> count(["a"], "file"), count(["a", "b"], "file")
        ('1 file is', '2 files are')
    """
    return f"1 {kind} is" if len(things) == 1 else f"{len(things):,} {kind}s are"
