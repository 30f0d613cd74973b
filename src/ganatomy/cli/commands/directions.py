"""`ganatomy directions`: named directions, found in a survey or in a model itself."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from ganatomy.cli import parsing
from ganatomy.cli.console import answer, remark, stages
from ganatomy.cli.outputs import FILES, OF_DIRECTIONS, expect_file
from ganatomy.cli.parameters import (
    Attributes,
    Json,
    Layers,
    Names,
    ScorerName,
    Seed,
    options,
    out_path,
    parsed,
    switch,
)
from ganatomy.cli.subject import Loading, Subject
from ganatomy.errors import MissingFileError, SettingError, UnknownNameError

if TYPE_CHECKING:
    from ganatomy.directions import Ranked
    from ganatomy.latents import Directions
    from ganatomy.metrics import Naming
    from ganatomy.progress import Advance


Rows = Annotated[
    tuple[int, ...], parsed(parsing.seed_list, "ROWS", "Rows of the survey, from 0, such as 3,5,9 or 0:8.")
]


@options
class LabelOptions:
    """Labels of some rows of a survey, given by a person instead of a scorer."""

    yes: Rows = ()
    no: Rows = ()
    name: str | None = None
    """Name of the labelled attribute; by default "labelled"."""


LABELS = LabelOptions()


@options
class FinderOptions:
    """Settings of methods that work on a model."""

    components: int | None = None
    """How many directions to find: 10 of sefa and ganspace; of stylespace for each region (3) or attribute (10)."""
    layers: Layers = None
    layer: str | None = None
    """The layer whose activations ganspace decomposes, such as b8.conv0, or images; by default the codes themselves."""
    n: Annotated[int | None, Parameter(name=["-n"])] = None
    """Number of codes for ganspace (10,000) or stylespace (32; 2,000 with attributes)."""
    space: str | None = None
    """The space of ganspace's directions; by default w where the model has it, else z."""
    scorer: ScorerName = None
    name_by: str | None = None
    """A classifier, by name or file: prints which attributes each direction changes."""


FINDER, LOADING = FinderOptions(), Loading()
OF_MODELS = {
    "sefa": {"layers", "components"},
    "ganspace": {"layer", "components", "n", "space"},
    "stylespace": {"components", "n", "attributes", "scorer"},
}
"""Methods that work on a model, each with the options that only some of them have."""


