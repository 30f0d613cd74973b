"""Pages of the site that are made from the package: its commands, and one page for each room of public names."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

from griffe import Extension, Object
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

import ganatomy
from ganatomy.cli import build

COMMANDS = "commands.md"


def rooms() -> dict[str, list[str]]:
    """The public names of each package or module below `ganatomy`, in alphabetical order."""
    found: dict[str, list[str]] = {}
    for name in sorted(ganatomy.__all__, key=str.lower):
        found.setdefault(ganatomy._HOME[name].split(".")[1], []).append(name)  # noqa: SLF001
    return dict(sorted(found.items()))


def where(name: str) -> str:
    """Where a public name is defined: a package may hold a module of the same name."""
    value = getattr(ganatomy, name)
    home = getattr(value, "__module__", ganatomy._HOME[name])  # noqa: SLF001
    return f"{home}.{getattr(value, '__name__', name)}"


def pages() -> Iterator[tuple[str, str]]:
    """Path and text of every page that is made."""
    text = build().generate_docs().replace("# ganatomy", "# Commands", 1)
    yield COMMANDS, re.sub(r"## Table of Contents\n.*?(?=\*\*Commands\*\*)", "", text, flags=re.DOTALL)
    for room, names in rooms().items():
        entries = "\n\n".join(f"::: {where(name)}\n    options:\n      heading: {name}" for name in names)
        yield f"api/{room}.md", f"# {room}\n\n{entries}\n"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """List the pages that are made last."""
    assert config.nav is not None
    library = [{room: f"api/{room}.md"} for room in rooms()]
    config.nav.append({"Reference": [{"Commands": COMMANDS}, {"Library": library}]})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made to those that are written."""
    for path, text in pages():
        files.append(File.generated(config, path, content=text))
    return files


class Examples(Extension):
    """Examples of docstrings as blocks of code."""

    def on_object(self, *, obj: Object, **_: object) -> None:
        """Fence the examples of one docstring."""
        if obj.docstring:
            obj.docstring.value = fenced(obj.docstring.value)


def fenced(docstring: str) -> str:
    """A docstring whose example, `Example::` and an indented block, or bare lines with >>>, is fenced."""

    def fence(match: re.Match[str]) -> str:
        code = textwrap.dedent(match["code"]).strip("\n")
        language = "pycon" if code.startswith(">>>") else "python"
        return f"**Example**\n\n```{language}\n{code}\n```\n"

    indented = r"^Examples?::?\n+(?P<code>(?:(?: {4}.*)?\n?)+)"
    return re.sub(indented, fence, docstring, flags=re.MULTILINE)
