"""Eyes, brows, nose and mouth."""

from __future__ import annotations

import torch

from ganatomy.datasets.faces.canvas import (
    Canvas,
    Controls,
    Value,
    bump,
    constant,
    ellipse,
    ellipse_distance,
    mix,
    root,
    visible,
)
from ganatomy.datasets.faces.head import light
from ganatomy.datasets.faces.palette import Palette

EYE_HEIGHT = -0.05
NOSTRIL = (0.22, 0.08, 0.06)
LASH = (0.09, 0.06, 0.06)


def eye_distance(f: Controls) -> Value:
    """Half the distance between the eyes."""
    return 0.185 + 0.03 * f["eye_spacing"]


def draw_eyes(canvas: Canvas, f: Controls, colors: Palette) -> None:
    """Eyeballs, irises, lids, lashes and eye shadow, both eyes in one stroke."""
    part = canvas.window(-0.6, -0.42, 0.6, 0.28)
    sign = torch.sign(part.u)
    ex = part.u * sign - eye_distance(f)
    ey = part.v - EYE_HEIGHT + 0.06 * ex
    male, narrow, makeup = f["masculinity"], f["eye_narrowing"], visible(f["makeup"])
    size = 0.94 + 0.14 * f["eye_size"] - 0.14 * (male - 0.5)
    width = 0.112 * size
    height = 0.072 * size * (1 - 0.72 * visible(narrow) - 0.06 * narrow)
    bow = 1 - (ex / width).square_()
    top, bottom = -height * bow, 0.72 * height * bow

    # Eye shadow first: it lies on the lid, below the lash line.
    lid = bump(ellipse(ex - 0.01, ey + height + 0.012, width * 1.5, 0.105)) * part.cover(ey - top)
    part.paint(colors.eyeshadow, 0.9 * makeup * lid)
    crease = bump(ellipse(ex, ey - top + 0.038, width * 1.15, 0.022)) * (ex.abs() < width * 1.15)
    part.shade.sub_(0.20 * crease)

    ball = part.cover(torch.maximum(top - ey, ey - bottom))
    part.paint(constant((0.96, 0.95, 0.94)), ball)
    part.relight(1.02 - 0.30 * bump((ey - top) / 0.05), ball)
    look = 0.022 * f["gaze"] * sign
    ix, iy = ex - look, ey + 0.006
    iris = part.cover(ellipse_distance(ix, iy, 0.055 * size, 0.058 * size)) * ball
    part.paint(colors.iris * 0.55, iris)
    part.paint(colors.iris * 1.15, 0.9 * iris * bump(ellipse(ix, iy - 0.012, 0.058, 0.058)))
    part.paint(constant((0.03, 0.02, 0.03)), part.cover(ellipse_distance(ix, iy, 0.024, 0.025)) * ball)
    glint = bump(ellipse(part.u * sign - eye_distance(f) - look + 0.017 * sign, iy + 0.022, 0.027, 0.027))
    part.paint(constant((1.0, 1.0, 1.0)), torch.clamp(2.2 * glint, max=1) * ball)

    lash = 0.009 + 0.007 * (1 - male) + 0.009 * makeup
    reach = part.cover(ex.abs() - width - 0.012 - 0.03 * makeup * (ex > 0))
    wing = 0.45 * makeup * (ex - 0.8 * width).clamp(min=0)
    line = part.cover((ey - top.clamp(max=0.012) + wing).abs() - lash) * reach
    part.paint(constant(LASH), 0.95 * line)
    lower = part.cover((ey - bottom.clamp(min=-0.012)).abs() - 0.003 - 0.006 * makeup) * reach
    part.paint(constant(LASH), (0.30 + 0.45 * makeup) * lower)


def draw_brows(canvas: Canvas, f: Controls, colors: Palette) -> None:
    """Both brows, tapered towards the temples."""
    part = canvas.window(-0.62, -0.52, 0.62, 0.1)
    bx = part.u.abs() - eye_distance(f) - 0.015
    arch, thick, male = f["brow_arch"], f["brow_thickness"], f["masculinity"]
    height = -0.178 - 0.03 * (f["brow_height"] - 0.5) + 0.035 * (male - 0.5)
    peak = (bx - 0.045) / 0.17
    lift = 0.15 * visible(arch) * (0.60 - peak.square()) + 0.03 * (0.4 - peak.square()) * (1 - visible(arch))
    middle = height - lift
    taper = (1 - 0.42 * ((bx + 0.13) / 0.26).clamp(0, 1)) * (0.0145 + 0.030 * visible(thick) + 0.008 * male)
    ends = part.cover((bx - 0.01).abs() - 0.142, softness=0.03)
    brow = part.cover((part.v - middle).abs() - taper, softness=0.025) * ends
    part.paint(colors.brows, (0.74 + 0.22 * visible(thick)) * brow)
    part.relight(0.95, brow)


