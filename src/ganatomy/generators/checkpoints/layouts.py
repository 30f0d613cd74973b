"""Reading a stack of layers off a state dict: what follows from names, order and shapes alone.

Names may be anything. A weight with two axes is a dense layer, one with four a convolution; running statistics are a
batch norm on the layer before. Strides and paddings leave no trace in the weights, so each convolution has a few
conventional readings, and a stack has as many as lead to a square image of one to four channels.
"""

from __future__ import annotations

import heapq
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from torch import Tensor

from ganatomy.errors import CheckpointError
from ganatomy.generators.stacks import LEAK, Layer

MAX_LAYERS = 32
MAX_READINGS = 64
MAX_STEPS = 5_000
SIZES = range(8, 1025)
"""Heights and widths in pixels that a generator of this family may have."""


@dataclass(frozen=True, kw_only=True)
class Conventions:
    """What the users of a framework leave unsaid, because it is the habit there.

    Args:
        named_padding: paddings are "same" or "valid", with TensorFlow's uneven crops; else they are numbers.
        epsilons: of batch norms, the default first.
        slopes: of leaky ReLUs.
    """

    named_padding: bool
    epsilons: tuple[float, ...]
    slopes: tuple[float, ...]


TORCH = Conventions(named_padding=False, epsilons=(1e-5, 0.8), slopes=(LEAK,))
"""The second epsilon is what a much copied tutorial passes in the place of a momentum."""
KERAS = Conventions(named_padding=True, epsilons=(1e-3, 1e-5), slopes=(LEAK, 0.3))


@dataclass(frozen=True, kw_only=True)
class LayerWeights:
    """The weights of one layer, as found in a file.

    Args:
        norm: running statistics, and scale and shift where there are any; empty where the layer has no batch norm.
        batches: that the batch norm has seen in training, where the file says so.
        gap: modules without weights between the layer before and this one, where numbered names tell.
    """

    name: str
    weight: Tensor
    bias: Tensor | None
    norm: Mapping[str, Tensor]
    gap: int | None = None
    batches: int | None = None

    @property
    def norm_dim(self) -> int:
        return len(self.norm["running_mean"]) if self.norm else 0


@dataclass(frozen=True)
class LayoutReading:
    """One way to read a stack; `cost` counts what is unusual about it."""

    layers: tuple[Layer, ...]
    resolution: int
    cost: float

    @property
    def interpolation(self) -> str | None:
        """How it up-samples; None where it does not."""
        return next((layer.interpolation for layer in self.layers if layer.upsample > 1), None)

    def smoothly(self) -> LayoutReading:
        """The same with bilinear up-sampling."""
        layers = (
            replace(layer, interpolation="bilinear") if layer.upsample > 1 else layer for layer in self.layers
        )
        return LayoutReading(tuple(layers), self.resolution, self.cost + BILINEAR)


def find_blocks(state: Mapping[str, Tensor]) -> list[LayerWeights]:
    """Group the weights of a file into layers, in the file's order.

    Raises:
        CheckpointError: naming the first weight that is not of a dense layer, a convolution or a batch norm.
    """
    modules: dict[str, dict[str, Tensor]] = {}
    for key, tensor in state.items():
        name, _, leaf = key.rpartition(".")
        modules.setdefault(name, {})[leaf] = tensor
    for name in modules:
        if any(_BRANCH.fullmatch(part) for part in name.split(".")):
            raise CheckpointError(
                f"has {name!r}, which is called like a branch around other layers; only chains of layers are read"
            )
    blocks: list[LayerWeights] = []
    apart: dict[str, dict[str, Tensor]] = {}
    last = ""
    for name, leaves in modules.items():
        weight = leaves.get("weight")
        if "running_mean" in leaves and {*leaves} <= {*_NORM_LEAVES, "num_batches_tracked"}:
            if blocks and not blocks[-1].norm and _can_follow(blocks[-1], len(leaves["running_mean"])):
                blocks[-1] = _normed(blocks[-1], leaves)
            else:
                apart[name] = leaves
        elif weight is not None and weight.ndim in (2, 4) and {*leaves} <= {"weight", "bias"}:
            gap = _gap(last, name)
            blocks.append(LayerWeights(name=name, weight=weight, bias=leaves.get("bias"), norm={}, gap=gap))
        else:
            shapes = ", ".join(f"{leaf} {list(tensor.shape)}" for leaf, tensor in leaves.items())
            lookalike = weight is not None and weight.ndim == 1
            raise CheckpointError(
                f"{name or 'the file'!r} ({shapes}) is no dense layer, convolution or batch norm"
                + (", but perhaps an instance, group or layer norm or a PReLU" if lookalike else "")
            )
        last = name
    # Scripts that declare norms apart from the layers do it in the order of their use.
    for name, leaves in apart.items():
        width = len(leaves["running_mean"])
        free = [i for i, block in enumerate(blocks) if not block.norm and _can_follow(block, width)]
        if not free:
            raise CheckpointError(f"batch norm {name!r} does not follow a dense layer or a convolution")
        blocks[free[0]] = _normed(blocks[free[0]], leaves)
    return blocks


