"""Transfer in one pass: a small network from the target's code and inputs from both images to the new code."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ganatomy.errors import FingerprintError, SettingError
from ganatomy.generators.base import Generator
from ganatomy.generators.latent_distribution import LatentDistribution
from ganatomy.latents import Latents, Space
from ganatomy.perception.base import Scorer, Scores, check_names
from ganatomy.storage import load_network, save_tensors
from ganatomy.transfers.result import goal_logits
from ganatomy.transfers.steps import coordinates

KIND = "transfer network"
NETWORK_FILE = "transfer.safetensors"
"""Name of the network's file in the folder of a training run."""

INPUTS = ("scores", "features", "code")
LARGEST = 2**16
"""Largest width of a network that is read from a file."""

LOGITS = 4.0
"""Scale of logits and of gaps between them as inputs of the network."""


@runtime_checkable
class FeatureScorer(Protocol):
    """A scorer that has features of images beside the scores of named attributes."""

    def features(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n f"]: ...


@dataclass(frozen=True, kw_only=True)
class TransferConfig:
    """The configuration of a transfer network, stored in the metadata of its weights.

    Args:
        attributes: that it can transfer.
        names: of all attributes of the scorer.
        inputs: from source and target: the "scores" of the scorer, its "features", or the "code", which needs no image.
        full_dim: numbers of a code.
        code_dim: axes along which codes vary.
        hidden_dim: of the two hidden layers.
        bound: see `LatentDistribution`.
        box: see `LatentDistribution`.
        generator: fingerprint of the generator that it was trained with.
        scorer: fingerprint of the scorer that it was trained with.
    """

    attributes: tuple[str, ...]
    names: tuple[str, ...]
    inputs: str
    space: str
    full_dim: int
    code_dim: int
    feature_dim: int
    hidden_dim: int
    bound: float
    box: tuple[float, float] | None
    generator: str
    scorer: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "attributes", check_names(self.attributes))
        object.__setattr__(self, "names", check_names(self.names))
        object.__setattr__(self, "space", str(Space.parse(self.space)))
        if self.inputs not in INPUTS:
            raise SettingError(f"inputs of a transfer network are {', '.join(INPUTS)}, not {self.inputs!r}")
        unknown = [name for name in self.attributes if name not in self.names]
        if unknown:
            raise SettingError(f"{unknown[0]!r} is to be transferred, but the scorer has no such attribute")
        sizes = (self.full_dim, self.code_dim, self.feature_dim, self.hidden_dim)
        object.__setattr__(self, "bound", float(self.bound))
        if self.box is not None:
            low, high = self.box
            object.__setattr__(self, "box", (float(low), float(high)))
        if not all(type(size) is int and 0 < size <= LARGEST for size in sizes):
            raise SettingError(f"sizes of a transfer network are from 1 to {LARGEST}, not {sizes}")

    @classmethod
    def from_facts(cls, facts: dict[str, Any]) -> Self:
        """The config in the metadata of weights; raises AttributeError, TypeError or ValueError for other facts."""
        lists: dict[str, Any] = {key: tuple(value) for key, value in facts.items() if isinstance(value, list)}
        return cls(**(facts | lists))

    @property
    def input_dim(self) -> int:
        """Numbers of inputs from each image."""
        return {"scores": len(self.names), "features": self.feature_dim, "code": self.code_dim}[self.inputs]


