"""Where a stopped run goes on: its state in one file, with the facts that it must be resumed under."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ganatomy.errors import CheckpointError, OutputError
from ganatomy.writing import atomic_write


def save_state(state: Mapping[str, Any], facts: Mapping[str, Any], path: Path) -> None:
    """Write a run whole or not at all.

    Raises:
        OutputError: when the file cannot be written.
    """
    with atomic_write(path) as part:
        try:
            torch.save({**state, "facts": json.dumps(facts)}, part)
        except RuntimeError as error:  # how torch reports a full disk
            raise OutputError(f"{path} cannot be written: {error}") from None


def load_state(facts: Mapping[str, Any], path: Path, *, device: str = "cpu") -> dict[str, Any]:
    """The state of a run that was trained under the same facts.

    Raises:
        CheckpointError: when it was trained under others, or cannot be read; both say what to do.
    """
    try:
        state = torch.load(path, map_location=device, weights_only=True)
        found = json.loads(state["facts"])
    except Exception as error:  # noqa: BLE001 (torch raises many kinds for a damaged file)
        raise CheckpointError(
            f"{path} is not a checkpoint of a training run ({error}); train into another folder"
        ) from None
    known = json.loads(json.dumps(facts))
    changed = [name for name in known if found.get(name) != known[name]]
    if changed:
        raise CheckpointError(
            f"{path} was made with other settings ({', '.join(changed)} differ); train into another folder"
        )
    return state


def write_facts(facts: Mapping[str, Any], path: Path) -> None:
    """Write what a run or a study was started with as JSON, whole or not at all.

    Raises:
        OutputError: when the file cannot be written.
    """
    with atomic_write(path) as part:
        part.write_text(json.dumps(facts, indent=2), encoding="utf-8")
