from __future__ import annotations

import pytest
import torch
from photographs.files import FACE, finds, gradient
from PIL import Image

from ganatomy.errors import PhotographError, SettingError
from ganatomy.photographs import CELEBA, align, choose, crop, open_photograph

THREE = finds(FACE + 200, FACE * 2, FACE + 100)


def test_the_largest_face_all_of_them_or_one_by_its_number() -> None:
    faces = THREE(open_photograph(gradient()))
    left, middle, right = FACE * 2, FACE + 100, FACE + 200
    for which, expected in {"largest": [left], "all": [left, middle, right], 1: [middle]}.items():
        assert [face.points.tolist() for face in choose(faces, which)] == [
            points.tolist() for points in expected
        ]


@pytest.mark.parametrize("which", [3, -1])
def test_a_face_that_is_not_there_is_refused(which: int) -> None:
    with pytest.raises(
        SettingError, match=f"me.jpg has 3 faces, numbered from 0 .* there is no face {which}"
    ):
        choose(THREE(open_photograph(gradient())), which, name="me.jpg")


def test_a_word_that_means_no_face_is_refused() -> None:
    with pytest.raises(SettingError, match='use "largest", "all"'):
        choose([], "biggest")


def test_a_photograph_without_a_face_is_refused_with_what_to_do() -> None:
    with pytest.raises(PhotographError, match='no face was found in the photograph; .* layout "crop"'):
        align(open_photograph(gradient()), detector=finds())


def test_every_face_has_its_crop_and_its_corners() -> None:
    photograph = open_photograph(gradient(300, 300))
    crops = align(photograph, layout=CELEBA, resolution=16, faces="all", detector=THREE)
    assert (len(crops), crops.resolution, crops.size) == (3, 16, (300, 300))
    for quad, face in zip(crops.quads, crops.faces, strict=True):
        assert face is not None
        torch.testing.assert_close(quad, CELEBA(face.points))
    assert crops.enlargement[0] == pytest.approx(crops.enlargement[1] / 2)


def test_the_middle_needs_no_detector_and_models_of_grey_images_get_grey() -> None:
    def never(photograph):
        raise AssertionError

    crops = align(open_photograph(gradient()), layout="crop", resolution=40, detector=never, channels=1)
    luminance = align(open_photograph(gradient().convert("L")), layout="crop", resolution=40).images[:, :1]
    assert crops.faces == (None,)
    assert float((crops.images - luminance).abs().max()) < 2 / 127
    with pytest.raises(SettingError, match="1 to 4 channels"):
        align(open_photograph(gradient()), layout="crop", channels=5)


def test_a_path_is_opened(tmp_path) -> None:
    Image.new("RGB", (6, 6), "white").save(tmp_path / "me.png")
    assert float(align(tmp_path / "me.png", layout="crop", resolution=3).images.min()) == 1


def test_a_square_that_somebody_drew_is_cut_as_one_that_was_found() -> None:
    photograph = open_photograph(gradient())
    found = align(photograph, layout="crop", resolution=16)
    drawn = crop(photograph, found.quads, resolution=16)
    assert torch.equal(drawn.images, found.images)
    assert drawn.faces == (None,)
    assert crop(photograph, found.quads, resolution=16, channels=1).images.shape == (1, 1, 16, 16)
