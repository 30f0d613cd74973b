"""`ganatomy study z-against-w`: the same images edited in z and in w, to compare how entangled both spaces are."""

from __future__ import annotations

from dataclasses import replace

from ganatomy.cli.console import stages
from ganatomy.cli.inputs import open_correlations
from ganatomy.cli.outputs import expect_new_folder
from ganatomy.cli.parameters import (
    Absent,
    CorrelationsFile,
    CountInMemory,
    Json,
    Method,
    OutFolder,
    Repetitions,
    Small,
    TargetChange,
    options,
)
from ganatomy.cli.workers import SharedStudy


@options
class BothSpaces(SharedStudy):
    """The same codes in z and in w, without truncation, which z does not have."""

    space: Absent = None
    truncation_psi: Absent = 1.0


def z_against_w(
    subject: BothSpaces,
    *,
    out: OutFolder,
    n: CountInMemory = 3000,
    images: Small = 20,
    method: Method = "regression",
    correlations: CorrelationsFile = None,
    target_change: TargetChange = 0.25,
    refits: Repetitions = 10,
    json: Json = False,
) -> None:
    r"""Edit the same images in z and in w, and test which space is less entangled (Tronchon and Cadiou's study).

    The folder receives report.html, summary.json and figures/. Of a model without w, only z is studied.

    Args:
        n: Number of codes that directions are found in.
        images: Number of other images that are edited, at 13 strengths for each attribute.
        refits: Number of times that directions are found again in resampled codes; 0 leaves this test out.

    Example:
        ganatomy study z-against-w faces -o z-against-w/
        ganatomy study z-against-w gan.pt --scorer attributes.onnx \
            --attributes Smiling,Male --correlations list_attr_celeba.txt -o z-against-w/
    """
    from ganatomy.experiments.studies import study_z_against_w

    expect_new_folder(out)
    experiment = subject.experiment()
    data = open_correlations(correlations, subject.model)
    with stages() as advance:
        found = study_z_against_w(
            replace(experiment, progress=advance),
            n=n,
            images=images,
            attributes=subject.chosen(experiment.scorer),
            method=method,
            data=data,
            target_change=target_change,
            refits=refits,
        )
    subject.report(found, experiment, out, as_json=json)
