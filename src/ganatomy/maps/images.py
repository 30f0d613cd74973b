"""The map of what a generator draws: of its codes, of its images, or of what a network sees in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import SettingError, UnknownNameError
from ganatomy.generators.base import Generator, batches
from ganatomy.images import shrunk
from ganatomy.latents import Latents
from ganatomy.maps.classes import Classes, classes_of
from ganatomy.maps.embedding import Map, embed
from ganatomy.maps.faithfulness import Faithfulness, faithfulness
from ganatomy.perception.base import Scorer, Scores
from ganatomy.perception.features import Features

SUBJECTS = {
    "codes": "codes in {space}",
    "features": "what {features} sees",
    "images": "pixels",
    "critic": "what {features} sees",
}
"""What can be mapped, and how a sentence names it."""

CLASS = "class"
"""What the colour of classes is called, beside the names of attributes."""

THUMBNAIL = 64
"""Pixels on a side that images are kept at."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ImageMap:
    """A map with the images on it, and what was seen in them; row i is code i of the seed.

    Args:
        of: as in `SUBJECTS`. subject: the same in words.
        thumbnails: the images, at most 64 px. scores: None where nobody looked. classes: None where there are none.
        faithful: how much of the neighbourhoods the map keeps.
    """

    map: Map
    of: str
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
        """What its points can be coloured by: "class" first where there are classes, then each attribute."""
        names = () if self.scores is None else self.scores.names
        return (CLASS, *names) if self.classes else names

    def check_color(self, color: str | None) -> str | None:
        """The colour of that name; by default the first there is, None where nobody looked.

        Raises:
            UnknownNameError: for an attribute that was not scored. SettingError: for classes where there are none.
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


@torch.no_grad()
def map_images(
    generator: Generator,
    *,
    of: str = "codes",
    method: str = "tsne",
    n: int = 2000,
    seed: int = 0,
    space: str | None = None,
    truncation_psi: float = 1.0,
    scorer: Scorer | None = None,
    features: Features | None = None,
    batch_size: int = 32,
    progress: Callable[[str, int, int], None] | None = None,
) -> ImageMap:
    """Draw n images and lay them out so that those whose codes, pixels or features are alike are near.

    Args:
        of: "codes", "images" (pixels), "features" or "critic" (both `features`, which must be given).
        method: as in `embed`. space: of the codes, z or w; by default w where there is one.
        scorer: sees the attributes that points can be coloured by; without one there are none.
        features: what sees the images; `features_of` and `critic_features` make them.

    Raises:
        UnknownNameError: for anything else to map. SettingError: where features are missing.
    """
    if of not in SUBJECTS:
        raise UnknownNameError("thing to map", of, SUBJECTS)
    if of in {"features", "critic"} and features is None:
        raise SettingError(f"a map of {of} needs a network that sees them; give features")
    if n < 1:
        raise SettingError(f"{n} images make no map; draw more")
    space = space or ("w" if "w" in generator.signature.spaces else "z")
    latents = generator.sample(n, seed=seed, space=space, truncation_psi=truncation_psi)
    thumbnails, points, seen = [], [], []
    done = 0
    for part in batches(latents, batch_size):
        images = generator(part).clamp(-1, 1)
        thumbnails.append(shrunk(images, THUMBNAIL).cpu())
        if of == "codes":
            points.append(part.codes.flatten(1).cpu())
        elif of == "images" or features is None:
            points.append(images.flatten(1).cpu())
        else:
            points.append(features(images).cpu())
        if scorer is not None:
            seen.append(scorer.score(images, latents=part, start=done))
        done += len(part)
        if progress:
            progress("drawing", done, n)

    if progress:
        progress("laying out", 0, 1)
    rows = torch.cat(points)
    scores = Scores.cat(seen) if seen else None
    classes = None if scores is None else classes_of(scores)
    found = embed(rows, method=method, seed=seed)
    if progress:
        progress("laying out", 1, 1)
    return ImageMap(
        map=found,
        of=of,
        subject=SUBJECTS[of].format(
            space=space, features=features and features.description.partition(" (")[0]
        ),
        latents=latents,
        seed=seed,
        thumbnails=torch.cat(thumbnails),
        scores=scores,
        classes=classes,
        faithful=faithfulness(rows, found.xy, classes=None if classes is None else classes.index, seed=seed),
    )
