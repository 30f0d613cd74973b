"""Who makes images and reads them: this process, several of this machine, or a Ray cluster."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, TypeVar

from cyclopts import Group, Parameter

from ganatomy.cli.parameters import options
from ganatomy.devices import usable_device
from ganatomy.errors import SettingError

if TYPE_CHECKING:
    from ganatomy.cli.subject import Study
    from ganatomy.workers import Executor

S = TypeVar("S", bound="Study")

SHARING = Parameter(group=Group("Worker options", sort_key=2))


@options
class WorkerOptions:
    """How the work is shared; by default this process does all of it."""

    ray: Annotated[str | None, SHARING] = None
    """Address of a Ray cluster, HOST:PORT; "auto" finds the one that this machine is part of."""
    workers: Annotated[int | None, SHARING] = None
    """Number of processes; by default as many as fit on the Ray cluster, or one for each of --device cuda:0,cuda:1."""
    gpus_per_worker: Annotated[float | None, SHARING] = None
    """GPUs of each worker on Ray, such as 0.5; by default 1 where the cluster has any."""

    def share(self, subject: S) -> tuple[S, Executor | None]:
        """The subject on a device of this process, and who makes the images and reads them; None for this process.

        Raises:
            SettingError: for options that do not go together, and devices that this machine does not have.
        """
        from ganatomy.workers import LocalProcesses, RayCluster

        if self.workers is not None and self.workers < 1:
            raise SettingError(f"--workers {self.workers} does no work; give 1 or more")
        if self.ray is not None:
            if subject.device != "auto":
                raise SettingError(
                    f"--device {subject.device} does not go with --ray, whose workers use the GPUs that "
                    "--gpus-per-worker gives them; leave it out"
                )
            executor = RayCluster(
                address=self.ray, workers=self.workers, gpus_per_worker=self.gpus_per_worker
            )
            return subject, executor
        if self.gpus_per_worker is not None:
            raise SettingError(
                "--gpus-per-worker goes with --ray; without, name GPUs with --device cuda:0,cuda:1"
            )
        devices = self._devices(subject.device)
        if len(devices) == 1:
            return subject, None
        return replace(subject, device=devices[0]), LocalProcesses(devices)

    def _devices(self, given: str) -> list[str]:
        """One device for each process; where there are more processes than devices, several share one."""
        import torch

        if given == "auto" and self.workers is not None and torch.cuda.is_available():
            given = ",".join(f"cuda:{index}" for index in range(torch.cuda.device_count()))
        named = [name.strip() for name in given.split(",")]
        if len(named) == 1 and self.workers is None:
            return named  # which is opened, or refused, as everywhere
        found = [usable_device(name) for name in named]
        count = self.workers or len(found)
        return [found[index % len(found)] for index in range(count)]


WORKERS = WorkerOptions()
