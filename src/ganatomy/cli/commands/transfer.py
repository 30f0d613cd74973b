"""`ganatomy transfer`: his smile, on her face."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from ganatomy.cli import parsing
from ganatomy.cli.console import answer, progress
from ganatomy.cli.inputs import name_as, name_codes, name_model, open_directions, open_model, open_scorer
from ganatomy.cli.outputs import CODES, IMAGES, expect_file, write
from ganatomy.cli.parameters import (
    MODEL,
    SAMPLE,
    AnyGenerator,
    Json,
    Model,
    ModelOptions,
    OutFile,
    SampleOptions,
    Scale,
    ScorerName,
    parsed,
)
from ganatomy.errors import SettingError

if TYPE_CHECKING:
    from ganatomy.generators.base import Generator
    from ganatomy.latents import Directions
    from ganatomy.recipes import Drawn, Given
    from ganatomy.transfers import TransferNetwork, Transferred

Named = tuple[int, ...] | Path


def transfer(
    model: Model,
    /,
    *,
    out: OutFile,
    source: Annotated[
        Named,
        Parameter(
            name="--from",
            converter=lambda _, tokens: parsing.seeds_or_file(tokens[0].value),
            n_tokens=1,
            metavar="SOURCE",
            help="Images that give the attributes: seeds such as 3,5,9, or a file of latents.",
        ),
    ],
    target: Annotated[
        Named,
        Parameter(
            name="--to",
            converter=lambda _, tokens: parsing.seeds_or_file(tokens[0].value),
            n_tokens=1,
            metavar="TARGET",
            help="Images that get them, in the same order; one of either goes with all of the other.",
        ),
    ],
    attributes: Annotated[
        tuple[str, ...], parsed(parsing.name_list, "NAMES", "What to transfer, such as Smiling,Eyeglasses.")
    ],
    method: Annotated[
        Literal["linear", "guided", "network"] | None,
        Parameter(
            help="linear solves for the attributes in --directions; guided goes until each image shows them; network "
            "does it in one pass of --transfer-network. By default the one whose file is given, else guided."
        ),
    ] = None,
    directions: Annotated[
        Path | None,
        Parameter(
            help="File of directions, or a folder that `ganatomy explore` wrote. With --method guided, edit in their "
            "span only."
        ),
    ] = None,
    network: Annotated[
        Path | None,
        Parameter(
            name="--transfer-network",
            help="The network, or the folder, that `ganatomy train transfer` wrote.",
        ),
    ] = None,
    hold: Annotated[
        tuple[str, ...],
        parsed(
            parsing.name_list, "NAMES", 'Attributes that must stay, such as Male; by default "all" others.'
        ),
    ] = ("all",),
    scorer: ScorerName = None,
    scale: Scale = None,
    of_any_generator: AnyGenerator = False,
    sampling: SampleOptions = SAMPLE,
    options: ModelOptions = MODEL,
    json: Json = False,
) -> None:
    r"""Give images the attributes of other ones, by as much as those have them; all else stays.

    The image shows source, target and result side by side.

    Example:
        ganatomy transfer faces --from 3 --to 7 --attributes Smiling -o smile.png
        ganatomy transfer faces --from 3 --to me.latents --attributes Smiling,Young \
            --directions faces-report/ --method linear -o me.png
    """
    from ganatomy.recipes import Reached, Recipe, Transfer
    from ganatomy.transfers import transfer as give

    expect_file(out, IMAGES + CODES)
    method = method or (
        "network" if network is not None else "linear" if directions is not None else "guided"
    )
    _refuse_others(method, directions, network)
    generator = open_model(model, options)
    found, net = _open(generator, directions, network, of_any_generator=of_any_generator)
    space = found.space if found is not None else net.config.space if net is not None else None
    sources, targets = (
        name_codes(
            generator,
            said if isinstance(said, Path) else None,
            () if isinstance(said, Path) else said,
            space=space,
            options=sampling,
        )
        for said in (source, target)
    )
    targets = _as_many(targets, len(sources))
    kept = () if hold == ("all",) else hold
    eye = open_scorer(scorer, model, words=[*attributes, *kept], device=options.device)
    with progress("transferring") as advance:
        result = give(
            generator,
            eye,
            targets.draw(generator),
            sources.draw(generator),
            [name_as(eye, said) for said in attributes],
            method=method,
            hold=[name_as(eye, said) for said in kept] if kept else "all",
            directions=found,
            network=net,
            batch_size=min(options.batch_size, 16),
            progress=advance,
        )
    recipe = Recipe(
        model=name_model(model, generator, options),
        codes=targets,
        edits=(
            Reached(
                latents=result.latents,
                sought={name: float(result.wanted[:, k].mean()) for k, name in enumerate(result.attributes)},
            ),
        ),
        image=Transfer(source=sources),
        scale=scale,
        batch_size=options.batch_size,
    )
    write(recipe, out, doing="drawing", generator=generator)
    data = {"model": model, "out": str(out), "method": method, "n": len(result), **_told(result)}
    answer(f"{out}: {result}", data, as_json=json)


def _told(result: Transferred) -> dict[str, Any]:
    """What came of each pair, as JSON."""
    before, after = (
        seen.select(result.attributes).probabilities.tolist() for seen in (result.before, result.after)
    )
    rows = zip(
        result.wanted.tolist(), before, after, result.drift.tolist(), result.reached.tolist(), strict=True
    )
    images = [
        {
            "source": dict(zip(result.attributes, wanted, strict=True)),
            "before": dict(zip(result.attributes, was, strict=True)),
            "after": dict(zip(result.attributes, now, strict=True)),
            "held_drift": dict(zip(result.held, drift, strict=True)),
            "reached": reached,
        }
        for wanted, was, now, drift, reached in rows
    ]
    return {"attributes": list(result.attributes), "hold": list(result.held), "images": images}


def _open(
    generator: Generator, directions: Path | None, network: Path | None, *, of_any_generator: bool
) -> tuple[Directions | None, TransferNetwork | None]:
    from ganatomy.transfers import TransferNetwork
    from ganatomy.transfers.network import NETWORK_FILE

    found = net = None
    if directions is not None:
        found = open_directions(directions, generator, of_any_generator=of_any_generator)
    if network is not None:
        net = TransferNetwork.load(network / NETWORK_FILE if network.is_dir() else network)
    return found, net


def _as_many(targets: Drawn | Given, n: int) -> Drawn | Given:
    """One target as often as there are sources."""
    from ganatomy.recipes import Drawn

    if len(targets) != 1 or n < 2:
        return targets
    if isinstance(targets, Drawn):
        return replace(targets, seeds=targets.seeds * n)
    return replace(targets, latents=targets.latents[[0] * n])


def _refuse_others(method: str, directions: Path | None, network: Path | None) -> None:
    """Refuse a method without its file, and a file that the method would not look at."""
    if method == "linear" and directions is None:
        raise SettingError("--method linear needs --directions; `ganatomy directions` finds some in a survey")
    if method == "network" and network is None:
        raise SettingError("--method network needs --transfer-network; `ganatomy train transfer` makes one")
    if method != "network" and network is not None:
        raise SettingError(f"--transfer-network does not go with --method {method}; leave one of them out")
    if method == "network" and directions is not None:
        raise SettingError("--directions does not go with --method network; leave one of them out")
