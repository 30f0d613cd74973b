"""`ganatomy train student`: a network that learns from a classifier's own readings, for a smoothed reading."""

from __future__ import annotations

from ganatomy.cli.console import answer, stages
from ganatomy.cli.outputs import expect_file
from ganatomy.cli.parameters import Count, Json, OutFile, Seed
from ganatomy.cli.subject import ScorerAlone


def train_student(
    subject: ScorerAlone,
    *,
    out: OutFile,
    n: Count = 6_000,
    images: int = 64_000,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Train an attribute network on generated images, labelled by the scorer, where no other classifier can be had.

    Given as --judge, it adds a smoothed reading: the same attributes without the noise of a single network. It shares
    the scorer's errors, so it confirms nothing.

    Args:
        n: Different images, a tenth of which is held out.
        images: Images shown, repeats counted.

    Example:
        ganatomy train student gan.pt --scorer classifier.onnx -o student.safetensors
        ganatomy edit gan.pt --seed 7 --scorer classifier.onnx --to Smiling=0.9 --judge student.safetensors -o a.png
    """
    from ganatomy.training import train_student as train_network

    expect_file(out, (".safetensors",))
    generator = subject.generator
    scorer = subject.open_scorer()
    with stages() as advance:
        student, evaluation = train_network(
            generator, scorer, n=n, images=images, seed=seed, progress=advance
        )
    path = student.save(out)
    data = {"student": str(path), "auc": evaluation.auc, "accuracy": evaluation.accuracy}
    answer(f"{path}: on held-out images, against the scorer\n{evaluation}", data, as_json=json)
