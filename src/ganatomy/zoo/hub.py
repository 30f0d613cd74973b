"""Weights in a repository of Hugging Face: `org/name`, `org/name/file.safetensors`, `hf://org/name@revision/file.pkl`.

Only a file of weights is ever fetched, never code; it lands in Hugging Face's own cache, is held against the checksum
that the hub states, and is found there again without a network.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganatomy.errors import DownloadError, OutputError, SettingError
from ganatomy.reading import parse_json
from ganatomy.zoo.checksums import git_blob_of, sha256_of
from ganatomy.zoo.downloads import cache_folder, write_whole

if TYPE_CHECKING:
    from huggingface_hub.hf_api import RepoSibling

SCHEME = "hf://"
WEIGHTS = (".safetensors", ".pt", ".pth", ".pkl", ".ckpt", ".bin", ".h5", ".hdf5", ".keras", ".npz", ".onnx")
"""Endings of the files that may be fetched."""
STANDARD = "model.safetensors"
"""The file that is taken from a repository or a folder when none is named; `ganatomy export` writes it."""

_NAME = r"[A-Za-z0-9][\w.-]*"
_REFERENCE = re.compile(
    rf"(?P<repo>{_NAME}/{_NAME})(?:@(?P<revision>refs/\w+/[\w.-]+|[\w.-]+))?(?:/(?P<file>[^/@].*))?"
)
TIMEOUT = 10.0


@dataclass(frozen=True, kw_only=True)
class HubReference:
    """A file in a repository, at a revision (a branch, tag or commit; the main branch when None)."""

    repo: str
    revision: str | None = None
    file: str | None = None

    def __str__(self) -> str:
        revision = f"@{self.revision}" if self.revision else ""
        return f"{SCHEME}{self.repo}{revision}" + (f"/{self.file}" if self.file else "")


@dataclass(frozen=True, kw_only=True)
class HubFile:
    """A file of a repository on this machine."""

    path: Path
    reference: HubReference
    commit: str
    licence: str | None


def parse_reference(text: str) -> HubReference | None:
    """The reference that a text spells; None where it must be something else, such as a path.

    >>> str(parse_reference("org/name"))
    'hf://org/name'
    >>> parse_reference("hf://org/name@v2/deep/G.pkl")
    HubReference(repo='org/name', revision='v2', file='deep/G.pkl')
    >>> parse_reference("runs/model.pt")

    Raises:
        SettingError: for a text that begins with hf:// and goes on wrongly.
    """
    asked = text.startswith(SCHEME)
    match = _REFERENCE.fullmatch(text.removeprefix(SCHEME))
    # A name that ends as weights do is a file in a folder, and a file must end so; a person who writes hf:// decides.
    plausible = (
        match and not match["repo"].endswith(WEIGHTS) and (match["file"] or STANDARD).endswith(WEIGHTS)
    )
    if match and (plausible or asked):
        return HubReference(repo=match["repo"], revision=match["revision"], file=match["file"])
    if asked:
        raise SettingError(
            f"{text!r} names no repository; write hf://org/name, or hf://org/name@revision/file.safetensors"
        )
    return None


def fetch(reference: HubReference) -> HubFile:
    """The file that a reference names, from the cache where it is, else from the hub; always held against its checksum.

    Raises:
        DownloadError: without a network and a cached file; for a repository, revision or file that does not exist
            (the message lists the files that do) or may not be read; for a file of another checksum.
        SettingError: for a file that is not one of weights.
    """
    if reference.file and not reference.file.endswith(WEIGHTS):
        raise SettingError(
            f"{reference} is no file of weights, and nothing else is fetched; they end in {', '.join(WEIGHTS)}"
        )
    return _fetch(reference)


def fetch_part(reference: HubReference, names: Sequence[str]) -> Path | None:
    """The first of these files that a repository holds, such as a classifier beside its generator.

    Args:
        reference: to the repository; its own file is of no matter.
        names: of files of data.

    Returns:
        Its path on this machine; None where the repository holds none of them.

    Raises:
        DownloadError, SettingError: as `fetch` says.
    """
    for name in names:
        try:
            return _fetch(replace(reference, file=name)).path
        except MissingPartError:
            continue
    return None


def upload(folder: Path, repo: str, *, private: bool) -> str:
    """Put all files of a folder into a repository, which is made where it does not exist, as one commit.

    Returns:
        The address of its page.

    Raises:
        OutputError: when the hub refuses, or cannot be reached.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.constants import ENDPOINT
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalTokenNotFoundError
    from huggingface_hub.errors import HTTPError  # pyright: ignore[reportPrivateImportUsage]  # isort: skip

    api = HfApi(endpoint=ENDPOINT)
    try:
        url = api.create_repo(repo, private=private, exist_ok=True)
        api.upload_folder(repo_id=repo, folder_path=folder, commit_message="Written by ganatomy")
    except HFValidationError as error:
        raise SettingError(f"{repo} names no repository: {error}") from None
    except (LocalTokenNotFoundError, HfHubHTTPError) as error:
        raise OutputError(
            f"{SCHEME}{repo} cannot be written: {str(error).splitlines()[0]}; HF_TOKEN, or `hf auth login`, must name "
            "a token that may write there"
        ) from None
    except (HTTPError, OSError, RuntimeError) as error:  # the last where a large file breaks off
        cause = error.__cause__ or error
        reason = str(cause).splitlines()[0] if str(cause) else type(cause).__name__
        raise OutputError(
            f"{SCHEME}{repo} cannot be written, and {ENDPOINT} not be reached: {reason}"
        ) from None
    return str(url)


class MissingPartError(DownloadError):
    """A repository that can be read does not hold a file."""


