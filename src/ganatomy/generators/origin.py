"""Where a generator came from: what the file and its publisher say that the weights do not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from ganatomy.generators.guesses import Guess
from ganatomy.reading import parse_json
from ganatomy.zoo.sources import Source


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What was loaded, from where, and what is told about it.

    Args:
        format: of the file, in words, such as "NVIDIA pickle".
        notes: what was unusual when it was read, in sentences for a person.
        card: how it was made, if the file is one of ours.
        recorded_fingerprint: what the file says that its fingerprint is.
        prior_given: whether the user said what z was drawn from.
        guesses: what the file does not say, so that it was inferred or assumed.
    """

    source: Source
    format: str
    notes: tuple[str, ...] = ()
    card: Mapping[str, Any] = field(default_factory=dict)
    recorded_fingerprint: str | None = None
    prior_given: bool = False
    guesses: tuple[Guess, ...] = ()

    @classmethod
    def of(
        cls,
        source: Source,
        *,
        format: str,  # noqa: A002 (the word of `Checkpoint`)
        notes: tuple[str, ...],
        metadata: Mapping[str, str],
        prior_given: bool,
        guesses: tuple[Guess, ...] = (),
    ) -> Self:
        """The origin of a file with this metadata; a card that is damaged is noted, not refused."""
        ours = "kind" in metadata
        card: Any = {}
        try:
            card = parse_json(metadata.get("card", "{}")) if ours else {}
        except ValueError:
            notes = (*notes, "its card is damaged")
        card = card if isinstance(card, dict) else {}
        if ours:
            guesses, damaged = _recorded(card)
            notes += damaged
        return cls(
            source=source,
            format="ganatomy safetensors" if ours else format,
            notes=notes,
            card=card,
            recorded_fingerprint=metadata.get("fingerprint") if ours else None,
            prior_given=prior_given,
            guesses=guesses,
        )

    @property
    def licence(self) -> str | None:
        """What the publisher says, or else the card in the file."""
        said = self.source.licence or self.card.get("licence")
        return said if isinstance(said, str) else None


def _recorded(card: Mapping[str, Any]) -> tuple[tuple[Guess, ...], tuple[str, ...]]:
    """What was guessed when the weights were first read, as their card says; and a note where that is damaged."""
    try:
        return tuple(Guess.from_data(data) for data in card.get("guesses", ())), ()
    except (AttributeError, KeyError, TypeError, ValueError):
        return (), ("its card is damaged",)