def read_layout(
    state: Mapping[str, Tensor], *, resolution: int | None = None, conventions: Conventions = TORCH
) -> tuple[list[LayerWeights], list[LayoutReading]]:
    """The layers of a file and all readings of them, in the file's order or, where it has none, in that of the names.

    Raises:
        CheckpointError: naming the first weight that is not of a dense layer, a convolution or a batch norm.
    """
    # Some formats sort their weights by name; numbered names give the order back.
    by_number = {key: state[key] for key in sorted(state, key=natural)}
    refusal, blocks = None, []
    orders = (by_number, state) if list(state) == sorted(state) else (state, by_number)
    for ordered in orders:
        try:
            blocks = find_blocks(ordered)
        except CheckpointError as error:
            refusal = refusal or error
            continue
        found = readings(blocks, resolution=resolution, conventions=conventions)
        if found:
            return blocks, found
    if refusal:
        raise refusal
    return blocks, []


def natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts "layer.2" before "layer.10"."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def readings(
    blocks: Sequence[LayerWeights], *, resolution: int | None = None, conventions: Conventions = TORCH
) -> list[LayoutReading]:
    """Every conventional way to read these layers as a generator, the most usual first; empty where there is none.

    Args:
        resolution: keep only readings whose images are so many pixels a side.
    """
    z_dim = _code_length(blocks[0]) if 0 < len(blocks) <= MAX_LAYERS else None
    if z_dim is None:
        return []
    # Best first: the search ends after so many steps, however deep the stack.
    open_ends: list[tuple[float, int, tuple[Layer, ...], int, int]] = [(0.0, 0, (), z_dim, 1)]
    found: list[LayoutReading] = []
    for step in range(MAX_STEPS):
        if not open_ends or len(found) == MAX_READINGS:
            break
        cost, _, layers, channels, size = heapq.heappop(open_ends)
        if len(layers) == len(blocks):
            wanted = None if conventions.named_padding else resolution
            layers, size, extra = _cropped(layers, size, wanted)
            # How many channels a dense layer has is a guess, so alpha is read behind convolutions only.
            whole = channels in (1, 3) or (channels in (2, 4) and layers[-1].kind != "linear")
            if whole and size in SIZES and resolution in (None, size):
                found.append(
                    LayoutReading(
                        layers, size, cost + extra + _oddness(size, channels) + _inconsistency(layers)
                    )
                )
            continue
        following = blocks[len(layers) + 1] if len(layers) + 1 < len(blocks) else None
        options = _options(blocks[len(layers)], following, channels, size, conventions)
        for order, (layer, extra) in enumerate(options):
            after = layer.size_after(size)
            if 0 < after <= SIZES[-1]:
                tie = -16 * step - order  # deeper first, so that equal costs do not fan out
                heapq.heappush(open_ends, (cost + extra, tie, (*layers, layer), layer.out_channels, after))
    found += [reading.smoothly() for reading in found if reading.interpolation]
    return sorted(found, key=lambda reading: reading.cost)


