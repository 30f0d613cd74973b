"""Build the wheel, and install it where a stranger would: in fresh environments of each Python, outside the checkout.

Prints the sizes of wheel and source archive, and for each Python what the installation took and weighs, how long the
first `ganatomy --version` took, and whether the main job ran. What is installed is removed again.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
VERSIONS = ("3.11", "3.12", "3.13")
LIMIT = 10_000_000
"""Bytes that a wheel may have."""


def main() -> int:
    """Build, check, and try each Python; the exit code is 1 where anything failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--python", action="append", default=[], help="an interpreter; by default each that is found"
    )
    parser.add_argument("--torch", help="installed first, such as torch==2.13.0; by default pip chooses")
    parser.add_argument("--lowest", action="store_true", help="install the lowest version of each dependency")
    parser.add_argument("--extra", default="", help="an extra to install as well, such as all")
    parser.add_argument("--build-only", action="store_true", help="build and check, install nothing")
    parser.add_argument("-n", type=int, default=300, help="images of the main job")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="ganatomy-installs-") as name:
        folder = Path(name)
        wheel = build(folder / "dist")
        if options.build_only:
            return 0
        first = [options.torch] if options.torch else []
        given = {re.split(r"[=<>~!]", requirement)[0] for requirement in first}
        lowest = lowest_versions(given) if options.lowest else []
        tried = [
            attempt(python, wheel, folder, extra=options.extra, first=[*lowest, *first], n=options.n)
            for python in options.python or find_pythons()
        ]
    return 0 if tried and all(tried) else 1


def build(folder: Path) -> Path:
    """The wheel, built with its source archive, both checked as the package index would."""
    run(sys.executable, "-m", "build", "--outdir", folder, ROOT)
    run(sys.executable, "-m", "twine", "check", "--strict", *folder.iterdir())
    for path in sorted(folder.iterdir()):
        print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, twine check --strict passed")
    (wheel,) = folder.glob("*.whl")
    if wheel.stat().st_size >= LIMIT:
        raise SystemExit(f"the wheel has {wheel.stat().st_size:,} bytes; fewer than {LIMIT:,} are promised")
    return wheel


def attempt(python: str, wheel: Path, folder: Path, *, extra: str, first: Sequence[str], n: int) -> bool:
    """Install the wheel in a fresh environment, run the main job there, print what it took."""
    place = folder / "environment"
    try:
        started = time.perf_counter()
        run(python, "-m", "venv", place)
        pip = (place / "bin/python", "-m", "pip", "install", "--quiet", "--no-cache-dir")
        if first:
            run(*pip, *first)
        run(*pip, f"{wheel}[{extra}]" if extra else wheel)
        installed = time.perf_counter() - started
        size = sum(path.lstat().st_size for path in place.rglob("*"))
        version, first_time = timed(place / "bin/ganatomy", "--version", cwd=folder)
        _, seconds = timed(place / "bin/ganatomy", "explore", "faces", "-n", n, "-o", "report", cwd=folder)
        report = folder / "report" / "report.html"
        done = report.is_file() and report.stat().st_size > 0
        shutil.rmtree(folder / "report")
        print(
            f"{python}: {'report written' if done else 'NO REPORT'}; ganatomy {version.strip()}, installed in "
            f"{installed:.0f} s, {size / 1e9:.2f} GB; --version in {first_time:.1f} s, explore faces -n {n} in "
            f"{seconds:.0f} s",
            flush=True,
        )
        return done
    except subprocess.CalledProcessError as error:
        print(f"{python}: FAILED: {' '.join(map(str, error.cmd))}\n{error.stderr[-2000:]}", flush=True)
        return False
    finally:
        shutil.rmtree(place, ignore_errors=True)


def lowest_versions(given: set[str]) -> list[str]:
    """Each dependency at the lower bound that pyproject.toml states, but those that are given."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        dependencies = tomllib.load(file)["project"]["dependencies"]
    bounds = (dependency.partition(">=") for dependency in dependencies)
    return [f"{name}=={bound}" for name, _, bound in bounds if name not in given]


def find_pythons() -> Iterator[str]:
    """An interpreter of each version: on the path, or of pyenv."""
    for version in VERSIONS:
        own = sorted((Path.home() / ".pyenv/versions").glob(f"{version}.*/bin/python"))
        found = str(own[-1]) if own else shutil.which(f"python{version}")
        if found:
            yield found
        else:
            print(f"Python {version} is not here")


def timed(*command: object, cwd: Path) -> tuple[str, float]:
    """What a command prints, and its seconds."""
    started = time.perf_counter()
    return run(*command, cwd=cwd), time.perf_counter() - started


def run(*command: object, cwd: Path | None = None) -> str:
    """What a command prints; another folder than the checkout's, and none of its settings."""
    environment = {
        name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")
    }
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
