"""What a journey found, in five sentences, each with its figure and interval."""

from __future__ import annotations

from ganatomy.experiments.studies.dcgan.run import DcganStudy
from ganatomy.experiments.studies.dcgan.sums import ONE, THREE, Sums
from ganatomy.experiments.studies.dcgan.walks import Copies
from ganatomy.metrics.memorisation import NEAR
from ganatomy.statistics.formatting import listed, percent, short
from ganatomy.statistics.intervals import Estimate, difference, share_of

SMOOTH = 0.1
"""Walks are smooth where fewer of the ways from one point to the next have a sharp transition."""
MORE_IMAGES = "a scorer (--scorer)"


def sentences(found: DcganStudy) -> list[str]:
    """About walks, copies, sums, turns, and the map with the critic."""
    return [_walks(found), _copies(found.copies), _sums(found), _turns(found), _landscape(found)]


def between(it: Estimate, *, share: bool = True) -> str:
    r"""A figure with its interval.

    >>> between(Estimate(value=0.4, low=0.3, high=0.52)), between(Estimate(value=3, low=2, high=4), share=False)
    ('40\xa0% (30 to 52\xa0%)', '3.0 (2.0 to 4.0)')
    """
    if share:
        return f"{percent(it.value)} ({_bare(it.low)} to {percent(it.high)})"
    return f"{short(it.value)} ({short(it.low)} to {short(it.high)})"


def pooled(sums: tuple[Sums, ...], way: str) -> Estimate | None:
    """How often the sums of all families that can be judged come out right in one way; None without any."""
    judged = [(it.n, it.wanted) for one in sums if (it := one.outcomes.get(way)) and it.wanted is not None]
    yes, n = sum(round(n * wanted.value) for n, wanted in judged), sum(n for n, _ in judged)
    return share_of(yes, n) if n else None


def copied(copies: Copies) -> Estimate:
    """Share of the images of walks that are as near to a real one as copies are."""
    n = len(copies.found.nearest)
    return share_of(round(copies.found.copies.value * n), n)


def _walks(found: DcganStudy) -> str:
    walks = found.walks
    num = len(walks.profiles)
    figures = (
        f"a sharp transition lies on {between(walks.jumps)} of the ways from one random point to the next, and the "
        f"fastest moment of a walk is {between(walks.unevenness, share=False)} times as fast as its mean; {num} "
        f"walks, measured by {walks.profiles[0].distance}"
    )
    if walks.jumps.high <= SMOOTH:
        return f"Walks are smooth: {figures}."
    if walks.jumps.low > SMOOTH:
        return f"Walks are not smooth everywhere: {figures}."
    return f"Whether walks are smooth, {num} of them are too few to tell: {figures}."


def _copies(copies: Copies | None) -> str:
    if copies is None:
        return (
            "Whether images are learnt by heart was not tested: sharp transitions alone are only a hint, and it "
            "takes the images that the model was trained on (--data) to look for copies."
        )
    share = copied(copies)
    figures = (
        (
            f"{between(share)} of {len(copies.found.nearest)} images of the walks are nearer to a real image than "
            f"{1 - NEAR:.0%} of the real ones are to each other, where {NEAR:.0%} would be chance"
        )
        .replace("%", "\xa0%")
        .replace("\xa0\xa0%", "\xa0%")
    )
    if copies.learnt is None:
        which = "; nobody said whether the model was trained on these, and copies of others cannot be found"
    elif copies.learnt:
        which = ", and the model was trained on these"
    else:
        which = "; the model was not trained on these, so copies of what it was trained on cannot be found"
    if share.low > NEAR:
        return f"Some images may be copies: {figures}{which}."
    if share.high > 3 * NEAR:
        return f"Whether images are copies, too few were looked at to tell: {figures}{which}."
    return f"No more images are copies than chance would have it: {figures}{which}."


