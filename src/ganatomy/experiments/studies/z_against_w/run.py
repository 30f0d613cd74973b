"""The same images edited in z and in w: 20 codes x 4 attributes x 13 strengths in each space."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ganatomy.datasets.correlations import LabelCorrelations
from ganatomy.directions import METHODS, find, usable
from ganatomy.edits import walk
from ganatomy.errors import ScoreError, SettingError, UnknownNameError
from ganatomy.experiments.studies.z_against_w.again import INFLATION, found_again
from ganatomy.experiments.studies.z_against_w.paired import TARGET_CHANGE, Paired, compare_spaces, sides
from ganatomy.experiments.studies.z_against_w.together import Together, together
from ganatomy.generators.base import Generator, Signature
from ganatomy.latents import Directions, Latents
from ganatomy.metrics import EditedSet, Linearity, edited_set, linearity
from ganatomy.metrics.edited import STRENGTHS
from ganatomy.metrics.inputs import NUM_ATTRIBUTES, readable
from ganatomy.perception.base import Scorer
from ganatomy.plots import draw_images
from ganatomy.plots.grids import READABLE
from ganatomy.progress import Clock
from ganatomy.surveys import Survey, survey

OF_THE_STUDY = ("Smiling", "Young", "Eyeglasses", "Male")
"""Smile, age, eyeglasses and gender, as CelebA calls them."""
SHOWN = 3
"""Images whose edits are on the sheets: the first ones, not chosen."""
REFITS = 10
SPREADS = 1.0
"""Change of an attribute's logit at which edits are compared by logits, in standard deviations of unedited images."""
LEAST_SPREAD = 1e-3

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class ZAgainstW:
    """What was measured.

    Args:
        spaces: z, and w where the generator has it; what is kept by space has these keys.
        survey: in z; the same images and scores are those of w. prevalence, auc: of the edited attributes.
        paired: by probabilities; None without a w.
        by_logits: the same by logits, which do not end at 0 and 1, in standard deviations of unedited images.
        images: of the first codes at every strength along every direction, in [-1, 1].
    """

    signature: Signature
    fingerprint: str
    scorer: str
    method: str
    spaces: tuple[str, ...]
    survey: Survey
    directions: Mapping[str, Directions]
    edited: Mapping[str, EditedSet]
    linearity: Mapping[str, Linearity]
    together: Together
    paired: Paired | None
    by_logits: Paired | None
    images: Mapping[str, Float[Tensor, "k shown s c h w"]]
    refits: int
    seconds: Mapping[str, float]

    @property
    def attributes(self) -> tuple[str, ...]:
        """Those that are edited."""
        return tuple(self.directions["z"].names)

    @property
    def num_edited(self) -> int:
        """Edited images in each space."""
        k, n, s, _ = self.edited["z"].logits.shape
        return k * n * s


def z_against_w(
    generator: Generator,
    scorer: Scorer,
    *,
    n: int = 3000,
    images: int = 20,
    attributes: Sequence[str] | None = None,
    method: str = "regression",
    strengths: Sequence[float] = STRENGTHS,
    data: LabelCorrelations | None = None,
    target_change: float = TARGET_CHANGE,
    refits: int = REFITS,
    seed: int = 0,
    batch_size: int = 32,
    progress: Progress | None = None,
) -> ZAgainstW:
    """Edit the same images in z and in w, and compare what comes of it (Tronchon and Cadiou; see the seed study).

    Directions of both spaces are found in one survey: the same images with the same scores, whose codes are z in one
    and `map(z)` in the other. A strength is in standard deviations of codes along the direction ("sigma"): as far into
    the rare in z as in w, whatever the size of w; and were w a linear rewriting of z, it would move the score equally.

    Args:
        n: codes of the survey. images: codes that are edited, which the survey does not have.
        attributes: to edit; by default the study's four where they are readable, and else those that are best.
        method: by which directions are found, of `directions.METHODS`.
        data: correlations of the data's labels; without, those of the generator's own unedited images.
        target_change: mean change of its own score at which edits are compared.
        refits: how often directions are found again, to see how much of a difference is theirs; 0 leaves this out.
        seed: of the survey; edited images are of the next one.

    Raises:
        UnknownNameError: for a method or attribute that does not exist.
        ScoreError: for a table of labels, and where no attribute, or only one, can be read.
        SettingError: for a number outside its range.
    """
    _check(
        scorer,
        method=method,
        attributes=attributes,
        refits=refits,
        target_change=target_change,
        strengths=strengths,
    )
    report = progress or (lambda *_: None)
    clock = Clock()
    spaces = tuple(space for space in ("z", "w") if space in generator.signature.spaces)
    with clock.stage("survey"):
        seen = survey(
            generator,
            scorer,
            n=n,
            seed=seed,
            batch_size=batch_size,
            progress=lambda done, total: report("surveying", done, total),
        )
        surveys = {space: _in(generator, seen, space) for space in spaces}
    with clock.stage("directions"):
        chosen = list(attributes or _default(surveys, method=method, seed=seed))
        found = {space: find(it, chosen, method=method, seed=seed) for space, it in surveys.items()}
    with clock.stage("editing"):
        start = generator.sample(images, seed=seed + 1)
        codes = {space: _mapped(generator, start, space) for space in spaces}
        edited = {
            space: edited_set(
                generator,
                scorer,
                found[space],
                strengths=strengths,
                codes=codes[space],
                seed=seed + 1,
                batch_size=batch_size,
                progress=lambda done, total, space=space: report(f"editing in {space}", done, total),
            )
            for space in spaces
        }
        shown = {
            space: _images(generator, codes[space][:SHOWN], found[space], strengths, batch_size)
            for space in spaces
        }
    verdict = by_logits = None
    if len(spaces) == 2:
        with clock.stage("directions again"):
            spread = seen.scores.logits.cpu().double().std(0).clamp(min=LEAST_SPREAD)
            edits = sides(edited["z"], edited["w"])
            in_logits = sides(edited["z"], edited["w"], spread=spread)
            reach = {
                side.name: max(side.strengths_for(target_change), other.strengths_for(SPREADS), key=len)
                for side, other in zip(edits, in_logits, strict=True)
            }
            again = [] if not refits else list(
                found_again(
                    generator, scorer, surveys, codes, reach,
                    method=method, num=refits, seed=seed, batch_size=batch_size, report=report,
                )
            )  # fmt: skip
            verdict, by_logits = (
                compare_spaces(
                    first,
                    again=[[sides(*pair, spread=unit)[0] for pair in pairs] for pairs in again],
                    inflation=INFLATION,
                    target_change=change,
                    seed=seed,
                )
                for first, unit, change in ((edits, None, target_change), (in_logits, spread, SPREADS))
            )
    return ZAgainstW(
        signature=generator.signature,
        fingerprint=generator.fingerprint,
        scorer=scorer.description,
        method=method,
        spaces=spaces,
        survey=seen,
        directions=found,
        edited=edited,
        linearity={space: linearity(it) for space, it in edited.items()},
        together=together(edited, seen, data),
        paired=verdict,
        by_logits=by_logits,
        images=shown,
        refits=refits,
        seconds=clock.seconds,
    )


