"""An ONNX generator in onnxruntime: what it takes and gives, found by its outline and by trying a few codes."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ganatomy.errors import CheckpointError, SettingError, in_file
from ganatomy.generators.base import Prior, draw_rows
from ganatomy.generators.onnx_form import Layout, Port, read_inputs, read_layout
from ganatomy.graphs.session import RunningFile, first_line, in_batches, read_whole_outline, run_within

PROBE = 4
"""Codes that are tried to learn what a graph makes."""
MOST_CLASSES = 1 << 16
LARGEST = 1 << 26
"""Numbers in the images of the codes that are tried."""


class OnnxRun:
    """A graph that was opened: `run(codes, labels)` gives its output as it is.

    Args:
        path: of the file.
        prior: what the codes that are tried are drawn from.
        num_classes: of classes that go in as whole numbers; else found by trying.

    Raises:
        CheckpointError: for a file that is damaged, or no generator.
        SettingError: for a number of classes that the graph does not have.
    """

    def __init__(self, path: Path, *, prior: Prior, num_classes: int | None) -> None:
        self.path = path
        self.outline = read_whole_outline(path)
        self._session = RunningFile(path)
        with in_file(path):
            self.ports = tuple(Port.of(port) for port in self._session.get_inputs())
            self.inputs = read_inputs(self.ports)
            self.num_classes = self._count_classes(num_classes)
            self.codes, self.labels = self.probe(prior)
            self.place, self.layout, self.images = self._find_images()

    @property
    def last(self) -> str | None:
        """The last operation on the way to images."""
        return self.outline.last(self._session.get_outputs()[self.place].name)

    @property
    def size(self) -> tuple[int, int, int]:
        """Channels, height and width of an image."""
        shape = self.images.shape[1:]
        return (shape[0], shape[1], shape[2]) if self.layout == "NCHW" else (shape[2], shape[0], shape[1])

    def probe(self, prior: Prior) -> tuple[Tensor, Tensor | None]:
        """A few codes with their classes, to try the graph on."""
        count = self.inputs.batch or PROBE
        codes = torch.from_numpy(draw_rows(count, self.inputs.z_dim, seed=0, prior=prior))
        if not self.num_classes:
            return codes, None
        return codes, F.one_hot(torch.arange(count) % self.num_classes, self.num_classes).float()

    def run(self, codes: Tensor, labels: Tensor | None) -> Tensor:
        """The output that holds images, for any number of codes.

        Raises:
            CheckpointError: where the graph cannot be run.
            SettingError: where its images have another size than those that were tried.
        """
        found = []
        for rows, count in in_batches(torch.arange(len(codes)), self.inputs.batch):
            (images,) = self._call(
                codes[rows],
                None if labels is None else labels[rows],
                outputs=[self._session.get_outputs()[self.place].name],
            )
            if images.shape != (len(rows), *self.images.shape[1:]):
                raise SettingError(
                    f"{self.path.name} made images of shape {list(images.shape)} from {len(rows)} codes, "
                    f"and of {[len(rows), *self.images.shape[1:]]} when it was opened"
                )
            found.append(torch.from_numpy(images[:count]))
        return torch.cat(found)

    def feed(self, codes: Tensor, labels: Tensor | None) -> dict[str, Tensor]:
        """Codes and classes as the graph takes them, by the names of its inputs."""
        port, classes = self.inputs.codes, self.inputs.classes
        found = {port.name: codes.to(getattr(torch, port.dtype)).reshape(len(codes), *self.inputs.axes)}
        if classes is not None and labels is not None:
            dtype = getattr(torch, classes.dtype)
            one_hot = classes.dtype.startswith("float")
            values = labels.to(dtype) if one_hot else labels.argmax(1).to(dtype)
            found[classes.name] = values[:, None] if not one_hot and len(classes.shape) == 2 else values
        return {name: found[name] for name in (port.name for port in self.ports)}

    def _call(self, codes: Tensor, labels: Tensor | None, outputs: list[str] | None = None) -> list[Any]:
        feed = {name: each.detach().cpu().numpy() for name, each in self.feed(codes, labels).items()}
        try:
            return run_within(self._session, outputs, feed)
        except Exception as error:  # noqa: BLE001 (onnxruntime has no public class for its errors)
            raise CheckpointError(f"cannot be run: {first_line(error)[:300]}") from None

    def _count_classes(self, given: int | None) -> int:
        """How many classes there are: stated, given, or as many as the graph can be run with."""
        if self.inputs.classes is None:
            if given:
                raise SettingError(f"{self.path.name} takes no class; leave out num_classes={given}")
            return 0
        stated = self.inputs.num_classes
        if stated is not None:
            if given not in (None, stated):
                raise SettingError(f"{self.path.name} takes classes of {stated} numbers, not {given}")
            return stated
        if given:
            return given
        # Tables of classes refuse those behind their end.
        first, beyond = 0, 1
        while beyond <= MOST_CLASSES and self._has_class(beyond):
            first, beyond = beyond, 2 * beyond
        if not 2 <= beyond <= MOST_CLASSES or not self._has_class(0):
            raise CheckpointError(
                "takes a class as a whole number and does not show how many there are; "
                "say how many with num_classes=10"
            )
        while beyond - first > 1:
            middle = (first + beyond) // 2
            first, beyond = (middle, beyond) if self._has_class(middle) else (first, middle)
        return beyond

    def _has_class(self, index: int) -> bool:
        """Whether the graph can be run with a class."""
        self.num_classes = index + 1
        count = self.inputs.batch or 1
        labels = F.one_hot(torch.full((count,), index), index + 1)
        with contextlib.suppress(CheckpointError):
            self._call(torch.zeros(count, self.inputs.z_dim), labels)
            return True
        return False

    def _find_images(self) -> tuple[int, Layout, np.ndarray]:
        """Which output holds images, where their channels stand, and those of the codes that are tried."""
        results = self._call(self.codes, self.labels)
        for place, images in enumerate(results):
            if not isinstance(images, np.ndarray) or images.dtype.kind not in "fu" or images.size > LARGEST:
                continue
            layout = read_layout(images.shape, len(self.codes))
            if layout is not None:
                if not np.isfinite(images).all():
                    raise CheckpointError(
                        "makes images that are not finite numbers, so its weights are damaged"
                    )
                return place, layout, images
        shapes = ", ".join(str(list(np.shape(result))) for result in results)
        raise CheckpointError(
            f"gives {shapes} for {len(self.codes)} codes; a generator gives images [n, channels, height, width]"
        )
