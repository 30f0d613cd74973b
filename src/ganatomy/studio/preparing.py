"""Measuring a model for its panel: a survey, directions, what each one changes, a map."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.directions import ganspace, held, regression, sefa, selective
from ganatomy.directions.holding import holding
from ganatomy.errors import ScoreError, SettingError
from ganatomy.experiments.transitional import DIFFERENTIATED, left_out, part_of, with_gradients
from ganatomy.generators.base import Generator, batches
from ganatomy.latents import Latents, Space
from ganatomy.maps import embed
from ganatomy.maps.classes import classes_of
from ganatomy.metrics.entanglement import Entanglement, entanglement
from ganatomy.perception.base import Scorer, Scores
from ganatomy.perception.features import features_of
from ganatomy.studio.panel import Atlas, Measured, Panel
from ganatomy.surveys import Survey, differentiate

NUM_SEEDS = 2400
"""Images that directions are found in: those of the seeds from 0."""
NUM_CANDIDATES = 1000
"""Of these, the first so many are those that a taught direction may ask about."""
NUM_MAPPED = 1200
"""Of these, the first so many are on the map."""
NUM_MEASURED = (24, 128)
"""At least and at most so many images are moved along each direction to see what happens."""
BUDGET = 9_000
"""Images for all measurements together."""
NUM_COMPONENTS = 12
SHOWN_PSI = 0.7
"""Truncation of images on the page, where a model has w: likelier ones, as people want to look at."""

Progress = Callable[[str, int, int], None]


def shown_psi(generator: Generator) -> float:
    """The truncation that images are first shown with."""
    return SHOWN_PSI if Space.W in generator.signature.spaces else 1.0


def page_space(generator: Generator) -> Space:
    """The space that the page edits in: w where there is one, else z."""
    return Space.W if Space.W in generator.signature.spaces else Space.Z


@torch.no_grad()
def codes_of_seeds(generator: Generator, seeds: list[int], *, space: Space, truncation_psi: float) -> Latents:
    """The code that each seed draws, mapped together."""
    z = Latents.cat(generator.sample(1, seed=seed) for seed in seeds)
    return generator.map(z, to=str(space), truncation_psi=truncation_psi)


@torch.no_grad()
def looks_of(generator: Generator, scorer: Scorer, codes: Latents) -> Float[Tensor, "n f"]:
    """What the network of a scorer sees in the images of codes."""
    see = features_of("scorer", scorer)
    return torch.cat([see(generator(few)).cpu() for few in batches(codes, 32)])


def prepare(
    generator: Generator,
    scorer: Scorer | None,
    *,
    num_seeds: int = NUM_SEEDS,
    num_mapped: int = NUM_MAPPED,
    measured: int | None = None,
    progress: Progress | None = None,
) -> Panel:
    """Find and measure what a panel shows; minutes of work for a model with many attributes.

    Without a scorer the directions are those of closed form (SeFa), or components of activations where there is no
    such form, and nobody can say what they change.

    Args:
        measured: images moved along each direction; by default as many as `BUDGET` allows.

    Raises:
        ScoreError: when fewer than two attributes can be used, or a score is not a number.
    """
    report = progress or (lambda *_: None)
    if scorer is None:
        return _without_scorer(generator, num_mapped=num_mapped, report=report)
    if scorer.num_rows is not None:
        raise ScoreError(f"{scorer.description} cannot score edited images; give a scorer that looks at them")
    space, psi = page_space(generator), shown_psi(generator)
    seeds = list(range(num_seeds))
    codes = codes_of_seeds(generator, seeds, space=space, truncation_psi=1.0)
    scores = _scored(generator, scorer, codes, lambda done: report("looking at images", done, num_seeds))
    seen = Survey(latents=codes, scores=scores, seed=0)
    skipped = left_out(seen, None)
    used = [name for name in scorer.names if name not in skipped]
    if (eye := with_gradients(generator, scorer, codes)) is not None:
        seen = differentiate(
            seen,
            generator,
            eye,
            n=DIFFERENTIATED,
            attributes=used,
            progress=lambda done, total: report("reading gradients", done, total),
        )
    report("finding directions", 0, 1)
    alone = regression(seen, used)
    stiff = (held if seen.jacobians is None else selective)(seen, used)
    hold = holding(seen, used)
    report("finding directions", 1, 1)

    found: list[Entanglement] = []
    for index, directions in enumerate((alone, stiff)):
        found.append(
            entanglement(
                generator,
                scorer,
                directions,
                n=measured or _affordable(2 * len(used)),
                seed=num_seeds,
                truncation_psi=psi,
                progress=part_of(report, "measuring what they change", index, 2),
            )
        )
    mapped = seeds[: min(num_mapped, num_seeds)]
    shown = codes_of_seeds(generator, mapped, space=space, truncation_psi=psi)
    visible = scores[: len(mapped)] if psi == 1 else _scored(generator, scorer, shown, lambda _: None)
    exclusive = classes_of(scores) is not None
    return Panel(
        fingerprint=generator.fingerprint,
        scorer_fingerprint=scorer.fingerprint,
        scorer=scorer.description,
        attributes=tuple(scorer.names),
        directions=alone,
        exclusive=exclusive,
        prevalence=torch.tensor([seen.prevalence[name] for name in used]),
        alone=_measured(found[0]),
        held=_measured(found[1]),
        holding=hold,
        looks=looks_of(generator, scorer, codes[:NUM_CANDIDATES]),
        atlas=_atlas(mapped, shown, visible.probabilities, report),
        target_change=found[0].target_change,
        notes=_notes(found[1], skipped),
    )


def _without_scorer(generator: Generator, *, num_mapped: int, report: Progress) -> Panel:
    space, psi = page_space(generator), shown_psi(generator)
    report("finding directions", 0, 1)
    count = min(NUM_COMPONENTS, codes_of_seeds(generator, [0], space=space, truncation_psi=1.0).dim)
    try:
        found = sefa(generator, num_components=count)
    except SettingError:  # an architecture whose first layer is not known
        found = ganspace(generator, space=str(space), num_components=count)
    report("finding directions", 1, 1)
    seeds = list(range(num_mapped))
    shown = codes_of_seeds(generator, seeds, space=space, truncation_psi=psi)
    return Panel(
        fingerprint=generator.fingerprint,
        scorer_fingerprint="",
        scorer="",
        attributes=(),
        directions=found,
        atlas=_atlas(seeds, shown, torch.zeros(len(seeds), 0), report),
        notes=(
            "Nobody looks at these images, so nobody knows what their directions change; "  # noqa: ISC004
            "start the studio with --scorer to measure them.",
        ),
    )


def _scored(
    generator: Generator, scorer: Scorer, codes: Latents, tell: Callable[[int], None], *, batch_size: int = 32
) -> Scores:
    parts = []
    with torch.no_grad():
        for few in batches(codes, batch_size):
            parts.append(scorer(generator(few), latents=few, start=sum(map(len, parts))))
            tell(sum(map(len, parts)))
    return Scores.cat(parts)


def _measured(found: Entanglement) -> Measured:
    figures = found.selectivity().directions
    return Measured(
        steps=found.strengths.abs().float(),
        changes=found.mean_change.float(),
        selectivity=torch.tensor([[figures[n].value, figures[n].low, figures[n].high] for n in found.names]),
        reached=found.reached,
    )


def _atlas(seeds: list[int], shown: Latents, seen: Float[Tensor, "m a"], report: Progress) -> Atlas:
    report("drawing the map", 0, 1)
    found = embed(shown.codes, method="tsne")
    report("drawing the map", 1, 1)
    xy = found.xy / found.xy.abs().max()
    return Atlas(
        seeds=torch.tensor(seeds), xy=xy, scores=seen, about=f"{found.description}. {' '.join(found.notes)}"
    )


def _notes(found: Entanglement, skipped: dict[str, str]) -> tuple[str, ...]:
    missed = [name for name, ok in zip(found.names, found.reached.tolist(), strict=True) if not ok]
    notes = []
    if missed:
        notes.append(
            f"With all others held, no step within reach moves {', '.join(missed)} as far as the others."
        )
    if skipped:
        notes.append(f"No slider: {'; '.join(f'{name} ({why})' for name, why in skipped.items())}.")
    return tuple(notes)


def _affordable(num_directions: int) -> int:
    """Images to move along each direction so that all of them stay within the budget; finding steps costs as much."""
    least, most = NUM_MEASURED
    return max(least, min(most, BUDGET // (2 * num_directions)))
