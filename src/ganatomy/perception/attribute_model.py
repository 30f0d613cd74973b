"""What every attribute network shares: two heads, temperatures, and files that say what they hold."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ganatomy.errors import CheckpointError, MissingFileError, SettingError
from ganatomy.perception.base import check_names, class_log_odds
from ganatomy.rounding import halved, narrowed, widened
from ganatomy.storage import tensor_file
from ganatomy.writing import atomic_write

ACTIVATIONS = ("sigmoid", "softmax")


class Heads(NamedTuple):
    """What the two heads give: raw logits (before temperature), and factors in standard deviations from their mean."""

    attributes: Float[Tensor, "n a"]
    factors: Float[Tensor, "n f"]


class AttributeModel(nn.Module):
    """A network that reads attributes and factors: `embed` is its own, the heads are shared.

    `temperature` divides the raw logits, one for each attribute, so that probabilities are calibrated (Guo et al.
    2017); it is 1 until the training has fitted it on held-out images. A factor in its own unit is
    `factor * factor_std + factor_mean`.

    Args:
        config: what it is built from: a dataclass with attributes, factors, activation, channels and resolution.
    """

    ARCHITECTURE: ClassVar[str]
    """What its files are called."""
    temperature: Tensor
    factor_mean: Tensor
    factor_std: Tensor
    dropout: nn.Module
    config: Any

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.config = config
        self.taught_by = ""
        """Fingerprint of the scorer whose readings it was trained on; empty for labels."""

    def add_heads(self, width: int) -> None:
        """Build the heads on so many numbers of `embed`; the last step of a subclass's construction."""
        config = self.config
        self.attributes = nn.Linear(width, len(config.attributes))
        self.factors = nn.Linear(width, len(config.factors)) if config.factors else None
        self.register_buffer("temperature", torch.ones(len(config.attributes)))
        self.register_buffer("factor_mean", torch.zeros(len(config.factors)))
        self.register_buffer("factor_std", torch.ones(len(config.factors)))

    @property
    def trunk(self) -> nn.Module:
        """The layers before pooling."""
        raise NotImplementedError

    @classmethod
    def from_config(cls, text: str) -> Self:
        """An untrained network of the config in a file; raises TypeError or ValueError for other text."""
        raise NotImplementedError

    def embed(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k"]:
        """What the heads read: all that the trunk has seen."""
        raise NotImplementedError

    def maps(self, images: Float[Tensor, "n c h w"]) -> list[Tensor]:
        """Feature maps [n, channels, height, width] of the trunk's stages, the first first."""
        raise NotImplementedError

    def forward(self, images: Float[Tensor, "n c h w"]) -> Heads:
        """Read images in [-1, 1] of the config's channels, of any size that the trunk understands."""
        hidden = self.dropout(self.embed(images))
        factors = hidden.new_zeros(len(hidden), 0) if self.factors is None else self.factors(hidden)
        return Heads(self.attributes(hidden), factors)

    def calibrated(self, attributes: Float[Tensor, "n a"]) -> Float[Tensor, "n a"]:
        """Raw logits of the attribute head as log-odds log p - log(1 - p), after temperature."""
        logits = attributes / self.temperature
        return class_log_odds(logits) if self.config.activation == "softmax" else logits

    def ready(self) -> AttributeModel:
        """A copy that only reads: in evaluation mode, without gradients to its weights."""
        return deepcopy(self).eval().requires_grad_(False)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over config and weights as they are in half precision, which is how they may lie on disk."""
        digest = hashlib.sha256(json.dumps(asdict(self.config), sort_keys=True).encode())
        for name, tensor in sorted(self.state_dict().items()):
            value = tensor.detach().to("cpu")
            digest.update(name.encode())
            digest.update(halved(value).contiguous().numpy().tobytes())
        return digest.hexdigest()

    def save(self, path: str | os.PathLike[str], *, bits: int = 16) -> Path:
        """Write weights and config as safetensors, whole or not at all, in half precision by default.

        Args:
            bits: of the numbers of matrices: 32, 16, or 8 to 4.

        Raises:
            OutputError: when the file cannot be written.
        """
        path = Path(path)
        metadata = {"architecture": self.ARCHITECTURE, "config": json.dumps(asdict(self.config))}
        if self.taught_by:
            metadata["taught_by"] = self.taught_by
        with atomic_write(path) as part:
            part.write_bytes(tensor_file(narrowed(self.state_dict(), bits), metadata))
        return path

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor], metadata: Mapping[str, str]) -> Self:
        """Rebuild the network from tensors of any float type and the metadata that `save` wrote, ready to score.

        Raises:
            CheckpointError: when they are not of such a network.
            SettingError: when it needs a library that is not installed.
        """
        if metadata.get("architecture") != cls.ARCHITECTURE or "config" not in metadata:
            kind = metadata.get("architecture") or "no architecture"
            raise CheckpointError(
                f"the file holds {kind}, not an {cls.ARCHITECTURE}; give the weights of a scorer"
            )
        try:
            network = cls.from_config(metadata["config"])
            network.load_state_dict(
                {name: t.float() if t.is_floating_point() else t for name, t in state.items()}, strict=True
            )
        except SettingError as error:
            raise type(error)(f"this scorer cannot be built: {error}") from None
        except (AttributeError, TypeError, ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise CheckpointError(
                f"the weights and the config of this scorer do not fit together: {reason}"
            ) from None
        network.taught_by = metadata.get("taught_by", "")
        return network.eval().requires_grad_(False)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a file that `save` wrote.

        Raises:
            MissingFileError: when there is none. CheckpointError: when it holds something else, or is not whole.
        """
        state, metadata = read_weights(path)
        try:
            return cls.from_state(state, metadata)
        except (CheckpointError, SettingError) as error:
            raise type(error)(f"{path}: {error}") from None


def read_weights(path: str | os.PathLike[str]) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and metadata of a scorer's file.

    Raises:
        MissingFileError: when there is none. CheckpointError: when it is no safetensors file, or is not whole.
    """
    from safetensors import SafetensorError, safe_open

    if not Path(path).is_file():
        raise MissingFileError(f"{path} does not exist; give the file of a scorer")
    try:
        with safe_open(path, framework="pt") as file:
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
            return widened(state), file.metadata() or {}
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} cannot be read as safetensors: {error}") from None


def check_reading(attributes: tuple[str, ...], activation: str, channels: int) -> tuple[str, ...]:
    """The names of a config's attributes; raises SettingError for what no network can read."""
    attributes = check_names(attributes)
    if activation not in ACTIVATIONS:
        raise SettingError(f"{activation!r} is not an activation; choose sigmoid or softmax")
    if activation == "softmax" and len(attributes) < 2:
        raise SettingError("a softmax over one class is always 1; use sigmoid")
    if channels not in (1, 3):
        raise SettingError(f"images have 1 or 3 channels, not {channels}")
    return attributes