def directions(
    source: Annotated[
        str,
        Parameter(help="A folder that `ganatomy survey` wrote; for sefa, ganspace and stylespace a model."),
    ],
    /,
    *,
    out: Annotated[Path, out_path("File of directions to write.")],
    method: str = "regression",
    attributes: Attributes = (),
    seed: Seed = 0,
    within_classes: Annotated[
        bool,
        switch(
            "Find directions within the classes of a conditional model, apart from what tells them apart."
        ),
    ] = False,
    labels: LabelOptions = LABELS,
    finder: FinderOptions = FINDER,
    options: Loading = LOADING,
    json: Json = False,
) -> None:
    r"""Find the direction of each attribute in a survey, and how well it separates held-out codes.

    Three methods need no scores, but the model: sefa decomposes its weights, ganspace codes or activations of a layer,
    and stylespace finds channels of s that change one region of the image, or, with --attributes, one attribute.

    With --yes and --no only your own labels are used: 5 to 50 rows of the survey that have an attribute, and that lack
    it, give its direction, its accuracy, how many more labels are needed, and which rows to label next.

    Args:
        method: From a survey: regression, logistic, svm, interfacegan, centroid, linear, penalty, lowdin, dual,
            discriminant, pls, gradient, active, held, selective or pca. From a model: sefa, ganspace or stylespace.

    Example:
        ganatomy directions my.survey --method regression -o my.directions
        ganatomy directions my.survey --yes 3,5,9 --no 1,2,8 --name sunny \
            -o sunny.directions
        ganatomy directions digits.survey --within-classes -o slant.directions
        ganatomy directions faces --method sefa --layers 0:4 --name-by faces \
            -o sefa.directions
    """
    from ganatomy.directions import METHODS
    from ganatomy.storage import save_directions

    expect_file(out, OF_DIRECTIONS if out.suffix.lower() in FILES else ())
    if labels != LABELS:
        _refuse_beside_labels(method, finder, attributes)
        _find_by_labels(source, out, labels, seed=seed, json=json)
        return
    if method not in METHODS and method not in OF_MODELS:
        raise UnknownNameError("method", method, [*METHODS, *OF_MODELS])
    _refuse_others(method, finder, attributes)
    if method in METHODS:
        found = _find_in_survey(
            source, method, attributes, seed=seed, label=options.label, within=within_classes
        )
        head = f"{'':24} {'AUC':>6} {'sigma':>8} {'slope':>8}"
        lines = [head, *(f"{d.name:24} {d.auc:6.3f} {d.sigma:8.3f} {d.slope:8.3f}" for d in found)]
        data = {
            d.name: {"auc": d.auc, "sigma": d.sigma, "slope": d.slope, "intercept": d.intercept}
            for d in found
        }
        figure = {}
    else:
        if (Path(source) / "survey.json").is_file():
            raise SettingError(
                f"{source} is a survey; {method} works on the model itself: give the model, or choose another --method"
            )
        subject = Subject(model=source, scorer=finder.scorer, **vars(options))
        with stages() as advance:
            found = _find_in_model(
                subject, method, finder, attributes, seed=seed, progress=partial(advance, "finding")
            )
            lines, figure = str(found).splitlines(), {"figure": found.figure}
            data: dict[str, dict[str, Any]] = {
                d.name: {"value": value, "sigma": d.sigma}
                for d, value in zip(found, found.values, strict=True)
            }
            if finder.name_by is not None:
                named = _named(subject, finder.name_by, found, partial(advance, "naming"))
                lines += str(named).splitlines()
                for name, moved in named.moved.items():
                    data[name]["moves"] = {attribute: change.data() for attribute, change in moved.items()}
    save_directions(found, out)
    head = f"{out}: {len(found)} directions in {found.space}, by {method}"
    about = {"out": str(out), "method": method, "space": found.space.value, **figure, "directions": data}
    answer("\n  ".join([head, *lines]), about, as_json=json)


def _find_by_labels(source: str, out: Path, labels: LabelOptions, *, seed: int, json: bool) -> None:
    """Write the direction from the rows labelled no to those labelled yes, with its held-out accuracy."""
    from ganatomy.directions import few_labels
    from ganatomy.latents import Directions
    from ganatomy.storage import save_directions
    from ganatomy.surveys import load_survey

    if not Path(source).is_dir():
        raise MissingFileError(
            f"{source} is no folder with a survey, whose rows could be labelled; `ganatomy survey` makes one"
        )
    found = few_labels(load_survey(source), labels.yes, labels.no, name=labels.name or "labelled", seed=seed)
    save_directions(Directions([found.direction]), out)
    data = {
        "out": str(out),
        "method": found.direction.method,
        "space": found.direction.space.value,
        "name": found.direction.name,
        "yes": found.num_yes,
        "no": found.num_no,
        "accuracy": found.accuracy.data(),
        "auc": found.auc.data(),
        "goal": found.goal,
        "needed": found.needed,
        "at_least": found.at_least,
        "next_rows": list(found.next_rows),
    }
    answer(f"{out}: {found}", data, as_json=json)