def _default(surveys: Mapping[str, Survey], *, method: str, seed: int) -> list[str]:
    """The study's four as far as they can be told apart, made up to four by those that are best read in all spaces."""
    seen = surveys["z"]
    enough = usable(seen)
    if not enough:
        raise ScoreError(
            f"no attribute is there in some and missing in others of {len(seen)} images; survey more codes, or "
            "choose attributes"
        )
    chosen = [name for name in OF_THE_STUDY if name in enough]
    if len(chosen) < NUM_ATTRIBUTES:
        every = [find(it, enough, method=method, seed=seed) for it in surveys.values()]
        chosen += [name for name in readable(every[-1], seen.prevalence) if name not in chosen]
    return chosen[:NUM_ATTRIBUTES]


def _in(generator: Generator, seen: Survey, space: str) -> Survey:
    """The same images with their codes in another space."""
    return replace(seen, latents=_mapped(generator, seen.latents, space))


@torch.no_grad()
def _mapped(generator: Generator, latents: Latents, space: str) -> Latents:
    moved = replace(latents, codes=latents.codes.to(generator.device, generator.dtype))
    mapped = generator.map(moved, to=space)
    return replace(mapped, codes=mapped.codes.to(latents.codes.device, latents.codes.dtype))


def _images(
    generator: Generator,
    latents: Latents,
    directions: Directions,
    strengths: Sequence[float],
    batch_size: int,
) -> Float[Tensor, "k shown s c h w"]:
    """The images of these codes along each direction, no larger than a person needs."""
    moved = Latents.cat(walk(latents, direction, strengths) for direction in directions)
    images = draw_images(generator, moved, batch_size=batch_size).clamp(-1, 1)
    size = images.shape[-2:]
    if max(size) > READABLE:
        small = [round(side * READABLE / max(size)) for side in size]
        images = F.interpolate(images, small, mode="bicubic", antialias=True, align_corners=False).clamp(
            -1, 1
        )
    return images.unflatten(0, (len(directions), len(latents), len(strengths)))


def _check(
    scorer: Scorer,
    *,
    method: str,
    attributes: Sequence[str] | None,
    refits: int,
    target_change: float,
    strengths: Sequence[float],
) -> None:
    if method not in METHODS:
        raise UnknownNameError("method", method, METHODS)
    if attributes is not None:
        scorer.select(attributes)
    if scorer.num_rows is not None:
        raise ScoreError(
            f"{scorer.description} cannot score edited images; study with a scorer that looks at them"
        )
    if len(scorer.names) < 2:
        raise ScoreError(
            f"{scorer.description} sees {', '.join(scorer.names)} only; what edits do to others needs two attributes"
        )
    if not 0 < target_change < 0.5:
        raise SettingError(
            f"target_change is {target_change:g}; a mean probability can always change by up to 0.5, no more"
        )
    if refits < 0 or refits == 1:
        raise SettingError(
            f"directions cannot be found again {refits} times to see how they vary; give 0, or 2 or more"
        )
    if 0.0 not in [float(strength) for strength in strengths]:
        raise SettingError(f"strengths {list(strengths)} lack 0, the images as they are")
