"""What inversions with a bundled model start from, made anew when the model is."""

from __future__ import annotations

from pathlib import Path

import torch

from ganatomy.datasets.references import drawn_reference
from ganatomy.generators import load
from ganatomy.inversion import prepare_inversion
from ganatomy.progress import Progress
from ganatomy.zoo import BundledModel

NUM_HELD_OUT = 64
"""Newly drawn faces whose errors later images are compared with."""


def prepare_bundled(model: BundledModel, *, drawn: bool, progress: Progress | None = None) -> Path:
    """Prepare inversions with a bundled model, whose generator and scorer lie in the package already.

    Args:
        model: that is bundled.
        drawn: whether it was trained on drawn faces, new ones of which are then the training domain.
        progress: called with the stage and how far it is.

    Returns:
        The file in the package.

    Example::

        prepare_bundled(ganatomy.zoo.MODELS["faces"], drawn=True)
    """
    model.inversion.unlink(missing_ok=True)
    generator = load(model.name)
    held_out = None
    if drawn:
        faces = drawn_reference(resolution=generator.signature.resolution, n=NUM_HELD_OUT)
        held_out = faces.read(torch.arange(NUM_HELD_OUT))
    prepare_inversion(generator, held_out=held_out, path=model.inversion, progress=progress)
    return model.inversion
