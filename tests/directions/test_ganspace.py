"""GANSpace: components in one pass, of codes and of activations, and the directions that they stand for."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from directions.planted import stylegan2, unit
from generators.conftest import MAKERS
from torch import Tensor, nn

import ganatomy as ga
from ganatomy.directions import principal as module
from ganatomy.directions.principal import principal
from ganatomy.errors import SettingError, SpaceError, UnknownNameError
from ganatomy.geometry import qr


def made(name: str) -> ga.Generator:
    torch.manual_seed(0)
    return MAKERS[name]()


def in_batches(rows: Tensor, codes: Tensor, size: int):
    return zip(rows.split(size), codes.split(size), strict=True)


def rows_and_codes(n: int, d: int, *, rank: int = 6, noise: float = 0.01) -> tuple[Tensor, Tensor]:
    """Rows that spread along a few axes, far from the origin, and the codes that they are linear in."""
    rng = torch.Generator().manual_seed(0)
    codes = torch.randn(n, rank, generator=rng)
    axes = qr(torch.randn(d, rank, generator=rng))[0]
    rows = codes * torch.arange(rank, 0, -1) @ axes.T + 50
    return rows + noise * torch.randn(n, d, generator=rng), codes


class Stretched(nn.Module):
    """A layer whose activations spread most along known functions of the code, and an image of them."""

    def __init__(self, frame: Tensor, widths: Tensor, size: int = 8) -> None:
        super().__init__()
        self.features = nn.Linear(len(widths), len(frame))
        with torch.no_grad():
            self.features.weight.copy_(frame * widths)
            self.features.bias.fill_(7.0)
        self.paint = nn.Linear(len(frame), size * size)
        self.size = size

    def forward(self, z: Tensor) -> Tensor:
        return self.paint(self.features(z)).tanh().view(-1, 1, self.size, self.size)


def stretched(d: int = 40) -> tuple[ga.Generator, Tensor]:
    """A wrapped generator, and the directions of z that its layer stretches, the most stretched first."""
    torch.manual_seed(0)
    frame = qr(torch.randn(d, 6))[0]
    turn = qr(torch.randn(6, 6))[0]
    widths = torch.tensor([6.0, 5.0, 4.0, 3.0, 2.0, 1.0])
    net = Stretched(frame * widths @ turn.T, torch.ones(6))
    return ga.wrap(net, z_dim=6), turn.T


@pytest.mark.parametrize("size", [1, 7, 100, 5000])
def test_streaming_gives_what_all_rows_at_once_give(size: int):
    rows, codes = rows_and_codes(1000, 30, noise=0.3)
    found = principal(in_batches(rows, codes, size), num_axes=6)
    centred = rows.double().numpy() - rows.double().numpy().mean(0)
    _, widths, axes = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(found.variances.numpy(), widths[:6] ** 2 / 1000, rtol=1e-6)
    np.testing.assert_allclose(np.abs((found.axes.numpy().T * axes[:6]).sum(1)), 1, atol=1e-6)
    np.testing.assert_allclose(found.total, (widths**2).sum() / 1000, rtol=1e-6)
    expected = found.axes.numpy().T @ centred.T @ (codes.double().numpy() - codes.double().numpy().mean(0))
    np.testing.assert_allclose(found.codes.numpy(), expected / 1000, atol=1e-6)


def test_long_rows_are_sketched_to_the_same_components(monkeypatch: pytest.MonkeyPatch):
    rows, codes = rows_and_codes(600, 300)
    exact = principal(in_batches(rows, codes, 50), num_axes=4)
    monkeypatch.setattr(module, "LONGEST", 100)
    monkeypatch.setattr(module, "WIDEST", 40)
    sketched = principal(in_batches(rows, codes, 50), num_axes=4)
    again = principal(in_batches(rows, codes, 13), num_axes=4)
    torch.testing.assert_close(sketched.variances, exact.variances, rtol=1e-3, atol=0)
    torch.testing.assert_close(sketched.total, exact.total, rtol=1e-6, atol=0)
    torch.testing.assert_close(
        (sketched.axes * exact.axes).sum(0).abs(), torch.ones(4).double(), atol=1e-4, rtol=0
    )
    torch.testing.assert_close(sketched.codes.abs(), exact.codes.abs(), rtol=1e-2, atol=1e-2)
    torch.testing.assert_close(again.axes.abs(), sketched.axes.abs(), atol=1e-6, rtol=1e-6)


def test_a_sketch_of_rows_that_spread_along_few_axes_gives_these(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "LONGEST", 100)
    rows, codes = rows_and_codes(200, 300, rank=3, noise=0.0)
    found = principal(in_batches(rows, codes, 50), num_axes=5)
    assert found.captured[:3].sum() == pytest.approx(1, abs=1e-6)
    assert found.captured[3:].sum() < 1e-9


def test_components_of_codes_are_those_of_a_survey_of_them():
    toy = ga.ToyGenerator(z_dim=8, w_dim=6)
    from ganatomy.perception import OracleScorer

    seen = ga.survey(toy, OracleScorer(toy), n=5000, space="w", seed=3)
    expected, found = ga.pca(seen, num_components=6), ga.ganspace(toy, n=5000, seed=3, num_components=6)
    torch.testing.assert_close(found.matrix, expected.matrix, atol=1e-5, rtol=0)
    assert found.names == expected.names
    assert found.values == pytest.approx(expected.values, rel=1e-5)
    assert [d.sigma for d in found] == pytest.approx([d.sigma for d in expected], rel=1e-5)


def test_components_of_codes_are_the_known_axes_of_the_toy():
    toy = ga.ToyGenerator(z_dim=6, w_dim=6)
    left, widths, _ = np.linalg.svd(toy.affine.double().numpy())
    found = ga.ganspace(toy, n=40_000, num_components=6)
    assert np.abs((found.matrix.numpy() * left.T).sum(1)).min() > 0.99
    np.testing.assert_allclose([d.sigma for d in found], widths, rtol=0.02)
    np.testing.assert_allclose(found.values, widths**2 / (widths**2).sum(), rtol=0.03)


def test_planted_components_of_a_layer_are_found_in_codes():
    generator, truth = stretched()
    found = ga.ganspace(generator, layer="features", n=20_000, num_components=6, batch_size=1000)
    assert (found.matrix * truth).sum(1).abs().min() > 0.99
    shares = torch.tensor([6.0, 5.0, 4.0, 3.0, 2.0, 1.0]).square()
    np.testing.assert_allclose(found.values, shares / shares.sum(), rtol=0.05)
    assert found.figure == "share of the variance of features"
    assert {d.space for d in found} == {"z"}
    assert [d.sigma for d in found] == [1.0] * 6


def test_planted_components_of_a_layer_too_long_for_a_covariance_are_found_too():
    generator, truth = stretched(d=module.LONGEST + 1)
    found = ga.ganspace(generator, layer="features", n=10_000, num_components=3, batch_size=1000)
    assert (found.matrix * truth[:3]).sum(1).abs().min() > 0.99


def test_a_direction_planted_in_a_layer_of_stylegan2_is_found_there():
    generator = stylegan2(widths=(8, 8))
    # One channel of b8.conv1 lights up with the code along one axis: noise 0, its style and bias do it.
    with torch.no_grad():
        generator.synthesis.b4.conv1.affine.weight.mul_(0.05)
        generator.synthesis.b4.conv1.affine.weight[0] = 8 * unit(3)
    found = ga.ganspace(generator, layer="b4.conv1", n=4000, num_components=1, batch_size=500)
    with torch.no_grad():
        codes = generator.sample(4000, seed=1, space="w").codes
    # Codes are not isotropic in w: the direction is the one that codes take when that style varies.
    centred = codes - codes.mean(0)
    expected = centred.T @ (centred @ unit(3))
    assert abs(float(found[0].vector @ (expected / expected.norm()))) > 0.95


@pytest.mark.parametrize("name", MAKERS)
def test_every_generator_gives_components_of_what_its_layers_make(name: str):
    generator = made(name)
    names = ga.layer_names(generator)
    if name.startswith(("toy", "drawn")) or name == "wrapped function":
        assert list(names) == ["images"]
        return
    shaped = [layer for layer, shape in names.items() if len(shape) >= 2 or name.startswith("wrapped")]
    layer = shaped[0]
    first, again = (
        ga.ganspace(generator, layer=layer, n=60, num_components=2, batch_size=size) for size in (60, 7)
    )
    torch.testing.assert_close(first.matrix, again.matrix, atol=1e-3, rtol=0)
    assert list(first.values) == sorted(first.values, reverse=True)
    assert first.matrix.norm(dim=1).tolist() == pytest.approx([1, 1], abs=1e-5)
    assert first[0].method == f"ganspace, {layer}"
    first[0].check(generator.sample(1, space=first.space))
    assert not generator._forward_hooks
    assert not any(part._forward_hooks for part in generator.modules())


def test_layers_have_short_names_and_the_shapes_of_their_activations():
    names = ga.layer_names(made("stylegan2"))
    assert names["b8.conv0"] == (6, 8, 8)
    assert names["b8"] == (6, 8, 8)
    found = ga.ganspace(made("stylegan2"), layer="synthesis.b8.conv0", n=50, num_components=1)
    assert found[0].method == "ganspace, synthesis.b8.conv0"


def test_the_rest_of_the_generator_is_not_run():
    generator = stylegan2(widths=(8, 8))
    images: list[int] = []
    generator.synthesis.b8.torgb.register_forward_hook(lambda *seen: images.append(len(seen[2])))
    ga.ganspace(generator, layer="b4.conv1", n=20, num_components=1, batch_size=20)
    assert images == [2], "only the two images that tell which layers there are"


def test_progress_reaches_all_codes():
    seen: list[tuple[int, int]] = []
    ga.ganspace(
        ga.ToyGenerator(z_dim=4, w_dim=4), n=5000, num_components=2, progress=lambda *x: seen.append(x)
    )
    assert seen == [(4096, 5000), (5000, 5000)]


@pytest.mark.parametrize(
    ("name", "settings", "error", "message"),
    [
        ("stylegan2", {"layer": "b8.conv9"}, UnknownNameError, "did you mean 'b8.conv"),
        ("stylegan2", {"space": "w+"}, SpaceError, "use w"),
        ("stylegan2", {"space": "x"}, SpaceError, "'x' is not a space"),
        ("dcgan", {"space": "w"}, SpaceError, "no space w, only z"),
        ("dcgan", {}, SettingError, "name a layer.*layers.0"),
        ("wrapped function", {}, SettingError, "name a layer, whose activations do not: images"),
        ("wrapped function", {"layer": "a"}, UnknownNameError, "no layer 'a'"),
        ("stylegan2", {"n": 1}, SettingError, "of 1 codes"),
        ("stylegan2", {"layer": "b4", "batch_size": 0}, SettingError, "batch_size 0 is out of range"),
        ("stylegan2", {"num_components": 6}, SettingError, "1 to 5 components, not 6"),
        ("stylegan2", {"n": 4, "num_components": 5}, SettingError, "1 to 3 components"),
        ("stylegan2", {"num_components": 0}, SettingError, "cannot find 0 components"),
    ],
)
def test_what_makes_no_sense_is_refused(
    name: str, settings: dict[str, object], error: type[Exception], message: str
):
    with pytest.raises(error, match=message):
        ga.ganspace(made(name), **{"n": 100, **settings})  # type: ignore[arg-type]


def test_no_rows_have_no_components():
    with pytest.raises(SettingError, match="no codes"):
        principal(iter([]), num_axes=1)


def test_a_generator_without_layers_is_decomposed_by_its_images():
    torch.manual_seed(0)
    axes, frame = qr(torch.randn(6, 6))[0], qr(torch.randn(192, 6))[0]
    stretch = axes * torch.tensor([0.06, 0.05, 0.04, 0.03, 0.02, 0.01]) @ frame.T
    G = ga.wrap(lambda z: (z @ stretch).view(-1, 3, 8, 8), z_dim=6)
    found = ga.ganspace(G, layer="images", n=4_000, num_components=3)
    assert ga.layer_names(G) == {"images": (3, 8, 8)}
    for direction, axis in zip(found, axes.T, strict=False):
        assert abs(float(direction.vector @ axis)) > 0.98
    assert found[0].method == "ganspace, images"


def test_large_images_are_decomposed_as_means_of_their_pixels():
    G = ga.wrap(lambda z: z[:, :3, None, None].tanh().expand(-1, 3, 96, 200).contiguous(), z_dim=4)
    found = ga.ganspace(G, layer="images", n=300, num_components=3)
    assert all(abs(float(direction.vector[3])) < 0.3 for direction in found)
