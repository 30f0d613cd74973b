"""`ganatomy directions`: named directions, found in a survey or in a model itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ganatomy.cli.console import answer, progress
from ganatomy.cli.labels import LABELS, LabelOptions, find_by_labels
from ganatomy.cli.outputs import expect_file
from ganatomy.cli.parameters import Attributes, Json, Layers, Names, OutFile, ScorerName, Seed
from ganatomy.cli.subject import Loading, Subject
from ganatomy.errors import MissingFileError, SettingError, UnknownNameError

if TYPE_CHECKING:
    from ganatomy.directions import Ranked
    from ganatomy.generators.base import Generator
    from ganatomy.latents import Directions
    from ganatomy.metrics import Naming

OPTIONS = {
    "sefa": {"layers", "components"},
    "ganspace": {"layer", "components", "n", "space"},
    "stylespace": {"components", "n", "attributes", "scorer"},
}
"""Methods that work on a model, each with the options that only some of them have."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class FinderOptions:
    """Settings of methods that work on a model."""

    components: int | None = None
    """How many directions to find: 10 of sefa and ganspace; of stylespace for each region (3) or attribute (10)."""
    layers: Layers = None
    layer: str | None = None
    """The layer whose activations ganspace decomposes, such as b8.conv0; by default the codes themselves."""
    n: Annotated[int | None, Parameter(name=["-n"])] = None
    """Number of codes for ganspace (10,000) or stylespace (32; 2,000 with attributes)."""
    space: str | None = None
    """The space of ganspace's directions; by default w where the model has it, else z."""
    scorer: ScorerName = None
    name_by: str | None = None
    """A classifier, by name or file: prints which attributes each direction changes."""


FINDER = FinderOptions()
OPTIONS_OF_MODELS = Loading()


def directions(
    source: Annotated[
        str,
        Parameter(help="A folder that `ganatomy survey` wrote; for sefa, ganspace and stylespace a model."),
    ],
    /,
    *,
    out: OutFile,
    method: Annotated[
        str,
        Parameter(
            help="From a survey: regression, logistic, svm, centroid, linear, penalty, lowdin, dual, discriminant, "
            "pls, gradient, active, held, selective or pca. From a model: sefa, ganspace or stylespace."
        ),
    ] = "regression",
    attributes: Attributes = (),
    seed: Seed = 0,
    labels: LabelOptions = LABELS,
    finder: FinderOptions = FINDER,
    options: Loading = OPTIONS_OF_MODELS,
    json: Json = False,
) -> None:
    r"""Find the direction of each attribute in a survey, and how well it separates held-out codes.

    Three methods need no scores, but the model: sefa decomposes its weights, ganspace codes or activations of a layer,
    and stylespace finds channels of s that change one region of the image, or, with --attributes, one attribute.

    With --yes and --no only your own labels are used: 5 to 50 rows of the survey that have an attribute, and that lack
    it, give its direction, its accuracy, how many more labels are needed, and which rows to label next.

    Example:
        ganatomy directions my.survey --method regression -o my.directions
        ganatomy directions my.survey --yes 3,5,9 --no 1,2,8 --name sunny \
            -o sunny.directions
        ganatomy directions faces --method sefa --layers 0:4 --name-by faces \
            -o sefa.directions
    """
    from ganatomy.directions import METHODS
    from ganatomy.storage import save_directions

    expect_file(out)
    if labels != LABELS:
        _refuse_beside_labels(method, finder, attributes)
        find_by_labels(source, out, labels, seed=seed, json=json)
        return
    if method not in METHODS and method not in OPTIONS:
        raise UnknownNameError("method", method, [*METHODS, *OPTIONS])
    _refuse_others(method, finder, attributes)
    if method in METHODS:
        _find_in_survey(source, out, method=method, attributes=attributes, seed=seed, json=json)
        return
    _expect_model(source, method)
    subject = Subject(model=source, scorer=finder.scorer, **vars(options))
    generator = subject.open_generator()
    found = _find_in_model(generator, subject, method, attributes, seed=seed, finder=finder)
    save_directions(found, out)
    data = {
        "out": str(out),
        "method": method,
        "space": found.space.value,
        "figure": found.figure,
        "directions": {
            d.name: {"value": value, "sigma": d.sigma} for d, value in zip(found, found.values, strict=True)
        },
    }
    lines = f"{out}: {len(found)} directions in {found.space}, by {method}\n{_indented(found)}"
    if finder.name_by is not None:
        named = _named(generator, replace(subject, scorer=finder.name_by), found)
        lines += f"\n{_indented(named)}"
        for name, moved in named.moved.items():
            data["directions"][name]["moves"] = {
                attribute: change.data() for attribute, change in moved.items()
            }
    answer(lines, data, as_json=json)


