"""Make a survey, in memory or on disk, and read one back."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from ganatomy.arguments import a_path, instance, whole
from ganatomy.errors import CheckpointError, MissingFileError, OutputError, ScoreError, SettingError
from ganatomy.generators.base import Generator
from ganatomy.latents import Space
from ganatomy.perception.base import Scorer, Scores
from ganatomy.progress import Advance
from ganatomy.surveys.base import Survey
from ganatomy.surveys.jacobians import jacobians, read_jacobians, write_jacobians
from ganatomy.surveys.parts import PART_ROWS, Settings, SurveyRows, count_rows, read_part, write_part, writing

FLUSH_SECONDS = 5.0
"""An incomplete part is written this often, so that a slow survey that is killed loses little."""


def survey(
    generator: Generator,
    scorer: Scorer,
    *,
    n: int,
    space: str = "z",
    seed: int = 0,
    folder: str | os.PathLike[str] | None = None,
    batch_size: int = 64,
    truncation_psi: float = 1.0,
    progress: Advance | None = None,
) -> Survey:
    """Draw `n` codes, generate their images, score them.

    Row i depends on the generator, the seed and i only: the codes are the same to the bit for any `n` and `batch_size`,
    the logits to the rounding of matrix products.

    Args:
        space: of the codes in the survey, and so of the directions found in it.
        folder: to keep the rows in. Rows in it are read and not made again, so a survey that was killed continues, and
            a larger `n` extends it. One process writes a folder at a time.
        batch_size: images at a time.
        truncation_psi: of codes in w and later spaces: 1 = none, 0 = mean w.
        progress: called with the number of rows done and `n`, after each batch.

    Returns:
        The codes and their scores.

    Raises:
        SettingError: for a setting outside its range, or a folder that holds another survey.
        SpaceError: for a space that the generator does not have.
        OutputError: when the folder cannot be written; nothing has been generated then.
        ScoreError: when a score is not finite, or a table of labels is too short.

    Example:
        >>> import ganatomy as ga
        >>> from ganatomy.perception import OracleScorer
        >>> toy = ga.ToyGenerator(attributes=("red", "round"))
        >>> seen = ga.survey(toy, OracleScorer(toy), n=100)
        >>> len(seen), seen.names
        (100, ('red', 'round'))
    """
    instance("generator", generator, Generator, "ganatomy.load opens one")
    instance("scorer", scorer, Scorer, "ganatomy.scorer makes one of a name, a file or a function")
    n, batch_size = whole("n", n, least=1), whole("batch_size", batch_size, least=1)
    space = Space.parse(space)
    if space == Space.Z and truncation_psi != 1:
        raise SettingError(
            f"truncation_psi {truncation_psi:g} has no effect on codes in z; survey space w or later"
        )
    if scorer.num_rows is not None and n > scorer.num_rows:
        raise ScoreError(
            f"{scorer.description} cannot score {n} codes; survey at most {scorer.num_rows}, or label more"
        )
    with torch.no_grad():
        first = generator.sample(1, seed=seed, space=space, truncation_psi=truncation_psi)
    empty = Scores(names=scorer.names, logits=torch.empty(0, len(scorer.names)))
    described = Survey(
        latents=first[:0],
        scores=empty,
        seed=seed,
        scorer=scorer.fingerprint,
        truncation_psi=truncation_psi,
        label=generator.label,
    )
    settings = Settings.of(described)
    table = SurveyRows.empty(n, settings)
    job = _Job(generator=generator, scorer=scorer, settings=settings, batch_size=batch_size)
    report = progress or (lambda *_: None)
    if folder is None:
        done = 0
        for part in range(table.num_parts):
            for new in job.fill(table, part, 0):
                done += new
                report(done, n)
    else:
        _survey_folder(Path(folder), job, table, report)
    return table.survey(settings)


def differentiate(
    survey: Survey,
    generator: Generator,
    scorer: Scorer,
    *,
    n: int = 64,
    attributes: Iterable[str] | None = None,
    folder: str | os.PathLike[str] | None = None,
    batch_size: int = 16,
    progress: Advance | None = None,
) -> Survey:
    """The same survey with the Jacobians of its first `n` codes, which `gradient`, `active` and `selective` need.

    Args:
        n: codes to differentiate.
        attributes: to differentiate, one backward pass each; by default all.
        folder: of the survey, to write the Jacobians into; `load_survey` reads them.
        batch_size: images at a time.

    Returns:
        A copy with `Survey.jacobians`.

    Raises:
        UnknownNameError: for an attribute that was not scored.
        OutputError: when the folder cannot be written.
        SettingError: for another scorer than that of the survey, and without gradients, see `jacobians`.
        SpaceError, FingerprintError: for codes of another generator.

    Example::

        found = ga.selective(ga.differentiate(survey, generator, scorer, n=64))
    """
    if survey.scorer not in (None, scorer.fingerprint):
        raise SettingError(
            f"{scorer.description} is not the scorer of this survey; give the one that the survey was made with"
        )
    wanted = scorer if attributes is None else scorer.select(attributes)
    seen = jacobians(generator, wanted, survey.latents[:n], batch_size=batch_size, progress=progress)
    if folder is not None:
        write_jacobians(seen, Path(folder))
    return replace(survey, jacobians=seen)


def load_survey(folder: str | os.PathLike[str]) -> Survey:
    """Read all rows that a survey has written so far.

    Args:
        folder: that `survey` or `save_survey` wrote.

    Returns:
        The survey, with its Jacobians where it has them.

    Raises:
        MissingFileError: when there is no survey.
        CheckpointError: when it is damaged, or has no rows yet.

    Example::

        found = ga.regression(ga.load_survey("my.survey"))
    """
    folder = a_path(folder)
    settings = Settings.read(folder)
    if settings is None:
        raise MissingFileError(f"{folder} holds no survey.json; give the folder that a survey was written to")
    counts = count_rows(folder, settings, strict=True)
    num_rows = sum(counts.values())
    if not num_rows:
        raise CheckpointError(f"{folder} has no rows yet; run the same survey again")
    table = SurveyRows.empty(num_rows, settings)
    if counts != {part: table.rows_in(part) for part in range(table.num_parts)}:
        raise CheckpointError(
            f"{folder} lacks rows in the middle; run the same survey again, which fills the gap"
        )
    for part, count in counts.items():
        read_part(folder, part, table, settings, count)
    return replace(table.survey(settings), jacobians=read_jacobians(folder))


def save_survey(survey: Survey, folder: str | os.PathLike[str]) -> Path:
    """Write all rows to a new folder, which `load_survey` reads and `survey` can extend.

    Raises:
        SettingError: when the rows are not a sample from its beginning.
        OutputError: when the folder cannot be written, or holds a survey already.
    """
    if not torch.equal(survey.sample_rows, torch.arange(len(survey))):
        raise SettingError(
            "only a whole sample can be saved as a survey; save the survey, then take the subset"
        )
    folder = Path(folder)
    if (folder / "survey.json").exists():
        raise OutputError(f"{folder} holds a survey already; choose another folder")
    settings = Settings.of(survey)
    table = SurveyRows.empty(len(survey), settings)
    table.put(0, survey.latents, survey.scores)
    with writing(folder, settings):
        for part in range(table.num_parts):
            write_part(folder, part, table, settings, table.rows_in(part))
    if survey.jacobians is not None:
        write_jacobians(survey.jacobians, folder)
    return folder


@dataclass(frozen=True, kw_only=True)
class _Job:
    """Makes the rows of a survey."""

    generator: Generator
    scorer: Scorer
    settings: Settings
    batch_size: int

    @torch.no_grad()
    def fill(self, table: SurveyRows, part: int, have: int) -> Iterator[int]:
        """Make the rows of one part after the first `have`; yields how many each batch adds."""
        start, stop = part * PART_ROWS, part * PART_ROWS + table.rows_in(part)
        if start + have == stop:
            return
        # Always draw a whole part: matrix products round differently for other batch sizes, and codes must not.
        latents = self.generator.sample(
            PART_ROWS,
            seed=self.settings.seed,
            start=start,
            space=self.settings.space,
            truncation_psi=self.settings.truncation_psi,
        )
        for row in range(start + have, stop, self.batch_size):
            batch = latents[row - start : min(row + self.batch_size, stop) - start]
            table.put(row, batch, self.scorer.score(self.generator(batch), latents=batch, start=row))
            yield len(batch)


def _survey_folder(folder: Path, job: _Job, table: SurveyRows, report: Advance) -> None:
    """Read the rows in a folder, and make the others."""
    found = Settings.read(folder)
    if found is not None:
        job.settings.refuse_other(found, folder)
    have = dict.fromkeys(range(table.num_parts), 0)
    for part, count in count_rows(folder, job.settings, strict=False).items() if found else ():
        if part in have:
            # A part that cannot be read is made again: its rows are known by their index.
            with suppress(CheckpointError):
                have[part] = read_part(folder, part, table, job.settings, min(count, table.rows_in(part)))
    done = sum(have.values())
    report(done, table.num_rows)
    if done == table.num_rows:
        return
    with writing(folder, job.settings):
        for part in have:
            flushed = time.monotonic()
            for new in job.fill(table, part, have[part]):
                have[part] += new
                done += new
                if have[part] == table.rows_in(part) or time.monotonic() - flushed > FLUSH_SECONDS:
                    write_part(folder, part, table, job.settings, have[part])
                    flushed = time.monotonic()
                report(done, table.num_rows)
