"""Records of tensors and arrays, made into tensors: their numbers are read here, and only when they are wanted."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ganatomy.errors import CheckpointError
from ganatomy.generators.checkpoints.inert import StoredArray, StoredModule, StoredTensor


def storage_of(data: bytearray) -> torch.UntypedStorage:
    """The storage whose bytes these are."""
    return torch.frombuffer(data, dtype=torch.uint8).untyped_storage() if data else torch.UntypedStorage(0)


class TensorReader:
    """Tensors of the records in one file; each storage is read once, however many tensors share it.

    Args:
        size: bytes of the file. All tensors together may take twice that, each counted as often as it is asked for:
            tied weights are normal, but a storage that is shown a thousand times would be converted a thousand times.
    """

    def __init__(self, size: int) -> None:
        self.left = 2 * size
        self._storages: dict[int, torch.UntypedStorage] = {}

    def tensor(self, stored: StoredTensor | StoredArray) -> Tensor:
        """Its numbers, read now.

        Raises:
            CheckpointError: when they are damaged, or when all are more than the file can hold.
        """
        if isinstance(stored, StoredArray):
            self._spend(stored.array.nbytes)
            # Other byte orders and read-only memory are not torch's.
            return torch.from_numpy(stored.array.astype(stored.array.dtype.newbyteorder("=")))
        key = id(stored.storage)
        if key not in self._storages:
            self._storages[key] = stored.storage.load()
        try:
            tensor = torch.empty(0, dtype=stored.dtype).set_(
                self._storages[key], stored.offset, stored.shape, stored.strides
            )
        except RuntimeError as error:
            raise CheckpointError(f"holds a damaged tensor: {str(error).splitlines()[0]}") from None
        self._spend(tensor.numel() * tensor.element_size())
        return tensor

    def tree(self, value: Any) -> Any:
        """The same nesting of dictionaries, lists and modules, with tensors in the place of records."""
        return self._tree(value, {})

    def _tree(self, value: Any, seen: dict[int, Any]) -> Any:
        if not isinstance(value, StoredTensor | StoredArray | StoredModule | dict | list | tuple):
            return value
        if id(value) not in seen:
            if isinstance(value, StoredTensor | StoredArray):
                seen[id(value)] = self.tensor(value)
            elif isinstance(value, StoredModule):
                seen[id(value)] = StoredModule(value.class_name, self._tree(value.attributes, seen))
            elif isinstance(value, dict):
                seen[id(value)] = {key: self._tree(item, seen) for key, item in value.items()}
            else:
                seen[id(value)] = [self._tree(item, seen) for item in value]
        return seen[id(value)]

    def _spend(self, num_bytes: int) -> None:
        self.left -= num_bytes
        if self.left < 0:
            raise CheckpointError("shows the same numbers as many tensors; it is hostile")
