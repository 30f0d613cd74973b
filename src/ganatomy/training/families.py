"""Families of GANs for a person's own images: settings for any resolution and any time.

Those in bfloat16 are trained in float32 where a machine is not quicker in the former. Where few images are shown,
batches are smaller than a family's own (`stepping`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from ganatomy.errors import SettingError, UnknownNameError
from ganatomy.training.settings import CONFIGURATIONS, Configuration, GanSettings, TrainingStage

EARLY = 0.2
"""Share of the images that is shown below the full resolution, where a family grows."""
RESOLUTIONS = tuple(2**k for k in range(4, 11))
FEWEST_STEPS, SMALLEST_BATCH = 5_000, 8
"""Steps that a run should take, if that needs no smaller batches than these."""
BATCH_NORMED = ("dcgan", "dcgan-r1", "infogan")
"""Architectures whose generators look at whole batches."""
NARROWEST, WIDEST = 4, 1024
"""Channels of the widest layer."""


def stylegan2(resolution: int, channels: int) -> GanSettings:
    """StyleGAN2 with skip connections, Karras et al. 2020.

    Departs from the paper: narrower, a critic that sees every scale, resolutions that grow from 32 px, the
    relativistic loss with penalties on both kinds of images instead of path length regularisation, and learning rate
    and penalties that fall in the second half (both Huang et al. 2024).
    """
    return GanSettings(
        architecture="stylegan2",
        widths=widths(resolution, most=256, total=4096, least=32),
        stages=growing(resolution, first=32, batch=64 if resolution <= 64 else 32),
        channels=channels,
        z_dim=128,
        w_dim=128,
        loss="relativistic",
        r1_gamma=2.0 * (resolution / 64) ** 2,
        r2_gamma=2.0 * (resolution / 64) ** 2,
        settling=0.5,
        precision="bfloat16",
        ema_images=20_000,
    )


def dcgan(resolution: int, channels: int) -> GanSettings:
    """DCGAN as published: Radford et al. 2015, section 4.

    Departs from the paper: averaged weights, whose batch norms are measured anew; and as wide at 64 px as the paper's,
    with half of it for each doubling.
    """
    return GanSettings(
        architecture="dcgan",
        widths=widths(resolution // 2, most=1024, total=4096, least=16),
        stages=(TrainingStage(resolution=resolution, images=1, batch=128),),
        channels=channels,
        z_dim=100,
        learning_rate=0.0002,
        betas=(0.5, 0.999),
        r1_gamma=0.0,
        ema_images=5_000,
    )


def dcgan_r1(resolution: int, channels: int) -> GanSettings:
    """DCGAN's generator against a critic that sees every scale, with R1: steadier than the published one.

    Mescheder et al. 2018 (R1), Karras et al. 2020 (lazy penalties, averaged weights, the critic).
    """
    return GanSettings(
        architecture="dcgan-r1",
        widths=widths(resolution, most=256, total=4096, least=32),
        stages=(TrainingStage(resolution=resolution, images=1, batch=32),),
        channels=channels,
        z_dim=64,
        learning_rate=0.001,
        r1_gamma=1.0,
        precision="bfloat16",
    )


def progan(resolution: int, channels: int) -> GanSettings:
    """Progressive GAN: Karras et al. 2018, with WGAN-GP and a drift term.

    Departs from the paper: narrower, from 8 px on, a fifth of the images below the full resolution, and classes by
    projection instead of an auxiliary classifier.
    """
    return GanSettings(
        architecture="progan",
        widths=widths(resolution, most=256, total=4096, least=32),
        stages=growing(resolution, first=8, batch=32),
        channels=channels,
        z_dim=128,
        learning_rate=0.001,
        loss="wasserstein",
        r1_gamma=0.0,
        interpolation_gamma=10.0,
        drift=0.001,
        noise="none",
        mixing=0.0,
    )


def stylegan(resolution: int, channels: int, configuration: Configuration = "F") -> GanSettings:
    """StyleGAN in one of its paper's configurations: Karras et al. 2019, table 1.

    A is Progressive GAN with its loss; B smooths the resampling and takes the non-saturating loss with R1; C maps z to
    w and styles every layer; D starts from a learnt constant; E adds noise; F mixes styles, and is the paper's result.

    Departs from the paper: as `progan` does, and R1 is taken every 16th step, and weighs less at few pixels.
    """
    baseline = replace(progan(resolution, channels), architecture="stylegan", configuration=configuration)
    if configuration == "A":
        return baseline
    tuned = replace(
        baseline,
        loss="non-saturating",
        r1_gamma=2.0 * (resolution / 64) ** 2,
        interpolation_gamma=0.0,
        drift=0.0,
    )
    return replace(
        tuned,
        w_dim=128,
        mapping_layers=8,
        noise="random" if configuration in "EF" else "none",
        mixing=0.9 if configuration == "F" else 0.0,
    )


def stylegan2_ada(resolution: int, channels: int) -> GanSettings:
    """StyleGAN2 as published, with augmentation for few images: Karras et al. 2020, both papers.

    Skip generator, residual critic, non-saturating loss with R1 every 16 steps, path length regularisation every 8,
    noise, style mixing, and an augmentation of pixels, geometry and colours that adapts to r_t = .6.

    Departs from the papers: narrower at few pixels, R1 is of the images as the critic sees them, and path lengths add
    to the loss of a step instead of a step of their own.
    """
    batch = 32
    return GanSettings(
        architecture="stylegan2",
        widths=widths(resolution, most=256, total=4096, least=32),
        stages=(TrainingStage(resolution=resolution, images=1, batch=batch),),
        channels=channels,
        z_dim=128,
        w_dim=128,
        mapping_layers=8,
        critic="residual",
        # The rule of thumb of the second paper, section 4.
        r1_gamma=0.0002 * resolution**2 / batch,
        path_weight=2.0,
        ada_target=0.6,
        mixing=0.9,
        precision="bfloat16",
    )


def infogan(resolution: int, channels: int) -> GanSettings:
    """InfoGAN with a category of ten and two continuous codes, as the paper's of digits: Chen et al. 2016, appendix C.

    Departs from the paper: networks, loss and penalty are those of `dcgan-r1`, narrower; z has 32 numbers, all of them
    uniform, instead of 64.
    """
    return replace(
        dcgan_r1(resolution, channels),
        architecture="infogan",
        widths=widths(resolution, most=128, total=1024, least=16),
        z_dim=32,
        learning_rate=0.002,
        categories=10,
        codes=2,
        ema_images=5_000,
    )


FAMILIES: dict[str, Callable[[int, int], GanSettings]] = {
    "stylegan2": stylegan2,
    "stylegan2-ada": stylegan2_ada,
    "stylegan": stylegan,
    "progan": progan,
    "dcgan": dcgan,
    "dcgan-r1": dcgan_r1,
    "infogan": infogan,
} | {f"stylegan:{name}": partial(stylegan, configuration=name) for name in CONFIGURATIONS}
"""By the name that a person gives; those of StyleGAN's ablation follow a colon."""


