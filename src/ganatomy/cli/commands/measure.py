"""`ganatomy measure`: figures of a model, each with its interval, its unit and which way is better."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from ganatomy.cli.console import answer, remark, stages
from ganatomy.cli.inputs import open_correlations, open_model, open_reference, open_scorer
from ganatomy.cli.parameters import (
    MODEL,
    Attributes,
    CorrelationsFile,
    Count,
    Json,
    Model,
    ModelOptions,
    ScorerName,
    Seed,
    TruncationPsi,
)

if TYPE_CHECKING:
    from ganatomy.datasets.references import Reference
    from ganatomy.perception.base import Scorer


def measure(
    model: Model,
    /,
    *names: Annotated[
        str,
        Parameter(
            help="What to measure, such as path-length separability; without any, lists what can be measured."
        ),
    ],
    scorer: ScorerName = None,
    n: Count = 1000,
    attributes: Attributes = (),
    method: Annotated[str, Parameter(help="How directions of the attributes are found.")] = "regression",
    perceptual: Annotated[
        Literal["auto", "lpips", "scorer", "pixels"],
        Parameter(
            help="What a step is measured by: lpips as published (fetched once), the model's own scorer, or pixels; "
            "auto takes the first that is here."
        ),
    ] = "auto",
    features: Annotated[
        Literal["auto", "inception", "scorer", "pixels"],
        Parameter(
            help="What sets of images are compared by: inception as published (fetched once), the model's own "
            "scorer, or pixels; auto takes the first that is here."
        ),
    ] = "auto",
    data: Annotated[
        Path | None,
        Parameter(help="Real images: a folder, or a file as MNIST's. For faces, new ones are drawn."),
    ] = None,
    correlations: CorrelationsFile = None,
    seed: Seed = 0,
    truncation_psi: TruncationPsi = 1.0,
    options: ModelOptions = MODEL,
    json: Json = False,
) -> None:
    r"""Measure a model: how entangled its spaces are, how far its images are from real ones, what its edits do.

    Each result is a line with its 95 % interval, its unit and which way is better.

    Args:
        n: Images that each measure may make.

    Example:
        ganatomy measure faces
        ganatomy measure faces path-length separability linearity -n 2000
        ganatomy measure digits frechet kid precision-recall memorisation \
            --data t10k-images-idx3-ubyte.gz --json
    """
    from ganatomy.experiments.measure import measure as run

    generator = open_model(model, options)
    sees = _scorer(scorer, model, attributes, options)
    real = open_reference(data, model, generator, n=n, seed=seed)
    if not names:
        _list(model, sees, real, as_json=json)
        return
    with stages() as advance:
        found = run(
            generator,
            names,
            scorer=sees,
            n=n,
            seed=seed,
            attributes=attributes or None,
            method=method,
            perceptual=perceptual,
            features=features,
            data=real,
            correlations=open_correlations(correlations, model),
            truncation_psi=truncation_psi,
            batch_size=options.batch_size,
            progress=advance,
        )
    for name, reason in found.failed.items():
        remark(f"{name} was not measured: {reason}")
    about = {
        "model": model,
        "data": None if real is None else real.description,
        "attributes": list(attributes) or None,
        "method": method,
        "truncation_psi": truncation_psi,
    }
    answer(str(found), {**about, **found.data()}, as_json=json)


def _list(model: str, scorer: Scorer | None, data: Reference | None, *, as_json: bool) -> None:
    """What can be measured here, and what the rest lacks."""
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
        f"{name} is {'here' if here else 'not here yet and would be fetched; until then the scorer, or pixels, see'}"
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


def _scorer(
    scorer: str | None, model: str, attributes: tuple[str, ...], options: ModelOptions
) -> Scorer | None:
    """The scorer, if there is one: path lengths and distances need none."""
    from ganatomy import zoo

    if scorer is None and model not in zoo.MODELS and not attributes:
        return None
    return open_scorer(scorer, model, words=attributes, device=options.device)
