"""What images are told apart by: folders, tables of labels, idx files; and the generators that come of it."""

import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import ganatomy as ga
from ganatomy.datasets.files import Framing
from ganatomy.errors import MissingFileError, SettingError, UnknownNameError
from ganatomy.training.classes import MOST_CLASSES, of_names
from ganatomy.training.images import Batches
from ganatomy.training.own import train_own
from ganatomy.training.planning import TrainingBudget
from ganatomy.training.sources import open_images

CELEBA = "\n".join(
    ["20", "Male Young", *(f"{k}.png  {1 if k % 2 else -1} {1 if k % 4 < 2 else -1}" for k in range(20))]
)


def write_images(folder: Path, count: int = 20) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for k in range(count):
        Image.new("RGB", (16, 16), (k, k, k)).save(folder / f"{k}.png")


def framing(classes: str | None) -> Framing:
    return Framing(resolution=16, classes=classes)


def test_folders_are_classes(tmp_path: Path) -> None:
    for name in ("cats", "dogs"):
        write_images(tmp_path / name)
    images = open_images(tmp_path, framing("folders"))
    assert images.classes == ("cats", "dogs")
    assert images.labels is not None
    assert images.labels.tolist() == [0] * 20 + [1] * 20


def test_the_layout_of_celeba_gives_every_combination_a_class(tmp_path: Path) -> None:
    write_images(tmp_path / "img_align_celeba")
    (tmp_path / "list_attr_celeba.txt").write_text(CELEBA)
    said: list[str] = []
    images = open_images(tmp_path, framing("Male,Young"), say=said.append)
    assert images.classes == ("Male + Young", "Male", "Young", "neither")
    assert said == [
        "few images are of Male + Young (5), Male (5), Young (5) and 1 more; a generator learns such classes badly"
    ]
    one = open_images(tmp_path, framing("Male"))
    assert one.classes == ("Male", "no Male")
    assert one.labels is not None
    grey = one.read(np.arange(20))[:, 0, 0, 0]  # which is the number in the file's name
    assert ((grey % 2 == 0) == one.labels.astype(bool)).all()


def test_a_zip_has_its_table_among_the_images_and_other_columns_may_hold_anything(tmp_path: Path) -> None:
    write_images(tmp_path / "faces")
    rows = "\n".join(f"faces/{k}.png,{20 + k},{k % 2}" for k in range(20))
    with zipfile.ZipFile(tmp_path / "faces.zip", "w") as archive:
        for k in range(20):
            archive.write(tmp_path / "faces" / f"{k}.png", f"faces/{k}.png")
        archive.writestr("labels.csv", f"file,age,Male\n{rows}\n")
    images = open_images(tmp_path / "faces.zip", framing("Male"))
    assert images.classes == ("Male", "no Male")
    with pytest.raises(UnknownNameError, match="Mal"):
        open_images(tmp_path / "faces.zip", framing("Malle"))


def test_an_idx_file_has_the_classes_of_its_labels(tmp_path: Path) -> None:
    pixels = np.zeros((20, 16, 16), dtype=np.uint8)
    labels = np.array([7, 10] * 10, dtype=np.uint8)
    path = tmp_path / "images-idx3-ubyte"
    path.write_bytes(b"\x00\x00\x08\x03" + struct.pack(">3i", *pixels.shape) + pixels.tobytes())
    with pytest.raises(MissingFileError, match="no file of labels beside it"):
        open_images(path, framing("labels"))
    (tmp_path / "labels-idx1-ubyte").write_bytes(
        b"\x00\x00\x08\x01" + struct.pack(">i", 20) + labels.tobytes()
    )
    images = open_images(path, framing("labels"))
    assert images.classes == ("7", "10")
    assert images.labels is not None
    assert images.labels.tolist() == [0, 1] * 10
    with pytest.raises(SettingError, match="the classes of an idx file are its labels"):
        open_images(path, framing("Male"))


def test_labels_go_with_the_images_of_their_step(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_images(tmp_path / name)
    images = open_images(tmp_path, framing("folders"))
    assert images.labels is not None
    with Batches(images, seed=3, batch=8, resolution=16) as batches:
        shown = ((batches(5)[:, 0, 0, 0] + 1) * 127.5).round().long()
        labels = batches.labels(5)
    assert labels is not None
    known = {(int(images.read(np.array([k]))[0, 0, 0, 0]), int(images.labels[k])) for k in range(len(images))}
    assert set(zip(shown.tolist(), labels.tolist(), strict=True)) <= known


def test_images_without_a_row_and_one_class_are_refused(tmp_path: Path) -> None:
    write_images(tmp_path)
    with pytest.raises(MissingFileError, match="no table of labels"):
        open_images(tmp_path, framing("Male"))
    (tmp_path / "labels.csv").write_text("file,Male\n0.png,1\n")
    with pytest.raises(SettingError, match=r"19 images of .* have no row in its table of labels"):
        open_images(tmp_path, framing("Male"))
    with pytest.raises(SettingError, match="the labels give 1 class"):
        open_images(tmp_path, framing("folders"))
    with pytest.raises(SettingError, match="101 classes"):
        of_names([str(k) for k in range(MOST_CLASSES + 1)])


@pytest.mark.parametrize("family", ["infogan", "dcgan"])
def test_families_without_classes_say_so(family: str, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_images(tmp_path / "data" / name)
    with pytest.raises(SettingError, match="takes no classes|leave the classes out"):
        train_own(
            family,
            tmp_path / "data",
            tmp_path / "run",
            framing=framing("folders"),
            budget=TrainingBudget(images=32),
        )


def test_a_generator_carries_the_names_of_its_classes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganatomy.training.planning.ENOUGH", 0.0)
    monkeypatch.setattr("ganatomy.training.families.widths", lambda resolution, **_: (4,) * 3)
    for name in ("cats", "dogs"):
        write_images(tmp_path / "pets" / name)
    path = train_own(
        "dcgan-r1",
        tmp_path / "pets",
        tmp_path / "run",
        framing=framing("folders"),
        budget=TrainingBudget(images=32),
    )
    generator = ga.load(path)
    assert generator.signature.class_names == ("cats", "dogs")
    assert "cats, dogs" in str(ga.describe(generator))
    assert generator.of_class("dogs").label == 1
    with pytest.raises(UnknownNameError, match="dogs"):
        generator.of_class("dog")
    labels = generator.of_class("dogs").sample(3).labels
    assert torch.equal(labels, torch.tensor([[0.0, 1.0]] * 3))
