"""The studio over HTTP and its socket: answers are of the right image, and files restore their scenes."""

from __future__ import annotations

import gc
import io
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient, WebSocketTestSession
from studio.browsing import open_studio
from studio.studied import NAMES, answer, ask, codes, connected, scene, toy_bench
from websockets.protocol import State

import ganatomy as ga
from ganatomy.perception import OracleScorer
from ganatomy.recipes import ModelReference, from_json, render
from ganatomy.studio.bench import Bench
from ganatomy.studio.page import panel_data
from ganatomy.studio.preparing import prepare
from ganatomy.studio.queries import Query
from ganatomy.studio.run import is_leaving, measure
from ganatomy.studio.server import Studio, application
from ganatomy.studio.sockets import Visit

BASE = "http://localhost"


@pytest.fixture
def client(measured: Bench) -> Iterator[TestClient]:
    with TestClient(application(Studio([measured])), base_url=BASE) as found:
        yield found


@pytest.fixture
def socket(client: TestClient) -> Iterator[WebSocketTestSession]:
    with connected(client) as found:
        yield found


def decoded(image: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(image)).convert("RGB")).astype(int)


def export(client: TestClient, what: str, of: dict[str, Any]) -> bytes:
    response = client.post("/api/export", json={"model": "toy", "what": what, "scene": of})
    assert response.status_code == 200, response.text
    assert "attachment" in response.headers["content-disposition"]
    return response.content


def test_the_page_and_its_files_come_with_a_policy_that_keeps_them_to_themselves(client: TestClient) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"
    assert "http://" not in page.text.replace("http://www.w3.org", "")
    assert "https://" not in page.text


def test_models_and_panel_are_served(client: TestClient) -> None:
    (model,) = client.get("/api/models").json()["models"]
    assert model["name"] == "toy"
    assert model["ready"]
    assert model["space"] == "w"
    panel = client.get("/api/panel?model=toy").json()
    assert {entry["name"] for entry in panel["directions"]} == set(NAMES)
    assert client.get("/api/panel?model=else").status_code == 404


def test_an_image_is_that_of_the_library(socket: WebSocketTestSession, measured: Bench) -> None:
    (facts, image), (scores, _) = ask(
        socket, {"kind": "image", "scene": scene(), "scores": True}, number=5, answers=2
    )
    assert (facts["id"], facts["slot"], facts["kind"]) == (5, "edit", "image")
    generator = measured.generator
    expected = generator(generator.sample(1, seed=7, space="w", truncation_psi=0.7))
    pixels = (expected[0].permute(1, 2, 0).numpy() * 127.5 + 128).clip(0, 255).astype(int)
    assert np.abs(decoded(image) - pixels).mean() < 8
    assert measured.scorer is not None
    seen = measured.scorer(expected).probabilities[0]
    for column, name in enumerate(NAMES):
        assert scores["scores"][name] == pytest.approx(float(seen[column]), abs=1e-3)


def test_a_slider_moves_its_attribute_and_a_padlock_holds(socket: WebSocketTestSession) -> None:
    def scores(**fields: Any) -> dict[str, float]:
        return ask(socket, {"kind": "image", "scene": scene(**fields), "scores": True}, answers=2)[1][0][
            "scores"
        ]

    before, held = scores(), scores(moves={"red": -1.0}, hold="all")
    free = scores(moves={"red": -1.0}, hold=[])
    assert held["red"] < before["red"] - 0.05
    others = [name for name in NAMES if name != "red"]
    assert max(abs(held[name] - before[name]) for name in others) < 0.06
    assert max(abs(free[name] - before[name]) for name in others) > 0.1


def test_an_attribute_is_held_before_all_others(socket: WebSocketTestSession) -> None:
    def scores(**fields: Any) -> dict[str, float]:
        return ask(socket, {"kind": "image", "scene": scene(**fields), "scores": True}, answers=2)[1][0][
            "scores"
        ]

    before, free = scores(), scores(moves={"red": -1.0}, hold=[])
    other = max((name for name in NAMES if name != "red"), key=lambda name: abs(free[name] - before[name]))
    firm = scores(moves={"red": -1.0}, hold=[], firm=[other])
    assert abs(firm[other] - before[other]) < 0.7 * abs(free[other] - before[other])
    ((refused, _),) = ask(
        socket, {"kind": "image", "scene": scene(moves={"red": 1.0}, firm=["nobody"]), "scores": False}
    )
    assert "no direction to hold" in refused["error"]


