"""The images and charts, each with what to see in it."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import wrap
from typing import Any

import torch
from jaxtyping import Float
from PIL import Image, ImageDraw
from torch import Tensor

from ganatomy.experiments.base import Experiment
from ganatomy.experiments.studies.dcgan.arithmetic import (
    AROUND,
    LAST,
    METHODS,
    NUM_EXEMPLARS,
    SHOWN_STATIONS,
    STATIONS,
    Exhibit,
    Sums,
    Turned,
)
from ganatomy.experiments.studies.dcgan.maps import CriticAccuracy, TwoMaps
from ganatomy.experiments.studies.dcgan.walks import NUM_POINTS, Copies, Walks
from ganatomy.generators.batches import draw_images
from ganatomy.images import shrunk
from ganatomy.latents import Latents
from ganatomy.metrics.walks import SHARP, WalkProfile
from ganatomy.plots import grid
from ganatomy.plots.charts import interval_chart, lines_chart
from ganatomy.plots.grids import INK, PAPER, font
from ganatomy.plots.maps import map_chart
from ganatomy.plots.speeds import Speed, speeds_chart
from ganatomy.report.document import Drawing
from ganatomy.report.elements import file_name
from ganatomy.statistics.formatting import percent, short, signed
from ganatomy.statistics.intervals import Estimate

SMALL, READABLE = 64, 96
"""Pixels on a side that images on sheets have: of long walks, and of those that are looked at one by one."""
FRAMES_SHOWN = 9
COPIES_SHOWN = 8
LETTERS = 18
"""Of a concept's name in one line above its column."""


def drawn(experiment: Experiment, codes: Latents, side: int = READABLE) -> Float[Tensor, "n c h w"]:
    """The images of codes, shrunk where they are larger than this."""
    return shrunk(draw_images(experiment.generator, codes, batch_size=experiment.batch_size), side)


def sheet(images: Float[Tensor, "n c h w"], columns: int, side: int = READABLE, **labels: Any) -> Image.Image:
    """Images in rows, small ones enlarged to about this size."""
    return grid(images, columns=columns, scale=max(1, round(side / max(images.shape[2:]))), **labels)


