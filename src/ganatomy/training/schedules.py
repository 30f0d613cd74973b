"""What changes while a generator is trained: learning rates, the weight of a penalty, how far averages look back."""

from __future__ import annotations

import math

from ganatomy.training.settings import GanSettings, TrainingStage

SETTLED = 0.05
"""Of learning rate and gradient penalties that is left when a run ends."""


def kept_share(settings: GanSettings, stage: TrainingStage, step: int) -> float:
    """How much of the averaged weights stays in one step; early on they look back on a tenth of the run.

    A generator that is trained already has nothing early to be forgotten.

    Karras et al. 2018, section 2 of the appendix (averaged weights); the ramp is that of Karras et al. 2020,
    "Training Generative Adversarial Networks with Limited Data".

    Args:
        step: number of the step, from 1.
    """
    half_life: float = settings.ema_images
    if not settings.start:
        half_life = min(half_life, max(step * stage.batch / 10, stage.batch))
    return 0.5 ** (stage.batch / half_life)


def penalty_weight(settings: GanSettings, stage: TrainingStage) -> float:
    """What the weight of a gradient penalty is multiplied by: half of it, for each step that goes without one.

    A gradient at half the resolution is a quarter as long, squared, so a smaller stage takes its share of pixels.
    """
    return (stage.resolution / settings.resolution) ** 2 * settings.penalty_interval / 2


def settled_share(settings: GanSettings, shown: int) -> float:
    """What is left of learning rate and gradient penalties after so many images: half a cosine, at the end of the run.

    Huang et al. 2024, "The GAN is dead; long live the GAN!", appendix: both fall along a cosine. A strong penalty keeps
    the critic smooth while everything moves; it also keeps it from seeing what is rare and fine, and so must fall for
    the generator to learn that.

    Args:
        shown: images so far, in all stages.

    Example:
        >>> from ganatomy.training.families import family_settings, showing
        >>> settings = showing(family_settings("stylegan2", resolution=64), 100_000)
        >>> [round(settled_share(settings, shown), 2) for shown in (50_000, 75_000, 100_000)]
        [1.0, 0.53, 0.05]
    """
    images = sum(stage.images for stage in settings.stages)
    last = settings.settling * images
    done = max(0.0, 1 - (images - shown) / last) if last else 0.0
    return SETTLED + (1 - SETTLED) * (1 + math.cos(math.pi * min(done, 1.0))) / 2


def fade_share(settings: GanSettings, index: int, images: int) -> float:
    """How far the resolution of a stage has come in after so many of its images.

    It takes half as many images as the stage before it showed: Karras et al. 2018, "Progressive Growing of GANs", fades
    in for as long as it then trains on.

    Args:
        index: of the stage.
        images: shown in it.
    """
    if not index:
        return 1.0
    return min(1.0, images / max(settings.stages[index - 1].images / 2, 1))
