"""Photographs as people have them: of any size and mode, turned, with colour profiles, transparent, damaged."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile

from ganatomy.arguments import a_file
from ganatomy.errors import CheckpointError, MissingFileError, in_file
from ganatomy.images import DAMAGED, eight_bits, plain_image
from ganatomy.reading import read_whole

MOST_BYTES = 1 << 30
MOST_PIXELS = 100_000_000
"""Larger JPEGs are decoded at a half, a quarter or an eighth of their size; other files of that size are refused."""

JPEG = b"\xff\xd8\xff"
HEIF = (b"ftyphe", b"ftypmi", b"ftypms")
"""What the files of many telephones begin with, after four bytes; Pillow does not read them."""


@dataclass(frozen=True, kw_only=True)
class Photograph:
    """A photograph, upright, as 8-bit RGB in the colours of screens (sRGB).

    It stays a PIL image, since it may be large; only the part that is aligned becomes a tensor.

    Args:
        image: in RGB.
        name: what messages call it: its path, or "the photograph".
        sha256: of the file's bytes, or of the pixels of an image that came from no file.
        notes: what was done to it on reading and may surprise, each a sentence.

    Example::

        photograph = ga.open_photograph("portrait.png")
        print(photograph.size, photograph.notes)
    """

    image: Image.Image
    name: str = "the photograph"
    sha256: str = ""
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.image.size


def open_photograph(source: str | os.PathLike[str] | bytes | Image.Image) -> Photograph:
    """Read a photograph: upright (EXIF), transparent parts over white, colours in sRGB, 16 bits reduced to 8.

    Of an animation the first frame is taken. A JPEG of more than 100 megapixels is decoded at a fraction of its size,
    so that memory stays bounded.

    Args:
        source: a path, the bytes of a file, or a PIL image.

    Returns:
        The photograph; its `notes` say what was left out.

    Raises:
        MissingFileError: when there is no file.
        CheckpointError: when it is no image, is damaged or cut off, or is too large and no JPEG.

    Example:
        >>> from PIL import Image
        >>> open_photograph(Image.new("RGBA", (40, 30), (255, 0, 0, 0))).image.getpixel((0, 0))
        (255, 255, 255)
    """
    if isinstance(source, Image.Image):
        with in_file("the photograph"):
            plain, notes = _plain(source)
        digest = hashlib.sha256(repr(plain.size).encode() + plain.tobytes())
        return Photograph(image=plain, sha256=digest.hexdigest(), notes=notes)
    name, data = (
        ("the photograph", source) if isinstance(source, bytes) else (os.fspath(source), _bytes(source))
    )
    with _reading(name, data), _opened(io.BytesIO(data), data[:12]) as image:
        whole = image.size
        _expect_room(image)
        image.load()
        plain, notes = _plain(image)
    if max(plain.size) < max(whole):
        notes = (
            f"{name} has {whole[0]} x {whole[1]} px and was read at {plain.width} x {plain.height}",
            *notes,
        )
    return Photograph(image=plain, name=name, sha256=hashlib.sha256(data).hexdigest(), notes=notes)


def _bytes(path: str | os.PathLike[str]) -> bytes:
    try:
        return read_whole(a_file(path, "an image"), most=MOST_BYTES)
    except CheckpointError as error:
        raise CheckpointError(f"{os.fspath(path)} cannot be read: it {error}") from None
    except FileNotFoundError:
        raise MissingFileError(f"{os.fspath(path)} does not exist") from None
    except OSError as error:
        raise CheckpointError(f"{os.fspath(path)} cannot be read: {error.strerror or error}") from None


@contextlib.contextmanager
def _reading(name: str, data: bytes) -> Iterator[None]:
    """What Pillow raises, as one clear error."""
    try:
        with warnings.catch_warnings():
            # Sizes are checked here; a remark about odd EXIF data helps no one.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            warnings.simplefilter("ignore", UserWarning)
            yield
    except Image.DecompressionBombError:
        raise CheckpointError(
            f"{name} has too many pixels ({MOST_PIXELS / 1e6:.0f} million are the most, except in a JPEG); "
            "make it smaller, or save it as .jpg"
        ) from None
    except UnidentifiedImageError:
        heif = data[4:10] in HEIF
        hint = (
            "save it as .jpg first (HEIC and AVIF are not read)" if heif else "give a JPEG, PNG or WebP file"
        )
        raise CheckpointError(f"{name} is no image that can be read; {hint}") from None
    except CheckpointError as error:
        raise CheckpointError(f"{name} {error}") from None
    except DAMAGED as error:
        raise CheckpointError(f"{name} is damaged or cut off: {error}; save or copy it again") from None


def _opened(file: io.BytesIO, head: bytes) -> Image.Image:
    """The image, not decoded yet; a JPEG is opened whatever its size, since it can be decoded at a fraction."""
    return JpegImageFile(file) if head.startswith(JPEG) else Image.open(file)


def _expect_room(image: Image.Image) -> None:
    """Ask for a fraction of a large JPEG, refuse other large images."""
    width, height = image.size
    shrink = next((k for k in (1, 2, 4, 8) if width * height <= MOST_PIXELS * k**2), None)
    if shrink is None or (shrink > 1 and not isinstance(image, JpegImageFile)):
        raise Image.DecompressionBombError
    if shrink > 1:
        # Pillow rounds the asked size up to the next fraction that the format has.
        image.draft(None, (width // shrink, height // shrink))


def _plain(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """The image in RGB, and notes about what was left out."""
    notes: tuple[str, ...] = ()
    frames = getattr(image, "n_frames", 1)
    if frames > 1:
        image.seek(0)
        notes = (f"only the first of {frames} frames is used",)
    profile = image.info.get("icc_profile")
    upright = ImageOps.exif_transpose(image)
    eight = eight_bits(upright, source=image.format)
    if eight.mode == "P":
        eight = eight.convert("RGBA")
    if profile and eight.mode in ("RGB", "CMYK"):
        eight = _in_srgb(eight, profile)
    return plain_image(eight), notes


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """The colours of screens; many telephones save in wider ones. A profile that cannot be read is ignored."""
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(image, own, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    return image if converted is None else converted
