"""Signals, odd files and hostile requests against ganatomy: what was tried, and what failed.

    python benchmarks/attacks.py                          # all three
    python benchmarks/attacks.py signals --tries 100      # a survey that is stopped again and again
    python benchmarks/attacks.py files --tries 2000       # tables, codes, directions, surveys, recipes, classifiers
    python benchmarks/attacks.py requests --tries 3500    # a studio with a token, and 520 strangers at its door

Files of weights have a script of their own, `hostile_files.py`; wrong arguments of functions `wrong_types.py`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import torch
from PIL import Image
from websockets.sync.client import connect

import ganatomy as ga
from ganatomy.errors import GanatomyError
from ganatomy.perception import OracleScorer
from ganatomy.studio.guards import cookie_name

PYTHON = (sys.executable, "-m", "ganatomy")
TOKEN = "the-owner-of-it"  # noqa: S105 (of this script's own studio)
STRANGERS = 520
SLOWEST = 10.0
"""Seconds that a file may be read for."""
Failures = list[str]


def attack_by_signals(tries: int, chance: random.Random, folder: Path) -> Failures:
    """Stop a survey after a random time, again and again, then let it finish: the rows must be those of a quiet one."""
    scorer = folder / "scorer.py"
    scorer.write_text(
        "def see(images):\n    return images.mean((1, 2, 3))[:, None] / 2 + 0.5\nsee.names = ['Bright']\n"
    )
    quiet, stopped = folder / "quiet.survey", folder / "stopped.survey"

    def command(out: Path) -> list[str]:
        return [*PYTHON, "survey", "digits", "--scorer", f"{scorer}:see", "-n", "3000", "-o", str(out)]

    begun = time.monotonic()
    subprocess.run(command(quiet), check=True, capture_output=True)
    whole = time.monotonic() - begun
    failures: Failures = []
    for number in range(tries):
        which = chance.choice((signal.SIGINT, signal.SIGTERM, signal.SIGKILL, signal.SIGHUP, signal.SIGPIPE))
        process = subprocess.Popen(
            command(stopped), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(chance.uniform(0, whole))
        process.send_signal(which)
        errors = process.communicate()[1]
        # Before Python has begun to run our lines, its own handling holds.
        if "Traceback" in errors and "ganatomy/cli/__init__" in errors and "KeyboardInterrupt" not in errors:
            failures.append(f"signal {number}, {which.name}: {errors.strip().splitlines()[-1]}")
    subprocess.run(command(stopped), check=True, capture_output=True)
    one, other = (ga.load_survey(path) for path in (quiet, stopped))
    if not torch.equal(one.scores.logits, other.scores.logits):
        failures.append("a stopped survey has other rows than a quiet one")
    names = {path.name for path in stopped.iterdir()}
    if names - {path.name for path in quiet.iterdir()} - {path.name for path in stopped.glob(".*.writing")}:
        failures.append(f"files are left: {sorted(names)}")
    return failures


def samples(folder: Path) -> dict[str, tuple[bytes, Callable[[Path], object]]]:
    """A valid file of each kind, by its name, and what reads it."""
    toy = ga.ToyGenerator(z_dim=8, attributes=("red", "round"), seed=0)
    survey = ga.survey(toy, OracleScorer(toy), n=40, folder=folder / "a.survey")
    rows = "\n".join(f"{row}.png,{row % 2},{'' if row % 3 else 'yes'}" for row in range(40))
    table = f"file,Smiling,Old\n{rows}\n".encode()
    ga.save_latents(toy.sample(3, seed=1), folder / "a.latents")
    ga.save_directions(ga.regression(survey), folder / "a.directions")
    Image.fromarray(np.linspace(0, 65_535, 64).reshape(8, 8).astype(np.uint16)).save(folder / "a.png")
    part = next((folder / "a.survey").glob("part-*.parquet"))
    inside = folder / "b.survey"
    inside.mkdir()
    (inside / "survey.json").write_bytes((folder / "a.survey" / "survey.json").read_bytes())
    recipe = (
        ga.to_json(ga.Recipe(codes=ga.Drawn(seeds=(1,)), image=ga.Sheet())) if hasattr(ga, "Drawn") else "{}"
    )
    return {
        "labels.csv": (table, ga.read_labels),
        "labels.txt": (b"2\nSmiling Old\na.png 1 -1\nb.png -1  1\n", ga.read_labels),
        "scorer.csv": (table, ga.scorer),
        "codes.latents": ((folder / "a.latents").read_bytes(), ga.load_latents),
        "some.directions": ((folder / "a.directions").read_bytes(), ga.load_directions),
        "image.png": ((folder / "a.png").read_bytes(), ga.open_photograph),
        "recipe.json": (recipe.encode(), ga.read_recipe),
        "b.survey/part-000000.parquet": (part.read_bytes(), lambda path: ga.load_survey(path.parent)),
    }


def damaged(content: bytes, chance: random.Random) -> bytes:
    """The same file with a few bytes changed, cut, doubled or replaced by extremes."""
    data = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(data) + 1)
        kind = chance.randrange(6)
        if kind == 0:
            data[place : place + 1] = bytes([chance.randrange(256)])
        elif kind == 1:
            del data[place:]
        elif kind == 2:
            data[place:place] = data[place : place + chance.randrange(200)]
        elif kind == 3:
            data[place : place + 8] = b"\xff" * 8
        elif kind == 4:
            data[place:place] = chance.choice(
                (b"\x00", b"nan", b"inf", b"1e999", b'"', b"[" * 3000, b"\xff\xfe", b"-" * 99)
            )
        else:
            del data[place : place + chance.randrange(200)]
    return bytes(data)


def attack_by_files(tries: int, chance: random.Random, folder: Path) -> Failures:
    """Read damaged files: a result or an error of ganatomy, and soon."""
    known = samples(folder)
    failures: Failures = []
    for number in range(tries):
        name, (content, read) = chance.choice(sorted(known.items(), key=lambda item: item[0]))
        path = folder / name
        path.write_bytes(damaged(content, chance))
        begun = time.monotonic()
        try:
            read(path)
        except GanatomyError:
            pass
        except Exception as error:  # noqa: BLE001 (whatever it is, it is what is looked for)
            failures.append(f"file {number}, {name}: {type(error).__name__}: {error!s:.100}")
        if time.monotonic() - begun > SLOWEST:
            failures.append(f"file {number}, {name}: {time.monotonic() - begun:.0f} seconds")
    special = folder / "pipe.latents"
    os.mkfifo(special)
    for path in (special, folder, Path("/dev/null"), Path("a" * 300)):
        for read in (ga.load_latents, ga.read_labels, ga.load, ga.open_photograph):
            try:
                read(path)
            except GanatomyError:
                continue
            except OSError as error:
                failures.append(f"{path!s:.20} by {read.__name__}: {type(error).__name__}: {error!s:.60}")
    return failures


@contextlib.contextmanager
def studio() -> Iterator[str]:
    """A studio of the bundled digits in a process of its own, behind a token; its address without the token."""
    command = [*PYTHON, "studio", "digits", "--port", "0", "--token", TOKEN]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    try:
        while "http://" not in (line := process.stdout.readline()):
            assert line, "the studio did not start"
        yield line[line.index("http://") :].split("?")[0].strip().rstrip("/")
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


def slider(base: str) -> float:
    """Seconds from opening a socket as the owner to the image of a slider."""
    headers = {"Cookie": f"{cookie_name(TOKEN)}={TOKEN}", "Origin": base}
    query = {"kind": "image", "scene": {"codes": {"seeds": [7], "space": "z"}}}
    begun = time.monotonic()
    with connect(f"{base.replace('http', 'ws')}/socket", max_size=None, additional_headers=headers) as owner:
        owner.send(json.dumps({"id": 1, "slot": "edit", "query": query}))
        while not isinstance(owner.recv(60), bytes):
            pass
    return time.monotonic() - begun


RAW = (
    b"\x00" * 40,
    b"GET / HTTP/9\r\n\r\n",
    b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
    b"GET " + b"a" * 70_000,
    b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
    b"\x16\x03\x01\x02\x00\x01",
    b"OPTIONS * HTTP/1.1\r\n\r\n",
)
"""What is no request, or a strange one."""

PATHS = (
    *(
        "/",
        "/api/models",
        "/api/export",
        "/api/film",
        "/api/photograph",
        "/socket",
        "/?token=guess",
        "/static/%00",
    ),
    *("/static/../../etc/passwd", "/%2e%2e/%2e%2e/etc", "/api/blind?model=x", "//evil"),
)


def one_request(base: str, chance: random.Random) -> None:
    """A request of a stranger, or raw bytes."""
    host, port = base.removeprefix("http://").split(":")
    if chance.random() < 0.5:
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=5) as raw:
            raw.sendall(chance.choice(RAW))
        return
    method, path = chance.choice(("GET", "POST", "PUT", "DELETE")), chance.choice(PATHS)
    headers = {"Origin": "http://evil.example"} if chance.random() < 0.3 else {}
    headers |= {"Cookie": f"{cookie_name(TOKEN)}=guess"} if chance.random() < 0.3 else {}
    with contextlib.suppress(httpx.HTTPError):
        answer = httpx.request(method, base + path, headers=headers, content=b"{}", timeout=5)
        if answer.status_code < 400:
            raise AssertionError(f"a stranger got {answer.status_code} from {path}")


def attack_by_requests(tries: int, chance: random.Random, folder: Path) -> Failures:
    """Strangers ask for anything; the owner is answered all the while, and within a second beside 520 of them."""
    failures: Failures = []
    with studio() as base:
        slider(base)
        quiet = min(slider(base) for _ in range(3))
        for number in range(tries):
            try:
                one_request(base, chance)
            except AssertionError as error:
                failures.append(f"request {number}: {error}")
        host, port = base.removeprefix("http://").split(":")
        with contextlib.ExitStack() as held:
            for number in range(STRANGERS):
                stranger = held.enter_context(socket.create_connection((host, int(port))))
                with contextlib.suppress(OSError):
                    stranger.sendall(b"G" if number % 2 else b"")
            beside = [slider(base) for _ in range(5)]
        print(
            f"slider of the owner: {quiet:.2f} s alone, {max(beside):.2f} s at most beside {STRANGERS} strangers"
        )
        if max(beside) > 1:
            failures.append(f"the slider took {max(beside):.2f} s")
    return failures


ATTACKS = {
    "signals": (attack_by_signals, 100),
    "files": (attack_by_files, 2000),
    "requests": (attack_by_requests, 3500),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kinds", nargs="*", help=f"any of {', '.join(ATTACKS)}; by default all")
    parser.add_argument("--tries", type=int, help="of each kind; by default as many as stand above")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    failed = 0
    for kind in options.kinds or ATTACKS:
        attack, usual = ATTACKS[kind]
        with tempfile.TemporaryDirectory() as name:
            failures = attack(options.tries or usual, random.Random(options.seed), Path(name))
        print(f"{kind}: {options.tries or usual} tried, {len(failures)} failed", flush=True)
        print("".join(f"  {failure}\n" for failure in failures[:20]), end="", flush=True)
        failed += len(failures)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
