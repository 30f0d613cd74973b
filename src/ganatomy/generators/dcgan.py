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
from copy import copy
from dataclasses import MISSING, dataclass, fields, replace
from itertools import pairwise
from typing import Any, Literal, Self, cast, get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ganatomy.errors import CheckpointError, SettingError
from ganatomy.generators.architecture import Architecture
from ganatomy.generators.base import Prior, Signature, draw_rows
from ganatomy.generators.checkpoints.branches import join_branches
from ganatomy.generators.checkpoints.choosing import choose, take_embedding
from ganatomy.generators.checkpoints.layouts import (
    KERAS,
    TORCH,
    Conventions,
    LayerWeights,
    LayoutReading,
    read_layout,
)
from ganatomy.generators.checkpoints.stack_guesses import PLACE, Wanted
from ganatomy.generators.checkpoints.statistics import fill, infer_prior
from ganatomy.generators.class_inputs import ClassInput, Join, likely_classes, may_be_conditional, one_hot
from ganatomy.generators.guesses import Guess
from ganatomy.generators.stacks import Layer, StackLayer, parse_activation
from ganatomy.latents import Latents, Space

Output = Literal["tanh", "sigmoid", "none"]
OUTPUTS: tuple[Output, ...] = get_args(Output)
PROBE = 16
"""Images whose values are looked at to say what the output activation is given."""


@dataclass(frozen=True, kw_only=True)
class DCGANConfig:
    """The layers of a generator, from the code to the image.

    Args:
        output: what brings the last layer into [-1, 1]; "sigmoid" is stretched from [0, 1], "none" leaves it.
        classes: how a conditional generator takes its class.
    """

    layers: tuple[Layer, ...]
    output: Output = "tanh"
    prior: Prior = "normal"
    classes: ClassInput | None = None

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Self:
        """The configuration that `DCGAN.settings` wrote down."""
        classes = settings.get("classes")
        layers = tuple(Layer(**layer) for layer in settings["layers"])
        return cls(**{**settings, "layers": layers, "classes": ClassInput(**classes) if classes else None})

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the images."""
        size = (1, 1)
        for layer in self.layers:
            size = layer.shape_after(size)
        return size

    @property
    def resolution(self) -> int:
        return self.size[0]

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels between the layers."""
        return tuple(layer.out_channels for layer in self.layers[:-1])


