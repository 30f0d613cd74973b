"""Selectivity and the two tables, against the figures that the paper published."""

from __future__ import annotations

import pytest
import torch

from ganatomy.errors import UnknownNameError
from ganatomy.metrics import FORMS, selectivity
from ganatomy.metrics.tables import ChangeRow, ChangeTable, CosineRow, CosineTable
from ganatomy.statistics.intervals import Estimate

TABLE_II = {
    # attribute: before, after without the penalty, after with it. Two figures of the paper are misprints, seen from its
    # own differences: ArchedEyebrows before (printed .89847) and DoubleChin with the penalty (printed .3252063).
    "Male": (0.999618, 0.000217, 0.997077),
    "Makeup": (0.001739, 0.999788, 0.009618),
    "Lipstick": (0.001942, 0.999757, 0.014711),
    "Earrings": (0.030412, 0.814261, 0.088462),
    "BagsUnderEyes": (0.782150, 0.027579, 0.671357),
    "WavyHair": (0.118599, 0.870955, 0.190311),
    "5oClockShadow": (0.688798, 0.000454, 0.672848),
    "BigNose": (0.750373, 0.073389, 0.643183),
    "OvalFace": (0.337116, 0.944806, 0.531252),
    "DoubleChin": (0.542601, 0.001489, 0.252063),
    "BushyEyebrows": (0.960830, 0.421305, 0.972407),
    "Young": (0.612252, 0.991196, 0.896836),
    "ArchedEyebrows": (0.089847, 0.463946, 0.065678),
    "NarrowEyes": (0.391831, 0.067585, 0.296349),
}
TABLE_III = {
    "Attractive": (0.859559, 0.313507),
    "HeavyMakeup": (0.795307, -0.002151),
    "Lipstick": (0.791769, 0.282624),
    "NoBeard": (0.599438, 0.262185),
    "BigLips": (0.542247, -0.000376),
    "ArchedEyebrows": (0.513396, 0.042719),
    "OvalFace": (0.453567, -0.017463),
    "WavyHair": (0.430066, 0.036656),
    "PointyNose": (0.413676, 0.022878),
    "DoubleChin": (-0.786877, 0.019917),
    "Male": (-0.769961, 0.039103),
    "BagsUnderEyes": (-0.754783, 0.015170),
    "GrayHair": (-0.749704, 0.014643),
    "BigNose": (-0.734693, 0.034192),
    "WearingTie": (-0.669467, 0.038437),
    "Bald": (-0.585021, 0.042678),
    "RecedingHairline": (-0.523914, 0.009939),
    "Goatee": (-0.495711, 0.038485),
}


@pytest.mark.parametrize(
    ("column", "target_change", "others", "expected"), [(1, 0.379, 0.695, 0.55), (2, 0.285, 0.077, 3.69)]
)
def test_selectivity_of_table_ii_is_the_published_one(
    column: int, target_change: float, others: float, expected: float
):
    before, after = torch.tensor([[row[0], row[column]] for row in TABLE_II.values()]).T
    change = (after - before)[None]
    target = torch.tensor([list(TABLE_II).index("Young")])
    assert float(change[0, target]) == pytest.approx(target_change, abs=6e-4)
    assert float(change.abs().sum() - change[0, target].abs()) / 13 == pytest.approx(others, abs=6e-4)
    for form in FORMS:  # for one image and 13 others all forms are one
        assert float(selectivity(change, change.abs(), target, form=form)) == pytest.approx(
            expected, abs=0.01
        )


def test_the_table_of_changes_gives_the_same_figures():
    rows = tuple(
        ChangeRow(attribute=name, before=b, after=(x, y), change=(abs(x - b), abs(y - b)))
        for name, (b, x, y) in TABLE_II.items()
    )
    table = ChangeTable(target="Young", methods=("linear", "penalty"), rows=rows)
    assert table.selectivity == pytest.approx({"linear": 0.55, "penalty": 3.69}, abs=0.01)
    assert str(table).splitlines()[12].split() == ["Young", "0.612", "0.991", "0.379", "0.897", "0.285"]


def test_the_table_of_cosines_has_the_published_means():
    rows = tuple(CosineRow(attribute=name, cosines=cosines) for name, cosines in TABLE_III.items())
    young = CosineRow(attribute="Young", cosines=(1.0, 1.0))
    table = CosineTable(target="Young", methods=("linear", "penalty"), rows=(young, *rows))
    assert table.mean_abs == pytest.approx({"linear": 0.637, "penalty": 0.069}, abs=6e-4)
    assert str(table).splitlines()[2].split() == ["Attractive", "+0.860", "+0.314"]


def test_the_three_forms_differ_as_they_should():
    # Two images; attribute 1 goes up in one and down in the other, attribute 2 a little up in both.
    changes = torch.tensor([[[0.4, 0.2, 0.1], [0.2, -0.2, 0.1]]])
    mean, size = changes.mean(1), changes.abs().mean(1)
    target = torch.tensor([0])
    assert float(selectivity(mean, size, target)) == pytest.approx(0.3 / 0.15)
    assert float(selectivity(mean, size, target, form="top13")) == pytest.approx(0.3 / 0.15)
    assert float(selectivity(mean, size, target, form="signed")) == pytest.approx(0.3 / 0.05)


def test_top13_counts_the_13_that_change_most_and_never_the_target():
    size = torch.cat([torch.tensor([5.0]), torch.arange(1.0, 21.0)])[None]
    assert float(selectivity(size, size, torch.tensor([0]), form="top13")) == pytest.approx(5 / 14)
    assert float(selectivity(size, size, torch.tensor([20]), form="top13")) == pytest.approx(20 / 13)


def test_batches_of_resampled_means_give_each_its_own():
    mean = torch.rand(6, 2, 5, generator=torch.Generator().manual_seed(0))
    targets = torch.tensor([3, 0])
    for form in FORMS:
        together = selectivity(mean, mean, targets, form=form)
        assert together.shape == (6, 2)
        torch.testing.assert_close(together[4], selectivity(mean[4], mean[4], targets, form=form))


def test_an_attribute_alone_has_no_selectivity():
    assert selectivity(torch.ones(1, 1), torch.ones(1, 1), torch.tensor([0])).isnan().all()


def test_a_form_that_does_not_exist_is_refused():
    with pytest.raises(UnknownNameError, match="'top12'; did you mean 'top13'"):
        selectivity(torch.ones(1, 2), torch.ones(1, 2), torch.tensor([0]), form="top12")


def test_an_estimate_prints_itself_with_its_error():
    assert str(Estimate(value=3.6912, low=3.2, high=4.1)) == "3.69 ± 0.45"
