"""What a second classifier says in the studio: of the image now, in saved files, and in the study of trust."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from studio.studied import NAMES, ask, connected, refined, scene

import ganatomy as ga
from ganatomy.errors import FingerprintError, MissingFileError
from ganatomy.recipes import from_json
from ganatomy.studio import trust
from ganatomy.studio.bench import Bench
from ganatomy.studio.server import Studio, application
from ganatomy.studio.trust import TrustDesk, make_study, read_study

MOVED = {"moves": {"red": -1.0}, "hold": []}


@pytest.fixture(scope="module")
def judged(measured: Bench) -> Bench:
    """The toy with another reader of the same truth."""
    toy = measured.generator
    another = ga.judge(lambda images: (0.8 * toy.read(images)).sigmoid(), names=NAMES)
    return replace(measured, judge=another)


@pytest.fixture(scope="module")
def folder(judged: Bench, tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("trust")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(trust, "NUM_CODES", 120)
        patched.setattr(trust, "NUM_IMAGES", 4)
        patched.setattr(trust, "NUM_ATTRIBUTES", 1)
        patched.setattr(trust, "NUM_BLIND", 6)
        make_study(judged, found, progress=lambda *_: None)
    return found


def test_the_judge_reads_the_image_of_a_scene_in_the_words_of_the_commands(judged: Bench) -> None:
    with TestClient(application(Studio([judged])), base_url="http://localhost") as client:
        with connected(client) as socket:
            ((facts, _),) = ask(socket, {"kind": "reading", "scene": scene(**MOVED)}, slot="reading")
        saved = client.post("/api/export", json={"what": "png", "scene": scene(**MOVED)}).content
        restored = client.post("/api/restore", content=saved).json()
        recipe = from_json(client.post("/api/export", json={"what": "recipe", "scene": scene(**MOVED)}).text)
    (line,) = facts["judge"]
    assert line.startswith("judge red ")
    assert line.endswith(": confirmed")
    assert facts["confirmed"] is True
    assert facts["code"].startswith("code ")
    assert recipe.readings is not None
    assert recipe.readings.judge == judged.judge.description
    assert [line, facts["code"]] == recipe.readings.lines[1:]
    assert restored["read"] == recipe.readings.lines


def test_without_a_judge_nothing_is_confirmed(measured: Bench) -> None:
    with (
        TestClient(application(Studio([measured])), base_url="http://localhost") as client,
        connected(client) as socket,
    ):
        ((facts, _),) = ask(socket, {"kind": "reading", "scene": scene(**MOVED)}, slot="reading")
    assert (facts["judge"], facts["confirmed"]) == ([], None)


def test_a_study_is_shown_and_its_sheet_is_answered(judged: Bench, folder: Path) -> None:
    studio = Studio([replace(judged, trust_folder=folder)])
    with TestClient(application(studio), base_url="http://localhost") as client:
        found = client.get("/api/trust?model=toy").json()
        questions = client.get("/api/blind?model=toy").json()["questions"]
        answers = {"answers": [{"id": one["id"], "yes": True} for one in questions]}
        lines = client.post("/api/blind?model=toy", json=answers).json()["lines"]
        strange = client.post("/api/blind?model=toy", json={"answers": [{"id": 99, "yes": True}]})
    assert found["state"] == "ready"
    assert {one["name"] for one in found["methods"]} >= {"regression", "guided-hold"}
    assert found["methods"][0]["reached"].keys() == {"value", "low", "high"}
    assert len(questions) == 6
    assert all(one["src"].startswith("data:image/") and one["question"].endswith("?") for one in questions)
    assert lines[0].startswith("unedited, 2 images: a person answers as the scorer in ")
    assert strange.status_code == 422
    assert "not on this sheet" in strange.json()["error"]


def test_a_study_is_made_when_a_visitor_asks_for_it(
    judged: Bench, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copied(bench: Bench, out: Path, *, progress: object) -> None:
        out.mkdir()
        (out / "summary.json").write_text((folder / "summary.json").read_text())

    monkeypatch.setattr(trust, "make_study", copied)
    desk = TrustDesk(judged, tmp_path / "new")
    assert desk.data() == {"state": "none", "possible": True}
    desk.begin()
    desk.begin()
    until = time.monotonic() + 20
    while desk.data()["state"] != "ready":
        assert time.monotonic() < until, desk.data()
        time.sleep(0.01)


def test_a_study_that_fails_says_why(judged: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(bench: Bench, out: Path, *, progress: object) -> None:
        raise MissingFileError("there is no light")

    monkeypatch.setattr(trust, "make_study", fail)
    desk = TrustDesk(judged, tmp_path / "new")
    desk.begin()
    until = time.monotonic() + 20
    while desk.data()["state"] != "failed":
        assert time.monotonic() < until, desk.data()
        time.sleep(0.01)
    assert desk.data()["preparing"]["failed"] == "there is no light"


def test_the_study_of_another_model_is_refused(folder: Path, judged: Bench, tmp_path: Path) -> None:
    other = replace(judged, generator=ga.ToyGenerator(seed=5))
    with pytest.raises(FingerprintError, match="study this model again"):
        read_study(folder, other)
    with pytest.raises(MissingFileError, match="give a folder that"):
        read_study(tmp_path, judged)


def test_a_guided_edit_becomes_a_slider_whose_one_step_reaches_the_goal(judged: Bench) -> None:
    with (
        TestClient(application(Studio([judged])), base_url="http://localhost") as client,
        connected(client) as socket,
    ):
        found = refined(socket, [scene(hold="all")], {"red": 0.8})[-1][0]
        assert found["name"] == "red to 0.80"
        (direction,) = found["directions"]
        whole = scene(moves={found["name"]: 1.0}, own={found["name"]: direction}, hold="all")
        ((facts, _),) = ask(socket, {"kind": "reading", "scene": whole}, slot="reading")
        half = {**whole, "moves": {found["name"]: 0.4}}
        recipes = [
            client.post("/api/export", json={"what": "recipe", "scene": one}).text for one in (whole, half)
        ]
        unknown = refined(socket, [scene(hold="all")], {"read": 0.8})[-1][0]
    assert facts["confirmed"] is True
    read, short = (from_json(one).readings for one in recipes)
    assert read is not None
    assert short is not None
    (image,) = read.images
    assert image.goal == {"red": pytest.approx(0.8)}
    assert image.reached is True
    assert read.lines[0].endswith(": reached")
    assert short.images[0].reached is False
    assert "did you mean 'red'" in unknown["error"]
