"""`ganatomy invert`: codes of photographs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from ganatomy.cli.console import answer, complain, progress, remark, stages
from ganatomy.cli.outputs import CODES, expect_file
from ganatomy.cli.parameters import Json, out_path
from ganatomy.cli.subject import ModelOptions
from ganatomy.errors import CheckpointError, GanatomyError, SettingError

if TYPE_CHECKING:
    import torch

    from ganatomy.generators.base import Generator
    from ganatomy.inversion import EncoderNetwork, Inversion

Budget = Literal["quick", "balanced", "best"]


def invert(
    subject: ModelOptions,
    photographs: Annotated[list[Path], Parameter(help="Photographs, or folders of them.")],
    /,
    *,
    out: Annotated[
        Path, out_path("File of latents to write (.latents); a sheet is written beside it (.png).")
    ],
    align: str = "crop",
    method: Literal["fast", "projector", "encoder"] | None = None,
    encoder: Path | None = None,
    budget: Budget = "balanced",
    editability: float | None = None,
    space: Annotated[
        Literal["w+", "w", "z"] | None,
        Parameter(help="Space of the latents; by default the first of w+, w and z that the model has."),
    ] = None,
    perceptual: Literal["auto", "lpips", "pixels"] = "auto",
    json: Json = False,
) -> None:
    r"""Find the latents of photographs, so that everything that edits latents edits photographs.

    The first inversion with a model learns an encoder and a metric of it, which takes about a minute at 64 px and is
    kept in the cache. The sheet shows each photograph as it was cut, and below it the image of its latents.

    Args:
        align: How photographs are cut: crop takes the largest square in the middle; ffhq and celeba find the face and
            lay it out as those data sets do.
        method: fast starts at a linear encoder and uses the metric; projector is StyleGAN2's, which takes ten times as
            long; encoder takes some passes of --encoder. By default fast, or encoder where one is given.
        encoder: The encoder, or the folder, that `ganatomy train encoder` wrote.
        budget: Effort: quick, balanced or best.
        editability: From 0, the closest image, to 1, the most likely latents, on which edits work best; 0.6 by default.
        perceptual: Perceptual distance beside the error of pixels: auto is that of the scorer that is bundled with the
            model, if there is one; lpips needs its weights; pixels is none.

    Example:
        ganatomy invert faces portrait.png -o me.latents
        ganatomy invert my-generator.pt me.jpg holiday/ --align ffhq --budget best -o us.latents
        ganatomy edit my-generator.pt me.latents --directions my.directions --move Smiling=2 -o me-smiling.png
    """
    from ganatomy.images import save_image
    from ganatomy.inversion import invert as find
    from ganatomy.inversion import prepare_inversion
    from ganatomy.perception.perceptual import perceptual_distance
    from ganatomy.storage import save_latents

    expect_file(out, CODES)
    generator = subject.generator
    files, images = read_photographs(photographs, generator, align=align)
    network = _encoder(method, encoder)
    distance = {"auto": "auto", "pixels": None}.get(perceptual, perceptual)
    with stages() as advance:
        prepared = prepare_inversion(
            generator,
            space=space or (network.config.space if network else None),
            perceptual=perceptual_distance("lpips") if distance == "lpips" else distance,
            progress=advance,
        )
    with progress("inverting") as advance:
        found = find(
            generator,
            images,
            method=network or method or "fast",
            budget=budget,
            editability=editability,
            preparation=prepared,
            batch_size=min(subject.batch_size, 8),
            progress=advance,
        )
    save_latents(found.latents, out)
    sheet = save_image(draw_sheet(found), out.with_suffix(".png"))
    for file, text in zip(files, found.remarks, strict=True):
        if text:
            remark(f"{file} {text}")
    answer(f"{out}: {found.headline}\n{sheet}", _data(found, subject.model, files, out, sheet), as_json=json)


def _encoder(method: str | None, path: Path | None) -> EncoderNetwork | None:
    """The trained encoder, where one is used; raises SettingError for a method without its file, and the reverse."""
    from ganatomy.inversion import EncoderNetwork
    from ganatomy.inversion.encoder import ENCODER_FILE

    if path is None:
        if method == "encoder":
            raise SettingError("--method encoder needs --encoder; `ganatomy train encoder` makes one")
        return None
    if method not in (None, "encoder"):
        raise SettingError(f"--encoder does not go with --method {method}; leave one of them out")
    return EncoderNetwork.load(path / ENCODER_FILE if path.is_dir() else path)


def read_photographs(
    sources: list[Path], generator: Generator, *, align: str
) -> tuple[list[str], torch.Tensor]:
    """The photographs, cut to the images of this generator, and what each is called. Damaged ones are left out.

    Raises:
        SettingError: for another way to align. MissingFileError: for a path that is not there.
        CheckpointError: when the only photograph cannot be read.
    """
    import torch

    from ganatomy.datasets.folders import image_files
    from ganatomy.photographs import align as cut

    files = [file for source in sources for file in (image_files(source) if source.is_dir() else [source])]
    names, crops = [], []
    for file in files:
        try:
            found = cut(
                file,
                layout=align,
                resolution=generator.signature.resolution,
                channels=generator.signature.channels,
            )
        except SettingError:
            raise
        except GanatomyError as error:
            if len(files) == 1:
                raise
            complain(f"{error}; left out")
            continue
        names.append(str(file))
        crops.append(found.images)
    if not crops:
        raise CheckpointError(f"none of the {len(files)} photographs can be read")
    return names, torch.cat(crops)


def draw_sheet(found: Inversion) -> Any:
    """Photographs above the images of their latents, eight in a row."""
    import torch

    from ganatomy.plots import grid

    rows, labels = [], []
    for first in range(0, len(found), 8):
        part = slice(first, first + 8)
        targets, images = found.targets[part], found.images[part]
        blank = torch.ones(min(8, len(found)) - len(targets), *targets.shape[1:])
        rows += [targets.cpu(), blank, images.cpu(), blank]
        labels += [""] * (len(targets) + len(blank))
        labels += [f"{psnr:.1f} dB" for psnr in found.psnr[part].tolist()] + [""] * len(blank)
    return grid(torch.cat(rows), columns=min(8, len(found)), labels=labels)


def _data(found: Inversion, model: str, files: list[str], out: Path, sheet: Path) -> dict[str, Any]:
    """The outcome of each photograph, as JSON."""
    fit = found.fit
    columns: dict[str, list[Any]] = {
        "file": files,
        "psnr": found.psnr.tolist(),
        "mse": found.mse.tolist(),
        "ssim": [None] * len(found) if found.ssim is None else found.ssim.tolist(),
        "perceptual": [None] * len(found) if found.perceptual is None else found.perceptual.tolist(),
        "code_percentile": found.likelihood.percentile.tolist(),
        "layer_spread": found.layer_spread.tolist(),
        "unexplained": fit.unexplained.tolist(),
        "own_percentile": fit.own_percentile.tolist(),
        "held_out_percentile": [None] * len(found)
        if fit.held_out_percentile is None
        else fit.held_out_percentile.tolist(),
        "remark": list(found.remarks),
    }
    images = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return {
        "model": model,
        "method": found.method,
        "editability": found.editability,
        "space": found.latents.space.value,
        "evaluations": found.evaluations,
        "seconds": found.seconds,
        "out": str(out),
        "sheet": str(sheet),
        "images": images,
    }
