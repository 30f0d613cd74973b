"""What a recipe makes is what the functions of the library make."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import ganatomy as ga
from ganatomy.errors import CheckpointError, FingerprintError, SettingError, SpaceError
from ganatomy.generators.stylegan2 import StyleGAN2, StyleGAN2Config
from ganatomy.latents import Space
from ganatomy.recipes import (
    Along,
    Arithmetic,
    CodePath,
    Drawn,
    DrawnFaces,
    Mix,
    ModelReference,
    Move,
    Reached,
    Recipe,
    Sheet,
    Walk,
)
from ganatomy.recipes.fields import MOST_IMAGES


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    torch.manual_seed(0)
    config = StyleGAN2Config(widths=(8, 8, 8), z_dim=8, w_dim=8, mapping_layers=2)
    path = tmp_path_factory.mktemp("recipes") / "model.safetensors"
    ga.save_generator(StyleGAN2(config), path)
    return str(path)


@pytest.fixture(scope="module")
def generator(model: str) -> ga.Generator:
    return ga.load(model)


@pytest.fixture
def recipe(generator: ga.Generator) -> Recipe:
    codes = Drawn(seeds=(7,), n=3, space=Space.W, truncation_psi=0.7)
    return Recipe(model=ModelReference.of(generator), codes=codes, scale=1)


@pytest.fixture
def smiling(generator: ga.Generator) -> ga.Direction:
    return ga.Direction(
        name="Smiling", vector=torch.ones(8), space=Space.W, fingerprint=generator.fingerprint
    )


def same(image: Image.Image, other: Image.Image) -> bool:
    return np.array_equal(np.asarray(image), np.asarray(other))


def test_a_sheet_shows_the_codes_that_sample_draws(generator: ga.Generator, recipe: Recipe) -> None:
    codes = generator.sample(3, seed=7, space="w", truncation_psi=0.7)
    assert same(ga.render(recipe), ga.grid(generator(codes), scale=1))
    assert same(ga.render(recipe, generator=generator), ga.grid(generator(codes), scale=1))


def test_a_move_is_that_of_the_library(
    generator: ga.Generator, recipe: Recipe, smiling: ga.Direction
) -> None:
    codes = generator.sample(3, seed=7, space="w", truncation_psi=0.7)
    edited = replace(recipe, edits=(Move(direction=smiling, strength=(1.0, 0.0, -2.0)),))
    expected = ga.move(codes, smiling, torch.tensor([1.0, 0.0, -2.0]))
    assert same(ga.render(edited), ga.grid(generator(expected), scale=1))


def test_reached_codes_stand_below_those_before(generator: ga.Generator, recipe: Recipe) -> None:
    reached = generator.sample(3, seed=9, space="w+")
    edited = replace(recipe, edits=(Reached(latents=reached),), image=Sheet(before=True))
    before = generator.sample(3, seed=7, space="w", truncation_psi=0.7)
    expected = ga.grid(torch.cat([generator(before), generator(reached)]), columns=3, scale=1)
    assert same(ga.render(edited), expected)
    with pytest.raises(SettingError, match="reached 3 codes"):
        ga.render(edited.with_value("codes.n", 2))


def test_edits_come_before_the_walk(
    generator: ga.Generator, recipe: Recipe, smiling: ga.Direction, tmp_path: Path
) -> None:
    walk = Walk(along=Along(direction=smiling, strengths=(0, 1), units="distance"))
    walked = replace(recipe, edits=(Move(direction=smiling, strength=1.0),), image=walk)
    codes = generator.sample(3, seed=7, space="w", truncation_psi=0.7)
    expected = ga.walk(ga.move(codes, smiling, 1.0), smiling, [0, 1], units="distance")
    written = ga.load_latents(ga.render_to(walked, tmp_path / "w.latents"))
    assert torch.equal(written.codes, expected.codes)


def test_a_film_makes_each_image_once(
    generator: ga.Generator, recipe: Recipe, smiling: ga.Direction, tmp_path: Path
) -> None:
    along = Along(direction=smiling, strengths=(-1, 0, 1, 2), units="distance")
    told: list[tuple[int, int]] = []
    filmed = replace(recipe, image=Walk(along=along), batch_size=5)
    ga.render_to(
        filmed,
        tmp_path / "a.gif",
        generator=generator,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(5, 12), (10, 12), (12, 12)]
    with Image.open(tmp_path / "a.gif") as film:
        assert (getattr(film, "n_frames", 1), film.size) == (6, (48, 16))


def test_another_generator_is_refused_until_the_recipe_is_set_free(
    recipe: Recipe, smiling: ga.Direction
) -> None:
    torch.manual_seed(1)
    other = StyleGAN2(StyleGAN2Config(widths=(8, 8, 8), z_dim=8, w_dim=8, mapping_layers=2)).eval()
    recipe = replace(recipe, edits=(Move(direction=smiling, strength=1.0, hold=()),))
    with pytest.raises(FingerprintError, match="of_any_generator"):
        ga.render(recipe, generator=other)
    free = recipe.of_any_generator()
    expected = ga.move(
        other.sample(3, seed=7, space="w", truncation_psi=0.7), smiling.of_any_generator(), 1.0
    )
    assert same(ga.render(free, generator=other), ga.grid(other(expected).detach(), scale=1))


def test_a_generator_without_a_file_cannot_be_named() -> None:
    wrapped = ga.wrap(lambda z: z.reshape(-1, 1, 2, 2), z_dim=4)
    with pytest.raises(SettingError, match="came from no file"):
        ModelReference.of(wrapped)


@pytest.mark.parametrize(
    "name",
    ["/dev/zero", "a" * 400, "a" * 400 + "/model.pt"],
    ids=["a device", "a long name", "a long folder"],
)
def test_a_model_that_is_no_file_is_refused(recipe: Recipe, name: str) -> None:
    with pytest.raises(ga.GanatomyError):
        ga.render(replace(recipe, model=ModelReference(name=name)))


def test_what_would_fill_the_memory_is_refused_before_it_is_made(
    recipe: Recipe, smiling: ga.Direction, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = Along(direction=smiling, strengths=tuple(range(MOST_IMAGES)), units="distance")
    images = {
        "too many for one recipe": [
            Walk(along=far, across=far),
            CodePath(frames=10 * MOST_IMAGES),
            Mix(columns=Drawn(seeds=(1,), n=MOST_IMAGES, space=Space.W_PLUS), layers=(0, 2)),
        ],
        "megapixels": [Sheet(columns=MOST_IMAGES)],
    }
    recipe = replace(recipe, scale=64)
    for words, kinds in images.items():
        for kind in kinds:
            with pytest.raises(SettingError, match=words):
                ga.render(replace(recipe, image=kind))
    with pytest.raises(SettingError, match="megapixels"):
        ga.render(Recipe(image=DrawnFaces(n=MOST_IMAGES, resolution=1024)))


def test_what_the_model_cannot_do_is_refused(recipe: Recipe, smiling: ga.Direction) -> None:
    with pytest.raises(SettingError, match="shows a sum"):
        ga.render(replace(recipe, image=Arithmetic()))
    with pytest.raises(SettingError, match="layers 0:99"):
        ga.render(replace(recipe, edits=(Move(direction=smiling, strength=1.0, layers=(0, 99)),)))
    with pytest.raises(SpaceError):
        ga.render(replace(recipe, model=ModelReference(name="digits")))


def test_a_file_that_carries_nothing_is_told_from_one_that_is_damaged(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "plain.gif")
    with pytest.raises(CheckpointError, match="carries no recipe"):
        ga.read_recipe(tmp_path / "plain.gif")
    Image.new("RGB", (4, 4)).save(tmp_path / "other.gif", comment=b"my holidays")
    with pytest.raises(CheckpointError, match="carries no recipe"):
        ga.read_recipe(tmp_path / "other.gif")
    (tmp_path / "cut.mp4").write_bytes(b"\0\0\0\x20ftypisom")
    with pytest.raises(CheckpointError, match="cannot be read as a film"):
        ga.read_recipe(tmp_path / "cut.mp4")
    with pytest.raises(CheckpointError, match="is a folder; give an image, a film or a recipe"):
        ga.read_recipe(tmp_path)
