"""A survey in a folder: whole at any moment, never made twice."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from jaxtyping import Float
from torch import Tensor

import ganatomy
from ganatomy.errors import CheckpointError, MissingFileError, OutputError, SettingError
from ganatomy.generators.base import Generator, Signature
from ganatomy.generators.toy import ToyGenerator
from ganatomy.latents import Latents, Space
from ganatomy.perception import OracleScorer, Scorer
from ganatomy.surveys import Survey, load_survey, save_survey, survey, writer
from ganatomy.surveys.parts import writing
from ganatomy.surveys.settings import BLOCK_ROWS, MOST_BLOCKS

PART_ROWS = BLOCK_ROWS * MOST_BLOCKS
"""Rows of a file of short codes."""


WRONG_SHAPE = """{"generator": null, "scorer": null, "attributes": ["red"], "space": "z", "seed": 0,
"truncation_psi": 1.0, "code_shape": [-3]}"""


class CountingOracle(OracleScorer):
    """An oracle that remembers which rows it was shown."""

    def __init__(self, source: ToyGenerator) -> None:
        super().__init__(source)
        self.rows: list[int] = []

    def _logits(self, images: Float[Tensor, "n c h w"], *, latents: Latents | None, start: int) -> Tensor:
        self.rows += range(start, start + len(images))
        return super()._logits(images, latents=latents, start=start)


class ClassImages(Generator):
    """A conditional generator whose images show nothing but the class."""

    def __init__(self) -> None:
        super().__init__(Signature(architecture="Classes", z_dim=2, resolution=4, channels=1, num_classes=3))

    def synthesize(self, latents: Latents) -> Float[Tensor, "n c h w"]:
        assert latents.labels is not None
        return (latents.labels.argmax(1) - 1.0).view(-1, 1, 1, 1).expand(-1, 1, 4, 4)


class Level(Scorer):
    names = ("level",)
    fingerprint = "level"
    description = "mean level"

    def _logits(self, images: Float[Tensor, "n c h w"], *, latents: Latents | None, start: int) -> Tensor:
        return images.mean((1, 2, 3))[:, None]


@pytest.fixture(scope="module")
def toy() -> ToyGenerator:
    return ToyGenerator(z_dim=8, w_dim=6, num_layers=3, attributes=("red", "round"))


def same(a: Survey, b: Survey) -> None:
    assert torch.equal(a.latents.codes, b.latents.codes)
    torch.testing.assert_close(a.scores.logits, b.scores.logits, atol=1e-5, rtol=1e-5)
    assert a.settings == b.settings


def part(folder: Path, index: int = 0) -> Path:
    return folder / f"part-{index:06d}.parquet"


@pytest.mark.parametrize("space", ["z", "w", "w+"])
def test_what_is_read_is_what_was_surveyed(toy: ToyGenerator, tmp_path, space: str):
    made = survey(toy, OracleScorer(toy), n=600, space=space, seed=4, folder=tmp_path / "s")
    same(load_survey(tmp_path / "s"), made)
    same(survey(toy, OracleScorer(toy), n=600, space=space, seed=4), made)
    assert load_survey(tmp_path / "s").latents.num_layers == 3


def test_columns_can_be_read_by_anyone(toy: ToyGenerator, tmp_path):
    made = survey(toy, OracleScorer(toy), n=20, folder=tmp_path)
    table = pq.read_table(part(tmp_path)).to_pydict()
    assert table["row"] == list(range(20))
    np.testing.assert_array_equal(np.array(table["code"], dtype=np.float32), made.latents.codes.numpy())
    np.testing.assert_array_equal(np.float32(table["logit:round"]), made.scores.column("round").numpy())
    assert json.loads((tmp_path / "survey.json").read_text())["generator"] == toy.fingerprint


def test_class_labels_come_back(tmp_path):
    made = survey(ClassImages(), Level(), n=30, folder=tmp_path)
    labels = load_survey(tmp_path).latents.labels
    assert labels is not None
    assert torch.equal(labels.argmax(1) - 1.0, made.scores.column("level"))
    assert len(set(labels.argmax(1).tolist())) == 3


def test_a_survey_of_one_class_goes_on_with_that_class_only(tmp_path):
    generator = ClassImages()
    made = survey(generator.of_class(2), Level(), n=30, folder=tmp_path)
    assert made.label == load_survey(tmp_path).label == 2
    assert torch.equal(made.scores.column("level"), torch.ones(30))
    for other in (generator, generator.of_class(1)):
        with pytest.raises(SettingError, match="label 2, not"):
            survey(other, Level(), n=40, folder=tmp_path)
    same(survey(generator.of_class(2), Level(), n=40, folder=tmp_path)[:30], made)


def test_a_longer_survey_makes_only_the_new_rows(toy: ToyGenerator, tmp_path):
    scorer = CountingOracle(toy)
    for n in (100, 700, 700, 300):
        found = survey(toy, scorer, n=n, folder=tmp_path)
        assert len(found) == n
    assert scorer.rows == list(range(700))
    same(load_survey(tmp_path), survey(toy, OracleScorer(toy), n=700))


def test_progress_starts_where_the_folder_is(toy: ToyGenerator, tmp_path):
    survey(toy, OracleScorer(toy), n=100, folder=tmp_path)
    seen: list[tuple[int, int]] = []
    survey(toy, OracleScorer(toy), n=150, folder=tmp_path, progress=lambda *row: seen.append(row))
    assert seen == [(100, 150), (150, 150)]


def test_an_interrupted_survey_keeps_its_rows(toy: ToyGenerator, tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "FLUSH_SECONDS", 0.0)

    def stop(done: int, total: int) -> None:
        if done >= 580:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        survey(toy, OracleScorer(toy), n=1000, folder=tmp_path, batch_size=10, progress=stop)
    assert 500 < len(load_survey(tmp_path)) <= 582
    scorer = CountingOracle(toy)
    same(survey(toy, scorer, n=1000, folder=tmp_path), survey(toy, OracleScorer(toy), n=1000))
    assert len(scorer.rows) < 500


SERVER = """
import os, sys
from ganatomy.generators.toy import ToyGenerator
from ganatomy.perception import OracleScorer
from ganatomy.surveys import survey, writer

