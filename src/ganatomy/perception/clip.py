"""Text-image models of open_clip (an extra): CLIP and its kin, whose images and sentences share one space.

A model is spelled in one way everywhere, `clip:` and then one of

    ViT-B-32/laion2b_s34b_b79k        an architecture and the name of published weights, which are fetched once
    ViT-B-32-quickgelu/weights.pt     an architecture and a file of weights
    hf://org/name                     a repository of Hugging Face with an open_clip_config.json
    path/to/folder                    a folder with an open_clip_config.json and weights

Only tensors and JSON are read, never code: safetensors, or pickles through torch's `weights_only`.
"""

from __future__ import annotations

import json
import logging
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy, deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ganatomy.errors import CheckpointError, DownloadError, MissingFileError, SettingError, UnknownNameError
from ganatomy.extras import install_line
from ganatomy.images import opaque
from ganatomy.perception.base import fingerprint_of
from ganatomy.reading import parse_json
from ganatomy.zoo import hub
from ganatomy.zoo.hub import HubFile, HubReference

CLIP, PREFIX = "clip", "clip:"
DEFAULT = "clip:ViT-B-32/laion2b_s34b_b79k"
"""What a bare `clip` stands for: the smallest of the usual ones, open weights (MIT), 600 MB."""

CONFIG_FILE = "open_clip_config.json"
WEIGHTS_FILES = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
"""What repositories of open_clip call their weights."""


