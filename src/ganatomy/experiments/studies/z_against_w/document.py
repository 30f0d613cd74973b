"""The study as it is told: the order of its parts, and the words between figures and tables."""

from __future__ import annotations

import ganatomy
from ganatomy.experiments.studies.z_against_w.again import SUBSET
from ganatomy.experiments.studies.z_against_w.figures import cost, lines, matrices, sheets
from ganatomy.experiments.studies.z_against_w.paired import NUM_FLIPS
from ganatomy.experiments.studies.z_against_w.run import SPREADS, ZAgainstW
from ganatomy.experiments.studies.z_against_w.sentences import (
    chance,
    judged,
    number,
    sentences,
    verdict,
    with_interval,
)
from ganatomy.experiments.studies.z_against_w.summary import summary
from ganatomy.experiments.studies.z_against_w.tables import (
    directions,
    straightness,
    unexpected_company,
    unwanted_changes,
)
from ganatomy.metrics import cosines
from ganatomy.report.document import Document, Section
from ganatomy.report.elements import Number
from ganatomy.statistics.formatting import listed, percent


def document(found: ZAgainstW, *, model: str, scorer: str | None = None) -> Document:
    """All that the study says of a model of this name."""
    together, beyond = matrices(found)
    return Document(
        title="z against w",
        eyebrow=f"{model} · {found.signature.architecture} · {found.num_edited:,} edited images in each space",
        sentences=sentences(found),
        numbers=_numbers(found),
        sections=[
            Section(
                name="images",
                title="The images",
                paragraphs=[
                    (
                        f"The same {found.edited['z'].num_codes} images are moved along the directions of "
                        f"{listed(found.attributes)}, by {len(found.edited['z'].strengths)} strengths each, "
                        f"in {' and in '.join(found.spaces)}. {_units(found)}"
                    ),
                ],
                draw=[lambda: sheets(found)],
            ),
            _verdict(found),
            Section(
                name="together",
                title="What goes together",
                paragraphs=[
                    (
                        "Were each attribute a slider of its own, moving four of them would make few others go "
                        "together. Some pairs do belong together, though; the next part takes these away."
                    ),
                ],
                draw=[lambda: together],
            ),
            Section(
                name="beyond",
                title="Beyond what goes together anyway",
                paragraphs=[_reference(found)],
                draw=[lambda: beyond],
                tables=[unexpected_company(found)],
            ),
            Section(
                name="lines",
                title="How straight scores rise",
                paragraphs=[
                    (
                        "R² is the share of the variance of the mean scores that the line explains: 1 is a straight "
                        "line. Scores are probabilities, which end at 0 and 1, so every attribute bends in the end; "
                        "one that most images lack or have already is flat on that side, as eyeglasses in the "
                        "study."
                    ),
                ],
                draw=[lambda: lines(found)],
                tables=[straightness(found)],
                pairs=len(found.spaces) == 2,
            ),
            Section(
                name="how", title="How this was done", paragraphs=_how(found), tables=[directions(found)]
            ),
        ],
        data=summary(found, model=model, scorer=scorer or model),
        footer=(
            f"ganatomy {ganatomy.__version__} · generator {found.fingerprint[:12]} · scorer: {found.scorer} · survey "
            f"of {len(found.survey):,} codes, seed {found.survey.seed} · {sum(found.seconds.values()):.0f} s"
        ),
    )


def _numbers(found: ZAgainstW) -> list[Number]:
    of_r2 = [
        Number(value=number(it.r2.value), label=f"R² of scores along their directions in {space}")
        for space, it in found.linearity.items()
    ]
    it = found.paired
    if it is None or not it.attributes:
        return [Number(value=f"{found.num_edited:,}", label="edited images in each space"), *of_r2]
    ratio = it.ratio
    interval = f"({number(ratio.low)} to {number(ratio.high)})"
    label = f"times the unwanted change in w as in z, at equal wanted change {interval}"
    test = Number(
        value=chance(it.p).removeprefix("p = "),
        label="p: how often equivalent spaces differ as much by chance",
    )
    return [Number(value=number(ratio.value), label=label), test, *of_r2]


