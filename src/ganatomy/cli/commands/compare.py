"""`ganatomy compare`: all methods of finding directions and of editing, in one table."""

from __future__ import annotations

import json as json_format

from ganatomy.cli.console import answer, stages
from ganatomy.cli.outputs import expect_folder
from ganatomy.cli.parameters import Count, Json, NameList, OutFolder, TargetChange
from ganatomy.cli.subject import Study


def compare(
    subject: Study,
    *,
    out: OutFolder,
    n: Count = 1500,
    images: int = 36,
    methods: NameList = (),
    target_change: TargetChange = 0.25,
    json: Json = False,
) -> None:
    r"""Compare all methods of finding directions and of editing, at the same budget and the same effect.

    The folder receives compare.html and compare.json.

    Args:
        n: Number of codes that each method learns from.
        images: Number of images that each method edits.
        methods: Methods to compare, such as regression,guided-hold; all by default.

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
    experiment = subject.experiment()
    scorer = experiment.image_scorer
    with stages() as advance:
        found = run(
            experiment.generator,
            scorer,
            n=n,
            images=images,
            attributes=subject.chosen(scorer),
            methods=methods or None,
            space=subject.space,
            seed=subject.seed,
            target_change=target_change,
            truncation_psi=subject.truncation_psi,
            batch_size=subject.batch_size,
            progress=advance,
        )
        page = write_comparison(
            found,
            experiment.generator,
            out,
            model=subject.model,
            scorer_name=subject.scorer_name(scorer),
        )
    numbers = json_format.loads((out / SUMMARY_FILE).read_text(encoding="utf-8"))
    sentences = verdict(Standing(comparison=found))
    answer("\n".join([*sentences, str(page)]), {**numbers, "report": str(page)}, as_json=json)
