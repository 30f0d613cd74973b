"""The tables of a journey: every figure with its interval."""

from __future__ import annotations

from ganatomy.experiments.studies.dcgan.landscape import Landscape, Reading
from ganatomy.experiments.studies.dcgan.sums import ROLES, WAYS, Sums
from ganatomy.experiments.studies.dcgan.turns import Turned
from ganatomy.experiments.studies.dcgan.walks import Walks
from ganatomy.report.elements import Cell, Row, Table, interval_cell
from ganatomy.statistics.formatting import percent, short, signed
from ganatomy.statistics.intervals import Estimate

NOTHING = Cell(text="–")


def walks_table(walks: Walks) -> Table:
    """What a walk is like."""
    return Table(
        title="Walks",
        caption=f"Means of {len(walks.profiles)} walks with 95 % intervals. Perception: {walks.profiles[0].distance}.",
        first="Measure",
        headings=("value", "what it means"),
        words=(1,),
        rows=[
            Row(
                name="ways with a sharp transition",
                cells=[share_cell(walks.jumps), Cell(text="of all ways from one random point to the next")],
            ),
            Row(
                name="fastest moment",
                cells=[
                    interval_cell(walks.unevenness),
                    Cell(text="times the mean speed of its walk; 1 is even"),
                ],
            ),
            Row(
                name="largest step",
                cells=[
                    share_cell(walks.largest_step),
                    Cell(
                        text=f"of the distance of two random images; one step is 1/{walks.frames_between} of a way"
                    ),
                ],
            ),
        ],
    )


def sums_table(sums: Sums) -> Table:
    """What comes out of sums, by how they were made."""
    num = next(iter(sums.outcomes.values())).n
    if sums.chance is None:
        rows = [
            Row(
                name=WAYS[way],
                cells=[*(share_cell(outcome.roles[role]) for role in ROLES), share_cell(outcome.steady)],
            )
            for way, outcome in sums.outcomes.items()
        ]
        chance = [*(share_cell(sums.roles_by_chance[role]) for role in ROLES), NOTHING]
        return Table(
            title=sums.family.title,
            caption=f"The class that comes out of {num} sums a − b + c of classes drawn at random, by its role: a was "
            "added first, b taken away, c added second; unclear where no class is likelier than one half. Steady is "
            "the share of the eight images around a result that show the same class as it.",
            first="Way",
            headings=("a", "b", "c", "another", "unclear", "steady"),
            rows=[*rows, Row(name="random images", cells=chance)],
            stacked=True,
        )
    rows = [
        Row(
            name=WAYS[way],
            cells=[
                share_cell(outcome.wanted),
                share_cell(outcome.carried),
                share_cell(outcome.kept),
                share_cell(outcome.steady),
                Cell(text=short(outcome.length)),
            ],
            marked=place == 0,
        )
        for place, (way, outcome) in enumerate(sums.outcomes.items())
    ]
    return Table(
        title=sums.family.title,
        caption=f"{num} sums of each kind. Carried: shows what was to be carried over. Kept: stays on the side it was "
        "carried to. Steady: share of the eight images around a result that show the same as it. Length: of the "
        "code, in usual lengths.",
        first="Way",
        headings=("both", "carried", "kept", "steady", "length"),
        rows=[*rows, Row(name="random images", cells=[share_cell(sums.chance), *[NOTHING] * 4])],
        stacked=True,
    )


def turns_table(turns: tuple[Turned, ...]) -> Table:
    """How reliably turn vectors turn."""
    rows = []
    for one in turns:
        for name, found in (
            (one.family.title, one.chosen),
            ("the same, between random codes", one.by_chance),
        ):
            gain = found.scores[-1].value - found.scores[0].value
            rows.append(
                Row(
                    name=name,
                    cells=[share_cell(found.right), share_cell(found.over), Cell(text=signed(gain, 1))],
                    marked=found is one.chosen,
                )
            )
    return Table(
        title="Turn vectors",
        caption=f"{turns[0].chosen.n} random samples, each on a vector of its own. Right way: the score ends higher "
        "than it begins. Turned over: the image begins on the one side and ends on the other.",
        first="Turn",
        headings=("right way", "turned over", "mean change of the score (logit)"),
        rows=rows,
        stacked=True,
    )


def trust_table(landscape: Landscape) -> Table:
    """How far both maps can be trusted."""
    rows = []
    for images, told in (
        (landscape.codes, landscape.told_by_codes),
        (landscape.seen, landscape.told_by_sight),
    ):
        faithful = images.faithful
        rows.append(
            Row(
                name=f"by {images.subject}",
                cells=[
                    Cell(text=f"{faithful.trustworthiness:.2f}"),
                    Cell(text=f"{faithful.continuity:.2f}"),
                    share_cell(told),
                    share_cell(faithful.class_accuracy_before),
                ],
            )
        )
    return Table(
        title="How far to trust the maps",
        caption="Trustworthiness: are neighbours on the map real neighbours? Continuity: are real neighbours near on "
        "the map? For both 1 is best and 0.5 is chance. Told: how often most of ten neighbours have the class (or the "
        "side of the attribute) of an image, on the map and before it was laid flat"
        + (
            "."
            if landscape.chance is None
            else f"; always naming the commonest is right in {percent(landscape.chance)}."
        ),
        first="Map",
        headings=("trustworthiness", "continuity", "told on the map", "told before"),
        rows=rows,
        stacked=True,
    )


def reading_table(reading: Reading) -> Table:
    """What a linear SVM tells by each kind of features."""
    comparison = reading.comparison
    return Table(
        title="Features",
        caption=f"{reading.images[:1].upper()}{reading.images[1:]}, with {reading.labels}; "
        f"{next(iter(comparison.results.values())).num_train} for training, the rest to judge. Critic less this: "
        "difference of both, image by image.",
        first="Features",
        headings=("numbers", "told right", "critic less this"),
        rows=[
            Row(
                name=name,
                cells=[
                    Cell(text=f"{result.num_features:,}"),
                    share_cell(result.accuracy),
                    points_cell(comparison.ahead[name]) if name in comparison.ahead else NOTHING,
                ],
                marked=name not in comparison.ahead,
            )
            for name, result in comparison.results.items()
        ],
    )


def share_cell(it: Estimate | None) -> Cell:
    """A share in per cent with its interval."""
    if it is None:
        return NOTHING
    return Cell(text=percent(it.value), interval=f"{percent(it.low)} to {percent(it.high)}")


def points_cell(it: Estimate) -> Cell:
    """A difference of shares in points of a hundred."""
    value, low, high = (signed(100 * part, 1) for part in (it.value, it.low, it.high))
    return Cell(text=f"{value} points", interval=f"{low} to {high}")
