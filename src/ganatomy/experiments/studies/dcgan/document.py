"""The page of a journey: sections in the order of the two texts that it follows, with their figures and tables."""

from __future__ import annotations

from functools import partial

from ganatomy.experiments.studies.dcgan.figures import (
    Studio,
    copy_drawing,
    map_drawings,
    reading_drawing,
    sum_drawings,
    turn_drawings,
    walk_drawings,
)
from ganatomy.experiments.studies.dcgan.run import DcganStudy
from ganatomy.experiments.studies.dcgan.sentences import MORE_IMAGES, between, pooled, sentences
from ganatomy.experiments.studies.dcgan.summary import summary
from ganatomy.experiments.studies.dcgan.sums import THREE
from ganatomy.experiments.studies.dcgan.tables import (
    reading_table,
    sums_table,
    trust_table,
    turns_table,
    walks_table,
)
from ganatomy.generators.base import Generator
from ganatomy.metrics.walks import SHARP
from ganatomy.report.document import Document, Section
from ganatomy.report.elements import Number, file_name
from ganatomy.report.maps import zoomable_map
from ganatomy.report.pages import render
from ganatomy.statistics.formatting import percent

MOST_NUMBERS = 4
SUMS = (
    (
        "The codes of three exemplars of each concept are averaged, and the means are added and taken away. Single "
        "exemplars are said to be unstable. Both were drawn many times, with other exemplars each time, which the "
        "scorer chose among the clearer half of all images of a concept; the same scorer says what came out."
    ),
    (
        "Beside them stand two other ways. A sum of three single codes is longer than any code that was drawn, while "
        "that of means of three is about as long: so single ones are also brought to the usual length, to see whether "
        "that is all. And the last concept alone shows what comes out without any arithmetic."
    ),
)


def document(
    found: DcganStudy, generator: Generator, *, model: str = "a generator", batch_size: int = 32
) -> Document:
    """All that a journey says.

    Args:
        generator: that was travelled, for its images. model: what the page calls it.
    """
    studio = Studio(generator=generator, batch_size=batch_size)
    about = found.signature
    return Document(
        title=f"A journey in the latent space of {model}",
        eyebrow=f"{about.architecture}, {about.resolution} px · codes in {found.space} · {found.scorer or 'no scorer'}",
        sentences=sentences(found),
        numbers=_numbers(found),
        sections=[
            _walks(found, studio),
            _copies(found, studio),
            *_sums(found, studio),
            _turns(found, studio),
            _map(found),
            _critic(found),
        ],
        data={"model": model, **summary(found)},
        footer=f"{len(found.survey):,} codes looked at, {found.draws} sums and turns of each kind, "
        f"{len(found.walks.profiles)} walks; seed {found.seed}; {sum(found.seconds.values()):.0f} seconds. "
        "After Radford, Metz and Chintala (2016), sections 5 and 6. Made by ganatomy; this page needs no network.",
    )


def _numbers(found: DcganStudy) -> list[Number]:
    """The figures that stand large: of walks, sums, turns and the critic."""
    numbers = [
        Number(
            value=percent(found.walks.jumps.value),
            label=f"of ways between random points have a sharp transition, {_reach(found.walks.jumps)}",
        )
    ]
    right = pooled(found.sums, THREE)
    if right is not None:
        numbers.append(
            Number(value=percent(right.value), label=f"of sums show what they should, {_reach(right)}")
        )
    if found.turns:
        it = found.turns[0].chosen.right
        numbers.append(Number(value=percent(it.value), label=f"of turns go the right way, {_reach(it)}"))
    ground = found.landscape
    if found.reading is not None:
        it = found.reading.comparison.results["critic"].accuracy
        numbers.append(
            Number(value=percent(it.value), label=f"of classes are read off the critic, {_reach(it)}")
        )
    elif ground.told_by_codes is not None:
        it = ground.told_by_codes
        numbers.append(
            Number(value=percent(it.value), label=f"of classes are told by neighbours in codes, {_reach(it)}")
        )
    else:
        numbers.append(
            Number(
                value=f"{ground.seen.faithful.trustworthiness:.2f}",
                label="trustworthiness of the map of images; 1 is best, 0.5 is chance",
            )
        )
    return numbers[:MOST_NUMBERS]


def _reach(it: object) -> str:
    return between(it).partition("(")[2].rstrip(")")  # pyright: ignore[reportArgumentType]


def _walks(found: DcganStudy, studio: Studio) -> Section:
    walks = found.walks
    way = "along the sphere" if walks.method == "slerp" else "along straight lines"
    return Section(
        name="walks",
        title="Walks between nine random points",
        paragraphs=[
            (
                f"Each of {len(walks.profiles)} walks goes {way} from one random code to the next, "
                f"{walks.frames_between} frames a way. Where a model has learnt what images are made of, they change "
                "little by little; where it knows images by heart, it stays at one and jumps to the next."
            ),
            (
                f"A transition counts as sharp where the speed peaks above {SHARP:g} times the median of its walk. "
                "It can also lie in the data: between two classes there may be nothing to go through."
            ),
        ],
        draw=[lambda: walk_drawings(walks, studio)],
        tables=[walks_table(walks)],
    )


