"""Speeds of walks as a chart."""

from __future__ import annotations

import numpy as np

from ganatomy.plots.speeds import Speed, speeds_chart


def test_each_walk_has_its_row_with_its_sharp_transitions_where_they_are() -> None:
    steps = np.ones(16)
    steps[12] = 5
    walks = [Speed(name="even", steps=np.ones(16)), Speed(name="jumping", steps=steps, sharp=[12])]
    figure = speeds_chart(walks, num_points=9, title="Speeds")
    even, jumping = figure.axes
    assert [axes.get_ylabel() for axes in (even, jumping)] == ["even", "jumping"]
    assert len(even.lines[-1].get_xdata()) == 0
    # The middle of the thirteenth of 16 steps through nine points.
    assert list(jumping.lines[-1].get_xdata()) == [1 + 12.5 / 2]
    assert list(jumping.lines[-1].get_ydata()) == [5]