def _find_in_survey(
    source: str, method: str, attributes: Names, *, seed: int, label: int | str | None, within: bool
) -> Directions:
    from ganatomy import zoo
    from ganatomy.directions import find
    from ganatomy.statistics.formatting import named
    from ganatomy.surveys import load_survey
    from ganatomy.surveys.chosen import MINIMUM

    if zoo.find_bundled(source) or Path(source).is_file():
        raise SettingError(
            f"{source} is a model; {method} learns from scores: run `ganatomy survey {source} -o my.survey` "
            f"and give it my.survey, or choose --method {', '.join(OF_MODELS)}"
        )
    if not Path(source).is_dir():
        raise MissingFileError(
            f"{source} is no folder with a survey, which {method} learns from; `ganatomy survey` makes one"
        )
    survey = load_survey(Path(source))
    if label is not None:
        survey = survey.of_class(label)
    if within:
        survey = survey.within_classes()
    found = find(survey, method=method, attributes=attributes or None, seed=seed)
    if not attributes and (rare := [name for name in survey.names if name not in found.names]):
        remark(
            f"no direction of {named(rare)}: fewer than {MINIMUM} images have it or fewer than {MINIMUM} lack it; "
            "survey more codes, or name it with --attributes"
        )
    if (lacking := len(survey) - len(survey.labelled(found.names))) > 0:
        remark(
            f"learnt from {len(survey) - lacking} of {len(survey)} images; {lacking} lack a label of one attribute"
        )
    return found


def _find_in_model(
    subject: Subject, method: str, finder: FinderOptions, attributes: Names, *, seed: int, progress: Advance
) -> Ranked:
    from ganatomy import directions as methods
    from ganatomy.surveys import survey

    generator, count = subject.generator, finder.components
    if method == "sefa":
        return methods.sefa(generator, seed=seed, **_given(layers=finder.layers, num_components=count))
    if method == "ganspace":
        settings = _given(layer=finder.layer, n=finder.n, space=finder.space, num_components=count)
        return methods.ganspace(
            generator, seed=seed, batch_size=subject.batch_size, progress=progress, **settings
        )
    if not attributes:
        settings = _given(num_channels=count, n=finder.n)
        return methods.local_channels(generator, seed=seed, progress=progress, **settings)
    scorer = subject.open_scorer(attributes, only=True)
    n = 2000 if finder.n is None else finder.n
    seen = survey(
        generator, scorer, n=n, space="s", seed=seed, batch_size=subject.batch_size, progress=progress
    )
    examples = methods.exemplars(seen, scorer.names)
    return methods.attribute_channels(generator, examples, seed=seed, **_given(num_channels=count))


def _given(**settings: Any) -> dict[str, Any]:
    """The settings that were given; the others have the method's own defaults."""
    return {name: value for name, value in settings.items() if value is not None}


def _named(subject: Subject, scorer: str, found: Directions, progress: Advance) -> Naming:
    from ganatomy.metrics import name_directions

    return name_directions(
        subject.generator,
        replace(subject, scorer=scorer).open_scorer(),
        found,
        batch_size=subject.batch_size,
        progress=progress,
    )


def _refuse_others(method: str, finder: FinderOptions, attributes: Names) -> None:
    """Refuse an option that the method would ignore."""
    given = {name for name, value in vars(finder).items() if value is not None} - {"name_by"}
    given |= {"attributes"} if attributes else set()
    allowed = OF_MODELS.get(method, {"attributes"})
    if finder.name_by is not None and method not in OF_MODELS:
        raise SettingError(
            f"--name-by is for {', '.join(OF_MODELS)}; directions of {method} have their names"
        )
    for name in sorted(given - allowed):
        others = ", ".join(other for other, has in OF_MODELS.items() if name in has)
        option = "-n" if name == "n" else f"--{name}"
        raise SettingError(
            f"{option} does not go with --method {method}, only with {others or 'surveys'}; leave it out"
        )


def _refuse_beside_labels(method: str, finder: FinderOptions, attributes: Names) -> None:
    """Refuse options that have no effect beside labels."""
    if method != "regression" or attributes or finder != FINDER:
        raise SettingError(
            "--yes and --no are a method of their own; leave out --method, --attributes and what belongs to methods"
        )
