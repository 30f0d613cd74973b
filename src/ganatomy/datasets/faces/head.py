"""Head, neck, shoulders, skin shading, and the lines that years leave."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ganatomy.datasets.faces.canvas import (
    Canvas,
    Controls,
    Map,
    Value,
    bump,
    constant,
    ellipse,
    ellipse_distance,
    mix,
    root,
    visible,
)
from ganatomy.datasets.faces.palette import Palette

EDGE = 0.55
"""From the radius of the face to a distance, near its outline."""


@dataclass(frozen=True, kw_only=True)
class Outline:
    """Outline of the face: half-width at the eyes, chin, and how the sides run down to it."""

    half_width: Value
    chin: Value
    top: float
    cheek: Value
    jaw: Value


def outline(f: Controls) -> Outline:
    """Outline of the face of each person."""
    oval, male, chubby = f["face_ovalness"], f["masculinity"], f["cheek_fullness"]
    return Outline(
        half_width=0.43
        + 0.03 * (f["face_width"] - 0.5)
        - 0.075 * (oval - 0.5)
        + 0.06 * (chubby - 0.25)
        + 0.02 * (male - 0.5),
        chin=0.545 + 0.04 * (f["face_length"] - 0.5) + 0.11 * (oval - 0.5) + 0.03 * (male - 0.5),
        top=-0.66,
        cheek=0.04 + 0.32 * chubby - 0.12 * oval,
        jaw=0.05 + 0.42 * (male - 0.5) - 0.50 * (oval - 0.5),
    )


def face_radius(canvas: Canvas, f: Controls) -> tuple[Map, Map, Map]:
    """Radius (one on the outline) and the two coordinates of the ball that stands for the head."""
    shape = outline(f)
    up = canvas.v / shape.top
    down = canvas.v / shape.chin
    t = torch.where(canvas.v < 0, -up, down)
    fall = t.clamp(0, 1.1)
    width = shape.half_width * (1 + fall * (shape.cheek * (2 - 1.6 * fall) + shape.jaw * fall))
    across = canvas.u / width
    return root(across.square() + t.square()), across, t


def light(f: Controls) -> tuple[Value, Value]:
    """Where the light stands (left to right) and how hard it is."""
    return 0.85 * f["light_side"], 0.26 + 0.20 * f["light_strength"]


def draw_body(canvas: Canvas, f: Controls, colors: Palette) -> None:
    """Neck, double chin and clothes."""
    part = canvas.window(-1.0, 0.2, 1.0, 1.0)
    male, side = f["masculinity"], light(f)[0]
    x, y = part.x, part.y
    narrow = 0.15 + 0.10 * male + 0.08 * f["cheek_fullness"]
    flare = (y - 0.62).clamp(min=0)
    neck = part.cover(torch.maximum(x.abs() - narrow - 1.6 * flare.square(), 0.25 - y), softness=0.02)
    body_x = x / (0.86 + 0.22 * male)
    body = part.cover(ellipse_distance(body_x, y - 1.36, 1.0, 0.64), softness=0.02)
    part.paint(colors.skin, torch.maximum(neck, body))
    shade = 0.98 + 0.10 * side * x - 0.10 * x.square()
    chin = outline(f).chin
    under = bump(ellipse(x + 0.10 * side, y - chin, narrow + 0.14, 0.24))
    part.relight(shade - 0.42 * under, torch.maximum(neck, body))

    deep = 0.30 - 0.17 * male
    neckline = ellipse_distance(x, y - 0.70, 0.33 - 0.06 * male, deep)
    cloth = body * part.cover(-neckline)
    part.paint(colors.clothes, cloth)
    fold = 0.94 + 0.12 * side * x - 0.22 * x.square()
    part.relight(fold, cloth)
    part.shade.sub_(0.16 * bump((neckline - 0.03).square() / 0.0012) * cloth)

    fold_chin = visible(f["double_chin"])
    below = ellipse_distance(x, y - chin + 0.05, 0.62 * outline(f).half_width, 0.19)
    pouch = part.cover(below, softness=0.03) * fold_chin
    part.paint(colors.skin, pouch)
    lit = 0.98 + 0.10 * side * x - 0.30 * bump(ellipse(x, y - chin - 0.01, 0.30, 0.06))
    part.relight(lit - 0.30 * bump(ellipse(x, y - chin - 0.13, 0.32, 0.05)), pouch)
    part.shade.sub_(0.25 * fold_chin * bump(ellipse(x, y - chin - 0.165, 0.30, 0.06)))


def draw_face(canvas: Canvas, f: Controls, colors: Palette) -> None:
    """Ears and face, shaded as a ball, with cheekbones, cheeks and blush."""
    side, hard = light(f)
    turn = torch.sin(torch.deg2rad(f["yaw"]))
    part = canvas.window(-0.75, -0.9, 0.75, 0.9)
    shape = outline(f)
    ear_x, ear_y = (part.x + 0.05 * turn).abs() - shape.half_width - 0.02, part.y - 0.03
    ear = part.cover(ellipse_distance(ear_x, ear_y, 0.065, 0.115))
    part.paint(mix(colors.skin, constant((0.8, 0.3, 0.25)), 0.12), ear)
    part.relight(0.88 - 0.22 * bump(ellipse(ear_x, ear_y, 0.05, 0.09)), ear)

    radius, across, t = face_radius(part, f)
    inside = part.cover((radius - 1) * EDGE)
    part.paint(colors.skin, inside)
    out = (1 - 0.9 * radius.square()).clamp(min=0.02).sqrt()
    shade = (0.84 - hard * 0.55) + hard * (1.35 * out + 0.75 * side * across - 0.42 * t)

    # Forehead, nose bridge and chin catch the light; sockets lie deeper.
    u, v, au = part.u, part.v, part.u.abs()
    shade += 0.07 * bump(ellipse(u - 0.1 * side, v + 0.33, 0.28, 0.16))
    shade += 0.05 * bump(ellipse(u, v - shape.chin + 0.09, 0.12, 0.07))
    shade -= 0.10 * bump(ellipse(au - 0.17, v + 0.075, 0.17, 0.11))
    bones = visible(f["cheekbones"])
    shade += bones * 0.20 * bump(ellipse(au - 0.27, v - 0.10 + 0.25 * (au - 0.27), 0.14, 0.07))
    shade -= bones * 0.36 * bump(ellipse(au - 0.31, v - 0.27 + 0.55 * (au - 0.31), 0.13, 0.10))
    apples = visible(f["smile"])
    shade += 0.12 * apples * bump(ellipse(au - 0.235, v - 0.165, 0.12, 0.10))
    shade += 0.08 * f["cheek_fullness"] * bump(ellipse(au - 0.27, v - 0.27, 0.16, 0.14))
    part.relight(shade, inside)

    rosy = 0.85 * visible(f["blush"]) * bump(ellipse(au - 0.25, v - 0.15, 0.17, 0.13))
    part.paint(colors.blush, rosy * inside)


def draw_lines(canvas: Canvas, f: Controls, colors: Palette) -> None:
    """Folds of a smile, bags under the eyes, wrinkles of age."""
    part = canvas.window(-0.62, -0.62, 0.62, 0.72)
    u, v, au = part.u, part.v, part.u.abs()
    old, smile = visible(f["age"]), visible(f["smile"])

    # Nasolabial folds, from the wings of the nose around the corners of the mouth.
    below = v - 0.20
    fold = au - 0.125 - 0.045 * smile - 0.35 * below
    strength = (0.09 * smile + 0.26 * old) * bump(ellipse(fold, below - 0.06, 0.05, 0.17))
    # Marionette lines and jowls.
    strength = strength + 0.20 * old * bump(ellipse(au - 0.185, v - 0.42, 0.045, 0.10))
    for height in (-0.36, -0.285):
        wave = v - height - 0.10 * u.square()
        strength = strength + 0.30 * old * bump(ellipse(u, wave, 0.30, 0.032))
    for slope in (-0.35, 0.25):
        strength = strength + 0.24 * old * bump(
            ellipse(au - 0.355, v + 0.03 - slope * (au - 0.31), 0.06, 0.018)
        )

    bags = visible(f["eye_bags"])
    ex, ey = au - 0.195, v - 0.05 + 0.9 * (au - 0.195).square()
    strength = strength + 0.50 * bags * bump(ellipse(ex, ey - 0.04, 0.135, 0.042))
    strength = strength - 0.12 * bags * bump(ellipse(ex, ey, 0.11, 0.03))
    part.shade.sub_(strength)
    tired = 0.8 * bags * bump(ellipse(ex, ey - 0.02, 0.15, 0.07))
    part.paint(mix(colors.skin, constant((0.42, 0.22, 0.42)), 0.5), tired)
