from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from ganatomy.datasets.faces.copula import both_above, nearest_correlation, tetrachoric
from ganatomy.datasets.faces.population import threshold_for


@pytest.mark.parametrize("rho", [-0.9, -0.3, 0.0, 0.5, 0.95])
def test_the_share_above_both_cuts_is_that_of_scipy(rho):
    truth = multivariate_normal([0, 0], [[1, rho], [rho, 1]]).cdf([-0.4, 0.7])
    found = both_above(np.array([[0.4]]), np.array([[-0.7]]), np.array([[rho]]))
    assert found.item() == pytest.approx(truth, abs=1e-5)


def test_cutting_normals_gives_the_wanted_correlation_back():
    prevalence, wanted = np.array([0.3, 0.15]), np.array([[1.0, -0.2], [-0.2, 1.0]])
    solved = tetrachoric(prevalence, wanted)
    normals = np.random.default_rng(0).multivariate_normal(np.zeros(2), solved, size=400_000)
    labels = normals > threshold_for(prevalence)
    assert np.corrcoef(labels, rowvar=False)[0, 1] == pytest.approx(-0.2, abs=0.01)


def test_the_nearest_correlation_matrix_is_the_one_that_higham_gives():
    # The example of Higham 2002, section 4.
    impossible = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
    found = nearest_correlation(impossible, floor=1e-8)
    assert np.allclose(found, [[1, 0.7607, 0.1573], [0.7607, 1, 0.7607], [0.1573, 0.7607, 1]], atol=1e-3)


def test_a_correlation_matrix_is_its_own_nearest():
    matrix = np.array([[1.0, 0.4], [0.4, 1.0]])
    assert np.allclose(nearest_correlation(matrix), matrix)
