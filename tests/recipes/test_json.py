"""Recipes as JSON: they come back as they were, and whatever else comes is refused by naming the field."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import ganatomy as ga
from ganatomy.errors import CheckpointError, SettingError
from ganatomy.latents import Direction, Latents, Space
from ganatomy.recipes import (
    Along,
    Arithmetic,
    CodePath,
    Drawn,
    DrawnFaces,
    EditReadings,
    Given,
    ImageReading,
    Mix,
    ModelReference,
    Move,
    Reached,
    Recipe,
    Sheet,
    Sum,
    Term,
    Transfer,
    Turn,
    Walk,
    from_json,
    to_json,
)
from ganatomy.recipes.fields import MOST_BYTES

MODEL = ModelReference(name="faces", fingerprint="ab" * 32, prior="normal", precision="bfloat16")
SEEDS = Drawn(seeds=(7, 2**60), n=2, space=Space.W, truncation_psi=0.7, label=3)


def direction(name: str = "Smiling", dtype: torch.dtype = torch.float32) -> Direction:
    torch.manual_seed(len(name))
    return Direction(
        name=name,
        vector=torch.randn(4, dtype=dtype),
        space=Space.W,
        sigma=1.5,
        slope=0.1,
        seed=3,
        auc=float("nan"),
    )


def latents(space: Space = Space.W) -> Latents:
    shape = (2, 3, 4) if space is Space.W_PLUS else (2, 4)
    return Latents(codes=torch.randn(*shape), space=space, num_layers=3, labels=torch.eye(2), fingerprint="f")


SMILING, MALE = direction(), direction("Male", torch.float64)
MOVE = Move(direction=SMILING, strength=2.0, units="sigma", hold=(MALE,), layers=(0, 2))

READ = EditReadings(
    scorer="a scorer",
    judge="a judge",
    images=(
        ImageReading(
            before={"Smiling": 0.1},
            after={"Smiling": 0.9},
            judge_before={"Smiling": 0.2},
            judge_after={"Smiling": 0.4},
            confirmed=False,
            percentile=99.95,
        ),
        ImageReading(
            before={"Smiling": 0.3},
            after={"Smiling": 0.9},
            judge_before={"Smiling": 0.2},
            judge_after={"Smiling": 0.8},
            confirmed=True,
            percentile=12.0,
        ),
    ),
)

RECIPES: dict[str, Callable[[], Recipe]] = {
    "a sheet": lambda: Recipe(model=MODEL, codes=SEEDS, image=Sheet(columns=3), scale=2, batch_size=7),
    "edits": lambda: Recipe(
        model=MODEL, codes=SEEDS, edits=(MOVE, Move(direction=MALE, strength=(1.0, 2.0)))
    ),
    "two directions of one name": lambda: Recipe(
        model=MODEL, codes=SEEDS, edits=(MOVE, Move(direction=direction(), strength=1.0))
    ),
    "given codes": lambda: Recipe(
        model=MODEL, codes=Given(latents=latents(Space.W_PLUS), space=Space.S, truncation_psi=0.5)
    ),
    "reached codes": lambda: Recipe(
        model=MODEL, codes=SEEDS, edits=(Reached(latents=latents(), sought={"Smiling": 0.9}),)
    ),
    "a walk": lambda: Recipe(
        model=MODEL,
        codes=SEEDS,
        image=Walk(
            along=Along(direction=SMILING, strengths=(-1, 0, 1.5), hold=(MALE,)),
            across=Along(direction=MALE, strengths=(0.5,), units="distance"),
        ),
        fps=12.5,
    ),
    "a turn": lambda: Recipe(
        model=MODEL,
        codes=SEEDS,
        image=Walk(along=Turn(plus=SEEDS, minus=Given(latents=latents()), strengths=(0, 1))),
    ),
    "a path": lambda: Recipe(
        model=MODEL, codes=SEEDS, image=CodePath(frames=9, method="spline", closed=True)
    ),
    "a mix": lambda: Recipe(model=MODEL, codes=SEEDS, image=Mix(columns=SEEDS, layers=(0, 4))),
    "a transfer": lambda: Recipe(model=MODEL, codes=SEEDS, image=Transfer(source=SEEDS)),
    "a sum": lambda: Recipe(
        model=MODEL,
        codes=Sum(terms=(Term(sign="+", codes=SEEDS), Term(sign="-", codes=Given(latents=latents())))),
        image=Arithmetic(neighbours=8, noise=0.1, seed=2),
    ),
    "readings": lambda: Recipe(model=MODEL, codes=SEEDS, edits=(MOVE,), readings=READ),
    "drawn faces": lambda: Recipe(image=DrawnFaces(n=9, seed=1, resolution=32, independent=True)),
}


@pytest.mark.parametrize("make", RECIPES.values(), ids=RECIPES)
def test_a_recipe_comes_back_as_it_was(make: Callable[[], Recipe]) -> None:
    written = to_json(make())
    assert to_json(from_json(written)) == written
    assert type(from_json(written).image) is type(make().image)


def test_vectors_and_codes_keep_every_bit() -> None:
    back = from_json(to_json(RECIPES["edits"]()))
    (first, second) = back.edits
    assert isinstance(first, Move)
    assert isinstance(second, Move)
    assert torch.equal(first.direction.vector, SMILING.vector)
    assert torch.equal(second.direction.vector, MALE.vector)
    assert second.direction.vector.dtype == torch.float64
    assert first.hold[0] is second.direction, "a direction is written once"
    recipe = RECIPES["given codes"]()
    again = from_json(to_json(recipe)).codes
    assert isinstance(recipe.codes, Given)
    assert isinstance(again, Given)
    assert torch.equal(again.latents.codes, recipe.codes.latents.codes)
    assert again.latents.fingerprint == "f"


def test_a_recipe_on_disk_is_read_by_its_content(tmp_path: Path) -> None:
    recipe = RECIPES["a walk"]()
    path = ga.save_recipe(recipe, tmp_path / "walk.json")
    assert to_json(ga.read_recipe(path)) == to_json(recipe)
    assert to_json(ga.read_recipe(path.rename(tmp_path / "walk.png"))) == to_json(recipe)


def test_a_value_is_changed_in_one_field() -> None:
    changed = RECIPES["edits"]().with_value("edits.0.strength", 3).with_value("codes.label", None)
    assert isinstance(changed.edits[0], Move)
    assert isinstance(changed.codes, Drawn)
    assert (changed.edits[0].strength, changed.codes.label) == (3.0, None)
    with pytest.raises(SettingError, match="'edits.9.strength': no '9' is there"):
        changed.with_value("edits.9.strength", 3)
    with pytest.raises(CheckpointError, match="'edits.0.direction' goes wrong.*did you mean 'Smiling'"):
        changed.with_value("edits.0.direction", "Smilling")


def test_readings_are_in_the_same_words_everywhere_and_leave_with_a_change_of_the_edit() -> None:
    recipe = RECIPES["readings"]()
    assert recipe.readings is not None
    assert recipe.readings.lines == [
        "scorer Smiling 0.20 to 0.90",
        "judge Smiling 0.20 to 0.60: 1 of 2 confirmed, not image 1",
        "codes: 1 of 2 beyond 99.9\xa0% of drawn codes, unusual: image 1",
    ]
    assert recipe.with_value("image.before", True).readings == recipe.readings
    assert recipe.with_value("edits.0.strength", 3).readings is None
    assert recipe.of_any_generator().readings is None
    student = replace(recipe.readings, reading="smoothed reading")
    assert student.judge_lines == ["smoothed reading Smiling 0.20 to 0.60: confirms nothing"]


def test_a_recipe_that_lacks_a_part_is_refused() -> None:
    with pytest.raises(SettingError, match="give its codes"):
        Recipe(model=MODEL)
    with pytest.raises(SettingError, match="no model, codes or edits"):
        Recipe(model=MODEL, image=DrawnFaces(n=1))


def test_codes_without_end_are_not_written() -> None:
    many = Latents(codes=torch.zeros(700, 18, 512), space=Space.W_PLUS)
    with pytest.raises(SettingError, match="show fewer codes"):
        to_json(Recipe(model=MODEL, codes=Given(latents=many)))


def test_numbers_that_json_lacks_are_not_written() -> None:
    with pytest.raises(SettingError, match="finite"):
        to_json(Recipe(model=MODEL, codes=SEEDS, edits=(Move(direction=SMILING, strength=float("nan")),)))


def test_a_path_may_hold_spaces_of_any_kind() -> None:
    recipe = Recipe(model=ModelReference(name="Größe\u202f1\u00a0.pt"), codes=SEEDS)
    back = from_json(to_json(recipe)).model
    assert back == recipe.model


def changed(field: str, value: Any) -> str:
    data = json.loads(to_json(RECIPES["edits"]()))
    *way, last = field.split(".")
    inside = data
    for step in way:
        inside = inside[int(step)] if isinstance(inside, list) else inside[step]
    if value is ...:
        del inside[last]
    else:
        inside[last] = value
    return json.dumps(data)


WRONG = {
    "no object at all": ("[]", "a recipe is a list, not an object"),
    "nothing": ("", "not JSON"),
    "half a file": ('{"format": 1', "not JSON"),
    "letters that are none": (b'{"format": "\xff\xfe"}', "not JSON"),
    "a nest without end": ("[" * 100_000, "nested too deeply"),
    "a deep nest in a field": ('{"format": ' + '{"a":' * 400 + "1" + "}" * 401, "'format' is an object"),
    "a number of many digits": ('{"format": ' + "9" * 10_000 + "}", "not JSON"),
    "a large whole number": (changed("codes.n", 10**300), "'codes.n' is a huge number"),
    "not a number": ('{"format": 1, "scale": NaN}', "NaN"),
    "infinity": ('{"format": 1, "scale": 1e999}', "'scale' is inf, not a whole number"),
    "a text without end": (" " * (MOST_BYTES + 1), "is not read"),
    "a later format": ('{"format": 2}', "format 2"),
    "no format": ("{}", "'format' is missing"),
    "no codes": (changed("codes", None), "give its codes"),
    "a field of another age": (changed("layout", {}), "'layout' does not exist"),
    "a misspelt field": (changed("edits.0.strenght", 2), "did you mean 'strength'?"),
    "a strength in words": (
        changed("edits.0.strength", "lots"),
        "'edits.0.strength' is 'lots', not a number",
    ),
    "a strength that is true": (changed("edits.0.strength", True), "is True, not a number"),
    "a strength beyond all": (changed("edits.0.strength", 1e300), "'edits.0.strength' is 1e+300"),
    "no strength": (changed("edits.0.strength", ...), "'edits.0.strength' is missing"),
    "a negative sigma": (changed("directions.Smiling.sigma", -1.5), "a standard deviation"),
    "an infinite sigma": (changed("directions.Smiling.sigma", "inf"), "a standard deviation"),
    "unknown units": (changed("edits.0.units", "miles"), "one of distance, sigma, logit"),
    "half a range of layers": (changed("edits.0.layers", [1]), "'edits.0.layers'"),
    "a direction that is not there": (changed("edits.0.hold", ["Old"]), "there is no direction 'Old'"),
    "a vector of another length": (changed("directions.Smiling.vector.shape", [5]), "16 bytes, not the 20"),
    "a vector without end": (changed("directions.Smiling.vector.shape", [2**40]), "shape.0"),
    "a vector of many axes": (changed("directions.Smiling.vector.shape", [1] * 9), "shape"),
    "a vector of objects": (changed("directions.Smiling.vector.dtype", "object"), "one of float16"),
    "a vector that is no base64": (changed("directions.Smiling.vector.base64", "?"), "is not base64"),
    "a vector of wrong letters": (changed("directions.Smiling.vector.base64", "ä"), "is not base64"),
    "a vector that is a list": (changed("directions.Smiling.vector.base64", []), "is not base64"),
    "a vector of nan": (
        changed("directions.Smiling.vector.base64", "AADAfwAAwH8AAMB/AADAfw=="),
        "not finite",
    ),
    "a vector of zeros": (changed("directions.Smiling.vector.base64", "A" * 21 + "A=="), "has norm 0.0"),
    "another space": (changed("directions.Smiling.space", "w+"), "'directions.Smiling' cannot be"),
    "a name that moves the cursor": (changed("directions.Smiling.name", "\x1b[2J"), "printable letters"),
    "a path with a zero": (changed("model.name", "a\0b"), "printable letters"),
    "a path without end": (changed("model.name", "a" * 10_000), "a long text"),
    "a seed below zero": (changed("codes.seeds", [-1]), "'codes.seeds.0' is -1"),
    "more seeds than images": (changed("codes.seeds", list(range(20_000))), "'codes.seeds' is a list"),
    "more codes than images": (changed("codes.n", 6000), "at most 10000 images"),
    "codes of two kinds": (changed("codes.sum", []), "one of the fields seeds, values, sum"),
    "another precision": (changed("model.precision", "int8"), "one of float32"),
    "an unknown image": (changed("image.kind", "opera"), "one of sheet, walk"),
    "a huge scale": (changed("scale", 10**6), "from 1 to 64"),
    "a batch without end": (changed("batch_size", 10**6), "'batch_size'"),
}


@pytest.mark.parametrize(("written", "words"), WRONG.values(), ids=WRONG)
def test_a_wrong_recipe_is_refused_by_naming_the_field(written: str | bytes, words: str) -> None:
    with pytest.raises(CheckpointError) as caught:
        from_json(written)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 400
    assert str(caught.value).isprintable()


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_whatever_stands_in_any_field_is_read_or_refused(data: st.DataObject) -> None:
    whole = json.loads(to_json(RECIPES[data.draw(st.sampled_from(list(RECIPES)))]()))
    inside: Any = whole
    while True:
        keys = list(inside) if isinstance(inside, dict) else list(range(len(inside)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(inside[key], dict | list) or not inside[key] or data.draw(st.booleans()):
            break
        inside = inside[key]
    inside[key] = data.draw(anything)
    with contextlib.suppress(CheckpointError):
        from_json(json.dumps(whole))


@settings(deadline=None, max_examples=60)
@given(place=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_a_damaged_image_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, place: int, byte: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.png"
    info = PngInfo()
    info.add_itxt("ganatomy", to_json(RECIPES["edits"]()))
    Image.new("RGB", (4, 4)).save(path, pnginfo=info)
    raw = bytearray(path.read_bytes())
    raw[place % len(raw)] = byte
    path.write_bytes(raw)
    with contextlib.suppress(CheckpointError):
        ga.read_recipe(path)


def test_a_huge_image_is_not_unpacked_to_read_its_recipe(tmp_path: Path) -> None:
    info = PngInfo()
    info.add_itxt("ganatomy", to_json(RECIPES["a sheet"]()))
    Image.new("L", (10_000, 10_000)).save(tmp_path / "large.png", pnginfo=info)
    assert to_json(ga.read_recipe(tmp_path / "large.png")) == to_json(RECIPES["a sheet"]())
