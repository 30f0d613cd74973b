"""`ganatomy study dcgan`: DCGAN's walks, vector arithmetic, turn vectors, map and critic, measured on any model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from ganatomy.cli import parsing
from ganatomy.cli.console import remark, stages
from ganatomy.cli.inputs import open_reference
from ganatomy.cli.outputs import expect_new_folder
from ganatomy.cli.parameters import Absent, CountInMemory, Json, Names, OutFolder, Small, options, parsed
from ganatomy.cli.workers import SharedStudy

if TYPE_CHECKING:
    from jaxtyping import Int
    from torch import Tensor

    from ganatomy.datasets.references import Reference


@options
class DCGANSubject(SharedStudy):
    """The paper's space is the default, and attributes have roles."""

    judge: Absent = None
    attributes: Annotated[Names, parsed(parsing.name_list, "NAMES", several=True)] = ()
    """Attributes of sums and turn vectors. Three classes A,B,C give A - B + C, such as 7,1,4. Two attributes A,B carry
    A from images without B over to images with B, such as Smiling,Male. By default those with the clearest examples."""
    space: Literal["z", "w"] = "z"
    """Space of the latents; z as in the paper."""


def dcgan(
    subject: DCGANSubject,
    *,
    out: OutFolder,
    n: CountInMemory = 2000,
    walks: Small = 8,
    data: Path | None = None,
    labels: Path | None = None,
    critic: str | None = None,
    json: Json = False,
) -> None:
    r"""Repeat DCGAN's study of a latent space: walks, copies, vector arithmetic, turn vectors, map, critic.

    The folder receives report.html, summary.json and figures/.

    Args:
        n: Number of codes that exemplars are chosen from; one sum and one turn of each kind is made for ten of them.
        walks: Number of walks, each through nine random points.
        data: Real images to search for copies: a folder, a zip, or an idx file as MNIST's.
        labels: Classes of these images, an idx file as MNIST's, by default the one beside them; features of the critic
            are tested on them.
        critic: Discriminator: a bundled name or a file; by default the one bundled with the model.

    Example:
        ganatomy study dcgan digits -o dcgan/
        ganatomy study dcgan digits --data t10k-images-idx3-ubyte.gz \
            --labels t10k-labels-idx1-ubyte.gz -o dcgan/
        ganatomy study dcgan gan.pt --scorer attributes.onnx \
            --attributes Smiling,Male --critic discriminator.pt -o dcgan/
    """
    from ganatomy.experiments.studies import study_dcgan

    expect_new_folder(out)
    experiment = subject.experiment(without_scorer=True)
    real = None
    if data is not None:
        real = open_reference(data, subject.model, experiment.generator, n=n, seed=subject.seed)
    classes = _classes(labels, data, real)
    if experiment.scorer is None:
        remark(f"{subject.model} has no scorer of its own, so sums are not scored; give --scorer")
    with stages() as advance:
        found = study_dcgan(
            replace(experiment, progress=advance),
            n=n,
            walks=walks,
            attributes=subject.chosen(experiment.scorer),
            data=real,
            labels=classes,
            learnt=None if data is None else _learnt(data, subject.model),
            critic=subject.open_critic(critic),
        )
    subject.report(found, experiment, out, as_json=json)


def _classes(path: Path | None, data: Path | None, real: Reference | None) -> Int[Tensor, " n"] | None:
    """The class of each real image; of the file beside the images where none is given.

    Raises:
        SettingError: without a file of images, or for another number of labels.
    """
    from ganatomy.datasets.idx import labels_beside
    from ganatomy.datasets.references import read_classes
    from ganatomy.errors import SettingError

    if path is not None and (data is None or not data.is_file()):
        raise SettingError("--labels go with a file of images as MNIST's; give that with --data")
    path = path or (labels_beside(data) if data is not None else None)
    return None if path is None or real is None else read_classes(path, real)


def _learnt(data: Path, model: str) -> bool | None:
    """Whether the card of a bundled model names this file as what it was trained on; None where there is no card."""
    from ganatomy import zoo

    if model not in zoo.MODELS or "data" not in zoo.MODELS[model].card:
        return None
    return data.name in zoo.MODELS[model].card["data"]
