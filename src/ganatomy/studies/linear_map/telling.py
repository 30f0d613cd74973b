"""What the study says: five sentences, the sections of its page, and the summary."""

from __future__ import annotations

import math
from typing import Any

import ganatomy
from ganatomy.estimates import CONFIDENCE, Estimate
from ganatomy.latents import Space
from ganatomy.metrics.paired import Paired
from ganatomy.report.elements import Number
from ganatomy.report.summary import as_json, finite
from ganatomy.report.wording import listed, percent, short, signed
from ganatomy.studies.account import Account, Section
from ganatomy.studies.linear_map import figures, tables
from ganatomy.studies.linear_map.penalties import Fit
from ganatomy.studies.linear_map.run import LinearMapStudy
from ganatomy.studies.linear_map.ways import GUIDED, PAPER, PENALISED, PLAIN, what

FORMAT = 1
PAPERS = {
    "selectivity": {"linear": 0.55, "penalty": 3.69},
    "mean_abs_cosine": {"linear": 0.637, "penalty": 0.069},
    "scorer": {"accuracy": 0.9212, "fbeta": 0.8511},
}
"""The paper's own figures: of one picture (Table II), of one attribute (Table III), of its scorer (Table I)."""
STRONG = 0.5
"""A λ that brings the cosines below this share of what they are without it is a strong one."""
STEADY = 1.25
"""Selectivities along λ that differ by no more than this factor are called robust to it."""


def account(found: LinearMapStudy, *, model: str = "the model", scorer: str | None = None) -> Account:
    """The study as a page, for `write_study`."""
    side, scorer = found.signature.resolution, scorer or found.scorer
    return Account(
        title=f"A linear map of {model}, with and without a penalty",
        eyebrow=(
            f"Pham Van et al., “Interpreting the Latent Space of GANs using Supervised Learning”, redone on "
            f"{found.signature.architecture}, {side} × {side} pixels, in {found.space.value}, scored by {scorer}"
        ),
        sentences=sentences(found),
        numbers=_numbers(found),
        sections=[
            _comparison(found),
            _pictures(found),
            _changes(found),
            _cosines(found),
            _path(found),
            _scorer(found),
            _how(found),
        ],
        summary=summary(found, model=model, scorer=scorer),
        footer=(
            f"Made by ganatomy in {sum(found.seconds.values()):.0f} seconds ("
            + ", ".join(f"{stage} {seconds:.0f} s" for stage, seconds in found.seconds.items())
            + "). This page needs no network."
        ),
    )


def sentences(found: LinearMapStudy) -> list[str]:
    """What was found: the penalty, the directions, the best way, λ, and how far to believe it."""
    return [_verdict(found), _alike(found), _best(found), _robust(found), _believe(found)]


def _verdict(found: LinearMapStudy) -> str:
    test = found.verdict
    plain, held = (found.changes[way].selectivity().mean for way in PAPER)
    figures = (
        f"with it (λ = {found.penalty:g}) an edit changes its attribute {_ranged(held)} times as much as each other "
        f"one, without it {_ranged(plain)} times"
    )
    told = f"difference {_ranged(test.difference, sign=True)}, {_p(test.p)}, {test.num_pictures} pictures"
    if test.sure:
        return f"The penalty {'helps' if test.difference.value > 0 else 'harms'} here: {figures} ({told})."
    return (
        f"Whether the penalty helps here, {test.num_pictures} pictures are too few to tell: {figures} ({told})"
        f"{_enough(test)}."
    )


def _alike(found: LinearMapStudy) -> str:
    plain, held = (found.cosine[way] for way in PAPER)
    areas = {way: _auc(found, way) for way in PAPER}
    text = (
        f"It does make directions less alike: the mean |cosine| between two falls from {plain:.3f} to {held:.3f}"
        if held < plain
        else f"It does not make directions less alike: the mean |cosine| is {plain:.3f} without and {held:.3f} with it"
    )
    worse = areas[PENALISED] < areas[PLAIN]
    return (
        f"{text}, {'but' if worse else 'and'} codes that were held out are told apart "
        f"{'worse' if worse else 'no worse'} along them (area under the curve {areas[PLAIN]:.2f} without, "
        f"{areas[PENALISED]:.2f} with)."
    )


