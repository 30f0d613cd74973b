"""The bundled attribute network: a small residual net that is quick on one CPU thread."""

from __future__ import annotations

import math
from copy import copy, deepcopy
from dataclasses import dataclass
from typing import Any
from weakref import ref

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ganatomy.errors import SettingError
from ganatomy.latents import Latents
from ganatomy.perception.attribute_model import AttributeModel, Heads, check_reading
from ganatomy.perception.base import Scorer, Scores, fingerprint_of, fit_images
from ganatomy.reading import parse_json


@dataclass(frozen=True, kw_only=True)
class AttributeConfig:
    """What an attribute network is built from; it travels in the metadata of the weights.

    Args:
        attributes: names of the logits.
        factors: names of the continuous values beside them, perhaps none.
        activation: "sigmoid" for attributes that are present or not, "softmax" for classes that exclude each other.
        channels: 1 (grey) or 3 (RGB).
        resolution: height and width of the images that it was trained on.
        widths: channels of the stages; each stage halves height and width.
        blocks: residual blocks in each stage.
        hidden_dim: width of the dense layer in front of the heads.
        dropout: only while training.
    """

    attributes: tuple[str, ...]
    factors: tuple[str, ...] = ()
    activation: str = "sigmoid"
    channels: int = 3
    resolution: int = 64
    widths: tuple[int, ...] = (16, 40, 80, 128)
    blocks: tuple[int, ...] = (0, 1, 1, 1)
    hidden_dim: int = 192
    dropout: float = 0.1

    def __post_init__(self) -> None:
        names = check_reading(self.attributes, self.activation, self.channels)
        object.__setattr__(self, "attributes", names)
        object.__setattr__(self, "factors", tuple(self.factors))
        object.__setattr__(self, "widths", tuple(self.widths))
        object.__setattr__(self, "blocks", tuple(self.blocks))
        if len(self.widths) != len(self.blocks) or not self.widths:
            raise SettingError(
                f"{len(self.widths)} widths and {len(self.blocks)} blocks do not make the same stages"
            )
        if self.resolution < 2 ** len(self.widths):
            raise SettingError(
                f"{len(self.widths)} stages need images of {2 ** len(self.widths)} px, not {self.resolution}"
            )

    @classmethod
    def from_json(cls, text: str) -> AttributeConfig:
        """The config in the metadata of weights; raises AttributeError, TypeError or ValueError for other text."""
        settings = parse_json(text)
        lists = {key: tuple(value) for key, value in settings.items() if isinstance(value, list)}
        return cls(**(settings | lists))


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions around a shortcut (He et al. 2016): relu(x + bn(conv(relu(bn(conv(x))))))."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)
        # Each block starts as the identity, which lets deep stacks train from the first step.
        nn.init.zeros_(self.norm2.weight)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        y = torch.relu_(self.norm1(self.conv1(x)))
        return torch.relu_(self.norm2(self.conv2(y)).add_(x))


class Stage(nn.Module):
    """Halve height and width by a strided convolution, then refine."""

    def __init__(self, inputs: int, width: int, blocks: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, width, 3, stride=2, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)
        self.blocks = nn.Sequential(*[ResidualBlock(width) for _ in range(blocks)])

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k h2 w2"]:
        return self.blocks(torch.relu_(self.norm(self.conv(x))))


