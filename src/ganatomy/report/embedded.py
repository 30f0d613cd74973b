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
class Figure:
    """An image inside the page: its bytes as a data URI, its size in CSS pixels, what it shows, and what to see."""

    uri: str
    width: int
    height: int
    alt: str
    caption: str = ""

    @property
    def wide(self) -> bool:
        return self.width > WIDE


def is_wide(chart: Chart) -> bool:
    """Whether a chart is scrolled on the page rather than shrunk."""
    return bool(100 * chart.get_figwidth() > WIDE)


def embedded_chart(chart: Chart, *, alt: str) -> Figure:
    """A chart as PNG."""
    buffer = io.BytesIO()
    chart.savefig(buffer, format="png", dpi=CHART_DPI, facecolor="white")
    with Image.open(buffer) as image:
        width, height = (round(side * 100 / CHART_DPI) for side in image.size)
    return Figure(uri=_uri("png", buffer.getvalue()), width=width, height=height, alt=alt)


def embedded_image(image: Image.Image, *, alt: str) -> Figure:
    """An image as WebP."""
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=WEBP_QUALITY)
    return Figure(uri=_uri("webp", buffer.getvalue()), width=image.width, height=image.height, alt=alt)


def _uri(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
