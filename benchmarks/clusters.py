"""Surveys on many workers, and directions of more codes than fit into memory.

    python benchmarks/clusters.py stream -n 1000000     # 10,000,000 takes 22 GB of disk
    python benchmarks/clusters.py throughput            # on two quiet cores
    python benchmarks/clusters.py killed -n 20000       # a node, then the driver, ended without notice

`stream` writes a survey of codes of 512 numbers with 38 scores, finds directions in it in processes of their own, and
prints seconds and peak memory of each, beside the same found in memory in the first 100,000 codes. `throughput` and
`killed` need the extra `ray`, and start clusters of their own.

Processor time, of a process and all that it started, stands beside seconds: it holds on a machine that has other work.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch

import ganatomy as ga
from ganatomy.directions import METHODS, evidence
from ganatomy.surveys.parts import writing
from ganatomy.surveys.rows import Rows
from ganatomy.surveys.settings import BLOCK_ROWS, Settings
from ganatomy.surveys.writer import PartWriter

DIM, NUM_ATTRIBUTES = 512, 38
COMPARED = 100_000
"""Rows in which what is found piece by piece is compared with what is found in memory."""

FITS = ("regression", "pca", "centroid")

os.environ |= {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0", "RAY_DEDUP_LOGS_SKIP_REGEX": "."}


def make_up(folder: Path, n: int) -> float:
    """Write codes of an anisotropic normal distribution with noisy linear scores; the seconds that it took."""
    settings = Settings(
        generator=None,
        scorer=None,
        attributes=tuple(f"attribute {k}" for k in range(NUM_ATTRIBUTES)),
        space="w",
        seed=0,
        truncation_psi=1.0,
        code_shape=(DIM,),
        num_layers=10,
    )
    rng = np.random.default_rng(0)
    scales = np.geomspace(2, 0.2, DIM, dtype=np.float32)
    weights = rng.standard_normal((DIM, NUM_ATTRIBUTES), dtype=np.float32) / DIM**0.5
    started = time.perf_counter()
    with writing(folder, settings), PartWriter(folder=folder, settings=settings, n=n, have={}) as writer:
        for start in range(0, n, settings.part_rows):
            count = min(settings.part_rows, n - start)
            codes = rng.standard_normal((count, DIM), dtype=np.float32) * scales
            noise = rng.standard_normal((count, NUM_ATTRIBUTES), dtype=np.float32)
            logits = torch.from_numpy(4 * codes @ weights + noise - 1)
            writer.put(Rows(start=start, codes=torch.from_numpy(codes), logits=logits))
    return time.perf_counter() - started


def peak() -> float:
    """The most memory that this process has had, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def fit(folder: Path, method: str) -> dict[str, float]:
    """Find directions; to be called in a process of its own."""
    before, started = peak(), time.perf_counter()
    seen = ga.load_survey(folder)
    lines = str(seen).count("\n")
    opened = time.perf_counter() - started
    started, since = time.perf_counter(), time.process_time()
    found = METHODS[method](seen)
    return {
        "opened": opened,
        "lines": lines,
        "seconds": time.perf_counter() - started,
        "processor": time.process_time() - since,
        "before": before,
        "peak": peak(),
        "found": len(found),
    }


def stream(n: int, folder: Path | None, methods: list[str]) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        place = folder or Path(temporary) / "s"
        if not (place / "survey.json").exists():
            print(f"{n:,} codes x {DIM}, {NUM_ATTRIBUTES} scores: written in {make_up(place, n):.0f} s")
        size = sum(path.stat().st_size for path in place.glob("part-*.parquet"))
        print(f"{size / 1e9:.1f} GB in {len(list(place.glob('part-*.parquet')))} files")
        for method in methods:
            command = [sys.executable, __file__, "fit", str(place), method]
            row = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            print(
                f"{method:12} {row['seconds']:7.1f} s ({row['processor']:.1f} s of processor), "
                f"peak {row['peak']:.2f} GB ({row['before']:.2f} before); opened and printed in {row['opened']:.2f} s",
                flush=True,
            )
        compare(place, min(n, COMPARED), methods)


def compare(folder: Path, n: int, methods: list[str]) -> None:
    """Largest difference of unit vectors, sigmas and AUCs between both ways, in the first rows."""
    seen = ga.load_survey(folder)[:n]
    for method in methods:
        with_limit = []
        for limit in (2**40, 0):
            evidence.IN_MEMORY = limit
            with_limit.append(METHODS[method](seen))
        one, other = with_limit
        differences = {
            "vectors": float((one.matrix - other.matrix).abs().max()),
            **{
                figure: max(
                    abs(getattr(a, figure) - getattr(b, figure)) for a, b in zip(one, other, strict=True)
                )
                for figure in ("sigma", "slope", "auc")
            },
        }
        text = ", ".join(f"{name} {value:.1e}" for name, value in differences.items())
        print(f"{method:12} of {n:,} codes, piece by piece against in memory: {text}")


@contextmanager
def cluster(num_nodes: int, num_cpus: int) -> Iterator[tuple[Any, list[Any]]]:
    from ray.cluster_utils import Cluster

    found = Cluster()
    try:
        yield found, [found.add_node(num_cpus=num_cpus, include_dashboard=False) for _ in range(num_nodes)]
    finally:
        found.shutdown()


def faces(n: int, executor: Any = None, folder: Path | None = None, progress: Any = None) -> Any:
    model, scorer = ga.load("faces"), ga.scorer("faces")
    return ga.survey(
        model, scorer, n=n, space="w", batch_size=32, executor=executor, folder=folder, progress=progress
    )


@dataclass(frozen=True)
class Moment:
    """When so many rows were done, in seconds and in processor time."""

    done: int
    seconds: float
    processor: float


