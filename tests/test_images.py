from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from ganatomy.datasets.files import Framing
from ganatomy.errors import CheckpointError, MissingFileError, OutputError, SettingError
from ganatomy.images import from_pil, from_uint8, read_image, read_text, save_image, to_pil, to_uint8
from ganatomy.photographs import open_photograph


def pixels(height: int = 5, width: int = 7, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (2, height, width, channels), dtype=np.uint8)


def test_every_byte_comes_back():
    every = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    assert np.array_equal(to_uint8(from_uint8(every)), every)


def test_bytes_span_minus_one_to_one_channels_first():
    images = from_uint8(np.array([0, 255], dtype=np.uint8).reshape(1, 1, 2, 1))
    assert images.dtype == torch.float32
    assert images.shape == (1, 1, 1, 2)
    assert images.flatten().tolist() == [-1.0, 1.0]


def test_axes_are_not_mixed_up():
    images = from_uint8(pixels(5, 7, 3))
    assert images.shape == (2, 3, 5, 7)
    assert float(images[1, 2, 3, 4]) == pytest.approx(pixels(5, 7, 3)[1, 3, 4, 2] / 127.5 - 1)


def test_values_outside_are_clipped_and_the_middle_is_grey():
    assert to_uint8(torch.tensor([-9.0, -1.0, 0.0, 1.0, 9.0]).reshape(1, 1, 1, 5)).flatten().tolist() == [
        0,
        0,
        128,
        255,
        255,
    ]


def test_half_precision_and_gradients_are_no_obstacle():
    images = torch.zeros(1, 3, 2, 2, dtype=torch.bfloat16, requires_grad=True)
    assert (to_uint8(images) == 128).all()


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB")])
def test_pil_and_back(channels, mode):
    image = from_uint8(pixels(channels=channels))[0]
    pil = to_pil(image)
    assert (pil.mode, pil.size) == (mode, (7, 5))
    torch.testing.assert_close(from_pil(pil, channels=channels)[0], image)


def test_colours_become_grey_and_grey_becomes_colours():
    colour = Image.new("RGB", (2, 2), (255, 0, 0))
    assert from_pil(colour, channels=1).shape == (1, 1, 2, 2)
    assert from_pil(Image.new("L", (2, 2), 51)).unique().tolist() == [pytest.approx(51 / 127.5 - 1)]


RAMP = np.linspace(0, 65_535, 64).reshape(8, 8)
DEEP = {
    "16 bits, PNG": (RAMP.astype(np.uint16), "a.png"),
    "16 bits, TIFF": (RAMP.astype(np.uint16), "a.tiff"),
    "16 bits, PGM": (RAMP.astype(np.uint16), "a.pgm"),
    "32 bits": (RAMP.astype(np.int32), "a.tif"),
    "32 bits of 0 to 255": ((RAMP / 257).astype(np.int32), "a.tif"),
    "floats of 0 to 1": ((RAMP / 65_535).astype(np.float32), "a.tif"),
    "floats of 0 to 255": ((RAMP / 257).astype(np.float32), "a.tif"),
}


@pytest.mark.parametrize(("levels", "name"), DEEP.values(), ids=DEEP)
@pytest.mark.parametrize("channels", [1, 3])
def test_levels_of_more_than_8_bits_are_scaled(tmp_path, levels, name, channels):
    Image.fromarray(levels).save(tmp_path / name)
    image = read_image(tmp_path / name, channels=channels)
    expected = torch.from_numpy(RAMP / 65_535 * 2 - 1).float().expand(1, channels, 8, 8)
    torch.testing.assert_close(image, expected, atol=1.5 / 127.5, rtol=0)
    assert (
        np.abs(
            np.asarray(open_photograph(tmp_path / name).image) / 127.5 - 1 - RAMP[..., None] / 32_767.5 + 1
        ).max()
        < 0.012
    )
    framed = Framing(resolution=8).frame(Image.open(tmp_path / name), channels)
    torch.testing.assert_close(from_uint8(framed[None].copy()), image)


@pytest.mark.parametrize("name", ["a.png", "a.pgm", "a.tif"])
def test_a_dark_image_of_16_bits_stays_dark(tmp_path, name):
    Image.fromarray(np.full((8, 8), 200, dtype=np.uint16)).save(tmp_path / name)
    assert read_image(tmp_path / name).unique().tolist() == pytest.approx([1 / 127.5 - 1])


@pytest.mark.parametrize("levels", [-1.0, 70_000.0, np.nan])
def test_levels_that_are_none_of_an_image_are_refused(tmp_path, levels):
    Image.fromarray(np.full((4, 4), levels, dtype=np.float32)).save(tmp_path / "a.tif")
    for read in (read_image, open_photograph):
        with pytest.raises(CheckpointError, match=r"a\.tif has levels from"):
            read(tmp_path / "a.tif")


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_hidden_colours_do_not_show(tmp_path, mode):
    Image.new("RGBA", (8, 8), (255, 0, 0, 0)).convert(mode).save(tmp_path / "a.png")
    source = Image.open(tmp_path / "a.png")
    for channels in (1, 3):
        assert (from_pil(source, channels=channels) == 1).all()
        assert (Framing(resolution=8).frame(source, channels) == 255).all()
    assert np.all(np.asarray(open_photograph(source).image) == 255)
    half = from_pil(Image.new("RGBA", (1, 1), (0, 0, 0, 128)))
    assert half.flatten().tolist() == pytest.approx([127 / 127.5 - 1] * 3)


