"""The page of one map."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ganatomy._version import __version__
from ganatomy.maps.faithfulness import NEIGHBOURS, neighbour_accuracy
from ganatomy.maps.images import ImageMap
from ganatomy.report.document import Document, Section
from ganatomy.report.elements import Number
from ganatomy.report.maps.embedded import zoomable_map
from ganatomy.report.writer import write_page
from ganatomy.statistics.formatting import percent


def write_map(
    images: ImageMap,
    path: str | os.PathLike[str],
    *,
    color: str | None = None,
    model: str = "a generator",
) -> Path:
    """Write a map as one HTML file that zooms and needs no network.

    Args:
        images: the map, as `map_images` returns it.
        path: of the file.
        color: what points are coloured by first, "class" or an attribute.
        model: what the page calls the generator.

    Returns:
        The path of the file.

    Raises:
        UnknownNameError: for an attribute that was not scored.
        SettingError: for classes where there are none.
        OutputError: when the file cannot be written.

    Example:
        ::

            found = ga.map_images(ga.load("digits"), scorer=ga.scorer("digits"), n=1000)
            ga.write_map(found, "digits.html", model="digits")
    """
    return write_page(map_document(images, color=color, model=model), path)


def map_document(images: ImageMap, *, color: str | None = None, model: str = "a generator") -> Document:
    """A map that zooms as a document, with where things lie and how faithful it is."""
    zoomable = zoomable_map(images, color=color)
    where = [Section(name="where", title=table.title, tables=[table]) for table in zoomable.tables]
    return Document(
        title=f"Map of {images.subject}",
        eyebrow=f"{model} · {len(images):,} images of seed {images.seed}",
        sentences=[_lead(images, zoomable.color)],
        numbers=[],
        sections=[
            Section(name="images", title="", html=zoomable.html()),
            Section(
                name="trust",
                title="How faithful it is",
                paragraphs=images.map.notes,
                facts=[
                    ("Mapped", images.subject),
                    ("Method", images.map.description),
                    (
                        "Images",
                        f"{len(images):,}, seed {images.seed}, codes drawn in {images.latents.space}",
                    ),
                ],
                numbers=_numbers(images),
            ),
            *where,
        ],
        footer=f"Made by ganatomy {__version__}. This page needs no network.",
    )


def _lead(images: ImageMap, color: str | None) -> str:
    """Whether neighbours on the map have the same class, or the same answer to the attribute of the colour."""
    faithful = images.faithful
    accuracy, before, chance, what = (
        faithful.class_accuracy, faithful.class_accuracy_before, faithful.chance, "the class"
    )  # fmt: skip
    if accuracy is None and images.scores is not None and color is not None:
        has = (images.scores.column(color) > 0).cpu().numpy()
        accuracy = neighbour_accuracy(images.map.xy.numpy(), has.astype(int), seed=images.seed)
        chance, what = float(max(has.mean(), 1 - has.mean())), color
    if accuracy is None or chance is None:
        return "Each point is an image. Images near each other are alike."
    nearest = f"of the {faithful.neighbours if before else NEIGHBOURS} nearest neighbours"
    tested = before or accuracy
    if tested.low <= chance:
        return (
            f"Neighbours do not predict {what} here: most {nearest} agree with an image on it in "
            f"{percent(tested.value)} of all cases, and the commonest answer is right in {percent(chance)}. Groups on "
            "the map are chance."
        )
    against = f"{percent(before.value)} before the points were mapped, and " if before else ""
    return (
        f"Each point is an image. Most {nearest} on the map agree with it on {what} in {percent(accuracy.value)} of "
        f"all cases, against {against}{percent(chance)} by always naming the commonest answer."
    )


def _numbers(images: ImageMap) -> Sequence[Number]:
    faithful = images.faithful
    numbers = [
        Number(
            value=f"{faithful.trustworthiness:.2f}",
            label=f"trustworthiness: are the {faithful.neighbours} neighbours on the map real neighbours? "
            "1 is best, chance is 0.5",
        ),
        Number(
            value=f"{faithful.continuity:.2f}",
            label="continuity: are real neighbours near on the map? 1 is best, chance is 0.5",
        ),
    ]
    if faithful.class_accuracy is not None:
        numbers.append(
            Number(
                value=percent(faithful.class_accuracy.value),
                label=f"class predicted by neighbours, ± {100 * faithful.class_accuracy.error:.1f} (95 % interval)",
            )
        )
    return numbers
