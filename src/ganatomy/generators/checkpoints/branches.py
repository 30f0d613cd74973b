"""Two first layers side by side, one of the code and one of the class, as one layer of both.

Conditional DCGANs of many scripts read z by `deconv1_1` and the one-hot class by `deconv1_2`, and join what both give.
That is one layer of z with the class behind it, whose weights are 0 between the parts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

NAMED = re.compile(r"(.*\D)1_(\d)(.*)\.(weight|bias|running_mean|running_var|num_batches_tracked)")
"""A tensor of a branch: what its layers are called, its number, what follows, and what it is."""


@dataclass(frozen=True, kw_only=True)
class JoinedBranches:
    """Weights with one first layer.

    Args:
        state: under the names of the first branch.
        num_classes: that the second branch takes.
    """

    state: dict[str, Tensor]
    num_classes: int


def join_branches(state: Mapping[str, Tensor]) -> JoinedBranches | None:
    """The same weights with both first layers joined; None where there are no two of one kernel side by side."""
    branches: dict[str, dict[str, Tensor]] = {"1": {}, "2": {}}
    for name, tensor in state.items():
        found = NAMED.fullmatch(name)
        if found:
            place = f"{found[1]}1_1{found[3]}.{found[4]}"
            if found[2] not in branches or place in branches[found[2]]:
                return None
            branches[found[2]][place] = tensor
    first, second = branches.values()
    weights = [name for name, tensor in first.items() if tensor.ndim in (2, 4)]
    if len(weights) != 1 or first.keys() != second.keys():
        return None
    (weight,) = weights
    ours, theirs = first[weight], second[weight]
    # A dense layer has [outputs, inputs], a transposed convolution the reverse.
    outputs, inputs = (0, 1) if theirs.ndim == 2 else (1, 0)
    follows = ours.ndim == theirs.ndim and ours.shape[outputs] == theirs.shape[inputs]
    if ours.ndim != theirs.ndim or ours.shape[2:] != theirs.shape[2:] or follows:
        return None
    joined = {name: torch.cat([first[name], second[name]]) for name in first if first[name].ndim == 1}
    joined |= {name: first[name] for name in first if first[name].ndim == 0}
    joined[weight] = _apart(ours, theirs)
    rest = {
        name: joined.get(name, tensor)
        for name, tensor in state.items()
        if name in joined or not NAMED.fullmatch(name)
    }
    return JoinedBranches(state=rest, num_classes=theirs.shape[inputs])


def _apart(one: Tensor, other: Tensor) -> Tensor:
    """Both on the diagonal of a larger tensor, in their first two dimensions."""
    rows, columns = one.shape[0] + other.shape[0], one.shape[1] + other.shape[1]
    joined = one.new_zeros(rows, columns, *one.shape[2:])
    joined[: one.shape[0], : one.shape[1]] = one
    joined[one.shape[0] :, one.shape[1] :] = other
    return joined
