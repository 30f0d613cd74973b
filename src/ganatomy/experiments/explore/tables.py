"""The tables of an exploration's page."""

from __future__ import annotations

from ganatomy.experiments.explore.exploration import BASE, HELD, Exploration
from ganatomy.metrics import FORMS, table_ii, table_iii
from ganatomy.metrics.selectivity import NUM_TOP
from ganatomy.report.elements import Table, table
from ganatomy.statistics.formatting import percent, quoted, short, signed
from ganatomy.surveys.chosen import COMMON, MINIMUM, RARE

METHOD_NAMES = {
    "linear": "linear map of probabilities, as in the paper",
    "penalty": "linear map with the paper's penalty, λ = 2",
    "lowdin": "ridge regression, made orthogonal after Löwdin",
    "dual": "dual basis of the regression",
    "svm": "linear support vector machine",
    "interfacegan": "InterFaceGAN's support vector machine, as published",
    "logistic": "logistic regression",
    "centroid": "difference of class means",
    BASE: "ridge regression of logits",
    HELD: "all others held fixed",
}
FORM_HEADINGS = dict(
    zip(FORMS, ("over all others", f"over the {NUM_TOP} most changed", "signed"), strict=True)
)


def methods_table(found: Exploration) -> Table:
    """Selectivity of each method in every form; where no more are measured, the most changed are all others."""
    forms, top = (
        dict(FORM_HEADINGS),
        f" Over the {NUM_TOP} most changed: the same, as in Table II of the paper.",
    )
    if len(found.entanglement[HELD].attributes) - 1 <= NUM_TOP:
        forms, top = {form: heading for form, heading in forms.items() if form != "top13"}, ""
    by_judge = " By the judge: over all others, read by the judge." if found.judged else ""
    return table(
        "Selectivity of each method",
        caption=(
            "Selectivity, mean over all directions with 95\xa0% intervals. Over all others: mean absolute change in "
            f"each image.{top} Signed: the mean keeps its sign, so changes of opposite sign in single images cancel."
            f"{by_judge}"
        ),
        first="method",
        rows=found.entanglement,
        columns={
            "what it is": lambda name: METHOD_NAMES.get(name, ""),
            **{
                heading: lambda name, form=form: found.entanglement[name].selectivity(form).mean
                for form, heading in forms.items()
            },
            **({"by the judge": found.judged} if found.judged else {}),
            "images": lambda name: str(found.entanglement[name].num_images),
            "goal reached": lambda name: f"{len(found.reached(name))} of {len(found.attributes)}",
        },
        marked=lambda name: name == found.best,
        words=["what it is"],
    )


def changes_table(found: Exploration, attribute: str) -> Table:
    """Means before and after one attribute is moved, as in Table II of Pham Van et al. (2020)."""
    methods = [method for method in ("linear", "penalty", HELD) if method in found.entanglement]
    results = [found.entanglement[method] for method in methods]
    common = min(result.num_images for result in results)
    changes = table_ii(
        {method: result.first(common) for method, result in zip(methods, results, strict=True)}, attribute
    )
    ratios = ", ".join(f"{method} {short(value)}" for method, value in changes.selectivity.items())
    columns = {"before": lambda row: f"{row.before:.3f}"}
    for k, method in enumerate(methods):
        columns[f"after {method}"] = lambda row, k=k: f"{row.after[k]:.3f}"
        columns[f"change {method}"] = lambda row, k=k: f"{row.change[k]:.3f}"
    return table(
        f"What moving {quoted(attribute)} changes",
        caption=(
            f"Mean probability before and after, and the mean absolute change in each of {common} images. "
            f"Change of the target over the mean of the others shown: {ratios}."
        ),
        first="attribute",
        rows=changes.rows,
        columns=columns,
        name=lambda row: row.attribute,
        marked=lambda row: row.attribute == attribute,
    )


def cosines_table(found: Exploration, attribute: str) -> Table:
    """Cosines of other directions to one, as in Table III of Pham Van et al. (2020)."""
    methods = [method for method in ("linear", "penalty", BASE) if method in found.directions]
    alike = table_iii({method: found.directions[method] for method in methods}, attribute)
    means = ", ".join(f"{method} {value:.3f}" for method, value in alike.mean_abs.items())
    return table(
        f"Cosines of other directions to {quoted(attribute)}",
        caption=(
            f"Cosine of each direction to that of {quoted(attribute)}. Mean absolute cosine of the others shown: "
            f"{means}."
        ),
        first="attribute",
        rows=alike.rows,
        columns={method: lambda row, k=k: signed(row.cosines[k], 3) for k, method in enumerate(methods)},
        name=lambda row: row.attribute,
        marked=lambda row: row.attribute == attribute,
    )


def skipped_table(found: Exploration) -> Table:
    """Attributes that were skipped, and why."""
    return table(
        "Attributes that were skipped",
        caption=(
            "Attributes that were skipped. Unless attributes are named, those are used that between "
            f"{percent(RARE)} and {percent(COMMON)} of the images have, and that at least {MINIMUM} have and {MINIMUM} "
            "lack."
        ),
        first="attribute",
        rows=found.skipped,
        columns={"why": found.skipped},
        words=["why"],
    )
