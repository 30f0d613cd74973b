"""What the study says: the sections of its page, beside the sentences and the summary."""

from __future__ import annotations

from ganatomy.experiments.studies.linear_map import figures, tables
from ganatomy.experiments.studies.linear_map.result import LinearMapStudy
from ganatomy.experiments.studies.linear_map.summary import summary
from ganatomy.experiments.studies.linear_map.verdict import PAPERS, sentences
from ganatomy.experiments.studies.linear_map.ways import GUIDED, PAPER
from ganatomy.report.document import Document, Section
from ganatomy.report.elements import Number
from ganatomy.statistics.formatting import listed, p_value, percent, short
from ganatomy.statistics.intervals import CONFIDENCE


def document(found: LinearMapStudy, *, model: str = "the model", scorer: str | None = None) -> Document:
    """The study as a page, for `write_document`."""
    side, scorer = found.signature.resolution, scorer or found.scorer
    return Document(
        title=f"A linear map of {model}, with and without a penalty",
        eyebrow=(
            f"Pham Van et al., “Interpreting the Latent Space of GANs using Supervised Learning”, redone on "
            f"{found.signature.architecture}, {side} × {side} pixels, in {found.space.value}, scored by {scorer}"
        ),
        sentences=sentences(found),
        numbers=_numbers(found),
        sections=[
            _comparison(found),
            _images(found),
            _changes(found),
            _cosines(found),
            _path(found),
            _scorer(found),
            _how(found),
        ],
        data=summary(found, model=model, scorer=scorer),
        footer=(
            f"Made by ganatomy in {sum(found.seconds.values()):.0f} seconds ("
            + ", ".join(f"{stage} {seconds:.0f} s" for stage, seconds in found.seconds.items())
            + "). This page needs no network."
        ),
    )


def _numbers(found: LinearMapStudy) -> list[Number]:
    plain, held = (found.changes[way].selectivity().mean for way in PAPER)
    best = found.ranking[0]
    numbers = [
        Number(value=short(plain.value), label="selectivity without the penalty"),
        Number(value=short(held.value), label=f"with it, λ = {found.penalty:g}"),
    ]
    if best not in PAPER:
        value = found.changes[best].selectivity().mean.value
        numbers.append(Number(value=short(value), label=f"by {best}, the cleanest way"))
    numbers.append(
        Number(value=p_value(found.verdict.p), label="for the penalty against none, in the same images")
    )
    return numbers


def _comparison(found: LinearMapStudy) -> Section:
    exclusive = (
        f" These {len(found.attributes)} are classes that exclude each other: what one gains the others lose, "
        f"so no edit has a selectivity above {len(found.attributes) - 1}."
        if found.exclusive and not found.skipped
        else ""
    )
    return Section(
        name="ways",
        title="Does the penalty help?",
        paragraphs=[
            (
                f"Every way moved {len(found.edited)} attributes ({listed(found.edited)}) in the same "
                f"{found.num_images} new images, by one step for all that changes the mean probability of "
                f"the attribute by {found.target_change:.2f}. Selectivity is that change over the mean change, "
                f"its sign dropped, of each of the {len(found.attributes) - 1} others.{exclusive}"
            ),
        ],
        draw=[lambda: figures.ranking(found)],
        tables=[tables.comparison(found)],
    )


def _images(found: LinearMapStudy) -> Section:
    return Section(
        name="images",
        title="Figure 3: the same images, edited",
        draw=[lambda: figures.sheets(found)],
    )


def _changes(found: LinearMapStudy) -> Section:
    return Section(
        name="changes",
        title=f"Table II: what else changes with {found.shown}",
        paragraphs=[
            (
                f"The paper shows one man made younger: {PAPERS['selectivity']['linear']} without and "
                f"{PAPERS['selectivity']['penalty']} with the penalty by the same measure, from its own table. "
                "One image says little, so the means over many stand beside it."
            ),
        ],
        draw=[lambda: figures.changes(found)],
        tables=[tables.one_image(found), tables.many_images(found)],
    )


def _cosines(found: LinearMapStudy) -> Section:
    return Section(
        name="cosines",
        title="Table III: how alike directions are",
        paragraphs=[
            (
                "The paper's mean |cosine| to Young over the 18 others that it shows is "
                f"{PAPERS['mean_abs_cosine']['linear']} without and {PAPERS['mean_abs_cosine']['penalty']} with "
                "the penalty. Cosines say how directions lie to each other, not what edits do: orthogonal "
                "directions may change everything."
            ),
        ],
        draw=[lambda: figures.grams(found)],
        tables=[tables.cosines(found)],
    )


def _path(found: LinearMapStudy) -> Section:
    first = found.path[0].changes
    return Section(
        name="path",
        title="The path of λ",
        paragraphs=[
            (
                "Two forms of the penalty: the paper's, which is least where W Wᵀ is the identity and so asks "
                "rows to be orthogonal and of length 1; and one on cosines alone, which leaves lengths to the "
                f"fit. Edits of {len(first.names)} attributes in {len(first.before)} images at each point."
            ),
        ],
        draw=[lambda: figures.path(found)],
        tables=[tables.path(found)],
        pairs=True,
    )


def _scorer(found: LinearMapStudy) -> Section:
    known = found.recognition
    if known is None:
        return Section(
            name="scorer",
            title="Table I: the scorer",
            paragraphs=[
                (
                    f"Not measured: {found.unlabelled}. Give a folder of images with a table of labels, or an "
                    "idx file with its labels beside it, by --data."
                ),
            ],
        )
    return Section(
        name="scorer",
        title="Table I: the scorer",
        paragraphs=[
            f"Probabilities above one half count as yes. Of {len(known.names)} attributes, in {known.data}."
        ],
        tables=[tables.scorer(found, known), tables.scorer_attributes(known)],
    )


def _how(found: LinearMapStudy) -> Section:
    train = len(found.survey)
    return Section(
        name="how",
        title="How this was made",
        paragraphs=[
            f"{train:,} codes in {found.space.value}, seed {found.seed}, of which 30 % were held out. The map is of "
            f"{len(found.attributes)} attributes"
            + (
                f"; {len(found.skipped)} others were left out as too rare, too common or not asked for"
                if found.skipped
                else ""
            )
            + ". Without the penalty it is least squares on probabilities, in closed form; with it 1,000 steps of Adam "
            "on the loss of the paper's equation 4.",
            (
                f"Intervals are {percent(CONFIDENCE)}, from drawing the images again, the same draws for all "
                "ways. p-values are of paired permutation tests: two ways are exchanged in each image by the "
                "toss of a coin. Neither covers the choice of survey, scorer or model."
            ),
            *(
                [
                    (
                        "Guided edits ask the same scorer that judges them, image by image, so part of "
                        "their lead may be the scorer's blind spots: believe the images first."
                    )
                ]
                if GUIDED in found.changes
                else []
            ),
            *(f"Without {way}: {why}." for way, why in found.left_out.items()),
        ],
    )
