"""What a comparison found, in a few sentences."""

from __future__ import annotations

import math

from ganatomy.experiments.compare.comparison import Comparison, rank_correlation
from ganatomy.statistics.formatting import listed, short, with_interval
from ganatomy.statistics.tests import SIGNIFICANT

AGREES, DISAGREES = 0.6, 0.2
"""Rank correlations from which two rankings are said to agree, and up to which they are said not to."""


def sentences(found: Comparison) -> list[str]:
    """The sentences, most important first; those that do not apply are left out."""
    exact = found.factors is not None and found.factors.reader.exact
    factors = _ranked_by(
        found,
        "factor_selectivity",
        "Exact truth (the factors of every code)" if exact else "The factors that a network reads",
        "exact truth" if exact else "the factors",
    )
    written = [
        best(found),
        _plain(found),
        _holds(found),
        scorer(found),
        factors,
        _few_labels(found),
        _chance(found),
    ]
    return [sentence for sentence in written if sentence]


def best(found: Comparison) -> str:
    """The method of highest selectivity, and whether others differ from it."""
    first, *others = found.ranking
    text = (
        f"Best is {_named(found, first)}: it changes an attribute {_figure(found, first)} times as much as each of "
        f"the others{_reader(found)}"
    )
    ties = found.ties(first)
    if ties:
        text += f"; {_not_different(ties)}"
    elif others:
        text += f", ahead of {others[0]} by {with_interval(found.difference(first, others[0]))}"
    reached = len(found.reached(first))
    if reached < len(found.edited):
        text += (
            f"; but it changes only {reached} of {len(found.edited)} attributes as far as was asked for, and small "
            "changes are more selective"
        )
    if found.is_judged and found.reading == "judge":
        text += (
            f"; the judge confirms {len(found.confirmed(first))} of the {reached} attributes that it reached"
        )
    return f"{text}."


def _reader(found: Comparison) -> str:
    """Who reads the figures, where it is not the scorer."""
    if not found.is_judged:
        return ""
    if found.reading == "judge":
        return f", by a judge that took no part ({found.judge})"
    return f", by a smoothed reading, which confirms nothing ({found.judge})"


def scorer(found: Comparison) -> str:
    """How the scorer, which methods have learnt from, ranks them; nothing where it is the only reader."""
    return _ranked_by(found, "scorer_selectivity", f"The scorer ({found.scorer})", "the scorer")


def _plain(found: Comparison) -> str:
    name = found.best(holds=False, guided=False)
    if name is None or name == found.ranking[0]:
        return ""
    contestants = {method: result.contestant for method, result in found.results.items()}
    plain = [method for method, it in contestants.items() if not it.holds and not it.guided]
    ties = found.ties(name, plain)
    text = f"Of plain directions, {_named(found, name)} is best, at {_figure(found, name)}"
    if ties:
        return f"{text}; {_not_different(ties)}."
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


def _ranked_by(found: Comparison, measure: str, reader: str, by: str) -> str:
    """How another reading of the same images ranks the methods; nothing where there is none."""
    known = [name for name in found.ranking if not math.isnan(found.value(name, measure))]
    if not known:
        return ""
    first = max(known, key=lambda name: found.value(name, measure))
    rank = rank_correlation(
        [found.value(name) for name in known], [found.value(name, measure) for name in known]
    )
    text = f"by {by}, {first} is best, at {_figure(found, first, measure)}"
    if math.isnan(rank):
        return f"{text[0].upper()}{text[1:]}."
    ranks = "as" if rank >= AGREES else "otherwise than" if rank <= DISAGREES else "partly as"
    verb = "rank" if by.endswith("s") else "ranks"
    leading = "the judge" if found.is_judged else "the scorer"
    text = f"{reader} {verb} the methods {ranks} {leading} does (rank correlation {rank:.2f}): {text}"
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
    cheap = next((name for name in found.ranking if name in costs and costs[name] < most / 4), None)
    if cheap is None:
        return ""
    return (
        f"Where labels are few, {_named(found, cheap)} reaches {_figure(found, cheap)} with {costs[cheap]:,} images "
        f"instead of {most:,}."
    )


def _chance(found: Comparison) -> str:
    if found.chance is None or not found.chance.p_selectivity:
        return ""
    p, level = found.chance.p_selectivity, short(found.chance.selectivity.value)
    by = " by the scorer" if found.is_judged else ""
    doubtful = [name for name in found.ranking if p.get(name, 0) > SIGNIFICANT]
    if not doubtful:
        return (
            f"Chance alone gives {level}{by}, and every method is above it (p up to {max(p.values()):.3f})."
        )
    return f"Chance alone gives {level}{by}; {_not_different(doubtful)}."


def _named(found: Comparison, method: str) -> str:
    return f"{method} ({found.results[method].contestant.what})"


def _figure(found: Comparison, method: str, measure: str = "selectivity") -> str:
    return with_interval(found.figure(method, measure))


def _not_different(names: list[str]) -> str:
    return f"{listed(names)} {'is' if len(names) == 1 else 'are'} not significantly different"
