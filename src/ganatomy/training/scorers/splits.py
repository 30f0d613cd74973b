"""Parts of labelled images: to learn from, to stop and calibrate by, and to test on; no person is in two of them."""

from __future__ import annotations

import numpy as np

from ganatomy.datasets.labelled_images import PARTS, LabelledImages, Rows
from ganatomy.errors import SettingError


def split(images: LabelledImages, *, held_out: float = 0.1, seed: int = 0) -> dict[str, Rows]:
    """Rows to train on, to validate by and to test on, by the name of the part.

    The parts are those that the data say; where they name no images to validate by, or to test on, these are drawn.

    Args:
        images: that are divided.
        held_out: share of the people that are drawn for each part that the data do not name.
        seed: of the draw.

    Raises:
        SettingError: for a share that leaves nothing, and for data whose parts leave nothing to learn from.

    Example:
        >>> from ganatomy.datasets.labelled_images import drawn_images
        >>> {part: len(rows) for part, rows in split(drawn_images(50, seed=0), held_out=0.2).items()}
        {'train': 30, 'validation': 10, 'test': 10}
    """
    if not 0 < held_out < 0.5:
        raise SettingError(
            f"held_out={held_out:g} leaves nothing to learn from or to test; give a share below .5"
        )
    said = np.array(images.parts if images.parts is not None else ["train"] * len(images))
    found = {part: (said == part).nonzero()[0] for part in PARTS}
    for part in ("validation", "test"):
        if not len(found[part]):
            found[part], found["train"] = _divide(images, found["train"], held_out * len(images), seed=seed)
            seed += 1
    if min(len(rows) for rows in found.values()) < 2:
        counts = ", ".join(f"{len(rows)} {part}" for part, rows in found.items())
        raise SettingError(f"{images.description} are too few to be divided ({counts}); give more")
    return found


def halves(images: LabelledImages, rows: Rows, *, seed: int = 0) -> tuple[Rows, Rows]:
    """Two halves of these rows without a person in common."""
    return _divide(images, rows, len(rows) / 2, seed=seed)


def _divide(images: LabelledImages, rows: Rows, count: float, *, seed: int) -> tuple[Rows, Rows]:
    """About so many of the rows, and the others; all images of a person go the same way."""
    people = np.asarray(rows) if images.people is None else images.people.numpy()[rows]
    order = np.random.default_rng((seed, 7)).permutation(np.unique(people))
    sizes = np.cumsum(
        [0, *np.unique(people, return_counts=True)[1][np.searchsorted(np.unique(people), order)]]
    )
    taken = order[: max(1, int(np.searchsorted(sizes, round(count))))]
    inside = np.isin(people, taken)
    return rows[inside], rows[~inside]
