"""StyleSpace: channels of s that were planted are found, in regions and by exemplars."""

from __future__ import annotations

import pytest
import torch
from directions.planted import Painter, stylegan2
from generators.conftest import MAKERS
from torch import Tensor

import ganatomy as ga
from ganatomy.errors import FingerprintError, ScoreError, SettingError, SpaceError, UnknownNameError
from ganatomy.latents import Latents, Space
from ganatomy.perception import Scores
from ganatomy.surveys import Survey

STYLED = [name for name in MAKERS if "stylegan" in name]


def made(name: str) -> ga.Generator:
    torch.manual_seed(0)
    return MAKERS[name]()


@pytest.fixture(scope="module")
def painter() -> Painter:
    """Two layers of 4 and 6 channels; 0:1 paints the top left tile, 1:2 half of it there, all others everywhere."""
    torch.manual_seed(0)
    patterns = 0.1 * torch.randn(10, 8, 8)
    patterns[1] = 0
    patterns[1, :2, :2] = 0.5
    patterns[6] = 0
    patterns[6, :2, :4] = 0.5
    return Painter(patterns, [torch.randn(4, 5), torch.randn(6, 5)]).eval()


def top_left(size: int = 8, *, tile: int = 2) -> Tensor:
    mask = torch.zeros(size, size, dtype=torch.bool)
    mask[:tile, :tile] = True
    return mask


def test_planted_channels_are_found_with_their_share_inside_the_region(painter: Painter):
    found = ga.local_channels(painter, {"corner": top_left()}, num_channels=2, num_probes=8)
    assert found.names == ["corner s 0:1", "corner s 1:2"]
    assert found.values[0] == pytest.approx(1)
    assert found.values[1] == pytest.approx(0.5, abs=0.1)
    assert found.space == "s"
    assert found[1].vector.nonzero().tolist() == [[6]]
    with torch.no_grad():
        codes = painter.sample(5000, seed=4, space="s").codes
    assert found[0].sigma == pytest.approx(float(codes[:, 1].std()), rel=0.05)


def test_regions_are_tiles_by_default(painter: Painter):
    found = ga.local_channels(painter, num_channels=1)
    assert len(found) == 16
    assert found.names[0] == "row 1 column 1 s 0:1"
    assert found.values[0] == pytest.approx(1)


def test_one_seed_gives_one_ranking(painter: Painter):
    first, again = (ga.local_channels(painter, seed=2) for _ in range(2))
    assert first.names == again.names
    assert first.values == again.values


def test_a_channel_that_colours_the_top_of_images_is_local_in_stylegan2():
    generator = stylegan2(widths=(8, 8))
    top = torch.zeros(8, 8, dtype=torch.bool)
    top[:4] = True
    # Channel 5 of the last features is noise in the top half only, and its torgb makes much of it.
    with torch.no_grad():
        last = generator.synthesis.b8.conv1
        last.weight[5] = 0
        last.noise_const.copy_(torch.randn(8, 8) * top)
        last.noise_strength.fill_(1.0)
        generator.synthesis.b8.torgb.weight[:, 5] = 3.0
    layer = len(generator.style_widths) - 1
    found = ga.local_channels(generator, {"top": top}, num_channels=1, torgb=True)
    assert found.names == [f"top s {layer}:5"]
    assert found.values[0] > 0.99
    without = ga.local_channels(generator, {"top": top}, num_channels=3)
    assert not any(name.startswith((f"top s {layer}:", "top s 1:")) for name in without.names)


def test_the_share_is_that_of_the_gradient_maps_themselves():
    generator = made("stylegan2")
    mask = top_left(tile=4)
    count = len(generator.sample(1, space="s").codes[0])
    found = ga.local_channels(
        generator, {"corner": mask}, num_channels=count, n=4, num_probes=400, torgb=True
    )
    codes = generator.sample(4, seed=0, space="s")

    def image(code: Tensor) -> Tensor:
        return generator(codes[:1].with_codes(code[None]))[0]

    maps = sum(torch.autograd.functional.jacobian(image, code).square().sum(0) for code in codes.codes)
    shares = maps[mask].sum(0) / maps.sum((0, 1))
    assert len(found) >= count // 2
    for direction, value in zip(found, found.values, strict=True):
        assert value == pytest.approx(float(shares[direction.vector.argmax()].detach()), abs=0.05)


