"""What the study keeps: the same images edited to the same goals by several methods, read by scorer and judges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ganatomy.generators.base import Signature
from ganatomy.generators.natural_codes import CodeLikelihood
from ganatomy.latents import Latents
from ganatomy.perception.judging import NEAR, confirmed

REGRESSION, GUIDED = "regression", "guided-hold"
METHODS = (REGRESSION, "held", "selective", GUIDED)
"""Names as in `compare.CONTESTANTS`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TrustReader:
    """What one classifier reads: probabilities of a attributes, of k edits in n images each.

    Args:
        description: a line about it.
        names: of the attributes.
        natural: in m unedited images.
        before: in the images that are edited, before that.
        after: method to the same after it.
    """

    description: str
    names: tuple[str, ...]
    natural: Float[Tensor, "m a"]
    before: Float[Tensor, "k n a"]
    after: Mapping[str, Float[Tensor, "k n a"]]

    def changes(self, method: str, names: Sequence[str]) -> Float[Tensor, "k n b"]:
        """Probabilities after less before, of these attributes."""
        columns = [self.names.index(name) for name in names]
        return (self.after[method] - self.before)[..., columns]

    def targets(self, probabilities: Float[Tensor, "k n a"], edited: Sequence[str]) -> Float[Tensor, "k n"]:
        """Of these probabilities, those of the attribute that each edit is about."""
        columns = torch.tensor([self.names.index(name) for name in edited])
        return probabilities[torch.arange(len(edited)), :, columns]


@dataclass(frozen=True, kw_only=True, eq=False)
class MethodCodes:
    """What one method did with the codes.

    Args:
        what: the method, in a few words.
        latents: edited codes, one batch for each attribute.
        likelihood: how likely each of them is, in that order.
        seconds: of processor time for one edit of one image.
    """

    what: str
    latents: tuple[Latents, ...]
    likelihood: CodeLikelihood
    seconds: float


@dataclass(frozen=True, kw_only=True, eq=False)
class TrustStudy:
    """The same images edited to the same goals by several methods, read by scorer and judges.

    Args:
        signature: of the generator.
        edited: the k attributes.
        goals: the probability that each of them was to reach.
        origin: codes before the edit, n for each attribute.
        methods: name to what it did with them.
        scorer: what the scorer reads.
        judges: what each judge reads.
        reading: what their numbers are called: "judge", "smoothed reading" for students, empty without any.
        natural_distance: mean Mahalanobis distance of codes that the generator draws.
        left_out: methods that do not apply, and why.
        guided_by: what guided edits follow, in words.
        num_codes: that directions were learnt from.
        seed: of these codes, and of the resampling.
        seconds: stage to what it took.
    """

    signature: Signature
    edited: tuple[str, ...]
    goals: Float[Tensor, " k"]
    origin: tuple[Latents, ...]
    methods: Mapping[str, MethodCodes]
    scorer: TrustReader
    judges: tuple[TrustReader, ...]
    reading: str
    natural_distance: float
    left_out: Mapping[str, str]
    guided_by: str
    num_codes: int
    seed: int
    seconds: Mapping[str, float]

    @property
    def num_images(self) -> int:
        """Images of each attribute."""
        return self.scorer.before.shape[1]

    @property
    def num_edits(self) -> int:
        """Edits of each method."""
        return len(self.edited) * self.num_images

    @property
    def is_judged(self) -> bool:
        """Whether a judge reads the images, which is no student."""
        return self.reading == "judge"

    @property
    def signs(self) -> Float[Tensor, "k 1"]:
        """1 where the attribute is added, -1 where it is taken away."""
        return torch.where(self.goals > 0.5, 1.0, -1.0)[:, None]

    def target(self, reader: TrustReader, method: str | None = None) -> Float[Tensor, "k n"]:
        """The probability of each edit's attribute, before the edit or after it by a method."""
        return reader.targets(reader.before if method is None else reader.after[method], self.edited)

    def progress(self, reader: TrustReader, method: str) -> Float[Tensor, "k n"]:
        """How far each edit brought its attribute towards the goal: the change, above 0 in the goal's direction."""
        return self.signs * (self.target(reader, method) - self.target(reader))

    def reached(self, method: str) -> Bool[Tensor, "k n"]:
        """Whether the scorer reads the goal, to within `NEAR`, or beyond it."""
        return self.signs * (self.goals[:, None] - self.target(self.scorer, method)) <= NEAR

    def confirmed(self, judge: TrustReader, method: str) -> Bool[Tensor, "k n"]:
        """Whether the goal is reached, and this judge confirms it; a student confirms nothing."""
        if not self.is_judged:
            return torch.zeros_like(self.reached(method))
        before = self.target(self.scorer)
        goals = self.goals[:, None].expand_as(before)
        return self.reached(method) & confirmed(before, goals, self.target(judge), self.target(judge, method))

    def right(self, judge: TrustReader, method: str) -> Bool[Tensor, "k n"]:
        """Whether the judge reads the goal's side of one half."""
        return (self.target(judge, method) > 0.5) == (self.goals > 0.5)[:, None]

    def __str__(self) -> str:
        return "\n".join(f"{method}: {self._line(method)}" for method in self.methods)

    def _line(self, method: str) -> str:
        reached = self.reached(method)
        text = (
            f"{int(reached.sum())} of {self.num_edits} reach their goal by the scorer "
            f"({float(self.progress(self.scorer, method).mean()):.2f})"
        )
        if not self.judges:
            return text
        seen = torch.stack([self.progress(judge, method).mean() for judge in self.judges]).mean()
        yes = torch.stack([self.confirmed(judge, method).sum().float() for judge in self.judges]).mean()
        confirms = f", {float(yes):.0f} of them confirmed" if self.is_judged else ""
        return f"{text}{confirms}; {self.reading} {float(seen):.2f}"
