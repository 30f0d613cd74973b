"""`ganatomy dataset`: the drawn faces, as a sheet or as files with a table of labels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from ganatomy.cli.console import answer, progress
from ganatomy.cli.enlarging import ENLARGING, Enlarging
from ganatomy.cli.outputs import IMAGES, expect_file, expect_new_folder, write
from ganatomy.cli.parameters import Count, Json, Seed, SmallOrNone, out_path, switch, within
from ganatomy.errors import SettingError


def dataset(
    name: Annotated[Literal["faces"], Parameter(help="Which data set: faces are drawn, with exact labels.")],
    /,
    *,
    out: Annotated[
        Path,
        out_path("An image for a sheet, such as sheet.png, or a folder for single files."),
    ],
    n: Count = 64,
    seed: Seed = 0,
    resolution: Annotated[int, within(32, 4096)] = 64,
    independent: Annotated[
        bool, switch("Draw attributes independently, not correlated as CelebA's are.")
    ] = False,
    columns: SmallOrNone = None,
    enlarging: Enlarging = ENLARGING,
    json: Json = False,
) -> None:
    """Draw faces with exact labels: one sheet, or a folder of PNG files with labels.csv and factors.csv.

    Args:
        n: Number of faces.
        resolution: Height and width of an image, in pixels.
        columns: Images in a row of a sheet; by default it is square.

    Example:
        ganatomy dataset faces -n 64 -o sheet.png
        ganatomy dataset faces -n 5000 --resolution 128 --independent -o drawn/
    """
    from ganatomy.datasets import write_faces
    from ganatomy.recipes import DrawnFaces, Recipe

    if out.suffix.lower() in IMAGES:
        expect_file(out)
        faces = DrawnFaces(n=n, seed=seed, resolution=resolution, independent=independent, columns=columns)
        write(Recipe(image=faces, scale=enlarging.scale, pixels=enlarging.pixels), out)
    elif out.suffix:
        raise SettingError(
            f"{out.name!r} is neither an image nor a folder; name a sheet .png, or a folder without a dot"
        )
    else:
        expect_new_folder(out)
        with progress("drawing") as advance:
            write_faces(out, n, seed=seed, resolution=resolution, entangled=not independent, progress=advance)
    data = {"dataset": name, "n": n, "seed": seed, "resolution": resolution, "independent": independent}
    answer(f"{out}: {n} drawn faces, seed {seed}", {**data, "out": str(out)}, as_json=json)