@pytest.mark.parametrize("name", STYLED)
def test_channels_of_every_style_based_generator_move_its_images(name: str):
    generator = made(name)
    size = generator.signature.resolution
    found = ga.local_channels(generator, {"corner": top_left(size, tile=size // 2)}, num_channels=2, n=4)
    codes = generator.sample(20, seed=9, space="w")
    away = ga.attribute_channels(generator, {"Smiling": codes}, num_channels=2, n=100)
    assert list(found.values) == sorted(found.values, reverse=True)
    assert list(away.values) == sorted(away.values, reverse=True)
    with torch.no_grad():
        styles = generator.map(codes[:2], to="s")
        for direction in (*found, *away):
            assert direction.vector.count_nonzero() == 1
            moved = ga.move(styles, direction, 3.0, units="sigma")
            assert not torch.equal(generator(moved), generator(styles))


@pytest.mark.parametrize("space", ["z", "w", "s"])
def test_the_channel_in_which_exemplars_stand_out_is_found_and_leads_towards_them(
    painter: Painter, space: str
):
    with torch.no_grad():
        codes = painter.sample(3000, seed=5, space=space)
        styles = painter.map(codes, to="s").codes
    for channel, name in ((2, "0:2"), (7, "1:3")):
        lowest = styles[:, channel].argsort()[:20]
        (direction,) = ga.attribute_channels(painter, {"Smiling": codes[lowest]}, num_channels=1)
        assert direction.name == "Smiling"
        assert direction.vector[channel] == -1
        several = ga.attribute_channels(painter, {"Smiling": codes[lowest]}, num_channels=3)
        assert several.names[0] == f"Smiling {name}"
        expected = (styles[lowest, channel].mean() - styles[:, channel].mean()).abs() / styles[
            :, channel
        ].std()
        assert several.values[0] == pytest.approx(float(expected), rel=0.1)


def test_exemplars_are_the_codes_that_score_highest():
    logits = torch.tensor([[0.0, 5.0], [3.0, 1.0], [2.0, -4.0], [-1.0, 2.0]])
    latents = Latents(codes=torch.arange(4.0)[:, None], space=Space.Z)
    seen = Survey(latents=latents, scores=Scores(names=("Smiling", "Male"), logits=logits))
    chosen = ga.exemplars(seen, ["Male", "Smiling"], num=2)
    assert list(chosen) == ["Male", "Smiling"]
    assert chosen["Smiling"].codes.flatten().tolist() == [1, 2]
    assert chosen["Male"].codes.flatten().tolist() == [0, 3]
    with pytest.raises(UnknownNameError, match="did you mean 'Smiling'"):
        ga.exemplars(seen, ["Smilling"])
    with pytest.raises(ScoreError, match="no attribute"):
        ga.exemplars(seen)
    with pytest.raises(SettingError, match="num is 0"):
        ga.exemplars(seen, ["Male"], num=0)


@pytest.mark.parametrize("name", ["toy with z", "dcgan", "progan", "wrapped module"])
def test_a_generator_without_styles_is_refused(name: str):
    generator = made(name)
    with pytest.raises(SpaceError, match="has no space s"):
        ga.local_channels(generator)
    with pytest.raises(SpaceError, match="has no space s"):
        ga.attribute_channels(generator, {"Smiling": generator.sample(2)})


@pytest.mark.parametrize(
    ("regions", "settings", "message"),
    [
        ({}, {}, "regions is empty"),
        ({"eyes": top_left(4)}, {}, r"'eyes' is a bool mask of shape \[4, 4\]"),
        ({"eyes": torch.ones(8, 8, dtype=torch.bool)}, {}, "no pixel outside"),
        ({"eyes": torch.zeros(8, 8, dtype=torch.bool)}, {}, "no pixel inside"),
        (None, {"n": 0}, "in 0 images"),
        (None, {"num_channels": 11}, "at most 10 channels"),
        (None, {"num_probes": 0}, "0 times"),
    ],
)
def test_regions_and_numbers_that_make_no_sense_are_refused(
    painter: Painter, regions: dict[str, Tensor] | None, settings: dict[str, int], message: str
):
    with pytest.raises(SettingError, match=message):
        ga.local_channels(painter, regions, **settings)  # type: ignore[arg-type]


def test_exemplars_that_make_no_sense_are_refused(painter: Painter):
    codes = painter.sample(3, space="w")
    with pytest.raises(SettingError, match="show any attribute"):
        ga.attribute_channels(painter, {})
    with pytest.raises(SettingError, match="show Male"):
        ga.attribute_channels(painter, {"Smiling": codes, "Male": codes[:0]})
    with pytest.raises(SettingError, match="1 to 10 channels"):
        ga.attribute_channels(painter, {"Smiling": codes}, num_channels=11)
    with pytest.raises(FingerprintError):
        ga.attribute_channels(painter, {"Smiling": stylegan2().sample(3, space="w")})
