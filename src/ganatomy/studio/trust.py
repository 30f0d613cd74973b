"""The study of trust of one model: opened from a folder, or made at small size when a visitor asks for it."""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from ganatomy.errors import FingerprintError, GanatomyError, MissingFileError, SettingError
from ganatomy.experiments.base import Experiment
from ganatomy.experiments.studies.trust import compare_given, study_trust, trust_document
from ganatomy.experiments.studies.trust.blind import KEY_FILE, SHEET_FILE, read_key
from ganatomy.reading import parse_json
from ganatomy.recipes.fields import flag, integer, several
from ganatomy.recipes.parts import Part
from ganatomy.report.blind import read_questions
from ganatomy.report.writer import SUMMARY_FILE, write_document
from ganatomy.storage import parsing
from ganatomy.studio.bench import Bench, Preparing
from ganatomy.studio.turns import Superseded
from ganatomy.zoo.downloads import cache_folder

NUM_CODES, NUM_IMAGES, NUM_ATTRIBUTES = 300, 6, 4
"""Codes that directions are learnt from, images of each attribute, and attributes: a minute or two of work."""
NUM_BLIND = 24
"""Images of the sheet for a person."""
FIGURES = ("reached", "confirmed", "agreement", "natural_agreement", "selectivity", "judged_selectivity")

log = logging.getLogger("ganatomy.studio")


@dataclass(frozen=True, kw_only=True)
class PersonAnswer(Part):
    """One answer to a blind sheet."""

    id: Annotated[int, integer(0, 10**6)]
    yes: Annotated[bool, flag]


@dataclass(frozen=True, kw_only=True)
class Answers(Part):
    """What a person has answered."""

    answers: Annotated[tuple[PersonAnswer, ...], several(PersonAnswer.read, most=1000)]

    @property
    def given(self) -> dict[int, bool]:
        return {one.id: one.yes for one in self.answers}


def trust_folder(bench: Bench) -> Path:
    """Where the study of a model, its scorer and its judge is kept in the cache."""
    parts = [one.fingerprint for one in (bench.generator, bench.scorer, bench.judge) if one is not None]
    return cache_folder() / "trust" / hashlib.sha256(" ".join(parts).encode()).hexdigest()[:24]


class TrustDesk:
    """What is known of how far the scorer of one bench can be trusted.

    Args:
        bench: the model.
        folder: where the study lies, or is written to.
    """

    def __init__(self, bench: Bench, folder: str | os.PathLike[str]) -> None:
        self.bench, self.folder = bench, Path(folder)
        self.preparing: Preparing | None = None
        self._lock = threading.Lock()

    def data(self) -> dict[str, Any]:
        """The study for the page: its figures where it was made, else how far it is."""
        if (self.folder / SUMMARY_FILE).is_file():
            return {"state": "ready", **page_data(read_study(self.folder, self.bench))}
        with self._lock:
            preparing = self.preparing
        if preparing is None:
            return {"state": "none", "possible": self.bench.scorer is not None}
        return {"state": "failed" if preparing.failed else "preparing", "preparing": preparing.data()}

    def begin(self) -> None:
        """Make the study on a thread of its own, unless it is under way or there is one.

        Raises:
            SettingError: for a model without a classifier.
        """
        if self.bench.scorer is None:
            raise SettingError("no classifier scores the images of this model, so nothing can be compared")
        with self._lock:
            running = self.preparing is not None and not self.preparing.failed
            if running or (self.folder / SUMMARY_FILE).is_file():
                return
            self.preparing = Preparing()
        threading.Thread(target=self._make, name="trust", daemon=True).start()

    def questions(self) -> list[dict[str, Any]]:
        """The images of the blind sheet, and what is asked about each.

        Raises:
            MissingFileError: where the study has no sheet.
        """
        return read_questions(self.folder / SHEET_FILE)

    def compare(self, given: Mapping[int, bool]) -> list[str]:
        """How often a person answers as the classifiers do, in sentences.

        Raises:
            MissingFileError, SettingError: for answers to another sheet.
        """
        return [str(one) for one in compare_given(given, read_key(self.folder / KEY_FILE))]

    def _make(self) -> None:
        def report(stage: str, done: int, total: int) -> None:
            if self.bench.closing.is_set():
                raise Superseded
            self._now(Preparing(stage=stage, done=done, total=total))

        try:
            make_study(self.bench, self.folder, progress=report)
        except Superseded:
            return
        except GanatomyError as error:
            self._now(Preparing(failed=str(error)))
        except Exception:
            log.exception("the study of trust of %s failed", self.bench.name)
            self._now(Preparing(failed="the study failed; the log has the details"))

    def _now(self, preparing: Preparing) -> None:
        with self._lock:
            self.preparing = preparing


def make_study(bench: Bench, folder: Path, *, progress: Callable[[str, int, int], None]) -> None:
    """Make the study at small size, and write its folder with a sheet for a person.

    Raises:
        GanatomyError: as `study_trust` says. OutputError: when the folder cannot be written.
    """
    experiment = Experiment(bench.generator, bench.scorer, judge=bench.judge, progress=progress)
    found = study_trust(experiment, n=NUM_CODES, images=NUM_IMAGES, num_attributes=NUM_ATTRIBUTES)
    write_document(trust_document(found, experiment, model=bench.name, blind=NUM_BLIND), folder)


def read_study(folder: Path, bench: Bench) -> dict[str, Any]:
    """The figures of a study.

    Raises:
        MissingFileError: for a folder that `ganatomy study trust` did not write.
        CheckpointError: for a damaged one. FingerprintError: for the study of another model.
    """
    path = folder / SUMMARY_FILE
    if not path.is_file():
        raise MissingFileError(
            f"{folder} has no {SUMMARY_FILE}; give a folder that `ganatomy study trust` wrote"
        )
    with parsing(path):
        found = parse_json(path.read_text(encoding="utf-8"))
        theirs = found["fingerprint"]
        page_data(found)
    if theirs != bench.generator.fingerprint:
        raise FingerprintError(
            f"{folder} is about generator {str(theirs)[:12]}, {bench.name} is {bench.generator.fingerprint[:12]}; "
            "study this model again"
        )
    return found


def page_data(found: Mapping[str, Any]) -> dict[str, Any]:
    """What the page shows of the summary of a study."""
    return {
        "sentences": found["sentences"],
        "reading": found["reading"],
        "judges": found["judges"],
        "edits": len(found["goals"]) * found["images"],
        "methods": [
            {"name": name, **{figure: own[figure] for figure in FIGURES}}
            for name, own in found["methods"].items()
        ],
    }
