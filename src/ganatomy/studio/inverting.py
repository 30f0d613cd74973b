"""The codes of a photograph: a query whose answers show them come."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Annotated

import torch

from ganatomy.images import to_pil
from ganatomy.inversion import Inversion, Preparation
from ganatomy.inversion.fast import BUDGETS
from ganatomy.inversion.invert import invert_watched
from ganatomy.latents import Latents
from ganatomy.photographs import Crops
from ganatomy.recipes.codes import Given
from ganatomy.recipes.fields import choice, text
from ganatomy.studio.bench import Bench
from ganatomy.studio.photographs import Square, cut
from ganatomy.studio.queries import Answer, Emit, Query, image_answer
from ganatomy.studio.turns import Pause

BETWEEN_IMAGES = 0.15
"""Seconds between two images of codes that come."""


@dataclass(frozen=True, kw_only=True)
class InvertQuery(Query):
    """Codes of a square of a photograph.

    The first answers say, while a new model is learnt about, how far that is; then come images of the codes so far, and
    at last the codes with a sentence about them.
    """

    photograph: Annotated[str, text]
    square: Annotated[Square, Square.read]
    budget: Annotated[str, choice(BUDGETS)] = "balanced"

    def answer(self, bench: Bench, emit: Emit, pause: Pause) -> None:
        kept = bench.photographs.get(self.photograph)
        crops = cut(kept.open(), self.square, bench.generator.signature)
        pause()

        def report(stage: str, done: int, total: int) -> None:
            bench.photographs.get(self.photograph)  # a photograph that was forgotten is not worked on
            emit(Answer(facts={"kind": "progress", "stage": stage, "done": done, "total": total}))
            pause()

        preparation = bench.preparation(report)
        shown = 0.0

        def watch(done: int, total: int, latents: Latents) -> None:
            nonlocal shown
            if time.monotonic() - shown > BETWEEN_IMAGES:
                emit(image_answer(to_pil(bench.draw(latents)[0]), kind="image"))
                shown = time.monotonic()
            report("inversion", done, total)

        with torch.no_grad():
            found = invert_watched(
                bench.generator, crops.images, preparation=preparation, watch=watch, budget=self.budget
            )
        kept.remember(self.square, found.latents)
        codes = Given(latents=found.latents, photographs=(kept.sha256,))
        emit(image_answer(to_pil(found.images[0].float().cpu()), kind="image"))
        emit(
            Answer(
                facts={
                    "kind": "found",
                    "codes": codes.to_data(),
                    "fits": not _remark(crops, found),
                    "sentence": fit_sentence(crops, found, preparation),
                }
            )
        )


@dataclass(frozen=True, kw_only=True)
class StopQuery(Query):
    """Ends what is under way in its slot, as any newer query does."""

    def answer(self, bench: Bench, emit: Emit, pause: Pause) -> None:
        emit(Answer(facts={"kind": "stopped"}))


def fit_sentence(crops: Crops, found: Inversion, preparation: Preparation) -> str:
    """How well the first image of an inversion fits the model, and what to do where it does not."""
    psnr = float(found.psnr[0])
    if remark := _remark(crops, found):
        return f"PSNR {psnr:.1f} dB; the square {remark}"
    own = float((4 / preparation.own_errors.median().clamp(min=1e-12)).log10() * 10)
    return (
        f"the photograph fits this model: PSNR {psnr:.1f} dB; images of the model itself reach {own:.1f} dB"
    )


def _remark(crops: Crops, found: Inversion) -> str:
    return crops.remarks[0] or found.remarks[0]
