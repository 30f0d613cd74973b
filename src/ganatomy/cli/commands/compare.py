"""`ganatomy compare`: all methods of finding directions and of editing, in one table."""

from __future__ import annotations

from ganatomy.cli.console import stages
from ganatomy.cli.outputs import expect_new_folder
from ganatomy.cli.parameters import Count, Json, NameList, OutFolder, Small, TargetChange
from ganatomy.cli.workers import GuidedStudy


def compare(
    subject: GuidedStudy,
    *,
    out: OutFolder,
    n: Count = 1500,
    images: Small = 36,
    methods: NameList = (),
    target_change: TargetChange = 0.25,
    json: Json = False,
) -> None:
    r"""Compare all methods of finding directions and of editing, at the same budget and the same effect.

    The folder receives report.html, summary.json and figures/.

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

    expect_new_folder(out)
    with stages() as advance:
        experiment = subject.experiment(progress=advance)
        found = run(
            experiment,
            n=n,
            images=images,
            attributes=subject.chosen(experiment.scorer),
            methods=methods or None,
            target_change=target_change,
        )
    subject.report(found, experiment, out, as_json=json)