def test_size_makes_a_square():
    assert from_pil(Image.new("RGB", (7, 5)), size=4).shape == (1, 3, 4, 4)


@pytest.mark.parametrize("setting", [{"channels": 5}, {"size": 0}])
def test_settings_outside_their_range_are_refused(setting):
    with pytest.raises(SettingError):
        from_pil(Image.new("RGB", (2, 2)), **setting)


class TestFiles:
    @pytest.mark.parametrize("name", ["a.png", "a.PNG", "new/folder/a.png"])
    def test_a_image_comes_back(self, tmp_path, name):
        image = from_uint8(pixels())[:1]
        assert save_image(to_pil(image[0]), tmp_path / name) == tmp_path / name
        torch.testing.assert_close(read_image(tmp_path / name), image)

    @pytest.mark.parametrize("name", ["a.jpg", "a.webp"])
    def test_the_ending_chooses_the_format(self, tmp_path, name):
        save_image(to_pil(from_uint8(pixels())[0]), tmp_path / name)
        with Image.open(tmp_path / name) as image:
            assert image.format == {"a.jpg": "JPEG", "a.webp": "WEBP"}[name]

    @pytest.mark.parametrize(
        "name", ["a", "a.txt", "a.psd"], ids=["no ending", "no image", "read but never written"]
    )
    def test_an_ending_that_cannot_be_written_is_refused(self, tmp_path, name):
        with pytest.raises(SettingError, match="does not end like an image"):
            save_image(Image.new("L", (1, 1)), tmp_path / name)
        assert list(tmp_path.iterdir()) == []

    def test_a_photograph_held_upright_is_read_upright(self, tmp_path):
        exif = Image.Exif()
        exif[0x0112] = 6  # turn by 90 degrees to see it as the camera did
        photo = Image.new("L", (4, 2), 0)
        photo.putpixel((0, 0), 255)
        photo.save(tmp_path / "a.png", exif=exif)
        image = read_image(tmp_path / "a.png", channels=1)
        assert image.shape == (1, 1, 4, 2)
        assert image[0, 0, 0, 1] == 1

    def test_a_missing_image(self, tmp_path):
        with pytest.raises(MissingFileError, match=r"a.png does not exist"):
            read_image(tmp_path / "a.png")

    @pytest.mark.parametrize("content", [b"", b"not an image", b"\x89PNG\r\n\x1a\n cut short"])
    def test_a_file_that_is_no_image(self, tmp_path, content):
        (tmp_path / "a.png").write_bytes(content)
        with pytest.raises(CheckpointError, match=r"a.png cannot be read as an image"):
            read_image(tmp_path / "a.png")

    def test_a_truncated_image(self, tmp_path):
        save_image(to_pil(from_uint8(pixels(64, 64))[0]), tmp_path / "a.png")
        whole = (tmp_path / "a.png").read_bytes()
        (tmp_path / "a.png").write_bytes(whole[: len(whole) // 2])
        with pytest.raises(CheckpointError, match="cannot be read as an image"):
            read_image(tmp_path / "a.png")

    def test_a_place_that_cannot_be_written(self, tmp_path):
        (tmp_path / "file").write_text("no folder")
        with pytest.raises(OutputError, match=r"a.png cannot be written"):
            save_image(Image.new("L", (1, 1)), tmp_path / "file" / "a.png")

    def test_a_image_that_its_format_cannot_hold_leaves_nothing(self, tmp_path):
        with pytest.raises(OutputError, match=r"a.jpg cannot be written"):
            save_image(Image.new("RGBA", (1, 1)), tmp_path / "a.jpg")
        assert list(tmp_path.iterdir()) == []


class TestText:
    @pytest.mark.parametrize("ending", ["png", "webp", "jpg", "gif"])
    def test_a_image_carries_what_it_was_told(self, tmp_path, ending):
        text = '{"a": "' + "b" * 60_000 + '"}'
        path = tmp_path / f"a.{ending}"
        if ending == "gif":
            Image.new("L", (4, 4)).save(path, comment=text.encode())
        else:
            save_image(Image.new("L", (4, 4)), path, text=text)
        assert read_text(path) == text

    def test_a_png_carries_any_length_and_a_jpeg_goes_without(self, tmp_path):
        for ending, expected in (("png", 2_000_000), ("jpg", 0)):
            path = save_image(Image.new("L", (4, 4)), tmp_path / f"a.{ending}", text="b" * 2_000_000)
            assert len(read_text(path) or "") == expected

    def test_a_image_that_carries_nothing(self, tmp_path):
        assert read_text(save_image(Image.new("L", (4, 4)), tmp_path / "a.png")) is None

    def test_a_missing_image_and_what_is_none(self, tmp_path):
        with pytest.raises(MissingFileError):
            read_text(tmp_path / "a.png")
        (tmp_path / "a.png").write_bytes(b"no image")
        with pytest.raises(CheckpointError, match="is no image"):
            read_text(tmp_path / "a.png")
