"""Building a network from weights of unknown origin, at no more cost than the weights themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ganatomy.errors import CheckpointError

M = TypeVar("M", bound=nn.Module)


def construct(build: Callable[[], M], state: Mapping[str, Tensor], *, architecture: str) -> M:
    """The network that `build` makes, ready for use and with these weights.

    It is made without memory of its own, so sizes that a hostile file only claims cost nothing.

    Raises:
        CheckpointError: when weights are missing, left over, or of shapes that do not fit.
    """
    try:
        with torch.device("meta"), _ShapesOnly():
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


_DRAWN = (torch.randn, torch.rand)
_ELEMENTWISE = (
    torch.hypot, torch.Tensor.div, torch.Tensor.exp, torch.Tensor.mul, torch.Tensor.pow, torch.Tensor.sqrt,
    torch.Tensor.square, torch.Tensor.sub,
)  # fmt: skip
"""What networks do with the numbers that they begin with."""


class _ShapesOnly(TorchFunctionMode):
    """Initial values of tensors without memory by their shapes; torch's own way imports a compiler, for a second."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func in _DRAWN:
            return torch.empty(*args, **kwargs)
        tensors = [value for value in args if isinstance(value, Tensor)]
        if func in _ELEMENTWISE and all(tensor.is_meta for tensor in tensors):
            return torch.empty(np.broadcast_shapes(*(tensor.shape for tensor in tensors)))
        return func(*args, **kwargs)
