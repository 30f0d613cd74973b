"""An ONNX scorer as a PyTorch network, so that gradients flow from its scores to images."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import CheckpointError, SettingError
from ganatomy.latents import Latents
from ganatomy.perception.base import Scorer
from ganatomy.perception.torchvision import import_torchvision

if TYPE_CHECKING:
    from ganatomy.perception.onnx import OnnxScorer

AGREEMENT = 1e-3
"""How far an output may be from onnxruntime's, relative to its size where that is above 1."""


class DifferentiableOnnxScorer(Scorer):
    """The same answers as those of an ONNX scorer, computed by PyTorch, with gradients.

    Raises:
        SettingError: when onnx2torch is not installed, and for classifiers that take bytes.
        CheckpointError: for a network that it cannot convert, or converts to other answers.
    """

    def __init__(self, scorer: OnnxScorer) -> None:
        if scorer.dtype == "uint8":
            raise SettingError(f"{scorer.path.name} takes images of bytes, through which no gradient flows")
        self.scorer = scorer
        self.names, self.fingerprint = scorer.names, scorer.fingerprint
        self.description = f"{scorer.description}, in PyTorch"
        self._network = _converted(scorer)
        noise = scorer.noise()
        ours, theirs = self._run(scorer.input.arrange(noise)), scorer.run(noise)
        worst = float(((ours - theirs).abs() / theirs.abs().clamp(min=1)).max())
        if not worst <= AGREEMENT:
            raise CheckpointError(
                f"{scorer.path.name} gives other scores in PyTorch than in onnxruntime (by {worst:.2g}); "
                "use it without gradients"
            )

    def _logits(self, images: Float[Tensor, "n c h w"], *, latents: Latents | None, start: int) -> Tensor:
        return self.scorer.to_logits(self._run(self.scorer.input.arrange(images.cpu())))

    def _run(self, images: Tensor) -> Float[Tensor, "n k"]:
        """The output that holds the scores, in pieces where the model takes a fixed number of images at a time."""
        images = images.to(
            {"float16": torch.float16, "float64": torch.float64}.get(self.scorer.dtype, torch.float32)
        )
        if not self.scorer.fixed_batch:
            return self._forward(images)
        pieces = []
        for piece in images.split(self.scorer.fixed_batch):
            blanks = piece.new_zeros(self.scorer.fixed_batch - len(piece), *piece.shape[1:])
            pieces.append(self._forward(torch.cat([piece, blanks]))[: len(piece)])
        return torch.cat(pieces)

    def _forward(self, images: Tensor) -> Float[Tensor, "n k"]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of onnx2torch's own code; its answers were checked
            outputs = self._network(images)
        chosen = outputs[self.scorer.output_index] if isinstance(outputs, list | tuple) else outputs
        return chosen.reshape(len(images), -1).float()


def _converted(scorer: OnnxScorer) -> Any:
    import_torchvision()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import onnx2torch  # pyright: ignore[reportMissingImports]  (an extra)
    except ImportError:
        raise SettingError(
            f"gradients through {scorer.path.name} need onnx2torch; pip install 'ganatomy[gradients]'"
        ) from None
    try:
        return onnx2torch.convert(str(scorer.path)).eval().requires_grad_(False)
    except Exception as error:  # noqa: BLE001 (a converter of files by anyone may raise anything)
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise CheckpointError(
            f"{scorer.path.name} cannot be converted to PyTorch ({reason}); use it without gradients"
        ) from None
