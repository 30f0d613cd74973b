"""The page of what any experiment found: one function for all."""

from __future__ import annotations

from functools import singledispatch

from ganatomy.errors import SettingError
from ganatomy.experiments.base import Experiment
from ganatomy.generators.base import Signature
from ganatomy.report import Document


@singledispatch
def document(
    found: object,
    experiment: Experiment | None = None,
    *,
    model: str | None = None,
    scorer: str | None = None,
) -> Document:
    """What an experiment found as a document, for `write_document`.

    Each experiment registers its own (`@document.register(Exploration)`), with further settings where it has some.

    Args:
        found: what `explore`, `compare` or a study returned.
        experiment: that it was found with; its generator draws the images. Studies that train, and those of a
            classifier alone, need none.
        model: bundled name or file of the generator, as the page calls it.
        scorer: the same of the scorer.

    Returns:
        Page, numbers and files, not yet drawn.

    Raises:
        SettingError: for anything that no experiment returns.

    Example:
        ::

            experiment = ga.Experiment(ga.load("faces"), ga.scorer("faces"))
            found = ga.explore(experiment, n=3000)
            ga.write_document(ga.document(found, experiment, model="faces"), "faces-report")
    """
    raise SettingError(
        f"{type(found).__name__} is not what an experiment finds; give the result of explore, compare or a study"
    )


def scored_images(signature: Signature, scorer: str) -> str:
    """What a page is about, for the line above its title.

    >>> from ganatomy.generators.toy import ToyGenerator
    >>> scored_images(ToyGenerator(seed=0).signature, "faces")
    'Toy, 8 × 8 pixels, scored by faces'
    """
    height, width = signature.size
    return f"{signature.architecture}, {width} × {height} pixels, scored by {scorer}"
