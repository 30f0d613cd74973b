"""Cosines between directions, against figures of InterFaceGAN's published boundaries."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ganatomy.errors import SettingError, UnknownNameError
from ganatomy.latents import Direction, Directions, Space
from ganatomy.metrics import cosines, mean_abs_cosine


def directions(**vectors: tuple[float, ...]) -> Directions:
    return Directions(
        Direction(name=name, vector=torch.tensor(vector), space=Space.Z) for name, vector in vectors.items()
    )


def published(shared: Path, model: str, ending: str) -> Directions:
    folder = shared / "reference" / "interfacegan-boundaries"
    return Directions(
        Direction(
            name=name,
            vector=torch.from_numpy(np.load(folder / f"{model}_{name}{ending}_boundary.npy"))[0],
            space=Space.Z,
        )
        for name in ("pose", "smile", "age", "gender", "eyeglasses")
    )


@pytest.mark.parametrize(
    ("model", "ending", "expected"),
    [
        ("pggan_celebahq", "", 0.178),
        ("stylegan_celebahq", "", 0.197),
        ("stylegan_celebahq", "_w", 0.068),
        ("stylegan_ffhq", "", 0.256),
        ("stylegan_ffhq", "_w", 0.042),
    ],
)
def test_published_boundaries_have_their_known_mean(shared: Path, model: str, ending: str, expected: float):
    assert mean_abs_cosine(published(shared, model, ending)) == pytest.approx(expected, abs=6e-4)


def test_one_direction_is_compared_with_all_others():
    found = directions(a=(1.0, 0.0), b=(0.0, 1.0), c=(-3.0, 4.0))
    assert mean_abs_cosine(found, "a") == pytest.approx(0.3)
    assert mean_abs_cosine(found) == pytest.approx((0.0 + 0.6 + 0.8) / 3)


def test_a_name_that_is_not_there_and_a_lone_direction_are_refused():
    with pytest.raises(UnknownNameError, match="direction 'd'"):
        mean_abs_cosine(directions(a=(1.0, 0.0), b=(0.0, 1.0)), "d")
    with pytest.raises(SettingError, match="there is 1"):
        mean_abs_cosine(directions(a=(1.0, 0.0)))


@pytest.mark.parametrize(
    ("model", "ending", "expected"),
    [
        ("pggan_celebahq", "", (0.486, 0.378, 0.523)),
        ("stylegan_celebahq", "", (0.268, 0.319, 0.644)),
        ("stylegan_celebahq", "_w", (0.137, 0.075, 0.267)),
        ("stylegan_ffhq", "", (0.332, 0.721, 0.449)),
        ("stylegan_ffhq", "_w", (0.071, 0.101, 0.003)),
    ],
)
def test_published_boundaries_have_their_known_cosines(
    shared: Path, model: str, ending: str, expected: tuple[float, float, float]
):
    found = cosines(published(shared, model, ending))
    pairs = [("age", "gender"), ("age", "eyeglasses"), ("gender", "eyeglasses")]
    places = [[found.names.index(name) for name in pair] for pair in pairs]
    assert [abs(float(found.matrix[a, b])) for a, b in places] == pytest.approx(expected, abs=6e-4)
    assert found.mean_abs == mean_abs_cosine(published(shared, model, ending))


def test_cosines_print_the_largest_first():
    text = str(cosines(directions(a=(1.0, 0.0), b=(0.0, 1.0), c=(-3.0, 4.0))))
    assert text.splitlines()[0] == "cosines in z: mean |cosine| 0.467 between 3 directions; lower is better"
    assert text.splitlines()[1].split() == ["b", "-", "c", "+0.800"]
