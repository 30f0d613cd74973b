"""`ganatomy survey`: many codes, and what a scorer saw in their images."""

from __future__ import annotations

from ganatomy.cli.console import answer, progress
from ganatomy.cli.inputs import editing_space, open_model, open_scorer
from ganatomy.cli.outputs import expect_folder
from ganatomy.cli.parameters import (
    MODEL,
    Attributes,
    Count,
    Json,
    Model,
    ModelOptions,
    OutFolder,
    ScorerName,
    Seed,
    SpaceName,
    TruncationPsi,
)


def survey(
    model: Model,
    /,
    *,
    out: OutFolder,
    scorer: ScorerName = None,
    n: Count = 3000,
    space: SpaceName = None,
    seed: Seed = 0,
    attributes: Attributes = (),
    truncation_psi: TruncationPsi = 1.0,
    gradients: int = 0,
    options: ModelOptions = MODEL,
    json: Json = False,
) -> None:
    """Draw codes and score their images: what directions are found in.

    The folder grows part by part. A survey that was stopped, or that should be larger, goes on where it was.

    Args:
        n: How many codes the survey shall have in all.
        gradients: Of how many codes to take the gradients of all scores as well, for `directions --method selective`.

    Example:
        ganatomy survey faces -n 20000 --space w -o my.survey
    """
    from ganatomy.surveys import differentiate
    from ganatomy.surveys import survey as run

    expect_folder(out)
    generator = open_model(model, options)
    sees = open_scorer(scorer, model, attributes, device=options.device)
    with progress("surveying") as advance:
        found = run(
            generator,
            sees,
            n=n,
            space=space or editing_space(generator),
            seed=seed,
            folder=out,
            batch_size=options.batch_size,
            truncation_psi=truncation_psi,
            progress=advance,
        )
    if gradients:
        with progress("differentiating") as advance:
            differentiate(found, generator, sees, n=gradients, folder=out, progress=advance)
    prevalence = (found.scores.logits > 0).double().mean(0).tolist()
    shares = dict(zip(found.scores.names, prevalence, strict=True))
    data = {
        "model": model,
        "n": len(found),
        "space": found.latents.space.value,
        "seed": seed,
        "out": str(out),
    }
    table = "\n".join(f"  {name:24} {100 * share:5.1f} %" for name, share in shares.items())
    lines = f"{out}: {len(found)} codes in {found.latents.space}, {len(shares)} attributes\n{table}"
    answer(lines, {**data, "prevalence": shares}, as_json=json)
