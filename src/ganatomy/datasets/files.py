"""Image files of a folder or an archive, and how each becomes a square of bytes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps

from ganatomy.datasets.folders import ENDINGS, image_files
from ganatomy.errors import CheckpointError, MissingFileError, SettingError
from ganatomy.images import plain_image


@dataclass(frozen=True, kw_only=True)
class Framing:
    """How images of any size become squares of one size, and what classes a generator is told of.

    Args:
        resolution: pixels a side.
        crop: "center" takes the largest square in the middle, "stretch" the whole image, and a number the square of
            so many pixels in the middle, such as 128 of CelebA's 178 x 218.
        channels: 1 or 3; None takes 1 where no image has colours.
        mirrored: whether a random half of the images shown is mirrored.
        classes: "labels" or columns of the table of labels in the folder or zip, or "folders" for the folder that an
            image lies in; None for none.
    """

    resolution: int
    crop: str = "center"
    channels: int | None = None
    mirrored: bool = False
    classes: str | None = None

    def __post_init__(self) -> None:
        if self.crop not in {"center", "stretch"} and not (self.crop.isdecimal() and int(self.crop) > 0):
            raise SettingError(f"images cannot be cropped by {self.crop!r}; use center, stretch or pixels")

    def frame(
        self, image: Image.Image, channels: int, *, source: str | None = None
    ) -> UInt8[np.ndarray, "h w c"]:
        """The image as bytes, as `plain_image` makes it of a file of that format."""
        image = plain_image(image, channels=channels, source=source)
        if self.crop != "stretch":
            side = min(*image.size, *([int(self.crop)] if self.crop.isdecimal() else []))
            left, top = ((length - side) // 2 for length in image.size)
            image = image.crop((left, top, left + side, top + side))
        size = (self.resolution, self.resolution)
        image = image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)
        return np.asarray(image).reshape(*size, channels)

    def side(self, size: tuple[int, int]) -> int:
        """Pixels a side of what is taken of an image of this size."""
        return min(*size, *([int(self.crop)] if self.crop.isdecimal() else []))


@dataclass(frozen=True, kw_only=True, eq=False)
class ImageFiles:
    """Image files by name, wherever they lie.

    Args:
        where: the folder or archive, for messages.
        names: one for each.
        open: a file by its name.
    """

    where: Path
    names: tuple[str, ...]
    open: Callable[[str], IO[bytes]]


def files_of(path: Path) -> ImageFiles:
    """The image files of a folder and those below it, or of a zip.

    Raises:
        MissingFileError: where there are none. CheckpointError: for another kind of file.
    """
    return _of_zip(path) if path.is_file() else _of_folder(path)


def read_square(files: ImageFiles, name: str, framing: Framing, channels: int) -> UInt8[np.ndarray, "h w c"]:
    """One of the files, turned upright and framed.

    Raises:
        OSError, ValueError, ...: whatever Pillow raises for a broken file (`images.DAMAGED`).
    """
    with closing(files.open(name)) as file, Image.open(file) as opened:
        return framing.frame(ImageOps.exif_transpose(opened), channels, source=opened.format)


def _of_folder(folder: Path) -> ImageFiles:
    names = (str(path.relative_to(folder)) for path in image_files(folder))
    return ImageFiles(where=folder, names=tuple(names), open=lambda name: (folder / name).open("rb"))


def _of_zip(path: Path) -> ImageFiles:
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise CheckpointError(f"{path} cannot be unpacked: {error}") from None
    names = tuple(_images_among(archive.namelist()))
    if not names:
        raise MissingFileError(f"{path} holds no images ({', '.join(sorted(ENDINGS))})")
    return ImageFiles(where=path, names=names, open=lambda name: io.BytesIO(archive.read(name)))


def _images_among(names: Iterable[str]) -> list[str]:
    """Names that end like images, without what macOS adds to archives."""
    return sorted(n for n in names if Path(n).suffix.lower() in ENDINGS and not n.startswith("__MACOSX"))
