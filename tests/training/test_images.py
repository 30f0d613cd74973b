import gzip
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganatomy.errors import CheckpointError, MissingFileError
from ganatomy.training.images import drawn_faces, folder_images, idx_images, pick, read_idx


def write_idx(path: Path, array: np.ndarray) -> Path:
    header = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    path.write_bytes(gzip.compress(header + array.tobytes()))
    return path


def test_idx_images_get_a_dark_border(tmp_path: Path) -> None:
    digits = np.full((3, 28, 28), 200, dtype=np.uint8)
    images = idx_images(write_idx(tmp_path / "d.gz", digits), resolution=32)
    assert images.shape == (3, 32, 32, 1)
    assert (images[:, 2:30, 2:30] == 200).all()
    assert images.sum() == digits.sum()


def test_the_published_digits_are_read(shared: Path) -> None:
    labels = read_idx(shared / "data/t10k-labels-idx1-ubyte.gz")
    assert labels.shape == (10_000,)
    assert np.bincount(labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


@pytest.mark.parametrize("content", [b"", b"no idx", b"\x00\x00\x08\x01\x00\x00\x00\x09abc", b"\x1f\x8bcut"])
def test_what_is_not_idx_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(CheckpointError):
        read_idx(tmp_path / "x")


def test_a_folder_is_read_in_order_and_resized(tmp_path: Path) -> None:
    for name, value in (("b.png", 200), ("a.png", 100)):
        Image.new("L", (10, 10), value).save(tmp_path / name)
    images = folder_images(tmp_path, resolution=8, channels=3)
    assert images.shape == (2, 8, 8, 3)
    assert images[:, 0, 0, 0].tolist() == [100, 200]


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="no images"):
        folder_images(tmp_path, resolution=8, channels=3)


def test_drawn_faces_are_drawn_once(tmp_path: Path) -> None:
    first = drawn_faces(tmp_path, 5, resolution=32, seed=1)
    stamp = next(tmp_path.glob("*.npy")).stat().st_mtime_ns
    again = drawn_faces(tmp_path, 5, resolution=32, seed=1)
    assert next(tmp_path.glob("*.npy")).stat().st_mtime_ns == stamp
    assert (first == again).all()


def test_images_are_averaged_down() -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 1), dtype=np.uint8)
    half = pick(images, np.array([0]), 4)
    assert half.shape == (1, 1, 4, 4)
    assert half[0, 0, 0, 0].item() == pytest.approx(images[0, :2, :2].mean() / 127.5 - 1, abs=1e-5)
