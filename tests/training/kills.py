"""Trainings in processes of their own, which end themselves in the middle of whatever is done then."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ganatomy.progress import Progress


def killed_after(steps: int, delay: float) -> Progress:
    """Progress that kills its process this many seconds after so many calls; 0 never."""
    taken = 0

    def progress(stage: str, done: int, total: int) -> None:
        nonlocal taken
        taken += 1
        if taken == steps:
            threading.Timer(delay, os.kill, (os.getpid(), signal.SIGKILL)).start()

    return progress


def in_processes(
    train: Callable[..., None], folder: Path, monkeypatch: pytest.MonkeyPatch, *, preload: str
) -> Callable[..., int | None]:
    """From the name of a folder inside `folder`, and steps and delay, to the exit code of a process that trains there.

    Args:
        train: function of a test module, called with the folder and the rest.
        preload: what every process starts with, so that each starts in a moment.
    """
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))  # where the processes find the test module
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([preload])

    def run(name: str, *arguments: Any) -> int | None:
        process = context.Process(target=train, args=(folder / name, *arguments))
        process.start()
        process.join()
        return process.exitcode

    return run
