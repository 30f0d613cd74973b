"""The type checker that the import hook in conftest.py puts around every function of ganatomy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from beartype import beartype
from beartype.roar import BeartypeDecorHintPep673Exception


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """beartype, but for methods that return `Self`: it can check those only where it decorates whole classes."""
    try:
        return beartype(function)
    except BeartypeDecorHintPep673Exception:
        return function
