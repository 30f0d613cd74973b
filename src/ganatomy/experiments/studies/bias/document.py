"""The page and the data."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from ganatomy.experiments.base import Experiment
from ganatomy.experiments.documents import document
from ganatomy.experiments.studies.bias import figures
from ganatomy.experiments.studies.bias.result import DATA, IMAGES, JUDGE, SCORER, BiasStudy, Link
from ganatomy.experiments.studies.bias.sentences import sentences, source
from ganatomy.report.document import Document, Section
from ganatomy.report.elements import Cell, Number, Row, Table, made_in
from ganatomy.report.rows import interval_headings, interval_values, write_rows
from ganatomy.statistics.formatting import interval, p_value, signed
from ganatomy.statistics.intervals import Estimate
from ganatomy.tabular import Entry

MOST_ROWS = 20


@document.register
def bias_document(
    found: BiasStudy, experiment: Experiment, *, model: str | None = None, scorer: str | None = None
) -> Document:
    """What the study found.

    Args:
        found: what was measured.
        experiment: that it was measured with; its generator draws the images.
        model: what the page calls the generator.
        scorer: the name or file of the scorer, for the data; by default the model's.
    """
    model = model or found.signature.architecture
    single = found.links[0] if len(found.links) == 1 else None
    return Document(
        title=f"What {single.change} does to {single.watch}"
        if single
        else "What edits change besides their target",
        eyebrow=f"{model} · bias of edits · {found.num_images} edited images for each direction",
        sentences=sentences(found),
        numbers=_numbers(found),
        sections=[
            Section(name="bars", title="Moved and explained", draw=[partial(figures.bars, found)]),
            *([] if single else [_matrix(found)]),
            Section(
                name="images",
                title=f"{found.worst.change}, one step",
                draw=[partial(figures.images, found, experiment.generator)],
            ),
            Section(
                name="pairs",
                title="Pairs",
                tables=[_table(found, reader) for reader in found.readings if found.readings[reader]],
            ),
            Section(name="method", title="Method", paragraphs=_method(found)),
        ],
        data={"study": "bias", "model": model, "scorer": scorer or model, **_data(found)},
        files={"bias.csv": partial(_write_csv, found)},
        footer=f"Seed {found.seed}; scorer: {found.readers[SCORER]}. {made_in(found.seconds)}",
    )


def _numbers(found: BiasStudy) -> list[Number]:
    link = found.worst
    it = link.explained[found.reference]
    numbers = [
        Number(value=signed(link.moved.value), label=f"{link.watch} for each unit of {link.change}"),
        Number(value=signed(it.change.value), label=f"of it explained by {source(found)}"),
        Number(
            value=signed(it.excess.value),
            label=f"excess ({interval(it.excess, sign=True)}), {p_value(it.p_of_all)}",
        ),
    ]
    judged = found.link(link.change, link.watch, reader=JUDGE)
    if judged is not None:
        excess = judged.explained[found.reference].excess
        numbers.append(
            Number(value=signed(excess.value), label=f"excess by the judge ({interval(excess, sign=True)})")
        )
    return numbers


def _matrix(found: BiasStudy) -> Section:
    return Section(name="matrix", title="All pairs", draw=[partial(figures.matrix, found)])


def _table(found: BiasStudy, reader: str) -> Table:
    links = found.ranked(reader)
    many = f", as one of {len(links)} pairs" if len(links) > 1 else ""
    return Table(
        title=f"Pairs by the {reader}",
        caption=f"By the {reader} ({found.readers[reader]}). Moved: change of B for each unit of A. Explained: by the "
        f"correlation (of normals) in {source(found)}. p: of no excess{many}; bold below 0.05. "
        "95 % intervals."
        + (f" The first {MOST_ROWS} of {len(links)}; bias.csv has all." if len(links) > MOST_ROWS else ""),
        first="A on B",
        headings=["moved", "correlation", "explained", "excess", "p"],
        rows=[_row(found, link) for link in links[:MOST_ROWS]],
        stacked=True,
    )


def _row(found: BiasStudy, link: Link) -> Row:
    it = link.explained[found.reference]
    return Row(
        name=f"{link.change} on {link.watch}",
        cells=[
            _cell(link.moved),
            Cell(text=signed(it.correlation.value)),
            _cell(it.change),
            _cell(it.excess),
            Cell(text=p_value(it.p_of_all).removeprefix("p ").removeprefix("= ")),
        ],
        marked=found.biased(link),
    )


def _cell(estimate: Estimate) -> Cell:
    return Cell(text=signed(estimate.value), interval=interval(estimate, sign=True))


def _method(found: BiasStudy) -> list[str]:
    judged = (
        " A judge, a classifier that took no part, reads the same images." if JUDGE in found.readings else ""
    )
    refits = (
        f"Directions were found again in {found.refits} random parts of the survey; how far the figures varied with "
        "them widens the intervals."
        if found.refits and found.method != "given"
        else "Directions are taken as they are."
    )
    known = (
        f"{found.references[DATA]} and of {found.references[IMAGES]}"
        if DATA in found.references
        else (f"{found.references[IMAGES]}; no labels of the data were given (--data)")
    )
    return [
        (
            f"Directions ({found.method}, {found.num_surveyed:,} images) are each applied with one step to the same "
            f"{found.num_images} new images. It changes the mean probability of A by 0.25, a factor by one standard "
            "deviation, the position along a given direction by one. B is read before and after." + judged
        ),
        (
            "Moved is the mean change of B over that of A. Explained is what the correlation ρ of A and B leads to "
            "expect: where the normal score of A moves by d, that of B moves by ρ d, read back as a probability in "
            "each image. ρ is the correlation of the normals behind A and B (of two labels, the tetrachoric one), so "
            f"that it does not depend on how common a label is. It is that of {known}."
        ),
        (
            "The excess is moved less explained. What is explained is no bias that the model adds to its data; the "
            "data may be biased themselves."
        ),
        (
            f"{refits} Intervals are 95 %, over images, directions, correlations and distributions; p-values are "
            "corrected for the number of pairs (the distribution of the largest). They do not cover mistakes of the "
            "classifier: one that confuses A and B sees an excess that is its own."
        ),
    ]


def _data(found: BiasStudy) -> dict[str, Any]:
    return {
        "worst": [found.worst.change, found.worst.watch],
        "reference": found.reference,
        "references": dict(found.references),
        "readers": dict(found.readers),
        "pairs": {reader: [link.data() for link in links] for reader, links in found.readings.items()},
        "sigmas": dict(found.sigmas),
        "left_out": dict(found.left_out),
        "method": found.method,
        "n": found.num_surveyed,
        "images": found.num_images,
        "refits": found.refits,
        "seed": found.seed,
        "seconds": dict(found.seconds),
    }


def _write_csv(found: BiasStudy, path: Path) -> None:
    """All pairs, one a line."""
    heads = ["reader", "change", "watch", "step", *interval_headings("moved")]
    for name in found.references:
        figures_of = ("correlation", "explained", "excess", "excess_low", "excess_high", "p", "p_of_all")
        heads += [f"{name}_{figure}" for figure in figures_of]
    rows = [_line(found, reader, link) for reader, links in found.readings.items() for link in links]
    write_rows(heads, rows, path)


def _line(found: BiasStudy, reader: str, link: Link) -> list[Entry]:
    line: list[Entry] = [reader, link.change, link.watch, link.step[0], *interval_values(link.moved)]
    for name in found.references:
        of = link.explained[name]
        line += [of.correlation.value, of.change.value, *interval_values(of.excess), of.p, of.p_of_all]
    return line
