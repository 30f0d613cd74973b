"""genforce's Progressive GAN, StyleGAN and StyleGAN2, under the names of its model zoo and of the older InterFaceGAN.

Older names are brought to newer ones first. Convolutions that are fused with their upsampling are stored turned around;
turned back they are the same as those that follow repeated pixels. Those of Progressive GAN, and all under older names,
have their channels exchanged as well; those of StyleGAN do not, so their shape does not tell that they are fused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from itertools import count, pairwise

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
from ganatomy.generators.guesses import Guess
from ganatomy.generators.ops import LRELU_GAIN
from ganatomy.generators.style_based import num_mapping_layers

OLDER = (
    (r"\.epilogue\.", "."),
    (r"\.style_mod\.", ".style."),
    (r"\.wscale\.bias$", ".bias"),
    (r"\.style\.dense\.", ".style."),
    (r"\.(conv|fc|linear)\.weight$", ".weight"),
    (r"\.first_layer$", ".const"),
)
"""What the older names become, in this order."""

IGNORED = (
    r"(.*\.)?lod",  # how far a network has grown; checked by itself
    r".*\.kernel",  # fixed filters
    r".*\.(wscale\.)?(scale|lr_multiplier)",  # fixed factors
    r"(synthesis\.)?output\d+\.(weight|bias)",  # images of the resolutions that training passed through
)

FUSED_FROM = 128
"""Pixels a side from which StyleGAN fuses upsampling and convolution unless told otherwise."""
FUSED = Guess(
    what="upsampling",
    chosen=f"fused with convolutions from {FUSED_FROM} px",
    note="as in all published files (fused_scale='auto')",
)
LINEAR = Guess(
    what="output activation",
    chosen="none",
    note="as in all published files; final_tanh leaves no trace in weights",
)


def translate(state: Mapping[str, Tensor]) -> Translation | None:
    """Weights of a generator of genforce under our names; None for others.

    Raises:
        CheckpointError: when some are missing, left over, or of a kind that cannot be computed here.
    """
    state, told = _renew(without_prefix(state))
    if "synthesis.early_layer.const" in state:
        return _stylegan2(Weights(state, dialect="genforce's StyleGAN2"))
    if {"mapping.dense0.weight", "synthesis.layer0.const"} <= set(state):
        return _stylegan(Weights(state, dialect="genforce's StyleGAN"), told)
    if _is_progan(state):
        return _progan(Weights(state, dialect="genforce's Progressive GAN"), told)
    return None


def _renew(state: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, bool]]:
    """The newer names; and which kernels are fused with upsampling, where older names tell.

    Older fused kernels have a bare name and are `[3, 3, in, out]`; they get the newer order, `[in, out, 3, 3]`.
    """
    older = any(".wscale." in name for name in state)
    renewed: dict[str, Tensor] = {}
    told: dict[str, bool] = {}
    for name, tensor in state.items():
        new = re.sub(r"\boutput_(\d+)x\1\.", lambda m: f"output{int(m[1]).bit_length() - 3}.", name)
        for pattern, replacement in OLDER:
            new = re.sub(pattern, replacement, new)
        if older and re.search(r"\blayer\d+\.weight$", new):
            told[new] = new == name
            tensor = tensor.permute(2, 3, 0, 1) if told[new] else tensor
        renewed[new] = tensor
    return renewed, told


def _is_progan(state: Mapping[str, Tensor]) -> bool:
    if not {"layer0.weight", "layer0.bias", "layer1.weight", "layer1.bias"} <= set(state):
        return False
    last = sum(bool(re.fullmatch(r"layer\d+\.bias", name)) for name in state) // 2 - 1
    image = state.get(f"output{last}.weight")
    return state["layer0.weight"].shape[2:] == (4, 4) and image is not None and image.shape[2:] == (1, 1)


def _progan(weights: Weights, told: Mapping[str, bool]) -> Translation:
    _check_grown(weights)
    widths = _widths(weights, "layer")
    fused = _fused(weights, "layer", widths, told, auto=False)

    # A convolution of one pixel, padded by three on all sides, sees its kernel turned around.
    ours = {"b4.conv0.weight": weights.take("layer0.weight").flip(2, 3)}
    for layer in range(2 * len(widths)):
        name = f"b{_resolution(layer)}.conv{layer % 2}"
        if layer:
            ours[f"{name}.weight"] = _kernel(weights, f"layer{layer}", fused=layer in fused, exchanged=True)
        ours[f"{name}.bias"] = weights.take(f"layer{layer}.bias")
    ours |= _dense(weights, f"output{len(widths) - 1}", "torgb")
    weights.finish(IGNORED)
    return Translation(state=ours, dialect=weights.dialect, guesses=(LINEAR,))


def _stylegan(weights: Weights, told: Mapping[str, bool]) -> Translation:
    _check_grown(weights)
    widths = _widths(weights, "synthesis.layer")
    exchanged = bool(told) or _is_exchanged(weights, widths)
    fused = _fused(weights, "synthesis.layer", widths, told, auto=True, exchanged=exchanged)
    # The gain of the activation stands behind the bias in our mapping network, and before it in theirs.
    ours, notes = _mapping(weights, bias_scale=1 / LRELU_GAIN)
    if "mapping.label_weight" in weights:
        ours["mapping.label_weight"] = weights.take("mapping.label_weight")

    ours["synthesis.b4.const"] = weights.take("synthesis.layer0.const")[0]
    for layer in range(2 * len(widths)):
        theirs, name = f"synthesis.layer{layer}", f"synthesis.b{_resolution(layer)}.layer{layer % 2}"
        if layer:
            ours[f"{name}.conv.weight"] = _kernel(weights, theirs, fused=layer in fused, exchanged=exchanged)
        ours[f"{name}.bias"] = weights.take(f"{theirs}.bias")
        ours[f"{name}.noise_weight"] = weights.take(f"{theirs}.apply_noise.weight").flatten()
        ours[f"{name}.noise_const"] = weights.take(f"{theirs}.apply_noise.noise")[0, 0]
        ours |= _dense(weights, f"{theirs}.style", f"{name}.affine")
    ours |= _dense(weights, f"synthesis.output{len(widths) - 1}", "synthesis.torgb")
    weights.finish(IGNORED)
    guesses = (LINEAR,) if told or _resolution(2 * len(widths) - 1) < FUSED_FROM else (FUSED, LINEAR)
    return Translation(state=ours, dialect=weights.dialect, notes=notes, guesses=guesses)


def _stylegan2(weights: Weights) -> Translation:
    ours, notes = _mapping(weights, bias_scale=1.0)
    ours["synthesis.b4.const"] = weights.take("synthesis.early_layer.const")[0]
    for layer in count():
        theirs = f"synthesis.layer{layer}"
        if f"{theirs}.weight" not in weights:
            break
        resolution, upsamples = 2 ** ((layer + 1) // 2 + 2), layer % 2 == 1
        name = f"synthesis.b{resolution}.conv{0 if upsamples else 1}"
        weight = weights.take(f"{theirs}.weight")
        # Scaled before it is normalised, which shifts the epsilon of that; so the factor goes into the weights.
        weight = weight / math.sqrt(weight[0].numel())
        ours[f"{name}.weight"] = weight.flip(2, 3) if upsamples else weight
        ours[f"{name}.bias"] = weights.take(f"{theirs}.bias")
        ours[f"{name}.noise_strength"] = weights.take(f"{theirs}.noise_strength").reshape(())
        ours[f"{name}.noise_const"] = weights.take(f"{theirs}.noise")[0, 0]
        ours |= _style(weights, theirs, name)
        block = (layer + 1) // 2
        if not upsamples and f"synthesis.output{block}.weight" in weights:
            theirs, name = f"synthesis.output{block}", f"synthesis.b{resolution}.torgb"
            ours |= _dense(weights, theirs, name) | _style(weights, theirs, name)
        if upsamples and f"synthesis.residual{block}.weight" in weights:
            ours[f"synthesis.b{resolution}.skip.weight"] = weights.take(f"synthesis.residual{block}.weight")
    weights.finish((r".*\.kernel",))
    return Translation(state=ours, dialect=weights.dialect, notes=notes)


def _mapping(weights: Weights, *, bias_scale: float) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    ours: dict[str, Tensor] = {}
    for layer in count():
        if f"mapping.dense{layer}.weight" not in weights:
            break
        ours |= _dense(weights, f"mapping.dense{layer}", f"mapping.fc{layer}")
        ours[f"mapping.fc{layer}.bias"] = ours[f"mapping.fc{layer}.bias"] * bias_scale
    if "truncation.w_avg" in weights or "mapping.label_weight" in weights:
        w_dim = len(ours[f"mapping.fc{num_mapping_layers(ours) - 1}.bias"])
        ours["mapping.w_avg"] = one_code(weights.take("truncation.w_avg"), w_dim, dialect=weights.dialect)
        return ours, ()
    ours["mapping.w_avg"] = mean_code(ours, ours["mapping.fc0.weight"].shape[1])
    return ours, (f"it holds no mean w (truncation.w_avg), so that was computed from {NUM_CODES} codes",)


def _dense(weights: Weights, theirs: str, ours: str) -> dict[str, Tensor]:
    return {f"{ours}.{leaf}": weights.take(f"{theirs}.{leaf}") for leaf in ("weight", "bias")}


def _style(weights: Weights, theirs: str, ours: str) -> dict[str, Tensor]:
    """The affine layer of a StyleGAN2 layer; the 1 that is added to its bias there is part of it here."""
    dense = _dense(weights, f"{theirs}.style", f"{ours}.affine")
    return {**dense, f"{ours}.affine.bias": dense[f"{ours}.affine.bias"] + 1}


def _resolution(layer: int) -> int:
    return 2 ** (layer // 2 + 2)


def _widths(weights: Weights, prefix: str) -> Sequence[int]:
    """Channels of each resolution, two layers each."""
    widths: list[int] = []
    while f"{prefix}{2 * len(widths)}.bias" in weights:
        widths.append(len(weights.state[f"{prefix}{2 * len(widths)}.bias"]))
    return widths


def _fused(
    weights: Weights,
    prefix: str,
    widths: Sequence[int],
    told: Mapping[str, bool],
    *,
    auto: bool,
    exchanged: bool = True,
) -> set[int]:
    """The layers that fuse upsampling and convolution, by what is told of them or by their shapes.

    Where as many channels go in as out, the shape does not tell. Then the layers that do tell decide: either all are
    fused, or none, or (`auto`) those from a certain resolution on, which is StyleGAN's usual way. That is all there is
    to go by where fused kernels do not have their channels `exchanged`.
    """
    known, unknown = {}, []
    for index, (below, width) in enumerate(pairwise(widths), start=1):
        layer, name = 2 * index, f"{prefix}{2 * index}.weight"
        if name in told:
            known[layer] = told[name]
        elif below != width and exchanged:
            known[layer] = tuple(weights.take(name).shape[:2]) == (below, width)
        else:
            unknown.append(layer)
    edge = FUSED_FROM if auto else math.inf
    everywhere = any(fused for layer, fused in known.items() if _resolution(layer) < edge)
    nowhere = any(not fused for layer, fused in known.items() if _resolution(layer) >= edge)
    guessed = {layer for layer in unknown if everywhere or (_resolution(layer) >= edge and not nowhere)}
    return {layer for layer, fused in known.items() if fused} | guessed


def _is_exchanged(weights: Weights, widths: Sequence[int]) -> bool:
    """Whether any upsampling kernel is stored `[in, out, 3, 3]`."""
    return any(
        below != width
        and tuple(weights.take(f"synthesis.layer{2 * index}.weight").shape[:2]) == (below, width)
        for index, (below, width) in enumerate(pairwise(widths), start=1)
    )


def _kernel(weights: Weights, theirs: str, *, fused: bool, exchanged: bool) -> Tensor:
    weight = weights.take(f"{theirs}.weight")
    if not fused:
        return weight
    return (weight.transpose(0, 1) if exchanged else weight).flip(2, 3)


def _check_grown(weights: Weights) -> None:
    for name in ("lod", "synthesis.lod"):
        if name in weights and float(weights.state[name]) != 0:
            raise CheckpointError(
                f"was written while the network still grew ({name!r} is {float(weights.state[name]):g}, not 0); "
                "give a file from the end of the training"
            )
