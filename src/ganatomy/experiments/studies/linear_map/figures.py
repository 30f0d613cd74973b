"""Charts and images of the study."""

from __future__ import annotations

import numpy as np
import torch

from ganatomy.directions.linear_map import FORMS
from ganatomy.edits import walk
from ganatomy.experiments.compare.figures import lines
from ganatomy.experiments.studies.linear_map.penalties import Fit
from ganatomy.experiments.studies.linear_map.result import PAPER, PENALISED, PLAIN, LinearMapStudy
from ganatomy.experiments.studies.linear_map.tables import table_of_changes
from ganatomy.generators.base import Generator
from ganatomy.generators.batches import draw_images
from ganatomy.geometry import upright
from ganatomy.metrics.base import certain
from ganatomy.plots import grid
from ganatomy.plots.matrices import halves_chart, matrix_chart
from ganatomy.report.document import Drawing
from ganatomy.statistics.formatting import listed, signed
from ganatomy.statistics.intervals import Estimate

FORM_NAMES = {"identity": "the paper's penalty", "cosines": "penalty on cosines alone"}
SHOWN = 6
"""Images in a row of Figure 3: the first ones, not chosen."""
ADDED = 3
"""Attributes that are added to one image by the paper's two methods."""
STATIONS = (-2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
"""Strengths of the walk, as multiples of the step that methods are compared at."""
ASIDE = 1.07
"""By what the second line is moved to the right, so that intervals do not hide each other."""


def sheets(found: LinearMapStudy, generator: Generator) -> list[Drawing]:
    """Figure 3: images in columns, methods in rows; and one image walked by the paper's two methods."""
    compared = found.comparison
    rows = {"unedited": compared.latents} | {
        name: result.edits.latents[0] for name, result in compared.results.items()
    }
    count = min(SHOWN, compared.num_images)
    verb = "added" if found.added else "taken away"
    start = compared.latents[found.typical]
    walks = [
        walk(
            start,
            found.directions[method][found.shown],
            [station * float(found.changes[method].strengths[0]) for station in STATIONS],
            units="distance",
        )
        for method in PAPER
    ]
    return [
        Drawing(
            name="figure-3",
            image=grid(
                torch.cat([draw_images(generator, latents[:count]) for latents in rows.values()]),
                columns=count,
                row_labels=[_row(found, row) for row in rows],
            ),
            alt=f"The first {count} images unedited, and {found.shown} {verb} by {', '.join(compared.methods)}",
            caption=(
                f"The first {count} images, not chosen. In every row but the first {found.shown} was {verb}, by as "
                "much on average; look for what else changed against the top row of the same column."
            ),
            large=True,
        ),
        *_added(found, generator),
        Drawing(
            name="walk",
            image=grid(
                torch.cat([draw_images(generator, latents) for latents in walks]),
                columns=len(STATIONS),
                captions=[f"{signed(station, 1, trim=True)} ×" for station in STATIONS],
                row_labels=[_row(found, method) for method in PAPER],
            ),
            alt=f"One image moved along {found.shown} in both directions, without the penalty above, with it below",
            caption=(
                f"Image {found.typical + 1}, a typical one, moved along {found.shown}: strengths are multiples of the "
                "step above, 0 is the unedited image, below 0 is the opposite edit."
            ),
            large=True,
        ),
    ]


def _added(found: LinearMapStudy, generator: Generator) -> list[Drawing]:
    """Several attributes in the paper's direction: each added, though most images may have it, to images that lack it.

    One image for each attribute: the first that lacks it, or else the one in which its probability is least.
    """
    compared = found.comparison
    drawn, lines, names = [], [], compared.edited[:ADDED]
    for place, name in enumerate(names):
        before = found.changes[PLAIN].before[:, compared.attributes.index(name)]
        lacking = (before < 0.5).nonzero()[:, 0]
        row = int(lacking[0]) if len(lacking) else int(before.argmin())
        start = compared.latents[row]
        for method in PAPER:
            step = abs(float(found.changes[method].strengths[place]))
            walked = walk(start, found.directions[method][name], [0.0, step, 2 * step], units="distance")
            drawn.append(draw_images(generator, walked))
            lines.append(f"{name}, {_row(found, method)}")
    return [
        Drawing(
            name="figure-3-attributes",
            image=grid(torch.cat(drawn), columns=3, captions=["unedited", "+1 ×", "+2 ×"], row_labels=lines),
            alt=f"{listed(names)} added to one image each, without the penalty and with it",
            caption=(
                "Several attributes, each added as in the paper, to the first image that lacks it: by the step above "
                "and by twice that, without the penalty and with it."
            ),
            large=True,
        )
    ]


def changes(found: LinearMapStudy) -> Drawing:
    """Mean change of every attribute of Table II by every method."""
    names = [row.attribute for row in table_of_changes(found).rows]
    columns = [found.comparison.attributes.index(name) for name in names]
    values = torch.stack([changes.mean_change[0, columns] for changes in found.changes.values()])
    return Drawing(
        name="changes",
        image=matrix_chart(
            values.T.numpy(),
            rows=names,
            columns=list(found.changes),
            title=f"Mean changes when {found.shown} is {'added' if found.added else 'taken away'}",
            unit="change of the probability, turned so that the target's is above 0",
        ),
        alt=f"A matrix of the mean changes of {len(names)} attributes by {len(found.changes)} methods",
        caption=(
            f"One column a method; all edited {found.shown}. A selective method is pale everywhere but in the row of "
            f"{found.shown}. Means over images: what rises in some and falls in others is pale here, and counts in the "
            "table below."
        ),
    )


def grams(found: LinearMapStudy) -> Drawing:
    """Cosines between all directions: without the penalty below the diagonal, with it above."""
    plain = found.directions[PLAIN].gram()
    # Attributes that go together stand together along the axis that explains most of the matrix.
    (axis,) = upright(torch.linalg.eigh(plain.double())[1][:, -1:].T)
    order = axis.argsort(descending=True, stable=True).numpy()
    names = [found.comparison.attributes[place] for place in order]
    below, above = (found.directions[method].gram().numpy()[np.ix_(order, order)] for method in PAPER)
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
            f"{found.cosine[PLAIN]:.3f}), with it above ({found.cosine[PENALISED]:.3f}). Colour is what the penalty is "
            f"to remove; {found.shown} is bold."
        ),
    )


