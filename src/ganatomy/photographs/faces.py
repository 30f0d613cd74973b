"""What a face detector says: where each face is, how sure that is, and five points of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jaxtyping import Float64
from torch import Tensor

from ganatomy.errors import PhotographError, SettingError
from ganatomy.photographs.photograph import Photograph

POINTS = ("left eye", "right eye", "nose", "left corner of the mouth", "right corner of the mouth")
"""In this order, left and right as the viewer sees them."""

Points = Float64[Tensor, "5 2"]
"""x and y in pixels of the photograph, whose left upper corner is (0, 0); the middle of its first pixel is (.5, .5)."""

Which = str | int
"""Which faces of a photograph: the "largest", "all" of them from left to right, or one by its number from the left."""


@dataclass(frozen=True, kw_only=True)
class Face:
    """A face in a photograph.

    Args:
        box: left, top, right, bottom in pixels.
        score: how sure the detector is, in [0, 1].
        points: as `POINTS` names them.

    Example::

        by_hand = ga.Face(box=(10, 20, 90, 120), score=1.0, points=points)
        crops = ga.align("portrait.png", detector=lambda photograph: [by_hand], resolution=64)
    """

    box: tuple[float, float, float, float]
    score: float
    points: Points

    @property
    def area(self) -> float:
        left, top, right, bottom = self.box
        return max(right - left, 0.0) * max(bottom - top, 0.0)

    @property
    def eye_distance(self) -> float:
        """Pixels between the eyes."""
        return float((self.points[1] - self.points[0]).norm())


Detector = Callable[[Photograph], Sequence[Face]]
"""All faces of a photograph. Any function of this kind can be given where a detector is asked for."""


def choose(faces: Sequence[Face], which: Which, *, name: str = "the photograph") -> tuple[Face, ...]:
    """The faces that are asked for.

    Raises:
        PhotographError: when there is none.
        SettingError: for a number that no face has, or another word.

    Example:
        >>> import torch
        >>> points = torch.zeros(5, 2, dtype=torch.float64)
        >>> small = Face(box=(50, 0, 60, 10), score=0.9, points=points)
        >>> large = Face(box=(0, 0, 30, 30), score=0.8, points=points)
        >>> [face.box[0] for face in choose([small, large], "all")], choose([small, large], "largest")[0].box[2]
        ([0, 50], 30)
    """
    if isinstance(which, str) and which not in ("largest", "all"):
        raise SettingError(f'faces={which!r} is not known; use "largest", "all", or a number from 0')
    if not faces:
        raise PhotographError(
            f"no face was found in {name}; give one where a face is 20 pixels wide or more and upright, or align it by "
            'the layout "crop", which needs no face'
        )
    ordered = sorted(faces, key=lambda face: face.box[0])
    if which == "all":
        return tuple(ordered)
    if which == "largest":
        return (max(ordered, key=lambda face: face.area),)
    if not isinstance(which, int) or not 0 <= which < len(ordered):
        raise SettingError(
            f"{name} has {len(ordered)} face{'s' * (len(ordered) > 1)}, numbered from 0 at the left; "
            f"there is no face {which}"
        )
    return (ordered[which],)
