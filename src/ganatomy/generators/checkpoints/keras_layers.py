"""Keras's layers as a stack of ours: what each means, with weights in PyTorch's order.

Keras keeps images as height, width, channels. A dense layer's numbers that become an image, or come from one, are
therefore put into the order of channels, height, width; kernels have their axes turned. "same" follows TensorFlow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from ganatomy.errors import CheckpointError
from ganatomy.generators.checkpoints.keras_classes import JOINS, class_table
from ganatomy.generators.checkpoints.keras_values import (
    margins,
    pair,
    read_activation,
    same_number,
    sides_and_channels,
    whole_number,
)
from ganatomy.generators.checkpoints.layouts import SIZES, same_padding, same_transposed_padding
from ganatomy.generators.class_inputs import ClassInput
from ganatomy.generators.stacks import Layer
from ganatomy.images import MODES

Arrays = dict[str, np.ndarray]
IDENTITIES = {
    "Dropout", "SpatialDropout2D", "GaussianDropout", "AlphaDropout", "GaussianNoise", "ActivityRegularization",
}  # fmt: skip
"""Layers that do something in training only."""
MAX_CHANNELS = 4096


@dataclass(frozen=True, kw_only=True)
class KerasStep:
    """One layer of a model, as the file describes it.

    Args:
        kind: Keras's class, such as "Conv2DTranspose".
        owners: models that it lies in, from the outside in.
        numbered: these and itself, by their kinds and their numbers among those of their kind, as Keras 3 does.
        branch: of a layer that brings in a class: the layers from the class to it.
        class_first: whether the class stands before what flows.
    """

    kind: str
    name: str
    config: Mapping[str, Any]
    owners: tuple[str, ...] = ()
    numbered: tuple[str, ...] = ()
    branch: tuple[KerasStep, ...] = ()
    class_first: bool = False

    def __str__(self) -> str:
        return f"layer {self.name!r} ({self.kind})"


@dataclass(frozen=True, kw_only=True)
class Image:
    """What flows between two layers: images, or vectors where there are no sides.

    Args:
        side: height.
        width: where it is another.
        flattened: height and width of the images that the vectors were.
    """

    channels: int
    side: int = 0
    width: int = 0
    flattened: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "width", self.width or self.side)

    @property
    def sides(self) -> tuple[int, int]:
        return self.side, self.width

    @property
    def is_large(self) -> bool:
        """Whether there is more than one pixel."""
        return max(self.sides) > 1

    def __str__(self) -> str:
        return f"{self.channels} x {self.side} x {self.width}"


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A whole model: its layers, its weights by our names, and what brings its images into range."""

    layers: list[dict[str, Any]]
    output: str
    state: dict[str, Tensor]
    classes: dict[str, Any] | None = None


def assemble(steps: list[KerasStep], weights: Callable[[KerasStep], Arrays]) -> Stack:
    """The stack that these layers make, each given what it adds to the one before.

    Raises:
        CheckpointError: naming the first layer that is not read, or whose weights do not fit.
    """
    for step in steps:
        if step.kind not in READ:
            why = " and holds code, which is not opened" if step.kind == "Lambda" else ""
            raise CheckpointError(
                f"has a {step}{why}, which is not read; read are {', '.join(sorted(set(READ) - IDENTITIES))}"
            )
    assembly = Assembly(
        channels_first=any(step.config.get("data_format") == "channels_first" for step in steps)
    )
    for step in steps:
        try:
            assembly.add(step, weights)
        except CheckpointError as error:
            raise CheckpointError(f"cannot be read at {step}: {error}") from None
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise CheckpointError(f"describes {step} in an unknown way: {error!r}") from None
    return assembly.finish()


