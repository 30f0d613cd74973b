"""A reader of pickles that runs nothing: it follows the instructions itself, and builds inert values only.

A pickle is a program for a small stack machine. Python's own `Unpickler` can be held to a list of names, but still
calls what is on its stack, sets attributes, looks for `__setstate__`, hashes whatever is used as a key (deeply nested
tuples overflow the C stack there), and reserves memory by numbers that the file gives (a memo of 2**32 places). Here
`pickletools.genops` only takes the instructions apart; each is carried out by a few lines below, on exact types:

- Names are looked up in a table of ours and nowhere else (`inert`). A call happens only when a name of that table
  stands on the stack, and then it is a function of ours which checks its arguments and keeps them.
- There is no attribute access, no import, no extension registry and no out-of-band buffer.
- Lengths are held against the bytes that are really there, because the whole stream is in memory.
- The number of instructions, the sum of all text and the size of whole numbers are limited, and what the calls are
  given may not be longer, all in all, than a few times the stream: a value that is used a million times costs little
  where it is shared, and much where it is copied. Dictionaries take only keys whose hashes cannot be made to collide.
- The result is refused when it contains itself, is nested deeply, or is "a billion laughs", small only as long as its
  parts are shared. So whoever walks it may do that in the simplest way.
"""

from __future__ import annotations

import io
import os
import pickletools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ganatomy.errors import CheckpointError
from ganatomy.generators.checkpoints.inert import (
    BUILDERS,
    FUNCTIONS,
    TYPES,
    Attributes,
    Name,
    Persistent,
    StoredModule,
    Stranger,
    check_key,
    fill,
    refusal,
)

MAX_INSTRUCTIONS = 1_000_000
MAX_TEXT = 1 << 26
MAX_INTEGER = 1 << 512
MAX_DEPTH = 100
MAX_UNFOLDED = 5_000_000
CALLS_PER_BYTE = 4


def interpret(
    stream: io.BytesIO,
    *,
    builders: Mapping[str, Callable[..., Any]] = BUILDERS,
    persistent: Callable[[Any], Any] | None = None,
) -> Any:
    """The value of the pickle that begins where the stream stands; the stream then stands behind it.

    Args:
        stream: in memory, so that no length in it can ask for more than is there.
        builders: what happens for each name that the pickle may call.
        persistent: what an id that stands for something outside the pickle means; without it they are refused.

    Raises:
        CheckpointError: when the pickle asks for anything else, is damaged, or is larger or deeper than any file
            of weights. The message lacks its subject, which is the file.
    """
    machine = _Machine(builders, persistent)
    try:
        value = machine.run(stream)
    except CheckpointError:
        raise
    except (ValueError, LookupError, TypeError, OverflowError) as error:
        # What is damaged trips over itself anywhere: an empty stack, a place of the memo that holds nothing.
        reason = str(error) if isinstance(error, ValueError) else "its instructions do not fit together"
        raise CheckpointError(f"is cut off or damaged: {reason.splitlines()[0][:200]}") from None
    if isinstance(value, Stranger) or (isinstance(value, StoredModule) and not value.attributes):
        raise refusal(value.path if isinstance(value, Stranger) else value.class_name)
    _check_nesting(value)
    return value


