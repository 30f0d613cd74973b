from __future__ import annotations

import pytest
import torch
from photographs.files import FACE, finds, gradient

from ganatomy.photographs import CELEBA, Face, align, open_photograph
from ganatomy.photographs.layouts import central
from ganatomy.photographs.remarks import crop_remark, share_outside, turn_of


def face(points: torch.Tensor) -> Face:
    return Face(box=(0, 0, 1, 1), score=0.9, points=points)


def test_the_share_outside_of_a_photograph_is_that_of_its_area() -> None:
    assert share_outside(central((40, 40)), (40, 40)) == 0
    assert share_outside(central((40, 40)) + torch.tensor([10.0, 0.0]).double(), (40, 40)) == pytest.approx(
        0.25
    )


def test_a_head_looks_into_the_camera_or_to_a_side() -> None:
    assert turn_of(FACE) == 0
    left, right = FACE.clone(), FACE.clone()
    left[2, 0] -= 8
    right[2, 0] += 8
    assert (turn_of(left), turn_of(right)) == (pytest.approx(-0.4), pytest.approx(0.4))
    quad = central((100, 100))
    assert "turned far to the left" in crop_remark(quad, face(left), (100, 100), 64)
    assert "turned far to the right" in crop_remark(quad, face(right), (100, 100), 64)
    assert crop_remark(quad, face(FACE), (100, 100), 64) == ""


def test_crops_say_what_is_wrong_with_each() -> None:
    photograph = open_photograph(gradient(200, 200))
    detector = finds(FACE - 30, FACE + 60)
    crops = align(photograph, layout=CELEBA, resolution=64, faces="all", detector=detector)
    assert "outside of the photograph" in crops.remarks[0]
    assert crops.remarks[1] == ""
    large = align(photograph, layout=CELEBA, resolution=640, faces=1, detector=detector)
    assert "was enlarged" in large.remarks[0]
