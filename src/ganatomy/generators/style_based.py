"""What StyleGAN, StyleGAN2 and StyleGAN3 share: a mapping network, truncation, and a style for every layer."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ganatomy.errors import SettingError
from ganatomy.generators.architecture import NamedArchitecture
from ganatomy.generators.base import Signature
from ganatomy.generators.ops import EqualLinear, lrelu, normalize_second_moment
from ganatomy.latents import Latents, Space

STYLE_SPACES = (Space.Z, Space.W, Space.W_PLUS, Space.S)


class MappingNetwork(nn.Module):
    """z (and a class label) to w: normalise, then dense layers at a hundredth of the learning rate.

    Karras et al. 2019, section 2; conditional as in Karras et al. 2020, "Training ... with Limited Data".

    Args:
        hidden_dim: features between its layers; None for those of w.
        embed_dim: features of a class label, beside z; None for those of w.
    """

    w_avg: Tensor

    def __init__(
        self,
        *,
        z_dim: int,
        w_dim: int,
        num_layers: int,
        num_classes: int = 0,
        hidden_dim: int | None = None,
        embed_dim: int | None = None,
    ) -> None:
        super().__init__()
        in_dim = z_dim
        if num_classes:
            self.embed = EqualLinear(num_classes, embed_dim or w_dim)
            in_dim += embed_dim or w_dim
        self.num_layers = num_layers
        for index in range(num_layers):
            out_dim = w_dim if index == num_layers - 1 else hidden_dim or w_dim
            self.add_module(f"fc{index}", EqualLinear(in_dim, out_dim, lr_multiplier=0.01))
            in_dim = out_dim
        self.register_buffer("w_avg", torch.zeros(w_dim))

    def forward(
        self, z: Float[Tensor, "n z"], labels: Float[Tensor, "n classes"] | None
    ) -> Float[Tensor, "n w"]:
        # Normalise the code, and the embedded label beside it.
        x = normalize_second_moment(z)
        if labels is not None:
            x = torch.cat([x, normalize_second_moment(self.embed(labels))], dim=1)

        # Map.
        for index in range(self.num_layers):
            x = lrelu(getattr(self, f"fc{index}")(x))
        return x


@runtime_checkable
class MappingSizes(Protocol):
    """What the configurations of StyleGAN2 and StyleGAN3 say of their mapping network."""

    @property
    def z_dim(self) -> int: ...

    @property
    def w_dim(self) -> int: ...

    @property
    def mapping_layers(self) -> int: ...

    @property
    def mapping_dim(self) -> int | None: ...

    @property
    def embed_dim(self) -> int | None: ...

    @property
    def num_classes(self) -> int: ...


def build_mapping(sizes: MappingSizes) -> MappingNetwork:
    """The mapping network of these sizes."""
    return MappingNetwork(
        z_dim=sizes.z_dim,
        w_dim=sizes.w_dim,
        num_layers=sizes.mapping_layers,
        num_classes=sizes.num_classes,
        hidden_dim=sizes.mapping_dim,
        embed_dim=sizes.embed_dim,
    )


def read_mapping(state: Mapping[str, Tensor]) -> dict[str, Any]:
    """The sizes of the mapping network that these weights are of; a width that is that of w is None."""
    first, w_dim, layers = state["mapping.fc0.weight"], len(state["mapping.w_avg"]), num_mapping_layers(state)
    embed_dim, num_classes = (
        state["mapping.embed.weight"].shape if "mapping.embed.weight" in state else (0, 0)
    )
    hidden_dim = first.shape[0] if layers > 1 else w_dim
    return {
        "z_dim": first.shape[1] - embed_dim,
        "w_dim": w_dim,
        "mapping_layers": layers,
        "mapping_dim": None if hidden_dim == w_dim else hidden_dim,
        "embed_dim": None if embed_dim in (0, w_dim) else embed_dim,
        "num_classes": num_classes,
    }


@runtime_checkable
class StyleBasedSizes(Protocol):
    """What the configurations of all style-based architectures say."""

    @property
    def z_dim(self) -> int: ...

    @property
    def w_dim(self) -> int: ...

    @property
    def num_layers(self) -> int:
        """Rows of w+."""
        ...

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the images."""
        ...

    @property
    def channels(self) -> int: ...

    @property
    def num_classes(self) -> int: ...


