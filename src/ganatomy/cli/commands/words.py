"""`ganatomy words`: attributes in words, with their zero where a model's images have their mean."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from ganatomy.cli import parsing
from ganatomy.cli.console import answer, progress
from ganatomy.cli.inputs import CLIP, editing_space, find_device, open_model
from ganatomy.cli.outputs import expect_file
from ganatomy.cli.parameters import (
    MODEL,
    Count,
    Json,
    Model,
    ModelOptions,
    OutFile,
    Seed,
    TruncationPsi,
    parsed,
)
from ganatomy.errors import SettingError

ENDING = ".words"


def words(
    model: Model,
    /,
    *,
    attributes: Annotated[
        tuple[str, ...],
        parsed(
            parsing.name_list,
            "WORDS",
            'What to look for, such as smiling "wearing glasses|without glasses"; behind a | stands the other pole.',
            several=True,
        ),
    ],
    out: OutFile,
    scorer: Annotated[
        str,
        Parameter(
            help="The text-image model: clip, clip:ViT-B-32/openai, clip:hf://org/name or clip:FOLDER.",
        ),
    ] = CLIP,
    subject: Annotated[
        str,
        Parameter(help='Whom or what the words are about, such as "a church"; "" if they say it themselves.'),
    ] = "a person",
    n: Count = 300,
    seed: Seed = 0,
    truncation_psi: TruncationPsi = 1.0,
    options: ModelOptions = MODEL,
    json: Json = False,
) -> None:
    r"""Write attributes in words as a file that every --scorer takes, centred on the images of a model.

    A text-image model says which of two sentences fits an image better, not whether people would say so: it may find
    everybody smiling. Here its zero is put where the model's images have their mean, so that a probability of .5
    means "as much as the average image".

    Args:
        n: How many images to take the mean of.

    Example:
        ganatomy words faces --attributes smiling "wearing glasses|without glasses" \
            -o my.words
    """
    from ganatomy import perception
    from ganatomy.surveys import survey

    expect_file(out, [ENDING])
    if not perception.is_clip(scorer):
        raise SettingError(f"{scorer} does not look for words; give clip, or clip:ARCHITECTURE/WEIGHTS")
    if not attributes:
        raise SettingError("no words are given; name attributes, such as --attributes smiling")
    contrasts = perception.words(attributes, model=scorer, subject=subject)
    eye, generator = contrasts.to(find_device(options.device)), open_model(model, options)
    with progress("looking") as advance:
        seen = survey(
            generator,
            eye,
            n=n,
            space=editing_space(generator),
            seed=seed,
            batch_size=options.batch_size,
            truncation_psi=truncation_psi,
            progress=advance,
        )
    contrasts.centred(seen.scores).save(out)
    logits = seen.scores.logits.double()
    columns = zip(
        eye.names,
        logits.mean(0).tolist(),
        logits.std(0, correction=0).tolist(),
        (logits > 0).double().mean(0).tolist(),
        strict=True,
    )
    found = {name: {"mean": mean, "std": std, "prevalence": share} for name, mean, std, share in columns}
    head = f"  {'before centring':24} {'mean':>8} {'std':>8} {'above 0':>8}"
    rows = [
        f"  {name:24} {row['mean']:8.2f} {row['std']:8.2f} {100 * row['prevalence']:6.1f} %"
        for name, row in found.items()
    ]
    data = {
        "model": model,
        "scorer": eye.model.name,
        "n": n,
        "seed": seed,
        "out": str(out),
        "attributes": found,
    }
    answer(
        "\n".join([f"{out}: {eye.description}, centred on {n} images of {model}", head, *rows]),
        data,
        as_json=json,
    )