def test_a_sheet_has_a_cell_for_each_scene(socket: WebSocketTestSession) -> None:
    what = {
        "kind": "sheet",
        "scenes": [scene(seed) for seed in range(5)],
        "columns": 3,
        "size": 20,
        "scores": True,
    }
    (facts, image), (scores, _) = ask(socket, what, slot="sheet", answers=2)
    assert (facts["width"], facts["height"], facts["columns"], facts["count"]) == (60, 40, 3, 5)
    assert decoded(image).shape == (40, 60, 3)
    assert all(len(values) == 5 for values in scores["scores"].values())


def test_a_sheet_has_a_size_that_can_be_sent(socket: WebSocketTestSession) -> None:
    what = {"kind": "sheet", "scenes": [scene(seed) for seed in range(64)], "columns": 64, "size": 1024}
    ((facts, _),) = ask(socket, what, slot="sheet")
    assert "64 images of 1024 pixels are too much for one sheet; ask for size 362" in facts["error"]


def test_a_walk_starts_and_ends_at_its_keys(socket: WebSocketTestSession) -> None:
    what = {"kind": "walk", "keys": [scene(1), scene(2)], "frames": 9, "size": 16}
    ((facts, image),) = ask(socket, what, slot="walk")
    assert facts["count"] == 9
    assert len(facts["speed"]) == 8
    (_, first), (_, last) = (
        ask(socket, {"kind": "sheet", "scenes": [scene(seed)], "size": 16}, slot="sheet")[0]
        for seed in (1, 2)
    )
    cells = decoded(image)[:, :16], decoded(image)[:, -16:]
    for cell, key in zip(cells, (first, last), strict=True):
        assert np.abs(cell[:16] - decoded(key)).mean() < 8


def test_mixing_gives_images_and_codes_that_can_be_edited_on(socket: WebSocketTestSession) -> None:
    what = {
        "kind": "mix",
        "rows": [codes(1), codes(2)],
        "columns": [codes(3)],
        "layers": [0, 2],
        "size": 16,
    }
    (facts, _), (mixed, _) = ask(socket, what, slot="mix", answers=2)
    assert (facts["columns"], facts["count"]) == (1, 2)
    assert len(mixed["codes"]) == 2
    ((again, _),) = ask(socket, {"kind": "image", "scene": {"codes": mixed["codes"][1], "moves": {"red": 1}}})
    assert again["kind"] == "image"


def test_a_sum_has_its_neighbours_around_it(socket: WebSocketTestSession) -> None:
    terms = [{"sign": "+", **codes(1)}, {"sign": "-", **codes(2)}, {"sign": "+", **codes(3)}]
    (facts, _), (found, _) = ask(socket, {"kind": "sum", "terms": terms, "size": 16}, slot="sum", answers=2)
    assert facts["count"] == len(found["codes"]) == 9


def test_labels_become_a_direction_that_a_scene_can_move_along(
    socket: WebSocketTestSession, measured: Bench
) -> None:
    assert measured.scorer is not None
    seen = measured.scorer(measured.generator(measured.candidates[:60])).logits[:, 0]
    order = seen.argsort().tolist()
    labels = {"yes": order[-8:], "no": order[:8]}
    what = {"kind": "teach", **labels, "next": 4, "scene": scene(), "size": 16}
    (taught, _), (strip, _) = ask(socket, what, slot="teach", answers=2)
    auc = taught["auc"]
    assert auc["value"] > 0.8
    assert auc["low"] <= auc["value"] <= auc["high"]
    assert len(set(taught["next"]) - set(order[-8:] + order[:8])) == 4
    assert strip["count"] == 5

    def scores(**fields: Any) -> dict[str, float]:
        what = {"kind": "image", "scene": scene(**fields), "scores": True}
        return ask(socket, what, answers=2)[1][0]["scores"]

    before = scores()
    others = [name for name in NAMES if name != "red"]
    mine = {"moves": {"mine": -2.0}, "taught": {"mine": labels}}
    free, held = scores(**mine, hold=[]), scores(**mine, hold=others)
    assert max(free["red"], held["red"]) < before["red"] - 0.05
    assert sum(abs(held[name] - before[name]) for name in others) < 0.5 * sum(
        abs(free[name] - before[name]) for name in others
    )


