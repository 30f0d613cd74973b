"""Latents, directions and other tensors as safetensors files, with the generator that they belong to in the metadata.

A file holds tensors and three strings: `kind` names its content, `format` counts changes of the layout, and `facts` is
a JSON object with everything else. Numbers that JSON lacks (nan, inf) are written as strings. A file is written
completely or not at all.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from ganatomy.arguments import a_file, instance, not_finite
from ganatomy.errors import CheckpointError, GanatomyError
from ganatomy.latents import Direction, Directions, Latents, Space
from ganatomy.reading import parse_json
from ganatomy.rounding import widened
from ganatomy.writing import atomic_write

Network = TypeVar("Network", bound=nn.Module)

FORMAT = 1
LOADERS = {
    "latents": "load_latents",
    "directions": "load_directions",
    "jacobians": "load_survey",
    "panel": "load_panel",
    "transfer network": "TransferNetwork.load",
    "inversion": "prepare_inversion",
    "encoder": "EncoderNetwork.load",
}
"""The kinds of file, and the function that reads each."""


def save_latents(latents: Latents, path: str | os.PathLike[str]) -> Path:
    """Write codes, their class labels, space and fingerprint; dtype and every bit are kept.

    Returns:
        The path.

    Raises:
        OutputError: when the file cannot be written.

    Example::

        ga.save_latents(generator.sample(8, seed=7, space="w"), "eight.latents")
    """
    instance("latents", latents, Latents, 'write ganatomy.Latents(codes=tensor, space="z")')
    tensors = {"codes": latents.codes}
    if latents.labels is not None:
        tensors["labels"] = latents.labels
    facts = {
        "space": str(latents.space),
        "num_layers": latents.num_layers,
        "fingerprint": latents.fingerprint,
    }
    return save_tensors("latents", tensors, facts, path)


def load_latents(path: str | os.PathLike[str]) -> Latents:
    """Read the codes that `save_latents` wrote.

    Returns:
        The same latents, on the CPU.

    Raises:
        MissingFileError: when there is no such file.
        CheckpointError: when it holds anything else, or codes that are not finite; the message says what.

    Example::

        latents = ga.load_latents("eight.latents")
    """
    tensors, facts = load_tensors("latents", path)
    with parsing(path):
        codes, labels = _numbers(tensors, "codes"), tensors.get("labels")
        if labels is not None and (labels.ndim != 2 or len(labels) != len(codes)):
            raise ValueError(f"{len(codes)} codes have labels of shape {list(labels.shape)}")
        latents = Latents(
            codes=codes,
            labels=labels,
            space=Space.parse(facts["space"]),
            num_layers=facts["num_layers"],
            fingerprint=facts["fingerprint"],
        )
    if broken := not_finite(codes):
        raise CheckpointError(
            f"{path}: row {broken[0]} of {len(codes)} codes is not finite, so no image can be made; leave it out"
        )
    return latents


LATER_FACTS = ("held", "step")
"""What directions of earlier versions lacked."""


def save_directions(directions: Directions, path: str | os.PathLike[str]) -> Path:
    """Write a set of directions with every field of each; dtypes and every bit are kept.

    Returns:
        The path.

    Raises:
        OutputError: when the file cannot be written.

    Example::

        ga.save_directions(ga.regression(survey), "faces.directions")
    """
    instance("directions", directions, Directions, "methods such as ganatomy.regression find them")
    items = [
        {
            "name": direction.name,
            "space": str(direction.space),
            "intercept": _to_json(direction.intercept),
            "sigma": _to_json(direction.sigma),
            "slope": _to_json(direction.slope),
            "step": _to_json(direction.step),
            "held": list(direction.held),
            "auc": _to_json(direction.auc),
            "layers": direction.layers,
            "method": direction.method,
            "seed": direction.seed,
            "fingerprint": direction.fingerprint,
        }
        for direction in directions
    ]
    tensors = {f"vector.{index}": direction.vector for index, direction in enumerate(directions)}
    return save_tensors("directions", tensors, {"directions": items}, path)


def load_directions(path: str | os.PathLike[str]) -> Directions:
    """Read the directions that `save_directions` wrote, in their order.

    Returns:
        The same directions, on the CPU.

    Raises:
        MissingFileError: when there is no such file.
        CheckpointError: when it holds anything else; the message says what.

    Example::

        smile = ga.load_directions("faces.directions")["Smiling"]
    """
    tensors, facts = load_tensors("directions", path)
    with parsing(path):
        whole = [item for item in facts["directions"] if "sigma" in item]
        lacking = {name for item in whole for name in LATER_FACTS if name not in item}
    if lacking:
        raise CheckpointError(
            f"{path} was written by an earlier ganatomy, whose directions had no {', '.join(sorted(lacking))}; make it "
            "again, as with `ganatomy directions SURVEY -o FILE`"
        )
    with parsing(path):
        return Directions(
            Direction(
                vector=_numbers(tensors, f"vector.{index}"),
                name=item["name"],
                space=Space.parse(item["space"]),
                intercept=float(item["intercept"]),
                sigma=_deviation(item["sigma"]),
                slope=float(item["slope"]),
                step=float(item["step"]),
                held=tuple(map(str, item["held"])),
                auc=float(item["auc"]),
                layers=None if item["layers"] is None else (item["layers"][0], item["layers"][1]),
                method=item["method"],
                seed=item["seed"],
                fingerprint=item["fingerprint"],
            )
            for index, item in enumerate(facts["directions"])
        )


def read_kind(path: str | os.PathLike[str]) -> str:
    """The kind of a file that `save_tensors` wrote, one of `LOADERS`, from its metadata.

    Raises:
        MissingFileError: when there is no such file.
        CheckpointError: when `save_tensors` did not write it.
    """
    with _opened(path) as file:
        return _kind(file, path)


def tensor_file(tensors: dict[str, Tensor], metadata: dict[str, str]) -> bytes:
    """The bytes of a safetensors file: the same for the same tensors and metadata, whose order safetensors shuffles.

    >>> one, two = (tensor_file({}, {"a": "1", "b": "2", "c": "3"}) for _ in range(2))
    >>> one == two
    True
    """
    written = save(tensors, metadata)
    end = 8 + int.from_bytes(written[:8], "little")
    header = json.loads(written[8:end])
    header = {"__metadata__": dict(sorted(header.pop("__metadata__", {}).items())), **header}
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + written[end:]


def save_tensors(
    kind: str, tensors: dict[str, Tensor], facts: dict[str, Any], path: str | os.PathLike[str]
) -> Path:
    """Write tensors and facts as a file.

    Args:
        kind: of the file, one of `LOADERS`.
        facts: whatever JSON can hold.

    Raises:
        OutputError: when the file cannot be written.
    """
    # Clones, for safetensors refuses tensors that share memory.
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    metadata = {
        "kind": f"ganatomy {kind}",
        "format": str(FORMAT),
        "facts": json.dumps(facts, allow_nan=False),
    }
    with atomic_write(path) as part:
        part.write_bytes(tensor_file(tensors, metadata))
    return Path(path)


def load_tensors(kind: str, path: str | os.PathLike[str]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and facts that `save_tensors` wrote as this kind.

    Raises:
        MissingFileError: when there is no such file.
        CheckpointError: when it holds anything else.
    """
    with _opened(path) as file:
        found = _kind(file, path)
        if found != kind:
            raise CheckpointError(f"{path} holds {found}, not {kind}; read it with {LOADERS[found]}")
        with parsing(path):
            facts = parse_json(file.metadata()["facts"])
            if not isinstance(facts, dict):
                raise TypeError("its facts are not an object")
            names = list(file.keys())
            return widened({name: file.get_tensor(name) for name in names}), facts