PATHS = {
    "selectivity": (
        "How selective edits are",
        "selectivity",
        "Higher is better. Lines above the dashed one would say that the penalty helps; intervals are over images.",
    ),
    "cosine": (
        "How alike directions are",
        "mean |cosine|",
        "The penalty does what it is made for: from some λ on all directions are orthogonal.",
    ),
    "error": (
        "How well the map fits",
        "squared error of probabilities (logarithmic)",
        "Lower is better, on held-out codes. Rows of length 1 predict probabilities far outside of 0 to 1.",
    ),
    "auc": (
        "How well directions separate codes",
        "held-out AUC (0.5 is chance)",
        "Higher is better; lengths of rows do not count here, so this is what the penalty costs directions.",
    ),
}
"""What is drawn against λ: field of `Fit` to title, axis and caption."""


def path(found: LinearMapStudy, read: str) -> Drawing:
    """One figure against λ, for both forms of the penalty."""
    title, up, caption = PATHS[read]

    def number(fit: Fit) -> Estimate:
        value = getattr(fit, read)
        return value if isinstance(value, Estimate) else certain(value)

    points = {
        FORM_NAMES[form]: [
            (ASIDE**place * fit.penalty, number(fit)) for fit in found.path[1:] if fit.form == form
        ]
        for place, form in enumerate(FORMS)
    }
    start = number(found.path[0]).value
    missing = sum(it.value <= 0 for row in points.values() for _, it in row) if read == "error" else 0
    return lines(
        f"path-{read}",
        points,
        title=title,
        across="λ (logarithmic)",
        up=up,
        logarithmic=(True, read == "error"),
        reference=(start, f"no penalty: {start:.3g}"),
        caption=caption + (f" Not shown: {missing} points that are not above 0." if missing else ""),
    )


def _row(found: LinearMapStudy, row: str) -> str:
    return {PLAIN: "no penalty", PENALISED: f"penalty λ={found.penalty:g}"}.get(row, row)
