"""Several classifiers as one: what optimisers follow, because an edit that fools one of them seldom fools all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import SettingError
from ganatomy.latents import Latents
from ganatomy.perception.base import Scorer, fingerprint_of


class EnsembleScorer(Scorer):
    """The mean logit of several classifiers, for the attributes that all of them score, in the order of the first.

    Args:
        members: at least one; gradients flow where they flow through all.

    Raises:
        SettingError: for no members, and for members without a common attribute.
        ScoreError: for a table of labels.

    Example:
        >>> import torch
        >>> from ganatomy.perception import scorer
        >>> bright = scorer(lambda images: images.mean((1, 2, 3)) / 2 + 0.5, names=["Bright"])
        >>> green = scorer(lambda images: images[:, 1].mean((1, 2)) / 2 + 0.5, names=["Bright"])
        >>> EnsembleScorer([bright, green])(torch.zeros(1, 3, 8, 8)).probabilities.tolist()
        [[0.5]]
    """

    def __init__(self, members: Sequence[Scorer]) -> None:
        if not members:
            raise SettingError("an ensemble needs a classifier; give one or more")
        for member in members:
            member.require_images()
        common = [name for name in members[0].names if all(name in member.names for member in members)]
        if not common:
            known = "; ".join(f"{member.description}: {', '.join(member.names)}" for member in members)
            raise SettingError(f"these classifiers have no attribute in common ({known})")
        self.members = tuple(member.select(common) for member in members)
        self.names = tuple(common)
        self.fingerprint = fingerprint_of("ensemble", *(member.fingerprint for member in self.members))
        self.description = "mean of " + ", ".join(member.description for member in members)

    @property
    def sources(self) -> frozenset[str]:
        return frozenset().union(*(member.sources for member in self.members))

    def _logits(self, images: Float[Tensor, "n c h w"], *, latents: Latents | None, start: int) -> Tensor:
        seen = [member.score(images, latents=latents, start=start).logits for member in self.members]
        return torch.stack(seen).mean(0)

    def differentiable(self) -> Scorer:
        return EnsembleScorer([member.differentiable() for member in self.members])


def following(scorer: Scorer, companions: Iterable[Scorer]) -> Scorer:
    """The same scorer, for which optimisers follow the mean of itself and its companions (`Scorer.target`).

    An edit that follows one classifier often fools it. Companions may be classifiers that were trained apart, or
    students of the scorer (`train_student`) where there are no others. None of them can judge the edits.

    Args:
        scorer: the classifier that says what was reached.
        companions: classifiers that score all of its attributes.

    Returns:
        The scorer with these companions, in the place of those that it had; with none it is followed alone.

    Raises:
        SettingError: for the scorer itself among the companions, and for one that lacks an attribute.
        ScoreError: for a table of labels.

    Example:
        >>> import ganatomy as ga
        >>> bright = ga.scorer(lambda images: images.mean((1, 2, 3)) / 2 + 0.5, names=["Bright"])
        >>> green = ga.scorer(lambda images: images[:, 1].mean((1, 2)) / 2 + 0.5, names=["Bright"])
        >>> len(following(bright, [green]).target().members)
        2
    """
    found, members = copy(scorer), tuple(companions)
    scorer.require_images()
    for member in members:
        member.require_images()
        lacking = [name for name in scorer.names if name not in member.names]
        if lacking:
            raise SettingError(
                f"{member.description} does not score {', '.join(lacking)}, so edits cannot follow it; give "
                "classifiers of all attributes, such as students of the scorer"
            )
        if member.sources & scorer.sources:
            raise SettingError(f"edits follow {scorer.description} already; give other classifiers")
    found.followed = EnsembleScorer([scorer, *members]) if members else None
    return found
