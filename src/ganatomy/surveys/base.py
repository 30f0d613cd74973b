"""Surveys: codes, the scores of their images, and subsets of both."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ganatomy.arguments import whole
from ganatomy.errors import ScoreError, SettingError
from ganatomy.generators.base import class_index
from ganatomy.latents import Latents, Space
from ganatomy.perception.base import Scores, check_names, position
from ganatomy.surveys.jacobians import Jacobians
from ganatomy.surveys.parts import to_table
from ganatomy.surveys.rows import Rows, counts_of
from ganatomy.surveys.settings import Settings
from ganatomy.tabular import Frame, Tabular

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_NUMBERS = 2**22
"""Numbers of codes that `Survey.batches` gives at once, 16 MB."""


@dataclass(frozen=True, kw_only=True)
class Survey(Tabular):
    """Codes and the scores of their images, from which supervised methods find directions.

    A survey in a folder is a `StoredSurvey`: it reads its rows when they are asked for, and those of a method batch by
    batch.

    Args:
        seed: of the sample that the codes are from.
        rows: the index of each code in that sample, by default 0, 1, ...
        scorer: fingerprint of the scorer.
        truncation_psi: of the codes.
        label: the class of all images, where one class of a conditional generator was surveyed.
        class_names: what the classes of a conditional generator are called, where that is known.
        jacobians: gradients of the scores of some images; see `differentiate`.

    Example::

        print(survey.names, survey.prevalence["Smiling"])
        learn, judge = survey.split(held_out=0.3)
    """

    latents: Latents
    scores: Scores
    seed: int = 0
    rows: Int[Tensor, " n"] | None = None
    scorer: str | None = None
    truncation_psi: float = 1.0
    label: int | None = None
    class_names: tuple[str, ...] = ()
    jacobians: Jacobians | None = None

    def __post_init__(self) -> None:
        num_rows = len(self.latents) if self.rows is None else len(self.rows)
        if not len(self.latents) == len(self.scores) == num_rows:
            raise SettingError(
                f"a survey of {len(self.latents)} codes needs as many scores and rows, "
                f"got {len(self.scores)} and {num_rows}"
            )

    @staticmethod
    def of_settings(
        settings: Settings,
        latents: Latents,
        scores: Scores,
        *,
        rows: Int[Tensor, " n"] | None = None,
        jacobians: Jacobians | None = None,
    ) -> Survey:
        """Codes and scores that were made by these settings."""
        return Survey(
            latents=latents,
            scores=scores,
            rows=rows,
            seed=settings.seed,
            scorer=settings.scorer,
            truncation_psi=settings.truncation_psi,
            label=settings.label,
            class_names=settings.class_names,
            jacobians=jacobians,
        )

    def __len__(self) -> int:
        return len(self.latents)

    def __str__(self) -> str:
        width = max(map(len, self.names))
        shares = self.prevalence.items()
        return "\n".join([self.title, *(f"  {name:{width}}  {100 * share:5.1f} %" for name, share in shares)])

    def __getitem__(self, rows: int | slice | Sequence[int] | Tensor) -> Survey:
        """Some of the codes with their scores; one index keeps the batch axis."""
        kept = [rows] if isinstance(rows, int) else rows
        return replace(
            self, latents=self.latents[rows], scores=self.scores[rows], rows=self.sample_rows[kept]
        )

    def frame(self) -> Frame:
        """A row for each code: its place in the sample, its class, if it has one, and its probabilities."""
        classes = {} if self.classes is None else {"class": self.classes.cpu().numpy()}
        scores = self.scores.frame()
        return Frame(
            title=self.title,
            columns={"row": self.sample_rows.numpy(), **classes, **scores.columns},
        )

    def shown(self) -> Frame:
        """How many images have each attribute."""
        prevalence = self.prevalence
        return Frame(
            title=self.title,
            columns={"attribute": list(prevalence), "prevalence": list(prevalence.values())},
        )

    def to_arrow(self) -> pa.Table:
        """The survey as a table of Arrow, with the columns of its files: `row`, `code`, `logit:...` and `class`.

        Example::

            polars.from_arrow(survey.to_arrow())
        """
        return to_table(Rows.of(0, self.latents, self.scores), self.settings, index=self.sample_rows.numpy())

    @property
    def title(self) -> str:
        """What it is, in one line."""
        return f"survey of {len(self)} codes in {self.space}, {len(self.names)} attributes"

    @property
    def settings(self) -> Settings:
        """All that decides its rows."""
        return Settings.of(
            self.latents,
            scorer=self.scorer,
            attributes=self.names,
            seed=self.seed,
            truncation_psi=self.truncation_psi,
            label=self.label,
            class_names=self.class_names,
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The attributes that were scored."""
        return self.scores.names

    @property
    def generator(self) -> str | None:
        """Fingerprint of the generator."""
        return self.latents.fingerprint

    @property
    def space(self) -> Space:
        """The space of the codes."""
        return self.latents.space

    @property
    def code_shape(self) -> tuple[int, ...]:
        """The shape of one code."""
        return tuple(self.latents.codes.shape[1:])

    @property
    def sample_rows(self) -> Int[Tensor, " n"]:
        """The index of each code in the sample of the seed."""
        return torch.arange(len(self)) if self.rows is None else self.rows

    @property
    def prevalence(self) -> dict[str, float]:
        """For each attribute, the fraction of its labelled images that have it (probability above one half)."""
        return {
            name: present / known if known else math.nan
            for name, present, known in zip(self.names, *self.counts, strict=True)
        }

    @property
    def counts(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """How many images have each attribute, and how many have a label of it."""
        present, known = counts_of(self.scores.logits)
        return tuple(present), tuple(known)

    def batches(self) -> Iterator[tuple[Float[Tensor, "b d"], Float[Tensor, "b a"]]]:
        """Codes, flat, and their logits, some thousand rows at a time: one pass over a survey of any size."""
        codes, logits = self.latents.codes.detach().flatten(1), self.scores.logits.detach()
        size = max(1, BATCH_NUMBERS // max(1, codes.shape[1]))
        for part in zip(codes.split(size), logits.split(size), strict=True):
            yield part[0].cpu().float(), part[1].cpu().float()

    def score_batches(self) -> Iterator[Float[Tensor, "b a"]]:
        """The logits of the same batches, without reading codes."""
        for _, logits in self.batches():
            yield logits

    def column(self, attribute: str) -> Float[Tensor, " n"]:
        """The logits of one attribute, without reading others.

        Raises:
            UnknownNameError: when it was not scored.
        """
        return self.scores.column(attribute)

    def in_memory(self) -> Survey:
        """The same survey with all its rows in memory."""
        return self

    @property
    def classes(self) -> Int[Tensor, " n"] | None:
        """The class of each image of a conditional generator; None for others."""
        return None if self.latents.labels is None else self.latents.labels.argmax(1)

    def of_class(self, label: int | str) -> Survey:
        """The codes whose images are of one class.

        Args:
            label: the class, by its index or its name.

        Raises:
            SettingError: for a survey without classes, or without codes of this one.
            UnknownNameError: for a name that no class has.
        """
        if self.classes is None:
            raise SettingError("this survey is of a generator without classes; leave out the class")
        label = class_index(label, self.settings.num_classes, self.class_names)
        rows = (self.classes == label).nonzero()[:, 0]
        if not len(rows):
            raise SettingError(
                f"no image of this survey is of class {label}; it has {self.classes.unique().tolist()}"
            )
        return replace(self[rows], label=label)

    def within_classes(self) -> Survey:
        """The same codes and scores, each without what its class has in common: what directions within a class show.

        From codes and from scores the mean of their class is taken away, and the mean of all is put back (the within
        estimator of panel data). An attribute that only the class decides then has no direction.

        Raises:
            SettingError: for a survey without classes.

        Example::

            survey = ga.survey(conditional, scorer, n=3_000)
            found = ga.regression(survey.within_classes())
        """
        classes = self.classes
        if classes is None:
            raise SettingError(
                "this survey is of a generator without classes, so there is nothing to condition on"
            )
        codes, logits = self.latents.codes.clone(), self.scores.logits.clone()
        for label in classes.unique():
            rows = classes == label
            codes[rows] += self.latents.codes.mean(0) - self.latents.codes[rows].mean(0)
            logits[rows] += self.scores.logits.nanmean(0) - self.scores.logits[rows].nanmean(0)
        scores = replace(self.scores, logits=logits)
        latents = replace(self.latents, codes=codes)
        return replace(self.in_memory(), latents=latents, scores=scores, jacobians=None)

    def labelled(self, attributes: str | Iterable[str]) -> Survey:
        """The codes whose images have a score of each of these attributes: all but for a table with missing labels.

        Raises:
            UnknownNameError: when one was not scored.
            ScoreError: when no image has them all.
        """
        names = check_names(attributes)
        for name in names:
            position(name, self.names)
        missing = torch.cat([self.column(name).isnan()[:, None] for name in names], dim=1).any(1)
        if not missing.any():
            return self
        if missing.all():
            raise ScoreError(
                f"no image has a label of {'each of ' if len(names) > 1 else ''}{', '.join(names)}; "
                "label more images, or name fewer attributes at once"
            )
        return self[(~missing).nonzero()[:, 0]]

    def labels(self, attribute: str) -> Bool[Tensor, " n"]:
        """Which images have an attribute: probability above one half.

        Raises:
            UnknownNameError: when it was not scored.
            ScoreError: when all images or none have it, or some have no label of it, with the counts.
        """
        scores = self.column(attribute)
        if scores.isnan().any():
            raise ScoreError(
                f"{int(scores.isnan().sum())} of {len(scores)} images have no label of {attribute!r}; "
                "take those that have, with survey.labelled([...])"
            )
        labels = scores > 0
        present = int(labels.sum())
        if present in (0, len(labels)):
            raise ScoreError(
                f"{present} of {len(labels)} images have {attribute!r} and {len(labels) - present} do not, and both "
                "are needed; survey more codes, or leave this attribute out"
            )
        return labels

    def balanced(self, attribute: str, n: int | None = None, *, seed: int = 0) -> Survey:
        """As many codes with an attribute as without: all of the rarer class, or `n` in total.

        Raises:
            ScoreError: when one class is missing, or has fewer than half of `n`.
        """
        known = self.labelled(attribute)
        labels = known.labels(attribute)
        classes = [labels.nonzero()[:, 0], (~labels).nonzero()[:, 0]]
        count = min(len(rows) for rows in classes) if n is None else n // 2
        if count < 1 or any(len(rows) < count for rows in classes):
            with_, without = (len(rows) for rows in classes)
            raise ScoreError(
                f"{with_} images have {attribute!r} and {without} do not, which cannot give {count} of each; "
                f"ask for 2 to {2 * min(with_, without)}, or survey more codes"
            )
        rng = np.random.default_rng(seed)
        kept = [rows[torch.from_numpy(rng.permutation(len(rows))[:count])] for rows in classes]
        return known[torch.cat(kept).sort().values]

    def confident(self, attribute: str, fraction: float = 0.02) -> Survey:
        """The codes at both ends of an attribute, InterFaceGAN's positives and negatives (Shen et al. 2020).

        Args:
            fraction: of all codes, at each end; never more than the class has.

        Raises:
            SettingError: for a fraction outside (0, 0.5].
            ScoreError: when one class is missing.
        """
        if not 0 < fraction <= 0.5:
            raise SettingError(
                f"fraction {fraction:g} is not in (0, 0.5]; each end can be half of the codes at most"
            )
        known = self.labelled(attribute)
        present = int(known.labels(attribute).sum())
        count = max(1, round(fraction * len(known)))
        order = known.column(attribute).argsort(descending=True, stable=True)
        top, bottom = order[: min(count, present)], order[max(len(known) - count, present) :]
        return known[torch.cat([top, bottom]).sort().values]

    def split(self, held_out: float = 0.3, *, seed: int = 0) -> tuple[Survey, Survey]:
        """Codes to find directions from, and held-out codes to test them on, at random without overlap.

        Raises:
            SettingError: when one side would be empty.
        """
        count = round(held_out * len(self))
        if not 0 < count < len(self):
            raise SettingError(
                f"held_out {held_out:g} of {len(self)} codes leaves one side empty; give 0 < held_out < 1"
            )
        order = torch.from_numpy(np.random.default_rng(whole("seed", seed)).permutation(len(self)))
        return self[order[count:].sort().values], self[order[:count].sort().values]
