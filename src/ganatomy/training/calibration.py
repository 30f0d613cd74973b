"""Temperatures of classifiers on a generator's own images: how sure they are is what other readers bear out.

A network that was calibrated on the images that it was trained for is too sure of itself in generated ones. Guo et al.
2017 (temperature scaling), with what the other networks read in the place of labels.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ganatomy.generators.base import Generator
from ganatomy.generators.batches import batches
from ganatomy.perception.base import Scorer

NUM_IMAGES = 3_000
SEED = 0xCA1

TEMPERATURES = torch.logspace(-0.7, 1.0, 137)
"""Temperatures that are tried."""


@torch.no_grad()
def fit_temperatures(
    generator: Generator, scorers: Sequence[Scorer], *, n: int = NUM_IMAGES, seed: int = SEED
) -> list[Float[Tensor, " a"]]:
    """For each scorer, the temperatures that fit its logits best to what the others read on average.

    Args:
        generator: whose images are read.
        scorers: two or more, of the same attributes in the same order.
        n: images.
        seed: of their codes.

    Returns:
        One temperature for each attribute of each scorer: divide its logits by them.

    Example:
        >>> import ganatomy as ga
        >>> from ganatomy.perception import FunctionScorer
        >>> toy = ga.ToyGenerator(seed=0)
        >>> sure = FunctionScorer(lambda images: 3 * toy.read(images), toy.attributes, output="logits")
        >>> first, second = fit_temperatures(toy, [sure, ga.scorer(toy)], n=200)
        >>> [round(float(temperature)) for temperature in first]
        [3, 3, 3, 3]
    """
    seen = [
        torch.stack([scorer.score(images, latents=part).logits.cpu() for scorer in scorers])
        for part in batches(generator, generator.sample(n, seed=seed))
        for images in (generator(part).clamp(-1, 1),)
    ]
    logits = torch.cat(seen, dim=1)
    others = (logits.sum(0) - logits) / (len(scorers) - 1)
    return [fit_temperature_to(own, torch.sigmoid(read)) for own, read in zip(logits, others, strict=True)]


def fit_temperature_to(
    logits: Float[Tensor, "n a"], probabilities: Float[Tensor, "n a"]
) -> Float[Tensor, " a"]:
    """The temperature of each attribute with the least cross-entropy to these probabilities."""
    losses = [
        F.binary_cross_entropy_with_logits(logits / t, probabilities, reduction="none").mean(0)
        for t in TEMPERATURES
    ]
    return TEMPERATURES[torch.stack(losses).argmin(0)]
