"""An ONNX classifier as a PyTorch network, so that gradients flow from its scores to images."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import CheckpointError, SettingError
from ganatomy.graphs.converted import AGREEMENT, call, convert
from ganatomy.graphs.session import in_batches
from ganatomy.perception.onnx_session import OnnxSession


def in_torch(session: OnnxSession) -> Callable[[Tensor], Float[Tensor, "n k"]]:
    """The same function from images to outputs, in PyTorch.

    Raises:
        SettingError: when onnx2torch is not installed, and for classifiers that take bytes.
        CheckpointError: for a network that cannot be converted, or is converted to other answers.
    """
    if session.dtype == "uint8":
        raise SettingError(f"{session.path.name} takes images of bytes, through which no gradient flows")
    network = convert(session.path)
    dtype = {"float16": torch.float16, "float64": torch.float64}.get(session.dtype, torch.float32)

    def run(images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k"]:
        arranged = session.input.arrange(images.cpu()).to(dtype)
        return torch.cat(
            [
                call(network, batch, output=session.output_index).reshape(len(batch), -1)[:count].float()
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
