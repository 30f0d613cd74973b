"""An ONNX file in onnxruntime, on the processor."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganatomy.errors import CheckpointError, MissingFileError
from ganatomy.graphs.outline import GraphOutline, read_outline

SECONDS_A_ROW = 60.0
"""An image or a code that takes longer is not computed."""

DTYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(double)": "float64",
    "tensor(uint8)": "uint8",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
}
"""NumPy's names of onnxruntime's types, of the inputs that are understood."""


def open_session(path: Path, *, what: str = "classifier") -> Any:
    """An ONNX file in onnxruntime, on the processor, with as many threads as torch has.

    Args:
        path: of the file.
        what: the file should hold, for the message.

    Raises:
        MissingFileError: when there is no file.
        CheckpointError: when it is not ONNX, or is refused by `read_outline`.
    """
    if not path.is_file():
        raise MissingFileError(f"{path} does not exist; give the file of an ONNX {what}")
    read_whole_outline(path)
    return RunningFile(path)


def read_whole_outline(path: Path) -> GraphOutline:
    """The outline of a file, with its path in front of what is wrong with it.

    Args:
        path: of the file.

    Raises:
        CheckpointError: as `read_outline` says.
    """
    try:
        return read_outline(path)
    except CheckpointError as error:
        raise CheckpointError(f"{path} cannot be read as ONNX: it {error}") from None


class RunningFile:
    """A session of onnxruntime that can be sent to another process, as the bytes of its file.

    Args:
        path: of the file.
        content: what is in it, where the file is on another machine.

    Raises:
        CheckpointError: when it cannot be run.
    """

    def __init__(self, path: Path, content: bytes | None = None) -> None:
        self.path = path
        self.session = _run(path, content)

    def __getattr__(self, name: str) -> Any:
        if name == "session":  # of an object that is not made yet
            raise AttributeError(name)
        return getattr(self.session, name)

    def __reduce__(self) -> tuple[Any, ...]:
        return RunningFile, (self.path, self.path.read_bytes())


def _run(path: Path, content: bytes | None) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(
            str(path) if content is None else content, options, providers=["CPUExecutionProvider"]
        )
        # Names that are no text are found out here, and not by whoever asks for them.
        for port in (*session.get_inputs(), *session.get_outputs()):
            _ = (port.name, port.shape)
        _ = session.get_modelmeta().custom_metadata_map
        return session
    except Exception as error:  # noqa: BLE001 (onnxruntime has no public class for its errors)
        raise CheckpointError(f"{path} cannot be read as ONNX: {first_line(error)}") from None


def run_within(
    session: Any, outputs: list[str] | None, feed: Mapping[str, np.ndarray], *, seconds: float | None = None
) -> list[Any]:
    """Outputs of a session, which is ended where it computes without end.

    Args:
        session: of onnxruntime.
        outputs: their names; None for all.
        feed: arrays by the names of the inputs.
        seconds: that it may take; by default `SECONDS_A_ROW` for each row.

    Raises:
        CheckpointError: when it takes longer.
        Others as onnxruntime does, which has no public class for its errors.
    """
    import onnxruntime

    if seconds is None:
        seconds = SECONDS_A_ROW * max([1, *(len(array) for array in feed.values() if array.ndim)])
    options = onnxruntime.RunOptions()
    options.log_severity_level = 4
    clock = threading.Timer(seconds, setattr, (options, "terminate", True))
    clock.daemon = True
    clock.start()
    try:
        return session.run(outputs, feed, options)
    except Exception:
        if options.terminate:
            raise CheckpointError(
                f"was ended after {seconds:.0f} seconds; no network takes as long"
            ) from None
        raise
    finally:
        clock.cancel()


def in_batches(rows: Tensor, size: int | None) -> list[tuple[Tensor, int]]:
    """Batches and how many of their rows are real: some models take a fixed number, so blanks fill the last.

    Args:
        rows: images or codes.
        size: that the model takes at a time; None for any.

    Example:
        >>> [(len(batch), count) for batch, count in in_batches(torch.zeros(5, 3), 4)]
        [(4, 4), (4, 1)]
    """
    if size is None:
        return [(rows, len(rows))]
    found = []
    for piece in rows.split(size) if len(rows) else (rows,):
        blanks = piece.new_zeros(size - len(piece), *piece.shape[1:])
        found.append((torch.cat([piece, blanks]), len(piece)))
    return found


def first_line(error: Exception) -> str:
    r"""The first line of a library's message.

    Example:
        >>> first_line(ValueError("no such axis\nat node 7"))
        'no such axis'
    """
    return (str(error).splitlines() or [type(error).__name__])[0]
