"""A blind sheet: a person answers whether an attribute is in each image, and is compared with scorer and judges.

The page says nothing about the images. What they are stands in the key, a file beside it, with the readings.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ganatomy.errors import MissingFileError, SettingError
from ganatomy.experiments.studies.trust.result import GUIDED, TrustStudy
from ganatomy.experiments.studies.trust.sentences import best_linear
from ganatomy.generators.base import Generator
from ganatomy.generators.batches import draw_images
from ganatomy.images import to_pil
from ganatomy.latents import Latents
from ganatomy.plots.grids import enlarge, enlargement
from ganatomy.reading import parse_json
from ganatomy.report.blind import Question, write_questions
from ganatomy.statistics.formatting import percent_with_interval
from ganatomy.statistics.intervals import Estimate, share_of
from ganatomy.writing import atomic_write

SHEET_FILE, KEY_FILE = "blind.html", "blind-key.json"
UNEDITED = "unedited"
KINDS = 3
"""Images of one code: unedited, and after an edit by each of two methods."""


@dataclass(frozen=True, kw_only=True, eq=False)
class BlindSheet:
    """Images in random order, and what they are.

    Args:
        questions: what a person is asked.
        key: for each question its id, the attribute, how the image was made, and the probabilities of the readers.
        model: what the command that reads the answers calls the generator.
    """

    questions: Sequence[Question]
    key: Sequence[Mapping[str, Any]]
    model: str

    def write_page(self, path: str | os.PathLike[str]) -> Path:
        """Write the page with the questions."""
        command = f"ganatomy study trust {self.model} --answers answers.csv -o {Path(path).parent}"
        return write_questions(self.questions, path, title="What do you see?", command=command)

    def write_key(self, path: str | os.PathLike[str]) -> Path:
        """Write the key as JSON; who answers should not read it first."""
        with atomic_write(path) as part:
            part.write_text(json.dumps({"format": 1, "images": list(self.key)}, indent=1) + "\n")
        return Path(path)


def blind_sheet(found: TrustStudy, generator: Generator, *, n: int, model: str = "MODEL") -> BlindSheet:
    """Images before and after edits, by guided edits and by the best direction, in random order.

    Args:
        found: the study.
        generator: of the images.
        n: images, at most; a third of them are unedited.
        model: what the command that reads the answers calls the generator.

    Raises:
        SettingError: for fewer than three images.
    """
    check_sheet(n)
    # Attributes in turn, so that a short sheet asks about all of them.
    places = [(k, row) for row in range(found.num_images) for k in range(len(found.edited))]
    made = [
        (method, *place) for place in places[: n // KINDS] for method in (None, GUIDED, best_linear(found))
    ]
    order = np.random.default_rng(found.seed).permutation(len(made)).tolist()
    made = [made[place] for place in order]
    codes = [
        (found.origin if method is None else found.methods[method].latents)[k][row] for method, k, row in made
    ]
    images = draw_images(generator, Latents.cat(codes))
    scale = enlargement(images.shape[-2:])
    questions = [
        Question(
            id=place + 1,
            image=enlarge(to_pil(image), scale),
            text=f"{found.edited[k].replace('_', ' ')}?",
        )
        for place, (image, (_, k, _)) in enumerate(zip(images, made, strict=True))
    ]
    key = [_key(found, place + 1, *one) for place, one in enumerate(made)]
    return BlindSheet(questions=questions, key=key, model=model)


def check_sheet(n: int) -> None:
    """Refuse a sheet of too few images, before the study is made.

    Raises:
        SettingError: for fewer than three images.
    """
    if n < KINDS:
        raise SettingError(f"a blind sheet of {n} images compares nothing; ask for at least {KINDS}")


def _key(found: TrustStudy, number: int, method: str | None, k: int, row: int) -> dict[str, Any]:
    return {
        "id": number,
        "attribute": found.edited[k],
        "made": method or UNEDITED,
        "image": row,
        "goal": float(found.goals[k]),
        "scorer": float(found.target(found.scorer, method)[k, row]),
        "judges": [float(found.target(judge, method)[k, row]) for judge in found.judges],
    }


@dataclass(frozen=True, kw_only=True)
class PersonAgreement:
    """How often a person answers as the classifiers do, in one kind of images.

    Args:
        made: "unedited", or the method that edited them.
        num_images: that were answered.
        scorer: share in which the scorer says the same.
        judges: share in which the judges' mean probability says the same; None without judges.
        goal: share in which the person sees the attribute on the goal's side.
    """

    made: str
    num_images: int
    scorer: Estimate
    judges: Estimate | None
    goal: Estimate

    def __str__(self) -> str:
        judged = "" if self.judges is None else f", as the judge in {percent_with_interval(self.judges)}"
        return (
            f"{self.made}, {self.num_images} images: a person answers as the scorer in "
            f"{percent_with_interval(self.scorer)}{judged}; on the goal's side {percent_with_interval(self.goal)}"
        )


def compare_answers(answers: str | os.PathLike[str], key: str | os.PathLike[str]) -> list[PersonAgreement]:
    """Compare a person's answers to a blind sheet with what scorer and judges read in the same images.

    Args:
        answers: CSV that the sheet saved.
        key: the file beside the sheet.

    Returns:
        One comparison for unedited images, and one for each method.

    Raises:
        MissingFileError: when one of the files is not there.
        SettingError: when they do not belong together, or an answer is neither yes nor no.

    Example::

        for line in compare_answers("answers.csv", "trust/blind-key.json"):
            print(line)
    """
    images = read_key(key)
    return compare_given(_read_answers(Path(answers)), images)


def compare_given(given: Mapping[int, bool], key: Sequence[Mapping[str, Any]]) -> list[PersonAgreement]:
    """Compare answers by the ids of their questions, yes or no, with the key of the sheet.

    Raises:
        SettingError: for no answer, and for one to a question that the key does not have.
    """
    images = {one["id"]: one for one in key}
    unknown = sorted(set(given) - set(images))
    if unknown or not given:
        what = f"image {unknown[0]} is not on this sheet" if unknown else "no question is answered"
        raise SettingError(f"{what}; give the answers to the sheet of this folder")
    kinds = dict.fromkeys(images[number]["made"] for number in sorted(given))
    return [
        _compare(
            made, {number: yes for number, yes in given.items() if images[number]["made"] == made}, images
        )
        for made in sorted(kinds, key=lambda made: made != UNEDITED)
    ]


def _compare(
    made: str, given: Mapping[int, bool], images: Mapping[int, Mapping[str, Any]]
) -> PersonAgreement:
    def share(reads: Sequence[float]) -> Estimate:
        same = sum(yes == (value > 0.5) for yes, value in zip(given.values(), reads, strict=True))
        return share_of(same, len(given))

    rows = [images[number] for number in given]
    judged = [one["judges"] for one in rows]
    return PersonAgreement(
        made=made,
        num_images=len(given),
        scorer=share([one["scorer"] for one in rows]),
        judges=share([float(np.mean(one)) for one in judged]) if all(judged) else None,
        goal=share([one["goal"] for one in rows]),
    )


def read_key(path: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """The key of a sheet: for each question what its image is.

    Raises:
        MissingFileError: when there is none. SettingError: for another file.
    """
    path = Path(path)
    if not path.is_file():
        raise MissingFileError(f"{path} does not exist; make the sheet first, with --blind")
    try:
        return parse_json(path.read_text())["images"]
    except (ValueError, KeyError, TypeError):
        raise SettingError(f"{path} is no key of a blind sheet; make the sheet again, with --blind") from None


def _read_answers(path: Path) -> dict[int, bool]:
    if not path.is_file():
        raise MissingFileError(f"{path} does not exist; give the file that the blind sheet saved")
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    found = {}
    for line, row in enumerate(rows, start=2):
        number, word = (row.get(name) or "" for name in ("id", "answer"))
        if not number.isdecimal() or word not in ("yes", "no"):
            raise SettingError(
                f"line {line} of {path} is not an answer; it must have an id and yes or no under id,answer"
            )
        found[int(number)] = word == "yes"
    return found
