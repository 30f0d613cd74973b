"""Draw faces: factors in, portraits out, every stroke a soft signed-distance field over the whole batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.datasets.faces.canvas import VIEW_HALF, VIEW_MIDDLE, Canvas, Controls, bump
from ganatomy.datasets.faces.factors import FACTOR_INDEX, Faces
from ganatomy.datasets.faces.features import draw_brows, draw_eyes, draw_mouth, draw_nose
from ganatomy.datasets.faces.hair import draw_back_hair, draw_beard, draw_front_hair, draw_hat
from ganatomy.datasets.faces.head import draw_body, draw_face, draw_lines
from ganatomy.datasets.faces.palette import Palette, palette
from ganatomy.datasets.faces.wear import draw_earrings, draw_glasses, draw_necklace, draw_necktie

CHUNK_PIXELS = 64 * 64 * 64
"""Pixels drawn at a time: the buffers of a chunk stay in the processor's cache."""

DEPTH = 0.40
"""How far the middle of the face stands out before the plane of the ears."""


def draw_faces(faces: Faces | Float[Tensor, "n f"], *, resolution: int = 64) -> Float[Tensor, "n 3 r r"]:
    """Portraits of these people, float32 in [-1, 1]; the same look at any resolution from 32 px up.

    Gradients flow from images to factors that require them; images are drawn on the device of the factors.
    """
    factors = (faces.factors if isinstance(faces, Faces) else faces).to(torch.float32)
    if not len(factors):
        return factors.new_zeros(0, 3, resolution, resolution)
    chunks = factors.split(max(1, CHUNK_PIXELS // resolution**2))
    draw = partial(_draw_chunk, resolution=resolution)
    workers = min(torch.get_num_threads(), len(chunks))
    if workers < 2 or factors.device.type != "cpu" or (torch.is_grad_enabled() and factors.requires_grad):
        return torch.cat([draw(chunk) for chunk in chunks])
    return torch.cat(_draw_in_threads(draw, chunks, workers))


@torch.no_grad()
def _draw_in_threads(
    draw: Callable[[Tensor], Tensor], chunks: Sequence[Tensor], workers: int
) -> list[Float[Tensor, "c 3 r r"]]:
    """Each thread draws whole chunks alone: those that share one small stroke wait for each other most of the time."""
    threads = torch.get_num_threads()

    def quietly(chunk: Tensor) -> Tensor:
        with torch.no_grad():  # which is each thread's own
            return draw(chunk)

    with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        images = list(pool.map(quietly, chunks))
    torch.set_num_threads(threads)
    return images


def _draw_chunk(factors: Float[Tensor, "n f"], resolution: int) -> Float[Tensor, "n 3 r r"]:
    # Colours and coordinates are made where the factors are; the processor needs no telling, which costs time.
    with nullcontext() if factors.device.type == "cpu" else factors.device:
        return _draw(factors, resolution)


def _draw(factors: Float[Tensor, "n f"], resolution: int) -> Float[Tensor, "n 3 r r"]:
    f = {name: factors[:, index, None, None] for name, index in FACTOR_INDEX.items()}
    colors = palette(f)
    canvas = _prime(f, colors, resolution)

    # Behind the head, then the head from its surface outwards.
    draw_back_hair(canvas, f, colors)
    draw_body(canvas, f, colors)
    draw_necktie(canvas, f, colors)
    draw_necklace(canvas, f, colors)
    draw_face(canvas, f, colors)
    draw_lines(canvas, f, colors)
    draw_eyes(canvas, f, colors)
    draw_nose(canvas, f, colors)
    draw_beard(canvas, f, colors)
    draw_mouth(canvas, f, colors)
    draw_brows(canvas, f, colors)
    draw_front_hair(canvas, f, colors)
    draw_hat(canvas, f, colors)
    draw_glasses(canvas, f, colors)
    draw_earrings(canvas, f, colors)
    return _expose(canvas, f).transpose(0, 1)


def _prime(f: Controls, colors: Palette, resolution: int) -> Canvas:
    """Background, and where every pixel lies on the turned head."""
    n = len(f["yaw"])
    pixel = 2 * VIEW_HALF / resolution
    line = (torch.arange(resolution) + 0.5) * pixel - VIEW_HALF
    across, down = line.view(1, 1, -1), line.view(1, -1, 1) + VIEW_MIDDLE

    # Roll about the neck, then parallax: what stands out of the head moves with yaw and pitch.
    roll, pivot = torch.deg2rad(f["roll"]), 0.35
    cos, sin = torch.cos(roll), torch.sin(roll)
    x = across * cos + (down - pivot) * sin
    y = (down - pivot) * cos - across * sin + pivot
    yaw, pitch = torch.sin(torch.deg2rad(f["yaw"])), torch.sin(torch.deg2rad(f["pitch"]))
    outside = torch.clamp((x / 0.52).square() + (y / 0.68).square(), max=1.5)
    depth = DEPTH * (1 - 0.75 * outside)
    u, v = x - yaw * depth, y - pitch * depth

    glow = bump(((across - 0.25 * f["light_side"]).square() + (down + 0.35).square()) / 3.2)
    color = colors.background_edge + (colors.background - colors.background_edge) * glow
    return Canvas(
        color=color.contiguous(),
        shade=torch.ones(n, resolution, resolution),
        x=x,
        y=y,
        u=u,
        v=v,
        pixel=pixel,
    )


def _expose(canvas: Canvas, f: Controls) -> Float[Tensor, "3 n r r"]:
    """Light the albedo; shadows keep more red than blue, as skin does."""
    warmth = f["light_warmth"]
    tint = torch.stack([1 + 0.07 * warmth, 1 + 0.005 * warmth, 1 - 0.10 * warmth])
    gain = tint * (0.90 + 0.16 * f["light_strength"])
    keep = torch.tensor([0.16, 0.04, 0.07]).view(3, 1, 1, 1)
    lit = canvas.shade * (1 - keep) + keep
    return (canvas.color * lit).mul_(gain * 2).sub_(1).clamp_(-1, 1)
