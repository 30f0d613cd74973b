"""`ganatomy study ablation`: StyleGAN's configurations A to F, with one budget and several seeds each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from ganatomy.cli.console import remark, stages
from ganatomy.cli.outputs import expect_folder, finish_document
from ganatomy.cli.parameters import Device, Json, Names, OutFolder, parsed
from ganatomy.cli.parsing import name_list

if TYPE_CHECKING:
    from ganatomy.perception.features import Features


def ablation(
    data: Path,
    /,
    *,
    out: OutFolder,
    resolution: int = 32,
    images: int = 10_000,
    seeds: int = 3,
    width: int = 64,
    configurations: Annotated[Names, parsed(name_list, "NAMES", several=True)] = (),
    samples: int = 2_000,
    judge: str | None = None,
    device: Device = "auto",
    json: Json = False,
) -> None:
    """Train StyleGAN's configurations A to F, the same budget and several seeds each, and compare their distances.

    The folder receives report.html, summary.json, figures/ and a folder for each run. The same command goes on with a
    study that was stopped. By default a core takes about an hour for drawn faces.

    Args:
        data: A folder of images, a zip, or an idx file as MNIST's; `drawn` draws faces.
        resolution: Pixels a side; a power of two from 16 to 1024.
        images: Number of images shown to each run.
        seeds: Number of runs of each configuration.
        width: Number of channels at most.
        configurations: Letters from A to F; all by default.
        samples: Number of generated images that are compared with as many real ones that no run saw.
        judge: Network whose features measure distances: a bundled name or a file. By default that of drawn faces, else
            Inception where it is installed, else colours of 8 x 8 patches.

    Example:
        ganatomy study ablation drawn -o ablation/
        ganatomy study ablation photos/ -o ablation/ --resolution 64 --images 400000 --width 256 --device cuda
    """
    from ganatomy.datasets.files import Framing
    from ganatomy.devices import usable_device
    from ganatomy.experiments.documents import document
    from ganatomy.training.settings import CONFIGURATIONS
    from ganatomy.training.studies.ablation import AblationBudget, study_ablation
    from ganatomy.training.studies.data import images_and_real

    expect_folder(out)
    budget = AblationBudget(
        images=images,
        seeds=seeds,
        width=width,
        samples=samples,
        configurations=tuple(name.upper() for name in configurations) or CONFIGURATIONS,
    )
    with stages() as advance:
        learnt, real = images_and_real(
            data,
            Framing(resolution=resolution),
            out,
            held_out=samples,
            most=images,
            progress=advance,
            say=remark,
        )
        found = study_ablation(
            learnt,
            real,
            _features(judge, data),
            out,
            budget=budget,
            device=usable_device(device),
            progress=advance,
            say=remark,
        )
    finish_document(document(found), out, as_json=json)


def _features(judge: str | None, data: Path) -> Features:
    from ganatomy.perception import judge as read_judge
    from ganatomy.perception.features import features_of
    from ganatomy.training.studies.data import DRAWN

    if judge is None and str(data) != DRAWN:
        return features_of("auto")
    return features_of("scorer", read_judge(judge or "faces"))
