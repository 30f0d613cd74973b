"""The DCGAN family: stacks of dense layers, convolutions, batch norms and activations.

Radford et al. 2016, "Unsupervised Representation Learning with Deep Convolutional Generative Adversarial Networks"; the
generators of WGAN-GP, InfoGAN and the first GAN are stacks of the same layers.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from itertools import pairwise
from typing import Any, Literal, Self, cast, get_args

from jaxtyping import Float
from torch import Tensor, nn

from ganatomy.errors import CheckpointError, SettingError
from ganatomy.generators.architecture import Architecture
from ganatomy.generators.base import Prior, Signature
from ganatomy.generators.checkpoints.layouts import KERAS, TORCH, LayerWeights, read_layout
from ganatomy.generators.checkpoints.statistics import choose, fill, read_prior
from ganatomy.generators.stacks import Activation, Layer, StackLayer
from ganatomy.latents import Latents

Output = Literal["tanh", "sigmoid", "none"]
OUTPUTS: tuple[Output, ...] = get_args(Output)


@dataclass(frozen=True, kw_only=True)
class DCGANConfig:
    """The layers of a generator, from the code to the image.

    Args:
        output: what brings the last layer into [-1, 1]; "sigmoid" is stretched from [0, 1], "none" leaves it.
    """

    layers: tuple[Layer, ...]
    output: Output = "tanh"
    prior: Prior = "normal"

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Self:
        """The configuration that `DCGAN.settings` wrote down."""
        return cls(**{**settings, "layers": tuple(Layer(**layer) for layer in settings["layers"])})

    @property
    def resolution(self) -> int:
        size = 1
        for layer in self.layers:
            size = layer.size_after(size)
        return size


class DCGAN(Architecture):
    """A stack of layers from z to the image; batch norms use their running statistics in eval mode."""

    config_type = DCGANConfig
    options = frozenset({"output", "hidden", "resolution"})

    def __init__(self, config: DCGANConfig) -> None:
        super().__init__(config)
        self.layers = nn.ModuleList(StackLayer(layer) for layer in config.layers)

    @classmethod
    def build(
        cls,
        *,
        z_dim: int,
        widths: Sequence[int],
        channels: int = 3,
        prior: Prior = "normal",
        output: Output = "tanh",
    ) -> Self:
        """A fresh generator of the paper's shape, with its initial weights, N(0, 0.02).

        Args:
            widths: channels of each resolution, from 4 pixels up; their number fixes the resolution.
        """
        if not widths or min(widths) < 1:
            raise SettingError(
                f"widths {tuple(widths)} must name at least one channel for every resolution from 4 up"
            )
        hidden: dict[str, Any] = {"kind": "deconv", "kernel": 4, "bias": False, "activation": "relu"}
        layers = [Layer(in_channels=z_dim, out_channels=widths[0], norm=widths[0], **hidden)]
        for below, width in pairwise(widths):
            layers.append(
                Layer(in_channels=below, out_channels=width, norm=width, stride=2, padding=1, **hidden)
            )
        layers.append(Layer(kind="conv", in_channels=widths[-1], out_channels=channels, kernel=3, padding=1))
        model = cls(DCGANConfig(layers=tuple(layers), output=output, prior=prior))
        for module in model.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.normal_(module.weight, 0.0, 0.02)
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.normal_(module.weight, 1.0, 0.02)
        return model

    def synthesize(self, latents: Latents) -> Float[Tensor, "n c h w"]:
        """Images of codes in z."""
        x = latents.codes[:, :, None, None]
        for layer in self.layers:
            x = layer(x)
        if self.config.output == "tanh":
            return x.tanh()
        return 2 * x.sigmoid() - 1 if self.config.output == "sigmoid" else x

    @classmethod
    def sign(cls, config: DCGANConfig) -> Signature:
        return Signature(
            architecture="DCGAN",
            z_dim=config.layers[0].in_channels,
            resolution=config.resolution,
            channels=config.layers[-1].out_channels,
            prior=config.prior,
        )

    @classmethod
    def restore(cls, settings: Mapping[str, Any]) -> Self:
        return cls(DCGANConfig.from_settings(settings))

    def _digest(self, state: dict[str, Tensor]) -> str:
        """The same weights make other images under other strides and activations, so these count too."""
        settings = self.settings
        # What is as usual is left out, so that a field that is new one day changes no fingerprint.
        usual = {field.name: field.default for field in fields(Layer) if field.default is not MISSING}
        for layer in settings["layers"]:
            for name, value in usual.items():
                if layer[name] == value:
                    del layer[name]
        return hashlib.sha256(f"{super()._digest(state)} {json.dumps(settings)}".encode()).hexdigest()

    @classmethod
    def matches(cls, state: Mapping[str, Tensor]) -> bool:
        """Whether these weights can be read as a stack that ends in an image, or have the names of our own."""
        if state and all(re.fullmatch(r"layers\.\d+\.(weights|norm)\.\w+", name) for name in state):
            return True
        for conventions in (TORCH, KERAS):
            with contextlib.suppress(CheckpointError):
                if read_layout(state, conventions=conventions)[1]:
                    return True
        return False

    @classmethod
    def from_state(
        cls,
        state: Mapping[str, Tensor],
        *,
        prior: Prior | None = None,
        settings: Mapping[str, Any] | None = None,
        output: Output | None = None,
        hidden: Activation | None = None,
        resolution: int | None = None,
    ) -> Self:
        """Build the stack that these weights describe, and fill it.

        What the weights do not tell (strides, activations, the prior) shows in the running statistics of the batch
        norms: of the ways to read the stack, the one under which each norm sees the mean and the variance that it
        recorded in training is taken. Without batch norms the most usual way is.

        Args:
            prior: overrides what the statistics say; without any it is normal.
            settings: what the file says: all `layers` and the `output`, or the `framework` whose habits they have.
            output: "tanh" unless it is given.
            hidden: the activation of all hidden layers, where the statistics should not decide.
            resolution: pixels a side, where several readings are as likely.

        Raises:
            CheckpointError: when no reading ends in an image, or several do that nothing tells apart.
            SettingError: for a choice that the file has made already.
        """
        settings = settings or {}
        if "layers" in settings:
            chosen = {"output": output, "hidden": hidden, "resolution": resolution}
            if any(chosen.values()):
                names = ", ".join(name for name, value in chosen.items() if value)
                raise SettingError(f"leave out {names}: the file records what it holds")
            return cls._from_settings(state, settings, prior)
        conventions = KERAS if settings.get("framework") == "Keras" else TORCH
        blocks, found = read_layout(state, resolution=resolution, conventions=conventions)
        if not found:
            wanted = f" of {resolution} px" if resolution else ""
            raise CheckpointError(f"{len(blocks)} layers of weights do not chain into an image{wanted}")
        trained_with = read_prior(blocks[0])
        drawn_from = trained_with or prior or "normal"
        layers = choose(blocks, found, prior=drawn_from, hidden=hidden, conventions=conventions)
        model = cls(DCGANConfig(layers=layers, output=output or "tanh", prior=prior or drawn_from))
        for layer, block in zip(model.layers, blocks, strict=True):
            fill(cast(StackLayer, layer), block)
        return model.eval().requires_grad_(False)

    @classmethod
    def _from_settings(
        cls, state: Mapping[str, Tensor], settings: Mapping[str, Any], prior: Prior | None
    ) -> Self:
        """A generator whose file says all of its layers; the prior shows in the first norm, if anywhere."""
        config = DCGANConfig.from_settings({name: settings[name] for name in ("layers", "output")})
        if prior is None and config.layers[0].norm:
            prior = read_prior(
                LayerWeights(
                    name="the first layer",
                    weight=state["layers.0.weights.weight"],
                    bias=state.get("layers.0.weights.bias"),
                    norm={leaf: state[f"layers.0.norm.{leaf}"] for leaf in ("running_mean", "running_var")},
                )
            )
        model = cls(replace(config, prior=prior or "normal"))
        counters = {name: value for name, value in model.state_dict().items() if "num_batches" in name}
        try:
            model.load_state_dict(counters | dict(state))
        except RuntimeError as error:
            raise CheckpointError(f"layers and weights do not fit: {' '.join(str(error).split())}") from None
        return model.eval().requires_grad_(False)
