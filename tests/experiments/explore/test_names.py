"""Names of attributes that file systems would refuse, or take for one another."""

from __future__ import annotations

import json
from pathlib import Path

from ganatomy.experiments.base import Experiment
from ganatomy.experiments.documents import document
from ganatomy.experiments.explore import explore
from ganatomy.generators.toy import ToyGenerator
from ganatomy.perception import scorer
from ganatomy.report import write_document
from ganatomy.report.elements import LONGEST_NAME, file_name
from ganatomy.storage import load_directions

NAMES = ("a/b", "a b", "a-b", "A-B", "é" * 300, "a:b,c=d/e")


def test_each_attribute_has_files_of_its_own(tmp_path: Path) -> None:
    generator = ToyGenerator(attributes=NAMES, z_dim=12)
    experiment = Experiment(generator, scorer(generator))
    found = explore(experiment, n=200, measured=6, methods=["logistic"])
    write_document(document(found, experiment, model="toy", scorer="oracle"), tmp_path)
    strips = [path.name for path in (tmp_path / "figures/strips").iterdir()]
    assert len({name.casefold() for name in strips}) == len(NAMES)
    assert max(len(name.encode()) for name in strips) <= LONGEST_NAME + 20
    assert [*json.loads((tmp_path / "summary.json").read_text())["attributes"]] == [*NAMES]
    assert [*load_directions(tmp_path / "directions.safetensors").names] == [*NAMES]


def test_no_two_names_share_a_file_on_any_system() -> None:
    names = [*NAMES, "é" * 301, "a_b", "a.b", "A/B", "", "con", "..", "a" * 300, "a" * 301]
    files = [file_name(name) for name in names]
    assert all(file.isascii() and 0 < len(file) <= LONGEST_NAME + 7 and "/" not in file for file in files)
    # A-B and a-b are told apart by who writes them into one folder.
    assert len({file.casefold() for file in files if file not in ("A-B", "a-b")}) == len(names) - 2
