"""A survey in a folder as a lazy view."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ganatomy.errors import SettingError, UnknownNameError
from ganatomy.generators.toy import ToyGenerator
from ganatomy.latents import Latents, Space
from ganatomy.perception import OracleScorer, Scores, TableScorer
from ganatomy.surveys import StoredSurvey, Survey, load_survey, save_survey, stored, survey
from ganatomy.surveys.settings import BLOCK_ROWS, Settings

N = 20_000


@pytest.fixture(scope="module")
def toy() -> ToyGenerator:
    return ToyGenerator(z_dim=8, w_dim=6, num_layers=3, attributes=("red", "round"))


@pytest.fixture(scope="module")
def folder(toy: ToyGenerator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three files, the last of them incomplete."""
    path = tmp_path_factory.mktemp("stored")
    survey(toy, OracleScorer(toy), n=N, space="w", folder=path, batch_size=512)
    return path


@pytest.fixture(scope="module")
def whole(toy: ToyGenerator) -> Survey:
    return survey(toy, OracleScorer(toy), n=N, space="w", batch_size=512)


def test_what_it_is_is_told_without_reading_a_row(folder: Path, whole: Survey, monkeypatch):
    def read(*_: object) -> None:
        raise AssertionError("rows are read")

    monkeypatch.setattr(stored, "read_part", read)
    monkeypatch.setattr(stored, "read_columns", read)
    found = load_survey(folder)
    assert isinstance(found, StoredSurvey)
    assert (len(found), found.space, found.code_shape, found.names) == (N, Space.W, (6,), ("red", "round"))
    assert found.settings == whole.settings
    assert found.prevalence == whole.prevalence
    assert str(found) == str(whole)
    assert str(found).splitlines() == [
        "survey of 20000 codes in w, 2 attributes",
        f"  red    {100 * whole.prevalence['red']:5.1f} %",
        f"  round  {100 * whole.prevalence['round']:5.1f} %",
    ]
    assert repr(found) == "<StoredSurvey: survey of 20000 codes in w, 2 attributes>"
    with pytest.raises(AssertionError, match="rows are read"):
        found.latents  # noqa: B018


def test_scores_are_read_without_codes(folder: Path, whole: Survey, monkeypatch):
    monkeypatch.setattr(stored, "read_part", None)
    found = load_survey(folder)
    assert torch.equal(found.column("round"), whole.column("round"))
    assert torch.equal(torch.cat(list(found.score_batches())), whole.scores.logits)
    assert torch.equal(found.scores.logits, whole.scores.logits)
    assert torch.equal(found.labels("red"), whole.labels("red"))
    with pytest.raises(UnknownNameError, match="did you mean 'red'"):
        found.column("rad")


def test_batches_are_all_rows_in_order(folder: Path, whole: Survey):
    codes, logits = (torch.cat(each) for each in zip(*load_survey(folder).batches(), strict=True))
    assert torch.equal(codes, whole.latents.codes)
    assert torch.equal(logits, whole.scores.logits)
    assert torch.equal(torch.cat([codes for codes, _ in whole.batches()]), whole.latents.codes)


@pytest.mark.parametrize(
    "rows",
    [
        -1,
        slice(8190, 8200),
        [19_999, 0, 8192, 8192],
        torch.tensor([3, 1]),
        torch.arange(N) % 7 == 0,
        slice(5, 5),
    ],
    ids=["one", "across files", "any order", "a tensor", "a mask", "none"],
)
def test_a_subset_is_that_of_the_survey_in_memory(folder: Path, whole: Survey, rows):
    found, expected = load_survey(folder)[rows], whole[rows]
    assert torch.equal(found.latents.codes, expected.latents.codes)
    assert torch.equal(found.scores.logits, expected.scores.logits)
    assert torch.equal(found.sample_rows, torch.as_tensor(expected.sample_rows))
    assert found.generator == expected.generator


@pytest.mark.parametrize(
    "subset",
    [
        lambda s: s.split(0.25, seed=3)[1],
        lambda s: s.balanced("red", 100, seed=2),
        lambda s: s.confident("round", 0.01),
    ],
    ids=["split", "balanced", "confident"],
)
def test_subsets_by_scores_are_those_of_the_survey_in_memory(folder: Path, whole: Survey, subset):
    found, expected = subset(load_survey(folder)), subset(whole)
    assert torch.equal(found.sample_rows, expected.sample_rows)
    assert torch.equal(found.latents.codes, expected.latents.codes)


