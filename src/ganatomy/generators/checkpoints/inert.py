"""What may come out of a pickle: numbers, text, containers, and the records below, none of which does anything.

A pickle names functions and classes and asks for them to be called. Nothing named is ever looked up or imported: a
name is a key of `BUILDERS`, whose functions are all written here and only check their arguments and keep them; or of
`TYPES`, which are arguments of those; or it is refused. So no behaviour of numpy or torch can be turned against us.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from ganatomy.errors import CheckpointError

MAX_AXES = 8
MAX_SIZE = 1 << 40


@dataclass(frozen=True)
class Name:
    """A class or function of somebody else, as a name: "torch.FloatStorage"."""

    path: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Storage:
    """Numbers of one kind, such as "torch.FloatStorage", that lie in a file; `load` reads them."""

    kind: str
    num_bytes: int
    load: Callable[[], torch.UntypedStorage] = field(repr=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class StoredTensor:
    """A view of a storage, checked to lie within it."""

    storage: Storage
    dtype: torch.dtype
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(eq=False)
class StoredType:
    """A numpy dtype: a kind and a size, such as "f4", then a byte order."""

    code: str
    order: str = "<"

    def numpy(self) -> np.dtype:
        return np.dtype(self.order + self.code)


@dataclass(eq=False)
class StoredArray:
    """A numpy array; the pickle makes it empty, and fills it afterwards."""

    array: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32), repr=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class Persistent:
    """A network of NVIDIA's: its class by name, and its attributes. Its source text is carried along as text."""

    class_name: str
    attributes: Mapping[str, Any] = field(repr=False)
    source: str = field(default="", repr=False)


@dataclass(frozen=True)
class Stranger:
    """A name that is not known. It may only be the class of a `StoredModule`; whatever else asks for it is refused."""

    path: str


@dataclass(eq=False)
class StoredModule:
    """A `torch.nn.Module` of a pickle: its class by name, and its attributes."""

    class_name: str
    attributes: dict[str, Any] = field(default_factory=dict, repr=False)


@dataclass(eq=False)
class Attributes:
    """An object that only holds settings, such as the arguments of a training script."""

    values: dict[str, Any] = field(default_factory=dict, repr=False)


NUMBERS = {
    "Double": torch.float64, "Float": torch.float32, "Half": torch.float16, "BFloat16": torch.bfloat16,
    "Long": torch.int64, "Int": torch.int32, "Short": torch.int16, "Char": torch.int8, "Byte": torch.uint8,
    "Bool": torch.bool, "ComplexFloat": torch.complex64, "ComplexDouble": torch.complex128,
}  # fmt: skip
STORAGES: dict[str, torch.dtype | None] = {
    **{f"torch.{kind}Storage": dtype for kind, dtype in NUMBERS.items()},
    **{f"torch.cuda.{kind}Storage": dtype for kind, dtype in NUMBERS.items()},
    "torch.storage.UntypedStorage": None,
}
"""Storages, with the type of their numbers where it is known."""
DTYPES = {str(dtype): dtype for dtype in (*NUMBERS.values(), torch.uint16, torch.uint32, torch.uint64)}
TYPES = {
    "torch.float64": 8, "torch.float32": 4, "torch.float16": 2, "torch.bfloat16": 2, "torch.int64": 8, "torch.int32": 4,
    "torch.int16": 2, "torch.int8": 1, "torch.uint8": 1, "torch.bool": 1, "torch.complex64": 8, "torch.complex128": 16,
    "torch.uint16": 2, "torch.uint32": 4, "torch.uint64": 8, "torch.float8_e4m3fn": 1, "torch.float8_e5m2": 1,
}  # fmt: skip
TYPES = {*STORAGES, *DTYPES, "numpy.ndarray", "torch.Tensor", "torch.nn.parameter.Parameter"}
"""Names that may stand as an argument, and do nothing."""

NUMPY_CODES = {"f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"}


def printable(text: str) -> str:
    """Words of a file for a message: short, and without what a terminal would obey."""
    return text[:200].encode("unicode_escape").decode()


def _check(condition: bool, words: str) -> None:
    if not condition:
        raise CheckpointError(f"holds {words}; it is damaged or hostile")


def sizes(value: Any, what: str) -> tuple[int, ...]:
    """A shape, strides or the like: a few whole numbers that are not negative and not absurd."""
    _check(
        isinstance(value, tuple)
        and len(value) <= MAX_AXES
        and all(type(size) is int and 0 <= size <= MAX_SIZE for size in value),
        f"{what} that are no sizes",
    )
    return value


def item_size(kind: str) -> int:
    """Bytes of one number in a storage of that kind."""
    dtype = STORAGES[kind]
    return 1 if dtype is None else dtype.itemsize


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *rest: Any) -> StoredTensor:
    dtype = STORAGES[storage.kind] if isinstance(storage, Storage) else None
    return _view(storage, dtype, offset, shape, strides)