class Styled(Protocol):
    """A layer that takes a style: `affine` makes it from a row of w+."""

    @property
    def affine(self) -> EqualLinear: ...


class StyleBasedGenerator(NamedArchitecture):
    """A generator with spaces z, w, w+ and s; an architecture has a `mapping` and writes `styled_layers`.

    A style code in s is the outputs of all affine layers side by side, as they are used (StyleSpace, Wu et al. 2021).
    """

    mapping: MappingNetwork

    @classmethod
    def sign(cls, config: StyleBasedSizes) -> Signature:
        """The signature of a generator of this configuration; its architecture is called as its class is."""
        return Signature(
            architecture=cls.__name__,
            z_dim=config.z_dim,
            w_dim=config.w_dim,
            num_layers=config.num_layers,
            resolution=config.size[0],
            width=config.size[1],
            channels=config.channels,
            num_classes=config.num_classes,
            spaces=STYLE_SPACES,
        )

    @property
    def settings(self) -> dict[str, Any]:
        # Widths that are those of w are left out, as in files from before there were others.
        optional = ("mapping_dim", "embed_dim")
        settings = super().settings
        return {key: value for key, value in settings.items() if value is not None or key not in optional}

    @abstractmethod
    def styled_layers(self) -> Iterator[tuple[int, Styled]]:
        """Every layer that takes a style, in order, with the row of w+ that it takes it from."""

    @property
    def style_widths(self) -> list[int]:
        """How many channels of s each styled layer takes."""
        return [layer.affine.weight.shape[0] for _, layer in self.styled_layers()]

    @property
    def style_dim(self) -> int:
        """Channels of all layers together."""
        return sum(self.style_widths)

    def styles(self, latents: Latents) -> Iterator[Float[Tensor, "n channels"]]:
        """The styles of all layers, in order, of codes in any space."""
        return iter(self.map(latents, to="s").codes.split(self.style_widths, dim=1))

    def map_codes(
        self, latents: Latents, to: Space, *, truncation_psi: float, truncation_cutoff: int | None
    ) -> Latents:
        codes, space = latents.codes, latents.space
        if space is Space.Z:
            codes, space = self.mapping(codes, latents.labels), Space.W
        whole = truncation_cutoff is None
        if whole and space is Space.W:
            codes = self._truncate(codes, truncation_psi)
        if to is Space.W:
            if not whole:
                raise SettingError(
                    "truncating some layers needs codes for each layer; map to w+ instead of w"
                )
            return replace(latents, codes=codes, space=Space.W, labels=None)

        # One code for each layer; the cut-off truncates the first ones.
        if space is Space.W:
            num_layers = self.signature.num_layers
            assert num_layers is not None
            codes = codes[:, None].expand(-1, num_layers, -1)
            if not whole:
                codes = torch.cat(
                    [
                        self._truncate(codes[:, :truncation_cutoff], truncation_psi),
                        codes[:, truncation_cutoff:],
                    ],
                    dim=1,
                )
        elif truncation_psi != 1:
            raise SettingError(
                f"codes in {latents.space} are past truncation; truncate on the way from z or w"
            )
        if to is Space.W_PLUS:
            return replace(latents, codes=codes, space=Space.W_PLUS, labels=None)
        styles = [layer.affine(codes[:, index]) for index, layer in self.styled_layers()]
        return replace(latents, codes=torch.cat(styles, dim=1), space=Space.S, labels=None)

    def _truncate(self, codes: Tensor, psi: float) -> Tensor:
        return codes if psi == 1 else self.mapping.w_avg.lerp(codes, psi)


def num_mapping_layers(state: Mapping[str, Tensor]) -> int:
    """Layers of the mapping network that these weights are of."""
    return sum(bool(re.fullmatch(r"mapping\.fc\d+\.weight", name)) for name in state)
