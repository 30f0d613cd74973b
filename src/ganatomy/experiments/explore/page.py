"""What the page says: every sentence, table and figure of a report, as values that the template lays out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ganatomy.directions.base import HELD_OUT
from ganatomy.experiments.base import COMMON, RARE
from ganatomy.experiments.explore.figures import SHOWN, STATIONS, Strip, Strips
from ganatomy.experiments.explore.findings import Findings
from ganatomy.experiments.explore.run import BASE, HELD, Exploration
from ganatomy.experiments.explore.usage import Usage
from ganatomy.metrics import FORMS, table_ii, table_iii
from ganatomy.report.elements import Cell, Number, Row, Table, interval_cell
from ganatomy.report.embedded import Figure
from ganatomy.statistics.formatting import percent, short, signed

METHOD_NAMES = {
    "linear": "linear map of probabilities, as in the paper",
    "penalty": "the same with the paper's penalty (λ = 2)",
    "lowdin": "ridge regression, made orthogonal (Löwdin)",
    "dual": "dual basis of the regression",
    "svm": "linear support vector machine",
    "logistic": "logistic regression",
    "centroid": "difference of class means",
    BASE: "ridge regression of logits",
    HELD: "all others held",
}
FORM_HEADINGS = {
    "mean_abs_all": "over all others",
    "top13": "over the 13 most changed",
    "signed": "signed",
}
DETAIL = "Young"
"""The attribute of the paper's tables, shown in detail wherever the scorer has it."""


@dataclass(frozen=True, kw_only=True)
class CardStrip:
    """One strip on an attribute's card, with what was measured beside it."""

    title: str
    strip: Strip
    selectivity: str
    others: str


@dataclass(frozen=True, kw_only=True)
class Card:
    """One attribute: how well it is read, and what it looks like when it moves."""

    name: str
    facts: str
    strips: Sequence[CardStrip]


@dataclass(frozen=True, kw_only=True)
class Figures:
    """All images of a page."""

    samples: Figure
    strips: Mapping[str, Strips]
    changes: Sequence[Figure]
    selectivities: Figure
    cosines: Figure
    readable: Figure
    truths: Sequence[Figure]


