"""A survey in a folder, whose rows are read when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from ganatomy.errors import SettingError
from ganatomy.latents import Latents, Space
from ganatomy.perception.base import Scores, position
from ganatomy.surveys.base import Survey
from ganatomy.surveys.jacobians import Jacobians
from ganatomy.surveys.parts import StoredPart, logits_of, read_columns, read_part, to_table
from ganatomy.surveys.rows import Rows, counts_of
from ganatomy.surveys.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class StoredSurvey(Survey):
    """The rows of a folder as a survey: opening it reads the ends of its files, 60 KB for ten thousand rows.

    `latents` and `scores` read all rows and keep them; `batches`, `column` and a subset read what they need. The
    prevalence of attributes is in the files' footers.

    Args:
        stored: what decides its rows.
        parts: its files, in order and without gaps.
    """

    latents: Latents = field(init=False)
    scores: Scores = field(init=False)
    stored: Settings
    parts: tuple[StoredPart, ...]

    def __post_init__(self) -> None:
        if self.rows is not None:
            raise SettingError("the rows of a survey in a folder are those of its files; take a subset of it")

    @classmethod
    def of(
        cls, settings: Settings, parts: Sequence[StoredPart], jacobians: Jacobians | None = None
    ) -> StoredSurvey:
        """The survey of these files."""
        return cls(
            stored=settings,
            parts=tuple(parts),
            seed=settings.seed,
            scorer=settings.scorer,
            truncation_psi=settings.truncation_psi,
            label=settings.label,
            class_names=settings.class_names,
            jacobians=jacobians,
        )

    def __getattr__(self, name: str) -> Any:
        # Called for what is not there yet: these two are read once, when they are first asked for.
        if name == "latents":
            object.__setattr__(self, "latents", self._read(np.arange(len(self))).latents(self.stored))
        elif name == "scores":
            logits = torch.cat(list(self.score_batches()))
            object.__setattr__(self, "scores", Scores(names=self.names, logits=logits))
        else:
            raise AttributeError(f"a survey has no {name!r}")
        return self.__dict__[name]

    def __len__(self) -> int:
        return self.parts[-1].stop

    def __getitem__(self, rows: int | slice | Sequence[int] | Tensor) -> Survey:
        chosen = np.asarray(rows) if isinstance(rows, Tensor) else rows
        index = np.atleast_1d(np.arange(len(self))[chosen])
        found = self._read(index)
        return self._of(found.latents(self.stored), found.scores(self.stored), torch.from_numpy(index))

    def in_memory(self) -> Survey:
        return self._of(self.latents, self.scores, None)

    def _of(self, latents: Latents, scores: Scores, rows: Int[Tensor, " n"] | None) -> Survey:
        return Survey.of_settings(self.stored, latents, scores, rows=rows, jacobians=self.jacobians)

    def _read(self, index: np.ndarray) -> Rows:
        """Some rows, read part by part."""
        found = Rows.empty(len(index), self.stored)
        for part in self.parts:
            places = np.flatnonzero((index >= part.start) & (index < part.stop))
            if len(places):
                found.put(places, read_part(part, self.stored).take(index[places] - part.start))
        return found

    def to_arrow(self) -> pa.Table:
        import pyarrow as pa

        return pa.concat_tables([to_table(read_part(part, self.stored), self.stored) for part in self.parts])

    @property
    def settings(self) -> Settings:
        return self.stored

    @property
    def names(self) -> tuple[str, ...]:
        return self.stored.attributes

    @property
    def generator(self) -> str | None:
        return self.stored.generator

    @property
    def space(self) -> Space:
        return Space.parse(self.stored.space)

    @property
    def code_shape(self) -> tuple[int, ...]:
        return self.stored.code_shape

    @property
    def counts(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """By the footers of the files."""
        present, known = np.array([_counts(part, self.names) for part in self.parts]).sum(0).tolist()
        return tuple(present), tuple(known)

    @property
    def classes(self) -> Int[Tensor, " n"] | None:
        if not self.stored.num_classes:
            return None
        columns = [read_columns(part, ["class"]).column("class").to_numpy() for part in self.parts]
        return torch.from_numpy(np.concatenate(columns))

    def batches(self) -> Iterator[tuple[Float[Tensor, "b d"], Float[Tensor, "b a"]]]:
        for part in self.parts:
            rows = read_part(part, self.stored)
            yield rows.codes.flatten(1), rows.logits

    def score_batches(self) -> Iterator[Float[Tensor, "b a"]]:
        columns = [f"logit:{name}" for name in self.names]
        for part in self.parts:
            yield logits_of(read_columns(part, columns), self.names)

    def column(self, attribute: str) -> Float[Tensor, " n"]:
        position(attribute, self.names)
        columns = [logits_of(read_columns(part, [f"logit:{attribute}"]), [attribute]) for part in self.parts]
        return torch.cat(columns)[:, 0]


def _counts(part: StoredPart, names: Sequence[str]) -> tuple[Sequence[int], Sequence[int]]:
    """How many images of a part have each attribute, and how many have a label of it."""
    if part.whole:
        return part.present, part.known
    logits = logits_of(read_columns(part, [f"logit:{name}" for name in names]), names)
    return counts_of(logits)
