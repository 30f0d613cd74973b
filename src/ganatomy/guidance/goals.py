"""What an edit is to reach, in probabilities, logits or changes, as one logit for each image and target."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ganatomy.arguments import texts
from ganatomy.errors import SettingError, UnknownNameError
from ganatomy.perception.base import Scores, position

UNITS = ("probability", "logit", "change", "shift")
FARTHEST = 0.99
"""Changes of a probability lead up to here, and down to one less this, unless the image lies beyond already."""

Value = float | int | str | Tensor
Values = Mapping[str, Value]


def goals(before: Scores, to: Values, *, units: str = "probability") -> Float[Tensor, "n t"]:
    """The logit that each target is to reach in each image.

    Args:
        to: attribute to value: one number, or a tensor with one for each image. A text with a sign, such as
            "+0.25", is a change whatever the units.
        units: "probability" in (0, 1); "logit"; "change" of the image's own probability; "shift" of its own logit.

    Raises:
        UnknownNameError: for an attribute that was not scored, and for other units.
        SettingError: for no target at all, and for a value that is no number or outside its range.
    """
    if not isinstance(to, Mapping):
        raise SettingError(
            f"targets are names with what to reach, such as {{'Smiling': 0.9}}, not {type(to).__name__}"
        )
    if not to:
        raise SettingError("there is no target; say what to reach, such as to={'Smiling': 0.9}")
    if units not in UNITS:
        raise UnknownNameError("unit of a target", units, UNITS)
    return torch.stack(
        [_goal(name, value, before.column(name).double(), units) for name, value in to.items()], dim=1
    )


def to_reach(to: Values, units: str) -> Bool[Tensor, " t"]:
    """Which values are probabilities to reach, neither changes nor exact logits."""
    signed = [isinstance(value, str) and value.strip()[:1] in ("+", "-") for value in to.values()]
    return torch.tensor([units == "probability" and not change for change in signed])


def passed(
    own: Float[Tensor, "n t"], goals: Float[Tensor, "n t"], to: Values, units: str
) -> Bool[Tensor, "n t"]:
    """Which images have passed a probability to reach: they lie farther from one half than it, on its side.

    >>> own, goal = torch.tensor([[3.0], [1.0], [-3.0]]), torch.full((3, 1), 2.2)
    >>> passed(own, goal, {"Smiling": 0.9}, "probability")[:, 0].tolist()
    [True, False, False]
    """
    return to_reach(to, units) & (goals.sign() * (own - goals) > 0)


def held_names(names: Sequence[str], targets: Iterable[str], hold: Iterable[str] | str) -> tuple[str, ...]:
    """The attributes to hold: those of `hold`, or with "all" every other than the targets.

    Raises:
        UnknownNameError: for an attribute that is not scored. SettingError: for one that is a target as well.
    """
    targets = list(targets)
    if isinstance(hold, str):
        hold = [name for name in names if name not in targets] if hold == "all" else [hold]
    held = tuple(dict.fromkeys(texts("held attributes", hold)))
    for name in held:
        position(name, names)
        if name in targets:
            raise SettingError(
                f"{name!r} cannot change and stay; take it out of the targets, or of what is held"
            )
    return held


def _goal(name: str, value: Value, own: Float[Tensor, " n"], units: str) -> Float[Tensor, " n"]:
    if isinstance(value, str):
        units = "change" if value.strip()[:1] in ("+", "-") else units
        try:
            value = float(value)
        except ValueError:
            raise SettingError(
                f"{value!r} is no value for {name!r}; write 0.9, or +0.25 for a change"
            ) from None
    values = torch.as_tensor(value, dtype=torch.float64).detach().cpu()
    if values.ndim > 1 or (values.ndim == 1 and len(values) != len(own)):
        raise SettingError(
            f"values of shape {list(values.shape)} for {name!r} do not go with {len(own)} images; "
            "give one number, or one for each"
        )
    values = values.expand(len(own))
    bad = values[~torch.isfinite(values)]
    if len(bad):
        raise SettingError(f"the value for {name!r} is {float(bad[0])}; it must be a finite number")
    if units == "logit":
        return values.clone()
    if units == "shift":
        return own + values
    if units == "change":
        return torch.logit(_changed(own, values, name))
    outside = values[(values <= 0) | (values >= 1)]
    if len(outside):
        raise SettingError(
            f"a probability of {float(outside[0]):g} for {name!r} cannot be reached; give one above 0 and below 1, "
            "or write +0.25 for a change"
        )
    return torch.logit(values)


def _changed(own: Float[Tensor, " n"], change: Float[Tensor, " n"], name: str) -> Float[Tensor, " n"]:
    if bool((change.abs() >= 1).any()):
        largest = float(change[change.abs().argmax()])
        raise SettingError(f"a probability cannot change by {largest:g}; give less than 1 for {name!r}")
    p = torch.sigmoid(own)
    farthest = torch.logit(torch.tensor(FARTHEST, dtype=torch.float64))
    low, high = torch.minimum(own, -farthest), torch.maximum(own, farthest)
    wanted = torch.logit((p + change).clamp(1e-12, 1 - 1e-12))
    return torch.sigmoid(torch.minimum(torch.maximum(wanted, low), high))
