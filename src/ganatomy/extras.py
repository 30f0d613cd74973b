"""How to install what a feature needs and the package does not bring."""

from __future__ import annotations

CPU_WHEELS = "https://download.pytorch.org/whl/cpu"
"""PyTorch's own index of builds without CUDA."""


def install_line(extra: str) -> str:
    """The command that installs an extra, and keeps a PyTorch without CUDA as it is.

    Some extras ask for torchvision, with which pip would bring gigabytes of CUDA from the usual index.

    Example:
        >>> install_line("umap").startswith("pip install 'ganatomy[umap]'")
        True
    """
    import torch  # seconds, which only whoever misses something pays for

    line = f"pip install 'ganatomy[{extra}]'"
    return line if torch.version.cuda else f"{line} --extra-index-url {CPU_WHEELS}"
