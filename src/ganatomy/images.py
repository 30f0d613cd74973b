"""Tensors, PIL images and files: the only place that knows uint8 and height-width-channel.

Everywhere else an image is float32, `[n, channels, height, width]`, values in [-1, 1]. It has one channel (grey), two
(grey and alpha), three (RGB) or four (RGB and alpha); alpha goes from -1, transparent, to 1.
"""

from __future__ import annotations

import io
import os
import struct
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo
from torch import Tensor
from torch.nn import functional as F

from ganatomy.arguments import a_file, not_finite
from ganatomy.errors import CheckpointError, MissingFileError, SettingError, in_file
from ganatomy.writing import atomic_write

Pixels = UInt8[np.ndarray, "n h w c"]
"""Images as bytes in [0, 255], channels last: how data sets lie in memory and on disk."""

KEYWORD = "ganatomy"
"""What the text is called that a PNG of ours carries."""

QUALITY = 95
"""Of JPEG and WebP, from 1 to 100: results are kept, so little is lost."""

LONGEST_COMMENT = 65_533
"""Bytes that the comment of a JPEG can hold."""

MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
"""Pillow's word for images of so many channels."""

BACKGROUND = 1.0
"""What images with alpha are laid on, wherever they are read or a network looks at them: white."""

CHEQUERS = ((204, 204, 204), (255, 255, 255))
CHEQUER = 8
"""Colours and pixels of the chequerboard on which people see images with alpha."""

DAMAGED = (OSError, ValueError, SyntaxError, EOFError, struct.error, LookupError, TypeError, OverflowError)
"""What Pillow raises for files that are broken in one way or another."""

DESCRIPTION = 0x010E
"""The tag of EXIF for words about an image."""


def require_finite(images: Float[Tensor, "n c h w"]) -> None:
    """Refuse images that hold no numbers to show.

    Raises:
        SettingError: naming the first of them, and how many there are.
    """
    if broken := not_finite(images):
        raise SettingError(
            f"{len(broken)} of {len(images)} images are not finite numbers, the first in row {broken[0]}, so nothing "
            "can be shown; the codes are far out, or the weights are damaged or too large for this precision"
        )


def to_uint8(images: Float[Tensor, "n c h w"]) -> Pixels:
    """Values in [-1, 1] to bytes in [0, 255], channels last; what lies outside is clipped."""
    require_finite(images)
    bytes_ = images.detach().float().mul(127.5).add(128).clamp(0, 255).to(torch.uint8)
    return bytes_.permute(0, 2, 3, 1).cpu().numpy()


def from_uint8(pixels: Pixels) -> Float[Tensor, "n c h w"]:
    """Bytes in [0, 255], channels last, to float32 in [-1, 1]."""
    return torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float().div(127.5).sub(1)


def to_pil(image: Float[Tensor, "c h w"]) -> Image.Image:
    """One image as PIL: grey or RGB, with alpha where it has any."""
    pixels = to_uint8(image[None])[0]
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def sides(size: int | tuple[int, int]) -> tuple[int, int]:
    """Height and width of a size that may be one number for both.

    Example:
        >>> sides(8), sides((6, 8))
        ((8, 8), (6, 8))
    """
    return (size, size) if isinstance(size, int) else size


def opaque(images: Float[Tensor, "n c h w"], *, background: float = BACKGROUND) -> Float[Tensor, "n k h w"]:
    """Images without alpha, in grey or RGB: what is transparent shows the background; gradients flow.

    Args:
        images: with or without alpha.
        background: its value in all colours, from -1, black, to 1, white.

    Example:
        >>> half = torch.tensor([-1.0, 0.0])[None, :, None, None]
        >>> opaque(half).flatten().tolist()
        [0.0]
    """
    if images.shape[1] not in (2, 4):
        return images
    alpha = (images[:, -1:] + 1) / 2
    return images[:, :-1] * alpha + background * (1 - alpha)