def _find_in_survey(source: str, out: Path, *, method: str, attributes: Names, seed: int, json: bool) -> None:
    from ganatomy import zoo
    from ganatomy.directions import find
    from ganatomy.storage import save_directions
    from ganatomy.surveys import load_survey

    if source in zoo.MODELS or Path(source).is_file():
        raise SettingError(
            f"{source} is a model; {method} learns from scores: run `ganatomy survey {source} -o my.survey` "
            f"and give it my.survey, or choose --method {', '.join(OPTIONS)}"
        )
    if not Path(source).is_dir():
        raise MissingFileError(
            f"{source} is no folder with a survey, which {method} learns from; `ganatomy survey` makes one"
        )
    found = find(load_survey(Path(source)), method=method, attributes=attributes or None, seed=seed)
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


def _find_in_model(
    generator: Generator,
    subject: Subject,
    method: str,
    attributes: Names,
    *,
    seed: int,
    finder: FinderOptions,
) -> Ranked:
    from ganatomy import directions as finders
    from ganatomy.surveys import survey

    with progress("finding") as advance:
        if method == "sefa":
            return finders.sefa(
                generator, layers=finder.layers, num_components=_or(finder.components, 10), seed=seed
            )
        if method == "ganspace":
            return finders.ganspace(
                generator,
                layer=finder.layer,
                n=_or(finder.n, 10_000),
                num_components=_or(finder.components, 10),
                space=finder.space,
                seed=seed,
                batch_size=subject.batch_size,
                progress=advance,
            )
        if not attributes:
            return finders.local_channels(
                generator,
                num_channels=_or(finder.components, 3),
                n=_or(finder.n, 32),
                seed=seed,
                progress=advance,
            )
        scorer = subject.open_scorer(attributes, only=True)
        seen = survey(
            generator, scorer, n=_or(finder.n, 2000), space="s", seed=seed,
            batch_size=subject.batch_size, progress=advance,
        )  # fmt: skip
        return finders.attribute_channels(
            generator,
            finders.exemplars(seen, scorer.names),
            num_channels=_or(finder.components, 10),
            seed=seed,
        )


def _named(generator: Generator, subject: Subject, found: Directions) -> Naming:
    from ganatomy.metrics import name_directions

    scorer = subject.open_scorer()
    with progress("naming") as advance:
        return name_directions(generator, scorer, found, batch_size=subject.batch_size, progress=advance)


def _expect_model(source: str, method: str) -> None:
    if (Path(source) / "survey.json").is_file():
        raise SettingError(
            f"{source} is a survey; {method} works on the model itself: give the model, or choose another --method"
        )


def _refuse_others(method: str, finder: FinderOptions, attributes: Names) -> None:
    """Refuse an option that the method would ignore."""
    given = {name for name, value in vars(finder).items() if value is not None} - {"name_by"}
    given |= {"attributes"} if attributes else set()
    allowed = OPTIONS.get(method, {"attributes"})
    if finder.name_by is not None and method not in OPTIONS:
        raise SettingError(f"--name-by is for {', '.join(OPTIONS)}; directions of {method} have their names")
    for name in sorted(given - allowed):
        others = ", ".join(other for other, has in OPTIONS.items() if name in has)
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


def _or(value: int | None, default: int) -> int:
    return default if value is None else value


def _indented(text: object) -> str:
    return "\n".join(f"  {line}" for line in str(text).splitlines())
