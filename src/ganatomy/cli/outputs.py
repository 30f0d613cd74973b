"""Files that commands write: refused before the work starts, not after it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ganatomy.cli.console import answer, progress
from ganatomy.errors import OutputError, SettingError

if TYPE_CHECKING:
    from ganatomy.generators.base import Generator
    from ganatomy.recipes import Recipe
    from ganatomy.report import Document

IMAGES = (".png", ".jpg", ".jpeg", ".webp")
FILMS = (".gif", ".mp4")
PAGES = (".html",)
CODES = (".latents", ".safetensors")
FILES = (
    *IMAGES, *FILMS, *CODES, ".directions", ".csv", ".tsv", ".txt", ".json", ".parquet", ".html", ".zip", ".pt", ".pth",
    ".pkl", ".onnx", ".npy", ".npz",
)  # fmt: skip
"""Endings of files, which the name of a folder must not have."""
OF_DIRECTIONS = (".directions", ".safetensors")


_MADE: list[Path] = []
"""Folders that were made for this command, inner ones first."""

LONGEST_NAME = 230
"""Bytes of the name of a file or a folder: systems have 255, of which a file that is being written needs some."""


@contextmanager
def leaving_no_empty_folder() -> Iterator[None]:
    """Take away the folders that a command made and has left empty, as a refused one does."""
    _MADE.clear()
    try:
        yield
    finally:
        for folder in _MADE:
            with suppress(OSError):  # it is not empty, or is gone
                folder.rmdir()


def expect_file(path: Path, endings: Iterable[str] = ()) -> Path:
    """The path, if a file can be written there, and its name ends as it should.

    Raises:
        SettingError: for another ending. OutputError: when the folder cannot be written.
    """
    endings = tuple(endings)
    _expect_short(path)
    if path.is_dir():
        raise OutputError(f"{path} is a folder; give -o a file")
    if endings and path.suffix.lower() not in endings:
        known = " or ".join(part for part in (", ".join(endings[:-1]), endings[-1]) if part)
        raise SettingError(f"{path.name!r} does not end in {known}; name the file so")
    expect_folder(path.parent)
    return path


def expect_new_folder(path: Path) -> Path:
    """The same of a folder that a command fills, whose name must not end like that of a file.

    Raises:
        SettingError: for a name that ends so. OutputError: when files cannot be written there.
    """
    if path.suffix.lower() in FILES and not path.is_dir():
        raise SettingError(
            f"{path.name!r} ends like a file, and a folder is written; leave out {path.suffix}"
        )
    return expect_folder(path)


def expect_folder(path: Path) -> Path:
    """The folder, made if need be, if files can be written in it.

    Raises:
        OutputError: when they cannot.
    """
    _expect_short(path)
    if path.is_file():
        raise OutputError(f"{path} is a file; give -o a folder")
    _MADE.extend(folder for folder in (path, *path.parents) if not folder.exists())
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}; choose another -o") from None
    return path


def _expect_short(path: Path) -> None:
    """Refuse names that no system can write, also with what is written beside them until they are whole."""
    for part in path.parts:
        length = len(os.fsencode(part))
        if length > LONGEST_NAME:
            raise OutputError(f"{part[:20]!r}... has a name of {length} bytes; {LONGEST_NAME} are the most")


def write(recipe: Recipe, out: Path, *, generator: Generator | None = None) -> None:
    """Write what a recipe makes, with progress."""
    from ganatomy.recipes import render_to

    with progress("drawing") as advance:
        render_to(recipe, out, generator=generator, progress=advance)


def finish_document(document: Document, out: Path, *, as_json: bool) -> None:
    """Write the folder of a document, and say what it found."""
    from ganatomy.report.writer import summary, write_document

    page = write_document(document, out)
    answer(
        "\n".join([*document.sentences, str(page)]),
        {**summary(document), "report": str(page)},
        as_json=as_json,
    )
