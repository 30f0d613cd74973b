"""`ganatomy study attributes`: how well a classifier reads labelled images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ganatomy.cli.console import stages
from ganatomy.cli.labelled import DataOptions
from ganatomy.cli.outputs import expect_new_folder, finish_document
from ganatomy.cli.parameters import Json, OutFolder, Seed, switch


def attributes(
    scorer: str,
    data: Path,
    /,
    *,
    out: OutFolder,
    labels: DataOptions = DataOptions(),  # noqa: B008 (frozen)
    n: Annotated[int | None, Parameter(name=["-n"])] = None,
    part: Annotated[
        str | None,
        Parameter(name="--only", help="Read the images of one part alone: train, validation or test."),
    ] = None,
    no_saliency: Annotated[
        bool, switch("Leave out where the classifier looks, which takes longest.")
    ] = False,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """How well a classifier reads attributes: accuracy, AUC, F beta, calibration, confusions, worst mistakes.

    Args:
        scorer: What --scorer takes: a folder of `ganatomy train attributes`, a bundled name, an ONNX file.
        data: Labelled images that it was not trained on, as `ganatomy train attributes` takes them.
        n: Images to read; by default all.

    Example:
        ganatomy study attributes scorer/ photos.zip -o report/
        ganatomy study attributes classifier.onnx celeba/ --only test -o report/
    """
    import numpy as np

    import ganatomy as ga
    from ganatomy.errors import SettingError
    from ganatomy.experiments.studies.attributes import attributes_document

    reader = ga.scorer(scorer)
    images = labels.open(data)
    if part is not None:
        if images.parts is None or part not in images.parts:
            raise SettingError(f"{data} has no part {part!r}; leave --only out")
        images = images.select((np.array(images.parts) == part).nonzero()[0])
    expect_new_folder(out)
    with stages() as advance:
        found = ga.study_attributes(
            reader, images, n=n, saliency=not no_saliency, seed=seed, progress=advance
        )
    finish_document(attributes_document(found, scorer=scorer), out, as_json=json)