def _best(found: LinearMapStudy) -> str:
    best, *others = found.ranking
    own = found.changes[best].selectivity().mean
    tied = [way for way in others if not found.behind[way].sure]
    text = f"Cleanest of {len(found.ranking)} ways is {best} ({what(best, found.penalty)}), at {_ranged(own)}"
    if tied:
        text += f"; {found.num_pictures} pictures are too few to tell it from {listed(tied)}"
    elif others:
        gap = found.behind[others[0]]
        text += f", ahead of {others[0]} by {_ranged(gap.difference)} ({_p(gap.p)})"
    short_of = [way for way in found.ranking if found.reached(way) < len(found.edited)]
    if best in short_of:
        text += (
            f"; but it moves only {found.reached(best)} of {len(found.edited)} attributes as far as was asked for, "
            "and small changes are cleaner"
        )
    return f"{text}."


def _robust(found: LinearMapStudy) -> str:
    plain, own = found.path[0], [fit for fit in found.path[1:] if fit.form == "identity"]
    strong = [fit for fit in own if fit.cosine < STRONG * plain.cosine]
    last = own[-1]
    cost = (
        f"the squared error of the fit goes from {plain.error.value:.3f} without penalty to "
        f"{last.error.value:.3f} at λ = {last.penalty:g}, because the penalty also forces every row of the map "
        "to length 1"
    )
    if len(strong) < 2:
        return (
            f"Of the λ that were tried, {own[0].penalty:g} to {last.penalty:g}, {len(strong) or 'none'} "
            f"{'is' if len(strong) == 1 else 'are'} strong enough to halve the cosines; {cost}."
        )
    values = [fit.selectivity.value for fit in strong]
    spread = max(values) / min(values) if min(values) > 0 else math.inf
    if spread <= STEADY:
        how = "hardly matters to edits, as the paper says"
    elif _overlap(strong):
        how = f"may matter to edits, but {len(plain.changes.before)} pictures are too few to tell"
    else:
        how = "matters to edits, which the paper denies"
    return (
        f"Among λ that are strong enough to halve the cosines ({strong[0].penalty:g} to {last.penalty:g}), "
        f"which one is taken {how}: selectivity lies between {short(min(values))} and {short(max(values))}; "
        f"{cost}."
    )


def _believe(found: LinearMapStudy) -> str:
    known = found.recognition
    where = (
        "This model has no w, so all is in z"
        if tuple(found.signature.spaces) == (Space.Z,)
        else f"All is in {found.space.value}{', as in the paper' if found.space == Space.Z else ''}"
    )
    if known is None:
        return (
            f"{where}; how often the scorer itself is right is not known here, because {found.unlabelled}: all "
            "figures are about what it sees."
        )
    return (
        f"{where}; the scorer that sees all this is right in {100 * known.accuracy.value:.1f}\xa0% of its "
        f"answers about {known.data} (F1 {known.f1.value:.2f}, F2 {known.f2.value:.2f}; the paper's: "
        f"{percent(PAPERS['scorer']['accuracy'])}, {PAPERS['scorer']['fbeta']:.2f})."
    )


def _numbers(found: LinearMapStudy) -> list[Number]:
    plain, held = (found.changes[way].selectivity().mean for way in PAPER)
    best = found.ranking[0]
    numbers = [
        Number(value=short(plain.value), label="selectivity without the penalty"),
        Number(value=short(held.value), label=f"with it, λ = {found.penalty:g}"),
    ]
    if best not in PAPER:
        value = found.changes[best].selectivity().mean.value
        numbers.append(Number(value=short(value), label=f"by {best}, the cleanest way"))
    numbers.append(
        Number(value=_p(found.verdict.p), label="for the penalty against none, in the same pictures")
    )
    return numbers


