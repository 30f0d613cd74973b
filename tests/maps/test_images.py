"""Maps of what a generator draws, as charts and as pages."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from reader import Reader
from torch import Tensor

import ganatomy as ga
from ganatomy.maps import ImageMap
from ganatomy.perception import FunctionScorer
from ganatomy.perception.features import Features
from ganatomy.plots.charts import save_chart
from ganatomy.plots.maps import CLASS_COLORS, MARKERS, OTHER_COLOR, class_keys, scale_colors, spaced
from ganatomy.report.maps import zoomable_map

N = 60
NAMES = ("dark", "grey & <plain>", "light")


@pytest.fixture(scope="module")
def generator() -> ga.ToyGenerator:
    return ga.ToyGenerator(w_dim=8)


def classes_by_light(images: Tensor) -> Tensor:
    light = images.mean((1, 2, 3))
    return torch.softmax(8 * torch.stack([-light, 0.05 - light.abs(), light], 1), 1)


@pytest.fixture(scope="module")
def by_class(generator: ga.ToyGenerator) -> ImageMap:
    sees = FunctionScorer(classes_by_light, NAMES)
    return ga.map_images(generator, of="images", method="pca", n=N, seed=3, scorer=sees)


@pytest.fixture(scope="module")
def by_score(generator: ga.ToyGenerator) -> ImageMap:
    return ga.map_images(generator, method="pca", n=N, scorer=ga.scorer(generator))


@pytest.fixture(scope="module")
def page(by_class: ImageMap, tmp_path_factory: pytest.TempPathFactory) -> str:
    return ga.write_map(by_class, tmp_path_factory.mktemp("map") / "map.html", model="toy").read_text()


def test_row_i_is_code_i_of_the_seed(generator: ga.ToyGenerator, by_class: ImageMap) -> None:
    codes = generator.sample(N, seed=3, space="w")
    assert torch.equal(by_class.latents.codes, codes.codes)
    with torch.no_grad():
        assert torch.allclose(by_class.thumbnails, generator(codes).clamp(-1, 1), atol=1e-6)
    assert len(by_class) == N


def test_what_must_be_alike_can_be_chosen(generator: ga.ToyGenerator) -> None:
    eye = Features(
        name="mean",
        description="mean grey (one number)",
        extract=lambda images: images.mean((1, 2, 3))[:, None],
    )
    by_codes = ga.map_images(generator, of="codes", space="z", method="pca", n=N)
    by_eye = ga.map_images(generator, of=eye, method="pca", n=N)
    assert by_codes.subject == "codes in z"
    assert by_eye.subject == "features of mean grey"
    light = by_eye.thumbnails.mean((1, 2, 3))
    assert abs(float(torch.corrcoef(torch.stack([by_eye.map.xy[:, 0], light]))[0, 1])) > 0.999
    assert by_codes.colors == ()
    with pytest.raises(ga.SettingError, match="7 images make no map; draw at least 8"):
        ga.map_images(generator, n=7)
    with pytest.raises(ga.UnknownNameError, match="did you mean"):
        ga.map_images(generator, of="code", n=N)


def test_colours_are_the_classes_where_there_are_any_and_every_attribute(
    by_class: ImageMap, by_score: ImageMap, generator: ga.ToyGenerator
) -> None:
    assert by_class.colors == ("class", *NAMES)
    assert by_class.check_color(None) == "class"
    assert by_class.faithful.class_accuracy is not None
    assert by_score.colors == ga.scorer(generator).names
    assert by_score.check_color(None) == by_score.colors[0]
    with pytest.raises(ga.SettingError, match="do not exclude each other"):
        by_score.check_color("class")
    with pytest.raises(ga.UnknownNameError):
        by_class.check_color("bright")


def test_images_do_not_cover_each_other_and_none_that_has_room_is_left_out() -> None:
    xy = np.random.default_rng(0).random((300, 2))
    kept = spaced(xy, 0.1)
    apart = np.abs(xy[:, None] - xy[None]).max(2)
    assert min(apart[a, b] for a in kept for b in kept if a != b) >= 0.1
    assert all(row in kept or min(apart[row, kept]) < 0.1 for row in range(300))


def test_ten_classes_have_colours_and_marks_of_their_own_and_the_rest_share_one() -> None:
    keys = class_keys([str(k) for k in range(12)], [5, 0, *[9] * 10])
    own = [key for key in keys if key.color != OTHER_COLOR]
    assert [key.name for key in keys if key.color == OTHER_COLOR] == ["0", "1"]
    assert {key.color for key in own} == set(CLASS_COLORS)
    assert {key.marker for key in own} == set(MARKERS)


def test_every_step_of_the_scale_is_lighter_than_the_one_before() -> None:
    light = [
        np.dot([int(color[i : i + 2], 16) for i in (1, 3, 5)], (0.2126, 0.7152, 0.0722))
        for color in scale_colors(9)
    ]
    steps = np.diff(light)
    assert (steps > 5).all()


@pytest.mark.parametrize("color", ["class", "light"])
def test_a_chart_is_drawn_in_any_colour(by_class: ImageMap, color: str, tmp_path: Path) -> None:
    save_chart(ga.map_chart(by_class, color=color), tmp_path / "map.png")
    with Image.open(tmp_path / "map.png") as image:
        assert min(image.size) > 400


def test_a_chart_without_a_scorer_has_points_of_one_colour(generator: ga.ToyGenerator) -> None:
    plain = ga.map_images(generator, method="pca", n=N)
    figure = ga.map_chart(plain, thumbnails=False)
    assert len(figure.axes) == 1
    assert len(figure.axes[0].collections[0].get_facecolor()) == 1  # pyright: ignore[reportArgumentType]


def embedded(page: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_the_page_needs_nothing_but_itself(page: str) -> None:
    reader = Reader(page)
    addresses = [a.get("src") or a.get("href") or "" for _, a in reader.tags if "src" in a or "href" in a]
    assert all(address.startswith("data:") for address in addresses)
    assert not re.search(r"url\(|@import|https?:|fetch\(|XMLHttpRequest|import\(", page)


def test_the_page_holds_every_point_image_and_score(page: str, by_class: ImageMap) -> None:
    data = embedded(page)
    assert by_class.scores is not None
    assert by_class.classes is not None
    xy = np.frombuffer(base64.b64decode(str(data["xy"])), "<u2").reshape(-1, 2) / 65535
    ours = by_class.map.xy.numpy() * (1, -1)
    assert np.allclose(np.diff(xy, axis=0), np.diff(ours, axis=0) / np.ptp(ours, axis=0).max(), atol=1e-4)
    scores = np.frombuffer(base64.b64decode(str(data["scores"])), "u1").reshape(N, -1) / 255
    assert np.allclose(scores, by_class.scores.probabilities.numpy(), atol=0.003)
    classes = data["classes"]
    assert isinstance(classes, dict)
    assert (
        np.frombuffer(base64.b64decode(classes["index"]), "<u2").tolist() == by_class.classes.index.tolist()
    )
    sprite = next(a["src"] for tag, a in Reader(page).tags if tag == "img")
    with Image.open(io.BytesIO(base64.b64decode((sprite or "").partition(",")[2]))) as image:
        cell, columns = int(str(data["cell"])), int(str(data["columns"]))
        assert image.width == cell * columns
        assert image.height == cell * -(-N // columns)
        shown = np.asarray(image.convert("L"), float)[cell : 2 * cell, 2 * cell : 3 * cell]
    thumbnail = by_class.thumbnails[columns + 2].mean(0).numpy() * 127.5 + 127.5
    assert abs(shown.mean() - thumbnail.mean()) < 12


def test_the_map_has_names_for_those_who_cannot_see_it(page: str) -> None:
    reader = Reader(page)
    canvas = next(a for tag, a in reader.tags if tag == "canvas")
    assert canvas["aria-label"] == f"Map of {N} images by pixels"
    assert canvas["tabindex"] == "0"
    assert any(a.get("id") == canvas["aria-describedby"] for _, a in reader.tags)
    assert [a.get("aria-label") for tag, a in reader.tags if tag == "button"][:3] == [
        "Zoom in",
        "Zoom out",
        "Show the whole map",
    ]
    assert "Where classes lie" in reader.text
    assert "grey & <plain>" in reader.text
    assert reader.all("plain") == []


def test_a_page_of_attributes_says_whether_neighbours_agree(by_score: ImageMap, tmp_path: Path) -> None:
    name = by_score.colors[1]
    text = Reader(ga.write_map(by_score, tmp_path / "map.html", color=name).read_text()).text
    assert re.search(rf"{re.escape(name)}", text)
    assert "of all cases" in text
    assert "Where attributes lie" in text


def test_two_thousand_large_images_stay_small_enough_for_a_phone(by_class: ImageMap) -> None:
    assert len(zoomable_map(by_class).sprite) < 1e6
    assert 2000 * 64**2 < 8_500_000
