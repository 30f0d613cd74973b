"""What was found, in five sentences, each with its figure and interval."""

from __future__ import annotations

from ganatomy.experiments.studies.dcgan.arithmetic import ONE, THREE, Sums
from ganatomy.experiments.studies.dcgan.run import DCGANStudy
from ganatomy.experiments.studies.dcgan.walks import Copies
from ganatomy.metrics.memorisation import NEAR
from ganatomy.statistics.formatting import listed, percent, percent_with_interval, with_interval
from ganatomy.statistics.intervals import Estimate, difference, share_of

TRAINED = {
    True: "the model was trained on these",
    False: "the model was not trained on these, so copies of its training images cannot be found",
    None: "it is unknown whether the model was trained on these, and copies of other images cannot be found",
}
SMOOTH = 0.1
"""Walks are smooth where fewer of the segments between two points have a sharp transition."""


def sentences(found: DCGANStudy) -> list[str]:
    """On walks, copies, sums, turns, and the maps with the critic."""
    return [
        _on_walks(found),
        on_copies(found.copies),
        on_sums(found),
        on_turns(found),
        f"{_on_maps(found)}; {on_critic(found)}.",
    ]


def pooled(sums: tuple[Sums, ...], method: str) -> Estimate | None:
    """How often the sums of all families that have a right answer show it; None without any."""
    judged = [(it.n, it.wanted) for one in sums if (it := one.outcomes.get(method)) and it.wanted is not None]
    yes, n = sum(round(n * wanted.value) for n, wanted in judged), sum(n for n, _ in judged)
    return share_of(yes, n) if n else None


def _on_walks(found: DCGANStudy) -> str:
    walks, num = found.walks, len(found.walks.profiles)
    if walks.jumps.high <= SMOOTH:
        verdict = "Walks are smooth"
    elif walks.jumps.low > SMOOTH:
        verdict = "Walks are not smooth everywhere"
    else:
        verdict = f"{num} walks are too few to tell whether they are smooth"
    return (
        f"{verdict}: {percent_with_interval(walks.jumps)} of the segments between two random points have a sharp "
        f"transition, and the fastest moment of a walk is {with_interval(walks.unevenness)} times as fast as its mean; "
        f"{num} walks, distances by {walks.profiles[0].distance}."
    )


def on_copies(copies: Copies | None) -> str:
    if copies is None:
        return (
            "Copies were not searched for, which takes the images that the model was trained on (--data); sharp "
            "transitions alone are only a hint of memorised images."
        )
    share, n = copies.share, len(copies.found.nearest)
    if share.low > NEAR:
        verdict = "Some images may be copies"
    elif share.high > 3 * NEAR:
        verdict = f"{n} images are too few to tell whether some are copies"
    else:
        verdict = "No more images are copies than by chance"
    return (
        f"{verdict}: {percent_with_interval(share)} of {n} images of the walks are nearer to a real image than "
        f"{percent(1 - NEAR)} of the real ones are to each other, where {percent(NEAR)} would be chance; "
        f"{TRAINED[copies.learnt]}."
    )


def on_sums(found: DCGANStudy) -> str:
    if not found.sums and not found.scorer.attributes:
        return "Vector arithmetic was not measured, which takes a scorer (--scorer)."
    if not found.sums:
        return (
            "Vector arithmetic was not measured: no attributes of the scorer have enough images in all their "
            "combinations; survey more codes (-n), or give a scorer of other attributes."
        )
    three, one = (pooled(found.sums, method) for method in (THREE, ONE))
    if three is None or one is None:
        roles, chance = found.sums[0].outcomes[THREE].roles, found.sums[0].random.roles
        first, second, less, another = (
            percent_with_interval(roles[role]) for role in ("first", "second", "subtracted", "another")
        )
        return (
            f"A sum of classes a − b + c shows a in {first} and c in {second} of all cases, b in {less} and another "
            f"class in {another}; random images show each of the three in about {percent(chance['first'].value)}."
        )
    chances = [sums.random.wanted.value for sums in found.sums if sums.random.wanted is not None]
    gain = difference(three, one)
    verdict = (
        f"Averaging makes vector arithmetic succeed {'more' if gain.value > 0 else 'less'} often"
        if gain.excludes_zero
        else f"{found.draws} sums of a kind are too few to tell whether averaging helps vector arithmetic"
    )
    rest = "; both fail more often than not" if max(three.high, one.high) < 0.5 else ""
    return (
        f"{verdict}: with means of three exemplars {percent_with_interval(three)} of all sums show what they should, "
        f"with single ones {percent_with_interval(one)}, and of random images {percent(sum(chances) / len(chances))} "
        f"do{rest}."
    )


def on_turns(found: DCGANStudy) -> str:
    turns = found.turns
    if not turns:
        return (
            "Turn vectors were not measured: nothing has enough images on both sides; give a scorer (--scorer), or "
            "survey more codes (-n)."
        )
    right = [f"{percent_with_interval(it.chosen.right)} from {it.family.title}" for it in turns]
    right[0] = right[0].replace(" from ", " of random samples from ", 1)
    verdict = (
        "Turn vectors go the right way"
        if all(it.gain.low > 0 for it in turns)
        else f"{found.draws} turn vectors of a kind are too few to tell whether they go the right way"
    )
    return (
        f"{verdict}: vectors between two means of four codes move {listed(right)}, where vectors between random codes "
        f"move {listed([percent(it.by_chance.right.value) for it in turns])}; "
        f"{listed([percent_with_interval(it.chosen.over) for it in turns])} change from one side to the other."
    )


def _on_maps(found: DCGANStudy) -> str:
    maps, chance = found.maps, found.maps.chance
    codes, features, subject = maps.codes_accuracy, maps.features_accuracy, maps.features.subject
    if codes is None or features is None or chance is None:
        trust = [it.faithful.trustworthiness for it in (maps.codes, maps.features)]
        return (
            f"Maps keep neighbours with a trustworthiness of {trust[0]:.2f} by codes and {trust[1]:.2f} by {subject} "
            "(1 is best, 0.5 is chance), and have no colours without a scorer"
        )
    what, each = ("classes", "class") if maps.features.classes else (f"both sides of {maps.color}", "side")
    separates = (
        "does not separate"
        if codes.low <= chance
        else "hardly separates"
        if codes.high < features.low
        else "separates"
    )
    return (
        f"The map of codes {separates} {what}: most neighbours have the {each} of an image in "
        f"{percent_with_interval(codes)} of all cases, and in {percent_with_interval(features)} on the map of "
        f"{subject}, where always naming the commonest gives {percent(chance)}"
    )


def on_critic(found: DCGANStudy) -> str:
    accuracy = found.critic_accuracy
    if accuracy is None:
        why = (
            "takes a discriminator (--critic)"
            if found.critic is None
            else "takes classes (--scorer, or --labels)"
        )
        return f"the critic's features were not measured, which {why}"
    results = accuracy.comparison.results
    critic, fresh = (percent_with_interval(results[name].accuracy) for name in ("critic", "untrained critic"))
    gain = accuracy.comparison.ahead["untrained critic"]
    if gain.excludes_zero:
        verdict = "training improved them" if gain.value > 0 else "training made them worse"
    else:
        verdict = f"{len(results['critic'].rows)} images are too few to tell these apart"
    return (
        f"a linear SVM finds {accuracy.labels} by the critic's features in {critic} of the images and by those of the "
        f"same network untrained in {fresh}: {verdict}"
    )
