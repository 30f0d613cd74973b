"""Transfer in one pass: a small network from the target's code and what was seen in both images to the new code."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable

import torch
from jaxtyping import Float
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from ganatomy.errors import CheckpointError, FingerprintError, MissingFileError, SettingError
from ganatomy.generators.base import Generator
from ganatomy.generators.latent_distribution import LatentDistribution
from ganatomy.latents import Latents, Space
from ganatomy.perception.base import Scorer, Scores, check_names
from ganatomy.storage import atomic_write
from ganatomy.transfers.result import goal_logits
from ganatomy.transfers.steps import coordinates

KIND = "ganatomy transfer network"
NETWORK_FILE = "transfer.safetensors"
"""What the folder of a training run calls its network."""

SEES = ("scores", "features", "code")
LARGEST = 2**16
"""No width of a network that is read from a file is larger."""

LOGITS = 4.0
"""Logits, and gaps between them, are divided by this on their way into the network."""


@runtime_checkable
class SeesFeatures(Protocol):
    """A scorer that can tell more of images than the scores of attributes with names."""

    def features(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n f"]: ...


@dataclass(frozen=True, kw_only=True)
class TransferConfig:
    """What a transfer network is built from; it travels in the metadata of the weights.

    Args:
        attributes: that it can transfer. names: all that the scorer sees.
        sees: what it knows of source and target: "scores" of the scorer, its "features", or the "code", for which no
            image needs to be made.
        space: of the codes. full_dim: numbers of a code. code_dim: axes that codes vary in. feature_dim: of features.
        hidden_dim: of the two hidden layers. bound, box: see `LatentDistribution`.
        generator, scorer: fingerprints of those that it was trained with.
    """

    attributes: tuple[str, ...]
    names: tuple[str, ...]
    sees: str
    space: str
    full_dim: int
    code_dim: int
    feature_dim: int
    hidden_dim: int
    bound: float
    box: float | None
    generator: str
    scorer: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "attributes", check_names(self.attributes))
        object.__setattr__(self, "names", check_names(self.names))
        object.__setattr__(self, "space", str(Space.parse(self.space)))
        if self.sees not in SEES:
            raise SettingError(f"a transfer network sees one of {', '.join(SEES)}, not {self.sees!r}")
        unknown = [name for name in self.attributes if name not in self.names]
        if unknown:
            raise SettingError(f"{unknown[0]!r} is to be transferred, and the scorer does not see it")
        sizes = (self.full_dim, self.code_dim, self.feature_dim, self.hidden_dim)
        object.__setattr__(self, "bound", float(self.bound))
        object.__setattr__(self, "box", None if self.box is None else float(self.box))
        if not all(type(size) is int and 0 < size <= LARGEST for size in sizes):
            raise SettingError(f"a transfer network of sizes {sizes} cannot be; they are from 1 to {LARGEST}")

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The config in the metadata of weights; raises AttributeError, TypeError or ValueError for other text."""
        settings = json.loads(text)
        lists = {key: tuple(value) for key, value in settings.items() if isinstance(value, list)}
        return cls(**(settings | lists))

    @property
    def seen_dim(self) -> int:
        """Numbers that are known of each image."""
        return {"scores": len(self.names), "features": self.feature_dim, "code": self.code_dim}[self.sees]


