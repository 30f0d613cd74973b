"""Spaces, latent codes, and the directions that codes are moved along."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, SupportsIndex, overload

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.arguments import instance, tensor
from ganatomy.errors import FingerprintError, SettingError, SpaceError, UnknownNameError
from ganatomy.tabular import Frame, Tabular


class Space(StrEnum):
    """A latent space: `z` is the prior, `w` the mapped code, `w+` one w for each layer, `s` the styles of all layers.

    Example:
        >>> Space.parse("w+") is Space.W_PLUS
        True
    """

    Z = "z"
    W = "w"
    W_PLUS = "w+"
    S = "s"

    @classmethod
    def parse(cls, space: str) -> Space:
        """The space of that name; raises SpaceError for any other word."""
        try:
            return cls(space)
        except ValueError:
            raise SpaceError(f"{space!r} is not a space; choose one of {', '.join(cls)}") from None


@dataclass(frozen=True, kw_only=True, eq=False)
class Latents(Tabular):
    """Codes and their space, batch first.

    Args:
        codes: `[n, d]` in z, w and s (all style channels of all layers side by side), `[n, layers, d]` in w+.
        num_layers: layers that a w code can be repeated for; None where the generator has no layers.
        labels: one-hot class labels of a conditional generator, which codes in z need.

    Example:
        >>> latents = Latents(codes=torch.zeros(5, 8), space=Space.W, num_layers=3)
        >>> len(latents[:2]), latents.to("w+").codes.shape
        (2, torch.Size([5, 3, 8]))
    """

    codes: Float[Tensor, "n *shape"]
    space: Space
    num_layers: int | None = None
    labels: Float[Tensor, "n classes"] | None = None
    fingerprint: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "space", Space.parse(self.space))
        expected = 3 if self.space == Space.W_PLUS else 2
        object.__setattr__(self, "codes", tensor("codes", self.codes))
        if not self.codes.is_floating_point():
            raise SettingError(
                f"codes are numbers with a fraction, not {self.codes.dtype}; codes.float() makes them so"
            )
        if self.codes.ndim != expected:
            shape = "[n, layers, d]" if expected == 3 else "[n, d]"
            raise SpaceError(
                f"codes in {self.space} are {shape}, got a tensor of shape {list(self.codes.shape)}"
            )
        if self.space == Space.W_PLUS:
            object.__setattr__(self, "num_layers", self.codes.shape[1])

    def __len__(self) -> int:
        return len(self.codes)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """The codes as NumPy takes them, without their space."""
        return np.asarray(self.codes.detach().cpu(), dtype=dtype)

    def __getitem__(self, rows: SupportsIndex | slice | Sequence[int] | Tensor) -> Latents:
        """The codes of these rows; one index keeps the batch axis: `w[0]` is a batch of one."""
        if isinstance(rows, int) and not -len(self) <= rows < len(self):
            raise IndexError(f"row {rows} of {len(self)} codes")
        if not isinstance(rows, slice):
            # As a tensor, for a tuple would index several axes at once.
            try:
                rows = torch.as_tensor(rows, device=self.codes.device).reshape(-1)
            except (TypeError, ValueError, RuntimeError):
                raise SettingError(
                    f"{rows!r:.40} is no row of codes; give a number, a slice or a list"
                ) from None
            rows = rows if len(rows) else rows.long()
        labels = None if self.labels is None else self.labels[rows]
        return replace(self, codes=self.codes[rows], labels=labels)

    def frame(self) -> Frame:
        """A row for each code: its class, if it has one, and its numbers, those of layers one after another."""
        owner = f", of generator {self.fingerprint[:12]}" if self.fingerprint else ""
        flat = self.codes.detach().cpu().flatten(1)
        flat = flat.float() if flat.dtype == torch.bfloat16 else flat  # which NumPy does not know
        classes = {} if self.labels is None else {"class": self.labels.argmax(1).tolist()}
        return Frame(
            title=f"{len(self)} code{'s' * (len(self) != 1)} in {self.space}, {list(self.codes.shape)}{owner}",
            columns=classes | {f"{self.space}{k}": column for k, column in enumerate(flat.T.numpy())},
        )

    @property
    def dim(self) -> int:
        """Length of one code (of one layer, in w+)."""
        return self.codes.shape[-1]

    def with_codes(self, codes: Float[Tensor, "m *shape"]) -> Latents:
        """The same space and generator with other codes; labels are kept where the number of codes is the same."""
        labels = self.labels if self.labels is not None and len(codes) == len(self.labels) else None
        return replace(self, codes=codes, labels=labels)

    def to(self, space: str) -> Latents:
        """Change the space without a generator, which is possible from w to w+ only.

        Raises:
            SpaceError: for any other change; use `generator.map`.
        """
        space = Space.parse(space)
        if space == self.space:
            return self
        if (self.space, space) == (Space.W, Space.W_PLUS) and self.num_layers:
            layers = self.codes[:, None].expand(-1, self.num_layers, -1)
            return replace(self, codes=layers, space=space)
        raise SpaceError(
            f"codes in {self.space} cannot become {space} by themselves; "
            f"use generator.map(codes, to={space.value!r})"
        )

    @staticmethod
    def cat(parts: Iterable[Latents]) -> Latents:
        """Several batches as one.

        Raises:
            SettingError: for no batch.
            SpaceError: for different spaces or sizes.
            FingerprintError: for different generators.
        """
        parts = list(parts)
        if not parts:
            raise SettingError("there are no batches of codes to join")
        spaces = {p.space for p in parts}
        if len(spaces) > 1:
            raise SpaceError(f"codes of different spaces cannot be joined: {', '.join(sorted(spaces))}")
        shapes = sorted({tuple(p.codes.shape[1:]) for p in parts})
        if len(shapes) > 1:
            raise SpaceError(
                f"codes of different sizes cannot be joined: {list(shapes[0])} and {list(shapes[1])}"
            )
        fingerprints = sorted({p.fingerprint for p in parts if p.fingerprint})
        if len(fingerprints) > 1:
            raise FingerprintError(
                f"codes of generators {fingerprints[0][:12]} and {fingerprints[1][:12]} cannot be joined; "
                "join codes of one generator"
            )
        labels = [p.labels for p in parts if p.labels is not None]
        return replace(
            parts[0],
            codes=torch.cat([p.codes for p in parts]),
            labels=torch.cat(labels) if len(labels) == len(parts) else None,
            fingerprint=fingerprints[0] if fingerprints else None,
        )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Direction:
    """A named unit vector in one space, with the linear model `logit = slope * <code, vector> + intercept`.

    Args:
        vector: `[d]`, or `[layers, d]` in w+; brought to norm 1.
        intercept: the logit at the origin of the space.
        sigma: standard deviation of codes along the vector (a distance).
        slope: logits per unit distance; nan for a method that uses no scores.
        step: distance of one step of its slider in the studio; nan where none was measured.
        held: attributes that stay where they are along it.
        auc: area under the ROC curve on held-out codes; nan for a method that uses no scores.
        layers: half-open range of layers that the direction applies to; None means all. In w+ the vector is zero
            outside of it.
        method: that found it.
        seed: of the method.
        fingerprint: of the generator that it belongs to.

    Example:
        >>> Direction(name="Smiling", vector=torch.tensor([3.0, 4.0]), space=Space.Z, slope=2.0).vector.tolist()
        [0.6000000238418579, 0.800000011920929]
    """

    name: str
    vector: Float[Tensor, "*shape"]
    space: Space
    intercept: float = 0.0
    sigma: float = 1.0
    slope: float = float("nan")
    step: float = float("nan")
    held: tuple[str, ...] = ()
    auc: float = float("nan")
    layers: tuple[int, int] | None = None
    method: str = "given"
    seed: int | None = None
    fingerprint: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "space", Space.parse(self.space))
        expected = 2 if self.space == Space.W_PLUS else 1
        if self.vector.ndim != expected:
            raise SpaceError(
                f"direction {self.name!r} in {self.space} needs {expected} axes, got shape {list(self.vector.shape)}"
            )
        if self.layers is not None:
            first, last = self.layers
            if not 0 <= first < last or (self.space == Space.W_PLUS and last > len(self.vector)):
                raise SettingError(
                    f"direction {self.name!r} cannot apply to layers {first}:{last}; "
                    "a range of layers is half-open, starts at 0 or later and is not empty"
                )
            if self.space == Space.W_PLUS:
                inside = torch.zeros_like(self.vector)
                inside[first:last] = self.vector[first:last]
                object.__setattr__(self, "vector", inside)
        norm = torch.linalg.vector_norm(self.vector)
        if not torch.isfinite(norm) or norm == 0:
            raise SettingError(
                f"direction {self.name!r} has norm {float(norm)}; give a finite vector above 0"
            )
        # A vector of norm 1 is kept to the last bit, so that files and copies are exact.
        if abs(float(norm) - 1) > 4 * torch.finfo(self.vector.dtype).eps:
            object.__setattr__(self, "vector", self.vector / norm)

    @property
    def dim(self) -> int:
        return self.vector.shape[-1]

    def logit(self, latents: Latents) -> Float[Tensor, " n"]:
        """The logits that the linear model predicts for these codes.

        With w+ codes, a w direction uses the mean of the layers that it applies to.

        Raises:
            SpaceError, FingerprintError: when the codes are not of the direction's space or generator.
        """
        self.check(latents)
        codes = latents.codes
        if codes.ndim > self.vector.ndim + 1:
            codes = codes[:, slice(*self.layers or (None,))].mean(1)
        return self.slope * (codes * self.vector.to(codes)).flatten(1).sum(1) + self.intercept

    def check(self, latents: Latents) -> None:
        """Refuse codes of another space, length or generator.

        Raises:
            SpaceError: naming both spaces, or both lengths.
            FingerprintError: naming both generators.
            SettingError: for codes that are no Latents.
        """
        instance("latents", latents, Latents, 'write ganatomy.Latents(codes=tensor, space="z")')
        if latents.space != self.space and (latents.space, self.space) != (Space.W_PLUS, Space.W):
            before = list(Space).index(latents.space) < list(Space).index(self.space)
            advice = (
                f"map the codes to {self.space}" if before else f"use a direction found in {latents.space}"
            )
            raise SpaceError(
                f"direction {self.name!r} lives in {self.space}, the codes in {latents.space}; {advice}"
            )
        if latents.dim != self.dim:
            raise SpaceError(f"direction {self.name!r} has {self.dim} numbers, the codes have {latents.dim}")
        if self.space == Space.W_PLUS and len(self.vector) != latents.num_layers:
            raise SpaceError(
                f"direction {self.name!r} has {len(self.vector)} layers, the codes have {latents.num_layers}"
            )
        if self.fingerprint and latents.fingerprint and self.fingerprint != latents.fingerprint:
            raise FingerprintError(
                f"direction {self.name!r} was found on generator {self.fingerprint[:12]}, the codes are of "
                f"{latents.fingerprint[:12]}; use .of_any_generator() to apply it anyway"
            )

    def __repr__(self) -> str:
        return f"<Direction: {self.name} in {self.space}, by {self.method}>"

    def of_any_generator(self) -> Direction:
        """The same direction without the fingerprint of its generator, so that it applies to any."""
        return replace(self, fingerprint=None)


@dataclass(frozen=True)
class Directions(Sequence[Direction], Tabular):
    """An ordered set of directions of one space, indexed by position or by name.

    Args:
        items: of different names.

    Example::

        found = ga.regression(survey)
        print(found.names, found.without("Male").gram())
    """

    items: tuple[Direction, ...]

    def __init__(self, items: Iterable[Direction]) -> None:
        if not isinstance(items, Iterable) or isinstance(items, Tensor):
            raise SettingError(f"a set of directions is made of several, not of {type(items).__name__}")
        found = tuple(items)
        for item in found:
            instance("a direction", item, Direction, "methods such as ganatomy.regression find them")
        object.__setattr__(self, "items", found)
        names = [d.name for d in self.items]
        if len(set(names)) != len(names):
            twice = sorted({n for n in names if names.count(n) > 1})
            raise SettingError(f"two directions share the name {twice[0]!r}; names must be unique")
        if len({(d.space, d.vector.shape) for d in self.items}) > 1:
            raise SpaceError("directions of different spaces or sizes cannot be in one set")

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Direction]:
        return iter(self.items)

    def __contains__(self, key: object) -> bool:
        """Whether this direction, or one of this name, is in the set."""
        return key in self.names if isinstance(key, str) else any(item is key for item in self.items)

    @overload
    def __getitem__(self, key: int | str) -> Direction: ...
    @overload
    def __getitem__(self, key: slice) -> Directions: ...
    def __getitem__(self, key: int | str | slice) -> Direction | Directions:
        if isinstance(key, str):
            for item in self.items:
                if item.name == key:
                    return item
            raise UnknownNameError("direction", key, self.names)
        if isinstance(key, slice):
            return Directions(self.items[key])
        if not isinstance(key, int):
            raise UnknownNameError("direction", str(key), self.names)
        return self.items[key]

    @property
    def names(self) -> list[str]:
        return [d.name for d in self.items]

    @property
    def space(self) -> Space:
        if not self.items:
            raise SettingError("an empty set of directions has no space")
        return self.items[0].space

    @property
    def matrix(self) -> Float[Tensor, "k d"]:
        """The unit vectors as rows (layers side by side in w+)."""
        return torch.stack([d.vector.flatten() for d in self.items])

    def frame(self) -> Frame:
        """Name, method and linear model of each direction, without its vector."""
        fields = ("name", "method", "sigma", "slope", "auc", "intercept")
        space = f" in {self.space}" if self.items else ""
        return Frame(
            title=f"{len(self)} direction{'s' * (len(self) != 1)}{space}",
            columns={field: [getattr(item, field) for item in self.items] for field in fields}
            | {"layers": ["all" if d.layers is None else f"{d.layers[0]}:{d.layers[1]}" for d in self.items]},
        )

    def gram(self) -> Float[Tensor, "k k"]:
        """Cosines between all pairs."""
        return self.matrix @ self.matrix.T

    def select(self, names: Iterable[str]) -> Directions:
        """The directions of these names, in this order."""
        return Directions(self[name] for name in names)

    def without(self, *names: str) -> Directions:
        """All directions but these."""
        for name in names:
            self[name]
        return Directions(d for d in self.items if d.name not in names)

    def of_any_generator(self) -> Directions:
        return Directions(d.of_any_generator() for d in self.items)