def test_too_few_labels_lead_to_advice(socket: WebSocketTestSession) -> None:
    ((facts, _),) = ask(socket, {"kind": "teach", "yes": [1], "no": []}, slot="teach")
    assert facts["kind"] == "taught"
    assert "at least 2" in facts["advice"]


def test_every_exported_image_comes_back_and_is_drawn_the_same_elsewhere(
    client: TestClient, measured: Bench
) -> None:
    edited = scene(3, moves={"red": 1.5, "large": -1.0}, hold=["round"], layers=[0, 3])
    written = export(client, "png", edited)
    restored = client.post("/api/restore?model=toy", content=written).json()
    assert restored["model"] == "toy"
    for field in ("moves", "hold", "layers"):
        assert restored["scene"][field] == edited[field]
    assert restored["scene"]["codes"]["seeds"] == [3]
    recipe = from_json(export(client, "recipe", edited))
    again = render(recipe, generator=measured.generator)
    assert np.array_equal(np.asarray(again), np.asarray(Image.open(io.BytesIO(written))))


def test_a_recipe_of_the_command_line_becomes_sliders_of_its_own(
    client: TestClient, measured: Bench, tmp_path: Path
) -> None:
    truth = measured.generator.truth_in("w")
    drawn = from_json(export(client, "recipe", scene(4))).codes
    moved = ga.Recipe(
        model=measured.reference,
        codes=drawn,
        edits=(ga.recipes.Move(direction=truth["red"], strength=0.5, hold=(truth["round"],)),),
    )
    path = ga.save_recipe(moved, tmp_path / "moved.json")
    restored = client.post("/api/restore", content=path.read_bytes()).json()["scene"]
    assert list(restored["own"]) == ["red (from the file)"]
    a = render(moved, generator=measured.generator)
    b = render(from_json(export(client, "recipe", restored)), generator=measured.generator)
    assert np.abs(np.asarray(a).astype(int) - np.asarray(b)).max() <= 1


@pytest.fixture(scope="module")
def flat() -> Bench:
    """A toy of z alone, which has no layers."""
    generator = ga.ToyGenerator(z_dim=8, attributes=NAMES, cosine=0.4).eval()
    bench = Bench(
        name="flat",
        generator=generator,
        reference=ModelReference(name="flat", fingerprint=generator.fingerprint),
        scorer=OracleScorer(generator),
    )
    bench.panel = prepare(generator, bench.scorer, n=120, measured=40)
    return bench


@pytest.mark.parametrize("what", ["png", "recipe", "latents", "directions", "script", "page", "pair"])
def test_layers_of_a_model_without_layers_cannot_be_taken_away(flat: Bench, what: str) -> None:
    edit = {"codes": codes() | {"space": "z", "truncation_psi": 1.0}, "moves": {"red": 1.0}}
    with TestClient(application(Studio([flat])), base_url=BASE) as client:
        response = client.post("/api/export", json={"what": what, "scene": edit | {"layers": [0, 2]}})
        whole = client.post("/api/export", json={"what": what, "scene": edit})
    assert response.status_code == 422
    assert "has no layers to choose from" in response.json()["error"]
    assert whole.status_code == 200


def test_a_recipe_along_a_dead_direction_comes_back_as_codes(
    client: TestClient, measured: Bench, tmp_path: Path
) -> None:
    dead = replace(measured.generator.truth_in("w")["red"], sigma=0.0)
    drawn = from_json(export(client, "recipe", scene(4))).codes
    recipe = ga.Recipe(
        model=measured.reference, codes=drawn, edits=(ga.recipes.Move(direction=dead, strength=0.5),)
    )
    path = ga.save_recipe(recipe, tmp_path / "dead.json")
    restored = client.post("/api/restore", content=path.read_bytes()).json()["scene"]
    assert restored["own"] == {}
    again = np.asarray(Image.open(io.BytesIO(export(client, "png", restored)))).astype(int)
    assert np.abs(again - np.asarray(render(recipe, generator=measured.generator))).max() <= 1