class TransferNetwork(nn.Module):
    """From what is known of source and target, and the target's code, to the step that gives it the source's value.

    Both are read by the same `values`, t logits; with the gap g of those that were chosen, 0 for the others, the step
    in u, the coordinates in which codes have unit covariance, is

        g D + V (h(u, seen, g, chosen) * A g),

    h a network of two hidden layers. D is the linear model's answer, and V starts at 0: an untrained network is linear,
    and where source and target agree it takes no step at all.
    """

    mean: Tensor
    factor: Tensor
    inverse: Tensor
    seen_mean: Tensor
    seen_std: Tensor

    def __init__(self, config: TransferConfig) -> None:
        super().__init__()
        self.config = config
        t, r, f, k = len(config.attributes), config.code_dim, config.seen_dim, config.hidden_dim
        self.read = nn.Linear(f, t)
        last = nn.Linear(k, t)
        self.refine = nn.Sequential(nn.Linear(f, k), nn.SiLU(), last)
        self.trunk = nn.Sequential(nn.Linear(r + f + 2 * t, k), nn.SiLU(), nn.Linear(k, k), nn.SiLU())
        self.asked = nn.Linear(t, k, bias=False)
        self.bend = nn.Linear(k, r, bias=False)
        self.linear = nn.Linear(t, r, bias=False)
        # It starts as the linear model.
        for parameter in (*last.parameters(), self.bend.weight):
            nn.init.zeros_(parameter)
        self.register_buffer("mean", torch.zeros(config.full_dim))
        self.register_buffer("factor", torch.zeros(config.full_dim, r))
        self.register_buffer("inverse", torch.zeros(r, config.full_dim))
        self.register_buffer("seen_mean", torch.zeros(f))
        self.register_buffer("seen_std", torch.ones(f))

    @property
    def distribution(self) -> LatentDistribution:
        """Where codes are likely, as it was when the network was made."""
        return LatentDistribution(
            space=Space.parse(self.config.space),
            mean=self.mean.cpu().double(),
            factor=self.factor.cpu().double(),
            inverse=self.inverse.cpu().double(),
            bound=self.config.bound,
            box=self.config.box,
        )

    def values(self, seen: Float[Tensor, "n f"]) -> Float[Tensor, "n t"]:
        """The logits of the attributes that it can transfer, from what is known of an image."""
        if self.config.sees == "scores":
            return seen[:, [self.config.names.index(name) for name in self.config.attributes]]
        seen = self.normal(seen)
        return self.read(seen) + self.refine(seen)

    def forward(
        self,
        u: Float[Tensor, "n r"],
        target: Float[Tensor, "n f"],
        source: Float[Tensor, "n f"],
        chosen: Float[Tensor, "n t"],
    ) -> Float[Tensor, "n r"]:
        """Steps in u, from the targets' u and what is known of targets and sources; `chosen` is 1 or 0."""
        own = self.values(target)
        gap = chosen * (goal_logits(own, self.values(source)) - own) / LOGITS
        hidden = self.trunk(torch.cat([u, self.normal(target), gap, chosen], dim=1))
        return self.linear(gap) + self.bend(hidden * self.asked(gap))

    def coordinates(self, latents: Latents) -> Float[Tensor, "n r"]:
        """The u of codes.

        Raises:
            SpaceError: for codes of another space or size. FingerprintError: of another generator.
        """
        if latents.fingerprint not in (None, self.config.generator):
            raise FingerprintError(
                f"this network was trained for generator {self.config.generator[:12]}, the codes are of "
                f"{str(latents.fingerprint)[:12]}; train one for theirs"
            )
        return coordinates(self.distribution, latents).to(self.mean)

    def see(
        self, generator: Generator, scorer: Scorer, latents: Latents, scores: Scores | None = None
    ) -> Float[Tensor, "n f"]:
        """What the network is to know of these codes' images; `scores`, where they are known, need no image.

        Raises:
            SettingError: for another scorer, or one without features.
        """
        if self.config.sees == "code":
            return self.coordinates(generator.map(latents, to=self.config.space))
        if scorer.fingerprint != self.config.scorer:
            raise SettingError(
                f"this network was trained with another scorer than {scorer.description}; give that one, or train anew"
            )
        if self.config.sees == "features":
            return features_of(scorer, generator(latents)).to(self.mean)
        return (scorer(generator(latents)) if scores is None else scores).logits.to(self.mean)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write weights and config as safetensors, whole or not at all.

        Raises:
            OutputError: when the file cannot be written.
        """
        state = {name: tensor.detach().cpu().contiguous() for name, tensor in self.state_dict().items()}
        with atomic_write(path) as part:
            part.write_bytes(save(state, {"kind": KIND, "config": json.dumps(asdict(self.config))}))
        return Path(path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a file that `save` wrote, ready to use.

        Raises:
            MissingFileError: when there is none. CheckpointError: when it holds something else, or is not whole.
        """
        if not Path(path).is_file():
            raise MissingFileError(f"{path} does not exist; `ganatomy train transfer` writes such files")
        try:
            with safe_open(path, framework="pt") as file:
                metadata = file.metadata() or {}
                if metadata.get("kind") != KIND:
                    raise CheckpointError(
                        f"{path} holds no transfer network; give a file that `ganatomy train transfer` wrote"
                    )
                state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
        except (SafetensorError, OSError) as error:
            raise CheckpointError(f"{path} cannot be read as safetensors: {error}") from None
        return cls._from_state(state, metadata, path)

    @classmethod
    def _from_state(cls, state: Mapping[str, Tensor], metadata: Mapping[str, str], path: Any) -> Self:
        try:
            config = TransferConfig.from_json(metadata["config"])
            with torch.device("meta"):  # sizes that a file only claims take no memory
                network = cls(config)
            network.load_state_dict(dict(state), strict=True, assign=True)
        except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise CheckpointError(f"{path}: weights and config do not fit together: {reason}") from None
        if any(not tensor.is_floating_point() for tensor in state.values()):
            raise CheckpointError(f"{path} holds weights that are not of floating point; train it again")
        if any(not bool(torch.isfinite(tensor).all()) for tensor in state.values()):
            raise CheckpointError(f"{path} holds weights that are not finite numbers; train it again")
        return network.float().eval().requires_grad_(False)

    def normal(self, seen: Float[Tensor, "n f"]) -> Float[Tensor, "n f"]:
        """What is known of images, brought to mean 0 and deviation 1."""
        return (seen - self.seen_mean) / self.seen_std


def features_of(scorer: Scorer, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n f"]:
    """What a scorer sees in images beside attributes; raises SettingError for one that tells of attributes only."""
    if not isinstance(scorer, SeesFeatures):
        raise SettingError(f"{scorer.description} has no features; let the network see scores, or the code")
    return scorer.features(images)
