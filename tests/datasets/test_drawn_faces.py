from __future__ import annotations

import pytest
import torch

from ganatomy.datasets.faces import (
    ATTRIBUTES,
    FACTOR_INDEX,
    FACTORS,
    Faces,
    draw_faces,
    intervene,
    sample_faces,
)
from ganatomy.datasets.faces import canvas as canvas_module
from ganatomy.datasets.faces.factors import MARGIN, READINGS, THRESHOLD
from ganatomy.datasets.faces.population import EXCLUSIONS, population
from ganatomy.errors import SettingError, UnknownNameError

N = 20_000


@pytest.fixture(scope="module")
def entangled() -> Faces:
    return sample_faces(N, seed=0)


@pytest.fixture(scope="module")
def independent() -> Faces:
    return sample_faces(N, seed=0, entangled=False)


def excluded(first: str, second: str) -> bool:
    """Whether a rule ties two attributes, directly or through a third."""
    touched = {name: {name} for name in ATTRIBUTES}
    for a, b in EXCLUSIONS:
        merged = touched[a] | touched[b]
        for name in merged:
            touched[name] = merged
    return second in touched[first]


@pytest.mark.parametrize("population_name", ["entangled", "independent"])
def test_every_attribute_is_as_frequent_as_the_table_says(population_name, request):
    labels = request.getfixturevalue(population_name).labels.double()
    assert torch.allclose(labels.mean(dim=0), torch.from_numpy(population().prevalence), atol=0.015)


def test_no_attribute_is_too_rare_for_a_small_gan_to_learn():
    shipped = population().prevalence
    assert shipped.min() >= 0.09
    assert shipped.max() <= 0.80


def test_labels_correlate_as_those_of_celeba(entangled):
    missed = torch.corrcoef(entangled.labels.double().T) - torch.from_numpy(population().target)
    pairs = torch.triu_indices(len(ATTRIBUTES), len(ATTRIBUTES), offset=1)
    assert missed[tuple(pairs)].abs().mean() < 0.015
    untied = [missed[i, j] for i, j in pairs.T.tolist() if not excluded(ATTRIBUTES[i], ATTRIBUTES[j])]
    assert max(map(abs, untied)) < 0.09


def test_nothing_correlates_in_the_independent_population_but_what_excludes_each_other(independent):
    found = torch.corrcoef(independent.factors.double().T)
    names = {reading.factor: reading.name for reading in READINGS}
    for i, first in enumerate(FACTORS):
        for j, second in enumerate(FACTORS[:i]):
            tied = (
                first.name in names
                and second.name in names
                and excluded(names[first.name], names[second.name])
            )
            assert tied or abs(found[i, j]) < 0.03, (first.name, second.name)


@pytest.mark.parametrize("population_name", ["entangled", "independent"])
def test_what_cannot_be_seen_together_is_never_drawn_together(population_name, request):
    labels = request.getfixturevalue(population_name).labels
    for first, second in EXCLUSIONS:
        assert not (labels[:, ATTRIBUTES.index(first)] & labels[:, ATTRIBUTES.index(second)]).any()


def test_factors_keep_their_bounds_and_stay_clear_of_the_threshold(entangled):
    for factor in FACTORS:
        values = entangled.column(factor.name)
        assert values.min() >= factor.low
        assert values.max() <= factor.high
    for reading in READINGS:
        assert ((entangled.column(reading.factor) - THRESHOLD).abs() >= MARGIN - 1e-6).all()


def test_a_label_flips_exactly_when_its_factor_crosses_one_half():
    faces = sample_faces(32, seed=1)
    for index, reading in enumerate(READINGS):
        low, high = intervene(faces, **{reading.factor: 0.49}), intervene(faces, **{reading.factor: 0.51})
        assert (high.labels[:, index] != reading.inverted).all()
        assert (low.labels[:, index] == reading.inverted).all()
        others = [i for i in range(len(ATTRIBUTES)) if i != index]
        assert torch.equal(low.labels[:, others], faces.labels[:, others])


def test_a_row_is_the_same_whatever_is_asked_for_around_it():
    many = sample_faces(900, seed=5).factors
    assert torch.equal(sample_faces(300, seed=5).factors, many[:300])
    assert torch.equal(sample_faces(300, seed=5, start=500).factors, many[500:800])
    assert not torch.equal(sample_faces(300, seed=6).factors, many[:300])
    assert len(sample_faces(0, seed=5)) == 0


