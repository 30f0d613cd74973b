"""`ganatomy studio`: edit images with sliders, in the browser."""

from __future__ import annotations

import itertools
import sys
import webbrowser
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ganatomy.cli.console import answer, remark, stages
from ganatomy.cli.parameters import Absent, Json, ScorerName, switch
from ganatomy.cli.subject import Loading, Subject

if TYPE_CHECKING:
    from ganatomy.studio.bench import Bench


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class StudioOptions(Loading):
    """The page itself chooses classes."""

    label: Absent = None


OPTIONS = StudioOptions()


def studio(
    *models: Annotated[
        str,
        Parameter(help="One model or several: names, files of weights, or org/name on Hugging Face."),
    ],
    scorer: ScorerName = None,
    host: Annotated[
        str, Parameter(help="Address to listen at; any but this machine's own needs --token.")
    ] = "127.0.0.1",
    port: Annotated[int, Parameter(help="Port to listen at; 0 takes any that is free.")] = 7860,
    token: Annotated[
        str | None,
        Parameter(
            help='Password in the address that visitors open: 8 or more of a-z, A-Z, 0-9, - and _; "new" generates and '
            "prints one."
        ),
    ] = None,
    open_browser: Annotated[bool, switch("Open the page in a browser.", name="--open")] = False,
    measure: Annotated[
        Path | None,
        Parameter(help="Measure the model, write the measurements to this file, and end."),
    ] = None,
    options: StudioOptions = OPTIONS,
    json: Json = False,
) -> None:
    r"""Open the studio: change one attribute of an image, see at once what else changes, and save the result.

    A model that is not bundled is measured when it is first opened, and the measurements are kept; images can be edited
    in the meantime. Ctrl-C ends the studio.

    Example:
        ganatomy studio faces
        ganatomy studio gan.pt --scorer attributes.onnx --open
        ganatomy studio faces digits --host 0.0.0.0 --token new
    """
    from ganatomy.errors import SettingError
    from ganatomy.studio.panel_files import save_panel
    from ganatomy.studio.preparing import prepare
    from ganatomy.studio.run import serve

    if not models:
        raise SettingError("the studio needs a model; try `ganatomy studio faces`")
    if len(set(models)) < len(models):
        raise SettingError("a model is named twice; name each once")
    benches = [
        _bench(model, name, scorer, options) for model, name in zip(models, _names(models), strict=True)
    ]
    if measure is not None:
        if len(benches) > 1:
            raise SettingError("--measure takes one model at a time")
        with stages() as advance:
            panel = prepare(benches[0].generator, benches[0].scorer, progress=advance)
        path = save_panel(panel, measure)
        answer(str(path), {"panel": str(path), "directions": panel.names}, as_json=json)
        return

    def ready(address: str) -> None:
        answer(f"The studio is open at {address}", {"address": address}, as_json=json)
        sys.stdout.flush()
        if open_browser:
            webbrowser.open(address)

    serve(benches, host=host, port=port, token=token, ready=ready)
    remark("the studio is closed")


def _names(models: Sequence[str]) -> list[str]:
    """What the models are called on the page: the last part of each path, with numbers where two are the same."""
    names: list[str] = []
    for model in models:
        last, copies = Path(model).name or model, itertools.count(2)
        name = last
        while name in names:
            name = f"{last} ({next(copies)})"
        names.append(name)
    return names


def _bench(model: str, name: str, scorer: str | None, options: StudioOptions) -> Bench:
    from ganatomy.studio.bench import Bench

    subject = Subject(model=model, scorer=scorer, **vars(options))
    generator = subject.open_generator()
    return Bench(
        name=name, generator=generator, reference=subject.reference(generator), scorer=subject.find_scorer()
    )
