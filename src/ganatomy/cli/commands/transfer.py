"""`ganatomy transfer`: attributes of some images on others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from ganatomy.cli.codes import INVERTING, Inverting
from ganatomy.cli.console import progress
from ganatomy.cli.enlarging import ENLARGING, Enlarging
from ganatomy.cli.inputs import Source, open_directions
from ganatomy.cli.outputs import CODES, IMAGES
from ganatomy.cli.parameters import AnyGenerator, Json, NameList, OutFile, sources
from ganatomy.cli.pasting import write_or_paste
from ganatomy.cli.readings import each_image, open_readers, readings_data, rows, with_lines
from ganatomy.cli.subject import Guiding, called
from ganatomy.errors import SettingError

if TYPE_CHECKING:
    from ganatomy.generators.base import Generator
    from ganatomy.latents import Directions
    from ganatomy.recipes import Drawn, Given
    from ganatomy.transfers import TransferNetwork, Transferred


def transfer(
    subject: Guiding,
    *,
    out: OutFile,
    source: Annotated[Source, Parameter.combine(sources("SOURCE"), Parameter(name="--from"))],
    target: Annotated[Source, Parameter.combine(sources("TARGET"), Parameter(name="--to"))],
    attributes: NameList,
    method: Literal["linear", "guided", "network"] | None = None,
    directions: Path | None = None,
    network: Annotated[Path | None, Parameter(name="--transfer-network")] = None,
    hold: NameList = ("all",),
    photographs: Inverting = INVERTING,
    enlarging: Enlarging = ENLARGING,
    of_any_generator: AnyGenerator = False,
    json: Json = False,
) -> None:
    r"""Give images the attributes of other images, as strongly as those have them; other attributes are kept fixed.

    The image shows source, target and result side by side.

    Args:
        source: Images that give the attributes: seeds such as 3,5,9, a file of latents, or photographs such as
            me.jpg,you.jpg.
        target: Images that get them, in the same order; one of either goes with all of the other. With --paste they are
            photographs.
        attributes: Attributes to transfer, such as Smiling,Eyeglasses.
        hold: Attributes to keep fixed, such as Male; by default "all" others.
        method: linear solves for the attributes in --directions; guided optimises each image until it has them; network
            does it in one pass of --transfer-network. By default the one whose file is given, else guided.
        directions: File of directions, or a folder that `ganatomy explore` wrote. With --method guided, edit in their
            span only.
        network: The network, or the folder, that `ganatomy train transfer` wrote.

    Example:
        ganatomy transfer faces --from 3 --to 7 --attributes Smiling -o smile.png
        ganatomy transfer faces --from 3 --to me.latents --directions faces-report/ \
            --attributes Smiling,Young --method linear -o me.png
        ganatomy transfer my.pt --from friend.jpg --to me.jpg --directions my.directions \
            --attributes Smiling --paste -o me-smiling.jpg
    """
    from ganatomy.recipes import Reached, Transfer, read_edit
    from ganatomy.transfers import transfer as give

    photographs.expect(out, IMAGES + CODES)
    method = method or (
        "network" if network is not None else "linear" if directions is not None else "guided"
    )
    _refuse_others(method, directions, network)
    generator = subject.generator
    found, net = _open(generator, directions, network, of_any_generator=of_any_generator)
    space = found.space if found is not None else net.config.space if net is not None else None
    giving, getting = photographs.read_all(subject, [source, target], space=space)
    sources, targets = giving.codes, _as_many(getting.codes, len(giving.codes))
    was = targets.draw(generator)
    kept = () if hold == ("all",) else hold
    scorer = subject.open_scorer([*attributes, *kept])
    attributes = tuple(called(scorer, name) for name in attributes)
    _, judge = open_readers(subject, scorer, attributes, [*attributes, *kept])
    with progress("transferring") as advance:
        result = give(
            generator,
            scorer,
            was,
            sources.draw(generator),
            attributes,
            method=net or method,
            hold=[called(scorer, name) for name in kept] if kept else "all",
            directions=found,
            batch_size=subject.batch_size,
            progress=advance,
        )
    sought = dict(zip(result.attributes, result.wanted.mean(0).tolist(), strict=True))
    edits = (Reached(latents=result.latents, sought=sought),)
    read = read_edit(
        generator,
        was,
        result.latents,
        result.attributes,
        scorer=scorer,
        judge=judge,
        goals=dict(zip(result.attributes, result.wanted.T, strict=True)),
        reached=result.reached,
        batch_size=subject.batch_size,
    )
    recipe = subject.recipe(
        codes=targets, edits=edits, image=Transfer(source=sources), enlarging=enlarging, readings=read
    )
    write_or_paste(recipe, out, photographs, getting, generator=generator)
    data = {"method": method, "n": len(result), **_data(result), **getting.data(), **readings_data(read)}
    what = with_lines(str(result), [*read.judge_lines, read.codes_line])
    subject.done(out, what, data, as_json=json)


def _data(result: Transferred) -> dict[str, Any]:
    """The outcome of each pair, as JSON."""
    columns = {
        "source": rows(result.attributes, result.wanted),
        "before": rows(result.attributes, result.before.select(result.attributes).probabilities),
        "after": rows(result.attributes, result.after.select(result.attributes).probabilities),
        "held_drift": rows(result.held, result.drift),
        "reached": result.reached.tolist(),
    }
    held = list(result.held)
    return {"attributes": list(result.attributes), "hold": held, "images": each_image(columns)}


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
    hashes = targets.photographs and targets.photographs * n
    return replace(targets, latents=targets.latents[[0] * n], photographs=hashes)


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
