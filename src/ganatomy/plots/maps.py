"""Maps as charts: points in the colours of classes or of a score, with images where there is room for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps, patheffects
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize, to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from ganatomy.images import shown, to_pil
from ganatomy.maps.images import CLASS, ImageMap
from ganatomy.plots.style import BLUE, INK, QUIET, color_bar, new_figure

CLASS_COLORS = (
    "#332288", "#d8a31a", "#2f8fc4", "#882255", "#44aa99",
    "#cc6677", "#117733", "#aa4499", "#8a8a2f", "#88ccee",
)  # fmt: skip
"""Up to ten classes, distinct with any kind of colour vision (after Tol 2021, "muted")."""
MARKERS = "os^DvPX<>p"
"""Classes differ in the shape of their points too."""
OTHER_COLOR = "#b4b4ba"
"""Of classes beyond the ten commonest."""
SCALE = ListedColormap(colormaps["viridis"](np.linspace(0, 0.93, 256)), name="score")
"""Even steps of a score are even steps to the eye, in grey too; the end that vanishes on white paper is left out."""

SIDE = 7.2
"""Inches of the wider side of a map."""
THUMBNAIL = 0.32
"""Inches of an image on it."""
APART = 1.5
"""Sides of an image from one to the next at least: points must be seen between them."""
STANDS_OUT = 0.5
"""A class has its name on the map where this share of the points is its own; elsewhere the name would mislead."""


@dataclass(frozen=True, kw_only=True)
class Key:
    """How one class is drawn."""

    name: str
    color: str
    marker: str
    count: int


def class_keys(names: Sequence[str], counts: Sequence[int]) -> list[Key]:
    """How each class is drawn, in their order: the ten commonest in colours of their own, the rest in grey."""
    ranked = sorted(range(len(names)), key=lambda k: -counts[k])
    own = sorted(ranked[: len(CLASS_COLORS)])
    return [
        Key(name=name, color=CLASS_COLORS[own.index(k)], marker=MARKERS[own.index(k)], count=counts[k])
        if k in own
        else Key(name=name, color=OTHER_COLOR, marker=".", count=counts[k])
        for k, name in enumerate(names)
    ]


def named_points(images: ImageMap) -> dict[int, int]:
    """The point where the name of each class stands, by the class; none for one that stands out nowhere."""
    keys = [] if images.classes is None else class_keys(images.classes.names, images.classes.counts)
    return {
        k: centre.row
        for k, (key, centre) in enumerate(zip(keys, images.centres, strict=True))
        if centre is not None and key.color != OTHER_COLOR and centre.share >= STANDS_OUT
    }


def scale_colors(num: int) -> list[str]:
    """Colours of the scale of scores at even steps, as hexadecimal numbers."""
    return [to_hex(SCALE(step)) for step in np.linspace(0, 1, num)]


def map_chart(
    images: ImageMap, *, color: str | None = None, title: str | None = None, thumbnails: bool = True
) -> Figure:
    """A map as a chart; classes have their name where they stand out most, scores have a colour bar.

    Args:
        images: the map, as `map_images` returns it.
        color: "class" or an attribute; by default classes where there are any, else the first attribute.
        title: of the chart; by default what was mapped.
        thumbnails: with images, as many as fit without covering one another.

    Returns:
        A chart of matplotlib, which `savefig` writes.

    Raises:
        UnknownNameError: for an attribute that was not scored.
        SettingError: for classes where there are none.

    Example:
        >>> import ganatomy as ga
        >>> chart = ga.map_chart(ga.map_images(ga.ToyGenerator(seed=0), method="pca", n=40))
        >>> chart.savefig("map.png")  # doctest: +SKIP
    """
    color = images.check_color(color)
    xy = images.map.xy.numpy()
    width, height = np.ptp(xy, axis=0).tolist()
    figure = new_figure(
        SIDE + 1.5,
        SIDE * max(0.4, height / (max(width, height) or 1.0)) + 1.1,
        title=title or f"Map of {images.subject}",
    )
    axes = figure.add_subplot()
    axes.set_aspect("equal")
    axes.set_axis_off()
    frames = _dots(figure, axes, images, color)
    named = _names(axes, images) if color == CLASS else []
    if thumbnails:
        _images(axes, images, frames, named)
    reach = 0.03 * (max(width, height) or 1.0)
    axes.set_xlim(xy[:, 0].min() - reach, xy[:, 0].max() + reach)
    axes.set_ylim(xy[:, 1].min() - reach, xy[:, 1].max() + reach)
    figure.supxlabel(
        f"{len(images):,} images; {images.map.description}",
        x=0.01,
        ha="left",
        fontsize=8.5,
        color=QUIET,
    )
    return figure


def spaced(xy: np.ndarray, side: float) -> list[int]:
    """The first points around which squares of this side do not overlap, in the order of the rows.

    >>> spaced(np.array([[0.0, 0.0], [0.5, 0.2], [1.1, 0.0]]), 1.0)
    [0, 2]
    """
    taken: dict[tuple[int, int], list[int]] = {}
    kept = []
    for row, (x, y) in enumerate(xy):
        column, line = int(np.floor(x / side)), int(np.floor(y / side))
        around = (k for i in (-1, 0, 1) for j in (-1, 0, 1) for k in taken.get((column + i, line + j), ()))
        if all(max(abs(xy[k] - (x, y))) >= side for k in around):
            taken.setdefault((column, line), []).append(row)
            kept.append(row)
    return kept


def _dots(figure: Figure, axes: Axes, images: ImageMap, color: str | None) -> list[str]:
    """Draw every point; returns the colour of each."""
    xy = images.map.xy.numpy()
    size = float(np.clip(30_000 / len(xy), 6, 40))
    common = {"s": size, "linewidths": 0.3, "edgecolors": "white"}
    if color is None:
        axes.scatter(*xy.T, color=BLUE, **common)
        return [BLUE] * len(xy)
    if color == CLASS and images.classes is not None:
        keys = class_keys(images.classes.names, images.classes.counts)
        index = images.classes.index.numpy()
        for k, key in enumerate(keys):
            rows = index == k
            if rows.any():
                axes.scatter(*xy[rows].T, color=key.color, marker=key.marker, label=key.name, **common)
        figure.legend(
            loc="outside right center",
            frameon=False,
            fontsize=9,
            labelcolor=INK,
            markerscale=(36 / size) ** 0.5,
        )
        return [keys[k].color for k in index]
    assert images.scores is not None
    values = images.scores.probabilities[:, images.scores.names.index(color)].cpu().numpy()
    axes.scatter(*xy.T, c=values, cmap=SCALE, vmin=0, vmax=1, **common)
    color_bar(
        figure,
        ScalarMappable(norm=Normalize(0, 1), cmap=SCALE),
        axes,
        unit=f"probability of {color}",
        shrink=0.5,
    )
    return [to_hex(SCALE(float(value))) for value in values]


def _images(
    axes: Axes, images: ImageMap, frames: Sequence[str], named: Sequence[tuple[float, float]]
) -> None:
    """Draw the images that have room beside the names, each in a frame of its point's colour."""
    xy = images.map.xy.numpy()
    side = THUMBNAIL / SIDE * float(np.ptp(xy, axis=0).max() or 1.0)
    places = np.concatenate([np.array(named).reshape(-1, 2), xy])
    for place in spaced(places, APART * side):
        row = place - len(named)
        if row < 0:
            continue
        image = shown(to_pil(images.thumbnails[row]))
        image.thumbnail((64, 64), Image.Resampling.LANCZOS)
        x, y = xy[row]
        left, right, low, high = x - side / 2, x + side / 2, y - side / 2, y + side / 2
        axes.imshow(np.asarray(image), extent=(left, right, low, high), zorder=3, interpolation="antialiased")
        frame = Rectangle((left, low), side, side, fill=False, edgecolor=frames[row], linewidth=1.6, zorder=4)
        axes.add_patch(frame)


def _names(axes: Axes, images: ImageMap) -> list[tuple[float, float]]:
    """Write the name of each class where it stands out; returns the places."""
    assert images.classes is not None
    keys = class_keys(images.classes.names, images.classes.counts)
    halo = [patheffects.withStroke(linewidth=4, foreground="white")]
    named = []
    for k, row in named_points(images).items():
        x, y = images.map.xy[row].tolist()
        axes.text(
            x, y, keys[k].name, ha="center", va="center", fontsize=17, fontweight="bold",
            color=keys[k].color, path_effects=halo, zorder=5,
        )  # fmt: skip
        named.append((x, y))
    return named
