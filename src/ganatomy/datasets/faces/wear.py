"""What people put on: glasses, earrings, necklace, collar and tie."""

from __future__ import annotations

import torch

from ganatomy.datasets.faces.canvas import (
    Canvas,
    Controls,
    bump,
    constant,
    ellipse,
    ellipse_distance,
    mix,
    root,
    segment_distance,
    visible,
)
from ganatomy.datasets.faces.features import EYE_HEIGHT, eye_distance
from ganatomy.datasets.faces.head import outline
from ganatomy.datasets.faces.palette import Palette

GOLD = (1.0, 0.80, 0.32)


def draw_glasses(canvas: Canvas, f: Controls, colors: Palette) -> None:
    """Two rims, bridge and temples, with a faint tint and a streak of light in the lenses."""
    part = canvas.window(-0.72, -0.5, 0.72, 0.4)
    worn = visible(f["glasses"])
    au = part.u.abs()
    big = 0.92 + 0.16 * f["glasses"]
    gx, gy = au - eye_distance(f) - 0.008, part.v - EYE_HEIGHT - 0.012
    a, b = 0.158 * big, 0.128 * big
    # Between an ellipse and a box: |x/a|^4 + |y/b|^4 = 1.
    rim = (root(root((gx / a).pow(4) + (gy / b).pow(4))) - 1) * 0.13
    lens = part.cover(rim) * worn
    part.paint(constant((0.80, 0.90, 1.0)), 0.16 * lens)
    streak = bump(((gx * part.u.sign() + 0.8 * gy + 0.02) / 0.05).square())
    part.paint(constant((1.0, 1.0, 1.0)), 0.28 * streak * lens)
    frame = part.cover(rim.abs() - 0.017)
    bridge = part.cover((gy + 0.025 + 0.6 * au.square()).abs() - 0.014) * part.cover(gx + 0.9 * a)
    temple = part.cover((gy + 0.04).abs() - 0.014) * part.cover(a - gx)
    temple = temple * part.cover(part.x.abs() - outline(f).half_width - 0.02)
    drawn = torch.maximum(frame, torch.maximum(bridge, temple)) * worn
    part.paint(mix(constant((0.06, 0.05, 0.06)), colors.accent * 0.4, 0.25), drawn)
    part.relight(0.95, drawn)


def draw_earrings(canvas: Canvas, f: Controls, colors: Palette) -> None:
    """A gold stud and a drop at each ear, over the hair."""
    part = canvas.window(-0.85, -0.1, 0.85, 0.6)
    worn, length = visible(f["earrings"]), 0.08 * f["earrings"]
    turn = torch.sin(torch.deg2rad(f["yaw"]))
    ex = (part.x + 0.03 * turn).abs() - outline(f).half_width - 0.035
    ey = part.y - 0.15
    stud = ellipse_distance(ex, ey, 0.034, 0.034)
    wire = torch.maximum(ex.abs() - 0.012, (ey - 0.06).abs() - 0.07)
    gem = ellipse_distance(ex, ey - 0.10 - length, 0.050, 0.062)
    dark = part.cover(torch.minimum(stud, gem) - 0.018) * worn
    part.paint(constant((0.16, 0.10, 0.06)), 0.55 * dark)
    gold = part.cover(torch.minimum(torch.minimum(stud, gem), wire)) * worn
    part.paint(constant(GOLD), gold)
    part.relight(1.02, gold)
    jewel = part.cover(gem + 0.020) * worn
    part.paint(colors.accent, jewel)
    part.paint(constant((1.0, 1.0, 1.0)), worn * bump(ellipse(ex + 0.012, ey - 0.085 - length, 0.022, 0.022)))


def draw_necklace(canvas: Canvas, f: Controls, colors: Palette) -> None:
    """A row of pearls around the neck, with a pendant."""
    part = canvas.window(-0.55, 0.5, 0.55, 1.0)
    worn = visible(f["necklace"])
    x, y = part.x, part.y
    around = 0.21 + 0.10 * f["masculinity"] + 0.08 * f["cheek_fullness"]
    ring = (root(ellipse(x, y - 0.60, around, 0.23)) - 1) * 0.23
    front = part.cover(0.62 - y, softness=0.10) * worn
    part.paint(constant((0.18, 0.10, 0.08)), 0.6 * part.cover((ring - 0.012).abs() - 0.026) * front)
    row = part.cover(ring.abs() - 0.020) * front
    part.paint(constant((1.0, 0.90, 0.62)), row)
    part.relight(1.02, row)
    pendant = ellipse_distance(x, y - 0.88, 0.052, 0.060)
    part.paint(constant(GOLD), part.cover(pendant) * worn)
    part.paint(colors.accent, part.cover(pendant + 0.02) * worn)
    part.paint(constant((1.0, 1.0, 1.0)), worn * bump(ellipse(x + 0.012, y - 0.86, 0.022, 0.022)))


def draw_necktie(canvas: Canvas, f: Controls, colors: Palette) -> None:
    """Shirt front and collar below a jacket, and a tie in the accent colour."""
    part = canvas.window(-0.6, 0.45, 0.6, 1.0)
    worn = visible(f["necktie"])
    y, ax = part.y, part.x.abs()
    front = part.cover(torch.maximum(ax - 0.30 + 0.55 * (y - 0.66), 0.66 - y)) * worn
    part.paint(constant((0.95, 0.96, 0.98)), front)
    part.relight(0.96 - 0.25 * ax, front)
    tie = ax - 0.055 - 0.14 * (y - 0.78).clamp(min=0)
    knot = ax - 0.075 + 0.28 * (y - 0.72)
    shape = torch.maximum(torch.where(y < 0.80, knot, tie), 0.70 - y)
    drawn = part.cover(shape) * worn
    part.paint(colors.accent * 0.72, drawn)
    part.relight(0.95 - 0.28 * bump(((y - 0.805) / 0.02).square()), drawn)
    wing = segment_distance(ax, y, (0.25, 0.60), (0.115, 0.80)) - 0.052
    part.paint(constant((0.45, 0.47, 0.52)), 0.55 * part.cover(wing - 0.014) * worn)
    collar = part.cover(wing) * worn
    part.paint(constant((0.99, 0.99, 1.0)), collar)
    part.relight(1.0, collar)
