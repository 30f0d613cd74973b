"""`ganatomy study z-against-w`: the same images edited in z and in w, and which space is less entangled."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from ganatomy.cli.console import stages
from ganatomy.cli.inputs import name_as, open_correlations, open_model, open_scorer
from ganatomy.cli.outputs import expect_folder, finish_document
from ganatomy.cli.parameters import (
    MODEL,
    Attributes,
    CorrelationsFile,
    Count,
    Json,
    Model,
    ModelOptions,
    OutFolder,
    ScorerName,
    Seed,
)


def z_against_w(
    model: Model,
    /,
    *,
    out: OutFolder,
    scorer: ScorerName = None,
    n: Count = 3000,
    images: int = 20,
    attributes: Attributes = (),
    method: Annotated[str, Parameter(help="How directions of the attributes are found.")] = "regression",
    correlations: CorrelationsFile = None,
    target_change: Annotated[
        float,
        Parameter(help="Mean change of its own attribute's probability at which edits are compared."),
    ] = 0.25,
    refits: int = 10,
    seed: Seed = 0,
    options: ModelOptions = MODEL,
    json: Json = False,
) -> None:
    r"""Edit the same images in z and in w, and say which space is less entangled (Tronchon and Cadiou's study).

    The folder receives report.html, summary.json and figures/. A model that has z only gets the half that concerns z.

    Args:
        n: How many codes to find directions in.
        images: How many other images are edited, at 13 strengths for each attribute.
        refits: How often directions are found again, to see how much of a difference is theirs; 0 leaves this out.

    Example:
        ganatomy study z-against-w faces -o z-against-w/
        ganatomy study z-against-w gan.pt --scorer attributes.onnx \
            --attributes Smiling,Male --correlations list_attr_celeba.txt -o z-against-w/
    """
    from ganatomy.experiments.studies.z_against_w import document
    from ganatomy.experiments.studies.z_against_w import z_against_w as run

    expect_folder(out)
    generator = open_model(model, options)
    sees = open_scorer(scorer, model, words=attributes, device=options.device)
    data = open_correlations(correlations, model)
    with stages() as advance:
        found = run(
            generator,
            sees,
            n=n,
            images=images,
            attributes=[name_as(sees, said) for said in attributes] or None,
            method=method,
            data=data,
            target_change=target_change,
            refits=refits,
            seed=seed,
            batch_size=options.batch_size,
            progress=advance,
        )
        told = document(found, model=model, scorer=scorer)
    finish_document(told, out, as_json=json)
