"""`ganatomy studio`: edit images with sliders, in the browser."""

from __future__ import annotations

import itertools
import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ganatomy.cli.console import answer, remark, stages
from ganatomy.cli.parameters import Json, JudgeName, ScorerName, options, switch
from ganatomy.cli.photographs import PHOTOGRAPHS
from ganatomy.cli.subject import Loading, Study

if TYPE_CHECKING:
    from ganatomy.studio.bench import Bench


@options
class StudioOptions(Loading):
    """How the models are opened."""

    judge: JudgeName = None


OPTIONS = StudioOptions()


def studio(
    *models: str,
    report: Annotated[Path | None, Parameter(name="--from")] = None,
    trust: Path | None = None,
    detector: Annotated[Path | None, PHOTOGRAPHS] = None,
    scorer: ScorerName = None,
    critic: str | None = None,
    host: str = "127.0.0.1",
    port: int = 7860,
    token: str | None = None,
    open_browser: Annotated[bool, switch("Open the page in a browser.", name="--open")] = False,
    measure: Path | None = None,
    options: StudioOptions = OPTIONS,
    json: Json = False,
) -> None:
    r"""Open the studio: change one attribute of an image, see at once what else changes, and save the result.

    A model that is not bundled is measured when it is first opened, and the measurements are kept; images can be edited
    in the meantime. Ctrl-C ends the studio.

    Args:
        models: One model or several: names, files of weights, or org/name on Hugging Face.
        report: Folder that `ganatomy explore` wrote: opens its model, which is measured already. Name a model to read
            it from another place.
        trust: Folder that `ganatomy study trust` wrote about the model: the Evidence tab shows its figures and the
            blind sheet. Without it the study can be made there, at small size.
        detector: File of the face detector YuNet, for photographs; by default the one that another command
            downloaded before, for the studio fetches nothing.
        critic: Discriminator of the model: a bundled name or a file; by default the one bundled with it. Tracks of
            sliders end where images look less real to it than nearly all that the model draws.
        host: Address to listen at; any but this machine's own needs --token.
        port: Port to listen at; 0 takes any that is free.
        token: Password in the address that visitors open: 8 or more of a-z, A-Z, 0-9, - and _; "new" generates and
            prints one.
        measure: Measure the model, write the measurements to this file, and end.

    Example:
        ganatomy studio faces
        ganatomy studio --from faces-report/
        ganatomy studio gan.pt --scorer attributes.onnx --open
        ganatomy studio faces digits --host 0.0.0.0 --token new
    """
    from ganatomy.errors import SettingError
    from ganatomy.experiments.explore.panel_file import save_panel
    from ganatomy.photographs import face_detector
    from ganatomy.studio.preparing import prepare
    from ganatomy.studio.run import serve
    from ganatomy.studio.trust import read_study

    if report is not None:
        if len(models) > 1 or measure is not None:
            raise SettingError(
                "--from opens one model, which is measured already; leave out --measure and others"
            )
        benches = [
            _explored(report, model=next(iter(models), None), scorer=scorer, critic=critic, options=options)
        ]
    elif not models:
        raise SettingError("the studio needs a model; try `ganatomy studio faces`")
    elif len(set(models)) < len(models):
        raise SettingError("a model is named twice; name each once")
    else:
        benches = [
            _bench(name, Study(model, scorer=scorer, **vars(options)), critic)
            for model, name in zip(models, _names(models), strict=True)
        ]
    if trust is not None:
        if len(benches) > 1:
            raise SettingError("--trust goes with one model; open one, or leave it out")
        read_study(trust, benches[0])
        benches[0].trust_folder = trust
    if critic is not None and len(benches) > 1:
        raise SettingError("--critic goes with one model; open one, or leave it out")
    if detector is not None:
        for bench in benches:
            bench.detector = face_detector(detector)
    if measure is not None:
        if len(benches) > 1:
            raise SettingError("--measure takes one model at a time")
        with stages() as advance:
            panel = prepare(benches[0].generator, benches[0].scorer, judge=benches[0].judge, progress=advance)
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


def _explored(
    folder: Path, *, model: str | None, scorer: str | None, critic: str | None, options: StudioOptions
) -> Bench:
    """The model of a report; what is given on the command line comes before what the report says."""
    from ganatomy.errors import SettingError
    from ganatomy.report.writer import SUMMARY_FILE
    from ganatomy.storage import parsing
    from ganatomy.studio.reports import put_panel, read_report

    panel, opened = read_report(folder)
    opened |= {name: value for name, value in vars(options).items() if value != getattr(OPTIONS, name)}
    opened |= {name: value for name, value in (("model", model), ("scorer", scorer)) if value is not None}
    if "model" not in opened:
        raise SettingError(f"{folder} does not name its model; name it before --from")
    with parsing(folder / SUMMARY_FILE):
        subject = Study(**opened)
    bench = _bench(Path(subject.model).name or subject.model, subject, critic)
    put_panel(bench, panel, folder)
    return bench


def _bench(name: str, subject: Study, critic: str | None) -> Bench:
    from ganatomy.studio.bench import Bench

    opened = subject.experiment(without_scorer=True)
    return Bench(
        name=name,
        generator=opened.generator,
        reference=subject.reference,
        scorer=opened.scorer,
        judge=opened.judge,
        critic=subject.open_critic(critic),
    )
