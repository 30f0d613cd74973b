"""Models by name. Here the bundled ones: the files they lie in, and the cards that say how they were made.

published   models of others, with their addresses and licences
hub         repositories of Hugging Face
downloads   files from the network, resumed and checked
sources     what a person types, as a file on this machine
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ganatomy.errors import CheckpointError, MissingFileError
from ganatomy.reading import parse_json

FOLDER = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class BundledModel:
    """A generator with the classifiers of its images, and for some its critic, as safetensors inside the package.

    Args:
        num_companions: classifiers whose mean with the scorer optimisers follow.
        table: what a generator without weights is computed from; its name may be followed by settings, after a colon.
        about: the card of such a generator.
    """

    name: str
    architecture: str = ""
    resolution: int = 0
    draws: str = ""
    num_companions: int = 0
    table: Path | None = None
    about: Mapping[str, Any] = field(default_factory=dict)

    def file(self, kind: str) -> Path:
        """The file of one part, such as "generator" or "companion-1"."""
        return FOLDER / f"{self.name}-{kind}.safetensors"

    @property
    def generator(self) -> Path:
        return self.table or self.file("generator")

    @property
    def scorer(self) -> Path:
        return self.file("scorer")

    @property
    def judge(self) -> Path | None:
        """A classifier that was trained apart from the scorer; None where the scorer reads the exact truth."""
        return None if self.table else self.file("judge")

    @property
    def companions(self) -> tuple[Path, ...]:
        """Classifiers whose mean with the scorer optimisers follow; none of them is the judge."""
        return tuple(self.file(f"companion-{k + 1}") for k in range(self.num_companions))

    @property
    def critic(self) -> Path:
        """The discriminator that the generator was trained against, where it was kept."""
        return self.file("critic")

    @property
    def panel(self) -> Path:
        """The studio's measurements of its directions."""
        return self.file("panel")

    @property
    def inversion(self) -> Path:
        """What is prepared for inversions with it."""
        return self.file("inversion")

    @property
    def card(self) -> dict[str, Any]:
        """How the generator was made, from what, under which licence; empty where its file carries no card.

        Raises:
            MissingFileError, CheckpointError: when the installation lacks the file, or it is damaged.
        """
        return dict(self.about) if self.table else json.loads(read_metadata(self.generator).get("card", "{}"))


MODELS = {
    "faces": BundledModel(
        name="faces",
        architecture="StyleGAN2",
        resolution=64,
        draws="faces, drawn by ganatomy",
        num_companions=2,
    ),
    "digits": BundledModel(
        name="digits", architecture="DCGAN", resolution=32, draws="handwritten digits (MNIST)"
    ),
    "drawn": BundledModel(
        name="drawn",
        architecture="Drawn",
        resolution=64,
        draws="drawn faces, whose factors are known exactly",
        table=FOLDER.parent / "datasets" / "faces" / "population.csv",
        about={
            "about": "a renderer, not a network: codes to factors to images, with exact attributes for every code",
            "licence": "Apache-2.0",
        },
    ),
}


def find_bundled(name: str) -> BundledModel | None:
    """The bundled model of a name, which for one without weights may end in settings, as `drawn:folded` does."""
    base, colon, _ = name.partition(":")
    model = MODELS.get(base)
    return model if model and (model.table or not colon) else None


LONGEST_HEAD = 100_000_000
"""Bytes of the head of a safetensors file, as its format has it."""


def read_metadata(path: Path) -> dict[str, str]:
    """The metadata of a safetensors file, read from its head alone and without torch.

    Raises:
        MissingFileError, CheckpointError: when there is no such file, or it is of another format.
    """
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > min(path.stat().st_size, LONGEST_HEAD):
                raise CheckpointError(f"{path} is not a safetensors file, or is cut off")
            return parse_json(file.read(length)).get("__metadata__", {})
    except FileNotFoundError:
        raise MissingFileError(
            f"{path} does not exist; this installation of ganatomy is incomplete"
        ) from None
    except (OSError, ValueError, AttributeError) as error:
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError(f"{path} is not a safetensors file: {error}") from None