def walk_images(walks: Walks, experiment: Experiment) -> Drawing:
    """Every point of the walks, and the image half-way to the next."""
    num, columns = len(walks.profiles), 2 * NUM_POINTS - 1
    return Drawing(
        name="walks",
        image=sheet(
            drawn(experiment, walks.points(between=1), SMALL),
            columns,
            SMALL,
            captions=["" if k % 2 else str(k // 2 + 1) for k in range(columns)],
            row_labels=[f"walk {row + 1}" for row in range(num)],
        ),
        alt=f"{num} rows of images, each through {NUM_POINTS} random points",
        caption=f"Each row is a walk through {NUM_POINTS} random points, whose numbers stand above them; between two "
        "of them is the image half-way. Look for objects that appear and disappear, and for images that belong to "
        "neither side.",
        large=True,
    )


def walk_speeds(walks: Walks) -> Drawing:
    """The speed along every walk."""
    speeds = [
        Speed(name=f"walk {row + 1}", steps=(it.speed / it.speed.mean()).numpy(), sharp=it.transitions)
        for row, it in enumerate(walks.profiles)
    ]
    fastest = short(max(float(it.steps.max()) for it in speeds))
    return Drawing(
        name="speeds",
        image=speeds_chart(speeds, num_points=NUM_POINTS, title="How fast images change along each walk"),
        alt=f"Speed along {len(speeds)} walks; the largest is {fastest} times the mean of its walk",
        caption="Speed is the perceptual distance between neighbouring frames, divided by its mean over the walk. A "
        f"triangle marks a sharp transition: a peak above {SHARP:g} times the median speed of the walk.",
    )


def slow_and_fast(walks: Walks, experiment: Experiment) -> Drawing:
    """The flattest part of all walks, the steepest, and the frames around the largest step."""

    def mean_speed(profile: WalkProfile, part: tuple[int, int]) -> float:
        return float(profile.speed[slice(*part)].mean())

    profiles = dict(enumerate(walks.profiles))
    flat = min(profiles, key=lambda row: mean_speed(profiles[row], profiles[row].flattest))
    steep = max(profiles, key=lambda row: mean_speed(profiles[row], profiles[row].steepest))
    jump = max(profiles, key=lambda row: float(profiles[row].speed.max()))
    peak = int(profiles[jump].speed.argmax())
    first = min(max(0, peak - FRAMES_SHOWN // 2 + 1), walks.num_frames - FRAMES_SHOWN)
    parts = {
        f"flattest (walk {flat + 1})": (flat, profiles[flat].flattest),
        f"steepest (walk {steep + 1})": (steep, profiles[steep].steepest),
        f"largest step (walk {jump + 1})": (jump, (first, first + FRAMES_SHOWN - 1)),
    }
    codes = Latents.cat(
        walks.walk(row)[torch.linspace(*part, FRAMES_SHOWN).round().long()] for row, part in parts.values()
    )
    return Drawing(
        name="slow-and-fast",
        image=sheet(drawn(experiment, codes, SMALL), FRAMES_SHOWN, SMALL, row_labels=list(parts)),
        alt="Three rows of frames: the flattest part of all walks, the steepest, and those around the largest step",
        caption="The part of all walks in which images change least, the part in which they change most (an eighth of "
        f"a walk each), and the frames around the largest single step, after image {peak - first + 1} of its row. A "
        "model that has memorised images stays at one and jumps to the next.",
        large=True,
    )


def nearest_images(copies: Copies, experiment: Experiment) -> Drawing:
    """The images of the walks that are nearest to real ones, with these."""
    rows = [row for row, _, _ in copies.found.closest[:COPIES_SHOWN]]
    ours = drawn(experiment, copies.codes[rows], SMALL)
    real = shrunk(copies.real[rows], SMALL).to(ours)
    return Drawing(
        name="nearest",
        image=sheet(torch.cat([ours, real]), len(rows), SMALL, row_labels=["of a walk", "nearest real"]),
        alt=f"{len(rows)} images of walks, and below each the real image nearest to it",
        caption="The images of the walks that are nearest to a real one, the nearest first, and that real image below "
        f"each. Distances are of {copies.found.features}.",
        large=True,
    )


def sum_exhibit(sums: Sums, experiment: Experiment) -> Drawing:
    """One sum laid out as in DCGAN."""
    return Drawing(
        name=f"sum-{file_name(sums.family.name)}",
        image=_exhibit_sheet(experiment, sums.exhibit),
        alt=f"Vector arithmetic: {sums.exhibit.sum}, three exemplars of each, their means, and nine results",
        caption=f"{sums.exhibit.sum}, the first draw. Columns: three exemplars, and the image of their mean code "
        "below. Right: in the middle the sum of the means, around it the same with uniform noise of ±0.25 added to its "
        "code.",
        large=True,
    )


def _exhibit_sheet(experiment: Experiment, exhibit: Exhibit) -> Image.Image:
    """A column for each concept, its three exemplars above their mean, signs between, and 3 x 3 results."""
    exemplars, means = (drawn(experiment, codes) for codes in (exhibit.exemplars, exhibit.means))
    columns = [
        sheet(torch.cat([some, mean[None]]), 1)
        for some, mean in zip(exemplars.split(NUM_EXEMPLARS), means, strict=True)
    ]
    around = drawn(experiment, exhibit.results)
    middle = AROUND // 2 + 1
    result = sheet(torch.cat([around[1:middle], around[:1], around[middle:]]), 3)
    cell, height = columns[0].size
    gap, top, rule, left = cell // 2, 48, 6, 86
    third = height * NUM_EXEMPLARS // (NUM_EXEMPLARS + 1)
    paper = Image.new("RGB", (left + 3 * (cell + gap) + result.width, top + height + rule), PAPER)
    pen = ImageDraw.Draw(paper)

    def write(x: float, y: float, text: str, size: int = 14, anchor: str = "mm") -> None:
        text = "\n".join(wrap(text, LETTERS))
        pen.multiline_text((x, y), text, fill=INK, font=font(size), anchor=anchor, align="center", spacing=1)

    for k, (column, concept) in enumerate(zip(columns, exhibit.sum.concepts, strict=True)):
        x = left + k * (cell + gap)
        paper.paste(column.crop((0, 0, cell, third)), (x, top))
        paper.paste(column.crop((0, third, cell, height)), (x, top + third + rule))
        write(x + cell / 2, top / 2, concept.name)
        write(x + cell + gap / 2, top + third + rule + (height - third) / 2, ("−", "+", "=")[k], 30)
    write(left - 8, top + third / 2, "exemplars", anchor="rm")
    write(left - 8, top + third + rule + cell / 2, "mean", anchor="rm")
    x, y = paper.width - result.width, paper.height - result.height
    paper.paste(result, (x, y))
    write(x + result.width / 2, y - top / 2, exhibit.sum.wanted.name if exhibit.sum.wanted else "result")
    return paper


def sum_results(sums: Sums, experiment: Experiment) -> Drawing:
    """Results of the same sums by each method, side by side."""
    shown = {method: codes for method, codes in sums.shown.items() if method != LAST}
    count = len(next(iter(shown.values())))
    images = drawn(experiment, Latents.cat(shown.values()), SMALL)
    return Drawing(
        name=f"sum-{file_name(sums.family.name)}-results",
        image=sheet(images, count, SMALL, row_labels=list(shown)),
        alt=f"Rows of {count} results each: of means of three exemplars, of single ones, and of single ones shortened",
        caption="Results of the first draws, the same sum in each column: with means of three exemplars, with one "
        "exemplar each, and with that result brought to the usual length of a code. Are single ones stranger?",
        large=True,
    )


def sum_accuracy(sums: Sums) -> Drawing | None:
    """How often the sums show what they should; None where there is no right answer."""
    chance = sums.random.wanted
    right = {METHODS[method]: it.wanted for method, it in sums.outcomes.items() if it.wanted is not None}
    if chance is None:
        return None
    n = next(iter(sums.outcomes.values())).n
    return Drawing(
        name=f"sum-{file_name(sums.family.name)}-right",
        image=interval_chart(
            right,
            highlight=next(iter(right)),
            title="How often sums show what they should",
            unit="share of sums whose result has both attributes wanted",
            reference=(chance.value, "random images"),
        ),
        alt=f"Bars with intervals: {_listing(right)}; random images {percent(chance.value)}",
        caption=f"Share of {n} sums of each kind whose result is what it should be, with 95 % intervals. Dashed: how "
        "many random images are so by chance.",
    )


def _listing(values: Mapping[str, Estimate]) -> str:
    return ", ".join(f"{name} {percent(it.value)}" for name, it in values.items())


def turn_images(turned: Turned, experiment: Experiment) -> Drawing:
    """Random samples moved along one turn vector."""
    captions = [signed(station, 2, trim=True) if station else "0" for station in SHOWN_STATIONS]
    return Drawing(
        name=f"turn-{file_name(turned.family.name)}",
        image=sheet(drawn(experiment, turned.shown), len(captions), captions=captions),
        alt=f"Rows of one random sample each, turned from {turned.shown_turn}",
        caption=f"Random samples, one in each row, from {turned.shown_turn} along the vector between two means of four "
        "codes, the first draw. In the middle is the sample itself; 1 is the distance from one mean to the other.",
        large=True,
    )


def turn_scores(turned: Turned) -> Drawing:
    """The mean score along the vectors of many draws."""
    lines = {
        "between means of four of each side": turned.chosen.scores,
        "between means of four random codes": turned.by_chance.scores,
    }
    start, end = (
        signed(it.value, 1 if abs(it.value) >= 1 else 2)
        for it in (turned.chosen.scores[0], turned.chosen.scores[-1])
    )
    return Drawing(
        name=f"turn-{file_name(turned.family.name)}-scores",
        image=lines_chart(
            {name: list(zip(STATIONS, scores, strict=True)) for name, scores in lines.items()},
            title=f"Scores along turn vectors: {turned.family.title}",
            across="steps along the turn vector (1 is from one mean to the other)",
            up="mean score (logit)",
            reference=(0.0, "both sides equally likely"),
        ),
        alt=f"The mean score rises from {start} to {end} along turn vectors",
        caption=f"Mean score of {turned.chosen.n} random samples, each on a vector of its own, with 95 % intervals; "
        "above 0 an image is more likely on the side that is turned to. Vectors between random codes lead nowhere.",
    )


def both_maps(maps: TwoMaps) -> list[Drawing]:
    """The same images by their codes, and by their features."""
    return [
        Drawing(
            name=name,
            image=map_chart(images, color=maps.color, title=f"By {images.subject}"),
            alt=f"Map of {len(images)} images by {images.subject}: {images.faithful}",
            caption=caption,
        )
        for name, images, caption in (
            (
                "map-codes",
                maps.codes,
                "Each point is an image; images with similar codes are near each other.",
            ),
            (
                "map-features",
                maps.features,
                "The same images; images with similar features are near each other.",
            ),
        )
    ]


def critic_bars(accuracy: CriticAccuracy) -> Drawing:
    """How often a linear SVM finds the class, by the features that it was given."""
    results = accuracy.comparison.results
    first = next(iter(results.values()))
    bars = {name: result.accuracy for name, result in results.items()}
    return Drawing(
        name="critic",
        image=interval_chart(
            bars,
            highlight=next(iter(bars)),
            title="Accuracy of a linear SVM, by the features that it is given",
            unit=f"share of {len(first.rows)} held-out images whose class is found",
            reference=(first.chance, "commonest class"),
        ),
        alt=f"Bars of accuracy with intervals: {_listing(bars)}; the commonest class {percent(first.chance)}",
        caption=f"Share of held-out images whose class is found, with 95 % intervals, from {accuracy.images} with "
        f"{accuracy.labels}. The critic was trained without classes; untrained means the same layers with random "
        "weights. Dashed: always naming the commonest class.",
    )
