"""Charts and images of the study."""

from __future__ import annotations

import math

import numpy as np
import torch

from ganatomy.directions.linear_map import FORMS
from ganatomy.experiments.studies.linear_map.result import STATIONS, LinearMapStudy
from ganatomy.experiments.studies.linear_map.tables import table_of_changes
from ganatomy.experiments.studies.linear_map.ways import PAPER, PENALISED, PLAIN
from ganatomy.geometry import upright
from ganatomy.metrics.base import certain
from ganatomy.plots import grid
from ganatomy.plots.charts import interval_chart, lines_chart, ranking_chart
from ganatomy.plots.matrices import halves_chart, matrix_chart
from ganatomy.report.document import Drawing
from ganatomy.statistics.formatting import signed
from ganatomy.statistics.intervals import Estimate

FORM_NAMES = {"identity": "the paper's penalty", "cosines": "penalty on cosines alone"}
WIDE = 30.0
"""Ways that differ by more than this factor need a logarithmic axis."""
ASIDE = 1.07
"""By what the second line is moved to the right, so that intervals do not hide each other."""


def ranking(found: LinearMapStudy) -> Drawing:
    """Selectivity of every way, the cleanest on top."""
    values = {way: found.changes[way].selectivity().mean for way in found.ranking}
    title, unit = "How cleanly each way edits", "change of the target / mean change of each other attribute"
    ends = [it.value for it in values.values() if math.isfinite(it.value) and it.value > 0]
    if max(ends, default=1) > WIDE * min(ends, default=1):
        chart = ranking_chart(
            values,
            groups={way: "the paper's" if way in PAPER else "ours" for way in values},
            title=title,
            unit=f"{unit} (logarithmic)",
        )
    else:
        chart = interval_chart(values, title=title, unit=unit, highlight=PENALISED)
    told = ", ".join(f"{way} {it.value:.2f}" for way, it in values.items())
    return Drawing(
        name="selectivity",
        image=chart,
        alt=f"Selectivity with intervals, the cleanest first: {told}",
        caption=(
            f"Farther right is cleaner; orange is of the paper. Means over {len(found.edited)} attributes, "
            f"lines their 95 % intervals over {found.num_images} images. Lines may overlap and the ways "
            "still differ, for they edited the same images: the table has the paired tests."
        ),
    )


def sheets(found: LinearMapStudy) -> list[Drawing]:
    """Figure 3: images in columns, ways in rows; and one image walked by the paper's two ways."""
    rows = list(found.images)
    shown = torch.cat([found.images[row] for row in rows])
    count = len(found.images[rows[0]])
    verb = "added" if found.added else "taken away"
    first = Drawing(
        name="figure-3",
        image=grid(shown, columns=count, row_labels=[_row(found, row) for row in rows]),
        alt=f"The first {count} images as drawn, and {found.shown} {verb} by {', '.join(rows[1:])}",
        caption=(
            f"The first {count} images, not chosen. In every row but the first {found.shown} was {verb}, by "
            "as much on average; look for what else changed against the top row of the same column."
        ),
        large=True,
    )
    walked = Drawing(
        name="walk",
        image=grid(
            torch.cat([found.walks[way] for way in PAPER]),
            columns=len(STATIONS),
            captions=[f"{signed(station, 1, trim=True)} ×" for station in STATIONS],
            row_labels=[_row(found, way) for way in PAPER],
        ),
        alt=f"One image moved along {found.shown} in both directions, above without the penalty, below with it",
        caption=(
            f"Image {found.one + 1}, a typical one, moved along {found.shown}: strengths are multiples of the step "
            "above, 0 is the image as drawn, below 0 is the other way."
        ),
        large=True,
    )
    return [first, walked]