def _comparison(found: LinearMapStudy) -> Section:
    exclusive = (
        f" These {len(found.attributes)} are classes that exclude each other: what one gains the others lose, "
        f"so no edit has a selectivity above {len(found.attributes) - 1}."
        if found.exclusive and not found.skipped
        else ""
    )
    return Section(
        name="ways",
        title="Does the penalty help?",
        paragraphs=[
            (
                f"Every way moved {len(found.edited)} attributes ({listed(found.edited)}) in the same "
                f"{found.num_pictures} new pictures, by one step for all that changes the mean probability of "
                f"the attribute by {found.target_change:.2f}. Selectivity is that change over the mean change, "
                f"its sign dropped, of each of the {len(found.attributes) - 1} others.{exclusive}"
            ),
        ],
        drawings=[figures.ranking(found)],
        tables=[tables.comparison(found)],
    )


def _pictures(found: LinearMapStudy) -> Section:
    return Section(
        name="pictures",
        title="Figure 3: the same pictures, edited",
        drawings=figures.sheets(found),
    )


def _changes(found: LinearMapStudy) -> Section:
    return Section(
        name="changes",
        title=f"Table II: what else changes with {found.shown}",
        paragraphs=[
            (
                f"The paper shows one man made younger: {PAPERS['selectivity']['linear']} without and "
                f"{PAPERS['selectivity']['penalty']} with the penalty by the same measure, from its own table. "
                "One picture says little, so the means over many stand beside it."
            ),
        ],
        drawings=[figures.changes(found)],
        tables=[tables.one_picture(found), tables.many_pictures(found)],
    )


def _cosines(found: LinearMapStudy) -> Section:
    return Section(
        name="cosines",
        title="Table III: how alike directions are",
        paragraphs=[
            (
                "The paper's mean |cosine| to Young over the 18 others that it shows is "
                f"{PAPERS['mean_abs_cosine']['linear']} without and {PAPERS['mean_abs_cosine']['penalty']} with "
                "the penalty. Cosines say how directions lie to each other, not what edits do: orthogonal "
                "directions may change everything."
            ),
        ],
        drawings=[figures.grams(found)],
        tables=[tables.cosines(found)],
    )


def _path(found: LinearMapStudy) -> Section:
    first = found.path[0].changes
    return Section(
        name="path",
        title="The path of λ",
        paragraphs=[
            (
                "Two forms of the penalty: the paper's, which is least where W Wᵀ is the identity and so asks "
                "rows to be orthogonal and of length 1; and one on cosines alone, which leaves lengths to the "
                f"fit. Edits of {len(first.names)} attributes in {len(first.before)} pictures at each point."
            ),
        ],
        drawings=figures.path(found),
        tables=[tables.path(found)],
        pairs=True,
    )


def _scorer(found: LinearMapStudy) -> Section:
    known = found.recognition
    if known is None:
        return Section(
            name="scorer",
            title="Table I: the scorer",
            paragraphs=[
                (
                    f"Not measured: {found.unlabelled}. Give a folder of pictures with a table of labels, or an "
                    "idx file with its labels beside it, by --data."
                ),
            ],
        )
    return Section(
        name="scorer",
        title="Table I: the scorer",
        paragraphs=[
            f"Probabilities above one half count as yes. Of {len(known.names)} attributes, in {known.data}."
        ],
        tables=[tables.scorer(found, known), tables.scorer_attributes(known)],
    )


def _how(found: LinearMapStudy) -> Section:
    train = len(found.survey)
    return Section(
        name="how",
        title="How this was made",
        paragraphs=[
            f"{train:,} codes in {found.space.value}, seed {found.seed}, of which 30 % were held out. The map is of "
            f"{len(found.attributes)} attributes"
            + (
                f"; {len(found.skipped)} others were left out as too rare, too common or not asked for"
                if found.skipped
                else ""
            )
            + ". Without the penalty it is least squares on probabilities, in closed form; with it 1,000 steps of Adam "
            "on the loss of the paper's equation 4.",
            (
                f"Intervals are {percent(CONFIDENCE)}, from drawing the pictures again, the same draws for all "
                "ways. p-values are of paired permutation tests: two ways are exchanged in each picture by the "
                "toss of a coin. Neither covers the choice of survey, scorer or model."
            ),
            *(
                [
                    (
                        "Guided edits ask the same scorer that judges them, picture by picture, so part of "
                        "their lead may be the scorer's blind spots: believe the pictures first."
                    )
                ]
                if GUIDED in found.changes
                else []
            ),
            *(f"Without {way}: {why}." for way, why in found.left_out.items()),
        ],
    )


