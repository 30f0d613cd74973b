"""Labelled images as people have them: tables, CelebA's layout, classes, archives, and what is wrong with them."""

import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from ganatomy.datasets.correlations import correlate
from ganatomy.datasets.derived import parse_derived
from ganatomy.datasets.labelled_images import LabelChoice, drawn_images, open_labelled
from ganatomy.datasets.labels import read_labels
from ganatomy.errors import (
    CheckpointError,
    GanatomyError,
    MissingFileError,
    ScoreError,
    SettingError,
    UnknownNameError,
)

SHARED = Path(__file__).parents[3] / "shared" / "data"
FILES = [f"{index:03d}.png" for index in range(6)]


def write_images(folder: Path, names: Iterable[str] = FILES) -> Path:
    for index, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (10, 8), (40 * index, 0, 0)).save(folder / name)
    return folder


def rows(separator: str = ",", yes: str = "1", no: str = "0") -> str:
    lines = [separator.join([name, yes if index % 2 else no, no]) for index, name in enumerate(FILES)]
    return "\n".join([separator.join(["file", "Odd", "Never"]), *lines])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("labels.csv", rows()),
        ("labels.tsv", rows("\t", "yes", "no")),
        ("labels.csv", rows(";", "true", "false")),
        ("labels.txt", rows("  ", "1", "-1")),
        ("list_attr_celeba.txt", "6\n" + rows(" ", "1", "-1").replace("file ", "", 1)),
    ],
    ids=["commas", "tabs and words", "semicolons", "blanks and signs", "CelebA's list"],
)
def test_a_table_is_found_beside_the_images_however_it_is_written(
    tmp_path: Path, name: str, text: str
) -> None:
    (write_images(tmp_path) / name).write_text(text)
    found = open_labelled(tmp_path)
    assert found.names == ("Odd", "Never")
    assert found.labels[:, 0].tolist() == [0, 1, 0, 1, 0, 1]
    assert found.read(np.array([2, 0]), 8).shape == (2, 8, 8, 3)
    assert found.read(np.array([2, 0]), 8)[:, 0, 0, 0].tolist() == [80, 0]


def test_a_parquet_table_and_a_zip_are_read_as_well(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "images")
    pq.write_table(pa.table({"file": FILES, "Odd": [False, True] * 3}), folder / "labels.parquet")
    assert open_labelled(folder).labels[:, 0].tolist() == [0, 1, 0, 1, 0, 1]
    for ending in ("csv", "parquet"):
        archive = tmp_path / f"{ending}.zip"
        (folder / "labels.csv").write_text(rows())
        with zipfile.ZipFile(archive, "w") as file:
            for path in [*folder.glob("*.png"), folder / f"labels.{ending}"]:
                file.write(path, f"set/{path.name}")
        found = open_labelled(archive)
        assert found.labels[:, 0].tolist() == [0, 1, 0, 1, 0, 1]
        assert found.read(np.array([5]), 8)[0, 0, 0, 0] == 200


def test_celebas_layout_brings_its_parts_and_its_people(tmp_path: Path) -> None:
    write_images(tmp_path / "img_align_celeba")
    (tmp_path / "list_attr_celeba.txt").write_text(
        "6\nOdd\n" + "\n".join(f"{name} {1 if i % 2 else -1}" for i, name in enumerate(FILES))
    )
    parts = zip(FILES, "001122", strict=True)
    (tmp_path / "list_eval_partition.txt").write_text("\n".join(f"{name} {part}" for name, part in parts))
    people = zip(FILES, "775544", strict=True)
    (tmp_path / "identity_CelebA.txt").write_text("\n".join(f"{name} {who}" for name, who in people))
    found = open_labelled(tmp_path)
    assert found.parts == ["train", "train", "validation", "validation", "test", "test"]
    assert found.people is not None
    assert found.people.tolist() == [2, 2, 1, 1, 0, 0]


def test_a_folder_for_each_class_perhaps_in_parts(tmp_path: Path) -> None:
    write_images(tmp_path / "plain", ["cat/1.png", "cat/2.png", "dog/1.png"])
    found = open_labelled(tmp_path / "plain")
    assert (found.names, found.exclusive) == (("cat", "dog"), True)
    assert found.labels.tolist() == [[1, 0], [1, 0], [0, 1]]
    write_images(
        tmp_path / "parts", ["train/cat/1.png", "train/dog/2.png", "valid/cat/3.png", "test/dog/4.png"]
    )
    found = open_labelled(tmp_path / "parts")
    assert sorted(found.parts or []) == ["test", "train", "train", "validation"]
    assert found.names == ("cat", "dog")


def test_missing_labels_stay_missing_and_a_number_may_stand_for_them(tmp_path: Path) -> None:
    text = "file,A,B\n000.png,1,\n001.png,0,1\n002.png,-1,0\n"
    (write_images(tmp_path) / "labels.csv").write_text(text)
    found = open_labelled(tmp_path, choice=LabelChoice(unknown=-1))
    assert found.labels.nan_to_num(9).tolist() == [[1, 9], [0, 1], [9, 0]]
    with pytest.raises(CheckpointError, match="'A' has -1 in row 2"):
        open_labelled(tmp_path)


