"""PyTorch's own files: archives of one pickle and a member for each storage, and the older ones of `legacy`.

TorchScript's are such archives too, with code beside the pickle that is not looked at.

Neither is given to `torch.load`: the pickle goes through the reader that all pickles go through, and the numbers are
bytes at a known place. So what is refused, and how much memory a claim may cost, does not depend on torch's version.
"""

from __future__ import annotations

import io
import os
import sys
import zipfile
from pathlib import Path
from typing import Any

import torch

from ganatomy.errors import CheckpointError, in_file
from ganatomy.generators.checkpoints.inert import STORAGES, Name, Storage, item_size
from ganatomy.generators.checkpoints.legacy import read_legacy
from ganatomy.generators.checkpoints.machine import interpret
from ganatomy.generators.checkpoints.tensors import TensorReader, storage_of
from ganatomy.reading import read_whole

MAX_DIRECTORY = 1 << 24


def load_torch(path: Path) -> Any:
    """What `torch.save` put in a file: tensors, and dictionaries and lists of them.

    Raises:
        CheckpointError: when the file is cut off, damaged, or asks for code to be run.
    """
    try:
        with in_file(path):
            with path.open("rb") as file:
                zipped = file.read(2) == b"PK"
            if zipped:
                with _Bounded(path) as file, zipfile.ZipFile(file) as archive:
                    file.limit = sys.maxsize
                    return _read_archive(archive, path.stat().st_size)
            data = read_whole(path)
            return TensorReader(len(data)).tree(read_legacy(data))
    except CheckpointError:
        raise
    except MemoryError:
        raise CheckpointError(
            f"{path} asks for more memory than there is; it is damaged or hostile"
        ) from None
    except Exception as error:  # noqa: BLE001 - a damaged archive makes zipfile raise whatever it stumbles over
        first = (str(error) or type(error).__name__).splitlines()[0]
        raise CheckpointError(f"{path} is cut off or damaged: {first}") from None


class _Bounded(io.FileIO):
    """A file that gives an archive's directory only if it is of bearable length: members cost far more than bytes."""

    limit = MAX_DIRECTORY

    def read(self, size: int | None = -1) -> bytes:
        left = os.fstat(self.fileno()).st_size - self.tell()
        size = left if size is None or size < 0 else min(size, left)
        if size > self.limit:
            raise CheckpointError(
                f"has a directory of more than {MAX_DIRECTORY >> 20} MB; it is damaged or hostile"
            )
        return super().read(size) or b""


def _read_archive(archive: zipfile.ZipFile, size: int) -> Any:
    folder = _check_archive(archive, size)
    members = {member.filename: member for member in archive.infolist()}
    order = archive.read(f"{folder}byteorder") if f"{folder}byteorder" in members else b"little"
    if order.strip() not in (b"little", b"big"):
        raise CheckpointError(f"has numbers in the byte order {order[:20]!r}; it is damaged or hostile")
    storages: dict[str, Storage] = {}

    def storage(claim: Any) -> Storage:
        match claim:
            case ("storage", Name(kind), str(key), str(), int(count)) if kind in STORAGES:
                member = members.get(f"{folder}data/{key}")
                needed = count * item_size(kind)
                if member is None or not 0 <= needed <= member.file_size:
                    held = "nothing" if member is None else f"{member.file_size:,} bytes"
                    raise CheckpointError(
                        f"is cut off or damaged: it claims {count:,} numbers and holds {held}"
                    )
                if key not in storages:
                    storages[key] = Storage(
                        kind=kind, num_bytes=needed, load=lambda: _numbers(archive, member, kind, order)
                    )
                elif (storages[key].kind, storages[key].num_bytes) != (kind, needed):
                    raise CheckpointError("describes the same numbers in two ways; it is damaged or hostile")
                return storages[key]
            case _:
                raise CheckpointError("refers to something that is no storage of numbers, which is not read")

    content = interpret(io.BytesIO(archive.read(f"{folder}data.pkl")), persistent=storage)
    return TensorReader(size).tree(content)


def _numbers(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, kind: str, order: bytes
) -> torch.UntypedStorage:
    storage = storage_of(bytearray(archive.read(member)))
    dtype = STORAGES[kind]
    if order.strip() != sys.byteorder.encode() and dtype is not None:
        storage.byteswap(dtype)
    return storage


def _check_archive(archive: zipfile.ZipFile, size: int) -> str:
    """The folder within the archive that everything lies in.

    Raises:
        CheckpointError: when torch.save would not have written an archive like this.
    """
    members = archive.infolist()
    names = [member.filename for member in members]
    pickles = [name for name in names if name.rpartition("/")[2] == "data.pkl"]
    if not pickles:
        raise CheckpointError("is a zip archive, but not one that torch.save wrote")
    if len(pickles) > 1 or len(set(names)) < len(names):
        raise CheckpointError(
            "holds members of the same name, which readers take for one another; it is hostile"
        )
    folder = pickles[0].removesuffix("data.pkl")
    # The code in a TorchScript archive is not read, so it may be what it likes.
    members = [member for member in members if not member.filename.startswith(f"{folder}code/")]
    for member in members:
        if ".." in member.filename.split("/") or member.filename.startswith("/") or "\\" in member.filename:
            raise CheckpointError(
                f"holds a member that would lie outside: {member.filename[:60]!r}; it is hostile"
            )
        if member.flag_bits & 1:
            raise CheckpointError("is an encrypted archive, which torch.save does not write; save it anew")
        if member.compress_type != zipfile.ZIP_STORED:
            raise CheckpointError("is a compressed archive, which torch.save does not write; save it anew")
    if sum(member.file_size for member in members) > size:
        raise CheckpointError("holds members that overlap or end beyond it; it is damaged or hostile")
    return folder
