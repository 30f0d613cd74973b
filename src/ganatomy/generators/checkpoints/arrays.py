"""NumPy's archives of arrays (`.npz`), read without pickles.

Keys are names of weights, with "/" or "." between their parts. Where some lie under `state/`, as in a record of a whole
network, those alone are the weights, and `init_kwargs` (JSON) says how the network was built.
"""

from __future__ import annotations

import io
import math
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganatomy.errors import CheckpointError
from ganatomy.generators.checkpoints.budget import UnpackingBudget, read_member
from ganatomy.generators.checkpoints.nvidia import flatten_kwargs
from ganatomy.reading import parse_json, read_whole

STATE = "state/"
SETTINGS = "init_kwargs"
MAX_MEMBERS = 10_000


def read_npz(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The weights in an archive by name, and the settings beside them.

    Raises:
        CheckpointError: when it is damaged, holds objects, or claims more than it can hold.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _read(archive, UnpackingBudget.of(path.stat().st_size))
    except CheckpointError:
        raise
    except Exception as error:  # noqa: BLE001 - damaged archives make zipfile and decompressors raise many things
        first = (str(error) or type(error).__name__).splitlines()[0]
        raise CheckpointError(f"is cut off or damaged: {first}") from None


def read_npy(path: Path) -> Tensor:
    """The array of numbers in a file.

    Raises:
        CheckpointError: when it is damaged, or holds objects.
    """
    try:
        array = _parse_array(read_whole(path), path.name)
    except CheckpointError:
        raise
    except Exception as error:  # noqa: BLE001 - damaged headers make NumPy raise many things
        first = (str(error) or type(error).__name__).splitlines()[0]
        raise CheckpointError(f"is cut off or damaged: {first}") from None
    if array.dtype.kind not in "biuf":
        raise CheckpointError(f"holds {array.dtype}, which are no numbers of codes or directions")
    return _as_tensor(array.astype(array.dtype.newbyteorder("=")), path.name)


def _read(archive: zipfile.ZipFile, budget: UnpackingBudget) -> tuple[dict[str, Tensor], dict[str, Any]]:
    members = {info.filename.removesuffix(".npy"): info.filename for info in archive.infolist()}
    if len(members) > MAX_MEMBERS:
        raise CheckpointError(f"holds {len(members)} arrays, more than any network")
    whole = any(key.startswith(STATE) for key in members)
    state, settings = {}, {}
    for key, member in members.items():
        if whole and key == SETTINGS:
            settings = _read_settings(_parse_array(read_member(archive, member, budget), key))
        elif key.startswith(STATE) or not whole:
            array = _parse_array(read_member(archive, member, budget), key)
            if array.dtype.kind in "biuf":
                # Other byte orders are not torch's.
                native = array.astype(array.dtype.newbyteorder("="))
                state[key.removeprefix(STATE).replace("/", ".")] = _as_tensor(native, key)
    return state, settings


def _parse_array(content: bytes, key: str) -> np.ndarray:
    """The array in a member; its header is believed only as far as there are bytes."""
    stream = io.BytesIO(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # remarks on headers that Python 2 wrote
        version = np.lib.format.read_magic(stream)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }.get(version)
        if read_header is None:
            raise CheckpointError(
                f"holds {key!r} in version {version} of NumPy's format, which no weights need"
            )
        shape, fortran, dtype = read_header(stream)
    if dtype.hasobject or dtype.kind not in "biufcUS":
        raise CheckpointError(
            f"holds objects in {key!r}, which could run code and are not opened; save arrays of numbers"
        )
    data = memoryview(content)[stream.tell() :]
    if any(n < 0 for n in shape) or math.prod(shape) * dtype.itemsize != len(data):
        raise CheckpointError(
            f"claims an array of shape {list(shape)} in {key!r} and holds {len(data)} bytes"
        )
    if not len(data):
        return np.empty(shape, dtype)
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")


def _as_tensor(array: np.ndarray, key: str) -> Tensor:
    try:
        return torch.from_numpy(np.ascontiguousarray(array).reshape(array.shape))
    except TypeError:
        raise CheckpointError(f"holds {array.dtype} numbers in {key!r}, which torch does not have") from None


def _read_settings(array: np.ndarray) -> dict[str, Any]:
    try:
        settings = parse_json(str(array.item()))
    except ValueError as error:
        raise CheckpointError(f"has a damaged {SETTINGS}: {error}") from None
    if not isinstance(settings, dict):
        raise CheckpointError(f"has a damaged {SETTINGS}: a {type(settings).__name__}, not named values")
    return flatten_kwargs(settings)
