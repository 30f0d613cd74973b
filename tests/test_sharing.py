"""Models to a repository of Hugging Face and back, on a server on this machine that takes and gives as the hub does."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import torch

import ganatomy as ga
from ganatomy.cli import main
from ganatomy.perception.network import AttributeConfig, AttributeNetwork

COMMIT = "d" * 40
pytestmark = pytest.mark.filterwarnings(
    "ignore:Use 'content=:DeprecationWarning"
)  # of huggingface_hub itself


@dataclass
class Repositories:
    """What the server has, by repository and path, and what was asked of it."""

    url: str
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    large: dict[str, bytes] = field(default_factory=dict)
    private: dict[str, bool] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    refuse: int = 0


class Handler(BaseHTTPRequestHandler):
    found: Repositories

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path.startswith("/api/models/"):
            repo = path.removeprefix("/api/models/").partition("/revision/")[0]
            if repo not in self.found.files:
                return self.answer({}, status=404, headers={"X-Error-Code": "RepoNotFound"})
            return self.answer(self.info(repo))
        repo, _, rest = path.strip("/").partition("/resolve/")
        if repo not in self.found.files:
            return self.answer({}, status=404)
        body = self.found.files[repo][rest.partition("/")[2]]
        return self.send(body, {"ETag": f'"{hashlib.sha256(body).hexdigest()}"', "X-Repo-Commit": COMMIT})

    do_HEAD = do_GET  # noqa: N815 (the name is the library's)

    def do_POST(self) -> None:
        self.found.asked.append(self.path)
        sent = self.received()
        if self.found.refuse:
            return self.answer({"error": "you may not"}, status=self.found.refuse)
        if self.path == "/api/repos/create":
            asked = json.loads(sent)
            repo = "/".join(filter(None, [asked.get("organization"), asked["name"]]))
            self.found.files.setdefault(repo, {})
            self.found.private[repo] = bool(asked.get("private")) or asked.get("visibility") == "private"
            return self.answer({"url": f"{self.found.url}/{repo}"})
        if self.path == "/api/validate-yaml":
            return self.answer({"errors": [], "warnings": []})
        if "/preupload/" in self.path:
            files = json.loads(sent)["files"]
            modes = [
                {
                    "path": f["path"],
                    "uploadMode": "lfs" if f["size"] > 2000 else "regular",
                    "shouldIgnore": False,
                }
                for f in files
            ]
            return self.answer({"files": modes})
        if self.path.endswith("/info/lfs/objects/batch"):
            objects = [
                {**each, "actions": {"upload": {"href": f"{self.found.url}/lfs/{each['oid']}"}}}
                for each in json.loads(sent)["objects"]
            ]
            return self.answer({"transfer": "basic", "objects": objects})
        return self.commit(sent)

    def do_PUT(self) -> None:
        self.found.large[self.path.rpartition("/")[2]] = self.received()
        self.answer({})

    def received(self) -> bytes:
        """The body, which is sent in pieces where its length is not known."""
        if "Content-Length" in self.headers:
            return self.rfile.read(int(self.headers["Content-Length"]))
        pieces = []
        while size := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def commit(self, sent: bytes) -> None:
        repo = self.path.removeprefix("/api/models/").partition("/commit/")[0]
        for line in map(json.loads, sent.splitlines()):
            value = line["value"]
            if line["key"] == "file":
                self.found.files[repo][value["path"]] = base64.b64decode(value["content"])
            if line["key"] == "lfsFile":
                self.found.files[repo][value["path"]] = self.found.large[value["oid"]]
        url = f"{self.found.url}/{repo}/commit/{COMMIT}"
        self.answer({"success": True, "commitOid": COMMIT, "commitUrl": url})

    def info(self, repo: str) -> dict[str, object]:
        siblings = [
            {"rfilename": name, "size": len(body), "blobId": "b" * 40}
            | {"lfs": {"sha256": hashlib.sha256(body).hexdigest(), "size": len(body), "pointerSize": 1}}
            for name, body in self.found.files[repo].items()
        ]
        return {"id": repo, "sha": COMMIT, "siblings": siblings, "tags": []}

    def answer(self, data: object, *, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.send(json.dumps(data).encode(), {"Content-Type": "application/json", **(headers or {})}, status)

    def send(self, body: bytes, headers: dict[str, str], status: int = 200) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repositories]:
    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Handler.found = found = Repositories(url=f"http://127.0.0.1:{http.server_port}")
    monkeypatch.setenv("GANATOMY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_TOKEN", "hf_of_this_test")
    constants = {
        "ENDPOINT": found.url,
        "HF_HUB_CACHE": str(tmp_path / "hub"),
        "HF_HUB_DISABLE_XET": True,
        "HUGGINGFACE_CO_URL_TEMPLATE": found.url + "/{repo_id}/resolve/{revision}/{filename}",
    }
    for name, value in constants.items():
        monkeypatch.setattr(f"huggingface_hub.constants.{name}", value)
    thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield found
    http.shutdown()
    http.server_close()
    thread.join()


@pytest.fixture
def toy() -> ga.ToyGenerator:
    return ga.ToyGenerator(seed=0)


@pytest.fixture
def classifier(tmp_path: Path) -> Path:
    config = AttributeConfig(
        attributes=("red", "round"), resolution=16, widths=(4, 4), blocks=(0, 0), hidden_dim=4
    )
    torch.manual_seed(0)
    return AttributeNetwork(config).save(tmp_path / "classifier.safetensors")


@pytest.fixture
def report(tmp_path: Path, toy: ga.ToyGenerator) -> Path:
    folder = tmp_path / "report"
    experiment = ga.Experiment(toy, ga.scorer(toy), batch_size=64)
    found = ga.explore(experiment, n=300)
    ga.write_document(ga.document(found, experiment, model="toy"), folder)
    return folder


@pytest.mark.slow
def test_all_that_is_pushed_comes_back(
    hub: Repositories, toy: ga.ToyGenerator, classifier: Path, report: Path
) -> None:
    pushed = ga.push(
        toy,
        "me/toys",
        scorer=classifier,
        judge=classifier,
        directions=toy.truth,
        report=report,
        licence="MIT",
    )
    assert pushed.url == f"{hub.url}/me/toys"
    assert set(pushed.files) == set(hub.files["me/toys"])
    assert {
        "model.safetensors",
        "scorer.safetensors",
        "judge.safetensors",
        "summary.json",
        "samples.png",
    } <= set(pushed.files)
    back = ga.pull("me/toys")
    assert (
        back.generator.fingerprint == toy.fingerprint == pushed.fingerprint == ga.load("me/toys").fingerprint
    )
    assert back.scorer is not None
    assert back.judge is not None
    assert back.scorer.names == ("red", "round")
    assert back.directions is not None
    assert back.directions.names == toy.truth.names

    page = hub.files["me/toys"]["README.md"].decode()
    summary = json.loads((report / "summary.json").read_text())
    assert 'license: "mit"' in page
    assert all(sentence in page for sentence in summary["sentences"])
    assert "| n | 300 |" in page
    assert "| seed | 0 |" in page
    assert 'ga.load("me/toys")' in page
    assert "`shared.generator`, `shared.scorer`, `shared.judge`, `shared.directions`" in page


def test_a_generator_alone_is_enough(hub: Repositories, toy: ga.ToyGenerator) -> None:
    ga.push(toy, "me/alone", licence="CC-BY-4.0", private=True)
    assert hub.private["me/alone"]
    assert set(hub.files["me/alone"]) == {"model.safetensors", "README.md", "samples.png"}
    back = ga.pull("me/alone")
    assert (back.scorer, back.judge, back.directions) == (None, None, None)


def test_without_a_network_what_was_pulled_is_still_there(
    hub: Repositories, toy: ga.ToyGenerator, classifier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ga.push(toy, "me/toys", scorer=classifier, licence="MIT")
    ga.pull("me/toys")
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:1")
    back = ga.pull("me/toys")
    assert back.scorer is not None
    assert back.judge is None
    with pytest.raises(
        ga.OutputError, match="me/toys cannot be written, and http://127.0.0.1:1 not be reached"
    ):
        ga.push(toy, "me/toys", licence="MIT")


def test_weights_go_nowhere_without_a_licence(hub: Repositories, toy: ga.ToyGenerator) -> None:
    with pytest.raises(ga.SettingError, match="the licence of these weights is unknown"):
        ga.push(toy, "me/toys")
    assert hub.asked == []


@pytest.mark.parametrize("repo", ["toys", "me/toys@v2", "me/toys/model.safetensors", "/me/toys", ""])
def test_what_names_no_repository_is_refused(hub: Repositories, toy: ga.ToyGenerator, repo: str) -> None:
    with pytest.raises(ga.SettingError, match="org/name"):
        ga.push(toy, repo, licence="MIT")
    assert hub.asked == []


def test_files_that_are_not_what_they_were_given_for_are_refused(
    hub: Repositories, toy: ga.ToyGenerator, tmp_path: Path
) -> None:
    (tmp_path / "summary.json").write_text("[]")
    for error, words, given in (
        (ga.SettingError, "no scorer that a repository can hold", {"scorer": "mine.py:function"}),
        (ga.MissingFileError, "nothing.onnx does not exist", {"judge": "nothing.onnx"}),
        (ga.SettingError, "'drawn' is no judge", {"judge": "drawn"}),
        (ga.CheckpointError, "is no summary of an experiment", {"report": tmp_path}),
        (ga.MissingFileError, "holds no summary.json", {"report": tmp_path / "none"}),
    ):
        with pytest.raises(error, match=words):
            ga.push(toy, "me/toys", licence="MIT", **given)
    assert hub.asked == []


def test_what_the_hub_refuses_is_one_sentence(hub: Repositories, toy: ga.ToyGenerator) -> None:
    hub.refuse = 403
    with pytest.raises(ga.OutputError, match="hf://me/toys cannot be written: .*HF_TOKEN"):
        ga.push(toy, "me/toys", licence="MIT")


def test_commands_push_and_pull(
    hub: Repositories, tmp_path: Path, toy: ga.ToyGenerator, capsys: pytest.CaptureFixture[str]
) -> None:
    model, found = tmp_path / "toy.safetensors", tmp_path / "true.directions"
    ga.save_generator(toy, model)
    ga.save_directions(toy.truth, found)
    push = ["push", str(model), "me/toys", "--directions", str(found), "--licence", "MIT"]
    assert main([*push, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["fingerprint"] == toy.fingerprint
    assert main(["pull", "me/toys", "-o", str(tmp_path / "shared")]) == 0
    assert {path.name for path in (tmp_path / "shared").iterdir()} == {
        "model.safetensors",
        "directions.safetensors",
    }
    assert ga.load(tmp_path / "shared").fingerprint == toy.fingerprint