def test_columns_can_be_chosen_derived_and_read_as_numbers(tmp_path: Path) -> None:
    text = "file,age,who,Male,set\n" + "\n".join(
        f"{name},{20 + 10 * i},p{i // 2},{i % 2},{'train' if i < 4 else 'test'}"
        for i, name in enumerate(FILES)
    )
    (write_images(tmp_path) / "labels.csv").write_text(text)
    choice = LabelChoice(derived=("Young=age<35",), factors=("age",), people="who", part="set")
    found = open_labelled(tmp_path, choice=choice)
    assert found.names == ("Male", "Young")
    assert found.labels[:, 1].tolist() == [1, 1, 0, 0, 0, 0]
    assert found.factors is not None
    assert found.factors[:, 0].tolist() == [20, 30, 40, 50, 60, 70]
    assert found.people is not None
    assert found.people.tolist() == [0, 0, 1, 1, 2, 2]
    assert found.parts == ["train"] * 4 + ["test"] * 2
    few = found.select(np.array([4, 1])).choose(attributes=["Young"])
    assert (few.names, few.files[0], few.labels.tolist()) == (("Young",), "004.png", [[0], [1]])


def test_what_does_not_fit_together_is_said_and_left_out(tmp_path: Path) -> None:
    text = "file,Odd\n000.png,0\nlost.png,1\n001,1\n"
    (write_images(tmp_path) / "labels.csv").write_text(text)
    found = open_labelled(tmp_path)
    assert list(found.files) == ["000.png", "001.png"], "a name without its ending is the same image"
    assert found.notes == (
        "1 rows name images that are not there, left out: lost.png",
        "4 images have no labels, left out: 002.png, 003.png, 004.png and 1 more",
    )


BAD: dict[str, tuple[str | None, type[GanatomyError], str]] = {
    "labels of other images": ("file,A\nx.png,1\ny.png,0", MissingFileError, "none of the images"),
    "images without labels": (None, MissingFileError, "without labels; put a table"),
    "an image twice": ("file,A\n000.png,1\n000.png,0", CheckpointError, "names 000.png more than once"),
    "two columns of a name": ("file,A,A\n000.png,1,0", CheckpointError, "same name, 'A'"),
    "very many columns": (
        "file," + ",".join(f"c{i}" for i in range(100_000)) + "\n000.png," + ",".join("1" * 100_000),
        CheckpointError,
        "100,001 columns",
    ),
    "only text": ("file,A\n000.png,red\n001.png,blue", CheckpointError, "no labels beside 'file'"),
    "a label of 7": ("file,A\n000.png,7\n001.png,0", CheckpointError, "'A' has 7 in row 0"),
}


@pytest.mark.parametrize(("text", "error", "message"), BAD.values(), ids=BAD.keys())
def test_bad_tables_are_refused_in_one_line(
    tmp_path: Path, text: str | None, error: type[GanatomyError], message: str
) -> None:
    write_images(tmp_path)
    if text is not None:
        (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(error, match=message) as caught:
        open_labelled(tmp_path)
    assert "\n" not in str(caught.value)


def test_choices_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    (write_images(tmp_path) / "labels.csv").write_text(rows())
    with pytest.raises(UnknownNameError, match="did you mean 'Odd'"):
        open_labelled(tmp_path, choice=LabelChoice(attributes=("odd",)))
    with pytest.raises(SettingError, match="write it like Young=age<35"):
        open_labelled(tmp_path, choice=LabelChoice(derived=("Young",)))
    with pytest.raises(SettingError, match="none of Smile has a label"):
        open_labelled(tmp_path).scored_by(["Smile"])
    with pytest.raises(UnknownNameError, match="no factor 'age'"):
        open_labelled(tmp_path).choose(factors=["age"])
    with pytest.raises(MissingFileError, match="does not exist"):
        open_labelled(tmp_path / "nowhere")
    (tmp_path / "text.txt").write_text("no archive")
    with pytest.raises(CheckpointError, match="neither a folder nor a zip"):
        open_labelled(tmp_path / "text.txt")
    blank = "file,Odd,age\n" + "\n".join(f"{name},1," for name in FILES)
    (tmp_path / "labels.csv").write_text(blank)
    with pytest.raises(ScoreError, match="no value of age"):
        open_labelled(tmp_path, choice=LabelChoice(factors=("age",)))


def test_a_broken_image_is_named(tmp_path: Path) -> None:
    (write_images(tmp_path) / "labels.csv").write_text(rows())
    (tmp_path / "003.png").write_bytes(b"no image")
    with pytest.raises(CheckpointError, match="003.png of .* cannot be read as an image"):
        open_labelled(tmp_path).read(np.arange(6), 8)


def test_a_derivation_needs_a_name_a_column_and_a_number() -> None:
    assert parse_derived(" Old = age >= 60 ").number == 60
    for text in ("Old", "Old=age", "=age<3", "Old=age<x", "Old=age<<3", "Old=age<1-2"):
        with pytest.raises(SettingError, match="derives no attribute"):
            parse_derived(text)


def test_drawn_faces_come_with_their_exact_labels() -> None:
    faces = drawn_images(5, seed=3)
    assert faces.read(np.array([4, 0]), 32).shape == (2, 32, 32, 3)
    assert torch.equal(faces.select(np.array([4])).labels[0], faces.labels[4])


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.exists(), reason="CelebA's list of attributes is not in ../shared/data")
def test_the_correlations_of_celeba_come_out_of_its_own_list() -> None:
    table = read_labels(SHARED / "list_attr_celeba.zip")
    lines = [line.split(",") for line in (SHARED / "celeba-correlations.csv").read_text().splitlines()]
    columns = [lines[0].index(name) for name in table.names]
    names = [line[0] for line in lines[1:]]
    known = np.array([[float(line[column]) for column in columns] for line in lines[1:]])
    order = [names.index(name) for name in table.names]
    ours = correlate(table.values).numpy()
    assert np.abs(ours - known[order]).max() < 6e-4, "the file has three digits after the point"
