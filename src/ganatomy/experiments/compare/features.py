"""What a scorer sees in an image beside attributes: who it is, and what it looks like."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from ganatomy.perception import Scorer
from ganatomy.perception.features import network_of
from ganatomy.perception.perceptual import look

Features = Callable[[Tensor], Tensor]
"""From images `[n, c, h, w]` to features `[n, f]`."""

NO_FEATURES = "this scorer has no features that could be compared; an attribute network of ganatomy has"


@dataclass(frozen=True, kw_only=True, eq=False)
class Eyes:
    """Features of images.

    Args:
        identity: an edit should keep their direction. look: images whose features are near look alike.
        description: where they are from.
    """

    identity: Features | None
    look: Features | None
    description: str


def eyes_of(scorer: Scorer, identity: Features | None = None) -> Eyes:
    """The features of a scorer, where it has some; a network that knows faces may be given for `identity`."""
    network = network_of(scorer)
    if network is None:
        return Eyes(identity=identity, look=None, description="features that were given" if identity else "")
    return Eyes(
        identity=identity or network.features,
        look=lambda images: look(network, images),
        description=f"the trunk of the {network.description}",
    )
