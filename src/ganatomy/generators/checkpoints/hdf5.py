"""HDF5 files, as far as Keras needs them: groups, texts, and arrays of numbers that lie in the file itself.

HDF5 can point to other files, compute arrays from others, and claim sizes that it does not hold. None of that is
followed: links are checked before they are opened, and sizes before memory is asked for.
"""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

import h5py
import numpy as np
from h5py import h5o  # pyright: ignore[reportAttributeAccessIssue]  (compiled, without stubs)

from ganatomy.errors import CheckpointError
from ganatomy.generators.checkpoints.budget import UnpackingBudget
from ganatomy.generators.checkpoints.hdf5_texts import MAX_TEXT, Texts

MAX_PIECES = 64
_FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32, h5py.h5z.FILTER_LZF}


@dataclass(frozen=True, kw_only=True)
class HDF5:
    """An open file.

    Args:
        budget: bytes of arrays that may still be read from it.
    """

    root: h5py.Group
    texts: Texts
    budget: UnpackingBudget


@contextlib.contextmanager
def open_hdf5(content: bytes) -> Iterator[HDF5]:
    """A file, given all its bytes; whatever its reading stumbles over becomes a CheckpointError."""
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            yield HDF5(root=file, texts=Texts(content), budget=UnpackingBudget.of(len(content)))
    except CheckpointError:
        raise
    except Exception as error:  # noqa: BLE001 - a damaged file makes the library raise whatever it stumbles over
        first = (str(error) or type(error).__name__).splitlines()[0]
        raise CheckpointError(f"is cut off or damaged: {first}") from None


def find(group: h5py.Group, path: str) -> h5py.Group | h5py.Dataset | None:
    """What lies at a path, each step of which must be in this very file; None where nothing does."""
    here: h5py.Group | h5py.Dataset = group
    for name in path.split("/"):
        link = here.get(name, getlink=True) if isinstance(here, h5py.Group) else None
        if link is None:
            return None
        if not isinstance(link, h5py.HardLink):
            raise CheckpointError(f"points elsewhere at {path!r}, which is not followed; save the model anew")
        here = cast(h5py.Group | h5py.Dataset, here[name])
    return here


def find_group(group: h5py.Group, path: str) -> h5py.Group | None:
    """The group at a path, if there is one."""
    found = find(group, path)
    return found if isinstance(found, h5py.Group) else None


def walk(group: h5py.Group, *, limit: int, depth: int = 6) -> Iterator[tuple[str, h5py.Dataset]]:
    """All datasets under a group with their paths, at most so many groups deep.

    Raises:
        CheckpointError: for more than `limit` of them, or links to elsewhere.
    """
    waiting: list[tuple[str, h5py.Group | h5py.Dataset]] = [("", group)]
    seen = 0
    while waiting:
        path, here = waiting.pop()
        if isinstance(here, h5py.Dataset):
            yield path, here
            continue
        for name in map(str, here) if path.count("/") < depth else ():
            found = find(here, name)
            seen += 1
            if seen > limit:
                raise CheckpointError(f"holds more than {limit} groups and arrays; it is damaged or hostile")
            if isinstance(found, h5py.Group | h5py.Dataset):
                waiting.append((f"{path}/{name}" if path else name, found))


def read_texts(file: HDF5, group: h5py.Group, name: str) -> list[str] | None:
    """An attribute that holds words, also where it was cut into pieces for being long; None where there is none."""
    pieces = [name] if name in group.attrs else []
    while not (pieces[:1] == [name] or len(pieces) == MAX_PIECES) and f"{name}{len(pieces)}" in group.attrs:
        pieces.append(f"{name}{len(pieces)}")
    return [text for piece in pieces for text in _texts(file, group, piece)] if pieces else None


def read_array(dataset: h5py.Dataset, budget: UnpackingBudget) -> np.ndarray:
    """The numbers of a dataset, once its kind and its size are those of weights that the file can hold."""
    name, dtype = str(dataset.name), dataset.dtype
    if dtype.kind not in "fiu" or dtype.itemsize > 8:
        raise CheckpointError(f"holds {_kind_of(dtype)} in {name!r}, where weights should be")
    if dataset.is_virtual or dataset.external:
        raise CheckpointError(f"keeps {name!r} in another file, which is not followed; save the model anew")
    settings = dataset.id.get_create_plist()
    filters = {settings.get_filter(index)[0] for index in range(settings.get_nfilters())}
    if not filters <= _FILTERS:
        raise CheckpointError(f"compresses {name!r} in a way that needs a plug-in; save the model anew")
    if dataset.shape is None or len(dataset.shape) > 4:
        raise CheckpointError(f"holds no weights in {name!r}, but an array of shape {dataset.shape}")
    size = math.prod(dataset.shape) * dtype.itemsize
    chunk = math.prod(dataset.chunks) * dtype.itemsize if dataset.chunks else 0
    held = budget.left if filters else min(budget.size, budget.left)
    if max(size, chunk) > held or (size and not dataset.id.get_storage_size()):
        raise CheckpointError(
            f"claims an array of shape {list(dataset.shape)} in {name!r} and holds less; it is damaged or hostile"
        )
    budget.spend(size, name)
    return dataset[()]


def read_arrays(
    group: h5py.Group, names: Mapping[str, str], budget: UnpackingBudget
) -> dict[str, np.ndarray]:
    """The datasets at these paths, by their keys."""
    arrays = {}
    for key, path in names.items():
        dataset = find(group, path)
        if not isinstance(dataset, h5py.Dataset):
            raise CheckpointError(f"holds no array {path!r}, which it says that it has")
        arrays[key] = read_array(dataset, budget)
    return arrays


def _texts(file: HDF5, group: h5py.Group, name: str) -> list[str]:
    attribute = group.attrs.get_id(name)
    if attribute.shape == (0,):
        return []  # an empty list of names, which is stored as numbers
    kind = h5py.check_string_dtype(attribute.dtype)
    if kind is None or attribute.shape is None:
        raise CheckpointError(f"holds {_kind_of(attribute.dtype)} in {name!r}, where a text should be")
    if kind.length is None:
        address = h5o.get_info(group.id).addr
        texts = file.texts.read(address, name, math.prod(attribute.shape))
    else:
        if attribute.get_storage_size() > MAX_TEXT:
            raise CheckpointError(f"holds too long a text in {name!r}; it is damaged or hostile")
        texts = list(np.atleast_1d(np.asarray(group.attrs[name], dtype=np.bytes_)).flat)
    return [text.decode("utf-8", "replace") for text in texts]


def _kind_of(dtype: np.dtype) -> str:
    return "objects" if dtype.kind == "O" else f"values of type {dtype}"
