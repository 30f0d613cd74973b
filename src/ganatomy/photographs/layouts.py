"""Where a face lies in the images of a data set: from five points of a face to the quadrilateral of its crop."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from ganatomy.errors import CheckpointError, MissingFileError, PhotographError, SettingError
from ganatomy.images import shown, to_pil
from ganatomy.photographs.faces import Detector, Points
from ganatomy.photographs.photograph import Photograph
from ganatomy.photographs.sampling import Quad, locate, rectangle, square
from ganatomy.progress import Advance, watched
from ganatomy.reading import parse_json
from ganatomy.writing import atomic_write

KIND = "ganatomy layout"
"""What a file of a layout says that it is."""

LEAST_FACES = 0.5
"""Share of images in which a face must be found for their layout to be one of faces."""


@dataclass(frozen=True, kw_only=True)
class TemplateLayout:
    """Five points of a face in the unit square of a crop; a photograph is turned, scaled and shifted until they fit.

    Args:
        points: as `faces.POINTS` names them, x and y in [0, 1] from the left upper corner.
        spread: mean standard deviation of the points of the images that it was measured on, in sides; nan if unknown.
        aspect: width over height of the crop.

    Example:
        >>> eyes_and_mouth = CELEBA.points
        >>> CELEBA(eyes_and_mouth * 100).round().tolist()
        [[0.0, 0.0], [0.0, 100.0], [100.0, 100.0], [100.0, 0.0]]
    """

    points: Points
    spread: float = float("nan")
    aspect: float = 1.0

    def __call__(self, points: Points) -> Quad:
        """The quadrilateral of the least-squares similarity from the template to the points (Umeyama 1991)."""
        # In heights of the crop, in which a similarity is one.
        template = self.points * torch.tensor([self.aspect, 1.0], dtype=torch.float64)
        middle, target = template.mean(0), points.mean(0)
        own, found = template - middle, points - target
        # As complex numbers a similarity without reflection is one factor.
        factor = (_complex(own).conj() * _complex(found)).sum() / _complex(own).abs().square().sum()
        half = torch.stack([factor.real, factor.imag]) * self.aspect / 2
        centre = torch.tensor([self.aspect / 2, 0.5], dtype=torch.float64)
        off = torch.view_as_real(factor * torch.complex(*(centre - middle)))
        return rectangle(square(target + off, half), self.aspect)

    def error(self, points: Points) -> float:
        """How far the points lie from the template after the best fit, in sides (root mean square)."""
        return float((locate(self(points), points) - self.points).square().sum(1).mean().sqrt())


Layout = Callable[[Points], Quad]
"""From five points of a face to the corners of its crop: a function of one's own can be given."""


def ffhq(points: Points) -> Quad:
    """The crop of FFHQ (Karras et al. 2019, appendix C): upright by the eyes and the mouth, and wide.

    With e from eye to eye, m from the middle of the eyes to that of the mouth, and m' = m turned by a right angle,
    half a side is max(2 |e|, 1.8 |m|) in the direction of e − m'; the centre lies .1 m below the middle of the eyes.
    """
    eyes, mouth = points[:2].mean(0), points[3:].mean(0)
    across, down = points[1] - points[0], mouth - eyes
    direction = across - torch.stack([-down[1], down[0]])
    length = torch.maximum(2 * across.norm(), 1.8 * down.norm())
    if float(direction.norm()) == 0:
        raise PhotographError("the eyes and the mouth of this face fall together; give a sharper photograph")
    return square(eyes + 0.1 * down, direction / direction.norm() * length)


def central(size: tuple[int, int], *, aspect: float = 1.0) -> Quad:
    """The largest square in the middle of a photograph, or the largest rectangle of another form.

    Args:
        size: width and height of the photograph.
        aspect: width of the crop over its height.

    Example:
        >>> central((40, 20)).tolist()
        [[10.0, 0.0], [10.0, 20.0], [30.0, 20.0], [30.0, 0.0]]
    """
    width, height = size
    half = torch.tensor([min(width, height * aspect) / 2, 0.0], dtype=torch.float64)
    return rectangle(square(torch.tensor([width / 2, height / 2], dtype=torch.float64), half), aspect)


CELEBA = TemplateLayout(
    points=torch.tensor(
        [[0.347, 0.423], [0.645, 0.423], [0.492, 0.609], [0.357, 0.744], [0.651, 0.744]], dtype=torch.float64
    )
)
"""CelebA's aligned images, cut to the 128 px around (89, 121) as ProGAN and its successors do (Karras et al. 2018)."""

