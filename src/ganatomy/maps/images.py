"""The map of what a generator draws: of its codes, of its pixels, or of features of its images."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import SettingError, UnknownNameError
from ganatomy.generators.base import Generator
from ganatomy.generators.batches import batches
from ganatomy.images import shrunk
from ganatomy.latents import Latents, Space
from ganatomy.maps.classes import Centre, Classes, class_centres, classes_of
from ganatomy.maps.embedding import FEWEST, Map, embed
from ganatomy.maps.faithfulness import Faithfulness, faithfulness
from ganatomy.perception.base import Scorer, Scores
from ganatomy.perception.features import Features
from ganatomy.progress import Progress, watched

SUBJECTS = {"codes": "codes in {space}", "images": "pixels"}
"""What can be mapped beside features, and how a sentence names it."""

CLASS = "class"
"""The name of the colour of classes, beside the names of attributes."""

THUMBNAIL = 64
"""Pixels on a side that images are kept at."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ImageMap:
    """A map with the images on it; row i is code i of the seed.

    Args:
        map: places on the plane.
        subject: what was mapped, in words.
        latents: the codes.
        seed: of the codes.
        thumbnails: the images, at most 64 px.
        scores: of the images; None without a scorer.
        classes: of the images; None where attributes do not exclude each other.
        faithful: how much of the neighbourhoods the map keeps.

    Example::

        found = ga.map_images(G, scorer=scorer, n=100, method="pca")
        print(found.faithful)
    """

    map: Map
    subject: str
    latents: Latents
    seed: int
    thumbnails: Float[Tensor, "n c t t"]
    scores: Scores | None
    classes: Classes | None
    faithful: Faithfulness

    def __len__(self) -> int:
        return len(self.map)

    @cached_property
    def colors(self) -> tuple[str, ...]:
        """Names of the colours of its points: "class" first where there are classes, then each attribute."""
        names = () if self.scores is None else self.scores.names
        return (CLASS, *names) if self.classes else names

    @cached_property
    def centres(self) -> list[Centre | None]:
        """Where each class stands out most; empty without classes."""
        if self.classes is None:
            return []
        return class_centres(self.map.xy, self.classes.index, len(self.classes.names))

    def check_color(self, color: str | None) -> str | None:
        """The colour of that name; by default the first there is, None without a scorer.

        Raises:
            UnknownNameError: for an attribute that was not scored.
            SettingError: for classes where there are none.
        """
        if color is None:
            return self.colors[0] if self.colors else None
        if color == CLASS and self.classes is None and CLASS not in self.colors:
            raise SettingError(
                "there are no classes: the attributes of this scorer do not exclude each other; "
                "name one of them instead"
                if self.scores
                else "there are no classes without a scorer; give one"
            )
        if color not in self.colors:
            raise UnknownNameError("attribute", color, self.colors)
        return color


@watched()
@torch.no_grad()
def map_images(
    generator: Generator,
    *,
    of: str | Features = "codes",
    method: str = "tsne",
    n: int = 2000,
    seed: int = 0,
    space: Space | str | None = None,
    truncation_psi: float = 1.0,
    scorer: Scorer | None = None,
    batch_size: int | None = None,
    progress: Progress | None = None,
) -> ImageMap:
    """Draw images and map them, so that images with similar codes, pixels or features are near.

    Args:
        generator: makes the images.
        of: "codes", "images" (their pixels), or features, as `features_of` and `critic_features` make them.
        method: as in `embed`.
        n: images.
        seed: of the codes, and of the map.
        space: of the codes, z or w; by default w where the generator has it.
        truncation_psi: of codes in w; 1 is none.
        scorer: reads the attributes that points can be coloured by; without one there are none.
        batch_size: images that are made at a time; by default as many as suit their size and the device.
        progress: called with (stage, done, total).

    Returns:
        The map, with thumbnails and scores of its images.

    Raises:
        UnknownNameError: for anything else to map, and for another method.
        SettingError: for fewer than 8 images.

    Example:
        >>> import ganatomy as ga
        >>> found = ga.map_images(ga.ToyGenerator(seed=0), method="pca", n=40)
        >>> found.subject, len(found)
        ('codes in z', 40)
    """
    if isinstance(of, str) and of not in SUBJECTS:
        raise UnknownNameError("thing to map", of, SUBJECTS)
    if n < FEWEST:
        raise SettingError(f"{n} images make no map; draw at least {FEWEST}")
    space = Space.parse(space or ("w" if "w" in generator.signature.spaces else "z"))
    latents = generator.sample(n, seed=seed, space=space, truncation_psi=truncation_psi)
    thumbnails, points, seen = [], [], []
    done = 0
    for part in batches(generator, latents, batch_size):
        images = generator(part).clamp(-1, 1)
        thumbnails.append(shrunk(images, THUMBNAIL).cpu())
        rows = of(images) if isinstance(of, Features) else part.codes if of == "codes" else images
        points.append(rows.flatten(1).cpu())
        if scorer is not None:
            seen.append(scorer.score(images, latents=part, start=done))
        done += len(part)
        if progress:
            progress("drawing", done, n)
    if progress:
        progress("mapping", 0, 1)
    found = embed(torch.cat(points), method=method, seed=seed)
    if progress:
        progress("mapping", 1, 1)
    scores = Scores.cat(seen) if seen else None
    classes = None if scores is None else classes_of(scores)
    index = None if classes is None else classes.index
    return ImageMap(
        map=found,
        subject=_subject(of, space),
        latents=latents,
        seed=seed,
        thumbnails=torch.cat(thumbnails),
        scores=scores,
        classes=classes,
        faithful=faithfulness(torch.cat(points), found.xy, classes=index, seed=seed),
    )


def _subject(of: str | Features, space: Space) -> str:
    if isinstance(of, Features):
        return f"features of {of.description.partition(' (')[0]}"
    return SUBJECTS[of].format(space=space)
