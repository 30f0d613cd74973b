"""Edits of codes, each from `Latents` to `Latents`: move, walk, path, arithmetic, turn, neighbours, style mix.

Distances are those of the space of the codes. Truncated codes are moved as far as others, although they vary less by a
factor of psi; for steps in proportion, multiply the strength by psi.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.arguments import instance, tensor
from ganatomy.errors import SettingError, SpaceError, UnknownNameError
from ganatomy.geometry import lerp, project_out, rank_tolerance, slerp, span, spline
from ganatomy.latents import Direction, Latents, Space

UNITS = ("distance", "sigma", "logit", "step")
PATH_METHODS = ("lerp", "slerp", "spline")


def move(
    latents: Latents,
    direction: Direction,
    strength: float | Float[Tensor, "..."],
    *,
    units: str = "distance",
    hold: Iterable[Direction] = (),
    layers: tuple[int, int] | None = None,
) -> Latents:
    """Codes moved along a direction, without changing the linear scores of held directions.

    The step is `strength * held_step(direction, hold)`. A w direction moves w+ codes in each layer alike.

    Args:
        strength: one number, or one for each code.
        units: of the strength: "distance" along the unit vector of the direction, "sigma" its standard deviations,
            "logit" the change of the score that its linear model promises. Images change more or less than that: for a
            change that is read in each image use `ga.strengths`. "step" is one step of its slider in the studio.
        hold: directions of the same space to hold. The step is longer then, because it is orthogonal to all of them
            but has the same component along the target.
        layers: half-open range of layers to move, by default the direction's own. Codes in w become w+. The strength
            applies to each moved layer, so the score changes less where these are only some of the direction's own.

    Returns:
        The moved codes.

    Raises:
        SpaceError, FingerprintError: when codes, direction and held directions do not go together.
        SettingError: when the direction is a combination of the held ones, when it has no scale in these units, for a
            strength that is not finite, and for layers that the codes do not have.
        UnknownNameError: for other units.

    Example:
        >>> import ganatomy as ga
        >>> toy = ga.ToyGenerator(cosine=0.5)
        >>> z, red, round_ = toy.sample(1), toy.truth["red"], toy.truth["round"]
        >>> step = ga.move(z, red, 1.0, hold=[round_]).codes - z.codes
        >>> [round(abs(float(step @ direction.vector)), 3) for direction in (red, round_)]
        [1.0, 0.0]
    """
    instance(
        "direction", direction, Direction, 'one of a set is found[NAME], such as found["Smiling"]'
    ).check(latents)
    hold = _held(hold)
    for held in hold:
        held.check(latents)
    layers = layers or direction.layers
    moved = torch.ones(1)
    if layers is not None:
        first, last = _checked_layers(latents, layers)
        latents = latents.to("w+")
        moved = torch.zeros(latents.codes.shape[1], 1)
        moved[first:last] = 1
    step = held_step(direction, hold, layers=layers)
    step = moved.to(latents.codes) * step.to(latents.codes)
    distances = _distances(latents, direction, strength, units)
    return latents.with_codes(latents.codes + distances.reshape(-1, *[1] * (latents.codes.ndim - 1)) * step)


def held_step(
    direction: Direction,
    hold: Iterable[Direction] = (),
    *,
    layers: tuple[int, int] | None = None,
) -> Float[Tensor, "*shape"]:
    """The shortest step with a component of 1 along a direction and 0 along each held one.

    With the unit target v and the held H as rows it is `s = argmin |s|` such that `<v, s> = 1, H s = 0`: the part of v
    outside the span of H, divided by its squared length. H may hold the same direction twice, or dependent ones.

    Args:
        layers: half-open range of layers that may move. The component along a w+ direction of more layers is that of
            its part inside them; a held direction without layers inside them has no effect.

    Raises:
        SpaceError: for a held direction of another space or size.
        SettingError: when the target is a combination of the held directions.
    """
    layers = layers or direction.layers
    hold = list(hold)
    for other in hold:
        if other.space != direction.space or other.vector.shape != direction.vector.shape:
            raise SpaceError(
                f"{other.name!r} lives in {other.space} {list(other.vector.shape)} and cannot be held while "
                f"{direction.name!r} of {direction.space} {list(direction.vector.shape)} moves; "
                "hold directions of the same space"
            )
    target = _inside(direction, layers).flatten()
    if not target.any():
        raise SettingError(f"direction {direction.name!r} has nothing in layers {layers}; move other layers")
    # A w direction is the same in every layer, so all of it is outside the layers, or nothing.
    hold = [other for other in hold if not _apart(other.layers, layers)]
    held = (
        torch.stack([_inside(other, layers).flatten() for other in hold])
        if hold
        else target.new_zeros(0, len(target))
    )

    # Directions are rounded to their dtype, which limits how exactly their rank is known.
    tolerance = max(rank_tolerance(other.vector.dtype) for other in [direction, *hold])
    rest = project_out(target[None], span(held, tolerance=tolerance))[0]
    if rest.norm() <= tolerance * target.norm():
        weights = (torch.linalg.pinv(held.T) @ target).abs()
        names = {
            other.name: None
            for other, weight in zip(hold, weights, strict=True)
            if weight > 1e-3 * weights.max()
        }
        raise SettingError(
            f"direction {direction.name!r} is a combination of the held ones ({', '.join(names)}), "
            "so it cannot move while they stay; hold fewer of them"
        )
    step = rest / (rest @ target)
    return (step * (target @ target)).reshape(direction.vector.shape).to(direction.vector)


def _held(hold: Direction | Iterable[Direction]) -> list[Direction]:
    """Directions to hold as a list; one is a list of itself."""
    held = list(hold) if isinstance(hold, Iterable) and not isinstance(hold, str | Tensor) else [hold]
    return [instance("what is held", each, Direction, "one of a set is found[NAME]") for each in held]


def walk(
    latents: Latents,
    direction: Direction,
    strengths: float | Iterable[float],
    *,
    units: str = "sigma",
    hold: Iterable[Direction] = (),
    layers: tuple[int, int] | None = None,
) -> Latents:
    """Every code at every strength: first all strengths of the first code, then of the second, and so on.

    Args:
        strengths: one or more, the same for each code.

    Returns:
        `len(latents) * len(strengths)` codes.

    Raises:
        SettingError: for no strength, and as `move`.
        SpaceError, FingerprintError, UnknownNameError: as `move`.

    Example::

        walked = ga.walk(latents, found["Smiling"], range(-3, 4), hold=[found["Male"]])
    """
    instance("latents", latents, Latents, 'write ganatomy.Latents(codes=tensor, space="z")')
    if isinstance(strengths, Iterable) and not isinstance(strengths, Tensor | str | np.ndarray):
        strengths = list(strengths)
    steps = tensor("strengths", strengths).double().flatten()
    if not len(steps):
        raise SettingError("a walk needs one strength or more")
    return move(
        latents[torch.arange(len(latents)).repeat_interleave(len(steps))],
        direction,
        steps.repeat(len(latents)),
        units=units,
        hold=hold,
        layers=layers,
    )


def path(keys: Latents, num_frames: int, *, method: str = "lerp", closed: bool = False) -> Latents:
    """Frames at even times on a path through key codes; a closed path returns to the first key.

    An open path starts at the first key and ends at the last, and meets those between where `num_frames - 1` is a
    multiple of `len(keys) - 1`. A closed one omits its end, so that a film of it repeats without a double frame; it
    meets all keys where `num_frames` is a multiple of `len(keys)`. Class labels are interpolated linearly.

    Args:
        method: "lerp" straight from key to key, "slerp" along the sphere (right for z of a normal prior), "spline"
            smoothly through all keys.

    Returns:
        `num_frames` codes.

    Raises:
        SettingError: for fewer than two keys or one frame.
        UnknownNameError: for another method.

    Example:
        >>> import ganatomy as ga
        >>> ga.path(ga.ToyGenerator().sample(3), 9, method="slerp").codes.shape
        torch.Size([9, 16])
    """
    if method not in PATH_METHODS:
        raise UnknownNameError("method of a path", method, PATH_METHODS)
    if len(keys) < 2:
        raise SettingError(f"a path needs two key codes or more, got {len(keys)}")
    if num_frames < 1:
        raise SettingError(f"a path of {num_frames} frames is empty; give 1 or more")
    span_of_time = len(keys) if closed else len(keys) - 1
    times = torch.linspace(0, span_of_time, num_frames + closed, dtype=torch.float64)[:num_frames]
    first = times.floor().long().clamp(max=span_of_time - 1)
    second = (first + 1) % len(keys)
    between = (times - first).to(keys.codes)

    def pieces(interpolate: Callable[..., Tensor], rows: Tensor) -> Tensor:
        return interpolate(rows[first], rows[second], between.to(rows).reshape(-1, *[1] * (rows.ndim - 1)))

    if method == "spline":
        codes = spline(keys.codes, times.to(keys.codes), closed=closed)
    else:
        codes = pieces(lerp if method == "lerp" else slerp, keys.codes)
    labels = None if keys.labels is None else pieces(lerp, keys.labels)
    return replace(keys, codes=codes, labels=labels)


def arithmetic(plus: Sequence[Latents], minus: Sequence[Latents] = ()) -> Latents:
    """One code: the sum of the means of the baskets in `plus`, less those in `minus` (DCGAN, Radford et al. 2016).

    "Smiling woman - woman + man" has two baskets to add and one to subtract; DCGAN used three codes in each basket. A
    class label is kept where all codes share it.

    Args:
        plus: baskets of codes to add.
        minus: baskets of codes to subtract.

    Returns:
        A batch of one code.

    Raises:
        SettingError: for no basket in plus, or an empty basket.
        SpaceError, FingerprintError: for baskets of different spaces or generators.

    Example::

        smiling_man = ga.arithmetic(plus=[smiling_women, men], minus=[women])
    """
    baskets = [*plus, *minus]
    if not plus:
        raise SettingError("plus is empty; give at least one basket of codes to add")
    if not all(len(basket) for basket in baskets):
        raise SettingError("a basket of codes is empty; give each at least one code")
    together = Latents.cat(baskets)
    means = torch.stack([basket.codes.to(together.codes).mean(0) for basket in baskets])
    codes = means[: len(plus)].sum(0) - means[len(plus) :].sum(0)
    labels = together.labels
    shared = labels is not None and bool((labels == labels[0]).all())
    return replace(together, codes=codes[None], labels=labels[:1] if labels is not None and shared else None)


def turn(latents: Latents, plus: Latents, minus: Latents, strengths: Iterable[float]) -> Latents:
    """Every code at every position along a turn vector: `code + t (mean(plus) - mean(minus))`, in the order of `walk`.

    DCGAN (Radford et al. 2016) turned heads this way: it subtracted the mean of four codes of faces that look left from
    the mean of four that look right, and added the difference to random codes.

    Args:
        plus: codes at one end of the turn.
        minus: codes at the other end.
        strengths: the t; 1 adds the whole distance between both baskets.

    Returns:
        `len(latents) * len(strengths)` codes.

    Raises:
        SettingError: for an empty basket, baskets of the same mean, and strengths that are not finite.
        SpaceError, FingerprintError: for codes and baskets of different spaces or generators.

    Example::

        turned = ga.turn(latents, looking_right, looking_left, [0.0, 0.25, 0.5, 0.75, 1.0])
    """
    Latents.cat([latents, plus, minus])  # raises for different spaces or generators
    axis = arithmetic([plus], [minus]).codes[0]
    length = float(torch.linalg.vector_norm(axis.double()))
    if not length:
        raise SettingError("both baskets of the turn have the same mean; use other codes")
    turned = Direction(name="turn", vector=axis, space=latents.space)
    return walk(latents, turned, [length * float(strength) for strength in strengths], units="distance")


def neighbours(latents: Latents, *, n: int = 8, scale: float = 0.25, seed: int = 0) -> Latents:
    """Each code, followed by others near it: `n` rows a code, the first the code itself.

    The others add uniform noise in [-scale, scale] to every number of the code, as DCGAN's figure of vector arithmetic
    does.

    Args:
        n: rows for each code.

    Returns:
        `n * len(latents)` codes.

    Raises:
        SettingError: for no rows, a scale that is not finite and 0 or more, or a negative seed.

    Example:
        >>> import ganatomy as ga
        >>> len(ga.neighbours(ga.ToyGenerator().sample(2), n=9))
        18
    """
    if n < 1:
        raise SettingError(f"n is {n}; give 1 row or more for each code")
    if not (np.isfinite(scale) and scale >= 0):
        raise SettingError(f"scale is {scale}; it must be a finite number, 0 or more")
    if seed < 0:
        raise SettingError(f"seed {seed} is negative; seeds are 0 or more")
    noise = np.random.default_rng(seed).uniform(-scale, scale, (len(latents), n, *latents.codes.shape[1:]))
    noise[:, 0] = 0
    rows = latents[torch.arange(len(latents)).repeat_interleave(n)]
    return rows.with_codes(rows.codes + torch.from_numpy(noise).flatten(0, 1).to(rows.codes))


def style_mix(rows: Latents, columns: Latents, layers: tuple[int, int]) -> Latents:
    """Every row with the styles of every column in some layers (StyleGAN, Karras et al. 2019): a table, row by row.

    Args:
        rows: codes whose other layers are kept.
        columns: codes whose styles are used in the layers.
        layers: half-open range of layers that come from the column; the first ones control pose and shape, the last
            ones colour. Codes in w become w+.

    Returns:
        `len(rows) * len(columns)` codes in w+.

    Raises:
        SpaceError, FingerprintError: for codes without layers, or of different generators.
        SettingError: for layers that the codes do not have.

    Example::

        table = ga.style_mix(latents[:3], latents[3:], layers=(0, 4))
    """
    first, last = _checked_layers(rows, layers)
    both = Latents.cat([rows.to("w+"), columns.to("w+")])
    table = both[torch.arange(len(rows)).repeat_interleave(len(columns))]
    styles = both[torch.arange(len(columns)).repeat(len(rows)) + len(rows)]
    codes = table.codes.clone()
    codes[:, first:last] = styles.codes[:, first:last]
    return table.with_codes(codes)


def _distances(
    latents: Latents, direction: Direction, strength: float | Tensor, units: str
) -> Float[Tensor, " n"]:
    """Strengths in any units as distances, one for each code."""
    if not isinstance(units, str) or units not in UNITS:
        raise UnknownNameError("unit of strength", str(units), UNITS)
    scales = {
        "distance": 1.0,
        "sigma": direction.sigma,
        "logit": direction.slope,
        "step": direction.step,
    }
    scale = scales[units]
    if not np.isfinite(scale) or scale == 0:
        name = {"sigma": "sigma", "logit": "slope", "step": "step"}[units]
        raise SettingError(
            f"direction {direction.name!r} has {name} {scale}, so it cannot be moved by {units}; "
            "use units='distance', or a direction that was found on scores"
        )
    distances = tensor("strengths", strength).to(latents.codes.device, torch.float64)
    if distances.ndim > 1 or (distances.ndim == 1 and len(distances) != len(latents)):
        raise SettingError(
            f"strengths of shape {list(distances.shape)} do not fit {len(latents)} codes; "
            "give one number, or one for each code"
        )
    bad = distances[~torch.isfinite(distances)]
    if len(bad):
        raise SettingError(f"strength {float(bad[0])} is not a finite number")
    distances = distances / scale if units == "logit" else distances * scale
    return distances.expand(len(latents)).to(latents.codes)


def _checked_layers(latents: Latents, layers: tuple[int, int]) -> tuple[int, int]:
    """A half-open range of layers that these codes have."""
    if latents.space not in (Space.W, Space.W_PLUS) or latents.num_layers is None:
        raise SpaceError(
            f"{latents.space} codes have no layers to choose from; use w or w+ codes of a StyleGAN"
        )
    first, last = layers
    if not 0 <= first < last <= latents.num_layers:
        raise SettingError(
            f"layers {first}:{last} do not exist; the codes have layers 0:{latents.num_layers}, end not included"
        )
    return first, last


def _inside(direction: Direction, layers: tuple[int, int] | None) -> Tensor:
    """The vector in float64, in w+ with zeros outside these layers."""
    vector = direction.vector.double()
    if layers is None or direction.space != Space.W_PLUS:
        return vector
    inside = torch.zeros_like(vector)
    inside[slice(*layers)] = vector[slice(*layers)]
    return inside


def _apart(a: tuple[int, int] | None, b: tuple[int, int] | None) -> bool:
    """Whether two ranges of layers (None means all) have none in common."""
    return a is not None and b is not None and (a[1] <= b[0] or b[1] <= a[0])
