"""PyTorch's files from before 1.6, which NVIDIA's pickles also hold one of for each tensor: pickles, then numbers.

Five pickles (a magic number, a version, facts of the machine, the object, the names of its storages) are followed by
each storage: its length and its bytes. Everything that they claim is held against what is there. The storages within
NVIDIA's pickles are checked so as well, and then read by `torch.load(weights_only=True)` when they are wanted.
"""

from __future__ import annotations

import io
import warnings
from typing import Any

import torch

from ganatomy.errors import CheckpointError
from ganatomy.generators.checkpoints.inert import STORAGES, Name, Storage, Stranger, item_size
from ganatomy.generators.checkpoints.machine import interpret
from ganatomy.generators.checkpoints.tensors import storage_of

MAGIC = 0x1950A86A20F9469CFC6C
MAGIC_BYTES = MAGIC.to_bytes(10, "little")
VERSION = 1001


def read_legacy(data: bytes) -> Any:
    """The object in such a file, as inert values, once all its claims are found to be true.

    Raises:
        CheckpointError: for anything that torch would not have written; the message lacks its subject.
    """
    stream, storages = io.BytesIO(data), {}
    starts: dict[str, int] = {}

    def storage(claim: Any) -> Any:
        match claim:
            case ("storage", Name(kind), str(key), str(), int(count), None) if kind in STORAGES:
                needed = count * item_size(kind)
                if not 0 <= needed <= len(data):
                    raise CheckpointError(
                        f"is cut off or damaged: it claims {count:,} numbers in {len(data):,} bytes"
                    )
                if key not in storages:
                    storages[key] = Storage(
                        kind=kind,
                        num_bytes=needed,
                        load=lambda: storage_of(bytearray(_part(data, starts[key], needed))),
                    )
                elif (storages[key].kind, storages[key].num_bytes) != (kind, needed):
                    raise CheckpointError("describes the same numbers in two ways; it is damaged or hostile")
                return storages[key]
            case ("module", (Name() | Stranger()) as kind, str() | None, str() | None):
                return kind  # with the source text of the class, which is left out
            case ("storage", Name(), str(), str(), int(), tuple()):
                raise CheckpointError(
                    "is of a PyTorch before 0.4, with storages within storages; save it anew"
                )
            case _:
                raise CheckpointError("refers to something that is no storage of numbers, which is not read")

    magic, version, _ = (interpret(stream, builders={}) for _ in range(3))
    if magic != MAGIC or version != VERSION:
        raise CheckpointError("is not a file that torch.save wrote, or is of a version that is not known")
    content = interpret(stream, persistent=storage)
    keys = interpret(stream, builders={})
    if (
        not isinstance(keys, list)
        or len(keys) != len(storages)
        or {str(key) for key in keys} != set(storages)
    ):
        raise CheckpointError("is cut off or damaged: its list of storages does not agree with their use")
    position = stream.tell()
    for key in keys:
        starts[key] = position + 8
        count, needed = int.from_bytes(data[position : position + 8], "little"), storages[key].num_bytes
        position += 8 + needed
        if count * item_size(storages[key].kind) != needed or position > len(data):
            raise CheckpointError(
                f"is cut off or damaged: it claims {needed:,} bytes of numbers and holds others"
            )
    return content


def _part(data: bytes, start: int, length: int) -> memoryview:
    return memoryview(data)[start : start + length]


def check_storage(data: Any) -> Storage:
    """The storage in a `torch.save` that is kept inside another pickle; its bytes stay as they are until needed."""
    if not isinstance(data, bytes):
        raise CheckpointError("holds numbers that are no bytes; it is damaged or hostile")
    try:
        found = read_legacy(data)
    except CheckpointError as error:
        raise CheckpointError(f"holds a tensor within that {error}") from None
    if not isinstance(found, Storage):
        raise CheckpointError(
            f"holds a {type(found).__name__} where the numbers of a tensor should be; it is damaged or hostile"
        )
    return Storage(kind=found.kind, num_bytes=found.num_bytes, load=lambda: _load_storage(data))


def _load_storage(data: bytes) -> torch.UntypedStorage:
    """The numbers, by torch itself."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # torch's remarks on old formats do not help whoever loads the file
            found = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # noqa: BLE001 - a damaged file makes torch raise whatever it stumbles over
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise CheckpointError(f"holds a damaged tensor: {reason}") from None
    # The public way from one kind of storage to the other warns that the first will go.
    return found._untyped_storage if isinstance(found, torch.TypedStorage) else found  # noqa: SLF001
