"""Points of many numbers as points of a plane: t-SNE, UMAP, PCA."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.directions.principal import principal
from ganatomy.errors import SettingError, UnknownNameError
from ganatomy.extras import install_line

NUM_COMPONENTS = 50
"""Principal components that t-SNE and UMAP start from; the rest is mostly noise, and costs time."""
PERPLEXITY = 30.0
NEIGHBOURS = 15
FEWEST = 8


@dataclass(frozen=True, kw_only=True, eq=False)
class Map:
    """Points of a plane, one for each row that was mapped, centred, the wider axis across.

    Args:
        xy: the points.
        method: as in `METHODS`.
        description: the method with its settings.
        notes: what a reader must know to read the map right, in sentences.

    Example::

        points = ga.embed(survey.latents.codes, method="pca")
        print(points.xy, points.description)
    """

    xy: Float[Tensor, "n 2"]
    method: str
    description: str
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.xy)


def embed(points: Float[Tensor, "n *shape"], *, method: str = "tsne", seed: int = 0) -> Map:
    """A map of points, the same one for the same points and seed.

    Args:
        points: one row each, flattened; scaled by one number only, so that wide axes stay wide.
        method: "tsne" keeps neighbours together (van der Maaten and Hinton 2008, by openTSNE), "umap" too (McInnes et
            al. 2018, by umap-learn where it is installed), "pca" keeps straight lines straight.
        seed: of t-SNE and UMAP; both start from the first two principal components.

    Returns:
        The map, with sentences that say how to read it.

    Raises:
        SettingError: for fewer than 8 points, points that are not finite or all the same, and UMAP not installed.
        UnknownNameError: for another method.

    Example:
        >>> import ganatomy as ga
        >>> found = ga.embed(ga.ToyGenerator(seed=0).sample(20, seed=1).codes, method="pca")
        >>> tuple(found.xy.shape), found.description
        ((20, 2), 'PCA, first two components')
    """
    if method not in METHODS:
        raise UnknownNameError("method of mapping", method, METHODS)
    points = points.detach().cpu().float().flatten(1)
    if len(points) < FEWEST:
        raise SettingError(f"{len(points)} points make no map; give at least {FEWEST}")
    if not points.isfinite().all():
        raise SettingError("the points to map hold numbers that are not finite; their generator is broken")
    if not float((points - points[0]).abs().max()) > 0:
        raise SettingError(f"all {len(points)} points are the same, so there is nothing to map")
    return METHODS[method](points, seed)


def components(points: Float[Tensor, "n d"], num: int, *, seed: int = 0) -> tuple[Tensor, tuple[float, ...]]:
    """Coordinates along the first principal axes `[n, num]`, and the share of all variance along each."""
    found = principal([(points, points.new_zeros(len(points), 0))], num_axes=num, seed=seed)
    centred = points.double() - points.double().mean(0)
    return centred @ found.axes, tuple(found.captured.tolist())


def _pca(points: Tensor, seed: int) -> Map:
    seen, shares = components(points, 2, seed=seed)
    # Points on one line have one component.
    seen = torch.nn.functional.pad(seen, (0, 2 - seen.shape[1]))
    first, second = (*shares, 0.0)[:2]
    return Map(
        xy=seen.float(),
        method="pca",
        description="PCA, first two components",
        notes=(
            (
                f"The two axes hold {100 * (first + second):.0f} % of the variance ({100 * first:.0f} and "
                f"{100 * second:.0f} %); what differs along the others lies on top of each other here."
            ),
        ),
    )


def _tsne(points: Tensor, seed: int) -> Map:
    from openTSNE import TSNE, initialization  # a second and scikit-learn, which most commands do without

    reduced = components(points, min(NUM_COMPONENTS, points.shape[1]), seed=seed)[0].numpy()
    perplexity = min(PERPLEXITY, (len(points) - 1) / 3)
    start = np.pad(reduced[:, :2], ((0, 0), (0, max(0, 2 - reduced.shape[1]))))
    found = TSNE(
        perplexity=perplexity,  # pyright: ignore[reportArgumentType] (its annotations are its defaults' types)
        initialization=initialization.rescale(start),  # pyright: ignore[reportArgumentType]
        neighbors="exact",
        n_jobs=1,  # the sums of several threads differ in their last bits
        random_state=seed,
    ).fit(reduced)
    return Map(
        xy=_laid_out(np.asarray(found)),
        method="tsne",
        description=f"t-SNE, perplexity {perplexity:.3g}, of the first {reduced.shape[1]} principal components",
        notes=(
            (
                "Near points are alike. The distance between far groups, their size and their density mean little: "
                "t-SNE evens them out."
            ),
        ),
    )


def _umap(points: Tensor, seed: int) -> Map:
    try:
        from umap import UMAP  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise SettingError(f"UMAP is not installed; {install_line('umap')}, or take tsne") from None
    reduced = components(points, min(NUM_COMPONENTS, points.shape[1]), seed=seed)[0].numpy()
    neighbours = min(NEIGHBOURS, len(points) - 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = UMAP(n_neighbors=neighbours, init="pca", n_jobs=1, random_state=seed).fit_transform(
            reduced.astype(np.float32)
        )
    return Map(
        xy=_laid_out(np.asarray(found)),
        method="umap",
        description=f"UMAP, {neighbours} neighbours, of the first {reduced.shape[1]} principal components",
        notes=(
            (
                "Near points are alike. The distance between far groups and their density mean little: "
                "UMAP packs each group as tightly as it can."
            ),
        ),
    )


METHODS: dict[str, Callable[[Tensor, int], Map]] = {"tsne": _tsne, "umap": _umap, "pca": _pca}
"""Methods of mapping points `[n, d]` with a seed."""


def _laid_out(xy: np.ndarray) -> Float[Tensor, "n 2"]:
    """Turned to its own principal axes: which way a map of neighbours lies means nothing, and pages are wide."""
    turned, _ = components(torch.from_numpy(xy.astype(np.float64)), 2)
    return torch.nn.functional.pad(turned, (0, 2 - turned.shape[1])).float()
