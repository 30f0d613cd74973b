"""`ganatomy transfer`: attributes of some images on others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from ganatomy.cli import parsing
from ganatomy.cli.console import answer, progress
from ganatomy.cli.inputs import open_directions
from ganatomy.cli.judging import judge_edits, judged_names
from ganatomy.cli.outputs import CODES, IMAGES, expect_file, write
from ganatomy.cli.parameters import AnyGenerator, Json, Names, OutFile, Scale, parsed
from ganatomy.cli.subject import Subject, called
from ganatomy.errors import SettingError

if TYPE_CHECKING:
    from ganatomy.generators.base import Generator
    from ganatomy.latents import Directions
    from ganatomy.recipes import Drawn, Given
    from ganatomy.transfers import TransferNetwork, Transferred

SeedsOrFile = tuple[int, ...] | Path


def seeds_or_file(name: str, metavar: str, help: str) -> Parameter:  # noqa: A002 (cyclopts' own word)
    """A parameter that takes codes by seeds or as a file."""
    return Parameter(
        name=name,
        converter=lambda _, tokens: parsing.seeds_or_file(tokens[0].value),
        n_tokens=1,
        metavar=metavar,
        help=help,
    )


def transfer(
    subject: Subject,
    *,
    out: OutFile,
    source: Annotated[
        SeedsOrFile,
        seeds_or_file(
            "--from",
            "SOURCE",
            "Images that give the attributes: seeds such as 3,5,9, or a file of latents.",
        ),
    ],
    target: Annotated[
        SeedsOrFile,
        seeds_or_file(
            "--to",
            "TARGET",
            "Images that get them, in the same order; one of either goes with all of the other.",
        ),
    ],
    attributes: Annotated[
        Names, parsed(parsing.name_list, "NAMES", "Attributes to transfer, such as Smiling,Eyeglasses.")
    ],
    method: Annotated[
        Literal["linear", "guided", "network"] | None,
        Parameter(
            help="linear solves for the attributes in --directions; guided optimises each image until it has them; "
            "network does it in one pass of --transfer-network. By default the one whose file is given, else guided."
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
        Names,
        parsed(
            parsing.name_list, "NAMES", 'Attributes to keep fixed, such as Male; by default "all" others.'
        ),
    ] = ("all",),
    scale: Scale = None,
    of_any_generator: AnyGenerator = False,
    json: Json = False,
) -> None:
    r"""Give images the attributes of other images, as strongly as those have them; other attributes are kept fixed.

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
    generator = subject.open_generator()
    found, net = _open(generator, directions, network, of_any_generator=of_any_generator)
    space = found.space if found is not None else net.config.space if net is not None else None
    sources, targets = (subject.codes(generator, given, space=space) for given in (source, target))
    targets = _as_many(targets, len(sources))
    was = targets.draw(generator)
    kept = () if hold == ("all",) else hold
    scorer = subject.open_scorer([*attributes, *kept])
    judge = subject.open_judge(scorer, [*attributes, *kept])
    attributes = tuple(called(scorer, name) for name in attributes)
    judged = judged_names(judge, attributes)
    with progress("transferring") as advance:
        result = give(
            generator,
            scorer,
            was,
            sources.draw(generator),
            attributes,
            method=method,
            hold=[called(scorer, name) for name in kept] if kept else "all",
            directions=found,
            network=net,
            batch_size=min(subject.batch_size, 16),
            progress=advance,
        )
    recipe = Recipe(
        model=subject.reference(generator),
        codes=targets,
        edits=(
            Reached(
                latents=result.latents,
                sought={name: float(result.wanted[:, k].mean()) for k, name in enumerate(result.attributes)},
            ),
        ),
        image=Transfer(source=sources),
        scale=scale,
        batch_size=subject.batch_size,
    )
    write(recipe, out, doing="drawing", generator=generator)
    data = {"model": subject.model, "out": str(out), "method": method, "n": len(result), **_data(result)}
    lines = [f"{out}: {result}"]
    if judge is not None:
        readings, line = judge_edits(
            judge, generator, was, result.latents, judged, batch_size=subject.batch_size
        )
        data |= readings
        lines.append(line)
    answer("\n".join(lines), data, as_json=json)


def _data(result: Transferred) -> dict[str, Any]:
    """The outcome of each pair, as JSON."""
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