class _Machine:
    def __init__(
        self, builders: Mapping[str, Callable[..., Any]], persistent: Callable[[Any], Any] | None
    ) -> None:
        self.builders = builders
        self.persistent = persistent
        self.stack: list[Any] = []
        self.marked: list[list[Any]] = []
        self.memo: dict[int, Any] = {}
        self.allowance = 0

    def run(self, stream: io.BytesIO) -> Any:
        begin = stream.tell()
        self.allowance = CALLS_PER_BYTE * (stream.seek(0, os.SEEK_END) - begin) + (1 << 20)
        stream.seek(begin)
        text = 0
        for count, (instruction, argument, _) in enumerate(pickletools.genops(stream)):
            if count > MAX_INSTRUCTIONS:
                raise CheckpointError(
                    f"has more than {MAX_INSTRUCTIONS:,} instructions; weights need far fewer, so it was not read on"
                )
            if isinstance(argument, str):
                text += len(argument)
                if text > MAX_TEXT:
                    raise CheckpointError(
                        f"holds more than {MAX_TEXT >> 20} MB of text; it is damaged or hostile"
                    )
            elif isinstance(argument, int) and abs(argument) > MAX_INTEGER:
                raise CheckpointError("holds a whole number of absurd size; it is damaged or hostile")
            name = instruction.name
            self.expect_object(name)
            if name in _CONSTANTS:
                self.stack.append(argument)
            elif name == "STOP":
                return self.stack.pop()
            elif name in _STEPS:
                _STEPS[name](self, argument)
            else:
                raise CheckpointError(
                    f"uses the instruction {name}, which files of weights do not need, so it was not opened"
                )
        raise ValueError("it ends too early")

    def expect_object(self, name: str) -> None:
        """Refuse a name that is not known, unless the next instructions make an object of it without arguments."""
        if self.stack and isinstance(self.stack[-1], Stranger):
            # Old files of PyTorch name the class of a module with its source text.
            source = len(self.stack) > 1 and self.stack[-2] == "module"
            if not source and name not in _KEPT and name != "EMPTY_TUPLE":
                raise refusal(self.stack[-1].path)
            return
        *_, below, top = (None, None, *self.stack[-2:])
        if isinstance(below, Stranger) and top == () and name not in _KEPT and name != "NEWOBJ":
            raise refusal(below.path)

    def pop_marked(self) -> list[Any]:
        items, self.stack = self.stack, self.marked.pop()
        return items

    def name(self, path: str) -> None:
        known = path in self.builders or path in TYPES or path.startswith(FUNCTIONS)
        self.stack.append(Name(path) if known else Stranger(path))

    def call(self, function: Any, args: Any) -> None:
        if isinstance(function, Stranger):
            raise refusal(function.path)
        if not isinstance(function, Name) or not isinstance(args, tuple):
            raise CheckpointError(f"calls a {type(function).__name__}; files of weights hold numbers only")
        if function.path not in self.builders:
            raise refusal(function.path)
        self.spend(args)
        self.stack.append(self.builders[function.path](*args))

    def spend(self, args: tuple[Any, ...]) -> None:
        self.allowance -= sum(len(arg) for arg in args if hasattr(arg, "__len__"))
        if self.allowance < 0:
            raise CheckpointError("uses the same long values again and again; it is hostile")


_CONSTANTS = {
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT",
    "STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8",
    "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8",
}  # fmt: skip
"""Instructions whose argument is the value that they put on the stack."""


_KEPT = {"PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"}
"""Instructions that only note what is on the stack."""


def _nothing(machine: _Machine, argument: Any) -> None:
    pass


def _push(make: Callable[[], Any]) -> Callable[[_Machine, Any], None]:
    def step(machine: _Machine, argument: Any) -> None:
        machine.stack.append(make())

    return step


def _mark(machine: _Machine, argument: Any) -> None:
    machine.marked.append(machine.stack)
    machine.stack = []


def _pop(machine: _Machine, argument: Any) -> None:
    if machine.stack:
        machine.stack.pop()
    else:
        machine.pop_marked()


def _pop_mark(machine: _Machine, argument: Any) -> None:
    machine.pop_marked()


def _dup(machine: _Machine, argument: Any) -> None:
    machine.stack.append(machine.stack[-1])


def _put(machine: _Machine, argument: Any) -> None:
    machine.memo[argument] = machine.stack[-1]


def _memoize(machine: _Machine, argument: Any) -> None:
    machine.memo[len(machine.memo)] = machine.stack[-1]


def _get(machine: _Machine, argument: Any) -> None:
    machine.stack.append(machine.memo[argument])


