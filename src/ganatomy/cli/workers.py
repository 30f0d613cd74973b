"""Who makes images and reads them: this process, several of this machine, or a Ray cluster."""

# Annotations are values here, not texts: cyclopts reads those that a class inherits in the module of its heir.
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

from cyclopts import Group, Parameter

from ganatomy.cli.parameters import options
from ganatomy.cli.subject import Guiding, Study
from ganatomy.devices import usable_device
from ganatomy.errors import SettingError

if TYPE_CHECKING:
    from ganatomy.experiments.base import Experiment
    from ganatomy.progress import Progress
    from ganatomy.workers import Executor

SHARING = Parameter(group=Group("Worker options", sort_key=2))


@options
class SharedStudy(Study):
    """What an experiment starts from whose work can be shared; by default this process does all of it."""

    ray: Annotated[str | None, SHARING] = None
    """Address of a Ray cluster, HOST:PORT; "auto" finds the one that this machine is part of."""
    workers: Annotated[int | None, SHARING] = None
    """Number of processes; by default as many as fit on the Ray cluster, or one for each of --device cuda:0,cuda:1."""
    gpus_per_worker: Annotated[float | None, SHARING] = None
    """GPUs of each worker on Ray, such as 0.5; by default 1 where the cluster has any."""

    def experiment(
        self, *, only: bool = False, without_scorer: bool = False, progress: "Progress | None" = None
    ) -> "Experiment":
        """As a study's, with who makes the images and reads them.

        Raises:
            SettingError: for options that do not go together, and devices that this machine does not have.
        """
        executor = self.executor  # what cannot work is said before anything is read
        found = super().experiment(only=only, without_scorer=without_scorer, progress=progress)
        return replace(found, executor=executor)

    @property
    def place(self) -> str:
        """The device of this process."""
        return super().place if len(self.devices) == 1 else self.devices[0]

    @cached_property
    def executor(self) -> "Executor | None":
        """Who makes the images and reads them; None for this process."""
        from ganatomy.workers import LocalProcesses, RayCluster

        if self.workers is not None and self.workers < 1:
            raise SettingError(f"--workers {self.workers} does no work; give 1 or more")
        if self.ray is not None:
            if self.device != "auto":
                raise SettingError(
                    f"--device {self.device} does not go with --ray, whose workers use the GPUs that "
                    "--gpus-per-worker gives them; leave it out"
                )
            return RayCluster(address=self.ray, workers=self.workers, gpus_per_worker=self.gpus_per_worker)
        if self.gpus_per_worker is not None:
            raise SettingError(
                "--gpus-per-worker goes with --ray; without, name GPUs with --device cuda:0,cuda:1"
            )
        return None if len(self.devices) == 1 else LocalProcesses(self.devices)

    @cached_property
    def devices(self) -> list[str]:
        """One for each process; where there are more processes than devices, several share one."""
        import torch

        given = self.device
        if given == "auto" and self.workers is not None and torch.cuda.is_available():
            given = ",".join(f"cuda:{index}" for index in range(torch.cuda.device_count()))
        named = [name.strip() for name in given.split(",")]
        if len(named) == 1 and self.workers is None:
            return named  # which is opened, or refused, as everywhere
        found = [usable_device(name) for name in named]
        count = self.workers or len(found)
        return [found[index % len(found)] for index in range(count)]


@options
class GuidedStudy(Guiding, SharedStudy):
    """What an experiment starts from that makes guided edits."""