def _units(found: ZAgainstW) -> str:
    text = "A strength counts standard deviations of codes along the direction"
    if len(found.spaces) == 1:
        return f"{text}, and hardly any code lies further than 3 from the middle."
    return (
        f"{text}: as far towards the rare in z as in w, however large w is; and were w only a linear rewriting of z, a "
        "strength would move the score by the same in both."
    )


def _verdict(found: ZAgainstW) -> Section:
    it = found.paired
    table = unwanted_changes(found)
    if it is None:
        return Section(
            name="verdict",
            title="There is no w to compare with",
            paragraphs=[
                (
                    "The study asks whether w is less entangled than z. This generator makes images from z directly "
                    "and has no mapping to a w, so only the half of the study that concerns z can be done: what edits "
                    "in z change beside their own attribute stands below, to be compared with other models that the "
                    "same scorer sees."
                ),
            ],
            tables=[table],
        )
    refits = (
        f" Directions are estimates too, so they were found again in {found.refits} random parts of the survey "
        f"({percent(SUBSET)} of it each); how far the ratio varied with them widens both the chance level and the "
        "intervals."
        if found.refits
        else " Directions are taken as they are; how the result depends on the survey was not looked at."
    )
    words = (
        "Each edit is read at the strength at which the mean score of its own attribute has changed by "
        f"{it.target_change:g} (or by what both spaces reach), and what it does to every other attribute there is "
        "the unwanted change. The verdict is on its ratio, w over z, the geometric mean over attributes. Were the "
        "two spaces equivalent, each image's edits in z could as well have been its edits in w; so the two are "
        f"exchanged in random sets of the images, {NUM_FLIPS:,} times, and p is the share of these exchanges with "
        "a ratio at least as far from 1 as the one found. Attributes are not counted as independent; images "
        f"are.{refits} w is called less or more entangled only where p is below 0.05 and the 95 % interval of the "
        "ratio does not hold 1."
    )
    return Section(
        name="verdict",
        title="Is w less entangled than z?",
        paragraphs=[words, _by_logits(found)],
        draw=[lambda: cost(it)] if it.curves else [],
        tables=[table],
    )


def _by_logits(found: ZAgainstW) -> str:
    """Whether the verdict hangs on probabilities."""
    it = found.by_logits
    assert it is not None
    start = (
        "Probabilities hardly move near 0 and 1. As a check, the same is asked of logits, in standard deviations of "
        f"unedited images, where each attribute itself has moved by {SPREADS:g}"
    )
    if not it.attributes:
        return f"{start}: no attribute moves as far in both spaces."
    out = f" (without {listed(list(it.left_out))}, which does not get there)" if it.left_out else ""
    ratio = with_interval(it.ratio)
    said, first = judged(it), verdict(found)
    end = {
        True: "which says the same",
        False: "which does not say the same, so be careful with the verdict",
    }[said == first]
    return f"{start}{out}: the ratio is {ratio}, {chance(it.p)}, {end}."


def _reference(found: ZAgainstW) -> str:
    it = found.together
    if it.own:
        return (
            "How attributes go together in the data is not known for this model: no labels were given (--correlations "
            f"takes a matrix or a table of labels). So the reference is the model itself, {it.reference.description}. "
            "What the model learnt wrongly, and shows without any edit too, does not count here as entanglement."
        )
    return (
        f"What goes together in the data is no fault of a space: the model was to learn it. The reference is "
        f"{it.reference.description}. What edited images have beyond it is what editing mixes up."
    )


def _how(found: ZAgainstW) -> list[str]:
    edited = found.edited["z"]
    one = (
        f"Directions are found by {found.method} in one survey of {len(found.survey):,} images"
        + (", whose codes are read as z and as w = map(z)" if len(found.spaces) == 2 else "")
        + f". The {edited.num_codes} edited images are others (seed {edited.seed}), and nothing is truncated."
    )
    if len(found.attributes) > 1:
        angles = listed(
            [f"{number(cosines(of).mean_abs)} in {space}" for space, of in found.directions.items()]
        )
        one += f" Between two of these directions the |cosine| is {angles} on average."
    return [
        one,
        (
            "All that is said here is what the scorer sees; where it takes one thing for another, so does this page. "
            "What the model, the scorer and the choice of attributes would give elsewhere, no interval on this page "
            "covers."
        ),
    ]
