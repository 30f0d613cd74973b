"""Photographs of visitors: kept in memory until they are forgotten, with the squares that are cut out of them."""

from __future__ import annotations

import base64
import io
import math
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Annotated, Any, Self

import torch
from PIL import Image, UnidentifiedImageError

from ganatomy.errors import MissingFileError
from ganatomy.generators.base import Signature
from ganatomy.images import DAMAGED
from ganatomy.latents import Latents
from ganatomy.photographs import Crops, Detector, Layout, Photograph, crop, open_photograph
from ganatomy.photographs.layouts import central
from ganatomy.photographs.photograph import HEIF
from ganatomy.photographs.sampling import Quad, rectangle, square
from ganatomy.recipes.fields import number
from ganatomy.recipes.parts import Part

MOST_BYTES = 128 * 2**20
MOST_KEPT = 256
"""Of all photographs of one model together, with their previews; the one used longest ago is forgotten first."""

MOST_FACES = 8
MOST_FOUND = 16
"""Inversions of one photograph that are remembered."""

PREVIEW_SIDE = 1024
FARTHEST = 100_000.0
"""Pixels. No photograph is as large."""

NO_DETECTOR = (
    "no face detector is on this machine, so the square is in the middle: move it onto the face, "
    "or start the studio with --detector FILE"
)
NO_FACE = "no face was found: move the square onto it"


@dataclass(frozen=True, kw_only=True)
class Square(Part):
    """A square of a photograph, in its pixels.

    Args:
        x: of its centre, from the left.
        y: of its centre, from the top.
        size: of a side.
        turn: degrees, clockwise.
    """

    x: Annotated[float, number(-FARTHEST, FARTHEST)]
    y: Annotated[float, number(-FARTHEST, FARTHEST)]
    size: Annotated[float, number(1, FARTHEST)]
    turn: Annotated[float, number(-180, 180)] = 0.0

    @classmethod
    def of(cls, quad: Quad) -> Self:
        """The square with these corners.

        >>> Square.of(Square(x=5, y=6, size=4, turn=0).quad)
        Square(x=5.0, y=6.0, size=4.0, turn=0.0)
        """
        x, y = quad.mean(0).tolist()
        across = quad[3] - quad[0]
        turn = math.degrees(math.atan2(float(across[1]), float(across[0])))
        return cls(x=x, y=y, size=float(across.norm()), turn=turn)

    @property
    def quad(self) -> Quad:
        """Its corners."""
        angle = math.radians(self.turn)
        half = torch.tensor([math.cos(angle), math.sin(angle)], dtype=torch.float64) * self.size / 2
        return square(torch.tensor([self.x, self.y], dtype=torch.float64), half)


@dataclass(frozen=True, kw_only=True, eq=False)
class Kept:
    """A photograph in memory, as the bytes of its file.

    Args:
        key: that its visitor knows it by, and nobody else.
        data: the file.
        sha256: of the file.
        size: width and height, upright.
        preview: a small JPEG of it.
        squares: of its faces, the largest first; without faces the one in its middle.
        notes: what may surprise, each a sentence.
        found: squares and codes of its inversions.
    """

    key: str
    data: bytes
    sha256: str
    size: tuple[int, int]
    preview: bytes
    squares: tuple[Square, ...]
    notes: tuple[str, ...] = ()
    found: list[tuple[Square, Latents]] = field(default_factory=list)

    @property
    def num_bytes(self) -> int:
        """Memory that it takes; each of its codes takes some KB."""
        return len(self.data) + len(self.preview)

    def open(self) -> Photograph:
        return open_photograph(self.data)

    def remember(self, square: Square, latents: Latents) -> None:
        """Keep an inversion, so that its edits can be pasted."""
        self.found.append((square, latents))
        del self.found[:-MOST_FOUND]

    def about(self) -> dict[str, Any]:
        """What the page shows of it."""
        preview = f"data:image/jpeg;base64,{base64.b64encode(self.preview).decode()}"
        return {
            "id": self.key,
            "sha256": self.sha256,
            "width": self.size[0],
            "height": self.size[1],
            "preview": preview,
            "squares": [one.to_data() for one in self.squares],
            "notes": list(self.notes),
        }


class Photographs:
    """The photographs of the visitors of one model."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, kept: Kept) -> None:
        """Keep one more, and forget those used longest ago where all together are too large."""
        with self._lock:
            self._kept[kept.key] = kept
            while (
                len(self._kept) > MOST_KEPT or sum(one.num_bytes for one in self._kept.values()) > MOST_BYTES
            ):
                self._kept.popitem(last=False)

    def get(self, key: str) -> Kept:
        """The photograph of that key.

        Raises:
            MissingFileError: for one that was forgotten.
        """
        with self._lock:
            if key not in self._kept:
                raise MissingFileError("this photograph is not kept any more; open it again")
            self._kept.move_to_end(key)
            return self._kept[key]

    def forget(self, key: str) -> None:
        """Drop it; its inversion, if one is under way, ends."""
        with self._lock:
            self._kept.pop(key, None)


def received(
    data: bytes, photograph: Photograph, *, detector: Detector | None, layout: Layout | None
) -> Kept:
    """A photograph that has come, with a square around each of its faces.

    Args:
        data: its file.
        photograph: the same, opened.
        detector: None where there is none.
        layout: how faces lie in images of the model; None where these show no faces, or there is no detector.
    """
    squares: list[Square] = []
    notes = [note.replace("the photograph", "it", 1) for note in photograph.notes]
    if detector is None:
        notes.append(NO_DETECTOR)
    elif layout is not None:
        faces = sorted(detector(photograph), key=lambda face: -face.area)[:MOST_FACES]
        squares = [Square.of(layout(face.points)) for face in faces]
        notes += [] if faces else [NO_FACE]
    return Kept(
        key=secrets.token_urlsafe(24),
        data=data,
        sha256=photograph.sha256,
        size=photograph.size,
        preview=_preview(photograph.image),
        squares=tuple(squares) or (Square.of(central(photograph.size)),),
        notes=tuple(notes),
    )


def cut(photograph: Photograph, square: Square, signature: Signature) -> Crops:
    """A square of a photograph as an image of a model; nothing of the rest is held on to."""
    return crop(
        photograph,
        rectangle(square.quad, signature.width / signature.resolution)[None],
        resolution=signature.size,
        channels=signature.channels,
    )


def is_photograph(data: bytes) -> bool:
    """Whether a file is an image of any kind that photographs come in, be it too large or damaged."""
    try:
        with Image.open(io.BytesIO(data)):
            return True
    except Image.DecompressionBombError:
        return True
    except (UnidentifiedImageError, *DAMAGED):
        return data[4:10] in HEIF


def _preview(image: Image.Image) -> bytes:
    small = image.copy() if max(image.size) <= PREVIEW_SIDE else _shrunk(image)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def _shrunk(image: Image.Image) -> Image.Image:
    scale = PREVIEW_SIDE / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
