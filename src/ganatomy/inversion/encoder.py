"""A trained encoder: it sees an image and its current reconstruction, and corrects the code, three times.

Alaluf et al. 2021, "ReStyle: A Residual-Based StyleGAN Encoder via Iterative Refinement". The first code is that of
ridge regression, and as in e4e (Tov et al. 2021) the correction is one for all layers, and a small one for each.
"""

from __future__ import annotations

import math
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Self

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ganatomy.errors import FingerprintError, SettingError
from ganatomy.generators.base import Generator
from ganatomy.inversion.fast import search
from ganatomy.inversion.preparation import Preparation
from ganatomy.inversion.problem import FoundCodes, Problem
from ganatomy.latents import Latents
from ganatomy.storage import load_network, save_tensors

KIND = "encoder"
ENCODER_FILE = "encoder.safetensors"
PASSES = 3
"""After which more of them hardly change the codes."""

BUDGETS = {"quick": PASSES, "balanced": PASSES + 30, "best": PASSES + 80}
"""Passes, then evaluations of a search that starts where they end."""

SEEN = 64
"""Pixels a side that it sees at most."""

PATCH = 4
"""Pixels a side that its first layer takes together."""

BLOCKS = (2, 3, 1)
"""Residual blocks at each resolution; the next has half as many places a side."""

SIDES = PATCH * 2 ** (len(BLOCKS) - 1)
"""What the pixels a side that it sees are a multiple of."""

WIDTH = 64
"""Channels of its first layer."""

DENSE = 8
"""Numbers that a correction is made from, for each channel of the first layer."""

GROUPS = 8
"""Of channels, which are normalised together."""

LAYERS = 0.3
"""Scale of the corrections of single layers, in standard deviations of codes."""

LARGEST = 1 << 16


@dataclass(frozen=True, kw_only=True)
class EncoderConfig:
    """What an encoder is made for.

    Args:
        channels: of the images.
        side: pixels a side that it sees.
        rows: of the coordinates.
        numbers: in each row.
        width: channels of its first layer; they double with each halving.
        space: of the codes.
        generator: fingerprint of the generator.
    """

    channels: int
    side: int
    rows: int
    numbers: int
    width: int
    space: str
    generator: str

    def __post_init__(self) -> None:
        sizes = (self.channels, self.side, self.rows, self.numbers, self.width)
        if not all(type(size) is int and 0 < size <= LARGEST for size in sizes):
            raise SettingError(f"sizes of an encoder are from 1 to {LARGEST}, not {sizes}")
        if self.side % SIDES:
            raise SettingError(f"an encoder sees a multiple of {SIDES} pixels a side, not {self.side}")


class PreactivationBlock(nn.Module):
    """Two convolutions beside the identity, normalised before them (He et al. 2016, "Identity Mappings")."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(math.gcd(GROUPS, channels), channels)
        self.conv0 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        return x + self.conv1(F.silu(self.conv0(F.silu(self.norm(x)))))


class EncoderNetwork(nn.Module):
    """From an image and its reconstruction to a correction of its coordinates; an untrained one corrects nothing.

    Example::

        network = ga.train_encoder(generator)
        found = ga.invert(generator, images, method=network)
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        width, side = config.width, config.side // PATCH
        stages: list[nn.Module] = [nn.Conv2d(2 * config.channels * PATCH**2, width, 1)]
        for num_blocks in BLOCKS[:-1]:
            stages += [PreactivationBlock(width) for _ in range(num_blocks)]
            stages.append(nn.Conv2d(width, 2 * width, 2, stride=2))
            width, side = 2 * width, side // 2
        stages += [PreactivationBlock(width) for _ in range(BLOCKS[-1])]
        self.trunk = nn.Sequential(*stages)
        self.dense = nn.Linear(width * side**2, DENSE * config.width)
        self.shared = nn.Linear(DENSE * config.width, config.numbers)
        self.layers = nn.Linear(DENSE * config.width, config.rows * config.numbers)
        for last in (self.shared, self.layers):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    @classmethod
    def untrained(cls, generator: Generator, preparation: Preparation, *, width: int = WIDTH) -> Self:
        """A network for this generator that leaves the codes of the ridge encoder as they are."""
        rows, numbers = preparation.coordinates.shape
        config = EncoderConfig(
            channels=generator.signature.channels,
            side=min(SEEN, SIDES * -(-min(generator.signature.size) // SIDES)),
            rows=rows,
            numbers=numbers,
            width=width,
            space=str(preparation.space),
            generator=generator.fingerprint,
        )
        return cls(config)

    def forward(
        self, targets: Float[Tensor, "n c h w"], made: Float[Tensor, "n c h w"]
    ) -> Float[Tensor, "n rows r"]:
        """The correction."""
        pair = F.adaptive_avg_pool2d(torch.cat([targets, made - targets], dim=1), self.config.side)
        seen = self.trunk(F.pixel_unshuffle(pair, PATCH))
        hidden = F.silu(self.dense(F.silu(seen).flatten(1)))
        own = self.layers(hidden).unflatten(1, (self.config.rows, self.config.numbers))
        return self.shared(hidden)[:, None] + LAYERS * own

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write weights and config as safetensors; raises OutputError when the file cannot be written."""
        return save_tensors(KIND, self.state_dict(), {"config": asdict(self.config)}, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a file that `save` wrote.

        Raises:
            MissingFileError: when there is none.
            CheckpointError: when it holds something else, or is damaged.
        """
        return load_network(KIND, path, lambda config: cls(EncoderConfig(**config)))


def encode(network: EncoderNetwork, problem: Problem) -> FoundCodes:
    """Codes by `PASSES` passes, from which a search goes on with the evaluations that are left.

    Raises:
        FingerprintError: for an encoder of another generator. SettingError: for one of another space.
    """
    config, preparation = network.config, problem.preparation
    if config.generator != problem.generator.fingerprint:
        raise FingerprintError(
            f"this encoder was trained for generator {config.generator[:12]}, this one is "
            f"{problem.generator.fingerprint[:12]}; train one with ga.train_encoder"
        )
    if (config.space, config.rows, config.numbers) != (
        str(preparation.space),
        *preparation.coordinates.shape,
    ):
        raise SettingError(f"this encoder finds codes in {config.space}; leave out space={preparation.space}")
    network, coordinates = network.to(problem.targets), preparation.coordinates
    u = preparation.start(problem.targets)
    passes = min(PASSES, problem.evaluations)
    for done in range(passes):
        made = problem.generator(coordinates.latents(u)).clamp(-1, 1)
        u = u + network(problem.targets, made)
        if problem.progress:
            problem.progress(done + 1, coordinates.latents(u))
    if passes == problem.evaluations:
        return FoundCodes(latents=coordinates.latents(u), evaluations=passes)

    def report(done: int, latents: Latents) -> None:
        if problem.progress:
            problem.progress(passes + done, latents)

    found = search(replace(problem, evaluations=problem.evaluations - passes, progress=report), u)
    return replace(found, evaluations=passes + found.evaluations)
