"""Files that run code in a reader that trusts them, so that a victim file appears; with such a reader, as a proof."""

from __future__ import annotations

import contextlib
import copyreg
import io
import marshal
import os
import pickle
import subprocess
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from generators.checkpoints.assembly import (
    call,
    name,
    pickled,
    push,
    torch_legacy,
    torch_tar,
    torch_zip,
    with_duplicates,
)
from generators.checkpoints.nvidia_files import Network, dumps, module, nvidia_modules, snapshot

EXTENSION = 0xA0
"""A code of Python's registry of extensions, free for private use."""

SYSTEM = name("os", "system")


@dataclass(frozen=True)
class Victim:
    """A file that must not appear, and what would make it."""

    path: Path

    @property
    def command(self) -> bytes:
        return push(f"touch '{self.path}'")

    @property
    def source(self) -> str:
        return f"open({str(self.path)!r}, 'w').close()"

    @property
    def attack(self) -> bytes:
        return call(SYSTEM, self.command)


class Call:
    """Calls a function when it is unpickled."""

    def __init__(self, function: Callable[..., Any], *args: Any) -> None:
        self.function, self.args = function, args

    def __reduce__(self):
        return self.function, self.args


def touching(victim: Victim) -> Call:
    return Call(os.system, f"touch '{victim.path}'")


def in_dict(value: bytes) -> bytes:
    return b"}" + push("G_ema") + value + b"s"


def _unpickle(data: bytes) -> Any:
    with nvidia_modules():
        return pickle.loads(data)


def _torch_load(data: bytes) -> Any:
    return torch.load(io.BytesIO(data), weights_only=False)


def _numpy_load(data: bytes) -> Any:
    return [array.tolist() for array in np.load(io.BytesIO(data), allow_pickle=True).values()]


def _npz(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, weight=array)
    return stream.getvalue()


def _extension(data: bytes) -> Any:
    copyreg.add_extension(os.system.__module__, "system", EXTENSION)
    try:
        return pickle.loads(data)
    finally:
        copyreg.remove_extension(os.system.__module__, "system", EXTENSION)


def _marshalled(victim: Victim) -> bytes:
    code = call(name("marshal", "loads"), push(marshal.dumps(compile(victim.source, "x", "exec"))))
    return pickled(call(call(name("types", "FunctionType"), code, b"}"), b""))


def _network(victim: Victim, **attributes: Any) -> Network:
    record = module("Generator", {"weight": torch.zeros(2, 2)})
    record.attributes.update(attributes or {"hook": touching(victim)})
    return record


@dataclass(frozen=True)
class Exploit:
    """A file that runs something where it is trusted.

    Args:
        write: its bytes. named: what the refusal must say. spring: how a careless program reads it.
    """

    write: Callable[[Victim], bytes]
    named: str = "asks for"
    spring: Callable[[bytes], Any] | None = _unpickle
    ending: str = "pkl"

    def springs(self, victim: Victim) -> bool:
        """Whether a careless reader runs it; some of them fall over the file afterwards."""
        if self.spring:
            with contextlib.suppress(Exception), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.spring(self.write(victim))
        return victim.path.exists()


