"""`ganatomy info`: what a model is."""

from __future__ import annotations

from ganatomy.cli.console import answer
from ganatomy.cli.inputs import open_model
from ganatomy.cli.parameters import MODEL, Json, Model, ModelOptions


def info(model: Model, /, *, options: ModelOptions = MODEL, json: Json = False) -> None:
    """Say what a model is: architecture, sizes, spaces, and the fingerprint that its directions carry.

    Example:
        ganatomy info faces
    """
    from ganatomy import zoo

    generator = open_model(model, options)
    it = generator.signature
    parameters = sum(p.numel() for p in generator.parameters())
    bundled = model in zoo.MODELS
    parts = [
        it.architecture,
        f"{it.resolution} px" + (" grey" if it.channels == 1 else ""),
        f"z {it.z_dim}" + (f" {it.prior}" if it.prior != "normal" else ""),
        f"w {it.w_dim} x {it.num_layers} layers" if it.w_dim else "",
        f"{it.num_classes} classes" if it.num_classes else "",
        f"spaces {' '.join(it.spaces)}",
        f"{parameters / 1e6:.3g} M parameters",
        "bundled" if bundled else "file",
        f"sha256 {generator.fingerprint[:12]}",
    ]
    data = {
        "model": model,
        "bundled": bundled,
        "architecture": it.architecture,
        "resolution": it.resolution,
        "channels": it.channels,
        "z_dim": it.z_dim,
        "w_dim": it.w_dim,
        "num_layers": it.num_layers,
        "num_classes": it.num_classes,
        "prior": it.prior,
        "spaces": [str(space) for space in it.spaces],
        "parameters": parameters,
        "fingerprint": generator.fingerprint,
    }
    answer(" · ".join(part for part in parts if part), data, as_json=json)