class AttributeNetwork(AttributeModel):
    """A small residual trunk, pooled by average and by maximum side by side, and one dense layer."""

    ARCHITECTURE = "AttributeNetwork"

    def __init__(self, config: AttributeConfig) -> None:
        super().__init__(config)
        inputs = (config.channels, *config.widths)
        self.stages = nn.Sequential(
            *[Stage(inputs[i], config.widths[i], config.blocks[i]) for i in range(len(config.widths))]
        )
        self.hidden = nn.Linear(2 * config.widths[-1], config.hidden_dim)
        self.dropout = nn.Dropout(config.dropout)
        self.add_heads(config.hidden_dim)

    @property
    def trunk(self) -> nn.Sequential:
        return self.stages

    @classmethod
    def from_config(cls, text: str) -> AttributeNetwork:
        return cls(AttributeConfig.from_json(text))

    def embed(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k"]:
        """What the heads read: all that the trunk has seen."""
        features = self.stages(images.contiguous(memory_format=torch.channels_last))
        pooled = torch.cat([features.mean((2, 3)), features.amax((2, 3))], dim=1)
        return torch.relu(self.hidden(pooled))

    def maps(self, images: Float[Tensor, "n c h w"]) -> list[Tensor]:
        """Feature maps of the stages, the first first."""
        found = [images]
        for stage in self.stages:
            found.append(stage(found[-1]))
        return found[1:]

    def ready(self) -> AttributeNetwork:
        """A copy that only reads, each norm folded into the convolution before it."""
        return fold_norms(self)


class NetworkScorer(Scorer):
    """Scores with an attribute network as it is now, on the device where it is; gradients flow to the images.

    Args:
        network: the attribute network.
        description: what it is called.
    """

    def __init__(
        self,
        network: AttributeModel,
        *,
        description: str = "attribute network",
    ) -> None:
        self.network = network.ready()
        self.taught_by = network.taught_by
        self.names = network.config.attributes
        self.fingerprint = network.fingerprint
        self.description = f"{description} ({len(self.names)} attributes, {network.config.resolution} px)"
        self._latest: tuple[ref[Tensor], int, Heads] | None = None

    @property
    def is_student(self) -> bool:
        return bool(self.taught_by)

    def _logits(self, images: Float[Tensor, "n c h w"], *, latents: Latents | None, start: int) -> Tensor:
        return self.network.calibrated(self._read(images).attributes)

    def factors(self, images: Float[Tensor, "n c h w"]) -> Scores:
        """The continuous factors of images; see `FactorScorer` for their unit."""
        return FactorScorer(self).score(images)

    def features(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k"]:
        """Features of the trunk: near each other for images that are alike."""
        return self.network.embed(self._fitted(images))

    def to(self, device: str | torch.device) -> NetworkScorer:
        """The same scorer on another device."""
        moved = copy(self)
        moved._latest = None  # noqa: SLF001 (a copy of itself)
        moved.network = deepcopy(self.network).to(device)
        return moved

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_latest": None}

    def _read(self, images: Float[Tensor, "n c h w"]) -> Heads:
        """Both heads; the network runs once where attributes and factors of the same images are asked for in turn."""
        # A tensor under gradients or inference mode has a graph, or no version to tell that it was written to.
        passing = images.requires_grad or images.is_inference()
        if self._latest is not None and not passing:
            seen, version, reading = self._latest
            if seen() is images and version == images._version:  # noqa: SLF001 (how often it was written to)
                return reading
        reading = self.network(self._fitted(images))
        self._latest = None if passing else (ref(images), images._version, reading)  # noqa: SLF001
        return reading

    def _fitted(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k h2 w2"]:
        """Images as the network takes them, on its device."""
        config = self.network.config
        size = (config.resolution, config.resolution)
        return fit_images(images.to(self.network.temperature.device), size=size, channels=config.channels)


class FactorScorer(Scorer):
    """The factor head of an attribute network as a scorer of its own.

    Its numbers are not logits: each is a continuous factor in standard deviations from the mean of the training
    population, so that a change of 1 means the same for a pose and for a colour.

    Raises:
        SettingError: when the network has no factors.
    """

    def __init__(self, scorer: NetworkScorer) -> None:
        if not scorer.network.config.factors:
            raise SettingError(f"{scorer.description} was trained on attributes only; it has no factors")
        self.scorer = scorer
        self.names = scorer.network.config.factors
        self.fingerprint = fingerprint_of(scorer.fingerprint, "factors")
        self.description = f"factors seen by the {scorer.description}"

    def _logits(self, images: Float[Tensor, "n c h w"], *, latents: Latents | None, start: int) -> Tensor:
        return self.scorer._read(images).factors  # noqa: SLF001 (two scorers of one file)


def fold_norms(network: AttributeNetwork) -> AttributeNetwork:
    """The same function in evaluation mode, each norm folded into the convolution before it."""
    folded = AttributeNetwork(network.config).to(network.temperature.device)
    folded.load_state_dict(network.state_dict())
    folded.eval().requires_grad_(False)
    for module in folded.modules():
        pairs = {Stage: [("conv", "norm")], ResidualBlock: [("conv1", "norm1"), ("conv2", "norm2")]}.get(
            type(module), []
        )
        for conv, norm in pairs:
            fused = fuse_conv_bn_eval(getattr(module, conv), getattr(module, norm))
            setattr(module, conv, fused)
            setattr(module, norm, nn.Identity())
    folded.requires_grad_(False)
    return folded.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]  (torch's stubs lack it)


def num_multiplications(config: AttributeConfig) -> int:
    """Multiplications of the trunk for one image: what its speed follows."""
    total, size, inputs = 0, config.resolution, config.channels
    for width, blocks in zip(config.widths, config.blocks, strict=True):
        size = math.ceil(size / 2)
        total += 9 * size**2 * (inputs * width + 2 * blocks * width**2)
        inputs = width
    return total