class DCGAN(Architecture):
    """A stack of layers from z to the image; batch norms use their running statistics in eval mode."""

    config_type = DCGANConfig
    options = frozenset({"output", "resolution", "hidden", "num_classes", "class_join"})
    class_table: Float[Tensor, "classes d t t"]

    def __init__(self, config: DCGANConfig) -> None:
        super().__init__(config)
        self.layers = nn.ModuleList(StackLayer(layer) for layer in config.layers)
        if config.classes:
            it = config.classes
            self.register_buffer("class_table", torch.zeros(it.num_classes, it.channels, it.size, it.size))

    @classmethod
    def build(
        cls,
        *,
        z_dim: int,
        widths: Sequence[int],
        channels: int = 3,
        prior: Prior = "normal",
        output: Output = "tanh",
        num_classes: int = 0,
    ) -> Self:
        """A fresh generator of the paper's shape, with its initial weights, N(0, 0.02).

        Args:
            widths: channels of each resolution, from 4 pixels up; their number fixes the resolution.
            num_classes: that stand one-hot behind z; 0 for none.
        """
        if not widths or min(widths) < 1:
            raise SettingError(
                f"widths {tuple(widths)} must name at least one channel for every resolution from 4 up"
            )
        hidden: dict[str, Any] = {"kind": "deconv", "kernel": 4, "bias": False, "activation": "relu"}
        layers = [Layer(in_channels=z_dim + num_classes, out_channels=widths[0], norm=widths[0], **hidden)]
        for below, width in pairwise(widths):
            layers.append(
                Layer(in_channels=below, out_channels=width, norm=width, stride=2, padding=1, **hidden)
            )
        layers.append(Layer(kind="conv", in_channels=widths[-1], out_channels=channels, kernel=3, padding=1))
        classes = ClassInput(num_classes=num_classes, channels=num_classes) if num_classes else None
        model = cls(DCGANConfig(layers=tuple(layers), output=output, prior=prior, classes=classes))
        if classes:
            model.class_table.copy_(one_hot(num_classes))
        for module in model.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.normal_(module.weight, 0.0, 0.02)
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.normal_(module.weight, 1.0, 0.02)
        return model

    def synthesize(self, latents: Latents) -> Float[Tensor, "n c h w"]:
        """Images of codes in z."""
        x, classes = latents.codes[:, :, None, None], self.config.classes
        for index, layer in enumerate(self.layers):
            if classes and classes.at == index:
                if latents.labels is None:
                    raise SettingError(
                        f"this generator has {classes.num_classes} classes; its codes need labels, as sample() draws"
                    )
                x = classes.combine(x, latents.labels, self.class_table)
            x = layer(x)
        if self.config.output == "tanh":
            return x.tanh()
        return 2 * x.sigmoid() - 1 if self.config.output == "sigmoid" else x

    @classmethod
    def sign(cls, config: DCGANConfig) -> Signature:
        return Signature(
            architecture="DCGAN",
            z_dim=config.layers[0].in_channels
            - (config.classes.added if config.classes and config.classes.at == 0 else 0),
            resolution=config.size[0],
            width=config.size[1],
            channels=config.layers[-1].out_channels,
            num_classes=config.classes.num_classes if config.classes else 0,
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
        if settings["classes"] is None:
            del settings["classes"]
        return hashlib.sha256(f"{super()._digest(state)} {json.dumps(settings)}".encode()).hexdigest()

    @classmethod
    def matches(cls, state: Mapping[str, Tensor]) -> bool:
        """Whether these weights can be read as a stack that ends in an image, or have the names of our own."""
        ours = r"class_table|layers\.\d+\.(weights|norm)\.\w+"
        if state and all(re.fullmatch(ours, name) for name in state):
            return True
        branches = join_branches(state)
        for conventions in (TORCH, KERAS):
            with contextlib.suppress(CheckpointError):
                if _read_stack(branches.state if branches else state, None, conventions)[1]:
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
        hidden: str | None = None,
        resolution: int | None = None,
        num_classes: int | None = None,
        class_join: Join | None = None,
    ) -> Self:
        """Build the stack that these weights describe, and fill it.

        What the weights do not tell (strides, activations, the prior) shows in the running statistics of the batch
        norms: of the ways to read the stack, the one under which each norm sees the mean and the variance that it
        recorded in training is taken. Without batch norms the most usual way is. Either is said in `guesses`.

        Args:
            prior: overrides what the statistics say; without any it is normal.
            settings: what the file says: all `layers` and the `output`, or the `framework` whose habits they have.
            output: "tanh" unless it is given.
            hidden: the activation of all hidden layers, with its slope behind a colon, where the statistics should not
                decide.
            resolution: pixels a side, where several readings are as likely.
            num_classes: of a conditional generator that takes a class one-hot; 0 for none.
            class_join: how the class enters the first layer.

        Raises:
            CheckpointError: when no reading ends in an image, or several do that nothing tells apart.
            SettingError: for a choice that the file has made already.
        """
        settings = settings or {}
        if output not in (None, *OUTPUTS):
            raise SettingError(f"output={output!r} is not of a DCGAN; choose one of {', '.join(OUTPUTS)}")
        if "layers" in settings:
            chosen = {
                "output": output,
                "hidden": hidden,
                "resolution": resolution,
            }
            if settings.get("classes"):
                chosen |= {"num_classes": num_classes, "class_join": class_join}
            if any(value is not None for value in chosen.values()):
                names = ", ".join(name for name, value in chosen.items() if value is not None)
                raise SettingError(f"leave out {names}: the file records what it holds")
            said = Wanted(prior=prior, num_classes=num_classes, class_join=class_join)
            return cls._from_settings(state, settings, said)
        conventions = KERAS if settings.get("framework") == "Keras" else TORCH
        # The kinds of modules may say what, but not where.
        hidden, output = hidden or settings.get("hidden"), output or settings.get("output")
        branches = join_branches(state)
        assumed: list[Guess] = []
        if branches is not None:
            state, class_join = branches.state, class_join or "last"
            if num_classes is None:
                num_classes = branches.num_classes
                what = f"one-hot, of {num_classes} classes"
                assumed.append(Guess(what="input of the second branch", chosen=what, option="num_classes"))
        blocks, found, embedding = _read_stack(state, resolution, conventions)
        if not found:
            wanted = f" of {resolution} px" if resolution else ""
            raise CheckpointError(f"{len(blocks)} layers of weights do not chain into a square image{wanted}")
        activation, slope = parse_activation(hidden) if hidden else (None, None)
        said = Wanted(
            prior=prior, hidden=activation, slope=slope, num_classes=num_classes, class_join=class_join
        )
        choice = choose(blocks, found, said, embedding=embedding, conventions=conventions)
        config = DCGANConfig(
            layers=choice.layers,
            output=output or "tanh",
            prior=prior or choice.codes.prior,
            classes=choice.codes.classes,
        )
        model = cls(config)
        for layer, block in zip(model.layers, blocks, strict=True):
            fill(cast(StackLayer, layer), block)
        if choice.codes.table is not None:
            model.class_table.copy_(choice.codes.table)
        model.eval().requires_grad_(False)
        model.guesses = (*assumed, *choice.guesses, *(() if output else (model._guess_output(),)))
        return model

    def _guess_output(self) -> Guess:
        """That the output activation was assumed, with the values before it, which say whether that is likely."""
        raw = copy(self)
        raw.config = replace(self.config, output="none")
        codes = draw_rows(PROBE, self.signature.z_dim, seed=0, prior=self.signature.prior)
        labels = self._labels(PROBE, None, seed=0, start=0)
        with torch.no_grad():
            images = raw.synthesize(Latents(codes=torch.from_numpy(codes), space=Space.Z, labels=labels))
        values = images.flatten()[:: 1 + images.numel() // 100_000]
        low, high = (float(values.quantile(q)) for q in (0.01, 0.99))
        return Guess(
            what="output activation",
            chosen=self.config.output,
            option="output",
            second="sigmoid",
            note=f"98 % of the values before it lie in {low:.2g} to {high:.2g}",
        )

    @classmethod
    def _from_settings(cls, state: Mapping[str, Tensor], settings: Mapping[str, Any], said: Wanted) -> Self:
        """A generator whose file says all of its layers; the prior shows in the norms, if anywhere."""
        names = {field.name for field in fields(DCGANConfig)} - {"prior"}
        config = DCGANConfig.from_settings({name: settings[name] for name in names if name in settings})
        config, table, assumed = _with_one_hot(config, said)
        state = dict(state) | table
        prior = said.prior
        model = cls(replace(config, prior=prior or "normal"))
        counters = {name: value for name, value in model.state_dict().items() if "num_batches" in name}
        try:
            model.load_state_dict(counters | dict(state))
        except RuntimeError as error:
            raise CheckpointError(f"layers and weights do not fit: {' '.join(str(error).split())}") from None
        if any(
            bool((value < 0).any())
            for name, value in model.state_dict().items()
            if name.endswith("running_var")
        ):
            raise CheckpointError("its batch norms hold negative variances, so the weights are damaged")
        if prior is None:
            table = model.class_table if config.classes else None
            guess = infer_prior([cast(StackLayer, layer) for layer in model.layers], config.classes, table)
            model.config = replace(config, prior=cast(Prior, guess.chosen))
            model.signature = cls.sign(model.config)
            model.guesses = (guess, *assumed)
        else:
            model.guesses = assumed
        return model.eval().requires_grad_(False)


def _with_one_hot(
    config: DCGANConfig, said: Wanted
) -> tuple[DCGANConfig, dict[str, Tensor], tuple[Guess, ...]]:
    """The settings of a whole network with the class that goes one-hot into its first layer, and the class table.

    Raises:
        CheckpointError: where the first layer may take one, and it is not said whether it does.
    """
    width, number = config.layers[0].in_channels, said.num_classes
    if config.classes is not None or number == 0:
        return config, {}, ()
    if number is None:
        if likely := likely_classes(width):
            raise CheckpointError(may_be_conditional(likely))
        return config, {}, ()
    if number >= width or said.class_join == "multiply":
        raise CheckpointError(
            f"has a first layer that takes {width} numbers, into which z and {number} classes do not go"
        )
    classes = ClassInput(num_classes=number, channels=number, join=said.class_join or "last")
    place = Guess(what=PLACE, chosen="last", option="class_join", second="first")
    assumed = () if said.class_join else (place,)
    return replace(config, classes=classes), {"class_table": one_hot(number)}, assumed


def _read_stack(
    state: Mapping[str, Tensor], resolution: int | None, conventions: Conventions
) -> tuple[list[LayerWeights], list[LayoutReading], Tensor | None]:
    """The layers of a file, all readings of them, and the embedding of classes that stands beside them."""
    rest, embedding = take_embedding(state)
    if embedding is not None:
        with contextlib.suppress(CheckpointError):
            blocks, found = read_layout(rest, resolution=resolution, conventions=conventions)
            if found:
                return blocks, found, embedding
    return *read_layout(state, resolution=resolution, conventions=conventions), None
