"""Attribute networks of either kind, out of files and folders."""

from __future__ import annotations

import os
from pathlib import Path

from ganatomy.errors import CheckpointError, MissingFileError, SettingError
from ganatomy.perception.attribute_model import AttributeModel, read_weights
from ganatomy.perception.backbones import BackboneConfig, BackboneNetwork
from ganatomy.perception.network import AttributeConfig, AttributeNetwork

NetworkConfig = AttributeConfig | BackboneConfig

SCORER_FILE, JUDGE_FILE = "scorer.safetensors", "judge.safetensors"
"""What training writes into its folder."""


def build_network(config: NetworkConfig) -> AttributeModel:
    """An untrained network of this config.

    Raises:
        SettingError: for a backbone where timm is not installed. UnknownNameError: for one that timm does not have.
    """
    return BackboneNetwork(config) if isinstance(config, BackboneConfig) else AttributeNetwork(config)


def load_network(path: str | os.PathLike[str]) -> AttributeModel:
    """An attribute network from its file, small or on a backbone: the file says which.

    Raises:
        MissingFileError: when there is none. CheckpointError: when it holds something else, or is not whole.
        SettingError: when it needs a library that is not installed.
    """
    state, metadata = read_weights(path)
    ours = metadata.get("architecture") == BackboneNetwork.ARCHITECTURE
    try:
        return (BackboneNetwork if ours else AttributeNetwork).from_state(state, metadata)
    except (CheckpointError, SettingError) as error:
        raise type(error)(f"{path}: {error}") from None


def network_file(folder: Path, name: str) -> Path:
    """A network in a folder that training wrote.

    Raises:
        MissingFileError: when it is not there.
    """
    path = folder / name
    if not path.is_file():
        how = (
            "train with --folds 2"
            if name == JUDGE_FILE
            else "`ganatomy train attributes` writes such folders"
        )
        raise MissingFileError(f"{folder} holds no {name}; {how}, or give a file")
    return path
