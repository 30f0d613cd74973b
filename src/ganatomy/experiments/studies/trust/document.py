"""The page and the data of the study."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from ganatomy.experiments.base import Experiment
from ganatomy.experiments.documents import document, scored_images
from ganatomy.experiments.studies.trust import drawings, tables
from ganatomy.experiments.studies.trust.blind import KEY_FILE, SHEET_FILE, blind_sheet
from ganatomy.experiments.studies.trust.measures import figures
from ganatomy.experiments.studies.trust.result import GUIDED, TrustStudy
from ganatomy.experiments.studies.trust.sentences import reader, sentences
from ganatomy.perception.judging import HALF
from ganatomy.report.document import Document, Section
from ganatomy.report.elements import Number, made_in
from ganatomy.statistics.formatting import listed, number, percent, short
from ganatomy.statistics.intervals import CONFIDENCE, NUM_RESAMPLES


@document.register
def trust_document(
    found: TrustStudy,
    experiment: Experiment,
    *,
    model: str | None = None,
    scorer: str | None = None,
    blind: int = 0,
) -> Document:
    """The study as a document, for `write_document`.

    Args:
        found: the study.
        experiment: that it was made with.
        model: what the page calls the generator.
        scorer: what it calls the scorer.
        blind: images of a sheet for a person, who does not see which are edited; 0 for none.
    """
    model, scorer = model or found.signature.architecture, scorer or found.scorer.description
    sheet = blind_sheet(found, experiment.generator, n=blind, model=model) if blind else None
    names = listed([judge.description for judge in found.judges]) if found.judges else "none"
    return Document(
        title=f"Do edits of {model} survive a second reader?",
        eyebrow=(
            f"{len(found.methods)} methods on {scored_images(found.signature, scorer)}; "
            f"{found.reading or 'judge'}: {names}"
        ),
        sentences=sentences(found),
        numbers=_numbers(found),
        sections=[
            _methods(found),
            Section(
                name="images",
                title="Where the readings differ most" if found.judges else "The least likely codes",
                link="Images",
                draw=[partial(drawings.sheets, found, experiment.generator)],
            ),
            *([_attributes(found)] if found.judges else []),
            Section(
                name="codes",
                title="How likely the edited codes are",
                link="Codes",
                tables=[tables.codes(found)],
            ),
            _how(found),
        ],
        data={
            "fingerprint": experiment.generator.fingerprint,
            **data(found, model=model, scorer=scorer),
        },
        files={} if sheet is None else {SHEET_FILE: sheet.write_page, KEY_FILE: sheet.write_key},
        footer=made_in(found.seconds),
    )


def _numbers(found: TrustStudy) -> list[Number]:
    own = figures(found, GUIDED)
    numbers = {"of guided edits reach their goal by the scorer": percent(own.reached.value)}
    if found.is_judged:
        numbers[f"of these are confirmed by {reader(found)}"] = percent(own.confirmed.value)
    if found.judges:
        numbers["agreement of the readings, guided"] = number(own.agreement.value)
        numbers[f"selectivity of guided edits by {reader(found)}"] = short(own.judged_selectivity.value)
    return [Number(value=value, label=label) for label, value in numbers.items()]


def _methods(found: TrustStudy) -> Section:
    return Section(
        name="methods",
        title="What the scorer says, and what is confirmed" if found.is_judged else "What the scorer says",
        link="Methods",
        paragraphs=[
            (
                f"The same {found.num_images} new images of each of {len(found.edited)} attributes "
                f"({listed(found.edited)}) were edited to the same goal by every method. Along a direction each image "
                "goes as far as it takes until the scorer reads the goal; a guided edit optimises each image. All "
                f"other {len(found.scorer.names) - 1} attributes are to stay."
            )
        ],
        draw=[partial(drawings.agreement, found), partial(drawings.changes, found)] if found.judges else [],
        tables=[tables.methods(found), *([tables.judges(found)] if len(found.judges) > 1 else [])],
    )


def _attributes(found: TrustStudy) -> Section:
    return Section(
        name="attributes",
        title="Attribute by attribute",
        link="Attributes",
        tables=[tables.attributes(found)],
    )


def _how(found: TrustStudy) -> Section:
    items = [
        (
            f"Directions were learnt from {found.num_codes:,} codes; the images that are edited are of other codes. "
            "Only images on the other side of one half by the scorer are edited, so that every edit has something to "
            f"do. Guided edits follow {found.guided_by} of the scorer's target, and see no judge."
        ),
        (
            "Agreement is the mean change that a judge reads over the mean change that the scorer reads. The natural "
            "one is the same between unedited images: for each attribute the judge's probability as a rising function "
            f"of the scorer's in {len(found.scorer.natural):,} images, read off at the scores before and after the "
            "edit."
        ),
        (
            f"An edit is confirmed where a judge reads at least {percent(HALF)} of the change that was asked for, or "
            "of what by its own reading was left to the goal, and the goal's side of one half."
        ),
        (
            "Selectivity is the change of the attribute over the mean change, its sign dropped, of each other one, "
            "the mean over the edited attributes; scorer and judge are compared by the attributes that both score. "
            "Methods do not get equally far, and small changes are more selective: read it beside the target change."
        ),
        (
            f"Intervals are {percent(CONFIDENCE)}, from drawing the images of each attribute again "
            f"{NUM_RESAMPLES:,} times. With several judges a figure is the mean over them. No interval covers the "
            "choice of judges, attributes or survey."
        ),
    ]
    return Section(
        name="how",
        title="How this was measured",
        link="How",
        items=items,
        tables=[tables.left_out(found)] if found.left_out else [],
    )


def data(found: TrustStudy, *, model: str, scorer: str) -> dict[str, Any]:
    """All figures: `methods.<method>.<figure>` is an estimate, or null without a judge; and every single edit."""
    return {
        "study": "trust",
        "model": model,
        "scorer": scorer,
        "judges": [judge.description for judge in found.judges],
        "reading": found.reading,
        "codes": found.num_codes,
        "images": found.num_images,
        "seed": found.seed,
        "attributes": list(found.scorer.names),
        "goals": dict(zip(found.edited, found.goals.tolist(), strict=True)),
        "natural_distance": found.natural_distance,
        "left_out": dict(found.left_out),
        "methods": {
            method: {
                **vars(figures(found, method)),
                "judges": [vars(figures(found, method, judges=[judge])) for judge in found.judges],
                "attributes": {name: vars(figures(found, method, attribute=name)) for name in found.edited},
            }
            for method in found.methods
        },
        "edits": list(_edits(found)),
        "seconds": dict(found.seconds),
    }


def _edits(found: TrustStudy) -> Iterator[dict[str, Any]]:
    """Every edit with both readings."""
    for method in found.methods:
        reached = found.reached(method)
        readings = [(found.target(who), found.target(who, method)) for who in (found.scorer, *found.judges)]
        confirmed = [found.confirmed(judge, method) for judge in found.judges]
        for k, name in enumerate(found.edited):
            for row in range(found.num_images):
                scored, *judged = (
                    {"before": float(was[k, row]), "after": float(now[k, row])} for was, now in readings
                )
                yield {
                    "method": method,
                    "attribute": name,
                    "image": row,
                    "scorer": scored,
                    "judges": judged,
                    "reached": bool(reached[k, row]),
                    "confirmed": [bool(one[k, row]) for one in confirmed] if found.is_judged else None,
                }
