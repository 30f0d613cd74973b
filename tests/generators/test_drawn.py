"""The generator of drawn faces: what it says of its codes is exact, in both spaces, and follows the population."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

import ganatomy as ga
from ganatomy.datasets.faces import ATTRIBUTES, FACTORS
from ganatomy.datasets.faces.canvas import FADE
from ganatomy.datasets.faces.population import population
from ganatomy.generators import save_generator
from ganatomy.generators.drawn import FOLDED, MAPS, POPULATIONS, SLOPE, WHOLE
from ganatomy.latents import Latents
from ganatomy.perception import CodeOracle, FactorOracle


@pytest.mark.parametrize("settings", [f"{m},{p}" for m in MAPS for p in POPULATIONS])
def test_codes_and_attributes_follow_the_population_by_every_map(settings: str) -> None:
    drawn = ga.load(f"drawn:{settings}")
    assert isinstance(drawn, ga.DrawnGenerator)
    n, z = 20_000, drawn.sample(20_000, seed=5)
    w = drawn.map(z)
    covariance = drawn.root @ drawn.root.T
    assert (torch.cov(w.codes.T) - covariance).abs().max() < 6 * math.sqrt(2 / n)
    shares = (drawn.read(z) > 0).double().mean(0)
    expected = torch.from_numpy(population().prevalence)
    assert ((shares - expected).abs() < 5 * (expected * (1 - expected) / n).sqrt()).all()
    torch.testing.assert_close(drawn.read(z), drawn.read(w))


def test_labels_correlate_as_those_of_celeba() -> None:
    drawn = ga.DrawnGenerator()
    labels = (drawn.read(drawn.sample(40_000, seed=1)) > 0).double()
    missed = torch.corrcoef(labels.T) - torch.from_numpy(population().target)
    assert missed.square().mean().sqrt() < 0.02
    free = ga.DrawnGenerator(population="independent")
    labels = (free.read(free.sample(40_000, seed=1)) > 0).double()
    assert (torch.corrcoef(labels.T) - torch.eye(len(ATTRIBUTES))).abs().max() < 0.03


def test_a_warped_map_keeps_lengths_and_is_not_linear() -> None:
    drawn = ga.DrawnGenerator(map="warped", population="independent")
    z = drawn.sample(500, seed=2)
    w = drawn.map(z)
    torch.testing.assert_close(w.codes.norm(dim=1), z.codes.norm(dim=1))
    halved = drawn.map(z.with_codes(z.codes / 2))
    assert (2 * halved.codes - w.codes).abs().mean() > 0.1


def test_factors_are_read_off_the_same_codes_as_attributes() -> None:
    drawn = ga.DrawnGenerator()
    w = drawn.sample(400, seed=3, space="w")
    factors, strengths = drawn.read_factors(w), torch.sigmoid(drawn.read(w))
    names = [factor.name for factor in FACTORS]
    smile, age, male = (factors[:, names.index(name)] for name in ("smile", "age", "masculinity"))
    columns = [ATTRIBUTES.index(name) for name in ("Smiling", "Young", "Male")]
    fade = FADE[0] + (FADE[1] - FADE[0]) * strengths[:, columns[0]]
    torch.testing.assert_close(smile, fade)
    torch.testing.assert_close(age, FADE[1] - (FADE[1] - FADE[0]) * strengths[:, columns[1]])
    torch.testing.assert_close(male, strengths[:, columns[2]])
    assert set(WHOLE) <= set(names)
    for factor, column in zip(FACTORS, factors.T, strict=True):
        assert factor.low <= column.min()
        assert column.max() <= factor.high


def test_folded_attributes_show_at_both_ends_of_their_axis() -> None:
    drawn = ga.DrawnGenerator(map="folded")
    far = torch.zeros(3, len(FACTORS))
    column = ATTRIBUTES.index("Smiling")
    far[0, column], far[2, column] = -3, 3
    logits = drawn.read(Latents(codes=far, space=ga.Space.W))[:, column]
    assert logits[0] == logits[2]
    assert (logits > 0).tolist() == [True, False, True]
    assert set(ATTRIBUTES) - set(drawn.truth.names) == set(FOLDED)


@pytest.mark.parametrize("map_", MAPS)
def test_every_factor_can_be_seen_by_gradients_almost_everywhere(map_: str) -> None:
    drawn = ga.DrawnGenerator(map=map_, resolution=48)
    w = drawn.sample(24, seed=4, space="w")
    codes = w.codes.requires_grad_()
    weights = torch.linspace(-1, 1, 3 * 48 * 48).view(1, 3, 48, 48).cos() * torch.linspace(1, 2, 48)
    (drawn(w) * weights).sum().backward()
    assert codes.grad is not None
    assert codes.grad.isfinite().all()
    # What hats and long hair hide, and colours of what is not worn, have no gradient in some images.
    assert ((codes.grad != 0).double().mean(0) > 0.25).all()


def test_gradients_of_images_are_their_differences() -> None:
    drawn = ga.DrawnGenerator(resolution=32)
    w = drawn.sample(6, seed=7, space="w")
    step = torch.linspace(-1, 1, w.dim).sin()[None] / 8
    codes = w.codes.clone().requires_grad_()
    weights = torch.linspace(0, 9, 3 * 32 * 32).sin().view(1, 3, 32, 32)
    totals = (drawn(w.with_codes(codes)) * weights).flatten(1).sum(1)
    (gradient,) = torch.autograd.grad(totals.sum(), codes)
    size = 1e-2
    ahead, behind = (
        (drawn(w.with_codes(w.codes + sign * size * step)) * weights).flatten(1).sum(1) for sign in (1, -1)
    )
    measured, expected = (ahead - behind) / (2 * size), (gradient * step).sum(1)
    # Edges of strokes pass over pixels between the two images, so a difference is no limit.
    assert torch.nn.functional.cosine_similarity(measured, expected, dim=0) > 0.95


def test_the_covariance_of_scores_is_that_of_the_paper_to_the_digit() -> None:
    """Cov(s) = ΛNᵀNΛ for z ~ N(0, I) (Shen et al. 2020, equation 5); ΛNᵀ Cov(w) NΛ in w."""
    drawn = ga.DrawnGenerator()
    k = len(ATTRIBUTES)
    # The logits of the 2d + 1 points of a cubature of degree 3 have the exact covariance of a linear map of N(0, I).
    points = math.sqrt(drawn.signature.z_dim) * torch.cat([torch.eye(62), -torch.eye(62)])
    logits = drawn.read(Latents(codes=points, space=ga.Space.Z)).double()
    exact = (logits - logits.mean(0)).T @ (logits - logits.mean(0)) / len(points)
    truth = drawn.truth_in("z")
    normals = truth.matrix.double()
    slopes = torch.tensor([direction.slope for direction in truth], dtype=torch.float64)
    torch.testing.assert_close(slopes[:, None] * (normals @ normals.T) * slopes, exact, atol=2e-4, rtol=1e-5)
    in_w = drawn.truth.matrix.double() @ (drawn.root @ drawn.root.T).double() @ drawn.truth.matrix.double().T
    torch.testing.assert_close(SLOPE**2 * in_w, exact, atol=2e-4, rtol=1e-5)
    assert exact.shape == (k, k)


@pytest.mark.parametrize("space", ["z", "w"])
def test_true_directions_predict_every_logit(space: str) -> None:
    drawn = ga.DrawnGenerator()
    truth, codes = drawn.truth_in(space), drawn.sample(50, seed=9, space=space)
    predicted = torch.stack([d.slope * codes.codes @ d.vector + d.intercept for d in truth], dim=1)
    torch.testing.assert_close(predicted, drawn.read(codes), atol=1e-4, rtol=1e-4)


def test_a_warped_map_has_true_directions_in_w_alone() -> None:
    drawn = ga.DrawnGenerator(map="warped")
    assert len(drawn.truth) == len(ATTRIBUTES)
    with pytest.raises(ga.SpaceError, match="take w"):
        drawn.truth_in("z")


def test_codes_and_truth_are_the_same_at_any_resolution() -> None:
    small, large = ga.load("drawn", resolution=32), ga.load("drawn", resolution=128)
    assert small.fingerprint == large.fingerprint == ga.load("drawn").fingerprint
    z = small.sample(2, seed=1)
    shrunk = torch.nn.functional.avg_pool2d(large(z), 4)
    assert (shrunk - small(z)).abs().mean() < 0.03
    others = {ga.load(f"drawn:{word}").fingerprint for word in ("linear", "warped", "folded", "independent")}
    assert len(others) == 4


def test_a_file_gives_the_same_generator_back(tmp_path: Path) -> None:
    drawn = ga.load("drawn:folded,independent", resolution=32)
    again = ga.load(save_generator(drawn, tmp_path / "drawn.safetensors"))
    assert isinstance(again, ga.DrawnGenerator)
    assert again.settings == drawn.settings
    assert again.fingerprint == drawn.fingerprint
    assert ga.export(drawn, tmp_path / "folder").card["licence"] == "Apache-2.0"
    assert torch.equal(ga.load(tmp_path / "folder")(again.sample(2)), drawn(again.sample(2)))


@pytest.mark.parametrize(
    ("name", "options", "error", "words"),
    [
        ("drawn:bent", {}, ga.UnknownNameError, "linear, warped, folded, entangled, independent"),
        ("drawn:warped,folded", {}, ga.SettingError, "one map, not both warped and folded"),
        ("drawn", {"resolution": 8}, ga.SettingError, "32 to 2048 pixels"),
        ("drawn", {"prior": "uniform"}, ga.SettingError, "leave out prior"),
        ("drawn", {"hidden": "relu"}, ga.SettingError, "leave out hidden"),
        ("faces:folded", {}, ga.GanatomyError, "faces"),
    ],
)
def test_settings_that_do_not_exist_are_refused(
    name: str, options: dict[str, object], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        ga.load(name, **options)  # pyright: ignore[reportArgumentType]


def test_the_oracle_reads_edited_codes_exactly() -> None:
    drawn = ga.DrawnGenerator()
    oracle = ga.scorer("drawn")
    assert isinstance(oracle, CodeOracle)
    w = drawn.sample(8, seed=1, space="w")
    edited = ga.move(w, drawn.truth["Smiling"], 0.5)
    before, after = (oracle(drawn(codes), latents=codes) for codes in (w, edited))
    change = (after.logits - before.logits).mean(0)
    assert change[oracle.names.index("Smiling")] == pytest.approx(SLOPE / 2, abs=1e-4)
    assert change.abs().sum() == pytest.approx(SLOPE / 2, abs=1e-3)


def test_the_oracle_of_factors_counts_in_standard_deviations() -> None:
    drawn = ga.DrawnGenerator(map="folded")
    oracle = FactorOracle(drawn)
    z = drawn.sample(20_000, seed=1)
    factors = oracle.score(torch.zeros(len(z), 3, 1, 1), latents=z).logits
    assert factors.mean(0).abs().max() < 0.04
    assert (factors.std(0) - 1).abs().max() < 0.04


def test_the_oracle_needs_codes_of_its_own_generator() -> None:
    drawn, oracle = ga.DrawnGenerator(resolution=32), ga.scorer("drawn")
    z = drawn.sample(2)
    images = drawn(z)
    with pytest.raises(ga.ScoreError, match="reads codes, not images; give the codes of these images"):
        oracle(images)
    with pytest.raises(ga.ScoreError, match="2 images and the codes of 1"):
        oracle(images, latents=z[0])
    with pytest.raises(ga.FingerprintError):
        oracle(images, latents=ga.DrawnGenerator(map="folded").sample(2))
