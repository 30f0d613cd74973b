"""`ganatomy train` on a person's own images, from the command line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ganatomy as ga
from ganatomy.datasets import write_faces

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    write_faces(folder, 20, seed=0, resolution=32)
    (folder / "broken.png").write_bytes(b"nothing of the kind")
    return folder


def test_a_folder_becomes_a_generator_after_one_plain_sentence(
    run: Run, photos: Path, tmp_path: Path
) -> None:
    quick = ["--resolution", 16, "--images", 64, "--width", 32, "--grey", "--json"]
    outcome = run("train", "dcgan-r1", photos, "-o", tmp_path, *quick)
    assert outcome.code == 0, outcome.err
    (made,) = json.loads(outcome.out)["made"]
    assert ga.load(made).signature.channels == 1
    broken, plan = outcome.err.splitlines()
    assert broken == "1 broken file is left out: broken.png"
    assert plan.startswith("dcgan-r1 of 16 px, ")
    assert "images a second" in plan
    again = run("train", "dcgan-r1", photos, "-o", tmp_path, *quick)
    assert again.err.splitlines()[-1] == f"going on with the run in {tmp_path}"

    onwards = ["--from", made, "--images", 64, "--grey", "--json"]
    started = run("train", "dcgan-r1", photos, "-o", tmp_path / "more", *onwards)
    assert started.code == 0, started.err
    assert "a new critic of the generator is shown the first 12 alone" in started.err
    both = ["--from", tmp_path, "--resolution", 16, "--images", 64, "--grey", "--json"]
    folder = run("train", "dcgan-r1", photos, "-o", tmp_path / "both", *both)
    assert folder.code == 0, folder.err
    assert "generator and critic go on from a run that has ended" in folder.err
    card = ga.load(json.loads(started.out)["made"][0]).origin.card
    assert card["start"] == ga.load(made).fingerprint


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["stylegam2", "{photos}"], "did you mean 'stylegan2'?"),
        (["stylegan2"], "trained on your own images"),
        (["stylegan2", "{photos}", "--bundle"], "no bundled model"),
        (["digits", "{photos}", "--classes", "folders"], "takes no --classes"),
        (["faces", "--width", "64"], "takes no --width"),
        (["stylegan2", "{photos}", "--resolution", "48"], "48 px cannot be trained"),
        (["stylegan2", "{photos}", "--resolution", "64"], "the largest 32; use a smaller --resolution"),
        (["stylegan2", "{photos}", "--crop", "left"], "use center, stretch or pixels"),
        (["stylegan2", "{photos}", "--device", "nowhere"], "device nowhere cannot be used"),
        (["stylegan2", "{photos}/nowhere"], "does not exist"),
        (["digits"], "needs data"),
        (["stylegan2", "{photos}", "--from", "digits"], "stylegan2 cannot go on with this DCGAN of 32 px"),
        (
            ["stylegan2", "{photos}", "--from", "digits", "--resolution", "16"],
            "draws 32 px, the settings are for 16",
        ),
    ],
)
def test_what_cannot_be_trained_is_one_clear_line(
    run: Run, photos: Path, tmp_path: Path, arguments: list[str], words: str
) -> None:
    outcome = run("train", *(part.format(photos=photos) for part in arguments), "-o", tmp_path / "run")
    assert outcome.code == 2
    assert words in outcome.complaint
