"""What every architecture shares that can be read from a file: its settings are recorded, or seen in its weights."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

from torch import Tensor

from ganatomy.errors import CheckpointError, SettingError
from ganatomy.generators.base import Generator, Prior, Signature
from ganatomy.generators.construction import construct


class Architecture(Generator):
    """A generator that is fixed by a configuration, which a file of ours records and weights of others show.

    Args:
        config: sizes of the network, a frozen dataclass.
    """

    config_type: ClassVar[type[Any]]
    options: ClassVar[frozenset[str]] = frozenset()
    """Arguments of `load`, beside the prior, that `from_state` takes."""

    def __init__(self, config: Any) -> None:
        super().__init__(self.sign(config))
        self.config = config

    @classmethod
    @abstractmethod
    def sign(cls, config: Any) -> Signature:
        """The signature of a generator of this configuration."""

    @property
    def settings(self) -> dict[str, Any]:
        return asdict(self.config)

    @classmethod
    def restore(cls, settings: Mapping[str, Any]) -> Self:
        """A network of the settings that a file of ours records, with fresh weights."""
        return cls(cls.config_type(**settings))

    @classmethod
    @abstractmethod
    def matches(cls, state: Mapping[str, Tensor]) -> bool:
        """Whether weights of unknown origin are of this architecture."""

    @classmethod
    @abstractmethod
    def from_state(
        cls,
        state: Mapping[str, Tensor],
        *,
        prior: Prior | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> Self:
        """Build the network that these weights describe, and fill it.

        Args:
            state: weights, under our names.
            prior: of z, where the weights do not show it.
            settings: what the file says of how the network was built, by its authors' names.

        Raises:
            CheckpointError: when weights are missing, left over, or of shapes that do not fit.
            SettingError: for a prior that the architecture does not take.
        """


class NamedArchitecture(Architecture):
    """An architecture that is recognised by the names of its weights, and normalises every prior but the normal away.

    A subclass names its configuration's class and the weights it is recognised by, and writes `sign` and `read_config`.
    """

    recognised_by: ClassVar[frozenset[str]]
    """Names of weights that no other architecture has."""

    @classmethod
    def matches(cls, state: Mapping[str, Tensor]) -> bool:
        return cls.recognised_by <= set(state)

    @classmethod
    @abstractmethod
    def read_config(cls, state: Mapping[str, Tensor], settings: Mapping[str, Any]) -> Any:
        """The configuration that these weights show, and what their file says of how the network was built."""

    @classmethod
    def from_state(
        cls,
        state: Mapping[str, Tensor],
        *,
        prior: Prior | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> Self:
        cls.check_prior(prior)
        return construct(
            lambda: cls(cls.read_config(state, settings or {})), state, architecture=cls.__name__
        )

    @classmethod
    def check_prior(cls, prior: Prior | None) -> None:
        """Refuse a prior that the architecture normalises away; raises SettingError."""
        if prior not in (None, "normal"):
            raise SettingError(f"{cls.__name__} draws z from a normal prior, not {prior!r}")


@dataclass(frozen=True, kw_only=True)
class Pyramid:
    """Sizes of a network that doubles its resolution, block by block.

    Args:
        widths: channels of each resolution, from 4 pixels up; their number fixes the resolution.
        z_dim: length of z.
        num_classes: of a conditional generator, else 0.
        channels: of the image.
    """

    widths: tuple[int, ...]
    z_dim: int = 512
    num_classes: int = 0
    channels: int = 3

    def __post_init__(self) -> None:
        object.__setattr__(self, "widths", tuple(self.widths))
        if not self.widths or min(self.widths) < 1:
            raise SettingError(
                f"widths {self.widths} must name at least one channel for every resolution from 4 up"
            )

    @property
    def resolution(self) -> int:
        return 2 ** (len(self.widths) + 1)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the images."""
        return self.resolution, self.resolution

    @property
    def num_layers(self) -> int:
        """Convolutions, two for each resolution."""
        return 2 * len(self.widths)


def read_widths(state: Mapping[str, Tensor], block: str, *, architecture: str) -> tuple[int, ...]:
    r"""Channels of each resolution, read off one weight of every block.

    Args:
        state: weights.
        block: name of that weight, a pattern with one group for the resolution.
        architecture: for the message.

    Raises:
        CheckpointError: when a resolution is missing.

    Example:
        >>> import torch
        >>> read_widths({"b4.bias": torch.zeros(8), "b8.bias": torch.zeros(6)}, r"b(\d+)\.bias", architecture="net")
        (8, 6)
    """
    found = {int(m[1]): len(state[name]) for name in state if (m := re.fullmatch(block, name))}
    resolutions = sorted(found)
    if resolutions != [2 ** (index + 2) for index in range(len(found))]:
        raise CheckpointError(
            f"a {architecture} needs every power of two from 4 up, these weights have {resolutions}"
        )
    return tuple(found[resolution] for resolution in resolutions)
