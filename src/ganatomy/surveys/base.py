"""A survey in memory: codes, the scores of their images, and subsets of both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Int
from torch import Tensor

from ganatomy.arguments import whole
from ganatomy.errors import ScoreError, SettingError
from ganatomy.latents import Latents
from ganatomy.perception.base import Scores
from ganatomy.surveys.jacobians import Jacobians
from ganatomy.tabular import Frame, Tabular


@dataclass(frozen=True, kw_only=True)
class Survey(Tabular):
    """Codes and the scores of their images, from which supervised methods find directions.

    Args:
        seed: of the sample that the codes are from.
        rows: the index of each code in that sample, by default 0, 1, ...
        scorer: fingerprint of the scorer.
        truncation_psi: of the codes.
        label: the class of all images, where one class of a conditional generator was surveyed.
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
    jacobians: Jacobians | None = None

    def __post_init__(self) -> None:
        if self.rows is None:
            object.__setattr__(self, "rows", torch.arange(len(self.latents)))
        if not len(self.latents) == len(self.scores) == len(self.sample_rows):
            raise SettingError(
                f"a survey of {len(self.latents)} codes needs as many scores and rows, "
                f"got {len(self.scores)} and {len(self.sample_rows)}"
            )

    def __len__(self) -> int:
        return len(self.latents)

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
            title=f"survey of {len(self)} codes in {self.latents.space}, {len(self.names)} attributes",
            columns={"row": self.sample_rows.numpy(), **classes, **scores.columns},
        )

    def shown(self) -> Frame:
        """How many images have each attribute."""
        prevalence = self.prevalence
        return Frame(
            title=self.frame().title,
            columns={"attribute": list(prevalence), "prevalence": list(prevalence.values())},
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
    def sample_rows(self) -> Int[Tensor, " n"]:
        """The index of each code in the sample of the seed."""
        assert self.rows is not None
        return self.rows

    @property
    def prevalence(self) -> dict[str, float]:
        """For each attribute, the fraction of its labelled images that have it (probability above one half)."""
        known = (~self.scores.logits.isnan()).sum(0)
        return dict(zip(self.names, ((self.scores.logits > 0).sum(0) / known.double()).tolist(), strict=True))

    @property
    def classes(self) -> Int[Tensor, " n"] | None:
        """The class of each image of a conditional generator; None for others."""
        return None if self.latents.labels is None else self.latents.labels.argmax(1)

    def of_class(self, label: int) -> Survey:
        """The codes whose images are of one class.

        Args:
            label: the class, by its index.

        Raises:
            SettingError: for a survey without classes, or without codes of this one.
        """
        if self.classes is None:
            raise SettingError("this survey is of a generator without classes; leave out the class")
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
        if self.classes is None:
            raise SettingError(
                "this survey is of a generator without classes, so there is nothing to condition on"
            )
        codes, logits = self.latents.codes.clone(), self.scores.logits.clone()
        for label in self.classes.unique():
            rows = self.classes == label
            codes[rows] += self.latents.codes.mean(0) - self.latents.codes[rows].mean(0)
            logits[rows] += self.scores.logits.nanmean(0) - self.scores.logits[rows].nanmean(0)
        scores = replace(self.scores, logits=logits)
        return replace(self, latents=replace(self.latents, codes=codes), scores=scores, jacobians=None)

    def labelled(self, attributes: str | Iterable[str]) -> Survey:
        """The codes whose images have a score of each of these attributes: all but for a table with missing labels.

        Raises:
            UnknownNameError: when one was not scored.
            ScoreError: when no image has them all.
        """
        names = (attributes,) if isinstance(attributes, str) else tuple(attributes)
        missing = self.scores.select(names).logits.isnan().any(1)
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
        scores = self.scores.column(attribute)
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
        order = known.scores.column(attribute).argsort(descending=True, stable=True)
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
