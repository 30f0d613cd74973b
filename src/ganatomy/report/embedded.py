"""Images and charts inside a page, as data URIs."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

from matplotlib.figure import Figure as Chart
from PIL import Image

CHART_DPI = 144
WEBP_QUALITY = 84

WIDE = 900
"""Charts with more pixels on the page than this are scrolled rather than shrunk."""


@dataclass(frozen=True, kw_only=True)
class Embedded:
    """An image inside the page: its bytes as a data URI, and its size in CSS pixels."""

    uri: str
    width: int
    height: int

    @property
    def wide(self) -> bool:
        return self.width > WIDE


def chart_png(chart: Chart) -> bytes:
    """A chart as PNG, for the page and for the folder."""
    buffer = io.BytesIO()
    chart.savefig(buffer, format="png", dpi=CHART_DPI, facecolor="white")
    return buffer.getvalue()


def embedded_chart(png: bytes) -> Embedded:
    """A chart on the page, at 100 pixels an inch."""
    with Image.open(io.BytesIO(png)) as image:
        width, height = (round(side * 100 / CHART_DPI) for side in image.size)
    return Embedded(uri=_uri("png", png), width=width, height=height)


def embedded_image(image: Image.Image) -> Embedded:
    """An image as WebP."""
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "WEBP", quality=WEBP_QUALITY)
    return Embedded(uri=_uri("webp", buffer.getvalue()), width=image.width, height=image.height)


def _uri(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
