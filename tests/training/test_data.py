"""Drawn faces as training images."""

from pathlib import Path

from ganatomy.training.data import drawn_faces


def test_drawn_faces_are_drawn_once(tmp_path: Path) -> None:
    first = drawn_faces(tmp_path, 5, resolution=32, seed=1)
    stamp = next(tmp_path.glob("*.npy")).stat().st_mtime_ns
    again = drawn_faces(tmp_path, 5, resolution=32, seed=1)
    assert next(tmp_path.glob("*.npy")).stat().st_mtime_ns == stamp
    assert (first == again).all()