def test_directions_and_codes_come_back_too(client: TestClient) -> None:
    edited = scene(3, moves={"red": 1.0})
    found = client.post("/api/restore", content=export(client, "directions", edited)).json()
    assert found["kind"] == "directions"
    assert list(found["scene"]["own"]) == ["red (from the file)"]
    again = client.post("/api/restore", content=export(client, "latents", edited)).json()["scene"]
    assert np.array_equal(
        np.asarray(Image.open(io.BytesIO(export(client, "png", again)))),
        np.asarray(Image.open(io.BytesIO(export(client, "png", edited)))),
    )


def test_taught_directions_are_exported_before_they_are_moved(client: TestClient, tmp_path: Path) -> None:
    taught = {"mine": {"yes": [1, 2, 3], "no": [4, 5, 6]}}
    path = tmp_path / "all.directions"
    path.write_bytes(export(client, "directions", scene(3, moves={"red": 1.0}, taught=taught)))
    assert ga.load_directions(path).names == ["red", "mine"]


def test_what_a_seed_of_any_size_draws_comes_back(
    client: TestClient, measured: Bench, tmp_path: Path
) -> None:
    drawn = from_json(export(client, "recipe", scene(4))).codes
    recipe = ga.Recipe(model=measured.reference, codes=replace(drawn, seeds=(2**40,)))
    path = ga.save_recipe(recipe, tmp_path / "large.json")
    restored = client.post("/api/restore", content=path.read_bytes()).json()["scene"]
    again = np.asarray(Image.open(io.BytesIO(export(client, "png", restored)))).astype(int)
    assert np.abs(again - np.asarray(render(recipe, generator=measured.generator))).max() <= 1
    many = ga.Recipe(model=measured.reference, codes=replace(drawn, n=5000))
    refused = client.post("/api/restore", content=ga.save_recipe(many, path).read_bytes())
    assert refused.status_code == 422
    assert "more than 64 codes" in refused.json()["error"]