writer.FLUSH_SECONDS = 0.0
toy = ToyGenerator(z_dim=8, w_dim=6, num_layers=3, attributes=("red", "round"))
for line in sys.stdin:
    child = os.fork()
    if not child:
        print(os.getpid(), flush=True)
        survey(toy, OracleScorer(toy), n=int(line), space="w", folder=sys.argv[1], batch_size=16,
               progress=lambda done, total: print(done, flush=True))
        os._exit(0)
    os.waitpid(child, 0)
    print("ended", flush=True)
"""
"""Starts a survey of so many rows for each line that it reads: forking spares each start the imports."""

ENDLESS = 200_000
"""Rows that take far longer than the survey is let live, so that it is always killed at work."""


@pytest.mark.slow
def test_killed_at_any_moment_it_goes_on_without_losing_or_doubling_a_row(toy: ToyGenerator, tmp_path):
    source = str(Path(ganatomy.__file__).parents[1])
    rng = np.random.default_rng(0)
    reached = []
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": source, "OMP_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        # The first report is of what is there already, each later one of a batch that is on disk.
        for reports in [*rng.integers(2, 16, size=6), None]:
            n = ENDLESS if reports is not None else reached[-1] + 300
            server.stdin.write(f"{n}\n")
            child = int(server.stdout.readline())
            if reports is not None:
                for _ in range(reports):
                    server.stdout.readline()
                time.sleep(float(rng.uniform(0, 0.02)))
                os.kill(child, signal.SIGKILL)
            assert "ended\n" in iter(server.stdout.readline, "")
            reached.append(len(load_survey(tmp_path)))
        server.stdin.close()
    # It never lost a row that it had, and went on from there to the end.
    assert all(before < after for before, after in itertools.pairwise(reached))
    assert reached[-1] == reached[-2] + 300
    found = load_survey(tmp_path)
    same(found, survey(toy, OracleScorer(toy), n=len(found), space="w"))
    assert torch.equal(found.sample_rows, torch.arange(len(found)))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seed": 1}, "seed 0, not 1"),
        ({"space": "w+"}, r"space w, not w\+"),
        ({"truncation_psi": 0.7}, "truncation_psi 1.0, not 0.7"),
    ],
    ids=["seed", "space", "psi"],
)
def test_another_survey_does_not_fit_into_the_folder(toy: ToyGenerator, tmp_path, change: dict, named: str):
    survey(toy, OracleScorer(toy), n=10, space="w", folder=tmp_path)
    before = part(tmp_path).read_bytes()
    with pytest.raises(SettingError, match=named):
        survey(toy, OracleScorer(toy), **{"n": 20, "space": "w", "folder": tmp_path} | change)
    assert part(tmp_path).read_bytes() == before


def test_another_generator_or_scorer_does_not_fit_either(toy: ToyGenerator, tmp_path):
    survey(toy, OracleScorer(toy), n=10, folder=tmp_path)
    other = ToyGenerator(z_dim=8, w_dim=6, num_layers=3, attributes=("red", "round"), seed=1)
    with pytest.raises(SettingError, match=f"generator {toy.fingerprint[:12]}"):
        survey(other, OracleScorer(toy), n=10, folder=tmp_path)
    with pytest.raises(SettingError, match="attributes"):
        survey(toy, OracleScorer(toy).select(["red"]), n=10, folder=tmp_path)


class TestDamage:
    @pytest.fixture
    def folder(self, toy: ToyGenerator, tmp_path) -> Path:
        survey(toy, OracleScorer(toy), n=2 * PART_ROWS + 10, folder=tmp_path)
        return tmp_path

    def again(self, toy: ToyGenerator, folder: Path) -> int:
        """Survey again; how many rows had to be made."""
        scorer = CountingOracle(toy)
        n = 2 * PART_ROWS + 10
        same(survey(toy, scorer, n=n, folder=folder), survey(toy, OracleScorer(toy), n=n))
        same(load_survey(folder), survey(toy, OracleScorer(toy), n=n))
        return len(scorer.rows)

    def test_a_truncated_part_is_refused_and_made_again(self, toy: ToyGenerator, folder: Path):
        part(folder, 1).write_bytes(part(folder, 1).read_bytes()[:-50])
        with pytest.raises(CheckpointError, match=r"part-000001\.parquet is damaged"):
            load_survey(folder)
        assert self.again(toy, folder) == PART_ROWS

    def test_a_changed_byte_is_found(self, toy: ToyGenerator, folder: Path):
        content = bytearray(part(folder, 1).read_bytes())
        content[len(content) // 3] ^= 0x55
        part(folder, 1).write_bytes(bytes(content))
        with pytest.raises(CheckpointError, match=r"part-000001"):
            load_survey(folder).latents  # noqa: B018
        assert self.again(toy, folder) == PART_ROWS

    def test_a_code_that_is_not_finite_is_found(self, toy: ToyGenerator, folder: Path):
        table = pq.read_table(part(folder, 1))
        codes = table.column("code").combine_chunks()
        numbers = codes.flatten().to_numpy().copy()
        numbers[3 * codes.type.list_size + 1] = np.nan
        broken = pa.FixedSizeListArray.from_arrays(pa.array(numbers), codes.type.list_size)
        table = table.set_column(1, table.schema.field("code"), broken.cast(codes.type))
        pq.write_table(table, part(folder, 1), compression="none", write_page_checksum=True)
        with pytest.raises(CheckpointError, match=f"the code of row {PART_ROWS + 3} is not finite"):
            load_survey(folder).latents  # noqa: B018
        assert self.again(toy, folder) == PART_ROWS

    def test_a_part_that_is_gone_is_made_again(self, toy: ToyGenerator, folder: Path):
        part(folder, 1).unlink()
        with pytest.raises(CheckpointError, match="lacks rows in the middle"):
            load_survey(folder)
        assert self.again(toy, folder) == PART_ROWS

    def test_a_part_in_the_wrong_place_is_found(self, toy: ToyGenerator, folder: Path):
        part(folder, 1).write_bytes(part(folder, 0).read_bytes())
        with pytest.raises(CheckpointError, match="does not hold rows 8192 to 16383"):
            load_survey(folder)
        assert self.again(toy, folder) == PART_ROWS

    def test_a_part_of_another_survey_is_found(self, toy: ToyGenerator, folder: Path, tmp_path_factory):
        other = tmp_path_factory.mktemp("other")
        survey(toy, OracleScorer(toy), n=PART_ROWS, seed=9, folder=other)
        part(folder, 0).write_bytes(part(other, 0).read_bytes())
        with pytest.raises(CheckpointError, match="of another survey"):
            load_survey(folder)
        assert self.again(toy, folder) == PART_ROWS

    def test_what_a_killed_writer_left_is_no_part(self, toy: ToyGenerator, folder: Path):
        part(folder, 2).rename(folder / ".part-000002.parquet.writing")
        assert len(load_survey(folder)) == 2 * PART_ROWS
        assert self.again(toy, folder) == 10
        assert not list(folder.glob(".*.writing"))

    @pytest.mark.parametrize("text", ["{", "[]", '{"seed": 1}', "", WRONG_SHAPE])
    def test_a_broken_description_is_refused(self, toy: ToyGenerator, folder: Path, text: str):
        (folder / "survey.json").write_text(text)
        for act in (
            lambda: load_survey(folder),
            lambda: survey(toy, OracleScorer(toy), n=1, folder=folder),
        ):
            with pytest.raises(CheckpointError, match=r"survey\.json does not describe a survey"):
                act()

    def test_a_later_format_is_refused(self, folder: Path):
        settings = json.loads((folder / "survey.json").read_text())
        (folder / "survey.json").write_text(json.dumps(settings | {"format": 3}))
        with pytest.raises(CheckpointError, match="has format 3"):
            load_survey(folder)


class TestFolder:
    def test_there_is_none(self, tmp_path):
        with pytest.raises(MissingFileError, match=r"no survey\.json"):
            load_survey(tmp_path / "gone")

    def test_nothing_is_written_yet(self, toy: ToyGenerator, tmp_path):
        empty = survey(toy, OracleScorer(toy), n=1)
        with writing(tmp_path, empty.settings):
            pass
        with pytest.raises(CheckpointError, match="no rows yet"):
            load_survey(tmp_path)

    def test_one_that_cannot_be_written_is_refused_before_anything_is_made(self, toy: ToyGenerator, tmp_path):
        (tmp_path / "file").write_text("")
        scorer = CountingOracle(toy)
        for folder in (tmp_path / "file", tmp_path / "file" / "below"):
            with pytest.raises(OutputError, match="cannot be written"):
                survey(toy, scorer, n=10, folder=folder)
        assert not scorer.rows

    def test_two_writers_at_once_are_refused(self, toy: ToyGenerator, tmp_path):
        made = survey(toy, OracleScorer(toy), n=10, folder=tmp_path)
        with writing(tmp_path, made.settings), pytest.raises(OutputError, match="another process"):
            survey(toy, OracleScorer(toy), n=20, folder=tmp_path)

    def test_a_finished_survey_is_read_while_another_process_writes(self, toy: ToyGenerator, tmp_path):
        made = survey(toy, OracleScorer(toy), n=10, folder=tmp_path)
        with writing(tmp_path, made.settings):
            same(survey(toy, OracleScorer(toy), n=10, folder=tmp_path), made)


class TestSaving:
    def test_a_survey_in_memory_can_be_saved_and_made_longer(self, toy: ToyGenerator, tmp_path):
        save_survey(survey(toy, OracleScorer(toy), n=600), tmp_path / "s")
        scorer = CountingOracle(toy)
        same(survey(toy, scorer, n=700, folder=tmp_path / "s"), survey(toy, OracleScorer(toy), n=700))
        assert scorer.rows == list(range(600, 700))

    def test_a_subset_cannot_be(self, toy: ToyGenerator, tmp_path):
        with pytest.raises(SettingError, match="whole sample"):
            save_survey(survey(toy, OracleScorer(toy), n=10)[2:], tmp_path)

    def test_nothing_is_overwritten(self, toy: ToyGenerator, tmp_path):
        made = survey(toy, OracleScorer(toy), n=10, folder=tmp_path)
        with pytest.raises(OutputError, match="holds a survey already"):
            save_survey(made, tmp_path)

    def test_codes_without_a_generator_can_be_saved(self, tmp_path):
        latents = Latents(codes=torch.randn(5, 3), space=Space.Z)
        scores = Level().score(torch.zeros(5, 1, 4, 4))
        save_survey(Survey(latents=latents, scores=scores), tmp_path)
        assert torch.equal(load_survey(tmp_path).latents.codes, latents.codes)