@pytest.mark.parametrize(
    "wrong", [{"n": -1, "seed": 0}, {"n": 1, "seed": -2}, {"n": 1, "seed": 0, "start": -3}]
)
def test_negative_counts_are_refused(wrong):
    with pytest.raises(SettingError, match="from 0 up"):
        sample_faces(**wrong)


def test_a_misspelt_factor_is_answered_with_the_right_one():
    with pytest.raises(UnknownNameError, match="did you mean 'smile'"):
        intervene(sample_faces(1, seed=0), smiles=1.0)


@pytest.mark.parametrize("resolution", [32, 64, 128])
def test_images_are_float32_in_range_and_not_flat(resolution):
    images = draw_faces(sample_faces(6, seed=2), resolution=resolution)
    assert images.shape == (6, 3, resolution, resolution)
    assert images.dtype == torch.float32
    assert images.isfinite().all()
    assert images.abs().max() <= 1
    assert (images.std(dim=(2, 3)) > 0.05).all()


def test_a_image_does_not_depend_on_the_others_drawn_with_it():
    faces = sample_faces(70, seed=3)
    together = draw_faces(faces)
    assert torch.allclose(draw_faces(faces[66:67])[0], together[66], atol=1e-6)


def test_two_threads_draw_what_one_draws():
    faces, threads = sample_faces(140, seed=3), torch.get_num_threads()
    one, two = [], []
    try:
        for count, images in ((1, one), (2, two)):
            torch.set_num_threads(count)
            images.append(draw_faces(faces))
            assert torch.get_num_threads() == count
    finally:
        torch.set_num_threads(threads)
    assert torch.allclose(one[0], two[0], atol=1e-6)


def test_the_look_is_the_same_at_every_resolution():
    faces = sample_faces(12, seed=4)
    large = torch.nn.functional.avg_pool2d(draw_faces(faces, resolution=256), 4)
    assert (large - draw_faces(faces)).abs().mean() < 0.015


def test_windows_are_wide_enough_for_what_is_drawn_in_them(monkeypatch):
    faces = sample_faces(96, seed=6, entangled=False)
    cropped = draw_faces(faces)
    monkeypatch.setattr(canvas_module.Canvas, "window", lambda self, *box: self)
    assert (draw_faces(faces) - cropped).abs().max() < 0.04


def test_a_change_of_the_smile_leaves_the_upper_half_alone():
    faces = intervene(sample_faces(16, seed=7), roll=0.0, pitch=0.0, yaw=0.0)
    before = draw_faces(intervene(faces, smile=0.1))
    change = (draw_faces(intervene(faces, smile=0.9)) - before).abs()
    assert change[:, :, :28].max() == 0
    assert (change[:, :, 28:].amax(dim=(1, 2, 3)) > 0.2).all()


def test_a_change_of_the_hat_leaves_the_mouth_alone():
    faces = intervene(sample_faces(16, seed=8), roll=0.0, baldness=0.1)
    change = (draw_faces(intervene(faces, hat=0.9)) - draw_faces(intervene(faces, hat=0.1))).abs()
    assert change[:, :, 38:].max() == 0
    assert (change[:, :, :20].amax(dim=(1, 2, 3)) > 0.3).all()


def test_every_factor_shows_in_the_image():
    faces = intervene(sample_faces(1, seed=11), baldness=0.1, hat=0.1, bangs=0.1, hair_length=0.7, makeup=0.9)
    colours = ("hair_black", "hair_blond", "hair_brown", "hair_gray")
    faces = intervene(faces, glasses=0.1, necktie=0.9, pallor=0.1, **dict.fromkeys(colours, 0.1))
    ends = [
        intervene(faces, **{factor.name: factor.low + share * (factor.high - factor.low)}).factors
        for share in (0.2, 0.8)
        for factor in FACTORS
    ]
    low, high = draw_faces(torch.cat(ends)).chunk(2)
    change = (high - low).abs().amax(dim=(1, 2, 3))
    assert [factor.name for factor, seen in zip(FACTORS, change, strict=True) if seen <= 0.04] == []


def test_the_index_of_factors_is_theirs():
    assert [FACTORS[index].name for index in FACTOR_INDEX.values()] == list(FACTOR_INDEX)
    assert {reading.name for reading in READINGS} == set(ATTRIBUTES)
