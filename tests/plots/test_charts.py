"""Charts: what is drawn is what was given, and nothing global changes."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.patches import Rectangle
from PIL import Image

from ganatomy.errors import OutputError, SettingError
from ganatomy.plots.charts import attributes_chart, interval_chart, lines_chart, ranking_chart, save_chart
from ganatomy.plots.matrices import halves_chart, matrix_chart
from ganatomy.plots.speeds import Speed, speeds_chart
from ganatomy.statistics.intervals import Estimate

NAMES = ["Male", "Smiling", "Young"]
NAN, INF = math.nan, math.inf


def about(value: float, low: float = NAN, high: float = NAN) -> Estimate:
    return Estimate(value=value, low=low, high=high)


def test_a_matrix_is_drawn_as_given_with_the_same_colour_for_the_same_size_of_plus_and_minus() -> None:
    values = np.array([[0.25, -0.1, 0.0], [0.02, 0.25, 0.1], [-0.3, 0.0, 0.25]])
    figure = matrix_chart(values, rows=NAMES, columns=NAMES, title="Changes", unit="probability")
    (image,) = figure.axes[0].get_images()
    assert np.allclose(np.asarray(image.get_array()), values)
    assert image.get_clim() == (-0.3, 0.3)
    assert [text.get_text() for text in figure.axes[0].texts][:2] == ["+0.25", "−0.10"]


def test_the_cell_of_each_target_is_outlined_wherever_it_stands() -> None:
    figure = matrix_chart(np.zeros((3, 2)), rows=NAMES, columns=["Young", "Male"], title="", unit="")
    cells = [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]
    assert sorted((cell.get_x() + 0.5, cell.get_y() + 0.5) for cell in cells) == [(0, 2), (1, 0)]


def test_a_large_matrix_has_no_numbers_in_its_cells() -> None:
    names = [f"attribute {i}" for i in range(20)]
    assert not matrix_chart(np.eye(20), rows=names, columns=names, title="", unit="").axes[0].texts


def test_a_matrix_that_its_names_do_not_fit_is_refused() -> None:
    with pytest.raises(SettingError, match="3 rows and 2 columns"):
        matrix_chart(np.zeros((3, 3)), rows=NAMES, columns=NAMES[:2], title="", unit="")


def test_bars_keep_their_order_and_reach_from_low_to_high() -> None:
    values = {"linear": about(1.0, 0.8, 1.3), "held": about(5.0, 4.0, 6.0)}
    axes = interval_chart(values, title="", unit="", highlight="held", reference=(3.69, "paper")).axes[0]
    assert [bar.get_width() for bar in axes.patches] == [1.0, 5.0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["linear", "held"]
    segments = axes.collections[0].get_segments()
    assert np.allclose([segment[:, 0] for segment in segments], [[0.8, 1.3], [4.0, 6.0]])
    assert axes.patches[0].get_facecolor() != axes.patches[1].get_facecolor()


def test_the_name_of_a_reference_stands_above_its_line() -> None:
    figure = interval_chart({"a": about(1.0, 0.8, 1.3)}, title="", unit="", reference=(1.1, "paper"))
    axes = figure.axes[0]
    figure.canvas.draw()
    text = next(text for text in axes.texts if text.get_text() == "paper")
    assert text.get_window_extent().y0 > axes.get_window_extent().y1


def test_what_could_not_be_measured_has_no_bar_and_says_so() -> None:
    values = {"svm": about(NAN), "dual": about(2.0, 1.0, 3.0), "held": about(INF)}
    axes = interval_chart(values, title="", unit="").axes[0]
    assert [text.get_text() for text in axes.texts] == ["not measured", "2.00", "without limit"]
    assert [bar.get_width() for bar in axes.patches] == [2.0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["svm", "dual", "held"]


def test_bars_below_zero_are_within_the_chart() -> None:
    values = {"signed": about(-2.0, -3.0, -1.0), "other": about(0.5, -INF, INF)}
    axes = interval_chart(values, title="", unit="", reference=(-4.0, "far")).axes[0]
    left, right = axes.get_xlim()
    assert left < -4
    assert right > 0.5
    assert axes.texts[0].get_text() in {"far", "−2.00"}


def test_attributes_stand_by_how_well_they_can_be_read() -> None:
    auc = {"Male": 0.87, "Smiling": 0.9, "Young": 0.78}
    figure = attributes_chart({"Male": 0.4, "Smiling": 0.5, "Young": 0.9}, auc, title="")
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["Smiling", "Male", "Young"]
    assert [bar.get_width() for bar in figure.axes[0].patches] == [50, 40, 90]


def test_a_chart_is_saved_as_png_and_pyplot_is_never_touched(tmp_path: Path) -> None:
    path = save_chart(
        matrix_chart(np.eye(3), rows=NAMES, columns=NAMES, title="Eye", unit="one"),
        tmp_path / "a" / "eye.png",
    )
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert min(image.size) > 200
    assert list(path.parent.iterdir()) == [path]
    assert "matplotlib.pyplot" not in sys.modules


def test_a_chart_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"eye\.png cannot be written"):
        save_chart(
            matrix_chart(np.eye(3), rows=NAMES, columns=NAMES, title="", unit=""),
            tmp_path / "file" / "eye.png",
        )


def test_a_ranking_shows_every_name_in_order_with_marks_by_group() -> None:
    chart = ranking_chart(
        {"best": about(40.0, 30.0, 50.0), "middle": about(3.0, 2.5, 4.0), "last": about(1.1, 0.9, 1.4)},
        groups={"best": "led", "middle": "plain", "last": "plain"},
        title="Who wins",
        unit="selectivity",
        band=(0.3, 1.0, "what chance gives"),
    )
    axes = chart.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["best", "middle", "last"]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]
    assert axes.get_xscale() == "log"
    assert [text.get_text() for text in chart.legends[0].get_texts()] == ["what chance gives", "led", "plain"]


def test_a_ranking_keeps_the_names_of_what_has_no_place_on_a_logarithmic_axis(tmp_path: Path) -> None:
    values = {
        "good": about(4.0, -1.0, INF),
        "none": about(0.0, 0.0, 0.1),
        "bad": about(-1.0),
        "svm": about(NAN),
    }
    chart = ranking_chart(
        values,
        groups={"good": "a", "none": "a", "bad": "b", "svm": "b"},
        title="Who wins",
        unit="selectivity",
        band=(-0.2, 1.2, "chance"),
    )
    axes = chart.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == list(values)
    assert [text.get_text() for text in axes.texts] == ["0.00", "−1.0", "not measured"]
    assert [text.get_text() for text in chart.legends[0].get_texts()] == ["chance", "a"]
    assert 0 < axes.get_xlim()[0] < 4 < axes.get_xlim()[1] < 4001
    save_chart(chart, tmp_path / "ranking.png")


def test_lines_leave_out_points_without_a_place_and_bound_intervals_without_a_limit(tmp_path: Path) -> None:
    def point(x: float, y: float) -> tuple[float, Estimate]:
        return x, about(y, y - 1, INF)

    chart = lines_chart(
        {"one": [point(0, 3.0), point(50, 2.0), point(100, INF), point(200, 4.0)], "two": [point(50, NAN)]},
        title="More labels",
        across="labels",
        up="selectivity",
        logarithmic=(True, False),
        reference=(1.0, "chance"),
    )
    line = chart.axes[0].get_lines()[0]
    assert line.get_xydata().tolist() == [[50, 2], [200, 4]]
    assert [text.get_text() for text in chart.legends[0].get_texts()] == ["chance", "one"]
    assert save_chart(chart, tmp_path / "lines.png").stat().st_size > 1000


def test_zeros_on_a_logarithmic_axis_cost_only_themselves(tmp_path: Path) -> None:
    chart = lines_chart(
        {"error": [(1.0, about(0.0)), (2.0, about(0.3, -0.1, 0.4))]},
        title="Fit",
        across="penalty",
        up="error",
        logarithmic=(True, True),
        reference=(0.0, "no penalty: 0"),
    )
    assert chart.axes[0].get_lines()[0].get_xydata().tolist() == [[2, 0.3]]
    assert chart.axes[0].get_ylim()[0] > 0
    save_chart(chart, tmp_path / "fit.png")


def test_matrices_with_missing_and_endless_numbers_are_drawn(tmp_path: Path) -> None:
    values = np.array([[0.25, NAN], [INF, -0.5]])
    figure = matrix_chart(values, rows=NAMES[:2], columns=NAMES[:2], title="", unit="")
    (image,) = figure.axes[0].get_images()
    assert image.get_clim() == (-0.5, 0.5)
    assert [text.get_text() for text in figure.axes[0].texts] == ["+0.25", "−0.50"]
    save_chart(figure, tmp_path / "matrix.png")


def test_attributes_without_an_area_stand_last_and_those_below_chance_are_within_the_chart() -> None:
    auc = {"Male": NAN, "Smiling": 0.4, "Young": 0.9}
    figure = attributes_chart(dict.fromkeys(auc, 0.5), auc, title="")
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["Young", "Smiling", "Male"]
    assert figure.axes[1].get_xlim()[0] < 0.4
    assert figure.axes[1].get_lines()[0].get_xdata().tolist() == [0.9, 0.4]


def test_walks_that_stand_still_or_were_not_measured_are_drawn(tmp_path: Path) -> None:
    still, unknown = Speed(name="still", steps=np.zeros(8)), Speed(name="unknown", steps=np.full(8, NAN))
    chart = speeds_chart([still, unknown], num_points=9, title="Speeds")
    assert chart.axes[0].get_ylim()[1] > 0
    save_chart(chart, tmp_path / "speeds.png")


NOTHING = {
    "bars of no values": (lambda: interval_chart({}, title="T", unit=""), "there are no values"),
    "bars of what was not measured": (
        lambda: interval_chart({"a": about(NAN), "b": about(INF)}, title="T", unit=""),
        "none of 2 values is a finite number",
    ),
    "areas that were not measured": (
        lambda: attributes_chart({"a": 0.5}, {"a": NAN}, title="T"),
        "none of 1",
    ),
    "a ranking of zeros": (
        lambda: ranking_chart(
            {"a": about(0.0), "b": about(-1.0)}, groups={"a": "k", "b": "k"}, title="T", unit=""
        ),
        "none of 2 values is a number above 0, as a logarithmic axis needs",
    ),
    "no lines": (lambda: lines_chart({}, title="T", across="", up=""), "there are no values"),
    "lines whose points lack one place each": (
        lambda: lines_chart(
            {"a": [(0.0, about(1.0)), (1.0, about(0.0))]},
            title="T",
            across="",
            up="",
            logarithmic=(True, True),
        ),
        "none of 2 values is a number above 0",
    ),
    "a matrix of nothing": (
        lambda: matrix_chart(np.zeros((0, 0)), rows=[], columns=[], title="T", unit=""),
        "there are no values",
    ),
    "a matrix that was not measured": (
        lambda: matrix_chart(np.full((1, 2), NAN), rows=["a"], columns=["b", "c"], title="T", unit=""),
        "none of 2 values is a finite number",
    ),
    "halves of one name": (
        lambda: halves_chart(np.eye(1), np.eye(1), names=["a"], labels=("", ""), title="T", unit=""),
        "none of 1 values is a finite number",
    ),
    "no walks": (lambda: speeds_chart([], num_points=9, title="T"), "there are no values"),
}


@pytest.mark.parametrize("case", NOTHING)
def test_a_chart_of_nothing_is_refused_in_one_sentence(case: str) -> None:
    draw, why = NOTHING[case]
    with pytest.raises(SettingError, match=f"the chart “T” cannot be drawn: {why}"):
        draw()
