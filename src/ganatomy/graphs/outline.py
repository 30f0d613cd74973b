"""What an ONNX file consists of: operations, weights and names, read without running or unpacking anything.

A file is refused here before a library in C++ opens it: where it repeats operations (which can be made to last for
ever), has weights in a file that is not beside it, or claims more weights than it holds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ganatomy.errors import CheckpointError
from ganatomy.graphs.protobuf import Value, read_fields, read_number
from ganatomy.reading import read_whole

MOST_BYTES = 2 << 30
"""No protocol buffer is longer; larger weights lie in files beside it."""
MAX_NODES = 100_000
MAX_DEPTH = 8
"""Graphs within graphs."""
ENDLESS = {"Loop", "Scan"}
SHAPING = {"Cast", "Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"}
"""Operations that move numbers without changing them."""
BYTES_OF = {1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8, 16: 2}
"""Bytes of a number, by ONNX's numbers of its types."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """One operation."""

    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class GraphOutline:
    """A graph without its numbers.

    Args:
        weights: how many numbers each has, by name.
        metadata: what its authors wrote beside it.
        files: names of files beside it that hold weights.
    """

    nodes: tuple[Node, ...]
    weights: Mapping[str, int]
    metadata: Mapping[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()

    @property
    def num_weights(self) -> int:
        return sum(self.weights.values())

    def last(self, output: str) -> str | None:
        """The operation that computes an output, apart from those that only move numbers; None where there is none."""
        makers = {name: node for node in self.nodes for name in node.outputs}
        for _ in range(len(self.nodes)):
            node = makers.get(output)
            if node is None or node.kind not in SHAPING or not node.inputs:
                return node and node.kind
            output = node.inputs[0]
        return None


def read_outline(path: Path) -> GraphOutline:
    """The outline of an ONNX file.

    Args:
        path: of the file.

    Raises:
        CheckpointError: for a file that is damaged, or refused as the module says.
    """
    try:
        data = memoryview(read_whole(path, most=MOST_BYTES))
    except OSError as error:
        raise CheckpointError(f"cannot be read: {error.strerror}") from None
    reading = _Reading()
    graphs = 0
    for number, value in read_fields(data):
        if number == 7:
            reading.graph(_message(value), depth=0)
            graphs += 1
        elif number == 14:
            key, text = _entry(value)
            reading.metadata[key] = text
        elif number == 25:
            raise CheckpointError(
                "defines operations of its own, which are not read; export it with inlined functions"
            )
    if graphs != 1:
        raise CheckpointError(f"holds {graphs} graphs, and no ONNX file holds other than one")
    for name, needed in reading.files.items():
        beside = path.parent / name
        if not beside.is_file():
            raise CheckpointError(f"keeps its weights in {name!r}, which must lie beside it")
        if beside.stat().st_size < needed:
            raise CheckpointError(f"claims {needed} bytes of {name!r}, which holds less")
    return GraphOutline(
        nodes=tuple(reading.nodes),
        weights=reading.weights,
        metadata=reading.metadata,
        files=tuple(reading.files),
    )


class _Reading:
    """An outline in the making."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.weights: dict[str, int] = {}
        self.metadata: dict[str, str] = {}
        self.files: dict[str, int] = {}

    def graph(self, data: memoryview, *, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise CheckpointError(f"has graphs within graphs, more than {MAX_DEPTH} deep")
        for number, value in read_fields(data):
            if number == 1:
                self.node(_message(value), depth=depth)
            elif number == 5:
                self.weight(_message(value))

    def node(self, data: memoryview, *, depth: int) -> None:
        kind, inputs, outputs = "", [], []
        for number, value in read_fields(data):
            if number == 1:
                inputs.append(_text(value))
            elif number == 2:
                outputs.append(_text(value))
            elif number == 4:
                kind = _text(value)
            elif number == 5:
                self.attribute(_message(value), depth=depth)
        if kind in ENDLESS:
            raise CheckpointError(f"has an operation {kind}, which repeats others and is not run")
        self.nodes.append(Node(kind=kind, inputs=tuple(inputs), outputs=tuple(outputs)))
        if len(self.nodes) > MAX_NODES:
            raise CheckpointError(f"has more than {MAX_NODES} operations")

    def attribute(self, data: memoryview, *, depth: int) -> None:
        for number, value in read_fields(data):
            if number in (5, 10):
                self.weight(_message(value))
            elif number in (6, 11):
                self.graph(_message(value), depth=depth + 1)

    def weight(self, data: memoryview) -> None:
        """A tensor: its size must be that of its numbers."""
        dims: list[int] = []
        name, kind, external, places, held = "", 0, False, {}, 0
        for number, value in read_fields(data):
            if number == 1:
                dims += _numbers(value)
            elif number == 2:
                kind = value if isinstance(value, int) else 0
            elif number == 8:
                name = _text(value)
            elif number == 13:
                key, text = _entry(value)
                places[key] = text
            elif number == 14:
                external = value == 1
            elif isinstance(value, memoryview):
                held += len(value)
        count = math.prod(dims)
        needed = count * BYTES_OF.get(kind, 0)
        if external:
            self.beside(places, needed)
        elif any(dim >= 2**63 for dim in dims) or count * (kind in BYTES_OF) > max(held, 1) * 8:
            raise CheckpointError(
                f"claims {count} numbers in {name!r} and holds {held} bytes; it is damaged or hostile"
            )
        self.weights[name] = count

    def beside(self, places: Mapping[str, str], needed: int) -> None:
        """Note weights that lie in another file."""
        name = places.get("location", "")
        if not name or name != Path(name).name or name in (".", ".."):
            raise CheckpointError(f"keeps its weights in {name!r}, which is no file beside it")
        try:
            offset = int(places.get("offset", "0"))
        except ValueError:
            offset = -1
        if offset < 0:
            raise CheckpointError(f"has weights at place {places.get('offset')!r} of {name!r}")
        self.files[name] = max(self.files.get(name, 0), offset + needed)


def _message(value: Value) -> memoryview:
    if isinstance(value, int):
        raise CheckpointError("is damaged: it has a number where a message is due")
    return value


def _text(value: Value) -> str:
    return bytes(_message(value)).decode("utf-8", "replace")


def _entry(value: Value) -> tuple[str, str]:
    """A key and its text."""
    found = {number: _text(each) for number, each in read_fields(_message(value))}
    return found.get(1, ""), found.get(2, "")


def _numbers(value: Value) -> Iterator[int]:
    """One number, or several that are packed into bytes."""
    if isinstance(value, int):
        yield value
        return
    at = 0
    while at < len(value):
        number, at = read_number(value, at)
        yield number