def changes(found: LinearMapStudy) -> Drawing:
    """Mean change of every attribute of Table II by every way."""
    table = table_of_changes(found)
    names = [row.attribute for row in table.rows]
    columns = [found.attributes.index(name) for name in names]
    values = torch.stack([found.changes[way].mean_change[0, columns] for way in found.ways])
    turned = "added" if found.added else "taken away"
    return Drawing(
        name="changes",
        image=matrix_chart(
            values.T.numpy(),
            rows=names,
            columns=list(found.ways),
            title=f"Mean changes when {found.shown} is {turned}",
            unit="change of the probability, turned so that the target's is above 0",
        ),
        alt=f"A matrix of the mean changes of {len(names)} attributes by {len(found.ways)} ways",
        caption=(
            f"One column a way; all moved {found.shown}. A clean way is pale everywhere but in the row of "
            f"{found.shown}. Means over images: what rises in some and falls in others is pale here, and "
            "counts in the table below."
        ),
    )


def grams(found: LinearMapStudy) -> Drawing:
    """Cosines between all directions: without the penalty below the diagonal, with it above."""
    plain = found.directions[PLAIN].gram()
    # Attributes that go together stand together along the axis that explains most of the matrix.
    (axis,) = upright(torch.linalg.eigh(plain.double())[1][:, -1:].T)
    order = axis.argsort(descending=True, stable=True).numpy()
    names = [found.attributes[place] for place in order]
    below, above = (found.directions[way].gram().numpy()[np.ix_(order, order)] for way in PAPER)
    return Drawing(
        name="cosines",
        image=halves_chart(
            below,
            above,
            names=names,
            labels=(_row(found, PLAIN), _row(found, PENALISED)),
            title="Cosines between directions",
            unit="cosine",
            limit=1.0,
            bold=[names.index(found.shown)],
        ),
        alt=f"A square of cosines between {len(names)} directions, without the penalty and with it",
        caption=(
            "Cosines between all directions, without the penalty below the diagonal (mean size "
            f"{found.cosine[PLAIN]:.3f}), with it above ({found.cosine[PENALISED]:.3f}). Colour is what the "
            f"penalty is to remove; {found.shown} is bold."
        ),
    )


def path(found: LinearMapStudy) -> list[Drawing]:
    """Selectivity, cosines and fit error against λ, for both forms of the penalty."""
    plain = found.path[0]
    fits = {form: [fit for fit in found.path[1:] if fit.form == form] for form in FORMS}

    def line(read: str) -> dict[str, list[tuple[float, Estimate]]]:
        points = {}
        for form, row in fits.items():
            aside = ASIDE if points else 1.0
            points[FORM_NAMES[form]] = [
                (aside * fit.penalty, _with_interval(getattr(fit, read))) for fit in row
            ]
        return points

    def drawing(read: str, title: str, up: str, caption: str, *, logarithmic: bool = False) -> Drawing:
        start = getattr(plain, read)
        start = start if isinstance(start, float) else start.value
        lines = line(read)
        told = "; ".join(
            f"{name} {', '.join(f'{it.value:.3g} at {x:g}' for x, it in points)}"
            for name, points in lines.items()
        )
        return Drawing(
            name=f"path-{read}",
            image=lines_chart(
                lines,
                title=title,
                across="λ (logarithmic)",
                up=up,
                logarithmic=(True, logarithmic),
                reference=(start, f"no penalty: {start:.3g}"),
            ),
            alt=f"{title}: {told}",
            caption=caption,
        )

    return [
        drawing(
            "selectivity",
            "How cleanly images change",
            "selectivity",
            "Higher is cleaner. Lines above the dashed one would say that the penalty helps; intervals are over "
            "images.",
        ),
        drawing(
            "cosine",
            "How alike directions are",
            "mean |cosine|",
            "The penalty does what it is made for: from some λ on all directions are orthogonal.",
        ),
        drawing(
            "error",
            "How well the map fits",
            "squared error of probabilities",
            "Lower is better, on held-out codes. The paper's form forces rows to length 1, which predicts "
            "probabilities far outside of 0 to 1.",
            logarithmic=True,
        ),
        drawing(
            "auc",
            "How well directions tell codes apart",
            "held-out AUC (0.5 is chance)",
            "Higher is better; lengths of rows do not count here, so this is what the penalty costs the directions.",
        ),
    ]


def _with_interval(value: float | Estimate) -> Estimate:
    return value if isinstance(value, Estimate) else certain(value)


def _row(found: LinearMapStudy, row: str) -> str:
    return {PLAIN: "no penalty", PENALISED: f"penalty λ={found.penalty:g}"}.get(row, row)
