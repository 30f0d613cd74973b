"""Where networks run: the one check of a device's name."""

from __future__ import annotations

from ganatomy.errors import SettingError


def usable_device(name: str) -> str:
    """The device of that name, once it has held a number; for "auto" a GPU where there is one.

    Args:
        name: cpu, cuda, cuda:1, mps or auto.

    Raises:
        SettingError: for a device that this machine does not have.

    Example:
        >>> usable_device("cpu")
        'cpu'
    """
    import torch  # here, because the help of commands does not wait for it

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.zeros(1, device=name)
    except (
        RuntimeError,
        AssertionError,
        NotImplementedError,
        TypeError,
    ) as error:  # torch raises any of these
        kind = str(name).partition(":")[0]
        if kind == "gpu":
            reason = "a GPU is called cuda or mps"
        elif kind not in ("cpu", "cuda", "mps"):
            reason = "devices are cpu, cuda, cuda:1 and mps"
        elif str(error).startswith("Invalid device"):
            reason = "after the colon stands the number of a GPU, from 0"
        else:
            reason = f"this machine, or its PyTorch, has no {name}"
        raise SettingError(
            f"device {name!s:.40} cannot be used: {reason}; leave it out, or use cpu"
        ) from None
    return name
