"""Short texts that stand for values on the command line, each read by one pure function."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganatomy.errors import SettingError
from ganatomy.reading import parse_json

LAST_SEED = 2**63 - 1
MOST_SEEDS = 10_000
"""Seeds in one list, as recipes hold at most."""
MOST = 10_000_000
"""Codes, images or steps that an option can ask for."""


def whole_number(text: str) -> int:
    """A whole number, as it stands there; 2.5 is none.

    >>> whole_number("-3"), whole_number("10_000")
    (-3, 10000)

    Raises:
        SettingError: for anything else, and beyond what a computer counts with.
    """
    if not re.fullmatch(r"[+-]?\d+(_\d+)*", text.strip(), re.ASCII):
        raise SettingError(f"{text!r} is not a whole number")
    if len(text) > 30 or abs(int(text)) > LAST_SEED:
        raise SettingError(f"{text[:30]!r} is too large; {LAST_SEED} is the most")
    return int(text)


def count(text: str, least: int = 1, most: int = MOST) -> int:
    """How many, within bounds.

    >>> count("3"), count("0", least=0)
    (3, 0)

    Raises:
        SettingError: for anything else.
    """
    number = whole_number(text)
    if not least <= number <= most:
        raise SettingError(f"{number} is out of range; give {least} to {most:,}")
    return number


def finite(text: str) -> float:
    """A number, neither infinite nor nan.

    Raises:
        SettingError: for anything else.
    """
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise SettingError(f"{text!r} is not a finite number")
    return number


def seed_list(text: str) -> tuple[int, ...]:
    """Seeds, separated by commas; `a:b` stands for a to b - 1.

    >>> seed_list("3,5,9"), seed_list("0:4"), seed_list("7,10:12")
    ((3, 5, 9), (0, 1, 2, 3), (7, 10, 11))

    Raises:
        SettingError: for anything else, where there is no seed at all, and for more than `MOST_SEEDS`.
    """
    seeds: list[int] = []
    for part in _parts(text):
        first, colon, last = part.partition(":")
        if not _is_seed(first) or (colon and not _is_seed(last)):
            raise SettingError(
                f"{part[:40]!r} is not a seed; write whole numbers from 0 to {LAST_SEED}, such as 3,5,9 or 0:8"
            )
        some = range(int(first), int(last)) if colon else [int(first)]
        if len(seeds) + (max(0, int(last) - int(first)) if colon else 1) > MOST_SEEDS:
            raise SettingError(f"{text[:40]!r} names more than {MOST_SEEDS:,} seeds; name fewer at once")
        seeds += some
    if not seeds:
        raise SettingError(f"{text!r} names no seed; write whole numbers from 0, such as 3,5,9 or 0:8")
    return tuple(seeds)


def seeds_or_files(text: str) -> tuple[int, ...] | tuple[Path, ...]:
    """Codes by their seeds, or the files that they come from: a file of latents, or photographs.

    >>> seeds_or_files("3,5"), seeds_or_files("me.latents")
    ((3, 5), (PosixPath('me.latents'),))
    >>> seeds_or_files("me.jpg,you.jpg")
    (PosixPath('me.jpg'), PosixPath('you.jpg'))

    Raises:
        SettingError: for a text that is neither.
    """
    if Path(text).exists() and not text.isdecimal():
        return (Path(text),)
    parts = _parts(text)
    if any(Path(part).suffix or "/" in part for part in parts):
        return tuple(Path(part) for part in parts)
    return seed_list(text)


def layer_range(text: str) -> tuple[int, int]:
    """A half-open range of layers: `0:4` is the first four, and `4` alone the fifth.

    >>> layer_range("0:4"), layer_range("4")
    ((0, 4), (4, 5))

    Raises:
        SettingError: for anything else, and for an empty range.
    """
    first, colon, last = text.strip().partition(":")
    if first.isdecimal() and (last.isdecimal() if colon else True):
        start, stop = int(first), int(last) if colon else int(first) + 1
        if start < stop:
            return start, stop
    raise SettingError(f"{text!r} is not a range of layers; write FIRST:END, such as 0:4 for layers 0 to 3")


def name_list(text: str) -> tuple[str, ...]:
    r"""Names, separated by commas; a comma within a name is written with a backslash before it.

    >>> name_list("Male, Eyeglasses"), name_list(r"a:b\,c=d/e")
    (('Male', 'Eyeglasses'), ('a:b,c=d/e',))
    """
    return tuple(_parts(text))


@dataclass(frozen=True, kw_only=True)
class Amount:
    """How far a move goes: a strength, or what the scorer is to read in each image.

    Args:
        text: as it was typed.
        value: of the strength, factor, percentile, probability or change of it.
        units: of `ga.strengths`; None for a plain strength, whose unit `--units` says.
    """

    text: str
    value: float
    units: str | None = None


_GOALS = {
    "times": r"[x×](NUMBER)",
    "percentile": r"p(NUMBER)",
    "change": r"([+-]NUMBER)%",
    "probability": r"(NUMBER)%",
}
"""What the scorer is to read. A change has a per cent sign, so that no sign alone decides what a number means."""
_NUMBER = r"(?:\d+\.?\d*|\.\d+)"


def named_move(text: str) -> tuple[str, Amount]:
    """A direction and how far to go along it.

    A plain number, also a negative one, is a strength; x2 is twice the image's own probability, p90 a percentile of the
    population, +30% a change of the probability, 90% a probability.

    >>> named_move("Smiling=-.5")
    ('Smiling', Amount(text='-.5', value=-0.5, units=None))
    >>> [named_move(f"Smiling={text}")[1].units for text in ("x2", "p90", "+30%", "90%")]
    ['times', 'percentile', 'change', 'probability']
    >>> named_move("Smiling=+30%")[1].value
    0.3

    Raises:
        SettingError: for anything else, and for a plus sign without a per cent sign, which could be either.
    """
    name, _, amount = (part.strip() for part in text.rpartition("="))
    for units, pattern in _GOALS.items():
        found = re.fullmatch(pattern.replace("NUMBER", _NUMBER), amount)
        if name and found:
            value = float(found[1]) / (100 if pattern.endswith("%") else 1)
            return name, Amount(text=amount, value=value, units=units)
    name, plain = _name_and_number(
        text,
        "a move; write NAME=STRENGTH, such as Smiling=2, or what the scorer is to read: Smiling=x2, +30%, 90% or p90",
    )
    if plain.startswith("+"):
        raise SettingError(
            f"{text!r} could be a strength or a change of the probability; write {name}={plain[1:]} for the strength, "
            f"{name}=+30% for 30 percentage points"
        )
    return name, Amount(text=plain, value=float(plain))


def named_goal(text: str) -> tuple[str, float | str]:
    """An attribute and its target probability, or with a sign the change of it, as a text.

    >>> named_goal("Smiling=0.9"), named_goal("Young=-.25")
    (('Smiling', 0.9), ('Young', '-.25'))

    Raises:
        SettingError: for anything else.
    """
    expected = "a goal; write NAME=PROBABILITY, such as Smiling=0.9, or Smiling=+0.25"
    name, value = _name_and_number(text, expected)
    return name, value if value[0] in "+-" else float(value)


def field_and_value(text: str) -> tuple[str, Any]:
    """A field of a recipe and its new value: JSON, or else a text.

    >>> field_and_value("edits.0.strength=3"), field_and_value("model.name=my.pt")
    (('edits.0.strength', 3), ('model.name', 'my.pt'))

    Raises:
        SettingError: where one of the two is missing.
    """
    field, equals, value = text.partition("=")
    if not field.strip() or not equals:
        raise SettingError(f"{text!r} changes nothing; write FIELD=VALUE, such as edits.0.strength=3")
    try:
        return field.strip(), parse_json(value)
    except ValueError:
        return field.strip(), value


def direction_in_file(text: str) -> tuple[Path, str]:
    """A file of directions and the name of one in it.

    >>> direction_in_file("my.directions:Smiling")
    (PosixPath('my.directions'), 'Smiling')
    >>> direction_in_file("C:/my.directions:s 9:123")
    (PosixPath('C:/my.directions'), 's 9:123')

    Raises:
        SettingError: where one of the two is missing.
    """
    # A name may hold colons, and a path one behind the letter of a drive.
    parts = re.fullmatch(r"((?:[A-Za-z]:)?[^:]+):(.+)", text, re.DOTALL)
    if parts is None or len(parts[1]) == 1:  # a path of Windows without a name
        raise SettingError(
            f"{text!r} does not say which direction; write FILE:NAME, such as my.directions:Smiling"
        )
    return Path(parts[1]), parts[2]


def stations(first: float, last: float, count: int) -> list[float]:
    """Evenly spaced strengths from the first to the last, both included.

    >>> stations(-3, 3, 7)
    [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0]

    Raises:
        SettingError: for fewer than two.
    """
    if count < 2:
        raise SettingError(f"a walk of {count} step(s) goes nowhere; ask for at least 2")
    return [first + (last - first) * step / (count - 1) for step in range(count)]


def eased(first: float, last: float, count: int) -> list[float]:
    """Strengths from the first to the last that slow down towards both, as a swing does, so that a film turns softly.

    >>> eased(-2, 2, 5)
    [-2.0, -1.41421..., 0.0, 1.41421..., 2.0]

    Raises:
        SettingError: for fewer than two.
    """
    middle, reach = (first + last) / 2, (first - last) / 2
    return [middle + reach * math.cos(math.pi * time) for time in stations(0, 1, count)]


def _is_seed(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 20 and int(text) <= LAST_SEED


def _parts(text: str) -> list[str]:
    r"""What stands between commas; a comma of a name is written with a backslash before it.

    >>> _parts(r"Male, red\, round,,")
    ['Male', 'red, round']
    """
    parts = re.split(r"(?<!\\),", text)
    return [part.strip().replace("\\,", ",") for part in parts if part.strip()]


def _name_and_number(text: str, expected: str) -> tuple[str, str]:
    name, _, value = text.rpartition("=")
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not name.strip() or not math.isfinite(number):
        raise SettingError(f"{text!r} is not {expected}")
    return name.strip(), value.strip()