def _tensor_of_type(*args: Any) -> StoredTensor:
    storage, offset, shape, strides, _, _, dtype = args[:7]
    return _view(storage, DTYPES.get(dtype.path) if isinstance(dtype, Name) else None, offset, shape, strides)


def _view(storage: Any, dtype: torch.dtype | None, offset: Any, shape: Any, strides: Any) -> StoredTensor:
    if not isinstance(storage, Storage) or dtype is None:
        raise CheckpointError("holds a tensor without numbers of a known type; it is damaged or hostile")
    shape, strides = sizes(shape, "shapes"), sizes(strides, "strides")
    (offset,) = sizes((offset,), "offsets")
    _check(len(shape) == len(strides), f"a tensor of shape {list(shape)} with strides {list(strides)}")
    last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    # Overlapping strides make a small file a large tensor, so the count is held against the file as well.
    needed = 0 if 0 in shape else max(last + 1, math.prod(shape))
    if needed * dtype.itemsize > storage.num_bytes:
        raise CheckpointError(f"claims a tensor of shape {list(shape)} and holds less; it is hostile")
    return StoredTensor(storage=storage, dtype=dtype, offset=offset, shape=shape, strides=strides)


def _parameter(tensor: Any, *rest: Any) -> StoredTensor:
    _check(isinstance(tensor, StoredTensor), "a parameter that is no tensor")
    return tensor


def _typed_tensor(function: Any, kind: Any, args: Any, state: Any) -> StoredTensor:
    """A tensor that carries attributes; those are left out."""
    made = {"torch._utils._rebuild_tensor_v2": _tensor, "torch._utils._rebuild_parameter": _parameter}
    _check(
        isinstance(function, Name) and function.path in made and isinstance(args, tuple),
        "a tensor of no known kind",
    )
    return made[function.path](*args)


def _numpy_type(code: Any, *rest: Any) -> StoredType:
    """`numpy.dtype(code, align, copy)`; types that hold objects, fields or text are refused."""
    if not isinstance(code, str) or code.lstrip("<>=|") not in NUMPY_CODES:
        shown = code[:40] if isinstance(code, str) else type(code).__name__
        raise CheckpointError(f"holds numpy data of type {shown!r}; weights are plain numbers")
    return StoredType(code.lstrip("<>=|"), ">" if code[0] == ">" else "<")


def _numpy_array(kind: Any, shape: Any, code: Any) -> StoredArray:
    _check(kind == Name("numpy.ndarray"), "an array of no known kind")
    return StoredArray()


def _numpy_buffer(data: Any, dtype: Any, shape: Any, order: Any) -> StoredArray:
    return StoredArray(_array(data, dtype, shape, fortran=order == "F"))


def _numpy_scalar(dtype: Any, data: Any) -> float | int | bool:
    return _array(data, dtype, (), fortran=False).item()


def _array(data: Any, dtype: Any, shape: Any, *, fortran: bool) -> np.ndarray:
    if isinstance(data, list):
        raise CheckpointError("holds an array of Python objects; weights are plain numbers")
    _check(isinstance(dtype, StoredType) and isinstance(data, bytes | bytearray), "an array without numbers")
    kind, shape = dtype.numpy(), sizes(shape, "shapes")
    if math.prod(shape) * kind.itemsize != len(data):
        raise CheckpointError(
            f"claims an array of shape {list(shape)} in {len(data)} bytes; it is damaged or hostile"
        )
    return np.frombuffer(data, kind).reshape(shape, order="F" if fortran else "C")


def _persistent(meta: Any) -> Persistent:
    _check(isinstance(meta, dict), "a network without a description")
    name, state = meta.get("class_name"), meta.get("state")
    if meta.get("type") != "class" or not isinstance(name, str) or not isinstance(state, dict):
        raise CheckpointError(
            f"describes a network in a way that is not known (version {meta.get('version')!r:.20})"
        )
    source = meta.get("module_src")
    return Persistent(class_name=name, attributes=state, source=source if isinstance(source, str) else "")


def _mapping(items: Any = ()) -> dict[Any, Any]:
    """An ordered or easy dictionary, empty or with pairs, as older Pythons wrote it."""
    if isinstance(items, dict):
        return dict(items)
    _check(
        isinstance(items, list | tuple) and all(isinstance(i, list | tuple) and len(i) == 2 for i in items),
        "a dictionary of no known form",
    )
    for key, _ in items:
        check_key(key)
    return dict(items)


def check_key(key: Any) -> None:
    """Only keys whose hashes cannot be made to collide, and that are cheap to compare, may go into a dictionary."""
    if not isinstance(key, str | bytes | int | float | None) or (
        isinstance(key, int) and abs(key) >= 1 << 60
    ):
        raise CheckpointError(
            f"uses a {type(key).__name__} as the key of a dictionary; it is damaged or hostile"
        )


