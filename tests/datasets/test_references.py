from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from datasets.test_idx import write_idx

from ganatomy.datasets import draw_faces, sample_faces
from ganatomy.datasets.idx import labels_beside
from ganatomy.datasets.labelled import read_labelled
from ganatomy.datasets.references import (
    NEW_PEOPLE,
    array_reference,
    drawn_reference,
    folder_reference,
    read_classes,
    read_reference,
)
from ganatomy.errors import CheckpointError, MissingFileError, SettingError
from ganatomy.images import save_image, to_pil


def test_a_folder_is_read_in_an_order_that_a_seed_draws(tmp_path: Path) -> None:
    for grey in range(12):
        save_image(
            to_pil(torch.full((1, 9, 9), grey / 6 - 1)), tmp_path / f"class{grey // 4}" / f"{grey}.png"
        )
    found = folder_reference(tmp_path, resolution=8, channels=3)
    assert len(found) == 12
    assert sorted(found.names) != list(found.names)
    images = found.read(torch.tensor([0, 5]))
    assert images.shape == (2, 3, 8, 8)
    for row, name in ((0, found.names[0]), (1, found.names[5])):
        assert float(images[row].mean()) == pytest.approx(int(Path(name).stem) / 6 - 1, abs=0.01)
    assert found.names == folder_reference(tmp_path, resolution=8, channels=3).names
    assert found.names != folder_reference(tmp_path, resolution=8, channels=3, seed=1).names


def test_a_zip_is_read_as_its_folder_and_a_damaged_image_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    for grey in range(5):
        save_image(to_pil(torch.full((3, 9, 9), grey / 4 - 0.5)), folder / f"{grey}.png")
    packed = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", folder))
    found, plain = (read_reference(path, resolution=8, channels=3) for path in (packed, folder))
    assert found.names == plain.names
    assert torch.equal(found.read(torch.arange(5)), plain.read(torch.arange(5)))

    (folder / "3.png").write_bytes(b"no image")
    packed = Path(shutil.make_archive(str(tmp_path / "broken"), "zip", folder))
    broken = read_reference(packed, resolution=8, channels=3)
    with pytest.raises(CheckpointError, match="3.png cannot be read as an image"):
        broken.read(torch.arange(5))


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("none")
    with pytest.raises(MissingFileError, match="holds no images"):
        folder_reference(tmp_path, resolution=8, channels=1)


def test_an_array_keeps_names_and_images_together() -> None:
    pixels = np.repeat(np.arange(20, dtype=np.uint8)[:, None, None, None] * 10, 4, axis=1)
    found = array_reference(pixels, description="numbers")
    images = found.read(torch.arange(20))
    assert [round((float(image.mean()) + 1) * 12.75) for image in images] == [int(n) for n in found.names]
    assert found.description == "20 images of numbers"


def test_new_people_are_the_same_in_any_batches() -> None:
    found = drawn_reference(resolution=32, n=10)
    expected = draw_faces(sample_faces(10, seed=NEW_PEOPLE), resolution=32)
    torch.testing.assert_close(found.read(torch.tensor([3, 4, 7])), expected[[3, 4, 7]])


def test_images_and_classes_of_idx_files_stay_together(tmp_path: Path) -> None:
    images = np.repeat(np.arange(6, dtype=np.uint8)[:, None, None] * 40, 8, axis=1).repeat(8, axis=2)
    path = write_idx(tmp_path / "six-images-idx3-ubyte.gz", images)
    labels = write_idx(tmp_path / "six-labels-idx1-ubyte.gz", np.arange(6, dtype=np.uint8))
    assert labels_beside(path) == labels
    assert labels_beside(labels) is None
    reference = read_reference(path, resolution=8, channels=3, seed=1)
    assert reference.description == "6 images of six-images-idx3-ubyte.gz"
    seen = reference.read(torch.arange(6))
    assert seen.shape == (6, 3, 8, 8)
    expected = torch.from_numpy(images[:, 0, 0].astype(np.float32)) / 127.5 - 1
    classes = read_classes(labels, reference)
    assert sorted(classes.tolist()) == list(range(6))
    assert torch.allclose(seen[:, 0, 0, 0], expected[classes])
    few = write_idx(tmp_path / "few.gz", np.arange(3, dtype=np.uint8))
    with pytest.raises(SettingError, match="6 images"):
        read_classes(few, reference)


def test_labelled_images_come_from_idx_files_or_folders(tmp_path: Path) -> None:
    path = write_idx(tmp_path / "six-images-idx3-ubyte.gz", np.zeros((6, 8, 8), dtype=np.uint8))
    with pytest.raises(MissingFileError, match="has no labels beside it"):
        read_labelled(path, "ab", resolution=8, channels=1)
    write_idx(tmp_path / "six-labels-idx1-ubyte.gz", np.array([0, 1, 0, 1, 1, 0], dtype=np.uint8))
    found = read_labelled(path, "ab", resolution=8, channels=1)
    assert found.names == ("a", "b")
    assert found.labels.sum(0).tolist() == [3, 3]
    with pytest.raises(MissingFileError, match="holds no table of labels"):
        read_labelled(tmp_path, "ab", resolution=8, channels=1)
