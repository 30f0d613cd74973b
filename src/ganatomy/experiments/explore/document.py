"""An exploration as a document: its sections and the text between figures and tables."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from ganatomy.experiments.base import Experiment
from ganatomy.experiments.documents import document
from ganatomy.experiments.explore.drawings import SHOWN, Drawings
from ganatomy.experiments.explore.findings import DETAIL, Findings
from ganatomy.experiments.explore.panel import Panel
from ganatomy.experiments.explore.panel_file import PANEL_FILE, save_panel
from ganatomy.experiments.explore.run import BASE, HELD, Exploration
from ganatomy.experiments.explore.summary import summary
from ganatomy.experiments.explore.tables import (
    METHOD_NAMES,
    changes_table,
    cosines_table,
    methods_table,
    skipped_tables,
)
from ganatomy.experiments.explore.usage import DIRECTIONS_FILE, HELD_FILE, Usage, loading_options
from ganatomy.perception.clip import is_clip, short_name
from ganatomy.report import Document, Section
from ganatomy.report.elements import Number, made_in
from ganatomy.statistics.formatting import short
from ganatomy.storage import save_directions


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
    named, scored_by = model or found.signature.architecture, scorer or found.scorer
    findings = Findings(exploration=found)
    drawings = Drawings(exploration=found, generator=experiment.generator, scorer=experiment.image_scorer)
    opened_with = opened_with or {}
    usage = Usage(
        model=model, space=found.space, attribute=findings.cleanest, loaded_with=loading_options(opened_with)
    )
    side = found.signature.resolution
    by = short_name(scored_by) if is_clip(scored_by) else Path(scored_by).name
    return Document(
        title=f"What the directions of {Path(named).stem} change",
        eyebrow=f"{found.signature.architecture}, {side} × {side} pixels, scored by {by}",
        sentences=[findings.lead],
        numbers=_numbers(findings),
        sections=[
            _model(found, drawings),
            _attributes(findings, drawings),
            _changes(found, drawings),
            _methods(findings, drawings),
            *_detail(findings, drawings),
            *_truth(found, drawings),
            Section(
                name="sure",
                title="How sure are these figures",
                link="How sure",
                items=findings.sure,
                draw=[drawings.readable],
                tables=skipped_tables(found),
            ),
            Section(
                name="use",
                title="Use these directions",
                link="Use them",
                paragraphs=[usage.note],
                code=[usage.python] if model is None else [usage.shell, usage.python],
            ),
        ],
        data={
            **summary(findings, model=named, scorer=scored_by),
            "opened_with": opened_with if model is None else {"model": model, **opened_with},
        },
        files={
            DIRECTIONS_FILE: partial(save_directions, found.directions[BASE]),
            HELD_FILE: partial(save_directions, found.directions[HELD]),
            PANEL_FILE: lambda path: save_panel(Panel.of(found), path),
        },
        footer=made_in(found.seconds),
    )


def _numbers(findings: Findings) -> list[Number]:
    exploration = findings.exploration
    alone, held = findings.selectivity(BASE), findings.selectivity(HELD)
    return [
        Number(
            value=f"{len(findings.reached(HELD))} of {len(exploration.attributes)}",
            label=f"attributes move by {exploration.target_change:.2f} in probability with the others held fixed",
        ),
        Number(
            value=f"{findings.mean_auc:.2f}",
            label="mean held-out AUC: how well attributes are read off codes",
        ),
        Number(
            value=f"{short(alone.value)} → {short(held.value)}",
            label="selectivity, moved alone and with the others held fixed",
        ),
        Number(value=f"{len(exploration.survey):,}", label="images surveyed"),
    ]


def _model(found: Exploration, drawings: Drawings) -> Section:
    return Section(name="model", title="The model", draw=[drawings.samples], facts=_facts(found))


def _facts(found: Exploration) -> list[tuple[str, str]]:
    signature = found.signature
    colour = "grey" if signature.channels == 1 else "colour"
    sizes = f"z {signature.z_dim}"
    if signature.w_dim:
        sizes += f", w {signature.w_dim}"
        sizes += f" × {signature.num_layers} layers" if signature.num_layers else ""
    facts = [
        ("Architecture", signature.architecture),
        ("Images", f"{signature.resolution} × {signature.resolution} pixels, {colour}"),
        ("Codes", sizes),
        ("Spaces", ", ".join(signature.spaces)),
        ("Prior of z", {"normal": "normal, N(0, 1)", "uniform": "uniform in (−1, 1)"}[signature.prior]),
        ("Parameters", f"{found.num_parameters:,}"),
        ("Fingerprint", found.fingerprint[:16]),
        ("Space of directions", found.space.value),
        ("Scorer", found.scorer),
    ]
    if signature.num_classes:
        facts.insert(2, ("Classes", str(signature.num_classes)))
    if found.survey.truncation_psi != 1:
        facts.append(("Truncation psi", f"{found.survey.truncation_psi:g}"))
    return facts


def _attributes(findings: Findings, drawings: Drawings) -> Section:
    found = findings.exploration
    return Section(
        name="attributes",
        title="Each attribute, alone and with the others held fixed",
        link="Attributes",
        paragraphs=[
            (
                f"The same {SHOWN} average images are moved along each direction, up to two steps each way: alone in "
                "the upper strip, and with all other scores held fixed in the lower one. A step is as long as it "
                f"takes to change the mean probability of the attribute by {found.target_change:.2f}, so both strips "
                "show the same effect, where they reach it. The numbers under the images are the scored probability "
                f"of the attribute. The line below was measured on {found.measured} other images: selectivity, and "
                "the other attributes whose mean probability one step changes most."
            )
        ],
        draw=[partial(drawings.card, name) for name in findings.by_selectivity],
    )


def _changes(found: Exploration, drawings: Drawings) -> Section:
    return Section(
        name="changes",
        title="What else changes",
        paragraphs=[
            (
                "Each column is one direction, moved until its own attribute (outlined) changed by "
                f"{found.target_change:.2f} on average. The rest of the column shows the mean change of every other "
                "attribute: red is an increase, blue a decrease. Clean directions have colour on the diagonal only."
            )
        ],
        draw=[drawings.changes],
        pairs=True,
    )


def _methods(findings: Findings, drawings: Drawings) -> Section:
    best = findings.exploration.best
    return Section(
        name="methods",
        title="Methods of finding directions, compared",
        link="Methods",
        paragraphs=[
            (
                "Selectivity is the mean change of the target divided by the mean change of each other "
                "attribute, at the same change of the target for every method. Higher is cleaner. "
                f"{best} ({METHOD_NAMES.get(best, best)}) has the highest mean; where intervals overlap, the order of "
                "two methods is uncertain. The dashed line is the figure of Pham Van et al. (2020) with their penalty, "
                "from one image of another model with another scorer, over its 13 most changed attributes."
            )
        ],
        draw=[drawings.selectivities],
        tables=[methods_table(findings)],
    )


def _detail(findings: Findings, drawings: Drawings) -> list[Section]:
    found, name = findings.exploration, findings.detail
    why = "the attribute of the paper's tables" if name == DETAIL else "the most entangled attribute here"
    return [
        Section(
            name="detail",
            title=f"{name} in detail",
            paragraphs=[
                (
                    f"{name}, {why}, laid out as in Tables II and III of Pham Van et al. (2020): means over "
                    f"{found.measured} images instead of one."
                )
            ],
            tables=[changes_table(found, name), cosines_table(found, name)],
            pairs=True,
        ),
        Section(
            name="cosines",
            title="Cosines between directions",
            link="Cosines",
            paragraphs=[
                (
                    f"All cosines between the directions in {DIRECTIONS_FILE}. Two directions with a positive cosine "
                    "(red) move their attributes together, two with a negative one (blue) in opposite senses. The "
                    f"directions in {HELD_FILE} avoid what attributes share."
                )
            ],
            draw=[drawings.cosines],
        ),
    ]


def _truth(found: Exploration, drawings: Drawings) -> list[Section]:
    if found.entanglement[HELD].factor_changes is None:
        return []
    section = Section(
        name="truth",
        title="Against truth",
        paragraphs=[
            (
                "The factors that the images were drawn from, read back from the edited images. Rows are "
                "factors, columns are directions; a change of 1 is one standard deviation of the factor among "
                "unedited images."
            )
        ],
        draw=[drawings.truths],
        pairs=True,
    )
    return [section]
