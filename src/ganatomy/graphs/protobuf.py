"""The wire format of protocol buffers, as far as ONNX files need it: fields by their numbers, nothing copied."""

from __future__ import annotations

from collections.abc import Iterator

from ganatomy.errors import CheckpointError

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
LONGEST = 10
"""Bytes of the longest number."""

Value = int | memoryview


def read_fields(data: memoryview) -> Iterator[tuple[int, Value]]:
    """The fields of a message in their order, each with its number: a number, or the bytes of text or a message.

    Args:
        data: the message.

    Raises:
        CheckpointError: where it is cut off, or no message.

    Example:
        >>> [(number, bytes(value)) for number, value in read_fields(memoryview(bytes([18, 2, 104, 105])))]
        [(2, b'hi')]
    """
    at = 0
    while at < len(data):
        key, at = read_number(data, at)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, at = read_number(data, at)
            yield number, value
            continue
        if kind == BYTES:
            length, at = read_number(data, at)
        elif kind in (FIXED32, FIXED64):
            length = 4 if kind == FIXED32 else 8
        else:
            raise CheckpointError(f"is no protocol buffer: it has a field of kind {kind}")
        if not number or at + length > len(data):
            raise CheckpointError("is cut off or damaged: a field is longer than the file")
        yield number, data[at : at + length]
        at += length


def read_number(data: memoryview, at: int) -> tuple[int, int]:
    """The number that begins at an offset, and the offset behind it.

    Args:
        data: a message.
        at: where the number begins.

    Raises:
        CheckpointError: where it does not end.

    Example:
        >>> read_number(memoryview(bytes([0xAC, 0x02])), 0)
        (300, 2)
    """
    value = 0
    for place, byte in enumerate(data[at : at + LONGEST]):
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, at + place + 1
    raise CheckpointError("is cut off or damaged: a number does not end")
