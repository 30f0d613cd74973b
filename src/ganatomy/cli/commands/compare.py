"""`ganatomy compare`: every way of finding directions and of editing with them, in one league table."""

from __future__ import annotations

import json as json_format
from typing import Annotated

from cyclopts import Parameter

from ganatomy.cli import parsing
from ganatomy.cli.console import answer, stages
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
    TruncationPsi,
    parsed,
)


def compare(
    model: Model,
    /,
    *,
    out: OutFolder,
    scorer: ScorerName = None,
    n: Count = 1500,
    images: int = 36,
    attributes: Attributes = (),
    methods: Annotated[
        tuple[str, ...],
        parsed(
            parsing.name_list, "NAMES", "Methods to compare, such as regression,guided-hold; all by default."
        ),
    ] = (),
    target_change: Annotated[
        float, Parameter(help="How far each edit moves the mean probability of its attribute.")
    ] = 0.25,
    space: SpaceName = None,
    seed: Seed = 0,
    truncation_psi: TruncationPsi = 1.0,
    options: ModelOptions = MODEL,
    json: Json = False,
) -> None:
    r"""Compare every way of finding directions and of editing with them, at the same budget and the same effect.

    The folder receives compare.html and compare.json.

    Args:
        n: How many codes every finder may learn from.
        images: How many images are edited by every method.

    Example:
        ganatomy compare faces -o compare/
        ganatomy compare gan.pt --scorer attributes.onnx --attributes Smiling,Male \
            --methods regression,selective,guided-hold -o compare/
    """
    from ganatomy.experiments.compare import compare as run
    from ganatomy.experiments.compare import write_comparison
    from ganatomy.experiments.compare.standing import Standing
    from ganatomy.experiments.compare.verdict import verdict
    from ganatomy.experiments.compare.writer import SUMMARY_FILE

    expect_folder(out)
    generator, sees = open_model(model, options), open_scorer(scorer, model, words=attributes)
    with stages() as advance:
        found = run(
            generator,
            sees,
            n=n,
            images=images,
            attributes=attributes or None,
            methods=methods or None,
            space=space,
            seed=seed,
            target_change=target_change,
            truncation_psi=truncation_psi,
            batch_size=options.batch_size,
            progress=advance,
        )
        page = write_comparison(found, generator, out, model=model, scorer_name=scorer or model)
    numbers = json_format.loads((out / SUMMARY_FILE).read_text(encoding="utf-8"))
    sentences = verdict(Standing(comparison=found))
    answer("\n".join([*sentences, str(page)]), {**numbers, "report": str(page)}, as_json=json)
