from __future__ import annotations

import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ganatomy.datasets import read_labels
from ganatomy.errors import CheckpointError, MissingFileError, UnknownNameError

ROWS = "5_o_Clock_Shadow  Bald Young \n000001.jpg -1  1  1\n000002.jpg  1 -1 -1\n"
CELEBA = Path(__file__).parents[3] / "shared" / "data" / "list_attr_celeba.zip"


@pytest.mark.parametrize("text", [ROWS, "2\n" + ROWS, "\ufeff2\r\n" + ROWS.replace("\n", "\r\n")])
def test_the_list_of_celeba_is_read_with_and_without_its_count(tmp_path, text):
    path = tmp_path / "list_attr_celeba.txt"
    path.write_bytes(text.encode())
    table = read_labels(path)
    assert table.names == ("5_o_Clock_Shadow", "Bald", "Young")
    assert table.files == ("000001.jpg", "000002.jpg")
    assert table.values.tolist() == [[0, 1, 1], [1, 0, 0]]


def test_a_table_is_read_inside_a_zip(tmp_path):
    with zipfile.ZipFile(tmp_path / "labels.zip", "w") as archive:
        archive.writestr("list_attr_celeba.txt", ROWS)
    assert read_labels(tmp_path / "labels.zip").column("Bald").tolist() == [1, 0]


def test_csv_and_parquet_hold_the_same_table(tmp_path):
    (tmp_path / "labels.csv").write_text("file,Smiling,Young\n007,0.25,1\n008,1,0\n")
    from_csv = read_labels(tmp_path / "labels.csv")
    pq.write_table(
        pa.table({"file": ["007", "008"], "Smiling": [0.25, 1], "Young": [1, 0]}), tmp_path / "l.parquet"
    )
    from_parquet = read_labels(tmp_path / "l.parquet")
    assert from_csv.names == from_parquet.names == ("Smiling", "Young")
    assert from_csv.files == from_parquet.files == ("007", "008")
    assert from_csv.values.tolist() == from_parquet.values.tolist() == [[0.25, 1], [1, 0]]


def test_an_attribute_that_is_not_there_is_answered_with_the_closest(tmp_path):
    (tmp_path / "labels.csv").write_text("file,Smiling\na.png,1\n")
    with pytest.raises(UnknownNameError, match="did you mean 'Smiling'"):
        read_labels(tmp_path / "labels.csv").column("smiling")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("l.txt", "3\n" + ROWS, "announces 3 rows and has 2"),
        ("l.txt", ROWS + "000003.jpg 1 1\n", "Expected 4 columns, got 3"),
        ("l.txt", "", "no labels"),
        ("l.csv", "", "Empty CSV"),
        ("l.csv", "file,Young\na.png,7\n", "from 7 to 7"),
        ("l.csv", "file,Young\na.png,yes please\n", "yes please"),
        ("l.csv", "file,Young,Bald\na.png,1,\n", "a.png has no value for Bald"),
        ("l.csv", "file,Young,Young\na.png,1,1\n", "same name"),
        ("l.zip", "not a zip", "not a zip"),
        ("l.parquet", "not parquet", "arquet"),
    ],
)
def test_what_is_no_table_of_labels_is_refused_with_the_reason(tmp_path, name, content, reason):
    (tmp_path / name).write_text(content)
    with pytest.raises(CheckpointError, match=reason):
        read_labels(tmp_path / name)


def test_a_table_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(MissingFileError, match="does not exist"):
        read_labels(tmp_path / "labels.csv")


@pytest.mark.slow
@pytest.mark.skipif(
    not CELEBA.exists(), reason="CelebA's attribute list lies beside the checkout, in shared/data"
)
def test_the_published_list_has_its_known_prevalences():
    table = read_labels(CELEBA)
    assert table.values.shape == (202_599, 40)
    assert table.column("Male").mean().item() == pytest.approx(0.4168, abs=1e-4)
