"""The edited set: the same codes moved along each direction by the same strengths, with the scores of all images.

Tronchon and Cadiou (study of StyleGAN's z and w) edited 20 codes along 4 attributes by 13 strengths; linearity and
correlations are computed from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ganatomy.edits import walk
from ganatomy.errors import SettingError, UnknownNameError
from ganatomy.generators.base import Generator
from ganatomy.latents import Directions, Latents, Space
from ganatomy.perception.base import Scorer
from ganatomy.perception.judging import Judge
from ganatomy.progress import Advance, watched
from ganatomy.workers import read_images

STRENGTHS = tuple(step / 2 for step in range(-6, 7))
"""From -3 to 3 by 0.5."""


@dataclass(frozen=True, kw_only=True)
class EditedSet:
    """Scores of n codes, moved along k directions by s strengths.

    Args:
        names: of the directions, each the attribute that it is meant to move.
        attributes: all that were scored.
        logits: of every image.
        judged: the same images read by a judge, for the attributes that both know; None where there are not two.
    """

    names: tuple[str, ...]
    attributes: tuple[str, ...]
    strengths: tuple[float, ...]
    units: str
    space: Space
    logits: Float[Tensor, "k n s a"]
    seed: int
    judged: EditedSet | None = None

    @property
    def probabilities(self) -> Float[Tensor, "k n s a"]:
        return torch.sigmoid(self.logits)

    @property
    def targets(self) -> Int[Tensor, " k"]:
        """The column of each direction's attribute."""
        return torch.tensor([self.attributes.index(name) for name in self.names])

    @property
    def num_codes(self) -> int:
        return self.logits.shape[1]


@watched("editing")
def edited_set(
    generator: Generator,
    scorer: Scorer,
    directions: Directions,
    *,
    codes: Latents | int = 20,
    strengths: Sequence[float] = STRENGTHS,
    judge: Judge | None = None,
    seed: int = 1,
    truncation_psi: float = 1.0,
    batch_size: int | None = None,
    progress: Advance | None = None,
) -> EditedSet:
    """Move the same codes along each direction by each strength, and score all images.

    Args:
        directions: to move along; each carries the name of an attribute of the scorer.
        codes: in the space of the directions, or how many to draw.
        strengths: at least three.
        judge: a second classifier, which scores the same images.

    Returns:
        All scores.

    Raises:
        UnknownNameError: for a direction whose name is no attribute of the scorer.
        ScoreError: for a table of labels, which cannot score new images.
        SettingError: without directions, or for numbers outside their range.
        SpaceError, FingerprintError: when codes, directions and generator do not go together.

    Example:
        >>> import ganatomy as ga
        >>> from ganatomy.perception import OracleScorer
        >>> toy = ga.ToyGenerator(seed=0)
        >>> ga.edited_set(toy, OracleScorer(toy), toy.truth, codes=5).logits.shape
        torch.Size([4, 5, 13, 4])
    """
    if not directions.items:
        raise SettingError("there are no directions to move along; find some first")
    num = codes if isinstance(codes, int) else len(codes)
    if len(set(strengths)) < 3 or num < 2:
        raise SettingError(
            f"{num} codes at {len(set(strengths))} strengths draw no line; give at least 2 and 3"
        )
    for name in directions.names:
        if name not in scorer.names:
            raise UnknownNameError("attribute", name, scorer.names)
    readers: list[Scorer] = [scorer] if judge is None else [scorer, judge]
    for reader in readers:
        reader.require_images()
    if isinstance(codes, int):
        latents = generator.sample(codes, seed=seed, space=directions.space, truncation_psi=truncation_psi)
    else:
        latents = codes
    with torch.no_grad():
        moved = Latents.cat(walk(latents, direction, strengths) for direction in directions)
    read = read_images(generator, moved, *readers, batch_size=batch_size, progress=progress)
    shape = (len(directions), len(latents), len(strengths))
    logits, *judged = (rows.unflatten(0, shape) for rows in read)
    found = EditedSet(
        names=tuple(directions.names),
        attributes=tuple(scorer.names),
        strengths=tuple(float(strength) for strength in strengths),
        units="sigma",
        space=directions.space,
        logits=logits,
        seed=seed,
    )
    return found if judge is None else replace(found, judged=_judged(found, judge, judged[0]))


def _judged(found: EditedSet, judge: Scorer, logits: Float[Tensor, "k n s b"]) -> EditedSet | None:
    """What the judge reads of the attributes that it shares with the scorer."""
    common = tuple(name for name in found.attributes if name in judge.names)
    edits = [k for k, name in enumerate(found.names) if name in common]
    if len(common) < 2 or not edits:
        return None
    columns = [judge.names.index(name) for name in common]
    names = tuple(found.names[k] for k in edits)
    return replace(found, names=names, attributes=common, logits=logits[edits][..., columns])
