"""Texts of open length in HDF5 files, read byte by byte.

HDF5 keeps them in heaps, and the library walks damaged heaps for ever or asks for as much memory as a text claims. So
they are read here, as "HDF5 File Format Specification Version 3.0" lays them out: an object's header (IV.A) holds
attribute messages (IV.A.2.m), whose data are a length, the address of a heap and an index in it (III.E).
"""

from __future__ import annotations

from collections.abc import Iterator

from ganatomy.errors import CheckpointError

ATTRIBUTE, CONTINUATION = 0x0C, 0x10
DESCRIPTOR = 16
MAX_BLOCKS = 64
MAX_TEXT = 1 << 24
"""Bytes that all texts of one attribute may have; descriptions of models have some thousands."""


class Texts:
    """The texts of one file, given all its bytes."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self._heaps: dict[int, dict[int, tuple[int, int]]] = {}
        # Addresses and lengths may have other sizes than eight bytes, but nobody writes such files.
        sizes = content[13:15] if content[8:9] in (b"\0", b"\x01") else content[9:11]
        self.usual = sizes == b"\x08\x08"

    def read(self, header: int, name: str, count: int) -> list[bytes]:
        """The texts of an attribute.

        Args:
            header: address of the object that has it.
            count: how many texts it has.

        Raises:
            CheckpointError: where they are not where they should be, or are too long.
        """
        data = self._attribute(header, name.encode())
        if len(data) < count * DESCRIPTOR:
            raise CheckpointError(
                f"claims {count} texts in {name!r} and holds less; it is damaged or hostile"
            )
        texts, total = [], 0
        for at in range(0, count * DESCRIPTOR, DESCRIPTOR):
            length, heap, index = (
                int.from_bytes(data[at + low : at + high], "little")
                for low, high in ((0, 4), (4, 12), (12, 16))
            )
            total += length
            if total > MAX_TEXT:
                raise CheckpointError(f"holds too long a text in {name!r}; it is damaged or hostile")
            texts.append(self._item(heap, index, length))
        return texts

    def _attribute(self, header: int, name: bytes) -> bytes:
        for kind, message in self._messages(header):
            if kind != ATTRIBUTE or len(message) < 9:
                continue
            # Parts are padded to eight bytes in the first version, and a byte names the encoding since the third.
            padded, begin = message[0] == 1, 9 if message[0] == 3 else 8
            sizes = [int.from_bytes(message[low : low + 2], "little") for low in (2, 4, 6)]
            if message[begin : begin + sizes[0]].rstrip(b"\0") == name:
                return message[begin + sum(-(-size // 8) * 8 if padded else size for size in sizes) :]
        raise CheckpointError(f"holds {name.decode()!r} in an unusual place; save the model anew")

    def _messages(self, header: int) -> Iterator[tuple[int, bytes]]:
        """The messages of an object's header, with all blocks that continue it."""
        start = self._bytes(header, 16)
        if not self.usual:
            raise CheckpointError("is an HDF5 file with unusual addresses; save the model anew")
        new = start[:4] == b"OHDR"
        if new:
            flags = start[5]
            tracked = bool(flags & 0x04)
            at = header + 6 + 16 * bool(flags & 0x20) + 4 * bool(flags & 0x10)
            width = 1 << (flags & 3)
            blocks = [(at + width, self._number(at, width))]
        else:
            tracked = False
            blocks = [(header + 16, int.from_bytes(start[8:12], "little"))]
        head = 8 if not new else 6 if tracked else 4
        for done in range(MAX_BLOCKS):
            if done == len(blocks):
                return
            at, length = blocks[done]
            end = min(at + length, len(self.content))
            while at + head <= end:
                kind = self._number(at, 1 if new else 2)
                size = self._number(at + (1 if new else 2), 2)
                message = self.content[at + head : min(at + head + size, end)]
                if kind == CONTINUATION and len(message) >= 16:
                    place, length = (int.from_bytes(message[low : low + 8], "little") for low in (0, 8))
                    # Later blocks of new headers have a signature and a checksum around their messages.
                    blocks.append((place + 4, length - 8) if new else (place, length))
                yield kind, message
                at += head + size

    def _item(self, heap: int, index: int, length: int) -> bytes:
        if not length:
            return b""
        if heap not in self._heaps:
            self._heaps[heap] = dict(self._items(heap))
        start, size = self._heaps[heap].get(index, (0, 0))
        if length > size:
            raise CheckpointError(
                f"claims a text of {length} bytes and holds {size}; it is damaged or hostile"
            )
        return self.content[start : start + length]

    def _items(self, heap: int) -> Iterator[tuple[int, tuple[int, int]]]:
        """Where each text of a heap begins, and how long it is, by its index."""
        head = self._bytes(heap, 16)
        if head[:4] != b"GCOL":
            raise CheckpointError("is cut off or damaged: a text lies outside of all heaps")
        at, end = heap + 16, min(heap + int.from_bytes(head[8:], "little"), len(self.content))
        while at + 16 <= end:
            index, size = self._number(at, 2), self._number(at + 8, 8)
            if index == 0 or at + 16 + size > end:
                return  # free space is the last item
            yield index, (at + 16, size)
            at += 16 + -(-size // 8) * 8

    def _number(self, at: int, width: int) -> int:
        return int.from_bytes(self.content[at : at + width], "little")

    def _bytes(self, at: int, length: int) -> bytes:
        found = self.content[at : at + length]
        if len(found) < length:
            raise CheckpointError("is cut off or damaged: it points behind its own end")
        return found
