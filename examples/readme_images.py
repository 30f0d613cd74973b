"""Draw the images that the README shows.

python examples/readme_images.py
"""

from __future__ import annotations

from pathlib import Path

import ganatomy as ga
from ganatomy.datasets import draw_faces, sample_faces
from ganatomy.images import save_image

DOCS = Path(__file__).parents[1] / "docs"
SHOWN = ("Mouth_Slightly_Open", "Blond_Hair", "Male", "Young")


def main() -> None:
    generator, scorer = ga.load("faces"), ga.scorer("faces")
    survey = ga.survey(generator, scorer, n=3_000, space="w", seed=0)
    found = ga.regression(survey).select(SHOWN)
    codes = generator.sample(40, seed=7, space="w", truncation_psi=0.7)
    save_image(ga.grid(generator(codes), columns=10), DOCS / "generated.png")
    save_image(ga.grid(draw_faces(sample_faces(40, seed=5)), columns=10), DOCS / "drawn.png")

    steps = range(-3, 4)
    walks = [ga.walk(codes[14], found[name], steps, hold=found.without(name)) for name in SHOWN]
    captions = ["as drawn" if step == 0 else f"{step:+d} σ" for step in steps]
    image = ga.strip(generator, ga.Latents.cat(walks), captions=captions, row_labels=SHOWN)
    save_image(image, DOCS / "strip.png")


if __name__ == "__main__":
    main()
