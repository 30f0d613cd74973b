"""`ganatomy study infogan`: what InfoGAN's codes find, beside supervised directions of a plain GAN."""

from __future__ import annotations

from pathlib import Path

from ganatomy.cli.console import remark, stages
from ganatomy.cli.outputs import expect_folder, finish_document
from ganatomy.cli.parameters import CountInMemory, Device, Json, OutFolder, TargetChange
from ganatomy.errors import SettingError


def infogan(
    data: Path,
    /,
    *,
    out: OutFolder,
    scorer: str | None = None,
    judge: str | None = None,
    resolution: int = 32,
    images: int = 60_000,
    seeds: int = 3,
    width: int = 64,
    categories: int = 10,
    codes: int = 2,
    n: CountInMemory = 2_000,
    edited: int = 200,
    target_change: TargetChange = 0.25,
    device: Device = "auto",
    json: Json = False,
) -> None:
    """Train InfoGANs and plain GANs, and compare what codes find without labels and what supervised directions steer.

    The folder receives report.html, summary.json, figures/ and a folder for each GAN. The same command goes on with a
    study that was stopped.

    Args:
        data: A folder of images, a zip, or an idx file as MNIST's; `drawn` draws faces.
        scorer: Attribute classifier: a bundled name, a file or a module; for `drawn` that of faces, for an idx file
            that of digits.
        judge: A second classifier that reads the same edits; by default the bundled one of that name.
        resolution: Pixels a side; a power of two from 16 to 1024.
        images: Number of images shown to each GAN.
        seeds: Number of pairs of GANs.
        width: Number of channels at most, of both.
        categories: Number of values of InfoGAN's categorical code.
        codes: Number of continuous codes.
        n: Number of generated images that are scored to find directions.
        edited: Number of images that each code and each direction is tried on.

    Example:
        ganatomy study infogan t10k-images-idx3-ubyte.gz -o infogan/
        ganatomy study infogan photos/ --scorer attributes.onnx -o infogan/
    """
    from ganatomy.datasets.files import Framing
    from ganatomy.devices import usable_device
    from ganatomy.experiments.documents import document
    from ganatomy.perception import judge as read_judge
    from ganatomy.perception import scorer as read_scorer
    from ganatomy.training.sources import open_images
    from ganatomy.training.studies.data import DRAWN, drawn_images
    from ganatomy.training.studies.infogan import InfoganBudget, study_infogan
    from ganatomy.zoo import MODELS

    expect_folder(out)
    name = scorer or ("faces" if str(data) == DRAWN else "digits" if "idx3" in data.name else None)
    if name is None:
        raise SettingError("the codes are named by an attribute classifier; give one with --scorer")
    second = judge or (name if name in MODELS else None)
    budget = InfoganBudget(
        images=images,
        seeds=seeds,
        width=width,
        categories=categories,
        codes=codes,
        labels=n,
        edited=edited,
        target_change=target_change,
    )
    framing = Framing(resolution=resolution)
    with stages() as advance:
        learnt = (
            drawn_images(out, images, framing, progress=advance)
            if str(data) == DRAWN
            else open_images(data, framing, progress=advance, say=remark)
        )
        found = study_infogan(
            learnt,
            read_scorer(name),
            out,
            judge=None if second is None else read_judge(second),
            budget=budget,
            device=usable_device(device),
            progress=advance,
            say=remark,
        )
    finish_document(document(found, scorer=name), out, as_json=json)
