"""`ganatomy measure`: figures of a model, each with its interval, its unit and whether higher is better."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from ganatomy.cli.console import answer, remark, stages
from ganatomy.cli.inputs import open_correlations, open_reference
from ganatomy.cli.parameters import Absent, CorrelationsFile, CountInMemory, Json, Method, options, out_path
from ganatomy.cli.workers import SharedStudy

if TYPE_CHECKING:
    from ganatomy.datasets.references import Reference
    from ganatomy.perception.base import Scorer


@options
class MeasureSubject(SharedStudy):
    """Measures choose their spaces themselves."""

    space: Absent = None


def measure(
    subject: MeasureSubject,
    *names: str,
    n: CountInMemory = 1000,
    method: Method = "regression",
    perceptual: Literal["auto", "lpips", "scorer", "imagenet", "pixels"] = "auto",
    features: Literal["auto", "inception", "scorer", "pixels"] = "auto",
    data: Path | None = None,
    correlations: CorrelationsFile = None,
    out: Annotated[Path | None, out_path("CSV file to write as well, with a row for each figure.")] = None,
    json: Json = False,
) -> None:
    r"""Measure a model: how entangled its spaces are, how far its images are from real ones, what its edits do.

    Each result is a line with its 95 % interval, its unit and whether higher or lower is better.

    Args:
        names: Measures, such as path-length separability; without any, lists what can be measured.
        n: Number of images that each measure may generate.
        perceptual: Perceptual distance: lpips as published (fetched once), features of the scorer or of a network of
            ImageNet (an extra), or pixels; auto takes the first that is installed, but for ImageNet.
        features: Features that sets of images are compared by: inception as published (fetched once), those of the
            scorer, or pixels; auto takes the first that is installed.
        data: Real images: a folder, a zip, or an idx file as MNIST's. For faces, new ones are drawn.

    Example:
        ganatomy measure faces
        ganatomy measure faces path-length separability linearity -n 2000
        ganatomy measure digits frechet kid precision-recall memorisation \
            --data t10k-images-idx3-ubyte.gz -o digits.csv
    """
    from ganatomy.experiments.measure import measure as run

    experiment = subject.experiment(without_scorer=True)
    scorer = experiment.scorer
    real = open_reference(data, subject.model, experiment.generator, n=n, seed=subject.seed)
    if not names:
        _list(subject.model, scorer, real, as_json=json)
        return
    with stages() as advance:
        found = run(
            replace(experiment, progress=advance),
            names,
            n=n,
            attributes=subject.chosen(scorer),
            method=method,
            perceptual=perceptual,
            features=features,
            data=real,
            correlations=open_correlations(correlations, subject.model),
        )
    for name, reason in found.failed.items():
        remark(f"{name} was not measured: {reason}")
    about = {
        "model": subject.model,
        "data": None if real is None else real.description,
        "attributes": list(subject.chosen(scorer) or ()) or None,
        "method": method,
        "truncation_psi": subject.truncation_psi,
    }
    if out is not None:
        found.to_csv(out)
    answer(str(found), {**about, **found.data()}, as_json=json)


def _list(model: str, scorer: Scorer | None, data: Reference | None, *, as_json: bool) -> None:
    """All measures, and what some of them still need."""
    from ganatomy.experiments.measure import missing
    from ganatomy.metrics import MEASURES
    from ganatomy.metrics.base import BETTER
    from ganatomy.perception.features import inception_is_here
    from ganatomy.perception.perceptual import lpips_is_here

    lacking = missing(scorer=scorer, data=data)
    width = max(map(len, MEASURES))
    lines = [
        f"{name:{width}}  {it.summary}; {it.result.unit}, {BETTER[it.result.higher_is_better]}"
        + (f"; needs {' and '.join(lacking[name])}" if lacking[name] else "")
        for name, it in MEASURES.items()
    ]
    published = {"lpips": lpips_is_here(), "inception": inception_is_here()}
    lines += [
        f"{name} is {'here' if here else 'not here and would be fetched; auto takes the scorer or pixels instead'}"
        for name, here in published.items()
    ]
    rows = {
        name: {
            "summary": it.summary,
            "unit": it.result.unit,
            "higher_is_better": it.result.higher_is_better,
            "needs": lacking[name],
        }
        for name, it in MEASURES.items()
    }
    answer("\n".join(lines), {"model": model, "measures": rows, "published": published}, as_json=as_json)
