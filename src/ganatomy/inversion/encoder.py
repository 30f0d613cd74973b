"""A trained encoder: it sees an image and its current reconstruction, and corrects the code, three times.

Alaluf et al. 2021, "ReStyle: A Residual-Based StyleGAN Encoder via Iterative Refinement". The first code is that of
ridge regression, and as in e4e (Tov et al. 2021) the correction is one for all layers, and a small one for each.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ganatomy.errors import FingerprintError, SettingError
from ganatomy.generators.base import Generator
from ganatomy.inversion.preparation import Preparation
from ganatomy.inversion.problem import FoundCodes, Problem
from ganatomy.inversion.ridge import encoder_features
from ganatomy.storage import load_network, save_tensors

KIND = "encoder"
ENCODER_FILE = "encoder.safetensors"
BUDGETS = {"quick": 1, "balanced": 3, "best": 5}
"""Passes."""

SEEN = 64
"""Pixels a side that it sees at most."""

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
        width: channels of its first layer; they double with each halving, up to eight times.
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


class HalvingBlock(nn.Module):
    """Two convolutions, the first of which halves the image, beside a shortcut."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.conv0 = nn.Conv2d(inside, outside, 3, stride=2, padding=1)
        self.conv1 = nn.Conv2d(outside, outside, 3, padding=1)
        self.shortcut = nn.Conv2d(inside, outside, 1)

    def forward(self, x: Float[Tensor, "n i h w"]) -> Float[Tensor, "n o h2 w2"]:
        small = F.interpolate(x, size=[-(-size // 2) for size in x.shape[2:]], mode="area")
        hidden = F.silu(self.conv0(F.silu(x)))
        return self.shortcut(small) + self.conv1(hidden)


class EncoderNetwork(nn.Module):
    """From an image and its reconstruction to a correction of its coordinates; an untrained one corrects nothing.

    Example::

        network = ga.train_encoder(generator)
        found = ga.invert(generator, images, method=network)
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        widths = [config.width]
        blocks: list[nn.Module] = [nn.Conv2d(2 * config.channels, config.width, 3, padding=1)]
        side = config.side
        while side > 4:
            widths.append(min(2 * widths[-1], 8 * config.width))
            blocks.append(HalvingBlock(widths[-2], widths[-1]))
            side = -(-side // 2)
        self.trunk = nn.Sequential(*blocks)
        self.dense = nn.Linear(widths[-1] * side**2, 8 * config.width)
        self.shared = nn.Linear(8 * config.width, config.numbers)
        self.layers = nn.Linear(8 * config.width, config.rows * config.numbers)
        for last in (self.shared, self.layers):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    @classmethod
    def untrained(cls, generator: Generator, preparation: Preparation, *, width: int = 32) -> Self:
        """A network for this generator that leaves the codes of the ridge encoder as they are."""
        rows, numbers = preparation.coordinates.shape
        config = EncoderConfig(
            channels=generator.signature.channels,
            side=min(SEEN, *generator.signature.size),
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
        hidden = F.silu(self.dense(F.silu(self.trunk(pair)).flatten(1)))
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


def passes(
    generator: Generator,
    preparation: Preparation,
    network: EncoderNetwork,
    targets: Float[Tensor, "n c h w"],
    count: int,
) -> list[Float[Tensor, "n rows r"]]:
    """The coordinates after each pass; each sees the image of the one before, to which no gradients flow."""
    coordinates = preparation.coordinates
    start = preparation.encoder(encoder_features(targets, preparation.likeness))
    found = [start[:, None].expand(-1, coordinates.shape[0], -1).detach()]
    for _ in range(count):
        u = found[-1].detach()
        with torch.no_grad():
            made = generator(coordinates.latents(u)).clamp(-1, 1)
        found.append(u + network(targets, made))
    return found[1:]


def encode(network: EncoderNetwork, problem: Problem) -> FoundCodes:
    """Codes by so many passes as the problem has evaluations.

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
    network = network.to(problem.targets)
    found = passes(problem.generator, preparation, network, problem.targets, problem.evaluations)
    latents = preparation.coordinates.latents(found[-1])
    if problem.progress:
        problem.progress(problem.evaluations, latents)
    return FoundCodes(latents=latents, evaluations=problem.evaluations)
