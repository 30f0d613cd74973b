"""Make the notebooks of this folder from their sources, run them, and keep what they show.

A source is a Python file with `# %%` before each cell, and `# %% [markdown]` before each cell of text. `python
examples/notebooks.py` makes all of them, `python examples/notebooks.py first_steps` one.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

FOLDER = Path(__file__).parent
NOTEBOOKS = ("first_steps", "own_generator", "own_attribute", "photograph", "study_of_a_paper")
TIMEOUT = 1800
"""Seconds that a cell may take."""


def main() -> None:
    """Make, run and write the notebooks."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", default=NOTEBOOKS, metavar="NAME")
    for name in parser.parse_args().names:
        notebook = run(made_from((FOLDER / f"{name}.py").read_text(encoding="utf-8")))
        path = FOLDER / f"{name}.ipynb"
        nbformat.write(notebook, path)
        print(f"{path}: {path.stat().st_size / 1e3:.0f} kB")


def made_from(source: str) -> NotebookNode:
    """The notebook of a source, without what it shows."""
    cells = []
    for is_text, body in _cells(source):
        make = new_markdown_cell if is_text else new_code_cell
        cells.append(make(body, id=f"cell-{len(cells)}"))
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return new_notebook(cells=cells, metadata=kernel)


def run(notebook: NotebookNode) -> NotebookNode:
    """The same notebook with what its cells show; nothing that they write is kept.

    Raises:
        CellExecutionError: where a cell fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(notebook, timeout=TIMEOUT, resources={"metadata": {"path": folder}}).execute()
    notebook.metadata.pop("language_info", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [_small(output) for output in cell.outputs if not _is_empty(output)]
    return notebook


def _cells(source: str) -> Iterator[tuple[bool, str]]:
    """Whether a cell is text, and what is in it, in order."""
    marks = re.split(r"^# %%( \[markdown\])?\n", source, flags=re.MULTILINE)[1:]
    for mark, body in zip(marks[::2], marks[1::2], strict=True):
        text = body.strip("\n")
        yield bool(mark), re.sub(r"^# ?", "", text, flags=re.MULTILINE) if mark else text


def _is_empty(output: NotebookNode) -> bool:
    """Whether an output is what a bar left behind that was taken away."""
    return output.get("data", {}).get("text/html") == ""


def _small(output: NotebookNode) -> NotebookNode:
    """An output whose image is a JPEG where it comes as PNG as well, which is several times as large."""
    data = output.get("data", {})
    if "image/jpeg" in data:
        data.pop("image/png", None)
    return output


if __name__ == "__main__":
    main()
