"""The command line with options and values that nobody would type: an answer, or one line that says what is wrong."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ganatomy.cli import build

Run = Callable[..., Any]

RUNS = int(os.environ.get("GANATOMY_FUZZ_RUNS", "100"))
"""Examples; 5000 take half an hour or more."""

QUICK = (
    "models",
    "info",
    "sample",
    "survey",
    "directions",
    "import",
    "walk",
    "edit",
    "transfer",
    "arithmetic",
    "mix",
    "align",
    "render",
    "export",
    "dataset",
    "map",
    "measure",
)
"""Commands that answer soon on small models; others compute for minutes by design, or serve until they are stopped."""

SOON = {
    "-n": ["1", "3", "0", "-1", "2.5", "1e3", "1000000000000", "nan", "x"],
    "--steps": ["1", "2", "3", "0", "-3", "2.5", "1000000000"],
    "--components": ["1", "0", "-1", "x"],
    "--gradients": ["0", "1", "-1", "2"],
}
"""Options that say how much is computed."""

NUMBERS = [
    "0",
    "1",
    "-1",
    "2",
    "0.5",
    "2.5",
    "1e300",
    "-1e300",
    "nan",
    "inf",
    "99999999999999999999",
    "0x10",
    "1_0",
    "½",
]
WORDS = [
    "",
    " ",
    "a",
    "w",
    "z",
    "s",
    "w+",
    "Smiling",
    "Male",
    "smiling",
    "all",
    "none",
    "normal",
    "cpu",
    "cuda:9",
    "gpu",
    "auto",
    "Smiling=2",
    "Smiling=+30%",
    "Smiling=x2",
    "Smiling=p90",
    "Smiling=500",
    "Male=nan",
    "=",
    "a=b=c",
    "a:b,c=d/e",
    "1,2",
    "0:3",
    "3:0",
    "0:99999999999",
    ":",
    ",",
    "-",
    "--",
    "\x1b[2J\x1b]0;x\x07",
    "\u202eevil",
    "日本語",
    "é" * 300,
    "a" * 5000,
    "../../../../x",
    "C:\\x\\y",
    "~",
    ".",
    "..",
    "/",
    "/dev/null",
    "/proc/self/mem",
    "http://127.0.0.1:1/x.pt",
    "hf://a/b",
    "nowhere/gan.pt",
    "clip:nothing",
    "?colour=BGR",
    "x.onnx?colour=BGR",
    "none.py:see",
    "{}",
    "[]",
    "null",
    "regression",
    "sefa",
    "pca",
    "path-length",
    "linearity",
    "lerp",
    "spline",
    "stylegan2",
    "faces.",
]


def texts(files: Any, folder: Path) -> st.SearchStrategy[str]:
    """Values of options: numbers, words, files of every kind, and places to write."""
    made = {
        "junk.pt": b"junk",
        "junk.png": b"\x89PNG\r\n\x1a\n" + b"x" * 40,
        "junk.safetensors": b"\xff" * 40,
        "empty.csv": b"",
        "labels.csv": b"file,Smiling\na.png,1\nb.png,\n",
        "junk.json": b"[" * 3000,
        "junk.zip": b"PK\x03\x04junk",
        "junk.npy": b"\x93NUMPY\x01\x00junk",
        "junk.onnx": b"\x08\x07junk",
        "junk.latents": b"{}",
        "a.recipe": b"{}",
    }
    for name, content in made.items():
        (folder / name).write_bytes(content)
    places = [
        str(folder / name)
        for name in (*made, "out.png", "out.gif", "out.latents", "out", "out.safetensors", "deep/er/x.png")
    ]
    known = [
        *vars(files).values(),
        f"{files.directions}:Smiling",
        f"{files.directions}:Nothing",
        f"{files.scorer}?names=A",
    ]
    return st.one_of(
        st.sampled_from(NUMBERS),
        st.sampled_from(WORDS),
        st.sampled_from(places),
        st.sampled_from(known),
        st.text(max_size=8),
    )


def options_of(command: str) -> list[tuple[str, bool]]:
    """The options of a command, and whether each is a switch."""
    arguments = build()[command].assemble_argument_collection()
    return [
        (name, argument.hint is bool)
        for argument in arguments
        for name in argument.names
        if name.startswith("-")
        and name not in ("-o", "--out")  # nothing is written but below a folder of the test
    ]


@pytest.mark.slow
def test_every_command_line_gets_an_answer_or_one_line(
    run: Run, files: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "files"
    folder.mkdir()
    values = texts(files, folder)
    options = {command: options_of(command) for command in QUICK}
    outs = st.sampled_from(
        [
            str(tmp_path / name)
            for name in ("o.png", "o.latents", "o", "o.safetensors", "o.directions", "o.gif")
        ]
    )

    @st.composite
    def lines(draw: st.DrawFn) -> list[str]:
        command = draw(st.sampled_from(QUICK))
        line = [command]
        if draw(st.booleans()):
            line.append(draw(st.sampled_from([files.style, files.stack, files.survey])))
        line += draw(st.lists(values, max_size=2))
        if draw(st.booleans()):
            line += ["-o", draw(outs)]
        for name, is_switch in draw(st.lists(st.sampled_from(options[command]), max_size=4)):
            line.append(name)
            if not is_switch:
                line.append(draw(st.sampled_from(SOON[name])) if name in SOON else draw(values))
        for name in {name for name, _ in options[command]} & {"-n", "--steps"}:
            if name not in line:
                line += [name, "2"]
        return line

    @settings(
        max_examples=RUNS,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(lines())
    def check(line: list[str]) -> None:
        if any("\x00" in word or any(0xD800 <= ord(letter) < 0xE000 for letter in word) for word in line):
            return  # no system passes such words on
        outcome = run(*line)
        assert outcome.code in (0, 2), (line, outcome)
        assert "\x1b" not in outcome.out + outcome.err, (line, outcome)
        if outcome.code == 2:
            assert outcome.err.strip(), line

    check()
