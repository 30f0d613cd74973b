"""A person's own images: wherever they lie, whatever is wrong with some of them."""

import gzip
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganatomy.datasets.files import Framing
from ganatomy.errors import CheckpointError, MissingFileError, SettingError
from ganatomy.training.sources import open_images

ROWS = np.arange(4)


def write(folder: Path, n: int = 20, *, size: tuple[int, int] = (20, 16), mode: str = "RGB") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    channels = len(Image.new(mode, (1, 1)).getbands())
    for index in range(n):
        pixels = rng.integers(0, 256, (size[1], size[0], channels), dtype=np.uint8).squeeze()
        Image.fromarray(pixels, mode).save(folder / f"{index:02d}.png")
    return folder


def test_a_folder_a_zip_and_celebas_layout_are_the_same_images(tmp_path: Path) -> None:
    folder = write(tmp_path / "celeba" / "img_align_celeba")
    (tmp_path / "celeba" / "list_attr_celeba.txt").write_text("20\nMale\n")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, f"pictures/{path.name}")
        archive.writestr("__MACOSX/pictures/._00.png", b"not an image")
    framing = Framing(resolution=16)
    found = [open_images(path, framing) for path in (folder, tmp_path / "celeba", tmp_path / "all.zip")]
    assert [(len(images), images.resolution, images.channels) for images in found] == [(20, 16, 3)] * 3
    for images in found[1:]:
        assert (images.read(ROWS) == found[0].read(ROWS)).all()


@pytest.mark.parametrize(
    ("crop", "box"), [("center", (2, 0, 18, 16)), ("stretch", (0, 0, 20, 16)), ("8", (6, 4, 14, 12))]
)
def test_images_are_cropped_as_said(crop: str, box: tuple[int, int, int, int], tmp_path: Path) -> None:
    folder = write(tmp_path / "data", size=(20, 16))
    size = 8 if crop == "8" else 16
    images = open_images(folder, Framing(resolution=size, crop=crop))
    with Image.open(folder / "00.png") as image:
        expected = np.asarray(image.crop(box).resize((size, size), Image.Resampling.LANCZOS))
    assert (images.read(ROWS)[0] == expected).all()


def test_an_idx_file_is_grey(tmp_path: Path) -> None:
    digits = np.random.default_rng(0).integers(0, 256, (20, 28, 28), dtype=np.uint8)
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(b"\0\0\x08\x03" + struct.pack(">3i", *digits.shape) + digits.tobytes()))
    images = open_images(path, Framing(resolution=32))
    assert (len(images), images.channels) == (20, 1)
    assert (images.read(ROWS)[:, 2:30, 2:30, 0] == digits[:4]).all()


def test_images_without_colours_are_grey_unless_colours_are_asked_for(tmp_path: Path) -> None:
    folder = write(tmp_path / "data", mode="L")
    assert open_images(folder, Framing(resolution=16)).channels == 1
    assert open_images(folder, Framing(resolution=16, channels=3)).read(ROWS).shape == (4, 16, 16, 3)


def test_broken_files_are_named_counted_and_left_out(tmp_path: Path) -> None:
    folder = write(tmp_path / "data")
    for index in range(4):
        (folder / f"broken{index}.jpg").write_bytes(b"nothing of the kind")
    said: list[str] = []
    images = open_images(folder, Framing(resolution=16), say=said.append)
    assert len(images) == 20
    assert said == ["4 broken files are left out: broken0.jpg, broken1.jpg, broken2.jpg and 1 more"]


def test_a_file_that_is_cut_off_is_found_when_it_is_shown(tmp_path: Path) -> None:
    folder = write(tmp_path / "data", size=(64, 64))
    whole = (folder / "00.png").read_bytes()
    (folder / "00.png").write_bytes(whole[: len(whole) // 2])
    said: list[str] = []
    images = open_images(folder, Framing(resolution=16), say=said.append)
    pixels = images.read(np.array([0, 1, 0]))
    assert (pixels[0] == pixels[1]).all()
    assert len(said) == 1
    assert said[0].startswith("00.png cannot be read")


def test_transparency_is_laid_on_white_and_said(tmp_path: Path) -> None:
    folder = write(tmp_path / "data", n=16)
    Image.new("RGBA", (16, 16), (255, 0, 0, 0)).save(folder / "00.png")
    said: list[str] = []
    images = open_images(folder, Framing(resolution=16), say=said.append)
    assert (images.read(ROWS)[0] == 255).all()
    assert "laid on white" in said[0]


def test_small_images_are_enlarged_and_said_or_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "data", n=16)
    with pytest.raises(SettingError, match="no image of .* has 32 px a side, the largest 16"):
        open_images(folder, Framing(resolution=32))
    Image.new("RGB", (64, 64)).save(folder / "large.png")
    said: list[str] = []
    assert open_images(folder, Framing(resolution=32), say=said.append).read(ROWS).shape == (4, 32, 32, 3)
    assert said == ["16 images are smaller than 32 px, enlarged: 00.png, 01.png, 02.png and 13 more"]


def test_what_cannot_be_learnt_from_is_refused(tmp_path: Path) -> None:
    framing = Framing(resolution=16)
    with pytest.raises(MissingFileError, match="does not exist"):
        open_images(tmp_path / "nowhere", framing)
    with pytest.raises(SettingError, match="holds 3 images; give at least 16"):
        open_images(write(tmp_path / "few", n=3), framing)
    (tmp_path / "text.txt").write_text("no images")
    with pytest.raises(CheckpointError, match="not an idx file"):
        open_images(tmp_path / "text.txt", framing)
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as archive:
        archive.writestr("readme.txt", "nothing")
    with pytest.raises(MissingFileError, match="holds no images"):
        open_images(tmp_path / "empty.zip", framing)
    with pytest.raises(SettingError, match="cannot be cropped by 'left'"):
        Framing(resolution=16, crop="left")
