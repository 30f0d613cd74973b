"""Geometry against slow truths (numpy, scipy) and against properties that must hold for any codes."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline
from scipy.linalg import polar

from ganatomy.errors import SettingError
from ganatomy.geometry import (
    dual_basis,
    gram,
    lerp,
    orthogonalize_lowdin,
    orthogonalize_qr,
    project_out,
    qr,
    slerp,
    span,
    spline,
    truncate,
    upright,
)

quick = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 2**31)


def random(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape)).to(dtype)


def rotation(d: int, seed: int) -> torch.Tensor:
    return qr(random(d, d, seed=seed))[0]


def angle(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(torch.arccos((a @ b / a.norm() / b.norm()).clamp(-1, 1)))


WAYS = [lerp, slerp]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_way_starts_and_ends_at_its_codes_and_keeps_their_dtype(way, dtype):
    a, b = random(3, 5, seed=1, dtype=dtype), 7 * random(3, 5, seed=2, dtype=dtype)
    start, end = way(a, b, torch.tensor([0.0, 1.0]))
    torch.testing.assert_close(start, a)
    torch.testing.assert_close(end, b)


@pytest.mark.parametrize("way", WAYS)
def test_times_make_a_new_first_axis_and_agree_with_single_numbers(way):
    a, b = random(3, 5, seed=1), random(5, seed=2)
    times = torch.tensor([0.1, 0.7], dtype=torch.float64)
    both = way(a, b, times)
    assert both.shape == (2, 3, 5)
    torch.testing.assert_close(both[1], way(a, b, 0.7))


@pytest.mark.parametrize("way", WAYS)
def test_a_column_of_times_gives_each_code_its_own(way):
    a, b, times = random(4, 5, seed=1), random(4, 5, seed=2), torch.rand(4, 1, dtype=torch.float64)
    expected = torch.stack([way(a[i], b[i], float(times[i])) for i in range(4)])
    torch.testing.assert_close(way(a, b, times), expected)


@quick
@given(seed=seeds, scale=st.floats(0.01, 100))
def test_slerp_turns_at_constant_speed_and_its_norm_grows_linearly(seed, scale):
    a, b = random(6, seed=seed), scale * random(6, seed=seed + 1)
    points = slerp(a, b, torch.linspace(0, 1, 6, dtype=torch.float64))
    steps = [angle(p, q) for p, q in pairwise(points)]
    assert np.allclose(steps, angle(a, b) / 5, atol=1e-7)
    torch.testing.assert_close(
        points.norm(dim=1), torch.linspace(0, 1, 6).double() * (b.norm() - a.norm()) + a.norm()
    )
    in_plane = project_out(points, torch.stack([a, b]))
    assert float(in_plane.norm()) < 1e-9 * float(points.norm())


@quick
@given(seed=seeds, t=st.floats(0, 1))
def test_slerp_turns_with_the_space(seed, t):
    a, b, turn = random(6, seed=seed), 3 * random(6, seed=seed + 1), rotation(6, seed + 2)
    torch.testing.assert_close(slerp(a @ turn, b @ turn, t), slerp(a, b, t) @ turn)


def test_slerp_agrees_with_the_formula_for_unit_vectors():
    a, b = (v / v.norm() for v in random(2, 512, seed=3))
    theta = angle(a, b)
    expected = (np.sin(0.7 * theta) * a + np.sin(0.3 * theta) * b) / np.sin(theta)
    torch.testing.assert_close(slerp(a, b, 0.3), expected)


@pytest.mark.parametrize("gap", [0.0, 1e-15, 1e-9, 1e-7, 1e-5])
def test_slerp_between_nearly_parallel_codes_is_nearly_straight(gap):
    a = torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64)
    b = 2 * torch.tensor([1.0, gap, 0.0], dtype=torch.float64)
    middle = torch.tensor([1.5, 0.75 * gap, 0.0], dtype=torch.float64)
    torch.testing.assert_close(slerp(a, b, 0.5), middle, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("gap", [0.0, 1e-12, 1e-7, 1e-4])
def test_slerp_between_antipodal_codes_stays_on_the_sphere_and_turns_evenly(gap):
    a = torch.tensor([0.6, 0.0, 0.8], dtype=torch.float64)
    b = -a + gap * torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64)
    points = slerp(a, b, torch.linspace(0, 1, 5, dtype=torch.float64))
    torch.testing.assert_close(points.norm(dim=1), torch.ones(5, dtype=torch.float64), rtol=1e-6, atol=0)
    assert np.allclose([angle(p, q) for p, q in pairwise(points)], np.pi / 4, atol=1e-4)
    torch.testing.assert_close(points[-1], b, rtol=0, atol=2e-6)


def test_slerp_from_the_origin_is_straight():
    b = random(4, seed=1)
    torch.testing.assert_close(slerp(torch.zeros(4).double(), b, 0.25), 0.25 * b)
    assert slerp(torch.zeros(2, 4), torch.zeros(2, 4), 0.5).abs().sum() == 0


@pytest.mark.parametrize("closed", [False, True], ids=["open", "closed"])
@pytest.mark.parametrize("k", [2, 3, 4, 7])
def test_a_spline_is_the_cubic_spline_of_scipy(k, closed):
    keys = random(k, 3, 4, seed=k)
    times = torch.linspace(0, k if closed else k - 1, 41, dtype=torch.float64)
    knots = torch.cat([keys, keys[:1]]) if closed else keys
    truth = CubicSpline(np.arange(len(knots)), knots.numpy(), bc_type="periodic" if closed else "natural")
    torch.testing.assert_close(spline(keys, times, closed=closed), torch.from_numpy(truth(times.numpy())))


@quick
@given(seed=seeds, k=st.integers(2, 9), closed=st.booleans())
def test_a_spline_meets_its_keys_to_the_last_bit(seed, k, closed):
    keys = random(k, 5, seed=seed, dtype=torch.float32)
    assert torch.equal(spline(keys, torch.arange(k).float(), closed=closed), keys)


def test_a_closed_spline_has_no_seam():
    keys, h = random(5, 3, seed=1), 1e-5
    around = spline(keys, torch.tensor([5 - 2 * h, 5 - h, 0, h, 2 * h], dtype=torch.float64), closed=True)
    before, after = (around[2] - around[1]) / h, (around[3] - around[2]) / h
    torch.testing.assert_close(before, after, rtol=0, atol=1e-3)
    rounds = spline(keys, torch.tensor([-4.7, 0.3, 5.3], dtype=torch.float64), closed=True)
    torch.testing.assert_close(rounds[[0, 2]], rounds[[1, 1]])


def test_a_spline_turns_with_the_space():
    keys, times, turn = random(5, 6, seed=1), torch.rand(9).double() * 4, rotation(6, 2)
    torch.testing.assert_close(spline(keys @ turn, times), spline(keys, times) @ turn)


@pytest.mark.parametrize("times", [[-0.1], [2.01], [float("nan")]])
def test_an_open_spline_ends_at_its_keys(times):
    with pytest.raises(SettingError, match="leave the curve, which runs from 0 to 2"):
        spline(random(3, 2), torch.tensor(times))


def test_a_spline_needs_two_keys():
    with pytest.raises(SettingError, match="two key codes or more, got 1"):
        spline(random(1, 2), torch.tensor([0.0]))


@pytest.mark.parametrize("psi", [-0.5, 0.0, 0.3, 1.0])
def test_truncation_is_the_formula_and_exact_at_its_ends(psi):
    codes, center = random(4, 6, seed=1, dtype=torch.float32), random(6, seed=2, dtype=torch.float32)
    torch.testing.assert_close(truncate(codes, center, psi), center + psi * (codes - center))
    assert torch.equal(truncate(codes, center, 1.0), codes)
    assert torch.equal(truncate(codes, center, 0.0), center.expand(4, 6))


def test_truncation_by_nan_is_refused():
    with pytest.raises(SettingError, match="truncation_psi is nan"):
        truncate(random(1, 2), random(2), float("nan"))


def test_gram_holds_every_inner_product():
    rows = random(4, 7)
    expected = [[float(np.dot(a, b)) for a in rows.numpy()] for b in rows.numpy()]
    assert np.allclose(gram(rows), expected)


@quick
@given(seed=seeds, rank=st.integers(1, 4), copies=st.integers(1, 3))
def test_project_out_leaves_nothing_along_the_basis_even_a_dependent_one(seed, rank, copies):
    basis = random(rank, 8, seed=seed)
    dependent = random(copies * rank, rank, seed=seed + 1) @ basis
    basis = torch.cat([basis, dependent, torch.zeros(1, 8)])
    vectors = random(3, 8, seed=seed + 2)
    left = project_out(vectors, basis)
    assert float((left @ basis.T).abs().max()) < 1e-11 * float(basis.norm() * vectors.norm())
    torch.testing.assert_close(project_out(left, basis), left)
    coefficients = np.linalg.lstsq(basis.T.numpy(), vectors.T.numpy(), rcond=1e-10)[0]
    torch.testing.assert_close(left, vectors - torch.from_numpy(coefficients.T) @ basis)


def test_project_out_turns_with_the_space():
    vectors, basis, turn = random(3, 8, seed=1), random(2, 8, seed=2), rotation(8, 3)
    torch.testing.assert_close(project_out(vectors @ turn, basis @ turn), project_out(vectors, basis) @ turn)


def test_project_out_of_nothing_changes_nothing():
    vectors = random(2, 4)
    torch.testing.assert_close(project_out(vectors, torch.zeros(0, 4).double()), vectors)
    torch.testing.assert_close(project_out(vectors, torch.zeros(3, 4).double()), vectors)


def test_float32_rows_that_are_dependent_but_for_rounding_span_no_more():
    a, b = random(2, 512, seed=1, dtype=torch.float32)
    c = (a + 3 * b) / (a + 3 * b).norm()
    assert len(span(torch.stack([a, b, c]))) == 2
    assert len(span(torch.stack([a, b, c + 1e-2 * random(512, seed=2, dtype=torch.float32)]))) == 3


ORTHOGONALIZE = [orthogonalize_qr, orthogonalize_lowdin]


@pytest.mark.parametrize("orthogonalize", ORTHOGONALIZE)
@quick
@given(seed=seeds, k=st.integers(1, 6))
def test_orthogonal_rows_are_orthonormal_span_the_same_and_stay_when_done_again(orthogonalize, seed, k):
    rows = random(k, 8, seed=seed)
    result = orthogonalize(rows)
    torch.testing.assert_close(gram(result), torch.eye(k).double(), rtol=0, atol=1e-10)
    assert float(project_out(rows, result).norm()) < 1e-9 * float(rows.norm())
    torch.testing.assert_close(orthogonalize(result), result)


@pytest.mark.parametrize("orthogonalize", ORTHOGONALIZE)
def test_orthogonalisation_turns_with_the_space(orthogonalize):
    rows, turn = random(3, 6, seed=1), rotation(6, 2)
    torch.testing.assert_close(orthogonalize(rows @ turn), orthogonalize(rows) @ turn)


def test_qr_is_gram_schmidt_in_the_order_given():
    rows = random(4, 9, seed=5)
    done: list[np.ndarray] = []
    for row in rows.numpy():
        left = row - sum((q @ row) * q for q in done)
        done.append(left / np.linalg.norm(left))
    torch.testing.assert_close(orthogonalize_qr(rows), torch.from_numpy(np.stack(done)))


@quick
@given(seed=seeds, shape=st.sampled_from([(6, 6), (9, 4), (4, 9)]))
def test_qr_gives_the_matrix_back_whatever_the_signs_of_its_columns(seed, shape):
    matrix = random(*shape, seed=seed)
    q, r = qr(matrix)
    torch.testing.assert_close(q @ r, matrix)
    torch.testing.assert_close(q.T @ q, torch.eye(min(shape)).double())
    assert (r.diagonal() > 0).all()
    torch.testing.assert_close(r.triu(), r)
    # An orthonormal matrix is its own Q, and LAPACK alone would give some columns back turned round.
    torch.testing.assert_close(qr(q)[0], q)


@quick
@given(seed=seeds)
def test_a_row_and_its_opposite_stand_upright_alike(seed):
    rows = random(5, 7, seed=seed)
    found = upright(rows)
    torch.testing.assert_close(upright(-rows), found)
    torch.testing.assert_close(found.abs(), rows.abs())
    assert (found.amax(1) >= 0.999 * rows.abs().amax(1)).all()


def test_rounding_does_not_choose_between_numbers_that_are_equally_large():
    for noise in (1e-7, -1e-7):
        rows = torch.tensor([[0.0, -1.0, 1.0 + noise], [1.0 + noise, 0.5, -1.0]])
        torch.testing.assert_close(upright(rows), torch.tensor([[0.0, 1.0, -1.0], [1.0, 0.5, -1.0]]))
    assert upright(torch.zeros(2, 3)).tolist() == [[0.0] * 3] * 2
    assert upright(torch.zeros(0, 3)).shape == (0, 3)
    assert upright(torch.zeros(2, 0)).shape == (2, 0)


def test_lowdin_is_the_polar_factor_and_prefers_no_row():
    rows = random(4, 9, seed=5)
    torch.testing.assert_close(orthogonalize_lowdin(rows), torch.from_numpy(polar(rows.numpy())[0]))
    order = [2, 0, 3, 1]
    torch.testing.assert_close(orthogonalize_lowdin(rows[order]), orthogonalize_lowdin(rows)[order])
    nearest = float((orthogonalize_lowdin(rows) - rows).norm())
    assert nearest < float((orthogonalize_qr(rows) - rows).norm())


@pytest.mark.parametrize("orthogonalize", ORTHOGONALIZE)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_dependent_rows_cannot_be_made_orthogonal(orthogonalize, dtype):
    a, b = random(2, 16, dtype=dtype)
    with pytest.raises(SettingError, match="3 rows of 16 numbers have rank 2"):
        orthogonalize(torch.stack([a, b, a - 0.3 * b]))
    with pytest.raises(SettingError, match="3 rows of 2 numbers have rank 2"):
        orthogonalize(random(3, 2, dtype=dtype))


@pytest.mark.parametrize("orthogonalize", ORTHOGONALIZE)
def test_no_rows_and_float32_rows_are_fine(orthogonalize):
    assert orthogonalize(torch.zeros(0, 4)).shape == (0, 4)
    assert orthogonalize(random(2, 4, dtype=torch.float32)).dtype == torch.float32


@quick
@given(seed=seeds, k=st.integers(1, 6))
def test_a_step_along_the_dual_basis_changes_one_score(seed, k):
    rows = random(k, 8, seed=seed)
    dual = dual_basis(rows)
    torch.testing.assert_close(rows @ dual.T, torch.eye(k).double(), rtol=0, atol=1e-8)
    assert float(project_out(dual, rows).norm()) < 1e-8 * float(dual.norm())


def test_the_dual_basis_of_dependent_rows_is_the_pseudo_inverse():
    a, b = random(2, 6)
    rows = torch.stack([a, b, a + b])
    torch.testing.assert_close(dual_basis(rows), torch.from_numpy(np.linalg.pinv(rows.numpy(), rcond=1e-9)).T)
    assert dual_basis(torch.zeros(0, 6)).shape == (0, 6)


@pytest.mark.parametrize("function", [*ORTHOGONALIZE, dual_basis, span])
def test_rows_that_are_not_finite_are_named(function):
    rows = random(3, 4)
    rows[1, 2] = float("nan")
    with pytest.raises(SettingError, match="row 1 of 3 is not finite"):
        function(rows)


NAME = re.compile(
    r"(?P<model>pggan_celebahq|stylegan_celebahq|stylegan_ffhq)_(?P<target>\w+?)_c_(?P<held>\w+)_boundary"
)


def test_conditional_boundaries_of_interfacegan_are_reproduced(shared):
    folder = shared / "reference" / "interfacegan-boundaries"
    compared = 0
    for file in sorted(folder.glob("*_c_*_boundary.npy")):
        name = NAME.fullmatch(file.stem)
        assert name is not None, file.stem
        plain = [
            torch.from_numpy(np.load(folder / f"{name['model']}_{attribute}_boundary.npy"))
            for attribute in [name["target"], *name["held"].split("_")]
        ]
        left = project_out(plain[0], torch.cat(plain[1:]))
        torch.testing.assert_close(left / left.norm(), torch.from_numpy(np.load(file)), rtol=0, atol=1e-12)
        compared += 1
    assert compared == 13
