"""What every generator is: two halves, `map` and `synthesize`, and a prior to sample from."""

from __future__ import annotations

import hashlib
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Literal, Self, get_args

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from ganatomy.arguments import tensor as as_tensor
from ganatomy.arguments import whole
from ganatomy.errors import FingerprintError, SettingError, SpaceError, UnknownNameError
from ganatomy.generators.guesses import Guess
from ganatomy.generators.origin import Origin
from ganatomy.generators.precision import Precision
from ganatomy.latents import Latents, Space

Prior = Literal["normal", "uniform", "uniform01"]
PRIORS: tuple[Prior, ...] = get_args(Prior)
UNIFORM: Mapping[Prior, tuple[float, float]] = {"uniform": (-1.0, 1.0), "uniform01": (0.0, 1.0)}
"""Ends of the uniform priors."""
SEED_BLOCK = 256
"""Rows that share one random stream; a row depends on the seed and on its own index, never on the batch."""


def parse_prior(prior: str) -> Prior:
    """The prior of that name; raises SettingError for any other word."""
    if not isinstance(prior, str) or prior not in PRIORS:
        raise SettingError(f"{prior!r} is not a prior; choose one of {', '.join(PRIORS)}")
    return prior


@dataclass(frozen=True, kw_only=True)
class Signature:
    """What a generator is made for, in numbers that anything around it may need.

    Args:
        architecture: the name that a person knows it by, such as "StyleGAN2".
        z_dim: length of z.
        w_dim: length of w, None where there is no w.
        num_layers: how many layers take a style (w+ has one w for each), None where there is no w.
        resolution: height of the images, and their width where none is given.
        channels: 1 (grey), 2 (grey and alpha), 3 (RGB) or 4 (RGB and alpha).
        width: of the images.
        num_classes: classes of a conditional generator, else 0.
        class_names: one for each class, or none where they are not known.
        prior: what z is drawn from: "normal" is N(0, I), "uniform" is U(-1, 1), "uniform01" is U(0, 1).
        spaces: the spaces that `synthesize` understands, in the order of `map`.

    Example::

        print(G.signature.architecture, G.signature.resolution, G.signature.spaces)
    """

    architecture: str
    z_dim: int
    resolution: int
    channels: int
    w_dim: int | None = None
    num_layers: int | None = None
    width: int = 0
    num_classes: int = 0
    class_names: tuple[str, ...] = ()
    prior: Prior = "normal"
    spaces: tuple[Space, ...] = (Space.Z,)

    def __post_init__(self) -> None:
        parse_prior(self.prior)
        object.__setattr__(self, "width", self.width or self.resolution)
        if len(self.class_names) not in (0, self.num_classes):
            raise SettingError(
                f"there are {len(self.class_names)} class names for {self.num_classes} classes; give one for each"
            )

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the images."""
        return self.resolution, self.width

    @property
    def pixels(self) -> str:
        """The size for a person, width first as image programs write it: "64 px", or "96 x 64 px".

        Example:
            >>> Signature(architecture="DCGAN", z_dim=8, resolution=64, width=96, channels=3).pixels
            '96 x 64 px'
        """
        return (
            f"{self.resolution} px"
            if self.width == self.resolution
            else f"{self.width} x {self.resolution} px"
        )

    def find_class(self, label: int | str) -> int:
        """The index of a class, given by its index or its name.

        Raises:
            SettingError: for a generator without classes, and an index that it does not have.
            UnknownNameError: for a name that it does not have.
        """
        if not self.num_classes:
            raise SettingError(f"{self.architecture} is not conditional; leave out label={label}")
        return class_index(label, self.num_classes, self.class_names)

    def class_name(self, index: int) -> str:
        """What a class is called: its name, else its number."""
        return self.class_names[index] if self.class_names else str(index)


def class_index(label: int | str, num_classes: int, names: Sequence[str] = ()) -> int:
    """The index of a class, given by its index or its name.

    Args:
        label: the class.
        num_classes: of the generator.
        names: one for each class, or none where they are not known.

    Raises:
        SettingError: for an index that does not exist. UnknownNameError: for a name that does not.

    Example:
        >>> class_index("fox", 3, ("cat", "dog", "fox")), class_index("1", 3), class_index(0, 3)
        (2, 1, 0)
    """
    if isinstance(label, str):
        if label in names:
            return [*names].index(label)
        if not label.isdecimal():
            raise UnknownNameError("class", label, [*names] or [f"0 to {num_classes - 1}, it has no names"])
    if not 0 <= int(label) < num_classes:
        raise SettingError(f"label {label} does not exist; this generator has classes 0 to {num_classes - 1}")
    return int(label)


class Generator(nn.Module, ABC):
    """A generator of images: `map` goes from z towards its last space, `synthesize` from any space to images.

    An architecture sets `signature` and writes `synthesize`; one that has more spaces than z also writes `map_codes`.
    Calling the generator does both halves. Images are float32 `[n, channels, height, width]` in [-1, 1].

    Example::

        images = G(G.sample(4, seed=7, space="w", truncation_psi=0.7))  # what `ga.load` and `ga.wrap` give
    """

    signature: Signature
    origin: Origin | None = None
    """Where `load` found it."""
    guesses: tuple[Guess, ...] = ()
    """What its file does not say, so that it was inferred or assumed."""
    precisions: tuple[Precision, ...] = ("float32",)
    """What the architecture can compute images in."""
    label: int | None = None
    """The class that `sample` draws unless another is given; see `of_class`."""
    precision: Precision = "float32"
    """What it does compute them in: "float32" is the precision of its weights. Codes, fingerprint and the type of the
    images are the same in all."""

    def __init__(self, signature: Signature) -> None:
        super().__init__()
        self.signature = signature
        self._fingerprint: tuple[list[tuple[int, int]], str] | None = None

    @property
    def settings(self) -> dict[str, Any] | None:
        """What a file must record beside the weights; None for code that a file cannot hold."""
        return None

    @abstractmethod
    def synthesize(self, latents: Latents) -> Float[Tensor, "n c h w"]:
        """Images of codes in any space that the signature names; the same codes give the same images."""

    def map_codes(
        self, latents: Latents, to: Space, *, truncation_psi: float, truncation_cutoff: int | None
    ) -> Latents:
        """One architecture's way from a space to a later one; `map` has checked that both exist."""
        raise SpaceError(f"{self.signature.architecture} has no way from {latents.space} to {to}")

    def map(
        self,
        latents: Latents,
        *,
        to: str = "w",
        truncation_psi: float = 1.0,
        truncation_cutoff: int | None = None,
    ) -> Latents:
        """Codes in a later space: z to w to w+ to s.

        Args:
            truncation_psi: how far from the mean w the codes stay: `w_avg + psi * (w - w_avg)`; 1 changes nothing.
            truncation_cutoff: how many layers are truncated, from the first (all when None); needs w+ or s as target.

        Raises:
            SpaceError: where the generator has no such space, or the way would lead back.
        """
        to = Space.parse(to)
        self._check(latents)
        order = list(self.signature.spaces)
        if to not in order:
            raise SpaceError(
                f"{self.signature.architecture} has no space {to.value}, only {', '.join(order)}"
            )
        if order.index(to) < order.index(latents.space):
            raise SpaceError(
                f"{latents.space} codes cannot be mapped back to {to}; inversion finds codes of an image"
            )
        if to == latents.space:
            return latents
        mapped = self.map_codes(
            latents, to, truncation_psi=truncation_psi, truncation_cutoff=truncation_cutoff
        )
        return mapped if self.training else replace(mapped, fingerprint=self.fingerprint)

    def forward(
        self, latents: Latents | Tensor | np.ndarray, *, space: str | None = None
    ) -> Float[Tensor, "n c h w"]:
        """Images of codes in any space of this generator.

        Args:
            latents: codes, or plain numbers `[n, d]` (in w+ `[n, layers, d]`) with the space that they are in.
            space: of plain numbers.

        Raises:
            SettingError: for plain numbers without their space, and a space beside codes that know theirs.
            SpaceError: for codes of a space or a size that this generator does not have.
            FingerprintError: for codes of another generator.

        Example:
            >>> import ganatomy as ga
            >>> ga.ToyGenerator(z_dim=4)(np.zeros((2, 4)), space="z").shape
            torch.Size([2, 3, 8, 8])
        """
        latents = self._with_space(latents, space)
        self._check(latents)
        if latents.space not in self.signature.spaces:
            raise SpaceError(
                f"{self.signature.architecture} has no space {latents.space}, only {', '.join(self.signature.spaces)}"
            )
        return self.synthesize(self.place(latents))

    def place(self, latents: Latents) -> Latents:
        """The same codes in the memory and the precision of the weights."""
        labels = None if latents.labels is None else latents.labels.to(self.device, self.dtype)
        return replace(latents, codes=latents.codes.to(self.device, self.dtype), labels=labels)

    def sample(
        self,
        n: int,
        *,
        seed: int = 0,
        start: int = 0,
        space: str = "z",
        truncation_psi: float = 1.0,
        label: int | str | None = None,
    ) -> Latents:
        """Draw rows `start` to `start + n` of the stream of codes that this seed names.

        Row i is the same on every device and for every n, so a long stream can be drawn in pieces.

        Args:
            label: the class to draw for a conditional generator, by its index or name; by default that of `of_class`,
                else each row draws its own.

        Raises:
            SettingError, UnknownNameError: for a negative count, or a label that the generator does not have.
            SpaceError: for a space that it does not have.
        """
        n, start = whole("n", n, most=MOST_ROWS), whole("start", start)
        if not (isinstance(truncation_psi, int | float) and math.isfinite(truncation_psi)):
            raise SettingError(
                f"truncation_psi is {truncation_psi!r:.60}, not a finite number; 1 = none, 0 = mean w"
            )
        if truncation_psi != 1 and Space.parse(space) is Space.Z:
            raise SettingError(
                f"truncation_psi={truncation_psi} acts on the way to w; codes in z have none, use another space"
            )
        codes = torch.from_numpy(
            draw_rows(n, self.signature.z_dim, seed=seed, start=start, prior=self.signature.prior)
        )
        z = Latents(
            codes=codes.to(self.device, self.dtype),
            space=Space.Z,
            num_layers=self.signature.num_layers,
            labels=self._labels(n, label, seed=seed, start=start),
            fingerprint=self.fingerprint,
        )
        return self.map(z, to=space, truncation_psi=truncation_psi)

    def of_class(self, label: int | str) -> Self:
        """A view of this conditional generator, with the same weights, that samples one class only.

        Args:
            label: the class, by its index or name.

        Raises:
            SettingError, UnknownNameError: when the generator does not have it.
        """
        found = copy(self)
        found.label = self.signature.find_class(label)
        return found

    def with_class_names(self, names: Sequence[str]) -> Self:
        """A view of this conditional generator, with the same weights, whose classes have names.

        Args:
            names: one for each class.

        Raises:
            SettingError: where they are not as many as its classes.
        """
        found = copy(self)
        found.signature = replace(self.signature, class_names=tuple(names))
        return found

    @property
    def num_parameters(self) -> int:
        """Numbers that were learnt."""
        return sum(parameter.numel() for parameter in self.parameters())

    @property
    def device(self) -> torch.device:
        return next((tensor.device for tensor in self._tensors()), torch.device("cpu"))

    @property
    def dtype(self) -> torch.dtype:
        floats = (tensor.dtype for tensor in self._tensors() if tensor.dtype.is_floating_point)
        return next(floats, torch.float32)

    def _tensors(self) -> Iterator[Tensor]:
        return chain(self.parameters(), self.buffers())

    @property
    def fingerprint(self) -> str:
        """SHA-256 over architecture, prior and weights (as float32): who this generator is, whatever file it came from.

        It is computed once, and anew after the weights have changed.
        """
        version = [(tensor.data_ptr(), tensor._version) for tensor in self._tensors()]  # noqa: SLF001 (torch has no other)
        if self._fingerprint is None or self._fingerprint[0] != version:
            self._fingerprint = version, self._digest(self.state_dict())
        return self._fingerprint[1]

    def _digest(self, state: dict[str, Tensor]) -> str:
        digest = hashlib.sha256(f"{self.signature.architecture} {self.signature.prior}".encode())
        for name, tensor in sorted(state.items()):
            digest.update(f"{name} {list(tensor.shape)}".encode())
            digest.update(tensor.detach().to("cpu", torch.float32).contiguous().numpy().tobytes())
        return digest.hexdigest()

    def _labels(
        self, n: int, label: int | str | None, *, seed: int, start: int
    ) -> Float[Tensor, "n classes"] | None:
        count, label = self.signature.num_classes, self.label if label is None else label
        if label is not None:
            index = torch.full((n,), self.signature.find_class(label))
        elif not count:
            return None
        else:
            uniform = draw_rows(n, 1, seed=seed, start=start, prior="uniform", stream=1)[:, 0]
            index = torch.from_numpy(np.minimum((uniform + 1) / 2 * count, count - 1).astype(np.int64))
        return nn.functional.one_hot(index, count).to(self.device, self.dtype)

    @property
    def style_dim(self) -> int | None:
        """Length of a code in s; None where there is no such space."""
        return None

    def _with_space(self, latents: Latents | Tensor | np.ndarray, space: str | None) -> Latents:
        """Plain numbers as codes of their space."""
        if space is None:
            if not isinstance(latents, Latents):
                raise _without_space(latents)
            return latents
        if isinstance(latents, Latents):
            raise SettingError(
                f"these codes know that they are in {latents.space}; leave out space={space!r}"
            )
        numbers = as_tensor("latents", latents)
        return Latents(codes=numbers, space=Space.parse(space), num_layers=self.signature.num_layers)

    def _check(self, latents: Latents) -> None:
        if not isinstance(latents, Latents):
            raise _without_space(latents)
        if latents.fingerprint and latents.fingerprint != self.fingerprint:
            raise FingerprintError(
                f"these codes are of generator {latents.fingerprint[:12]}, this one is {self.fingerprint[:12]}; "
                "codes mean nothing to another generator"
            )
        expected = {
            Space.Z: self.signature.z_dim,
            Space.W: self.signature.w_dim,
            Space.W_PLUS: self.signature.w_dim,
            Space.S: self.style_dim,
        }
        dim = expected.get(latents.space)
        if dim is not None and latents.dim != dim:
            raise SpaceError(
                f"{latents.space} codes of this generator have {dim} numbers, these have {latents.dim}"
            )
        layers = self.signature.num_layers
        if latents.space is Space.W_PLUS and layers is not None and latents.num_layers != layers:
            raise SpaceError(
                f"w+ codes of this generator have {layers} layers, these have {latents.num_layers}; "
                "codes of a model of another resolution have others"
            )


