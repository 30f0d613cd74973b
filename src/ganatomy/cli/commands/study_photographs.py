"""`ganatomy study photographs`: how well photographs are made and edited by a model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from ganatomy.cli.console import stages
from ganatomy.cli.outputs import expect_new_folder
from ganatomy.cli.parameters import CountInMemory, Json, OutFolder, Small
from ganatomy.cli.photographs import ALIGNING, Aligning, photograph_files
from ganatomy.cli.subject import called
from ganatomy.cli.workers import SharedStudy
from ganatomy.errors import SettingError


def photographs(
    subject: SharedStudy,
    *,
    out: OutFolder,
    domain: Annotated[
        Path | None, Parameter(help="Folder of images like those that the model was trained on.")
    ] = None,
    others: Annotated[Path | None, Parameter(help="Folder of other photographs.")] = None,
    aligning: Aligning = ALIGNING,
    attribute: str | None = None,
    n: CountInMemory = 3000,
    images: Small = 32,
    step: float = 2.5,
    editability: float | None = None,
    budget: Literal["quick", "balanced", "best"] = "balanced",
    json: Json = False,
) -> None:
    """Invert the model's own images, images of its training domain and other photographs, and edit them all.

    The folder receives report.html, summary.json and figures/. For faces the training domain is drawn anew.

    Args:
        attribute: Attribute to move; by default Smiling where it has a direction, else the first that has one.
        n: Number of images in which its direction is found.
        images: Number of images of each kind.
        step: Strength of the edit, in standard deviations of latents.
        editability: From 0, the closest image, to 1, the most likely latents; 0.6 by default.
        budget: Effort of the inversions: quick, balanced or best.

    Example:
        ganatomy study photographs faces -o photographs/
        ganatomy study photographs gan.pt --scorer attributes.onnx --domain aligned/ --others holiday/ -o photographs/
    """
    import torch

    from ganatomy.datasets.references import drawn_reference
    from ganatomy.experiments.studies import study_photographs

    expect_new_folder(out)
    experiment = subject.experiment()
    generator = experiment.generator
    given: dict[str, torch.Tensor] = {}
    for name, folder in (("images of the training domain", domain), ("other photographs", others)):
        if folder is not None:
            if not folder.is_dir():
                raise SettingError(f"{folder} is no folder of images")
            cut = aligning.aligned(generator, photograph_files([folder])[:images])
            given[name] = torch.cat([crops.images for _, crops in cut])[:images]
    if domain is None and subject.model == "faces":
        drawn = drawn_reference(resolution=generator.signature.resolution, n=images)
        given = {"drawn faces": drawn.read(torch.arange(images)), **given}
    with stages() as advance:
        study = study_photographs(
            replace(experiment, progress=advance),
            given,
            attribute=None if attribute is None else called(experiment.image_scorer, attribute),
            n=n,
            images=images,
            step=step,
            editability=editability,
            budget=budget,
        )
    subject.report(study, experiment, out, as_json=json)
