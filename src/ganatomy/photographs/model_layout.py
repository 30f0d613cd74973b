"""The layout of a generator's own samples, measured once and kept in the cache."""

from __future__ import annotations

import contextlib
from pathlib import Path

import torch

from ganatomy.errors import OutputError, PhotographError
from ganatomy.generators.base import Generator
from ganatomy.generators.batches import batches
from ganatomy.photographs.faces import Detector
from ganatomy.photographs.layouts import TemplateLayout, load_layout, measure_layout, save_layout
from ganatomy.progress import Advance
from ganatomy.zoo.downloads import cache_folder

NUM_SAMPLES = 48
"""Images that a layout is measured on."""


def model_layout(
    generator: Generator, detector: Detector, *, progress: Advance | None = None
) -> TemplateLayout | None:
    """How faces lie in the images of a generator, so that photographs can be cut alike.

    Args:
        generator: whose samples are looked at the first time; afterwards the cache knows.
        detector: that finds their faces.
        progress: called with the images that were looked at, and all.

    Returns:
        The template; None where the images show no faces.

    Example::

        layout = model_layout(generator, ga.face_detector()) or "crop"
        ga.align("me.jpg", layout=layout, resolution=generator.signature.size)
    """
    file = _cached(generator)
    without_faces = file.with_suffix(".crop")
    if file.is_file():
        return load_layout(file)
    if without_faces.is_file():
        return None
    # A cache that cannot be written is no reason to stop.
    try:
        layout = sampled_layout(generator, detector, progress=progress)
    except PhotographError:
        with contextlib.suppress(OSError):
            without_faces.parent.mkdir(parents=True, exist_ok=True)
            without_faces.touch()
        return None
    with contextlib.suppress(OutputError):
        save_layout(layout, file)
    return layout


@torch.no_grad()
def sampled_layout(
    generator: Generator, detector: Detector, *, progress: Advance | None = None
) -> TemplateLayout:
    """The layout of a generator's samples, measured now.

    Raises:
        PhotographError: when fewer than half of them show a face.
    """
    latents = generator.sample(NUM_SAMPLES, seed=0)
    made = []
    for codes in batches(generator, latents):
        made.append(generator(codes).float().cpu())
        if progress is not None:
            progress(0, NUM_SAMPLES)
    return measure_layout(torch.cat(made), detector, progress=progress)


def _cached(generator: Generator) -> Path:
    return cache_folder() / "layouts" / f"{generator.fingerprint[:32]}.json"