def _list(machine: _Machine, argument: Any) -> None:
    items = machine.pop_marked()
    machine.stack.append(items)


def _tuple(machine: _Machine, argument: Any) -> None:
    items = machine.pop_marked()
    machine.stack.append(tuple(items))


def _short_tuple(length: int) -> Callable[[_Machine, Any], None]:
    def step(machine: _Machine, argument: Any) -> None:
        items = [machine.stack.pop() for _ in range(length)]
        machine.stack.append(tuple(reversed(items)))

    return step


def _append(machine: _Machine, argument: Any) -> None:
    item = machine.stack.pop()
    _extend(machine.stack[-1], [item])


def _appends(machine: _Machine, argument: Any) -> None:
    items = machine.pop_marked()
    _extend(machine.stack[-1], items)


def _additems(machine: _Machine, argument: Any) -> None:
    items = machine.pop_marked()
    for item in items:
        check_key(item)
    _extend(machine.stack[-1], items)


def _extend(target: Any, items: list[Any]) -> None:
    if type(target) is not list:
        raise ValueError(f"it appends to a {type(target).__name__}")
    target.extend(items)


def _frozenset(machine: _Machine, argument: Any) -> None:
    items = machine.pop_marked()
    for item in items:
        check_key(item)
    machine.stack.append(items)


def _dict(machine: _Machine, argument: Any) -> None:
    items, made = machine.pop_marked(), {}
    _update(made, items)
    machine.stack.append(made)


def _setitem(machine: _Machine, argument: Any) -> None:
    value, key = machine.stack.pop(), machine.stack.pop()
    _update(machine.stack[-1], [key, value])


def _setitems(machine: _Machine, argument: Any) -> None:
    items = machine.pop_marked()
    _update(machine.stack[-1], items)


def _update(target: Any, items: list[Any]) -> None:
    if type(target) is not dict or len(items) % 2:
        raise ValueError(f"it sets an item of a {type(target).__name__}")
    for key, value in zip(items[::2], items[1::2], strict=True):
        check_key(key)
        target[key] = value


def _global(machine: _Machine, argument: Any) -> None:
    machine.name(argument.replace(" ", ".", 1))


def _stack_global(machine: _Machine, argument: Any) -> None:
    name, module = machine.stack.pop(), machine.stack.pop()
    if not isinstance(name, str) or not isinstance(module, str):
        raise ValueError("it names a function by something that is no text")  # noqa: TRY004 - the file's mistake, not a caller's
    machine.name(f"{module}.{name}")


def _inst(machine: _Machine, argument: Any) -> None:
    args = machine.pop_marked()
    _global(machine, argument)
    machine.call(machine.stack.pop(), tuple(args))


def _obj(machine: _Machine, argument: Any) -> None:
    function, *args = machine.pop_marked()
    machine.call(function, tuple(args))


def _reduce(machine: _Machine, argument: Any) -> None:
    args, function = machine.stack.pop(), machine.stack.pop()
    machine.call(function, args)


def _newobj(machine: _Machine, argument: Any) -> None:
    """An object of a class that is not known becomes a record, if it turns out to be a module."""
    args, function = machine.stack.pop(), machine.stack.pop()
    if isinstance(function, Stranger) and args == ():
        machine.stack.append(StoredModule(function.path))
    else:
        machine.call(function, args)


def _newobj_ex(machine: _Machine, argument: Any) -> None:
    if machine.stack.pop() != {}:
        raise CheckpointError("makes an object with arguments by name, which files of weights do not need")
    _reduce(machine, argument)


def _build(machine: _Machine, argument: Any) -> None:
    state = machine.stack.pop()
    machine.spend((state,))
    fill(machine.stack[-1], state)


def _persid(machine: _Machine, argument: Any) -> None:
    raise CheckpointError("refers to something outside it by a text, which files of weights do not do")


def _binpersid(machine: _Machine, argument: Any) -> None:
    if machine.persistent is None:
        raise CheckpointError("refers to something outside itself, which cannot be read")
    machine.stack.append(machine.persistent(machine.stack.pop()))


