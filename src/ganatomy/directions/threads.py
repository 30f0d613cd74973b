"""How many threads a solver should use."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import torch
from threadpoolctl import ThreadpoolController

SMALL = 4_000_000
"""Numbers in a matrix below which a second thread gains little."""


@contextmanager
def threads_for(num_numbers: int) -> Iterator[None]:
    """One thread of torch and scipy for a matrix of fewer than `SMALL` numbers, else the usual number.

    A solver's threads wait for each other at every step, and on a busy machine for a core too: there the eigenvectors
    of a 512 x 512 matrix took 97 s on two threads, and half a second on one.
    """
    if num_numbers >= SMALL:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with _libraries(len(sys.modules)).limit(limits=1):
            yield
    finally:
        torch.set_num_threads(before)


@lru_cache(maxsize=1)
def _libraries(num_modules: int) -> ThreadpoolController:
    """The libraries with threads: looked for again only once more modules are imported, since a search takes 4 ms."""
    return ThreadpoolController()
