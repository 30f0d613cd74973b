"""What `ganatomy explore` costs and finds, beside what was asked of it.

    python benchmarks/main_job.py [MODEL [OPTIONS OF EXPLORE ...]]

Without arguments: the bundled faces with 3,000 codes. Prints wall seconds and peak memory of the whole command, how
many attributes can be used, the mean held-out AUC, and the selectivity of every method with its 95 % interval.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", nargs="?", default="faces")
    given, rest = parser.parse_known_args()
    arguments = [given.model, *(rest or ["-n", "3000"])]

    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "ganatomy", "--help"], check=True, stdout=subprocess.DEVNULL)
    print(f"ganatomy --help: {time.perf_counter() - start:.2f} s")

    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        command = [sys.executable, "-m", "ganatomy", "explore", *arguments, "-o", folder]
        subprocess.run(command, check=True)
        seconds = time.perf_counter() - start
        summary = json.loads((Path(folder) / "summary.json").read_text())
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    print(f"ganatomy explore {' '.join(arguments)}: {seconds:.0f} s, at most {memory:.2f} GB")

    aucs = {
        name: entry["auc"] for name, entry in summary["attributes"].items() if entry.get("auc") is not None
    }
    print(f"attributes used: {len(aucs)}; mean held-out AUC {sum(aucs.values()) / len(aucs):.3f}")
    print(", ".join(f"{name} {auc:.3f}" for name, auc in aucs.items()))
    for method, entry in summary["methods"].items():
        figure = entry["selectivity"]
        print(f"{method:12} selectivity {figure['value']:.2f}  ({figure['low']:.2f} to {figure['high']:.2f})")


if __name__ == "__main__":
    main()