def _extension(machine: _Machine, argument: Any) -> None:
    raise refusal(f"extension {argument} of Python's registry")


_STEPS: dict[str, Callable[[_Machine, Any], None]] = {
    "PROTO": _nothing, "FRAME": _nothing, "MARK": _mark, "POP": _pop, "POP_MARK": _pop_mark, "DUP": _dup,
    "NONE": _push(lambda: None), "NEWTRUE": _push(lambda: True), "NEWFALSE": _push(lambda: False),
    "EMPTY_LIST": _push(list), "EMPTY_DICT": _push(dict), "EMPTY_TUPLE": _push(tuple), "EMPTY_SET": _push(list),
    "LIST": _list, "TUPLE": _tuple, "TUPLE1": _short_tuple(1), "TUPLE2": _short_tuple(2), "TUPLE3": _short_tuple(3),
    "DICT": _dict, "FROZENSET": _frozenset, "APPEND": _append, "APPENDS": _appends, "ADDITEMS": _additems,
    "SETITEM": _setitem, "SETITEMS": _setitems,
    "PUT": _put, "BINPUT": _put, "LONG_BINPUT": _put, "MEMOIZE": _memoize,
    "GET": _get, "BINGET": _get, "LONG_BINGET": _get,
    "GLOBAL": _global, "STACK_GLOBAL": _stack_global, "REDUCE": _reduce, "NEWOBJ": _newobj, "NEWOBJ_EX": _newobj_ex,
    "INST": _inst, "OBJ": _obj, "BUILD": _build, "PERSID": _persid, "BINPERSID": _binpersid,
    "EXT1": _extension, "EXT2": _extension, "EXT4": _extension,
}  # fmt: skip


def _check_nesting(value: Any) -> None:
    """Refuse what contains itself, is nested deeply, or is small only as long as it is shared.

    Walked without recursion, each container once.
    """
    extents: dict[int, tuple[int, int]] = {}
    path = [_Visit(value)] if _is_container(value) else []
    inside = {id(value)}
    while path:
        visit = path[-1]
        for child in visit.rest:
            visit.count += 1
            if isinstance(child, Stranger):
                raise refusal(child.path)
            if isinstance(child, StoredModule) and not child.attributes:
                raise refusal(child.class_name)
            if not _is_container(child):
                continue
            if id(child) in inside:
                raise CheckpointError("contains itself; it is damaged or hostile")
            if id(child) not in extents:
                inside.add(id(child))
                path.append(_Visit(child))
                break
            visit.add(*extents[id(child)])
        else:
            if visit.height > MAX_DEPTH:
                raise CheckpointError(f"is nested more than {MAX_DEPTH} deep; it is damaged or hostile")
            if visit.count > MAX_UNFOLDED:
                raise CheckpointError(
                    f"unfolds to more than {MAX_UNFOLDED:,} values by repeating itself; it is hostile"
                )
            path.pop()
            inside.discard(id(visit.value))
            extents[id(visit.value)] = visit.height, visit.count
            if path:
                path[-1].add(visit.height, visit.count)


class _Visit:
    """A container on the way: what of it is still to be seen, and how deep and large what was seen is."""

    def __init__(self, value: Any) -> None:
        self.value, self.rest, self.height, self.count = value, _children(value), 0, 1

    def add(self, height: int, count: int) -> None:
        self.height, self.count = max(self.height, height + 1), self.count + count


def _is_container(value: Any) -> bool:
    return isinstance(value, dict | list | tuple | Persistent | Attributes | StoredModule)


def _children(value: Any) -> Iterator[Any]:
    if isinstance(value, Persistent):
        return iter((value.attributes,))
    if isinstance(value, StoredModule):
        return iter((value.attributes,))
    if isinstance(value, Attributes):
        return iter((value.values,))
    return iter(value.values() if isinstance(value, dict) else value)
