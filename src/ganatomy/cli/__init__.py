"""The command line: one file for each command, and `main`, which turns our errors, and only those, into one line."""

from __future__ import annotations

import contextlib
import errno
import inspect
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence

from cyclopts import App, CycloptsError, Parameter, UnknownCommandError
from cyclopts.help import DefaultFormatter, HelpPanel, InlineText
from rich.console import Console, ConsoleOptions
from rich.text import Text

from ganatomy import __version__
from ganatomy.cli.commands.align import align
from ganatomy.cli.commands.arithmetic import arithmetic
from ganatomy.cli.commands.calibrate import calibrate
from ganatomy.cli.commands.compare import compare
from ganatomy.cli.commands.dataset import dataset
from ganatomy.cli.commands.directions import directions
from ganatomy.cli.commands.edit import edit
from ganatomy.cli.commands.explore import explore
from ganatomy.cli.commands.export import export
from ganatomy.cli.commands.import_ import import_
from ganatomy.cli.commands.info import info
from ganatomy.cli.commands.invert import invert
from ganatomy.cli.commands.map import map  # noqa: A004 (the name of the command)
from ganatomy.cli.commands.measure import measure
from ganatomy.cli.commands.mix import mix
from ganatomy.cli.commands.models import models
from ganatomy.cli.commands.push import pull, push
from ganatomy.cli.commands.render import render
from ganatomy.cli.commands.sample import sample
from ganatomy.cli.commands.studio import studio
from ganatomy.cli.commands.study_ablation import ablation
from ganatomy.cli.commands.study_attributes import attributes
from ganatomy.cli.commands.study_bias import bias
from ganatomy.cli.commands.study_dcgan import dcgan
from ganatomy.cli.commands.study_infogan import infogan
from ganatomy.cli.commands.study_linear_map import linear_map
from ganatomy.cli.commands.study_photographs import photographs
from ganatomy.cli.commands.study_trust import trust
from ganatomy.cli.commands.study_z_against_w import z_against_w
from ganatomy.cli.commands.survey import survey
from ganatomy.cli.commands.train import train
from ganatomy.cli.commands.train_attributes import train_attributes
from ganatomy.cli.commands.train_encoder import train_encoder
from ganatomy.cli.commands.train_student import train_student
from ganatomy.cli.commands.train_transfer import train_transfer
from ganatomy.cli.commands.transfer import transfer
from ganatomy.cli.commands.walk import walk
from ganatomy.cli.commands.words import words
from ganatomy.cli.console import complain, remark
from ganatomy.cli.outputs import leaving_no_empty_folder
from ganatomy.cli.parameters import strictly
from ganatomy.errors import GanatomyError, UnknownNameError
from ganatomy.memory import keep_freed_memory
from ganatomy.progress import Level, told

COMMANDS = (
    models, info, sample, explore, studio, measure, map, compare, words, calibrate, survey, directions, import_, walk,
    edit, transfer, arithmetic, mix, align, invert, render, export, push, pull, dataset, train,
)  # fmt: skip

STUDIES: tuple[Callable[..., None], ...] = (
    trust, linear_map, z_against_w, dcgan, bias, photographs, attributes, ablation, infogan,
)  # fmt: skip
"""Commands of `ganatomy study`, one for each study; a function's name is the command's, with hyphens."""

REFUSED = 2
INTERRUPTED = 130

HELP = """Find directions of a GAN's latent space that mean something, see what each one changes, and edit with them.

A MODEL is a name (faces, digits, drawn, or what `ganatomy models` lists), a file of weights, or org/name on Hugging
Face.
"""

EPILOGUE = """Start with:  ganatomy explore faces -o faces-report

Every command takes -q (--quiet): no progress and no remarks; and -v (--verbose): what each stage took.
"""

LEVELS: dict[str, Level] = {"-q": "quiet", "--quiet": "quiet", "-v": "stages", "--verbose": "stages"}

STUDY_HELP = """Studies, most of the literature, each by one command on any model: a page, a summary and all figures."""


