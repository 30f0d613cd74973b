"""From what a person types (a name, a path, a repository) to the file of weights on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ganatomy.arguments import a_file
from ganatomy.errors import MissingFileError, UnknownNameError
from ganatomy.zoo import MODELS, find_bundled, hub
from ganatomy.zoo.downloads import cache_folder, download
from ganatomy.zoo.published import PUBLISHED, PublishedModel

Kind = Literal["bundled", "file", "published", "hub"]
STANDARD_FILES = (hub.STANDARD, "generator.safetensors")
"""What stands for a folder: the file of `ganatomy export`, or that of `ganatomy train`."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a model's weights lie, and what is known of them that is not in the file.

    Args:
        name: what the model is called: a bundled or published name, a path, or a reference to the hub.
        url: where the file came from, if from the network.
        settings: of a bundled model without weights, as they follow its name; None for all others.
    """

    name: str
    path: Path
    kind: Kind
    url: str | None = None
    licence: str | None = None
    settings: str | None = None


def find_source(model: str | os.PathLike[str]) -> Source:
    """The weights of a bundled name, a path, a published name or a repository, in this order; fetched if need be.

    Raises:
        UnknownNameError: for a word that is none of these. MissingFileError: for a path that does not exist.
        DownloadError, CheckpointError, OutputError, SettingError: where fetching fails.
    """
    text = os.fspath(model)
    bundled = find_bundled(text)
    if bundled:
        settings = text.partition(":")[2] if bundled.table else None
        return Source(name=text, path=bundled.generator, kind="bundled", settings=settings)
    path = Path(model)
    if os.path.exists(path):  # noqa: PTH110 (a name may be too long to be looked for, which this one bears)
        inside = (path / name for name in STANDARD_FILES)
        found = next((file for file in inside if file.is_file()), path)
        return Source(name=text, path=found if path.is_dir() else a_file(path, "weights"), kind="file")
    if text in PUBLISHED:
        return _fetch_published(PUBLISHED[text])
    if not isinstance(model, str):
        raise MissingFileError(f"{path} does not exist")
    if text == path.name and not path.suffix:
        raise _unknown(text)
    reference = None if _begins_with_a_folder(text) else hub.parse_reference(text)
    if reference is None:
        raise MissingFileError(f"{path} does not exist")
    fetched = hub.fetch(reference)
    return Source(
        name=str(fetched.reference),
        path=fetched.path,
        kind="hub",
        url=str(fetched.reference),
        licence=fetched.licence,
    )


def cached_file(model: PublishedModel) -> Path:
    """Where the file of a published model lies once it has been downloaded."""
    return cache_folder() / "published" / model.name / model.file


def _fetch_published(model: PublishedModel) -> Source:
    notice = f"{model.licence}, see {model.page}"
    path = download(model.url, cached_file(model), sha256=model.sha256, notice=notice)
    return Source(name=model.name, path=path, kind="published", url=model.url, licence=model.licence)


def _begins_with_a_folder(text: str) -> bool:
    """Whether this is a path below a folder that exists, so that its end is what is missing."""
    return (
        not text.startswith(hub.SCHEME)
        and Path(text).parts[0:1] != ()
        and os.path.exists(Path(text).parts[0])  # noqa: PTH110
    )


def _unknown(name: str) -> UnknownNameError:
    containing: Iterable[str] = [known for known in PUBLISHED if len(name) > 2 and name.lower() in known]
    everything = UnknownNameError("model", name, [*MODELS, *PUBLISHED])
    if "did you mean" in str(everything):
        return everything
    return UnknownNameError("model", name, containing or [*MODELS, "and those that `ganatomy models` lists"])