class TransferNetwork(nn.Module):
    """From inputs of source and target, and the target's code, to the step that gives it the source's values.

    `values` maps the inputs of both to t logits. With g the gap of the chosen attributes (0 for the others), the step
    in u, the coordinates in which codes have unit covariance, is

        g D + V (h(u, inputs, g, chosen) * A g),

    with h a network of two hidden layers. D is the step of the linear model, and V starts at 0: an untrained network is
    linear, and where source and target have equal values it takes no step.

    Example::

        network = ga.train_transfer(generator, scorer, settings)
        found = ga.transfer(generator, scorer, target, source, "Smiling", method=network)
    """

    mean: Tensor
    factor: Tensor
    inverse: Tensor
    input_mean: Tensor
    input_std: Tensor

    def __init__(self, config: TransferConfig) -> None:
        super().__init__()
        self.config = config
        t, r, f, k = len(config.attributes), config.code_dim, config.input_dim, config.hidden_dim
        self.read = nn.Linear(f, t)
        last = nn.Linear(k, t)
        self.refine = nn.Sequential(nn.Linear(f, k), nn.SiLU(), last)
        self.trunk = nn.Sequential(nn.Linear(r + f + 2 * t, k), nn.SiLU(), nn.Linear(k, k), nn.SiLU())
        self.gate = nn.Linear(t, k, bias=False)
        self.correction = nn.Linear(k, r, bias=False)
        self.linear = nn.Linear(t, r, bias=False)
        # It starts as the linear model.
        for parameter in (*last.parameters(), self.correction.weight):
            nn.init.zeros_(parameter)
        self.register_buffer("mean", torch.zeros(config.full_dim))
        self.register_buffer("factor", torch.zeros(config.full_dim, r))
        self.register_buffer("inverse", torch.zeros(r, config.full_dim))
        self.register_buffer("input_mean", torch.zeros(f))
        self.register_buffer("input_std", torch.ones(f))

    @property
    def distribution(self) -> LatentDistribution:
        """The distribution of codes, as it was when the network was made."""
        return LatentDistribution(
            space=Space.parse(self.config.space),
            mean=self.mean.cpu().double(),
            factor=self.factor.cpu().double(),
            inverse=self.inverse.cpu().double(),
            bound=self.config.bound,
            box=self.config.box,
        )

    def values(self, inputs: Float[Tensor, "n f"]) -> Float[Tensor, "n t"]:
        """The logits of the attributes that it can transfer, from the inputs of an image."""
        if self.config.inputs == "scores":
            return inputs[:, [self.config.names.index(name) for name in self.config.attributes]]
        inputs = self.normal(inputs)
        return self.read(inputs) + self.refine(inputs)

    def forward(
        self,
        u: Float[Tensor, "n r"],
        target: Float[Tensor, "n f"],
        source: Float[Tensor, "n f"],
        chosen: Float[Tensor, "n t"],
    ) -> Float[Tensor, "n r"]:
        """Steps in u, from the targets' u and the inputs of targets and sources; `chosen` is 1 or 0."""
        own = self.values(target)
        gap = chosen * (goal_logits(own, self.values(source)) - own) / LOGITS
        hidden = self.trunk(torch.cat([u, self.normal(target), gap, chosen], dim=1))
        return self.linear(gap) + self.correction(hidden * self.gate(gap))

    def coordinates(self, latents: Latents) -> Float[Tensor, "n r"]:
        """The u of codes.

        Raises:
            SpaceError: for codes of another space or size.
            FingerprintError: for codes of another generator.
        """
        if latents.fingerprint not in (None, self.config.generator):
            raise FingerprintError(
                f"this network was trained for generator {self.config.generator[:12]}, the codes are of "
                f"{str(latents.fingerprint)[:12]}; train one for theirs"
            )
        return coordinates(self.distribution, latents).to(self.mean)

    def inputs(
        self, generator: Generator, scorer: Scorer, latents: Latents, scores: Scores | None = None
    ) -> Float[Tensor, "n f"]:
        """The inputs from these codes' images; `scores`, where they are known, save making images.

        Raises:
            SettingError: for another scorer, or one without features.
        """
        if self.config.inputs == "code":
            return self.coordinates(generator.map(latents, to=self.config.space))
        if scorer.fingerprint != self.config.scorer:
            raise SettingError(
                f"this network was trained with another scorer than {scorer.description}; give that one, or train anew"
            )
        if self.config.inputs == "features":
            return image_features(scorer, generator(latents)).to(self.mean)
        return (scorer(generator(latents), latents=latents) if scores is None else scores).logits.to(
            self.mean
        )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write weights and config as safetensors; raises OutputError when the file cannot be written."""
        return save_tensors(KIND, self.state_dict(), {"config": asdict(self.config)}, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a file that `save` wrote, ready to use.

        Raises:
            MissingFileError: when there is none.
            CheckpointError: when it holds something else, or is damaged.
        """
        return load_network(KIND, path, lambda config: cls(TransferConfig.from_facts(config)))

    def normal(self, inputs: Float[Tensor, "n f"]) -> Float[Tensor, "n f"]:
        """Inputs with mean 0 and deviation 1 over the images of the training."""
        return (inputs - self.input_mean) / self.input_std


def image_features(scorer: Scorer, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n f"]:
    """The scorer's features of images; raises SettingError for a scorer without."""
    if not isinstance(scorer, FeatureScorer):
        raise SettingError(f"{scorer.description} has no features; choose scores or code as inputs")
    return scorer.features(images)
