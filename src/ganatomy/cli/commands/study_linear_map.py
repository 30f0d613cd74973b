"""`ganatomy study linear-map`: a linear map from codes to scores, with a penalty and without, and our answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from ganatomy.cli.console import stages
from ganatomy.cli.inputs import name_as, open_model, open_scorer
from ganatomy.cli.outputs import expect_folder, finish_document
from ganatomy.cli.parameters import (
    MODEL,
    Attributes,
    Count,
    Json,
    Model,
    ModelOptions,
    OutFolder,
    ScorerName,
    Seed,
    TruncationPsi,
)
from ganatomy.errors import MissingFileError

if TYPE_CHECKING:
    from ganatomy.datasets.labelled import Labelled
    from ganatomy.generators.base import Generator
    from ganatomy.perception.base import Scorer


def linear_map(
    model: Model,
    /,
    *,
    out: OutFolder,
    scorer: ScorerName = None,
    n: Count = 3000,
    images: int = 40,
    attributes: Attributes = (),
    show: Annotated[
        str | None,
        Parameter(
            help="The attribute of the tables and images; by default Young, the paper's, or else the one whose "
            "direction is most like the others'."
        ),
    ] = None,
    penalty: Annotated[float, Parameter(help="Weight of the penalty, the paper's λ.")] = 2.0,
    data: Annotated[
        Path | None,
        Parameter(
            help="Labelled images to test the scorer on: a folder with labels.csv, or an idx file as MNIST's with "
            "that of the labels beside it. For faces, new ones are drawn."
        ),
    ] = None,
    target_change: Annotated[
        float, Parameter(help="How far each edit moves the mean probability of its attribute.")
    ] = 0.25,
    space: Annotated[
        Literal["z", "w", "w+"], Parameter(help="The space that the codes live in; the paper has z.")
    ] = "z",
    seed: Seed = 0,
    truncation_psi: TruncationPsi = 1.0,
    options: ModelOptions = MODEL,
    json: Json = False,
) -> None:
    r"""Map codes to scores with an orthogonality penalty and without, and say which edits cleaner (Pham Van et al.).

    The folder receives report.html, summary.json and figures/.

    Args:
        n: How many codes to learn the map from.
        images: How many other images every way edits.

    Example:
        ganatomy study linear-map faces -o linear-map/
        ganatomy study linear-map digits --data t10k-images-idx3-ubyte.gz \
            -o linear-map/
        ganatomy study linear-map gan.pt --prior uniform \
            --scorer attributes.onnx -o linear-map/
    """
    from ganatomy.experiments.studies import study_linear_map
    from ganatomy.experiments.studies.linear_map import document

    expect_folder(out)
    generator = open_model(model, options)
    sees = open_scorer(scorer, model, words=attributes, device=options.device)
    labelled = _labelled(data, model, generator, sees, seed=seed)
    with stages() as advance:
        found = study_linear_map(
            generator,
            sees,
            n=n,
            images=images,
            attributes=[name_as(sees, said) for said in attributes] or None,
            shown=show,
            penalty=penalty,
            space=space,
            seed=seed,
            target_change=target_change,
            labelled=labelled,
            truncation_psi=truncation_psi,
            batch_size=options.batch_size,
            progress=advance,
        )
        told = document(found, model=model, scorer=scorer)
    finish_document(told, out, as_json=json)


def _labelled(
    data: Path | None, model: str, generator: Generator, scorer: Scorer, *, seed: int
) -> Labelled | None:
    """Labelled images of a folder or of two idx files, or drawn ones of the bundled faces."""
    from ganatomy.datasets.idx import idx_images, read_idx
    from ganatomy.datasets.labelled import class_labelled, drawn_labelled, folder_labelled

    resolution, channels = generator.signature.resolution, generator.signature.channels
    if data is None:
        return drawn_labelled(resolution=resolution) if model == "faces" else None
    if not data.is_file():
        return folder_labelled(data, resolution=resolution, channels=channels, seed=seed)
    table = data.with_name(data.name.replace("images-idx3", "labels-idx1"))
    if table == data or not table.exists():
        raise MissingFileError(
            f"{data} has no labels beside it; name the images ...images-idx3... and the labels ...labels-idx1..., "
            "as MNIST's are"
        )
    pixels = idx_images(data, resolution=resolution).repeat(channels, axis=3)
    return class_labelled(pixels, read_idx(table), scorer.names, description=data.name, seed=seed)
