"""`ganatomy info`: what a model is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from ganatomy.cli.console import answer
from ganatomy.cli.outputs import IMAGES, expect_file
from ganatomy.cli.parameters import Json, out_path
from ganatomy.cli.subject import WholeModel

if TYPE_CHECKING:
    from ganatomy.generators.description import Description


CHEAP = 20e9
"""Floating point operations that a look at a few images may take unless they are asked for."""


def info(
    subject: WholeModel,
    *,
    out: Annotated[Path | None, out_path("A sheet of 16 images to write.")] = None,
    json: Json = False,
) -> None:
    """Say what a model is: architecture, sizes, spaces, cost, licence, what was guessed or is unusual, its fingerprint.

    A few images are drawn to see whether they differ from code to code.

    Example:
        ganatomy info faces
        ganatomy info generator.pt -o sheet.png
        ganatomy info stylegan2-ada-ffhq --json
    """
    from ganatomy.generators.description import describe
    from ganatomy.generators.variety import IMAGES as SHEET
    from ganatomy.generators.variety import draw_variety
    from ganatomy.images import save_image
    from ganatomy.plots.grids import grid

    if out is not None:
        expect_file(out, IMAGES)
    found = describe(subject.opened)
    n = SHEET if out else max(2, min(SHEET, int(CHEAP / max(found.flops or 0, 1))))
    images, variety = draw_variety(subject.opened, n=n)
    lines = [str(found), str(variety), *(f"note: {note}" for note in variety.notes())]
    if out is not None:
        save_image(grid(images.nan_to_num(), columns=4, gap=2), out)
        lines.append(f"{out}: a sheet of {n} images")
    data = _data(found)
    data |= {"variety": asdict(variety), "notes": [*data["notes"], *variety.notes()]}
    answer("\n".join(lines), {"model": subject.model, **data}, as_json=json)


def _data(found: Description) -> dict[str, Any]:
    it, origin = found.signature, found.origin
    assert origin is not None
    card: Mapping[str, Any] = origin.card
    return {
        "source": origin.source.kind,
        "name": origin.source.name,
        "path": str(origin.source.path),
        "url": origin.source.url,
        "bundled": origin.source.kind == "bundled",
        "format": origin.format,
        "size": found.file_size,
        "licence": origin.licence,
        **vars(it),
        "spaces": [str(space) for space in it.spaces],
        "parameters": found.parameters,
        "flops": found.flops,
        "settings": found.settings,
        "notes": list(found.notes),
        "guesses": [guess.to_data() for guess in found.guesses],
        "card": dict(card),
        "fingerprint": found.fingerprint,
    }
