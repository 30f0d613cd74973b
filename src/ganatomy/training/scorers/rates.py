"""Learning rates by layer: what a trunk has learnt elsewhere changes less, the more so the earlier its layers are."""

from __future__ import annotations

from typing import Any

from torch import nn

from ganatomy.perception.attribute_model import AttributeModel
from ganatomy.perception.backbones import BackboneNetwork, import_timm


def parameter_groups(
    network: AttributeModel, *, rate: float, layer_decay: float, weight_decay: float, frozen: bool = False
) -> list[dict[str, Any]]:
    """Groups of parameters for an optimizer, each with its rate.

    Howard and Ruder 2018 (discriminative rates).

    Args:
        network: whose parameters they are.
        rate: of the heads.
        layer_decay: rate of each layer of the trunk, as a share of that of the next one.
        weight_decay: of all parameters; with rates by layer of matrices and kernels alone.
        frozen: whether the trunk is left out.

    Example:
        >>> from ganatomy.perception import AttributeConfig, AttributeNetwork
        >>> network = AttributeNetwork(AttributeConfig(attributes=("Smiling",)))
        >>> groups = parameter_groups(network, rate=0.1, layer_decay=0.5, weight_decay=0)
        >>> [group["lr"] for group in groups]
        [0.00625, 0.0125, 0.025, 0.05, 0.1]
    """
    if layer_decay == 1 and not frozen:
        return [{"params": list(network.parameters()), "lr": rate, "weight_decay": weight_decay}]
    inside = {id(parameter) for parameter in network.trunk.parameters()}
    heads = [parameter for parameter in network.parameters() if id(parameter) not in inside]
    last = [{"params": heads, "lr": rate, "weight_decay": weight_decay}]
    if frozen:
        return last
    if isinstance(network, BackboneNetwork):
        return _of_timm(network.trunk, rate, layer_decay, weight_decay) + last
    layers = list(network.trunk.children())
    return [
        {
            "params": list(layer.parameters()),
            "lr": rate * layer_decay ** (len(layers) - place),
            "weight_decay": weight_decay,
        }
        for place, layer in enumerate(layers)
    ] + last


def _of_timm(
    backbone: nn.Module, rate: float, layer_decay: float, weight_decay: float
) -> list[dict[str, Any]]:
    """Groups by timm, which knows the order of the layers of its architectures."""
    import_timm()
    from timm.optim import param_groups_layer_decay  # pyright: ignore[reportMissingImports, reportPrivateImportUsage]

    groups = param_groups_layer_decay(backbone, weight_decay=weight_decay, layer_decay=layer_decay)
    return [
        {"params": group["params"], "lr": rate * group["lr_scale"], "weight_decay": group["weight_decay"]}
        for group in groups
        if group["params"]
    ]
