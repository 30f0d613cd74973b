"""SeFa: the directions that change styles most, by the definition of the paper."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from directions.planted import W_DIM, plant, stylegan2, unit
from generators.conftest import MAKERS

import ganatomy as ga
from ganatomy.directions.sefa import first_weights
from ganatomy.errors import SettingError
from ganatomy.generators.dcgan import DCGAN, DCGANConfig
from ganatomy.generators.stacks import Layer

KNOWN = [name for name in MAKERS if not name.startswith(("toy", "wrapped", "drawn"))]


def made(name: str) -> ga.Generator:
    torch.manual_seed(0)
    return MAKERS[name]()


@pytest.mark.parametrize("name", KNOWN)
def test_every_architecture_gives_sorted_unit_directions_that_move_its_codes(name: str):
    generator = made(name)
    found = ga.sefa(generator, num_components=4)
    assert found.names == ["SeFa 1", "SeFa 2", "SeFa 3", "SeFa 4"]
    assert list(found.values) == sorted(found.values, reverse=True)
    assert 0 < sum(found.values) <= 1
    torch.testing.assert_close(found.matrix @ found.matrix.T, torch.eye(4), atol=1e-5, rtol=0)
    assert torch.equal(found.matrix, ga.sefa(generator, num_components=4).matrix)
    codes = generator.sample(2000, seed=5, space=found.space)
    spread = (codes.codes @ found.matrix.T).std(0)
    torch.testing.assert_close(torch.tensor([d.sigma for d in found]), spread, rtol=0.2, atol=0)
    with torch.no_grad():
        moved = generator(ga.move(codes[:2], found[0], 3.0, units="sigma"))
    assert not torch.equal(moved, generator(codes[:2]))


@pytest.mark.parametrize("name", [name for name in MAKERS if name not in KNOWN])
def test_a_generator_whose_first_layer_is_not_known_is_refused(name: str):
    with pytest.raises(SettingError, match="first layer"):
        ga.sefa(made(name), num_components=2)


@pytest.mark.parametrize("normalize", [True, False], ids=["authors", "rosinality"])
def test_directions_are_those_of_the_definition(normalize: bool):
    generator = stylegan2()
    found = ga.sefa(generator, num_components=W_DIM, normalize=normalize)
    # The convolutions of all rows, and the torgb that has the last row for itself.
    blocks = [generator.synthesis.b4.conv1, *(
        layer for b in (generator.synthesis.b8, generator.synthesis.b16) for layer in (b.conv0, b.conv1)
    ), generator.synthesis.b16.torgb]  # fmt: skip
    stacked = np.concatenate([layer.affine.weight.detach().double().numpy() for layer in blocks])
    if normalize:
        stacked = stacked / np.linalg.norm(stacked, axis=1, keepdims=True)
    _, widths, rows = np.linalg.svd(stacked)
    np.testing.assert_allclose(np.abs((found.matrix.numpy() * rows).sum(1)), 1, atol=1e-5)
    np.testing.assert_allclose(found.values, widths**2 / (widths**2).sum(), rtol=1e-6)


def test_planted_directions_are_found_in_the_layers_where_they_are():
    generator = stylegan2()
    plant(generator, unit(0), range(3))
    plant(generator, unit(1), range(3, 6))
    for layers, index in (((0, 3), 0), ((3, 6), 1)):
        found = ga.sefa(generator, layers=layers, num_components=2)
        assert found[0].layers == layers
        assert abs(float(found[0].vector @ unit(index))) > 0.99
        assert found.values[0] > 3 * found.values[1]
        moved = ga.move(generator.sample(1, space="w"), found[0], 1.0)
        assert moved.space == "w+"


def test_rows_of_other_lengths_count_the_same_only_where_they_are_normalised():
    generator = stylegan2()
    with torch.no_grad():
        affine = generator.synthesis.b8.conv1.affine.weight
        affine[0] = 1000 * unit(2)
    loud = ga.sefa(generator, num_components=1, normalize=False)[0]
    even = ga.sefa(generator, num_components=1)[0]
    assert abs(float(loud.vector @ unit(2))) > 0.999
    assert abs(float(even.vector @ unit(2))) < 0.9


def test_the_first_layer_is_what_it_answers_however_it_is_built():
    deconv = DCGAN.build(z_dim=6, widths=(8, 6), channels=1)
    weight = deconv.layers[0].weights.weight  # type: ignore[union-attr]
    expected = weight.detach().flatten(1).T
    torch.testing.assert_close(first_weights(deconv), expected, atol=1e-6, rtol=0)
    layers = (
        Layer(kind="linear", in_channels=6, out_channels=8, size=4, norm=128, activation="relu"),
        Layer(kind="conv", in_channels=8, out_channels=1, kernel=3, padding=1),
    )
    dense = DCGAN(DCGANConfig(layers=layers)).eval()
    weight = dense.layers[0].weights.weight.detach()  # type: ignore[union-attr]
    torch.testing.assert_close(first_weights(dense), weight, atol=1e-6, rtol=0)


def test_labels_of_a_conditional_progan_are_no_part_of_its_directions():
    generator = made("conditional progan")
    assert first_weights(generator).shape == (8 * 16, 6)
    assert ga.sefa(generator, num_components=6).matrix.shape == (6, 6)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("stylegan2", {"layers": (0, 9)}, "layers 0:4, not 0:9"),
        ("stylegan2", {"layers": (2, 2)}, "not 2:2"),
        ("stylegan2", {"num_components": 6}, "1 to 5 components, not 6"),
        ("stylegan2", {"num_components": 0}, "not 0"),
        ("dcgan", {"layers": (0, 2), "num_components": 2}, "no styles"),
    ],
)
def test_what_there_is_not_is_refused(name: str, settings: dict[str, object], message: str):
    with pytest.raises(SettingError, match=message):
        ga.sefa(made(name), **settings)  # type: ignore[arg-type]
