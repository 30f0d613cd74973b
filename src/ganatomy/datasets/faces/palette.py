"""The colours of a batch of people, from their factors."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ganatomy.datasets.faces.canvas import Color, Controls, constant, mix, ramp, visible, wheel

SKIN = ((0.97, 0.79, 0.66), (0.88, 0.66, 0.50), (0.70, 0.47, 0.33), (0.46, 0.29, 0.20))
PALE = (0.935, 0.855, 0.84)
HAIR_TINTS = ((0.78, 0.36, 0.13), (0.62, 0.17, 0.10), (0.47, 0.10, 0.24))
HAIR = {
    "hair_black": (0.075, 0.065, 0.085),
    "hair_brown": (0.36, 0.21, 0.12),
    "hair_blond": (0.93, 0.76, 0.42),
    "hair_gray": (0.71, 0.72, 0.74),
}
IRIS = ((0.30, 0.17, 0.09), (0.26, 0.40, 0.20), (0.25, 0.52, 0.74))


@dataclass(frozen=True, kw_only=True)
class Palette:
    """Albedo of every material."""

    skin: Color
    blush: Color
    lips: Color
    hair: Color
    brows: Color
    iris: Color
    clothes: Color
    accent: Color
    eyeshadow: Color
    background: Color
    background_edge: Color


def palette(f: Controls) -> Palette:
    """Colours of a batch of people."""
    skin = mix(ramp(SKIN, f["skin_tone"]), constant(PALE), 0.92 * visible(f["pallor"]))
    skin = mix(skin, skin.mean(dim=0, keepdim=True), 0.30 * visible(f["age"])) * (
        1 - 0.06 * visible(f["age"])
    )

    shares = torch.stack([visible(f[name]) for name in HAIR])
    shares = shares / shares.sum(dim=0).clamp(min=1)
    hair = ramp(HAIR_TINTS, f["hair_tint"]) * (1 - shares.sum(dim=0))
    for share, color in zip(shares, HAIR.values(), strict=True):
        hair = hair + constant(color) * share

    natural_lips = mix(skin, constant((0.74, 0.34, 0.33)), 0.46 - 0.20 * f["masculinity"])
    lipstick = wheel(0.96 + 0.06 * f["accent_hue"], 0.90, 0.80)
    tone = f["background_tone"]
    background = wheel(f["background_hue"], 0.16 + 0.22 * (1 - tone), 0.52 + 0.42 * tone)
    return Palette(
        skin=skin,
        blush=mix(skin, constant((0.95, 0.25, 0.33)), 0.62),
        lips=mix(natural_lips, lipstick, 0.92 * visible(f["lipstick"])),
        hair=hair,
        brows=mix(hair * 0.55, constant((0.10, 0.07, 0.06)), 0.35),
        iris=ramp(IRIS, f["eye_tint"]),
        clothes=wheel(f["clothes_hue"], 0.55, 0.25 + 0.6 * f["clothes_tone"]),
        accent=wheel(f["accent_hue"], 0.78, 0.82),
        eyeshadow=wheel(0.60 + 0.32 * f["accent_hue"], 0.70, 0.66),
        background=background,
        background_edge=background * (0.62 + 0.1 * tone),
    )
