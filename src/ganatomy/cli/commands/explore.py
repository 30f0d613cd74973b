"""`ganatomy explore`: the main job, from a model to a report."""

from __future__ import annotations

import json as json_format
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ganatomy.cli.console import answer, stages
from ganatomy.cli.inputs import name_as, open_model, open_scorer
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
)
from ganatomy.errors import ScoreError

if TYPE_CHECKING:
    from ganatomy.perception.base import Scorer


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
    truncation_psi: TruncationPsi = 1.0,
    options: ModelOptions = MODEL,
    json: Json = False,
) -> None:
    r"""Find what the latent space of a model means, measure it, and write a report: the main job.

    The folder receives report.html, summary.json, directions.safetensors, the survey and the figures. An exploration
    that was stopped goes on where it was.

    Args:
        n: How many codes to survey.

    Example:
        ganatomy explore faces -n 3000 -o faces-report/
        ganatomy explore gan.pt --prior uniform --scorer attributes.onnx \
            -o gan-report/
    """
    from ganatomy.experiments.base import Experiment
    from ganatomy.experiments.explore import write_report
    from ganatomy.experiments.explore.run import explore as run
    from ganatomy.experiments.explore.writer import survey_folder
    from ganatomy.perception import TextScorer
    from ganatomy.report import prepare_folder
    from ganatomy.report.writer import SUMMARY_FILE

    prepare_folder(expect_folder(out))
    generator = open_model(model, options)
    sees = open_scorer(scorer, model, words=attributes, device=options.device)
    scorer, wanted = scorer or model, attributes or None
    if isinstance(sees, TextScorer):
        # Looking for them is the cost; of those that were looked for, rare ones are left out as of any scorer.
        sees = sees.select([name_as(sees, said) for said in attributes] or sees.names)
        scorer, wanted = sees.model.name if scorer == model else scorer, None
    with _advising(sees), stages() as advance:
        experiment = Experiment(
            generator,
            sees,
            space=space,
            seed=seed,
            truncation_psi=truncation_psi,
            batch_size=options.batch_size,
            progress=advance,
        )
        found = run(experiment, n=n, folder=survey_folder(out), attributes=wanted, truth=_truth(sees))
        given = {"prior": options.prior, "output": options.output, "hidden": options.hidden}
        page = write_report(
            found,
            generator,
            sees,
            out,
            model=model,
            scorer_name=scorer,
            loaded_with={name: value for name, value in given.items() if value is not None},
        )
    summary = json_format.loads((out / SUMMARY_FILE).read_text(encoding="utf-8"))
    answer(str(page), {**summary, "report": str(page)}, as_json=json)


@contextmanager
def _advising(scorer: Scorer) -> Iterator[None]:
    """Say what helps where words fit all images of a model, or none."""
    from ganatomy.perception import TextScorer

    try:
        yield
    except ScoreError as error:
        if not isinstance(scorer, TextScorer) or any(scorer.centre):
            raise
        raise ScoreError(
            f"{error}; these are words that are not centred: `ganatomy words` centres them on a model"
        ) from None


def _truth(scorer: Scorer) -> Scorer | None:
    """What reads the factors that drawn images were made from, where the scorer learnt them."""
    from ganatomy.perception import FactorScorer, NetworkScorer

    if isinstance(scorer, NetworkScorer) and scorer.network.config.factors:
        return FactorScorer(scorer)
    return None
