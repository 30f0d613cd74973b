"""The page and the data: sections in the order of DCGAN's paper, with their tables."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from ganatomy.experiments.base import Experiment
from ganatomy.experiments.documents import document
from ganatomy.experiments.studies.dcgan import figures
from ganatomy.experiments.studies.dcgan.arithmetic import (
    METHODS,
    STATIONS,
    THREE,
    Outcome,
    Reliability,
    Sums,
    Turned,
)
from ganatomy.experiments.studies.dcgan.maps import CriticAccuracy, TwoMaps
from ganatomy.experiments.studies.dcgan.run import DCGANStudy
from ganatomy.experiments.studies.dcgan.sentences import (
    on_copies,
    on_critic,
    on_sums,
    on_turns,
    pooled,
    sentences,
)
from ganatomy.experiments.studies.dcgan.walks import Copies, Walks
from ganatomy.maps import ImageMap
from ganatomy.metrics.walks import SHARP
from ganatomy.report.document import Document, Section
from ganatomy.report.elements import Cell, Number, Row, Table, file_name, interval_cell, made_in
from ganatomy.report.maps import zoomable_map
from ganatomy.statistics.formatting import percent, percent_interval, short, signed, with_interval
from ganatomy.statistics.intervals import Estimate

EXEMPLARS = (
    "The codes of three exemplars of each concept are averaged, and the means are added and subtracted. Single "
    "exemplars are said to be unstable. Both are drawn many times, with other exemplars each time, from the images of "
    "a concept that the scorer is surest of (the clearer half). The same scorer classifies the results."
)
CONTROLS = (
    "Two controls stand beside them. A sum of three single codes is longer than any code that was drawn, while that of "
    "means of three is about as long: so single ones are also brought to the usual length, to see whether length alone "
    "makes the difference. And the last concept alone shows what comes out without any arithmetic."
)


@document.register
def dcgan_document(
    found: DCGANStudy, experiment: Experiment, *, model: str | None = None, scorer: str | None = None
) -> Document:
    """What the study found.

    Args:
        found: what was measured.
        experiment: that it was measured with; its generator draws the images.
        model: bundled name or file of the generator, as the page calls it.
        scorer: the same of the scorer; by default its description.
    """
    about = experiment.generator.signature
    model = Path(model).stem if model else about.architecture
    described = experiment.scorer.description if experiment.scorer else None
    return Document(
        title=f"DCGAN study of {model}",
        eyebrow=f"{about.architecture}, {about.pixels} · codes in {found.space} · {described or 'no scorer'}",
        sentences=sentences(found),
        numbers=_numbers(found),
        sections=[
            _walks(found.walks, experiment),
            _copies(found.copies, experiment),
            *_sums(found, experiment),
            _turns(found, experiment),
            _maps(found.maps),
            _critic(found),
        ],
        data={"study": "dcgan", "model": model, "scorer": scorer or described, **_data(found, experiment)},
        footer=f"{len(found.survey):,} codes surveyed, {found.draws} sums and turns of each kind, "
        f"{len(found.walks.profiles)} walks; seed {experiment.seed}. After Radford, Metz and Chintala (2016), sections "
        f"5 and 6. {made_in(found.seconds)}",
    )


def _numbers(found: DCGANStudy) -> list[Number]:
    """The figures that stand large: of walks, sums, turns, and the critic or else the maps."""
    critic, maps = found.critic_accuracy, found.maps
    shares = {
        "of segments between random points have a sharp transition": found.walks.jumps,
        "of sums show what they should": pooled(found.sums, THREE),
        "of turns go the right way": found.turns[0].chosen.right if found.turns else None,
        "of images have their class found by the critic's features": critic
        and critic.comparison.results["critic"].accuracy,
        "of images have the class of most neighbours on the map of codes": None
        if critic
        else maps.codes_accuracy,
    }
    numbers = [
        Number(value=percent(it.value), label=f"{label}, {percent_interval(it)}")
        for label, it in shares.items()
        if it is not None
    ]
    if critic is None and maps.codes_accuracy is None:
        label = f"trustworthiness of the map of {maps.features.subject}; 1 is best, 0.5 is chance"
        numbers.append(Number(value=f"{maps.features.faithful.trustworthiness:.2f}", label=label))
    return numbers


def _walks(walks: Walks, experiment: Experiment) -> Section:
    shape = "along the sphere" if walks.method == "slerp" else "along straight lines"
    measured = (
        f"Each of {len(walks.profiles)} walks goes {shape} from one random code to the next, {walks.frames_between} "
        "frames a segment. Where a model has learnt what images are made of, images change little by little; where it "
        "has memorised images, it stays at one and jumps to the next."
    )
    sharp = (
        f"A transition counts as sharp where the speed peaks above {SHARP:g} times the median of its walk. It can also "
        "be a property of the data: between two classes there may be nothing to pass through."
    )
    step = f"of the distance of two random images; one step is 1/{walks.frames_between} of a segment"
    table = Table(
        title="Walks",
        caption=f"Means of {len(walks.profiles)} walks with 95 % intervals. Distances by {walks.profiles[0].distance}.",
        first="Measure",
        headings=("value", "unit"),
        words=(1,),
        rows=[
            _row(
                "segments with a sharp transition", walks.jumps, "of those from one random point to the next"
            ),
            _row(
                "fastest moment",
                interval_cell(walks.unevenness),
                "times the mean speed of its walk; 1 is even",
            ),
            _row("largest step", walks.largest_step, step),
        ],
    )
    return Section(
        name="walks",
        title="Walks between nine random points",
        paragraphs=[measured, sharp],
        draw=[
            partial(figures.walk_images, walks, experiment),
            partial(figures.walk_speeds, walks),
            partial(figures.slow_and_fast, walks, experiment),
        ],
        tables=[table],
    )


def _copies(copies: Copies | None, experiment: Experiment) -> Section:
    section = partial(Section, name="copies", title="Are they copies?")
    if copies is None:
        return section(paragraphs=[on_copies(None)])
    text = (
        f"Every point of the walks and the middle between two were compared with {copies.data}, by "
        f"{copies.found.features}. In the median they are {with_interval(copies.found.ratio, digits=2)} times as far "
        "from the nearest real image as real images are from each other; copies would be near 0."
    )
    return section(paragraphs=[text], draw=[partial(figures.nearest_images, copies, experiment)])


def _sums(found: DCGANStudy, experiment: Experiment) -> list[Section]:
    """One section for each kind of sum; the first explains them."""
    title = "Vector arithmetic"
    if not found.sums:
        return [Section(name="arithmetic", title=title, paragraphs=[on_sums(found)])]
    return [
        Section(
            name=f"arithmetic-{file_name(it.family.name)}",
            title=f"{title}: {it.family.title}",
            paragraphs=() if place else (EXEMPLARS, CONTROLS),
            draw=[
                partial(figures.sum_exhibit, it, experiment),
                partial(figures.sum_results, it, experiment),
                partial(figures.sum_accuracy, it),
            ],
            tables=[_sums_table(it)],
        )
        for place, it in enumerate(found.sums)
    ]


def _turns(found: DCGANStudy, experiment: Experiment) -> Section:
    section = partial(Section, name="turns", title="Turn vectors")
    if not found.turns:
        return section(paragraphs=[on_turns(found)])
    vectors = (
        "The mean of four codes of one side less the mean of four of the other is a vector along which random samples "
        "are moved. Every sample has a vector of its own, from other exemplars."
    )
    quantities = [
        f"{quantity.name.capitalize()} is measured in the image ({quantity.unit}) and counted from the median image, "
        "in units of which four make an interquartile range."
        for quantity in found.scorer.quantities
        if quantity.name in [it.family.name for it in found.turns]
    ]
    draw = [
        draw
        for it in found.turns
        for draw in (partial(figures.turn_images, it, experiment), partial(figures.turn_scores, it))
    ]
    return section(paragraphs=[vectors, *quantities], draw=draw, tables=[_turns_table(found.turns)])


def _maps(maps: TwoMaps) -> Section:
    text = (
        "Maps of latent space are often said to show images of a class together. Here the same images are mapped "
        f"twice: by their codes, and by {maps.features.subject}. {maps.codes.map.notes[0]}"
    )
    zoomable = zoomable_map(maps.features, color=maps.color, id="dcgan-map")
    return Section(
        name="map",
        title="Map of the classes" if maps.features.classes else "Map",
        paragraphs=[text, f"The map by {maps.features.subject} can be zoomed below."],
        draw=[partial(figures.both_maps, maps)],
        pairs=True,
        html=zoomable.html(),
        tables=[*zoomable.tables, _maps_table(maps)],
    )


def _critic(found: DCGANStudy) -> Section:
    it, section = found.critic_accuracy, partial(Section, name="critic", title="What the critic has learnt")
    if it is None:
        text = on_critic(found)
        return section(paragraphs=[f"{text[0].upper()}{text[1:]}."])
    source = (
        "These are real images with real labels."
        if it.real
        else "Images and classes are the model's and its scorer's, not real ones: the classes are those that the "
        "scorer finds."
    )
    text = (
        f"The features of all layers of {it.critic} are max-pooled to 4 x 4 and given to a linear SVM, as DCGAN did. "
        f"{source}"
    )
    return section(paragraphs=[text], draw=[partial(figures.critic_bars, it)], tables=[_critic_table(it)])


def _row(name: str, *cells: Cell | Estimate | str | None, marked: bool = False) -> Row:
    """Shares in per cent with their intervals, texts, and dashes for what was not measured."""
    return Row(name=name, cells=[_cell(it) for it in cells], marked=marked)


def _cell(it: Cell | Estimate | str | None) -> Cell:
    if isinstance(it, Estimate):
        return Cell(text=percent(it.value), interval=percent_interval(it))
    return it if isinstance(it, Cell) else Cell(text=it or "–")


def _sums_table(sums: Sums) -> Table:
    """What comes out of sums, by how they were made."""
    n = sums.outcomes[THREE].n
    if sums.random.wanted is None:
        caption, headings = (
            (
                f"The class of the results of {n} sums a − b + c of random classes, by its role: a was added first, b "
                "subtracted, c added second; unclear where no class is likelier than one half."
            ),
            ("a", "b", "c", "another", "unclear"),
        )
    else:
        caption, headings = (
            (
                f"{n} sums of each kind. Carried: shows what was to be carried over. Kept: stays on the side it was "
                "carried to."
            ),
            ("both", "carried", "kept"),
        )

    def row(name: str, it: Outcome) -> Row:
        shares = it.roles.values() or (it.wanted, it.carried, it.kept)
        return _row(name, *shares, it.steady, short(it.length), marked=it is sums.outcomes[THREE])

    return Table(
        title=sums.family.title,
        caption=f"{caption} Steady: share of the eight images around a result that show the same as it. Length: of the "
        "code, in usual lengths.",
        first="Method",
        headings=(*headings, "steady", "length"),
        rows=[
            *(row(METHODS[method], it) for method, it in sums.outcomes.items()),
            row("random images", sums.random),
        ],
        stacked=True,
    )


def _turns_table(turns: tuple[Turned, ...]) -> Table:
    """How reliably turn vectors turn."""

    def row(name: str, it: Reliability, marked: bool) -> Row:
        gain = signed(it.scores[-1].value - it.scores[0].value, 1)
        return _row(name, it.right, it.over, gain, marked=marked)

    return Table(
        title="Turn vectors",
        caption=f"{turns[0].chosen.n} random samples, each on a vector of its own. Right way: the score ends higher "
        "than it begins. Turned over: the image begins on one side and ends on the other.",
        first="Turn",
        headings=("right way", "turned over", "mean change of the score (logit)"),
        rows=[
            made
            for it in turns
            for made in (
                row(it.family.title, it.chosen, marked=True),
                row("the same, between random codes", it.by_chance, marked=False),
            )
        ],
        stacked=True,
    )


def _maps_table(maps: TwoMaps) -> Table:
    """How far both maps can be trusted."""

    def row(images: ImageMap, accuracy: Estimate | None) -> Row:
        it = images.faithful
        trust = f"{it.trustworthiness:.2f}", f"{it.continuity:.2f}"
        return _row(f"by {images.subject}", *trust, accuracy, it.class_accuracy_before)

    chance = f"; always naming the commonest is right in {percent(maps.chance)}" if maps.chance else ""
    return Table(
        title="How far to trust the maps",
        caption="Trustworthiness: are neighbours on the map real neighbours? Continuity: are real neighbours near on "
        "the map? For both 1 is best and 0.5 is chance. Accuracy: how often most of ten neighbours have the class (or "
        f"the side of the attribute) of an image, on the map and in the space that was mapped{chance}.",
        first="Map",
        headings=("trustworthiness", "continuity", "accuracy on the map", "accuracy before"),
        rows=[row(maps.codes, maps.codes_accuracy), row(maps.features, maps.features_accuracy)],
        stacked=True,
    )


def _critic_table(accuracy: CriticAccuracy) -> Table:
    """What a linear SVM finds by each kind of features."""
    results, ahead = accuracy.comparison.results, accuracy.comparison.ahead
    num_train = next(iter(results.values())).num_train

    def points(it: Estimate) -> Cell:
        value, low, high = (signed(100 * part, 1) for part in (it.value, it.low, it.high))
        return Cell(text=f"{value} points", interval=f"{low} to {high}")

    return Table(
        title="Features",
        caption=f"{accuracy.images[:1].upper()}{accuracy.images[1:]}, with {accuracy.labels}; {num_train} for "
        "training, the rest for testing. Critic less this: difference of both, image by image.",
        first="Features",
        headings=("numbers", "accuracy", "critic less this"),
        rows=[
            _row(
                name,
                f"{it.num_features:,}",
                it.accuracy,
                points(ahead[name]) if name in ahead else None,
                marked=name not in ahead,
            )
            for name, it in results.items()
        ],
    )


def _data(found: DCGANStudy, experiment: Experiment) -> dict[str, Any]:
    """All figures of the study."""
    walks, copies, maps, critic = found.walks, found.copies, found.maps, found.critic_accuracy
    return {
        "architecture": experiment.generator.signature.architecture,
        "fingerprint": experiment.generator.fingerprint,
        "critic": found.critic,
        "space": found.space,
        "n": len(found.survey),
        "draws": found.draws,
        "seed": experiment.seed,
        "classes": found.classes,
        "walks": {
            "n": len(walks.profiles),
            "frames": walks.num_frames,
            "distance": walks.profiles[0].distance,
            "sharp_transitions": walks.jumps,
            "fastest_moment": walks.unevenness,
            "largest_step": walks.largest_step,
            "transitions": [profile.transitions for profile in walks.profiles],
        },
        "copies": copies
        and {
            "data": copies.data,
            "learnt": copies.learnt,
            "share": copies.share,
            "distance_ratio": copies.found.ratio,
            "images": len(copies.found.nearest),
            "features": copies.found.features,
        },
        "sums": {
            it.family.name: {
                "title": it.family.title,
                "members": len(it.family.members),
                "random": it.random,
                "methods": it.outcomes,
            }
            for it in found.sums
        },
        "turns": {
            it.family.name: {
                "title": it.family.title,
                "stations": STATIONS,
                "chosen": it.chosen,
                "by_chance": it.by_chance,
                "gain": it.gain,
            }
            for it in found.turns
        },
        "maps": {
            "color": maps.color,
            "chance": maps.chance,
            "features_of": maps.features.subject,
            "codes": {"accuracy": maps.codes_accuracy} | vars(maps.codes.faithful),
            "features": {"accuracy": maps.features_accuracy} | vars(maps.features.faithful),
        },
        "critic_accuracy": critic
        and {
            "images": critic.images,
            "labels": critic.labels,
            "real": critic.real,
            "accuracy": {name: it.accuracy for name, it in critic.comparison.results.items()},
            "ahead": critic.comparison.ahead,
            "chance": next(iter(critic.comparison.results.values())).chance,
        },
        "seconds": found.seconds,
    }
