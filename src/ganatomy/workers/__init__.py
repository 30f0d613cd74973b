"""Work that others do: several processes of this machine, or a Ray cluster."""

from __future__ import annotations

from ganatomy.workers.executors import Executor, Workers, work_on, workers
from ganatomy.workers.images import read_images
from ganatomy.workers.on_ray import RayCluster
from ganatomy.workers.processes import LocalProcesses

__all__ = ["Executor", "LocalProcesses", "RayCluster", "Workers", "read_images", "work_on", "workers"]
