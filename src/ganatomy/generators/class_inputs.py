"""How a conditional generator of the DCGAN family takes its class: as numbers beside z, or as factors of z.

Mirza and Osindero 2014, "Conditional Generative Adversarial Nets"; the product is that of the generators that follow
Odena et al. 2017. Whatever leads from the class to these numbers (one-hot, an embedding, dense layers after it) has one
result for each class, so all of it is one table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor

Join = Literal["first", "last", "multiply"]
JOINS: tuple[Join, ...] = get_args(Join)
USUAL_LENGTHS = {8, 16, 20, 32, 50, 62, 64, 96, 100, 128, 200, 256, 512, 1024}
"""Of z. A first layer that takes ten numbers more may take one of ten classes with it."""
USUAL_CLASSES = 10
COMMON_LENGTHS = {64, 100, 128, 256, 512}
"""Of z, for which other numbers of classes are thought of as well."""
OTHER_CLASSES = (2, 3, 4, 5, 6, 7, 8, 40, 100)


@dataclass(frozen=True, kw_only=True)
class ClassInput:
    """Where the table of classes enters a stack of layers.

    Args:
        num_classes: rows of the table.
        channels: that a class adds to the input of its layer, or multiplies.
        size: pixels a side of a row; one number for each channel where it is 1.
        join: "first" puts a row before the channels of the input, "last" behind them, "multiply" multiplies them.
        at: index of the layer whose input it joins.
    """

    num_classes: int
    channels: int
    size: int = 1
    join: Join = "last"
    at: int = 0

    @property
    def added(self) -> int:
        """Channels by which the input grows."""
        return 0 if self.join == "multiply" else self.channels

    def combine(
        self,
        x: Float[Tensor, "n c h w"],
        labels: Float[Tensor, "n classes"],
        table: Float[Tensor, "classes d t t"],
    ) -> Float[Tensor, "n e h w"]:
        """The input of the layer, with the rows of these (one-hot) labels."""
        rows = (labels.to(table) @ table.flatten(1)).unflatten(1, table.shape[1:])
        if self.join == "multiply":
            return x * rows
        rows = rows.expand(-1, -1, *x.shape[2:])
        return torch.cat([rows, x] if self.join == "first" else [x, rows], dim=1)


def likely_classes(width: int) -> int:
    """How many classes may go in with z, where so many inputs are unusual for z alone; 0 where none.

    Example:
        >>> likely_classes(110), likely_classes(102), likely_classes(100)
        (10, 2, 0)
    """
    if width in USUAL_LENGTHS:
        return 0
    if width - USUAL_CLASSES in USUAL_LENGTHS:
        return USUAL_CLASSES
    return next((number for number in OTHER_CLASSES if width - number in COMMON_LENGTHS), 0)


def may_be_conditional(num_classes: int) -> str:
    """What is asked of a generator whose first layer may take so many classes with z."""
    return (
        f"may be conditional: z and one of {num_classes} classes would go into its first layer, and so would a longer "
        f"z; say which with num_classes={num_classes} or num_classes=0"
    )


def one_hot(num_classes: int) -> Float[Tensor, "classes classes 1 1"]:
    """The table of classes that stand beside z as they are."""
    return torch.eye(num_classes)[:, :, None, None]
