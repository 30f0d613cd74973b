"""Attributes of one image on another: 'his smile, on her face'."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import torch
from jaxtyping import Int
from torch import Tensor

from ganatomy.errors import SettingError, UnknownNameError
from ganatomy.generators.base import Generator
from ganatomy.guidance import Guided, GuidedSettings, guided
from ganatomy.guidance.goals import held_names
from ganatomy.guidance.guided import DAMPING
from ganatomy.latents import Directions, Latents
from ganatomy.perception.base import Scorer, Scores
from ganatomy.transfers.linear import linear
from ganatomy.transfers.network import TransferNetwork
from ganatomy.transfers.result import Pairs, Progress, Transferred, in_pairs, look
from ganatomy.transfers.steps import moved

METHODS = ("linear", "guided", "network")

LOOSER = (1.0, 10.0)
"""Images that do not get there are sought anew with what is held giving way so many times as easily."""


@torch.no_grad()
def transfer(
    generator: Generator,
    scorer: Scorer,
    target: Latents,
    source: Latents,
    attributes: Iterable[str] | str,
    *,
    method: str = "guided",
    hold: Iterable[str] | str = "all",
    directions: Directions | None = None,
    network: TransferNetwork | None = None,
    batch_size: int = 16,
    progress: Progress | None = None,
) -> Transferred:
    """The target codes with the sources' values of some attributes; all others stay the targets' own.

    A value is a probability that the scorer sees. Row by row a source goes with a target, or one of either with all.

    Args:
        method: "linear" solves for it in directions (`transfers.linear`) and looks at no image but the sources' and
            the targets'; "guided" goes until each image shows it (`ga.guided`); "network" does it in one pass of a
            network that `ga.train_transfer` trained.
        hold: attributes that must stay, or "all" others. A network always holds all that it was trained to hold.
        directions: for "linear", with slopes, of the attributes and of what is held; for "guided", where no gradients
            flow through scorer and generator, the span to edit in.
        progress: called with the images that are finished, and all of them.

    Raises:
        UnknownNameError: for an attribute or a method that does not exist.
        SettingError: for codes that do not make pairs, no attribute, and a method without what it needs.
        ScoreError: for a table of labels. SpaceError, FingerprintError: for what belongs to other codes.
    """
    if method not in METHODS:
        raise UnknownNameError("method of transfer", method, METHODS)
    scorer.require_images()
    attributes = (attributes,) if isinstance(attributes, str) else tuple(dict.fromkeys(attributes))
    if not attributes:
        raise SettingError("there is no attribute to transfer; name one or more, such as Smiling")
    names = scorer.select(attributes).names
    target, source = in_pairs(target, source)
    pairs = Pairs(
        target=target,
        source=source,
        attributes=names,
        held=held_names(scorer.names, names, hold),
        before=look(generator, scorer, target, batch_size=batch_size),
        given=look(generator, scorer, source, batch_size=batch_size),
    )
    if method == "guided":
        return _guided(
            generator, scorer, pairs, directions=directions, batch_size=batch_size, progress=progress
        )
    if method == "linear":
        if directions is None:
            raise SettingError(
                "a linear transfer needs directions of the attributes and of what is held; "
                "find some, as with ga.regression, or choose method='guided'"
            )
        latents = linear(generator, pairs, directions)
    else:
        if network is None:
            raise SettingError(
                "there is no network to transfer with; train one with ga.train_transfer, or choose method='guided'"
            )
        latents = apply_network(generator, scorer, pairs, network, batch_size=batch_size)
    after = look(generator, scorer, latents, batch_size=batch_size)
    if progress:
        progress(len(latents), len(latents))
    return _result(pairs, latents, after, method)


def apply_network(
    generator: Generator, scorer: Scorer, pairs: Pairs, network: TransferNetwork, *, batch_size: int
) -> Latents:
    """The targets moved by one pass of a network.

    Raises:
        UnknownNameError: for an attribute that it was not trained for. Others as `TransferNetwork` says.
    """
    learnt = network.config.attributes
    for name in pairs.attributes:
        if name not in learnt:
            raise UnknownNameError("attribute of this network", name, learnt)
    chosen = torch.tensor([float(name in pairs.attributes) for name in learnt])
    done = []
    for first in range(0, len(pairs.target), batch_size):
        rows = slice(first, first + batch_size)
        target, source = pairs.target[rows], pairs.source[rows]
        steps = network(
            network.coordinates(target),
            network.see(generator, scorer, target, pairs.before[rows]),
            network.see(generator, scorer, source, pairs.given[rows]),
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
    batch_size: int,
    progress: Progress | None,
) -> Transferred:
    """Guided edits to the goal of each pair, with what is held giving way where it is in the way."""
    rows, n = torch.arange(len(pairs.target)), len(pairs.target)
    best: Transferred | None = None
    for looser in LOOSER:
        found = guided(
            generator,
            scorer,
            pairs.target[rows],
            {name: pairs.goals[rows, k] for k, name in enumerate(pairs.attributes)},
            units="logit",
            hold=pairs.held,
            directions=directions,
            settings=GuidedSettings(damping=looser * DAMPING),
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
    """The best so far, but for those of these rows whose new codes come nearer to their source."""
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
