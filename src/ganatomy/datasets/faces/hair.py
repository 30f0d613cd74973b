"""Hair on the head and on the face, and the hat upon it."""

from __future__ import annotations

import math

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
    flat_ellipse_distance,
    mix,
    root,
    visible,
)
from ganatomy.datasets.faces.head import EDGE, face_radius, light, outline
from ganatomy.datasets.faces.palette import Palette

GLOSS = (0.86, 0.84, 0.86)
CROWN = -0.10
"""Height at which the dome of the hair turns into its falling sides."""


def _fall(f: Controls) -> Value:
    """Where the hair ends: above the ears to below the shoulders."""
    length = f["hair_length"]
    return -0.20 + (0.15 * length + 2.3 * (length - 0.38).clamp(0, 0.5)) * (1 - visible(f["baldness"]))


def _dome(x: Map, y: Map) -> Map:
    """Distance to a rounded arch, fuller than an ellipse: |x|^2.6 + |y|^2.6 = 1, nearly."""
    round_, box = x.square() + y.square(), x.square() * y.square()
    return root(round_ - 0.42 * box) - 1


def _mass(part: Canvas, f: Controls) -> tuple[Map, Map]:
    """Distance to the outer outline of the hair, and the phase of its waves."""
    waves = visible(f["hair_waviness"])
    turn = torch.sin(torch.deg2rad(f["yaw"]))
    x, y = part.x + 0.05 * turn, part.y
    volume = 0.5 * f["hair_volume"] + 0.35 * waves - 0.15 * visible(f["hair_straightness"])
    end = _fall(f)
    phase = 2 * math.pi * y / 0.36
    ripple = 0.030 * waves * torch.sin(phase) * ((y + 0.55) / 0.3).clamp(0, 1)
    down = (y - CROWN).clamp(min=0)
    long = ((f["hair_length"] - 0.35) / 0.2).clamp(0, 1)
    flare = (0.14 * long + 0.10 * waves * long - 0.25 * (1 - long)) * down
    half = outline(f).half_width + 0.03 + 0.07 * long + 0.085 * volume
    top = 0.63 + 0.09 * volume
    dome = torch.where(y < CROWN, _dome(x / half, (y - CROWN) / top), x.abs() / half - 1) * half
    sides = dome - flare + ripple
    return torch.maximum(sides, 0.7 * (y - end - 0.24 * (0.75 - (x / 0.62).square()))), phase


def _strands(part: Canvas, f: Controls, phase: Map) -> tuple[Map, Map]:
    """Shade and gloss of hair: a ball with a band of shine, strands that run straight or in waves."""
    side, hard = light(f)
    waves, straight = visible(f["hair_waviness"]), visible(f["hair_straightness"])
    x, y = part.x, part.y
    shade = 0.80 + hard * (0.55 * side * x - 0.35 * y) - 0.22 * (x / 0.6).square()
    ring = (root(ellipse(x - 0.12 * side, y + 0.1, 0.46, 0.50)) - 1) / 0.13
    lane = x / (0.17 - 0.04 * straight)
    lane = lane + 0.16 * torch.sin(2.3 * lane + 2 * f["hair_part"])
    strand = torch.sin(2 * math.pi * lane + 0.9 * waves * torch.sin(phase))
    swell = waves * torch.sin(phase + 5 * x.abs())
    band = bump(ring.square()) * (-y / 0.35).clamp(0, 1)
    gloss = (0.09 + 0.10 * straight) * band * (1 + 0.4 * strand)
    gloss = gloss + 0.08 * straight * (strand + 0.6) + 0.05 * (swell + waves)
    return shade + 0.11 * straight * strand + 0.15 * swell, gloss.clamp(0, 1)


def draw_back_hair(canvas: Canvas, f: Controls, colors: Palette) -> None:
    """Hair behind neck and shoulders."""
    part = canvas.window(-0.95, -1.0, 0.95, 1.0)
    distance, _ = _mass(part, f)
    hair = part.cover(distance) * (1 - visible(f["baldness"]))
    part.paint(colors.hair, hair)
    part.relight(0.62, hair)


