"""What a comparison found, in a few sentences."""

from __future__ import annotations

import math

from ganatomy.experiments.compare.comparison import Comparison, rank_correlation
from ganatomy.statistics.formatting import listed, short, with_interval
from ganatomy.statistics.tests import SIGNIFICANT

AGREES, DISAGREES = 0.6, 0.2
"""Rank correlations from which two rankings are said to agree, and up to which they are said not to."""


def sentences(found: Comparison) -> list[str]:
    """The sentences, most important first."""
    written = [
        _best(found),
        _plain(found),
        _holds(found),
        _judge(found),
        _truth(found),
        _few_labels(found),
        _chance(found),
    ]
    return [sentence for sentence in written if sentence]


def _named(found: Comparison, method: str) -> str:
    return f"{method} ({found.results[method].contestant.what})"


def _figure(found: Comparison, method: str, measure: str = "selectivity") -> str:
    return with_interval(found.figure(method, measure))


def _best(found: Comparison) -> str:
    first, *others = found.ranking
    text = (
        f"Best is {_named(found, first)}: it changes an attribute {_figure(found, first)} times as much as each of "
        "the others"
    )
    ties = found.ties(first)
    if ties:
        return f"{text}; {listed(ties)} {_are(ties)} not significantly different."
    if not others:
        return f"{text}."
    return f"{text}, ahead of {others[0]} by {with_interval(found.difference(first, others[0]))}."


def _plain(found: Comparison) -> str:
    name = found.best(holds=False, guided=False)
    if name is None or name == found.ranking[0]:
        return ""
    contestants = {method: result.contestant for method, result in found.results.items()}
    plain = [method for method, it in contestants.items() if not it.holds and not it.guided]
    ties = found.ties(name, plain)
    text = f"Of plain directions, {_named(found, name)} is best, at {_figure(found, name)}"
    if ties:
        return f"{text}; {listed(ties)} {_are(ties)} not significantly different."
    return f"{text}." if len(plain) == 1 else f"{text}, significantly above the others."


def _holds(found: Comparison) -> str:
    plain, held = found.best(holds=False, guided=False), found.best(holds=True, guided=False)
    guided = found.best(holds=True, guided=True)
    parts = []
    if plain and held:
        parts.append(
            f"Holding the others fixed by one step for all images ({held}) is {_against(found, held, plain)} the best "
            "plain direction"
        )
    if held and guided:
        start = "guided edits that hold them fixed" if parts else "Guided edits that hold the others fixed"
        than = "that step" if parts else f"one step that does ({held})"
        parts.append(f"{start} ({guided}) are {_against(found, guided, held)} {than}")
    return f"{'; '.join(parts)}." if parts else ""


def _against(found: Comparison, a: str, b: str) -> str:
    """How many times as selective one method is as another, where they differ significantly."""
    if found.tied(a, b):
        return "not significantly different from"
    factor = found.value(a) / found.value(b)
    return f"{short(factor)} times as selective as" if factor > 1 else "less selective than"


def _judge(found: Comparison) -> str:
    return _second(
        found,
        "judged_selectivity",
        f"The judge ({found.judge}), a classifier that took no part, {{how}} with the scorer",
        "by the judge",
    )


def _truth(found: Comparison) -> str:
    return _second(
        found,
        "truth_selectivity",
        "The factors that images are drawn from {how} with the scorer",
        "by the factors",
        plural=True,
    )


def _second(found: Comparison, measure: str, agreement: str, by: str, *, plural: bool = False) -> str:
    """How another reading of the same images ranks the methods; nothing where there is none."""
    known = [name for name in found.ranking if not math.isnan(found.value(name, measure))]
    if not known:
        return ""
    first = max(known, key=lambda name: found.value(name, measure))
    rank = rank_correlation(
        [found.value(name) for name in known], [found.value(name, measure) for name in known]
    )
    text = f"{by}, {first} is best, at {_figure(found, first, measure)}"
    if math.isnan(rank):
        return f"{text[0].upper()}{text[1:]}."
    verb, negation = ("agree", "do not") if plural else ("agrees", "does not")
    how = verb if rank >= AGREES else f"{negation} agree" if rank <= DISAGREES else f"{verb} in part"
    text = f"{agreement.format(how=how)} (rank correlation {rank:.2f}): {text}"
    leader = found.ranking[0]
    if first == leader or leader not in known:
        return f"{text}."
    apart = "not significantly different" if found.tied(first, leader, measure) else "significantly lower"
    return f"{text}, and {leader} is {apart}, at {short(found.value(leader, measure))}."


def _few_labels(found: Comparison) -> str:
    costs = {
        name: result.found.num_labels
        for name, result in found.results.items()
        if not result.contestant.guided
    }
    most = max(costs.values(), default=0)
    cheap = [name for name in found.ranking if name in costs and costs[name] < most / 4]
    if not cheap:
        return ""
    return (
        f"Where labels are few, {_named(found, cheap[0])} reaches {_figure(found, cheap[0])} with "
        f"{costs[cheap[0]]:,} images instead of {most:,}."
    )


def _chance(found: Comparison) -> str:
    if found.chance is None or not found.chance.p_selectivity:
        return ""
    p = found.chance.p_selectivity
    level = short(found.chance.selectivity.value)
    doubtful = [name for name in found.ranking if p.get(name, 0) > SIGNIFICANT]
    if not doubtful:
        return f"Chance alone gives {level}, and every method is above it (p up to {max(p.values()):.3f})."
    return f"Chance alone gives {level}; {listed(doubtful)} {_are(doubtful)} not significantly above it."


def _are(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"
