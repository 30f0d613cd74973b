"""The page and the data of the study."""

from __future__ import annotations

from functools import partial
from typing import Any

from ganatomy.experiments.base import Experiment
from ganatomy.experiments.compare.document import caveats
from ganatomy.experiments.compare.document import data as comparison_data
from ganatomy.experiments.compare.figures import league
from ganatomy.experiments.compare.tables import left_out
from ganatomy.experiments.documents import document, scored_images
from ganatomy.experiments.studies.linear_map import figures, tables
from ganatomy.experiments.studies.linear_map.penalties import FIGURES
from ganatomy.experiments.studies.linear_map.result import PAPER, LinearMapStudy
from ganatomy.experiments.studies.linear_map.sentences import PUBLISHED, sentences
from ganatomy.report.document import Document, Section
from ganatomy.report.elements import Number, made_in
from ganatomy.statistics.formatting import listed, p_value, short
from ganatomy.statistics.tests import PairedTest


@document.register
def linear_map_document(
    found: LinearMapStudy, experiment: Experiment, *, model: str | None = None, scorer: str | None = None
) -> Document:
    """The study as a document, for `write_document`."""
    compared = found.comparison
    model, scorer = model or "the model", scorer or compared.scorer
    return Document(
        title=f"A linear map of {model}, with and without a penalty",
        eyebrow=(
            "Pham Van et al., “Interpreting the Latent Space of GANs using Supervised Learning”, redone on "
            f"{scored_images(compared.signature, scorer)}, in {compared.space.value}"
        ),
        sentences=sentences(found),
        numbers=_numbers(found),
        sections=[
            _comparison(found),
            Section(
                name="images",
                title="Figure 3: the same images, edited",
                draw=[partial(figures.sheets, found, experiment.generator)],
            ),
            _changes(found),
            _cosines(found),
            _path(found),
            _scorer(found),
            _how(found),
        ],
        data=data(found, model=model, scorer=scorer),
        footer=made_in(compared.seconds),
    )


def _numbers(found: LinearMapStudy) -> list[Number]:
    plain, held = (found.comparison.value(method) for method in PAPER)
    best = found.comparison.ranking[0]
    numbers = {
        "selectivity without the penalty": short(plain),
        f"with it, λ = {found.penalty:g}": short(held),
    }
    if best not in PAPER:
        numbers[f"by {best}, the best method"] = short(found.comparison.value(best))
    numbers["for the penalty against none, in the same images"] = p_value(found.verdict.p)
    return [Number(value=value, label=label) for label, value in numbers.items()]


def _comparison(found: LinearMapStudy) -> Section:
    compared, others = found.comparison, len(found.comparison.attributes) - 1
    exclusive = (
        f" These {others + 1} are classes that exclude each other: what one gains the others lose, so no edit has a "
        f"selectivity above {others}."
        if found.exclusive and not found.skipped
        else ""
    )
    return Section(
        name="methods",
        title="Does the penalty help?",
        paragraphs=[
            (
                f"Every method edited {len(compared.edited)} attributes ({listed(compared.edited)}) in the same "
                f"{compared.num_images} new images, by one step for all that changes the mean probability of the "
                f"attribute by {compared.target_change:.2f}. Selectivity is that change over the mean change, its sign "
                f"dropped, of each of the {others} others.{exclusive}"
            )
        ],
        draw=[
            partial(
                league,
                compared,
                {name: "the paper's" if name in PAPER else "ours" for name in compared.ranking},
                caption=(
                    "Intervals may overlap and methods still differ, for they edited the same images: the table has "
                    "the paired tests."
                ),
            )
        ],
        tables=[tables.comparison(found)],
    )