def draw_nose(canvas: Canvas, f: Controls, colors: Palette) -> None:
    """Nose: shade along the bridge, ball or point at its tip, wings and nostrils."""
    part = canvas.window(-0.48, -0.35, 0.48, 0.48)
    side, hard = light(f)
    big, point = 0.75 * visible(f["nose_size"]) + 0.25 * f["nose_size"], visible(f["nose_point"])
    turn = torch.sin(torch.deg2rad(f["yaw"]))
    tip = 0.135 + 0.055 * big + 0.05 * point
    rise = ((part.v + 0.10) / (tip + 0.10)).clamp(0, 1.3)
    nx = part.u - 0.12 * turn * rise
    ny = part.v - tip
    wide = (0.056 + 0.094 * big) * (1 - 0.30 * point)

    # Blood shows in the tip of a big nose.
    flush = bump(ellipse(nx, ny + 0.005, wide * 1.25, 0.075 + 0.03 * big))
    part.paint(colors.blush, 0.50 * big * flush)

    # A pointed nose is a bright wedge, from between the brows to its tip.
    wedge = part.cover(nx.abs() - 0.008 - 0.042 * rise, softness=0.025) * bump(
        ellipse(nx, ny + 0.13, 0.2, 0.20)
    )
    part.paint(mix(colors.skin, constant((1.0, 0.93, 0.86)), 0.45), (1.3 * point * wedge).clamp(max=0.85))

    # The side away from the light darkens, a narrow ridge shines.
    edge = 0.042 + (wide - 0.042) * rise * (point + (1 - point) * rise)
    flank = bump(((nx.abs() - edge) / (0.045 + 0.012 * point)).square())
    away = 0.14 + 0.14 * point + 0.14 * (-side * nx.sign()).clamp(min=-0.6)
    shade = -away * flank * bump(ellipse(nx, part.v - 0.04, 0.3, 0.26))
    ridge = bump(ellipse(nx - 0.012 * side, part.v - 0.02 - 0.03 * point, 0.034 - 0.006 * point, 0.20))
    shade = shade + (0.12 + 0.24 * point) * ridge
    ball = bump(ellipse(nx - 0.015 * side, ny + 0.01, wide * (0.80 - 0.30 * point), 0.055 + 0.025 * big))
    shade = shade + (0.12 + 0.08 * hard + 0.10 * big) * ball

    # The lower edge: an arc with wings, or two slopes that meet in a point.
    slopes = 1.7 * (nx.square() + 0.0003).sqrt() - 0.085
    lower = ny - 0.045 + (1 - point) * (0.9 * nx.square() / wide) + point * slopes
    under = bump(ellipse(nx, lower, wide * (1.25 + 0.25 * point), 0.030 + 0.014 * big + 0.008 * point))
    shade = shade - (0.34 + 0.10 * big) * (1 - point) * under
    wing = bump(ellipse(nx.abs() - wide * 1.02, ny - 0.012, 0.026 + 0.008 * big, 0.05))
    shade = shade - (0.20 + 0.16 * big) * (1 - 0.6 * point) * wing
    part.shade.add_(shade)
    part.paint(constant(NOSTRIL), (0.85 * point * under).clamp(max=0.8))
    nostril = bump(ellipse(nx.abs() - wide * 0.50, ny - 0.042, 0.026 + 0.016 * big, 0.022 + 0.004 * big))
    part.paint(constant(NOSTRIL), 0.85 * (1 - point) * nostril)


def draw_mouth(canvas: Canvas, f: Controls, colors: Palette) -> None:
    """Lips around the mouth, teeth and tongue in it."""
    part = canvas.window(-0.5, 0.05, 0.5, 0.68)
    smile, full, opening = (
        0.7 * visible(f["smile"]) + 0.3 * f["smile"],
        visible(f["lip_fullness"]),
        visible(f["mouth_opening"]),
    )
    width = 0.135 + 0.02 * f["mouth_width"] + 0.075 * smile
    mx, my = part.u, part.v - 0.325
    e = 1 - (mx / width).square_()
    curve = -0.004 + 0.086 * smile
    middle = curve * e - 0.5 * curve
    gap = opening * (0.036 + 0.014 * smile + 0.01 * f["mouth_opening"]) * e
    upper = (0.023 + 0.048 * full) * e
    lower = (0.031 + 0.058 * full) * e
    bow = 0.006 * bump((mx / 0.035).square_())
    y = my - middle

    lips = part.cover(torch.maximum(-y - gap - upper + bow, y - gap - lower))
    part.paint(colors.lips, lips)
    stick = visible(f["lipstick"])
    lit = 0.92 - 0.16 * part.cover(y, softness=0.03) + 0.05 * stick
    shine = bump(ellipse(mx, y - gap - 0.45 * lower, width * 0.55, 0.022 + 0.014 * full))
    part.relight(lit + (0.20 + 0.15 * stick) * shine, lips)
    under = bump(ellipse(mx, y - gap - lower - 0.03, width * 0.7, 0.03))
    part.shade.sub_(0.13 * under)

    mouth = part.cover(y.abs() - gap) * (e > 0) * (opening > 0)
    part.paint(constant((0.26, 0.05, 0.07)), mouth)
    part.relight(0.95, mouth)
    tongue = bump(ellipse(mx, y - gap - 0.002, width * 0.6, 0.035))
    part.paint(constant((0.78, 0.30, 0.33)), 0.8 * tongue * mouth)
    teeth = part.cover(y - gap * (-0.15 + 0.55 * smile)) * part.cover(mx.abs() - width * 0.86, softness=0.04)
    part.paint(constant((0.97, 0.96, 0.92)), teeth * mouth)

    # Closed lips meet in a dark line; corners dig in.
    seam = part.cover(y.abs() - 0.006, softness=0.025) * root(e.clamp(0, 1)) * (1 - opening)
    part.paint(constant((0.30, 0.09, 0.09)), 0.75 * seam)
    corner = bump(ellipse(mx.abs() - width, my - middle + 0.004, 0.032, 0.026))
    part.shade.sub_((0.16 + 0.12 * smile) * corner)
