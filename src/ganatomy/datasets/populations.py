"""Tables of what whole populations show: the drawn one with its factors, or a file of labels."""

from __future__ import annotations

import torch

from ganatomy.datasets.faces import ATTRIBUTES, FACTORS, sample_faces
from ganatomy.datasets.faces.factors import THRESHOLD
from ganatomy.datasets.labels import LabelTable

NUM_DRAWN = 20_000
"""Drawn faces; a correlation is then known to some .007."""


def drawn_labels(n: int = NUM_DRAWN, *, seed: int = 0) -> LabelTable:
    """The table of the population that the bundled faces were drawn from: attributes, long hair, and factors.

    Long hair is a `hair_length` above one half, as attributes are read off their factors. Factors are in their own
    units, not in [0, 1].

    Example:
        >>> table = drawn_labels(200)
        >>> len(table), table.values.shape[1], float(table.column("Long_Hair").max())
        (200, 101, 1.0)
    """
    faces = sample_faces(n, seed=seed)
    long_hair = (faces.column("hair_length") > THRESHOLD).float()[:, None]
    return LabelTable(
        names=(*ATTRIBUTES, "Long_Hair", *(factor.name for factor in FACTORS)),
        files=tuple(f"face {row}" for row in range(n)),
        values=torch.cat([faces.labels.float(), long_hair, faces.factors], dim=1),
    )
