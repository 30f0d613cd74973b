"""A batch of canvases: colour, shade and the coordinates of head and face, and the few strokes that draw on them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

Map = Float[Tensor, "#n #h #w"]
Value = Float[Tensor, "#n 1 1"]
Color = Float[Tensor, "#3 #n 1 1"]
Controls = Mapping[str, Value]


VIEW_HALF = 0.92
"""Half the width of the image in drawing units: the head is drawn for [-1, 1] and framed a little closer."""

VIEW_MIDDLE = 0.035
"""Height of the middle of the image in drawing units; y runs down."""


FADE = (0.3, 0.7)
"""Values of a factor between which what it draws fades in: images do not change beyond."""

TINY = 1e-6
"""Length below which no distance is told from zero."""


@dataclass(frozen=True, kw_only=True)
class Canvas:
    """Buffers that strokes write into, and where each pixel lies, in drawing units; x runs right and y down."""

    color: Float[Tensor, "3 n h w"]
    shade: Map
    x: Map
    y: Map
    u: Map
    v: Map
    pixel: float

    def window(self, left: float, top: float, right: float, bottom: float) -> Canvas:
        """The part of the canvases inside a box of the image; strokes on it write through."""
        size = self.shade.shape[-1]
        middle = (0.0, VIEW_MIDDLE) * 2
        edges = zip((left, top, right, bottom), middle, strict=True)
        cut = [round(((edge - centre) / VIEW_HALF + 1) / 2 * size) for edge, centre in edges]
        columns, rows = slice(max(cut[0], 0), cut[2]), slice(max(cut[1], 0), cut[3])
        return replace(
            self,
            color=self.color[..., rows, columns],
            shade=self.shade[..., rows, columns],
            x=self.x[..., rows, columns],
            y=self.y[..., rows, columns],
            u=self.u[..., rows, columns],
            v=self.v[..., rows, columns],
        )

    def cover(self, distance: Map, *, softness: float = 0.0) -> Map:
        """How much of each pixel lies inside (negative distance), over an edge at least a pixel and a half wide."""
        width = max(1.5 * self.pixel, softness)
        return torch.clamp(0.5 - distance / width, 0, 1)

    def paint(self, color: Color, alpha: Map) -> None:
        """Lay a colour over the canvas."""
        self.color.lerp_(color.expand_as(self.color), alpha.expand_as(self.color))

    def relight(self, shade: Map | float, alpha: Map) -> None:
        """Replace the shade where alpha is one."""
        target = shade if isinstance(shade, Tensor) else torch.full((), shade)
        self.shade.lerp_(target.expand_as(self.shade), alpha)


def root(square: Map) -> Map:
    """Square root whose gradient is finite at 0, where it stays `TINY`."""
    return square.clamp(min=TINY**2).sqrt()


def bump(square: Map) -> Map:
    """Smooth hill with compact support, as a function of the squared distance from its centre."""
    return torch.clamp(1 - square, min=0).square_()


def ellipse(dx: Map, dy: Map, a: Value | float, b: Value | float) -> Map:
    """Squared distance from a centre in units of the half-axes: one on the ellipse."""
    return (dx / a).square_() + (dy / b).square_()


def ellipse_distance(dx: Map, dy: Map, a: Value | float, b: Value | float) -> Map:
    """Distance to an ellipse, good near its edge: negative inside."""
    return (root(ellipse(dx, dy, a, b)) - 1) * torch.minimum(torch.as_tensor(a), torch.as_tensor(b))


def flat_ellipse_distance(dx: Map, dy: Map, a: Value | float, b: Value | float) -> Map:
    """Distance to an ellipse, to first order, which stays sharp at the ends of a long one."""
    across, down = dx / a, dy / b
    square = across.square() + down.square()
    steepness = root((across / a).square() + (down / b).square()).clamp(min=1e-3)
    return (square - root(square)) / steepness


def segment_distance(x: Map, y: Map, start: tuple[float, float], end: tuple[float, float]) -> Map:
    """Distance to a line segment."""
    (ax, ay), (bx, by) = start, end
    length = (bx - ax) ** 2 + (by - ay) ** 2
    along = torch.clamp(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length, 0, 1)
    return root((x - ax - along * (bx - ax)).square() + (y - ay - along * (by - ay)).square())


def visible(value: Value) -> Value:
    """From absent to present as a factor crosses its threshold: flat where a population draws it."""
    absent, present = FADE
    return torch.clamp((value - absent) / (present - absent), 0, 1)


def constant(color: tuple[float, float, float]) -> Color:
    """A colour, the same for the whole batch."""
    return torch.tensor(color).view(3, 1, 1, 1)


def mix(first: Color, second: Color, share: Value | float) -> Color:
    """Between two colours."""
    return first + (second - first) * share


def ramp(stops: tuple[tuple[float, float, float], ...], at: Value) -> Color:
    """Colour at a position in [0, 1] along evenly spaced stops."""
    position = at.clamp(0, 1) * (len(stops) - 1)
    color = constant(stops[0]).expand(3, len(at), 1, 1)
    for index, stop in enumerate(stops[1:]):
        color = mix(color, constant(stop), torch.clamp(position - index, 0, 1))
    return color


def wheel(hue: Value, saturation: Value | float, lightness: Value | float) -> Color:
    """Smooth colour circle: hue in turns, saturation and lightness in [0, 1]."""
    phase = torch.tensor([0.0, 1 / 3, 2 / 3]).view(3, 1, 1, 1)
    swing = 0.5 + 0.5 * torch.cos(2 * math.pi * (hue - phase))
    return lightness * (1 - saturation * (1 - swing))
