"""A generator with what belongs to it in a repository of Hugging Face, and back: `push` and `pull`.

The repository holds data alone: weights as safetensors, directions, classifiers, and a page that states the licence,
the figures that were measured, and how. No code is written or run.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganatomy.errors import CheckpointError, MissingFileError, OutputError, SettingError
from ganatomy.generators import load
from ganatomy.generators.base import Generator
from ganatomy.generators.exports import export
from ganatomy.latents import Directions
from ganatomy.perception import Judge, Scorer, judge, scorer
from ganatomy.plots import grid
from ganatomy.reading import parse_json
from ganatomy.report.writer import FIGURES, PAGE_FILE, SUMMARY_FILE
from ganatomy.storage import load_directions, save_directions
from ganatomy.zoo import find_bundled, hub
from ganatomy.zoo.sources import find_source

SCORER, JUDGE, DIRECTIONS = "scorer", "judge", "directions.safetensors"
"""Names of files in a repository; those of classifiers keep their endings."""
ENDINGS = (".safetensors", ".onnx", ".words")
"""Of classifiers that are files of data."""
SHEET = "samples.png"
SAMPLES, COLUMNS = 24, 8
"""Images on the sheet, drawn with seed 0."""
HOW = ("n", "measured", "space", "seed", "truncation_psi", "target_change", "scorer", "judge", "held_by")
"""Fields of a summary that say how its figures were measured."""


@dataclass(frozen=True, kw_only=True)
class Pushed:
    """What a repository received.

    Args:
        url: of its page.
        files: paths in it.
        fingerprint: of the generator in it.

    Example::

        pushed = ga.push(G, "me/faces", licence="CC-BY-4.0")
        print(pushed.url, pushed.files)
    """

    url: str
    files: tuple[str, ...]
    fingerprint: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Pulled:
    """What a repository holds; None where it lacks a part.

    Example::

        shared = ga.pull("me/faces")
        print(shared.generator, shared.directions)
    """

    generator: Generator
    scorer: Scorer | None
    judge: Judge | None
    directions: Directions | None


def push(
    generator: Generator,
    repo: str,
    *,
    scorer: str | os.PathLike[str] | None = None,
    judge: str | os.PathLike[str] | None = None,
    directions: Directions | None = None,
    report: str | os.PathLike[str] | None = None,
    licence: str | None = None,
    bits: int = 32,
    private: bool = False,
) -> Pushed:
    """Put a generator into a repository of Hugging Face, with what belongs to it; `pull` reads it back.

    Args:
        generator: that was loaded from a file, whatever its format, or trained.
        repo: "org/name", made where it does not exist. `HF_TOKEN`, or `hf auth login`, opens it.
        scorer: classifier of its attributes: the name of a bundled model, or a file of data (ONNX, safetensors, words).
        judge: a classifier that took no part in anything, as `scorer`.
        directions: of this generator.
        report: a folder that `explore` or another experiment wrote: its figures, directions and sentences, with how
            they were measured, go to the page.
        licence: of the weights, where it is not known or to be corrected.
        bits: of the numbers of large weights, as `save_generator` takes them.
        private: whether others may see a repository that is made.

    Returns:
        The address, and what lies there.

    Raises:
        SettingError: for weights whose licence is unknown, code that no file can hold, and names that are none.
        MissingFileError, CheckpointError: for files that are not there, or not what they were given for.
        OutputError: when the hub refuses, or cannot be reached.

    Example::

        ga.push(ga.load("run/"), "me/faces", scorer="scorer.onnx", report="faces-report", licence="CC-BY-4.0")
    """
    found = hub.parse_reference(f"{hub.SCHEME}{repo.removeprefix(hub.SCHEME)}")
    if found is None or found.file or found.revision:
        raise SettingError(f"{repo!r} is no name of a repository; write org/name")
    given = {SCORER: scorer, JUDGE: judge}
    classifiers = {kind: _file_of(kind, spec) for kind, spec in given.items() if spec is not None}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / found.repo.partition("/")[2]
        written = export(generator, folder, bits=bits, licence=licence)
        if written.card["licence"] == "unknown":
            raise SettingError(
                "the licence of these weights is unknown; say what others may do with them: licence='CC-BY-4.0'"
            )
        for kind, file in classifiers.items():
            shutil.copyfile(file, folder / f"{kind}{file.suffix}")
        if directions is not None:
            save_directions(directions, folder / DIRECTIONS)
        measured = "" if report is None else _add_report(Path(report), folder)
        grid(generator, generator.sample(SAMPLES, seed=0), columns=COLUMNS).save(folder / SHEET)
        _complete_page(folder, found.repo, [*classifiers], measured)
        files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
        url = hub.upload(folder, found.repo, private=private)
    return Pushed(url=url, files=tuple(files), fingerprint=written.fingerprint)


def pull(repo: str) -> Pulled:
    """The generator of a repository, with the scorer, the judge and the directions that lie there.

    Args:
        repo: "org/name", or "hf://org/name@revision".

    Returns:
        What it holds. Files are fetched once, held against their checksums, and found in the cache without a network.

    Raises:
        SettingError: for a text that names no repository.
        DownloadError: when it cannot be read. CheckpointError: for files that hold something else.

    Example::

        shared = ga.pull("me/faces")
        ga.grid(shared.generator, shared.generator.sample(8, seed=0))
    """
    generator = load(repo)
    sees, judges = (_fetched(repo, kind, ENDINGS) for kind in (SCORER, JUDGE))
    found = _fetched(repo, Path(DIRECTIONS).stem, ENDINGS[:1])
    return Pulled(
        generator=generator,
        scorer=None if sees is None else scorer(sees),
        judge=None if judges is None else judge(judges),
        directions=None if found is None else load_directions(found),
    )


def copy_shared(repo: str, folder: Path) -> list[Path]:
    """Copy what `pull` reads into a folder, which then stands for the model.

    Raises:
        DownloadError, SettingError: as `pull` says. OutputError: when the folder cannot be written.
    """
    files = {hub.STANDARD: find_source(repo).path}
    for stem, endings in ((SCORER, ENDINGS), (JUDGE, ENDINGS), (Path(DIRECTIONS).stem, ENDINGS[:1])):
        found = _fetched(repo, stem, endings)
        files |= {} if found is None else {f"{stem}{found.suffix}": found}
    try:
        return [Path(shutil.copyfile(file, folder / name)) for name, file in files.items()]
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror or error}") from None


def _fetched(repo: str, stem: str, endings: Iterable[str]) -> Path | None:
    """The file of this name in a repository, with one of these endings; None where there is none."""
    reference = hub.parse_reference(f"{hub.SCHEME}{repo.removeprefix(hub.SCHEME)}")
    assert reference is not None  # it has been loaded
    return hub.fetch_part(reference, [stem + ending for ending in endings])


def _file_of(kind: str, spec: str | os.PathLike[str]) -> Path:
    """The file of a classifier, which must be one of data."""
    bundled = find_bundled(os.fspath(spec))
    path = Path(spec) if bundled is None else (bundled.scorer if kind == SCORER else bundled.judge)
    if path is None or path.suffix not in ENDINGS:
        raise SettingError(
            f"{os.fspath(spec)!r} is no {kind} that a repository can hold; give a file of {', '.join(ENDINGS)}"
        )
    if not path.is_file():
        raise MissingFileError(f"{path} does not exist; give the file of a {kind}")
    return path


def _add_report(report: Path, folder: Path) -> str:
    """Copy what an experiment wrote, and say on the page what it found, and how it was measured."""
    try:
        summary = parse_json((report / SUMMARY_FILE).read_text(encoding="utf-8"))
        sentences = [str(sentence) for sentence in summary["sentences"]]
    except FileNotFoundError:
        raise MissingFileError(
            f"{report} holds no {SUMMARY_FILE}; give a folder that `ganatomy explore` wrote"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{report / SUMMARY_FILE} is no summary of an experiment: {error}") from None
    for name in (SUMMARY_FILE, PAGE_FILE, DIRECTIONS):
        if (report / name).is_file() and not (folder / name).exists():
            shutil.copyfile(report / name, folder / name)
    figures = sorted((report / FIGURES).glob("*.png"))
    (folder / FIGURES).mkdir(exist_ok=True)
    for figure in figures:
        shutil.copyfile(figure, folder / FIGURES / figure.name)
    return "\n".join(_measured(sentences, summary, figures)) + "\n"


def _measured(sentences: Iterable[str], summary: Mapping[str, Any], figures: Iterable[Path]) -> Iterable[str]:
    yield from ("", "## What was measured", "")
    yield from (f"- {sentence}" for sentence in sentences)
    yield from ("", "How:", "", "| | |", "|---|---|")
    yield from (
        f"| {name} | {_cell(summary[name])} |" for name in HOW if summary.get(name) not in (None, "", {}, [])
    )
    methods = summary.get("methods")
    if isinstance(methods, Mapping) and all("selectivity" in each for each in methods.values()):
        yield from ("", "| method | selectivity | 95 % interval |", "|---|---|---|")
        for name, each in methods.items():
            figure = each["selectivity"]
            yield f"| {name} | {figure['value']:.3g} | {figure['low']:.3g} to {figure['high']:.3g} |"
    yield from ("", f"All figures and their intervals: `{SUMMARY_FILE}` and `{PAGE_FILE}`.")
    for figure in list(figures)[:1]:
        yield from ("", f"![{figure.stem}]({FIGURES}/{figure.name})")


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "/")


def _complete_page(folder: Path, repo: str, classifiers: Iterable[str], measured: str) -> None:
    """Name the repository on the page of the export, show a sheet of images, and say what else lies there."""
    page = folder / "README.md"
    text = page.read_text(encoding="utf-8").replace('"org/name"', json.dumps(repo))
    parts = [*classifiers, *(["directions"] if (folder / DIRECTIONS).exists() else [])]
    text += f"\n![{SAMPLES} images of seed 0]({SHEET})\n"
    if parts:
        names = ", ".join(f"`shared.{part}`" for part in parts)
        text += f"\n`shared = ga.pull({json.dumps(repo)})` reads all of it: `shared.generator`, {names}.\n"
    try:
        page.write_text(text + measured, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{page} cannot be written: {error.strerror or error}") from None
