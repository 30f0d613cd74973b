"""The type checker that the import hook in conftest.py puts around every function of ganatomy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from beartype import BeartypeConf, beartype
from beartype.roar import BeartypeDecorHintPep673Exception

# Where a float is asked for, an int will do, as static type checkers have it.
check = beartype(conf=BeartypeConf(is_pep484_tower=True))


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """beartype, but for methods that return `Self`: it can check those only where it decorates whole classes."""
    try:
        return check(function)
    except BeartypeDecorHintPep673Exception:
        return function
