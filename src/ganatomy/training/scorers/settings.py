"""What decides how an attribute network comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ganatomy.errors import SettingError
from ganatomy.generators.precision import Precision
from ganatomy.perception.networks import NetworkConfig
from ganatomy.training.scorers.augmentation import Augmentation

LOSSES = ("cross-entropy", "focal")


@dataclass(frozen=True, kw_only=True)
class ScorerSettings:
    """How an attribute network is trained.

    Args:
        network: what is trained.
        images: images shown, repeats counted.
        resolutions: of the stages, which show equally many images; by default one, that of the network.
        weights: what the backbone starts from: a file, "imagenet", or nothing.
        frozen: share of the images for which a backbone that starts from weights stays as it is.
        batch: images of one step.
        learning_rate: at the top of the cycle.
        layer_decay: learning rate of each layer of the trunk, as a share of that of the next one.
        weight_decay: of AdamW.
        loss: "cross-entropy", or "focal", which weighs what is read well already less.
        balanced: whether rare attributes weigh as much as frequent ones.
        factor_weight: weight of the squared error of the factors beside the loss of the attributes.
        augmentation: how images are changed before they are shown.
        patience: epochs without a smaller validation loss after which a stage ends with its best weights; 0 for never.
        held_out: rows at the end of arrays that are never shown; temperatures and the evaluation come from them.
        precision: of convolutions and matrix products while training.
        checkpoint_seconds: how much work a killed run may lose.
        seed: of the weights, the order of the images and the augmentation.
    """

    network: NetworkConfig
    images: int
    resolutions: tuple[int, ...] = ()
    weights: str = ""
    frozen: float = 0.0
    batch: int = 64
    learning_rate: float = 3e-3
    layer_decay: float = 1.0
    weight_decay: float = 1e-3
    loss: str = "cross-entropy"
    balanced: bool = False
    factor_weight: float = 0.5
    augmentation: Augmentation = field(default_factory=Augmentation)
    patience: int = 0
    held_out: int = 2_000
    precision: Precision = "float32"
    checkpoint_seconds: float = 60.0
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.images, self.batch) < 2 or not self.learning_rate > 0:
            raise SettingError(
                f"cannot train on {self.images} images in batches of {self.batch} at learning rate "
                f"{self.learning_rate:g}; give 2 or more, and a rate above 0"
            )
        if not (0 <= self.frozen < 1 and 0 < self.layer_decay <= 1):
            raise SettingError(
                f"frozen={self.frozen:g} and layer_decay={self.layer_decay:g} are shares: give one from 0 up and below "
                "1, and one above 0 and up to 1"
            )
        if self.loss not in LOSSES:
            raise SettingError(f"{self.loss!r} is no loss; choose {' or '.join(LOSSES)}")
        if self.resolutions and (
            self.resolutions[-1] != self.network.resolution or min(self.resolutions) < 8
        ):
            raise SettingError(
                f"stages of {', '.join(map(str, self.resolutions))} px do not lead to the {self.network.resolution} px "
                "of the network; the last one must be of its resolution, and none below 8 px"
            )

    @property
    def phases(self) -> tuple[ScorerPhase, ...]:
        """What is done in turn, each in one cycle of learning rates."""
        sizes = self.resolutions or (self.network.resolution,)
        frozen = round(self.frozen * self.images)
        share = (self.images - frozen) // len(sizes)
        first = (ScorerPhase(resolution=sizes[0], images=frozen, frozen=True),) if frozen else ()
        return (*first, *(ScorerPhase(resolution=size, images=share) for size in sizes))

    def facts(self) -> Mapping[str, Any]:
        """What a checkpoint must have been trained with to be gone on with."""
        return asdict(replace(self, checkpoint_seconds=0.0))


@dataclass(frozen=True, kw_only=True)
class ScorerPhase:
    """A part of the training.

    Args:
        resolution: of the images.
        images: that are shown.
        frozen: whether the trunk stays as it is.
    """

    resolution: int
    images: int
    frozen: bool = False
