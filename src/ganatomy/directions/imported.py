"""Directions and codes that others found, for use on a generator: their scale is measured on it.

Files of others hold bare vectors. How far codes spread along them (sigma), and how much an attribute changes (slope),
are properties of the generator, so both are taken from codes that it draws.
"""

from __future__ import annotations

import math
import os
from dataclasses import replace
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import CheckpointError, SettingError, SpaceError
from ganatomy.generators.base import Generator
from ganatomy.generators.checkpoints.vectors import StoredVectors, read_vectors
from ganatomy.latents import Direction, Directions, Latents, Space
from ganatomy.perception.base import Scorer
from ganatomy.surveys.run import survey

CODES = 1000
"""Codes that sigma is measured on."""
MOST = 10_000
"""Directions of one file."""
USUAL_LAYERS = range(8, 19, 2)
"""Layers of StyleGANs, from 32 to 1024 px."""


def import_directions(
    generator: Generator,
    path: str | os.PathLike[str],
    *,
    space: str | None = None,
    name: str | None = None,
    scorer: Scorer | None = None,
    n: int = 500,
    seed: int = 0,
) -> Directions:
    """The directions of a file of InterFaceGAN, GANSpace, SeFa, StyleCLIP or any array, measured on this generator.

    Args:
        generator: that they are to be used on.
        path: `.npy`, `.npz` or `.pt` with `[d]`, `[k, d]`, `[layers, d]` or `[k, layers, d]`.
        space: of the vectors, where their shape fits several.
        name: of the direction, or what the names of several begin with; by default that of the file.
        scorer: whose attribute of that name the slope is measured with; without one it is nan.
        n: images that are scored for it.
        seed: of the codes.

    Returns:
        Unit vectors with `sigma`, with `slope` and `intercept` where the scorer has the attribute, and the fingerprint
        of the generator.

    Raises:
        MissingFileError, CheckpointError: for a file that holds no such arrays, or codes.
        SpaceError: when no space of the generator, or several, fit the shape.

    Example::

        smile = ga.import_directions(G, "stylegan_ffhq_smile_w_boundary.npy", space="w", name="Smiling")
    """
    stored = read_vectors(path)
    if stored.codes:
        raise CheckpointError(f"{path} holds latent codes ({stored.form}), not directions")
    stem = name or Path(path).stem
    vectors: dict[str, Tensor] = {}
    where: Space | None = None
    for key, array in stored.arrays.items():
        if space is None and stored.codes is None:
            _refuse_other_layers(generator, array, path)
        wanted = (
            "w"
            if space is None and stored.form != "NumPy array" and _only_w(generator, array, stored)
            else space
        )
        found, rows = fit_space(generator, array, wanted, what=f"{path} holds an array")
        if where not in (None, found):
            raise SpaceError(f"{path} holds directions of {where} and of {found}; give files of one space")
        where = found
        base = f"{stem}.{key}" if key and len(stored.arrays) > 1 else stem
        for number, row in enumerate(rows):
            vectors[f"{base}-{number + 1}" if len(rows) > 1 else base] = row
    if where is None or len(vectors) > MOST:
        raise CheckpointError(f"{path} holds {len(vectors)} directions; give a file of 1 to {MOST:,}")
    bare = [
        Direction(
            name=each, vector=row.float(), space=where, method="imported", fingerprint=generator.fingerprint
        )
        for each, row in vectors.items()
    ]
    return _measured(generator, bare, where, scorer=scorer, n=n, seed=seed)


def import_latents(
    generator: Generator, path: str | os.PathLike[str], *, space: str | None = None
) -> Latents:
    """The codes of a file of NVIDIA's projector, e4e, rosinality's projector or any array, for this generator.

    Args:
        generator: that they are codes of.
        path: `.npy`, `.npz` or `.pt` with `[n, d]` or `[n, layers, d]`.
        space: of the codes, where their shape fits several.

    Raises:
        MissingFileError, CheckpointError: for a file that holds no such arrays, or directions.
        SpaceError: when no space of the generator, or several, fit the shape.

    Example::

        photograph = ga.import_latents(G, "projected_w.npz")
    """
    stored = read_vectors(path)
    if stored.codes is False:
        raise CheckpointError(f"{path} holds directions ({stored.form}), not latent codes")
    parts = []
    for array in stored.arrays.values():
        if space is None and stored.codes is None:
            _refuse_other_layers(generator, array, path)
        wanted = (
            "w"
            if space is None and stored.codes and array.shape[-1:] == (generator.signature.w_dim,)
            else space
        )
        wanted = None if array.ndim == 3 else wanted
        found, rows = fit_space(generator, array, wanted, what=f"{path} holds an array")
        parts.append(
            Latents(
                codes=rows.float(),
                space=found,
                num_layers=generator.signature.num_layers,
                fingerprint=generator.fingerprint,
            )
        )
    return Latents.cat(parts)


