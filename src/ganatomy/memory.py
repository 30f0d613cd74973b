"""What becomes of memory that is freed: whether it stays in the process or goes back to the system.

An image of 64 pixels passes through a dozen tensors of some megabytes. By default the C library gives these back to the
system, which has to clear them anew for the next image; that takes a fifth of the time on a processor.
"""

from __future__ import annotations

import contextlib
import ctypes

TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD, ARENA_MAX = -1, -2, -3, -8
"""The numbers of these settings in malloc.h."""

PIECE = 2**22
"""Bytes from which memory goes back to the system as soon as it is free, where little is to be kept."""


def keep_freed_memory() -> None:
    """Keep what is freed for the next image, where the C library can (glibc): for jobs that make many.

    The process does not grow by it beyond the most that it needs at one time, but it stays so large.
    """
    _set({TRIM_THRESHOLD: 2**30, TOP_PAD: 2**26, MMAP_THRESHOLD: 2**25})


def return_freed_memory() -> None:
    """Give large pieces back, and let threads use each other's, where the C library can: for what stays open for long.

    By default each thread keeps a heap of its own, as large as its largest image, which is useless where only one
    thread computes at a time. The heap keeps what a refined edit has needed, and it gets larger with each.
    """
    _set({ARENA_MAX: 2, TRIM_THRESHOLD: 2**17, TOP_PAD: 2**17, MMAP_THRESHOLD: PIECE})


def _set(options: dict[int, int]) -> None:
    # Raised by Windows, and by other C libraries.
    with contextlib.suppress(OSError, AttributeError, TypeError):
        library = ctypes.CDLL(None)
        for option, value in options.items():
            library.mallopt(option, value)
