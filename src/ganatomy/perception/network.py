"""The bundled attribute network: a small residual net that is quick on one CPU thread."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping
from copy import copy, deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple
from weakref import ref

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ganatomy.errors import CheckpointError, MissingFileError, SettingError
from ganatomy.latents import Latents
from ganatomy.perception.base import Scorer, Scores, check_names, class_log_odds, fingerprint_of, fit_images
from ganatomy.storage import atomic_write

ARCHITECTURE = "AttributeNetwork"


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
        object.__setattr__(self, "attributes", check_names(self.attributes))
        object.__setattr__(self, "factors", tuple(self.factors))
        object.__setattr__(self, "widths", tuple(self.widths))
        object.__setattr__(self, "blocks", tuple(self.blocks))
        if self.activation not in ("sigmoid", "softmax"):
            raise SettingError(f"{self.activation!r} is not an activation; choose sigmoid or softmax")
        if self.activation == "softmax" and len(self.attributes) < 2:
            raise SettingError("a softmax over one class is always 1; use sigmoid")
        if self.channels not in (1, 3):
            raise SettingError(f"images have 1 or 3 channels, not {self.channels}")
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
        settings = json.loads(text)
        lists = {key: tuple(value) for key, value in settings.items() if isinstance(value, list)}
        return cls(**(settings | lists))


class Heads(NamedTuple):
    """What the two heads give: raw logits (before temperature), and factors in standard deviations from their mean."""

    attributes: Float[Tensor, "n a"]
    factors: Float[Tensor, "n f"]


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


class AttributeNetwork(nn.Module):
    """One trunk, pooled by average and by maximum side by side, and two heads: attributes and factors.

    `temperature` divides the raw logits, one for each attribute, so that probabilities are calibrated (Guo et al.
    2017); it is 1 until the training has fitted it on held-out images. A factor in its own unit is
    `factor * factor_std + factor_mean`.
    """

    temperature: Tensor
    factor_mean: Tensor
    factor_std: Tensor

    def __init__(self, config: AttributeConfig) -> None:
        super().__init__()
        self.config = config
        self.taught_by = ""
        """Fingerprint of the scorer whose readings it was trained on; empty for labels."""
        inputs = (config.channels, *config.widths)
        self.stages = nn.Sequential(
            *[Stage(inputs[i], config.widths[i], config.blocks[i]) for i in range(len(config.widths))]
        )
        self.hidden = nn.Linear(2 * config.widths[-1], config.hidden_dim)
        self.dropout = nn.Dropout(config.dropout)
        self.attributes = nn.Linear(config.hidden_dim, len(config.attributes))
        self.factors = nn.Linear(config.hidden_dim, len(config.factors)) if config.factors else None
        self.register_buffer("temperature", torch.ones(len(config.attributes)))
        self.register_buffer("factor_mean", torch.zeros(len(config.factors)))
        self.register_buffer("factor_std", torch.ones(len(config.factors)))

    def forward(self, images: Float[Tensor, "n c h w"]) -> Heads:
        """Read images in [-1, 1] of the config's channels; every size that the stages can halve is understood."""
        hidden = self.dropout(self.embed(images))
        factors = hidden.new_zeros(len(hidden), 0) if self.factors is None else self.factors(hidden)
        return Heads(self.attributes(hidden), factors)

    def embed(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k"]:
        """What the heads read: all that the trunk has seen."""
        features = self.stages(images.contiguous(memory_format=torch.channels_last))
        pooled = torch.cat([features.mean((2, 3)), features.amax((2, 3))], dim=1)
        return torch.relu(self.hidden(pooled))

    def calibrated(self, attributes: Float[Tensor, "n a"]) -> Float[Tensor, "n a"]:
        """Raw logits of the attribute head as log-odds log p - log(1 - p), after temperature."""
        logits = attributes / self.temperature
        return class_log_odds(logits) if self.config.activation == "softmax" else logits

    @property
    def fingerprint(self) -> str:
        """SHA-256 over config and weights as they are in half precision, which is how they may lie on disk."""
        digest = hashlib.sha256(json.dumps(asdict(self.config), sort_keys=True).encode())
        for name, tensor in sorted(self.state_dict().items()):
            value = tensor.detach().to("cpu")
            digest.update(name.encode())
            digest.update(_halved(value).contiguous().numpy().tobytes())
        return digest.hexdigest()

    def save(self, path: str | os.PathLike[str], *, half: bool = True) -> Path:
        """Write weights and config as safetensors, whole or not at all, in half precision by default.

        Raises:
            OutputError: when the file cannot be written.
        """
        from safetensors.torch import save

        path = Path(path)
        state = {
            name: (_halved(tensor) if half else tensor).detach().cpu().contiguous()
            for name, tensor in self.state_dict().items()
        }
        metadata = {"architecture": ARCHITECTURE, "config": json.dumps(asdict(self.config))}
        if self.taught_by:
            metadata["taught_by"] = self.taught_by
        with atomic_write(path) as part:
            part.write_bytes(save(state, metadata))
        return path

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor], metadata: Mapping[str, str]) -> AttributeNetwork:
        """Rebuild the network from tensors of any float type and the metadata that `save` wrote, ready to score.

        Raises:
            CheckpointError: when they are not of an attribute network.
        """
        if metadata.get("architecture") != ARCHITECTURE or "config" not in metadata:
            kind = metadata.get("architecture") or "no architecture"
            raise CheckpointError(
                f"the file holds {kind}, not an {ARCHITECTURE}; give the weights of a scorer"
            )
        try:
            network = cls(AttributeConfig.from_json(metadata["config"]))
            network.load_state_dict(
                {name: t.float() if t.is_floating_point() else t for name, t in state.items()}, strict=True
            )
        except (AttributeError, TypeError, ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise CheckpointError(
                f"the weights and the config of this scorer do not fit together: {reason}"
            ) from None
        network.taught_by = metadata.get("taught_by", "")
        return network.eval().requires_grad_(False)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> AttributeNetwork:
        """Read a file that `save` wrote.

        Raises:
            MissingFileError: when there is none. CheckpointError: when it holds something else, or is not whole.
        """
        from safetensors import SafetensorError, safe_open

        if not Path(path).is_file():
            raise MissingFileError(f"{path} does not exist; give the file of a scorer")
        try:
            with safe_open(path, framework="pt") as file:
                state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
                metadata = file.metadata() or {}
        except (SafetensorError, OSError) as error:
            raise CheckpointError(f"{path} cannot be read as safetensors: {error}") from None
        try:
            return cls.from_state(state, metadata)
        except CheckpointError as error:
            raise CheckpointError(f"{path}: {error}") from None


class NetworkScorer(Scorer):
    """Scores with an attribute network as it is now, on the device where it is; gradients flow to the images.

    Args:
        network: the attribute network.
        description: what it is called.
    """

    def __init__(
        self,
        network: AttributeNetwork,
        *,
        description: str = "attribute network",
    ) -> None:
        self.network = fold_norms(network)
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


def _halved(tensor: Tensor) -> Tensor:
    """Half precision, but for what it cannot hold: whole numbers, and values beyond 65504."""
    half = tensor.half()
    return half if tensor.is_floating_point() and bool(torch.isfinite(half).all()) else tensor


def num_multiplications(config: AttributeConfig) -> int:
    """Multiplications of the trunk for one image: what its speed follows."""
    total, size, inputs = 0, config.resolution, config.channels
    for width, blocks in zip(config.widths, config.blocks, strict=True):
        size = math.ceil(size / 2)
        total += 9 * size**2 * (inputs * width + 2 * blocks * width**2)
        inputs = width
    return total
