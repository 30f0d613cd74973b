"""Figures, intervals and p-values as text, for sentences and cells."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from ganatomy.statistics.intervals import Estimate

PER_CENT = "\xa0%"


def short(value: float) -> str:
    """A figure with two digits, or all before the point.

    >>> short(8.123), short(0.5), short(23.4), short(-3.21), short(1234567.0), short(float("nan"))
    ('8.1', '0.50', '23', '−3.2', '1.2e+06', 'not measured')
    """
    if math.isnan(value):
        return "not measured"
    if math.isinf(value):
        return "without limit"
    size = abs(value)
    if size >= 10_000:
        return f"{value:.1e}".replace("-", "−")
    return number(value, 0 if size >= 10 else 1 if size >= 1 else 2)


def signed(value: float, digits: int = 2, *, trim: bool = False) -> str:
    """A change with its sign.

    >>> signed(-0.314), signed(0.05), signed(0.0001), signed(3.0, 1, trim=True)
    ('−0.31', '+0.05', '0.00', '+3')
    """
    text = f"{value:+.{digits}f}"
    if float(text) == 0:
        text = text[1:]
    if trim and "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.replace("-", "−")


def number(value: float, digits: int = 2) -> str:
    """A figure with so many digits after the point, where they must be the same in a row of figures.

    >>> number(-0.004), number(-0.5), number(1.04, 3), number(float("nan")), number(1222721.64)
    ('0.00', '−0.50', '1.040', 'not measured', '1.2e+06')
    """
    if math.isnan(value) or (digits and abs(value) >= 10_000):
        return short(value)
    return signed(value, digits).removeprefix("+")


def interval(estimate: Estimate, *, sign: bool = False, digits: int | None = None) -> str:
    """The ends of an interval.

    >>> interval(Estimate(value=8.123, low=7.5, high=8.9))
    '7.5 to 8.9'

    Args:
        sign: whether positive ends have a sign.
        digits: after the point; by default as many as each end deserves.
    """
    return f"{_written(estimate.low, sign, digits)} to {_written(estimate.high, sign, digits)}"


def with_interval(estimate: Estimate, *, sign: bool = False, digits: int | None = None) -> str:
    """A figure with its interval in brackets.

    >>> with_interval(Estimate(value=8.123, low=7.5, high=8.9))
    '8.1 (7.5 to 8.9)'
    >>> with_interval(Estimate(value=0.5, low=-0.25, high=1.25), sign=True)
    '+0.50 (−0.25 to +1.25)'
    >>> with_interval(Estimate(value=0.76, low=0.56, high=1.04), digits=2)
    '0.76 (0.56 to 1.04)'

    Args:
        sign: whether positive figures have a sign.
        digits: after the point; by default as many as each figure deserves.
    """
    return f"{_written(estimate.value, sign, digits)} ({interval(estimate, sign=sign, digits=digits)})"


def _written(value: float, sign: bool, digits: int | None) -> str:
    if sign:
        return signed(value, 2 if digits is None else digits)
    return short(value) if digits is None else number(value, digits)


def p_value(p: float) -> str:
    """A p-value.

    >>> p_value(0.0321), p_value(0.0002)
    ('p = 0.032', 'p < 0.001')
    """
    return f"p = {p:.3f}" if p >= 0.001 else "p < 0.001"


def percent(share: float) -> str:
    r"""A share in per cent.

    >>> percent(0.4216), percent(0.034)
    ('42\xa0%', '3.4\xa0%')
    """
    return f"{100 * share:.{1 if share < 0.1 else 0}f}{PER_CENT}"


def percent_interval(estimate: Estimate) -> str:
    r"""The ends of the interval of a share.

    >>> percent_interval(Estimate(value=0.4, low=0.0312, high=0.52))
    '3.1 to 52\xa0%'
    """
    return f"{percent(estimate.low).removesuffix(PER_CENT)} to {percent(estimate.high)}"


def percent_with_interval(estimate: Estimate) -> str:
    r"""A share in per cent with its interval in brackets.

    >>> percent_with_interval(Estimate(value=0.4, low=0.3, high=0.52))
    '40\xa0% (30 to 52\xa0%)'
    """
    return f"{percent(estimate.value)} ({percent_interval(estimate)})"


def quoted(name: str) -> str:
    """An attribute's name as sentences have it: one without letters, such as a digit, is no figure among figures.

    >>> quoted("Smiling"), quoted("4"), quoted("0-9"), quoted("5_o_Clock_Shadow")
    ('Smiling', '“4”', '“0-9”', '5_o_Clock_Shadow')
    """
    return name if any(letter.isalpha() for letter in name) else f"“{name}”"


def named(names: Iterable[str]) -> str:
    """Attributes in a row.

    >>> named(["Smiling", "Male", "Young"]), named(["4", "9"])
    ('Smiling, Male and Young', '“4” and “9”')
    """
    return listed([quoted(name) for name in names])


def listed(names: Sequence[str]) -> str:
    """Names in a row.

    >>> listed(["Smiling", "Male", "Young"]), listed(["Smiling"])
    ('Smiling, Male and Young', 'Smiling')
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
