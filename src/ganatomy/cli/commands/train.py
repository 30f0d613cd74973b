"""`ganatomy train`: a generator of your own images, or a bundled model again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ganatomy.cli.console import answer, remark, stages
from ganatomy.cli.outputs import expect_new_folder
from ganatomy.cli.parameters import Device, Json, OutFolder, Seed, switch
from ganatomy.progress import Progress


def train(
    name: str,
    data: Path | None = None,
    /,
    *,
    out: OutFolder,
    resolution: int | None = None,
    minutes: Annotated[float | None, Parameter(help="How long to train on this machine.")] = None,
    images: Annotated[
        int | None, Parameter(help="How many images to show instead; a million by default.")
    ] = None,
    width: Annotated[
        int | None,
        Parameter(
            help="Number of channels at most, by default the family's own; half of them train up to four times as fast."
        ),
    ] = None,
    start: Annotated[
        str | None,
        Parameter(
            name="--from",
            help="What to start from: the folder of a run of the same family and resolution, or its generator alone.",
        ),
    ] = None,
    crop: Annotated[
        str,
        Parameter(
            help="center, stretch, or pixels of a square in the middle, such as 128 of CelebA's 178 x 218."
        ),
    ] = "center",
    classes: Annotated[
        str | None,
        Parameter(
            help="Train a conditional generator: on columns of the table of labels beside the images, on all of its "
            "labels (labels), or on the folders that images lie in (folders)."
        ),
    ] = None,
    mirror: Annotated[bool, switch("Show a random half of the images mirrored.")] = False,
    grey: Annotated[bool, switch("Train on grey images; those without colours are anyway.")] = False,
    seed: Seed = 0,
    device: Device = "auto",
    bundle: Annotated[bool, switch("Also replace the bundled model of that name.")] = False,
    json: Json = False,
) -> None:
    """Train a generator on your own images, or make a bundled model again; the same command goes on with a run.

    The folder receives generator.safetensors, a checkpoint, sheets of samples, and progress.csv; a bundled model's
    also its classifiers. Ctrl-C loses nothing. `torchrun --nproc-per-node 4 -m ganatomy train ...` trains on four GPUs.

    Args:
        name: stylegan2, stylegan2-ada, stylegan (or stylegan:A to stylegan:F of its ablation), progan, dcgan, dcgan-r1
            or infogan for your own images; faces, faces-large or digits for a bundled model and its classifiers.
        data: A folder of images, a zip, or an idx file as MNIST's; faces and faces-large draw their own.
        resolution: Pixels a side, of your own images; a power of two from 16 to 1024, by default 64, or that of the
            generator to start from.

    Example:
        ganatomy train stylegan2 photos/ -o run/ --resolution 64 --minutes 600 --mirror
        ganatomy train progan photos/ -o run/ --resolution 32 --width 64 --minutes 60
        ganatomy train stylegan2 drawings/ -o drawn/ --from run/ --images 100000
        ganatomy train stylegan2-ada photos/ -o run/ --resolution 32 --classes Male,Smiling
        ganatomy train digits train-images-idx3-ubyte.gz -o digits-run/
    """
    from ganatomy.errors import SettingError, UnknownNameError
    from ganatomy.training import FAMILIES, TRAININGS, Framing, TrainingBudget, train_own
    from ganatomy.training import train as train_models
    from ganatomy.training.starting import open_start

    if name not in FAMILIES and name not in TRAININGS:
        raise UnknownNameError("model to train", name, [*FAMILIES, *TRAININGS])
    for option, given in {"--classes": classes, "--width": width}.items():
        if name not in FAMILIES and given is not None:
            raise SettingError(f"a bundled model takes no {option}; it is for a family on your own images")
    if name in FAMILIES and (data is None or bundle):
        raise SettingError(
            f"{name} is trained on your own images, and no bundled model; name their folder, zip or idx file"
        )
    expect_new_folder(out)
    begun = None if start is None else open_start(start)
    if resolution is None:
        resolution = 64 if begun is None else begun.generator.signature.resolution
    with stages() as advance:
        if name in FAMILIES and data is not None:
            framing = Framing(
                resolution=resolution,
                crop=crop,
                channels=1 if grey else None,
                mirrored=mirror,
                classes=classes,
            )
            made = [
                train_own(
                    name,
                    data,
                    out,
                    framing=framing,
                    budget=TrainingBudget(minutes=minutes, images=images, width=width),
                    start=begun,
                    seed=seed,
                    device=device,
                    progress=advance,
                    say=remark,
                )
            ]
        else:
            made = train_models(
                name, data, out, device=device, bundle=bundle, start=begun, progress=advance, say=remark
            )
            if bundle:
                made.append(_measure_again(TRAININGS[name].bundle, advance))
    data_ = {"name": name, "made": [str(path) for path in made]}
    answer("\n".join(str(path) for path in made), data_, as_json=json)


def _measure_again(name: str, progress: Progress) -> Path:
    """The studio's measurements of a bundled model that is new."""
    import ganatomy as ga
    from ganatomy.experiments.explore.panel_file import save_panel
    from ganatomy.studio.preparing import prepare
    from ganatomy.zoo import BundledModel

    panel = prepare(ga.load(name), ga.scorer(name), judge=ga.judge(name), progress=progress)
    return save_panel(panel, BundledModel(name=name).panel)
