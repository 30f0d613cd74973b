"""The promises of the project as a whole: its public names, its quick start, and what its README says."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import ganatomy

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.mark.parametrize("name", ganatomy.__all__)
def test_a_public_name_can_be_had_and_comes_from_where_the_table_says(name: str) -> None:
    value = getattr(ganatomy, name)
    assert value is getattr(importlib.import_module(ganatomy._HOME[name]), name)
    assert not isinstance(value, type(sys)), f"ganatomy.{name} is a module of the same name"


def test_type_checkers_see_the_same_names_as_the_table() -> None:
    tree = ast.parse(Path(ganatomy.__file__).read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.asname: node.module
        for node in ast.walk(block)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == ganatomy._HOME


def test_public_names_are_listed_by_dir_and_unknown_ones_are_refused() -> None:
    assert set(ganatomy.__all__) <= set(dir(ganatomy))
    with pytest.raises(AttributeError, match="no attribute 'smile'"):
        ganatomy.smile  # noqa: B018


def test_every_module_can_be_imported_alone() -> None:
    for module in pkgutil.walk_packages(ganatomy.__path__, "ganatomy."):
        importlib.import_module(module.name)


def test_public_functions_are_not_shadowed_by_modules_of_their_name() -> None:
    modules = {module.name for module in pkgutil.iter_modules(ganatomy.__path__)}
    assert not modules & set(ganatomy.__all__)


@pytest.mark.parametrize(
    "code",
    ["import ganatomy", "import ganatomy.cli", "from ganatomy.cli import main; main(['--help'])"],
    ids=["importing the package", "importing the command line", "asking for help"],
)
def test_torch_is_not_paid_for_by(code: str) -> None:
    heavy = "torch sklearn matplotlib onnxruntime pyarrow"
    loaded = f"[name for name in '{heavy}'.split() if name in sys.modules]"
    result = run("-c", f"import atexit, sys; atexit.register(lambda: print('heavy:', {loaded}))\n{code}")
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == "heavy: []"


def test_the_commands_of_the_readme_exist() -> None:
    session = "\n".join(re.findall(r"^```console\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL))
    commands = set(re.findall(r"^\$ ganatomy ([a-z-]+)", session, re.MULTILINE))
    assert commands, "the README shows no commands"
    listed = run("-m", "ganatomy", "--help").stdout
    assert [command for command in sorted(commands) if command not in listed] == []
