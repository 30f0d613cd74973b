"""Small generators as ONNX files, and what they compute by PyTorch's own operations."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor
from torch.nn import functional as F

FLOATS = {"float32": TensorProto.FLOAT, "float16": TensorProto.FLOAT16}


@dataclass(frozen=True, kw_only=True)
class Net:
    """A dense layer to 3 x 4 pixels of 5 channels, leaky ReLU, and a transposed convolution to 6 x 8 pixels.

    Args:
        classes: None, or how they go in: "index" and "column" through an embedding that multiplies z, "one-hot" beside
            it.
        last: operation behind the last layer.
        spatial: whether codes are single pixels.
        behind: layout of its images.
        batch: rows that it takes at a time; a word for any.
    """

    channels: int = 3
    z_dim: int = 7
    classes: str | None = None
    num_classes: int = 6
    last: str | None = "Tanh"
    spatial: bool = False
    layout: str = "NCHW"
    batch: int | str = "n"

    @property
    def weights(self) -> dict[str, np.ndarray]:
        rng = np.random.default_rng(0)
        taken = self.z_dim + (self.num_classes if self.classes == "one-hot" else 0)
        shapes = {
            "dense": (60, taken), "bias": (60,), "deconv": (5, self.channels, 4, 4), "end": (self.channels,),
            "table": (self.num_classes, self.z_dim),
        }  # fmt: skip
        return {name: rng.standard_normal(shape).astype(np.float32) / 3 for name, shape in shapes.items()}

    def forward(self, z: Tensor, index: Tensor | None = None) -> Tensor:
        """Its images, before they come into our range."""
        it = {name: torch.from_numpy(array) for name, array in self.weights.items()}
        if self.classes == "one-hot":
            z = torch.cat([z, F.one_hot(index, self.num_classes).float()], dim=1)
        elif self.classes:
            z = z * it["table"][index]
        x = F.leaky_relu(F.linear(z, it["dense"], it["bias"]), 0.2).view(-1, 5, 3, 4)
        x = F.conv_transpose2d(x, it["deconv"], it["end"], stride=2, padding=1)
        ends = {"Tanh": torch.tanh, "Sigmoid": torch.sigmoid}
        return ends[self.last](x) if self.last in ends else x

    def save(self, path: Path, **changes: Any) -> Path:
        onnx.save(self.model(), path, **changes)
        return path

    def model(self, metadata: dict[str, str] | None = None) -> onnx.ModelProto:
        node, value = helper.make_node, helper.make_tensor_value_info
        n = self.batch
        nodes, weights = [], self.weights
        inputs = [value("z", TensorProto.FLOAT, (n, self.z_dim, 1, 1) if self.spatial else (n, self.z_dim))]
        flow = "z"
        if self.spatial:
            nodes.append(node("Flatten", ["z"], ["flat"]))
            flow = "flat"
        if self.classes == "one-hot":
            inputs.append(value("label", TensorProto.FLOAT, (n, self.num_classes)))
            nodes.append(node("Concat", [flow, "label"], ["joined"], axis=1))
            flow = "joined"
        elif self.classes:
            column = self.classes == "column"
            inputs.append(value("label", TensorProto.INT64, (n, 1) if column else (n,)))
            looked_up = "label"
            if column:
                nodes.append(node("Squeeze", ["label", "one"], ["class"]))
                weights["one"] = np.array([1])
                looked_up = "class"
            nodes += [node("Gather", ["table", looked_up], ["row"]), node("Mul", [flow, "row"], ["product"])]
            flow = "product"
        if self.classes in (None, "one-hot"):
            del weights["table"]
        weights["shape"] = np.array([-1, 5, 3, 4])
        nodes += [
            node("Gemm", [flow, "dense", "bias"], ["a"], transB=1),
            node("LeakyRelu", ["a"], ["b"], alpha=0.2),
            node("Reshape", ["b", "shape"], ["c"]),
            node("ConvTranspose", ["c", "deconv", "end"], ["d"], strides=[2, 2], pads=[1, 1, 1, 1]),
        ]
        flow = "d"
        if self.last:
            nodes.append(node(self.last, ["d"], ["e"]))
            flow = "e"
        sides = [n, self.channels, 6, 8]
        if self.layout == "NHWC":
            nodes.append(node("Transpose", [flow], ["f"], perm=[0, 2, 3, 1]))
            flow, sides = "f", [n, 6, 8, self.channels]
        nodes[-1].output[0] = "images"
        graph = helper.make_graph(
            nodes, "generator", inputs, [value("images", TensorProto.FLOAT, sides)],
            [numpy_helper.from_array(array, name) for name, array in weights.items()],
        )  # fmt: skip
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        helper.set_model_props(model, metadata or {})
        return model
