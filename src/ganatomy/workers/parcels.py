"""How work is sent: models apart, each once, and then every task with the names of the models that it needs."""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from itertools import chain
from typing import Any

from torch import Tensor, nn

from ganatomy.errors import SettingError, WorkerError
from ganatomy.generators.base import Generator
from ganatomy.perception.base import Scorer
from ganatomy.perception.own_file import reduce_with_file


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """A generator, a scorer or another network.

    Args:
        key: what tasks call it.
        content: the model, pickled; in that of a scorer, its networks are keys of earlier parcels.
        fingerprint: None for a network that has none.
    """

    key: int
    content: bytes
    kind: str
    fingerprint: str | None

    def open(self, models: Mapping[int, Any], device: str) -> Any:
        """The model, on a device.

        Raises:
            WorkerError: where it is not the same model here.
        """
        model = unpack(self.content, models)
        if isinstance(model, nn.Module):
            model.to(device)
        arrived = _fingerprint(model)
        if arrived != self.fingerprint:
            raise WorkerError(
                f"the {self.kind} arrived at a worker as another ({arrived!s:.12}, not {self.fingerprint!s:.12}); "
                f"give the {self.kind} a fingerprint that is the same in every process"
            )
        return model


class Outbox:
    """Packs work, and keeps a parcel of every model that was in it.

    Args:
        pickler: of the library, or one that can do more.
    """

    def __init__(self, pickler: type[pickle.Pickler] = pickle.Pickler) -> None:
        self.parcels: list[Parcel] = []
        self._keys: dict[int, int] = {}
        self._models: list[object] = []  # kept, so that no other object gets the identity of one
        self._packer = _packer(pickler, self)

    def pack(self, thing: object) -> bytes:
        """A thing as bytes, in which models are keys of parcels.

        Raises:
            SettingError: for what cannot be sent.
        """
        try:
            return self._packer.pack(thing)
        except Exception as error:  # noqa: BLE001 (whatever is sent may refuse in its own way)
            raise SettingError(
                f"this work cannot be sent to other processes: {error}; define classes and functions of your own at "
                "the top of a module that workers can import"
            ) from None

    def key(self, model: nn.Module | Scorer) -> int:
        """What tasks call a model."""
        if id(model) not in self._keys:
            content = self._packer.pack(_on_processor(model), model=True)
            parcel = Parcel(
                key=len(self.parcels),
                content=content,
                kind="scorer" if isinstance(model, Scorer) else "generator",
                fingerprint=_fingerprint(model),
            )
            self.parcels.append(parcel)
            self._models.append(model)
            self._keys[id(model)] = parcel.key
        return self._keys[id(model)]


def pack(thing: object) -> bytes:
    """A thing without models as bytes, each tensor on the processor and without the rest of what it is a view of."""
    return _packer(pickle.Pickler, None).pack(thing)


def unpack(content: bytes, models: Mapping[int, Any]) -> Any:
    """What was packed, with models in the place of their keys.

    Raises:
        WorkerError: for a class or a function that is not here.
    """

    class Unpacker(pickle.Unpickler):
        def persistent_load(self, key: int) -> Any:
            return models[key]

    try:
        return Unpacker(io.BytesIO(content)).load()
    except (ImportError, AttributeError) as error:
        raise WorkerError(
            f"what was sent cannot be opened in another process: {error}; install modules of your own on every machine "
            "that works"
        ) from error


def _packer(base: type[pickle.Pickler], outbox: Outbox | None) -> Any:
    """A pickler that leaves models to an outbox."""

    class Packer(base):
        root: object = None
        """The model that is packed itself; modules within a module stay there."""

        @classmethod
        def pack(cls, thing: object, *, model: bool = False) -> bytes:
            packer = cls(buffer := io.BytesIO(), pickle.HIGHEST_PROTOCOL)
            packer.root = thing if model else None
            packer.dump(thing)
            return buffer.getvalue()

        def persistent_id(self, thing: object) -> int | None:
            inside = thing is self.root or isinstance(self.root, nn.Module)
            if outbox is None or inside or not isinstance(thing, nn.Module | Scorer):
                return None
            return outbox.key(thing)

        def reducer_override(self, thing: Any) -> Any:
            if type(thing) is Tensor:  # alone: a view would else bring all that it is a view of
                return thing.detach().cpu().clone().__reduce_ex__(pickle.HIGHEST_PROTOCOL)
            if (with_file := reduce_with_file(thing)) is not None:
                return with_file
            inherited = getattr(super(), "reducer_override", None)
            return inherited(thing) if inherited else NotImplemented

    return Packer


def _on_processor(model: nn.Module | Scorer) -> nn.Module | Scorer:
    """The model, or a copy of one that is on a GPU."""
    if not isinstance(model, nn.Module):
        return model
    away = any(tensor.device.type != "cpu" for tensor in chain(model.parameters(), model.buffers()))
    return deepcopy(model).to("cpu") if away else model


def _fingerprint(model: object) -> str | None:
    return model.fingerprint if isinstance(model, Generator | Scorer) else None