def test_the_first_rows_of_a_longer_folder_are_counted_alone(toy: ToyGenerator, folder: Path, whole: Survey):
    found = survey(toy, OracleScorer(toy), n=9000, space="w", folder=folder)
    assert len(found) == 9000
    assert found.prevalence == whole[:9000].prevalence
    assert torch.equal(found.latents.codes, whole.latents.codes[:9000])
    assert len(load_survey(folder)) == N


def test_missing_labels_are_counted_and_left_out(toy: ToyGenerator, tmp_path):
    table = torch.rand(30, 1, generator=torch.Generator().manual_seed(0))
    table[::3] = torch.nan
    path = tmp_path / "labels.csv"
    cells = ["" if value.isnan() else f"{float(value):.4f}" for value in table[:, 0]]
    path.write_text("row,red\n" + "".join(f"{row},{cell}\n" for row, cell in enumerate(cells)))
    found = survey(toy, TableScorer(path), n=30, folder=tmp_path / "s")
    again = load_survey(tmp_path / "s")
    assert again.prevalence == found.in_memory().prevalence
    assert len(again.labelled("red")) == 20


def test_arrow_pandas_duckdb_and_polars_read_the_same_numbers(folder: Path, whole: Survey):
    found = load_survey(folder)
    table = found.to_arrow()
    assert table.column_names == ["row", "code", "logit:red", "logit:round"] == whole.to_arrow().column_names
    assert table.num_rows == N
    np.testing.assert_array_equal(np.stack(table["code"].slice(0, 5).to_pylist()), whole.latents.codes[:5])
    frame = found[:50].to_pandas()
    assert list(frame.columns) == ["row", "red", "round"]
    files = f"{folder}/part-*.parquet"
    share = whole.prevalence["red"]
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")
    counted = duckdb.sql(f"select avg((\"logit:red\" > 0)::int), count(*) from '{files}'").fetchall()
    assert counted[0] == pytest.approx((share, N))
    polars = pytest.importorskip("polars", reason="polars is not installed")
    frame = polars.scan_parquet(files).select((polars.col("logit:red") > 0).mean()).collect()
    assert frame.item() == pytest.approx(share)
    assert polars.from_arrow(table).shape == (N, 4)


def test_attributes_of_any_name_are_columns(tmp_path):
    names = ("a.b", "row", "x=1", "5 o'clock / shadow")
    logits = torch.randn(10, 4, generator=torch.Generator().manual_seed(0))
    codes = Latents(codes=torch.zeros(10, 3), space=Space.Z)
    made = Survey(latents=codes, scores=Scores(names=names, logits=logits))
    save_survey(made, tmp_path / "space=w")
    found = load_survey(tmp_path / "space=w")
    assert all(torch.equal(found.column(name), made.column(name)) for name in names)
    assert torch.equal(found.scores.logits, logits)
    assert found.to_arrow().num_columns == 6


def test_rows_of_a_folder_cannot_be_named(folder: Path):
    found = load_survey(folder)
    assert isinstance(found, StoredSurvey)
    with pytest.raises(SettingError, match="those of its files"):
        StoredSurvey(stored=found.settings, parts=found.parts, rows=torch.arange(3))
    with pytest.raises(AttributeError, match="has no 'colour'"):
        found.colour  # noqa: B018


@pytest.mark.parametrize(
    ("shape", "attributes", "blocks"),
    [((8,), 2, 16), ((512,), 38, 16), ((18, 512), 38, 1), ((200_000,), 1, 1)],
    ids=["short codes", "512 numbers", "w+", "very long codes"],
)
def test_files_suit_the_length_of_codes(shape: tuple[int, ...], attributes: int, blocks: int):
    names = tuple(map(str, range(attributes)))
    settings = Settings(
        generator=None, scorer=None, attributes=names, space="z", seed=0, truncation_psi=1.0, code_shape=shape
    )
    assert settings.part_rows == blocks * BLOCK_ROWS
    assert settings.num_parts(settings.part_rows + 1) == 2
    assert [settings.rows_in(part, settings.part_rows + 1) for part in range(3)] == [settings.part_rows, 1, 0]
