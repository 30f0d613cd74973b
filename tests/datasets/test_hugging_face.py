"""Folders of Hugging Face's datasets, by a stand-in of the library that has just what is used of it."""

import io
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from ganatomy.datasets.hugging_face import is_saved, open_saved
from ganatomy.errors import CheckpointError, SettingError, UnknownNameError


def cell(level: int) -> dict[str, Any]:
    file = io.BytesIO()
    Pillow.new("RGB", (10, 8), (level, 0, 0)).save(file, "PNG")
    return {"bytes": file.getvalue(), "path": None}


class Image:
    def __init__(self, decode: bool = True) -> None:
        self.decode = decode


class ClassLabel:
    def __init__(self, names: list[str]) -> None:
        self.names, self.dtype = names, "int64"


class Rows:
    def __init__(self, columns: Mapping[str, list[Any]], features: Mapping[str, Any]) -> None:
        self.columns, self.features = columns, features

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __getitem__(self, key: int | str) -> Any:
        if isinstance(key, str):
            return self.columns[key]
        return {name: values[key] for name, values in self.columns.items()}

    def cast_column(self, name: str, kind: Image) -> "Rows":
        assert not kind.decode
        return self


def rows(levels: list[int], **columns: tuple[Any, list[Any]]) -> Rows:
    features = {"image": Image(), **{name: kind for name, (kind, _) in columns.items()}}
    values = {"image": [cell(level) for level in levels], **{name: own for name, (_, own) in columns.items()}}
    return Rows(values, features)


@pytest.fixture
def saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    (tmp_path / "dataset_info.json").write_text("{}")

    def write(found: Any) -> Path:
        library = SimpleNamespace(load_from_disk=lambda path: found, Image=Image)
        monkeypatch.setitem(sys.modules, "datasets", library)
        return tmp_path

    return write


def test_class_labels_become_classes_and_splits_become_parts(saved: Any) -> None:
    kind = ClassLabel(["cat", "dog"])
    path = saved({"train": rows([0, 40], label=(kind, [1, 0])), "test": rows([80], label=(kind, [1]))})
    assert is_saved(path)
    found = open_saved(path)
    assert (found.names, found.exclusive) == (("cat", "dog"), True)
    assert found.labels.tolist() == [[0, 1], [1, 0], [0, 1]]
    assert found.parts == ["train", "train", "test"]
    assert found.read(np.array([2, 0]), 8)[:, 0, 0, 0].tolist() == [80, 0]


def test_columns_of_numbers_are_attributes_and_nothing_is_a_missing_label(saved: Any) -> None:
    number, text = SimpleNamespace(dtype="int64"), SimpleNamespace(dtype="string")
    path = saved(rows([0, 40], Male=(number, [1, None]), note=(text, ["a", "b"])))
    found = open_saved(path)
    assert found.names == ("Male",)
    assert found.labels.isnan()[:, 0].tolist() == [False, True]
    assert found.parts is None
    with pytest.raises(UnknownNameError, match="did you mean 'Male'"):
        open_saved(path, attributes=["male"])


def test_what_holds_no_labelled_images_is_refused(saved: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    text = SimpleNamespace(dtype="string")
    with pytest.raises(SettingError, match="no labels beside its images"):
        open_saved(saved(rows([0], note=(text, ["a"]))))
    with pytest.raises(CheckpointError, match="no column of images, only note"):
        open_saved(saved(Rows({"note": ["a"]}, {"note": text})))
    with pytest.raises(SettingError, match="more than 0 and 1"):
        open_saved(saved(rows([0, 1], age=(SimpleNamespace(dtype="int64"), [30, 40]))))
    path = saved(None)
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(SettingError, match="pip install datasets"):
        open_saved(path)
