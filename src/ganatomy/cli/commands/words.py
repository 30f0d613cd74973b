"""`ganatomy words`: attributes in words, centred on the images of a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from ganatomy.cli import parsing
from ganatomy.cli.console import stages
from ganatomy.cli.outputs import expect_file
from ganatomy.cli.parameters import CountInMemory, Json, Seed, out_path, parsed
from ganatomy.cli.subject import CLIP, Sampling
from ganatomy.errors import SettingError

ENDING = ".words"
WordsFile = Annotated[Path, out_path(f"File to write; its name must end in {ENDING}.")]


def words(
    sampling: Sampling,
    *,
    attributes: Annotated[tuple[str, ...], parsed(parsing.name_list, "WORDS", several=True)],
    out: WordsFile,
    scorer: str = CLIP,
    subject: str = "a person",
    n: CountInMemory = 300,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    r"""Write attributes in words as a file that every --scorer takes, centred on the images of a model.

    A text-image model decides which of two sentences fits an image better, not whether people would say so: it may
    score all images as smiling. Here its zero is moved to the mean of the model's images, so that a probability of .5
    means "as much as the average image".

    Args:
        attributes: Attributes in words, such as smiling "wearing glasses|without glasses"; the opposite follows the |.
        scorer: The text-image model: clip, clip:ViT-B-32/openai, clip:hf://org/name or clip:FOLDER.
        subject: Subject of the sentences, such as "a church"; "" if the words contain it.
        n: Number of images that the mean is taken of.

    Example:
        ganatomy words faces --attributes smiling \
            "wearing glasses|without glasses" -o my.words
    """
    from ganatomy import perception
    from ganatomy.experiments.base import Experiment

    expect_file(out, [ENDING])
    if not perception.is_clip(scorer):
        raise SettingError(f"{scorer} does not score words; give clip, or clip:ARCHITECTURE/WEIGHTS")
    if not attributes:
        raise SettingError("no words are given; name attributes, such as --attributes smiling")
    contrasts = perception.words(attributes, model=scorer, subject=subject)
    with stages() as advance:
        seen = Experiment(
            sampling.generator,
            contrasts.to(sampling.place),
            seed=seed,
            batch_size=sampling.batch_size,
            truncation_psi=sampling.truncation_psi,
            progress=advance,
        ).survey(n, stage="scoring images")
    contrasts.centred(seen.scores).save(out)
    found = {
        name: {
            "mean": float(column.mean()),
            "std": float(column.std(correction=0)),
            "prevalence": float((column > 0).double().mean()),
        }
        for name, column in zip(seen.names, seen.scores.logits.double().T, strict=True)
    }
    head = f"  {'before centring':24} {'mean':>8} {'std':>8} {'above 0':>8}"
    rows = [
        f"  {name:24} {row['mean']:8.2f} {row['std']:8.2f} {100 * row['prevalence']:6.1f} %"
        for name, row in found.items()
    ]
    lines = [f"{contrasts.description}, centred on {n} images of {sampling.model}", head, *rows]
    data = {"scorer": contrasts.model.name, "n": n, "seed": seed, "attributes": found}
    sampling.done(out, "\n".join(lines), data, as_json=json)
