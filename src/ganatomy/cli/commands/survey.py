"""`ganatomy survey`: many codes, and the scores of their images."""

from __future__ import annotations

from ganatomy.cli.console import remark, stages
from ganatomy.cli.outputs import expect_new_folder
from ganatomy.cli.parameters import Absent, Count, Json, OutFolder, options
from ganatomy.cli.subject import DOUBTED, remark_doubts
from ganatomy.cli.workers import SharedStudy


@options
class SurveySubject(SharedStudy):
    """A survey edits nothing that a judge could read."""

    judge: Absent = None


def survey(
    subject: SurveySubject,
    *,
    out: OutFolder,
    n: Count = 3000,
    gradients: int = 0,
    json: Json = False,
) -> None:
    r"""Draw codes and score their images, to find directions in.

    The folder grows part by part. A survey that was stopped, or that should be larger, goes on where it was, by
    whatever workers: they all make the same rows.

    Args:
        n: Number of codes in the whole survey.
        gradients: Number of codes whose scores are differentiated as well, for `directions --method selective`.

    Example:
        ganatomy survey faces -n 20000 --space w -o my.survey
        ganatomy survey faces -n 20000 --device cuda:0,cuda:1 -o my.survey
        ganatomy survey faces -n 20000 --ray auto -o my.survey
    """
    from ganatomy.surveys import differentiate, load_survey

    expect_new_folder(out)
    with stages() as advance, subject.experiment(only=True, progress=advance).at_work() as experiment:
        found = experiment.survey(n, folder=out, stage="surveying")
        if gradients:
            with experiment.stage("gradients") as done:
                differentiate(
                    found,
                    experiment.generator,
                    experiment.image_scorer,
                    n=gradients,
                    folder=out,
                    progress=done,
                )
    remark_doubts(found[:DOUBTED].scores, subject.scorer_name(experiment.image_scorer))
    whole = len(load_survey(out))
    if whole > n:
        remark(f"{out} holds {whole} codes already, and keeps them; the shares below are of the first {n}")
    shares = found.prevalence
    space = found.space.value
    data = {"n": len(found), "space": space, "seed": subject.seed, "prevalence": shares}
    rows = [f"  {name:24} {100 * share:5.1f} %" for name, share in shares.items()]
    lines = [f"{len(found)} codes in {space}, {len(shares)} attributes", *rows]
    subject.done(out, "\n".join(lines), data, as_json=json)