def _changes(found: LinearMapStudy) -> Section:
    published = PUBLISHED["selectivity"]
    return Section(
        name="changes",
        title=f"Table II: what else changes with {found.shown}",
        paragraphs=[
            (
                f"The paper shows one man made younger: {published['linear']} without and {published['penalty']} with "
                "the penalty by the same measure, from its own table. One image is a small sample, so the means over "
                "many stand beside it."
            )
        ],
        draw=[partial(figures.changes, found)],
        tables=[tables.one_image(found), tables.many_images(found)],
    )


def _cosines(found: LinearMapStudy) -> Section:
    published = PUBLISHED["mean_abs_cosine"]
    return Section(
        name="cosines",
        title="Table III: how alike directions are",
        paragraphs=[
            (
                f"The paper's mean |cosine| to Young over the 18 others that it shows is {published['linear']} without "
                f"and {published['penalty']} with the penalty. Cosines compare directions, not what edits do: "
                "orthogonal directions may change everything."
            )
        ],
        draw=[partial(figures.grams, found)],
        tables=[tables.cosines(found)],
    )


def _path(found: LinearMapStudy) -> Section:
    first = found.path[0].changes
    return Section(
        name="path",
        title="The path of λ",
        paragraphs=[
            (
                "Two forms of the penalty: the paper's, which is least where W Wᵀ is the identity, so that rows are "
                "orthogonal and of length 1; and one on cosines alone, which leaves lengths to the fit. Edits of "
                f"{len(first.names)} attributes in {first.num_images} images at each point."
            )
        ],
        draw=[partial(figures.path, found, read) for read in figures.PATHS],
        tables=[tables.path(found)],
        pairs=True,
    )


def _scorer(found: LinearMapStudy) -> Section:
    known = found.recognition
    text = (
        f"Not measured: {found.unlabelled}. Give a folder of images with a table of labels, or an idx file with its "
        "labels beside it, by --data."
        if known is None
        else f"Probabilities above one half count as yes. Of {len(known.names)} attributes, in {known.data}."
    )
    return Section(
        name="scorer",
        title="Table I: the scorer",
        paragraphs=[text],
        tables=[] if known is None else [tables.scorer(known), tables.scorer_attributes(known)],
    )


def _how(found: LinearMapStudy) -> Section:
    compared = found.comparison
    skipped = (
        f"; {len(found.skipped)} others were left out as too rare or too common" if found.skipped else ""
    )
    return Section(
        name="how",
        title="How this was made",
        items=[
            (
                f"The map is of {len(compared.attributes)} attributes{skipped}. Without the penalty it is least "
                "squares on probabilities, in closed form; with it the minimum of the loss of the paper's equation 4, "
                "to rounding."
            ),
            *caveats(compared),
        ],
        tables=[left_out(compared)] if compared.left_out else [],
    )


def data(found: LinearMapStudy, *, model: str, scorer: str) -> dict[str, Any]:
    """The figures of the comparison, and the study's own."""
    compared, known = found.comparison, found.recognition
    own = {
        "study": "linear-map",
        "penalty": found.penalty,
        "skipped": dict(found.skipped),
        "shown": found.shown,
        "exclusive": found.exclusive,
        "verdict": {"significant": found.verdict.significant, **_test(found.verdict)},
        "against_no_penalty": {name: _test(test) for name, test in found.against_plain.items()},
        "mean_abs_cosine": found.cosine,
        "table_i": known
        and {
            "data": known.data,
            "images": known.num_images,
            **{name: getattr(known, name) for name in ("loss", "accuracy", "f1", "f2")},
        },
        "table_ii": {
            "one_image": tables.changes_data(tables.table_of_one(found)),
            "all_images": tables.changes_data(tables.table_of_changes(found)),
        },
        "table_iii": tables.cosines_data(tables.table_of_cosines(found)),
        "path": [{name: getattr(fit, name) for name in FIGURES} for fit in found.path],
        "paper": PUBLISHED,
    }
    return comparison_data(compared, model=model, scorer=scorer) | own


def _test(test: PairedTest) -> dict[str, Any]:
    return {"difference": test.difference, "factor": test.factor, "p": test.p}
