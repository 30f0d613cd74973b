"""Small files that cost much time or memory in a reader that believes what they claim."""

from __future__ import annotations

import io
import json
import pickle
import struct
import zipfile
from collections.abc import Callable
from typing import Any

import torch
from generators.checkpoints.assembly import (
    call,
    name,
    pickled,
    push,
    sizes,
    storage_id,
    tensor,
    torch_legacy,
    torch_zip,
)
from safetensors.torch import save


def _laughs(doublings: int) -> bytes:
    """Lists of two lists of two lists: 2**doublings of them, in a few bytes each."""
    return pickled(b"]", b"q\x000](h\x00h\x00e" * doublings)


def _copies() -> bytes:
    large = b"}(" + b"".join(push(key) + b"N" for key in range(5_000)) + b"uq\x000"
    return pickled(large, b"](" + (name("collections", "OrderedDict") + b"h\x00\x85R") * 5_000 + b"e")


def _encodings() -> bytes:
    encode = name("_codecs", "encode") + b"q\x010"
    arguments = push("a" * (1 << 20)) + push("latin1") + b"\x86q\x020"
    return pickled(encode, arguments, b"](" + b"h\x01h\x02R" * 100_000 + b"e")


def _collisions() -> bytes:
    prime = 2**61 - 1
    return pickled(b"}(" + b"".join(push(index * prime + 1) + b"N" for index in range(1, 20_000)) + b"u")


def _deep_key() -> bytes:
    return pickled(b"})" + b"\x85" * 100_000 + b"Ns")


def _itself() -> bytes:
    return pickled(b"}q\x00" + push("model") + b"h\x00s")


def _many_views() -> bytes:
    """One storage of half floats as thousands of tensors, each of which would be converted."""
    view = tensor(storage_id(1 << 16, kind="HalfStorage"), sizes(1 << 16), sizes(1))
    many = b"}(" + b"".join(push(f"w{index}") + view for index in range(3000)) + b"u"
    return torch_zip(pickled(many, protocol=2), {"archive/data/0": bytes(1 << 17)})


def _nested_storage(count: int) -> bytes:
    inner = torch_legacy(
        pickled(storage_id(count, "0", "FloatStorage", b"N"), protocol=2),
        keys=pickle.dumps(["0"], 2),
        rest=bytes(24),
    )
    return call(name("torch.storage", "_load_from_bytes"), push(inner))


def _array(shape: bytes, data: bytes, kind: str = "f4") -> bytes:
    dtype = call(name("numpy", "dtype"), push(kind), b"\x89", b"\x88")
    empty = call(
        name("numpy.core.multiarray", "_reconstruct"), name("numpy", "ndarray"), b"K\x00\x85", push(b"b")
    )
    return empty + b"(" + push(1) + shape + dtype + b"\x89" + data + b"tb"


def _directory() -> bytes:
    """An archive of half a million members that are all the same bytes."""
    stream = io.BytesIO(torch_zip(pickle.dumps({}, 2)))
    data = stream.getvalue()
    start = data.rindex(b"PK\x01\x02")
    end = data.rindex(b"PK\x05\x06")
    entries = data[start:end] * 400_000
    return data[:start] + entries + data[end : end + 12] + struct.pack("<II", len(entries), start) + b"\0\0"


def _encrypted() -> bytes:
    data = bytearray(torch_zip(pickle.dumps({}, 2)))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    return bytes(data)


def _overlapping() -> bytes:
    """Members that claim to be larger than they are."""
    data = bytearray(torch_zip(pickle.dumps({}, 2), {"archive/data/0": bytes(64)}))
    start = data.rindex(b"PK\x01\x02")
    data[start + 20 : start + 28] = struct.pack("<II", 1 << 30, 1 << 30)
    return bytes(data)


