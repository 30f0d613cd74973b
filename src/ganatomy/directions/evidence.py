"""A survey as matrices to learn from and held-out ones: in memory, or piece by piece where it is too large."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ganatomy.arguments import instance, texts
from ganatomy.directions.moments import BLOCK, Moments, streamed
from ganatomy.directions.threads import threads_for
from ganatomy.errors import ScoreError, SettingError, UnknownNameError
from ganatomy.geometry import qr
from ganatomy.latents import Space
from ganatomy.surveys import Survey
from ganatomy.surveys.chosen import MINIMUM

HELD_OUT = 0.3
"""Share of a survey that no method learns from; the AUC of a direction is measured on it."""

GRADED = math.log(999)
"""Logits within ± this (probabilities .001 to .999) are graded scores; beyond it they count as hard labels."""

OUTLYING = 6.0
"""Logits further than this many robust deviations from the median, and beyond ± GRADED, are clipped."""

IQR_OF_NORMAL = 1.349
"""Distance between the quartiles of a normal distribution, in standard deviations."""

ENOUGH = 20_000
"""Rows that the spread of logits is estimated from."""

IN_MEMORY = 2**26
"""Numbers of codes (131,072 of 512) up to which matrices are made of a survey: 256 MB, and as much again for copies."""

Form = Callable[[Tensor], Tensor]
"""What is learnt from logits: themselves, labels or probabilities."""


def as_logits(logits: Float[Tensor, "n a"]) -> Float[Tensor, "n a"]:
    return logits


def as_labels(logits: Float[Tensor, "n a"]) -> Float[Tensor, "n a"]:
    """1 where an image has an attribute, else 0."""
    return (logits > 0).float()


def as_nothing(logits: Float[Tensor, "n a"]) -> Float[Tensor, "n 0"]:
    """For the moments of codes alone."""
    return logits[:, :0]


@dataclass(frozen=True, kw_only=True)
class Evidence(ABC):
    """What a method learns from, and what the AUC is measured on.

    Args:
        basis: of the span of the codes, where `codes` are coordinates in it.
        shape: of one code in the survey.
    """

    names: tuple[str, ...]
    basis: Float[Tensor, "full d"] | None
    shape: tuple[int, ...]
    space: Space
    fingerprint: str | None
    seed: int

    @property
    @abstractmethod
    def n(self) -> int:
        """Codes to learn from."""

    @property
    @abstractmethod
    def num_held(self) -> int:
        """Codes that are held out."""

    @property
    @abstractmethod
    def dim(self) -> int:
        """Numbers of a code."""

    @abstractmethod
    def pieces(self) -> Iterator[Matrices]:
        """All rows, some at a time; one pass."""

    @abstractmethod
    def column(self, k: int) -> Float[Tensor, " n"]:
        """The logits of one attribute, of the codes to learn from."""

    @abstractmethod
    def codes_of(self, rows: Sequence[Int[Tensor, " _"]]) -> list[Float[Tensor, "_ d"]]:
        """Several choices of the codes to learn from, in one pass."""

    @abstractmethod
    def take(self, names: Sequence[str], columns: Sequence[int]) -> Evidence:
        """The evidence of these attributes, some perhaps several times, by other names."""

    def blocks(self) -> Iterator[tuple[Float[Tensor, "b d"], Float[Tensor, "b a"]]]:
        """The codes to learn from with their logits, as many at a time as moments are summed of; one pass."""
        for piece in self.pieces():
            for block in zip(piece.codes.split(BLOCK), piece.logits.split(BLOCK), strict=True):
                if len(block[0]):
                    yield block

    def moments(self, form: Form = as_logits) -> Moments:
        """Means and covariances of the codes to learn from and of their scores."""
        with threads_for(self.n * self.dim):
            return streamed((codes, form(logits)) for codes, logits in self.blocks())


@dataclass(frozen=True, kw_only=True)
class Matrices(Evidence):
    """A survey in memory.

    Args:
        codes: to learn from, flat; where a code has more numbers than there are codes (w+ of a small survey), their
            coordinates in the span of the codes, from which every method learns the same.
        logits: of these codes, clipped.
        held_codes: the held-out codes, likewise.
        held_labels: whether the held-out images have each attribute.
    """

    codes: Float[Tensor, "n d"]
    logits: Float[Tensor, "n a"]
    held_codes: Float[Tensor, "m d"]
    held_labels: Bool[Tensor, "m a"]

    @property
    def n(self) -> int:
        return len(self.codes)

    @property
    def num_held(self) -> int:
        return len(self.held_codes)

    @property
    def dim(self) -> int:
        return self.codes.shape[1]

    @property
    def labels(self) -> Bool[Tensor, "n a"]:
        """Whether each image to learn from has each attribute: probability above one half."""
        return self.logits > 0

    def pieces(self) -> Iterator[Matrices]:
        yield self

    def column(self, k: int) -> Float[Tensor, " n"]:
        return self.logits[:, k]

    def codes_of(self, rows: Sequence[Int[Tensor, " _"]]) -> list[Float[Tensor, "_ d"]]:
        return [self.codes[chosen] for chosen in rows]

    def take(self, names: Sequence[str], columns: Sequence[int]) -> Matrices:
        kept = list(columns)
        return replace(
            self, names=tuple(names), logits=self.logits[:, kept], held_labels=self.held_labels[:, kept]
        )


@dataclass(frozen=True, kw_only=True)
class Streamed(Evidence):
    """A survey that is read again in each pass, and never whole.

    Args:
        columns: of the attributes, in the survey.
        used: which rows have a label of all attributes.
        held: which of those are held out.
        low: bounds that logits are clipped to, of each attribute.
        high: likewise.
    """

    survey: Survey
    columns: tuple[int, ...]
    used: Bool[np.ndarray, " n"]
    held: Bool[np.ndarray, " u"]
    low: Float[Tensor, " a"]
    high: Float[Tensor, " a"]

    @property
    def n(self) -> int:
        return len(self.held) - self.num_held

    @property
    def num_held(self) -> int:
        return round(HELD_OUT * len(self.held))

    @property
    def dim(self) -> int:
        return math.prod(self.shape)

    @cached_property
    def learnt(self) -> Bool[np.ndarray, " n"]:
        """Which rows of the survey are learnt from."""
        rows = self.used.copy()
        rows[self.used] = ~self.held
        return rows

    def pieces(self) -> Iterator[Matrices]:
        start = 0
        for codes, logits in self.survey.batches():
            rows = slice(start, start + len(codes))
            start = rows.stop
            chosen = logits[:, list(self.columns)]
            learnt = torch.from_numpy(self.learnt[rows])
            held = torch.from_numpy(self.used[rows] & ~self.learnt[rows])
            yield Matrices(
                names=self.names,
                codes=codes[learnt],
                logits=chosen[learnt].clamp(self.low, self.high),
                held_codes=codes[held],
                held_labels=chosen[held] > 0,
                basis=None,
                shape=self.shape,
                space=self.space,
                fingerprint=self.fingerprint,
                seed=self.seed,
            )

    def column(self, k: int) -> Float[Tensor, " n"]:
        found = self.survey.column(self.names_in_survey[k]).float().cpu()
        return found[torch.from_numpy(self.learnt)].clamp(self.low[k], self.high[k])

    @property
    def names_in_survey(self) -> list[str]:
        return [self.survey.names[column] for column in self.columns]

    def codes_of(self, rows: Sequence[Int[Tensor, " _"]]) -> list[Float[Tensor, "_ d"]]:
        found = [torch.empty(len(chosen), self.dim) for chosen in rows]
        start = 0
        for piece in self.pieces():
            for chosen, codes in zip(rows, found, strict=True):
                here = (chosen >= start) & (chosen < start + piece.n)
                codes[here] = piece.codes[chosen[here] - start]
            start += piece.n
        return found

    def take(self, names: Sequence[str], columns: Sequence[int]) -> Streamed:
        kept = list(columns)
        return replace(
            self,
            names=tuple(names),
            columns=tuple(self.columns[k] for k in kept),
            low=self.low[kept],
            high=self.high[kept],
        )


def usable(survey: Survey, *, minimum: int = MINIMUM) -> list[str]:
    """The attributes that at least `minimum` labelled images of a survey have and at least `minimum` lack.

    Every method uses these where no attributes are named.
    """
    present, known = survey.counts
    return [
        name
        for name, have, all_ in zip(survey.names, present, known, strict=True)
        if have >= minimum and all_ - have >= minimum
    ]


def read(survey: Survey, attributes: Iterable[str] | None = None, *, seed: int = 0) -> Evidence:
    """The matrices of these attributes (by default all usable ones), split by `seed`.

    Images that lack a label of one of them are left out. Of a survey of more than `IN_MEMORY` numbers no matrices are
    made: it is read again in each pass.

    Raises:
        UnknownNameError: for an attribute that was not scored.
        ScoreError: for scores that are infinite, and for attributes that all or no images have, with the counts.
        SettingError: for an empty list of attributes.
    """
    instance("survey", survey, Survey, "ganatomy.survey makes one, ganatomy.load_survey reads one")
    names = _choose(survey, attributes)
    dim = math.prod(survey.code_shape)
    # Of fewer codes than numbers in a code, coordinates in their span are needed, and so all of them.
    large = len(survey) * dim > IN_MEMORY and (1 - HELD_OUT) * len(survey) > dim
    return _stream(survey, names, seed=seed) if large else _read(survey.in_memory(), names, seed=seed)


def _read(survey: Survey, names: tuple[str, ...], *, seed: int) -> Matrices:
    columns = [survey.names.index(name) for name in names]
    _refuse_infinite(survey.scores.logits, survey.names)
    train, held = survey.labelled(names).split(held_out=HELD_OUT, seed=seed)
    logits = train.scores.logits[:, columns].float().cpu()
    held_labels = (held.scores.logits[:, columns] > 0).cpu()
    _refuse_one_class(names, (logits > 0).sum(0), len(logits))
    codes = train.latents.codes.detach().cpu().float().flatten(1)
    held_codes = held.latents.codes.detach().cpu().float().flatten(1)
    basis = None
    if codes.shape[1] > len(codes):
        basis, triangle = qr(codes.T)
        codes, held_codes = triangle.T.contiguous(), held_codes @ basis
    low, high = _bounds(logits[:ENOUGH])
    return Matrices(
        names=names,
        codes=codes,
        logits=logits.clamp(low, high),
        held_codes=held_codes,
        held_labels=held_labels,
        basis=basis,
        shape=survey.code_shape,
        space=survey.space,
        fingerprint=survey.generator,
        seed=seed,
    )


def _stream(survey: Survey, names: tuple[str, ...], *, seed: int) -> Streamed:
    """Two passes over the scores: which rows are used, how many have each attribute, and the spread of logits."""
    columns = [survey.names.index(name) for name in names]
    used = np.ones(len(survey), dtype=bool)
    start = 0
    for logits in survey.score_batches():
        _refuse_infinite(logits, survey.names, start=start)
        used[start : start + len(logits)] = ~logits[:, columns].isnan().any(1).numpy()
        start += len(logits)
    held = np.zeros(int(used.sum()), dtype=bool)
    held[np.random.default_rng(seed).permutation(len(held))[: round(HELD_OUT * len(held))]] = True
    found = Streamed(
        names=names,
        survey=survey,
        columns=tuple(columns),
        used=used,
        held=held,
        low=torch.full((len(names),), -torch.inf),
        high=torch.full((len(names),), torch.inf),
        basis=None,
        shape=survey.code_shape,
        space=survey.space,
        fingerprint=survey.generator,
        seed=seed,
    )
    present, first, start = torch.zeros(len(names), dtype=torch.int64), [], 0
    for logits in survey.score_batches():
        learnt = torch.from_numpy(found.learnt[start : start + len(logits)])
        start += len(logits)
        chosen = logits[learnt][:, columns]
        present += (chosen > 0).sum(0)
        if sum(map(len, first)) < ENOUGH:
            first.append(chosen)
    _refuse_one_class(names, present, found.n)
    low, high = _bounds(torch.cat(first)[:ENOUGH])
    return replace(found, low=low, high=high)


def _choose(survey: Survey, attributes: Iterable[str] | None) -> tuple[str, ...]:
    known = survey.names
    if attributes is None:
        names = tuple(usable(survey))
        if not names:
            raise ScoreError(
                f"none of the {len(known)} attributes is present in {MINIMUM} of these {len(survey)} images and absent "
                f"in {MINIMUM}; survey more codes, or name the attributes"
            )
        return names
    names = texts("attributes", attributes)
    if not names:
        raise SettingError("attributes is empty; leave it out to find directions of all")
    for name in names:
        if name not in known:
            raise UnknownNameError("attribute", name, known)
    return names


def _refuse_infinite(logits: Float[Tensor, "n a"], names: Sequence[str], *, start: int = 0) -> None:
    broken = logits.isinf().nonzero()
    if len(broken):
        row, column = broken[0].tolist()
        raise ScoreError(
            f"row {start + row} of the survey scores {float(logits[row, column])} for {names[column]!r} "
            f"({len(broken)} such scores); drop these rows, or fix the scorer"
        )


def _refuse_one_class(names: Sequence[str], present: Int[Tensor, " a"], n: int) -> None:
    for name, count in zip(names, present.tolist(), strict=True):
        if not 0 < count < n:
            raise ScoreError(
                f"{count} of the {n} images to learn from have {name!r}; a direction needs images with it "
                "and without: survey more codes, or leave the attribute out"
            )


def _bounds(logits: Float[Tensor, "n a"]) -> tuple[Float[Tensor, " a"], Float[Tensor, " a"]]:
    """Where outliers are clipped, which a saturated scorer gives and a least-squares fit would follow."""
    low, median, high = torch.quantile(logits, torch.tensor([0.25, 0.5, 0.75]), dim=0)
    reach = OUTLYING * (high - low) / IQR_OF_NORMAL
    return (median - reach).clamp(max=-GRADED), (median + reach).clamp(min=GRADED)
