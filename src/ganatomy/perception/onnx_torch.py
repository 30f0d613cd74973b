"""An ONNX classifier as a PyTorch network, so that gradients flow from its scores to images."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import CheckpointError, SettingError
from ganatomy.perception.onnx_session import OnnxSession, in_batches
from ganatomy.perception.torchvision import import_torchvision

AGREEMENT = 1e-3
"""How far an output may be from onnxruntime's, relative to its size where that is above 1."""


def in_torch(session: OnnxSession) -> Callable[[Tensor], Float[Tensor, "n k"]]:
    """The same function from images to outputs, in PyTorch.

    Raises:
        SettingError: when onnx2torch is not installed, and for classifiers that take bytes.
        CheckpointError: for a network that cannot be converted, or is converted to other answers.
    """
    if session.dtype == "uint8":
        raise SettingError(f"{session.path.name} takes images of bytes, through which no gradient flows")
    network = _converted(session)
    dtype = {"float16": torch.float16, "float64": torch.float64}.get(session.dtype, torch.float32)

    def run(images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k"]:
        arranged = session.input.arrange(images.cpu()).to(dtype)
        return torch.cat(
            [
                _forward(network, batch, session.output_index)[:count]
                for batch, count in in_batches(arranged, session.fixed_batch)
            ]
        )

    ours, theirs = run(session.noise()), session.sample
    worst = float(((ours - theirs).abs() / theirs.abs().clamp(min=1)).max())
    if not worst <= AGREEMENT:
        raise CheckpointError(
            f"{session.path.name} gives other scores in PyTorch than in onnxruntime (by {worst:.2g}); "
            "use it without gradients"
        )
    return run


def _forward(network: Any, images: Tensor, output: int) -> Float[Tensor, "n k"]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of onnx2torch's own code; its answers were checked
        outputs = network(images)
    chosen = outputs[output] if isinstance(outputs, list | tuple) else outputs
    return chosen.reshape(len(images), -1).float()


def _converted(session: OnnxSession) -> Any:
    import_torchvision()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import onnx2torch  # pyright: ignore[reportMissingImports]  (an extra)
    except ImportError:
        raise SettingError(
            f"gradients through {session.path.name} need onnx2torch; pip install 'ganatomy[gradients]'"
        ) from None
    try:
        return onnx2torch.convert(str(session.path)).eval().requires_grad_(False)
    except Exception as error:  # noqa: BLE001 (a converter of files by anyone may raise anything)
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise CheckpointError(
            f"{session.path.name} cannot be converted to PyTorch ({reason}); use it without gradients"
        ) from None
