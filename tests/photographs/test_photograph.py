from __future__ import annotations

import hashlib
import io

import numpy as np
import pytest
from photographs.files import gradient, huge_png
from PIL import Image, ImageCms

from ganatomy.errors import CheckpointError, MissingFileError
from ganatomy.images import save_image
from ganatomy.photographs import open_photograph, photograph


def saved(image: Image.Image, ending: str, **settings) -> bytes:
    file = io.BytesIO()
    image.save(file, format=ending, **settings)
    return file.getvalue()


def grey_16() -> Image.Image:
    return Image.fromarray(np.linspace(0, 65_535, 24).reshape(4, 6).astype(np.uint16))


@pytest.mark.parametrize(
    ("image", "ending", "tolerance"),
    [
        pytest.param(gradient(), "PNG", 0, id="colour"),
        pytest.param(gradient().convert("L"), "PNG", 0, id="grey"),
        pytest.param(gradient().convert("LA"), "PNG", 0, id="grey with transparency"),
        pytest.param(gradient().quantize(256), "PNG", 0, id="palette"),
        pytest.param(gradient().convert("1"), "PNG", 0, id="black and white"),
        pytest.param(gradient().convert("CMYK"), "JPEG", 16, id="inks of print"),
        pytest.param(gradient().convert("CMYK"), "TIFF", 0, id="inks in a TIFF"),
        pytest.param(gradient(), "WEBP", 40, id="WebP"),
        pytest.param(gradient(1, 1), "PNG", 0, id="one pixel"),
    ],
)
def test_every_mode_is_read_in_colour(image: Image.Image, ending: str, tolerance: int) -> None:
    found = open_photograph(saved(image, ending))
    expected = np.asarray(image.convert("RGB"), dtype=int)
    assert (found.image.mode, found.size, found.notes) == ("RGB", image.size, ())
    assert np.abs(np.asarray(found.image, dtype=int) - expected).max() <= tolerance


def test_sixteen_bits_are_reduced_to_eight() -> None:
    found = open_photograph(saved(grey_16(), "PNG"))
    levels = np.asarray(found.image)[..., 0]
    assert np.array_equal(levels, np.round(np.asarray(grey_16()) / 65_535 * 255))


@pytest.mark.parametrize("top", [1.0, 200.0], ids=["from 0 to 1", "from 0 to 255"])
def test_numbers_with_a_fraction_are_read(top: float) -> None:
    levels = np.linspace(0, top, 24, dtype=np.float32).reshape(4, 6)
    found = open_photograph(saved(Image.fromarray(levels), "TIFF"))
    assert np.array_equal(np.asarray(found.image)[..., 1], np.round(levels * (255 if top == 1 else 1)))


def test_numbers_that_are_none_are_refused() -> None:
    levels = np.full((4, 6), np.nan, dtype=np.float32)
    with pytest.raises(CheckpointError, match="has levels from nan to nan"):
        open_photograph(saved(Image.fromarray(levels), "TIFF"))


def test_transparent_parts_lie_over_white() -> None:
    image = Image.new("RGBA", (4, 4), (200, 0, 0, 128))
    assert open_photograph(saved(image, "PNG")).image.getpixel((0, 0)) == (227, 127, 127)


def test_a_turned_camera_is_turned_back() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned a quarter to the left: rows are columns
    found = open_photograph(saved(gradient(), "JPEG", exif=exif, quality=95))
    assert found.size == (40, 60)
    expected = np.asarray(gradient().transpose(Image.Transpose.ROTATE_270), dtype=int)
    assert np.abs(np.asarray(found.image, dtype=int) - expected).mean() < 4


def test_of_an_animation_the_first_frame_is_used_and_that_is_said() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "green", "blue")]
    found = open_photograph(saved(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert found.notes == ("only the first of 3 frames is used",)
    assert found.image.getpixel((0, 0)) == (255, 0, 0)


def test_a_large_jpeg_is_read_at_a_fraction_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photograph, "MOST_PIXELS", 20_000)
    found = open_photograph(saved(gradient().resize((480, 320)), "JPEG"))
    assert found.size == (120, 80)
    assert found.notes == ("the photograph has 480 x 320 px and was read at 120 x 80",)


@pytest.mark.parametrize("side", [11_000, 20_000, 60_000], ids=["121 megapixels", "400 megapixels", "a bomb"])
def test_a_huge_image_is_refused_before_it_is_decoded(side: int) -> None:
    with pytest.raises(CheckpointError, match="has too many pixels .100 million are the most"):
        open_photograph(huge_png(side))


@pytest.mark.parametrize("ending", ["PNG", "JPEG", "WEBP", "GIF", "TIFF"])
def test_a_file_that_is_cut_off_is_refused(ending: str) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    data = saved(noise, ending)
    with pytest.raises(CheckpointError, match="damaged or cut off|no image that can be read"):
        open_photograph(data[: len(data) // 2])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no image that can be read; give a JPEG"),
        (b"a letter to a friend", "no image that can be read; give a JPEG"),
        (b"\0\0\0\x18ftypheic" + bytes(50), "save it as .jpg first"),
        (b"\xff\xd8\xff" + bytes(50), "damaged or cut off"),
    ],
    ids=["an empty file", "a text", "a telephone's own format", "a JPEG's first bytes"],
)
def test_what_is_no_image_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        open_photograph(data)


def test_a_path_that_is_not_there_and_a_folder_are_refused(tmp_path) -> None:
    with pytest.raises(MissingFileError, match="gone.jpg does not exist"):
        open_photograph(tmp_path / "gone.jpg")
    with pytest.raises(CheckpointError, match="is a folder; give an image"):
        open_photograph(tmp_path)


def test_an_image_of_ours_is_a_photograph_like_any_other(tmp_path) -> None:
    path = save_image(gradient(), tmp_path / "ours.png", text='{"format": 1}')
    found = open_photograph(path)
    assert found.name == str(path)
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert np.array_equal(np.asarray(found.image), np.asarray(gradient()))


def test_colours_of_a_profile_become_those_of_screens() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    found = open_photograph(saved(gradient(), "PNG", icc_profile=srgb))
    assert np.abs(np.asarray(found.image, dtype=int) - np.asarray(gradient(), dtype=int)).max() <= 1
    damaged = open_photograph(saved(gradient(), "PNG", icc_profile=b"no profile"))
    assert np.array_equal(np.asarray(damaged.image), np.asarray(gradient()))


def test_the_same_pixels_have_the_same_hash() -> None:
    assert open_photograph(gradient()).sha256 == open_photograph(gradient().convert("RGBA")).sha256
    assert open_photograph(gradient()).sha256 != open_photograph(gradient(30, 80)).sha256