def _fetch(reference: HubReference) -> HubFile:
    """The file, whatever it is, from the cache where it is, else from the hub."""
    from huggingface_hub.constants import ENDPOINT
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    # Whichever HTTP library this version of the hub's has: httpx, or httpx2 since.
    from huggingface_hub.errors import HTTPError  # pyright: ignore[reportPrivateImportUsage]  # isort: skip

    try:
        return _fetch_online(reference)
    except HfHubHTTPError as error:
        raise DownloadError(f"{reference} cannot be read: {_reason(error)}") from None
    except HFValidationError as error:
        raise SettingError(f"{reference} names no repository: {error}") from None
    except DownloadError:
        raise
    except (
        HTTPError,
        OSError,
        json.JSONDecodeError,
    ) as error:  # no connection, HF_HUB_OFFLINE, or a login page
        cached = _find_cached(reference)
        if cached is None and _is_known_to_lack(reference):
            raise MissingPartError(f"{SCHEME}{reference.repo} has no {reference.file}") from None
        if cached is None:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise DownloadError(
                f"{reference} is not in the cache, and {ENDPOINT} cannot be asked: {reason}; check the network "
                "and HF_HUB_OFFLINE, or download the file elsewhere and give its path"
            ) from None
        return cached


def _fetch_online(reference: HubReference) -> HubFile:
    from huggingface_hub import HfApi, hf_hub_download

    info = HfApi().model_info(
        reference.repo, revision=reference.revision, files_metadata=True, timeout=TIMEOUT
    )
    entry = _choose(reference, info.siblings or [])
    assert info.sha is not None
    # By the commit: the file cannot change between the question and the download.
    path = Path(hf_hub_download(reference.repo, entry.rfilename, revision=info.sha))
    checksum = f"sha256:{entry.lfs.sha256}" if entry.lfs else f"git:{entry.blob_id}"
    _verify(path, checksum, reference)
    licence = (info.card_data or {}).get("license") or next(
        (tag.removeprefix("license:") for tag in info.tags or [] if tag.startswith("license:")), None
    )
    data = {
        "file": entry.rfilename,
        "commit": info.sha,
        "checksum": checksum,
        "licence": licence,
        "files": [sibling.rfilename for sibling in info.siblings or []],
    }
    with contextlib.suppress(OSError):  # a cache that cannot be written costs only the next offline run
        write_whole(_record(reference), data)
    return HubFile(
        path=path, reference=replace(reference, file=entry.rfilename), commit=info.sha, licence=licence
    )


def _choose(reference: HubReference, siblings: list[RepoSibling]) -> RepoSibling:
    """The file that is named, or the only one that can be meant."""
    files = {entry.rfilename: entry for entry in siblings}
    candidates = [name for name in files if name.endswith(WEIGHTS)]
    if reference.file in files:
        return files[reference.file]
    if reference.file is None and (len(candidates) == 1 or STANDARD in candidates):
        return files[candidates[0] if len(candidates) == 1 else STANDARD]
    if not candidates:
        raise DownloadError(
            f"{SCHEME}{reference.repo} holds no file of weights, only {', '.join([*files][:8]) or 'nothing'}"
        )
    listed = "; ".join(str(replace(reference, file=name)) for name in _first(candidates))
    wrong = f"has no {reference.file}" if reference.file else f"holds {len(candidates)} files of weights"
    raise MissingPartError(f"{SCHEME}{reference.repo} {wrong}; give one of: {listed}")


def _first(names: list[str], most: int = 8) -> Iterator[str]:
    yield from names[:most]


def _verify(path: Path, checksum: str, reference: HubReference) -> None:
    """Hold a cached file against what the hub says, and throw it away if it is another."""
    kind, _, expected = checksum.partition(":")
    found = sha256_of(path) if kind == "sha256" else git_blob_of(path)
    if found != expected:
        blob = path.resolve()
        path.unlink()
        blob.unlink(missing_ok=True)
        raise DownloadError(
            f"{reference} arrived with {kind} {found}, where the hub says {expected}; the file was deleted, try again"
        )


def _record(reference: HubReference) -> Path:
    name = "--".join([reference.repo, reference.revision or "main", reference.file or ""]).replace("/", "--")
    return cache_folder() / "hub" / f"{name.rstrip('-')}.json"


def _find_cached(reference: HubReference) -> HubFile | None:
    """What the same reference was the last time, if it is still in the cache."""
    from huggingface_hub import try_to_load_from_cache

    try:
        data: dict[str, Any] = parse_json(_record(reference).read_text())
        path = try_to_load_from_cache(reference.repo, data["file"], revision=data["commit"])
        if not isinstance(path, str):
            return None
        _verify(Path(path), data["checksum"], reference)
        return HubFile(
            path=Path(path),
            reference=replace(reference, file=data["file"]),
            commit=data["commit"],
            licence=data["licence"],
        )
    except (FileNotFoundError, ValueError, KeyError):
        return None


def _is_known_to_lack(reference: HubReference) -> bool:
    """Whether the repository did not hold this file when its weights were fetched."""
    try:
        return reference.file not in json.loads(_record(replace(reference, file=None)).read_text())["files"]
    except (FileNotFoundError, ValueError, KeyError):
        return False


def _reason(error: Exception) -> str:
    """What the hub's refusal means, in words for a person."""
    from huggingface_hub import errors

    reasons = {
        errors.GatedRepoError: "its owner wants to be asked: accept the conditions on its page, then set HF_TOKEN",
        errors.RepositoryNotFoundError: "there is no such repository, or it is private; check the spelling, "
        "or set HF_TOKEN",
        errors.RevisionNotFoundError: "the repository has no such revision",
    }
    found = next((words for kind, words in reasons.items() if isinstance(error, kind)), None)
    return found or f"the hub answers {str(error).splitlines()[0]}"
