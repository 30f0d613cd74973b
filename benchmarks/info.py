"""What `ganatomy info` takes for one small file of each reader: `python benchmarks/info.py [-n 5] [--only WORDS]`.

Each turn starts a process that imports torch alone, which is the floor, and one for each file. Printed are medians of
processor seconds and of wall seconds, and what is above the floor. Bytecode is cached, as where pip has installed it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

import kinds  # puts the tests onto the path

FILES = (
    "NVIDIA StyleGAN2", "NVIDIA StyleGAN3", "rosinality StyleGAN2", "genforce Progressive GAN",
    "genforce StyleGAN, 128 px", "DCGAN, norms: three batches", "MLP, ReLU", "conditional, embedding first",
    "whole module, Sequential", "TorchScript, traced", "Keras HDF5", "Keras archive", "TensorFlow.js layers model",
    "ONNX",
)  # fmt: skip
FLOOR = "import torch"
Seconds = tuple[float, float]
"""Of the processor, and of the clock."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-n", type=int, default=5, help="turns")
    parser.add_argument("--only", default="", help="kinds whose names contain these words")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        commands = {FLOOR: [sys.executable, "-c", FLOOR]}
        for kind in (kind for kind in FILES if options.only in kind):
            path = folder / f"{kind.replace(' ', '-')}.{kinds.KINDS[kind].ending}"
            kinds.write(kinds.KINDS[kind], path)
            commands[kind] = [sys.executable, "-m", "ganatomy", "info", str(path)]
        environment = dict(os.environ) | {"PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        measure(commands, environment)
        turns = [measure(commands, environment) for _ in range(options.n)]
    print(f"{'':32}{'processor':>10}{'above':>8}{'clock':>8}")
    floor = middle(turns, FLOOR)[0]
    for what in commands:
        processor, clock = middle(turns, what)
        print(f"{what:32}{processor:8.2f} s{processor - floor:6.2f} s{clock:6.2f} s")


def measure(commands: Mapping[str, Sequence[str]], environment: Mapping[str, str]) -> dict[str, Seconds]:
    """One turn."""
    return {what: seconds(command, environment) for what, command in commands.items()}


def seconds(command: Sequence[str], environment: Mapping[str, str]) -> Seconds:
    """What a command takes, start and end of its process included."""
    before, begin = os.times(), time.perf_counter()
    subprocess.run(command, env=environment, check=True, capture_output=True)
    clock, after = time.perf_counter() - begin, os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system, clock


def middle(turns: Sequence[Mapping[str, Seconds]], what: str) -> Seconds:
    processor, clock = zip(*(turn[what] for turn in turns), strict=True)
    return median(processor), median(clock)


if __name__ == "__main__":
    main()
