"""`ganatomy invert`: codes of photographs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from ganatomy.cli.console import answer, progress, remark, stages
from ganatomy.cli.outputs import CODES, expect_file
from ganatomy.cli.parameters import Json, out_path
from ganatomy.cli.photographs import ALIGNING, Aligning, photograph_files
from ganatomy.cli.subject import ModelOptions
from ganatomy.errors import SettingError

if TYPE_CHECKING:
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
    aligning: Aligning = ALIGNING,
    method: Literal["fast", "projector", "encoder"] | None = None,
    encoder: Path | None = None,
    budget: Budget = "balanced",
    editability: float | None = None,
    space: Annotated[
        Literal["w+", "w", "z"] | None,
        Parameter(help="Space of the latents; by default the first of w+, w and z that the model has."),
    ] = None,
    perceptual: Literal["auto", "lpips", "imagenet", "pixels"] = "auto",
    json: Json = False,
) -> None:
    r"""Find the latents of photographs, so that everything that edits latents edits photographs.

    The first inversion with a model learns an encoder and a metric of it, which takes about a minute at 64 px and is
    kept in the cache. The sheet shows each photograph as it was cut, and below it the image of its latents.

    Args:
        method: fast starts at a linear encoder and uses the metric; projector is StyleGAN2's, which takes ten times as
            long; encoder takes three passes of --encoder, and unless the budget is quick the search of fast from there.
            By default fast, or encoder where one is given.
        encoder: The encoder, or the folder, that `ganatomy train encoder` wrote.
        budget: Effort: quick, balanced or best.
        editability: From 0, the closest image, to 1, the most likely latents, on which edits work best; 0.6 by default.
        perceptual: Perceptual distance beside the error of pixels: auto is that of the scorer that is bundled with the
            model, if there is one; lpips needs its weights, imagenet its extra; pixels is none.

    Example:
        ganatomy invert faces portrait.png -o me.latents
        ganatomy invert my-generator.pt me.jpg holiday/ --budget best -o us.latents
    """
    import torch

    from ganatomy.images import save_image
    from ganatomy.inversion import invert as find
    from ganatomy.inversion import prepare_inversion
    from ganatomy.perception.perceptual import perceptual_distance
    from ganatomy.storage import save_latents

    expect_file(out, CODES)
    network = _encoder(method, encoder)
    generator = subject.generator
    cut = aligning.aligned(generator, photograph_files(photographs))
    files = [photograph.name for photograph, crops in cut for _ in crops.images]
    images = torch.cat([crops.images for _, crops in cut])
    distance = {"auto": "auto", "pixels": None}
    with stages() as advance:
        prepared = prepare_inversion(
            generator,
            space=space or (network.config.space if network else None),
            perceptual=distance[perceptual] if perceptual in distance else perceptual_distance(perceptual),
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
            batch_size=subject.batch_size,
            progress=advance,
        )
    save_latents(found.latents, out)
    sheet = save_image(draw_sheet(found), out.with_suffix(".png"))
    # How a face lies in the crop is said before how its image differs from the model's.
    crop_remarks = (text for _, crops in cut for text in crops.remarks)
    remarks = [of_crop or of_image for of_crop, of_image in zip(crop_remarks, found.remarks, strict=True)]
    for file, text in zip(files, remarks, strict=True):
        if text:
            remark(f"{file} {text}")
    answer(
        f"{out}: {found.headline}\n{sheet}",
        _data(found, subject.model, files, remarks, out=out, sheet=sheet),
        as_json=json,
    )


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


def _data(
    found: Inversion, model: str, files: list[str], remarks: list[str], *, out: Path, sheet: Path
) -> dict[str, Any]:
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
        "remark": remarks,
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
