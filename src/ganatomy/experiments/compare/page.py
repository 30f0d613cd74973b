"""What the page of a comparison says: every sentence, table and figure, as values that the template lays out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ganatomy.directions.base import HELD_OUT
from ganatomy.experiments.compare.chance import NUM_DRAWS
from ganatomy.experiments.compare.contestants import CONTESTANTS, WAYS
from ganatomy.experiments.compare.curves import REPEATS, TRADED_ATTRIBUTES, TRADED_IMAGES
from ganatomy.experiments.compare.figures import (
    SHOWN,
    Strip,
    attribute_shown,
    label_curves,
    league,
    strips,
    trades,
)
from ganatomy.experiments.compare.standing import Standing
from ganatomy.experiments.compare.truth import DRAWN
from ganatomy.experiments.compare.verdict import verdict
from ganatomy.generators.base import Generator
from ganatomy.metrics.entanglement import NEAR
from ganatomy.report.elements import Cell, Number, Row, Table, interval_cell
from ganatomy.report.embedded import Figure
from ganatomy.statistics.formatting import interval, listed, percent, short
from ganatomy.statistics.intervals import CONFIDENCE, NUM_RESAMPLES, Estimate

NOTHING = Cell(text="–")


@dataclass(frozen=True, kw_only=True)
class Figures:
    """All images of a page."""

    league: Figure | None
    trades: Figure | None
    labels: Sequence[Figure]
    strips: Sequence[Strip]


def draw(standing: Standing, generator: Generator) -> Figures:
    """Every chart, and the images of one attribute."""
    return Figures(
        league=league(standing),
        trades=trades(standing),
        labels=label_curves(standing),
        strips=strips(standing, generator),
    )


@dataclass(frozen=True, kw_only=True)
class Page:
    """Everything that the template shows."""

    standing: Standing
    figures: Figures
    model: str
    scorer: str

    @property
    def title(self) -> str:
        return f"Which way to edit {self.model}"

    @property
    def eyebrow(self) -> str:
        comparison = self.standing.comparison
        side = comparison.signature.resolution
        return (
            f"{len(comparison.results)} methods on {comparison.signature.architecture}, {side} × {side} pixels, scored "
            f"by {self.scorer}"
        )

    @property
    def verdict(self) -> list[str]:
        return verdict(self.standing)

    @property
    def numbers(self) -> list[Number]:
        standing, comparison = self.standing, self.standing.comparison
        first = standing.ranking[0]
        plain = standing.best(holds=False, guided=False)
        numbers = [Number(value=short(standing.value(first)), label=f"selectivity of {first}, the best")]
        if plain and plain != first:
            numbers.append(
                Number(
                    value=short(standing.value(plain)),
                    label=f"selectivity of {plain}, the best plain direction",
                )
            )
        numbers.append(
            Number(value=short(comparison.chance.selectivity.value), label="selectivity that chance gives")
        )
        numbers.append(Number(value=f"{len(comparison.survey):,}", label="images surveyed, for every finder"))
        return numbers

    @property
    def league_note(self) -> str:
        comparison = self.standing.comparison
        return (
            f"Every method moved {len(comparison.names)} attributes ({listed(list(comparison.names))}) in the same "
            f"{comparison.num_images} images, by as much as changes the mean probability of each by "
            f"{comparison.target_change:.2f}. Selectivity is that change divided by the mean change, its sign dropped, "
            "of each other of these attributes. Higher is cleaner."
        )

    @property
    def league_table(self) -> Table:
        standing = self.standing
        headings = ["selectivity", "behind the best"]
        known = [
            (measure, heading)
            for measure, heading in (
                ("truth_selectivity", "truth selectivity"),
                ("identity", "identity kept"),
                ("perceptual", "perceptual distance"),
                ("auc", "held-out AUC"),
            )
            if any(not math.isnan(standing.value(name, measure)) for name in standing.methods)
        ]
        headings += [heading for _, heading in known] + ["target change", "goal reached"]
        rows = []
        for place, name in enumerate(standing.ranking, start=1):
            behind = standing.difference(standing.ranking[0], name)
            cells = [
                interval_cell(standing.figure(name)),
                NOTHING if place == 1 else interval_cell(behind),
            ]
            for measure, _ in known:
                found = standing.figures[name][measure]
                cells.append(NOTHING if found is None else _cell(measure, found))
            cells.append(Cell(text=f"{float(standing.target_changes(name).mean()):.2f}"))
            cells.append(Cell(text=f"{len(standing.reached(name))} of {len(standing.comparison.names)}"))
            cells.append(Cell(text=CONTESTANTS[name].what))
            rows.append(Row(name=f"{place}. {name}", cells=cells, marked=place == 1))
        return Table(
            title="League table",
            caption=(
                f"Ranked by selectivity, means over attributes with {percent(CONFIDENCE)} intervals. Behind the best: "
                "by how much, in the same draws of images; an interval that reaches 0 or below is within chance. "
                "Target change: of all attributes, as reached; some cannot be moved as far as was asked for. "
                f"Goal reached: attributes whose change came within {percent(NEAR)} of what was asked for, or beyond."
            ),
            first="method",
            headings=[*headings, "what it is"],
            rows=rows,
            words=[len(headings)],
            stacked=True,
        )

    @property
    def strips_note(self) -> str:
        attribute = attribute_shown(self.standing)
        return (
            f"{attribute}, the attribute that tells methods apart most clearly, in the first {SHOWN} images. Every "
            "row is meant to change the same thing by the same amount on average; look at what else changes."
        )

    @property
    def trades_note(self) -> str:
        return (
            "Lower is better: the same change of the target for less change of others. Measured on "
            f"{min(TRADED_ATTRIBUTES, len(self.standing.comparison.names))} attributes and "
            f"{min(TRADED_IMAGES, self.standing.comparison.num_images)} images."
        )

    @property
    def labels_note(self) -> str:
        return (
            f"Each finder with fewer labels than all, judged by the same held-out codes. AUC: the mean of {REPEATS} "
            "draws of labels, and the best and worst of them. Selectivity: of one draw, with its interval over "
            "images. Draws that lack an attribute altogether are left out."
        )

    @property
    def costs_table(self) -> Table:
        standing, comparison = self.standing, self.standing.comparison
        rows = []
        for name in standing.ranking:
            result = comparison.results[name]
            edit = float(result.effects.seconds.mean()) / comparison.num_images
            rows.append(
                Row(
                    name=name,
                    cells=[
                        Cell(text=WAYS[CONTESTANTS[name].way]),
                        Cell(text=f"{result.labels:,}"),
                        Cell(text=f"{result.seconds:.2f}" if result.found is not None else "–"),
                        Cell(text=f"{edit:.3f}"),
                        interval_cell(standing.figure(name, "seconds")),
                    ],
                )
            )
        return Table(
            title="What each method costs",
            caption=(
                "Labels: images whose scores, gradients or marks a method must know before the first edit; for "
                "directions without labels, those that it took to name them. Seconds on this machine: to find the "
                "directions of all attributes (the survey not counted), to edit one image, and for one attribute "
                f"found and edited in {comparison.num_images} images."
            ),
            first="method",
            headings=["way of editing", "labels", "seconds to find", "to edit one", "for one attribute"],
            rows=rows,
            words=[0],
        )

    @property
    def attributes_table(self) -> Table:
        standing = self.standing
        found = {name: standing.selectivity_of(name) for name in standing.ranking}
        return Table(
            title="Selectivity of each attribute",
            caption="Selectivity of each attribute's edit; a star where the goal was not reached.",
            first="method",
            headings=list(standing.comparison.names),
            rows=[
                Row(
                    name=name,
                    cells=[
                        Cell(text=short(value.value) + ("" if attribute in standing.reached(name) else "*"))
                        for attribute, value in values.items()
                    ],
                )
                for name, values in found.items()
            ],
        )

    @property
    def truth_note(self) -> str:
        truth = self.standing.comparison.truth
        if truth is None:
            return ""
        unknown = [name for name in self.standing.comparison.names if name not in truth.own]
        return (
            "Which factors an attribute is was learnt from "
            f"{DRAWN:,} people drawn with all attributes independent of each other, so a factor that merely goes along "
            "with an attribute is not taken for it. Truth selectivity is the change of the attribute's own factor over "
            "the mean change of each factor that is not its own, attributes that were not compared included. Factors "
            "are read from the edited images by a second head of the scorer's network, which an edit that fools the "
            "scorer may fool as well."
            + (f" The factors of {listed(unknown)} are not known." if unknown else "")
        )

    @property
    def truth_table(self) -> Table | None:
        truth = self.standing.comparison.truth
        if truth is None:
            return None
        return Table(
            title="Own factors",
            caption="The factors of each attribute, the strongest first; a minus where less of it means more.",
            first="attribute",
            headings=["own factors"],
            rows=[
                Row(
                    name=name,
                    cells=[
                        Cell(
                            text=", ".join(
                                f"{'−' if sign < 0 else ''}{factor}"
                                for factor, sign in truth.own.get(name, {}).items()
                            )
                            or "not known"
                        )
                    ],
                )
                for name in self.standing.comparison.names
            ],
            words=[0],
        )

    @property
    def chance_note(self) -> str:
        chance = self.standing.comparison.chance
        return (
            f"Labels were shuffled among the codes, and ridge regression looked for directions in them: "
            f"{chance.num_directions} directions of nothing, brought to the same target change where they can be, in "
            f"{chance.num_images} of the images. Their selectivity is {short(chance.selectivity.value)} "
            f"({interval(chance.selectivity)}): moving anything moves something. "
            f"The p-value of a method is the share of {NUM_DRAWS + 1:,} draws that do at least as well, where each "
            "draw takes for every attribute the method's own edit or one of nothing; ties count against the method. "
            "For AUC the labels of held-out codes were shuffled; "
            f"that gives {interval(chance.auc, digits=2)}."
        )

    @property
    def chance_table(self) -> Table:
        standing, chance = self.standing, self.standing.comparison.chance
        return Table(
            title="Against chance",
            caption="p-values, not corrected for the number of methods.",
            first="method",
            headings=["selectivity", "p", "held-out AUC", "p"],
            rows=[
                Row(
                    name=name,
                    cells=[
                        Cell(text=short(standing.value(name))),
                        _p(chance.p_selectivity.get(name)),
                        Cell(text=f"{standing.value(name, 'auc'):.3f}") if name in chance.p_auc else NOTHING,
                        _p(chance.p_auc.get(name)),
                    ],
                )
                for name in standing.ranking
            ],
        )

    @property
    def sure(self) -> list[str]:
        comparison = self.standing.comparison
        survey = comparison.survey
        lines = [
            (
                f"All finders had the same {len(survey):,} codes of {survey.latents.space.value} (seed {survey.seed}); "
                f"{percent(HELD_OUT)} of them were kept back, and AUC is measured on those. Nobody saw the images "
                f"that are edited (seed {comparison.images_seed}) before."
            ),
            (
                f"Intervals are {percent(CONFIDENCE)}, from drawing the images again {NUM_RESAMPLES:,} times; they "
                "do not cover the choice of survey, attributes, scorer or model, and are not corrected for the number "
                "of methods."
            ),
            (
                "Others are the attributes that were compared, and only those are held. What else changes is told by "
                "identity, by perceptual distance and, where there is one, by the truth."
            ),
            (
                f"Guided edits used {comparison.slopes}. They ask the scorer about every image, and it is the scorer "
                "that judges them: they may please it in ways that no eye would notice."
            ),
        ]
        if comparison.eyes.look is not None:
            lines.append(
                "Identity is the cosine, and perceptual distance the distance, of features of "
                f"{comparison.eyes.description}; neither is a face recogniser nor LPIPS."
            )
        lines += [f"Not measured: {what}, because {why}." for what, why in comparison.not_measured.items()]
        return lines

    @property
    def left_out(self) -> Table | None:
        left = self.standing.comparison.left_out
        if not left:
            return None
        return Table(
            title="Methods that could not take part",
            caption="Methods that could not take part here.",
            first="method",
            headings=["why"],
            rows=[Row(name=name, cells=[Cell(text=why)]) for name, why in left.items()],
            words=[0],
        )

    @property
    def footer(self) -> str:
        seconds = self.standing.comparison.seconds
        stages = ", ".join(f"{name} {value:.0f} s" for name, value in seconds.items())
        return (
            f"Made by ganatomy in {sum(seconds.values()):.0f} seconds ({stages}). This page needs no network."
        )


def _cell(measure: str, found: Estimate) -> Cell:
    """A figure with as many decimals as its measure deserves: areas and cosines lie between 0 and 1."""
    return interval_cell(found, digits={"auc": 3, "identity": 3, "perceptual": 3}.get(measure))


def _p(value: float | None) -> Cell:
    return NOTHING if value is None else Cell(text=f"{value:.3f}")
