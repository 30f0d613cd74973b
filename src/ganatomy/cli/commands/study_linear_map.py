"""`ganatomy study linear-map`: a linear map from codes to scores, with an orthogonality penalty and without."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from ganatomy.cli.console import stages
from ganatomy.cli.inputs import open_labelled
from ganatomy.cli.outputs import expect_new_folder
from ganatomy.cli.parameters import CountInMemory, Json, OutFolder, Small, TargetChange, options
from ganatomy.cli.subject import called
from ganatomy.cli.workers import SharedStudy


@options
class LinearMapSubject(SharedStudy):
    """The paper's space is the default."""

    space: Literal["z", "w", "w+"] = "z"
    """Space of the latents; z as in the paper."""


def linear_map(
    subject: LinearMapSubject,
    *,
    out: OutFolder,
    n: CountInMemory = 3000,
    images: Small = 40,
    show: str | None = None,
    penalty: float = 2.0,
    data: Path | None = None,
    target_change: TargetChange = 0.25,
    json: Json = False,
) -> None:
    r"""Map codes to scores with an orthogonality penalty and without, and compare their edits (Pham Van et al.).

    The folder receives report.html, summary.json and figures/.

    Args:
        n: Number of codes that the map is learnt from.
        images: Number of other images that each method edits.
        show: Attribute that tables and images show; by default Young, as in the paper, else the one whose direction is
            closest to those of the others.
        penalty: Weight of the penalty (λ in the paper).
        data: Labelled images to test the scorer on: a folder with labels.csv, or an idx file as MNIST's, with the file
            of labels beside it. For faces, new ones are drawn.

    Example:
        ganatomy study linear-map faces -o linear-map/
        ganatomy study linear-map digits --data t10k-images-idx3-ubyte.gz \
            -o linear-map/
        ganatomy study linear-map gan.pt --prior uniform \
            --scorer attributes.onnx -o linear-map/
    """
    from ganatomy.experiments.studies import study_linear_map

    expect_new_folder(out)
    with stages() as advance:
        experiment = subject.experiment(progress=advance)
        scorer = experiment.image_scorer
        labelled = open_labelled(data, subject.model, experiment.generator, scorer, seed=subject.seed)
        found = study_linear_map(
            experiment,
            n=n,
            images=images,
            attributes=subject.chosen(scorer),
            shown=None if show is None else called(scorer, show),
            penalty=penalty,
            target_change=target_change,
            labelled=labelled,
        )
    subject.report(found, experiment, out, as_json=json)
