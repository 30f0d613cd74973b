"""Work on a Ray cluster."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ganatomy.arguments import whole
from ganatomy.errors import SettingError, WorkerError
from ganatomy.extras import install_line
from ganatomy.workers.executors import Workers
from ganatomy.workers.parcels import Parcel
from ganatomy.workers.scheduling import Crew, Event
from ganatomy.workers.worker import ModelWorker

ANSWER_SECONDS = 10.0
"""How long an address may take to answer."""

PORT = 6379
"""Of a Ray head, unless it is told another."""

ALIVE = "/ray.rpc.NodeInfoGcsService/CheckAlive"
"""A question that every Ray head answers, and no other server."""


@dataclass(frozen=True, kw_only=True)
class RayCluster:
    """Workers on a Ray cluster, which make images and read them; this process writes, so no shared disk is needed.

    ganatomy must be installed on the cluster's machines in the version of this one. Generators and scorers are sent, so
    files of weights need not be there.

    Args:
        address: `HOST:PORT` of the head; "auto" finds the cluster that this machine is part of.
        workers: by default as many as fit on the cluster.
        gpus_per_worker: by default 1 where the cluster has GPUs, else 0; a fraction lets workers share one.
        cpus_per_worker: processors, and threads of torch, of each worker.

    Raises:
        SettingError: for numbers outside their range; when it is opened, where Ray is not installed; when it is given
            work, for a generator or scorer that cannot be sent.
        WorkerError: when it is opened, where nothing answers at the address.

    Example::

        ga.survey(generator, scorer, n=1_000_000, folder="my.survey", executor=ga.RayCluster(address="10.0.0.1:6379"))
    """

    address: str = "auto"
    workers: int | None = None
    gpus_per_worker: float | None = None
    cpus_per_worker: int = 1

    def __post_init__(self) -> None:
        if self.workers is not None:
            whole("workers", self.workers, least=1)
        whole("cpus_per_worker", self.cpus_per_worker, least=1)
        if self.gpus_per_worker is not None and not self.gpus_per_worker >= 0:
            raise SettingError(f"gpus_per_worker is {self.gpus_per_worker:g}; give 0 or more")

    @contextlib.contextmanager
    def open(self) -> Iterator[Workers]:
        """Workers that start with the first work and end with the context."""
        with connected(self.address) as ray:
            total = ray.cluster_resources()
            gpus = self.gpus_per_worker
            if gpus is None:
                gpus = 1 if total.get("GPU", 0) >= 1 else 0
            room = total.get("CPU", 0) // self.cpus_per_worker
            room = min(room, total.get("GPU", 0) // gpus) if gpus else room
            pool = RayPool(ray, gpus=gpus, cpus=self.cpus_per_worker)
            crew = Crew(pool, num_workers=self.workers or int(room), pickler=ray.cloudpickle.CloudPickler)
            try:
                yield crew
            finally:
                crew.close()


class RayPool:
    """Actors, which Ray neither restarts nor retries: `Crew` is quicker."""

    def __init__(self, ray: Any, *, gpus: float, cpus: int) -> None:
        self.ray, self.cpus, self.gpus = ray, cpus, gpus
        self.parcels: dict[int, Any] = {}
        self.actors: dict[int, Any] = {}
        self.pending: dict[Any, int] = {}

    def start(self, worker: int) -> None:
        kind = self.ray.remote(ModelWorker).options(
            num_cpus=self.cpus,
            num_gpus=self.gpus,
            max_restarts=0,
            max_task_retries=0,
            scheduling_strategy="SPREAD",
        )
        actor = kind.remote("cuda" if self.gpus else "cpu", self.cpus)
        self.actors[worker] = actor
        self.pending[actor.ready.remote()] = worker

    def submit(self, worker: int, task: bytes, work: bytes | None, parcels: Sequence[Parcel]) -> None:
        for parcel in parcels:
            if parcel.key not in self.parcels:
                self.parcels[parcel.key] = self.ray.put(parcel)
        models = [self.parcels[parcel.key] for parcel in parcels]
        self.pending[self.actors[worker].do.remote(task, work, *models)] = worker

    def wait(self, seconds: float) -> list[Event]:
        ready, _ = self.ray.wait(list(self.pending), timeout=seconds, fetch_local=True)
        events = []
        for answer in ready:
            worker = self.pending.pop(answer)
            try:
                events.append(Event(worker=worker, news=self.ray.get(answer)))
            except self.ray.exceptions.RayError as error:
                # One that cannot be reached may be alive; what it still makes is forgotten with its reference.
                with contextlib.suppress(self.ray.exceptions.RayError, ValueError):
                    self.ray.kill(self.actors.pop(worker))
                events.append(Event(worker=worker, news=_last_line(error)))
        return events

    def why_none(self) -> str:
        def amount(of: dict[str, float]) -> str:
            return f"{of.get('CPU', 0):g} processors and {of.get('GPU', 0):g} GPUs"

        asked = amount({"CPU": self.cpus, "GPU": self.gpus})
        has, free = amount(self.ray.cluster_resources()), amount(self.ray.available_resources())
        return f"each needs {asked}, and the cluster has {has}, of which {free} are free now; ask for less, or wait"

    def close(self) -> None:
        for actor in self.actors.values():
            with contextlib.suppress(self.ray.exceptions.RayError, ValueError):
                self.ray.kill(actor)
        self.actors.clear()
        self.pending.clear()


@contextlib.contextmanager
def connected(address: str) -> Iterator[Any]:
    """Ray, connected to a cluster; a connection that was there before stays.

    Raises:
        SettingError: where Ray is not installed, or the address is none.
        WorkerError: where nothing answers there.
    """
    # What daemons say of dead machines would be printed among the results; the environment may say otherwise.
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")
    try:
        import grpc  # noqa: F401 (asks whether a server is Ray's)
        import ray
        from ray._private.services import find_bootstrap_address
    except ImportError:
        raise SettingError(
            f"clusters need Ray, which is not installed: {install_line('ray')}; several GPUs of one machine need "
            "nothing: --device cuda:0,cuda:1"
        ) from None
    if ray.is_initialized():
        yield ray
        return
    place = address
    if place == "auto":  # what `ray start` left on this machine may be of a cluster that is gone
        place = os.environ.get("RAY_ADDRESS") or find_bootstrap_address(None) or "auto"
    if place != "auto":
        place = _answering(place)
    try:
        with _keeping_sigterm():
            ray.init(address=place, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError, ValueError) as error:
        said = " ".join(str(error).split())
        advice = (
            "install the same versions of Ray and Python everywhere"
            if "ersion mismatch" in said
            else "start one with `ray start --head`, or on another machine `ray start --address HOST:PORT`"
        )
        raise WorkerError(f"Ray at {place!r} cannot be joined: {said.rstrip('.')}; {advice}") from None
    try:
        yield ray
    finally:
        ray.shutdown()


def _answering(address: str) -> str:
    """The address, once a server of Ray's kind has answered there; Ray itself would wait for minutes."""
    host, colon, port = address.rpartition(":")
    host, port = (host, port) if colon else (address, str(PORT))
    if "/" in address or not host or not port.isdecimal() or not 0 < int(port) < 2**16:
        raise SettingError(
            f"{address!r} is no address of a Ray head; give HOST:PORT, such as 10.0.0.1:{PORT}"
        )
    deadline = time.monotonic() + ANSWER_SECONDS
    try:
        socket.create_connection((host, int(port)), timeout=ANSWER_SECONDS).close()
        answers = _is_ray(f"{host}:{port}", seconds=deadline - time.monotonic())
    except OSError as error:
        reason = "no answer" if isinstance(error, TimeoutError) else error.strerror or error
        raise WorkerError(
            f"nothing answers at {host}:{port} ({reason}); is the Ray head running, and is this its port? "
            f"`ray start --head --port {PORT}` starts one"
        ) from None
    if not answers:
        raise WorkerError(
            f"what answers at {host}:{port} is no Ray head; give the port that `ray start` names"
        )
    return f"{host}:{port}"


def _is_ray(place: str, *, seconds: float) -> bool:
    """Whether the server there answers as a Ray head does.

    Raises:
        TimeoutError: where it says nothing for so long.
    """
    import grpc

    if os.environ.get("RAY_USE_TLS", "0") in ("1", "true"):
        return True  # whose keys only Ray knows
    with grpc.insecure_channel(place, options=[("grpc.enable_http_proxy", 0)]) as channel:
        try:
            channel.unary_unary(ALIVE)(b"", timeout=max(seconds, 0.1))
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.DEADLINE_EXCEEDED:
                raise TimeoutError from None
            return error.code() == grpc.StatusCode.UNAUTHENTICATED  # Ray shows its own key
    return True


@contextlib.contextmanager
def _keeping_sigterm() -> Iterator[None]:
    """Ray takes the signal for itself; here it stops work as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _last_line(error: Exception) -> str:
    """The sentence of an error of Ray that says most."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else type(error).__name__
