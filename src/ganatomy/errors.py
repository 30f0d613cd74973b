"""Everything that ganatomy refuses, as one tree.

    GanatomyError
    ├── CheckpointError        ValueError         a file that cannot be read as what it was given for
    ├── DownloadError          ConnectionError    a file that cannot be had from the network
    ├── FingerprintError       ValueError         a direction or code of another generator
    ├── MissingFileError       FileNotFoundError  a path that is not there
    ├── OutputError            OSError            a place that cannot be written
    ├── PhotographError        ValueError         a photograph without what is needed, such as a face
    ├── ScoreError             ValueError         scores or labels from which nothing can be learnt
    ├── SettingError           ValueError         an argument outside its range
    ├── SpaceError             ValueError         codes of one space where another is needed
    ├── UnknownNameError       LookupError        an attribute, method or model that does not exist
    └── WorkerError            RuntimeError       processes or machines that should help, but cannot

Each is also the builtin that it resembles, so code that knows nothing of ganatomy can catch it. A message says what
was wrong, with the values in it, and what to do next. The command line turns these errors, and only these, into one
line and exit code 2.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class GanatomyError(Exception):
    """The root of all errors that ganatomy raises on purpose.

    Example::

        try:
            ga.load("nothing.pt")
        except ga.GanatomyError as error:  # whatever ganatomy refuses
            print(error)
    """


class CheckpointError(GanatomyError, ValueError):
    """A file of weights, codes, directions or scores cannot be read as what it was given for.

    Example::

        try:
            ga.load("photograph.png")
        except ga.CheckpointError as error:
            print(error)  # photograph.png is a PNG image, not a file of weights
    """


class DownloadError(GanatomyError, ConnectionError):
    """A file cannot be had from the network: no connection, no such file, or not the file that was expected.

    Example::

        try:
            ga.load("org/name")
        except ga.DownloadError as error:
            print(error)
    """


class FingerprintError(GanatomyError, ValueError):
    """A direction or a code belongs to another generator.

    Example::

        try:
            ga.move(other_generator.sample(1, space="w"), found["Smiling"], 1.0)
        except ga.FingerprintError as error:
            print(error)
    """


class MissingFileError(GanatomyError, FileNotFoundError):
    """A path does not exist.

    Example::

        try:
            ga.load_latents("nothing.latents")
        except ga.MissingFileError as error:
            print(error)
    """


class OutputError(GanatomyError, OSError):
    """A file or folder cannot be written.

    Example::

        try:
            ga.save_latents(w, "/proc/eight.latents")
        except ga.OutputError as error:
            print(error)
    """


class PhotographError(GanatomyError, ValueError):
    """A photograph can be read but does not hold what is needed: no face, or too few pixels."""


class ScoreError(GanatomyError, ValueError):
    """Scores or labels hold nothing to learn from: not a number, one class only, too few.

    Example::

        try:
            ga.regression(survey, ["Goatee"])  # which no image has
        except ga.ScoreError as error:
            print(error)
    """


class SettingError(GanatomyError, ValueError):
    """An argument is outside its range, or does not go with another.

    Example::

        try:
            G.sample(4, truncation_psi=0.7)  # codes in z have none
        except ga.SettingError as error:
            print(error)
    """


class SpaceError(GanatomyError, ValueError):
    """Codes live in one space where another is needed.

    Example::

        try:
            ga.move(G.sample(1), found["Smiling"], 1.0)  # codes in z, a direction in w
        except ga.SpaceError as error:
            print(error)
    """


class UnknownNameError(GanatomyError, LookupError):
    """A name does not exist; the message suggests the closest one that does.

    Example::

        try:
            found["Smilling"]
        except ga.UnknownNameError as error:
            print(error)  # there is no direction 'Smilling'; did you mean 'Smiling'?
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        super().__init__(kind, name, tuple(known))

    def __str__(self) -> str:
        kind, name, known = self.args
        close = [k for k in known if k.lower() == name.lower()]
        close = close or difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known) or 'none'}"
        return f"there is no {kind} {name!r}; {hint}"


class WorkerError(GanatomyError, RuntimeError):
    """Another process, or a cluster of machines, cannot be had, does not stay, or is not what it should be."""


@contextmanager
def in_file(path: str | os.PathLike[str]) -> Iterator[None]:
    """Puts the path in front of the error of whatever reads the file.

    >>> with in_file("gan.pt"):
    ...     raise CheckpointError("is cut off")
    Traceback (most recent call last):
        ...
    ganatomy.errors.CheckpointError: gan.pt is cut off
    """
    try:
        yield
    except CheckpointError as error:
        raise CheckpointError(f"{os.fspath(path)} {error}") from None
