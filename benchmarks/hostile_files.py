"""Hostile and damaged files against the readers: `python benchmarks/hostile_files.py [-n 20000] [--only FORMAT]`.

First every exploit and bomb of the tests; then, for each format, `n` mutations of a small valid file: bits flipped,
parts cut, moved and repeated, lengths made extreme, instructions and names of pickles put in, archives damaged inside.
Each format has a process of its own with 4 GB of address space. While a file is read, an audit hook watches: whatever
starts a program, opens a socket, writes a file, runs source text or imports a module is a failure; so is any exception
that is not ganatomy's, a crash, and a file that takes more than 10 seconds of the processor.
"""

from __future__ import annotations

import argparse
import codecs
import contextlib
import json
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[0] = str(ROOT / "tests")  # in the place of this folder, whose files have names of packages there

import torch  # noqa: E402
from generators.checkpoints.bombs import BOMBS  # noqa: E402
from generators.checkpoints.hostile_files import ACCEPTED, CODE, Victim  # noqa: E402
from generators.checkpoints.mutations import SAMPLES, mutate  # noqa: E402
from safetensors.torch import load_file, save  # noqa: E402

import ganatomy as ga  # noqa: E402
from ganatomy.errors import GanatomyError  # noqa: E402

SECONDS = 10
BYTES = 4 << 30
FORBIDDEN = re.compile(
    r"os\.(system|exec|spawn|posix_spawn|fork|forkpty|startfile|remove|rename|rmdir|mkdir|link|symlink|chmod|chown|kill|putenv)"
    r"|subprocess\.|pty\.|socket\.|ctypes\.dlopen|shutil\.|webbrowser\.|urllib\.|ftplib\.|smtplib\.|http\.|telnetlib\."
    r"|exec$|compile$|import$|code\.__new__|function\.__new__|marshal\.|pickle\.find_class|cpython\.run"
)
NOTHING = {"read": 0, "refused": 0, "failures": {}, "forbidden": {}, "slowest": 0.0, "megabytes": 0.0}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Watch:
    """What happens in this process while a file is read, apart from reading."""

    def __init__(self) -> None:
        self.armed = False
        self.seen: Counter[str] = Counter()
        sys.addaudithook(self._note)

    def _note(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.armed:
            return
        writes = event == "open" and isinstance(args[2], int) and bool(args[2] & WRITING)
        # Text that is only parsed has no name; NumPy reads the headers of its arrays so, and torch's enumerations too.
        parses = event == "compile" and args[1] in ("<unknown>", None)
        if writes or (FORBIDDEN.match(event) and not parses):
            self.seen[f"{event} {str(args[:1])[:60]}"] += 1

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        self.armed = True
        try:
            yield
        finally:
            self.armed = False


class Trial:
    """Files read one after another, with what became of them."""

    def __init__(self) -> None:
        self.watch = Watch()
        self.counts: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self.slowest = 0.0

    def read(self, path: Path, name: str) -> None:
        begin = time.process_time()  # the clock counts other work on the machine
        try:
            with self.watch.watching():
                ga.load(path)
            self.counts["read"] += 1
        except GanatomyError:
            self.counts["refused"] += 1
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            self.failures[f"{type(error).__name__}: {str(error)[:100]} ({name})"] += 1
        self.slowest = max(self.slowest, time.process_time() - begin)

    def report(self) -> dict[str, Any]:
        return {
            "read": self.counts["read"],
            "refused": self.counts["refused"],
            "failures": dict(self.failures.most_common(20)),
            "forbidden": dict(self.watch.seen.most_common(20)),
            "slowest": self.slowest,
            "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }


def import_all(folder: Path) -> None:
    """Read every valid sample once, so that what is imported late is not mistaken for a file's doing."""
    texts = (
        "utf_16",
        "utf_16_be",
        "utf_16_le",
        "utf_32",
        "utf_32_be",
        "utf_32_le",
    )  # all that JSON may be in
    for name in ("cp437", "idna", "raw_unicode_escape", "unicode_escape", *texts):
        codecs.lookup(name)
    for write, ending in SAMPLES.values():
        path = folder / f"valid.{ending}"
        write(path)
        ga.load(path)
        if (
            ending == "safetensors"
        ):  # without our settings it is read by its shapes, for which torch imports more
            path.write_bytes(save(load_file(path)))
            with contextlib.suppress(GanatomyError):
                ga.load(path)
        path.unlink()


def limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run_exploits(folder: Path) -> dict[str, Any]:
    """Each exploit and bomb once."""
    victim, trial = Victim(folder / "touched"), Trial()
    files = {name: (exploit.write(victim), exploit.ending) for name, exploit in (CODE | ACCEPTED).items()}
    for name, (data, ending) in files.items():
        _read(trial, folder / f"model.{ending}", data, name)
        if victim.path.exists():
            trial.failures[f"ran: {name}"] += 1
    for name, (write, _, ending) in BOMBS.items():
        _read(trial, folder / f"model.{ending}", write(), name)
    return trial.report()


def run_mutations(kind: str, n: int, folder: Path) -> dict[str, Any]:
    """So many damaged files of one format."""
    write, ending = SAMPLES[kind]
    path = folder / f"model.{ending}"
    write(path)
    valid, trial = path.read_bytes(), Trial()
    for seed in range(n):
        damaged = mutate(valid, random.Random(seed))
        _read(trial, path, damaged, f"seed {seed}")
    return trial.report()


def _read(trial: Trial, path: Path, data: bytes, name: str) -> None:
    path.write_bytes(data)
    (path.parent / "current").write_text(name)
    trial.read(path, name)


def run_apart(kind: str, n: int) -> dict[str, Any]:
    """One of the above in a process of its own, watched from here for crashes and for files that take too long."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "-n", str(n), "--inside", folder, "--only", kind]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            current, since = "start", time.monotonic()
            while process.poll() is None:
                time.sleep(0.2)
                place = Path(folder, "current")
                name = place.read_text() if place.exists() else "start"
                if name != current:
                    current, since = name, time.monotonic()
                # Other work on the machine slows this one, its start most of all.
                elif name != "start" and time.monotonic() - since > 12 * SECONDS:
                    process.kill()
                    return NOTHING | {"failures": {f"hangs: {current}": 1}}
            printed = process.stdout.read() if process.stdout else ""
        if process.returncode:
            return NOTHING | {"failures": {f"crashes with {process.returncode}: {current}": 1}}
        return json.loads(printed.splitlines()[-1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=20_000, help="mutations of each format")
    parser.add_argument("--only", choices=["exploits", *SAMPLES], help="one format")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.inside:
        warnings.simplefilter("ignore")
        limit_memory()
        import_all(options.inside)
        found = (
            run_exploits(options.inside)
            if options.only == "exploits"
            else run_mutations(options.only, options.n, options.inside)
        )
        print(json.dumps(found))
        return 0

    failed, begin, total = False, time.perf_counter(), 0
    print(f"{'':22}{'tried':>8}{'refused':>9}{'read':>7}{'slowest':>10}{'peak':>9}")
    for kind in [options.only] if options.only else ["exploits", *SAMPLES]:
        found = run_apart(kind, options.n)
        tried = found["read"] + found["refused"] + sum(found["failures"].values())
        total += tried
        counts = f"{tried:8,}{found['refused']:9,}{found['read']:7,}"
        print(f"{kind:22}{counts}{found['slowest']:8.2f} s{found['megabytes']:6.0f} MB", flush=True)
        for words in (*found["failures"].items(), *found["forbidden"].items()):
            print("    FAILED", *words)
        slow = found["slowest"] > SECONDS
        failed |= bool(found["failures"] or found["forbidden"]) or slow
    verdict = "FAILED" if failed else "no code ran, and every refusal was ours"
    print(f"{total:,} files tried in {time.perf_counter() - begin:.0f} s: {verdict}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
