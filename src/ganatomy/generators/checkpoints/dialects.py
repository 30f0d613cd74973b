"""What translations of other people's weights into our names share: what they give, and taking weights by name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import CheckpointError
from ganatomy.generators.base import draw_rows
from ganatomy.generators.construction import construct
from ganatomy.generators.guesses import Guess
from ganatomy.generators.style_based import MappingNetwork

NUM_CODES = 4096
"""Codes whose mean stands for a mean w that a file lacks; as many as rosinality's own script takes."""

MAX_CODE = 2**14


@dataclass(frozen=True, kw_only=True)
class Translation:
    """Weights under the names of our architectures.

    Args:
        dialect: whose names they had, for a person.
        notes: what is unusual about them, in sentences for a person.
        guesses: what the weights do not show, so that it was assumed.
    """

    state: dict[str, Tensor]
    dialect: str
    notes: tuple[str, ...] = ()
    guesses: tuple[Guess, ...] = ()


class Weights:
    """Weights to be taken one by one by the names of their authors, so that what nobody took shows in the end."""

    def __init__(self, state: Mapping[str, Tensor], *, dialect: str) -> None:
        self.state = state
        self.dialect = dialect
        self.left = set(state)

    def take(self, name: str) -> Tensor:
        """The weights of that name; raises CheckpointError where there are none."""
        if name not in self.state:
            raise CheckpointError(
                f"looks like {self.dialect} but has no {name!r}; the file may be of an unfinished download or another "
                "version"
            )
        self.left.discard(name)
        return self.state[name]

    def __contains__(self, name: str) -> bool:
        return name in self.state

    def finish(self, ignored: Iterable[str]) -> None:
        """Refuse what is left over and matches none of these patterns.

        Raises:
            CheckpointError: naming some of the weights that have no place.
        """
        strange = sorted(
            name for name in self.left if not any(re.fullmatch(pattern, name) for pattern in ignored)
        )
        if strange:
            raise CheckpointError(
                f"looks like {self.dialect} but has {len(strange)} more weights than that knows, such as "
                f"{', '.join(map(repr, strange[:3]))}; ganatomy.wrap takes any module"
            )


def without_prefix(state: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """The same weights without the modules that all of their names begin with."""
    while state and all("." in name for name in state) and len({name.split(".")[0] for name in state}) == 1:
        state = {name.partition(".")[2]: tensor for name, tensor in state.items()}
    return state


def one_code(w_avg: Tensor, w_dim: int, *, dialect: str) -> Float[Tensor, " w"]:
    """A mean w, of a file that may repeat it for every layer.

    Raises:
        CheckpointError: when the layers' means differ, or it is of another length.
    """
    if w_avg.numel() % w_dim:
        raise CheckpointError(
            f"looks like {dialect} but its mean w is {list(w_avg.shape)}, and its w has {w_dim} numbers"
        )
    rows = w_avg.reshape(-1, w_dim)
    if not torch.equal(rows, rows[:1].expand_as(rows)):
        raise CheckpointError(
            f"looks like {dialect} with a mean w of its own for each of {len(rows)} layers; "
            "only one for all can be used"
        )
    return rows[0]


@torch.no_grad()
def mean_code(state: Mapping[str, Tensor], z_dim: int, *, seed: int = 0) -> Float[Tensor, " w"]:
    """The mean w of some thousand codes under the mapping network in these weights (our names, no classes)."""
    layers = sorted({int(m[1]) for name in state if (m := re.fullmatch(r"mapping\.fc(\d+)\.weight", name))})
    outputs = [state[f"mapping.fc{layer}.weight"].shape[0] for layer in layers]
    if not 0 < z_dim <= MAX_CODE:
        raise CheckpointError(
            f"has a mapping network for codes of {z_dim} numbers; 1 to {MAX_CODE} can be drawn"
        )
    mapping = construct(
        lambda: MappingNetwork(z_dim=z_dim, w_dim=outputs[-1], num_layers=len(layers), hidden_dim=outputs[0]),
        {name.removeprefix("mapping."): t for name, t in state.items() if ".fc" in name}
        | {"w_avg": torch.zeros(outputs[-1])},
        architecture="a mapping network",
    )
    codes = torch.from_numpy(draw_rows(NUM_CODES, z_dim, seed=seed))
    return mapping(codes, None).mean(0)
