"""What a file does not say of its generator, so that it was inferred or assumed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

SURE = 0.2
"""Margin from which on an inference is taken for certain enough that commands do not mention it."""


@dataclass(frozen=True, kw_only=True)
class Guess:
    """One thing that was inferred from statistics, or assumed because nothing in the file tells.

    Args:
        what: it is, such as "output activation".
        chosen: what it was taken for.
        option: argument of `load`, and option of commands, that changes it; None where there is none.
        second: what fits next best; None where nothing was compared.
        margin: how much worse that fits the statistics of the batch norms, as the mean over channels of |log of the
            ratio of variances| + squared distance of the means in standard deviations; None where nothing tells.
        note: one more sentence for a person.

    Example:
        >>> print(Guess(what="output activation", chosen="tanh", option="output"))
        output activation tanh is assumed, nothing in the file tells; --output changes it
    """

    what: str
    chosen: str
    option: str | None = None
    second: str | None = None
    margin: float | None = None
    note: str = ""

    @property
    def sure(self) -> bool:
        """Whether statistics of the file speak clearly for it."""
        return self.margin is not None and self.margin >= SURE

    def __str__(self) -> str:
        rival = f"; next best is {self.second}" if self.second else ""
        if self.margin is None:
            told = f"is assumed, nothing in the file tells{rival}"
        else:
            doubt = "" if self.sure else ", so it is doubtful"
            told = f"is inferred from batch norms; {self.second} fits {self.margin:.2f} worse{doubt}"
        changed = f"; --{self.option.replace('_', '-')} changes it" if self.option else ""
        return f"{self.what} {self.chosen} {told}{changed}" + (f" ({self.note})" if self.note else "")

    def to_data(self) -> dict[str, Any]:
        """Its JSON."""
        return {**asdict(self), "sure": self.sure}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Guess:
        """The guess of which this is the JSON; raises KeyError, TypeError or ValueError for anything else."""
        texts = {name: data[name] for name in ("what", "chosen", "option", "second", "note")}
        if not all(isinstance(text, str | None) for text in texts.values()):
            raise TypeError("a guess is described in texts")
        margin = data["margin"]
        return cls(**texts, margin=None if margin is None else float(margin))


def summary(guesses: Iterable[Guess]) -> str | None:
    """All guesses that are not sure, in one line with the options that change them; None where there are none.

    Example:
        >>> summary([Guess(what="prior", chosen="normal", option="prior")])
        'guessed: prior normal (--prior)'
    """
    doubtful = [guess for guess in guesses if not guess.sure]
    if not doubtful:
        return None
    parts = (
        f"{guess.what} {guess.chosen}" + (f" (--{guess.option.replace('_', '-')})" if guess.option else "")
        for guess in doubtful
    )
    return f"guessed: {', '.join(parts)}"
