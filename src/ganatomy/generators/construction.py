"""Building a network from weights of unknown origin, at no more cost than the weights themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import torch
from torch import Tensor, nn

from ganatomy.errors import CheckpointError

M = TypeVar("M", bound=nn.Module)


def construct(build: Callable[[], M], state: Mapping[str, Tensor], *, architecture: str) -> M:
    """The network that `build` makes, ready for use and with these weights.

    It is made without memory of its own, so sizes that a hostile file only claims cost nothing.

    Raises:
        CheckpointError: when weights are missing, left over, or of shapes that do not fit.
    """
    try:
        with torch.device("meta"):
            model = build()
        copies = {name: tensor.clone(memory_format=torch.contiguous_format) for name, tensor in state.items()}
        model.load_state_dict(copies, assign=True)
    except CheckpointError:
        raise
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        reason = str(error).splitlines()
        raise CheckpointError(
            f"weights look like {architecture} but do not fit it: {' '.join(reason[:2])}"
        ) from None
    return model.eval().requires_grad_(False)
