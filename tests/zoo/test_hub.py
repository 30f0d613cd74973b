"""Repositories of Hugging Face, on a server on this machine that answers as the hub does, and without any network."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import ganatomy as ga
from ganatomy.generators import save_generator
from ganatomy.zoo import hub
from ganatomy.zoo.checksums import git_blob_of
from ganatomy.zoo.hub import HubReference, parse_reference

COMMIT = "c" * 40


@dataclass
class Hub:
    server: Any
    files: dict[str, bytes] = field(default_factory=dict)

    def publish(self, repo: str = "org/gan", revision: str = "main", **more: Any) -> None:
        """Answer for a repository as the hub does; files of weights are kept as LFS objects there."""
        siblings = []
        for name, body in self.files.items():
            digest = hashlib.sha256(body).hexdigest()
            entry: dict[str, Any] = {"rfilename": name, "size": len(body), "blobId": "b" * 40}
            if name.endswith(hub.WEIGHTS):
                entry["lfs"] = {"sha256": digest, "size": len(body), "pointerSize": 1}
            siblings.append(entry)
            answer = self.server.put(f"/{repo}/resolve/{COMMIT}/{name}", body)
            answer.headers |= {"X-Repo-Commit": COMMIT}
        info = {"id": repo, "sha": COMMIT, "siblings": siblings, "tags": ["license:mit"], **more}
        path = f"/api/models/{repo}" + ("" if revision == "main" else f"/revision/{revision}")
        self.server.put(path, json.dumps(info).encode())

    def refuse(self, path: str, status: int, code: str) -> None:
        self.server.put(path, b"{}", status=status).headers["X-Error-Code"] = code


@pytest.fixture
def weights(tmp_path: Path) -> bytes:
    return save_generator(ga.ToyGenerator(), tmp_path / "toy.safetensors").read_bytes()


@pytest.fixture
def fake(server: Any, cache: Path, monkeypatch: pytest.MonkeyPatch, weights: bytes) -> Hub:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", server.url)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(
        "huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE",
        server.url + "/{repo_id}/resolve/{revision}/{filename}",
    )
    return Hub(server, {"README.md": b"# a model", "config.py": b"import os", "model.safetensors": weights})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("org/name", HubReference(repo="org/name")),
        ("hf://org/name", HubReference(repo="org/name")),
        ("org/name-2.0", HubReference(repo="org/name-2.0")),
        ("org/name@v2", HubReference(repo="org/name", revision="v2")),
        ("org/name/file.safetensors", HubReference(repo="org/name", file="file.safetensors")),
        ("hf://org/name@refs/pr/3", HubReference(repo="org/name", revision="refs/pr/3")),
        ("hf://org/name@v2/a/G.pkl", HubReference(repo="org/name", revision="v2", file="a/G.pkl")),
        ("runs/model.pt", None),
        ("runs/gan/readme.txt", None),
        ("/org/name", None),
        ("./org/name", None),
        ("../org/name", None),
        ("org\\name", None),
        ("name.pt", None),
        ("a/b/../../c.pt", HubReference(repo="a/b", file="../../c.pt")),
    ],
)
def test_what_is_a_repository_and_what_a_path(text: str, expected: HubReference | None) -> None:
    assert parse_reference(text) == expected


def test_a_reference_prints_as_it_is_written() -> None:
    for text in ("hf://org/name", "hf://org/name@v2/deep/G.pkl"):
        assert str(parse_reference(text)) == text
    with pytest.raises(ga.SettingError, match="'hf://faces' names no repository; write hf://org/name"):
        parse_reference("hf://faces")


def test_a_repository_loads_as_its_file_does(fake: Hub) -> None:
    fake.publish(cardData={"license": "apache-2.0"})
    generator = ga.load("org/gan")
    assert generator.fingerprint == ga.ToyGenerator().fingerprint
    assert generator.origin is not None
    assert generator.origin.licence == "apache-2.0"
    assert generator.origin.source.name == "hf://org/gan/model.safetensors"


def test_only_the_file_of_weights_is_fetched(fake: Hub) -> None:
    fake.publish()
    ga.load("hf://org/gan")
    assert {path for _, path, _ in fake.server.asked} == {
        "/api/models/org/gan?blobs=true",
        f"/org/gan/resolve/{COMMIT}/model.safetensors",
    }
    with pytest.raises(
        ga.SettingError, match=r"config.py is no file of weights, and nothing else is fetched"
    ):
        ga.load("hf://org/gan/config.py")


def test_a_revision_and_a_file_can_be_named(fake: Hub, weights: bytes) -> None:
    fake.files |= {"a.safetensors": weights, "deep/b.safetensors": weights}
    fake.publish(revision="v2")
    generator = ga.load("hf://org/gan@v2/deep/b.safetensors")
    assert generator.origin is not None
    assert generator.origin.source.url == "hf://org/gan@v2/deep/b.safetensors"


def test_a_path_that_exists_goes_before_a_repository(
    fake: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    save_generator(ga.ToyGenerator(seed=5), tmp_path / "org/gan/model.safetensors")
    assert ga.load("org/gan").fingerprint == ga.ToyGenerator(seed=5).fingerprint
    with pytest.raises(ga.MissingFileError, match="org/other does not exist"):
        ga.load("org/other")  # org is a folder here, so this is a slip and not a repository
    with pytest.raises(ga.MissingFileError, match="two/words does not exist"):
        ga.load(Path("two/words"))  # a Path is always a path
    assert fake.server.asked == []


def test_a_file_of_another_checksum_is_refused_and_thrown_away(
    fake: Hub, weights: bytes, tmp_path: Path
) -> None:
    fake.publish()
    fake.server.answers[f"/org/gan/resolve/{COMMIT}/model.safetensors"].body = weights[:-1] + b"!"
    with pytest.raises(ga.DownloadError, match="arrived with sha256 .* the file was deleted"):
        ga.load("org/gan")
    assert list((tmp_path / "hub").rglob("model.safetensors")) == []


def test_a_small_file_is_held_against_the_name_that_git_gives_it(
    fake: Hub, weights: bytes, tmp_path: Path
) -> None:
    fake.publish()
    path = "/api/models/org/gan"
    info = json.loads(fake.server.answers[path].body)
    (tmp_path / "same").write_bytes(weights)
    info["siblings"][-1] |= {"lfs": None, "blobId": git_blob_of(tmp_path / "same")}
    fake.server.put(path, json.dumps(info).encode())
    assert ga.load("org/gan").fingerprint == ga.ToyGenerator().fingerprint
    info["siblings"][-1] |= {"blobId": "0" * 40}
    fake.server.put(path, json.dumps(info).encode())
    with pytest.raises(ga.DownloadError, match=f"arrived with git .* where the hub says {'0' * 40}"):
        ga.load("org/gan")


def test_which_file_is_meant_must_be_clear(fake: Hub, weights: bytes) -> None:
    fake.files = {"README.md": b"", "a.pkl": weights, "b.safetensors": weights}
    fake.publish()
    with pytest.raises(
        ga.DownloadError, match=r"holds 2 files of weights; give one of: hf://org/gan/a.pkl; hf://"
    ):
        ga.load("org/gan")
    with pytest.raises(ga.DownloadError, match=r"has no c.pkl; give one of: hf://org/gan/a.pkl; hf://"):
        ga.load("org/gan/c.pkl")
    with pytest.raises(ga.DownloadError, match="has no ../../a.pkl"):
        ga.load("hf://org/gan/../../a.pkl")
    fake.files = {"README.md": b"", "app.py": b""}
    fake.publish()
    with pytest.raises(ga.DownloadError, match="holds no file of weights, only README.md, app.py"):
        ga.load("org/gan")


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (401, "RepoNotFound", "no such repository, or it is private"),
        (404, "RepoNotFound", "no such repository, or it is private"),
        (403, "GatedRepo", "accept the conditions"),
        (404, "RevisionNotFound", "no such revision"),
        (500, "", "the hub answers"),
    ],
)
def test_what_the_hub_refuses_is_said_in_words(fake: Hub, status: int, code: str, words: str) -> None:
    fake.refuse("/api/models/org/gan", status, code)
    with pytest.raises(ga.DownloadError, match=f"hf://org/gan cannot be read: .*{words}"):
        ga.load("org/gan")


def test_without_a_network_the_cache_answers(fake: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.publish()
    fingerprint = ga.load("org/gan").fingerprint
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:1")
    again = ga.load("org/gan")
    assert again.fingerprint == fingerprint
    assert again.origin is not None
    assert again.origin.licence == "mit"
    with pytest.raises(
        ga.DownloadError, match="hf://org/other is not in the cache, and http.* cannot be asked"
    ):
        ga.load("org/other")


def test_offline_mode_is_kept(fake: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.publish()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ga.DownloadError, match="not in the cache.*HF_HUB_OFFLINE"):
        ga.load("org/gan")
    assert fake.server.asked == []


def test_a_machine_without_a_network_says_so(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "https://nowhere.invalid")
    with pytest.raises(
        ga.DownloadError, match="check the network.*download the file elsewhere and give its path"
    ):
        ga.load("org/gan")


def test_a_file_that_changed_in_the_cache_is_fetched_again(fake: Hub, tmp_path: Path) -> None:
    fake.publish()
    ga.load("org/gan")
    [cached] = (tmp_path / "hub").rglob("model.safetensors")
    cached.resolve().write_bytes(b"rot")
    with pytest.raises(ga.DownloadError, match="the file was deleted, try again"):
        ga.load("org/gan")
    assert ga.load("org/gan").fingerprint == ga.ToyGenerator().fingerprint