def family_settings(
    name: str, *, resolution: int, channels: int = 3, num_classes: int = 0, width: int | None = None
) -> GanSettings:
    """The settings of a family at this resolution; how many images are shown is yet to be said.

    Args:
        name: one of `FAMILIES`.
        resolution: pixels a side.
        channels: of an image, 1 or 3.
        num_classes: that generator and critic are told; 0 for none.
        width: of the widest layer, in channels, and the others in proportion; by default the family's own.

    Raises:
        UnknownNameError: for another family. SettingError: for a resolution that is no power of two in reach, a width
            that is none, or classes where the family takes none.

    Example:
        >>> family_settings("stylegan2", resolution=64).widths
        (256, 256, 256, 128, 64)
        >>> family_settings("stylegan2", resolution=64, width=64).widths
        (64, 64, 64, 32, 16)
    """
    if name not in FAMILIES:
        raise UnknownNameError("family of GANs", name, FAMILIES)
    if resolution not in RESOLUTIONS:
        raise SettingError(
            f"a GAN of {resolution} px cannot be trained; choose a resolution of {', '.join(map(str, RESOLUTIONS))}"
        )
    settings = replace(FAMILIES[name](resolution, channels), num_classes=num_classes)
    if width is None:
        return settings
    if not NARROWEST <= width <= WIDEST:
        raise SettingError(
            f"a GAN whose widest layer has {width} channels cannot be trained; give {NARROWEST} to {WIDEST}"
        )
    own = max(settings.widths)
    return replace(settings, widths=tuple(max(1, channels * width // own) for channels in settings.widths))


def showing(settings: GanSettings, images: int) -> GanSettings:
    """The same settings, with so many images shown, `EARLY` of them below the full resolution.

    A new critic of a trained generator sees a fifth of them alone, or fewer where the settings say so.

    Example:
        >>> settings = showing(family_settings("stylegan2", resolution=128), 100_000)
        >>> [(stage.resolution, stage.images) for stage in settings.stages]
        [(32, 10016), (64, 10016), (128, 80000)]
    """
    early = len(settings.stages) - 1
    shares = [*(EARLY / early for _ in range(early)), 1 - EARLY if early else 1.0]
    return replace(
        settings,
        stages=tuple(
            replace(stage, images=max(1, -(-round(images * share) // stage.batch)) * stage.batch)
            for stage, share in zip(settings.stages, shares, strict=True)
        ),
        critic_images=min(settings.critic_images, images // 5),
    )


def stepping(settings: GanSettings, images: int) -> GanSettings:
    """The same settings, with smaller batches where too few images are to be shown for many steps of the family's own.

    A GAN is learnt by steps: configuration A of StyleGAN's ablation draws heads after 10,000 drawn faces in steps of 8,
    and after 20,000 in steps of 32, which take as long, only colours. A generator with batch norms keeps its batch,
    whose statistics it needs.

    Example:
        >>> settings = family_settings("stylegan", resolution=32)
        >>> [stepping(settings, images).stages[-1].batch for images in (20_000, 100_000, 1_000_000)]
        [8, 16, 32]
    """
    if settings.architecture in BATCH_NORMED:
        return settings
    most = max(SMALLEST_BATCH, 2 ** int(math.log2(max(1.0, images / FEWEST_STEPS))))
    return replace(
        settings, stages=tuple(replace(stage, batch=min(stage.batch, most)) for stage in settings.stages)
    )


def widths(resolution: int, *, most: int, total: int, least: int) -> tuple[int, ...]:
    """Channels of each resolution from 4 pixels up: so many that channels times pixels a side is `total`.

    Example:
        >>> widths(64, most=256, total=4096, least=32)
        (256, 256, 256, 128, 64)
    """
    sizes = (2**k for k in range(2, resolution.bit_length()))
    return tuple(max(least, min(most, total // size)) for size in sizes)


def growing(resolution: int, *, first: int, batch: int) -> tuple[TrainingStage, ...]:
    """A stage for each resolution from the first on."""
    sizes = [2**k for k in range(first.bit_length() - 1, resolution.bit_length())] or [resolution]
    return tuple(TrainingStage(resolution=size, images=batch, batch=batch) for size in sizes)
