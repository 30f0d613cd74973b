"""Photographs in the studio: uploaded, cut, turned into codes in turn with other visitors, pasted back, forgotten."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from threading import Event
from typing import Any

import httpx
import numpy as np
import pytest
import torch
from photographs.files import celeba_points, gradient, huge_png
from PIL import Image
from starlette.testclient import TestClient
from studio.browsing import open_studio
from studio.studied import answer, ask, connected, scene, toy_bench
from websockets.sync.client import connect

from ganatomy.errors import MissingFileError
from ganatomy.images import to_pil
from ganatomy.inversion.prepare import PreparationSize
from ganatomy.latents import Latents
from ganatomy.photographs import Face, Photograph
from ganatomy.recipes import from_json, read_recipe
from ganatomy.studio import inverting, photographs
from ganatomy.studio.bench import Bench
from ganatomy.studio.guards import MOST_BODY
from ganatomy.studio.photographs import Kept, Photographs, Square
from ganatomy.studio.server import Studio, application

BASE = "http://localhost"
PLACE = (70, 30, 50)
"""Left, top and side of the face in the photograph."""
PATIENCE = 30.0


def detector(photograph: Photograph) -> list[Face]:
    """Finds a face all over each square image, and in the photograph where one was pasted."""
    left, top, side = PLACE if photograph.size == (160, 100) else (0, 0, photograph.size[0])
    points = celeba_points(side) + torch.tensor([left, top], dtype=torch.float64)
    return [Face(box=(left, top, left + side, top + side), score=0.9, points=points)]


@pytest.fixture(autouse=True)
def little(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Preparations that take little, in a cache of their own."""
    monkeypatch.setenv("GANATOMY_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.setattr(PreparationSize, "of", lambda _: PreparationSize(images=64, products=16, own=4))


@pytest.fixture
def bench(measured: Bench) -> Bench:
    return replace(measured, detector=detector)


@pytest.fixture
def client(bench: Bench) -> Iterator[TestClient]:
    with TestClient(application(Studio([bench])), base_url=BASE) as found:
        yield found


@pytest.fixture
def me(bench: Bench) -> bytes:
    """A PNG with an image of the model in it."""
    made = to_pil(bench.draw(bench.of_seeds([3]))[0]).convert("RGB")
    left, top, side = PLACE
    whole = gradient(160, 100)
    whole.paste(made.resize((side, side), Image.Resampling.LANCZOS), (left, top))
    return saved(whole)


def saved(image: Image.Image, kind: str = "PNG", **settings: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **settings)
    return buffer.getvalue()


def upload(client: TestClient, data: bytes) -> dict[str, Any]:
    response = client.post("/api/photograph?model=toy", content=data)
    assert response.status_code == 200, response.text
    return response.json()


def query(about: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"kind": "invert", "photograph": about["id"], "square": about["squares"][0], **fields}


def until(socket: Any, *kinds: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The first answer of these kinds, and all before it."""
    before = []
    while True:
        facts, _ = answer(socket)
        if facts["kind"] in kinds:
            return facts, before
        before.append(facts)


def found_codes(client: TestClient, about: dict[str, Any], **fields: Any) -> dict[str, Any]:
    with connected(client) as socket:
        socket.send_text(json.dumps({"id": 1, "slot": "photograph", "query": query(about, **fields)}))
        found, _ = until(socket, "found", "error")
    assert found["kind"] == "found", found
    return found


def paste(client: TestClient, about: dict[str, Any], of: dict[str, Any]) -> httpx.Response:
    return client.post("/api/paste", json={"model": "toy", "photograph": about["id"], "scene": of})


def test_a_dropped_image_without_a_recipe_is_a_photograph(client: TestClient, me: bytes) -> None:
    for data in (me, saved(gradient(), "JPEG"), saved(gradient(), "TIFF"), huge_png(20_000)):
        assert client.post("/api/restore?model=toy", content=data).json() == {"kind": "photograph"}


def test_a_photograph_comes_with_the_square_of_its_face(client: TestClient, me: bytes) -> None:
    about = upload(client, me)
    (square,) = about["squares"]
    left, top, side = PLACE
    assert square == pytest.approx(
        {"x": left + side / 2, "y": top + side / 2, "size": side, "turn": 0}, abs=0.1
    )
    assert (about["width"], about["height"], about["notes"]) == (160, 100, [])
    assert about["preview"].startswith("data:image/jpeg;base64,")


def test_codes_come_with_progress_and_images_and_make_the_face(
    client: TestClient, bench: Bench, me: bytes
) -> None:
    about = upload(client, me)
    with connected(client) as socket:
        socket.send_text(json.dumps({"id": 4, "slot": "photograph", "query": query(about, budget="best")}))
        found, before = until(socket, "found", "error")
        assert found["kind"] == "found", found
        assert (found["id"], found["slot"]) == (4, "photograph")
        assert {facts["kind"] for facts in before} == {"progress", "image"}
        assert found["codes"]["photographs"] == [about["sha256"]]
        assert "PSNR" in found["sentence"]
        # It is a scene as any other: a slider moves its attribute.
        unmoved = {"codes": found["codes"]}
        scores = [
            ask(socket, {"kind": "image", "scene": {**unmoved, "moves": moves}, "scores": True}, answers=2)[
                1
            ][0]
            for moves in ({}, {"red": -1.5})
        ]
    assert scores[1]["scores"]["red"] < scores[0]["scores"]["red"]
    (kept,) = [bench.photographs.get(about["id"])]
    square, latents = kept.found[-1]
    crops = photographs.cut(kept.open(), square, bench.generator.signature)
    assert float((bench.draw(latents) - crops.images).square().mean()) < 0.01


def test_an_edit_is_pasted_and_leaves_all_other_pixels_alone(
    client: TestClient, me: bytes, tmp_path: Any
) -> None:
    about = upload(client, me)
    found = found_codes(client, about, budget="quick")
    response = paste(client, about, {"codes": found["codes"], "moves": {"red": 2.0, "large": -1.0}})
    assert response.status_code == 200, response.text
    assert "photograph.png" in response.headers["content-disposition"]
    before, after = (
        np.asarray(Image.open(io.BytesIO(data)).convert("RGB")) for data in (me, response.content)
    )
    changed = (before != after).any(-1)
    left, top, side = PLACE
    inside = np.zeros_like(changed)
    inside[top - 1 : top + side + 1, left - 1 : left + side + 1] = True
    assert changed[inside].any()
    assert not changed[~inside].any()
    # Its recipe has codes and the hash, and restores the sliders; the photograph is nowhere in it.
    (tmp_path / "pasted.png").write_bytes(response.content)
    recipe = read_recipe(tmp_path / "pasted.png")
    assert recipe.codes is not None
    assert recipe.codes.photographs == (about["sha256"],)
    restored = client.post("/api/restore?model=toy", content=response.content).json()
    assert restored["scene"]["moves"] == {"red": 2.0, "large": -1.0}


def test_recipes_carry_the_hash_and_not_the_photograph(client: TestClient, me: bytes) -> None:
    about = upload(client, me)
    found = found_codes(client, about, budget="quick")
    wanted = {"model": "toy", "what": "recipe", "scene": {"codes": found["codes"]}}
    recipe = from_json(client.post("/api/export", json=wanted).text)
    assert recipe.codes is not None
    assert recipe.codes.photographs == (about["sha256"],)
    assert len(recipe.codes) == 1


def test_codes_that_were_not_found_for_a_photograph_are_not_pasted(client: TestClient, me: bytes) -> None:
    about = upload(client, me)
    response = paste(client, about, scene(5))
    assert response.status_code == 422
    assert "were not found for this photograph" in response.json()["error"]


def test_each_square_is_pasted_where_it_was_cut(client: TestClient, me: bytes) -> None:
    about = upload(client, me)
    first = {**about["squares"][0], "x": 40.0, "y": 40.0, "size": 40.0}
    codes = [found_codes(client, about, budget="quick", **at)["codes"] for at in ({"square": first}, {})]
    before = np.asarray(Image.open(io.BytesIO(me)))
    middles = []
    for each in codes:
        after = np.asarray(
            Image.open(io.BytesIO(paste(client, about, {"codes": each, "moves": {"red": 2}}).content))
        )
        middles.append(np.argwhere((before != after).any(-1))[:, 1].mean())
    assert middles[0] < 60 < middles[1]


def test_a_forgotten_photograph_is_gone(client: TestClient, me: bytes) -> None:
    about = upload(client, me)
    found = found_codes(client, about, budget="quick")
    assert client.delete(f"/api/photograph?model=toy&id={about['id']}").status_code == 200
    response = paste(client, about, {"codes": found["codes"]})
    assert response.status_code == 404
    assert "not kept any more" in response.json()["error"]


def waiting_search(monkeypatch: pytest.MonkeyPatch, go_on: Event) -> None:
    """A search that does nothing but pause until it may go on."""
    search = inverting.invert_watched

    def waits(
        generator: Any, images: Any, *, watch: Callable[[int, int, Latents], None], **settings: Any
    ) -> Any:
        until = time.monotonic() + PATIENCE
        latents = generator.sample(1, space="w")
        while not go_on.is_set():
            assert time.monotonic() < until, "other visitors got no turn"
            watch(1, 2, latents)
        return search(generator, images, watch=watch, **settings)

    monkeypatch.setattr(inverting, "invert_watched", waits)


def test_other_visitors_go_on_while_codes_come(
    client: TestClient, me: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    about, go_on = upload(client, me), Event()
    waiting_search(monkeypatch, go_on)
    with connected(client) as one, connected(client) as other:
        one.send_text(json.dumps({"id": 1, "slot": "photograph", "query": query(about, budget="quick")}))
        until(one, "progress")
        assert ask(other, {"kind": "image", "scene": scene()})[0][0]["kind"] == "image"
        go_on.set()
        assert until(one, "found", "error")[0]["kind"] == "found"


@pytest.mark.parametrize("how", ["forgotten", "stopped"])
def test_a_search_ends_early(
    client: TestClient, me: bytes, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    about = upload(client, me)
    waiting_search(monkeypatch, Event())
    with connected(client) as socket:
        socket.send_text(json.dumps({"id": 1, "slot": "photograph", "query": query(about)}))
        until(socket, "progress")
        if how == "forgotten":
            client.delete(f"/api/photograph?model=toy&id={about['id']}")
            assert "not kept any more" in until(socket, "error")[0]["error"]
        else:
            socket.send_text(json.dumps({"id": 2, "slot": "photograph", "query": {"kind": "stop"}}))
            assert until(socket, "stopped")[0]["id"] == 2


def test_without_a_detector_the_square_is_in_the_middle(measured: Bench, me: bytes) -> None:
    bench = replace(measured, detector=None)
    with TestClient(application(Studio([bench])), base_url=BASE) as client:
        about = upload(client, me)
    assert about["squares"] == [{"x": 80.0, "y": 50.0, "size": 100.0, "turn": 0.0}]
    assert "--detector" in about["notes"][0]


def test_where_no_face_is_found_the_page_says_so(measured: Bench, me: bytes) -> None:
    bench = replace(
        measured, detector=lambda photograph: detector(photograph) if photograph.size[0] < 100 else []
    )
    with TestClient(application(Studio([bench])), base_url=BASE) as client:
        about = upload(client, me)
    assert about["squares"][0]["size"] == 100
    assert about["notes"] == ["no face was found: move the square onto it"]


@pytest.mark.parametrize(
    ("square", "words"),
    [
        ({"x": 80, "y": 50, "size": 0}, "size"),
        ({"x": 80, "y": 50, "size": 1e9}, "size"),
        ({"x": 80, "y": "middle", "size": 50}, "y"),
        ({"x": 80, "y": 50, "size": 50, "turn": 720}, "turn"),
        ({"x": 80, "y": 50}, "size"),
        ({"x": 9000, "y": 50, "size": 50}, "outside of a photograph"),
        ([1, 2, 3], "square"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_square_that_cannot_be_is_refused_in_words(
    client: TestClient, me: bytes, square: Any, words: str
) -> None:
    about = upload(client, me)
    with connected(client) as socket:
        ((facts, _),) = ask(socket, query(about, square=square), slot="photograph")
        assert facts["kind"] == "error"
        assert words in facts["error"]
        assert ask(socket, query(about, budget="endless"), slot="photograph")[0][0]["kind"] == "error"
        unknown = ask(socket, query({**about, "id": "0"}), slot="photograph")[0][0]
        assert "not kept any more" in unknown["error"]


def text_of(size: int) -> bytes:
    return b"no photograph " * size


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "no image that can be read"),
    "a text": (lambda: text_of(100), "no image that can be read"),
    "20,000 x 20,000 px": (lambda: huge_png(20_000), "too many pixels"),
    "a bomb of pixels": (lambda: huge_png(100_000), "too many pixels"),
    "cut off": (lambda: saved(gradient(300, 300), "JPEG")[:-3000], "damaged or cut off"),
    "the head of a file": (lambda: saved(gradient())[:40], "no image that can be read"),
    "HEIC": (lambda: b"\0\0\0\x18ftypheic" + bytes(100), "HEIC"),
}


@pytest.fixture
def address(bench: Bench) -> Iterator[str]:
    with open_studio([bench]) as found:
        yield found.rstrip("/")


def test_hostile_uploads_are_refused_in_one_line_and_others_go_on(address: str) -> None:
    with connect(f"{address.replace('http', 'ws')}/socket?model=toy", max_size=None) as visitor:
        for name, (make, words) in HOSTILE.items():
            response = httpx.post(f"{address}/api/photograph?model=toy", content=make(), timeout=60)
            assert response.status_code == 422, name
            error = response.json()["error"]
            assert words in error, (name, error)
            assert "\n" not in error
            assert "/tmp" not in error
            visitor.send(json.dumps({"id": 1, "slot": "edit", "query": {"kind": "image", "scene": scene()}}))
            assert isinstance(visitor.recv(PATIENCE), bytes)
    long = httpx.post(f"{address}/api/photograph?model=toy", content=bytes(MOST_BODY + 1), timeout=60)
    assert (long.status_code, "24 MB" in long.json()["error"]) == (413, True)
    stranger = httpx.post(
        f"{address}/api/photograph", headers={"origin": "http://elsewhere.org"}, content=b"x"
    )
    assert stranger.status_code == 403


@pytest.mark.parametrize(
    ("made", "size"),
    [
        (lambda: saved(Image.new("RGB", (1, 1))), (1, 1)),
        (lambda: saved(gradient(50, 40).convert("CMYK"), "JPEG"), (50, 40)),
        (lambda: saved(Image.new("I;16", (50, 40), 30_000)), (50, 40)),
        (
            lambda: saved(gradient(50, 40), "GIF", save_all=True, append_images=[gradient(50, 40)] * 2),
            (50, 40),
        ),
        (lambda: saved(gradient(50, 40), "JPEG", exif=turned()), (40, 50)),
    ],
    ids=["one pixel", "CMYK", "16 bits", "animated", "turned by EXIF"],
)
def test_odd_photographs_can_be_used(
    client: TestClient, made: Callable[[], bytes], size: tuple[int, int]
) -> None:
    about = upload(client, made())
    assert (about["width"], about["height"]) == size
    assert found_codes(client, about, budget="quick")["codes"]["photographs"]


def turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def test_the_photograph_that_was_used_longest_ago_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photographs, "MOST_BYTES", 25)
    store = Photographs()
    for key in "ab":
        store.add(kept(key))
    store.get("a")
    store.add(kept("c"))
    assert [store.get(key).key for key in "ac"] == ["a", "c"]
    with pytest.raises(MissingFileError, match="open it again"):
        store.get("b")


@pytest.mark.parametrize(("name", "most"), [("MOST_BYTES", 40), ("MOST_KEPT", 2)], ids=["large", "many"])
def test_photographs_and_their_previews_have_bounds(
    monkeypatch: pytest.MonkeyPatch, name: str, most: int
) -> None:
    monkeypatch.setattr(photographs, name, most)
    store = Photographs()
    for key in "abcd":
        store.add(kept(key, preview=bytes(10)))
    assert [store.get(key).key for key in "cd"] == ["c", "d"]
    for key in "ab":
        with pytest.raises(MissingFileError):
            store.get(key)


def kept(key: str, *, preview: bytes = b"") -> Kept:
    return Kept(key=key, data=bytes(10), sha256="", size=(1, 1), preview=preview, squares=())


def test_a_turned_square_is_the_one_that_its_corners_make() -> None:
    square = Square(x=30.0, y=20.0, size=10.0, turn=30.0)
    again = Square.of(square.quad)
    for name in ("x", "y", "size", "turn"):
        assert getattr(again, name) == pytest.approx(getattr(square, name))


def test_photographs_need_no_sliders(me: bytes) -> None:
    bench = toy_bench()
    with TestClient(application(Studio([bench])), base_url=BASE) as client:
        # Nothing has been measured yet, and photographs work all the same.
        assert found_codes(client, upload(client, me), budget="quick")["codes"]
