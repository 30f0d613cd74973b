"""`ganatomy align`: faces of photographs, cut as the images of a data set."""

from __future__ import annotations

import json as json_text
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from ganatomy.cli.console import answer, remark
from ganatomy.cli.outputs import expect_new_folder
from ganatomy.cli.parameters import Json, OutFolder, switch, within
from ganatomy.cli.photographs import FaceOptions, each_cut, measured_layout, named_layout, photograph_files
from ganatomy.errors import SettingError

if TYPE_CHECKING:
    from ganatomy.photographs import Crops, Photograph

TABLE, LAYOUT_FILE = "crops.json", "layout.json"
"""Files beside the crops: where each lies in its photograph, and the layout that was measured."""

FACES = FaceOptions()


def align(
    photographs: Annotated[list[Path], Parameter(help="Photographs, or folders of them.")],
    /,
    *,
    out: OutFolder,
    layout: str = "ffhq",
    like: str | None = None,
    resolution: Annotated[int, within(1, 8192)] = 256,
    faces: FaceOptions = FACES,
    grey: Annotated[bool, switch("Write grey images, for a model of one channel.")] = False,
    json: Json = False,
) -> None:
    r"""Cut faces out of photographs as the images of a data set are cut: for training, or to be inverted.

    The folder gets a PNG file for each face, and crops.json, which says where each lies in its photograph. Photographs
    without a face, and files that cannot be read, are left out and named.

    Args:
        layout: Where faces lie in the crop: ffhq, celeba, crop (the largest square in the middle, no face is looked
            for), or a file of JSON with five points.
        like: A folder of aligned images, or a model: faces are laid out as theirs, which is measured and written to
            layout.json.
        resolution: Height and width of a crop, in pixels.

    Example:
        ganatomy align me.jpg -o aligned/ --resolution 512
        ganatomy align holiday/ -o aligned/ --like my-generator.pt --faces all
        ganatomy align flowers/ -o squares/ --layout crop --resolution 64
    """
    from ganatomy.photographs import align as cut
    from ganatomy.photographs import save_layout

    if like is not None and layout != "ffhq":
        raise SettingError("--layout and --like both say where faces lie; leave one out")
    files, found = photograph_files(photographs), named_layout(layout)
    expect_new_folder(out)
    detector = None if found == "crop" and like is None else faces.find_detector()
    if like is not None:
        assert detector is not None
        found = measured_layout(like, detector)
        save_layout(found, out / LAYOUT_FILE)
    written = Written(folder=out)

    def crops_of(photograph: Photograph) -> Crops:
        return cut(
            photograph,
            layout=found,
            resolution=resolution,
            faces=faces.which,
            detector=detector or "yunet",
            channels=1 if grey else 3,
        )

    for photograph, crops in each_cut(files, crops_of, written.skip):
        written.write(photograph, crops)
    table = {
        "layout": like or layout,
        "resolution": resolution,
        "crops": written.crops,
        "skipped": written.skipped,
    }
    written.finish(table)
    skipped = f", {len(written.skipped)} photographs left out" if written.skipped else ""
    answer(
        f"{out}: {len(written.crops)} crops of {resolution} px{skipped}",
        {"out": str(out), **table},
        as_json=json,
    )


@dataclass(frozen=True, kw_only=True)
class Written:
    """The crops that were written to a folder, and the photographs that gave none."""

    folder: Path
    crops: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[dict[str, str]] = field(default_factory=list)

    def skip(self, file: Path, error: Exception) -> None:
        remark(f"left out: {error}")
        self.skipped.append({"photograph": str(file), "why": str(error)})

    def write(self, photograph: Photograph, crops: Crops) -> None:
        from ganatomy.images import save_image, to_pil

        for row, (quad, face, image) in enumerate(zip(crops.quads, crops.faces, crops.images, strict=True)):
            stem = Path(photograph.name).stem + (f"-{row}" if len(crops) > 1 else "")
            name = self._free(stem)
            save_image(to_pil(image), self.folder / name)
            text = crops.remarks[row]
            if text:
                remark(f"{photograph.name}: the crop {text}")
            self.crops.append({
                "file": name,
                "photograph": photograph.name,
                "sha256": photograph.sha256,
                "size": list(crops.size),
                "quad": quad.tolist(),
                "points": None if face is None else face.points.tolist(),
                "score": None if face is None else face.score,
                "remark": text or None,
            })  # fmt: skip

    def finish(self, table: dict[str, Any]) -> None:
        from ganatomy.writing import atomic_write

        with atomic_write(self.folder / TABLE) as part:
            part.write_text(json_text.dumps(table, indent=2))

    def _free(self, stem: str) -> str:
        """A name that no other photograph of this run has."""
        taken = {crop["file"] for crop in self.crops}
        names = [f"{stem}.png", *(f"{stem} {count}.png" for count in range(2, len(taken) + 3))]
        return next(name for name in names if name not in taken)
