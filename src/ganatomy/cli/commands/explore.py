"""`ganatomy explore`: the main job, from a model to a report."""

from __future__ import annotations

from ganatomy.cli.console import answer, progress
from ganatomy.cli.inputs import open_model, open_scorer
from ganatomy.cli.outputs import expect_folder
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
    SpaceName,
)


def explore(
    model: Model,
    /,
    *,
    out: OutFolder,
    scorer: ScorerName = None,
    n: Count = 3000,
    space: SpaceName = None,
    seed: Seed = 0,
    attributes: Attributes = (),
    options: ModelOptions = MODEL,
    json: Json = False,
) -> None:
    r"""Find what the latent space of a model means, measure it, and write a report: the main job.

    The folder receives report.html, summary.json, directions.safetensors, the survey and the figures. An exploration
    that was stopped goes on where it was.

    Args:
        n: How many codes to survey.

    Example:
        ganatomy explore faces -n 3000 -o faces-report
        ganatomy explore gan.pt --prior uniform --scorer attributes.onnx \
            -o gan-report
    """
    raise NotImplementedError
