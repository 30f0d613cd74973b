"""What runs in another process, here or on another machine: it holds models, and does tasks with them."""

from __future__ import annotations

import pickle
import traceback
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ganatomy import __version__
from ganatomy.devices import usable_device
from ganatomy.errors import WorkerError
from ganatomy.memory import keep_freed_memory
from ganatomy.progress import told
from ganatomy.workers.executors import Work
from ganatomy.workers.parcels import Parcel, pack, unpack


@dataclass(frozen=True, kw_only=True)
class Versions:
    """What must be the same in two processes for their results to be the same."""

    ganatomy: str
    torch: str
    numpy: str

    @classmethod
    def here(cls) -> Versions:
        """Those of this process."""
        return cls(
            ganatomy=__version__,
            torch=torch.__version__.partition("+")[0],  # built for a processor or a GPU
            numpy=np.__version__,
        )

    def refuse_other(self, other: Versions) -> None:
        """Raise WorkerError with what is different in a worker."""
        for name in ("ganatomy", "torch", "numpy"):
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine != theirs:
                raise WorkerError(
                    f"a worker has {name} {theirs}, this process {mine}; results must not depend on who works: "
                    "install the same version everywhere"
                )


@dataclass(frozen=True, kw_only=True)
class Failure:
    """An error of the code, which another worker would meet as well."""

    error: Exception
    trace: str

    @classmethod
    def of(cls, error: Exception) -> Failure:
        """The error as it can be sent."""
        trace = "".join(traceback.format_exception(error))
        try:
            pickle.loads(pickle.dumps(error))  # noqa: S301 (made in the line itself)
        except Exception:  # noqa: BLE001 (whatever it holds, only its text can be sent)
            error = WorkerError(f"{type(error).__name__}: {error}")
        return cls(error=error, trace=trace)

    def again(self) -> Exception:
        """The error, with where it was raised."""
        self.error.add_note(f"in a worker:\n{self.trace}")
        return self.error


class ModelWorker:
    """Models on a device, and who works with them.

    Args:
        device: where they are; "auto" is a GPU where there is one.
        num_threads: of torch.
    """

    def __init__(self, device: str, num_threads: int) -> None:
        torch.set_num_threads(num_threads)
        keep_freed_memory()
        self.device = device
        self.models: dict[int, object] = {}
        self.work: Work[Any, Any]

    def ready(self) -> Versions | Failure:
        """What it runs, once its device can be used."""
        try:
            self.device = usable_device(self.device)
        except Exception as error:  # noqa: BLE001 (the driver raises it)
            return Failure.of(error)
        return Versions.here()

    def do(self, task: bytes, work: bytes | None, *parcels: Parcel) -> bytes:
        """The results of a task, packed, or the error that it ended with.

        Args:
            task: packed.
            work: what to do with it and with those that follow, packed; None for the same as before.
            parcels: models that were not sent before.
        """
        try:
            for parcel in parcels:
                self.models[parcel.key] = parcel.open(self.models, self.device)
            if work is not None:
                self.work = unpack(work, self.models)
            with told("quiet"):  # the driver tells how far it is
                return pack(list(self.work(unpack(task, self.models))))
        except Exception as error:  # noqa: BLE001 (the driver raises it)
            return pack(Failure.of(error))
