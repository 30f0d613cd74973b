"""The page and the data of a comparison."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from ganatomy.directions.evidence import HELD_OUT
from ganatomy.experiments.base import Experiment
from ganatomy.experiments.compare import figures, tables
from ganatomy.experiments.compare.chance import NUM_DRAWS, Chance
from ganatomy.experiments.compare.comparison import Comparison
from ganatomy.experiments.compare.curves import REPEATS, TRADED_ATTRIBUTES, TRADED_IMAGES
from ganatomy.experiments.compare.own_factors import DRAWN, OwnFactors
from ganatomy.experiments.compare.sentences import sentences
from ganatomy.experiments.documents import document, scored_images
from ganatomy.report.document import Document, Section
from ganatomy.report.elements import Number, made_in
from ganatomy.report.rows import interval_headings, interval_values, write_rows
from ganatomy.statistics.formatting import interval, listed, percent, short, with_interval
from ganatomy.statistics.intervals import CONFIDENCE, NUM_RESAMPLES

SELECTIVITY_FILE = "selectivity.csv"


@document.register
def comparison_document(
    found: Comparison, experiment: Experiment, *, model: str | None = None, scorer: str | None = None
) -> Document:
    """A comparison as a document, for `write_document`."""
    model, scorer = model or found.signature.architecture, scorer or found.scorer
    return Document(
        title=f"Which method edits {Path(model).stem} best",
        eyebrow=f"{len(found.results)} methods on {scored_images(found.signature, Path(scorer).name)}",
        sentences=sentences(found),
        numbers=_numbers(found),
        sections=[
            _league(found),
            _images(found, experiment),
            *([_trades(found)] if found.trades else []),
            *([_labels(found)] if found.learning else []),
            *([_factors(found, found.factors)] if found.factors else []),
            *([_chance(found, found.chance)] if found.chance else []),
            Section(name="costs", title="What it costs", link="Costs", tables=[tables.costs(found)]),
            Section(
                name="sure",
                title="How sure are these figures",
                link="How sure",
                items=caveats(found),
                tables=[tables.left_out(found)] if found.left_out else [],
            ),
        ],
        data=data(found, model=model, scorer=scorer),
        files={SELECTIVITY_FILE: partial(write_selectivities, found)},
        footer=made_in(found.seconds),
    )


def _numbers(found: Comparison) -> list[Number]:
    first, plain = found.ranking[0], found.best(holds=False, guided=False)
    numbers = {f"selectivity of {first}, the best": short(found.value(first))}
    if plain and plain != first:
        numbers[f"selectivity of {plain}, the best plain direction"] = short(found.value(plain))
    if found.chance is not None:
        numbers["selectivity that chance gives"] = short(found.chance.selectivity.value)
    numbers["images surveyed, for every method"] = f"{len(found.survey):,}"
    return [Number(value=value, label=label) for label, value in numbers.items()]


def _league(found: Comparison) -> Section:
    return Section(
        name="league",
        title="League table",
        paragraphs=[
            (
                f"Every method edited {len(found.edited)} attributes ({listed(found.edited)}) in the same "
                f"{found.num_images} images, by as much as changes the mean probability of each by "
                f"{found.target_change:.2f}. Selectivity is that change divided by the mean change, its sign dropped, "
                "of each other of these attributes. Higher is better."
            )
        ],
        draw=[partial(figures.league, found)],
        tables=[tables.league(found)],
    )


def _images(found: Comparison, experiment: Experiment) -> Section:
    return Section(
        name="images",
        title="The edited images",
        paragraphs=[
            (
                f"{figures.attribute_shown(found)}, the attribute in which methods differ most, in the first "
                f"{min(figures.SHOWN, found.num_images)} images. Every row is meant to change the same attribute by "
                "the same amount on average; look at what else changes."
            )
        ],
        draw=[partial(figures.strips, found, experiment.generator)],
        tables=[tables.each_attribute(found)],
    )


def _trades(found: Comparison) -> Section:
    return Section(
        name="trade",
        title="What a larger change costs",
        link="What a change costs",
        paragraphs=[
            (
                "Lower is better: the same change of the target for less change of others. Measured on "
                f"{min(TRADED_ATTRIBUTES, len(found.edited))} attributes and "
                f"{min(TRADED_IMAGES, found.num_images)} images."
            )
        ],
        draw=[partial(figures.trades, found)],
    )


def _labels(found: Comparison) -> Section:
    return Section(
        name="labels",
        title="How many labels it takes",
        link="How many labels",
        paragraphs=[
            (
                "Each method with fewer labels than all, measured on the same held-out codes. AUC: the mean of "
                f"{REPEATS} draws of labels, and the best and worst of them. Selectivity: of one draw, with its "
                "interval over images. Draws that lack an attribute altogether are left out."
            )
        ],
        draw=[partial(figures.label_curves, found)],
        pairs=True,
    )


def _factors(found: Comparison, known: OwnFactors) -> Section:
    unknown = [name for name in found.edited if name not in known.own]
    exact = known.reader.exact
    learnt = (
        f"Which factors an attribute is was learnt from {DRAWN:,} people drawn with all attributes independent of "
        "each other, so a factor that merely goes along with an attribute is not taken for it. "
    )
    return Section(
        name="factors",
        title="Truth: factors, exact" if exact else known.reader.title,
        link="Truth" if exact else "Factors",
        paragraphs=[
            ("" if exact else learnt)
            + "Factor selectivity is the change of the attribute's own factor over the mean "
            "change of each factor that is not its own, attributes that were not compared included. "
            + known.reader.about
            + (f" The factors of {listed(unknown)} are not known." if unknown else "")
        ],
        tables=[tables.own_factors(found, known)],
    )


def _chance(found: Comparison, chance: Chance) -> Section:
    return Section(
        name="chance",
        title="What chance gives",
        link="Chance",
        paragraphs=[
            (
                "Labels were shuffled among the codes, and ridge regression found directions in them: "
                f"{chance.num_directions} null directions, brought to the same target change where they can be, in "
                f"{chance.num_images} of the images. Their selectivity is {with_interval(chance.selectivity)}: any "
                f"edit changes something. The p-value of a method is the share of {NUM_DRAWS + 1:,} draws that do at "
                "least as well, where each draw takes for every attribute the method's own edit or a null one; ties "
                "count against the method. For AUC the labels of held-out codes were shuffled; that gives "
                f"{interval(chance.auc, digits=2)}."
            )
        ],
        tables=[tables.against_chance(found, chance)],
    )


def caveats(found: Comparison) -> list[str]:
    """What the figures rest on, and where they end."""
    survey = found.survey
    items = [
        (
            f"All methods had the same {len(survey):,} codes of {found.space.value} (seed {survey.seed}); "
            f"{percent(HELD_OUT)} of them were held out, and AUC is measured on those. No method has learnt from the "
            f"images that are edited (seed {found.images_seed})."
        ),
        (
            f"Intervals are {percent(CONFIDENCE)}, from drawing the images again {NUM_RESAMPLES:,} times. "
            "Selectivities differ significantly where a permutation test, paired by image, has p up to .05 and the "
            "interval of the difference excludes 0. Neither covers the choice of survey, attributes, scorer or model, "
            "nor the number of methods."
        ),
        (
            "Others are the attributes that were compared, and only those are held fixed. What else changes is "
            "measured by identity, by perceptual distance and by factors, where they apply."
        ),
    ]
    if any(result.contestant.guided for result in found.results.values()):
        items.append(
            f"Guided edits follow {found.guided_by} of the scorer in every image, and the same scorer measures them: "
            "they may exploit the classifier without a visible change."
        )
    if found.is_judged:
        items.append(
            f"The judge, {found.judge}, took no part in finding and editing, and reads the edited images. Selectivity "
            "is by the judge, over the attributes that both classifiers know."
        )
    if found.features:
        items.append(
            f"Identity is the cosine, and perceptual distance the distance, of features of {found.features}; neither "
            "is a face recogniser nor LPIPS."
        )
    return items + [f"Not measured: {what}, because {why}." for what, why in found.not_measured.items()]


def data(found: Comparison, *, model: str, scorer: str) -> dict[str, Any]:
    """The figures under fixed names: `methods.<method>.<measure>` is an estimate, or null where none applies.

    `seconds` has two more: to `find` all directions, and to `edit` one image. `labels` is a count.
    """
    survey, chance = found.survey, found.chance
    return {
        "model": model,
        "scorer": scorer,
        "judge": found.judge,
        "architecture": found.signature.architecture,
        "fingerprint": found.fingerprint,
        "n": len(survey),
        "images": found.num_images,
        "space": found.space.value,
        "seed": survey.seed,
        "truncation_psi": survey.truncation_psi,
        "target_change": found.target_change,
        "guided_by": found.guided_by,
        "edited": list(found.edited),
        "attributes": {name: {"prevalence": share} for name, share in survey.prevalence.items()},
        "ranking": list(found.ranking),
        "methods": {name: method_data(found, name) for name in found.methods},
        "left_out": dict(found.left_out),
        "not_measured": dict(found.not_measured),
        "factors": found.factors and found.factors.reader.title,
        "own_factors": found.factors
        and {name: dict(found.factors.own.get(name, {})) for name in found.edited},
        "chance": chance
        and {
            "selectivity": chance.selectivity,
            "auc": chance.auc,
            "directions": chance.num_directions,
            "images": chance.num_images,
        },
        "target_against_collateral": {
            name: [vars(point) for point in points] for name, points in found.trades.items()
        },
        "sample_size": {name: [vars(size) for size in points] for name, points in found.learning.items()},
        "seconds": sum(found.seconds.values()),
        "stages": dict(found.seconds),
    }


def write_selectivities(found: Comparison, path: Path) -> None:
    """Selectivity of every method's edit of every attribute, one a line, by its reader and by the scorer."""
    rows = []
    for method in found.ranking:
        read, scored = found.selectivity_of(method), found.results[method].changes.selectivity().directions
        reached, confirmed = found.reached(method), found.confirmed(method)
        for name in found.edited:
            figures_of = interval_values(read.get(name), scored[name])
            rows.append([method, name, *figures_of, name in reached, name in confirmed])
    headings = interval_headings("selectivity", "scorer_selectivity")
    write_rows(["method", "attribute", *headings, "reached", "confirmed"], rows, path)


def method_data(found: Comparison, name: str) -> dict[str, Any]:
    """The figures of one method."""
    result, first, chance = found.results[name], found.ranking[0], found.chance
    changes = result.changes.achieved.tolist()
    seconds = found.figure(name, "seconds").data()
    return {
        "what": result.contestant.what,
        "edit": result.contestant.edit,
        **found.figures[name],
        "seconds": seconds | {"find": result.found.seconds, "edit": result.seconds_per_edit},
        "behind_the_best": found.difference(first, name),
        "p": {
            "selectivity": chance and chance.p_selectivity.get(name),
            "auc": chance and chance.p_auc.get(name),
        },
        "target_change": {"mean": sum(changes) / len(changes), "reached": len(found.reached(name))},
        "agreement": result.changes.agreement,
        "natural_agreement": result.changes.natural_agreement,
        "confirmed": found.confirmed(name),
        "attributes": {
            attribute: {"selectivity": found.selectivity_of(name).get(attribute), "target_change": change}
            for attribute, change in zip(found.edited, changes, strict=True)
        },
    }