def _without_space(given: object) -> SettingError:
    return SettingError(
        f"codes come as Latents, which know their space, not as {type(given).__name__}; "
        'write ganatomy.Latents(codes=tensor, space="z"), or say the space of plain numbers with space='
    )


MOST_ROWS = 1 << 40
"""Codes that can be named at once; memory holds far fewer."""


def draw_rows(
    n: int, dim: int, *, seed: int, start: int = 0, prior: Prior = "normal", stream: int = 0
) -> np.ndarray:
    """Rows `start` to `start + n` of an endless table of random numbers, `[n, dim]` float32, each by its own index."""
    seed, n, start = whole("seed", seed), whole("n", n, most=MOST_ROWS), whole("start", start)
    if n == 0:
        return np.empty((0, dim), dtype=np.float32)
    blocks = []
    for block in range(start // SEED_BLOCK, (start + n - 1) // SEED_BLOCK + 1):
        rng = np.random.default_rng((seed, stream, block))
        shape = (min(SEED_BLOCK, start + n - block * SEED_BLOCK), dim)
        if prior == "normal":
            blocks.append(rng.standard_normal(shape, dtype=np.float32))
        else:
            low, high = UNIFORM[prior]
            blocks.append(rng.random(shape, dtype=np.float32) * (high - low) + low)
    first = start % SEED_BLOCK
    return np.concatenate(blocks)[first : first + n]
