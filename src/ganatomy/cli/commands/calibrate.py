"""`ganatomy calibrate`: how sure a classifier may be of a model's images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ganatomy.cli.console import answer
from ganatomy.cli.outputs import expect_file
from ganatomy.cli.parameters import CountInMemory, Json, Seed, out_path
from ganatomy.cli.subject import ScorerAlone
from ganatomy.errors import SettingError

ENDING = ".calibrated"
CalibratedFile = Annotated[Path, out_path(f"File to write; its name must end in {ENDING}.")]


def calibrate(
    subject: ScorerAlone,
    *,
    reader: Annotated[list[str], Parameter(consume_multiple=True, negative="")],
    out: CalibratedFile,
    n: CountInMemory = 3_000,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Calibrate a classifier on a model's own images, by what other classifiers read in them.

    A classifier that is calibrated on photographs is usually too sure of itself in generated images. Every attribute
    gets one temperature, which divides its logits; the file is a scorer that every --scorer takes. Judge edits by
    another classifier than these.

    Args:
        reader: One other classifier or several, which score the same attributes; takes what --scorer takes.
        n: Images that are read.

    Example:
        ganatomy calibrate gan.pt --scorer classifier.onnx --reader another.onnx -o my.calibrated
    """
    from ganatomy.perception import CalibratedScorer, EnsembleScorer
    from ganatomy.perception import scorer as find_scorer
    from ganatomy.training import fit_temperatures

    expect_file(out, (ENDING,))
    generator = subject.generator
    scorer = subject.open_scorer()
    others = EnsembleScorer([find_scorer(name) for name in reader])
    if scorer.sources & others.sources:
        raise SettingError("a reader is the scorer itself; give classifiers that were trained apart from it")
    names = [name for name in scorer.names if name in others.names]
    if not names:
        raise SettingError(
            f"the readers score none of the scorer's attributes; they score {', '.join(others.names)}"
        )
    temperatures, _ = fit_temperatures(
        generator, [scorer.select(names), others.select(names)], n=n, seed=seed
    )
    found = CalibratedScorer(scorer.select(names), temperatures.tolist())
    path = found.save(out, scorer=subject.scorer or subject.model)
    listed = dict(zip(names, temperatures.tolist(), strict=True))
    lines = [f"  {name:24} {value:6.2f}" for name, value in listed.items()]
    text = "\n".join([f"{path}: temperatures; above 1 where the classifier was too sure", *lines])
    answer(text, {"calibrated": str(path), "n": n, "temperatures": listed}, as_json=json)
