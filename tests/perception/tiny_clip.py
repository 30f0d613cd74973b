"""A tiny text-image model with random weights, written to disk as open_clip writes a real one for the hub."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from ganatomy.graphs.torchvision import import_torchvision

CONFIG = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 8},
    "text_cfg": {"context_length": 24, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
}
PREPARED = {
    "mean": [0.48, 0.46, 0.41],
    "std": [0.27, 0.26, 0.28],
    "interpolation": "bicubic",
    "resize_mode": "shortest",
}


def open_clip() -> Any:
    """The library; skips where it is not installed."""
    import_torchvision()
    return pytest.importorskip(
        "open_clip",
        reason="open_clip is not installed; pip install 'ganatomy[words]'",
        exc_type=ImportError,
    )


def write(folder: Path, *, seed: int = 0, **more: Any) -> Path:
    """A folder with config and weights, which `clip:FOLDER` names."""
    library = open_clip()
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    network = library.CLIP(**{**CONFIG, **more})
    with torch.no_grad():  # images and sentences of a random network are all alike; tell them apart more
        network.visual.conv1.weight.mul_(3)
        network.token_embedding.weight.mul_(50)
        network.logit_scale.fill_(4.0)
    save_file(network.state_dict(), folder / "open_clip_model.safetensors")
    config = {"model_cfg": {**CONFIG, **more}, "preprocess_cfg": PREPARED}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    return folder