LAYOUTS: dict[str, Layout] = {"ffhq": ffhq, "celeba": CELEBA}
"""Layouts by name. "crop", the square in the middle of the photograph, needs no face and is none of them."""


@watched("looking for faces")
def measure_layout(
    images: Float[Tensor, "n c h w"], detector: Detector, *, progress: Advance | None = None
) -> TemplateLayout:
    """The layout of aligned images, such as a data set's or a generator's own samples: the median of their points.

    Args:
        images: in [-1, 1], all aligned in the same way; a hundred are enough.
        detector: that finds their faces.
        progress: called with the images that were looked at, and all.

    Returns:
        The template, to align photographs by.

    Raises:
        PhotographError: when fewer than half of them show a face.

    Example::

        layout = ga.measure_layout(G(G.sample(100, seed=0)), ga.face_detector())
        ga.align("me.jpg", layout=layout, resolution=G.signature.size)
    """
    side = torch.tensor([images.shape[-1], images.shape[-2]], dtype=torch.float64)
    found: list[Tensor] = []
    for done, image in enumerate(images, 1):
        faces = detector(Photograph(image=shown(to_pil(image)), name="an image"))
        if faces:
            found.append(max(faces, key=lambda face: face.area).points / side)
        if progress is not None:
            progress(done, len(images))
    if not len(images) or len(found) < LEAST_FACES * len(images):
        raise PhotographError(
            f"a face was found in {len(found)} of {len(images)} images, too few to say how faces lie in them; if they "
            'show no faces, align by the layout "crop"'
        )
    points = torch.stack(found)
    middle = points.median(0).values
    spread = float((points - middle).square().sum(-1).mean().sqrt())
    return TemplateLayout(points=middle, spread=spread, aspect=images.shape[-1] / images.shape[-2])


def save_layout(layout: TemplateLayout, path: str | os.PathLike[str]) -> Path:
    """Write a template as JSON.

    Raises:
        OutputError: when the file cannot be written.

    Example::

        ga.save_layout(layout, "faces.json")
    """
    data = {"kind": KIND, "points": layout.points.tolist(), "spread": layout.spread, "aspect": layout.aspect}
    with atomic_write(path) as part:
        part.write_text(
            json.dumps(data | ({"spread": None} if layout.spread != layout.spread else {}), indent=2)
        )
    return Path(path)


def load_layout(path: str | os.PathLike[str]) -> TemplateLayout:
    """The template of a file of JSON: {"points": [[x, y], ... five of them]}, in [0, 1].

    Raises:
        MissingFileError: when there is no file. CheckpointError: when it holds no five points.

    Example::

        layout = ga.load_layout("faces.json")
        crops = ga.align("portrait.png", layout=layout, resolution=64, detector=detector)
    """
    try:
        data: Any = parse_json(Path(path).read_text(encoding="utf-8"))
        points = torch.tensor(data["points"], dtype=torch.float64)
        spread, aspect = data.get("spread"), float(data.get("aspect", 1.0))
    except FileNotFoundError:
        raise MissingFileError(f"{os.fspath(path)} does not exist") from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        points, spread, aspect = torch.zeros(0), None, 1.0
    if (
        points.shape != (5, 2)
        or not bool(points.isfinite().all())
        or float((points - points.mean(0)).norm()) == 0
        or not 0 < aspect < float("inf")
    ):
        raise CheckpointError(
            f'{os.fspath(path)} is no layout; it holds {{"points": [[x, y], ...]}} with five points'
        )
    return TemplateLayout(
        points=points, spread=float("nan") if spread is None else float(spread), aspect=aspect
    )


def find_layout(layout: str | Layout) -> Layout | None:
    """The layout of that name; None for "crop".

    Raises:
        SettingError: for another name.
    """
    if not isinstance(layout, str):
        return layout
    if layout == "crop":
        return None
    if layout not in LAYOUTS:
        raise SettingError(
            f'there is no layout "{layout}"; use {", ".join(LAYOUTS)}, crop, or a template (`measure_layout`)'
        )
    return LAYOUTS[layout]


def _complex(points: Float64[Tensor, "n 2"]) -> Tensor:
    return torch.complex(points[:, 0], points[:, 1])
