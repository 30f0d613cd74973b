"""The notebooks of examples/: made from their sources, small, and run from their first cell to their last."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

nbformat = pytest.importorskip("nbformat", reason="nbformat, nbclient and ipykernel are in the extra dev")
pytest.importorskip("nbclient", reason="nbformat, nbclient and ipykernel are in the extra dev")
pytest.importorskip("ipykernel", reason="nbformat, nbclient and ipykernel are in the extra dev")

EXAMPLES = Path(__file__).parents[1] / "examples"
LARGEST = 400_000
"""Bytes of a notebook with what it shows."""
NOTEBOOKS = sorted(path.stem for path in EXAMPLES.glob("*.ipynb"))


@pytest.fixture(scope="module")
def made() -> ModuleType:
    """The script that makes them."""
    spec = importlib.util.spec_from_file_location("example_notebooks", EXAMPLES / "notebooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_all_notebooks_are_there(made: ModuleType) -> None:
    assert sorted(made.NOTEBOOKS) == NOTEBOOKS


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_is_that_of_its_source_with_what_it_shows(made: ModuleType, name: str) -> None:
    path = EXAMPLES / f"{name}.ipynb"
    stored = nbformat.read(path, as_version=4)
    fresh = made.made_from((EXAMPLES / f"{name}.py").read_text())
    assert [cell.source for cell in stored.cells] == [cell.source for cell in fresh.cells]
    assert path.stat().st_size < LARGEST
    shown = [output for cell in stored.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("image/jpeg" in output.get("data", {}) for output in shown)
    assert not any(output.output_type == "error" for output in shown)
    assert not re.search(r"https?://", path.read_text()), "a notebook asks for nothing from outside"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of jupyter's own libraries
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs(made: ModuleType, name: str) -> None:
    notebook = made.run(made.made_from((EXAMPLES / f"{name}.py").read_text()))
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
