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
from ganatomy.plots.charts import (
    Point,
    attributes_chart,
    interval_chart,
    lines_chart,
    matrix_chart,
    ranking_chart,
    save_chart,
)

NAMES = ["Male", "Smiling", "Young"]


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
    values = {"linear": (1.0, 0.8, 1.3), "held": (5.0, 4.0, 6.0)}
    axes = interval_chart(values, title="", unit="", highlight="held", reference=(3.69, "paper")).axes[0]
    assert [bar.get_width() for bar in axes.patches] == [1.0, 5.0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["linear", "held"]
    segments = axes.collections[0].get_segments()
    assert np.allclose([segment[:, 0] for segment in segments], [[0.8, 1.3], [4.0, 6.0]])
    assert axes.patches[0].get_facecolor() != axes.patches[1].get_facecolor()


def test_a_bar_that_could_not_be_measured_is_left_empty() -> None:
    nan = float("nan")
    axes = interval_chart({"svm": (nan, nan, nan), "dual": (2.0, 1.0, 3.0)}, title="", unit="").axes[0]
    assert [text.get_text() for text in axes.texts] == ["2.00"]


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
        {"best": (40.0, 30.0, 50.0), "middle": (3.0, 2.5, 4.0), "last": (1.1, 0.9, 1.4)},
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


def test_lines_leave_out_points_that_are_nowhere_and_bound_intervals_that_are_endless(tmp_path: Path) -> None:
    def point(x: float, y: float) -> Point:
        return Point(x=x, y=y, low=y - 1, high=math.inf)

    chart = lines_chart(
        {"one": [point(50, 2.0), point(100, math.inf), point(200, 4.0)], "two": [point(50, math.nan)]},
        title="More labels",
        across="labels",
        up="selectivity",
        logarithmic=(True, False),
        reference=(1.0, "chance"),
    )
    line = chart.axes[0].get_lines()[0]
    assert line.get_xydata().tolist() == [[50, 2], [200, 4]]
    assert save_chart(chart, tmp_path / "lines.png").stat().st_size > 1000
