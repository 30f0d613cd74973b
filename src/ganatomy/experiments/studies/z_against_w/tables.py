"""The tables: what edits change beside their own attribute, unexpected company, lines of scores, directions."""

from __future__ import annotations

import math

from ganatomy.experiments.studies.z_against_w.run import ZAgainstW
from ganatomy.experiments.studies.z_against_w.sentences import number, unwanted
from ganatomy.report.elements import Cell, Row, Table
from ganatomy.statistics.formatting import percent, signed
from ganatomy.statistics.intervals import Estimate

MOST_PAIRS = 8
"""Pairs of attributes in the table of unexpected company."""


def unwanted_changes(found: ZAgainstW) -> Table:
    both = found.paired is not None
    rows = [
        Row(
            name=it.name,
            cells=[
                Cell(text="added" if it.added else "taken away"),
                Cell(text=number(it.change)),
                _cell(it.z, 3),
                *([_cell(it.w, 3), _cell(it.ratio)] if both else []),
            ],
            marked=both and not it.ratio.low <= 1 <= it.ratio.high,
        )
        for it in unwanted(found)
    ]
    if both and found.paired is not None:
        rows += [
            Row(
                name=name, cells=[Cell(text="hardly moves"), Cell(text=number(change)), *[Cell(text="-")] * 3]
            )
            for name, change in found.paired.left_out.items()
        ]
    in_w = (
        "; w / z is their ratio, below 1 where w is cleaner, and bold where its interval does not hold 1"
        if both
        else ""
    )
    return Table(
        title="Unwanted change of each edit",
        caption=(
            "Change: of the mean probability of the attribute itself. Others: mean |change| of the probability of each "
            f"other attribute, over images{in_w}. 95 % intervals."
        ),
        first="attribute",
        headings=["edit", "change", "others in z", *(["others in w", "w / z"] if both else [])],
        rows=rows,
        words=[0],
    )


def unexpected_company(found: ZAgainstW) -> Table:
    it = found.together
    expected = it.expected
    pairs = dict.fromkeys(
        (a, b) for of in reversed(it.spaces.values()) for a, b, _ in of.largest[:MOST_PAIRS]
    )
    rows = []
    for a, b in list(pairs)[:MOST_PAIRS]:
        at = (it.attributes.index(a), it.attributes.index(b))
        cells = [
            Cell(text=signed(float(matrix[at])))
            for matrix in (expected, *(of.matrix for of in it.spaces.values()))
        ]
        rows.append(Row(name=f"{a} and {b}", cells=cells))
    return Table(
        title="Unexpected company",
        caption=(
            f"The pairs that differ most from the reference in {found.spaces[-1]}: their correlation there, and in "
            "edited images."
        ),
        first="pair",
        headings=["unedited" if it.own else "data", *(f"edited in {space}" for space in it.spaces)],
        rows=rows,
    )


def straightness(found: ZAgainstW) -> Table:
    rows = []
    for name in found.attributes:
        cells = []
        for of in found.linearity.values():
            line = of.lines[name]
            first, last = line.saturates
            flat = [f"below {signed(first, 1, trim=True)}"] if first is not None else []
            flat += [f"above {signed(last, 1, trim=True)}"] if last is not None else []
            cells += [
                Cell(text="unmoved") if math.isnan(line.r2.value) else _cell(line.r2),
                Cell(text=signed(100 * line.slope.value, 1)),
                Cell(text=" and ".join(flat) or "nowhere"),
            ]
        rows.append(Row(name=name, cells=cells))
    return Table(
        title="Lines of scores",
        caption=(
            "R² with its 95 % interval over images; slope in percentage points per standard deviation of codes; "
            "flat: strengths at which the score changes by less than a tenth of its steepest step."
        ),
        first="attribute",
        headings=[f"{what} in {space}" for space in found.spaces for what in ("R²", "slope", "flat")],
        rows=rows,
        words=[3 * at + 2 for at in range(len(found.spaces))],
        stacked=len(found.spaces) == 2,
    )


def directions(found: ZAgainstW) -> Table:
    rows = [
        Row(
            name=name,
            cells=[
                Cell(text=percent(found.survey.prevalence[name])),
                *(
                    Cell(text=number(value))
                    for of in found.directions.values()
                    for value in (of[name].auc, of[name].slope * of[name].sigma)
                ),
            ],
        )
        for name in found.attributes
    ]
    return Table(
        title="The directions",
        caption=(
            "AUC: how well codes with and without the attribute are told apart, on codes that were not learnt from "
            "(0.5 is chance). Logits: by how much scores differ per standard deviation in the survey; an edit may do "
            "less."
        ),
        first="attribute",
        headings=[
            "images that have it",
            *(f"{what} in {space}" for space in found.spaces for what in ("AUC", "logits")),
        ],
        rows=rows,
    )


def _cell(it: Estimate, digits: int = 2) -> Cell:
    return Cell(
        text=number(it.value, digits), interval=f"{number(it.low, digits)} to {number(it.high, digits)}"
    )
