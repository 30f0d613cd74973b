from __future__ import annotations

import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from ganatomy.datasets import read_labels
from ganatomy.datasets.correlations import read_correlations
from ganatomy.errors import CheckpointError, MissingFileError, UnknownNameError
from ganatomy.statistics.latent import latent_correlation

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
        ("l.txt", ROWS + "000003.jpg 1 1\n", "row 2 has 3 cells, the line of names has 4"),
        ("l.txt", "", "no labels"),
        ("l.csv", "", "no labels"),
        ("l.csv", "file,Young\na.png,7\n", "'Young' has 7 in row 0"),
        ("l.csv", "file,Young\na.png,1\nb.png,yes please\n", "'Young' has 'yes please' in row 1"),
        ("l.csv", "file,Young\na.png,-1\nb.png,0\n", "'Young' has -1 in row 0"),
        ("l.csv", "file,Young,\na.png,1,0\n", "column 3 has no name"),
        ("l.csv", "a.png,1\nb.png,0\n", "needs a line of names"),
        ("l.csv", "file,Young\na.png,1\x00\n", "it is not text"),
        ("l.csv", "file,remark\na.png,old\n", "no labels beside 'file'"),
        ("l.csv", "file,Young,Young\na.png,1,1\n", "same name"),
        ("l.zip", "not a zip", "not a zip"),
        ("l.parquet", "not parquet", "arquet"),
    ],
)
def test_what_is_no_table_of_labels_is_refused_with_the_reason(tmp_path, name, content, reason):
    (tmp_path / name).write_text(content)
    with pytest.raises(CheckpointError, match=reason):
        read_labels(tmp_path / name)


WAYS = {
    "commas": b"file,Smiling,Old\na.png,1,0\nb.png,0,\n",
    "a separator at the end of each line": b"file,Smiling,Old,\na.png,1,0,\nb.png,0,,\n",
    "tabs": b"file\tSmiling\tOld\na.png\t1\t0\nb.png\t0\t\n",
    "semicolons and decimal commas": b"file;Smiling;Old\na.png;1,0;0,0\nb.png;0,0;\n",
    "UTF-16": "file,Smiling,Old\r\na.png,1,0\r\nb.png,0,\r\n".encode("utf-16"),
    "UTF-16 without a mark": "file,Smiling,Old\na.png,1,0\nb.png,0,\n".encode("utf-16-le"),
    "lines of an old Macintosh": b"file,Smiling,Old\ra.png,1,0\rb.png,0,\r",
    "words": b"file,Smiling,Old\na.png,yes,False\nb.png,No,n/a\n",
    "1 and -1": b"file,Smiling,Old\na.png,1,-1\nb.png,-1,\n",
    "quotes": b'"file","Smiling","Old"\n"a.png","1","0"\n"b.png","0",""\n',
    "a column of remarks": b"file,Smiling,split,Old\na.png,1,train,0\nb.png,0,test,\n",
    "no name for the images": b"Smiling,Old\na.png,1,0\nb.png,0,\n",
}


@pytest.mark.parametrize("data", WAYS.values(), ids=WAYS)
def test_tables_are_read_as_people_write_them(tmp_path, data):
    (tmp_path / "labels.csv").write_bytes(data)
    table = read_labels(tmp_path / "labels.csv")
    assert (table.names, table.files) == (("Smiling", "Old"), ("a.png", "b.png"))
    assert table.column("Smiling").tolist() == [1, 0]
    assert table.known.tolist() == [[True, True], [True, False]]


def test_names_in_latin_1_keep_their_accents(tmp_path):
    (tmp_path / "labels.csv").write_bytes("file;Größe\na.png;1\n".encode("latin-1"))
    assert read_labels(tmp_path / "labels.csv").names == ("Größe",)


def test_columns_are_chosen_by_name(tmp_path):
    (tmp_path / "labels.csv").write_text("file,age,Old\na.png,71,1\n,30,0\n")
    table = read_labels(tmp_path / "labels.csv", names=["Old"])
    assert (table.names, table.left_out, len(table)) == (("Old",), ("age",), 1)
    with pytest.raises(UnknownNameError, match="did you mean 'Old'"):
        read_labels(tmp_path / "labels.csv", names=["old"])


def test_correlations_and_accuracies_leave_missing_labels_out(tmp_path):
    rows = ["1,1", "0,0", "1,0", "0,1", "1,", ",0", "1,1"]
    (tmp_path / "labels.csv").write_text(
        "\n".join(["file,A,B", *(f"{k}.png,{row}" for k, row in enumerate(rows))])
    )
    whole = torch.tensor([[1.0, 1], [0, 0], [1, 0], [0, 1], [1, 1]])
    torch.testing.assert_close(read_correlations(tmp_path / "labels.csv").matrix, torch.corrcoef(whole.T))
    first, second = read_labels(tmp_path / "labels.csv").values.T.double().numpy()
    assert latent_correlation(first, second) == latent_correlation(*whole.T.double().numpy())


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
