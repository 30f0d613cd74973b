"""`ganatomy train`: make a bundled model again, or one of your own images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from ganatomy.cli.console import answer, stages
from ganatomy.cli.outputs import expect_folder
from ganatomy.cli.parameters import Json, OutFolder, switch


def train(
    name: str,
    data: Path | None = None,
    /,
    *,
    out: OutFolder,
    device: str = "cpu",
    bundle: Annotated[bool, switch("Also replace the bundled model of that name.")] = False,
    json: Json = False,
) -> None:
    """Train a generator and its scorer; a run that was stopped goes on where it was.

    The folder receives generator.safetensors, scorer.safetensors with its accuracy on held-out images in scorer.txt, a
    checkpoint, and a sheet of samples now and then.

    Args:
        name: faces (two cores), faces-large (a GPU) or digits.
        data: A folder of images (with labels.csv for a scorer too), or an idx file as MNIST's; faces and faces-large
            draw their own when none is given.
        device: Where to train: cpu, cuda, cuda:1 ...

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
