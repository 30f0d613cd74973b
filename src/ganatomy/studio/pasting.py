"""The image of a scene back into the photograph that its codes were found for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import SettingError
from ganatomy.generators.base import Signature
from ganatomy.images import save_image
from ganatomy.latents import Latents
from ganatomy.photographs import paste
from ganatomy.recipes import Recipe, to_json
from ganatomy.recipes.fields import text
from ganatomy.recipes.parts import Part
from ganatomy.studio.bench import Bench
from ganatomy.studio.exports import carried_recipe, stem
from ganatomy.studio.photographs import Kept, Square, cut
from ganatomy.studio.restoring import alike
from ganatomy.studio.scenes import Scene
from ganatomy.studio.turns import Pause


@dataclass(frozen=True, kw_only=True, eq=False)
class Pasting:
    """All that is needed to paste, without the model."""

    kept: Kept
    square: Square
    signature: Signature
    edited: Float[Tensor, "1 c r r"]
    reconstructed: Float[Tensor, "1 c r r"]
    recipe: Recipe
    name: str

    def write(self, folder: Path) -> Path:
        """Write the photograph with the edit into a folder, as a PNG with the recipe."""
        photograph = self.kept.open()
        crops = cut(photograph, self.square, self.signature)
        whole = paste(photograph, crops, self.edited, reconstructed=self.reconstructed)
        return save_image(whole, folder / f"{self.name}-photograph.png", text=to_json(self.recipe))


@dataclass(frozen=True, kw_only=True)
class PasteRequest(Part):
    """A photograph with a scene in the place of the face that its codes were found for."""

    model: Annotated[str | None, text] = None
    photograph: Annotated[str, text]
    scene: Annotated[Scene, Scene.read]

    @torch.no_grad()
    def draw(self, bench: Bench, pause: Pause) -> Pasting:
        """Draw what is pasted.

        Raises:
            MissingFileError: for a photograph that was forgotten.
            SettingError: for codes that were not found for it.
        """
        kept = bench.photographs.get(self.photograph)
        latents = self.scene.codes.draw(bench.generator)
        square = _square_of(kept, latents)
        edited = bench.codes([self.scene], pause=pause)
        recipe = carried_recipe(bench, self.scene, pause=pause)
        pause()
        return Pasting(
            kept=kept,
            square=square,
            signature=bench.generator.signature,
            edited=bench.draw(edited).clamp(-1, 1),
            reconstructed=bench.draw(latents).clamp(-1, 1),
            recipe=recipe,
            name=stem(bench, self.scene),
        )


def _square_of(kept: Kept, latents: Latents) -> Square:
    """The square that these codes were found for."""
    for square, found in reversed(kept.found):
        if alike(found, latents):
            return square
    raise SettingError(
        "these codes were not found for this photograph; find its codes once more, then paste them"
    )
