"""The page and the data of the study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ganatomy.experiments.base import Experiment
from ganatomy.experiments.documents import document
from ganatomy.experiments.studies.attributes import drawings
from ganatomy.experiments.studies.attributes.result import AttributeStudy
from ganatomy.metrics.classification import FEW, AttributeReading
from ganatomy.report.document import Document, Section
from ganatomy.report.elements import Number, Table, interval_cell, made_in, table
from ganatomy.report.rows import Entry, interval_headings, interval_values, write_rows
from ganatomy.statistics.formatting import listed, number, percent, percent_with_interval, signed
from ganatomy.statistics.intervals import CONFIDENCE

FIGURES = (
    "prevalence",
    "accuracy",
    "balanced_accuracy",
    "auc",
    "average_precision",
    "f1",
    "f2",
    "calibration_error",
)
"""Fields of a reading that have intervals."""


COLUMNS = {
    "accuracy": "accuracy",
    "balanced": "balanced_accuracy",
    "AUC": "auc",
    "average precision": "average_precision",
    "F1": "f1",
    "F2": "f2",
}
"""Headings of the table, and the fields that stand below them."""


@document.register
def attributes_document(
    found: AttributeStudy,
    experiment: Experiment | None = None,
    *,
    model: str | None = None,
    scorer: str | None = None,
    epochs: Mapping[str, Sequence[Mapping[str, float]]] | None = None,
) -> Document:
    """The study as a document, for `write_document`.

    Args:
        found: the study.
        experiment: none, for no generator takes part.
        model: none either.
        scorer: what the page calls the classifier.
        epochs: lines of the table of a training, by the name of the network, where it was trained here.
    """
    scorer = scorer or found.scorer
    return Document(
        title=f"Attributes read by {Path(scorer).name or scorer}",
        eyebrow=f"{found.scorer}; {len(found):,} images of {found.data}",
        sentences=sentences(found),
        numbers=_numbers(found),
        sections=_sections(found, epochs or {}),
        data=_data(found, scorer, epochs or {}),
        files={"attributes.csv": partial(_write_table, found)},
        footer=made_in(found.seconds),
    )


def sentences(found: AttributeStudy) -> list[str]:
    """What was found, most important first; where there is too little to tell, they say so."""
    readings = found.readings
    accuracy, base = percent_with_interval(readings.accuracy), percent(readings.base_rate)
    texts = [f"{accuracy} of all decisions are right; the commoner answers alone would be in {base}."]
    known = [one for one in readings.attributes if not one.says_little]
    if len(known) > 1:
        worst = min(known, key=lambda one: one.auc.value)
        best = max(known, key=lambda one: one.auc.value)
        texts.append(
            f"{best.name} is read best (AUC {number(best.auc.value, 3)}), {worst.name} worst "
            f"({number(worst.auc.value, 3)})."
        )
    useless = [one.name for one in known if one.auc.low <= 0.5]
    if useless:
        texts.append(
            f"{listed(useless)} {'is' if len(useless) == 1 else 'are'} not read better than by chance."
        )
    few = [one.name for one in readings.attributes if one.says_little]
    if few:
        texts.append(
            f"Fewer than {FEW} images with or without {listed(few[:6])} are known, so that little can be said of "
            f"{'it' if len(few) == 1 else 'them'}."
        )
    pairs = found.worst_pairs(1)
    if pairs and not found.exclusive:
        read, there, change = pairs[0]
        texts.append(
            f"Largest confusion: {read} is read as {percent(abs(change))} {'more' if change > 0 else 'less'} probable "
            f"where {there} is there, at the same label of {read}."
        )
    texts += [
        f"{one.name} is read with a mean error of {one.error}; its median alone gives {number(one.base_error, 2)}."
        for one in found.factors[:3]
    ]
    return texts


def _numbers(found: AttributeStudy) -> list[Number]:
    readings = found.readings
    return [
        Number(value=percent(readings.accuracy.value), label="of all decisions are right"),
        Number(value=number(readings.auc.value, 3), label="mean AUC"),
        Number(value=number(readings.f1_macro.value, 3), label="mean F1"),
    ]


def _sections(found: AttributeStudy, epochs: Mapping[str, Sequence[Mapping[str, float]]]) -> list[Section]:
    sections = [
        Section(
            name="attributes",
            title="Each attribute",
            link="Attributes",
            tables=[_table(found), *([_factor_table(found)] if found.factors else [])],
        ),
        Section(
            name="curves",
            title="AUC and calibration",
            draw=[partial(drawings.auc_chart, found), partial(drawings.calibration_chart, found)],
            pairs=True,
        ),
    ]
    if epochs:
        sections.append(
            Section(
                name="training",
                title="Training",
                tables=[_epoch_table(name, lines) for name, lines in epochs.items()],
            )
        )
    sections.append(
        Section(
            name="pairs",
            title="What is taken for what",
            link="Confusions",
            tables=[_pair_table(found)] if found.worst_pairs(1) else [],
            draw=[partial(drawings.pairs_chart, found)],
        )
    )
    if found.maps:
        sections.append(
            Section(name="where", title="Where it looks", draw=[partial(drawings.maps_sheet, found)])
        )
    if any(found.mistakes.values()):
        sections.append(
            Section(
                name="mistakes",
                title="Worst mistakes",
                link="Mistakes",
                draw=[partial(drawings.mistakes_sheet, found, name) for name in found.mistakes],
            )
        )
    return [*sections, _how(found)]


def _table(found: AttributeStudy) -> Table:
    return table(
        "Attributes",
        caption=(
            "Decisions at a probability of one half. Base rate: accuracy of the commoner answer alone. Few: fewer than "
            f"{FEW} images with or without the attribute are known."
        ),
        first="attribute",
        rows=found.readings.attributes,
        name=lambda one: one.name,
        columns={
            "known": lambda one: f"{one.known:,}{' (few)' if one.says_little else ''}",
            "prevalence": lambda one: number(one.prevalence.value, 3),
            "base rate": lambda one: number(one.base_rate, 3),
            **{
                heading: (lambda one, field=field: interval_cell(getattr(one, field), digits=3))
                for heading, field in COLUMNS.items()
            },
            "calibration error": lambda one: number(one.calibration_error.value, 3),
        },
        stacked=True,
    )


def _factor_table(found: AttributeStudy) -> Table:
    return table(
        "Factors",
        caption="Mean distance from the truth, in the factor's own unit.",
        first="factor",
        rows=found.factors,
        name=lambda one: one.name,
        columns={
            "error": lambda one: one.error,
            "median alone": lambda one: number(one.base_error, 2),
            "R²": lambda one: number(one.r2, 3),
        },
    )


def _epoch_table(name: str, lines: Sequence[Mapping[str, float]]) -> Table:
    figures = (
        "train_loss",
        "valid_loss",
        "accuracy",
        "f1_micro",
        "f1_macro",
        "f2_micro",
        "f2_macro",
        "f2_image",
    )
    return table(
        f"Epochs of the {name}",
        caption=(
            f"The {name}, on the images that it was validated by: loss, accuracy at one half, F beta over all "
            "decisions (micro) and as the mean over attributes (macro)."
        ),
        first="epoch",
        rows=range(len(lines)),
        name=lambda row: f"{lines[row]['epoch']:.0f}",
        columns={
            "px": lambda row: f"{lines[row]['resolution']:.0f}",
            **{
                heading.replace("_", " "): (lambda row, key=heading: f"{lines[row][key]:.4f}")
                for heading in figures
            },
        },
    )


def _pair_table(found: AttributeStudy) -> Table:
    pairs = found.worst_pairs()
    if found.exclusive:
        return table(
            "Confusions",
            caption="Share of the images of a class that are read as another.",
            first="class",
            rows=pairs,
            name=lambda pair: pair[0],
            columns={"read as": lambda pair: pair[1], "share": lambda pair: percent(pair[2])},
            words=["read as"],
        )
    return table(
        "Confusions",
        caption=(
            "By how much more probable an attribute is read where another one is there, among images with the same "
            "label of the first. A classifier that reads each attribute alone gives 0."
        ),
        first="attribute",
        rows=pairs,
        name=lambda pair: pair[0],
        columns={"where there is": lambda pair: pair[1], "probability": lambda pair: signed(pair[2], 3)},
        words=["where there is"],
    )


def _how(found: AttributeStudy) -> Section:
    readings = found.readings
    drawn = "images" if readings.num_people is None else f"the {readings.num_people:,} people"
    items = [
        f"{len(found):,} images of {found.data}; a label that is missing takes no part.",
        f"Intervals are {percent(CONFIDENCE)}, from drawing {drawn} again {readings.num_draws:,} times.",
        "F2 weighs recall four times as much as precision.",
        "Calibration error: mean distance of predicted probabilities from observed shares, over ten bins.",
    ]
    if found.maps:
        items.append("Where it looks: one square after the other is covered by the image's mean colour.")
    return Section(name="how", title="How this was measured", link="How", items=items)


def _write_table(found: AttributeStudy, path: Path) -> None:
    headings = ["attribute", "known", "positives", "base_rate", *interval_headings(*FIGURES)]
    write_rows(headings, [_row(one) for one in found.readings.attributes], path)


def _row(one: AttributeReading) -> list[Entry]:
    figures = [getattr(one, name) for name in FIGURES]
    return [one.name, one.known, one.positives, one.base_rate, *interval_values(*figures)]


def _data(
    found: AttributeStudy, scorer: str, epochs: Mapping[str, Sequence[Mapping[str, float]]]
) -> dict[str, Any]:
    readings = found.readings
    over_all = ("accuracy", "base_rate", "f1_micro", "f1_macro", "f2_micro", "f2_macro", "auc")
    return {
        "study": "attributes",
        "scorer": scorer,
        "data": found.data,
        "images": readings.num_images,
        "people": readings.num_people,
        **{name: getattr(readings, name) for name in over_all},
        "attributes": {one.name: one for one in readings.attributes},
        "factors": {one.name: one for one in found.factors},
        "confusions": [
            {"read": read, "there": there, "change": change} for read, there, change in found.worst_pairs()
        ],
        "epochs": {name: [dict(line) for line in lines] for name, lines in epochs.items()},
        "seconds": dict(found.seconds),
    }
