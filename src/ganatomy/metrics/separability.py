"""Linear separability: how uncertain attributes remain once a hyperplane has separated codes.

Karras et al. 2019, section 4.2, and the same on held-out codes: in-sample figures are too good for long codes.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import ScoreError, UnknownNameError
from ganatomy.latents import Space
from ganatomy.metrics.base import MeasuredValue, Result, aligned
from ganatomy.metrics.inputs import Measure, SharedInputs
from ganatomy.statistics.intervals import Estimate, estimate, resampling
from ganatomy.surveys import Survey

CONFIDENT = 0.5
"""Share of codes that are used for each attribute: those of the most confident scores."""
HELD_OUT = 0.3
MINIMUM = 10
"""Codes of each class that are needed among the confident ones."""


@dataclass(frozen=True, kw_only=True)
class Separability(Result, unit="2^bits", higher_is_better=False):
    """`2^ΣH(Y|X)`: 1 where hyperplanes separate every attribute; it doubles for each bit that remains uncertain.

    Args:
        held_out: tested on codes that the hyperplanes were not found on.
        published: tested on codes that the hyperplanes were found on.
        bits: conditional entropy of each attribute, on held-out codes.
        left_out: attributes with too few codes of one class.
    """

    space: Space
    held_out: Estimate
    published: Estimate
    bits: dict[str, Estimate]
    left_out: tuple[str, ...]
    num_codes: int

    @property
    def figures(self) -> dict[str, MeasuredValue]:
        return self._figures(held_out=self.held_out, as_published=self.published)

    @property
    def notes(self) -> tuple[str, ...]:
        text = (
            f"separability is the product over {len(self.bits)} attributes and compares only within the same ones "
            f"and the same number of codes ({self.num_codes})"
        )
        return (text,)

    def __str__(self) -> str:
        worst = sorted(self.bits.items(), key=lambda item: -item[1].value)[:5]
        return (
            f"separability in {self.space}: {self.held_out} on held-out codes, {self.published} as published "
            f"({self.num_codes} codes, {len(self.bits)} attributes); {self.verdict}\n"
            + aligned([[f"  {name}", f"{bits} bits left"] for name, bits in worst])
        )


def separability(survey: Survey, attributes: Iterable[str] | None = None, *, seed: int = 0) -> Separability:
    """`2^Σ H(label | side)`, by a linear SVM for each attribute, on the most confidently scored half of the codes.

    Args:
        attributes: by default all of which the confident codes have enough of both classes.

    Returns:
        The figure on held-out codes and as published.

    Raises:
        UnknownNameError: for an attribute that was not scored.
        ScoreError: when no attribute has both classes.

    Example:
        >>> import ganatomy as ga
        >>> from ganatomy.perception import OracleScorer
        >>> toy = ga.ToyGenerator(seed=0)
        >>> ga.separability(ga.survey(toy, OracleScorer(toy), n=500)).held_out.value < 2
        True
    """
    names = survey.names if attributes is None else tuple(attributes)
    for name in names:
        if name not in survey.names:
            raise UnknownNameError("attribute", name, survey.names)
    survey = survey.labelled(names)
    n = len(survey)
    codes = survey.latents.codes.detach().cpu().float().flatten(1).numpy()
    held = np.zeros(n, dtype=bool)
    held[np.random.default_rng(seed).permutation(n)[: round(HELD_OUT * n)]] = True
    draws = resampling(n, seed=seed)
    found: dict[str, list[tuple[Tensor, Tensor]]] = {"held out": [], "published": []}
    kept = []
    for name in names:
        logits = survey.scores.column(name).detach().cpu()
        sure = np.zeros(n, dtype=bool)
        sure[logits.abs().argsort(descending=True, stable=True)[: max(1, round(CONFIDENT * n))]] = True
        labels = (logits > 0).numpy()
        if any(
            min((labels & rows).sum(), (~labels & rows).sum()) < MINIMUM
            for rows in (sure & held, sure & ~held)
        ):
            continue
        kept.append(name)
        for kind, learnt, tested in (("held out", sure & ~held, sure & held), ("published", sure, sure)):
            tables = _tables(_sides(codes, labels, learnt), labels, tested)
            resampled = (draws @ tables.flatten(1)).unflatten(1, (2, 2))
            found[kind].append((conditional_entropy(tables.sum(0)), conditional_entropy(resampled)))
    if not kept:
        raise ScoreError(
            f"none of the {len(names)} attributes has {MINIMUM} codes of each class, learnt from and held out, among "
            f"the most confident half of these {n}; survey more codes, or choose commoner attributes"
        )

    def product(kind: str) -> Estimate:
        value, resampled = (torch.stack(bits).sum(0) for bits in zip(*found[kind], strict=True))
        return estimate(2**value, 2**resampled)

    return Separability(
        space=survey.space,
        held_out=product("held out"),
        published=product("published"),
        bits={name: estimate(*bits) for name, bits in zip(kept, found["held out"], strict=True)},
        left_out=tuple(name for name in names if name not in kept),
        num_codes=n,
    )


def conditional_entropy(table: Float[Tensor, "*b 2 2"]) -> Float[Tensor, "*b"]:
    """`H(Y|X)` in bits of a table of counts, X down and Y across.

    >>> float(conditional_entropy(torch.tensor([[30.0, 10.0], [10.0, 30.0]])))
    0.8112781047821045
    """
    joint = table / table.sum((-2, -1), keepdim=True)
    given = joint / joint.sum(-1, keepdim=True)
    return -torch.where(joint > 0, joint * given.log2(), 0.0).sum((-2, -1))


def _tables(sides: np.ndarray, labels: np.ndarray, tested: np.ndarray) -> Float[Tensor, "n 2 2"]:
    """The table of each code alone; it is empty for codes that are not tested."""
    cells = np.stack([~sides & ~labels, ~sides & labels, sides & ~labels, sides & labels], axis=1)
    return torch.from_numpy(cells & tested[:, None]).double().unflatten(1, (2, 2))


def _sides(codes: np.ndarray, labels: np.ndarray, learnt: np.ndarray) -> np.ndarray:
    """The side of the linear SVM (C = 1, squared hinge) on which each code lies."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.svm import LinearSVC

    with warnings.catch_warnings():
        # A plane that is still turning a little separates codes as well.
        warnings.simplefilter("ignore", ConvergenceWarning)
        plane = LinearSVC(C=1.0, dual=False)  # pyright: ignore[reportArgumentType]  (wrong stubs)
        plane.fit(codes[learnt], labels[learnt])
    return plane.decision_function(codes) > 0


def measure(inputs: SharedInputs) -> dict[str, Separability]:
    """In z and in w."""
    return {
        space: separability(inputs.survey(space), inputs.attributes, seed=inputs.experiment.seed)
        for space in inputs.spaces
    }


SEPARABILITY = Measure(
    "uncertainty of attributes that hyperplanes leave", Separability, measure, needs=("scorer",)
)
