"""`ganatomy train`: make a bundled model again, or one of your own images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ganatomy.cli.console import answer, stages
from ganatomy.cli.outputs import expect_folder
from ganatomy.cli.parameters import Json, OutFolder


def train(
    name: Annotated[str, Parameter(help="faces (two cores), faces-large (a GPU) or digits.")],
    data: Annotated[
        Path | None,
        Parameter(
            help="A folder of images (with labels.csv for a scorer too), or an idx file as MNIST's; "
            "faces and faces-large draw their own when none is given."
        ),
    ] = None,
    /,
    *,
    out: OutFolder,
    device: Annotated[str, Parameter(help="Where to train: cpu, cuda, cuda:1 ...")] = "cpu",
    bundle: Annotated[
        bool,
        Parameter(
            negative=(),
            show_default=False,
            help="Also replace the model that this installation ships by that name.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Train a generator and its scorer; a run that was stopped goes on where it was.

    The folder receives generator.safetensors, scorer.safetensors with its accuracy on held-out images in scorer.txt, a
    checkpoint, and a sheet of samples now and then.

    Example:
        ganatomy train faces -o faces-run/
        ganatomy train digits train-images-idx3-ubyte.gz -o digits-run/
    """
    from ganatomy.training import train as train_models

    expect_folder(out)
    with stages() as advance:
        made = train_models(name, data, out, device=device, bundle=bundle, progress=advance)
    data_ = {"name": name, "made": [str(path) for path in made]}
    answer("\n".join(str(path) for path in made), data_, as_json=json)
