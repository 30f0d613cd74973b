"""What decides how a generator comes out, but for the images that it is trained on."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from ganatomy.errors import SettingError
from ganatomy.generators.precision import Precision

Configuration = Literal["A", "B", "C", "D", "E", "F"]
CONFIGURATIONS: tuple[Configuration, ...] = get_args(Configuration)


@dataclass(frozen=True, kw_only=True)
class TrainingStage:
    """A stretch of training at one resolution, measured in images shown to the critic."""

    resolution: int
    images: int
    batch: int = 16


@dataclass(frozen=True, kw_only=True)
class GanSettings:
    """How a generator is trained.

    Args:
        architecture: a name in `run.ARCHITECTURES`.
        widths: channels of each resolution from 4 pixels up, for the generator and for its critic; those of a published
            DCGAN end at half the resolution of the images.
        stages: resolutions in the order in which they are trained; the last one is that of the widths.
        z_dim: numbers in a z code.
        w_dim: numbers in a w code, where there are any.
        mapping_layers: from z to w.
        channels: of the images, 1 or 3.
        learning_rate: of Adam, for both networks.
        settling: share of all images, the last ones, in which learning rate and gradient penalties fall to
            `schedules.SETTLED` of themselves.
        betas: of Adam.
        loss: a name in `losses.LOSSES`.
        num_classes: of the images; generator and critic are told the class of each. 0 for none.
        configuration: of StyleGAN, "A" to "F" of its paper's table 1.
        critic: of StyleGAN2, "multiscale" for one that grows, "residual" as published.
        r1_gamma: weight of the gradient penalty on real images at the full resolution; at a smaller one by its share of
            pixels.
        r2_gamma: the same on generated images.
        penalty_interval: steps between penalties, each weighted by the interval.
        interpolation_gamma: weight of WGAN-GP's penalty between real and generated images, in each step.
        drift: weight of the squared logits of real images.
        path_weight: of the path length regularisation of w.
        path_interval: steps between two of them, each weighted by the interval.
        ada_target: share of real images that the critic should take for real, less that of the others, by which the
            augmentation is adapted; None augments nothing.
        ada_images: in which the probability of an augmentation goes from 0 to 1 at most.
        categories: of InfoGAN's categorical code.
        codes: continuous ones of InfoGAN.
        information: weight of InfoGAN's mutual information.
        precision: of images and features of a step; weights, penalties and averages stay in float32.
        mixing: share of images whose layers take two codes, from a random layer on.
        noise: "random" draws noise for every image, "none" leaves it out where the data have no stochastic detail.
        ema_images: half-life of the averaged weights, in images; early on a tenth of the images shown so far.
        checkpoint_seconds: how much work a killed run may lose.
        sheet_images: images between two sample sheets.
        snapshot_images: images between two comparisons with real images, of which the best generator is kept.
        start: fingerprint of the generator that training starts from; "" for fresh weights.
        critic_images: at first shown to the critic alone, which must catch up with a generator that is trained.
        seed: of the weights, the codes and the order of the images.
    """

    architecture: Literal["stylegan2", "stylegan", "progan", "dcgan", "dcgan-r1", "infogan"]
    widths: tuple[int, ...]
    stages: tuple[TrainingStage, ...]
    z_dim: int
    w_dim: int = 64
    mapping_layers: int = 4
    channels: int = 3
    learning_rate: float = 0.0025
    settling: float = 0.0
    betas: tuple[float, float] = (0.0, 0.99)
    num_classes: int = 0
    configuration: Configuration = "F"
    critic: Literal["multiscale", "residual"] = "multiscale"
    loss: Literal["non-saturating", "relativistic", "wasserstein", "hinge"] = "non-saturating"
    r1_gamma: float = 0.1
    r2_gamma: float = 0.0
    penalty_interval: int = 16
    interpolation_gamma: float = 0.0
    drift: float = 0.0
    path_weight: float = 0.0
    path_interval: int = 8
    ada_target: float | None = None
    ada_images: int = 500_000
    categories: int = 0
    codes: int = 0
    information: float = 1.0
    precision: Precision = "float32"
    mixing: float = 0.5
    noise: Literal["random", "none"] = "random"
    ema_images: int = 10_000
    checkpoint_seconds: float = 120.0
    sheet_images: int = 5_000
    snapshot_images: int = 20_000
    start: str = ""
    critic_images: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        sizes = [stage.resolution for stage in self.stages]
        full = 2 ** (len(self.widths) + (2 if self.architecture == "dcgan" else 1))
        if not sizes or sorted(set(sizes)) != sizes or sizes[-1] != full:
            raise SettingError(
                f"stages must grow and end at {full} px, as {len(self.widths)} widths do; got {sizes}"
            )
        if not 0 <= self.settling <= 1:
            raise SettingError(f"settling is a share of the images, 0 to 1; got {self.settling:g}")
        if self.architecture in {"dcgan", "dcgan-r1", "infogan"} and len(sizes) > 1:
            raise SettingError("a DCGAN cannot grow; give it one stage")
        if self.critic == "residual" and len(sizes) > 1:
            raise SettingError("a residual critic cannot grow; give it one stage")
        if self.num_classes and self.architecture in {"dcgan", "infogan"}:
            raise SettingError(
                "dcgan as published takes no classes; use dcgan-r1"
                if self.architecture == "dcgan"
                else "infogan finds categories by itself; leave the classes out"
            )
        if self.architecture == "infogan" and (self.categories < 2 or not 0 <= self.codes <= self.z_dim):
            raise SettingError(
                f"infogan needs two categories or more, and z to hold its codes; got {self.categories} categories and "
                f"{self.codes} codes in {self.z_dim} numbers"
            )

    @property
    def resolution(self) -> int:
        return self.stages[-1].resolution

    def widths_at(self, resolution: int) -> tuple[int, ...]:
        """Channels of each resolution from 4 pixels up to this one."""
        return self.widths[: resolution.bit_length() - 2]

    def facts(self) -> dict[str, Any]:
        """What a resumed run must agree on: all but the pace of notes and the length of stages."""
        return asdict(replace(self, checkpoint_seconds=0.0, sheet_images=1, snapshot_images=1)) | {
            "stages": [[stage.resolution, stage.batch] for stage in self.stages]
        }