def _members(items: Any = ()) -> list[Any]:
    """A set, kept as a list: its members need not be hashed to be carried along."""
    _check(isinstance(items, list | tuple), "a set of no known form")
    for item in items:
        check_key(item)
    return list(items)


def _bytes(text: Any = "", encoding: Any = "latin1") -> bytes:
    """Bytes as protocol 2 writes them, as text."""
    _check(isinstance(text, str) and encoding in ("latin1", "latin-1"), "bytes of no known form")
    return text.encode("latin1")


def _size(values: Any = ()) -> tuple[int, ...]:
    return sizes(tuple(values) if isinstance(values, list | tuple) else values, "shapes")


def _device(kind: Any, index: Any = None) -> str:
    _check(
        isinstance(kind, str) and len(kind) < 40 and type(index) in (int, type(None)),
        "a device of no known form",
    )
    return kind if index is None else f"{kind}:{index}"


def _complex(real: Any, imaginary: Any) -> complex:
    _check(isinstance(real, float) and isinstance(imaginary, float), "a complex number of no known form")
    return complex(real, imaginary)


BUILDERS: dict[str, Callable[..., Any]] = {
    "collections.OrderedDict": _mapping,
    "collections.Counter": _mapping,
    "dnnlib.util.EasyDict": _mapping,
    "dnnlib.EasyDict": _mapping,
    "argparse.Namespace": Attributes,
    "builtins.set": _members,
    "builtins.frozenset": _members,
    "builtins.bytes": _bytes,
    "builtins.complex": _complex,
    "_codecs.encode": _bytes,
    "numpy.dtype": _numpy_type,
    **{
        f"numpy.{core}.{name}": builder
        for core in ("core", "_core")
        for name, builder in (
            ("multiarray._reconstruct", _numpy_array),
            ("multiarray.scalar", _numpy_scalar),
            ("numeric._frombuffer", _numpy_buffer),
        )
    },
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _tensor_of_type,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
    "torch._tensor._rebuild_from_type_v2": _typed_tensor,
    "torch.Size": _size,
    **{f"torch.jit._pickle.build_{kind}list": _members for kind in ("int", "double", "bool")},
    "torch.nn.backends.thnn._get_thnn_function_backend": Attributes,  # what modules kept before torch 1.0
    "torch.device": _device,
    "torch_utils.persistence._reconstruct_persistent_obj": _persistent,
}
"""What a pickle may ask for, and what happens instead."""

# What Python 2 called the same; pickles of protocols up to 2 still do.
BUILDERS |= {
    name.replace("builtins", "__builtin__"): BUILDERS[name] for name in [*BUILDERS] if "builtins" in name
}


FUNCTIONS = "torch.nn.functional."
"""What functions begin with that a module may keep as attributes; they are names here, and nothing calls them."""
SCRIPTED = "__torch__."
"""What the classes in a TorchScript archive begin with."""
_SPARSE = "torch._utils._rebuild"


def refusal(name: str) -> CheckpointError:
    """The error for a name that is not on the list."""
    if name.startswith(_SPARSE):
        return CheckpointError(
            "holds a tensor that is sparse, quantised or of a special kind; save it as a plain one"
        )
    hint = ""
    if name.startswith("dnnlib.tflib."):
        hint = " It is of the TensorFlow years; convert it with legacy.py of stylegan2-ada-pytorch first."
    return CheckpointError(
        f"asks for {printable(name)} to be run, so it was not opened; files of weights hold numbers only.{hint} "
        "If you trust its source, open it yourself and give the module to ganatomy.wrap"
    )


def _is_module(state: Any) -> bool:
    return isinstance(state, dict) and all(
        isinstance(state.get(part), dict) for part in ("_parameters", "_buffers", "_modules")
    )


def fill(target: Any, state: Any) -> None:
    """Give a record the state that the pickle has for it.

    Raises:
        CheckpointError: for what takes no state.
    """
    match target, state:
        case dict(), dict():
            pass  # attributes of a dictionary, such as the `_metadata` of a state dict, are no weights
        case Attributes(), dict():
            target.values.update(state)
        case StoredModule(), dict() if target.class_name.startswith(SCRIPTED) or _is_module(state):
            target.attributes.update(state)
        case StoredModule(), _:
            raise refusal(target.class_name)
        case StoredType(), (int(), str(order), None, None, None, *_) if order in "<>=|":
            target.order = ">" if order == ">" else "<"
        case StoredArray(), (int(), shape, dtype, bool() | int() as fortran, data):
            target.array = _array(data, dtype, shape, fortran=bool(fortran))
        case _:
            raise CheckpointError(
                f"gives a state to a {type(target).__name__} that it cannot have; it is damaged or hostile"
            )
