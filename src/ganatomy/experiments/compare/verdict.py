"""What a comparison amounts to, in a few plain sentences."""

from __future__ import annotations

import math

from ganatomy.experiments.compare.contestants import CONTESTANTS
from ganatomy.experiments.compare.standing import Standing, rank_correlation
from ganatomy.statistics.formatting import listed, short, with_interval
from ganatomy.statistics.tests import SIGNIFICANT

AGREES, DISAGREES = 0.6, 0.2
"""Rank correlations from which truth is said to agree, and up to which it is said not to."""


def verdict(standing: Standing) -> list[str]:
    """The sentences, most important first."""
    found = [
        _best(standing),
        _plain(standing),
        _holds(standing),
        _truth(standing),
        _cheap(standing),
        _chance(standing),
    ]
    return [sentence for sentence in found if sentence]


def told(name: str) -> str:
    """A method by its name and, in brackets, what it is."""
    return f"{name} ({CONTESTANTS[name].what})"


def _with_interval(standing: Standing, method: str, measure: str = "selectivity") -> str:
    return with_interval(standing.figure(method, measure))


def _best(standing: Standing) -> str:
    first, *others = standing.ranking
    text = (
        f"Best is {told(first)}: it changes an attribute {_with_interval(standing, first)} times as much as each of "
        "the others"
    )
    ties = standing.ties(first)
    if ties:
        return f"{text}; its lead over {listed(ties)} is within chance."
    if not others:
        return f"{text}."
    gap = standing.difference(first, others[0])
    return f"{text}, ahead of {others[0]} by {with_interval(gap)}."


def _plain(standing: Standing) -> str:
    name = standing.best(holds=False, guided=False)
    if name is None or name == standing.ranking[0]:
        return ""
    plain = [other for other in standing.methods if _is_plain(other)]
    ties = standing.ties(name, plain)
    text = f"Of plain directions {told(name)} is best, at {_with_interval(standing, name)}"
    if ties:
        return f"{text}; differences between it and {listed(ties)} are within chance."
    return f"{text}." if len(plain) == 1 else f"{text}, and the others are behind it by more than chance."


def _holds(standing: Standing) -> str:
    plain, held = standing.best(holds=False, guided=False), standing.best(holds=True, guided=False)
    led = standing.best(holds=True, guided=True)
    parts = []
    if plain and held:
        parts.append(
            f"Holding the others with one step for all images ({held}) is {_against(standing, held, plain)} the best "
            "plain direction"
        )
    if held and led:
        start = "leading each image past the others" if parts else "Leading each image past the others"
        than = "that" if parts else f"holding them with one step for all ({held})"
        parts.append(f"{start} ({led}) is {_against(standing, led, held)} {than}")
    return f"{'; '.join(parts)}." if parts else ""


def _against(standing: Standing, a: str, b: str) -> str:
    """How many times as clean one method is as another, if that is more than chance."""
    if standing.tied(a, b):
        return "within chance as clean as"
    factor = standing.value(a) / standing.value(b)
    return f"{short(factor)} times as clean as" if factor > 1 else "less clean than"


def _truth(standing: Standing) -> str:
    known = [name for name in standing.ranking if not math.isnan(standing.value(name, "truth_selectivity"))]
    if not known:
        return ""
    first = max(known, key=lambda name: standing.value(name, "truth_selectivity"))
    rank = rank_correlation(
        [standing.value(name) for name in known],
        [standing.value(name, "truth_selectivity") for name in known],
    )
    best = _with_interval(standing, first, "truth_selectivity")
    figures = f"by the factors that were drawn, {first} is best at {best}"
    if math.isnan(rank):
        return f"{figures[0].upper()}{figures[1:]}."
    how = "agrees" if rank >= AGREES else "does not agree" if rank <= DISAGREES else "agrees in part"
    text = f"The truth {how} (rank correlation {rank:.2f}): {figures}"
    leader = standing.ranking[0]
    if first == leader or leader not in known:
        return f"{text}."
    apart = (
        "within chance of it"
        if standing.tied(first, leader, "truth_selectivity")
        else "behind by more than chance"
    )
    return f"{text}, and {leader} is {apart} at {short(standing.value(leader, 'truth_selectivity'))}."


def _cheap(standing: Standing) -> str:
    costs = {name: standing.value(name, "labels") for name in standing.methods if CONTESTANTS[name].find}
    most = max(costs.values(), default=0)
    cheap = [name for name in standing.ranking if name in costs and costs[name] < most / 4]
    if not cheap:
        return ""
    name = cheap[0]
    return (
        f"Where labels are dear, {told(name)} gets {_with_interval(standing, name)} from {costs[name]:,.0f} images "
        f"instead of {most:,.0f}."
    )


def _chance(standing: Standing) -> str:
    p = standing.comparison.chance.p_selectivity
    if not p:
        return ""
    level = short(standing.comparison.chance.selectivity.value)
    doubtful = [name for name in standing.ranking if p.get(name, 0) > SIGNIFICANT]
    if not doubtful:
        return f"Chance alone gives {level}, and every method is above it (p up to {max(p.values()):.3f})."
    return f"Chance alone gives {level}; {listed(doubtful)} cannot be told from it."


def _is_plain(name: str) -> bool:
    return not CONTESTANTS[name].holds and CONTESTANTS[name].find is not None
