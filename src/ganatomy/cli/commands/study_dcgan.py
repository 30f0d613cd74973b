"""`ganatomy study dcgan`: DCGAN's walks, sums, turns, map and critic on any model, measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from ganatomy.cli import parsing
from ganatomy.cli.console import remark, stages
from ganatomy.cli.inputs import open_model, open_reference, open_scorer
from ganatomy.cli.outputs import expect_folder, finish_document
from ganatomy.cli.parameters import (
    MODEL,
    Count,
    Json,
    Model,
    ModelOptions,
    OutFolder,
    ScorerName,
    Seed,
    TruncationPsi,
    parsed,
)

if TYPE_CHECKING:
    from jaxtyping import Int
    from torch import Tensor

    from ganatomy.critics import Critic
    from ganatomy.datasets.references import Reference
    from ganatomy.perception.base import Scorer


def journey(
    model: Model,
    /,
    *,
    out: OutFolder,
    scorer: ScorerName = None,
    n: Count = 2000,
    walks: int = 8,
    attributes: Annotated[
        tuple[str, ...],
        parsed(
            parsing.name_list,
            "NAMES",
            "For sums and turns. Of classes three, for first - less + second: 7,1,4. Else what is carried over, and to "
            "the other side of what: Smiling,Male. By default those with the most clear cases.",
            several=True,
        ),
    ] = (),
    data: Annotated[
        Path | None,
        Parameter(help="Real images to look for copies among: a folder, or a file as MNIST's."),
    ] = None,
    labels: Annotated[
        Path | None,
        Parameter(
            help="Their classes, a file as MNIST's, by default the one beside them; the critic is read on them."
        ),
    ] = None,
    critic: Annotated[
        str | None,
        Parameter(
            help="The discriminator: a bundled name or a file; by default the one bundled with the model."
        ),
    ] = None,
    space: Annotated[Literal["z", "w"], Parameter(help="The space to travel in; z as published.")] = "z",
    seed: Seed = 0,
    truncation_psi: TruncationPsi = 1.0,
    options: ModelOptions = MODEL,
    json: Json = False,
) -> None:
    r"""Travel a latent space as DCGAN did: walks, copies, vector arithmetic, turn vectors, map, critic.

    The folder receives report.html, summary.json and figures/.

    Args:
        n: Codes that exemplars are chosen from; for ten of them one sum and one turn of each kind is made.
        walks: How many walks, each through nine random points.

    Example:
        ganatomy study dcgan digits -o journey/
        ganatomy study dcgan digits --data t10k-images-idx3-ubyte.gz \
            --labels t10k-labels-idx1-ubyte.gz -o journey/
        ganatomy study dcgan gan.pt --scorer attributes.onnx \
            --attributes Smiling,Male --critic discriminator.pt -o journey/
    """
    from ganatomy.experiments.studies.dcgan import document
    from ganatomy.experiments.studies.dcgan import journey as run

    expect_folder(out)
    generator = open_model(model, options)
    real = None if data is None else open_reference(data, model, generator, n=n, seed=seed)
    classes, judge = _labels(labels, data, real), _critic(critic, model, options)
    sees = _scorer(scorer, model, options)
    with stages() as advance:
        found = run(
            generator,
            sees,
            n=n,
            walks=walks,
            attributes=attributes or None,
            data=real,
            labels=classes,
            learnt=None if data is None else _learnt(data, model),
            critic=judge,
            space=space,
            seed=seed,
            truncation_psi=truncation_psi,
            batch_size=options.batch_size,
            progress=advance,
        )
        told = document(found, generator, model=Path(model).stem, batch_size=options.batch_size)
    finish_document(told, out, as_json=json)


def _scorer(scorer: str | None, model: str, options: ModelOptions) -> Scorer | None:
    """The scorer, if there is one; walks and maps need none."""
    from ganatomy import zoo

    if scorer is None and model not in zoo.MODELS:
        remark(f"{model} has no scorer of its own, so nobody judges sums; give --scorer")
        return None
    return open_scorer(scorer, model, device=options.device)


def _critic(critic: str | None, model: str, options: ModelOptions) -> Critic | None:
    """The critic that was given, or the one bundled with the model."""
    from ganatomy import zoo
    from ganatomy.cli.inputs import find_device
    from ganatomy.critics import critic as find_critic

    if critic is None and (model not in zoo.MODELS or not zoo.MODELS[model].critic.exists()):
        return None
    return find_critic(critic or model).to(find_device(options.device))


def _labels(path: Path | None, data: Path | None, real: Reference | None) -> Int[Tensor, " n"] | None:
    """The label of each real image, in their order; of the file beside the images where none is given.

    Raises:
        SettingError: without a file of images, or for another number of labels.
    """
    import torch

    from ganatomy.datasets.idx import read_idx
    from ganatomy.errors import SettingError

    if path is None and data is not None:
        beside = data.with_name(data.name.replace("images-idx3", "labels-idx1"))
        path = beside if beside != data and beside.is_file() else None
    if path is None:
        return None
    if data is None or real is None or not data.is_file():
        raise SettingError("--labels go with a file of images as MNIST's; give that with --data")
    found = read_idx(path)
    if found.shape != (len(real),):
        raise SettingError(
            f"{path} holds labels of shape {list(found.shape)} for {len(real)} images; give one for each"
        )
    # Images come in an order of their own, and are named by their place in the file.
    return torch.from_numpy(found.astype("int64"))[[int(name) for name in real.names]]


def _learnt(data: Path, model: str) -> bool | None:
    """Whether the card of a bundled model names this file as what it was trained on; None where there is no card."""
    from ganatomy import zoo

    if model not in zoo.MODELS or "data" not in zoo.MODELS[model].card:
        return None
    return data.name in zoo.MODELS[model].card["data"]
