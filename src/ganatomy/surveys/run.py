"""Make a survey, in memory or on disk, and read one back."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import torch

from ganatomy.arguments import a_path, instance, whole
from ganatomy.errors import CheckpointError, MissingFileError, OutputError, ScoreError, SettingError
from ganatomy.generators.base import Generator
from ganatomy.generators.batches import images_at_once
from ganatomy.latents import Space
from ganatomy.perception.base import Scorer
from ganatomy.progress import Advance, watched
from ganatomy.surveys.base import Survey
from ganatomy.surveys.jacobians import jacobians, read_jacobians, write_jacobians
from ganatomy.surveys.parts import StoredPart, find_parts, read_part, write_part, writing
from ganatomy.surveys.rows import Rows, RowSource
from ganatomy.surveys.settings import Settings, blocks
from ganatomy.surveys.stored import StoredSurvey
from ganatomy.surveys.writer import PartWriter
from ganatomy.workers import Executor, work_on, workers


@watched("surveying")
def survey(
    generator: Generator,
    scorer: Scorer,
    *,
    n: int,
    space: str = "z",
    seed: int = 0,
    folder: str | os.PathLike[str] | None = None,
    batch_size: int | None = None,
    truncation_psi: float = 1.0,
    executor: Executor | None = None,
    progress: Advance | None = None,
) -> Survey:
    """Draw `n` codes, generate their images, score them.

    Row i depends on the generator, the seed and i only: the codes are the same to the bit for any `n` and `batch_size`,
    the logits to the rounding of matrix products.

    Args:
        space: of the codes in the survey, and so of the directions found in it.
        folder: to keep the rows in. Rows in it are read and not made again, so a survey that was killed continues, and
            a larger `n` extends it. One process writes a folder at a time. The survey reads its rows from there.
        batch_size: images at a time; by default as many as suit their size and the device.
        truncation_psi: of codes in w and later spaces: 1 = none, 0 = mean w.
        executor: who makes the rows, such as `LocalProcesses` or `RayCluster`; by default those of the enclosing
            `work_on`, else this process.
        progress: called with the number of rows done and `n`, after each batch.

    Returns:
        The codes and their scores.

    Raises:
        SettingError: for a setting outside its range, or a folder that holds another survey.
        SpaceError: for a space that the generator does not have.
        OutputError: when the folder cannot be written; nothing has been generated then.
        ScoreError: when a score is not finite, or a table of labels is too short.
        WorkerError: where the executor's workers cannot be had, or do not stay.

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
    n, batch_size = whole("n", n, least=1), images_at_once(generator, batch_size)
    space = Space.parse(space)
    if space == Space.Z and truncation_psi != 1:
        raise SettingError(
            f"truncation_psi {truncation_psi:g} has no effect on codes in z; survey space w or later"
        )
    if scorer.num_rows is not None and n > scorer.num_rows:
        raise ScoreError(
            f"{scorer.description} cannot score {n} codes; survey at most {scorer.num_rows}, or label more"
        )
    source = RowSource(
        generator=generator,
        scorer=scorer,
        settings=_settings(generator, scorer, space=space, seed=seed, truncation_psi=truncation_psi),
        batch_size=batch_size,
    )
    report = progress or (lambda *_: None)
    if folder is not None:
        return _survey_folder(Path(folder), source, n, executor, report)
    with work_on(executor):
        return _survey_memory(source, n, report)


@torch.no_grad()
def _settings(
    generator: Generator, scorer: Scorer, *, space: Space, seed: int, truncation_psi: float
) -> Settings:
    return Settings.of(
        generator.sample(1, seed=seed, space=space, truncation_psi=truncation_psi),
        scorer=scorer.fingerprint,
        attributes=scorer.names,
        seed=seed,
        truncation_psi=truncation_psi,
        label=generator.label,
        class_names=generator.signature.class_names,
    )


