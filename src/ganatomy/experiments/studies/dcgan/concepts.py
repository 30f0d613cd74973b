"""Concepts are sides of attributes ("smiling, not male"); here are their exemplars, and the sums and turns they make.

The rule is general. Where attributes exclude each other (classes), sums are of three classes, and a quantity such as
slant is carried from one class to another; elsewhere one attribute is carried over to the other side of a second one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Generic, TypeVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ganatomy.errors import SettingError
from ganatomy.maps import classes_of
from ganatomy.perception.base import Scores, position
from ganatomy.perception.quantities import QuantityScorer

FEWEST = 12
"""Surveyed images that a concept must have; the clearer half of them are its exemplars."""
CLEAR = 2.2
"""The logit of a probability of 0.9, from which on an image is a clear case."""
NUM_SUMS = 2

Side = tuple[str, bool]
"""An attribute or quantity, and whether an image has it."""


@dataclass(frozen=True, kw_only=True)
class Concept:
    """Images that lie on all of these sides."""

    name: str
    sides: tuple[Side, ...]

    def clarity(self, scores: Scores) -> Float[Tensor, " n"]:
        """The logit of the least certain side of each image; below 0 the image is not of this concept."""
        return torch.stack([scores.column(name) * (1 if on else -1) for name, on in self.sides]).amin(0)

    def holds(self, scores: Scores) -> Bool[Tensor, " n"]:
        return self.clarity(scores) > 0

    def exemplars(self, scores: Scores) -> Int[Tensor, " m"]:
        """Rows of the clearer half of its images, the clearest first; none where it has too few."""
        clarity = self.clarity(scores)
        num = int((clarity > 0).sum())
        return clarity.argsort(descending=True)[: num // 2 if num >= FEWEST else 0]


@dataclass(frozen=True, kw_only=True)
class VectorSum:
    """`first - less + second`, and what should come out; None where there is no right answer."""

    first: Concept
    less: Concept
    second: Concept
    wanted: Concept | None = None

    @property
    def concepts(self) -> tuple[Concept, ...]:
        return self.first, self.less, self.second

    def __str__(self) -> str:
        return f"{self.first.name} − {self.less.name} + {self.second.name}"


@dataclass(frozen=True, kw_only=True)
class TurnVector:
    """From one side to the other: of one attribute or quantity, or of two classes."""

    plus: Concept
    minus: Concept

    @property
    def concepts(self) -> tuple[Concept, ...]:
        return self.plus, self.minus

    def of(self, scores: Scores) -> Float[Tensor, " n"]:
        """How far an image is on the side of plus, as a logit."""
        plus, minus = (concept.sides[0][0] for concept in self.concepts)
        return scores.column(plus) - (0 if plus == minus else scores.column(minus))

    def __str__(self) -> str:
        return f"{self.minus.name} to {self.plus.name}"


Member = TypeVar("Member", VectorSum, TurnVector)


@dataclass(frozen=True, kw_only=True)
class Family(Generic[Member]):
    """Sums or turns of one kind, of which each draw takes one at random.

    Args:
        name: a short word.
        title: what they are.
        members: those that have exemplars.
    """

    name: str
    title: str
    members: tuple[Member, ...]


def sums_of(
    scores: Scores, scorer: QuantityScorer, chosen: Sequence[str] | None = None
) -> list[Family[VectorSum]]:
    """The sums that these images have exemplars for; none where the scorer has no fitting attributes.

    Args:
        chosen: three classes for `first - less + second`; or the attribute to carry over, and the one whose other side
            it is carried to.

    Raises:
        UnknownNameError: for an attribute that was not scored.
        SettingError: for too few of them.
    """
    if not scorer.attributes:
        return []
    classes = exclusive(scores, scorer)
    for name in chosen or ():
        position(name, scorer.attributes)
    needed = 3 if classes else 2
    if chosen and len(set(chosen[:needed])) < needed:
        what = "first − less + second" if classes else "what is carried over, and to the other side of what"
        raise SettingError(f"a sum needs {needed} different attributes ({what}), got {', '.join(chosen)}")
    found = (_class_sums if classes else _attribute_sums)(scores, scorer, chosen)
    return [family for family in found if family.members]


def turns_of(
    scores: Scores, scorer: QuantityScorer, chosen: Sequence[str] | None = None
) -> list[Family[TurnVector]]:
    """A turn of the first quantity (pose, slant, light) and one of classes or of an attribute, where there are any."""

    def turn(plus: Side, minus: Side) -> TurnVector:
        return TurnVector(plus=_concept([plus], scorer), minus=_concept([minus], scorer))

    found = []
    if scorer.quantities:
        name = scorer.quantities[0].name
        found.append((name, None, [turn((name, True), (name, False))]))
    main = main_attribute(scores, scorer, chosen)
    if exclusive(scores, scorer):
        pairs = [chosen[:2]] if chosen else permutations(scorer.attributes, 2)
        found.append(("classes", "one class to another", [turn((a, True), (b, True)) for a, b in pairs]))
    elif main is not None:
        found.append(("attribute", None, [turn((main, True), (main, False))]))
    families = [_family(name, title or str(turns[0]), turns, scores) for name, title, turns in found]
    return [family for family in families if family.members]


def exclusive(scores: Scores, scorer: QuantityScorer) -> bool:
    """Whether the scorer's attributes are classes of which every image has exactly one."""
    return bool(scorer.attributes) and classes_of(scores.select(scorer.attributes)) is not None


