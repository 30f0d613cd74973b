"""The page and the data: sections, tables, and the words between them."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from ganatomy.experiments.base import Experiment
from ganatomy.experiments.documents import document
from ganatomy.experiments.studies.z_against_w import figures
from ganatomy.experiments.studies.z_against_w.paired import NUM_FLIPS
from ganatomy.experiments.studies.z_against_w.run import SPREADS, SUBSET, ZAgainstW
from ganatomy.experiments.studies.z_against_w.sentences import by_space, sentences, verdict
from ganatomy.metrics import cosines
from ganatomy.report.document import Document, Section
from ganatomy.report.elements import Cell, Number, Row, Table, interval_cell, made_in
from ganatomy.statistics.formatting import (
    interval,
    listed,
    number,
    p_value,
    percent,
    signed,
    with_interval,
)

MOST_NAMED = 8
"""Attributes of a judge that are named; more are counted."""
MOST_PAIRS = 8
"""Pairs of attributes in the table of unexpected correlations."""


@document.register
def z_against_w_document(
    found: ZAgainstW, experiment: Experiment, *, model: str | None = None, scorer: str | None = None
) -> Document:
    """What the study found.

    Args:
        found: what was measured.
        experiment: that it was measured with.
        model: what the page calls the generator.
        scorer: the name or file of the scorer, for the data; by default the model's.
    """
    model = model or found.signature.architecture
    return Document(
        title="z against w",
        eyebrow=f"{model} · {found.signature.architecture} · {found.num_edited:,} edited images in each space",
        sentences=sentences(found),
        numbers=_numbers(found),
        sections=[
            Section(
                name="images",
                title="Edited images",
                paragraphs=[_strengths(found)],
                draw=[partial(figures.edited_images, found)],
            ),
            _comparison(found),
            Section(
                name="correlations",
                title="Correlations in edited images",
                paragraphs=[
                    (
                        "If every attribute had a direction of its own, edits of four of them would correlate few "
                        "others. Some pairs correlate in the data, too; the next part subtracts these."
                    )
                ],
                draw=[partial(figures.edited_correlations, found)],
            ),
            Section(
                name="beyond",
                title="Correlations beyond those of the data",
                paragraphs=[_reference(found)],
                draw=[partial(figures.correlations_beyond, found)],
                tables=[_unexpected_correlations(found)],
            ),
            Section(
                name="lines",
                title="Linearity of scores",
                paragraphs=[
                    (
                        "R² is the share of the variance of the mean scores that a line explains; 1 is a straight "
                        "line. Scores are probabilities, which end at 0 and 1, so every curve bends in the end. The "
                        "score of an attribute that most images lack, or have, is flat on that side, as that of "
                        "eyeglasses in the study."
                    )
                ],
                draw=[partial(figures.score_lines, found)],
                tables=[_linearity(found)],
                pairs=len(found.spaces) == 2,
            ),
            Section(name="method", title="Method", paragraphs=_method(found), tables=[_directions(found)]),
        ],
        data={"study": "z-against-w", "model": model, "scorer": scorer or model, **_data(found, experiment)},
        footer=f"{len(found.survey):,} codes surveyed, seed {found.survey.seed}; scorer: "
        f"{experiment.image_scorer.description}. {made_in(found.seconds)}",
    )


def _numbers(found: ZAgainstW) -> list[Number]:
    of_r2 = [
        Number(value=number(it.r2.value), label=f"R² of scores along their directions in {space}")
        for space, it in found.linearity.items()
    ]
    it = found.comparison
    if it is None or not it.attributes:
        return [Number(value=f"{found.num_edited:,}", label="edited images in each space"), *of_r2]
    return [
        Number(
            value=number(it.ratio.value),
            label=f"times the unwanted change in w as in z, at equal wanted change ({interval(it.ratio, digits=2)})",
        ),
        Number(
            value=p_value(it.p).removeprefix("p ").removeprefix("= "),
            label="p: how often equivalent spaces differ as much by chance",
        ),
        *of_r2,
    ]


def _strengths(found: ZAgainstW) -> str:
    edited = found.edited["z"]
    text = (
        f"The same {edited.num_codes} images are moved along the directions of {listed(found.attributes)}, by "
        f"{len(edited.strengths)} strengths each, in {' and in '.join(found.spaces)}. Strengths are in standard "
        "deviations of codes along the direction"
    )
    if len(found.spaces) == 1:
        return f"{text}, and hardly any code lies further than 3 from the middle."
    return (
        f"{text}, so that edits go as far towards rare codes in z as in w, however large w is. If w were only a linear "
        "map of z, a strength would move the score equally in both."
    )


def _comparison(found: ZAgainstW) -> Section:
    it = found.comparison
    table = _unwanted_changes(found)
    if it is None:
        text = (
            "The study asks whether w is less entangled than z. This generator makes images from z directly and has no "
            "mapping to a w, so only the half of the study that concerns z can be done. The table says what edits in z "
            "change beside their own attribute; compare it with that of other models, under the same scorer."
        )
        return Section(
            name="verdict", title="There is no w to compare with", paragraphs=[text], tables=[table]
        )
    refits = (
        f"Directions are estimates too, so they were found again in {found.refits} random parts of the survey "
        f"({percent(SUBSET)} of it each). How far the ratio varied with them widens p and the intervals."
        if found.refits
        else "Directions are taken as they are; how the result depends on the survey was not measured."
    )
    return Section(
        name="verdict",
        title="Is w less entangled than z?",
        paragraphs=[
            (
                "Each edit is read at the strength at which the mean score of its own attribute has changed by "
                f"{it.target_change:g} (or by what both spaces reach). The unwanted change is what it does to every "
                "other attribute there. The spaces are compared by its ratio, w over z, the geometric mean over "
                "attributes."
            ),
            (
                "If the two spaces were equivalent, each image's edits in z could as well have been its edits in w. So "
                f"the two are exchanged in random sets of the images, {NUM_FLIPS:,} times; p is the share of these "
                "exchanges with a ratio at least as far from 1 as the one found. Images are counted as independent, "
                f"attributes are not. {refits} w is called less or more entangled only where p is below 0.05 and the "
                "95 % interval of the ratio excludes 1."
            ),
            _by_logits(found),
            *_by_judge(found),
        ],
        draw=[partial(figures.unwanted_changes, it)] if it.curves else [],
        tables=[table],
    )


def _by_logits(found: ZAgainstW) -> str:
    """Whether the verdict depends on counting probabilities."""
    it = found.by_logits
    assert it is not None
    start = (
        "Probabilities hardly move near 0 and 1. As a check, logits are compared as well, in standard deviations of "
        f"unedited images, where the edited attribute has moved by {SPREADS:g}"
    )
    if not it.attributes:
        return f"{start}: no attribute moves as far in both spaces."
    out = f" (without {listed(list(it.left_out))}, which does not move as far)" if it.left_out else ""
    agrees = (
        "which leads to the same verdict"
        if verdict(it) == verdict(found.comparison)
        else "which does not lead to the same verdict; be careful with both"
    )
    return f"{start}{out}: the ratio is {with_interval(it.ratio, digits=2)}, {p_value(it.p)}, {agrees}."


def _by_judge(found: ZAgainstW) -> list[str]:
    """What the judge reads, and of which attributes; nothing without one."""
    it = found.by_judge
    if it is None or it.comparison is None:
        return []
    few = len(it.attributes) <= MOST_NAMED
    known = listed(it.attributes) if few else f"{len(it.attributes)} attributes"
    start = (
        f"The judge ({it.judge}) took no part in finding directions. It reads the same images for {known} that both "
        "classifiers know. Edits are compared where its own reading of the edited attribute has changed as much"
    )
    if not it.comparison.attributes:
        return [f"{start}, which no attribute does in both spaces."]
    ratios = [f"{of.name} {with_interval(of.ratio, digits=2)}" for of in it.comparison.attributes]
    ratio = f"{with_interval(it.comparison.ratio, digits=2)}, {p_value(it.comparison.p)}"
    return [f"{start}. By the judge the ratio is {ratio}; by attribute: {', '.join(ratios)}."]


def _reference(found: ZAgainstW) -> str:
    it = found.correlations
    if it.own:
        return (
            "The correlations of the data are not known for this model, because no labels were given (--correlations "
            f"takes a matrix or a table of labels). So the reference is the model itself, {it.reference.description}. "
            "Correlations that the model learnt wrongly, and shows without any edit, do not count as entanglement here."
        )
    return (
        "Correlations of the data are not entanglement: the model was to learn them. The reference is "
        f"{it.reference.description}. Correlations of edited images beyond it come from editing."
    )


def _method(found: ZAgainstW) -> list[str]:
    edited = found.edited["z"]
    text = (
        f"Directions are found by {found.method} in one survey of {len(found.survey):,} images"
        + (", whose codes are read as z and as w = map(z)" if len(found.spaces) == 2 else "")
        + f". The {edited.num_codes} edited images are others (seed {edited.seed}), and nothing is truncated."
    )
    if len(found.attributes) > 1:
        angles = by_space({space: number(cosines(of).mean_abs) for space, of in found.directions.items()})
        text += f" Between two of these directions the |cosine| is {angles} on average."
    whose = (
        "All figures are those of the scorer"
        if found.by_judge is None
        else "All figures but those of the judge are those of the scorer"
    )
    return [
        text,
        (
            f"{whose}: where it confuses two attributes, so does this page. The intervals do not cover another model, "
            "another scorer or other attributes."
        ),
    ]


def _unwanted_changes(found: ZAgainstW) -> Table:
    both = found.comparison is not None
    rows = [
        Row(
            name=it.name,
            cells=[
                Cell(text="added" if it.added else "removed"),
                Cell(text=number(it.change)),
                interval_cell(it.z, digits=3),
                *([interval_cell(it.w, digits=3), interval_cell(it.ratio, digits=2)] if both else []),
            ],
            marked=both and not it.ratio.low <= 1 <= it.ratio.high,
        )
        for it in found.unwanted
    ]
    rows += [
        Row(name=name, cells=[Cell(text="hardly moves"), Cell(text=number(change)), *[Cell(text="-")] * 3])
        for name, change in (found.comparison.left_out if found.comparison else {}).items()
    ]
    ratio = "; w / z is their ratio, below 1 where w is cleaner, and bold where its interval excludes 1"
    return Table(
        title="Unwanted change of each edit",
        caption="Change: of the mean probability of the attribute itself. Others: mean |change| of the probability of "
        f"each other attribute, over images{ratio if both else ''}. 95 % intervals.",
        first="attribute",
        headings=["edit", "change", "others in z", *(["others in w", "w / z"] if both else [])],
        rows=rows,
        words=[0],
    )


def _unexpected_correlations(found: ZAgainstW) -> Table:
    it = found.correlations
    matrices = [it.expected, *(of.matrix for of in it.spaces.values())]
    rows = []
    for a, b, _ in it.spaces[found.spaces[-1]].largest[:MOST_PAIRS]:
        place = it.attributes.index(a), it.attributes.index(b)
        rows.append(
            Row(name=f"{a} and {b}", cells=[Cell(text=signed(float(matrix[place]))) for matrix in matrices])
        )
    return Table(
        title="Largest unexpected correlations",
        caption=f"The pairs whose correlation differs most from the reference in {found.spaces[-1]}.",
        first="pair",
        headings=["unedited" if it.own else "data", *(f"edited in {space}" for space in it.spaces)],
        rows=rows,
    )


def _linearity(found: ZAgainstW) -> Table:
    rows = []
    for name in found.attributes:
        cells = []
        for of in found.linearity.values():
            line = of.lines[name]
            ends = zip(("below", "above"), line.saturates, strict=True)
            flat = [f"{side} {signed(end, 1, trim=True)}" for side, end in ends if end is not None]
            cells += [
                Cell(text="unmoved") if math.isnan(line.r2.value) else interval_cell(line.r2, digits=2),
                Cell(text=signed(100 * line.slope.value, 1)),
                Cell(text=" and ".join(flat) or "nowhere"),
            ]
        rows.append(Row(name=name, cells=cells))
    return Table(
        title="Lines fitted to scores",
        caption="R² with its 95 % interval over images; slope in percentage points per standard deviation of codes; "
        "flat: strengths at which the score changes by less than a tenth of its steepest step.",
        first="attribute",
        headings=[f"{what} in {space}" for space in found.spaces for what in ("R²", "slope", "flat")],
        rows=rows,
        words=[3 * at + 2 for at in range(len(found.spaces))],
        stacked=len(found.spaces) == 2,
    )


def _directions(found: ZAgainstW) -> Table:
    rows = []
    for name in found.attributes:
        values = [
            value
            for of in found.directions.values()
            for value in (of[name].auc, of[name].slope * of[name].sigma)
        ]
        share = Cell(text=percent(found.survey.prevalence[name]))
        rows.append(Row(name=name, cells=[share, *(Cell(text=number(value)) for value in values)]))
    return Table(
        title="The directions",
        caption="AUC: how well the direction separates codes with and without the attribute, on held-out codes (0.5 is "
        "chance). Logits: by how much scores differ per standard deviation in the survey; an edit may change less.",
        first="attribute",
        headings=[
            "images that have it",
            *(f"{what} in {space}" for space in found.spaces for what in ("AUC", "logits")),
        ],
        rows=rows,
    )


def _data(found: ZAgainstW, experiment: Experiment) -> dict[str, Any]:
    """All figures of the study."""
    edited, both = found.edited["z"], found.comparison is not None
    return {
        "fingerprint": experiment.generator.fingerprint,
        "spaces": found.spaces,
        "method": found.method,
        "n": len(found.survey),
        "seed": found.survey.seed,
        "images": edited.num_codes,
        "strengths": edited.strengths,
        "units": edited.units,
        "edited_images": found.num_edited,
        "attributes": {
            name: {
                "prevalence": found.survey.prevalence[name],
                "auc": {space: of[name].auc for space, of in found.directions.items()},
                "sigma": {space: of[name].sigma for space, of in found.directions.items()},
            }
            for name in found.attributes
        },
        "verdict": verdict(found.comparison),
        "refits": found.refits,
        "entanglement": found.comparison,
        "entanglement_by_logits": found.by_logits,
        "by_judge": found.by_judge,
        "unwanted": {
            it.name: {"added": it.added, "change": it.change, "z": it.z}
            | ({"w": it.w, "ratio": it.ratio} if both else {})
            for it in found.unwanted
        },
        "correlations": found.correlations,
        "linearity": found.linearity,
        "seconds": found.seconds,
    }
