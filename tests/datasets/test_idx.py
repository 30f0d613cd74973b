"""MNIST's files are read, and what is not of their format is refused."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from ganatomy.datasets.idx import idx_images, read_idx
from ganatomy.errors import CheckpointError


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
