"""Tables II and III for any attribute."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from ganatomy.directions import find
from ganatomy.errors import SettingError, UnknownNameError
from ganatomy.generators.toy import ToyGenerator
from ganatomy.latents import Directions
from ganatomy.metrics import Entanglement, entanglement, table_ii, table_iii
from ganatomy.metrics.tables import ChangeRow, ChangeTable
from ganatomy.perception import OracleScorer
from ganatomy.surveys import survey

MATRIX = [[1.0, 0.8, -0.5, 0.2], [0.8, 1.0, -0.3, 0.0], [-0.5, -0.3, 1.0, 0.1], [0.2, 0.0, 0.1, 1.0]]


@pytest.fixture(scope="module", params=range(5), ids="toy {}".format)
def toy(request: pytest.FixtureRequest) -> ToyGenerator:
    return ToyGenerator(cosine=MATRIX, seed=request.param)


@pytest.fixture(scope="module")
def found(toy: ToyGenerator) -> dict[str, Directions]:
    seen = survey(toy, OracleScorer(toy), n=1000)
    return {name: find(seen, method=name) for name in ("regression", "dual")}


@pytest.fixture(scope="module")
def results(toy: ToyGenerator, found: dict[str, Directions]) -> dict[str, Entanglement]:
    return {name: entanglement(toy, OracleScorer(toy), d, n=50) for name, d in found.items()}


def test_table_ii_shows_the_target_and_what_changes_most_by_the_first_method(
    results: dict[str, Entanglement],
):
    table = table_ii(results, "red", num_others=2)
    assert table.methods == ("regression", "dual")
    assert [row.attribute for row in table.rows] == ["red", "round", "large"]
    red, round_, _ = table.rows
    assert red.change == pytest.approx((0.25, 0.25), abs=0.02)
    # An attribute that most images have is taken away.
    assert abs(red.after[0] - red.before) == pytest.approx(0.25, abs=0.02)
    assert round_.change[0] == pytest.approx(0.2, abs=0.03)
    assert round_.change[1] < 1e-3
    assert table.selectivity["dual"] > 100 * table.selectivity["regression"]


def test_table_iii_goes_from_alike_to_opposite(found: dict[str, Directions]):
    table = table_iii(found, "red")
    assert [row.attribute for row in table.rows] == ["red", "round", "bright", "large"]
    assert [row.cosines[0] for row in table.rows] == pytest.approx([1.0, 0.8, 0.2, -0.5], abs=1e-3)
    assert table.mean_abs["regression"] == pytest.approx(0.5, abs=1e-3)
    assert [row.attribute for row in table_iii(found, "red", num_others=2).rows] == ["red", "round", "large"]


def test_attributes_that_nothing_moved_are_refused(
    results: dict[str, Entanglement], found: dict[str, Directions]
):
    with pytest.raises(UnknownNameError, match="direction 'rad'; did you mean 'red'"):
        table_ii(results, "rad")
    with pytest.raises(UnknownNameError, match="direction 'blue'"):
        table_iii(found, "blue")


def test_results_of_other_images_are_not_put_in_one_table(results: dict[str, Entanglement]):
    others = replace(results["dual"], before=torch.zeros_like(results["dual"].before))
    with pytest.raises(SettingError, match="measure all with one seed and n"):
        table_ii({"a": results["dual"], "b": others}, "red")


def test_the_same_images_read_in_another_batch_are_the_same(results: dict[str, Entanglement]):
    before = results["dual"].before
    nudged = replace(results["dual"], before=torch.nextafter(before, torch.ones(())))
    assert not torch.equal(nudged.before, before)
    assert table_ii({"a": results["dual"], "b": nudged}, "red").methods == ("a", "b")


def test_empty_tables_are_refused(results: dict[str, Entanglement], found: dict[str, Directions]):
    with pytest.raises(SettingError, match="0 methods"):
        table_ii({}, "red")
    with pytest.raises(SettingError, match="0 other attributes"):
        table_iii(found, "red", num_others=0)


def test_a_table_where_nothing_else_changes_has_no_limit_and_one_without_any_change_no_selectivity():
    rows = (
        ChangeRow(attribute="red", before=0.5, after=(0.7, 0.5), change=(0.2, 0.0)),
        ChangeRow(attribute="round", before=0.5, after=(0.5, 0.5), change=(0.0, 0.0)),
    )
    found = ChangeTable(target="red", methods=("one", "other"), rows=rows).selectivity
    assert found["one"] == math.inf
    assert math.isnan(found["other"])
