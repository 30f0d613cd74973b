"""An ONNX file as a PyTorch network, so that gradients flow through it."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from torch import nn

from ganatomy.errors import CheckpointError, SettingError
from ganatomy.extras import install_line
from ganatomy.graphs.session import first_line
from ganatomy.graphs.torchvision import import_torchvision

AGREEMENT = 1e-3
"""How far an output may be from onnxruntime's, relative to its size where that is above 1."""


def convert(path: Path) -> nn.Module:
    """The same network in PyTorch, ready for use.

    Args:
        path: of an ONNX file whose outline was read.

    Raises:
        SettingError: when onnx2torch is not installed.
        CheckpointError: for a network that cannot be converted.
    """
    import_torchvision()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import onnx  # pyright: ignore[reportMissingImports]  (comes with onnx2torch)
            import onnx2torch  # pyright: ignore[reportMissingImports]  (an extra)
    except ImportError:
        raise SettingError(
            f"gradients through {path.name} need onnx2torch; {install_line('gradients')}"
        ) from None
    try:
        model: Any = onnx.load(str(path))
        # PyTorch writes source text with these names in it and runs that: no file may choose them.
        for index, node in enumerate(model.graph.node):
            node.name = f"node_{index}"
        return onnx2torch.convert(model).eval().requires_grad_(False)
    except Exception as error:  # noqa: BLE001 (a converter of files by anyone may raise anything)
        raise CheckpointError(
            f"{path.name} cannot be converted to PyTorch ({first_line(error)}); use it without gradients"
        ) from None


def call(network: nn.Module, *inputs: Any, output: int = 0) -> Any:
    """One output of a converted network, without the remarks of its code.

    Args:
        network: as `convert` gives it.
        inputs: of the network.
        output: which of several.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of onnx2torch's own code; its answers are checked
        outputs = network(*inputs)
    return outputs[output] if isinstance(outputs, list | tuple) else outputs
