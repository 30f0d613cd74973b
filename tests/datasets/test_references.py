from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ganatomy.datasets import draw_faces, sample_faces
from ganatomy.datasets.references import NEW_PEOPLE, array_reference, drawn_reference, folder_reference
from ganatomy.errors import MissingFileError
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