class OneParagraph(DefaultFormatter):
    """Help of an option that has several lines in a docstring is one paragraph."""

    def __call__(self, console: Console, options: ConsoleOptions, panel: HelpPanel) -> None:
        for entry in panel.entries:
            if isinstance(entry.description, InlineText) and isinstance(
                entry.description.primary_renderable, Text
            ):
                text = entry.description.primary_renderable
                text.plain = " ".join(text.plain.split())
        super().__call__(console, options, panel)


def build() -> App:
    """The application with all commands, in the order in which a newcomer meets them."""
    app = App(
        name="ganatomy",
        help=HELP,
        help_epilogue=EPILOGUE,
        help_format="plaintext",
        help_formatter=OneParagraph(),
        version=__version__,
        default_parameter=Parameter(converter=strictly),
        suppress_keyboard_interrupt=False,
    )
    app.register_install_completion_command(
        help="Let the shell complete commands and options; once is enough."
    )
    for position, command in enumerate(COMMANDS):
        app.command(command, sort_key=position, help_epilogue=_example(command))
    studies = App(name="study", help=STUDY_HELP, help_format="plaintext", sort_key=COMMANDS.index(compare))
    app.command(studies)
    for study in STUDIES:
        studies.command(study, help_epilogue=_example(study))
    app["train"].command(train_attributes, name="attributes", help_epilogue=_example(train_attributes))
    app["train"].command(train_encoder, name="encoder", help_epilogue=_example(train_encoder))
    app["train"].command(train_student, name="student", help_epilogue=_example(train_student))
    app["train"].command(train_transfer, name="transfer", help_epilogue=_example(train_transfer))
    return app


def _example(command: Callable[..., None]) -> str:
    """The last part of a docstring, which cyclopts leaves out."""
    example = (inspect.getdoc(command) or "").partition("Example:")[2]
    return f"Example:\n{example.strip(chr(10))}"


@contextlib.contextmanager
def _stopped_by_sigterm() -> Iterator[None]:
    """SIGTERM stops as Ctrl-C does, so that nothing half written is left behind."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():  # which alone is sent signals
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _said(error: CycloptsError, app: App, arguments: Sequence[str]) -> str:
    """What cyclopts refuses, as one sentence of ours."""
    command, *_ = app.parse_commands(list(arguments))
    more = f"see {' '.join(['ganatomy', *command, '--help'])}"
    if isinstance(error, UnknownCommandError) and error.unused_tokens:
        known = [name for name in (error.app or app) if not name.startswith("-")]
        said = str(UnknownNameError("command", error.unused_tokens[0], known))
        return f"{said} S{more[1:]}" if said.endswith("?") else f"{said}; {more}"
    return f"{str(error).rstrip('.')}; {more}"


def _level(arguments: Sequence[str]) -> tuple[list[str], Level]:
    """The arguments without those that say how much is told; the last of these counts."""
    given = list(arguments)
    end = given.index("--") if "--" in given else len(given)
    levels: list[Level] = [LEVELS[each] for each in given[:end] if each in LEVELS]
    rest = [each for each in given[:end] if each not in LEVELS] + given[end:]
    return rest, levels[-1] if levels else "bars"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0, 2 for what we refuse, 130 after Ctrl-C. A bug keeps its traceback."""
    keep_freed_memory()
    arguments, level = _level(sys.argv[1:] if arguments is None else arguments)
    app = build()
    try:
        with _stopped_by_sigterm(), told(level), leaving_no_empty_folder():
            app(arguments, exit_on_error=False, print_error=False, result_action="return_none")
    except CycloptsError as error:
        complain(_said(error, app, arguments))
    except GanatomyError as error:
        complain(str(error))
    except OSError as error:
        if error.errno not in (errno.ENAMETOOLONG, errno.ENOSPC, errno.EMFILE):
            raise
        complain(f"{error.filename or 'a file'} cannot be used: {error.strerror or error}")
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and "memory" not in str(error):
            raise
        complain(
            "this machine has not enough memory for that; ask for fewer or smaller images, or a smaller batch"
        )
    except KeyboardInterrupt:
        remark("stopped; the same command starts again, and a survey goes on where it was")
        return INTERRUPTED
    else:
        return 0
    return REFUSED
