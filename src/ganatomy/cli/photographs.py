"""Photographs that commands take: which faces of them, and how they are aligned."""

# Annotations are values here, not texts: cyclopts reads those that a class inherits in the module of its heir.
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Group, Parameter

from ganatomy.cli.console import progress, remark
from ganatomy.cli.parameters import options
from ganatomy.errors import (
    CheckpointError,
    DownloadError,
    MissingFileError,
    PhotographError,
    SettingError,
)

if TYPE_CHECKING:
    from ganatomy.generators.base import Generator
    from ganatomy.photographs import Crops, Detector, Layout, Photograph, TemplateLayout

PHOTOGRAPHS = Parameter(group=Group("Photographs", sort_key=2))

AUTO = "auto"
"""The layout of the model's own samples."""

MOST_CROPS = 1000
"""Crops that are in memory together."""

OTHER_ENDINGS = {".tif", ".tiff", ".jfif", ".heic", ".heif", ".avif"}
"""Endings of photographs that no data set is made of; what of them cannot be read is said when they are opened."""


@options
class FaceOptions:
    """Which faces of a photograph, and what finds them."""

    faces: Annotated[str, PHOTOGRAPHS] = "largest"
    """Faces to take: the "largest", "all" from left to right, or the number of one from the left, from 0."""
    detector: Annotated[Path | None, PHOTOGRAPHS] = None
    """File of the face detector YuNet; by default it is downloaded once (323 KB)."""

    @property
    def which(self) -> "str | int":
        """What the library calls them."""
        return int(self.faces) if self.faces.isdecimal() else self.faces

    def find_detector(self) -> "Detector":
        """The detector of the file, or the one that is downloaded.

        Raises:
            DownloadError: when it cannot be. MissingFileError, CheckpointError: for a file that is none.
        """
        from ganatomy.photographs import face_detector

        return face_detector(self.detector or "yunet")


@options
class Aligning(FaceOptions):
    """How photographs are cut to images of a model."""

    align: Annotated[str, PHOTOGRAPHS] = AUTO
    """How faces lie in the crop: as in the model's own images, which is measured ("auto"); ffhq, celeba, crop (the
    middle of the photograph), or a file of JSON that `ganatomy align --like` wrote."""

    def aligned(self, generator: "Generator", files: Sequence[Path]) -> "list[tuple[Photograph, Crops]]":
        """Each photograph with its crops. Of several, those that cannot be read and those without a face are left out.

        Raises:
            PhotographError, CheckpointError: when no photograph is left.
            SettingError: for a face or a layout that there is not, and too many photographs.
        """
        from ganatomy.photographs import align

        layout = self.layout(generator)
        detector = "yunet" if layout == "crop" else self.find_detector()
        found, count, signature = [], 0, generator.signature

        def cut(photograph: "Photograph") -> "Crops":
            return align(
                photograph,
                layout=layout,
                resolution=signature.size,
                faces=self.which,
                detector=detector,
                channels=signature.channels,
            )

        for photograph, crops in each_cut(files, cut, lambda _, error: remark(f"left out: {error}")):
            found.append((photograph, crops))
            count += len(crops)
            if count > MOST_CROPS:
                raise SettingError(
                    f"more than {MOST_CROPS} faces are too many at once; give fewer photographs"
                )
        return found

    def layout(self, generator: "Generator") -> "str | Layout":
        """The layout that was asked for; by default that of the model's own samples, measured once and kept."""
        from ganatomy.photographs.model_layout import model_layout

        if self.align != AUTO:
            return named_layout(self.align)
        try:
            detector = self.find_detector()
        except DownloadError as error:
            remark(f"the middle of the photograph is taken, for {error}")
            return "crop"
        with progress("measuring the layout") as advance:
            layout = model_layout(generator, detector, progress=advance)
        if layout is None:
            remark("the model's images show no faces, so the middle of the photograph is taken")
        return layout or "crop"


ALIGNING = Aligning()


def is_photograph(file: Path) -> bool:
    """Whether a file is called like an image."""
    from ganatomy.datasets.folders import ENDINGS

    return file.suffix.lower() in ENDINGS | OTHER_ENDINGS


def photograph_files(sources: Iterable[Path]) -> list[Path]:
    """The photographs that are named, and those of folders that are.

    Raises:
        MissingFileError: for a path that is not there, and a folder without images.
    """
    from ganatomy.datasets.folders import image_files

    found: list[Path] = []
    for source in sources:
        if not source.exists():
            raise MissingFileError(f"{source} does not exist")
        found += image_files(source) if source.is_dir() else [source]
    return found


def each_cut(
    files: Sequence[Path],
    cut: "Callable[[Photograph], Crops]",
    skip: Callable[[Path, Exception], None],
) -> "Iterator[tuple[Photograph, Crops]]":
    """Each photograph with its crops. Of several, those that cannot be read and those without a face are skipped.

    Args:
        files: the photographs.
        cut: from a photograph to its crops.
        skip: told what is left out, and why.

    Raises:
        PhotographError, CheckpointError: for the only photograph, and when none of several gives a crop.
    """
    first: Exception | None = None
    given = 0
    with progress("aligning") as advance:
        for done, file in enumerate(files, 1):
            try:
                photograph = opened(file)
                crops = cut(photograph)
            except (PhotographError, CheckpointError) as error:
                if len(files) == 1:
                    raise
                first = first or error
                skip(file, error)
            else:
                given += 1
                yield photograph, crops
            advance(done, len(files))
    if not given:
        raise PhotographError(f"none of {len(files)} photographs gave a crop; the first: {first}")


def opened(file: Path) -> "Photograph":
    """A photograph, with a line for what was left out of it."""
    from ganatomy.photographs import open_photograph

    photograph = open_photograph(file)
    for note in photograph.notes:
        remark(note if str(file) in note else f"{file}: {note}")
    return photograph


def named_layout(text: str) -> "str | Layout":
    """A layout by its name, or the template of a file.

    Raises:
        SettingError: for another name. MissingFileError, CheckpointError: for a file that holds none.
    """
    from ganatomy.photographs import find_layout, load_layout

    if text.endswith(".json"):
        return load_layout(Path(text))
    find_layout(text)
    return text


def measured_layout(like: str, detector: "Detector") -> "TemplateLayout":
    """The layout of a folder of aligned images, or of a model's own samples.

    Raises:
        PhotographError: when they show no faces. Others as `load` says.
    """
    import torch

    from ganatomy.datasets.folders import image_files
    from ganatomy.generators import load
    from ganatomy.photographs import align, measure_layout
    from ganatomy.photographs.model_layout import NUM_SAMPLES, sampled_layout

    folder = Path(like)
    if not folder.is_dir() or any(folder.glob("*.safetensors")):
        with progress("measuring the layout") as advance:
            return sampled_layout(load(like), detector, progress=advance)
    files = image_files(folder)
    chosen = [files[round(k * (len(files) - 1) / (NUM_SAMPLES - 1))] for k in range(NUM_SAMPLES)]
    images = [align(file, layout="crop", resolution=256).images for file in dict.fromkeys(chosen)]
    with progress("measuring the layout") as advance:
        return measure_layout(torch.cat(images), detector, progress=advance)
