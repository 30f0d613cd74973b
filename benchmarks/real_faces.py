r"""Guided edits of a GAN of photographs with one classifier: does it help to follow students of it as well?

    python benchmarks/real_faces.py -o real-faces/                      # trains what is missing in the folder
    setsid nice python benchmarks/real_faces.py -o real-faces/ --only-train judge

The judge is a network trained on photographs of faces with their ages and sexes, so it shares no labels with the
classifier. Students are trained on the generator's images as the classifier reads them (`ganatomy train student`), by
three seeds. Then `ganatomy study trust` at its defaults, once with guided edits that follow the classifier alone and
once for each number of students beside it. Photographs lie in a ZIP archive with labels.csv (file, age, Male).
"""

from __future__ import annotations

import argparse
import csv
import io
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import ganatomy as ga
from ganatomy.experiments.studies.trust import figures, study_trust
from ganatomy.experiments.studies.trust.result import GUIDED
from ganatomy.perception.network import AttributeConfig
from ganatomy.statistics.formatting import percent_with_interval, with_interval
from ganatomy.training.scorers import Augmentation, ScorerSettings, train_scorer

SHARED = Path(__file__).resolve().parents[2] / "shared"
YOUNG = 40
"""Years below which a person counts as Young."""
RESOLUTION = 64
HELD_OUT = 800
"""Photographs that the judge is not trained on."""


def photographs(path: Path) -> tuple[np.ndarray, torch.Tensor]:
    """All photographs, in random order, and whether each shows Male and Young."""
    with zipfile.ZipFile(path) as archive:
        rows = list(csv.DictReader(io.TextIOWrapper(archive.open("labels.csv"), encoding="utf-8")))
        np.random.default_rng(0).shuffle(rows)  # pyright: ignore[reportArgumentType]
        images = [
            Image.open(io.BytesIO(archive.read(row["file"]))).convert("RGB").resize((RESOLUTION, RESOLUTION))
            for row in rows
        ]
    labels = [[row["Male"] == "1", int(row["age"]) < YOUNG] for row in rows]
    return np.stack([np.asarray(image) for image in images]), torch.tensor(labels)


def train_judge(path: Path, archive: Path, *, seed: int) -> None:
    pixels, labels = photographs(archive)
    # Mirrored faces are faces; those that are held out stay unseen.
    seen = pixels[:-HELD_OUT]
    pixels = np.concatenate([seen[:, :, ::-1], pixels])
    labels = torch.cat([labels[:-HELD_OUT], labels])
    network = AttributeConfig(attributes=("Male", "Young"), resolution=RESOLUTION, widths=(20, 48, 88, 128))
    stronger = Augmentation(strength=1.5)
    settings = ScorerSettings(
        network=network, images=60_000, held_out=HELD_OUT, seed=seed, augmentation=stronger
    )
    judge, evaluation = train_scorer(settings, pixels, labels)
    judge.save(path)
    print(f"judge, on {HELD_OUT} other photographs:\n{evaluation}", flush=True)


def train_student(path: Path, generator: ga.Generator, scorer: ga.Scorer, *, seed: int) -> None:
    student, evaluation = ga.train_student(generator, scorer, n=4500, images=48_000, seed=seed)
    student.save(path)
    print(f"{path.name}, against the classifier:\n{evaluation}", flush=True)


def show(generator: ga.Generator, scorer: ga.Scorer, judge: ga.Judge, what: str) -> None:
    start = time.process_time()
    found = study_trust(ga.Experiment(generator, scorer, judge=judge))
    print(f"{what}, {', '.join(found.edited)}: {time.process_time() - start:.0f} s of processor")
    for method in found.methods if what == "the classifier alone" else (GUIDED,):
        own = figures(found, method)
        print(
            f"  {method:12} agreement {with_interval(own.agreement, digits=2)} (natural "
            f"{own.natural_agreement.value:.2f}), reached {percent_with_interval(own.reached)}, of these confirmed "
            f"{percent_with_interval(own.confirmed)}, right side {percent_with_interval(own.right)}, selectivity by "
            f"the scorer {with_interval(own.selectivity)}, by the judge {with_interval(own.judged_selectivity)}, "
            f"distance {own.distance.value:.1f}, {own.seconds:.2g} s",
            flush=True,
        )


def opened(paths: Sequence[Path]) -> list[ga.Scorer]:
    return [ga.scorer(path) for path in paths]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "model", nargs="?", type=Path, default=SHARED / "models/utkface64-stylegan2.safetensors"
    )
    parser.add_argument("--scorer", type=Path, default=SHARED / "models/face-attributes.onnx")
    parser.add_argument("--photographs", type=Path, default=SHARED / "data/utkface-adults-128.zip")
    parser.add_argument("--students", type=int, default=2)
    parser.add_argument("--only-train", choices=("judge", "students"))
    parser.add_argument("-o", dest="out", type=Path, default=Path("real-faces"))
    asked = parser.parse_args()

    torch.set_num_threads(1)
    asked.out.mkdir(parents=True, exist_ok=True)
    generator, scorer = ga.load(asked.model), ga.scorer(asked.scorer)
    judge = asked.out / "judge.safetensors"
    students = [asked.out / f"student{k + 1}.safetensors" for k in range(asked.students)]
    if asked.only_train != "students" and not judge.exists():
        train_judge(judge, asked.photographs, seed=11)
    for seed, path in enumerate(students, start=101):
        if asked.only_train != "judge" and not path.exists():
            train_student(path, generator, scorer, seed=seed)
    if asked.only_train:
        return
    for count in range(asked.students + 1):
        what = f"with {count} students" if count else "the classifier alone"
        show(generator, ga.following(scorer, opened(students[:count])), ga.judge(judge), what)


if __name__ == "__main__":
    main()
