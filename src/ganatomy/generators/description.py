"""What can be said of a generator at once: its sizes, what an image costs, where it came from, and what is unusual."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from ganatomy.generators.base import Generator, Signature
from ganatomy.generators.guesses import Guess
from ganatomy.generators.onnx_graph import OnnxGenerator
from ganatomy.generators.origin import Origin
from ganatomy.latents import Latents, Space

IN_SIGNATURE = {"z_dim", "w_dim", "channels", "num_classes", "num_layers", "prior", "resolution", "width"}
"""Settings that the signature shows already."""


KINDS = {1: " grey", 2: " grey with alpha", 4: " RGB with alpha"}
"""What images of so many channels are, where they are not RGB."""
SHOWN = 12
"""Names of classes that one line has room for."""

AT_ONCE = 128
"""Pixels a side of images that take less time to make than to import torch's compiler."""


@dataclass(frozen=True, kw_only=True)
class Description:
    """A generator in numbers.

    Args:
        flops: floating point operations (two for each multiplication with addition) of matrix products and
            convolutions on the way from one z to its image; None for a graph that others run.
        file_size: bytes of the file that it was loaded from; None where there was none.
        settings: how it is built, beside what its signature says.
        notes: what is unusual, in sentences.
        guesses: what the file does not say.
    """

    signature: Signature
    parameters: int
    flops: int | None
    fingerprint: str
    origin: Origin | None
    file_size: int | None
    settings: dict[str, Any]
    notes: tuple[str, ...]
    guesses: tuple[Guess, ...] = ()

    def __str__(self) -> str:
        it, origin = self.signature, self.origin
        what = [
            it.architecture,
            it.pixels + KINDS.get(it.channels, ""),
            f"z {it.z_dim}" + (f" {it.prior}" if it.prior != "normal" else ""),
            f"w {it.w_dim} x {it.num_layers} layers"
            if it.num_layers
            else f"w {it.w_dim}"
            if it.w_dim
            else "",
            f"{it.num_classes} classes{_names(it.class_names)}" if it.num_classes else "",
            f"spaces {' '.join(it.spaces)}",
            origin.source.kind if origin else "",
            f"sha256 {self.fingerprint[:12]}",
        ]
        costs = [
            f"{self.parameters / 1e6:.3g} M parameters",
            "" if self.flops is None else f"{self.flops / 1e9:.3g} GFLOP an image",
            f"{(self.file_size or 0) / 1e6:.1f} MB {origin.format}" if origin else "",
            f"licence {origin.licence or 'unknown'}" if origin else "",
        ]
        # Long lists, such as the layers of a stack, say nothing at a glance.
        settings = [
            f"{name} {value}" for name, value in self.settings.items() if isinstance(value, str | int | float)
        ]
        about = str(origin.card.get("about", "")) if origin else ""
        lines = [" · ".join(filter(None, parts)) for parts in (what, costs, settings)]
        remarks = [*(f"guess: {guess}" for guess in self.guesses), *(f"note: {note}" for note in self.notes)]
        return "\n".join(filter(None, [*lines, about, *remarks]))


def describe(generator: Generator) -> Description:
    """Everything that `ganatomy info` shows; nothing is drawn, and weights are read once, for the fingerprint.

    Example::

        print(ga.describe(ga.load("faces")))
    """
    origin = generator.origin
    settings = generator.settings or {}
    return Description(
        signature=generator.signature,
        parameters=generator.num_parameters,
        flops=count_flops(generator),
        fingerprint=generator.fingerprint,
        origin=origin,
        file_size=origin.source.path.stat().st_size if origin else None,
        settings={name: value for name, value in settings.items() if name not in IN_SIGNATURE},
        notes=(*(origin.notes if origin else ()), *_unusual(generator)),
        guesses=generator.guesses,
    )


def count_flops(generator: Generator) -> int | None:
    """Floating point operations for one image, of matrix products and convolutions as the paper writes them.

    None for a generator that PyTorch does not run.
    """
    if isinstance(generator, OnnxGenerator):
        return None
    if generator.settings is None:
        return _count_one(generator)  # code of a user's, which may not be copied
    # Weights that learn: no short cut is taken that saves operations on this machine.
    model = copy.deepcopy(generator).requires_grad_(True)
    if generator.signature.resolution > AT_ONCE:
        # Shapes flow through torch's meta device, where nothing is computed; but that imports torch's compiler.
        with contextlib.suppress(RuntimeError):  # for an architecture that looks at numbers on its way
            return _count_one(copy.deepcopy(model).to("meta"))
    return _count_one(model)


def _count_one(model: Generator) -> int:
    it = model.signature
    numbers = {"device": model.device, "dtype": model.dtype}
    latents = Latents(
        codes=torch.zeros(1, it.z_dim, **numbers),
        space=Space.Z,
        num_layers=it.num_layers,
        labels=torch.zeros(1, it.num_classes, **numbers) if it.num_classes else None,
    )
    with _FlopCounter() as counter, torch.enable_grad():
        # Not by `map` and `forward`, which want a fingerprint: weights without numbers have none.
        if it.spaces[-1] is not Space.Z:
            latents = model.map_codes(latents, it.spaces[-1], truncation_psi=1.0, truncation_cutoff=None)
        model.synthesize(latents)
    return counter.total


class _FlopCounter(TorchDispatchMode):
    """Adds up what torch's own formulas say of each operation.

    Torch's `FlopCounterMode` gives the same sums, but imports the compiler: two seconds more for `ganatomy info`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # there is nothing compiled here to protect

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        formula = flop_registry.get(func.overloadpacket)
        if formula is not None:
            self.total += formula(*args, **kwargs, out_val=result)
        return result


def _names(names: Sequence[str]) -> str:
    if not names:
        return ""
    return f" ({', '.join(names[:SHOWN])}{', ...' if len(names) > SHOWN else ''})"


def _unusual(generator: Generator) -> Iterator[str]:
    origin, state = generator.origin, generator.state_dict()
    w_avg: Tensor | None = state.get("mapping.w_avg")
    if w_avg is not None and not w_avg.any():
        yield "its mean w is all zeros, so truncation_psi draws towards zero and not towards a mean image"
    recorded = None if origin is None or origin.prior_given else origin.recorded_fingerprint
    if recorded and recorded != generator.fingerprint:
        yield f"its fingerprint is not the one that the file records ({recorded[:12]}): the weights were changed"
