"""The page and the data of an exploration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from ganatomy.experiments.base import Experiment
from ganatomy.experiments.documents import document, scored_images
from ganatomy.experiments.explore import figures, tables
from ganatomy.experiments.explore.exploration import BASE, HELD, Exploration
from ganatomy.experiments.explore.panel import Panel
from ganatomy.experiments.explore.panel_file import PANEL_FILE, save_panel
from ganatomy.experiments.explore.sentences import lead, limits, mean_finite
from ganatomy.experiments.explore.usage import DIRECTIONS_FILE, HELD_FILE, commands, script
from ganatomy.generators.base import Prior
from ganatomy.metrics import FORMS
from ganatomy.metrics.entanglement import NEAR, Entanglement
from ganatomy.perception.clip import is_clip, short_name
from ganatomy.report import Document, Section
from ganatomy.report.elements import Number, made_in
from ganatomy.report.rows import write_rows
from ganatomy.statistics.formatting import percent, quoted, short
from ganatomy.storage import save_directions

CHANGES_FILE = "changes.csv"

PRIOR_NAMES: Mapping[Prior, str] = {
    "normal": "normal, N(0, 1)",
    "uniform": "uniform in (−1, 1)",
    "uniform01": "uniform in (0, 1)",
}
DETAIL = "Young"
"""The attribute of the tables of Pham Van et al. (2020), shown in detail wherever the scorer has it."""


@document.register(Exploration)
def exploration_document(
    found: Exploration,
    experiment: Experiment,
    *,
    model: str | None = None,
    scorer: str | None = None,
    opened_with: Mapping[str, object] | None = None,
) -> Document:
    """An exploration as a document, with its directions and its control panel as files.

    Args:
        found: what was explored.
        experiment: that it was explored with; draws and scores the images that are shown.
        model: bundled name or file of the generator, also for the lines to copy.
        scorer: the same of the scorer.
        opened_with: the options that the model and the scorer were opened with, such as `{"prior": "uniform"}`.

    Returns:
        The document, for `write_document`.

    Raises:
        ScoreError: for a scorer that cannot score new images.
    """
    opened_with = opened_with or {}
    named, scored_by = model or found.signature.architecture, scorer or found.scorer
    by = short_name(scored_by) if is_clip(scored_by) else Path(scored_by).name
    return Document(
        title=f"What the directions of {Path(named).stem} change",
        eyebrow=scored_images(found.signature, by),
        sentences=[lead(found)],
        numbers=_numbers(found),
        sections=[
            Section(
                name="model",
                title="The model",
                draw=[partial(figures.samples, found, experiment)],
                facts=_facts(found),
            ),
            _attributes(found, experiment),
            _changes(found),
            _methods(found),
            *_detail(found),
            *_factors(found),
            Section(
                name="sure",
                title="How sure are these figures",
                link="How sure",
                items=limits(found),
                draw=[partial(figures.readable, found)],
                tables=[tables.skipped_table(found)] if found.skipped else [],
            ),
            _usage(found, model, opened_with),
        ],
        data={
            **data(found, model=named, scorer=scored_by),
            "opened_with": opened_with if model is None else {"model": model, **opened_with},
        },
        files={
            DIRECTIONS_FILE: partial(save_directions, found.directions[BASE]),
            HELD_FILE: partial(save_directions, found.directions[HELD]),
            PANEL_FILE: lambda path: save_panel(Panel.of(found), path),
            CHANGES_FILE: partial(write_changes, found),
        },
        footer=made_in(found.seconds),
    )


def write_changes(found: Exploration, path: Path) -> None:
    """What every edit of every method changes, one attribute a line, by the scorer and by the judge."""
    headings = ["method", "edited", "attribute", "change", "mean_abs_change", "change_by_judge"]
    rows = [
        [
            method,
            edited,
            attribute,
            float(result.mean_change[k, a]),
            float(result.mean_abs_change[k, a]),
            judged,
        ]
        for method, result in found.entanglement.items()
        for k, edited in enumerate(result.names)
        for a, attribute in enumerate(result.attributes)
        for judged in (_judged_change(result, edited, attribute),)
    ]
    write_rows(headings, rows, path)


def _judged_change(result: Entanglement, edited: str, attribute: str) -> float | None:
    judged = result.judged
    if judged is None or edited not in judged.names or attribute not in judged.attributes:
        return None
    return float(judged.mean_change[judged.names.index(edited), judged.attributes.index(attribute)])


def data(found: Exploration, *, model: str, scorer: str) -> dict[str, Any]:
    """The figures under fixed names: `methods.<method>.selectivity` is the default form, `mean_abs_all`."""
    prevalence = found.prevalence
    return {
        "model": model,
        "scorer": scorer,
        "judge": found.judge,
        "n": len(found.survey),
        "measured": found.measured,
        "space": found.space.value,
        "seed": found.survey.seed,
        "truncation_psi": found.survey.truncation_psi,
        "target_change": found.target_change,
        "held_by": found.directions[HELD][0].method,
        "seconds": sum(found.seconds.values()),
        "stages": dict(found.seconds),
        "generator": {
            **asdict(found.signature),
            "parameters": found.num_parameters,
            "fingerprint": found.fingerprint,
        },
        "scorer_fingerprint": found.survey.scorer,
        "attributes": {
            name: {"prevalence": prevalence[name], "auc": found.auc[name]} for name in found.attributes
        },
        "skipped": {
            name: {"prevalence": prevalence[name], "why": why} for name, why in found.skipped.items()
        },
        "best": found.best,
        "methods": {name: _method(found, name) for name in found.entanglement},
    }


def _method(found: Exploration, method: str) -> dict[str, Any]:
    result = found.entanglement[method]
    return {
        "images": result.num_images,
        "selectivity": found.selectivity(method),
        "selectivity_forms": {form: result.selectivity(form).mean for form in FORMS},
        "selectivity_of_reached": found.headline(method),
        "judged_selectivity": found.judged.get(method),
        "agreement": result.agreement,
        "natural_agreement": result.natural_agreement,
        "confirmed": list(result.confirmed),
        "movable": list(result.movable),
        "target_change": {"mean": float(result.achieved.mean()), "reached": len(found.reached(method))},
        "attributes": {
            name: {
                "selectivity": found.selectivity_of(method, name),
                "selectivity_read": found.selectivity_read(method, name),
                "doubt": found.doubt(method, name),
                "changes": dict(zip(result.attributes, result.mean_change[k].tolist(), strict=True)),
                "target_change": float(result.achieved[k]),
                "strength": float(result.strengths[k]),
                "unusual": None if result.unusual is None else float(result.unusual[k]),
            }
            for k, name in enumerate(result.names)
        },
    }


def _numbers(found: Exploration) -> list[Number]:
    alone, held = found.headline(BASE), found.headline(HELD)
    by = f", by the {found.read(HELD).reading}" if found.judged else ""
    still = f"; each other still changes by {found.others_change:.2f}" if found.movable else ""
    return [
        Number(
            value=f"{len(found.movable)} of {len(found.attributes)}",
            label=f"attributes can be moved by {found.target_change:.2f} in probability with the others held "
            f"fixed{still}",
        ),
        Number(
            value=short(mean_finite(found.auc)),
            label="mean held-out AUC: how well attributes are read off codes",
        ),
        Number(
            value=f"{short(alone.value)} → {short(held.value)}",
            label=f"selectivity, moved alone and with the others held fixed{by}",
        ),
        Number(value=f"{len(found.survey):,}", label="images surveyed"),
    ]


COLOURS = {1: "grey", 2: "grey with alpha", 3: "colour", 4: "colour with alpha"}
"""What images of so many channels are."""


def _facts(found: Exploration) -> list[tuple[str, str]]:
    signature = found.signature
    colour = COLOURS[signature.channels]
    sizes = f"z {signature.z_dim}"
    if signature.w_dim:
        sizes += f", w {signature.w_dim}"
        sizes += f" × {signature.num_layers} layers" if signature.num_layers else ""
    facts = [
        ("Architecture", signature.architecture),
        ("Images", f"{signature.width} × {signature.resolution} pixels, {colour}"),
        ("Codes", sizes),
        ("Spaces", ", ".join(signature.spaces)),
        ("Prior of z", PRIOR_NAMES[signature.prior]),
        ("Parameters", f"{found.num_parameters:,}"),
        ("Fingerprint", found.fingerprint[:16]),
        ("Space of directions", found.space.value),
        ("Scorer", found.scorer),
        *([("Judge", found.judge)] if found.judge else []),
    ]
    if signature.num_classes:
        facts.insert(2, ("Classes", ", ".join(signature.class_names) or str(signature.num_classes)))
        if found.survey.label is not None:
            facts.insert(3, ("Class of all images", signature.class_name(found.survey.label)))
    if found.survey.truncation_psi != 1:
        facts.append(("Truncation psi", f"{found.survey.truncation_psi:g}"))
    return facts


def _attributes(found: Exploration, experiment: Experiment) -> Section:
    text = (
        f"The same {figures.SHOWN} average images are moved along each direction, up to two steps each way: alone in "
        "the upper strip, and with all other scores held fixed in the lower one. A step is as long as it takes to "
        f"change the mean probability of the attribute by {found.target_change:.2f}, so both strips show the same "
        "effect, where they reach it. The numbers under the images are the scored probability of the attribute. The "
        f"line below was measured on {found.measured} other images: selectivity, and the other attributes whose mean "
        "probability one step changes most."
    )
    shown = figures.average_codes(found, experiment.generator)
    return Section(
        name="attributes",
        title="Each attribute, alone and with the others held fixed",
        link="Attributes",
        paragraphs=[text],
        draw=[partial(figures.card, found, experiment, shown, name) for name in found.by_selectivity],
    )


def _changes(found: Exploration) -> Section:
    text = (
        "Each column is one direction, moved until its own attribute (outlined) changed by "
        f"{found.target_change:.2f} on average, or as near as its step came{_off(found)}. The rest of the column "
        "shows the mean change of every other attribute: red is an increase, blue a decrease. Clean directions have "
        "colour on the diagonal only."
    )
    return Section(
        name="changes",
        title="What else changes",
        paragraphs=[text],
        draw=[partial(figures.changes, found)],
        pairs=True,
    )


def _off(found: Exploration) -> str:
    """How many directions missed the change that was asked for, either way."""
    off = {how: sum(map(len, found.missed(method))) for how, method in figures.EDITS.items()}
    if not any(off.values()):
        return ""
    counts = ", ".join(f"{how.lower()} {count} of {len(found.attributes)}" for how, count in off.items())
    return f" (more than {percent(NEAR)} off ended: {counts})"


def _methods(found: Exploration) -> Section:
    text = (
        "Selectivity is the mean change of the target divided by the mean change of each other attribute, at the same "
        "change of the target for every method. Higher is cleaner. "
        f"{found.best} ({tables.METHOD_NAMES.get(found.best, found.best)}) has the highest mean; where intervals "
        "overlap, the order of two methods is uncertain. The dashed line is the figure of Pham Van et al. (2020) with "
        "their penalty, from one image of another model with another scorer, over its 13 most changed attributes."
    )
    return Section(
        name="methods",
        title="Methods of finding directions, compared",
        link="Methods",
        paragraphs=[text],
        draw=[partial(figures.selectivities, found)],
        tables=[tables.methods_table(found)],
    )


def _detail(found: Exploration) -> list[Section]:
    if DETAIL in found.attributes:
        name, why = DETAIL, "the attribute of the paper's tables"
    else:
        name = min(found.attributes, key=lambda name: found.selectivity_of(BASE, name).value)
        why = "the most entangled attribute here"
    text = (
        f"{quoted(name)}, {why}, laid out as in Tables II and III of Pham Van et al. (2020): means over "
        "many images instead of one."
    )
    alike = (
        f"All cosines between the directions in {DIRECTIONS_FILE}. Two directions with a positive cosine (red) move "
        "their attributes together, two with a negative one (blue) in opposite senses. The directions in "
        f"{HELD_FILE} avoid what attributes share."
    )
    return [
        Section(
            name="detail",
            title=f"{quoted(name)} in detail",
            paragraphs=[text],
            tables=[tables.changes_table(found, name), tables.cosines_table(found, name)],
            pairs=True,
        ),
        Section(
            name="cosines",
            title="Cosines between directions",
            link="Cosines",
            paragraphs=[alike],
            draw=[partial(figures.cosines, found)],
        ),
    ]


def _factors(found: Exploration) -> list[Section]:
    if found.factors is None:
        return []
    return [
        Section(
            name="factors",
            title=found.factors.title,
            link="Factors",
            paragraphs=[
                (
                    f"{found.factors.about} Rows are factors, columns are directions; a change of 1 is one standard "
                    "deviation of the factor among unedited images."
                )
            ],
            draw=[partial(figures.factors, found)],
            pairs=True,
        )
    ]


def _usage(found: Exploration, model: str | None, opened_with: Mapping[str, object]) -> Section:
    attribute = found.by_selectivity[0]
    text = (
        f"{HELD_FILE} has the directions that keep all other attributes fixed, {DIRECTIONS_FILE} those of each "
        "attribute alone. Strengths are standard deviations of codes along a direction (sigma)."
    )
    code = [partial(script, model=model, attribute=attribute, space=found.space, opened_with=opened_with)]
    if model is not None:
        code.insert(0, partial(commands, model=model, attribute=attribute, opened_with=opened_with))
    return Section(name="use", title="Use these directions", link="Use them", paragraphs=[text], code=code)
