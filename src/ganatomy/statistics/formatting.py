"""Figures, intervals and p-values as text, for sentences and cells."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ganatomy.statistics.intervals import Estimate


def short(value: float) -> str:
    """A figure with as many digits as it deserves.

    >>> short(8.123), short(0.5), short(23.4), short(1234567.0), short(float("nan"))
    ('8.1', '0.50', '23', '1.2e+06', 'not measured')
    """
    if math.isnan(value):
        return "not measured"
    if math.isinf(value):
        return "without limit"
    if value >= 10_000:
        return f"{value:.1e}"
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


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


def interval(estimate: Estimate, *, sign: bool = False) -> str:
    """The ends of an interval.

    >>> interval(Estimate(value=8.123, low=7.5, high=8.9))
    '7.5 to 8.9'
    """
    write = signed if sign else short
    return f"{write(estimate.low)} to {write(estimate.high)}"


def with_interval(estimate: Estimate, *, sign: bool = False) -> str:
    """A figure with its interval in brackets.

    >>> with_interval(Estimate(value=8.123, low=7.5, high=8.9))
    '8.1 (7.5 to 8.9)'
    >>> with_interval(Estimate(value=0.5, low=-0.25, high=1.25), sign=True)
    '+0.50 (−0.25 to +1.25)'
    """
    return f"{(signed if sign else short)(estimate.value)} ({interval(estimate, sign=sign)})"


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
    return f"{100 * share:.1f}\xa0%" if share < 0.1 else f"{100 * share:.0f}\xa0%"


def listed(names: Sequence[str]) -> str:
    """Names in a row.

    >>> listed(["Smiling", "Male", "Young"]), listed(["Smiling"])
    ('Smiling, Male and Young', 'Smiling')
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