def shown(image: Image.Image) -> Image.Image:
    """The image in RGB as people see it: what is transparent shows a chequerboard.

    Example:
        >>> clear = Image.new("RGBA", (16, 16))
        >>> shown(clear).getpixel((0, 0)), shown(clear).getpixel((8, 0))
        ((204, 204, 204), (255, 255, 255))
    """
    if "A" not in image.getbands():
        return image.convert("RGB")
    rows, columns = np.indices((image.height, image.width)) // CHEQUER
    board = np.array(CHEQUERS, np.uint8)[(rows + columns) % 2]
    return Image.alpha_composite(Image.fromarray(board).convert("RGBA"), image.convert("RGBA")).convert("RGB")


def shrunk(images: Float[Tensor, "n c h w"], side: int) -> Float[Tensor, "n c t v"]:
    """Images whose longer side has at most so many pixels; smaller ones stay as they are."""
    size, longest = images.shape[2:], max(images.shape[2:])
    if longest <= side:
        return images
    return F.interpolate(images, [round(length * side / longest) for length in size], mode="area")


def eight_bits(image: Image.Image, *, source: str | None = None) -> Image.Image:
    """Levels of 16 or 32 bits, or floats, as 8 bits; images of 8 bits stay as they are.

    The kind of number says what is white: 65,535 of 16 bits. Where it does not, as for 32 bits and floats, it is the
    least of 1 (floats only), 255 and 65,535 that no level exceeds.

    Args:
        source: format of the file ("PNG", "PPM"), whose levels of 32 bits in memory had 16 in the file.

    Raises:
        CheckpointError: for levels that are not finite, negative or beyond 16 bits.

    Example:
        >>> ramp = Image.fromarray(np.array([[0, 257, 65_535]], dtype=np.uint16))
        >>> np.asarray(eight_bits(ramp)).tolist()
        [[0, 1, 255]]
    """
    if not image.mode.startswith(("I", "F")):
        return image
    levels = np.asarray(image, dtype=np.float64)
    low, high = float(levels.min()), float(levels.max())
    if not 0 <= low <= high <= 65_535:
        raise CheckpointError(
            f"has levels from {low:g} to {high:g}; levels of an image lie in [0, 255] or [0, 65535], floats in [0, 1]"
        )
    if image.mode.startswith("I;16") or source in ("PNG", "PPM"):
        top = 65_535
    else:
        top = next(top for top in (1, 255, 65_535) if high <= top and (top > 1 or image.mode == "F"))
    return Image.fromarray((levels / top * 255).round().astype(np.uint8))


def on_background(image: Image.Image) -> Image.Image:
    """The image without transparency, laid on `BACKGROUND`.

    >>> on_background(Image.new("RGBA", (1, 1), (255, 0, 0, 0))).convert("RGB").getpixel((0, 0))
    (255, 255, 255)
    """
    if not image.has_transparency_data:
        return image
    image, level = image.convert("RGBA"), round((BACKGROUND + 1) * 127.5)
    return Image.alpha_composite(Image.new("RGBA", image.size, (level, level, level, 255)), image)


def plain_image(image: Image.Image, *, channels: int = 3, source: str | None = None) -> Image.Image:
    """An image of any mode in 8 bits: levels as `eight_bits` says, transparent parts on `BACKGROUND`.

    Args:
        channels: 1 for grey, 3 for RGB; 2 and 4 keep transparency as their last channel.
        source: format of the file, as `eight_bits` takes it.

    Raises:
        CheckpointError: for levels that are none of an image.
    """
    image = eight_bits(image, source=source)
    return (image if channels in (2, 4) else on_background(image)).convert(MODES[channels])


def from_pil(
    image: Image.Image,
    *,
    channels: int = 3,
    size: int | tuple[int, int] | None = None,
    source: str | None = None,
) -> Float[Tensor, "1 c h w"]:
    """A PIL image as a batch of one, as `plain_image` makes it, resized where `size` (height, width) is given.

    Raises:
        SettingError: for another number of channels or size. CheckpointError: for levels that are none of an image.
    """
    if channels not in MODES:
        raise SettingError(f"images have 1 to 4 channels, not {channels}")
    if size is not None and min(sides(size)) < 1:
        raise SettingError(f"an image cannot be resized to {size} pixels; use 1 or more")
    image = plain_image(image, channels=channels, source=source)
    if size is not None:
        height, width = sides(size)
        image = image.resize((width, height), Image.Resampling.BICUBIC)
    pixels = np.array(image)  # a copy, for torch refuses PIL's read-only memory
    return from_uint8(pixels.reshape(1, *pixels.shape[:2], channels))


