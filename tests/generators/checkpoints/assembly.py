"""Pickles by their instructions, and the archives that torch keeps them in: for files that no program would write."""

from __future__ import annotations

import io
import pickle
import struct
import tarfile
import zipfile


def push(text: str | bytes | int) -> bytes:
    """Instructions that put a value on the stack."""
    if isinstance(text, int):
        number = text.to_bytes(max((text.bit_length() + 8) // 8, 1), "little", signed=True)
        return b"\x8a" + bytes([len(number)]) + number
    if isinstance(text, bytes):
        return b"B" + struct.pack("<I", len(text)) + text
    return b"X" + struct.pack("<I", len(text.encode())) + text.encode()


def name(module_name: str, attribute: str) -> bytes:
    return f"c{module_name}\n{attribute}\n".encode()


def call(function: bytes, *args: bytes) -> bytes:
    return function + b"(" + b"".join(args) + b"tR"


def pickled(*instructions: bytes, protocol: int = 4) -> bytes:
    return b"\x80" + bytes([protocol]) + b"".join(instructions) + b"."


def torch_zip(
    content: bytes, members: dict[str, bytes] | None = None, compression: int = zipfile.ZIP_STORED
) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        archive.writestr("archive/data.pkl", content)
        for member, data in (
            {"archive/byteorder": b"little", "archive/version": b"3\n"} | (members or {})
        ).items():
            archive.writestr(member, data)
    return stream.getvalue()


def torch_legacy(
    content: bytes, *, info: bytes | None = None, keys: bytes | None = None, rest: bytes = b""
) -> bytes:
    parts = [
        pickle.dumps(0x1950A86A20F9469CFC6C, 2),
        pickle.dumps(1001, 2),
        info or pickle.dumps({}, 2),
        content,
    ]
    return b"".join([*parts, keys or pickle.dumps([], 2), rest])


def torch_tar(content: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for member, data in {
            "storages": pickle.dumps(0, 2) + pickle.dumps([], 2),
            "tensors": pickle.dumps(0, 2),
            "pickle": content,
        }.items():
            info = tarfile.TarInfo(member)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def storage_id(count: int, key: str = "0", kind: str = "FloatStorage", *view: bytes) -> bytes:
    """A reference to numbers in the file, as torch writes it; old files say about views as well."""
    return (
        b"("
        + push("storage")
        + name("torch", kind)
        + push(key)
        + push("cpu")
        + push(count)
        + b"".join(view)
        + b"tQ"
    )


def tensor(storage: bytes, shape: bytes, strides: bytes, offset: int = 0) -> bytes:
    hooks = name("collections", "OrderedDict") + b")R"
    rebuild = name("torch._utils", "_rebuild_tensor_v2")
    return call(rebuild, storage, push(offset), shape, strides, b"\x89", hooks)


def sizes(*values: int) -> bytes:
    return b"(" + b"".join(map(push, values)) + b"t"


def with_duplicates(first: bytes, second: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("archive/data.pkl", first)
        archive.writestr("archive/data.PKL", second)
    return stream.getvalue().replace(b"data.PKL", b"data.pkl")