def _refuse_other_layers(generator: Generator, array: Tensor, path: str | os.PathLike[str]) -> None:
    """Raises SpaceError for rows of w that may be one code of w+ of a model with another number of layers."""
    it = generator.signature
    if Space.W_PLUS not in it.spaces or array.ndim != 2 or array.shape[1] != it.w_dim:
        return
    if len(array) in USUAL_LAYERS and len(array) != it.num_layers:
        raise SpaceError(
            f"{path} holds an array of shape {list(array.shape)}: {len(array)} vectors of w, or one of w+ of a model "
            f"with {len(array)} layers, where this one has {it.num_layers}; if they are of w, say so with space='w'"
        )


def fit_space(
    generator: Generator, array: Tensor, space: str | None, *, what: str = "there is an array"
) -> tuple[Space, Float[Tensor, "k *shape"]]:
    """The space that an array of vectors is of by its shape, and the vectors one a row.

    Args:
        space: that it is said to be of.

    Raises:
        SpaceError: when no space of the generator fits, or several do and none is given.
    """
    shape = list(array.shape)
    wanted = None if space is None else Space.parse(space)
    fits = {
        where: rows
        for where in generator.signature.spaces
        if wanted in (None, where) and (rows := _as_rows(generator, array, where)) is not None
    }
    if not array.is_floating_point() or not bool(array.isfinite().all()) or not fits:
        sizes = ", ".join(
            f"{where} [{'x'.join(map(str, size))}]" for where, size in _sizes(generator).items()
        )
        raise SpaceError(
            f"{what} of shape {shape}, which are no vectors of {wanted or 'this generator'}; it has {sizes}"
        )
    # One vector for each layer is one of w+ before it is several of w.
    if wanted is None and Space.W_PLUS in fits and array.ndim == 3:
        return Space.W_PLUS, fits[Space.W_PLUS]
    if len(fits) > 1:
        raise SpaceError(
            f"{what} of shape {shape}, which fits {' and '.join(fits)}; say which with space=, or `ganatomy import "
            "--space`"
        )
    return next(iter(fits.items()))


def _sizes(generator: Generator) -> dict[Space, tuple[int, ...]]:
    """The shape of one vector in each space."""
    it = generator.signature
    known: dict[Space, tuple[int | None, ...]] = {
        Space.Z: (it.z_dim,),
        Space.W: (it.w_dim,),
        Space.W_PLUS: (it.num_layers, it.w_dim),
        Space.S: (generator.style_dim,),
    }
    return {where: tuple(n or 0 for n in known[where]) for where in it.spaces}


def _as_rows(generator: Generator, array: Tensor, space: Space) -> Tensor | None:
    size = _sizes(generator)[space]
    if tuple(array.shape) == size:
        return array[None]
    if tuple(array.shape[1:]) == size:
        return array
    # A code of w that was repeated for every layer, or one axis more than is needed.
    if array.ndim == len(size) + 2 and array.shape[1] == 1 and tuple(array.shape[2:]) == size:
        return array[:, 0]
    return None


def _only_w(generator: Generator, array: Tensor, stored: StoredVectors) -> bool:
    """Whether these are components of w by the habit of the method, where the generator has a w of that size."""
    return stored.codes is False and array.shape[-1] == generator.signature.w_dim


@torch.no_grad()
def _measured(
    generator: Generator,
    bare: list[Direction],
    space: Space,
    *,
    scorer: Scorer | None,
    n: int,
    seed: int,
) -> Directions:
    """The directions with the spread of codes along them, and the slope of the attribute of their name."""
    matrix = torch.stack([direction.vector.flatten() for direction in bare]).double()
    codes = generator.sample(CODES, seed=seed, space=space).codes.cpu().double().flatten(1)
    sigmas = (codes @ matrix.T).std(0).tolist()
    found = [
        replace(direction, sigma=sigma if sigma > 0 else 1.0)
        for direction, sigma in zip(bare, sigmas, strict=True)
    ]
    named = [d for d in found if scorer is not None and d.name in scorer.names]
    if scorer is None or not named:
        return Directions(found)
    if n < 2:
        raise SettingError(f"cannot measure a slope on {n} images; give at least 2")
    scored = survey(generator, scorer, n=n, space=space, seed=seed + 1)
    positions = scored.latents.codes.cpu().double().flatten(1)
    measured = {}
    for direction in named:
        along = positions @ direction.vector.double().flatten()
        logits = scored.scores.logits[:, scorer.names.index(direction.name)].cpu().double()
        slope = float(((along - along.mean()) * (logits - logits.mean())).mean() / along.var(correction=0))
        intercept = float(logits.mean()) - slope * float(along.mean())
        if math.isfinite(slope):
            measured[direction.name] = {"slope": slope, "intercept": intercept}
    return Directions(replace(direction, **measured.get(direction.name, {})) for direction in found)
