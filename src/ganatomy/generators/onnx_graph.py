"""A generator in an ONNX file: images by onnxruntime, and by PyTorch where gradients are wanted."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from ganatomy.errors import CheckpointError, SettingError
from ganatomy.generators.base import Generator, Prior, Signature
from ganatomy.generators.class_inputs import likely_classes
from ganatomy.generators.guesses import Guess
from ganatomy.generators.modulation import is_tracked
from ganatomy.generators.onnx_form import RANGES, read_class_names, read_range
from ganatomy.generators.onnx_run import OnnxRun
from ganatomy.graphs.converted import AGREEMENT, call, convert
from ganatomy.graphs.session import first_line, in_batches
from ganatomy.latents import Latents

APART = "codes of this length are unusual without one; ganatomy.wrap takes codes and class apart"


class OnnxGenerator(Generator):
    """A graph from codes to images. Its weights stay in the file, so it has no parameters of its own.

    Images are computed by onnxruntime, on the processor. Where derivatives of codes are wanted, the same network in
    PyTorch is made once, and used if its images agree.

    Args:
        path: of the file.
        prior: what z was drawn from; normal is assumed.
        output: what black and white are, a word of `RANGES`; else read as `read_range` says.
        num_classes: of classes that go in as whole numbers; else found by trying.

    Raises:
        CheckpointError: for a file that is damaged, or no generator.
        SettingError: for a number of classes that the graph does not have.
    """

    def __init__(
        self,
        path: Path,
        *,
        prior: Prior | None = None,
        output: str | None = None,
        num_classes: int | None = None,
    ) -> None:
        run = OnnxRun(path, prior=prior or "normal", num_classes=num_classes)
        channels, height, width = run.size
        super().__init__(
            Signature(
                architecture="ONNX",
                z_dim=run.inputs.z_dim,
                resolution=height,
                width=width,
                channels=channels,
                num_classes=run.num_classes,
                class_names=read_class_names(run.outline.metadata, run.num_classes),
                prior=prior or "normal",
            )
        )
        self.run = run
        said = output or ("bytes" if run.images.dtype == np.uint8 else None)
        values = run.images.astype(np.float32)
        self.output, guesses = read_range(run.last, float(values.min()), float(values.max()), output=said)
        assumed = () if prior else (Guess(what="prior", chosen="normal", option="prior", second="uniform"),)
        likely = likely_classes(run.inputs.z_dim) if num_classes is None and not run.inputs.classes else 0
        inside = (
            Guess(what="class in the codes", chosen="none", second=f"one of {likely}, one-hot", note=APART),
        )
        self.guesses = (*run.inputs.guesses, *assumed, *(inside if likely else ()), *guesses)

    @property
    def num_parameters(self) -> int:
        return self.run.outline.num_weights

    def synthesize(self, latents: Latents) -> Float[Tensor, "n c h w"]:
        """Images of codes in z; of a conditional generator, with their labels."""
        codes, labels = latents.codes, latents.labels
        if self.signature.num_classes and labels is None:
            raise SettingError(
                f"this generator has {self.signature.num_classes} classes; its codes need labels, as sample() draws"
            )
        images = self._in_torch(codes, labels) if is_tracked(codes) else self.run.run(codes, labels)
        images = images.float() if self.run.layout == "NCHW" else images.float().permute(0, 3, 1, 2)
        low, high = RANGES[self.output]
        return images if (low, high) == (-1, 1) else (images - low) * (2 / (high - low)) - 1

    @cached_property
    def _in_torch(self) -> InTorch:
        return InTorch(self.run)

    def _digest(self, state: dict[str, Tensor]) -> str:
        """Who a graph is lies in its file, and in what the user says of it."""
        path = self.run.path
        digest = hashlib.sha256(f"ONNX {self.signature.prior} {self.output}".encode())
        for file in (path, *(path.parent / name for name in self.run.outline.files)):
            with file.open("rb") as content:
                digest.update(hashlib.file_digest(content, "sha256").digest())
        return digest.hexdigest()

    def __deepcopy__(self, memo: Mapping[int, Any]) -> Self:
        return self  # nothing in it can change


class InTorch:
    """The graph of a run as a PyTorch network, through which derivatives flow.

    Args:
        run: that its images must agree with.

    Raises:
        SettingError: when onnx2torch is not installed.
        CheckpointError: where it cannot be converted, or its images do not agree.
    """

    def __init__(self, run: OnnxRun) -> None:
        self.run = run
        self.network: nn.Module = convert(run.path)
        try:
            with torch.no_grad():
                ours = self(run.codes, run.labels).float()
        except Exception as error:  # noqa: BLE001 (a converted network may raise anything)
            raise CheckpointError(
                f"{run.path.name} does not run in PyTorch ({first_line(error)}); use it without gradients"
            ) from None
        theirs = torch.from_numpy(run.images).float()
        same = ours.shape == theirs.shape
        worst = float(((ours - theirs).abs() / theirs.abs().clamp(min=1)).max()) if same else torch.inf
        if not worst <= AGREEMENT:
            raise CheckpointError(
                f"{run.path.name} makes other images in PyTorch than in onnxruntime (by {worst:.2g}); "
                "use it without gradients"
            )

    def __call__(self, codes: Tensor, labels: Tensor | None) -> Tensor:
        """The output that holds images, as it is."""
        found = []
        for rows, count in in_batches(torch.arange(len(codes)), self.run.inputs.batch):
            feed = self.run.feed(codes[rows], None if labels is None else labels[rows])
            found.append(call(self.network, *feed.values(), output=self.run.place)[:count])
        return torch.cat(found)
