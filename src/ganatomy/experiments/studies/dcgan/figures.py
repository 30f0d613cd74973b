"""The images and charts of a journey, each with what to see in it."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ganatomy.experiments.studies.dcgan.landscape import Landscape, Reading
from ganatomy.experiments.studies.dcgan.layout import SMALL, drawn, exhibit_sheet, sheet, shrunk
from ganatomy.experiments.studies.dcgan.sums import LAST, WAYS, Sums
from ganatomy.experiments.studies.dcgan.turns import SHOWN_STATIONS, STATIONS, Turned
from ganatomy.experiments.studies.dcgan.walks import NUM_POINTS, Copies, Walks
from ganatomy.generators.base import Generator
from ganatomy.latents import Latents
from ganatomy.metrics.walks import SHARP, WalkProfile
from ganatomy.plots.charts import interval_chart, lines_chart
from ganatomy.plots.maps import map_chart
from ganatomy.plots.speeds import Speed, speeds_chart
from ganatomy.report.document import Drawing
from ganatomy.report.elements import file_name
from ganatomy.statistics.formatting import percent, short, signed

FRAMES_SHOWN = 9
COPIES_SHOWN = 8


@dataclass(frozen=True, kw_only=True)
class Studio:
    """Who draws: the generator, so many images at a time."""

    generator: Generator
    batch_size: int = 32


def walk_drawings(walks: Walks, studio: Studio) -> list[Drawing]:
    """The walks, their speed, and where it is lowest and highest."""
    num = len(walks.profiles)
    points = Latents.cat([walks.points(row, between=1) for row in range(num)])
    shown = drawn(studio.generator, points, side=SMALL, batch_size=studio.batch_size)
    captions = [str(k // 2 + 1) if k % 2 == 0 else "" for k in range(2 * NUM_POINTS - 1)]
    speeds = [
        Speed(
            name=f"walk {row + 1}",
            steps=(profile.speed / profile.speed.mean()).numpy(),
            sharp=profile.transitions,
        )
        for row, profile in enumerate(walks.profiles)
    ]
    return [
        Drawing(
            name="walks",
            image=sheet(
                shown,
                columns=len(captions),
                side=SMALL,
                captions=captions,
                row_labels=[f"walk {row + 1}" for row in range(num)],
            ),
            alt=f"{num} rows of images, each through {NUM_POINTS} random points",
            caption=f"Each row walks through {NUM_POINTS} random points, whose numbers stand above them; between two "
            "stands the image half-way. Look for objects that come and go, and for images that belong to "
            "neither side.",
            large=True,
        ),
        Drawing(
            name="speeds",
            image=speeds_chart(speeds, num_points=NUM_POINTS, title="How fast images change on each walk"),
            alt=f"Speed along {num} walks; the largest is {short(max(float(s.steps.max()) for s in speeds))} times "
            "the mean of its walk",
            caption="Speed is perceptual distance between neighbouring frames, in times the mean of the walk. A "
            f"triangle marks a sharp transition: a peak above {SHARP:g} times the median speed of the walk.",
        ),
        _slow_and_fast(walks, studio),
    ]


def _slow_and_fast(walks: Walks, studio: Studio) -> Drawing:
    """The flattest part of all walks, the steepest, and the frames around the largest step."""
    flat = min(range(len(walks.profiles)), key=lambda row: _mean_speed(walks.profiles[row], "flattest"))
    steep = max(range(len(walks.profiles)), key=lambda row: _mean_speed(walks.profiles[row], "steepest"))
    jump = max(range(len(walks.profiles)), key=lambda row: float(walks.profiles[row].speed.max()))
    peak = int(walks.profiles[jump].speed.argmax())
    first = min(max(0, peak - FRAMES_SHOWN // 2 + 1), walks.num_frames - FRAMES_SHOWN)
    parts = {
        f"flattest (walk {flat + 1})": (flat, walks.profiles[flat].flattest),
        f"steepest (walk {steep + 1})": (steep, walks.profiles[steep].steepest),
        f"largest step (walk {jump + 1})": (jump, (first, first + FRAMES_SHOWN - 1)),
    }
    codes = Latents.cat(
        [
            walks.walk(row)[torch.linspace(start, end, FRAMES_SHOWN).round().long()]
            for row, (start, end) in parts.values()
        ]
    )
    return Drawing(
        name="slow-and-fast",
        image=sheet(
            drawn(studio.generator, codes, side=SMALL, batch_size=studio.batch_size),
            columns=FRAMES_SHOWN,
            side=SMALL,
            row_labels=list(parts),
        ),
        alt="Three rows of frames: the flattest part of all walks, the steepest, and those around the largest step",
        caption="The part of all walks in which images change least, the part in which they change most (an eighth "
        f"of a walk each), and the frames on both sides of the largest single step, after image {peak - first + 1} "
        "of its row. A model that knows images by heart stays at one and jumps to the next.",
        large=True,
    )


def _mean_speed(profile: WalkProfile, part: str) -> float:
    start, end = getattr(profile, part)
    return float(profile.speed[start:end].mean())


def copy_drawing(copies: Copies, studio: Studio) -> Drawing:
    """The images of the walks that are nearest to real ones, with these."""
    rows = [row for row, _, _ in copies.found.closest[:COPIES_SHOWN]]
    ours = drawn(studio.generator, copies.codes[rows], side=SMALL, batch_size=studio.batch_size)
    theirs = shrunk(copies.real[rows], SMALL)
    return Drawing(
        name="nearest",
        image=sheet(
            torch.cat([ours, theirs.to(ours)]),
            columns=len(rows),
            side=SMALL,
            row_labels=["of a walk", "nearest real"],
        ),
        alt=f"{len(rows)} images of walks, and below each the real image nearest to it",
        caption="The images of the walks that are nearest to a real one, the nearest first, and that real image "
        f"below each. Nearness is by {copies.found.features}.",
        large=True,
    )


def sum_drawings(sums: Sums, studio: Studio) -> list[Drawing]:
    """One sum laid out as in DCGAN, many results side by side, and how often they are right."""
    slug = file_name(sums.family.name)
    made = [
        Drawing(
            name=f"sum-{slug}",
            image=exhibit_sheet(studio.generator, sums.exhibit, batch_size=studio.batch_size),
            alt=f"Vector arithmetic: {sums.exhibit.sum}, three exemplars of each, their means, and nine results",
            caption=f"{sums.exhibit.sum}, drawn first and not selected. Columns: three exemplars that the scorer "
            "chose, and the image of their mean code below. Right: in the middle the sum of the means, around it "
            "the same with uniform noise of ±0.25 added to its code.",
            large=True,
        ),
        _side_by_side(sums, studio, f"sum-{slug}-results"),
    ]
    wanted = {way: outcome.wanted for way, outcome in sums.outcomes.items() if outcome.wanted is not None}
    if wanted and sums.chance is not None:
        listed = ", ".join(f"{WAYS[way]} {percent(it.value)}" for way, it in wanted.items())
        made.append(
            Drawing(
                name=f"sum-{slug}-right",
                image=interval_chart(
                    {WAYS[way]: it for way, it in wanted.items()},
                    title="How often sums show what they should",
                    unit="share of sums whose result has both attributes wanted",
                    highlight=WAYS[next(iter(wanted))],
                    reference=(sums.chance.value, "random images"),
                ),
                alt=f"Bars with intervals: {listed}; random images {percent(sums.chance.value)}",
                caption=f"Share of {next(iter(sums.outcomes.values())).n} sums of each kind whose result is what it "
                "should be, with 95 % intervals. Dashed: how many random images are so by chance.",
            )
        )
    return made


def _side_by_side(sums: Sums, studio: Studio, name: str) -> Drawing:
    shown = {way: codes for way, codes in sums.shown.items() if way != LAST}
    count = len(next(iter(shown.values())))
    return Drawing(
        name=name,
        image=sheet(
            drawn(
                studio.generator, Latents.cat(list(shown.values())), side=SMALL, batch_size=studio.batch_size
            ),
            columns=count,
            side=SMALL,
            row_labels=list(shown),
        ),
        alt=f"Rows of {count} results each: of means of three exemplars, of single ones, and of single ones shortened",
        caption="Results of the first draws, the same sum in each column: with means of three exemplars, with one "
        "exemplar each, and with that result brought to the usual length of a code. Are single ones stranger?",
        large=True,
    )


def turn_drawings(turned: Turned, studio: Studio) -> list[Drawing]:
    """Random samples on their way along one turn vector, and the mean score on the way of many."""
    slug = file_name(turned.family.name)
    captions = [signed(station, 2, trim=True) if station else "0" for station in SHOWN_STATIONS]
    what = str(turned.shown_turn)
    strips = Drawing(
        name=f"turn-{slug}",
        image=sheet(
            drawn(studio.generator, turned.shown, batch_size=studio.batch_size),
            columns=len(captions),
            captions=captions,
        ),
        alt=f"Rows of one random sample each, turned from {what}",
        caption=f"Random samples, one in each row, on the way from {what} along the vector between two means of four, "
        "drawn first and not selected. In the middle the sample itself; 1 is as far as from one mean to the other.",
        large=True,
    )
    lines = {
        "between means of four of each side": turned.chosen.scores,
        "between means of four random codes": turned.by_chance.scores,
    }
    start, end = turned.chosen.scores[0].value, turned.chosen.scores[-1].value
    chart = Drawing(
        name=f"turn-{slug}-scores",
        image=lines_chart(
            {name: list(zip(STATIONS, scores, strict=True)) for name, scores in lines.items()},
            title=f"Scores on the way: {turned.family.title}",
            across="steps along the turn vector (1 is from one mean to the other)",
            up="mean score (logit)",
            reference=(0.0, "as likely the one as the other"),
        ),
        alt=f"The mean score rises from {short_signed(start)} to {short_signed(end)} along turn vectors",
        caption=f"Mean score of {turned.chosen.n} random samples, each on a vector of its own, with 95 % intervals; "
        "above 0 an image is more likely on the side that is turned to. Vectors between codes that nobody chose go "
        "nowhere.",
    )
    return [strips, chart]


def map_drawings(landscape: Landscape) -> list[Drawing]:
    """The same images by their codes, and by what is seen in them."""
    color = landscape.color
    return [
        Drawing(
            name=name,
            image=map_chart(images, color=color, title=f"By {images.subject}"),
            alt=f"Map of {len(images)} images by {images.subject}: {images.faithful}",
            caption=caption,
        )
        for name, images, caption in (
            (
                "map-codes",
                landscape.codes,
                "Each point is an image; near each other are those whose codes are alike.",
            ),
            (
                "map-seen",
                landscape.seen,
                "The same images; near each other are those that look alike to whoever is named above.",
            ),
        )
    ]


def reading_drawing(reading: Reading) -> Drawing:
    """How often a linear SVM names the class, by the features that it was given."""
    results = reading.comparison.results
    first = next(iter(results.values()))
    listed = ", ".join(f"{name} {percent(result.accuracy.value)}" for name, result in results.items())
    return Drawing(
        name="critic",
        image=interval_chart(
            {name: result.accuracy for name, result in results.items()},
            title="Classes told by a linear SVM, by the features that it sees",
            unit=f"share of {len(first.rows)} held-out images told right",
            highlight=next(iter(results)),
            reference=(first.chance, "commonest class"),
        ),
        alt=f"Bars of accuracy with intervals: {listed}; the commonest class {percent(first.chance)}",
        caption=f"Share of held-out images whose class is told right, with 95 % intervals, from {reading.images} "
        f"with {reading.labels}. The critic was never told a class; untrained means the same layers with random "
        "weights. Dashed: always naming the commonest.",
    )


def short_signed(value: float) -> str:
    """A score with its sign and as many digits as it deserves."""
    return signed(value, 1 if abs(value) >= 1 else 2)
