"""`ganatomy map`: many images of a model on one plane, where those that are alike are near."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from ganatomy.cli.console import answer, stages
from ganatomy.cli.inputs import open_model, open_scorer
from ganatomy.cli.outputs import expect_file
from ganatomy.cli.parameters import (
    MODEL,
    Attributes,
    Count,
    Json,
    Model,
    ModelOptions,
    ScorerName,
    Seed,
    TruncationPsi,
)

if TYPE_CHECKING:
    from ganatomy.generators.base import Generator
    from ganatomy.perception.base import Scorer
    from ganatomy.perception.features import Features

PAGES = (".html",)
CHARTS = (".png",)


def map(  # noqa: A001 (the word for it, which nothing here takes the builtin's place of)
    model: Model,
    /,
    *,
    out: Annotated[
        Path,
        Parameter(name=["--out", "-o"], help="File to write: .png for a chart, .html for a map that zooms."),
    ],
    of: Annotated[
        Literal["codes", "features", "images", "critic"],
        Parameter(
            help="What must be alike for images to be near: their codes, what a network sees in them, their pixels, "
            "or what the model's critic (its discriminator) sees."
        ),
    ] = "codes",
    method: Annotated[
        Literal["tsne", "umap", "pca"],
        Parameter(help="How the plane is found; UMAP needs pip install 'ganatomy[umap]'."),
    ] = "tsne",
    color: Annotated[
        str | None,
        Parameter(
            help='What points are coloured by: an attribute, or "class" where attributes exclude each other; '
            "by default class, else the first attribute."
        ),
    ] = None,
    n: Count = 2000,
    seed: Seed = 0,
    space: Annotated[
        Literal["z", "w"] | None,
        Parameter(help="The space of the codes; by default w where there is one, else z."),
    ] = None,
    truncation_psi: TruncationPsi = 1.0,
    scorer: ScorerName = None,
    attributes: Attributes = (),
    features: Annotated[
        Literal["scorer", "inception", "pixels"],
        Parameter(
            help="What sees the images for --of features: the scorer, Inception (fetched once), or patches."
        ),
    ] = "scorer",
    critic: Annotated[
        str | None,
        Parameter(
            help="The discriminator for --of critic: a bundled name or a file; by default the model's own."
        ),
    ] = None,
    options: ModelOptions = MODEL,
    json: Json = False,
) -> None:
    """Map what a model draws: t-SNE, UMAP or PCA of codes, of images, or of what networks see in them.

    Prints how far the map can be trusted: whether neighbours on it are neighbours, and tell the class of an image.

    Args:
        n: Images on the map.

    Example:
        ganatomy map digits --of features -o digits.png
        ganatomy map faces --color Smiling -n 1000 -o faces.html
        ganatomy map digits --of critic --method pca -o critic.html
    """
    from ganatomy.maps import map_images
    from ganatomy.plots.charts import save_chart
    from ganatomy.plots.maps import map_chart
    from ganatomy.report.maps import write_map

    expect_file(out, PAGES + CHARTS)
    generator = open_model(model, options)
    sees = _scorer(scorer, model, color, attributes, options)
    with stages() as advance:
        found = map_images(
            generator,
            of=of,
            method=method,
            n=n,
            seed=seed,
            space=space,
            truncation_psi=truncation_psi,
            scorer=sees,
            features=_features(of, model, generator, features=features, critic=critic, scorer=sees),
            batch_size=options.batch_size,
            progress=advance,
        )
    color = found.check_color(color)
    if out.suffix.lower() in PAGES:
        write_map(found, out, color=color, model=Path(model).stem)
    else:
        save_chart(map_chart(found, color=color), out)
    lines = [f"{out}: {n} images by {found.subject}; {found.map.description}", str(found.faithful)]
    data = {
        "model": model,
        "of": of,
        "subject": found.subject,
        "method": method,
        "description": found.map.description,
        "notes": list(found.map.notes),
        "n": n,
        "seed": seed,
        "space": found.latents.space.value,
        "color": color,
        "classes": found.classes and dict(zip(found.classes.names, found.classes.counts, strict=True)),
        "faithful": found.faithful.data(),
        "out": str(out),
    }
    answer("\n".join([*lines, *(f"note: {note}" for note in found.map.notes)]), data, as_json=json)


def _scorer(
    scorer: str | None, model: str, color: str | None, attributes: tuple[str, ...], options: ModelOptions
) -> Scorer | None:
    """The scorer, if there is one: a map can do without colours."""
    from ganatomy import zoo

    words = attributes or ((color,) if color and color != "class" else ())
    if scorer is None and model not in zoo.MODELS and not words:
        return None
    return open_scorer(scorer, model, words=words, device=options.device)


def _features(
    of: str, model: str, generator: Generator, *, features: str, critic: str | None, scorer: Scorer | None
) -> Features | None:
    """What sees the images, where something must."""
    if of == "features":
        from ganatomy.perception.features import features_of

        return features_of(features, scorer)
    if of == "critic":
        from ganatomy.critics import critic as find_critic
        from ganatomy.critics import critic_features

        return critic_features(find_critic(critic or model).to(generator.device))
    return None
