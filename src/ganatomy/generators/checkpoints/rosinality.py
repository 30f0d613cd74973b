"""rosinality's StyleGAN2 (`stylegan2-pytorch`), in which many people train, and into which they convert.

Its layers compute what those of NVIDIA's PyTorch code do, under other names. Its convolutions divide their weights by
sqrt(fan-in) before they are normalised, which shifts the epsilon of that; so the factor goes into the weights here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import count

import torch
from torch import Tensor

from ganatomy.errors import CheckpointError
from ganatomy.generators.checkpoints.dialects import (
    NUM_CODES,
    Translation,
    Weights,
    mean_code,
    one_code,
    without_prefix,
)
from ganatomy.generators.style_based import num_mapping_layers

DIALECT = "rosinality's StyleGAN2"
MARKS = {"input.input", "style.1.weight", "conv1.conv.modulation.weight", "to_rgb1.conv.modulation.weight"}
MAX_BLOCKS = 10
"""Above 4 pixels; so images have at most 4096 a side."""
IGNORED = (r".*\.kernel",)
"""Filters, once they are checked."""


def translate(state: Mapping[str, Tensor]) -> Translation | None:
    """Weights of rosinality's generator under the names of `StyleGAN2`; None for others.

    Raises:
        CheckpointError: when some are missing, left over, or of a kind that cannot be computed here.
    """
    beside = {"latent_avg": state["latent_avg"]} if "latent_avg" in state else {}
    inside = without_prefix({name: tensor for name, tensor in state.items() if name not in beside})
    if not set(inside) >= MARKS:
        return None
    weights = Weights({**inside, **beside}, dialect=DIALECT)
    notes: list[str] = []

    # Mapping: the first module of `style` is a pixel norm, without weights.
    ours: dict[str, Tensor] = {}
    for layer in count():
        if f"style.{layer + 1}.weight" not in weights:
            break
        ours |= _dense(weights, f"style.{layer + 1}", f"mapping.fc{layer}")
    if "latent_avg" in weights:
        w_dim = len(ours[f"mapping.fc{num_mapping_layers(ours) - 1}.bias"])
        ours["mapping.w_avg"] = one_code(weights.take("latent_avg"), w_dim, dialect=DIALECT)
    else:
        ours["mapping.w_avg"] = mean_code(ours, ours["mapping.fc0.weight"].shape[1])
        notes.append(f"it holds no mean w (latent_avg), so that was computed from {NUM_CODES} codes")

    # Synthesis.
    ours["synthesis.b4.const"] = const = weights.take("input.input")[0]
    height, width = const.shape[1:]
    ours |= _conv(weights, "conv1", "synthesis.b4.conv1", noise=0, size=(height, width))
    ours |= _image(weights, "to_rgb1", "synthesis.b4.torgb")
    for block in range(MAX_BLOCKS):
        if f"to_rgbs.{block}.bias" not in weights:
            break
        first, size = 2 * block, (height << block + 1, width << block + 1)
        name = f"synthesis.b{2 ** (block + 3)}"
        for offset in (0, 1):
            theirs = f"convs.{first + offset}"
            ours |= _conv(weights, theirs, f"{name}.conv{offset}", noise=first + offset + 1, size=size)
        _check_filter(weights, f"convs.{first}.conv.blur.kernel")
        _check_filter(weights, f"to_rgbs.{block}.upsample.kernel")
        ours |= _image(weights, f"to_rgbs.{block}", f"{name}.torgb")
    if "noises.noise_0" not in weights:
        notes.append("it holds no noise, so images are made without any unless it is drawn at random")
    weights.finish(IGNORED)
    return Translation(state=ours, dialect=DIALECT, notes=tuple(notes))


def _dense(weights: Weights, theirs: str, ours: str) -> dict[str, Tensor]:
    return {f"{ours}.{leaf}": weights.take(f"{theirs}.{leaf}") for leaf in ("weight", "bias")}


def _conv(
    weights: Weights, theirs: str, ours: str, *, noise: int, size: tuple[int, int]
) -> dict[str, Tensor]:
    weight = _kernel(weights, theirs)
    stored = f"noises.noise_{noise}"
    return {
        f"{ours}.weight": weight / math.sqrt(weight[0].numel()),
        f"{ours}.bias": weights.take(f"{theirs}.activate.bias").flatten(),
        f"{ours}.noise_strength": weights.take(f"{theirs}.noise.weight").reshape(()),
        f"{ours}.noise_const": weights.take(stored)[0, 0] if stored in weights else torch.zeros(*size),
        **_dense(weights, f"{theirs}.conv.modulation", f"{ours}.affine"),
    }


def _kernel(weights: Weights, theirs: str) -> Tensor:
    """`[out, in, k, k]`, from the shape `[1, out, in, k, k]` that it has there."""
    weight = weights.take(f"{theirs}.conv.weight")
    return weight[0] if weight.ndim == 5 else weight


def _image(weights: Weights, theirs: str, ours: str) -> dict[str, Tensor]:
    return {
        f"{ours}.weight": _kernel(weights, theirs),
        f"{ours}.bias": weights.take(f"{theirs}.bias").flatten(),
        **_dense(weights, f"{theirs}.conv.modulation", f"{ours}.affine"),
    }


def _check_filter(weights: Weights, name: str) -> None:
    """The filters of resampling are a setting there, and one only is computed here."""
    if name not in weights:
        return
    kernel, taps = weights.take(name), torch.tensor([1.0, 3.0, 3.0, 1.0])
    expected = torch.outer(taps, taps) / 16
    if kernel.shape != expected.shape or not torch.allclose(kernel, expected, atol=1e-4):
        raise CheckpointError(
            f"looks like {DIALECT} with a resampling filter {name!r} other than [1, 3, 3, 1]; that cannot be computed"
        )