def load_network(
    kind: str, path: str | os.PathLike[str], build: Callable[[dict[str, Any]], Network]
) -> Network:
    """A network whose weights and config `save_tensors` wrote as this kind, ready to use.

    Args:
        build: from the config to a network with any weights.

    Raises:
        MissingFileError: when there is no such file.
        CheckpointError: when it holds something else, or is damaged.
    """
    state, facts = load_tensors(kind, path)
    with parsing(path):
        with torch.device("meta"):  # sizes that a file only claims take no memory
            network = build(facts["config"])
        network.load_state_dict(state, strict=True, assign=True)
        if not all(tensor.is_floating_point() and bool(tensor.isfinite().all()) for tensor in state.values()):
            raise ValueError("its weights are not all finite numbers of floating point")
    return network.float().eval().requires_grad_(False)


def _kind(file: Any, path: str | os.PathLike[str]) -> str:
    """The kind of an open safetensors file, whose format this version can read."""
    metadata = file.metadata() or {}
    maker, _, kind = metadata.get("kind", "").partition(" ")
    if maker != "ganatomy" or kind not in LOADERS:
        names = list(file.keys())
        inside = f"{len(names)} tensors, {names[0]!r} first" if names else "no tensors"
        raise CheckpointError(
            f"{path} is a safetensors file that holds none of {', '.join(LOADERS)} ({inside}); "
            "give a file that `save_latents` or `save_directions` wrote"
        )
    version = metadata.get("format", "")
    if not version.isdecimal() or int(version) > FORMAT:
        raise CheckpointError(
            f"{path} has format {version or 'unknown'}, this ganatomy reads formats up to {FORMAT}; install a newer one"
        )
    return kind


@contextlib.contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[Any]:
    """The safetensors file at this path; raises MissingFileError or CheckpointError where there is none."""
    path = a_file(path)
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path} is not a whole safetensors file ({error}); it may be cut short or of another format"
        ) from None


@contextlib.contextmanager
def parsing(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turns every error that a damaged file causes in the block into one CheckpointError that names the file."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, RuntimeError, GanatomyError) as error:
        raise CheckpointError(
            f"{path} is damaged ({type(error).__name__}: {error}); write it again"
        ) from error


def _numbers(tensors: dict[str, Tensor], name: str) -> Tensor:
    """A tensor of a file; raises TypeError unless its dtype is one of codes and vectors."""
    found = tensors[name]
    if found.dtype not in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        raise TypeError(
            f"{name} is {found.dtype}; codes and vectors are float16, bfloat16, float32 or float64"
        )
    return found


def _deviation(value: Any) -> float:
    """A standard deviation: nan where it is unknown, 0 where codes do not differ."""
    found = float(value)
    if found < 0 or math.isinf(found):
        raise ValueError(f"sigma is {found}, and no standard deviation is")
    return found


def _to_json(number: float) -> float | str:
    return float(number) if math.isfinite(number) else str(float(number))
