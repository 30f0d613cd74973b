"""`ganatomy explore`: the main job, from a model to a report."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from ganatomy.cli.console import stages
from ganatomy.cli.outputs import expect_new_folder, finish_document
from ganatomy.cli.parameters import Count, Json, OutFolder, SmallOrNone
from ganatomy.cli.subject import DOUBTED, remark_doubts
from ganatomy.cli.workers import SharedStudy
from ganatomy.errors import ScoreError

if TYPE_CHECKING:
    from ganatomy.perception.base import Scorer


def explore(
    subject: SharedStudy,
    *,
    out: OutFolder,
    n: Count = 3000,
    images: SmallOrNone = None,
    json: Json = False,
) -> None:
    r"""Find directions of a model's latent space, measure what each one changes, and write a report: the main job.

    The folder receives report.html, summary.json, directions.safetensors, the survey and the figures. An exploration
    that was stopped goes on where it was.

    Args:
        n: Number of codes to survey.
        images: Number of images that are edited along each direction; by default 36 to 256, fewer where there are many
            directions, and fewer for methods whose mean is known well enough. Fewer are sooner measured, with wider
            intervals.

    Example:
        ganatomy explore faces -n 3000 -o faces-report/
        ganatomy explore gan.pt --prior uniform --scorer attributes.onnx \
            -o gan-report/
    """
    from ganatomy.experiments.explore import exploration_document, survey_folder
    from ganatomy.experiments.explore import explore as run
    from ganatomy.perception import TextScorer

    expect_new_folder(out)
    experiment = subject.experiment()
    scorer = experiment.image_scorer
    # Of attributes in words, rare ones are skipped although they were asked for: words may fit all images, or none.
    wanted = None if isinstance(scorer, TextScorer) else subject.chosen(scorer)
    with _advising(scorer), stages() as advance:
        found = run(
            replace(experiment, progress=advance),
            n=n,
            folder=survey_folder(out),
            attributes=wanted,
            measured=images,
        )
    remark_doubts(found.survey[:DOUBTED].scores, subject.scorer_name(scorer))
    page = exploration_document(
        found,
        experiment,
        model=subject.model,
        scorer=subject.scorer_name(scorer),
        opened_with=subject.opening(),
    )
    finish_document(page, out, as_json=json)


@contextmanager
def _advising(scorer: Scorer) -> Iterator[None]:
    """Add advice where words fit all images of a model, or none."""
    from ganatomy.perception import TextScorer

    try:
        yield
    except ScoreError as error:
        if not isinstance(scorer, TextScorer) or any(scorer.centre):
            raise
        raise ScoreError(
            f"{error}; these are words that are not centred: `ganatomy words` centres them on a model"
        ) from None
