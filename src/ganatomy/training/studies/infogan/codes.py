"""What the codes of an InfoGAN do: which class each category shows, and which attributes each code moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from ganatomy.generators.base import Generator
from ganatomy.latents import Latents
from ganatomy.metrics.entanglement import Entanglement
from ganatomy.perception.base import Scorer
from ganatomy.perception.judging import Judge
from ganatomy.statistics.intervals import Estimate, share_of
from ganatomy.training.records import spread
from ganatomy.workers import read_images

EXCLUSIVE = 0.01
"""By how much the probabilities of classes that exclude each other may miss a sum of 1."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Purity:
    """Which class each category shows.

    Args:
        names: of the classes.
        counts: images of each category that are read as each class.
    """

    names: tuple[str, ...]
    counts: Int[Tensor, "categories classes"]

    @property
    def num_shown(self) -> int:
        """Classes that are the commonest of some category."""
        return len(set(self.shown))

    @property
    def value(self) -> Estimate:
        """The share of images that show the commonest class of their category."""
        return share_of(int(self.counts.max(dim=1).values.sum()), int(self.counts.sum()))

    @property
    def shown(self) -> list[str]:
        """The commonest class of each category."""
        return [self.names[column] for column in self.counts.argmax(dim=1).tolist()]


def read_purity(generator: Generator, reader: Scorer, *, n: int, seed: int = 1) -> Purity | None:
    """The class of n images of each category; None for attributes that do not exclude each other.

    Args:
        generator: whose classes are the categories.
        reader: scores images.
        n: images of each category, of the same codes.
        seed: of the codes.
    """
    probabilities = torch.stack(
        [
            _read(generator, generator.sample(n, seed=seed, label=category), reader)
            for category in range(generator.signature.num_classes)
        ]
    )
    if ((probabilities.sum(dim=2) - 1).abs() > EXCLUSIVE).any():
        return None
    classes = probabilities.argmax(dim=2)
    counts = torch.stack([torch.bincount(row, minlength=len(reader.names)) for row in classes])
    return Purity(names=tuple(reader.names), counts=counts)


@torch.no_grad()
def variety_within(generator: Generator, real: Float[Tensor, "m c h w"], *, n: int, seed: int = 1) -> float:
    """How far images of one category lie apart, as a share of how far real images do, whatever they show.

    A category of one image is pure, and says nothing.

    Args:
        generator: whose classes are the categories.
        real: images that it learnt from.
        n: images of each category.
        seed: of the codes.
    """
    categories = range(generator.signature.num_classes)
    within = [spread(generator(generator.sample(n, seed=seed, label=category))) for category in categories]
    return sum(within) / len(within) / max(spread(real), 1e-8)


@dataclass(frozen=True, kw_only=True, eq=False)
class CodeEdits:
    """What changing a code does, for the code that moves each attribute most.

    Args:
        edits: one for each attribute that some code moves more than any other attribute; None where there is none.
        codes: which code that is, by attribute.
        changes: mean change of each attribute by each code, by name.
    """

    edits: Entanglement | None
    codes: Mapping[str, str]
    changes: Mapping[str, Float[Tensor, " a"]]

    @property
    def movable(self) -> tuple[str, ...]:
        """Attributes that a code changes as much as is asked for, confirmed by the judge if there is one."""
        return () if self.edits is None else self.edits.movable


def edit_codes(
    generator: Generator,
    scorer: Scorer,
    judge: Judge | None,
    *,
    continuous: int,
    n: int,
    target_change: float,
    seed: int = 1,
) -> CodeEdits:
    """Give the same images each category in turn, and each continuous code its largest value instead of its least.

    Args:
        generator: whose classes are the categories, and the first numbers of whose z are the continuous codes.
        scorer: reads the images.
        judge: reads them again.
        continuous: codes.
        n: images.
        target_change: mean change of an attribute from which it counts as moved.
        seed: of the codes.
    """
    drawn = generator.sample(n, seed=seed)
    before = _read(generator, drawn, scorer)
    known = generator.signature.num_classes
    pairs = {f"category {k}": (drawn, _of_category(drawn, k, known)) for k in range(known)}
    pairs |= {
        f"continuous code {j + 1}": (_with_code(drawn, j, -1.0), _with_code(drawn, j, 1.0))
        for j in range(continuous)
    }
    changes = {name: _change(generator, scorer, pair) for name, pair in pairs.items()}
    means = torch.stack([change.mean(0) for change in changes.values()])
    chosen = strongest(means)
    names = list(pairs)
    edits = None
    if chosen:
        edits = Entanglement(
            names=tuple(scorer.names[column] for column in chosen),
            attributes=tuple(scorer.names),
            strengths=torch.tensor([float(means[row, column].sign()) for column, row in chosen.items()]),
            before=before,
            changes=torch.stack([changes[names[row]] for row in chosen.values()]),
            target_change=target_change,
            seed=seed,
        )
        if judge is not None:
            edits = replace(
                edits, judged=_judged(generator, judge, edits, [pairs[names[r]] for r in chosen.values()])
            )
    return CodeEdits(
        edits=edits,
        codes={scorer.names[column]: names[row] for column, row in chosen.items()},
        changes={name: means[row] for row, name in enumerate(names)},
    )


def strongest(means: Float[Tensor, "codes a"]) -> dict[int, int]:
    """The code for each attribute that some code moves more than any other attribute; of several codes the strongest.

    Example:
        >>> strongest(torch.tensor([[0.1, -0.5], [0.2, 0.4], [0.3, 0.0]]))
        {0: 2, 1: 0}
    """
    sizes, found = means.abs(), {}
    for row, column in enumerate(sizes.argmax(dim=1).tolist()):
        if column not in found or sizes[row, column] > sizes[found[column], column]:
            found[column] = row
    return dict(sorted(found.items()))


def _judged(
    generator: Generator, judge: Judge, edits: Entanglement, pairs: list[tuple[Latents, Latents]]
) -> Entanglement | None:
    """The same edits of the attributes that the judge knows as well."""
    rows = [k for k, name in enumerate(edits.names) if name in judge.names]
    if not rows:
        return None
    changes = [_change(generator, judge, pairs[k]) for k in rows]
    return replace(
        edits,
        names=tuple(edits.names[k] for k in rows),
        attributes=tuple(judge.names),
        strengths=edits.strengths[rows],
        before=_read(generator, pairs[rows[0]][0], judge),
        changes=torch.stack(changes),
        reading=judge.reading,
    )


def _change(generator: Generator, reader: Scorer, pair: tuple[Latents, Latents]) -> Float[Tensor, "n a"]:
    before, after = (_read(generator, latents, reader) for latents in pair)
    return after - before


def _read(generator: Generator, latents: Latents, reader: Scorer) -> Float[Tensor, "n a"]:
    [logits] = read_images(generator, latents, reader, batch_size=64)
    return torch.sigmoid(logits)


def _of_category(latents: Latents, category: int, count: int) -> Latents:
    hot = F.one_hot(torch.full((len(latents),), category), count)
    return replace(latents, labels=hot.to(latents.codes))


def _with_code(latents: Latents, index: int, value: float) -> Latents:
    codes = latents.codes.clone()
    codes[:, index] = value
    return latents.with_codes(codes)
