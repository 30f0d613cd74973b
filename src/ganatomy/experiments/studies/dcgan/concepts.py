"""Concepts are sides of attributes ("smiling, not male"); here are their exemplars, and the sums and turns they make.

The rule is general. Where attributes exclude each other (classes), sums are of three classes, and a quantity such as
slant is carried from one class to another; elsewhere one attribute is carried over to the other side of a second one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ganatomy.errors import SettingError, UnknownNameError
from ganatomy.experiments.studies.dcgan.sight import Quantity, Sight, exclusive
from ganatomy.perception.base import Scores

FEWEST = 12
"""Images that a concept must have among those that were looked at; the clearer half of them are its exemplars."""
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
        """The logit by which an image belongs here, of the side that it is least sure of; below 0 it does not."""
        return torch.stack([scores.column(name) * (1 if on else -1) for name, on in self.sides]).amin(0)

    def holds(self, scores: Scores) -> Bool[Tensor, " n"]:
        return self.clarity(scores) > 0

    def exemplars(self, scores: Scores) -> Int[Tensor, " m"]:
        """Rows of the clearer half of its images, the clearest first; none where it has too few."""
        clarity = self.clarity(scores)
        num = int((clarity > 0).sum())
        return clarity.argsort(descending=True)[: num // 2 if num >= FEWEST else 0]


@dataclass(frozen=True, kw_only=True)
class Sum:
    """`first - less + second`, and what should come out; None where nobody can say what should."""

    first: Concept
    less: Concept
    second: Concept
    wanted: Concept | None = None

    @property
    def concepts(self) -> tuple[Concept, Concept, Concept]:
        return self.first, self.less, self.second

    def __str__(self) -> str:
        return f"{self.first.name} − {self.less.name} + {self.second.name}"


@dataclass(frozen=True, kw_only=True)
class Turn:
    """From one side to the other; the score of an image is the difference of these columns."""

    plus: Concept
    minus: Concept
    score: tuple[tuple[str, float], ...]

    def of(self, scores: Scores) -> Float[Tensor, " n"]:
        """How far an image is on the side of plus, as a logit."""
        return torch.stack([weight * scores.column(name) for name, weight in self.score]).sum(0)

    def __str__(self) -> str:
        return f"{self.minus.name} to {self.plus.name}"


@dataclass(frozen=True, kw_only=True)
class Family:
    """Sums or turns of one kind, of which each draw takes one at random.

    Args:
        name: a short word. title: what they are.
    """

    name: str
    title: str
    members: tuple[Sum, ...] | tuple[Turn, ...]


def sums_of(scores: Scores, sight: Sight, chosen: Sequence[str] | None = None) -> list[Family]:
    """The sums that these images have exemplars for; none where the scorer has no fitting attributes.

    Args:
        chosen: three classes for `first - less + second`; or the attribute to carry over, and the one whose other side
            it is carried to.

    Raises:
        UnknownNameError: for an attribute that was not scored. SettingError: for too few of them.
    """
    if not sight.attributes:
        return []
    classes = exclusive(scores, sight)
    _check(chosen, sight, 3 if classes else 2)
    found = _class_sums(scores, sight, chosen) if classes else _attribute_sums(scores, sight, chosen)
    return [family for family in found if family.members]


def turns_of(scores: Scores, sight: Sight, chosen: Sequence[str] | None = None) -> list[Family]:
    """A turn of the first quantity (pose, slant, light) and one of classes or of an attribute, where there are any."""
    found = []
    for quantity in sight.quantities[:1]:
        high, low = (_concept([(quantity.name, on)], sight) for on in (True, False))
        turn = Turn(plus=high, minus=low, score=((quantity.name, 1.0),))
        found.append(_family(quantity.name, str(turn), [turn], scores))
    if sight.attributes and exclusive(scores, sight):
        pairs = [chosen[:2]] if chosen else permutations(sight.attributes, 2)
        turns = [
            Turn(
                plus=_concept([(a, True)], sight),
                minus=_concept([(b, True)], sight),
                score=((a, 1.0), (b, -1.0)),
            )
            for a, b in pairs
        ]
        found.append(_family("classes", "one class to another", turns, scores))
    else:
        name = main_attribute(scores, sight, chosen)
        if name is not None:
            on, off = (_concept([(name, side)], sight) for side in (True, False))
            turn = Turn(plus=on, minus=off, score=((name, 1.0),))
            found.append(_family("attribute", str(turn), [turn], scores))
    return [family for family in found if family.members]


def main_attribute(scores: Scores, sight: Sight, chosen: Sequence[str] | None = None) -> str | None:
    """The attribute that was chosen first, else the one with the most clear cases on both sides; None without any."""
    if chosen:
        return chosen[0]
    return max(sight.attributes, key=lambda name: _clear_cases(scores, [name]), default=None)


def _class_sums(scores: Scores, sight: Sight, chosen: Sequence[str] | None) -> list[Family]:
    """Three classes, and a quantity carried from one class to another."""
    triples = [tuple(chosen[:3])] if chosen else list(permutations(sight.attributes, 3))
    single = {name: _concept([(name, True)], sight) for name in sight.attributes}
    classes = [Sum(first=single[a], less=single[b], second=single[c]) for a, b, c in triples]
    found = [_family("classes", "a sum of three classes", classes, scores)]
    quantity = next((q for q in sight.quantities), None)
    if quantity is not None:
        pairs = [(chosen[0], chosen[2])] if chosen else list(permutations(sight.attributes, 2))
        carried = [
            _carry([(quantity.name, on)], [(a, True)], [(b, True)], sight)
            for a, b in pairs
            for on in (True, False)
        ]
        title = f"{quantity.name} carried from one class to another"
        found.append(_family(quantity.name, title, carried, scores))
    return found


def _attribute_sums(scores: Scores, sight: Sight, chosen: Sequence[str] | None) -> list[Family]:
    """One attribute carried to the other side of a second one: smiling woman - woman + man.

    Pairs come in the order of how many clear cases their rarest combination has.
    With a single attribute, light or pose is carried.
    """
    names = list(sight.attributes)
    if len(names) == 1:
        names += [quantity.name for quantity in sight.quantities]
    pairs = [(chosen[0], chosen[1])] if chosen else list(permutations(names, 2))
    ranked = sorted(pairs, key=lambda pair: -_clear_cases(scores, pair))
    found: list[Family] = []
    used: list[set[str]] = []
    for carried, other in ranked:
        # Of many attributes each takes part once; of few, each pair.
        if any({carried, other} & pair if len(names) > 3 else {carried, other} == pair for pair in used):
            continue
        # The rarer of the two results is the harder test: it cannot come out by itself.
        options = [_carry([(carried, True)], [(other, on)], [(other, not on)], sight) for on in (True, False)]
        options = [option for option in options if _has_exemplars(option, scores)]
        if not options:
            continue
        used.append({carried, other})
        rarer = min(options, key=lambda option: int(_wanted(option).holds(scores).sum()))
        found.append(_family(f"{carried}+{other}", str(rarer), [rarer], scores))
        if len(found) == NUM_SUMS:
            break
    return found


def _carry(what: list[Side], source: list[Side], target: list[Side], sight: Sight) -> Sum:
    """`what` carried from the source to the target: source with it - source without it + target without it."""
    without = [(name, not on) for name, on in what]
    return Sum(
        first=_concept([*what, *source], sight),
        less=_concept([*without, *source], sight),
        second=_concept([*without, *target], sight),
        wanted=_concept([*what, *target], sight),
    )


def _family(name: str, title: str, members: Sequence[Sum] | Sequence[Turn], scores: Scores) -> Family:
    return Family(name=name, title=title, members=tuple(m for m in members if _has_exemplars(m, scores)))  # pyright: ignore[reportArgumentType]


def _has_exemplars(member: Sum | Turn, scores: Scores) -> bool:
    concepts = member.concepts if isinstance(member, Sum) else (member.plus, member.minus)
    return all(len(concept.exemplars(scores)) for concept in concepts)


def _wanted(option: Sum) -> Concept:
    assert option.wanted is not None
    return option.wanted


def _concept(sides: Sequence[Side], sight: Sight) -> Concept:
    """Sides with a name that reads as words, classes and attributes before quantities."""
    ordered = sorted(sides, key=lambda side: sight.quantity(side[0]) is not None)
    words = [_side_name(name, on, sight.quantity(name)) for name, on in ordered]
    joint = " " if len(ordered) > 1 and sight.quantity(ordered[-1][0]) else ", "
    return Concept(name=joint.join(words), sides=tuple(sides))


def _side_name(name: str, on: bool, quantity: Quantity | None) -> str:
    if quantity is not None:
        return quantity.high if on else quantity.low
    return name if on else f"not {name}"


def _clear_cases(scores: Scores, names: Sequence[str]) -> float:
    """Clear images of the rarest combination of these attributes; less than one counts all its images instead."""
    columns = torch.stack([scores.column(name) for name in names])
    place = (columns > 0).long().T @ (2 ** torch.arange(len(names)))
    clear = (columns.abs() > CLEAR).all(0)
    counts = torch.bincount(place[clear], minlength=2 ** len(names)).min()
    every = torch.bincount(place, minlength=2 ** len(names)).min()
    return float(counts) + float(every) / (1 + len(scores))


def _check(chosen: Sequence[str] | None, sight: Sight, needed: int) -> None:
    for name in chosen or ():
        if name not in sight.attributes:
            raise UnknownNameError("attribute", name, sight.attributes)
    if chosen and len(set(chosen[:needed])) < needed:
        what = (
            "first − less + second" if needed == 3 else "what is carried over, and to the other side of what"
        )
        raise SettingError(f"a sum needs {needed} different attributes ({what}), got {', '.join(chosen)}")