def read_image(
    path: str | os.PathLike[str], *, channels: int = 3, size: int | tuple[int, int] | None = None
) -> Float[Tensor, "1 c h w"]:
    """Read an image file, turned upright where its camera noted how it was held, as `plain_image` makes it.

    Raises:
        MissingFileError: when there is none. CheckpointError: when it is not an image.
    """
    try:
        with in_file(path), Image.open(a_file(path, "an image")) as image:
            return _upright(image, channels=channels, size=size)
    except FileNotFoundError:
        raise MissingFileError(f"{path} does not exist") from None
    except (CheckpointError, SettingError):
        raise
    except (*DAMAGED, Image.DecompressionBombError) as error:
        raise CheckpointError(f"{path} cannot be read as an image: {error}") from None


def image_in(
    data: bytes, name: str, *, channels: int = 3, size: int | tuple[int, int] | None = None
) -> Float[Tensor, "1 c h w"]:
    """The same of the bytes of a file, such as one in an archive, with what messages call it.

    Raises:
        CheckpointError: when it is not an image.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            return _upright(image, channels=channels, size=size)
    except (*DAMAGED, Image.DecompressionBombError) as error:
        raise CheckpointError(f"{name} cannot be read as an image: {error}") from None


def _upright(
    image: Image.Image, *, channels: int, size: int | tuple[int, int] | None
) -> Float[Tensor, "1 c h w"]:
    """An opened file as the camera was held."""
    return from_pil(ImageOps.exif_transpose(image), channels=channels, size=size, source=image.format)


def save_image(image: Image.Image, path: str | os.PathLike[str], *, text: str | None = None) -> Path:
    """Write an image whole or not at all; the ending of the name chooses the format.

    Args:
        text: ASCII that the file carries for `read_text`: in a PNG as international text (iTXt) called "ganatomy", in a
            WebP as its description, in a JPEG as its comment. A JPEG has no room for more than 64 KB, and goes without.

    Raises:
        OutputError: when the folder cannot be written. SettingError: when the ending is of no known format.
    """
    path = Path(path)
    image_format = Image.registered_extensions().get(path.suffix.lower())
    if image_format not in Image.SAVE:
        raise SettingError(f"{path.name!r} does not end like an image; use .png, .jpg or .webp")
    quality = {"quality": QUALITY} if image_format in ("JPEG", "WEBP") else {}
    with atomic_write(path) as part:
        image.save(part, format=image_format, **quality, **_carrying(text, str(image_format)))
    return path


def read_text(path: str | os.PathLike[str]) -> str | None:
    """The text that an image carries (PNG, WebP, JPEG, GIF), None where it carries none; its pixels are not read.

    Raises:
        MissingFileError: when there is no such file. CheckpointError: when it is not an image of these formats.
    """
    try:
        with warnings.catch_warnings():
            # The size of an image is of no matter to those who do not unpack it.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=("PNG", "WEBP", "JPEG", "GIF")) as image:
                if image.format == "WEBP":
                    text = image.getexif().get(DESCRIPTION)
                else:
                    text = image.info.get(KEYWORD if image.format == "PNG" else "comment")
    except FileNotFoundError:
        raise MissingFileError(f"{path} does not exist") from None
    except UnidentifiedImageError:
        raise CheckpointError(f"{path} is no image (PNG, WebP, JPEG or GIF)") from None
    except (*DAMAGED, Image.DecompressionBombError) as error:
        raise CheckpointError(f"{path} cannot be read as an image: {error}") from None
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text and str(text)


def _carrying(text: str | None, image_format: str) -> dict[str, Any]:
    """What `Image.save` is told so that the file carries this text."""
    if text is None:
        return {}
    if image_format == "PNG":
        info = PngInfo()
        info.add_itxt(KEYWORD, text)
        return {"pnginfo": info}
    if image_format == "WEBP":
        exif = Image.Exif()
        exif[DESCRIPTION] = text
        return {"exif": exif}
    if image_format == "JPEG" and len(text) <= LONGEST_COMMENT:
        return {"comment": text.encode()}
    return {}
