"""The page and the data of the study."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import torch

from ganatomy.experiments.base import Experiment
from ganatomy.experiments.documents import document
from ganatomy.experiments.studies.photographs.result import CONFIDENT, Group, PhotographStudy
from ganatomy.plots import grid
from ganatomy.report.document import Document, Drawing, Section
from ganatomy.report.elements import Number, file_name, made_in, table
from ganatomy.statistics.formatting import interval, number, percent, short
from ganatomy.statistics.intervals import CONFIDENCE, NUM_RESAMPLES

SHOWN = 8
"""Images of a sheet."""


@document.register
def photographs_document(
    found: PhotographStudy, experiment: Experiment, *, model: str | None = None, scorer: str | None = None
) -> Document:
    """The study as a document, for `write_document`.

    Args:
        found: the study.
        experiment: that it was made with.
        model: what the page calls the generator.
        scorer: what it calls the scorer.
    """
    model = model or found.signature.architecture
    height, width = found.signature.size
    who = "judge" if found.judged else "scorer"
    return Document(
        title=f"Photographs on {Path(model).stem}",
        eyebrow=f"{found.signature.architecture}, {width} × {height} pixels; read by the {who}: {found.reader}",
        sentences=sentences(found),
        numbers=_numbers(found),
        sections=[
            Section(
                name="reconstruction",
                title="How near the images are",
                link="Reconstruction",
                tables=[_reconstruction(found)],
            ),
            Section(
                name="edits",
                title=f"What an edit of {found.attribute} changes",
                link="Edits",
                tables=[_edits(found)],
            ),
            Section(
                name="images",
                title="Images",
                draw=[partial(_sheet, found, group) for group in found.groups],
            ),
            _how(found, who),
        ],
        data={"fingerprint": experiment.generator.fingerprint, **_data(found, model=model, scorer=scorer)},
        footer=made_in(found.seconds),
    )


def sentences(found: PhotographStudy) -> list[str]:
    """What was found, most important first."""
    texts = []
    for group in found.groups[1:]:
        share, psnr = found.share(group), group.error("psnr")
        assert psnr is not None
        texts.append(
            f"{group.name.capitalize()} are made with {short(psnr.value)} dB; on them {found.attribute} changes "
            f"{percent(share.value)} as much as in generated images ({interval(share)})."
        )
    reference = found.generated.selectivity
    for group in found.groups[2:] or found.groups[1:]:
        own = group.selectivity
        differs = own.high < reference.low or own.low > reference.high
        how = ("less" if own.value < reference.value else "more") if differs else "as"
        than = "selective than" if differs else "selective, within chance, as"
        texts.append(
            f"The edit is {how} {than} in generated images on {group.name}: {short(own.value)} against "
            f"{short(reference.value)}."
        )
    return texts


def _numbers(found: PhotographStudy) -> list[Number]:
    last = found.groups[-1]
    psnr = last.error("psnr")
    assert psnr is not None
    return [
        Number(value=f"{short(psnr.value)} dB", label=f"PSNR of {last.name}"),
        Number(
            value=percent(found.share(last).value),
            label=f"of the change of {found.attribute} in generated images",
        ),
        Number(value=short(last.selectivity.value), label=f"selectivity on {last.name}"),
    ]


def _reconstruction(found: PhotographStudy) -> Any:
    return table(
        "Reconstruction",
        caption=(
            "Means over images. Agreement: share of readings of the image as given, confident by "
            f"{percent(CONFIDENT)}, that the image of the codes is on the same side of one half for. Percentile of "
            "codes: how far from the mean code they lie, among codes that the generator draws."
        ),
        first="images",
        rows=found.groups[1:],
        name=lambda group: group.name,
        columns={
            "images": lambda group: str(len(group)),
            "PSNR, dB": lambda group: group.error("psnr"),
            "SSIM": lambda group: group.error("ssim"),
            **({"perceptual": lambda group: group.error("perceptual")} if _has_perceptual(found) else {}),
            "agreement": lambda group: group.agreement,
            "percentile of codes, %": lambda group: group.code_percentile,
        },
        stacked=True,
    )


def _has_perceptual(found: PhotographStudy) -> bool:
    return any(group.error("perceptual") is not None for group in found.groups)


def _edits(found: PhotographStudy) -> Any:
    return table(
        "Edits",
        caption=(
            f"Every image is moved by {short(found.step)} standard deviations of codes along the direction of "
            f"{found.attribute}, away from what it shows. Selectivity is the change of {found.attribute} over the mean "
            "change, its sign dropped, of each other attribute."
        ),
        first="images",
        rows=found.groups,
        name=lambda group: group.name,
        columns={
            "change": lambda group: group.target_change,
            "share of generated": lambda group: None if group is found.generated else found.share(group),
            "selectivity": lambda group: group.selectivity,
        },
        marked=lambda group: group is found.generated,
    )


def _sheet(found: PhotographStudy, group: Group) -> Drawing:
    rows = [group.made, group.edited] if group.inversion is None else [group.images, group.made, group.edited]
    shown = min(SHOWN, len(group))
    names = {2: ["generated", "edited"], 3: ["given", "inverted", "edited"]}[len(rows)]
    sheet = grid(torch.cat([row[:shown] for row in rows]), columns=shown, row_labels=names)
    return Drawing(
        name=file_name(group.name),
        image=sheet,
        title=group.name.capitalize(),
        alt=f"{shown} images of {group.name}, in rows: {', '.join(names)}",
        caption=f"In the last row {found.attribute} is moved away from what the image shows.",
        large=True,
    )


def _how(found: PhotographStudy, who: str) -> Section:
    items = [
        f"The direction of {found.attribute} was found by regression on {found.num_codes:,} codes and the scorer.",
        (
            f"Images were inverted with editability {number(found.editability)}. Own samples are images of the "
            "generator whose codes were not told."
        ),
        (
            f"All readings are by the {who}. "
            + (
                "It took no part in finding the direction, and in no loss."
                if found.judged
                else "It found the direction."
            )
        ),
        f"Intervals are {percent(CONFIDENCE)}, from drawing the images of a group again {NUM_RESAMPLES:,} times.",
    ]
    return Section(name="how", title="How this was measured", link="How", items=items)


def _data(found: PhotographStudy, *, model: str, scorer: str | None) -> dict[str, Any]:
    return {
        "study": "photographs",
        "model": model,
        "scorer": scorer,
        "reader": found.reader,
        "judged": found.judged,
        "attribute": found.attribute,
        "step": found.step,
        "editability": found.editability,
        "groups": {
            group.name: {
                "images": len(group),
                "psnr": group.error("psnr"),
                "ssim": group.error("ssim"),
                "perceptual": group.error("perceptual"),
                "agreement": group.agreement,
                "code_percentile": group.code_percentile,
                "change": group.target_change,
                "share_of_generated": found.share(group),
                "selectivity": group.selectivity,
            }
            for group in found.groups
        },
        "seconds": dict(found.seconds),
    }
