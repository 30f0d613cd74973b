"""Distances between sets of images: Gaussians of known distance, slow loops, and the field's own library."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import linalg

import ganatomy as ga
from ganatomy.datasets.references import Reference
from ganatomy.errors import SettingError
from ganatomy.generators.toy import ToyGenerator
from ganatomy.metrics import frechet_distance, kid, memorisation, nearest_training, precision_recall
from ganatomy.perception.features import features_of


def sample(n: int, d: int, *, seed: int, scale: object = 1.0, shift: float = 0.0) -> torch.Tensor:
    rows = np.random.default_rng(seed).standard_normal((n, d)) * np.asarray(scale) + shift
    return torch.from_numpy(rows).float()


def library():
    from ganatomy.graphs.torchvision import import_torchvision

    import_torchvision()
    pytest.importorskip("torch_fidelity", exc_type=ImportError)
    import torch_fidelity

    return torch_fidelity


def test_gaussians_of_known_means_and_deviations_have_their_distance() -> None:
    deviations = np.array([1.0, 2.0, 0.5, 3.0])
    a = sample(20_000, 4, seed=0)
    b = sample(20_000, 4, seed=1, scale=deviations, shift=0.5)
    expected = 4 * 0.25 + np.square(1 - deviations).sum()
    found = frechet_distance(a, b)
    assert found.value.value == pytest.approx(expected, rel=0.02)
    assert found.value.low < expected < found.value.high
    assert found.floor < 0.01


def test_the_frechet_distance_is_that_of_the_matrix_root() -> None:
    mixing = np.random.default_rng(4).standard_normal((6, 6))
    a, b = sample(300, 6, seed=2) @ torch.from_numpy(mixing).float(), sample(200, 6, seed=3, shift=0.3)
    first, second = (np.cov(x.double().numpy().T) for x in (a, b))
    root = linalg.sqrtm(first @ second).real
    gap = (a.double().mean(0) - b.double().mean(0)).square().sum()
    expected = float(gap) + np.trace(first + second - 2 * root)
    assert frechet_distance(a, b).value.value == pytest.approx(expected, rel=1e-6)


def test_too_few_images_for_their_features_are_said() -> None:
    found = frechet_distance(sample(30, 40, seed=0), sample(30, 40, seed=1), features="a network")
    assert any("30 images do not fill a covariance of 40 features" in note for note in found.notes)
    assert "compare only within the same features, here a network" in found.notes[0]


def test_kid_is_the_mean_over_pairs_of_different_images() -> None:
    a, b = sample(25, 3, seed=0), sample(22, 3, seed=1, shift=0.4)

    def kernel(x: torch.Tensor, y: torch.Tensor) -> float:
        return (float(x.double() @ y.double()) / 3 + 1) ** 3

    within = [
        np.mean([kernel(x[i], x[j]) for i in range(len(x)) for j in range(len(x)) if i != j]) for x in (a, b)
    ]
    across = np.mean([kernel(x, y) for x in a for y in b])
    assert kid(a, b).value.value == pytest.approx(sum(within) - 2 * across, rel=1e-6)


def test_kid_of_one_distribution_is_0_in_the_mean_however_few_images() -> None:
    values = [kid(sample(40, 5, seed=2 * k), sample(40, 5, seed=2 * k + 1)).value.value for k in range(40)]
    assert abs(np.mean(values)) < 3 * np.std(values) / 40**0.5
    floor = [
        frechet_distance(sample(40, 5, seed=k), sample(40, 5, seed=k + 99)).value.value for k in range(5)
    ]
    assert np.mean(floor) > 0.2  # which is why kid is there


def test_precision_and_recall_are_those_of_slow_loops() -> None:
    a, b = sample(40, 2, seed=0).double(), sample(30, 2, seed=1, scale=0.5).double()

    def share(rows: torch.Tensor, among: torch.Tensor) -> float:
        inside = 0
        for row in rows:
            for centre in among:
                radius = sorted(float((centre - other).norm()) for other in among)[3]
                if float((row - centre).norm()) <= radius:
                    inside += 1
                    break
        return inside / len(rows)

    found = precision_recall(a.float(), b.float())
    assert found.precision.value == pytest.approx(share(a.float().double(), b.float().double()))
    assert found.recall.value == pytest.approx(share(b.float().double(), a.float().double()))


def test_precision_and_recall_fall_apart_as_they_should() -> None:
    real = sample(300, 2, seed=0)
    narrow = precision_recall(sample(300, 2, seed=1, scale=0.2), real)
    assert narrow.precision.value > 0.95
    assert narrow.recall.value < 0.3
    far = precision_recall(sample(300, 2, seed=1, shift=50.0), real)
    assert (far.precision.value, far.recall.value) == (0, 0)
    assert narrow.ceiling > 0.9
    same = precision_recall(real, real)
    assert (same.precision.value, same.recall.value) == (1, 1)


def test_the_fields_library_gives_the_same() -> None:
    library()
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
    from torch_fidelity.metric_kid import kid_features_to_metric
    from torch_fidelity.metric_prc import prc_features_to_metric

    a, b = sample(200, 8, seed=0), sample(200, 8, seed=1, scale=1.3, shift=0.2)
    theirs = fid_statistics_to_metric(*(fid_features_to_statistics(x) for x in (a, b)), verbose=False)
    assert frechet_distance(a, b).value.value == pytest.approx(theirs["frechet_inception_distance"], rel=1e-4)
    settings = {"kid_subsets": 1, "kid_subset_size": 200, "verbose": False}
    theirs = kid_features_to_metric(a.double(), b.double(), **settings)
    assert kid(a, b).value.value == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-4)
    theirs = prc_features_to_metric(a, b, prc_neighborhood=3, prc_batch_size=100, verbose=False)
    ours = precision_recall(a, b)
    assert ours.precision.value == pytest.approx(theirs["precision"], abs=0.011)
    assert ours.recall.value == pytest.approx(theirs["recall"], abs=0.011)


def test_a_generator_that_repeats_its_data_is_found_out() -> None:
    real = sample(400, 6, seed=0)
    names = tuple(f"{row}.png" for row in range(400))
    copies = memorisation(real[[7, 3, 9] * 20] + 1e-4, real, names=names)
    assert copies.copies.value == 1
    assert copies.nearest[:3].tolist() == [7, 3, 9]
    assert copies.closest[0][1] in {"7.png", "3.png", "9.png"}
    assert copies.ratio.value < 0.01


def test_each_frame_of_a_walk_has_its_nearest_training_image() -> None:
    toy = ToyGenerator()
    frames = ga.path(toy.sample(2, seed=3), 24)
    images = toy(frames)[::2]
    training = Reference(
        description="every other frame and others",
        names=tuple(f"{row}.png" for row in range(40)),
        read=lambda rows: torch.cat([images, toy(toy.sample(28, seed=4))])[rows],
    )
    found = nearest_training(toy, frames, training, features_of("pixels"), batch_size=7)
    assert [found.names[row] for row in found.nearest[::2].tolist()] == [f"{row}.png" for row in range(12)]
    assert float(found.distances[::2].max()) < 1e-4


def test_a_generator_of_the_same_distribution_is_not() -> None:
    found = memorisation(sample(400, 6, seed=1), sample(400, 6, seed=0))
    assert found.copies.value < 0.04
    assert found.ratio.value == pytest.approx(1, abs=0.1)
    assert found.ratio.low < 1.05
    assert "lower is better" in str(found).splitlines()[0]


@pytest.mark.parametrize("compare", [frechet_distance, kid, precision_recall, memorisation])
def test_features_that_cannot_be_compared_are_refused(compare) -> None:
    real = sample(30, 3, seed=0)
    with pytest.raises(SettingError, match="4 features and real ones 3"):
        compare(sample(30, 4, seed=1), real)
    with pytest.raises(SettingError, match="10 generated and 30 real images are too few"):
        compare(real[:10], real)
    with pytest.raises(SettingError, match="not finite"):
        compare(real * torch.nan, real)
