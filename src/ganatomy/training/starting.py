"""Training that starts from a generator: what its settings must be.

Karras et al. 2020, "Training Generative Adversarial Networks with Limited Data", section 4.3, starts small data sets
from a generator of other images, and its critic. Files carry no critic, so a new one is shown images alone at first.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from ganatomy.errors import SettingError
from ganatomy.generators.base import Generator
from ganatomy.training.run import ARCHITECTURES
from ganatomy.training.settings import GanSettings

CRITIC_IMAGES = 20_000
"""Shown to a new critic alone."""

SIZES = ("widths", "w_dim", "mapping_layers")
"""That settings and the configurations of some generators have in common."""


def settings_from(
    generator: Generator, settings: GanSettings, *, critic_images: int = CRITIC_IMAGES
) -> GanSettings:
    """The settings of a run that starts from a generator: its sizes, and one stage at its resolution.

    Args:
        generator: of the architecture that the settings name.
        settings: of a run from fresh weights, whose last stage is kept.
        critic_images: of that stage, shown to the critic alone.

    Raises:
        SettingError: for a generator that these settings cannot train on, such as one of another architecture.

    Example:
        >>> import ganatomy as ga
        >>> from ganatomy.training.families import family_settings
        >>> settings = settings_from(ga.load("faces"), family_settings("stylegan2", resolution=64))
        >>> settings.widths, settings.z_dim, [stage.resolution for stage in settings.stages]
        ((256, 256, 128, 96, 48), 128, [64])
    """
    config = getattr(generator, "config", None)
    sizes: dict[str, Any] = {name: getattr(config, name) for name in SIZES if hasattr(config, name)}
    signature, resolution = generator.signature, generator.signature.resolution
    if resolution != settings.resolution:
        raise SettingError(
            f"the generator to start from draws {resolution} px, the settings are for {settings.resolution} px"
        )
    fitted = replace(
        settings,
        **sizes,
        z_dim=signature.z_dim,
        channels=signature.channels,
        num_classes=signature.num_classes,
        stages=(replace(settings.stages[-1], resolution=resolution),),
        start=generator.fingerprint,
        critic_images=critic_images,
    )
    with torch.random.fork_rng(devices=()):
        fresh, _ = ARCHITECTURES[fitted.architecture].build(fitted, resolution)
    if not isinstance(fresh, type(generator)) or getattr(fresh, "config", None) != config:
        raise SettingError(
            f"{fitted.architecture} cannot go on with this {type(generator).__name__} of {resolution} px; start from a "
            f"generator that ganatomy trained as {fitted.architecture}"
        )
    return fitted
