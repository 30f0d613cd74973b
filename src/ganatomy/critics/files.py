"""Critics by name or file: ours as safetensors, those of others out of whatever file of weights they lie in."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from ganatomy.critics.base import Critic
from ganatomy.critics.equalised import EqualisedCritic
from ganatomy.critics.informed import InformedCritic
from ganatomy.critics.multiscale import MultiscaleCritic
from ganatomy.critics.residual import ResidualCritic
from ganatomy.critics.strided import StridedCritic
from ganatomy.errors import CheckpointError, MissingFileError, SettingError, UnknownNameError, in_file
from ganatomy.generators.checkpoints import Checkpoint, read_checkpoint
from ganatomy.reading import parse_json
from ganatomy.rounding import narrowed
from ganatomy.storage import tensor_file
from ganatomy.writing import atomic_write
from ganatomy.zoo import MODELS, find_bundled

KIND = "critic"
FORMAT = "1"
NETWORKS = ("critic", "discriminator", "netD", "D", "dis", "disc", "model_D", "discriminator_state_dict", "d")
"""What training scripts call it, where they save it beside the generator."""


def critic(spec: str | os.PathLike[str], *, network: str | None = None) -> Critic:
    """The critic of a bundled model, or the one in a file. Nothing in the file is run.

    ```
    critic("digits")                     # the one that the bundled generator was trained against
    critic("discriminator.pt")           # of the DCGAN family
    critic("checkpoint.pt", network="D") # one of several networks
    ```

    Args:
        network: its name in a file that holds several; by default it is looked for under the usual ones.

    Raises:
        UnknownNameError: for a name that is no bundled model. SettingError: for a bundled model without its critic.
        MissingFileError, CheckpointError: when there is no such file, or it holds no discriminator that can be read.

    Example::

        judged = ga.critic("digits")
        print(judged(ga.load("digits")(ga.load("digits").sample(4))))
    """
    path = Path(spec)
    bundled = find_bundled(str(spec))
    if bundled is not None and not path.exists():
        path = bundled.critic
        if not path.exists():
            having = ", ".join(name for name, model in MODELS.items() if model.critic.exists())
            raise SettingError(
                f"{spec} comes without its critic; give the file of a discriminator, or take {having}"
            )
    elif not path.exists() and not path.suffix and path.parent == Path():
        raise UnknownNameError("critic", str(spec), MODELS)
    elif not path.exists():
        raise MissingFileError(f"{path} does not exist; give the file of a discriminator")
    found = _read(path, network)
    with in_file(path):
        built = _build(found)
    return built.eval().requires_grad_(False)


def save_critic(
    critic: MultiscaleCritic,
    path: str | os.PathLike[str],
    *,
    card: Mapping[str, Any] | None = None,
    bits: int = 16,
) -> Path:
    """Write a critic of this project, whole or not at all.

    Args:
        card: how it was made, kept as JSON.
        bits: of the numbers of matrices: 32, 16, or 8 to 4.

    Raises:
        OutputError: when the place cannot be written.
    """
    tensors = narrowed(critic.state_dict(), bits)
    metadata = {
        "kind": KIND,
        "format": FORMAT,
        "settings": json.dumps(critic.settings),
        "card": json.dumps(dict(card or {})),
    }
    with atomic_write(path) as part:
        part.write_bytes(tensor_file(tensors, metadata))
    return Path(path)


def _read(path: Path, network: str | None) -> Checkpoint:
    """The weights of the critic in a file: under the name that is given, a usual one, or all that is there."""
    if network is not None:
        return read_checkpoint(path, network=network)
    whole = _attempt(path, None)
    if isinstance(whole, Checkpoint) and "kind" in whole.metadata:
        return whole
    for name in NETWORKS:
        found = _attempt(path, name)
        if isinstance(found, Checkpoint):
            return found
    if isinstance(whole, CheckpointError):
        raise whole
    return whole


def _attempt(path: Path, network: str | None) -> Checkpoint | CheckpointError:
    try:
        return read_checkpoint(path, network=network)
    except CheckpointError as error:
        return error


def _build(found: Checkpoint) -> Critic:
    if "kind" in found.metadata:
        return _ours(found)
    state = dict(found.state)
    for name, read in (("from_rgb4.weight", _multiscale), ("from_rgb.weight", _residual)):
        if name in state:
            return _filled(read(state), state)
    if "from_image4.weight" in state:
        raise CheckpointError(
            "is a critic that fades in, which can only be trained on; take another family's"
        )
    return StridedCritic(state)


def _ours(found: Checkpoint) -> Critic:
    if found.metadata["kind"] != KIND:
        raise CheckpointError(f"holds a {found.metadata['kind']}, not a critic")
    if found.metadata.get("format") != FORMAT:
        raise CheckpointError(
            f"is of format {found.metadata.get('format')}; this ganatomy reads format {FORMAT}"
        )
    try:
        settings = parse_json(found.metadata["settings"])
        built = MultiscaleCritic(**(settings | {"widths": tuple(settings["widths"])}))
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"has damaged metadata: {error}") from None
    return _filled(built, found.state)


def _multiscale(state: Mapping[str, Tensor]) -> MultiscaleCritic:
    """A fresh critic as a training run of this project built the one with these weights."""
    widths, resolution = [], 4
    while f"from_rgb{resolution}.weight" in state:
        widths.append(len(state[f"from_rgb{resolution}.weight"]))
        resolution *= 2
    channels = state["from_rgb4.weight"].shape[1]
    if "codes.weight" in state:
        # Categories and continuous codes are read by one layer, which does not say where the latter begin.
        return InformedCritic(tuple(widths), channels, categories=len(state["codes.weight"]), codes=0)
    return MultiscaleCritic(tuple(widths), channels, num_classes=_classes(state))


def _residual(state: Mapping[str, Tensor]) -> ResidualCritic:
    widths, resolution = [], 8
    while f"down{resolution}.conv1.weight" in state:
        widths.append(len(state[f"down{resolution}.conv1.weight"]))
        resolution *= 2
    last, channels = state["from_rgb.weight"].shape[:2]
    return ResidualCritic((*widths, last), channels, num_classes=_classes(state))


def _classes(state: Mapping[str, Tensor]) -> int:
    return state["embed.weight"].shape[1] if "embed.weight" in state else 0


def _filled(built: EqualisedCritic, state: Mapping[str, Tensor]) -> EqualisedCritic:
    try:
        built.load_state_dict(dict(state))
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise CheckpointError(f"has weights that do not fit together: {reason}") from None
    return built