def _sums(found: DcganStudy) -> str:
    if not found.sums:
        return _no_sums(found)
    three, one = (pooled(found.sums, way) for way in (THREE, ONE))
    if three is None or one is None:
        return _class_sums(found.sums[0])
    chances = [sums.chance.value for sums in found.sums if sums.chance is not None]
    gain = difference(three, one)
    figures = (
        f"with means of three exemplars {between(three)} of all sums show what they should, with single ones "
        f"{between(one)}, and of random images {percent(sum(chances) / len(chances))} do"
    )
    if gain.low > 0:
        verdict = "Averaging makes vector arithmetic come out right more often"
    elif gain.high < 0:
        verdict = "Averaging makes vector arithmetic come out right less often"
    else:
        verdict = (
            f"Whether averaging helps vector arithmetic, {found.draws} sums of a kind are too few to tell"
        )
    rest = "; either way it fails more often than not" if max(three.high, one.high) < 0.5 else ""
    return f"{verdict}: {figures}{rest}."


def _class_sums(sums: Sums) -> str:
    roles, chance = sums.outcomes[THREE].roles, sums.roles_by_chance
    return (
        f"A sum of classes a − b + c shows a in {between(roles['first'])} and c in {between(roles['second'])} of all "
        f"cases, b in {between(roles['taken away'])} and another class in {between(roles['another'])}; random images "
        f"show each of the three in about {percent(chance['first'].value)}."
    )


def _no_sums(found: DcganStudy) -> str:
    if found.scorer is None:
        return f"Vector arithmetic was not judged: without {MORE_IMAGES} nobody says what an image shows."
    return (
        "Vector arithmetic was not judged: no attributes of the scorer have enough images in all their combinations; "
        "look at more codes (-n), or give a scorer of other attributes."
    )


def _turns(found: DcganStudy) -> str:
    if not found.turns:
        return f"Turn vectors were not tried: nothing has enough images on both sides; give {MORE_IMAGES}."
    works = all(one.gain.low > 0 for one in found.turns)
    right = [
        f"{between(one.chosen.right)}{'' if place else ' of random samples'} from {one.family.title}"
        for place, one in enumerate(found.turns)
    ]
    chance = [percent(one.by_chance.right.value) for one in found.turns]
    over = [between(one.chosen.over) for one in found.turns]
    verdict = (
        "Turn vectors go the right way"
        if works
        else f"Whether turn vectors go the right way, {found.draws} of a kind are too few to tell"
    )
    return (
        f"{verdict}: those between two means of four codes move {listed(right)}, where vectors between random codes "
        f"move {listed(chance)}; {listed(over)} go all the way from the one side to the other."
    )


def _landscape(found: DcganStudy) -> str:
    return f"{_map(found)}; {_critic(found)}."


def _map(found: DcganStudy) -> str:
    ground = found.landscape
    codes, seen, chance = ground.told_by_codes, ground.told_by_sight, ground.chance
    if codes is None or seen is None or chance is None:
        return (
            f"Maps keep neighbours with a trustworthiness of {ground.codes.faithful.trustworthiness:.2f} by codes and "
            f"{ground.seen.faithful.trustworthiness:.2f} by {ground.seen.subject} (1 is best, 0.5 is chance), and "
            "nobody could colour them without a scorer"
        )
    what = "class" if ground.seen.classes else f"side of {ground.color}"
    verdict = (
        f"Codes do not tell the {what} on a map"
        if codes.low <= chance
        else f"Codes tell the {what} on a map, a little"
        if codes.high < seen.low
        else f"Codes tell the {what} on a map"
    )
    return (
        f"{verdict}: most neighbours share that of an image in {between(codes)} of all cases, and in {between(seen)} "
        f"on a map of {ground.seen.subject}, where always naming the commonest gives {percent(chance)}"
    )


def _critic(found: DcganStudy) -> str:
    reading = found.reading
    if reading is None:
        return (
            "what the critic has learnt was not measured without one (--critic)"
            if found.critic is None
            else "what the critic has learnt was not measured, for nobody named classes"
        )
    results = reading.comparison.results
    critic, fresh = results["critic"].accuracy, results["untrained critic"].accuracy
    gain = reading.comparison.ahead["untrained critic"]
    if gain.low > 0:
        verdict = "so it learnt something in training"
    elif gain.high < 0:
        verdict = "so it forgot something in training"
    else:
        verdict = f"and {len(results['critic'].rows)} images are too few to tell these apart"
    return (
        f"a linear SVM reads {reading.labels} off the critic for {between(critic)} of the images and off the same "
        f"network untrained for {between(fresh)}, {verdict}"
    )


def _bare(share: float) -> str:
    """A share in per cent, without its unit."""
    return percent(share).removesuffix("\xa0%")
