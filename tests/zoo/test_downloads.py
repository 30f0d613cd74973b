"""Downloads against a server on this machine: resumed, checked, never half written."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

import ganatomy as ga
from ganatomy.zoo.downloads import Record, cache_folder, download

BODY = bytes(range(256)) * 4_000
SHA = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "model.pkl"


def left(path: Path) -> set[str]:
    """The files beside it, but for the lock."""
    return {file.name for file in path.parent.iterdir() if not file.name.endswith(".lock")}


def test_a_file_arrives_whole_with_a_record_of_what_it_was(server: Any, path: Path, capsys: Any) -> None:
    server.put("/m.pkl", BODY)
    assert download(f"{server.url}/m.pkl", path, notice="a licence") == path
    assert path.read_bytes() == BODY
    assert left(path) == {"model.pkl", "model.pkl.json"}
    record = json.loads((path.parent / "model.pkl.json").read_text())
    assert (record["url"], record["sha256"]) == (f"{server.url}/m.pkl", SHA)
    told = capsys.readouterr()
    assert told.out == ""
    assert "a licence" in told.err
    assert f"trusted and recorded on first use: sha256 {SHA}" in told.err


def test_a_file_that_is_there_is_not_asked_for_again(server: Any, path: Path, capsys: Any) -> None:
    server.put("/m.pkl", BODY)
    for _ in range(3):
        download(f"{server.url}/m.pkl", path, sha256=SHA)
    assert len(server.asked) == 1
    assert "trusted" not in capsys.readouterr().err


def test_a_download_that_breaks_off_goes_on_where_it_stopped(server: Any, path: Path) -> None:
    server.put("/m.pkl", BODY, break_after=700_000)
    with pytest.raises(ga.DownloadError, match=r"broke off after 0.7 of 1.0 MB.*goes on from there"):
        download(f"{server.url}/m.pkl", path)
    assert not path.exists()
    download(f"{server.url}/m.pkl", path)
    assert path.read_bytes() == BODY
    assert server.asked[-1] == ("GET", "/m.pkl", "bytes=700000-")
    assert left(path) == {"model.pkl", "model.pkl.json"}


def test_a_file_that_changed_in_between_is_fetched_from_the_start(server: Any, path: Path) -> None:
    server.put("/m.pkl", BODY, break_after=700_000)
    with pytest.raises(ga.DownloadError):
        download(f"{server.url}/m.pkl", path)
    server.put("/m.pkl", BODY[::-1])
    download(f"{server.url}/m.pkl", path)
    assert path.read_bytes() == BODY[::-1]


def test_a_server_that_cannot_resume_sends_everything_again(server: Any, path: Path) -> None:
    server.put("/m.pkl", BODY, break_after=700_000, ranges=False)
    with pytest.raises(ga.DownloadError):
        download(f"{server.url}/m.pkl", path)
    download(f"{server.url}/m.pkl", path)
    assert path.read_bytes() == BODY


def test_a_part_that_is_too_long_is_thrown_away(server: Any, path: Path) -> None:
    answer = server.put("/m.pkl", BODY)
    path.parent.mkdir()
    path.with_name("model.pkl.part").write_bytes(BODY)
    path.with_name("model.pkl.part.tag").write_text(answer.headers["ETag"])
    download(f"{server.url}/m.pkl", path)
    assert path.read_bytes() == BODY
    assert [asked[2] for asked in server.asked] == [f"bytes={len(BODY)}-", None]


@pytest.mark.parametrize("kind", ["a link", "a file of others", "a file with two names"])
def test_a_part_that_others_may_have_written_is_not_gone_on_with(
    server: Any, path: Path, tmp_path: Path, kind: str
) -> None:
    answer = server.put("/m.pkl", BODY)
    path.parent.mkdir()
    part, victim = path.with_name("model.pkl.part"), tmp_path / "victim"
    victim.write_bytes(b"poison")
    if kind == "a link":
        part.symlink_to(victim)
    elif kind == "a file with two names":
        part.hardlink_to(victim)
    else:
        part.write_bytes(b"poison")
        part.chmod(0o666)
    path.with_name("model.pkl.part.tag").write_text(answer.headers["ETag"])
    download(f"{server.url}/m.pkl", path)
    assert path.read_bytes() == BODY
    assert victim.read_bytes() == b"poison"


def test_another_checksum_is_refused_and_nothing_is_left(server: Any, path: Path) -> None:
    server.put("/m.pkl", BODY)
    with pytest.raises(
        ga.DownloadError, match=f"has sha256 {SHA}, not the expected {'0' * 64}; nothing was kept"
    ):
        download(f"{server.url}/m.pkl", path, sha256="0" * 64)
    assert left(path) == set()


def test_a_second_download_is_held_against_the_first(server: Any, path: Path) -> None:
    server.put("/m.pkl", BODY)
    download(f"{server.url}/m.pkl", path)
    path.unlink()
    server.put("/m.pkl", b"something else")
    with pytest.raises(ga.DownloadError, match=r"It was another file on \d{4}-.*delete .*model.pkl.json"):
        download(f"{server.url}/m.pkl", path)
    assert left(path) == {"model.pkl.json"}


def test_a_file_that_changed_in_the_cache_is_refused(server: Any, path: Path) -> None:
    server.put("/m.pkl", BODY)
    download(f"{server.url}/m.pkl", path)
    path.write_bytes(BODY[:-1] + b"!")
    with pytest.raises(ga.CheckpointError, match="changed or damaged since it was downloaded; delete it"):
        download(f"{server.url}/m.pkl", path)


def test_a_file_that_a_person_put_there_is_recorded(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(BODY)
    download("http://127.0.0.1:1/never-asked", path)
    record = Record.read(path)
    assert record is not None
    assert record.sha256 == SHA


@pytest.mark.parametrize(
    ("status", "words"), [(404, "no such file"), (503, "503 Service Unavailable"), (403, "403 Forbidden")]
)
def test_a_server_that_refuses_is_quoted(server: Any, path: Path, status: int, words: str) -> None:
    server.put("/m.pkl", b"<html>", status=status)
    with pytest.raises(ga.DownloadError, match=words):
        download(f"{server.url}/m.pkl", path)
    assert left(path) == set()


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/m.pkl", "https://nowhere.invalid/m.pkl"])
def test_no_network_says_what_to_do(path: Path, url: str) -> None:
    with pytest.raises(ga.DownloadError, match="cannot be downloaded: .*check the network.*give its path"):
        download(url, path)
    assert left(path) == set()


def test_a_cache_that_cannot_be_written_is_named(server: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ga.OutputError, match="cannot be written.*GANATOMY_CACHE"):
        download(f"{server.url}/m.pkl", tmp_path / "file" / "model.pkl")


def test_many_at_once_download_once(server: Any, path: Path) -> None:
    server.put("/m.pkl", BODY)
    threads = [Thread(target=download, args=(f"{server.url}/m.pkl", path)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_bytes() == BODY
    assert len(server.asked) == 1


def test_the_cache_is_where_the_user_says_or_where_the_platform_keeps_caches(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GANATOMY_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("GANATOMY_CACHE")
    assert cache_folder().name == "ganatomy"
