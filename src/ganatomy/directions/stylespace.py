"""Single channels of s: those that change one region of images, and those of an attribute."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import product

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ganatomy.directions.evidence import usable
from ganatomy.directions.unsupervised import Ranked
from ganatomy.errors import ScoreError, SettingError, SpaceError, UnknownNameError
from ganatomy.generators import stylegan2, stylegan3
from ganatomy.generators.base import Generator
from ganatomy.generators.batches import batches
from ganatomy.generators.style_based import StyleBasedGenerator
from ganatomy.latents import Direction, Latents, Space
from ganatomy.progress import Advance, watched
from ganatomy.surveys import Survey

TILES = 4
"""Rows and columns of the default grid of regions."""

POPULATION = 2000
"""Codes that the deviations of channels are estimated from."""


@watched("channels")
def local_channels(
    generator: Generator,
    regions: Mapping[str, Bool[Tensor, "h w"]] | None = None,
    *,
    num_channels: int = 3,
    n: int = 32,
    num_probes: int = 2,
    torgb: bool = False,
    seed: int = 0,
    batch_size: int | None = None,
    progress: Advance | None = None,
) -> Ranked:
    """StyleSpace (Wu et al. 2021, section 4): for each region the channels of s whose gradient map lies inside it.

    The figure of channel u is the share of its gradient map inside the region, `Σ_in |∂x/∂s_u|² / Σ |∂x/∂s_u|²` over n
    images x; ranked are channels that change images at least as much as the median channel. The maps of all channels
    are estimated at once: for random signs ε the gradient of `Σ_in ε x` has this sum as its mean square.

    Args:
        generator: with a space s.
        regions: masks of the size of images, by name; by default the tiles of a 4 x 4 grid.
        num_probes: draws of random signs for each image.
        torgb: whether channels of torgb layers may be chosen; the paper leaves them out.

    Returns:
        Directions of single channels, named by region and channel.

    Raises:
        SpaceError: for a generator without s.
        SettingError: for masks of another size, empty or full ones, and for numbers outside their range.

    Example::

        mouth = torch.zeros(64, 64, dtype=torch.bool)
        mouth[44:52, 22:42] = True
        found = ga.local_channels(ga.load("faces"), {"mouth": mouth})
    """
    styled = _styled(generator)
    size = styled.signature.size
    regions = _tiles(size) if regions is None else regions
    _check_regions(regions, size)
    names = _channel_names(styled)
    if min(n, num_probes, num_channels) < 1 or num_channels > len(names):
        raise SettingError(
            f"cannot look for {num_channels} channels in {n} images, {num_probes} times each; "
            f"give 1 or more, and at most {len(names)} channels"
        )
    masks = torch.stack([mask.to(styled.device, styled.dtype) for mask in regions.values()])
    inside, outside = torch.zeros(2, len(masks), len(names), dtype=torch.float64)
    signs = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        codes = styled.sample(n, seed=seed, space="s")
    done = 0
    for part in batches(styled, codes, batch_size):
        for _ in range(num_probes):
            within, beyond = _energies(styled, part, masks, signs)
            inside += within
            outside += beyond
        done += len(part)
        if progress:
            progress(done, n)

    # Rank channels with a visible effect: most channels of a high resolution hardly change an image.
    deviations, _ = _spread(styled, seed=seed)
    chosen = _eligible(styled, torgb=torgb)
    effects = (inside + outside).mean(0) * deviations.square()
    share = inside / (inside + outside).clamp(min=1e-300)
    share[:, ~chosen | (effects < effects[chosen].median()) | (effects == 0)] = -1
    values, channels = share.topk(num_channels, dim=1)
    found = [
        (f"{region} {names[channel]}", channel, 1.0, value)
        for region, row, figures in zip(regions, channels.tolist(), values.tolist(), strict=True)
        for channel, value in zip(row, figures, strict=True)
        if value > 0
    ]
    return _ranked(styled, found, deviations, figure="share of its change inside the region", seed=seed)


def attribute_channels(
    generator: Generator,
    positives: Mapping[str, Latents],
    *,
    num_channels: int = 10,
    n: int = POPULATION,
    torgb: bool = False,
    seed: int = 0,
) -> Ranked:
    """StyleSpace (Wu et al. 2021, section 5): the channels of s in which a few codes with an attribute stand out.

    The figure of channel u is `|mean of positives - mean of all| / deviation of all`; its direction points to the
    positives, of which ten to thirty are enough. A single channel for an attribute has its name; several are named
    "Smiling 9:123", channel 123 of styled layer 9.

    Args:
        generator: with a space s.
        positives: codes with each attribute, in any space of the generator; `exemplars` takes them from a survey.
        n: codes that means and deviations of channels are estimated from.
        torgb: whether channels of torgb layers may be chosen; the paper leaves them out.

    Returns:
        Directions of single channels.

    Raises:
        SpaceError: for a generator without s.
        FingerprintError: for codes of another generator.
        SettingError: without attributes or positives, and for numbers outside their range.

    Example::

        found = ga.attribute_channels(generator, ga.exemplars(survey, ["Smiling"]), num_channels=1)
    """
    styled = _styled(generator)
    names = _channel_names(styled)
    if not positives or not all(len(codes) for codes in positives.values()):
        empty = [name for name, codes in positives.items() if not len(codes)]
        raise SettingError(f"there are no codes that show {', '.join(empty) or 'any attribute'}; give a few")
    if n < 2 or not 0 < num_channels <= len(names):
        raise SettingError(
            f"cannot rank {num_channels} channels by {n} codes; give 1 to {len(names)} channels and 2 codes or more"
        )
    deviations, means = _spread(styled, seed=seed, n=n)
    found = []
    for attribute, codes in positives.items():
        with torch.no_grad():
            styles = styled.map(_on(codes, styled), to="s").codes.double().cpu()
        away = (styles.mean(0) - means) / deviations.clamp(min=1e-12)
        away[~_eligible(styled, torgb=torgb) | (deviations == 0)] = 0
        for channel in away.abs().topk(num_channels).indices.tolist():
            name = attribute if num_channels == 1 else f"{attribute} {names[channel].removeprefix('s ')}"
            found.append((name, channel, float(away[channel].sign()), float(away[channel].abs())))
    return _ranked(styled, found, deviations, figure="deviations from the population", seed=seed)


def exemplars(
    survey: Survey, attributes: Iterable[str] | None = None, *, num: int = 30
) -> dict[str, Latents]:
    """The codes of a survey with the highest scores, for each attribute.

    Args:
        survey: codes and their scores.
        attributes: by default every one that `usable` names.

    Returns:
        Latents by attribute, the highest score first.

    Raises:
        UnknownNameError: for an attribute that was not scored.
        SettingError: for no codes.
        ScoreError: where no attribute is usable.

    Example::

        smiling = ga.exemplars(survey, num=10)["Smiling"]
    """
    if num < 1:
        raise SettingError(f"num is {num}; at least one code must show an attribute")
    names = usable(survey) if attributes is None else list(attributes)
    if not names:
        raise ScoreError(
            f"no attribute is present in some of these {len(survey)} images and absent in others"
        )
    for name in names:
        if name not in survey.names:
            raise UnknownNameError("attribute", name, survey.names)
    labelled = {name: survey.labelled(name) for name in names}
    return {
        name: some.latents[some.scores.column(name).argsort(descending=True, stable=True)[:num]]
        for name, some in labelled.items()
    }


def _energies(
    generator: Generator, latents: Latents, masks: Float[Tensor, "r h w"], signs: torch.Generator
) -> tuple[Float[Tensor, "r d"], Float[Tensor, "r d"]]:
    """The gradient maps inside and outside of each mask, estimated from one draw of random signs over these images."""
    codes = latents.codes.detach().clone().requires_grad_()
    with torch.enable_grad():
        images = generator(latents.with_codes(codes))
        noise = torch.randint(0, 2, images.shape, generator=signs).to(images) * 2 - 1
        (whole,) = torch.autograd.grad(images, codes, noise, retain_graph=True)
        parts = [torch.autograd.grad(images, codes, noise * mask, retain_graph=True)[0] for mask in masks]
    inside = torch.stack([part.double().square().sum(0) for part in parts]).cpu()
    outside = torch.stack([(whole - part).double().square().sum(0) for part in parts]).cpu()
    return inside, outside


def _styled(generator: Generator) -> StyleBasedGenerator:
    if not isinstance(generator, StyleBasedGenerator):
        raise SpaceError(
            f"{generator.signature.architecture} has no space s, only {', '.join(generator.signature.spaces)}; "
            "StyleGAN, StyleGAN2 and StyleGAN3 have one"
        )
    return generator


def _channel_names(generator: StyleBasedGenerator) -> list[str]:
    """In the order of s; "s 9:123" is channel 123 of styled layer 9."""
    return [
        f"s {layer}:{channel}"
        for layer, width in enumerate(generator.style_widths)
        for channel in range(width)
    ]


def _eligible(generator: StyleBasedGenerator, *, torgb: bool) -> Bool[Tensor, " d"]:
    """Which channels may be chosen."""
    layers = (layer for _, layer in generator.styled_layers())
    kept = [torgb or not isinstance(layer, stylegan2.ToRGB | stylegan3.FinalLayer) for layer in layers]
    return torch.tensor(kept).repeat_interleave(torch.tensor(generator.style_widths))


@torch.no_grad()
def _spread(
    generator: Generator, *, seed: int, n: int = POPULATION
) -> tuple[Float[Tensor, " d"], Float[Tensor, " d"]]:
    """Standard deviation and mean of each channel of s."""
    codes = generator.sample(n, seed=seed, space="s").codes.cpu().double()
    return codes.std(0), codes.mean(0)


def _on(latents: Latents, generator: Generator) -> Latents:
    labels = None if latents.labels is None else latents.labels.to(generator.device, generator.dtype)
    return replace(latents, codes=latents.codes.to(generator.device, generator.dtype), labels=labels)


def _tiles(size: tuple[int, int]) -> dict[str, Bool[Tensor, "h w"]]:
    """The tiles of a grid over images, named by row and column from the top left."""
    down, across = (np.linspace(0, side, min(TILES, side) + 1).round().astype(int) for side in size)
    tiles = {}
    for row, column in product(range(len(down) - 1), range(len(across) - 1)):
        mask = torch.zeros(*size, dtype=torch.bool)
        mask[down[row] : down[row + 1], across[column] : across[column + 1]] = True
        tiles[f"row {row + 1} column {column + 1}"] = mask
    return tiles


def _check_regions(regions: Mapping[str, Tensor], size: tuple[int, int]) -> None:
    if not regions:
        raise SettingError("regions is empty; leave it out for a grid")
    for name, mask in regions.items():
        if tuple(mask.shape) != size or mask.dtype != torch.bool:
            raise SettingError(
                f"region {name!r} is a {str(mask.dtype).removeprefix('torch.')} mask of shape {list(mask.shape)}; "
                f"images need bool {list(size)}"
            )
        if not 0 < int(mask.sum()) < mask.numel():
            raise SettingError(f"region {name!r} has no pixel {'outside' if mask.any() else 'inside'}")


def _ranked(
    generator: StyleBasedGenerator,
    found: list[tuple[str, int, float, float]],
    deviations: Float[Tensor, " d"],
    *,
    figure: str,
    seed: int,
) -> Ranked:
    """Directions of single channels, of these names, signs and figures."""

    def direction(name: str, channel: int, sign: float) -> Direction:
        vector = torch.zeros(len(deviations))
        vector[channel] = sign
        return Direction(
            name=name,
            vector=vector,
            space=Space.S,
            sigma=float(deviations[channel]),
            method="stylespace",
            seed=seed,
            fingerprint=generator.fingerprint,
        )

    return Ranked(
        (direction(name, channel, sign) for name, channel, sign, _ in found),
        figure=figure,
        values=[value for *_, value in found],
    )