@runtime_checkable
class TextImageModel(Protocol):
    """What scores from words need: two encoders into one space, in which a cosine times `scale` is a logit."""

    name: str
    fingerprint: str
    scale: float

    def embed_images(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d"]:
        """Unit vectors of images in [-1, 1], with gradients to them."""
        ...

    def embed_texts(self, texts: Sequence[str]) -> Float[Tensor, "k d"]:
        """Unit vectors of sentences."""
        ...


class OpenClipModel:
    """A model of open_clip with its own tokenizer and its own preparation of images.

    Args:
        name: how it is spelled, so that it can be loaded again.
        config: what its network was built from.
    """

    def __init__(self, network: Any, tokenizer: Any, *, name: str, config: Mapping[str, Any]) -> None:
        self.network = network.eval().requires_grad_(False)
        self.tokenizer = tokenizer
        self.name = name
        prepared = network.visual.preprocess_cfg
        size = prepared["size"]
        self.size: tuple[int, int] = (size, size) if isinstance(size, int) else (size[0], size[1])
        self.cropped = prepared["resize_mode"] == "shortest"
        self.interpolation = "bilinear" if prepared["interpolation"] == "bilinear" else "bicubic"
        self.mean, self.std = tuple(prepared["mean"]), tuple(prepared["std"])
        self.scale = float(network.logit_scale.exp())
        facts = [config, self.size, self.cropped, self.interpolation, self.mean, self.std]
        state = sorted(network.state_dict().items())
        # One tensor at a time, so that large models are not in memory twice.
        tensors = [fingerprint_of(key, _bytes_of(tensor)) for key, tensor in state]
        self.fingerprint = fingerprint_of(json.dumps(facts, sort_keys=True, default=str), *tensors)

    def embed_images(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d"]:
        """Unit vectors of images in [-1, 1], with gradients to them."""
        return self.network.encode_image(self.prepare(images), normalize=True)

    def embed_texts(self, texts: Sequence[str]) -> Float[Tensor, "k d"]:
        """Unit vectors of sentences."""
        with torch.no_grad():
            tokens = self.tokenizer(list(texts)).to(self.network.logit_scale.device)
            return self.network.encode_text(tokens, normalize=True)

    def prepare(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n 3 h2 w2"]:
        """Images in [-1, 1] as the model saw its own: its size, antialiased, standardised; grey as RGB.

        All of it is torch, so that gradients flow. Pillow, which the model was trained with, differs by rounding.
        """
        images = opaque(images).to(self.network.logit_scale.device)
        size = _covering(tuple(images.shape[2:]), self.size) if self.cropped else self.size
        if tuple(images.shape[2:]) != size:
            images = F.interpolate(
                images, size, mode=self.interpolation, align_corners=False, antialias=True
            ).clamp(-1, 1)
        images = _middle(images, self.size)
        mean, std = (images.new_tensor(values)[:, None, None] for values in (self.mean, self.std))
        return ((images.expand(-1, 3, -1, -1) + 1) / 2 - mean) / std

    def to(self, device: str | torch.device) -> OpenClipModel:
        """The same model on another device."""
        moved = copy(self)
        moved.network = deepcopy(self.network).to(device)
        return moved


def is_clip(spec: str) -> bool:
    """Whether a text spells a text-image model."""
    return spec == CLIP or spec.startswith(PREFIX)


def short_name(spec: str) -> str:
    """A spelling without the folders of this machine, for people to read.

    >>> short_name("clip:ViT-B-32/openai"), short_name("clip:hf://org/name")
    ('clip:ViT-B-32/openai', 'clip:hf://org/name')
    >>> short_name("clip:/home/me/tiny"), short_name("clip:ViT-B-32//home/me/weights.pt")
    ('clip:tiny', 'clip:ViT-B-32/weights.pt')
    """
    rest = spec.removeprefix(PREFIX)
    if rest.startswith(hub.SCHEME) or not spec.startswith(PREFIX):
        return spec
    architecture, slashes, file = rest.partition("//")
    if slashes:
        return f"{PREFIX}{architecture}/{Path(file).name}"
    return PREFIX + (Path(rest).name if Path(rest).is_absolute() else rest)


def load_clip(spec: str = CLIP) -> OpenClipModel:
    """The model of that spelling (see above), on the CPU.

    Raises:
        SettingError: without open_clip, or without what the model's tokenizer needs, or when no weights are named.
        UnknownNameError: for an architecture, or weights of it, that open_clip does not have.
        MissingFileError, CheckpointError: for a folder or file that is not there, or not such a model.
        DownloadError: when weights are neither here nor to be had.
    """
    library = _library(spec)
    rest = (DEFAULT if spec == CLIP else spec).removeprefix(PREFIX)
    if rest.startswith(hub.SCHEME):
        return _from_hub(library, rest)
    path = Path(rest).expanduser()
    if os.path.isdir(path):  # noqa: PTH112 (bears names that are too long)
        return _from_folder(library, path, name=f"{PREFIX}{path.resolve()}")
    architecture, _, weights = rest.partition("/")
    if architecture in library.list_models():
        return _from_table(library, architecture, weights)
    if rest.startswith((".", "/", "~")) or os.path.exists(path):  # noqa: PTH110
        raise MissingFileError(
            f"{path} is no folder; give one that holds {CONFIG_FILE} and weights, or {PREFIX}ARCHITECTURE/{path.name}"
        )
    raise UnknownNameError("text-image model", architecture, library.list_models())


def _from_table(library: Any, architecture: str, weights: str) -> OpenClipModel:
    """An architecture that open_clip knows, with published weights or a file."""
    tags = library.list_pretrained_tags_by_model(architecture)
    if not weights:
        listed = ", ".join(f"{PREFIX}{architecture}/{tag}" for tag in tags[:3])
        raise SettingError(
            f"{PREFIX}{architecture} does not say which weights; give a file of them behind a slash"
            + (f", or one of {listed}" if tags else "")
        )
    published: dict[str, Any] = library.get_pretrained_cfg(architecture, weights) or {}
    name, path = f"{PREFIX}{architecture}/{weights}", Path(weights).expanduser()
    if published:
        organisation, repository, file = published["hf_hub"].split("/", 2)
        path = _fetch(HubReference(repo=f"{organisation}/{repository}", file=file or None)).path
    elif os.path.isfile(path):  # noqa: PTH113
        name = f"{PREFIX}{architecture}/{path.resolve()}"
    elif path.suffix or path.parent != Path():
        raise MissingFileError(f"{path} does not exist; it should hold weights of {architecture}")
    else:
        raise UnknownNameError(f"weights of {architecture}", weights, tags)
    # OpenAI trained with another activation than the architecture of that name has now.
    quick_gelu = bool(published.get("quick_gelu"))
    config = library.get_model_config(architecture)
    return OpenClipModel(
        _create(
            library,
            architecture,
            title=name,
            pretrained=str(path),
            force_quick_gelu=quick_gelu,
            force_preprocess_cfg={
                key: published[key]
                for key in ("mean", "std", "interpolation", "resize_mode")
                if published.get(key)
            },
        ),
        _tokenizer(library, architecture, config, title=name),
        name=name,
        config={**config, "quick_gelu": quick_gelu or config.get("quick_gelu", False)},
    )


def _from_hub(library: Any, text: str) -> OpenClipModel:
    """A repository; what it holds lies in Hugging Face's cache afterwards."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError

    reference = hub.parse_reference(text)
    if reference is None or reference.file:
        raise SettingError(f"{PREFIX}{text} names no repository; write {PREFIX}hf://org/name")
    found = _fetch(reference)
    try:
        # Of the commit that the weights are of; a commit that is in the cache is read without a network.
        config = hf_hub_download(reference.repo, CONFIG_FILE, revision=found.commit)
    except (EntryNotFoundError, HfHubHTTPError, OSError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DownloadError(
            f"{text} has no {CONFIG_FILE} that can be read ({reason}); give a repository of open_clip"
        ) from None
    return _from_folder(library, Path(config).parent, name=f"{PREFIX}{text}", repository=reference.repo)


def _from_folder(library: Any, folder: Path, *, name: str, repository: str | None = None) -> OpenClipModel:
    """A folder as `open_clip` writes it for the hub."""
    try:
        config = parse_json((folder / CONFIG_FILE).read_text(encoding="utf-8"))["model_cfg"]
    except FileNotFoundError:
        raise CheckpointError(f"{folder} holds no {CONFIG_FILE}; give a folder of open_clip") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"{folder / CONFIG_FILE} does not describe a model of open_clip: {type(error).__name__} {error}"
        ) from None
    network = _create(library, f"local-dir:{folder}", title=name)
    # A tokenizer of its own lies in the repository, but not in what was fetched of it.
    foreign = repository is not None and bool(config.get("text_cfg", {}).get("hf_tokenizer_name"))
    where = f"hf-hub:{repository}" if foreign else f"local-dir:{folder}"
    return OpenClipModel(network, _tokenizer(library, where, config, title=name), name=name, config=config)


def _fetch(reference: HubReference) -> HubFile:
    """The weights of a repository, safetensors where there are any; raises DownloadError where there are none."""
    named = reference.file and (reference.file.replace(".bin", ".safetensors"), reference.file)
    refusals: list[DownloadError] = []
    for file in dict.fromkeys(named or WEIGHTS_FILES):
        try:
            return hub.fetch(replace(reference, file=file))
        except DownloadError as error:
            refusals.append(error)
    raise refusals[0]


def _create(library: Any, name: str, *, title: str, **settings: Any) -> Any:
    """A network with its weights, or an error of ours."""
    try:
        with _quiet():
            return library.create_model(
                name, require_pretrained=True, pretrained_text=False, weights_only=True, **settings
            )
    except Exception as error:  # noqa: BLE001 (files by anyone, read by a library that raises anything)
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise CheckpointError(f"{title} cannot be read as a model of open_clip: {reason}") from None


def _tokenizer(library: Any, name: str, config: Mapping[str, Any], *, title: str) -> Any:
    try:
        with _quiet():
            return library.get_tokenizer(name)
    except ImportError:
        raise SettingError(
            f"the tokenizer of {title} needs transformers; pip install transformers, or use {DEFAULT}"
        ) from None
    except Exception as error:  # noqa: BLE001 (the same)
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        wanted = config.get("text_cfg", {}).get("hf_tokenizer_name") or name
        raise DownloadError(f"the tokenizer of {title} ({wanted}) cannot be had: {reason}") from None


def _library(spec: str) -> Any:
    # Not before it is needed: it declares operators where torchvision's own do not load.
    from ganatomy.graphs.torchvision import import_torchvision

    import_torchvision()
    try:
        with _quiet():
            import open_clip  # pyright: ignore[reportMissingImports]  (an extra)
    except ImportError as error:
        missing = "" if error.name in (None, "open_clip") else f" ({error.name} is missing)"
        raise SettingError(
            f"{spec} scores images by words, which needs open_clip{missing}; {install_line('words')}"
        ) from None
    return open_clip


@contextmanager
def _quiet() -> Iterator[None]:
    """Silences libraries that log through the root logger, which they would otherwise set up, or warn."""
    root, silent = logging.getLogger(), logging.NullHandler()
    root.addHandler(silent)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        root.removeHandler(silent)


def _bytes_of(tensor: Tensor) -> bytes:
    return tensor.detach().float().cpu().contiguous().numpy().tobytes()


def _covering(shape: tuple[int, ...], size: tuple[int, int]) -> tuple[int, int]:
    """The smallest height and width of the shape's own proportions that cover a size."""
    scale = max(wanted / side for wanted, side in zip(size, shape, strict=True))
    height, width = (int(side * scale + 1e-6) for side in shape)
    return max(height, size[0]), max(width, size[1])


def _middle(images: Float[Tensor, "n c h w"], size: tuple[int, int]) -> Float[Tensor, "n c h2 w2"]:
    top, left = (round((side - wanted) / 2) for side, wanted in zip(images.shape[2:], size, strict=True))
    return images[:, :, top : top + size[0], left : left + size[1]]