def _safetensors(header: Any, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def _ours(architecture: str, **settings: Any) -> bytes:
    metadata = {
        "kind": "generator", "format": "1", "architecture": architecture, "prior": "normal", "card": "{}",
        "settings": json.dumps(settings),
    }  # fmt: skip
    return save({"mapping.w_avg": torch.zeros(4)}, metadata)


def _wide_stylegan2() -> bytes:
    """Thin weights whose names and shapes describe a network of terabytes."""
    state = {
        "mapping.w_avg": torch.zeros(4),
        "mapping.fc0.weight": torch.zeros(4, 4),
        "synthesis.b4.const": torch.zeros(1),
    }
    for resolution in (4, 8, 16):
        state[f"synthesis.b{resolution}.conv1.weight"] = torch.zeros(30_000, 1, 1, 1)
        state[f"synthesis.b{resolution}.torgb.weight"] = torch.zeros(3, 1, 1, 1)
    state["synthesis.b4.conv1.affine.weight"] = torch.zeros(1)
    return save(state)


def _deconvolutions(layers: int) -> bytes:
    """Tiny layers that would double the size of images again and again."""
    return save({f"{index}.weight": torch.zeros(1, 1, 4, 4) for index in range(layers)})


BOMBS: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "a billion laughs of lists": (lambda: _laughs(60), "unfolds to more", "pkl"),
    "a large dictionary copied thousands of times": (_copies, "again and again", "pkl"),
    "a long text turned into bytes thousands of times": (_encodings, "again and again", "pkl"),
    "keys of one hash": (_collisions, "uses a int as the key", "pkl"),
    "a deep tuple as a key": (_deep_key, "uses a tuple as the key", "pkl"),
    "lists nested ten thousand deep": (
        lambda: pickled(b"]" * 10_000 + b"a" * 9_999),
        "nested more than",
        "pkl",
    ),
    "a dictionary that holds itself": (_itself, "contains itself", "pkl"),
    "a dictionary that holds itself, in an archive": (lambda: torch_zip(_itself()), "contains itself", "pt"),
    "a list in itself, in an old file": (
        lambda: torch_legacy(pickled(b"]q\x00h\x00a")),
        "contains itself",
        "pt",
    ),
    "millions of instructions": (
        lambda: pickled(b"N0" * 600_000, b"N"),
        "more than 1,000,000 instructions",
        "pkl",
    ),
    "an open mark a hundred thousand times": (lambda: pickled(b"(" * 100_000), "damaged", "pkl"),
    "a copy of the stack's top thousands of times": (
        lambda: pickled(b"](]" + b"2" * 20_000 + b"e"),
        "holds",
        "pkl",
    ),
    "a place in the memo that would take gigabytes": (
        lambda: pickled(b"Nr\xff\xff\xff\xff"),
        "holds a None",
        "pkl",
    ),
    "a frame of exabytes": (lambda: pickled(b"\x95" + b"\xff" * 7 + b"\x3fN"), "holds a None|damaged", "pkl"),
    "a text of exabytes": (lambda: pickled(b"\x8d" + b"\xff" * 7 + b"\x3fabc"), "cut off or damaged", "pkl"),
    "bytes of exabytes": (lambda: pickled(b"\x8e" + b"\xff" * 7 + b"\x3fabc"), "cut off or damaged", "pkl"),
    "bytes that can grow, of exabytes": (
        lambda: pickled(b"\x96" + b"\xff" * 7 + b"\x3fabc", protocol=5),
        "cut off or damaged",
        "pkl",
    ),
    "a hundred megabytes of text": (
        lambda: pickled(b"](" + push("a" * (1 << 20)) * 70 + b"e"),
        "MB of text",
        "pkl",
    ),
    "a whole number of a million digits": (
        lambda: b"(dp0\nI" + b"9" * 1_000_000 + b"\n.",
        "damaged|absurd",
        "pkl",
    ),
    "a whole number of megabytes": (
        lambda: pickled(b"\x8b" + struct.pack("<i", 1 << 22) + b"\x7f" * (1 << 22)),
        "absurd size",
        "pkl",
    ),
    "an array of terabytes": (
        lambda: pickled(_array(sizes(1 << 40), push(bytes(8)))),
        "claims an array",
        "pkl",
    ),
    "an array of more axes than there are": (
        lambda: pickled(_array(sizes(*[1] * 70), push(bytes(4)))),
        "no sizes",
        "pkl",
    ),
    "an array of negative size": (lambda: pickled(_array(sizes(-1), push(bytes(4)))), "no sizes", "pkl"),
    "an array of gigantic elements": (
        lambda: pickled(_array(sizes(1), push(bytes(4)), "V2147483647")),
        "type 'V2147483647'",
        "pkl",
    ),
    "an array of records": (
        lambda: pickled(
            call(name("numpy", "dtype"), b"](" + push("f4") + push("O") + b"e", b"\x89", b"\x88")
        ),
        "type 'list'",
        "pkl",
    ),
    "a state with fields for a type": (
        lambda: pickled(
            call(name("numpy", "dtype"), push("f4"), b"\x89", b"\x88")
            + b"("
            + push(3)
            + push("<")
            + b"N)}"
            + b"tb"
        ),
        "gives a state",
        "pkl",
    ),
    "a nested storage of terabytes": (
        lambda: pickled(_nested_storage(1 << 40)),
        "within that is cut off or damaged",
        "pkl",
    ),
    "a nested storage of negative size": (
        lambda: pickled(_nested_storage(-4)),
        "within that is cut off or damaged",
        "pkl",
    ),
    "a tensor of terabytes": (
        lambda: torch_zip(pickled(tensor(storage_id(1 << 40), sizes(1 << 40), sizes(1)))),
        "claims 1,099,511,627,776 numbers",
        "pt",
    ),
    "a storage larger than its member": (
        lambda: torch_zip(
            pickled(tensor(storage_id(1020), sizes(1020), sizes(1))), {"archive/data/0": bytes(16)}
        ),
        "holds 16 bytes",
        "pt",
    ),
    "a tensor that repeats one number": (
        lambda: torch_zip(
            pickled(tensor(storage_id(4), sizes(1 << 30, 1 << 9), sizes(0, 0))), {"archive/data/0": bytes(16)}
        ),
        "claims a tensor of shape",
        "pt",
    ),
    "a tensor beyond its storage": (
        lambda: torch_zip(
            pickled(tensor(storage_id(4), sizes(4), sizes(1), offset=9)), {"archive/data/0": bytes(16)}
        ),
        "claims a tensor of shape",
        "pt",
    ),
    "one storage as thousands of tensors": (_many_views, "same numbers as many tensors", "pt"),
    "an old file that claims terabytes": (
        lambda: torch_legacy(
            pickled(storage_id(1 << 40, "0", "FloatStorage", b"N")), keys=pickle.dumps(["0"], 2)
        ),
        "claims",
        "pt",
    ),
    "an old file whose numbers end early": (
        lambda: torch_legacy(
            pickled(storage_id(4, "0", "FloatStorage", b"N")), keys=pickle.dumps(["0"], 2), rest=bytes(8)
        ),
        "cut off or damaged",
        "pt",
    ),
    "a zip bomb": (
        lambda: torch_zip(pickle.dumps({}, 2), {"archive/data/0": bytes(1 << 25)}, zipfile.ZIP_DEFLATED),
        "compressed archive",
        "pt",
    ),
    "a directory of half a million members": (_directory, "has a directory of more than 16 MB", "pt"),
    "members that claim more than there is": (_overlapping, "overlap or end beyond", "pt"),
    "an encrypted archive": (_encrypted, "encrypted", "pt"),
    "a path out of the archive": (
        lambda: torch_zip(pickle.dumps({}, 2), {"archive/../../evil": b"x"}),
        "lie outside",
        "pt",
    ),
    "an absolute path": (
        lambda: torch_zip(pickle.dumps({}, 2), {"/etc/cron.d/evil": b"x"}),
        "lie outside",
        "pt",
    ),
    "an unknown byte order": (
        lambda: torch_zip(pickle.dumps({}, 2)).replace(b"little", b"middle"),
        "byte order|damaged",
        "pt",
    ),
    "safetensors with a header of terabytes": (
        lambda: struct.pack("<Q", 1 << 39) + b"{" * 64,
        "not a whole safetensors",
        "safetensors",
    ),
    "safetensors whose tensors overlap": (
        lambda: _safetensors(
            {n: {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]} for n in ("a", "b")}, bytes(16)
        ),
        "not a whole safetensors",
        "safetensors",
    ),
    "safetensors beyond its end": (
        lambda: _safetensors(
            {"a": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}}, bytes(16)
        ),
        "not a whole safetensors",
        "safetensors",
    ),
    "safetensors with a shape that overflows": (
        lambda: _safetensors({"a": {"dtype": "F32", "shape": [1 << 62, 1 << 62], "data_offsets": [0, 0]}}),
        "not a whole safetensors",
        "safetensors",
    ),
    "safetensors nested deeply": (
        lambda: _safetensors(b'{"a":' * 100_000),
        "not a whole safetensors",
        "safetensors",
    ),
    "settings of a billion layers": (
        lambda: _ours("StyleGAN2", widths=[8], mapping_layers=10**9),
        "far larger than the 4 numbers",
        "safetensors",
    ),
    "settings of gigantic layers": (
        lambda: _ours("StyleGAN2", widths=[10**5] * 8),
        "far larger than the 4 numbers",
        "safetensors",
    ),
    "settings of a resolution beyond all": (
        lambda: _ours("StyleGAN2", widths=[1] * 60),
        "far larger than the 4|do not fit",
        "safetensors",
    ),
    "settings of negative sizes": (
        lambda: _ours("StyleGAN2", widths=[8], z_dim=-3),
        "do not fit",
        "safetensors",
    ),
    "settings that are no numbers": (
        lambda: _ours("StyleGAN2", widths="wide", z_dim=[]),
        "do not fit",
        "safetensors",
    ),
    "a toy without colours": (lambda: _ours("Toy", channels=0), "do not fit", "safetensors"),
    "a toy of gigantic codes": (lambda: _ours("Toy", z_dim=10**9), "do not fit", "safetensors"),
    "thin weights of a gigantic StyleGAN2": (_wide_stylegan2, "far larger than|do not fit", "safetensors"),
    "layers that double the image a dozen times": (
        lambda: _deconvolutions(12),
        "not a generator|cannot be read",
        "safetensors",
    ),
}
"""What costs, with what its refusal must say, and an ending."""
