"""A student: an attribute network that learns from what another scorer reads in generated images.

It needs no labels, and shows how much of a scorer's reading is more than the noise of one network. It shares the
scorer's errors, so what it reads is a smoothed reading, and confirms nothing.
"""

from __future__ import annotations

import numpy as np
import torch

from ganatomy.generators.base import Generator
from ganatomy.generators.batches import batches
from ganatomy.images import to_uint8
from ganatomy.perception.attribute_model import AttributeModel
from ganatomy.perception.base import Scorer
from ganatomy.perception.network import AttributeConfig
from ganatomy.progress import Progress, watched
from ganatomy.training.scorers import ScorerEvaluation, ScorerSettings, train_scorer

RESOLUTION = 64
"""Height and width that larger images are learnt at."""

SEED = 0x57D


@watched()
@torch.no_grad()
def train_student(
    generator: Generator,
    scorer: Scorer,
    *,
    n: int = 6_000,
    images: int = 64_000,
    seed: int = SEED,
    progress: Progress | None = None,
) -> tuple[AttributeModel, ScorerEvaluation]:
    """Train an attribute network on generated images, labelled by a scorer.

    Args:
        generator: whose images are shown.
        scorer: whose probabilities are learnt.
        n: different images, a tenth of which is held out.
        images: images shown, repeats counted.
        seed: of the codes, the weights and the order of the images.
        progress: called with the stage, steps done, and steps.

    Returns:
        The student, which names its teacher, and how well it predicts the teacher on held-out images.

    Raises:
        ScoreError: for a table of labels, and when all images have an attribute, or none has.
        SettingError: for too few images.

    Example::

        student, how_well = ga.train_student(G, ga.scorer("classifier.onnx"))
        student.save("student.safetensors")
        reading = ga.judge("student.safetensors")  # a smoothed reading
    """
    scorer.require_images()
    device, pixels, labels = generator.device, [], []
    codes = generator.sample(n, seed=seed)
    for part in batches(generator, codes):
        made = generator(part).clamp(-1, 1)
        labels.append(scorer.score(made, latents=part).probabilities.cpu())
        pixels.append(to_uint8(made))
        if progress:
            progress("images for the student", sum(map(len, labels)), n)
    shown = np.concatenate(pixels)
    size = min(RESOLUTION, generator.signature.resolution)
    widths, blocks = ((16, 40, 80, 128), (0, 1, 1, 1)) if size >= 64 else ((24, 48, 96), (1, 1, 0))
    config = AttributeConfig(
        attributes=tuple(scorer.names), channels=shown.shape[3], resolution=size, widths=widths, blocks=blocks
    )
    settings = ScorerSettings(network=config, images=images, held_out=max(1, n // 10), seed=seed)
    with torch.enable_grad():
        network, evaluation = train_scorer(
            settings, shown, torch.cat(labels), device=str(device), progress=progress
        )
    network.taught_by = scorer.fingerprint
    return network, evaluation