def test_the_script_draws_the_image(tmp_path: Path) -> None:
    generator = ga.load("digits")
    reference = ModelReference(name="digits", fingerprint=generator.fingerprint)
    bench = Bench(name="digits", generator=generator, reference=reference, scorer=ga.scorer("digits"))
    measure(bench)
    with TestClient(application(Studio([bench])), base_url=BASE) as other:
        body = {
            "model": "digits",
            "scene": {"codes": {"seeds": [5], "space": "z"}, "moves": {str(bench.panel.names[0]): 1.0}},
        }
        script = other.post("/api/export", json={"what": "script", **body}).text
        written = other.post("/api/export", json={"what": "png", **body}).content
    (tmp_path / "image.py").write_text(script)
    done = subprocess.run(
        [sys.executable, "image.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (tmp_path / "exported.png").write_bytes(written)
    pixels = [
        np.asarray(Image.open(tmp_path / name).convert("RGB")).astype(int)
        for name in ("image.png", "step-by-step.png", "exported.png")
    ]
    assert np.abs(pixels[0] - pixels[2]).max() <= 1
    assert np.abs(pixels[1] - pixels[2]).max() <= 1


@pytest.mark.parametrize("what", ["mp4", "gif"])
def test_a_film_of_key_images(client: TestClient, what: str) -> None:
    body = {"model": "toy", "what": what, "keys": [scene(1), scene(2, moves={"red": 1})], "frames": 6}
    response = client.post("/api/film", json=body)
    assert response.status_code == 200, response.text
    assert response.content[:6] == b"GIF89a" if what == "gif" else response.content[4:8] == b"ftyp"
    restored = client.post("/api/restore", content=response.content).json()
    assert (restored["kind"], restored["frames"], restored["closed"]) == ("walk", 6, False)
    assert [key["moves"] for key in restored["keys"]] == [{}, {"red": 1.0}]
    assert [key["codes"]["seeds"] for key in restored["keys"]] == [[1], [2]]


def test_a_film_whose_client_has_left_is_stopped(measured: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    ended, drawn = threading.Event(), []

    def endless(recipe: ga.Recipe, path: Path, *, generator: ga.Generator, progress: Any) -> None:
        try:
            for _ in range(3000):
                drawn.append(path)
                time.sleep(0.005)
                progress(0, 0)
        finally:
            ended.set()

    monkeypatch.setattr("ganatomy.studio.exports.render_to", endless)
    body = {"model": "toy", "what": "mp4", "keys": [scene(1), scene(2)], "frames": 600}
    with open_studio([measured]) as address:
        with pytest.raises(httpx.TimeoutException):
            httpx.post(f"{address}api/film", json=body, timeout=0.5)
        assert ended.wait(10)
    assert 0 < len(drawn) < 3000


def test_thumbnails_show_every_point_of_the_map(client: TestClient) -> None:
    sprite = Image.open(io.BytesIO(client.get("/api/thumbnails?model=toy").content))
    assert sprite.size == (40 * 32, 6 * 32)


def test_a_model_that_is_being_measured_says_so_and_shows_images_all_the_same() -> None:
    bench = toy_bench("fresh")
    with TestClient(application(Studio([bench])), base_url=BASE) as client:
        response = client.get("/api/panel?model=fresh")
        assert response.status_code == 409
        assert response.json()["preparing"]["stage"]
        with connected(client, "fresh") as socket:
            ((facts, _),) = ask(socket, {"kind": "image", "scene": scene()})
            assert facts["kind"] == "image"
            ((refused, _),) = ask(socket, {"kind": "image", "scene": scene(moves={"red": 1})})
            assert "still being measured" in refused["error"]


def test_measuring_is_kept_for_the_next_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "kept.panel"
    first, second = toy_bench(), toy_bench()
    measure(first, path)
    assert first.panel is not None
    monkeypatch.setattr("ganatomy.studio.run.prepare", None)
    measure(second, path)
    assert second.panel is not None
    assert panel_data(second.panel, "toy")["directions"] == panel_data(first.panel, "toy")["directions"]


def test_nothing_of_one_visitor_reaches_another(client: TestClient) -> None:
    with (
        connected(client) as one,
        connected(client) as two,
    ):
        one.send_text(json.dumps({"id": 1, "slot": "edit", "query": {"kind": "image", "scene": scene(1)}}))
        ((facts, _),) = ask(two, {"kind": "image", "scene": scene(2)}, number=77)
        assert facts["id"] == 77
        assert answer(one)[0]["id"] == 1


def test_nothing_is_left_of_visitors_who_have_gone(measured: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither of those who waited for their answers, nor of those who did not; what is kept for others has a bound."""
    monkeypatch.setattr("ganatomy.studio.bench.MOST_KEPT", 5)
    bench = replace(measured)
    studio = Studio([bench])
    with TestClient(application(studio), base_url=BASE) as client:
        for seed in range(6):
            moved = scene(seed, moves={"red": 1}, hold=NAMES[seed % 2 :])
            with connected(client) as socket:
                ask(socket, {"kind": "image", "scene": moved})
                for slot, query in (
                    ("walk", {"kind": "walk", "keys": [moved, scene(seed + 1)], "frames": 60}),
                    ("ranges", {"kind": "ranges", "scene": moved}),
                    ("refine", {"kind": "refine", "scenes": [moved], "to": {"red": 0.9}}),
                ):
                    socket.send_text(json.dumps({"id": 2, "slot": slot, "query": query}))
        until = time.monotonic() + 20
        while _of_visitors() and time.monotonic() < until:  # work that is under way ends at its next pause
            time.sleep(0.05)
    assert _of_visitors() == []
    assert studio.num_visitors == 0
    assert 0 < len(bench._kept) <= 5


def _of_visitors() -> list[object]:
    gc.collect()
    return [one for one in gc.get_objects() if type(one) is Visit or type(one).__base__ is Query]


@pytest.mark.parametrize(
    ("state", "leaving"), [(State.CONNECTING, False), (State.OPEN, False), (State.CLOSING, True), (State.CLOSED, True)]
)  # fmt: skip
def test_a_visitor_who_is_leaving_is_not_closed_once_more(state: State, leaving: bool) -> None:
    assert is_leaving(SimpleNamespace(conn=SimpleNamespace(state=state))) == leaving
    assert not is_leaving(object()), "a request over HTTP"
