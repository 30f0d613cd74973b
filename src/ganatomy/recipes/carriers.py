"""Finding the recipe again, in a file of JSON or in an image or film that carries it."""

from __future__ import annotations

import os
from pathlib import Path

from ganatomy.errors import CheckpointError, MissingFileError
from ganatomy.images import read_text
from ganatomy.plots.films import read_film_text
from ganatomy.recipes.fields import MOST_BYTES
from ganatomy.recipes.recipe import Recipe, from_json


def read_recipe(path: str | os.PathLike[str]) -> Recipe:
    """The recipe in a file of JSON, or in an image or a film that ganatomy wrote.

    Raises:
        MissingFileError: when there is no such file.
        CheckpointError: when it holds none, or one that is damaged; the message names the field.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            head = file.read(64)
            # A huge file is not read to find out that it is no recipe.
            written = head + file.read(MOST_BYTES) if head.lstrip()[:1] in (b"{", b"[") else None
    except FileNotFoundError:
        raise MissingFileError(f"{path} does not exist") from None
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}") from None
    if written is None:
        found = read_film_text(path) if head[4:8] == b"ftyp" else read_text(path)
        if found is None or not found.lstrip().startswith("{"):  # a comment of somebody else is none
            raise CheckpointError(
                f"{path} carries no recipe; images that ganatomy wrote do, unless another program saved them again"
            )
        written = found
    try:
        return from_json(written)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None
