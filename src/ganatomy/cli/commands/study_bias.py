"""`ganatomy study bias`: how much moving A changes B, and how much of that the data explain."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from ganatomy.cli.console import stages
from ganatomy.cli.inputs import open_directions, open_label_table
from ganatomy.cli.outputs import expect_new_folder
from ganatomy.cli.parameters import (
    AnyGenerator,
    CountInMemory,
    Json,
    Method,
    Names,
    OutFolder,
    Repetitions,
    Small,
    parsed,
)
from ganatomy.cli.parsing import name_list
from ganatomy.cli.subject import called
from ganatomy.cli.workers import SharedStudy

if TYPE_CHECKING:
    from ganatomy.perception.base import Scorer

Named = Annotated[Names, parsed(name_list, "NAMES", several=True)]


def bias(
    subject: SharedStudy,
    *,
    out: OutFolder,
    change: Named = (),
    watch: Named = (),
    data: Path | None = None,
    directions: Path | None = None,
    labels: Path | None = None,
    n: CountInMemory = 3000,
    images: Small = 200,
    method: Method = "regression",
    refits: Repetitions = 8,
    of_any_generator: AnyGenerator = False,
    json: Json = False,
) -> None:
    r"""Measure how much moving A changes B, and how much of that the correlation of A and B in the data explains.

    The folder receives report.html, summary.json, bias.csv and figures/. Without --change and --watch, all pairs of
    attributes (or those of --attributes) are measured and the worst is named.

    Args:
        change: What to move: attributes or factors of the classifier, Long_Hair for faces, words; with --directions or
            --labels, names in that file. All by default.
        watch: What to read: attributes or factors of the classifier. All by default.
        data: Labels of the training data (CelebA's list, .csv or .parquet), whose correlations explain. For faces they
            are known.
        directions: File of directions to move along, instead of finding them.
        labels: Table whose row i labels image i of the sample of --seed; directions are found in its columns.
        n: Number of images in which directions are found.
        images: Number of other images that are edited for each direction.
        refits: Number of times that directions are found again, for the intervals; 0 leaves this out.

    Example:
        ganatomy study bias faces --change Long_Hair --watch Male -o bias/
        ganatomy study bias faces -o all-pairs/
        ganatomy study bias gan.pt --scorer attributes.onnx --change Smiling --watch Male \
            --data list_attr_celeba.txt -o bias/
        ganatomy study bias gan.pt --scorer clip --change beard --watch "a man|a woman" -o bias/
    """
    from ganatomy.datasets.labels import read_labels
    from ganatomy.experiments.studies import study_bias
    from ganatomy.perception import TableScorer

    expect_new_folder(out)
    taught = None
    if directions is not None:
        taught = open_directions(directions, subject.generator, of_any_generator=of_any_generator)
    chosen = subject.attributes
    if not chosen:
        words = watch if taught is not None or labels is not None else (*change, *watch)
        subject = replace(subject, attributes=words)
    experiment = subject.experiment()
    scorer = experiment.image_scorer
    known = read_labels(data) if data is not None else open_label_table(subject.model)
    with stages() as advance:
        found = study_bias(
            replace(experiment, progress=advance),
            _named(scorer, change or (chosen if taught is None and labels is None else ())),
            _named(scorer, watch or chosen),
            n=n,
            images=images,
            data=known,
            directions=taught,
            labels=None if labels is None else TableScorer(labels),
            method=method,
            refits=refits,
        )
    subject.report(found, experiment, out, as_json=json)


def _named(scorer: Scorer, texts: Names) -> Names | None:
    """Attributes as the scorer calls them; None for all."""
    return tuple(called(scorer, text) for text in texts) or None
