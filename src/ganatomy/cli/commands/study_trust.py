"""`ganatomy study trust`: edits of several methods, read by the scorer and by judges that took no part."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from ganatomy.cli.console import answer, stages
from ganatomy.cli.outputs import expect_new_folder, finish_document
from ganatomy.cli.parameters import CountInMemory, Json, OutFolder, Repetitions, Small, options, parsed
from ganatomy.cli.subject import NONE
from ganatomy.cli.workers import GuidedStudy

if TYPE_CHECKING:
    from ganatomy.perception.base import Scorer
    from ganatomy.perception.judging import Judge


@options
class TrustSubject(GuidedStudy):
    """A subject with any number of judges."""

    judge: Annotated[
        str | None,
        parsed(
            str,
            "JUDGES",
            "Classifiers that took no part, separated by commas: they read the edited images as well. Each takes what "
            "--scorer takes; by default the one that is bundled; none goes without.",
        ),
    ] = None

    def open_judges(self, scorer: Scorer) -> list[Judge]:
        """The judges of these names or files, or the one bundled with the model."""
        specs: list[str | None] = [spec.strip() for spec in (self.judge or "").split(",") if spec.strip()]
        opened = (replace(self, judge=spec).open_judge(scorer, self.attributes) for spec in specs or [None])
        return [judge for judge in opened if judge is not None]


def trust(
    subject: TrustSubject,
    *,
    out: OutFolder,
    n: CountInMemory = 1500,
    images: Small = 24,
    to: float = 0.9,
    blind: Repetitions = 0,
    answers: Path | None = None,
    json: Json = False,
) -> None:
    r"""Edit images by several methods, and ask judges whether what the scorer says of the edits is so.

    The folder receives report.html, summary.json and figures/, and with --blind a sheet of questions for a person.
    Of the attributes that are named those are edited; by default six. All others stay.

    Args:
        n: Number of codes that directions are learnt from.
        images: Number of other images that are edited for each attribute.
        to: Probability that edits ask for; 1 less it where they take an attribute away.
        blind: Number of images on a sheet (blind.html) that asks a person what is in them, such as 96.
        answers: Answers to the sheet in the same folder, as the sheet saved them; compares them and makes nothing new.

    Example:
        ganatomy study trust faces -o trust/
        ganatomy study trust faces --judge mine.safetensors,other.onnx \
            --blind 96 -o trust/
        ganatomy study trust faces --answers answers.csv -o trust/
    """
    if answers is not None:
        _compare(answers, out, json=json)
        return
    from ganatomy.experiments.studies.trust import study_trust, trust_document
    from ganatomy.experiments.studies.trust.blind import check_sheet

    expect_new_folder(out)
    if blind:
        check_sheet(blind)
    with stages() as advance:
        experiment = replace(subject, judge=NONE).experiment(progress=advance)
        scorer = experiment.image_scorer
        found = study_trust(
            experiment,
            judges=subject.open_judges(scorer),
            n=n,
            images=images,
            attributes=subject.chosen(scorer),
            to=to,
        )
    page = trust_document(
        found, experiment, model=subject.model, scorer=subject.scorer_name(scorer), blind=blind
    )
    finish_document(page, out, as_json=json)


def _compare(answers: Path, out: Path, *, json: bool) -> None:
    """Print how often a person answers as scorer and judges do."""
    from ganatomy.experiments.studies.trust import compare_answers
    from ganatomy.experiments.studies.trust.blind import KEY_FILE
    from ganatomy.report.writer import as_json

    found = compare_answers(answers, out / KEY_FILE)
    answer("\n".join(map(str, found)), {"answers": str(answers), "person": as_json(found)}, as_json=json)
