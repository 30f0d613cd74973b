"""Pages of the site that are made from the package: its commands, and one page for each room of public names."""

from __future__ import annotations

from collections.abc import Iterator

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


def pages() -> Iterator[tuple[str, str]]:
    """Path and text of every page that is made."""
    yield COMMANDS, build().generate_docs().replace("# ganatomy", "# Commands", 1)
    for room, names in rooms().items():
        entries = "\n\n".join(f"::: ganatomy.{name}" for name in names)
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
