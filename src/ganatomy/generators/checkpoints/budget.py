"""How much a file may unpack to: archives and compressed arrays can claim far more than they hold."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass

from ganatomy.errors import CheckpointError

MAX_EXPANSION = 20
"""How much larger than the file its contents may be in all; trained weights hardly compress."""


@dataclass(kw_only=True)
class UnpackingBudget:
    """Bytes that may still be unpacked from a file of so many bytes."""

    size: int
    left: int

    @classmethod
    def of(cls, size: int) -> UnpackingBudget:
        return cls(size=size, left=MAX_EXPANSION * size + (1 << 20))

    def spend(self, num_bytes: int, what: str) -> None:
        """Take so many bytes; raises CheckpointError when there are not as many left."""
        if num_bytes > self.left:
            raise CheckpointError(
                f"claims {num_bytes} bytes in {what!r} and holds less; it is damaged or hostile"
            )
        self.left -= num_bytes


def read_member(archive: zipfile.ZipFile, name: str, budget: UnpackingBudget) -> bytes:
    """One file of an archive, whose size is checked before and while it is unpacked."""
    info = archive.getinfo(name)
    budget.spend(info.file_size, name)
    with archive.open(info) as member:
        content = member.read(info.file_size + 1)
    if len(content) != info.file_size:
        raise CheckpointError(f"holds {len(content)} bytes in {name!r}, not {info.file_size} as it says")
    return content
