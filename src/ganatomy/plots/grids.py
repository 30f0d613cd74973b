"""Sheets of images: samples in a grid, walks as strips."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from jaxtyping import Float
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from ganatomy.arguments import instance, tensor, texts, whole
from ganatomy.errors import SettingError
from ganatomy.generators.base import Generator
from ganatomy.generators.batches import draw_images
from ganatomy.images import require_finite, shown, to_pil
from ganatomy.latents import Latents

READABLE = 128
"""Pixels on a side from which an image can be judged by eye; smaller ones are enlarged."""

PAPER = (255, 255, 255)
INK = (38, 38, 42)
MARK = (226, 106, 30)


def grid(
    images: Float[Tensor, "n c h w"] | Generator,
    latents: Latents | None = None,
    *,
    columns: int | None = None,
    scale: int | None = None,
    pixels: bool = False,
    gap: int = 2,
    labels: Sequence[str] | None = None,
    captions: Sequence[str] | None = None,
    row_labels: Sequence[str] | None = None,
    marked: Sequence[bool] | None = None,
) -> Image.Image:
    """Images in rows, first row first, as one sheet.

    Args:
        images: in [-1, 1], or the generator that makes them; what is transparent in them shows a chequerboard.
        latents: codes of the images, where a generator is given.
        columns: images in a row; by default as many as make the sheet nearly square.
        scale: whole number by which each image is enlarged; by default until it is readable, 128 px.
        pixels: enlarge by whole pixels, each a block; by default smoothly (Lanczos).
        gap: pixels between two images and around them all.
        labels: one line below each image.
        captions: one line above each column.
        row_labels: one line before each row.
        marked: whether an image has a coloured frame.

    Returns:
        The sheet, in RGB.

    Raises:
        SettingError: when there is no image, or the number of columns or lines of text does not fit the images.

    Example:
        >>> import ganatomy as ga
        >>> toy = ga.ToyGenerator(seed=0)
        >>> ga.grid(toy(toy.sample(6, seed=1)), columns=3, scale=2, gap=1).size
        (52, 35)
    """
    images = pictures(images, latents)
    if isinstance(images, list | tuple) and not images:
        raise SettingError("there is no image to show; a grid needs at least one")
    images = tensor("images", images)
    if images.ndim != 4:
        raise SettingError(
            f"images are [n, channels, height, width], got a tensor of shape {list(images.shape)}"
        )
    if not len(images):
        raise SettingError("there is no image to show; a grid needs at least one")
    require_finite(images)
    labels, captions, row_labels = (
        None if lines is None else texts("lines of text", lines) for lines in (labels, captions, row_labels)
    )
    columns = columns if columns is None else whole("columns", columns, least=1)
    scale = scale if scale is None else whole("scale", scale, least=1)
    columns = columns if columns is not None else math.ceil(math.sqrt(len(images)))
    scale = scale if scale is not None else enlargement(images.shape[-2:])
    gap = whole("gap", gap)
    num_rows = math.ceil(len(images) / columns)
    _expect("labels", labels, len(images), "images")
    _expect("captions", captions, columns, "columns")
    _expect("row_labels", row_labels, num_rows, "rows")
    _expect("marks", marked, len(images), "images")

    # Measure: text takes the room it needs at the left and above, and one line below each image.
    height, width = (side * scale for side in images.shape[-2:])
    size = max(11, min(20, width // 8))
    line = round(size * 1.6)
    left = max((_width(text, size) + size for text in row_labels), default=0) if row_labels else 0
    top = line if captions else 0
    step_x, step_y = width + gap, height + gap + (line if labels else 0)
    sheet = Image.new("RGB", (left + gap + columns * step_x, top + gap + num_rows * step_y), PAPER)
    pen = ImageDraw.Draw(sheet)

    # Paste the images, each with its own line.
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        x, y = left + gap + column * step_x, top + gap + row * step_y
        sheet.paste(enlarge(to_pil(image), scale, pixels=pixels), (x, y))
        if marked and marked[index]:
            edge = max(3, width // 32)
            pen.rectangle((x, y, x + width - 1, y + height - 1), outline=MARK, width=edge)
        if labels:
            _write(pen, labels[index], (x + width / 2, y + height + line / 2), size, room=width - size // 2)

    # Write what belongs to whole columns and rows.
    for column, text in enumerate(captions or ()):
        _write(pen, text, (left + gap + column * step_x + width / 2, (top + gap) / 2), size, room=width)
    for row, text in enumerate(row_labels or ()):
        middle = top + gap + row * step_y + height / 2
        pen.text((left - size / 2, middle), text, fill=INK, font=font(size), anchor="rm")
    return sheet


def strip(
    images: Float[Tensor, "n c h w"] | Generator,
    latents: Latents | None = None,
    *,
    columns: int | None = None,
    scale: int | None = None,
    gap: int = 2,
    labels: Sequence[str] | None = None,
    captions: Sequence[str] | None = None,
    row_labels: Sequence[str] | None = None,
) -> Image.Image:
    """The images of a walk, one row for each code that was walked from.

    Args:
        images: in [-1, 1], or the generator that makes them.
        latents: what `walk` returns, where a generator is given: the stations of the first code, then those of the
            second, and so on.
        columns: stations of one code; by default as many as there are captions, else all images stand in one row.
        scale: whole number by which each image is enlarged; by default until it is readable.
        gap: pixels between two images and around them all.
        labels: one line below each image.
        captions: one line above each station, such as its strength.
        row_labels: one line before each row.

    Returns:
        The sheet, in RGB.

    Raises:
        SettingError: when the codes do not fill whole rows.

    Example:
        ::

            walked = ga.walk(codes, found["Smiling"], strengths=range(-3, 4))
            ga.strip(G, walked, captions=[str(k) for k in range(-3, 4)]).save("smile.png")
    """
    images = pictures(images, latents)
    columns = columns if columns is not None else len(captions) if captions else len(images)
    if columns < 1 or len(images) % columns:
        raise SettingError(
            f"{len(images)} images do not fill rows of {columns}; give columns= the stations of one walk"
        )
    return grid(
        images,
        columns=columns,
        scale=scale,
        gap=gap,
        labels=labels,
        captions=captions,
        row_labels=row_labels,
    )


def pictures(
    images: Float[Tensor, "n c h w"] | Generator, latents: Latents | None, *, batch_size: int | None = None
) -> Float[Tensor, "n c h w"]:
    """The images themselves, or those that a generator makes of codes.

    Raises:
        SettingError: for codes without a generator, and for a generator without codes.
    """
    if isinstance(images, Generator):
        return draw_images(
            images,
            instance("latents", latents, Latents, "give the codes after the generator"),
            batch_size=batch_size,
        )
    refuse_codes(latents)
    return images


def refuse_codes(latents: Latents | None) -> None:
    """Raise SettingError for codes that come beside images."""
    if latents is not None:
        raise SettingError(
            "images are given, and codes as well; give either images, or a generator and codes"
        )


def enlargement(size: Sequence[int]) -> int:
    """The whole number by which images of this height and width must grow to be readable.

    >>> [enlargement((side, side)) for side in (28, 32, 64, 128, 512)]
    [5, 4, 2, 1, 1]
    """
    return max(1, math.ceil(READABLE / max(size)))


def enlarge(image: Image.Image, scale: int, *, pixels: bool = False) -> Image.Image:
    """The image in RGB, `scale` times as wide and as high, smoothly or by whole pixels."""
    if scale == 1:
        return shown(image)
    image = image if "A" in image.getbands() else image.convert("RGB")
    kernel = Image.Resampling.NEAREST if pixels else Image.Resampling.LANCZOS
    return shown(image.resize((image.width * scale, image.height * scale), kernel))


def _expect(name: str, lines: Sequence[object] | None, count: int, what: str) -> None:
    if lines is not None and len(lines) != count:
        raise SettingError(f"there are {len(lines)} {name} for {count} {what}; give one for each")


def _write(pen: ImageDraw.ImageDraw, text: str, middle: tuple[float, float], size: int, *, room: int) -> None:
    """Centre one line, made smaller and at last cut short where it is wider than its room."""
    while _width(text, size) > room and size > 9:
        size -= 1
    while _width(text, size) > room and len(text) > 1:
        text = text.rstrip("…")[:-1] + "…"
    pen.text(middle, text, fill=INK, font=font(size), anchor="mm")


def _width(text: str, size: int) -> int:
    return math.ceil(font(size).getlength(text))


@lru_cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which comes with matplotlib: the same letters on every machine."""
    import matplotlib as mpl  # here, because sheets without text need none of it

    return ImageFont.truetype(str(Path(mpl.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"), size)
