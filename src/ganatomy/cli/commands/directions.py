"""`ganatomy directions`: from a survey to named directions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ganatomy.cli.console import answer
from ganatomy.cli.outputs import expect_file
from ganatomy.cli.parameters import Attributes, Json, OutFile, Seed


def directions(
    survey: Annotated[Path, Parameter(help="A folder that `ganatomy survey` wrote.")],
    /,
    *,
    out: OutFile,
    method: Annotated[
        str,
        Parameter(help="regression, logistic, svm, centroid, linear, penalty, lowdin, dual or pca."),
    ] = "regression",
    attributes: Attributes = (),
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Find the direction of each attribute in a survey, and how well it tells held-out codes apart.

    Example:
        ganatomy directions my.survey --method regression -o my.directions
    """
    from ganatomy.directions import find
    from ganatomy.storage import save_directions
    from ganatomy.surveys import load_survey

    expect_file(out)
    found = find(load_survey(survey), method=method, attributes=attributes or None, seed=seed)
    save_directions(found, out)
    head = f"  {'':24} {'AUC':>6} {'sigma':>8} {'slope':>8}"
    rows = [f"  {d.name:24} {d.auc:6.3f} {d.sigma:8.3f} {d.slope:8.3f}" for d in found]
    data = {
        "out": str(out),
        "method": method,
        "space": found.space.value,
        "directions": {
            d.name: {"auc": d.auc, "sigma": d.sigma, "slope": d.slope, "intercept": d.intercept}
            for d in found
        },
    }
    answer(
        "\n".join([f"{out}: {len(found)} directions in {found.space}, by {method}", head, *rows]),
        data,
        as_json=json,
    )
