"""YuNet, a detector of faces with five points (Wu et al. 2023), by onnxruntime."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float64
from PIL import Image
from torch import Tensor

from ganatomy.errors import CheckpointError
from ganatomy.graphs.session import open_session
from ganatomy.images import to_uint8
from ganatomy.photographs.faces import Face, Points
from ganatomy.photographs.photograph import Photograph
from ganatomy.photographs.sampling import cut, place, square

STRIDES = (8, 16, 32)
"""Pixels from one cell of each of its three maps to the next."""

HEADS = ("cls", "obj", "bbox", "kps")
"""What a cell says: that it is a face, that it covers one well, its box, its points."""

LONGEST = (640, 320)
"""Pixels of the longer side of the images that are searched: the network knows faces of 10 to 300 pixels."""

SMALLEST = 128
"""Smaller photographs are enlarged to this side."""

THRESHOLD, OVERLAP = 0.6, 0.3
"""Least score of a face, and the overlap (intersection over union) from which two boxes show the same one."""

VOTING = 0.5
"""Overlap with the best box from which others of the same face count for its points."""

CLOSER = (160, 192, 224)
"""Pixels of the squares in which a face that was found is looked at again, upright; its points are their mean."""

TURNS, UPRIGHT = 6, math.radians(1.5)
"""How often a face is turned upright at most, and the angle from which it is: of a tilt the network sees about half."""

REACH = 2.0
"""Side of these squares, in sides of the face's box."""


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """What one image gave: scores, boxes (left, top, right, bottom) and points, the best first."""

    scores: np.ndarray
    boxes: np.ndarray
    points: np.ndarray

    def __len__(self) -> int:
        return len(self.scores)

    def scaled(self, factor: float) -> Candidates:
        return Candidates(scores=self.scores, boxes=self.boxes * factor, points=self.points * factor)

    @classmethod
    def cat(cls, several: Sequence[Candidates]) -> Candidates:
        """All of them, the best first."""
        scores = np.concatenate([found.scores for found in several])
        order = np.argsort(-scores, kind="stable")
        return cls(
            scores=scores[order],
            boxes=np.concatenate([found.boxes for found in several])[order],
            points=np.concatenate([found.points for found in several])[order],
        )