class Assembly:
    """A stack in the making: the layers so far, and what waits for the next one."""

    def __init__(self, *, channels_first: bool) -> None:
        self.channels_first = channels_first
        self.layers: list[Layer] = []
        self.arrays: list[Arrays] = []
        self.shape: Image | None = None
        self.upsample: tuple[int, str] = (1, "nearest")
        self.padding = (0, 0)
        self.classes: ClassInput | None = None
        self.table = np.zeros(0, np.float32)

    # What flows.

    def add(self, step: KerasStep, weights: Callable[[KerasStep], Arrays]) -> None:
        """One layer more."""
        follow = {"Conv2D", "Convolution2D", "ZeroPadding2D"} | IDENTITIES
        if self.padding != (0, 0) and step.kind not in follow:
            raise CheckpointError("padding is read before a convolution only")
        READ[step.kind](self, step, weights)
        if self.shape is not None and max(self.shape.sides) * self.upsample[0] > SIZES[-1]:
            raise CheckpointError(
                f"images of {max(self.shape.sides) * self.upsample[0]} px are larger than {SIZES[-1]}"
            )

    def input(self, step: KerasStep, weights: Callable[[KerasStep], Arrays]) -> None:
        if self.shape is not None:
            return  # a model within a model repeats what flows into it
        config = step.config
        shape = (
            config.get("batch_input_shape")
            or config.get("batch_shape")
            or [None, *(config.get("shape") or ())]
        )
        sides, length = sides_and_channels(shape[1:], self.channels_first)
        if any(side != 1 for side in sides):
            raise CheckpointError(f"takes images {list(shape[1:])}, so this is no generator")
        self.shape = Image(channels=whole_number(length), side=1 if sides else 0)

    def reshape(self, step: KerasStep, weights: Callable[[KerasStep], Arrays]) -> None:
        target = [int(n) for n in step.config["target_shape"]]
        if not self.layers:
            sides, length = sides_and_channels(target, self.channels_first)
            known = self.shape.channels if self.shape else None
            length = known if length == -1 else length
            if any(side not in (1, -1) for side in sides) or known not in (None, length) or length is None:
                raise CheckpointError(f"codes become images {target} before any layer")
            self.shape = Image(channels=whole_number(length), side=1 if sides else 0)
            return
        shape = self._shape()
        total = shape.channels * max(shape.side, 1) * max(shape.width, 1)
        if -1 in target:
            rest = -math.prod(target)
            target[target.index(-1)] = total // max(rest, 1)
        if math.prod(target) != total:
            raise CheckpointError(f"{total} numbers do not make {target}")
        if len(target) == 2 and target[0] == target[1]:
            target = [1, *target] if self.channels_first else [*target, 1]
        sides, channels = sides_and_channels(target, self.channels_first)
        height, width = sides or (0, 0)
        if shape.is_large or any(shape.flattened) or self.upsample[0] > 1:
            if not sides and self.upsample[0] == 1:
                self.flatten(step, weights)
            elif (height, width, channels) != (*shape.sides, shape.channels):
                raise CheckpointError(f"images of {shape} become {target}")
            return
        if max(height, width) > 1:
            self._unflatten((height, width), channels)
        self.shape = Image(channels=channels, side=height, width=width)

    def _unflatten(self, sides: tuple[int, int], channels: int) -> None:
        """Let the last layer, a dense one, give images."""
        if self.layers[-1].kind != "linear":
            raise CheckpointError("images of one pixel become larger")
        layer, arrays = self.layers[-1], self.arrays[-1]
        height, width = sides
        other = 0 if height == width else width
        self.layers[-1] = replace(layer, out_channels=channels, size=height, width=other)
        if not self.channels_first:
            order = np.arange(height * width * channels).reshape(*sides, channels).transpose(2, 0, 1).ravel()
            self.arrays[-1] = {name: array[order] for name, array in arrays.items()}

    def flatten(self, step: KerasStep, weights: Callable[[KerasStep], Arrays]) -> None:
        self._carry_out_upsampling()
        shape = self._shape()
        if shape.side:
            sides = shape.sides if shape.is_large else (0, 0)
            self.shape = Image(channels=shape.channels * shape.side * shape.width, flattened=sides)

    # Layers with weights.

    def dense(self, step: KerasStep, weights: Callable[[KerasStep], Arrays]) -> None:
        arrays = weights(step)
        kernel = arrays["kernel"]
        _expect(kernel, (self.shape.channels if self.shape else None, step.config["units"]))
        shape = self.shape or Image(channels=kernel.shape[0])
        if shape.is_large or self.upsample[0] > 1:
            raise CheckpointError(f"a dense layer on images of {shape}")
        kernel = self._from_image(kernel, shape)
        inputs, outputs = kernel.shape
        layer = Layer(kind="linear", in_channels=inputs, out_channels=outputs, bias=_has_bias(step))
        self._add(step, layer, kernel.T, arrays)
        self.shape = Image(channels=outputs, side=shape.side)

    def convolution(self, step: KerasStep, weights: Callable[[KerasStep], Arrays]) -> None:
        arrays, config = weights(step), step.config
        transposed = step.kind == "Conv2DTranspose"
        kernel, stride = arrays["kernel"], same_number(config["strides"])
        inputs = kernel.shape[3 if transposed else 2] if kernel.ndim == 4 else None
        shape = self.shape or Image(channels=inputs or 0, side=1)
        ends = (config["filters"], shape.channels) if transposed else (shape.channels, config["filters"])
        _expect(kernel, (*pair(config["kernel_size"]), *ends))
        if kernel.shape[0] != kernel.shape[1]:
            raise CheckpointError(f"a kernel of {kernel.shape[0]} x {kernel.shape[1]} is not square")
        if not shape.side:
            raise CheckpointError("a convolution on vectors")
        if same_number(config.get("dilation_rate", 1)) != 1 or config.get("groups", 1) != 1:
            raise CheckpointError("dilated and grouped convolutions are not read")
        counted = isinstance(config["padding"], tuple)  # in numbers, as PyTorch counts it
        if config.get("output_padding") is not None and not counted:
            raise CheckpointError(f"output_padding={config['output_padding']} is not read")
        if config["padding"] not in ("same", "valid") and not counted:
            raise CheckpointError(f"padding {config['padding']!r} is not read")

        size, same = kernel.shape[0], config["padding"] == "same"
        upsample, interpolation = self.upsample
        before, after = self.padding
        if transposed:
            valid = {"padding": 0, "output_padding": max(stride - size, 0)}
            padding = same_transposed_padding(size, stride) if same else valid
            if counted:
                added = same_number(config.get("output_padding") or 0, least=0)
                padding = {"padding": same_number(config["padding"], least=0), "output_padding": added}
        else:
            around = same_number(config["padding"], least=0) if counted else 0
            padding = {"padding": around, "output_padding": 0}
            if same:
                sides = (side * upsample + before + after for side in shape.sides)
                padding, across = (same_padding(size, stride, side) for side in sides)
                if padding != across:
                    raise CheckpointError(f"rows and columns of images of {shape} are padded differently")
            padding["padding"] += before
            padding["output_padding"] += after - before
        self.upsample, self.padding = (1, "nearest"), (0, 0)
        layer = Layer(
            kind="deconv" if transposed else "conv",
            in_channels=shape.channels,
            out_channels=config["filters"],
            kernel=size,
            stride=stride,
            upsample=upsample,
            interpolation=cast(Any, interpolation),
            bias=_has_bias(step),
            padding=padding["padding"],
            output_padding=padding["output_padding"],
        )
        self._add(step, layer, kernel.transpose(3, 2, 0, 1), arrays)
        height, width = map(_positive, layer.shape_after(shape.sides))
        self.shape = Image(channels=layer.out_channels, side=height, width=width)

    def batch_norm(self, step: KerasStep, weights: Callable[[KerasStep], Arrays]) -> None:
        config = step.config
        axes = config.get("axis", -1)
        axis = axes[0] if isinstance(axes, list | tuple) and len(axes) == 1 else axes
        if self._last().norm or any(self._shape().flattened):
            self._add_identity()
        layer, shape = self._last(), self._shape()
        channel_axes = (-1, 1) if not shape.side else (1, -3) if self.channels_first else (-1, 3)
        if axis not in channel_axes or config.get("renorm") or config.get("virtual_batch_size"):
            raise CheckpointError(f"a norm of axis {axes} is not one over channels")
        found = weights(step)
        for name in ("gamma", "beta", "moving_mean", "moving_variance"):
            if name in found or name.startswith("moving"):
                _expect(found[name], (shape.channels,))
        self.layers[-1] = replace(
            layer,
            norm=shape.channels,
            eps=float(config.get("epsilon", 1e-3)),
            activation_first=layer.activation != "none",
        )
        ones = np.ones(shape.channels, np.float32)
        self.arrays[-1] |= {
            "norm.weight": found.get("gamma", ones),
            "norm.bias": found.get("beta", 0 * ones),
            "norm.running_mean": found["moving_mean"],
            "norm.running_var": found["moving_variance"],
        }
        if "batches" in found:
            self.arrays[-1]["norm.num_batches_tracked"] = found["batches"]

    # A class.

    def class_input(self, step: KerasStep, weights: Callable[[KerasStep], Arrays]) -> None:
        """What a class adds to the channels, or multiplies them by."""
        if not step.branch or self.classes is not None:
            raise CheckpointError("only one input beside z is read, a class that is embedded")
        self._carry_out_upsampling()
        shape, table = self._shape(), class_table(step.branch, weights)
        if shape.is_large:
            if (
                shape.side != shape.width
                or table.shape[-3:-1] != shape.sides
                or table.ndim != 4
                or self.channels_first
            ):
                raise CheckpointError(f"classes become {list(table.shape[1:])} beside images of {shape}")
            table = table.transpose(0, 3, 1, 2)
        else:
            table = table.reshape(len(table), -1, 1, 1)
        multiplied = step.kind == "Multiply"
        if any(shape.flattened) or step.config.get("axis", -1) not in (-1, 1 if shape.side < 2 else 3):
            raise CheckpointError("classes are read beside the channels only")
        if multiplied and table.shape[1] != shape.channels:
            raise CheckpointError(f"{table.shape[1]} numbers of a class multiply {shape.channels}")
        self.classes = ClassInput(
            num_classes=len(table),
            channels=table.shape[1],
            size=table.shape[2],
            join="multiply" if multiplied else "first" if step.class_first else "last",
            at=len(self.layers),
        )
        self.table = table
        self.shape = replace(shape, channels=shape.channels + self.classes.added)

    # Layers without weights.

    def activation(self, step: KerasStep, weights: Callable[[KerasStep], Arrays]) -> None:
        self._activate(step.config if step.kind == "Activation" else {"activation": _described(step)})

    def upsampling(self, step: KerasStep, weights: Callable[[KerasStep], Arrays]) -> None:
        interpolation = step.config.get("interpolation", "nearest")
        if interpolation not in ("nearest", "bilinear") or not self._shape().side:
            raise CheckpointError(f"up-sampling of kind {interpolation!r} is not read here")
        if self.upsample[0] > 1 and {interpolation, self.upsample[1]} != {"nearest"}:
            self._carry_out_upsampling()
        self.upsample = same_number(step.config["size"]) * self.upsample[0], interpolation

    def zero_padding(self, step: KerasStep, weights: Callable[[KerasStep], Arrays]) -> None:
        before, after = margins(step.config["padding"])
        self.padding = self.padding[0] + before, self.padding[1] + after

    def cropping(self, step: KerasStep, weights: Callable[[KerasStep], Arrays]) -> None:
        before, after = margins(step.config["cropping"])
        layer, shape = self._last(), self._shape()
        if layer.kind == "linear" or self.upsample[0] > 1 or (layer.kind == "conv" and layer.stride > 1):
            raise CheckpointError("cropping is read behind a convolution only")
        sign = 1 if layer.kind == "deconv" else -1
        self.layers[-1] = replace(
            layer,
            padding=layer.padding + sign * before,
            output_padding=layer.output_padding + before - after,
        )
        height, width = (_positive(side - before - after) for side in shape.sides)
        self.shape = replace(shape, side=height, width=width)

    def nothing(self, step: KerasStep, weights: Callable[[KerasStep], Arrays]) -> None:
        """What changes nothing outside training."""

    # The end.

    def finish(self) -> Stack:
        """The whole stack; what ends the last layer becomes the output.

        Raises:
            CheckpointError: when no image of one to four channels comes out.
        """
        if not self.layers or self.padding != (0, 0):
            raise CheckpointError("has no layers with weights, or ends in padding")
        self._carry_out_upsampling()
        shape = self._shape()
        if not shape.side and self.layers[-1].kind == "linear":
            for channels in (1, 3):
                side = math.isqrt(shape.channels // channels)
                if side in SIZES and channels * side**2 == shape.channels:
                    self._unflatten((side, side), channels)
                    shape = Image(channels=channels, side=side)
        if not all(side in SIZES for side in shape.sides) or shape.channels not in MODES:
            what = str(shape) if shape.is_large else f"{shape.channels} numbers"
            raise CheckpointError(f"ends in {what}, which is no image of one to four channels")
        last = self.layers[-1]
        if last.activation not in ("tanh", "sigmoid", "none") or last.activation_first:
            raise CheckpointError(f"ends in {last.activation}; images end in tanh, sigmoid or nothing")
        self.layers[-1] = replace(last, activation="none")
        state = {
            f"layers.{index}.{name}": torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))
            for index, arrays in enumerate(self.arrays)
            for name, array in arrays.items()
        }
        if self.classes is not None:
            state["class_table"] = torch.from_numpy(np.ascontiguousarray(self.table, dtype=np.float32))
        return Stack(
            layers=[asdict(layer) for layer in self.layers],
            output=last.activation,
            state=state,
            classes=asdict(self.classes) if self.classes else None,
        )

    # Parts of the above.

    def _add(self, step: KerasStep, layer: Layer, weight: np.ndarray, arrays: Arrays) -> None:
        own = {"weights.weight": weight}
        if layer.bias:
            _expect(arrays["bias"], (layer.out_channels,))
            own["weights.bias"] = arrays["bias"]
        self.layers.append(layer)
        self.arrays.append(own)
        self._activate(step.config)

    def _activate(self, config: Mapping[str, Any]) -> None:
        activation, slope = read_activation(config.get("activation"))
        if activation == "none":
            return
        if self._last().activation != "none" or self.upsample[1] == "bilinear":
            self._add_identity()
        self.layers[-1] = replace(self.layers[-1], activation=activation, slope=slope)

    def _carry_out_upsampling(self) -> None:
        if self.upsample[0] > 1:
            self._add_identity()

    def _add_identity(self) -> None:
        """A layer that only up-samples, if that waits, and takes a norm or an activation that the last one cannot."""
        shape, (factor, interpolation) = self._shape(), self.upsample
        if shape.channels > MAX_CHANNELS:
            raise CheckpointError(f"two of its kind on {shape.channels} channels are not read")
        ends: dict[str, Any] = {"in_channels": shape.channels, "out_channels": shape.channels, "bias": False}
        weight = np.eye(shape.channels, dtype=np.float32)
        if shape.side:
            how = cast(Any, interpolation)
            self.layers.append(Layer(kind="conv", upsample=factor, interpolation=how, **ends))
            self.arrays.append({"weights.weight": weight[:, :, None, None]})
            self.shape = replace(shape, side=shape.side * factor, width=shape.width * factor)
        else:
            self.layers.append(Layer(kind="linear", **ends))
            self.arrays.append({"weights.weight": self._from_image(weight, shape).T})
            self.shape = replace(shape, flattened=(0, 0))
        self.upsample = (1, "nearest")

    def _from_image(self, kernel: np.ndarray, shape: Image) -> np.ndarray:
        """The kernel of a dense layer, with its rows in our order where its input was an image."""
        if not any(shape.flattened) or self.channels_first:
            return kernel
        height, width = shape.flattened
        channels = shape.channels // (height * width)
        return kernel.reshape(height, width, channels, -1).transpose(2, 0, 1, 3).reshape(kernel.shape)

    def _last(self) -> Layer:
        joined = self.classes is not None and self.classes.at == len(self.layers)
        if not self.layers or joined:
            self._add_identity()
        return self.layers[-1]

    def _shape(self) -> Image:
        if self.shape is None:
            raise CheckpointError("it comes before any layer with weights, and the file names no input")
        return self.shape


