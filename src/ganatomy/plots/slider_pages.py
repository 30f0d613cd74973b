"""A walk as a page with a slider: one file that shows it to somebody without ganatomy."""

from __future__ import annotations

import base64
import html
import io
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from PIL import Image

from ganatomy.errors import SettingError
from ganatomy.storage import atomic_write

TEMPLATE = Path(__file__).with_name("slider_page.html")
MOST_BYTES = 2_800_000
"""Of the whole page, so that it can be sent by mail; images that would take more are made smaller."""
READABLE = 256
"""Pixels that a shown image has at least."""
SIDES = (1024, 768, 512, 384, 256, 192, 128)
QUALITY = 86
RESERVED = 300_000
"""Bytes for all that is no image."""


def slider_page(
    images: Iterable[Image.Image],
    path: str | os.PathLike[str],
    *,
    captions: Sequence[str],
    title: str,
    start: int = 0,
    text: str = "null",
) -> Path:
    """Write images as a page with a slider, whole or not at all; the page needs no network.

    Args:
        images: all of one size, in the order of the slider.
        path: of the page.
        captions: what the slider says at each image.
        title: heading of the page.
        start: the image that is shown first.
        text: JSON that the page carries.

    Returns:
        The path of the page.

    Raises:
        SettingError: for fewer than two images, for captions that do not fit them, and where images are so many that no
            page could hold them.
        OutputError: when the file cannot be written.

    Example::

        frames = [ga.images.to_pil(image) for image in G(ga.walk(w[0], found["Smiling"], range(-3, 4)))]
        slider_page(frames, "smile.html", captions=[f"{k:+d}" for k in range(-3, 4)], title="Smiling")
    """
    frames = [image.convert("RGB") for image in images]
    if len(frames) < 2 or len(captions) != len(frames) or not 0 <= start < len(frames):
        raise SettingError(
            f"a slider of {len(frames)} images and {len(captions)} captions that starts at {start} cannot be shown; "
            "give two images or more with a caption each"
        )
    sources = _embedded(frames)
    width = max(frames[0].width, READABLE)
    values = {
        "title": html.escape(title),
        "width": str(width),
        "height": str(round(width * frames[0].height / frames[0].width)),
        "first": str(start),
        "last": str(len(frames) - 1),
        "low": html.escape(captions[0]),
        "high": html.escape(captions[-1]),
        "data": _inside(json.dumps({"frames": sources, "captions": list(captions)})),
        "text": _inside(text),
    }
    page = TEMPLATE.read_text(encoding="utf-8")
    for name, value in values.items():
        page = page.replace(f"{{{{{name}}}}}", value)
    with atomic_write(path) as part:
        part.write_text(page, encoding="utf-8")
    return Path(path)


def read_page_text(page: str) -> str | None:
    """The JSON that a page carries; None for any other text.

    >>> read_page_text("<html>") is None
    True
    """
    _, found, rest = page.partition('<script type="application/json" id="recipe">')
    return rest.partition("</script>")[0] if found else None


def _embedded(frames: Sequence[Image.Image]) -> list[str]:
    """The images as data addresses, as large as the page can hold."""
    room = (MOST_BYTES - RESERVED) * 3 // 4
    longest = max(frames[0].size)
    for side in (max(longest, READABLE) if longest <= SIDES[0] else SIDES[0], *SIDES):
        if side > max(longest, READABLE):
            continue
        scale = side / longest
        size = (round(frames[0].width * scale), round(frames[0].height * scale))
        written = [_webp(image, size) for image in frames]
        if sum(map(len, written)) <= room:
            return [f"data:image/webp;base64,{base64.b64encode(data).decode()}" for data in written]
    raise SettingError(f"{len(frames)} images are too many for one page; ask for fewer steps")


def _webp(image: Image.Image, size: tuple[int, int]) -> bytes:
    buffer = io.BytesIO()
    shown = image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)
    shown.save(buffer, "WEBP", quality=QUALITY, method=2)
    return buffer.getvalue()


def _inside(text: str) -> str:
    """JSON that can stand inside a script: no tag can begin in it."""
    return text.replace("<", "\\u003c")
