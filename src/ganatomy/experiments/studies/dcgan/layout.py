"""Sheets of images laid out as in DCGAN: columns of exemplars, their means, and the result with eight around it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from PIL import Image, ImageDraw
from torch import Tensor
from torch.nn import functional as F

from ganatomy.experiments.studies.dcgan.sums import AROUND, NUM_EXEMPLARS, Exhibit
from ganatomy.generators.base import Generator
from ganatomy.latents import Latents
from ganatomy.plots import draw_images, grid
from ganatomy.plots.grids import INK, PAPER, font

SMALL, READABLE = 64, 96
"""Pixels on a side that images on sheets have: of long walks, and of what a person must judge."""


def drawn(
    generator: Generator, codes: Latents, *, side: int = READABLE, batch_size: int = 32
) -> Float[Tensor, "n c h w"]:
    """The images of codes, shrunk where they are larger than this."""
    return shrunk(draw_images(generator, codes, batch_size=batch_size), side)


def shrunk(images: Float[Tensor, "n c h w"], side: int) -> Float[Tensor, "n c t t"]:
    """Images no larger than this."""
    if max(images.shape[2:]) <= side:
        return images
    return F.interpolate(images, (side, side), mode="area")


def sheet(
    images: Float[Tensor, "n c h w"],
    *,
    columns: int,
    side: int = READABLE,
    captions: Sequence[str] | None = None,
    row_labels: Sequence[str] | None = None,
) -> Image.Image:
    """Images in rows, small ones enlarged to about this size."""
    scale = max(1, round(side / max(images.shape[2:])))
    return grid(images, columns=columns, scale=scale, captions=captions, row_labels=row_labels)


def in_turn(images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
    """A result and eight around it, with the result in the middle."""
    middle = AROUND // 2
    return torch.cat([images[1 : middle + 1], images[:1], images[middle + 1 :]])


def exhibit_sheet(generator: Generator, exhibit: Exhibit, *, batch_size: int = 32) -> Image.Image:
    """One sum: a column for each concept, its three exemplars above their mean, signs between, and 3 x 3 results."""
    exemplars = drawn(generator, exhibit.exemplars, batch_size=batch_size)
    means = drawn(generator, exhibit.means, batch_size=batch_size)
    results = in_turn(drawn(generator, exhibit.results, batch_size=batch_size))
    columns = [
        sheet(
            torch.cat([exemplars[k * NUM_EXEMPLARS : (k + 1) * NUM_EXEMPLARS], means[k : k + 1]]), columns=1
        )
        for k in range(len(means))
    ]
    result = sheet(results, columns=3)
    cell = columns[0].width
    gap, line, rule = cell // 2, 34, 6
    left = 86
    width = left + 3 * cell + 3 * gap + result.width
    names = [concept.name for concept in exhibit.sum.concepts]
    wanted = exhibit.sum.wanted.name if exhibit.sum.wanted else "result"
    paper = Image.new("RGB", (width, line + columns[0].height + rule), PAPER)
    pen = ImageDraw.Draw(paper)
    third = columns[0].height * NUM_EXEMPLARS // (NUM_EXEMPLARS + 1)
    for k, (column, name) in enumerate(zip(columns, names, strict=True)):
        x = left + k * (cell + gap)
        paper.paste(column.crop((0, 0, cell, third)), (x, line))
        paper.paste(column.crop((0, third, cell, column.height)), (x, line + third + rule))
        _centred(pen, name, (x + cell / 2, line / 2), cell + gap - 8)
        sign = ("−", "+", "=")[k]
        middle = line + third + rule + (column.height - third) / 2
        pen.text((x + cell + gap / 2, middle), sign, fill=INK, font=font(30), anchor="mm")
    pen.text((left - 8, line + third / 2), "exemplars", fill=INK, font=font(14), anchor="rm")
    pen.text((left - 8, line + third + rule + cell / 2), "mean", fill=INK, font=font(14), anchor="rm")
    x = left + 3 * (cell + gap)
    paper.paste(result, (x, paper.height - result.height))
    _centred(pen, wanted, (x + result.width / 2, paper.height - result.height - line / 2), result.width)
    return paper


def _centred(pen: ImageDraw.ImageDraw, text: str, middle: tuple[float, float], room: float) -> None:
    """One line, or two where it is too long for one, as large as there is room for."""
    words = text.split(" ")
    for size in (15, 13, 11, 9):
        for cut in range(len(words), 0, -1):
            lines = [part for part in (" ".join(words[:cut]), " ".join(words[cut:])) if part]
            if max(font(size).getlength(part) for part in lines) <= room:
                pen.multiline_text(
                    middle,
                    "\n".join(lines),
                    fill=INK,
                    font=font(size),
                    anchor="mm",
                    align="center",
                    spacing=1,
                )
                return
    pen.text(middle, text[: int(room // 6)], fill=INK, font=font(9), anchor="mm")
