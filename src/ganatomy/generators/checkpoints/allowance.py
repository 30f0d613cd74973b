"""How large a network a file may have built: not much larger than the weights that it holds.

Sizes come from settings and from shapes, and a file of a kilobyte can claim any. Layers are made before weights are put
into them, so what they ask for is counted while they are made.
"""

from __future__ import annotations

import contextlib
import math
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from ganatomy.errors import CheckpointError, GanatomyError

_FACTORIES = {torch.empty, torch.zeros, torch.ones, torch.randn, torch.rand}
_STUMBLES = (ArithmeticError, AttributeError, LookupError, MemoryError, RuntimeError, TypeError, ValueError)
SPARE = 1 << 20
TRIED = 1 << 29
"""Numbers that may be made where several readings of the same weights are tried one after another: 2 GB."""


@contextlib.contextmanager
def building_from(state: Mapping[str, Tensor]) -> Iterator[None]:
    """While the block lasts, this thread makes no more and no larger tensors than go with these weights.

    Raises:
        CheckpointError: when it would; and for whatever else a network stumbles over that does not fit its weights.
    """
    try:
        with _Allowance(state), warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # torch's remarks on layers of no width, which do not fit in the end
            yield
    except GanatomyError:
        raise
    except _STUMBLES as error:
        reason = (str(error) or type(error).__name__).splitlines()
        raise CheckpointError(
            f"has settings and weights that do not fit: {' '.join(reason[:2])[:300]}"
        ) from None


class _Allowance(TorchFunctionMode):
    def __init__(self, state: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.held = sum(tensor.numel() for tensor in state.values())
        self.largest = self.held + SPARE
        self.numbers = max(4 * self.held + SPARE, min(100 * self.held, TRIED))
        self.tensors = 200 * len(state) + 5000

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func in _FACTORIES:
            wanted = math.prod(_whole_numbers((*args, kwargs.get("size", ()))))
            self.tensors -= 1
            self.numbers -= wanted
            if wanted > self.largest or self.numbers < 0 or self.tensors < 0:
                raise CheckpointError(
                    f"describes a network far larger than the {self.held:,} numbers in it; it is damaged or hostile"
                )
        return func(*args, **kwargs)


def _whole_numbers(values: Iterable[Any]) -> Iterator[int]:
    for value in values:
        if isinstance(value, int):
            yield value
        elif isinstance(value, tuple | list):
            yield from _whole_numbers(value)
