"""Attributes of one image on another: 'his smile, on her face'."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import torch
from jaxtyping import Int
from torch import Tensor

from ganatomy.errors import SettingError, UnknownNameError
from ganatomy.generators.base import Generator
from ganatomy.generators.batches import images_at_once
from ganatomy.guidance import Guided, GuidedSettings, guided
from ganatomy.guidance.goals import held_names
from ganatomy.guidance.guided import DAMPING
from ganatomy.guidance.judged import scores_of
from ganatomy.latents import Directions, Latents
from ganatomy.perception.base import Scorer, Scores
from ganatomy.progress import Advance, watched
from ganatomy.transfers.linear import linear
from ganatomy.transfers.network import TransferNetwork
from ganatomy.transfers.result import Pairs, Transferred, paired
from ganatomy.transfers.steps import moved

METHODS = ("linear", "guided")

LOOSER = (1.0, 10.0)
"""Damping of guided edits, as multiples of the default: images that miss their goal are edited again with the next."""


@watched("transferring")
@torch.no_grad()
def transfer(
    generator: Generator,
    scorer: Scorer,
    target: Latents,
    source: Latents,
    attributes: Iterable[str] | str,
    *,
    method: str | TransferNetwork = "guided",
    hold: Iterable[str] | str = "all",
    directions: Directions | None = None,
    batch_size: int | None = None,
    progress: Advance | None = None,
) -> Transferred:
    """The target codes with the sources' values of some attributes, which are the scorer's probabilities; all other
    attributes keep the targets' values. Sources and targets are paired row by row, or a single one with all.

    Args:
        target: codes to change.
        source: codes to take attributes from.
        method: "linear" solves for the step in directions (`transfers.linear`), from the scores of sources and targets
            alone; "guided" optimises until each image has the value (`ga.guided`); a network that `ga.train_transfer`
            trained does it in one pass.
        hold: attributes to keep, or "all" others. A network always holds all that it was trained to hold.
        directions: for "linear", with slopes, of the attributes and of held ones; for "guided", where scorer and
            generator have no gradients, the span to edit in.

    Returns:
        The changed codes, with the scores of their images before and after.

    Raises:
        UnknownNameError: for an attribute or a method that does not exist.
        SettingError: for codes that do not make pairs, no attribute, and a method without what it needs.
        ScoreError: for a table of labels.
        SpaceError, FingerprintError: for directions or a network of other codes.

    Example::

        found = ga.transfer(generator, scorer, her, his, "Smiling")
        ga.grid(generator(found.latents)).save("smile.png")
    """
    if isinstance(method, str) and method not in METHODS:
        raise UnknownNameError("method of transfer", method, METHODS)
    scorer.require_images()
    attributes = (attributes,) if isinstance(attributes, str) else tuple(dict.fromkeys(attributes))
    if not attributes:
        raise SettingError("there is no attribute to transfer; name one or more, such as Smiling")
    names = scorer.select(attributes).names
    target, source = paired(target, source)
    pairs = Pairs(
        target=target,
        source=source,
        attributes=names,
        held=held_names(scorer.names, names, hold),
        before=scores_of(generator, scorer, target, batch_size=batch_size),
        given=scores_of(generator, scorer, source, batch_size=batch_size),
    )
    if method == "guided":
        return _guided(
            generator, scorer, pairs, directions=directions, batch_size=batch_size, progress=progress
        )
    if isinstance(method, str):
        if directions is None:
            raise SettingError(
                "a linear transfer needs directions of the attributes and of what is held; "
                "find some, as with ga.regression, or choose method='guided'"
            )
        latents = linear(generator, pairs, directions)
    else:
        latents = apply_network(generator, scorer, pairs, method, batch_size=batch_size)
    after = scores_of(generator, scorer, latents, batch_size=batch_size)
    if progress:
        progress(len(latents), len(latents))
    return _result(pairs, latents, after, method if isinstance(method, str) else "network")


def apply_network(
    generator: Generator, scorer: Scorer, pairs: Pairs, network: TransferNetwork, *, batch_size: int | None
) -> Latents:
    """The targets moved by one pass of a network.

    Raises:
        UnknownNameError: for an attribute that it was not trained for.
        SettingError, SpaceError, FingerprintError: as `TransferNetwork.inputs` and `TransferNetwork.coordinates`.
    """
    learnt = network.config.attributes
    for name in pairs.attributes:
        if name not in learnt:
            raise UnknownNameError("attribute of this network", name, learnt)
    chosen = torch.tensor([float(name in pairs.attributes) for name in learnt])
    done = []
    size = images_at_once(generator, batch_size)
    for first in range(0, len(pairs.target), size):
        rows = slice(first, first + size)
        target, source = pairs.target[rows], pairs.source[rows]
        steps = network(
            network.coordinates(target),
            network.inputs(generator, scorer, target, pairs.before[rows]),
            network.inputs(generator, scorer, source, pairs.given[rows]),
            chosen.expand(len(target), -1),
        )
        done.append(moved(network.distribution, target, steps))
    return Latents.cat(done)


def _guided(
    generator: Generator,
    scorer: Scorer,
    pairs: Pairs,
    *,
    directions: Directions | None,
    batch_size: int | None,
    progress: Advance | None,
) -> Transferred:
    """Guided edits to the goal of each pair, with more damping where the held attributes prevent it."""
    rows, n = torch.arange(len(pairs.target)), len(pairs.target)
    best: Transferred | None = None
    # What the search follows must read in the target what it reads in the source.
    followed = scorer.target().select(scorer.names)
    goals = replace(
        pairs,
        before=scores_of(generator, followed, pairs.target, batch_size=batch_size),
        given=scores_of(generator, followed, pairs.source, batch_size=batch_size),
    ).goals
    for looser in LOOSER:
        found = guided(
            generator,
            scorer,
            pairs.target[rows],
            {name: goals[rows, k] for k, name in enumerate(pairs.attributes)},
            units="logit",
            hold=pairs.held,
            directions=directions,
            settings=GuidedSettings(target=followed, beyond=1.0, damping=looser * DAMPING),
            batch_size=batch_size,
            progress=None if progress is None else lambda done, _: progress(min(done, n - 1), n),
        )
        if best is None:
            best = _result(pairs, found.latents, found.after, "guided")
        else:
            best = _nearer(best, rows, found)
        rows = (~best.reached).nonzero()[:, 0]
        if not len(rows):
            break
    assert best is not None
    if progress:
        progress(n, n)
    return best


def _nearer(best: Transferred, rows: Int[Tensor, " m"], found: Guided) -> Transferred:
    """The best so far, with the new codes of those rows that are nearer to their source now."""
    logits, codes = best.after.logits.clone(), best.latents.codes.clone()
    tried = replace(best, latents=found.latents, after=found.after, wanted=best.wanted[rows])
    nearer = tried.missing.abs().amax(1) < best.missing[rows].abs().amax(1)
    logits[rows[nearer]] = found.after.logits[nearer].to(logits)
    codes[rows[nearer]] = found.latents.codes[nearer].to(codes)
    return replace(
        best, latents=best.latents.with_codes(codes), after=Scores(names=best.after.names, logits=logits)
    )


def _result(pairs: Pairs, latents: Latents, after: Scores, method: str) -> Transferred:
    return Transferred(
        latents=latents,
        attributes=pairs.attributes,
        held=pairs.held,
        wanted=pairs.given.select(pairs.attributes).probabilities,
        before=pairs.before,
        after=after,
        method=method,
    )