BILINEAR = 0.5
"""Cost of up-sampling that is bilinear."""
PADDED_PIXEL = 2.0
"""Cost of a convolution that sees one pixel and zeros around it."""
_NORM_LEAVES = ("weight", "bias", "running_mean", "running_var")
_BRANCH = re.compile(
    r"(.*_)?(short_?cut|skip|bypass|residual|sc|rb|res|res_?(net_?)?(block|layer)s?|downsample)(_.*|\d*)",
    re.IGNORECASE,
)
"""Names of what is added to other layers, as residual generators have."""


def _can_follow(block: LayerWeights, width: int) -> bool:
    """Whether a batch norm of so many channels can stand behind these weights; a dense layer's may be of images."""
    if block.weight.ndim == 2:
        return width > 0 and len(block.weight) % width == 0
    return width in ((len(block.bias),) if block.bias is not None else block.weight.shape[:2])


def _normed(block: LayerWeights, leaves: Mapping[str, Tensor]) -> LayerWeights:
    """The layer with a batch norm behind it.

    Raises:
        CheckpointError: for negative variances, of which no norm can take the root.
    """
    if bool((leaves["running_var"] < 0).any()):
        raise CheckpointError("its batch norms hold negative variances, so the weights are damaged")
    norm = {leaf: leaves[leaf] for leaf in _NORM_LEAVES if leaf in leaves}
    batches = leaves.get("num_batches_tracked")
    return replace(block, norm=norm, batches=None if batches is None else int(batches))


def _gap(before: str, name: str) -> int | None:
    """Modules between two of one sequence, by their numbers: "main.3" and "main.6" have two between them."""
    old, new = (re.fullmatch(r"(.*?)(\d+)", text) for text in (before, name))
    return int(new[2]) - int(old[2]) - 1 if old and new and old[1] == new[1] else None


def _code_length(first: LayerWeights) -> int | None:
    """How many numbers the first layer takes, were it the first of a generator."""
    if first.weight.ndim == 2:
        return first.weight.shape[1]
    outputs = first.norm_dim or (len(first.bias) if first.bias is not None else first.weight.shape[1])
    return first.weight.shape[0] if first.weight.shape[1] == outputs else None


def _options(
    block: LayerWeights, following: LayerWeights | None, channels: int, size: int, conventions: Conventions
) -> Iterator[tuple[Layer, float]]:
    """The layers that a block may be, where so many channels of so many pixels come in, each with its cost."""
    if block.weight.ndim == 2:
        yield from _linear_options(block, following, channels * size**2)
        return
    first, second, kernel, width = block.weight.shape
    if kernel != width:
        return
    outputs = {n for n in (block.norm_dim, 0 if block.bias is None else len(block.bias)) if n}
    shared = {
        "kernel": kernel,
        "bias": block.bias is not None,
        "norm": block.norm_dim,
        "in_channels": channels,
    }
    if first == channels and outputs <= {second}:
        strides = _keras_strides(kernel, size) if conventions.named_padding else _deconv_strides(kernel, size)
        for numbers, cost in strides:
            # Square weights fit both kinds; odd kernels are those of plain convolutions more often than not.
            cost += 0.5 * (first == second and kernel % 2)
            yield Layer(kind="deconv", out_channels=second, **numbers, **shared), cost
    if second == channels and outputs <= {first} and (kernel % 2 or conventions.named_padding):
        padding = same_padding(kernel, 1)
        for upsample in (1, 2):
            cost = 0.5 * (first == second and not kernel % 2) + _upsample_cost(upsample, block.gap)
            cost += PADDED_PIXEL * (size == 1 and kernel > 1)
            yield Layer(kind="conv", out_channels=first, upsample=upsample, **padding, **shared), cost


