"""Work by several processes of this machine, one for each device."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

import torch

from ganatomy.arguments import texts
from ganatomy.errors import SettingError
from ganatomy.workers.executors import Workers
from ganatomy.workers.parcels import Parcel
from ganatomy.workers.scheduling import Crew, Event
from ganatomy.workers.worker import ModelWorker

END_SECONDS = 2.0
"""How long a process may take to end before it is killed."""


@dataclass(frozen=True)
class LocalProcesses:
    """Several processes of this machine, which make images and read them.

    Args:
        devices: of which each has a process of its own, such as `["cuda:0", "cuda:1"]` or `["cpu", "cpu"]`; those on
            processors share its threads.

    Raises:
        SettingError: without a device; when it is given work, for a generator or scorer that cannot be sent.

    Example::

        ga.survey(generator, scorer, n=100_000, folder="my.survey", executor=ga.LocalProcesses(["cuda:0", "cuda:1"]))
    """

    devices: Sequence[str]

    def __post_init__(self) -> None:
        object.__setattr__(self, "devices", texts("devices", self.devices))
        if not self.devices:
            raise SettingError(
                "there is no device to work on; give one for each process, such as ['cpu', 'cpu']"
            )

    @contextlib.contextmanager
    def open(self) -> Iterator[Workers]:
        """Processes that start with the first work and end with the context."""
        crew = Crew(ProcessPool(self.devices), num_workers=len(self.devices))
        try:
            yield crew
        finally:
            crew.close()


class ProcessPool:
    """Processes, each with a pipe to this one; a process that ends, however it ends, closes its pipe."""

    def __init__(self, devices: Sequence[str]) -> None:
        self.devices = devices
        self.num_threads = max(1, torch.get_num_threads() // len(devices))
        self.pipes: dict[Connection, int] = {}
        self.processes: dict[int, tuple[SpawnProcess, Connection]] = {}

    def start(self, worker: int) -> None:
        # A process that is forked cannot use a GPU.
        context = multiprocessing.get_context("spawn")
        mine, theirs = context.Pipe()
        process = context.Process(
            target=serve,
            args=(theirs, self.devices[worker], self.num_threads),
            name=f"ganatomy worker {worker}",
            daemon=True,
        )
        process.start()
        theirs.close()
        self.pipes[mine] = worker
        self.processes[worker] = process, mine

    def submit(self, worker: int, task: bytes, work: bytes | None, parcels: Sequence[Parcel]) -> None:
        with contextlib.suppress(OSError):  # one that is dead says so in `wait`
            self.processes[worker][1].send((task, work, *parcels))

    def wait(self, seconds: float) -> list[Event]:
        events = []
        for pipe in wait(list(self.pipes), seconds):
            assert isinstance(pipe, Connection)
            worker = self.pipes[pipe]
            try:
                events.append(Event(worker=worker, news=pipe.recv()))
            except (EOFError, OSError):
                del self.pipes[pipe]
                events.append(Event(worker=worker, news=self._ended(worker)))
        return events

    def _ended(self, worker: int) -> str:
        process, _ = self.processes.pop(worker)
        process.join(END_SECONDS)
        code = process.exitcode
        if code is not None and code < 0:
            return f"the process on {self.devices[worker]} was ended by {signal.Signals(-code).name}"
        return (
            f"the process on {self.devices[worker]} ended with code {code}; a script that starts processes needs "
            'its work under if __name__ == "__main__":'
        )

    def why_none(self) -> str:
        return "importing torch, or sending the model, takes too long; use fewer processes"

    def close(self) -> None:
        for process, pipe in self.processes.values():
            pipe.close()
            process.kill()
        for process, _ in self.processes.values():
            process.join(END_SECONDS)
        self.pipes.clear()
        self.processes.clear()


def serve(pipe: Connection, device: str, num_threads: int) -> None:
    """What a process does: it says that it is ready, then answers each message."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the driver, which ends its workers
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with contextlib.suppress(EOFError, OSError):  # the driver is gone
        worker = ModelWorker(device, num_threads)
        pipe.send(worker.ready())
        while True:
            pipe.send(worker.do(*pipe.recv()))


def _end_with_parent() -> None:
    """A driver that was killed leaves no process at work."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