READ: dict[str, Callable[[Assembly, KerasStep, Callable[[KerasStep], Arrays]], None]] = {
    "InputLayer": Assembly.input,
    "Reshape": Assembly.reshape,
    "Flatten": Assembly.flatten,
    "Dense": Assembly.dense,
    "Conv2D": Assembly.convolution,
    "Convolution2D": Assembly.convolution,
    "Conv2DTranspose": Assembly.convolution,
    "BatchNormalization": Assembly.batch_norm,
    "BatchNormalizationV1": Assembly.batch_norm,
    "BatchNormalizationV2": Assembly.batch_norm,
    "Activation": Assembly.activation,
    "ReLU": Assembly.activation,
    "LeakyReLU": Assembly.activation,
    "ELU": Assembly.activation,
    "UpSampling2D": Assembly.upsampling,
    "ZeroPadding2D": Assembly.zero_padding,
    "Cropping2D": Assembly.cropping,
    **dict.fromkeys(JOINS, Assembly.class_input),
    **dict.fromkeys(IDENTITIES, Assembly.nothing),
}
"""Keras's layers that are read, and what each adds."""


def _described(step: KerasStep) -> dict[str, Any]:
    return {"class_name": step.kind, "config": step.config}


def _expect(array: np.ndarray, shape: tuple[int | None, ...]) -> None:
    fits = len(shape) == array.ndim and all(
        want in (None, have) for want, have in zip(shape, array.shape, strict=True)
    )
    if not fits:
        wanted = ", ".join("any" if n is None else str(n) for n in shape)
        raise CheckpointError(f"its weights are of shape {list(array.shape)}, not [{wanted}]")


def _has_bias(step: KerasStep) -> bool:
    return bool(step.config.get("use_bias", True))


def _positive(size: int) -> int:
    if size < 1:
        raise CheckpointError(f"images shrink to {size} px")
    return size
