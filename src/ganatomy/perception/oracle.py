"""Scorers that know the truth: of a generator whose semantics are known, and of images drawn from known labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float
from torch import Tensor

from ganatomy.errors import ScoreError, SettingError
from ganatomy.latents import Latents
from ganatomy.perception.base import Scorer, check_names, fingerprint_of, logit
from ganatomy.perception.table import rows_of


@runtime_checkable
class KnowsItsImages(Protocol):
    """A generator that can tell from its images what they show, as the toy generator does."""

    @property
    def attributes(self) -> Sequence[str]: ...

    @property
    def fingerprint(self) -> str: ...

    def read(self, images: Tensor) -> Tensor: ...


class OracleScorer(Scorer):
    """The exact logits of images, as the generator that made them reads them."""

    def __init__(self, source: KnowsItsImages) -> None:
        self.source = source
        self.names = check_names(source.attributes)
        self.fingerprint = fingerprint_of("oracle", source.fingerprint, *self.names)
        self.description = f"exact oracle ({len(self.names)} attributes)"

    def _logits(self, images: Float[Tensor, "n c h w"], *, latents: Latents | None, start: int) -> Tensor:
        return self.source.read(images)


@runtime_checkable
class KnowsItsCodes(Protocol):
    """A generator that knows what every code shows, as drawn faces do."""

    @property
    def attributes(self) -> Sequence[str]: ...

    @property
    def factors(self) -> Sequence[str]: ...

    @property
    def fingerprint(self) -> str: ...

    def read(self, latents: Latents) -> Tensor: ...

    def read_factors(self, latents: Latents) -> Tensor: ...

    def factor_scales(self) -> tuple[Tensor, Tensor]: ...


class CodeOracle(Scorer):
    """The exact logits of codes, edited ones included; images are not looked at, and gradients flow to the codes.

    Example:
        >>> import ganatomy as ga
        >>> drawn = ga.DrawnGenerator()
        >>> z = drawn.sample(2, seed=1)
        >>> ga.scorer(drawn).score(drawn(z), latents=z).logits.shape
        torch.Size([2, 38])
    """

    kind = "attributes"
    reads_codes = True

    def __init__(self, source: KnowsItsCodes) -> None:
        self.source = source
        self.names = check_names(self._columns())
        self.fingerprint = fingerprint_of(f"oracle of {self.kind}", source.fingerprint, *self.names)
        self.description = f"exact oracle ({len(self.names)} {self.kind})"

    def _columns(self) -> Sequence[str]:
        return self.source.attributes

    def _read(self, latents: Latents) -> Tensor:
        return self.source.read(latents)

    def _logits(self, images: Float[Tensor, "n c h w"], *, latents: Latents | None, start: int) -> Tensor:
        if latents is None:
            raise ScoreError(
                f"the {self.description} reads codes, not images; give the codes of these images with latents=, "
                "or take a scorer that looks at images"
            )
        if len(latents) != len(images):
            raise ScoreError(
                f"these are {len(images)} images and the codes of {len(latents)}; give one code an image"
            )
        return self._read(latents)


class FactorOracle(CodeOracle):
    """The exact factors of codes as logits, in standard deviations of the population."""

    kind = "factors"

    def __init__(self, source: KnowsItsCodes) -> None:
        super().__init__(source)
        self._mean, self._std = source.factor_scales()

    def _columns(self) -> Sequence[str]:
        return self.source.factors

    def _read(self, latents: Latents) -> Tensor:
        factors = self.source.read_factors(latents)
        return (factors - self._mean.to(factors)) / self._std.to(factors)


class TruthScorer(Scorer):
    """The exact labels of drawn images, by their row.

    The images are not looked at: they were drawn from these labels, so looking could only add error. Row i of the
    labels belongs to row i of the set (`start` says where a batch begins).

    Raises:
        SettingError: when the labels do not have one column for each name.
    """

    def __init__(self, labels: Bool[Tensor, "n a"], names: Iterable[str]) -> None:
        self.names = check_names(names)
        if labels.ndim != 2 or labels.shape[1] != len(self.names):
            raise SettingError(
                f"{len(self.names)} names need labels [n, {len(self.names)}], got {list(labels.shape)}"
            )
        self._table = logit(labels.double())
        self.num_rows = len(labels)
        packed = np.packbits(labels.cpu().numpy().astype(bool)).tobytes()
        self.fingerprint = fingerprint_of("truth", str(list(labels.shape)), packed, *self.names)
        self.description = f"exact labels of {len(labels)} drawn images ({len(self.names)} attributes)"

    def _logits(self, images: Float[Tensor, "n c h w"], *, latents: Latents | None, start: int) -> Tensor:
        return rows_of(self._table, start, len(images), self.description)
