"""Files from the network into the cache: whole or not at all, resumed where they stopped, and always checked."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from ganatomy.errors import CheckpointError, DownloadError, OutputError
from ganatomy.reading import parse_json
from ganatomy.zoo.checksums import sha256_of

TIMEOUT = 20.0
"""Seconds that a server may be silent."""
CHUNK = 1 << 18


def cache_folder() -> Path:
    """`GANATOMY_CACHE`, or else where this platform keeps caches."""
    import platformdirs

    chosen = os.environ.get("GANATOMY_CACHE")
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("ganatomy")


def download(url: str, path: Path, *, sha256: str | None = None, notice: str = "") -> Path:
    """The file of that address at this path, fetched if it is not there yet.

    A download that breaks off leaves a part, and the next one goes on from there, if the part is this user's own file.
    What arrives is held against
    `sha256`; where none is published, the first download is trusted, and recorded beside the file. Every later
    call holds the file against that record, and so does a second download.

    Args:
        notice: what to tell on stderr before a download, such as the licence.

    Raises:
        DownloadError: without a network, for a file that the server does not have, or that is not the expected one.
        CheckpointError: when the file in the cache has changed since. OutputError: when the cache cannot be written.
    """
    with _writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with _lock(path):
            return _fetched(url, path, sha256=sha256, notice=notice)


def _fetched(url: str, path: Path, *, sha256: str | None, notice: str) -> Path:
    """What `download` does, while no other process does it."""
    record = Record.read(path)
    expected = sha256 or (record.sha256 if record else None)
    if path.exists():
        found = sha256_of(path)
        if expected not in (None, found):
            raise CheckpointError(
                f"{path} has sha256 {found} and not {expected}: it was changed or damaged since it was downloaded; "
                "delete it, and it is fetched again"
            )
    else:
        _tell(f"downloading {url} to {path}" + (f"; {notice}" if notice else ""))
        part = path.with_name(f"{path.name}.part")
        if not _is_own(part):
            part.unlink(missing_ok=True)
        _download(url, part)
        found = sha256_of(part)
        if expected not in (None, found):
            part.unlink()
            raise DownloadError(
                f"{url} has sha256 {found}, not the expected {expected}; nothing was kept"
                + (f". It was another file on {record.date}; if that is right, delete {record.path}"
                   if record and not sha256 else "")
            )  # fmt: skip
        if expected is None:
            _tell(f"no checksum is published; trusted and recorded on first use: sha256 {found}")
    if record is None or record.sha256 != found:
        Record(path=Record.beside(path), url=url, sha256=found, date=_today()).write()
    if not path.exists():
        os.replace(path.with_name(f"{path.name}.part"), path)
    return path


@dataclass(frozen=True, kw_only=True)
class Record:
    """What a download was, as JSON beside it."""

    path: Path
    url: str
    sha256: str
    date: str

    @staticmethod
    def beside(file: Path) -> Path:
        return file.with_name(f"{file.name}.json")

    @classmethod
    def read(cls, file: Path) -> Record | None:
        """The record of that file; None where there is none, or it cannot be read."""
        try:
            data: Any = parse_json(cls.beside(file).read_text())
            return cls(path=cls.beside(file), url=data["url"], sha256=data["sha256"], date=data["date"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self) -> None:
        write_whole(self.path, {"url": self.url, "sha256": self.sha256, "date": self.date})


def write_whole(path: Path, data: dict[str, Any]) -> None:
    """Write JSON whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(data, indent=2))
    os.replace(part, path)


def _is_own(part: Path) -> bool:
    """Whether a part is a file that this user alone may have written: no link, and none of another user's."""
    try:
        found = part.lstat()
    except FileNotFoundError:
        return False
    others = stat.S_IWGRP | stat.S_IWOTH
    mine = not hasattr(os, "getuid") or (found.st_uid == os.getuid() and not found.st_mode & others)
    return stat.S_ISREG(found.st_mode) and found.st_nlink == 1 and mine


def _download(url: str, part: Path) -> None:
    """All bytes of that address into this file, after those that are in it already."""
    tag_file = part.with_name(f"{part.name}.tag")
    have, tag = 0, ""
    if part.exists() and tag_file.exists():
        have, tag = part.stat().st_size, tag_file.read_text()
    # If-Range: the rest is sent only of the same file, else all of the new one.
    resume = {"Range": f"bytes={have}-", "If-Range": tag} if have and tag else {}
    with _answering(url):
        try:
            response = urlopen(Request(url, headers={"User-Agent": "ganatomy", **resume}), timeout=TIMEOUT)  # noqa: S310 (addresses are ours)
        except HTTPError as error:
            if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or not resume:
                raise
            part.unlink()
            return _download(url, part)
    with response:
        if response.status != http.HTTPStatus.PARTIAL_CONTENT:
            have = 0
        length = response.headers.get("Content-Length")
        total = have + int(length) if length else None
        strong = response.headers.get("ETag", "")
        tag_file.write_text(strong if strong.startswith('"') else response.headers.get("Last-Modified", ""))
        with part.open("ab" if have else "wb") as file, _bar(part.name.removesuffix(".part"), total) as show:
            while True:
                with _answering(url):
                    chunk = response.read(CHUNK)
                if not chunk:
                    break
                have += file.write(chunk)
                show(have)
    if total is not None and have != total:
        raise DownloadError(
            f"{url} broke off after {have / 1e6:.1f} of {total / 1e6:.1f} MB; the same command goes on from there"
        )
    tag_file.unlink()
    return None


@contextlib.contextmanager
def _answering(url: str) -> Iterator[None]:
    """Errors of servers and connections, as ours."""
    try:
        yield
    except HTTPError as error:
        gone = error.code in (http.HTTPStatus.NOT_FOUND, http.HTTPStatus.GONE)
        reason = "the server has no such file (any more)" if gone else f"{error.code} {error.reason}"
        raise DownloadError(f"{url} cannot be downloaded: {reason}") from None
    except (URLError, OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error or type(error).__name__
        raise DownloadError(
            f"{url} cannot be downloaded: {reason}; check the network, then run the same again, which goes on "
            "where it stopped; or download the file elsewhere and give its path"
        ) from None


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except DownloadError:
        raise
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror or error}; GANATOMY_CACHE names another folder"
        ) from None


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    """One process downloads; others wait for it."""
    from filelock import FileLock

    with FileLock(path.with_name(f".{path.name}.lock")):
        yield


@contextlib.contextmanager
def _bar(name: str, total: int | None) -> Iterator[Any]:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task(name, total=total)
        yield lambda done: bars.update(task, completed=done)


def _tell(message: str) -> None:
    from rich.console import Console
    from rich.text import Text

    Console(stderr=True, highlight=False).print(Text(message, style="dim"), soft_wrap=True)


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