def _linear_options(
    block: LayerWeights, following: LayerWeights | None, length: int
) -> Iterator[tuple[Layer, float]]:
    outputs, inputs = block.weight.shape
    if inputs != length:
        return
    if following is None:
        widths = {1, 3}
    elif following.weight.ndim == 2:
        widths = {outputs}
    else:
        widths = set(following.weight.shape[:2])
    for channels in widths:
        size = math.isqrt(outputs // channels)
        if channels * size**2 == outputs and block.norm_dim in (0, channels, outputs):
            layer = Layer(
                kind="linear",
                in_channels=inputs,
                out_channels=channels,
                size=size,
                bias=block.bias is not None,
                norm=block.norm_dim,
            )
            yield layer, 0.0


def _deconv_strides(kernel: int, size: int) -> Iterator[tuple[dict[str, int], float]]:
    """Strides and paddings that transposed convolutions commonly have in PyTorch, each with its cost."""
    if size == 1:
        yield {"stride": 1}, 0.0
        return
    # Twice the size, exactly.
    padding = (kernel - 1) // 2
    if kernel > 1:
        yield {"stride": 2, "padding": padding, "output_padding": kernel % 2}, 0.0
    if kernel % 2:
        # The same size; MNIST's 28 px cut out of 32; and twice the size less one.
        yield {"stride": 1, "padding": padding}, 0.5
        if kernel == 1 and size == 32:
            yield {"stride": 1, "padding": 2}, 1.0
        if kernel > 1:
            yield {"stride": 2, "padding": padding}, 1.0
    # No padding at all.
    if kernel > 1:
        yield {"stride": 1}, 1.5
    if kernel > 2:
        yield {"stride": 2}, 1.0


def _keras_strides(kernel: int, size: int) -> Iterator[tuple[dict[str, int], float]]:
    """What transposed convolutions commonly have in Keras, each with its cost."""
    if size == 1:
        yield {"stride": 1}, 0.0
    yield {"stride": 2, **same_transposed_padding(kernel, 2)}, 0.0
    yield {"stride": 1, **same_transposed_padding(kernel, 1)}, 0.5
    # After an up-sampling; and without padding.
    yield {"stride": 1, "upsample": 2, **same_transposed_padding(kernel, 1)}, 1.0
    yield {"stride": 2, "output_padding": max(2 - kernel, 0)}, 1.0
    if kernel > 1:
        yield {"stride": 1}, 1.5


def same_padding(kernel: int, stride: int, size: int = 0) -> dict[str, int]:
    """TensorFlow's "same" for a convolution: the output has size / stride pixels, and the odd pixel pads the end.

    Args:
        size: of the input; a stride of one does not need it.
    """
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0) if stride > 1 else kernel - 1
    return {"padding": total // 2, "output_padding": total % 2}


def same_transposed_padding(kernel: int, stride: int) -> dict[str, int]:
    """TensorFlow's "same" for a transposed convolution: size * stride pixels; what the forward one pads is cut off."""
    before = max(kernel - stride, 0) // 2
    return {"padding": before, "output_padding": stride - kernel + 2 * before}


def _upsample_cost(upsample: int, gap: int | None) -> float:
    """An activation and an up-sampling make a gap of two modules; where names tell nothing, neither is likelier."""
    if gap is None:
        return 0.0
    return 0.5 * ((upsample > 1) != (gap > 1))


def _cropped(
    layers: tuple[Layer, ...], size: int, resolution: int | None
) -> tuple[tuple[Layer, ...], int, float]:
    """The layers without their last row and column, where images are wanted that are so much smaller; and its cost."""
    last = layers[-1]
    if size - 1 != resolution or last.kind != "deconv":
        return layers, size, 0.0
    return (*layers[:-1], replace(last, output_padding=last.output_padding - 1)), size - 1, 1.5


def _oddness(size: int, channels: int) -> float:
    """Images have 2^k pixels a side, or MNIST's 28, which most grey ones have; less often another multiple of 16."""
    if size & (size - 1) == 0 or size == 28:
        return 0.75 * (channels == 1 and size != 28)
    return 2.0 if size % 16 == 0 else 4.0


def _inconsistency(layers: Sequence[Layer]) -> float:
    """Most networks grow in one way, and either pad all transposed convolutions or none (but for the first, which opens
    a single pixel).
    """
    padded = {layer.padding > 0 for layer in layers[1:] if layer.kind == "deconv" and layer.kernel > 2}
    growing = {layer.kind for layer in layers[1:] if layer.stride > 1 or layer.upsample > 1}
    return 2.0 * (len(padded) > 1) + 0.5 * (len(growing) > 1)
