"""`ganatomy info`: what a model is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ganatomy.cli.console import answer
from ganatomy.cli.parameters import Json
from ganatomy.cli.subject import WholeModel

if TYPE_CHECKING:
    from ganatomy.generators.description import Description


def info(subject: WholeModel, *, json: Json = False) -> None:
    """Say what a model is: architecture, sizes, spaces, cost, licence, what is unusual, and its fingerprint.

    Example:
        ganatomy info faces
        ganatomy info stylegan2-ada-ffhq --json
    """
    from ganatomy.generators.description import describe

    found = describe(subject.opened)
    answer(str(found), {"model": subject.model, **_data(found)}, as_json=json)


def _data(found: Description) -> dict[str, Any]:
    it, origin = found.signature, found.origin
    assert origin is not None
    card: Mapping[str, Any] = origin.card
    return {
        "source": origin.source.kind,
        "name": origin.source.name,
        "path": str(origin.source.path),
        "url": origin.source.url,
        "bundled": origin.source.kind == "bundled",
        "format": origin.format,
        "size": found.file_size,
        "licence": origin.licence,
        **vars(it),
        "spaces": [str(space) for space in it.spaces],
        "parameters": found.parameters,
        "flops": found.flops,
        "settings": found.settings,
        "notes": list(found.notes),
        "guesses": [guess.to_data() for guess in found.guesses],
        "card": dict(card),
        "fingerprint": found.fingerprint,
    }