def main_attribute(scores: Scores, scorer: QuantityScorer, chosen: Sequence[str] | None = None) -> str | None:
    """The attribute that was chosen first, else the one with the most clear cases on both sides; None without any."""
    if chosen:
        return chosen[0]
    return max(scorer.attributes, key=lambda name: _clear_cases(scores, [name]), default=None)


def _class_sums(
    scores: Scores, scorer: QuantityScorer, chosen: Sequence[str] | None
) -> list[Family[VectorSum]]:
    """Three classes, and a quantity carried from one class to another."""
    triples = [tuple(chosen[:3])] if chosen else list(permutations(scorer.attributes, 3))
    single = {name: _concept([(name, True)], scorer) for name in scorer.attributes}
    classes = [VectorSum(first=single[a], less=single[b], second=single[c]) for a, b, c in triples]
    found = [_family("classes", "a sum of three classes", classes, scores)]
    if scorer.quantities:
        name = scorer.quantities[0].name
        pairs = [(chosen[0], chosen[2])] if chosen else list(permutations(scorer.attributes, 2))
        carried = [_carry((name, on), (a, True), (b, True), scorer) for a, b in pairs for on in (True, False)]
        found.append(_family(name, f"{name} carried from one class to another", carried, scores))
    return found


def _attribute_sums(
    scores: Scores, scorer: QuantityScorer, chosen: Sequence[str] | None
) -> list[Family[VectorSum]]:
    """One attribute carried to the other side of a second one: smiling woman - woman + man.

    Pairs come in the order of how many clear cases their rarest combination has.
    With a single attribute, light or pose is carried.
    """
    names = list(scorer.names if len(scorer.attributes) == 1 else scorer.attributes)
    pairs = [(chosen[0], chosen[1])] if chosen else list(permutations(names, 2))
    found: list[Family[VectorSum]] = []
    used: list[set[str]] = []
    for carried, other in sorted(pairs, key=lambda pair: -_clear_cases(scores, pair)):
        # Of many attributes each takes part once; of few, each pair.
        if any({carried, other} & pair if len(names) > 3 else {carried, other} == pair for pair in used):
            continue
        # The rarer of the two results is the harder test: it cannot come out by itself.
        options = [_carry((carried, True), (other, on), (other, not on), scorer) for on in (True, False)]
        options = [(_count(option.wanted, scores), option) for option in options if _complete(option, scores)]
        if not options:
            continue
        used.append({carried, other})
        _, rarer = min(options, key=lambda option: option[0])
        found.append(_family(f"{carried}+{other}", str(rarer), [rarer], scores))
        if len(found) == NUM_SUMS:
            break
    return found


def _carry(what: Side, source: Side, target: Side, scorer: QuantityScorer) -> VectorSum:
    """`what` carried from the source to the target: source with it - source without it + target without it."""
    without = (what[0], not what[1])
    return VectorSum(
        first=_concept([what, source], scorer),
        less=_concept([without, source], scorer),
        second=_concept([without, target], scorer),
        wanted=_concept([what, target], scorer),
    )


def _family(name: str, title: str, members: Sequence[Member], scores: Scores) -> Family[Member]:
    return Family(name=name, title=title, members=tuple(it for it in members if _complete(it, scores)))


def _complete(member: VectorSum | TurnVector, scores: Scores) -> bool:
    """Whether all of its concepts have exemplars."""
    return all(len(concept.exemplars(scores)) for concept in member.concepts)


def _count(concept: Concept | None, scores: Scores) -> int:
    return 0 if concept is None else int(concept.holds(scores).sum())


def _concept(sides: Sequence[Side], scorer: QuantityScorer) -> Concept:
    """Sides with a name that reads as words, classes and attributes before quantities."""
    words = {False: [], True: []}
    for name, on in sides:
        quantity = scorer.quantity(name)
        word = (name if on else f"not {name}") if quantity is None else quantity.high if on else quantity.low
        words[quantity is not None].append(word)
    joint = " " if words[True] and len(sides) > 1 else ", "
    return Concept(name=joint.join([*words[False], *words[True]]), sides=tuple(sides))


def _clear_cases(scores: Scores, names: Sequence[str]) -> float:
    """Clear images of the rarest combination of these attributes; less than one counts all its images instead."""
    columns = torch.stack([scores.column(name) for name in names])
    place = (columns > 0).long().T @ (2 ** torch.arange(len(names)))
    clear = (columns.abs() > CLEAR).all(0)
    counts = torch.bincount(place[clear], minlength=2 ** len(names)).min()
    every = torch.bincount(place, minlength=2 ** len(names)).min()
    return float(counts) + float(every) / (1 + len(scores))
