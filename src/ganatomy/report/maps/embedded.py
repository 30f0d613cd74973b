"""A map inside a page: what its script draws, as one JSON object and one image that holds all thumbnails."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from ganatomy.images import to_pil
from ganatomy.maps.images import ImageMap
from ganatomy.plots.maps import Key, class_keys, named_points, scale_colors
from ganatomy.report.elements import Table, table
from ganatomy.report.pages import fill
from ganatomy.statistics.formatting import percent

CELLS = (64, 48, 32, 24)
"""Pixels of a thumbnail on a side; the largest with which all fit into `MOST_PIXELS`, which phones can decode."""
MOST_PIXELS = 8_500_000
QUALITY = 72
STEPS = 17
"""Colours of the scale that are written down; between them it is straight enough."""


@dataclass(frozen=True, kw_only=True)
class ZoomableMap:
    """What the template "maps/map.html" shows.

    Args:
        id: of the element, one of its kind on a page.
        label: what it is, for people who cannot see it.
        data: what the script draws.
        sprite: all thumbnails side by side, as a data URI.
        colors: what points can be coloured by.
        color: the one that is chosen first.
        keys: how each class is drawn.
        table: where classes or attributes lie, in words.
    """

    id: str
    label: str
    data: Mapping[str, Any]
    sprite: str
    colors: Sequence[str]
    color: str | None
    keys: Sequence[Key]
    table: Table | None

    @property
    def tables(self) -> list[Table]:
        """The table, if there is one, for a section."""
        return [] if self.table is None else [self.table]

    def html(self) -> str:
        """The markup of the map with its script, for a section."""
        return fill("maps/map.html", map=self)


def zoomable_map(images: ImageMap, *, color: str | None = None, id: str = "map") -> ZoomableMap:  # noqa: A002
    """A map for a page.

    Args:
        images: the map.
        color: "class" or an attribute; by default classes where there are any, else the first attribute.
        id: another one for each map of a page.

    Raises:
        UnknownNameError: for an attribute that was not scored.
        SettingError: for classes where there are none.
    """
    color = images.check_color(color)
    places = _places(images)
    cell, columns, sprite = _sprite(images)
    data: dict[str, Any] = {
        "n": len(images),
        "seed": images.seed,
        "xy": _packed((places * 65535).round(), np.uint16),
        "width": float(places[:, 0].max()),
        "height": float(places[:, 1].max()),
        "cell": cell,
        "columns": columns,
        "scale": scale_colors(STEPS),
        "names": [] if images.scores is None else list(images.scores.names),
        "classes": None,
    }
    keys: list[Key] = []
    if images.scores is not None:
        data["scores"] = _packed(images.scores.probabilities.cpu().numpy() * 255, np.uint8)
    if images.classes is not None:
        keys = class_keys(images.classes.names, images.classes.counts)
        data["classes"] = {
            "index": _packed(images.classes.index.numpy(), np.uint16),
            "colors": [key.color for key in keys],
            "places": [
                {"class": k, "name": keys[k].name, "x": float(places[row, 0]), "y": float(places[row, 1])}
                for k, row in named_points(images).items()
            ],
        }
    return ZoomableMap(
        id=id,
        label=f"Map of {len(images):,} images by {images.subject}",
        data=data,
        sprite=sprite,
        colors=images.colors,
        color=color,
        keys=keys,
        table=_table(images, keys, places),
    )


def _places(images: ImageMap) -> np.ndarray:
    """Points as a page has them: from the top left corner, y down, the wider side from 0 to 1."""
    xy = images.map.xy.double().numpy() * (1, -1)
    xy = xy - xy.min(0)
    return xy / xy.max()


def _packed(values: np.ndarray, kind: type) -> str:
    """Whole numbers as base64 of their bytes, little end first."""
    return base64.b64encode(values.round().astype(np.dtype(kind).newbyteorder("<")).tobytes()).decode()


def _sprite(images: ImageMap) -> tuple[int, int, str]:
    """All thumbnails row by row in one WebP: pixels of one, how many in a row, and the image as a data URI."""
    natural = max(images.thumbnails.shape[2:])
    fitting = [cell for cell in CELLS if len(images) * cell**2 <= MOST_PIXELS] or [CELLS[-1]]
    cell = min(natural, fitting[0])
    columns = math.ceil(math.sqrt(len(images)))
    sheet = Image.new("RGB", (columns * cell, math.ceil(len(images) / columns) * cell))
    for row, image in enumerate(images.thumbnails):
        small = to_pil(image).convert("RGB").resize((cell, cell), Image.Resampling.LANCZOS)
        sheet.paste(small, (row % columns * cell, row // columns * cell))
    buffer = io.BytesIO()
    sheet.save(buffer, "WEBP", quality=QUALITY)
    return cell, columns, f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _table(images: ImageMap, keys: Sequence[Key], places: np.ndarray) -> Table | None:
    """Where classes lie, or else where images with and without each attribute do."""
    places = places / np.maximum(places.max(0), 1e-12)
    if images.classes is not None:
        known = [(key, it) for key, it in zip(keys, images.centres, strict=True) if it is not None]
        return table(
            "Where classes lie",
            caption="Each class at the place where it stands out most: how far from the left and from the top, and how "
            "many of the points around it are of the class.",
            first="Class",
            rows=known,
            columns={
                "images": lambda row: str(row[0].count),
                "from the left": lambda row: percent(places[row[1].row, 0]),
                "from the top": lambda row: percent(places[row[1].row, 1]),
                "of its class around": lambda row: percent(row[1].share),
            },
            name=lambda row: row[0].name,
        )
    if images.scores is None:
        return None
    has = dict(zip(images.scores.names, (images.scores.probabilities > 0.5).cpu().numpy().T, strict=True))

    def middle(name: str, side: bool, axis: int) -> str:
        rows = has[name] == side
        return percent(float(places[rows, axis].mean())) if rows.any() else "none"

    return table(
        "Where attributes lie",
        caption="The middle of the images with each attribute, and of those without: how far from the left and from "
        "the top. Where the two are far apart, the map separates the attribute.",
        first="Attribute",
        rows=has,
        columns={
            "images with it": lambda name: percent(float(has[name].mean())),
            "with: left": lambda name: middle(name, True, 0),
            "with: top": lambda name: middle(name, True, 1),
            "without: left": lambda name: middle(name, False, 0),
            "without: top": lambda name: middle(name, False, 1),
        },
    )
