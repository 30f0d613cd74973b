"""Make the pictures of docs/gallery.md again, by the commands that stand below them."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import tempfile
from pathlib import Path

from ganatomy.cli import main

DOCS = Path(__file__).parents[1] / "docs"


def commands(page: str) -> list[list[str]]:
    """The commands of a page, in order."""
    return [shlex.split(line) for line in re.findall(r"^ganatomy (.+)$", page, re.MULTILINE)]


def make(only: str) -> None:
    """Run the commands whose output has this in its name, and those that others start from."""
    (DOCS / "gallery").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path("gallery").symlink_to(DOCS / "gallery")
        for command in commands((DOCS / "gallery.md").read_text(encoding="utf-8")):
            out = command[command.index("-o") + 1]
            if only in out or not out.startswith("gallery/"):
                print(f"ganatomy {shlex.join(command)}")
                if main(command):
                    raise SystemExit(f"{out} was not made")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "only", nargs="?", default="", help="part of a file's name, such as smile; by default all"
    )
    make(parser.parse_args().only)