class Stopwatch:
    """Notes moments of this process and all that it starts, those that ended included."""

    def __init__(self) -> None:
        self.spent: dict[tuple[int, float], float] = {}
        self.moments: list[Moment] = []

    def note(self, done: int) -> None:
        me = psutil.Process()
        for process in (me, *me.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                self.spent[process.pid, process.create_time()] = times.user + times.system
        moment = Moment(done=done, seconds=time.perf_counter(), processor=sum(self.spent.values()))
        self.moments.append(moment)


def rate(n: int, make: Any) -> tuple[float, float]:
    """Images a second, and a second of processor, after the first block, so that starting workers does not count."""
    watch = Stopwatch()

    def note(done: int, total: int) -> None:
        if done == total or (done >= min(1024, total // 4) and not watch.moments):
            watch.note(done)

    make(n, progress=note)
    first, last = watch.moments
    images = last.done - first.done
    return images / (last.seconds - first.seconds), images / (last.processor - first.processor)


def throughput(n: int) -> None:
    """One process on one thread and on two, two local processes, and two workers of Ray, in turn."""
    torch.set_num_threads(1)
    one = rate(n, faces)
    torch.set_num_threads(2)
    two = rate(n, faces)
    local = rate(n, partial(faces, executor=ga.LocalProcesses(["cpu", "cpu"])))
    with cluster(1, 2) as (found, _):
        ray = rate(n, partial(faces, executor=ga.RayCluster(address=found.address, workers=2)))
    for name, (speed, thrift) in (
        ("one thread", one),
        ("two threads", two),
        ("2 processes", local),
        ("2 of Ray", ray),
    ):
        print(
            f"{name:12} {speed:6.1f} images a second, {speed / one[0]:.2f} x one thread, {speed / two[0]:.2f} x two; "
            f"{thrift:.1f} a second of processor, {thrift / one[1]:.2f} x one thread"
        )


def killed(n: int) -> None:
    """End a node, and then the driver, in the middle."""
    torch.set_num_threads(1)
    plain = faces(n)
    watch = Stopwatch()
    with cluster(2, 2) as (found, nodes):

        def note(done: int, total: int) -> None:
            if done % BLOCK_ROWS == 0:
                watch.note(done)
                if done > total // 2 and len(nodes) == 2:
                    found.remove_node(nodes.pop(), allow_graceful=False)
                    print(f"a node was ended after {done:,} rows")

        seen = faces(n, executor=ga.RayCluster(address=found.address, workers=2), progress=note)
        same(plain, seen, "with a node ended")
        print(way_back(watch.moments, total=n))
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / "s"
            command = [sys.executable, __file__, "drive", str(folder), found.address, str(n)]
            with subprocess.Popen(command) as driver:
                while not list(folder.glob("part-*.parquet")):
                    time.sleep(0.2)
                driver.send_signal(signal.SIGKILL)
            print(f"the driver was ended with {len(ga.load_survey(folder)):,} rows on disk")
            again = faces(n, executor=ga.RayCluster(address=found.address, workers=2), folder=folder)
            same(plain, again, "with the driver ended")


def way_back(moments: list[Moment], *, total: int) -> str:
    """When the block that a node took with it was there, in times that one worker needs for a block.

    When the node ends, each of two workers has a block; the lost one is there when both are.
    """
    ended = next(place for place, moment in enumerate(moments) if moment.done > total // 2)
    first, last, back = moments[1], moments[ended], moments[ended + 2]
    blocks = ended - 1
    part = 2 * (last.seconds - first.seconds) / blocks
    waited = back.seconds - last.seconds
    return (
        f"a worker makes a block in {part:.1f} s ({(last.processor - first.processor) / blocks:.1f} s of processor); "
        f"the lost one was back after {waited:.1f} s, {waited / part:.2f} times that"
    )


def same(plain: Any, other: Any, how: str) -> None:
    codes = torch.equal(plain.latents.codes, other.latents.codes)
    difference = float((plain.scores.logits - other.scores.logits).abs().max())
    print(
        f"{how}: {len(other):,} rows, codes {'equal' if codes else 'DIFFER'}, logits differ by {difference:.1e}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    tasks = parser.add_subparsers(dest="task", required=True)
    task = tasks.add_parser("stream", help="directions of a survey of any size: seconds, memory, equality")
    task.add_argument("-n", type=int, default=1_000_000, help="codes")
    task.add_argument("--folder", type=Path, help="to keep the survey in; by default it is deleted")
    task.add_argument("--methods", nargs="+", default=list(FITS), help="of ganatomy directions")
    task = tasks.add_parser("throughput", help="images a second of one process and of two workers")
    task.add_argument("-n", type=int, default=6000, help="images of each")
    task = tasks.add_parser("killed", help="equality after a node and the driver are ended")
    task.add_argument("-n", type=int, default=20_000, help="images")
    task = tasks.add_parser("fit", help="one fit, as JSON (a process of `stream`)")
    task.add_argument("folder", type=Path)
    task.add_argument("method")
    task = tasks.add_parser("drive", help="one survey on Ray (a process of `killed`)")
    task.add_argument("folder", type=Path)
    task.add_argument("address")
    task.add_argument("n", type=int)
    given = parser.parse_args()
    if given.task == "stream":
        stream(given.n, given.folder, given.methods)
    elif given.task == "throughput":
        throughput(given.n)
    elif given.task == "killed":
        killed(given.n)
    elif given.task == "fit":
        print(json.dumps(fit(given.folder, given.method)))
    else:
        torch.set_num_threads(1)
        faces(given.n, executor=ga.RayCluster(address=given.address, workers=2), folder=given.folder)


if __name__ == "__main__":
    main()
