from __future__ import annotations

import csv

import pytest
import torch
from PIL import Image

from ganatomy.datasets import ATTRIBUTES, FACTORS, draw_faces, read_labels, sample_faces, write_faces
from ganatomy.datasets.folders import folder_images
from ganatomy.errors import MissingFileError, OutputError, SettingError
from ganatomy.images import read_image


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_what_is_written_is_read_back(tmp_path):
    folder = write_faces(tmp_path / "faces", 5, seed=3, resolution=32)
    faces = sample_faces(5, seed=3)
    table = read_labels(folder / "labels.csv")
    assert table.names == ATTRIBUTES
    assert torch.equal(table.values.bool(), faces.labels)
    images = torch.cat([read_image(folder / name) for name in table.files])
    assert (images - draw_faces(faces, resolution=32)).abs().max() <= 1.01 / 127.5
    with (folder / "factors.csv").open(newline="") as lines:
        head, *rows = list(csv.reader(lines))
    assert head == ["file", *(factor.name for factor in FACTORS)]
    written = torch.tensor([[float(cell) for cell in row[1:]] for row in rows])
    assert torch.allclose(written, faces.factors, rtol=1e-5)


def test_a_second_run_leaves_the_same_folder(tmp_path):
    write_faces(tmp_path, 4, seed=1, resolution=32)
    first = contents(tmp_path)
    (tmp_path / "000002.png").unlink()
    write_faces(tmp_path, 4, seed=1, resolution=32)
    assert contents(tmp_path) == first


def test_a_run_that_was_stopped_leaves_no_table_to_mistake_for_a_whole_one(tmp_path):
    write_faces(tmp_path, 3, seed=1, resolution=32)

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_faces(tmp_path, 3, seed=2, resolution=32, progress=stop)
    assert not (tmp_path / "labels.csv").exists()


def test_progress_ends_with_every_image(tmp_path):
    told = []
    write_faces(tmp_path, 3, seed=1, resolution=32, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (3, 3)


def test_images_of_another_run_are_not_mixed_in(tmp_path):
    write_faces(tmp_path, 4, seed=1, resolution=32)
    with pytest.raises(OutputError, match=r"000003\.png"):
        write_faces(tmp_path, 3, seed=1, resolution=32)


def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(OutputError, match="cannot be written"):
        write_faces(tmp_path / "taken", 1, seed=0, resolution=32)


def test_no_faces_at_all_are_refused(tmp_path):
    with pytest.raises(SettingError, match="1 or more"):
        write_faces(tmp_path, 0, seed=0)


def test_a_folder_is_read_in_order_and_resized(tmp_path):
    for name, value in (("b.png", 200), ("a.png", 100)):
        Image.new("L", (10, 10), value).save(tmp_path / name)
    images = folder_images(tmp_path, resolution=8, channels=3)
    assert images.shape == (2, 8, 8, 3)
    assert images[:, 0, 0, 0].tolist() == [100, 200]


def test_a_folder_without_images_is_refused(tmp_path):
    with pytest.raises(MissingFileError, match="no images"):
        folder_images(tmp_path, resolution=8, channels=3)