CODE: dict[str, Exploit] = {
    # The plain calls.
    "os.system": Exploit(lambda v: pickled(in_dict(v.attack)), r"asks for os\.system"),
    "os.system, text protocol": Exploit(
        lambda v: f"cos\nsystem\n(S\"touch '{v.path}'\"\ntR.".encode(), r"asks for os\.system"
    ),
    "os.system, protocol 1": Exploit(
        lambda v: pickle.dumps({"a": touching(v)}, 1), r"asks for posix\.system"
    ),
    "os.system, protocol 5": Exploit(
        lambda v: pickle.dumps({"a": touching(v)}, 5), r"asks for posix\.system"
    ),
    "subprocess": Exploit(
        lambda v: pickle.dumps(Call(subprocess.call, ["touch", str(v.path)])), r"asks for subprocess\.call"
    ),
    "eval": Exploit(lambda v: pickle.dumps(Call(eval, v.source)), r"asks for builtins\.eval"),
    "exec": Exploit(lambda v: pickle.dumps([Call(exec, v.source)]), r"asks for builtins\.exec"),
    "exec of what was compiled": Exploit(
        lambda v: pickle.dumps(Call(exec, Call(compile, v.source, "x", "exec"))), r"asks for builtins\.exec"
    ),
    "exec under its old name": Exploit(
        lambda v: pickle.dumps(Call(exec, v.source), 2), r"asks for __builtin__\.exec"
    ),
    "open a file for writing": Exploit(
        lambda v: pickle.dumps(Call(open, str(v.path), "w")), r"asks for (_?io|builtins)\.open"
    ),
    # Ways around lists of forbidden names.
    "getattr of an import": Exploit(
        lambda v: pickled(
            call(
                call(
                    name("builtins", "getattr"),
                    call(name("builtins", "__import__"), push("os")),
                    push("system"),
                ),
                v.command,
            )
        ),
        r"asks for builtins\.getattr",
    ),
    "methodcaller": Exploit(
        lambda v: pickled(
            call(
                call(name("operator", "methodcaller"), push("system"), v.command),
                call(name("importlib", "import_module"), push("os")),
            )
        ),
        r"asks for operator\.methodcaller",
    ),
    "partial": Exploit(
        lambda v: pickled(call(call(name("functools", "partial"), SYSTEM, v.command))),
        r"asks for functools\.partial",
    ),
    "a name with dots through torch": Exploit(
        lambda v: pickled(push("torch") + push("serialization.os.system") + b"\x93(" + v.command + b"tR"),
        r"asks for torch\.serialization\.os\.system",
    ),
    "timeit": Exploit(
        lambda v: pickled(
            call(name("timeit", "timeit"), push(v.source), push("pass"), name("time", "time"), push(1))
        ),
        r"asks for timeit\.timeit",
    ),
    "a profiler": Exploit(
        lambda v: pickled(call(name("cProfile", "run"), push(v.source), b"N", push(-1))),
        r"asks for cProfile\.run",
        None,
    ),
    "a pager": Exploit(
        lambda v: pickled(call(name("pydoc", "pipepager"), push(""), v.command)), r"asks for pydoc\.pipepager"
    ),
    "numpy's runstring": Exploit(
        lambda v: pickled(call(name("numpy.testing._private.utils", "runstring"), push(v.source), b"}")),
        r"asks for numpy\.testing",
    ),
    "marshalled bytecode": Exploit(_marshalled, r"asks for types\.FunctionType"),
    "a pickle in a pickle": Exploit(
        lambda v: pickle.dumps(Call(pickle.loads, pickle.dumps(touching(v)))), r"asks for _pickle\.loads"
    ),
    "torch.load in a pickle": Exploit(
        lambda v: pickled(
            call(
                name("torch", "load"),
                call(name("_io", "BytesIO"), push(torch_legacy(pickle.dumps(touching(v))))),
            )
        ),
        r"asks for torch\.load",
        None,
    ),
    "the memo exchanged behind an allowed name": Exploit(
        lambda v: pickled(
            name("collections", "OrderedDict") + b"q\x000" + SYSTEM + b"q\x000h\x00(" + v.command + b"tR"
        ),
        r"asks for os\.system",
    ),
    # Other instructions than REDUCE.
    "INST": Exploit(lambda v: pickled(b"(" + v.command + b"ios\nsystem\n"), r"asks for os\.system"),
    "OBJ": Exploit(
        lambda v: pickled(
            b"(" + name("subprocess", "Popen") + push(f"touch {v.path}") + push(-1) + b"NNNNN\x88\x88o"
        ),
        r"asks for subprocess\.Popen",
        None,
    ),
    "NEWOBJ": Exploit(
        lambda v: pickled(name("subprocess", "Popen") + b")\x81" + v.command + b"b"),
        r"asks for subprocess\.Popen",
        None,
    ),
    "the registry of extensions": Exploit(
        lambda v: pickled(bytes([0x82, EXTENSION]) + b"(" + v.command + b"tR"),
        "asks for extension 160",
        _extension,
    ),
    "a call of what is no function": Exploit(
        lambda v: pickled(push("os.system") + b"(" + v.command + b"tR"), "calls a str", None
    ),
    "a state for an allowed object": Exploit(
        lambda v: pickled(name("collections", "OrderedDict") + b")R}" + push("items") + v.attack + b"sb"),
        r"asks for os\.system",
    ),
    "state that replaces methods": Exploit(
        lambda v: pickled(
            b"]("
            + name("numpy", "dtype")
            + b"("
            + push("f4")
            + b"\x89\x88tR}"
            + push("__setstate__")
            + SYSTEM
            + b"sbee"
        ),
        r"asks for os\.system",
        None,
    ),
    # NVIDIA's layout.
    "a network whose attribute runs code": Exploit(
        lambda v: dumps(snapshot(_network(v))), r"asks for posix\.system"
    ),
    "training settings that run code": Exploit(
        lambda v: dumps(snapshot(module("Generator", {}), training_set_kwargs=touching(v))),
        r"asks for posix\.system",
    ),
    "a discriminator that runs code": Exploit(
        lambda v: dumps(snapshot(module("Generator", {}), D=_network(v))), r"asks for posix\.system"
    ),
    "a nested torch.save that runs code": Exploit(
        lambda v: pickled(
            in_dict(
                call(name("torch.storage", "_load_from_bytes"), push(torch_legacy(pickle.dumps(touching(v)))))
            )
        ),
        r"holds a tensor within that asks for posix\.system",
    ),
    "a nested archive that runs code": Exploit(
        lambda v: pickled(
            in_dict(
                call(name("torch.storage", "_load_from_bytes"), push(torch_zip(pickle.dumps(touching(v), 2))))
            )
        ),
        "holds a tensor within that",
    ),
    "a nested torch.save within another": Exploit(
        lambda v: pickled(
            call(
                name("torch.storage", "_load_from_bytes"),
                push(
                    torch_legacy(
                        pickled(
                            call(
                                name("torch.storage", "_load_from_bytes"),
                                push(torch_legacy(pickle.dumps(touching(v)))),
                            )
                        )
                    )
                ),
            )
        ),
        r"asks for torch\.storage\._load_from_bytes",
    ),
    "arrays of objects": Exploit(
        lambda v: pickle.dumps({"weight": np.array([touching(v)], dtype=object)}),
        "data of type 'O8'|array of Python objects|asks for",
    ),
    "an array whose numbers are a list of calls": Exploit(
        lambda v: pickle.dumps(np.array([touching(v)] * 2, dtype=object), 2), "data of type 'O8'|asks for"
    ),
    # Torch's own files.
    "torch archive": Exploit(
        lambda v: torch_zip(pickle.dumps({"w": touching(v)}, 2)), r"asks for posix\.system", _torch_load, "pt"
    ),
    "torch archive called a pickle": Exploit(
        lambda v: torch_zip(pickle.dumps([touching(v)], 2)), r"asks for posix\.system", _torch_load
    ),
    "torch archive of protocol 4": Exploit(
        lambda v: torch_zip(pickle.dumps([touching(v)], 4)), r"asks for posix\.system", _torch_load, "pt"
    ),
    "old torch file": Exploit(
        lambda v: torch_legacy(pickle.dumps(touching(v), 2)), r"asks for posix\.system", _torch_load, "pt"
    ),
    "old torch file, code in the facts of the machine": Exploit(
        lambda v: torch_legacy(pickle.dumps({}, 2), info=pickle.dumps(touching(v), 2)),
        r"asks for posix\.system",
        _torch_load,
        "pt",
    ),
    "old torch file, code in the names of storages": Exploit(
        lambda v: torch_legacy(pickle.dumps({}, 2), keys=pickle.dumps([touching(v)], 2)),
        r"asks for posix\.system",
        _torch_load,
        "pt",
    ),
    "a storage's name that runs code": Exploit(
        lambda v: torch_zip(
            pickled(b"(" + push("storage") + v.attack + push("0") + push("cpu") + push(0) + b"tQ", protocol=2)
        ),
        r"asks for os\.system",
        _torch_load,
        "pt",
    ),
    "two pickles in an archive, the first hostile": Exploit(
        lambda v: with_duplicates(pickle.dumps(touching(v), 2), pickle.dumps({}, 2)),
        "members of the same name",
        None,
        "pt",
    ),
    "two pickles in an archive, the second hostile": Exploit(
        lambda v: with_duplicates(pickle.dumps({}, 2), pickle.dumps(touching(v), 2)),
        "members of the same name",
        None,
        "pt",
    ),
    "tar of the first PyTorch": Exploit(
        lambda v: torch_tar(pickle.dumps(touching(v), 2)), "is a tar archive", None, "pt"
    ),
    "TorchScript": Exploit(
        lambda v: torch_zip(pickle.dumps({}, 2), {"archive/constants.pkl": pickle.dumps(touching(v), 2)}),
        "holds no weights",
        None,
        "pt",
    ),
    "a pickle in front of an archive": Exploit(
        lambda v: pickle.dumps(touching(v), 4) + torch_zip(pickle.dumps({}, 2)), r"asks for posix\.system"
    ),
    "a pickle behind the length of a safetensors header": Exploit(
        lambda v: pickle.dumps(touching(v), 4), r"asks for posix\.system", _unpickle, "safetensors"
    ),
    "numpy archive of objects": Exploit(
        lambda v: _npz(np.array([touching(v)], dtype=object)), "object|number|pickle", _numpy_load, "npz"
    ),
}

ACCEPTED: dict[str, Exploit] = {
    "source text that runs code": Exploit(
        lambda v: dumps(snapshot(module("Generator", WEIGHTS, v.source + "\nclass Generator: pass"))), ""
    ),
    "source text in a file of one network": Exploit(
        lambda v: dumps(module("Generator", WEIGHTS, v.source), 2), ""
    ),
    "a second pickle behind the first": Exploit(
        lambda v: pickle.dumps({k: t.numpy() for k, t in WEIGHTS.items()}) + pickle.dumps(touching(v)),
        "",
        None,
    ),
}
"""Files whose weights can be had without what they would run."""

WEIGHTS = {
    "main.0.weight": torch.randn(12, 8, 4, 4), "main.0.bias": torch.randn(8),
    "main.2.weight": torch.randn(8, 3, 4, 4), "main.2.bias": torch.randn(3),
}  # fmt: skip
