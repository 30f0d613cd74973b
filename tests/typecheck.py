"""The type checker that the import hook in conftest.py puts around every function of ganatomy."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import is_dataclass
from functools import wraps
from typing import Any, get_type_hints

import jaxtyping
from beartype import BeartypeConf, beartype
from jaxtyping import TypeCheckError, install_import_hook, jaxtyped

# Where a float is asked for, an int will do, as static type checkers have it.
check = beartype(conf=BeartypeConf(is_pep484_tower=True, violation_type=TypeCheckError))


def install(modules: Sequence[str]) -> None:
    """Check all functions of these modules, which are not imported yet.

    The decorator of jaxtyping itself binds all arguments in Python and checks them twice, which took longer than many a
    function of ganatomy.
    """
    jaxtyping.jaxtyped = lambda *, typechecker: checked
    install_import_hook(modules, "typecheck.check")


def checked(given: Any) -> Any:
    """A function, or the constructor of a dataclass, with its arguments and result checked; an axis has one length.

    What runs later than it is called, and lengths that are arguments, are left to jaxtyping.
    """
    if isinstance(given, type):
        if is_dataclass(given) and "__init__" in vars(given):
            given.__init__ = checked(given.__init__)
        return given
    later = inspect.isgeneratorfunction(given) or inspect.iscoroutinefunction(given)
    if later or any("{" in str(hint) for hint in given.__annotations__.values()):
        return jaxtyped(given, typechecker=check)
    written, given.__annotations__ = given.__annotations__, dict(hints_of(given))
    inner = check(given)
    given.__annotations__ = written

    @wraps(given)
    def scoped(*args: Any, **named: Any) -> Any:
        with jaxtyped("context"):
            return inner(*args, **named)

    return scoped


def hints_of(function: Callable[..., Any]) -> Iterator[tuple[str, Any]]:
    """The types that stand for something already: a class does not while its methods are made."""
    for name, written in function.__annotations__.items():

        def only() -> None: ...

        only.__annotations__ = {name: written}
        try:
            hint = get_type_hints(only, function.__globals__, include_extras=True)[name]
        except (AttributeError, NameError, TypeError, ValueError):
            continue
        if "typing.Self" not in repr(hint):
            yield name, hint
