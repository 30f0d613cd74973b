"""Drawn faces as training images, and the images of one step."""

from pathlib import Path

import numpy as np
import pytest

from ganatomy.training.data import drawn_faces, pick


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
