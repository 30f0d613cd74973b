"""Torchvision, which optional libraries need, imported also where its binary part does not fit this build of torch."""

from __future__ import annotations

from functools import cache

import torch


@cache
def import_torchvision() -> None:
    """Import torchvision, or declare what its Python part refuses to be imported without.

    That is two operators of the binary part. Nothing here calls them, so it is enough that they are declared. Without
    torchvision nothing happens.
    """
    try:
        import torchvision  # pyright: ignore[reportMissingImports]  (comes with the extras)
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        for name in ("nms", "qnms"):
            _DECLARED.define(name + "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        import torchvision  # noqa: F401  # pyright: ignore[reportMissingImports]
    except ImportError:
        return


_DECLARED = torch.library.Library("torchvision", "FRAGMENT")
"""Declarations last as long as the library that made them."""
