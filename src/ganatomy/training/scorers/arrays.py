"""Train an attribute network on an array of images in memory."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ganatomy.errors import SettingError
from ganatomy.images import Pixels
from ganatomy.perception.attribute_model import AttributeModel
from ganatomy.progress import Progress
from ganatomy.training.images import as_images
from ganatomy.training.scorers.data import TrainingRows
from ganatomy.training.scorers.evaluation import ScorerEvaluation, evaluate
from ganatomy.training.scorers.loop import train_network
from ganatomy.training.scorers.run import AT_ONCE
from ganatomy.training.scorers.settings import ScorerSettings


def train_scorer(
    settings: ScorerSettings,
    pixels: Pixels,
    labels: Bool[Tensor, "rows a"] | Float[Tensor, "rows a"],
    factors: Float[Tensor, "rows f"] | None = None,
    *,
    device: str = "cpu",
    progress: Progress | None = None,
) -> tuple[AttributeModel, ScorerEvaluation]:
    """Train on all rows but the last `held_out`.

    Args:
        settings: how it is trained.
        pixels: the images.
        labels: whether each image has each attribute, or how probable that is; one-hot classes for a softmax network.
        factors: continuous values of each image; they are brought to mean 0 and deviation 1 over the rows.
        device: where to train.
        progress: called with the stage, images shown, and images.

    Returns:
        The network, and its evaluation on the held-out rows.

    Raises:
        ScoreError: when an attribute has one class only.
        SettingError: when the data do not fit the settings.
    """
    config, count = settings.network, len(pixels) - settings.held_out
    if len(labels) != len(pixels) or (factors is not None and len(factors) != len(pixels)):
        raise SettingError(
            f"{len(pixels)} images with labels of shape {list(labels.shape)} do not fit "
            f"{len(config.attributes)} attributes"
        )
    if not 0 < settings.held_out < len(pixels):
        raise SettingError(
            f"held_out={settings.held_out} leaves nothing of {len(pixels)} images to learn from, or to test"
        )
    data = TrainingRows(
        read=lambda rows, _: pixels[rows],
        labels=labels.float(),
        factors=factors,
        learnt=np.arange(count),
        validated=np.arange(count, len(pixels)),
    )
    network = train_network(settings, data, device=device, progress=progress).network
    return network, _evaluate(network, data, device=device)


@torch.no_grad()
def _evaluate(network: AttributeModel, data: TrainingRows, *, device: str) -> ScorerEvaluation:
    config, rows = network.config, data.validated
    readings = [
        network(as_images(data.read(part, config.resolution), resolution=config.resolution, device=device))
        for part in np.array_split(rows, -(-len(rows) // AT_ONCE))
    ]
    logits = torch.cat([network.calibrated(reading.attributes).cpu() for reading in readings])
    if data.factors is None:
        return evaluate(config, logits, data.labels[rows], None, None)
    predicted = torch.cat([reading.factors.cpu() for reading in readings])
    truth = (data.factors[rows] - network.factor_mean.cpu()) / network.factor_std.cpu()
    return evaluate(config, logits, data.labels[rows], predicted, truth)
