"""`ganatomy map`: many images of a model on one plane, similar ones near each other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from ganatomy.cli.console import answer, stages
from ganatomy.cli.outputs import expect_file
from ganatomy.cli.parameters import Absent, Json, options, out_path, within
from ganatomy.cli.subject import Study, called

if TYPE_CHECKING:
    from ganatomy.generators.base import Generator
    from ganatomy.perception.base import Scorer
    from ganatomy.perception.features import Features

PAGES = (".html",)
CHARTS = (".png",)


@options
class MapSubject(Study):
    """A map edits nothing that a judge could read."""

    judge: Absent = None
    space: Literal["z", "w"] | None = None
    """Space of the latents; by default w where the model has it, else z."""


def map(  # noqa: A001 (the name of the command)
    subject: MapSubject,
    *,
    out: Annotated[Path, out_path("File to write: .png for a chart, .html for a map that zooms.")],
    of: Literal["codes", "features", "images", "critic"] = "codes",
    method: Literal["tsne", "umap", "pca"] = "tsne",
    color: str | None = None,
    n: Annotated[int, Parameter(name=["-n"]), within(2, 100_000)] = 2000,
    features: Literal["scorer", "inception", "pixels"] = "scorer",
    critic: str | None = None,
    json: Json = False,
) -> None:
    """Map generated images: t-SNE, UMAP or PCA of their codes, their pixels, or their features.

    Also prints how faithful the map is: whether its neighbours are real neighbours, and predict the class of an image.

    Args:
        of: Similarity that the map shows: of codes, of features of a network, of pixels, or of features of the model's
            discriminator (critic).
        method: Method of embedding; UMAP needs pip install 'ganatomy[umap]'.
        color: Colour of the points: an attribute, or "class" where attributes exclude each other; by default class,
            else the first attribute.
        n: Number of images.
        features: Network for --of features: the scorer, Inception (fetched once), or image patches.
        critic: The discriminator for --of critic: a bundled name or a file; by default the model's own.

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
    experiment = _with_color(subject, color).experiment(without_scorer=True)
    generator, scorer = experiment.generator, experiment.scorer
    with stages() as advance:
        found = map_images(
            generator,
            of=_features(of, subject.model, generator, network=features, critic=critic, scorer=scorer) or of,
            method=method,
            n=n,
            seed=subject.seed,
            space=subject.space,
            truncation_psi=subject.truncation_psi,
            scorer=scorer,
            batch_size=subject.batch_size,
            progress=advance,
        )
    color = found.check_color(color if color is None or scorer is None else called(scorer, color))
    if out.suffix.lower() in PAGES:
        write_map(found, out, color=color, model=Path(subject.model).stem)
    else:
        save_chart(map_chart(found, color=color), out)
    lines = [f"{out}: {n} images by {found.subject}; {found.map.description}", str(found.faithful)]
    data = {
        "model": subject.model,
        "of": of,
        "subject": found.subject,
        "method": method,
        "description": found.map.description,
        "notes": list(found.map.notes),
        "n": n,
        "seed": subject.seed,
        "space": found.latents.space.value,
        "color": color,
        "classes": found.classes and dict(zip(found.classes.names, found.classes.counts, strict=True)),
        "faithful": found.faithful.data(),
        "out": str(out),
    }
    answer("\n".join([*lines, *(f"note: {note}" for note in found.map.notes)]), data, as_json=json)


def _with_color(subject: MapSubject, color: str | None) -> MapSubject:
    """The subject, whose colour is an attribute too where none is named: words need to be known."""
    if subject.attributes or color in (None, "class"):
        return subject
    from ganatomy.perception import is_clip

    in_words = is_clip(subject.scorer) if subject.scorer else not subject.has_scorer
    return replace(subject, attributes=(color,)) if in_words else subject


def _features(
    of: str, model: str, generator: Generator, *, network: str, critic: str | None, scorer: Scorer | None
) -> Features | None:
    """The features that are mapped, if any are."""
    if of == "features":
        from ganatomy.perception.features import features_of

        return features_of(network, scorer)
    if of == "critic":
        from ganatomy.critics import critic as find_critic
        from ganatomy.critics import critic_features

        return critic_features(find_critic(critic or model).to(generator.device))
    return None
