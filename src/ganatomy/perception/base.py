"""What every scorer is: images in, one logit for each named attribute out."""

from __future__ import annotations

import hashlib
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ganatomy.arguments import tensor, texts
from ganatomy.errors import ScoreError, SettingError, UnknownNameError
from ganatomy.images import MODES, opaque
from ganatomy.latents import Latents
from ganatomy.tabular import Frame, Tabular

CERTAIN = 1e-6
"""Probabilities are read as at least this and at most one less this, so that the logit of a hard 0 or 1 is finite."""

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in grey (ITU-R BT.601, as Pillow's mode L has them)."""


@dataclass(frozen=True, kw_only=True)
class Scores(Tabular):
    """What a scorer saw in `n` images: one logit for each image and attribute.

    Example::

        seen = scorer.score(images)
        print(seen[:2].logits, seen.select(["Male"]).probabilities)
    """

    names: tuple[str, ...]
    logits: Float[Tensor, "n a"]

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", check_names(self.names))
        if self.logits.ndim != 2 or self.logits.shape[1] != len(self.names):
            raise SettingError(
                f"{len(self.names)} attributes need logits [n, {len(self.names)}], "
                f"got a tensor of shape {list(self.logits.shape)}"
            )

    def __len__(self) -> int:
        return len(self.logits)

    def __getitem__(self, rows: int | slice | Sequence[int] | Tensor) -> Scores:
        """The scores of these rows; one index keeps the batch axis, as in `Latents`."""
        if isinstance(rows, int):
            if not -len(self) <= rows < len(self):
                raise IndexError(f"row {rows} of {len(self)} scores")
            rows = [rows]
        return replace(self, logits=self.logits[rows])

    def frame(self) -> Frame:
        """A row for each image: the probability of each attribute."""
        columns = zip(self.names, self.probabilities.detach().cpu().T.numpy(), strict=True)
        return Frame(
            title=f"probabilities of {len(self.names)} attribute{'s' * (len(self.names) != 1)} in {len(self)} images",
            columns=dict(columns),
        )

    @property
    def probabilities(self) -> Float[Tensor, "n a"]:
        """The sigmoid of the logits."""
        return torch.sigmoid(self.logits)

    def column(self, name: str) -> Float[Tensor, " n"]:
        """The logits of one attribute.

        Raises:
            UnknownNameError: when it was not scored.
        """
        return self.logits[:, position(name, self.names)]

    def select(self, names: Iterable[str]) -> Scores:
        """These attributes, in this order."""
        names = tuple(names)
        return Scores(names=names, logits=self.logits[:, [position(name, self.names) for name in names]])

    @staticmethod
    def cat(parts: Iterable[Scores]) -> Scores:
        """Many batches as one; all must have the same attributes in the same order."""
        parts = list(parts)
        if not parts:
            raise SettingError("there are no scores to join")
        if len({p.names for p in parts}) > 1:
            raise SettingError("scores of different attributes cannot be joined")
        return Scores(names=parts[0].names, logits=torch.cat([p.logits for p in parts]))


class Scorer(ABC):
    """Sees attributes in images.

    A scorer sets `names`, `fingerprint` (SHA-256 of whatever decides its answers) and `description` (one line), and
    writes `_logits`; everybody else calls `score`, which checks what goes in and what comes out.

    Example::

        seen = scorer.score(images)  # what `ga.scorer` gives, whatever it is made of
        print(scorer.names, seen.probabilities)
    """

    names: tuple[str, ...]
    fingerprint: str
    description: str
    num_rows: int | None = None
    """How many images it can score, for a scorer that has a row of its own for each."""
    may_lack: bool = False
    """Whether scores may be missing (nan), for a table that has no label of some images."""
    assumed: str = ""
    """What nobody said about the images that it takes and the numbers that it gives, in words."""
    reads_codes: bool = False
    """Whether it reads codes and does not look at images, so that it needs `latents`."""
    followed: Scorer | None = None
    """What optimisers follow instead of it; see `following`."""

    def require_images(self) -> None:
        """Refuse a scorer that cannot look at new images.

        Raises:
            ScoreError: for a table of labels.
        """
        if self.num_rows is not None:
            raise ScoreError(f"{self.description} cannot score new images; give a classifier that can")

    @property
    def sources(self) -> frozenset[str]:
        """Fingerprints of all classifiers that decide its answers: two scorers that share one are not independent."""
        return frozenset((self.fingerprint,))

    @property
    def is_student(self) -> bool:
        """Whether it learnt its attributes from what another scorer reads, and so shares that one's errors."""
        return False

    def to(self, device: str | torch.device) -> Scorer:
        """The same scorer on another device; itself, where it goes to its images, or is bound to the processor."""
        return self

    def target(self) -> Scorer:
        """What optimisers follow for this scorer: itself, or an ensemble that goes with it."""
        return self.followed or self

    @abstractmethod
    def _logits(self, images: Float[Tensor, "n c h w"], *, latents: Latents | None, start: int) -> Tensor:
        """Logits `[n, attributes]` of images in [-1, 1] of any channels, on any device; alpha is laid on white."""

    def score(
        self, images: Float[Tensor, "n c h w"], *, latents: Latents | None = None, start: int = 0
    ) -> Scores:
        """Score images in [-1, 1]; what lies outside is clipped, as it is when an image is saved.

        Args:
            latents: the codes of these images, which an oracle of codes needs.
            start: index of the first of them in the sample that they belong to, which a table needs.

        Raises:
            SettingError: for images of another shape or range.
            ScoreError: where an image or a score is not a number, naming the row and the attribute.
        """
        images = _check_images(images, start=start)
        logits = self._logits(images, latents=latents, start=start).to(images.device, torch.float32)
        if logits.shape != (len(images), len(self.names)):
            raise ScoreError(
                f"{self.description} gave scores of shape {list(logits.shape)} for {len(images)} images and "
                f"{len(self.names)} attributes; it must give [{len(images)}, {len(self.names)}]"
            )
        broken = (logits.isinf() if self.may_lack else ~logits.isfinite()).nonzero()
        if len(broken):
            row, column = broken[0].tolist()
            raise ScoreError(
                f"{self.description} gave {float(logits[row, column])} for {self.names[column]!r} in row {start + row}"
                f" ({len(broken)} such scores in this batch); scores must be finite numbers"
            )
        return Scores(names=self.names, logits=logits)

    __call__ = score

    def select(self, names: Iterable[str]) -> Scorer:
        """The same scorer, giving these attributes only, in this order.

        Raises:
            UnknownNameError: for an attribute that it does not score.
        """
        names = check_names(names)
        return self if names == self.names else SelectedScorer(self, names)

    def differentiable(self) -> Scorer:
        """The scorer that gives the same scores with gradients to the images: itself, unless a subclass has another.

        Raises:
            SettingError, CheckpointError: when there should be one, but it cannot be had here.
        """
        return self


class SelectedScorer(Scorer):
    """Some attributes of another scorer."""

    def __init__(self, scorer: Scorer, names: Iterable[str]) -> None:
        self.names = check_names(names)
        self.scorer = scorer
        self._columns = [position(name, scorer.names) for name in self.names]
        self.fingerprint = fingerprint_of(scorer.fingerprint, *self.names)
        self.description = scorer.description
        self.num_rows = scorer.num_rows
        self.may_lack = scorer.may_lack
        self.assumed = scorer.assumed
        self.reads_codes = scorer.reads_codes

    def _logits(self, images: Float[Tensor, "n c h w"], *, latents: Latents | None, start: int) -> Tensor:
        return self.scorer._logits(images, latents=latents, start=start)[:, self._columns]  # noqa: SLF001 (a scorer too)

    @property
    def sources(self) -> frozenset[str]:
        return self.scorer.sources

    @property
    def is_student(self) -> bool:
        return self.scorer.is_student

    def to(self, device: str | torch.device) -> Scorer:
        return SelectedScorer(self.scorer.to(device), self.names)

    def target(self) -> Scorer:
        return self.followed or self.scorer.target().select(self.names)

    def differentiable(self) -> Scorer:
        return self.scorer.differentiable().select(self.names)


FARTHEST = 30.0
"""Values of images that a generator may give in spite of [-1, 1]; beyond lie bytes around their mean."""


def position(name: str, names: Sequence[str]) -> int:
    """Where an attribute stands; raises UnknownNameError where it does not."""
    if name not in names:
        raise UnknownNameError("attribute", name, names)
    return list(names).index(name)


def check_names(names: Iterable[str]) -> tuple[str, ...]:
    """Attribute names as a tuple, a text as one name; raises SettingError where there are none, or two are the same."""
    names = texts("names", names)
    if not names:
        raise SettingError("a scorer needs at least one attribute name")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SettingError(f"two attributes share the name {twice[0]!r}; names must be unique")
    return names


def logit(probabilities: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Log p - log(1 - p) in float64, with p kept `CERTAIN` away from 0 and 1; nan stays nan."""
    return torch.logit(probabilities.double(), eps=CERTAIN)


def class_log_odds(logits: Float[Tensor, "n classes"]) -> Float[Tensor, "n classes"]:
    """Log p - log(1 - p) of each class of a softmax: x_i - logsumexp of the others, stable however sure it is."""
    itself = torch.eye(logits.shape[1], dtype=torch.bool, device=logits.device)
    others = logits[:, None, :].masked_fill(itself, -torch.inf)
    return logits - others.logsumexp(2)


def fit_images(
    images: Float[Tensor, "n c h w"], *, size: tuple[int, int], channels: int
) -> Float[Tensor, "n k h2 w2"]:
    """Images in [-1, 1] at another size (antialiased bicubic) and with one or three channels, on white."""
    images = opaque(images)
    if images.shape[1] == 3 and channels == 1:
        images = torch.einsum("nchw,c->nhw", images, images.new_tensor(LUMA))[:, None]
    if tuple(images.shape[2:]) != size:
        images = F.interpolate(images, size, mode="bicubic", align_corners=False, antialias=True).clamp(-1, 1)
    return images.expand(-1, channels, -1, -1)


def fingerprint_of(*parts: str | bytes) -> str:
    """SHA-256 over texts and bytes, each separated from its neighbours by its length."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(f"{len(data)}:".encode())
        digest.update(data)
    return digest.hexdigest()


def _check_images(images: Tensor, *, start: int) -> Tensor:
    images = tensor("images", images)
    if images.ndim != 4 or images.shape[1] not in MODES:
        raise SettingError(
            f"images are [n, 1 to 4, height, width], got a tensor of shape {list(images.shape)}"
        )
    if not images.is_floating_point():
        raise SettingError(
            f"images are floats in [-1, 1], got {images.dtype}; images.from_uint8 converts bytes"
        )
    images = images.float()
    if not images.numel():
        return images
    low, high = (float(v) for v in images.detach().aminmax())
    if math.isnan(low) or math.isnan(high):
        row = int(images.detach().isnan().flatten(1).any(1).nonzero()[0])
        raise ScoreError(
            f"the image in row {start + row} holds values that are not numbers; its generator is broken"
        )
    if (low >= 0 and high > 2) or max(-low, high) > FARTHEST:
        raise SettingError(
            f"images are in [-1, 1], these lie in [{low:g}, {high:g}]; divide bytes by 127.5, subtract 1"
        )
    return opaque(images if low >= -1 and high <= 1 else images.clamp(-1, 1))