class YuNet:
    """Finds the faces of a photograph.

    The photograph is searched at two sizes. Every face is then looked at again, turned upright and always at the same
    sizes, so that its points lie where they lie in the images that a layout is measured on.

    Args:
        path: of the network, as its authors export it: input [n, 3, height, width], any size.

    Raises:
        MissingFileError: when there is no file.
        CheckpointError: when it is not YuNet.

    Example::

        faces = YuNet("yunet_n_dynamic.onnx")(ga.open_photograph("me.jpg"))
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._session = open_session(self.path, what="face detector")
        self._outputs = [output.name for output in self._session.get_outputs()]
        (inputs, *others) = self._session.get_inputs()
        expected = {f"{head}_{stride}" for head in HEADS for stride in STRIDES}
        if (
            others
            or not expected <= set(self._outputs)
            or any(isinstance(side, int) for side in inputs.shape[2:])
        ):
            raise CheckpointError(
                f"{path} is not YuNet with an input of any size (yunet_n_dynamic.onnx of libfacedetection.train); "
                "leave the detector out, and it is downloaded"
            )
        self._input = inputs.name

    def __call__(self, photograph: Photograph) -> tuple[Face, ...]:
        image, longest = photograph.image, max(photograph.size)
        sides = {min(max(longest, SMALLEST), side) for side in LONGEST}
        found = []
        for side in sorted(sides):
            small = image if side == longest else _resized(image, side / longest)
            found.append(self._candidates(np.asarray(small), THRESHOLD).scaled(longest / side))
        kept = suppressed(Candidates.cat(found))
        faces = (self._closer(image, face) for face in kept)
        return tuple(sorted(faces, key=lambda face: -face.score))

    def _closer(self, image: Image.Image, face: Face) -> Face:
        """The same face with more exact points."""
        left, top, right, bottom = face.box
        centre = torch.tensor([(left + right) / 2, (top + bottom) / 2], dtype=torch.float64)
        half = max(right - left, bottom - top) * REACH / 2
        angle = _tilt(face.points)
        for _ in range(TURNS):
            seen = self._turned(image, centre, half, angle, CLOSER[1:2])
            turn = 0.0 if seen is None else math.remainder(_tilt(seen) - angle, math.tau)
            angle += turn
            if abs(turn) < UPRIGHT:
                break
        seen = self._turned(image, centre, half, angle, CLOSER)
        return Face(box=face.box, score=face.score, points=face.points if seen is None else seen)

    def _turned(
        self, image: Image.Image, centre: Tensor, half: float, angle: float, sizes: Sequence[int]
    ) -> Points | None:
        """The points of the face in the middle of a square that is turned by an angle: the mean over these sizes."""
        direction = torch.tensor([math.cos(angle), math.sin(angle)], dtype=torch.float64)
        quad, seen = square(centre, direction * half), []
        for size in sizes:
            pixels = to_uint8(cut(image, quad, size)[None])[0]
            candidates = self._candidates(pixels, THRESHOLD / 2)
            middle = [found for found in suppressed(candidates) if _holds(found, size / 2)]
            if middle:
                seen.append(place(quad, middle[0].points / size))
        return torch.stack(seen).mean(0) if seen else None

    def _candidates(self, pixels: np.ndarray, threshold: float) -> Candidates:
        """All cells above the threshold."""
        height, width = pixels.shape[:2]
        padding = [(0, -height % STRIDES[-1]), (0, -width % STRIDES[-1]), (0, 0)]
        padded = np.pad(pixels[..., ::-1], padding)  # the network takes BGR in [0, 255]
        given = np.ascontiguousarray(padded.transpose(2, 0, 1)[None], dtype=np.float32)
        outputs = dict(zip(self._outputs, self._session.run(None, {self._input: given}), strict=True))
        found = [
            decoded(
                *(outputs[f"{head}_{stride}"][0] for head in HEADS),
                stride=stride,
                columns=padded.shape[1] // stride,
                threshold=threshold,
            )
            for stride in STRIDES
        ]
        return Candidates.cat(found)


def decoded(
    cls: np.ndarray,
    obj: np.ndarray,
    bbox: np.ndarray,
    kps: np.ndarray,
    *,
    stride: int,
    columns: int,
    threshold: float,
) -> Candidates:
    """Boxes and points of the cells of one map whose score, the geometric mean of both, is above the threshold.

    A cell says where the middle of the box and the points lie as seen from its corner, in strides, and the logarithms
    of the box's width and height in strides.

    Example:
        >>> one, box = np.ones((1, 1)), np.array([[0.5, 0.5, 0.0, 0.0]])
        >>> decoded(one, one, box, np.zeros((1, 10)), stride=8, columns=1, threshold=0.5).boxes.tolist()
        [[0.0, 0.0, 8.0, 8.0]]
    """
    scores = np.sqrt(np.clip(cls[:, 0], 0, 1) * np.clip(obj[:, 0], 0, 1))
    cells = np.flatnonzero(scores > threshold)
    corners = np.stack([cells % columns, cells // columns], axis=1).astype(np.float64)
    middle, half = (corners + bbox[cells, :2]) * stride, np.exp(bbox[cells, 2:]) * stride / 2
    return Candidates(
        scores=scores[cells],
        boxes=np.concatenate([middle - half, middle + half], axis=1),
        points=(corners[:, None] + kps[cells].reshape(-1, 5, 2)) * stride,
    )


def suppressed(found: Candidates) -> list[Face]:
    """One face of all boxes that overlap: the best one, its points the mean of those that overlap it most, by score."""
    order = np.argsort(-found.scores, kind="stable")
    faces: list[Face] = []
    while len(order):
        best, shared = order[0], overlap(found.boxes[order[0]], found.boxes[order])
        voters = order[shared >= VOTING]
        weights = found.scores[voters] / found.scores[voters].sum()
        points: Float64[Tensor, "5 2"] = torch.from_numpy(np.tensordot(weights, found.points[voters], axes=1))
        left, top, right, bottom = (float(value) for value in found.boxes[best])
        faces.append(Face(box=(left, top, right, bottom), score=float(found.scores[best]), points=points))
        order = order[shared < OVERLAP]
    return faces


def overlap(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Intersection over union of one box with others.

    Example:
        >>> overlap(np.array([0.0, 0, 2, 2]), np.array([[0.0, 0, 2, 2], [1, 0, 3, 2], [5, 5, 6, 6]]))
        array([1.  , 0.33, 0.  ])
    """
    shared = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])
    both = np.clip(shared, 0, None).prod(1)
    either = (box[2:] - box[:2]).prod() + (boxes[:, 2:] - boxes[:, :2]).prod(1) - both
    return both / either


def _resized(image: Image.Image, scale: float) -> Image.Image:
    width, height = (max(1, round(length * scale)) for length in image.size)
    return image.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=2.0)


def _tilt(points: Points) -> float:
    """Radians by which the line through the eyes falls to the right."""
    across, down = (points[1] - points[0]).tolist()
    return math.atan2(down, across)


def _holds(face: Face, middle: float) -> bool:
    left, top, right, bottom = face.box
    return left <= middle <= right and top <= middle <= bottom
