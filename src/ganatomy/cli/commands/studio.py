"""`ganatomy studio`: the latent space under the hands, in the browser."""

from __future__ import annotations

import itertools
import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ganatomy.cli.console import answer, remark, stages
from ganatomy.cli.inputs import name_model, open_model, open_scorer
from ganatomy.cli.parameters import MODEL, Json, ModelOptions, ScorerName

if TYPE_CHECKING:
    from ganatomy.studio.bench import Bench


def studio(
    *models: Annotated[
        str,
        Parameter(help="One model or several: names, files of weights, or org/name on Hugging Face."),
    ],
    scorer: ScorerName = None,
    host: Annotated[
        str, Parameter(help="The address to listen at; any but this machine's own demands --token.")
    ] = "127.0.0.1",
    port: Annotated[int, Parameter(help="The port to listen at; 0 takes any that is free.")] = 7860,
    token: Annotated[
        str | None,
        Parameter(
            help="What visitors must bring in their first address: 8 or more of a-z, A-Z, 0-9, - and _; "
            '"new" makes one up and prints it.'
        ),
    ] = None,
    open_browser: Annotated[
        bool, Parameter(name="--open", negative=(), show_default=False, help="Open the page in a browser.")
    ] = False,
    measure: Annotated[
        Path | None,
        Parameter(help="Measure the model, write what the studio knows of it to this file, and end."),
    ] = None,
    options: ModelOptions = MODEL,
    json: Json = False,
) -> None:
    r"""Open the studio: change one thing in an image, see at once what else moved, and take it away.

    A model that is not bundled is measured when it is first opened, and what was found is kept; images can be looked
    at in the meantime. Ctrl-C ends the studio.

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
    """What the models are called on the page: the last part of where each lies, told apart by numbers."""
    names: list[str] = []
    for model in models:
        last, copies = Path(model).name or model, itertools.count(2)
        name = last
        while name in names:
            name = f"{last} ({next(copies)})"
        names.append(name)
    return names


def _bench(model: str, name: str, scorer: str | None, options: ModelOptions) -> Bench:
    from ganatomy import zoo
    from ganatomy.studio.bench import Bench

    generator = open_model(model, options)
    sees = None if scorer is None and model not in zoo.MODELS else open_scorer(scorer, model)
    return Bench(name=name, generator=generator, reference=name_model(model, generator, options), scorer=sees)