@dataclass(frozen=True, kw_only=True)
class Page:
    """Everything that the template shows."""

    exploration: Exploration
    findings: Findings
    figures: Figures
    usage: Usage
    model: str
    scorer: str

    @property
    def title(self) -> str:
        return f"What the directions of {self.model} change"

    @property
    def eyebrow(self) -> str:
        signature = self.exploration.signature
        side = signature.resolution
        return f"{signature.architecture}, {side} × {side} pixels, scored by {self.scorer}"

    @property
    def numbers(self) -> list[Number]:
        exploration, findings = self.exploration, self.findings
        count = len(exploration.attributes)
        alone, held = findings.selectivity(BASE), findings.selectivity(HELD)
        return [
            Number(
                value=f"{len(findings.reached(HELD))} of {count}",
                label=f"attributes move by {exploration.target_change:.2f} in probability while the others are held",
            ),
            Number(
                value=f"{findings.mean_auc:.2f}",
                label="mean held-out AUC: how well codes tell the attributes",
            ),
            Number(
                value=f"{short(alone.value)} → {short(held.value)}",
                label="selectivity, moved alone and with the others held",
            ),
            Number(value=f"{len(exploration.survey):,}", label="images surveyed"),
        ]

    @property
    def facts(self) -> list[tuple[str, str]]:
        exploration = self.exploration
        signature = exploration.signature
        colour = "grey" if signature.channels == 1 else "colour"
        size = f"{signature.resolution} × {signature.resolution} pixels, {colour}"
        sizes = f"z {signature.z_dim}"
        if signature.w_dim:
            sizes += f", w {signature.w_dim}" + (
                f" × {signature.num_layers} layers" if signature.num_layers else ""
            )
        prior = {"normal": "normal, N(0, 1)", "uniform": "uniform in (−1, 1)"}[signature.prior]
        facts = [
            ("Architecture", signature.architecture),
            ("Images", size),
            ("Codes", sizes),
            ("Spaces", ", ".join(signature.spaces)),
            ("Prior of z", prior),
            ("Parameters", f"{exploration.num_parameters:,}"),
            ("Fingerprint", exploration.fingerprint[:16]),
            ("Directions live in", exploration.space.value),
            ("Scorer", exploration.scorer),
        ]
        if signature.num_classes:
            facts.insert(2, ("Classes", str(signature.num_classes)))
        if exploration.survey.truncation_psi != 1:
            facts.append(("Truncation psi", f"{exploration.survey.truncation_psi:g}"))
        return facts

    @property
    def samples_note(self) -> str:
        return f"The first images that the survey saw (seed {self.exploration.survey.seed}), as they come."

    @property
    def stations(self) -> list[str]:
        return [signed(station, 1, trim=True) if station else "as drawn" for station in STATIONS]

    @property
    def cards_note(self) -> str:
        return (
            f"The same {SHOWN} average images are moved along each direction, up to two steps each way: alone in "
            "the upper strip, and with all other scores held in the lower one. A step is as long as it takes to "
            f"change the mean probability of the attribute by {self.exploration.target_change:.2f}, so both strips "
            "show the same effect, where they reach it. The "
            "numbers under the images are the scored probability of the attribute. The line below was "
            f"measured on {self.exploration.measured} other images: selectivity, and which others changed "
            "most in mean probability by one step."
        )

    @property
    def cards(self) -> list[Card]:
        exploration, findings = self.exploration, self.findings
        cards = []
        for name in findings.by_selectivity:
            shown = self.figures.strips[name]
            rows = (("Alone", BASE, shown.alone), ("Others held", HELD, shown.held))
            cards.append(
                Card(
                    name=name,
                    facts=f"AUC {exploration.auc[name]:.2f}, in {percent(exploration.prevalence[name])} of images",
                    strips=[
                        CardStrip(
                            title=title,
                            strip=strip,
                            selectivity=f"selectivity {short(findings.selectivity_of(method, name).value)}"
                            + ("" if name in findings.reached(method) else ", goal not reached"),
                            others=findings.also_moved(method, name),
                        )
                        for title, method, strip in rows
                    ],
                )
            )
        return cards

    @property
    def changes_note(self) -> str:
        return (
            "Each column is one direction, moved until its own attribute (outlined) changed by "
            f"{self.exploration.target_change:.2f} on average. Down the column stands what happened to every "
            "other attribute: red grew, blue shrank. A control panel to trust has colour on its diagonal "
            "only."
        )

    @property
    def methods_note(self) -> str:
        best = self.exploration.best
        return (
            "Selectivity is the mean change of the target divided by the mean change of each other "
            "attribute, at the same change of the target for every method. Higher is cleaner. The highest "
            f"figure is that of {best} ({METHOD_NAMES.get(best, best)}); methods whose intervals overlap are "
            "not told apart. The dashed line is the figure of Pham Van et al. (2020) with their penalty, "
            "from one image of another model with another scorer, over its 13 most changed attributes."
        )

    @property
    def methods_table(self) -> Table:
        rows = []
        for name, result in self.exploration.entanglement.items():
            cells = [interval_cell(result.selectivity(form).mean) for form in FORMS]
            reached = f"{len(self.findings.reached(name))} of {len(result.names)}"
            what = METHOD_NAMES.get(name, "")
            rows.append(
                Row(
                    name=name,
                    cells=[Cell(text=what), *cells, Cell(text=reached)],
                    marked=name == self.exploration.best,
                )
            )
        return Table(
            title="Selectivity of each method",
            caption=(
                "Selectivity in three forms, mean over all directions with 95\xa0% intervals. Over all "
                "others: mean change of each image, its sign dropped. Over the 13 most changed: the same, "
                "as in Table II of the paper. Signed: the mean keeps its sign, so it is blind to what "
                "single images do."
            ),
            first="method",
            headings=["what it is", *(FORM_HEADINGS[form] for form in FORMS), "goal reached"],
            rows=rows,
            words=[0],
        )

    @property
    def detail(self) -> str:
        return DETAIL if DETAIL in self.exploration.attributes else self.findings.most_entangled

    @property
    def detail_note(self) -> str:
        why = (
            "the attribute of the paper's tables"
            if self.detail == DETAIL
            else "the most entangled attribute here"
        )
        return (
            f"{self.detail}, {why}, laid out as in Tables II and III of Pham Van et al. (2020): means over "
            f"{self.exploration.measured} images instead of one."
        )

    @property
    def detail_tables(self) -> list[Table]:
        exploration, name = self.exploration, self.detail
        methods = [method for method in ("linear", "penalty", HELD) if method in exploration.entanglement]
        changed = table_ii({method: exploration.entanglement[method] for method in methods}, name)
        known = [method for method in ("linear", "penalty", BASE) if method in exploration.directions]
        alike = table_iii({method: exploration.directions[method] for method in known}, name)
        ratios = ", ".join(f"{method} {short(value)}" for method, value in changed.selectivity.items())
        means = ", ".join(f"{method} {value:.3f}" for method, value in alike.mean_abs.items())
        return [
            Table(
                title=f"What moving {name} changes",
                caption=(
                    "Mean probability before and after, and the mean size of the change in each image. "
                    f"Target over the mean of the others shown: {ratios}."
                ),
                first="attribute",
                headings=[
                    "before",
                    *(f"{what} {method}" for method in methods for what in ("after", "change")),
                ],
                rows=[
                    Row(
                        name=row.attribute,
                        cells=[Cell(text=f"{row.before:.3f}")]
                        + [
                            Cell(text=f"{value:.3f}")
                            for pair in zip(row.after, row.change, strict=True)
                            for value in pair
                        ],
                        marked=row.attribute == name,
                    )
                    for row in changed.rows
                ],
            ),
            Table(
                title=f"Cosines of other directions to {name}",
                caption=f"Cosine of each direction to that of {name}. Mean size over the others shown: {means}.",
                first="attribute",
                headings=list(known),
                rows=[
                    Row(
                        name=row.attribute,
                        cells=[Cell(text=signed(value, 3)) for value in row.cosines],
                        marked=row.attribute == name,
                    )
                    for row in alike.rows
                ],
            ),
        ]

    @property
    def cosines_note(self) -> str:
        return (
            "All cosines between the directions that are saved. Two directions of one colour move together; "
            "what holding does is to walk off such a direction until the others stand still."
        )

    @property
    def truth_note(self) -> str:
        return (
            "The factors that the images were drawn from, read back from the edited images. Rows are "
            "factors, columns are directions; a change of 1 is one standard deviation of the factor among "
            "images as they were."
        )

    @property
    def skipped(self) -> Table:
        rows = [Row(name=name, cells=[Cell(text=why)]) for name, why in self.exploration.skipped.items()]
        return Table(
            title="Attributes that were skipped",
            caption=(
                "Attributes that were skipped. Unless they are asked for by name, those are used that "
                f"between {percent(RARE)} and {percent(COMMON)} of the images have."
            ),
            first="attribute",
            headings=["why"],
            rows=rows,
            words=[0],
        )

    @property
    def held_out_note(self) -> str:
        survey = self.exploration.survey
        return (
            f"{percent(HELD_OUT)} of the {len(survey):,} surveyed codes were kept from every method, and AUC "
            "is measured on those: the chance that a code with the attribute lies further along its "
            "direction than one without."
        )

    @property
    def footer(self) -> str:
        seconds = self.exploration.seconds
        stages = ", ".join(f"{name} {value:.0f} s" for name, value in seconds.items())
        return (
            f"Made by ganatomy in {sum(seconds.values()):.0f} seconds ({stages}). This page needs no network."
        )
