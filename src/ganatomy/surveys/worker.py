"""What runs in another process, here or on another machine: it holds a source, and makes rows of it."""

from __future__ import annotations

import pickle
import traceback
from dataclasses import dataclass

import numpy as np
import torch

from ganatomy import __version__
from ganatomy.devices import usable_device
from ganatomy.errors import SettingError, WorkerError
from ganatomy.surveys.executors import Task
from ganatomy.surveys.rows import Rows, RowSource


@dataclass(frozen=True, kw_only=True)
class WorkerIdentity:
    """What must be the same in two processes for their rows to be the same."""

    ganatomy: str
    torch: str
    numpy: str
    generator: str
    scorer: str

    @classmethod
    def of(cls, source: RowSource) -> WorkerIdentity:
        """That of this process with a source."""
        return cls(
            ganatomy=__version__,
            torch=torch.__version__.partition("+")[0],  # built for a processor or a GPU
            numpy=np.__version__,
            generator=source.generator.fingerprint,
            scorer=source.scorer.fingerprint,
        )

    def refuse_other(self, other: WorkerIdentity) -> None:
        """Raise WorkerError with what is different in a worker."""
        for name in ("ganatomy", "torch", "numpy"):
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine != theirs:
                raise WorkerError(
                    f"a worker has {name} {theirs}, this process {mine}; rows must not depend on who makes them: "
                    "install the same version everywhere"
                )
        for name in ("generator", "scorer"):
            if getattr(self, name) != getattr(other, name):
                raise WorkerError(
                    f"the {name} arrived at a worker as another ({getattr(other, name)[:12]}, not "
                    f"{getattr(self, name)[:12]}); give the {name} a fingerprint that is the same in every process"
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


class SurveyWorker:
    """A source on a device.

    Args:
        content: a pickled source.
        device: where it works; "auto" is a GPU where there is one.
        num_threads: of torch.
    """

    def __init__(self, content: bytes, device: str, num_threads: int) -> None:
        self.source: RowSource | Failure
        try:
            torch.set_num_threads(num_threads)
            source: RowSource = pickle.loads(content)  # noqa: S301 (sent by the process that started this one)
            self.source = source.to(usable_device(device))
        except Exception as error:  # noqa: BLE001 (the driver raises it)
            self.source = Failure.of(error)

    def identity(self) -> WorkerIdentity | Failure:
        """Who it is, once it is ready to work."""
        return self.source if isinstance(self.source, Failure) else WorkerIdentity.of(self.source)

    def make(self, task: Task) -> Rows | Failure:
        """The rows of a task."""
        try:
            assert isinstance(self.source, RowSource)
            return Rows.cat(list(self.source.make(*task)))
        except Exception as error:  # noqa: BLE001 (the driver raises it)
            return Failure.of(error)


def not_sent(source: RowSource, error: Exception) -> SettingError:
    """What to say where a source cannot be pickled."""
    return SettingError(
        f"generator and scorer ({source.scorer.description}) cannot be sent to other processes: {error}; define their "
        "classes and functions at the top of a module that workers can import"
    )
