"""Training that starts from a generator: what is read of it, and what the settings must be.

Karras et al. 2020, "Training Generative Adversarial Networks with Limited Data", section 4.3, starts small data sets
from a generator of other images and its critic. A file holds no critic; a new one is shown images alone at first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganatomy.critics import critic
from ganatomy.errors import MissingFileError, SettingError
from ganatomy.generators import load
from ganatomy.generators.base import Generator
from ganatomy.training.checkpoints import load_state
from ganatomy.training.run import ARCHITECTURES
from ganatomy.training.settings import GanSettings
from ganatomy.zoo import find_bundled

CRITIC_IMAGES = 20_000
"""Shown to a new critic alone."""

SIZES = ("widths", "w_dim", "mapping_layers")
"""That settings and the configurations of some generators have in common."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Start:
    """What training starts from.

    Args:
        generator: that is trained already.
        networks: weights of "critic", and of "generator" and "average" as its run left them, where they are known.

    Example:
        >>> import ganatomy as ga
        >>> Start(generator=ga.load("faces")).networks
        {}
    """

    generator: Generator
    networks: Mapping[str, Mapping[str, Tensor]] = field(default_factory=dict[str, Mapping[str, Tensor]])


def open_start(spec: str) -> Start:
    """A generator by name or file, or the folder of a training run with all of its networks.

    A bundled model brings its critic where it has one.

    Raises:
        MissingFileError: for a folder without a generator and a checkpoint.
        UnknownNameError, CheckpointError: as `ganatomy.load` says, and for a checkpoint that cannot be read.

    Example::

        start = open_start("run/")
    """
    folder = Path(spec)
    if not folder.is_dir():
        bundled = find_bundled(spec)
        if bundled is None or not bundled.critic.exists():
            return Start(generator=load(spec))
        return Start(generator=load(spec), networks={"critic": critic(spec).state_dict()})
    for name in ("generator.safetensors", "checkpoint.pt"):
        if not (folder / name).exists():
            raise MissingFileError(
                f"{folder} has no {name}; give the folder of a training that has ended, or the file of a generator"
            )
    state = load_state({}, folder / "checkpoint.pt")
    networks = {name: state["networks"][name] for name in ("generator", "average", "critic")}
    return Start(generator=load(folder / "generator.safetensors"), networks=networks)


def settings_from(start: Start, settings: GanSettings, *, critic_images: int = CRITIC_IMAGES) -> GanSettings:
    """The settings of a run that starts from a generator: its sizes, and one stage at its resolution.

    Args:
        start: with a generator of the architecture that the settings name.
        settings: of a run from fresh weights, whose last stage is kept.
        critic_images: of that stage, shown to the critic alone where it is new.

    Raises:
        SettingError: for a generator or a critic that these settings cannot train on, such as those of another
            architecture.

    Example:
        >>> import ganatomy as ga
        >>> from ganatomy.training.families import family_settings
        >>> start = Start(generator=ga.load("faces"))
        >>> settings = settings_from(start, family_settings("stylegan2", resolution=64))
        >>> settings.widths, settings.z_dim, [stage.resolution for stage in settings.stages]
        ((256, 256, 128, 96, 48), 128, [64])
    """
    signature, config = start.generator.signature, getattr(start.generator, "config", None)
    resolution = signature.resolution
    if resolution != settings.resolution:
        raise SettingError(
            f"the generator to start from draws {resolution} px, the settings are for {settings.resolution} px"
        )
    sizes: dict[str, Any] = {name: getattr(config, name) for name in SIZES if hasattr(config, name)}
    if len(sizes.get("widths", settings.widths)) != len(settings.widths):  # not trained here
        del sizes["widths"]
    fitted = replace(
        settings,
        **sizes,
        z_dim=signature.z_dim,
        channels=signature.channels,
        num_classes=signature.num_classes,
        stages=(replace(settings.stages[-1], resolution=resolution),),
        start=start.generator.fingerprint,
        critic_images=0 if "critic" in start.networks else critic_images,
    )
    with torch.random.fork_rng(devices=()):
        fresh, fresh_critic = ARCHITECTURES[fitted.architecture].build(fitted, resolution)
    if not isinstance(fresh, type(start.generator)) or getattr(fresh, "config", None) != config:
        raise SettingError(
            f"{fitted.architecture} cannot go on with this {type(start.generator).__name__} of {resolution} px; start "
            f"from a generator that ganatomy trained as {fitted.architecture}"
        )
    known = start.networks.get("critic")
    if known is not None and _shapes(known) != _shapes(fresh_critic.state_dict()):
        raise SettingError(
            "the critic of that run is of another kind; start from its generator.safetensors, with a new critic"
        )
    return fitted


def _shapes(state: Mapping[str, Tensor]) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in state.items()}
