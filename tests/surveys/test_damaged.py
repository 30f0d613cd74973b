"""Surveys that someone else wrote: sizes, nulls, classes and compression that no survey has."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ganatomy as ga
from ganatomy.errors import CheckpointError
from ganatomy.generators.stylegan2 import StyleGAN2, StyleGAN2Config


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A survey of a model of three classes."""
    folder = tmp_path_factory.mktemp("damaged") / "my.survey"
    config = StyleGAN2Config(widths=(4, 4), z_dim=4, w_dim=4, mapping_layers=1, num_classes=3)
    scorer = ga.scorer(lambda images: images.mean((1, 2, 3)).sigmoid(), names=["Bright"])
    ga.survey(StyleGAN2(config).eval(), scorer, n=20, folder=folder)
    return folder


@pytest.fixture
def survey(classes: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "my.survey"
    folder.mkdir()
    for path in classes.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


SETTINGS: dict[str, tuple[str, Any]] = {
    "codes of a million million numbers": ("code_shape", [10**12]),
    "codes whose size overflows": ("code_shape", [2**62, 2**62]),
    "codes of negative length": ("code_shape", [-3]),
    "codes of no length": ("code_shape", [0]),
    "codes without a shape": ("code_shape", []),
    "codes of words": ("code_shape", ["many"]),
    "codes of letters": ("code_shape", "ab"),
    "codes of half a number": ("code_shape", [2.5]),
    "no shape": ("code_shape", None),
    "negative classes": ("num_classes", -1),
    "a million million classes": ("num_classes", 10**12),
    "classes of words": ("num_classes", "many"),
    "an attribute twice": ("attributes", ["Bright", "Bright"]),
    "attributes that are numbers": ("attributes", [1]),
    "a space that is none": ("space", "v"),
    "another seed": ("seed", "x"),
    "another field": ("more", 1),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_settings_that_no_survey_has_are_one_error(case: str, survey: Path) -> None:
    path = survey / "survey.json"
    field, value = SETTINGS[case]
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: value}))
    with pytest.raises(CheckpointError):
        ga.load_survey(survey)


def _cell(name: str, value: Any) -> Callable[[pa.Table], pa.Table]:
    """Another value in the second row of a column."""

    def change(table: pa.Table) -> pa.Table:
        index = table.schema.get_field_index(name)
        cells = table.column(name).to_pylist()
        cells[1] = value(cells[1]) if callable(value) else value
        return table.set_column(
            index, table.schema.field(index), pa.array(cells, table.schema.field(index).type)
        )

    return change


def _nullable(name: str) -> Callable[[pa.Table], pa.Table]:
    """The same column, but nulls are allowed in it."""

    def change(table: pa.Table) -> pa.Table:
        index = table.schema.get_field_index(name)
        schema = table.schema.set(index, table.schema.field(index).with_nullable(True))
        return pa.Table.from_arrays(table.columns, schema=schema)

    return change


COLUMNS = {
    "scores that may be null": (_nullable("logit:Bright"), "damaged or of another survey"),
    "classes that may be null": (_nullable("class"), "damaged or of another survey"),
    "a class outside its range": (_cell("class", 7), "classes beyond the 3"),
    "a negative class": (_cell("class", -1), "classes beyond the 3"),
    "a row that is another": (_cell("row", 7), "does not hold rows 0 to 19"),
    "a code that is not finite": (_cell("code", lambda code: [float("inf"), *code[1:]]), "not finite"),
}


@pytest.mark.parametrize("case", COLUMNS)
def test_rows_that_are_damaged_are_one_error(case: str, survey: Path) -> None:
    change, words = COLUMNS[case]
    path = survey / "part-000000.parquet"
    pq.write_table(change(pq.read_table(path)), path, compression="none")
    with pytest.raises(CheckpointError, match=words):
        _ = ga.load_survey(survey).latents


@pytest.mark.parametrize("compression", ["zstd", "snappy", "gzip"])
def test_parts_that_are_compressed_could_ask_for_any_memory_and_are_not_read(
    compression: str, survey: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = survey / "part-000000.parquet"
    pq.write_table(pq.read_table(path), path, compression=compression)
    monkeypatch.setattr(pq.ParquetFile, "read", lambda *_, **__: pytest.fail("it was unpacked"))
    with pytest.raises(CheckpointError, match="is compressed, as no survey is; run the same survey again"):
        ga.load_survey(survey)


def test_counts_that_are_nested_without_end_are_one_error(survey: Path) -> None:
    path = survey / "part-000000.parquet"
    table = pq.read_table(path)
    facts = {**(table.schema.metadata or {}), b"ganatomy.counts": b"[" * 100_000}
    pq.write_table(table.replace_schema_metadata(facts), path, compression="none", use_dictionary=False)
    with pytest.raises(CheckpointError, match="damaged or of another survey"):
        ga.load_survey(survey)
