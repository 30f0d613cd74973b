from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from ganatomy.cli import COMMANDS, build
from ganatomy.cli.commands.walk import FILM_STEPS, LEG_STEPS, PAGE_STEPS, REACH, STRIP_STEPS, TURN_REACH, walk

NAMES = [command.__name__.rstrip("_") for command in COMMANDS]


def test_help_lists_every_command(run: Callable[..., Any]) -> None:
    outcome = run("--help")
    assert outcome.code == 0
    assert [name for name in NAMES if not re.search(rf"^│ {name} ", outcome.out, re.MULTILINE)] == []


@pytest.mark.parametrize("name", NAMES)
def test_help_of_a_command_has_an_example_of_it(run: Callable[..., Any], name: str) -> None:
    outcome = run(name, "--help")
    assert outcome.code == 0
    assert re.search(rf"^Example:\n    ganatomy {name} ", outcome.out, re.MULTILINE)


@pytest.mark.parametrize("name", NAMES)
def test_every_option_is_explained(name: str) -> None:
    arguments = build()[name].assemble_argument_collection(parse_docstring=True)
    options = [argument for argument in arguments if argument.parse and argument.name != "*"]
    silent = [option.name for option in options if not option.parameter.help]
    assert options
    assert silent == []


@pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
def test_an_example_can_be_parsed(command: Callable[..., Any]) -> None:
    text = (inspect.getdoc(command) or "").partition("Example:")[2].replace("\\\n", " ")
    lines = [line.split() for line in text.splitlines() if line.strip()]
    assert lines
    for line in lines:
        assert line[0] == "ganatomy"
        found, _, _ = build().parse_args(line[1:], exit_on_error=False, print_error=False)
        assert found is command


def test_help_of_a_walk_states_its_defaults() -> None:
    text = " ".join((inspect.getdoc(walk) or "").split())
    assert f"by default -{REACH:g}, of a turn vector -{TURN_REACH:g}" in text
    steps = f"by default {STRIP_STEPS}, on a page {PAGE_STEPS}, in a film {FILM_STEPS} one way, or {LEG_STEPS} from"
    assert steps in text


def test_the_module_runs_as_the_command_does() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "ganatomy", "--version"], capture_output=True, text=True, check=True
    )
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", result.stdout)