def summary(found: LinearMapStudy, *, model: str, scorer: str) -> dict[str, Any]:
    """The figures under fixed names; what could not be measured is null."""
    known = found.recognition
    return finite(
        {
            "format": FORMAT,
            "ganatomy": ganatomy.__version__,
            "study": "linear-map",
            "model": model,
            "scorer": scorer,
            "architecture": found.signature.architecture,
            "fingerprint": found.fingerprint,
            "n": len(found.survey),
            "pictures": found.num_pictures,
            "space": found.space.value,
            "seed": found.seed,
            "target_change": found.target_change,
            "penalty": found.penalty,
            "attributes": list(found.attributes),
            "skipped": dict(found.skipped),
            "edited": list(found.edited),
            "shown": found.shown,
            "exclusive": found.exclusive,
            "verdict": {"sure": found.verdict.sure, **_paired(found.verdict)},
            "ranking": list(found.ranking),
            "ways": {way: _way(found, way) for way in found.ways},
            "left_out": dict(found.left_out),
            "table_i": None
            if known is None
            else {
                "data": known.data,
                "pictures": known.num_pictures,
                **{name: as_json(getattr(known, name)) for name in ("loss", "accuracy", "f1", "f2")},
            },
            "table_ii": tables.changes_as_json(found),
            "table_iii": tables.cosines_as_json(found),
            "path": [_fit(fit) for fit in found.path],
            "paper": PAPERS,
            "seconds": sum(found.seconds.values()),
            "stages": dict(found.seconds),
        }
    )


def _way(found: LinearMapStudy, way: str) -> dict[str, Any]:
    clean = found.changes[way].selectivity()
    return {
        "what": what(way, found.penalty),
        "selectivity": as_json(clean.mean),
        "attributes": {
            name: {"selectivity": as_json(own), "target_change": float(change)}
            for (name, own), change in zip(
                clean.directions.items(), found.target_changes(way).tolist(), strict=True
            )
        },
        "reached": found.reached(way),
        "against_no_penalty": None if way == PLAIN else _paired(found.against_plain[way]),
        "mean_abs_cosine": found.cosine.get(way),
        "auc": _auc(found, way) if way in found.directions else None,
    }


def _paired(test: Paired) -> dict[str, Any]:
    return {"difference": as_json(test.difference), "factor": as_json(test.factor), "p": test.p}


def _fit(fit: Fit) -> dict[str, Any]:
    return {
        "penalty": fit.penalty,
        "form": fit.form,
        "error": as_json(fit.error),
        "norm": fit.norm,
        "mean_abs_cosine": fit.cosine,
        "auc": fit.auc,
        "selectivity": as_json(fit.selectivity),
    }


def _auc(found: LinearMapStudy, way: str) -> float:
    directions = found.directions[way]
    return sum(direction.auc for direction in directions) / len(directions)


def _ranged(estimate: Estimate, *, sign: bool = False) -> str:
    if sign:
        return f"{signed(estimate.value)} ({signed(estimate.low)} to {signed(estimate.high)})"
    return f"{short(estimate.value)} ({short(estimate.low)} to {short(estimate.high)})"


def _p(p: float) -> str:
    return f"p = {p:.3f}" if p >= 0.001 else "p < 0.001"


def _enough(test: Paired) -> str:
    """How many pictures it would take, where that can be said."""
    if test.enough is None or test.enough <= test.num_pictures:
        return ""
    if test.enough > 100_000:
        return "; any difference is too small to matter"
    return f"; it would take about {float(f'{test.enough:.1g}'):,.0f}, if the difference is what it seems"


def _overlap(fits: list[Fit]) -> bool:
    """Whether some selectivity lies within all intervals."""
    return max(fit.selectivity.low for fit in fits) <= min(fit.selectivity.high for fit in fits)
