"""How an ONNX generator takes codes and classes, and gives images: read off its inputs, outputs and last operation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ganatomy.errors import CheckpointError
from ganatomy.generators.guesses import Guess
from ganatomy.graphs.session import DTYPES
from ganatomy.reading import parse_json

RANGES: Mapping[str, tuple[float, float]] = {
    "tanh": (-1.0, 1.0),
    "none": (-1.0, 1.0),
    "sigmoid": (0.0, 1.0),
    "bytes": (0.0, 255.0),
}
"""Values of black and white, by what `output` of `load` says."""
SLACK = 0.05
"""How far interpolation may carry values past black and white."""
_CLASS_NAMES = re.compile(
    r"(^|[^a-z])(label|labels|class|classes|cls|c|y|cond|condition|target)([^a-z]|$)", re.IGNORECASE
)

Layout = Literal["NCHW", "NHWC"]


@dataclass(frozen=True, kw_only=True)
class Port:
    """One input.

    Args:
        dtype: NumPy's name of its numbers.
        shape: None where any length goes.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...]

    def __str__(self) -> str:
        sides = ", ".join("n" if side is None else str(side) for side in self.shape)
        return f"{self.name} {self.dtype} [{sides}]"

    @classmethod
    def of(cls, port: Any) -> Port:
        """An input as onnxruntime describes it."""
        shape = tuple(side if isinstance(side, int) and side > 0 else None for side in port.shape)
        return cls(name=port.name, dtype=DTYPES.get(port.type) or str(port.type), shape=shape)

    @property
    def takes_codes(self) -> bool:
        """Whether it is of floats `[n, d]`, or single pixels of d channels."""
        return self.dtype.startswith("float") and (
            len(self.shape) == 2
            or (len(self.shape) == 4 and 1 in (self.shape[2], self.shape[1]) and self.shape[3] != 3)
        )

    @property
    def takes_classes(self) -> bool:
        """Whether it is of whole numbers, one for each row, or of floats `[n, classes]`."""
        if self.dtype.startswith("int"):
            return len(self.shape) == 1 or (len(self.shape) == 2 and self.shape[1] in (1, None))
        return self.dtype.startswith("float") and len(self.shape) == 2 and self.shape[1] is not None

    @property
    def named_as_class(self) -> bool:
        return bool(_CLASS_NAMES.search(self.name)) or self.dtype.startswith("int")


@dataclass(frozen=True, kw_only=True)
class GraphInputs:
    """Which input takes codes, and which classes.

    Args:
        axes: of one code: `(d,)`, `(d, 1, 1)` or `(1, 1, d)`.
        batch: rows that it takes at a time; None for any.
        classes: None for a generator without.
        guesses: what was assumed.
    """

    codes: Port
    z_dim: int
    axes: tuple[int, ...]
    batch: int | None
    classes: Port | None = None
    guesses: tuple[Guess, ...] = ()

    @property
    def num_classes(self) -> int | None:
        """Of one-hot classes; None where the graph does not say."""
        return self.classes.shape[1] if self.classes and self.classes.dtype.startswith("float") else None


def read_inputs(ports: Sequence[Port]) -> GraphInputs:
    """Which of the inputs are codes and classes.

    Args:
        ports: the inputs of the graph.

    Raises:
        CheckpointError: for a graph that takes anything else.
    """
    told = ", ".join(map(str, ports))
    if len(ports) == 1 and len(ports[0].shape) == 4 and not ports[0].takes_codes:
        raise CheckpointError(f"takes images ({told}), so it can be a scorer but is no generator")
    if not 1 <= len(ports) <= 2:
        raise CheckpointError(
            f"takes {told or 'nothing'}; a generator takes codes [n, d], and perhaps a class"
        )
    codes = [port for port in ports if port.takes_codes and not (len(ports) == 2 and port.named_as_class)]
    guesses: tuple[Guess, ...] = ()
    if len(ports) == 2 and len(codes) == 2:
        codes = codes[:1]
        guesses = (Guess(what="input of the class", chosen=ports[1].name, second=ports[0].name),)
    classes = [port for port in ports if port not in codes]
    if len(codes) != 1 or not all(port.takes_classes for port in classes):
        raise CheckpointError(f"takes {told}; a generator takes codes [n, d], and perhaps a class")
    (port,) = codes
    axes = tuple(1 if side is None else side for side in port.shape[1:])
    if port.shape[-1 if len(axes) == 1 or axes[0] == 1 else 1] is None:
        raise CheckpointError(f"does not say how long its codes are ({port}); export it with a length")
    return GraphInputs(
        codes=port,
        z_dim=max(axes),
        axes=axes,
        batch=port.shape[0],
        classes=classes[0] if classes else None,
        guesses=guesses,
    )


def read_layout(shape: Sequence[int], count: int) -> Layout | None:
    """Where the channels of an output stand; None for one that holds no images.

    Args:
        shape: of the output for so many codes.
        count: of the codes.

    Example:
        >>> read_layout([4, 3, 64, 48], 4), read_layout([4, 64, 48, 3], 4), read_layout([4, 10], 4)
        ('NCHW', 'NHWC', None)
    """
    if len(shape) != 4 or shape[0] != count:
        return None
    if 1 <= shape[1] <= 4 and min(shape[2:]) > 1:
        return "NCHW"
    return "NHWC" if 1 <= shape[3] <= 4 and min(shape[1:3]) > 1 else None


def read_range(
    last: str | None, low: float, high: float, *, output: str | None
) -> tuple[str, tuple[Guess, ...]]:
    """What black and white are, as a word of `RANGES`, and what was assumed.

    Args:
        last: the last operation, which says it where it is tanh or a sigmoid.
        low: least value of a few images.
        high: largest.
        output: what the user says.

    Example:
        >>> read_range("Tanh", -1.0, 0.9, output=None)
        ('tanh', ())
        >>> word, guesses = read_range("Add", 0.1, 0.9, output=None)
        >>> word, guesses[0].sure
        ('sigmoid', False)
    """
    if output is not None:
        return output, ()
    if last in ("Tanh", "Sigmoid"):
        return last.lower(), ()
    if high > 2 and low > -high / 2:
        chosen = "bytes"
    elif low >= -SLACK and high <= 1 + SLACK:
        chosen = "sigmoid"
    else:
        chosen = "none"
    black, white = RANGES[chosen]
    second = "-1 to 1" if chosen == "sigmoid" else "0 to 1"
    guess = Guess(
        what="range of values",
        chosen=f"{black:g} to {white:g}",
        option="output",
        second=second,
        note=f"values of 4 images lie in {low:.2g} to {high:.2g}",
    )
    return chosen, (guess,)


def read_class_names(metadata: Mapping[str, str], num_classes: int) -> tuple[str, ...]:
    """The names of classes that the authors of a file wrote beside it; none where they did not.

    Args:
        metadata: of the file.
        num_classes: that there must be names for.

    Example:
        >>> read_class_names({"classes": '["cat", "dog"]'}, 2)
        ('cat', 'dog')
    """
    for key in ("class_names", "classes", "labels", "names"):
        try:
            found = parse_json(metadata.get(key, ""))
        except ValueError:
            continue
        if isinstance(found, Mapping):
            found = list(found.values())
        if (
            isinstance(found, list)
            and len(found) == num_classes
            and all(isinstance(name, str) for name in found)
        ):
            return tuple(found)
    return ()