def draw_front_hair(canvas: Canvas, f: Controls, colors: Palette) -> None:
    """Hair before the face: crown, hairline, sides, bangs; or the rim of a bald head."""
    part = canvas.window(-0.95, -1.0, 0.95, 1.0)
    bald, recede = visible(f["baldness"]), visible(f["hairline_recession"])
    bangs, waves = visible(f["bangs"]), visible(f["hair_waviness"])
    turn = torch.sin(torch.deg2rad(f["yaw"]))
    u, v = part.u, part.v
    distance, phase = _mass(part, f)
    shape = outline(f)

    # The face looks out of an opening: an arch over the brow, then two walls down the cheeks.
    hairline = -0.44 - 0.155 * recede
    temple = shape.half_width * (0.90 + 0.03 * f["hair_length"]) + 0.02 * recede
    centre = -0.02
    arch = ellipse_distance(u, v - centre, temple, centre - hairline)
    part_x = u - 0.22 * f["hair_part"]
    # Hair falls aside from the parting; receding hair leaves both temples bare.
    arch = arch - 0.05 * bump((part_x / 0.16).square()) * (1 - recede)
    arch = arch - 0.11 * recede * bump(ellipse(u.abs() - 0.21, v + 0.47, 0.16, 0.22))
    walls = u.abs() - temple - 0.012 * waves * torch.sin(phase)
    opening = torch.where(v < centre, arch, walls)
    hair = torch.minimum(part.cover(distance), part.cover(-opening, softness=0.03))

    tuft_x = (part.x + 0.05 * turn).abs() - shape.half_width + 0.012
    rim = part.cover(ellipse_distance(tuft_x, part.y + 0.06, 0.055, 0.17), softness=0.04)
    hair = torch.maximum(hair * (1 - bald), rim * bald)

    low = -0.245 + 0.018 * torch.cos(2 * math.pi * u / 0.21) - 0.22 * u.square()
    fringe = part.cover(torch.maximum(v - low, u.abs() - temple - 0.03)) * part.cover(distance)
    hair = torch.maximum(hair, fringe * bangs)

    shadow = bump((opening / 0.075).square()) * part.cover(distance) * (1 - bald)
    part.shade.sub_(0.17 * shadow * (1 - bangs))
    shade_fringe = bangs * bump(((v - low - 0.02) / 0.06).square()) * part.cover(u.abs() - temple)
    part.shade.sub_(0.20 * shade_fringe)
    part.paint(colors.hair, hair)
    shade, gloss = _strands(part, f, phase)
    comb = bangs * fringe * (0.10 * torch.sin(2 * math.pi * u / 0.21) - 0.04)
    part.relight((shade + comb).clamp(0.35, 1.25), hair)

    part.paint(constant(GLOSS), gloss * hair)
    gleam = bald * bump(ellipse(u - 0.14 * f["light_side"], v + 0.46, 0.20, 0.12)) * (1 - hair)
    part.shade.add_(0.20 * gleam)


def draw_beard(canvas: Canvas, f: Controls, colors: Palette) -> None:
    """Stubble, beard along the jaw, sideburns, goatee and mustache."""
    part = canvas.window(-0.62, -0.3, 0.62, 0.85)
    u, v, au = part.u, part.v, part.u.abs()
    radius, _, _ = face_radius(part, f)
    inside = part.cover((radius - 1) * EDGE)
    hair = mix(colors.hair * 0.80, constant((0.10, 0.07, 0.06)), 0.22)

    lower = part.cover(0.17 - v, softness=0.20)
    cheeks = 1 - 0.9 * bump(ellipse(au - 0.20, v - 0.16, 0.17, 0.14))
    stubble = 0.50 * visible(f["stubble"]) * lower * cheeks * inside
    part.paint(mix(colors.skin * 0.45, constant((0.22, 0.26, 0.33)), 0.55), stubble)

    jaw = visible(f["beard"])
    strap = part.cover(0.78 - radius, softness=0.14) * part.cover(0.22 - v, softness=0.14) * inside
    part.paint(hair, 0.74 * jaw * strap)
    part.relight(0.80, 0.6 * jaw * strap)

    burn = part.cover(0.75 - radius, softness=0.07) * part.cover(v - 0.27, softness=0.08)
    burn = burn * part.cover(-0.14 - v, softness=0.1) * inside * visible(f["sideburns"])
    part.paint(hair, 0.95 * burn)
    part.relight(0.82, burn)

    drop = 0.05 * f["mouth_opening"]
    tuft = part.cover(ellipse_distance(u, v - 0.475 - drop * 0.4, 0.135, 0.105), softness=0.05)
    goatee = tuft * visible(f["goatee"]) * part.cover((radius - 1.03) * EDGE)
    part.paint(hair, 0.96 * goatee)
    part.relight(0.82 + 0.1 * f["light_side"] * u, goatee)

    width = 0.165
    bow = 0.262 + 0.75 * u.square()
    brush = (v - bow).abs() - 0.036 * (1 - (au / width).square()).clamp(min=-1) - 0.003
    mustache = part.cover(brush, softness=0.03) * visible(f["mustache"])
    part.paint(hair, 0.96 * mustache)
    part.relight(0.86, mustache)


def draw_hat(canvas: Canvas, f: Controls, colors: Palette) -> None:
    """A hat with a band and a brim, sitting on the hair."""
    part = canvas.window(-1.0, -1.0, 1.0, 0.05)
    worn = visible(f["hat"])
    side, hard = light(f)
    turn = torch.sin(torch.deg2rad(f["yaw"]))
    x, y = part.x - 0.06 * turn, part.y
    half = outline(f).half_width + 0.08
    brim_y = -0.36 + 0.10 * x.square()
    dome = torch.maximum(ellipse_distance(x, y + 0.36, half, 0.52), y - brim_y)
    felt = part.cover(dome) * worn
    cast = bump(((y - brim_y - 0.06) / 0.11).square()) * part.cover(x.abs() - half) * worn
    part.shade.sub_(0.28 * cast)
    part.paint(colors.accent * 0.85, felt)
    shade = 0.80 + hard * (0.9 * side * x - 0.55 * (y + 0.6)) - 0.5 * x.square()
    part.relight(shade, felt)
    band = part.cover((y - brim_y + 0.085).abs() - 0.05) * felt
    part.paint(colors.accent * 0.25, band)
    brim = part.cover(flat_ellipse_distance(x, y - brim_y, half + 0.22, 0.055)) * worn
    part.paint(colors.accent * 0.70, brim)
    part.relight(0.95 + 0.35 * hard * side * x - 3.2 * (y - brim_y), brim)
