"""An attribute network as an ONNX file that names its attributes and says what its images must be like."""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ganatomy.errors import SettingError
from ganatomy.extras import install_line
from ganatomy.perception.attribute_model import AttributeModel
from ganatomy.perception.backbones import BackboneNetwork
from ganatomy.storage import atomic_write

OPSET = 17
"""Of the operators, which onnxruntime has read since 1.12."""

HALF = (0.5,)
"""Mean and deviation of pixels for a network that takes images in [-1, 1]."""


class CalibratedLogits(nn.Module):
    """Images as the file takes them to logits after temperature; of a softmax, class logits.

    Args:
        network: the attribute network.
    """

    def __init__(self, network: AttributeModel) -> None:
        super().__init__()
        self.network = network.ready()

    def forward(self, pixels: Float[Tensor, "n c h w"]) -> Float[Tensor, "n a"]:
        mean, std = pixels_expected(self.network)
        # The trunk brings images in [-1, 1] to what it expects; the file is given that already.
        shape = (1, -1, 1, 1)
        images = (pixels * pixels.new_tensor(std).view(shape) + pixels.new_tensor(mean).view(shape)) * 2 - 1
        return self.network(images).attributes / self.network.temperature


def export_onnx(network: AttributeModel, path: str | os.PathLike[str]) -> Path:
    """Write an attribute network as ONNX, whole or not at all; `scorer` reads it again.

    The metadata hold the names of the attributes, and colour, size, mean and deviation of the images, so that others
    can use the file as well: a pixel p in [0, 1] goes in as (p - mean) / std.

    Args:
        network: the attribute network.
        path: of the file, which ends in .onnx.

    Returns:
        The path.

    Raises:
        SettingError: for another ending, and when onnx is not installed.
        OutputError: when the file cannot be written.

    Example::

        ga.export_onnx(ganatomy.perception.load_network("scorer/scorer.safetensors"), "scorer.onnx")
    """
    path = Path(path)
    if path.suffix.lower() != ".onnx":
        raise SettingError(f"{path.name!r} does not end in .onnx; name the file so")
    try:
        import onnx  # pyright: ignore[reportMissingImports]  (an extra)
    except ImportError:
        raise SettingError(f"writing ONNX needs onnx; {install_line('classifiers')}") from None
    config = network.config
    wrapped = CalibratedLogits(network).to("cpu").eval()
    example = torch.zeros(2, config.channels, config.resolution, config.resolution)
    with atomic_write(path) as part, warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # of the exporter's age; the other one needs a library more
        torch.onnx.export(
            wrapped,
            (example,),
            part,
            dynamo=False,
            input_names=["images"],
            output_names=["logits"],
            dynamic_axes={"images": {0: "n"}, "logits": {0: "n"}},
            opset_version=OPSET,
        )
        model = onnx.load_from_string(part.read_bytes())
        onnx.helper.set_model_props(model, metadata(network))
        part.write_bytes(model.SerializeToString())
    return path


def metadata(network: AttributeModel) -> dict[str, str]:
    """What the file says about itself, as `OnnxScorer` reads it."""
    config = network.config
    mean, std = pixels_expected(network)
    colour, size = "grey" if config.channels == 1 else "RGB", config.resolution
    return {
        "attributes": json.dumps(list(config.attributes)),
        "input": f"{colour} NCHW float32, {size} x {size} (bicubic)",
        "mean": json.dumps(list(mean)),
        "std": json.dumps(list(std)),
        "output": "class logits" if config.activation == "softmax" else "logits",
    }


def pixels_expected(network: AttributeModel) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation of the pixels that the network's trunk takes."""
    if isinstance(network, BackboneNetwork):
        return network.config.mean, network.config.std
    return HALF, HALF
