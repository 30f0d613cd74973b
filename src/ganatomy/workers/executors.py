"""Who makes images and reads them: this process, unless a block of code gives the work to others."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Generator as Making
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Protocol, TypeVar, runtime_checkable

T = TypeVar("T")
R = TypeVar("R")

Work = Callable[[T], Iterable[R]]
"""What is done with each task. Its results depend on the task alone, so it does not matter who does it."""


@runtime_checkable
class Executor(Protocol):
    """Who can be given work, such as `LocalProcesses` and `RayCluster`."""

    def open(self) -> AbstractContextManager[Workers]:
        """Workers for any number of jobs, one after the other; they end with the context."""
        ...


class Workers(ABC):
    """Who does work."""

    @abstractmethod
    def map(self, work: Work[T, R], tasks: Iterable[T]) -> Making[R, None, None]:
        """The results of all tasks, in the order of the tasks."""

    def open(self) -> AbstractContextManager[Workers]:
        """Themselves: they are open already, and stay so."""
        return nullcontext(self)


class ThisProcess(Workers):
    """Does each task when its results are wanted."""

    def map(self, work: Work[T, R], tasks: Iterable[T]) -> Making[R, None, None]:
        for task in tasks:
            yield from work(task)


_workers: ContextVar[Workers | None] = ContextVar("workers", default=None)


def workers() -> Workers:
    """Who does the work here: those of the innermost `work_on`, else this process."""
    return _workers.get() or ThisProcess()


@contextmanager
def work_on(executor: Executor | None) -> Iterator[Workers]:
    """Let others make the images of a block of code, and read them; they are started once, and end with the block.

    Args:
        executor: who works, such as `LocalProcesses` or `RayCluster`; None for whoever does already.

    Example::

        with ga.work_on(ga.LocalProcesses(["cuda:0", "cuda:1"])):
            found = ga.explore(experiment)
            print(ga.entanglement(G, scorer, found.directions["regression"]))
    """
    with workers().open() if executor is None else executor.open() as opened:
        token = _workers.set(opened)
        try:
            yield opened
        finally:
            _workers.reset(token)