def _copies(found: DcganStudy, studio: Studio) -> Section:
    copies = found.copies
    if copies is None:
        return Section(
            name="copies",
            title="Are they copies?",
            paragraphs=[
                (
                    "Not tested: sharp transitions alone are only a hint of images learnt by heart. Give the "
                    "images that the model was trained on (--data), and the nearest one of each frame is found."
                )
            ],
        )
    known = {
        True: "The model was trained on these images, so a copy would be found.",
        False: "The model was not trained on these images. That none is copied was to be expected, and says "
        "nothing about those that it was trained on.",
        None: "Whether the model was trained on these images nobody said. If it was not, this cannot find what it "
        "copied.",
    }[copies.learnt]
    return Section(
        name="copies",
        title="Are they copies?",
        paragraphs=[
            (
                f"Every point of the walks and the middle between two were held against "
                f"{copies.data}, by {copies.found.features}. {known}"
            ),
            (
                f"In the median they are {copies.found.ratio.value:.2f} times as far from the nearest real image as "
                f"real images are from each other ({copies.found.ratio.low:.2f} to {copies.found.ratio.high:.2f}); "
                "copies would be near 0."
            ),
        ],
        draw=[lambda: copy_drawing(copies, studio)],
    )


def _sums(found: DcganStudy, studio: Studio) -> list[Section]:
    """One section for each kind of sum; the first explains them."""
    title = "Vector arithmetic"
    if not found.sums:
        text = (
            f"Not judged: sums need somebody who sees what an image shows; give {MORE_IMAGES}."
            if found.scorer is None
            else "Not judged: the attributes of this scorer have too few images in some combinations, so there are "
            "no exemplars. Look at more codes (-n), or give a scorer whose attributes are commoner."
        )
        return [Section(name="arithmetic", title=title, paragraphs=[text])]
    return [
        Section(
            name=f"arithmetic-{file_name(one.family.name)}",
            title=f"{title}: {one.family.title}",
            paragraphs=SUMS if one is found.sums[0] else (),
            draw=[partial(sum_drawings, one, studio)],
            tables=[sums_table(one)],
        )
        for one in found.sums
    ]


def _turns(found: DcganStudy, studio: Studio) -> Section:
    if not found.turns:
        return Section(
            name="turns",
            title="Turn vectors",
            paragraphs=[
                (
                    f"Not tried: there are too few images on both sides of anything; give {MORE_IMAGES}, or look "
                    "at more codes (-n)."
                )
            ],
        )
    return Section(
        name="turns",
        title="Turn vectors",
        paragraphs=[
            (
                "The mean of four codes of one side less the mean of four of the other is a vector along which random "
                "samples are taken. Every sample that was counted has a vector of its own, from other exemplars."
            ),
            *(
                f"{quantity.name.capitalize()} is measured in the image ({quantity.unit}) and counted from the "
                "median image, in units of which four make an interquartile range."
                for quantity in found.sight.quantities
                if any(quantity.name == one.family.name for one in found.turns)
            ),
        ],
        draw=[partial(turn_drawings, one, studio) for one in found.turns],
        tables=[turns_table(found.turns)],
    )


def _map(found: DcganStudy) -> Section:
    ground = found.landscape
    return Section(
        name="map",
        title="Map of the classes" if ground.seen.classes else "Map",
        paragraphs=[
            (
                "Maps of latent space are often said to show images of a class together. Here the same images are "
                f"laid out twice: by their codes, and by {ground.seen.subject}. {ground.codes.map.notes[0]}"
            ),
            f"Below, the map by {ground.seen.subject} can be zoomed.",
        ],
        draw=[lambda: map_drawings(ground)],
        pairs=True,
        html=render(
            "ganatomy.experiments.studies.dcgan",
            zoomable_map(ground.seen, color=ground.color, id="journey-map"),
        ),
        tables=[trust_table(ground)],
    )


def _critic(found: DcganStudy) -> Section:
    title = "What the critic has learnt"
    if found.reading is None:
        missing = (
            "There is no critic: give the discriminator that the model was trained against (--critic FILE)"
            if found.critic is None
            else f"Nobody names classes: give {MORE_IMAGES}, or labelled images (--data and --labels)"
        )
        return Section(name="critic", title=title, paragraphs=[f"Not measured. {missing}."])
    source = (
        "These are real images with real labels."
        if found.reading.real
        else "Images and classes are the model's own and its scorer's, not real ones: what is told here is what the "
        "scorer sees."
    )
    return Section(
        name="critic",
        title=title,
        paragraphs=[
            (
                f"The features of all layers of {found.reading.critic} are max-pooled to 4 x 4 and given to a linear "
                f"SVM, as DCGAN did. {source}"
            )
        ],
        draw=[partial(reading_drawing, found.reading)],
        tables=[reading_table(found.reading)],
    )
