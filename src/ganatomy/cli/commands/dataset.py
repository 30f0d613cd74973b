"""`ganatomy dataset`: the drawn faces, as a sheet or as files with a table of labels."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from ganatomy.cli.console import Advance, answer, progress
from ganatomy.cli.outputs import PICTURES, expect_file, expect_folder
from ganatomy.cli.parameters import Count, Json, Scale, Seed
from ganatomy.errors import SettingError

AT_ONCE = 256
"""Faces that are held in memory while a folder is written."""


def dataset(
    name: Annotated[Literal["faces"], Parameter(help="Which data set: faces are drawn, with exact labels.")],
    /,
    *,
    out: Annotated[
        Path,
        Parameter(
            name=["--out", "-o"],
            help="A picture for a sheet, such as sheet.png, or a folder for single files.",
        ),
    ],
    n: Count = 64,
    seed: Seed = 0,
    resolution: Annotated[int, Parameter(help="Height and width of a picture, in pixels.")] = 64,
    independent: Annotated[
        bool,
        Parameter(
            negative=(),
            show_default=False,
            help="Draw attributes independently, not entangled as CelebA's are.",
        ),
    ] = False,
    columns: Annotated[
        int | None, Parameter(help="Pictures in a row of a sheet; by default it is square.")
    ] = None,
    scale: Scale = None,
    json: Json = False,
) -> None:
    """Draw faces with exact labels: one sheet, or a folder of PNG files with labels.csv and factors.csv.

    Args:
        n: How many faces to draw.

    Example:
        ganatomy dataset faces -n 64 -o sheet.png
        ganatomy dataset faces -n 5000 --resolution 128 --independent -o drawn/
    """
    from ganatomy.datasets.faces import draw_faces, sample_faces
    from ganatomy.images import save_image
    from ganatomy.plots import grid

    if n < 1 or resolution < 32:
        raise SettingError(
            f"-n {n} and --resolution {resolution} draw nothing; ask for 1 face and 32 px or more"
        )
    if out.suffix.lower() in PICTURES:
        expect_file(out)
        faces = sample_faces(n, seed=seed, entangled=not independent)
        save_image(grid(draw_faces(faces, resolution=resolution), columns=columns, scale=scale), out)
    elif out.suffix:
        raise SettingError(
            f"{out.name!r} is neither a picture nor a folder; name a sheet .png, or a folder without a dot"
        )
    else:
        expect_folder(out)
        with progress("drawing") as advance:
            _write_folder(
                out, n, seed=seed, entangled=not independent, resolution=resolution, advance=advance
            )
    data = {"dataset": name, "n": n, "seed": seed, "resolution": resolution, "independent": independent}
    answer(f"{out}: {n} drawn faces, seed {seed}", {**data, "out": str(out)}, as_json=json)


def _write_folder(
    folder: Path, n: int, *, seed: int, entangled: bool, resolution: int, advance: Advance
) -> None:
    """Pictures 000000.png and so on, and two tables with a line for each."""
    from ganatomy.datasets.faces import ATTRIBUTES, FACTORS, draw_faces, sample_faces
    from ganatomy.images import save_image, to_pil

    with (
        (folder / "labels.csv").open("w", newline="", encoding="utf-8") as labels_file,
        (folder / "factors.csv").open("w", newline="", encoding="utf-8") as factors_file,
    ):
        labels, factors = csv.writer(labels_file), csv.writer(factors_file)
        labels.writerow(["file", *ATTRIBUTES])
        factors.writerow(["file", *(factor.name for factor in FACTORS)])
        for first in range(0, n, AT_ONCE):
            faces = sample_faces(min(AT_ONCE, n - first), seed=seed, entangled=entangled, start=first)
            images = draw_faces(faces, resolution=resolution)
            present, values = faces.labels.int().tolist(), faces.factors.tolist()
            for row, image in enumerate(images):
                file = f"{first + row:06d}.png"
                save_image(to_pil(image), folder / file)
                labels.writerow([file, *present[row]])
                factors.writerow([file, *(f"{value:.5f}" for value in values[row])])
            advance(first + len(faces), n)
