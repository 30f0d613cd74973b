"""The page and the data."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import torch

from ganatomy.experiments.base import Experiment
from ganatomy.experiments.documents import document
from ganatomy.generators.batches import draw_images
from ganatomy.plots import grid
from ganatomy.report.document import Document, Drawing, Section
from ganatomy.report.elements import Number, made_in, table
from ganatomy.statistics.formatting import listed, number, percent, percent_with_interval, short
from ganatomy.training.studies.infogan.result import InfoganPair, InfoganStudy

SHOWN = 10
"""Images of each category."""
NAMED = 5
"""Attributes that a sentence names before it counts the rest."""
PURE = 0.8
"""Purity from which a category is said to be a class."""


@document.register
def infogan_document(
    found: InfoganStudy,
    experiment: Experiment | None = None,
    *,
    model: str | None = None,
    scorer: str | None = None,
) -> Document:
    """What the study found.

    Args:
        found: all pairs of GANs.
        experiment: not needed.
        model: what the page calls the data.
        scorer: name or file of the classifier, for the data.
    """
    data = model or found.data
    side = found.resolution
    return Document(
        title=f"Codes without labels, directions with them: {data}",
        eyebrow=f"InfoGAN beside a plain GAN, {side} × {side} pixels, {found.images:,} images shown to each",
        sentences=list(sentences(found)),
        numbers=list(_numbers(found)),
        sections=[
            Section(
                name="steered",
                title="What can be steered",
                link="Steered",
                tables=[_steered(found), _selectivity(found), _cost(found)],
            ),
            Section(
                name="codes",
                title="What InfoGAN's codes are",
                link="Codes",
                tables=[_codes(found.pairs[0], found)],
                draw=[partial(_categories, found.pairs[0]), partial(_continuous, found.pairs[0])],
            ),
            Section(name="how", title="How this was measured", link="How", items=_how(found)),
        ],
        data={"study": "infogan", "data": data, "scorer": scorer, **_data(found)},
        footer=made_in(found.seconds),
    )


def sentences(found: InfoganStudy) -> Iterator[str]:
    """What was found, most important first."""
    total, pairs = len(found.attributes), found.pairs
    known = [pair.purity for pair in pairs if pair.purity is not None]
    if known:
        pure = sum(purity.value.value > PURE for purity in known)
        yield (
            f"InfoGAN's category is purer than {percent(PURE)} in {pure} of {len(known)} trainings: "
            f"{listed([percent(purity.value.value) for purity in known])} of the images of a category show its "
            "commonest class."
        )
    codes, directions = ([len(pair.steered[kind]) for pair in pairs] for kind in ("codes", "directions"))
    yield (
        f"Of {total} attributes InfoGAN's codes steer {_counts(codes)}, found without a label; supervised directions "
        f"of the plain GAN steer {_counts(directions)}, from {found.num_labels:,} scored images."
    )
    never = [name for name in found.attributes if not any(name in pair.steered["codes"] for pair in pairs)]
    if never and any(codes):
        rest = [f"{len(never) - NAMED} more"] if len(never) > NAMED else []
        yield (
            f"No training of InfoGAN found {listed([*never[:NAMED], *rest])}; a user cannot choose which attributes "
            "its codes take."
        )


def _counts(counts: list[int]) -> str:
    return (
        str(counts[0])
        if len(counts) == 1
        else f"{listed([str(count) for count in counts])} (one number a seed)"
    )


def _numbers(found: InfoganStudy) -> Iterator[Number]:
    first, total = found.pairs[0], len(found.attributes)
    if first.purity is not None:
        yield Number(value=percent(first.purity.value.value), label="purity of InfoGAN's category, seed 0")
    for kind, name in (("codes", "InfoGAN's codes"), ("directions", "supervised directions")):
        yield Number(
            value=f"{len(first.steered[kind])} of {total}", label=f"attributes steered by {name}, seed 0"
        )


def _steered(found: InfoganStudy) -> Any:
    pure = {str(pair.seed): pair.purity for pair in found.pairs if pair.purity is not None}
    purities = {
        "purity": lambda pair: percent_with_interval(pure[str(pair.seed)].value),
        "classes shown": lambda pair: str(pure[str(pair.seed)].num_shown),
    }
    return table(
        "Attributes that can be steered",
        caption=(
            f"An attribute counts if its mean probability changes by {short(found.target_change)} or nearly so"
            + (", and the judge sees half of it." if found.judged else ".")
            + " Variety: how far images of one category lie apart, as a share of how far real images do; a category of "
            "one image is pure and says nothing."
        ),
        first="seed",
        rows=found.pairs,
        name=lambda pair: str(pair.seed),
        columns={
            **(purities if found.pairs[0].purity is not None else {}),
            "variety": lambda pair: number(pair.variety),
            "by codes": lambda pair: str(len(pair.steered["codes"])),
            "which": lambda pair: ", ".join(pair.steered["codes"]) or "none",
            "by directions": lambda pair: str(len(pair.steered["directions"])),
        },
        words=("which",),
    )


def _selectivity(found: InfoganStudy) -> Any:
    return table(
        "How precisely",
        caption=(
            "Selectivity: the change of the target over the mean change of another attribute, mean over what can be "
            f"steered. Directions are asked for a change of {short(found.target_change)}; a category changes as a "
            "whole, so its figure is that of a larger step."
        ),
        first="seed",
        rows=found.pairs,
        name=lambda pair: str(pair.seed),
        columns={
            "codes": lambda pair: pair.selectivity["codes"],
            "directions": lambda pair: pair.selectivity["directions"],
        },
    )


def _cost(found: InfoganStudy) -> Any:
    return table(
        "What it took",
        caption=(
            "Minutes of training on this machine; finding includes drawing and scoring the images, and measuring. "
            "Codes need no labels to be found, but someone must look at them, or a classifier, to say what they are."
        ),
        first="seed",
        rows=found.pairs,
        name=lambda pair: str(pair.seed),
        columns={
            "InfoGAN, min": lambda pair: number(pair.seconds["infogan"] / 60, 1),
            "plain GAN, min": lambda pair: number(pair.seconds["plain"] / 60, 1),
            "finding directions, min": lambda pair: number(pair.seconds["finding"] / 60, 1),
            "labels for codes": lambda _: "0",
            "labels for directions": lambda _: f"{found.num_labels:,}",
        },
    )


def _codes(pair: InfoganPair, found: InfoganStudy) -> Any:
    def shows(name: str) -> str | None:
        kind, _, place = name.rpartition(" ")
        if pair.purity is None or kind != "category":
            return None
        counts = pair.purity.counts[int(place)]
        share = float(counts.max()) / float(counts.sum())
        return f"{pair.purity.shown[int(place)]} in {percent(share)} of its images"

    def strongest(name: str) -> str:
        changes = pair.codes.changes[name]
        column = int(changes.abs().argmax())
        return f"{found.attributes[column]} ({'+' if changes[column] > 0 else '−'}{abs(float(changes[column])):.2f})"

    return table(
        f"Codes of seed {pair.seed}",
        caption="What changes most, by the mean change of its probability, where images are given a category or code.",
        first="code",
        rows=list(pair.codes.changes),
        columns={
            "changes most": strongest,
            **({} if pair.purity is None else {"shows": shows}),
        },
        words=("changes most",) if pair.purity is None else ("changes most", "shows"),
    )


def _categories(pair: InfoganPair) -> Drawing:
    generator = pair.infogan
    count = generator.signature.num_classes
    rows = [draw_images(generator, generator.sample(SHOWN, seed=1, label=k)) for k in range(count)]
    labels = [f"category {k}" for k in range(count)]
    return Drawing(
        name="categories",
        image=grid(torch.cat(rows).clamp(-1, 1), columns=SHOWN, row_labels=labels, scale=2),
        alt=f"{SHOWN} images of each of {count} categories",
        title=f"Categories of seed {pair.seed}",
        caption="Each row is a category, each column one code of the rest of z.",
        large=True,
    )


def _continuous(pair: InfoganPair) -> Drawing | None:
    names = [name for name in pair.codes.changes if name.startswith("continuous")]
    if not names:
        return None
    generator, steps = pair.infogan, torch.linspace(-1, 1, 9)
    one = generator.sample(1, seed=4)[[0] * len(steps)]
    rows = []
    for index in range(len(names)):
        walk = one.codes.clone()
        walk[:, index] = steps
        rows.append(draw_images(generator, one.with_codes(walk)))
    return Drawing(
        name="continuous",
        image=grid(torch.cat(rows).clamp(-1, 1), columns=len(steps), row_labels=names, scale=2),
        alt=f"One image along each of {len(names)} continuous codes, from -1 to 1",
        title="Continuous codes",
        caption="One image, with one code from −1 to 1 in each row.",
        large=True,
    )


def _how(found: InfoganStudy) -> list[str]:
    reader = "the judge, which took no part in finding directions" if found.judged else "the scorer"
    return [
        (
            "Both GANs have the same networks, penalty, batch and images; InfoGAN's critic also reads the codes "
            "(Chen et al. 2016)."
        ),
        (
            f"Images are read by {reader}: {found.reader}. Purity is the share of images that show the commonest class "
            "of their category, for classes that exclude each other."
        ),
        "Directions were found by regression on codes and scores of the plain GAN, and tried on other images.",
        (
            "A category is tried by giving it to images of all categories; a continuous code by its largest value "
            "against its least. Of several codes that move an attribute most, the strongest counts."
        ),
    ]


def _data(found: InfoganStudy) -> dict[str, Any]:
    return {
        "resolution": found.resolution,
        "images": found.images,
        "labels": found.num_labels,
        "target_change": found.target_change,
        "reader": found.reader,
        "judged": found.judged,
        "attributes": list(found.attributes),
        "pairs": [
            {
                "seed": pair.seed,
                "purity": None if pair.purity is None else pair.purity.value,
                "variety": pair.variety,
                "shown": None if pair.purity is None else pair.purity.shown,
                "steered": {kind: list(names) for kind, names in pair.steered.items()},
                "selectivity": pair.selectivity,
                "codes": dict(pair.codes.codes),
                "seconds": dict(pair.seconds),
            }
            for pair in found.pairs
        ],
        "seconds": dict(found.seconds),
    }
