"""The promises of the project as a whole: its public names, its quick start, and what its README says."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import ganatomy

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
SRC = ROOT / "src" / "ganatomy"
MODULES = {path: ast.parse(path.read_text()) for path in sorted(SRC.rglob("*.py"))}

MOST_PARAMETERS, LONGEST_BODY = 10, 80


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").glob("*.py")), ids=lambda path: path.stem)
def test_a_benchmark_reads_its_arguments_with_argparse(path: Path) -> None:
    text = path.read_text()
    assert "argparse.ArgumentParser(" in text, "--help must print what it measures"
    assert "sys.argv" not in text


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


def functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path, tree in MODULES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{path.relative_to(SRC)}: {node.name}", node


def circle(imports: Mapping[str, set[str]]) -> list[str]:
    """A chain of imports that leads back to its start, if there is one."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_class_name_is_defined_twice() -> None:
    places = defaultdict(list)
    for path, tree in MODULES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(str(path.relative_to(SRC)))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_no_function_has_more_than_ten_parameters() -> None:
    many = {}
    for place, node in functions():
        named = node.args
        given = [*named.posonlyargs, *named.args, *named.kwonlyargs, named.vararg, named.kwarg]
        count = len([arg for arg in given if arg is not None and arg.arg not in {"self", "cls"}])
        if count > MOST_PARAMETERS and not place.startswith("cli/commands/"):  # options of a command
            many[place] = count
    assert many == {}


def test_no_body_is_longer_than_a_screen() -> None:
    long = {}
    for place, node in functions():
        body = node.body[ast.get_docstring(node) is not None :]
        if body and node.end_lineno is not None and node.end_lineno - body[0].lineno + 1 > LONGEST_BODY:
            long[place] = node.end_lineno - body[0].lineno + 1
    assert long == {}


def test_modules_do_not_import_each_other_in_a_circle() -> None:
    """Imports inside of functions count too; only the public names of the package are lazy."""
    names = {
        ".".join(["ganatomy", *path.relative_to(SRC).with_suffix("").parts]).removesuffix(".__init__"): tree
        for path, tree in MODULES.items()
    }

    def module(name: str) -> str:
        return name if name in names else name.rpartition(".")[0]

    imports: dict[str, set[str]] = {name: set() for name in names}
    for name, tree in names.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                found = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                found = [f"{node.module}.{alias.name}" for alias in node.names]
            else:
                continue
            ours = {module(other) for other in found if other.startswith("ganatomy.")}
            imports[name] |= ours - {name, "ganatomy"}
    del imports["ganatomy"]
    assert circle(imports) == []


def test_scripts_of_the_studio_do_not_import_each_other_in_a_circle() -> None:
    imports = {}
    for path in (SRC / "studio" / "static").rglob("*.js"):
        found = re.findall(r"""(?:import|export)\b[^;'"]*?['"](\.[^'"]+)['"]""", path.read_text())
        imports[str(path.resolve())] = {str((path.parent / other).resolve()) for other in found}
    assert any(found <= set(imports) and found for found in imports.values())
    assert circle(imports) == []


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").glob("*.py")), ids=lambda path: path.stem)
def test_what_a_benchmark_imports_is_there(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ganatomy"):
            module = importlib.import_module(str(node.module))
            for name in node.names:
                assert hasattr(module, name.name) or importlib.import_module(f"{node.module}.{name.name}")