@watched("differentiating")
def differentiate(
    survey: Survey,
    generator: Generator,
    scorer: Scorer,
    *,
    n: int = 128,
    attributes: Iterable[str] | None = None,
    decided: bool = False,
    folder: str | os.PathLike[str] | None = None,
    batch_size: int | None = None,
    progress: Advance | None = None,
) -> Survey:
    """The same survey with the Jacobians of its first `n` codes, which `gradient`, `active` and `selective` need.

    Args:
        n: codes to differentiate.
        attributes: to differentiate; by default all.
        decided: also differentiate attributes in images where they are decided, of which no method learns more
            (`jacobians.FLAT`). Each attribute is differentiated in 32 images in any case.
        folder: of the survey, to write the Jacobians into; `load_survey` reads them.
        batch_size: images at a time; by default as many as suit their size and the device.

    Returns:
        A copy with `Survey.jacobians`.

    Raises:
        UnknownNameError: for an attribute that was not scored.
        OutputError: when the folder cannot be written.
        SettingError: for another scorer than that of the survey, and without gradients, see `jacobians`.
        SpaceError, FingerprintError: for codes of another generator.

    Example::

        found = ga.selective(ga.differentiate(survey, generator, scorer, n=128))
    """
    if survey.scorer not in (None, scorer.fingerprint):
        raise SettingError(
            f"{scorer.description} is not the scorer of this survey; give the one that the survey was made with"
        )
    wanted = scorer if attributes is None else scorer.select(attributes)
    seen = jacobians(
        generator, wanted, survey[:n].latents, decided=decided, batch_size=batch_size, progress=progress
    )
    if folder is not None:
        write_jacobians(seen, Path(folder))
    return replace(survey, jacobians=seen)


def load_survey(folder: str | os.PathLike[str]) -> Survey:
    """Open all rows that a survey has written so far; they are read when they are needed.

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
    parts = find_parts(folder, settings, strict=True)
    if not parts:
        raise CheckpointError(f"{folder} has no rows yet; run the same survey again")
    n = sum(part.num_rows for part in parts.values())
    if any(
        part not in parts or parts[part].num_rows != settings.rows_in(part, n)
        for part in range(settings.num_parts(n))
    ):
        raise CheckpointError(
            f"{folder} lacks rows in the middle; run the same survey again, which fills the gap"
        )
    return StoredSurvey.of(settings, list(parts.values()), read_jacobians(folder))


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
    settings, n = survey.settings, len(survey)
    with writing(folder, settings):
        for part in range(settings.num_parts(n)):
            start = part * settings.part_rows
            some = survey[start : start + settings.rows_in(part, n)]
            write_part(folder, part, Rows.of(start, some.latents, some.scores), settings)
    if survey.jacobians is not None:
        write_jacobians(survey.jacobians, folder)
    return folder


def _survey_memory(source: RowSource, n: int, report: Advance) -> Survey:
    settings = source.settings
    found = Rows.empty(n, settings)
    with closing(workers().map(source.make, blocks(0, n))) as made:
        for rows in made:
            found.put(slice(rows.start, rows.stop), rows)
            report(rows.stop, n)
    return Survey.of_settings(settings, found.latents(settings), found.scores(settings))


def _survey_folder(
    folder: Path, source: RowSource, n: int, executor: Executor | None, report: Advance
) -> StoredSurvey:
    """Make the rows that a folder lacks; those that it has are read once, to see that they are whole."""
    settings, have = source.settings, dict[int, StoredPart]()
    found = Settings.read(folder)
    if found is not None:
        settings.refuse_other(found, folder)
        for index, part in find_parts(folder, settings, strict=False).items():
            # A part that cannot be read is made again: its rows are known by their index.
            with suppress(CheckpointError):
                read_part(part, settings)
                have[index] = part
    missing = list(_missing(settings, n, have))
    done = n - sum(stop - start for start, stop in missing)
    report(done, n)
    if missing:
        tasks = (task for start, stop in missing for task in blocks(start, stop))
        with (
            writing(folder, settings),
            PartWriter(folder=folder, settings=settings, n=n, have=have) as writer,
            work_on(executor) as working,
            closing(working.map(source.make, tasks)) as made,
        ):
            for rows in made:
                writer.put(rows)
                done += len(rows)
                report(done, n)
        have = find_parts(folder, settings, strict=False)
    return StoredSurvey.of(
        settings, [_first(have[part], settings.rows_in(part, n)) for part in range(settings.num_parts(n))]
    )


def _missing(settings: Settings, n: int, have: Mapping[int, StoredPart]) -> Iterator[tuple[int, int]]:
    """The ranges of rows that no part has."""
    for part in range(settings.num_parts(n)):
        start = part * settings.part_rows
        present = have[part].num_rows if part in have else 0
        if present < settings.rows_in(part, n):
            yield start + present, start + settings.rows_in(part, n)


def _first(part: StoredPart, count: int) -> StoredPart:
    """The first rows of a part, where it has more."""
    return part if part.num_rows == count else replace(part, num_rows=count, whole=False)
