"""What a file is when it is not a generator: from its first bytes, and from the weights in it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from ganatomy.errors import CheckpointError, MissingFileError
from ganatomy.generators.checkpoints.layouts import natural
from ganatomy.generators.checkpoints.legacy import MAGIC_BYTES

_BEGINNINGS = {
    b"\x89PNG": "is a PNG image, not a file of weights",
    b"\xff\xd8\xff": "is a JPEG image, not a file of weights",
    b"\x1f\x8b": "is a gzip archive; unpack it first",
    b"version https://git-lfs": "is a Git LFS pointer, not the file itself; fetch that with `git lfs pull`",
    b"PAR1": "is a Parquet table, not a file of weights",
    b"\x93NUMPY": "is a NumPy array, not a file of weights",
}
SAVED_MODEL = (
    "is a SavedModel of TensorFlow, which is a program and not read; convert it: pip install tf2onnx, then "
    "python -m tf2onnx.convert --saved-model FOLDER --output generator.onnx; or, where Keras wrote it, "
    "pip install tf-keras, then python -c \"import tf_keras as k; k.models.load_model('FOLDER').save('generator.h5')\""
)
"""What a SavedModel is told to be, and how it becomes a file that is read."""
_TEXT_PICKLE = re.compile(rb"c[\w.]+\n[\w.]+\n|\((dp\d|lp\d|[dlit(cS]|p\d)|[\]}]\(?q")
"""How pickles of the first two protocols begin, which have no mark of their own."""


def first_bytes(path: Path) -> bytes:
    """How a file begins, as much as `what_is` needs.

    Raises:
        MissingFileError: when there is no such file.
        CheckpointError: when it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(512)
    except FileNotFoundError:
        raise MissingFileError(f"{path} does not exist") from None
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}") from None


def what_is(head: bytes, ending: str) -> str:  # noqa: PLR0911 - one for each kind
    """The kind of file, one of `READERS`, or words that say what a file that begins so is instead."""
    if not head:
        return "is empty"
    known = next((words for beginning, words in _BEGINNINGS.items() if head.startswith(beginning)), None)
    if known:
        return known
    if ending == ".pb" or b"saved_model_schema_version" in head or b"SavedModel" in head:
        return SAVED_MODEL
    # ONNX is a protobuf whose first field is a small version number.
    if ending == ".onnx" or (head[0] == 8 and head[1:2] < b"\x20" and head[2:3] in (b"\x12", b"\x1a", b"B")):
        return "onnx"
    if ending == ".json" or head.lstrip()[:1] == b"{":
        return "tfjs"
    if len(head) > 8 and head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 2**40:
        return "safetensors"
    if head.startswith(b"\x89HDF"):
        return "hdf5"
    if head.startswith(b"PK"):
        return _what_archive_is(head)
    if MAGIC_BYTES in head[:24]:
        return "torch"
    if head[257:262] == b"ustar":
        return "is a tar archive, as PyTorch wrote before 0.1.10 and others do; unpack it, or save its weights anew"
    if head.startswith(b"\x80") or _TEXT_PICKLE.match(head):
        return "pickle"
    return "is of no format that holds weights; read are PyTorch, NumPy, Keras, TensorFlow.js, ONNX and safetensors"


def _what_archive_is(head: bytes) -> str:
    """Whose zip archive it is, by the first name in it."""
    length = int.from_bytes(head[26:28], "little")
    name = head[30 : 30 + length]
    if name.endswith(b".npy"):
        return "npz"
    return "keras" if name in (b"metadata.json", b"config.json", b"model.weights.h5") else "torch"


def what_these_are(state: Mapping[str, Tensor]) -> str | None:
    """What weights are of when their network takes images, and how that shows; None when it does not."""
    for names in (list(state), sorted(state, key=natural)):
        weights = [state[name] for name in names if state[name].ndim in (2, 4)]
        if not weights:
            return None
        first, last = weights[0], weights[-1]
        images = (
            first.shape[1] in (1, 3) and first.shape[0] > 3 if first.ndim == 4 else _is_image(first.shape[1])
        )
        if images:
            outputs = last.shape[0]
            if outputs == 1:
                return "a discriminator: it takes images, and its last layer gives 1 number for each"
            if not _is_image(outputs) and outputs not in (1, 3):
                return f"a classifier: it takes images, and its last layer gives {outputs} numbers for each"
            return "a network that takes images, not codes"
    return None


_UNREAD = (
    (r"(.*\.)?(to_)?initial_block(\.weight)?$", "a StyleGAN2 of lucidrains's stylegan2-pytorch",
     "has styles that are added to 1, bilinear resampling and one map of noise for all layers"),
    (r"(generator\.)?(gen_z\.weight(_orig)?|layers\.\d+\.bn_0\.running_means)$", "a BigGAN-deep of Hugging Face",
     "normalises by the class and adds branches"),
    (r"blocks\.\d+\.\d+\.bn1\.(gain|bias)\.weight(_orig)?$", "a BigGAN", "normalises by the class and adds branches"),
    (r"block\d+\.(c_sc|conv_sc|shortcut)\.weight(_orig)?$", "a residual generator, such as SNGAN's",
     "adds branches around its blocks"),
)  # fmt: skip
"""Generators of others that are known and not read: a name among their weights, what they are, and why."""


def unread_generator(state: Mapping[str, Tensor]) -> str | None:
    """What generator of another family these weights are of, and why it is not read; None for others.

    Args:
        state: weights by name.

    Example:
        >>> import torch
        >>> unread_generator({"GAN.G.initial_block": torch.zeros(1, 8, 4, 4)}).partition(",")[0]
        "is a StyleGAN2 of lucidrains's stylegan2-pytorch"
    """
    for pattern, what, why in _UNREAD:
        if any(re.match(pattern, name) for name in state):
            return (
                f"is {what}, which {why}, so no architecture here computes it; build it by its authors' code and give "
                "the module to ganatomy.wrap, or export it as ONNX"
            )
    return None


def _is_image(length: int) -> bool:
    """Whether so many numbers can be a square image of one or three channels."""
    return (
        any(length == channels * math.isqrt(length // channels) ** 2 for channels in (1, 3)) and length >= 256
    )
